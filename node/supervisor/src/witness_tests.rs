// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which offences the hub is told of, and how often.

use crate::{
    tests::Shared,
    witness::{Accusation, Witness, MAX_REFUSALS, MAX_WAITING, SUBMIT_AGAIN_AFTER},
};
use hansa_pbft_primitives::{
    Authority, AuthorityIndex, AuthoritySet, AuthoritySignature, Evidence, Offence, SetId,
    SignedStatement, VoteKind,
};
use hansa_primitives::{AccountId, Hash};
use sp_application_crypto::ByteArray;
use sp_keystore::{testing::MemoryKeystore, Keystore};

const GAME: u32 = 1;

/// Somebody said two Commits, and somebody has seen it. (Nobody here looks at signatures.)
pub fn accusation(offender: AuthorityIndex, set_id: SetId) -> Accusation {
    let keystore = MemoryKeystore::new();
    let key = |_| {
        let key = keystore.ed25519_generate_new(hansa_pbft_primitives::KEY_TYPE, None);
        key.expect("it keeps keys").into()
    };
    let members = (0..4).map(key).map(|key| Authority { key, weight: 1 });
    let said = |block| SignedStatement {
        height: 7,
        view: 0,
        statement: VoteKind::Commit.statement(Hash::repeat_byte(block), Hash::zero()),
        authority: offender,
        signature: AuthoritySignature::from_slice(&[0; 64]).expect("64 bytes"),
    };
    let mut set = AuthoritySet::new(0, members.collect()).expect("it is a set");
    set.id = set_id;
    Accusation {
        evidence: Evidence {
            set_id,
            offence: Offence::Equivocation {
                first: said(1),
                second: said(2),
            },
        },
        set,
        accounts: (0..4).map(|i| AccountId::new([i; 32])).collect(),
    }
}

fn block(witness: &mut Witness, hub: &Shared) -> usize {
    witness
        .on_final(hub, Hash::zero())
        .expect("the hub answers");
    hub.court(|court| court.told.len())
}

#[test]
fn it_waits_until_the_hub_knows_the_set_and_is_told_once() {
    let (mut witness, hub) = (Witness::default(), Shared::default());
    witness.saw(GAME, accusation(1, 3));
    witness.saw(GAME, accusation(1, 3));
    assert_eq!(witness.waiting(), 1, "it is one offence");
    assert_eq!(block(&mut witness, &hub), 0);
    hub.court(|court| court.ordinals.insert(3, 9));
    assert_eq!(block(&mut witness, &hub), 1);
    assert_eq!(hub.court(|court| court.told[0].1), 9);
    for _ in 1..SUBMIT_AGAIN_AFTER {
        assert_eq!(block(&mut witness, &hub), 1, "it is in the pool");
    }
    // It was dropped, or it is in a block: then it is refused.
    assert_eq!(block(&mut witness, &hub), 2);
    hub.court(|court| court.refuses = true);
    for _ in 0..SUBMIT_AGAIN_AFTER {
        block(&mut witness, &hub);
    }
    assert_eq!(witness.waiting(), 0);
    // The same authority goes on lying; on another chain it is another matter.
    witness.saw(GAME, accusation(1, 3));
    assert_eq!(witness.waiting(), 0);
    witness.saw(GAME + 1, accusation(1, 3));
    assert_eq!(witness.waiting(), 1);
}

#[test]
fn a_report_that_is_refused_is_given_up() {
    let (mut witness, hub) = (Witness::default(), Shared::default());
    hub.court(|court| {
        court.ordinals.insert(0, 0);
        court.refuses = true;
    });
    witness.saw(GAME, accusation(1, 0));
    for told in 1..=MAX_REFUSALS {
        assert_eq!(witness.waiting(), 1);
        assert_eq!(block(&mut witness, &hub), told as usize);
    }
    assert_eq!(witness.waiting(), 0);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut witness = Witness::default();
    for set in 0..200 {
        witness.saw(GAME, accusation(1, set));
    }
    assert_eq!(witness.waiting(), MAX_WAITING);
    witness.saw(GAME, accusation(1, 199));
    assert_eq!(witness.waiting(), MAX_WAITING, "the last ones are kept");
}
