// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a light client learns, and what it refuses.

use crate::fixture::*;
use codec::Encode;
use hansa_interchain_primitives::{
    client::{recover, set_hash, Update},
    ClientError, ClientState, HeaderError, SignedHeader,
};
use hansa_pbft_primitives::{AuthoritySet, AuthoritySetError, CertificateError, PBFT_ENGINE_ID};
use sp_runtime::DigestItem;

#[test]
fn a_header_of_the_set_is_learnt() {
    let known = client();
    let twenty = header(20, START + 5, &[]);
    let update = tell(&known, &[signed(&known.1, 1, &twenty)], START + 10).unwrap();
    let latest = update.state.latest;
    assert_eq!((latest.height, latest.hash), (20, twenty.hash()));
    assert_eq!(
        (latest.state_root, latest.timestamp),
        (twenty.state_root, START + 5)
    );
    assert_eq!((update.set, update.past.len()), (None, 0));
    assert_eq!(update.headers, [latest]);
}

#[test]
fn hand_overs_are_followed_one_by_one() {
    let known = client();
    let (second, third) = (set(4, 50), set(5, 100));
    let first_over = signed(&known.1, 1, &header(20, START + 1, &[hand_over(&second)]));
    let second_over = signed(&second, 50, &header(30, START + 2, &[hand_over(&third)]));
    let last = signed(&third, 100, &header(31, START + 3, &[]));
    let update = tell(
        &known,
        &[first_over.clone(), second_over.clone(), last.clone()],
        START,
    )
    .unwrap();
    assert_eq!(update.set, Some(third.clone()));
    assert_eq!((update.state.set_id, update.state.set_since), (5, 31));
    assert_eq!(
        update.headers.iter().map(|h| h.height).collect::<Vec<_>>(),
        [20, 30, 31]
    );
    let past: Vec<_> = update
        .past
        .iter()
        .map(|p| (p.id, p.first, p.last, p.hash))
        .collect();
    assert_eq!(
        past,
        [
            (3, 11, 20, set_hash(&known.1)),
            (4, 21, 30, set_hash(&second))
        ]
    );
    // One at a time comes to the same.
    let mut step = known.clone();
    for one in [first_over, second_over, last] {
        let update = tell(&step, &[one], START).unwrap();
        step = (update.state, update.set.unwrap_or(step.1));
    }
    assert_eq!(step, (update.state, third));
}

#[test]
fn a_skipped_hand_over_and_a_stale_set_are_refused() {
    let known = client();
    let (second, third) = (set(4, 50), set(5, 100));
    let bad = |index| {
        ClientError::Header(HeaderError::Certificate(CertificateError::BadSignature(
            index,
        )))
    };
    // The second set signs, but nobody has handed over to it.
    let early = signed(&second, 50, &header(20, START + 1, &[]));
    assert_eq!(tell(&known, &[early], START), Err(bad(0)));
    // The first one goes on after it has handed over.
    let over = signed(&known.1, 1, &header(20, START + 1, &[hand_over(&second)]));
    let stale = signed(&known.1, 1, &header(21, START + 2, &[]));
    assert_eq!(tell(&known, &[over.clone(), stale], START), Err(bad(0)));
    // A set is skipped.
    let skip = signed(&known.1, 1, &header(20, START + 1, &[hand_over(&third)]));
    let skipped = ClientError::SetId {
        current: 3,
        next: 5,
    };
    assert_eq!(tell(&known, &[skip], START), Err(skipped));
    // The same id again.
    let again = signed(
        &known.1,
        1,
        &header(20, START + 1, &[hand_over(&set(3, 9))]),
    );
    assert_eq!(
        tell(&known, &[again], START),
        Err(ClientError::SetId {
            current: 3,
            next: 3
        })
    );
    // What is before the last must hand over.
    let plain = signed(&known.1, 1, &header(20, START + 1, &[]));
    let next = signed(&known.1, 1, &header(21, START + 2, &[]));
    assert_eq!(
        tell(&known, &[plain, next], START),
        Err(ClientError::NoHandOver)
    );
    assert_eq!(tell(&known, &[], START), Err(ClientError::Empty));
}

#[test]
fn certificates_below_the_quorum_with_repeated_or_unknown_signers_are_refused() {
    let known = client();
    let twenty = header(20, START + 1, &[]);
    let refused = |certificate| {
        let header = SignedHeader::new(&twenty, certificate).unwrap();
        match tell(&known, &[header], START) {
            Err(ClientError::Header(HeaderError::Certificate(error))) => error,
            other => panic!("{other:?}"),
        }
    };
    let thin = certify(&known.1, 1, (20, 0), twenty.hash(), &[0, 1]);
    let no_quorum = CertificateError::NoQuorum {
        weight: 2,
        quorum: 3,
    };
    assert_eq!(refused(thin.clone()), no_quorum);
    let mut repeated = thin.clone();
    repeated
        .signatures
        .try_push(thin.signatures[0].clone())
        .unwrap();
    assert_eq!(refused(repeated), no_quorum);
    let mut unknown = certify(&known.1, 1, (20, 0), twenty.hash(), &[0, 1, 2]);
    unknown.signers = hansa_pbft_primitives::SignerBitmap::new(8, [0, 1, 5]);
    assert_eq!(refused(unknown), CertificateError::UnknownSigner);
    // A quorum of strangers who take the members' places.
    let strangers = certify(&known.1, 77, (20, 0), twenty.hash(), &[0, 1, 2]);
    assert_eq!(refused(strangers), CertificateError::BadSignature(0));
    // A quorum that prepared it only.
    let mut prepared = certify(&known.1, 1, (20, 0), twenty.hash(), &[0, 1, 2]);
    prepared.kind = hansa_pbft_primitives::VoteKind::Prepare;
    assert_eq!(refused(prepared), CertificateError::WrongKind);
}

#[test]
fn a_header_is_the_one_that_was_certified() {
    let known = client();
    let twenty = header(20, START + 1, &[]);
    let good = signed(&known.1, 1, &twenty);
    let other_block = Err(ClientError::Header(HeaderError::OtherBlock));
    let mut swapped = good.clone();
    swapped.header = header(20, START + 2, &[]).encode().try_into().unwrap();
    assert_eq!(tell(&known, &[swapped], START), other_block);
    let mut longer = good.clone();
    longer.header.try_push(0).unwrap();
    assert_eq!(tell(&known, &[longer], START), other_block);
    let mut raised = good;
    raised.certificate.height = 21;
    assert_eq!(tell(&known, &[raised], START), other_block);
}

#[test]
fn headers_with_malformed_digests_are_refused_though_they_are_signed() {
    let known = client();
    let second = set(4, 50);
    let refused = |logs: &[DigestItem]| {
        let header = signed(&known.1, 1, &header(20, START + 1, logs));
        match tell(&known, &[header], START) {
            Err(ClientError::Header(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let over = hand_over(&second);
    assert_eq!(
        refused(&[over.clone(), over.clone()]),
        HeaderError::TwoHandOvers
    );
    let garbage = DigestItem::Consensus(PBFT_ENGINE_ID, vec![0, 1]);
    assert_eq!(
        refused(core::slice::from_ref(&garbage)),
        HeaderError::Malformed
    );
    assert_eq!(refused(&[garbage, over]), HeaderError::TwoHandOvers);
    let empty = DigestItem::Consensus(PBFT_ENGINE_ID, (0u8, 4u64, 0u8).encode());
    assert_eq!(
        refused(&[empty]),
        HeaderError::BadSet(AuthoritySetError::Empty)
    );
    let twice = {
        let authority = &second.authorities()[0];
        (0u8, 4u64, vec![authority.clone(), authority.clone()]).encode()
    };
    let twice = DigestItem::Consensus(PBFT_ENGINE_ID, twice);
    assert_eq!(
        refused(&[twice]),
        HeaderError::BadSet(AuthoritySetError::DuplicateKey(1))
    );
    let second_pre = header(20, START, &[]).digest.logs[0].clone();
    assert_eq!(refused(&[second_pre]), HeaderError::NoPreDigest);
}

#[test]
fn heights_and_times_go_on() {
    let known = client();
    let at = |height, time| {
        tell(
            &known,
            &[signed(&known.1, 1, &header(height, time, &[]))],
            START + 10,
        )
    };
    assert_eq!(
        at(10, START + 1),
        Err(ClientError::Stale {
            height: 10,
            known: 10
        })
    );
    assert_eq!(
        at(9, START + 1),
        Err(ClientError::Stale {
            height: 9,
            known: 10
        })
    );
    assert_eq!(at(11, START), Err(ClientError::Time));
    assert!(at(11, START + 1).is_ok());
    assert!(at(11, START + 1_010).is_ok());
    assert_eq!(at(11, START + 1_011), Err(ClientError::Time));
}

/// A quiet route does not expire, if it hears a header each third of the trusting period; one that
/// hears nothing does, at the end of it and not before.
#[test]
fn a_quiet_route_must_not_expire_and_a_deaf_one_must() {
    let (mut state, set) = client();
    let mut now = START;
    for height in 11..31 {
        assert!(!state.is_update_due(now));
        now += TRUST / 3 + 1;
        assert!(state.is_update_due(now));
        let header = signed(&set, 1, &header(height, now, &[]));
        state = tell(&(state, set.clone()), &[header], now).unwrap().state;
    }
    let late = signed(&set, 1, &header(31, now + 1, &[]));
    assert!(tell(
        &(state, set.clone()),
        core::slice::from_ref(&late),
        now + TRUST
    )
    .is_ok());
    assert_eq!(
        tell(
            &(state, set.clone()),
            core::slice::from_ref(&late),
            now + TRUST + 1
        ),
        Err(ClientError::Expired)
    );
    state.frozen = true;
    assert_eq!(tell(&(state, set), &[late], now), Err(ClientError::Frozen));
}

/// The client of the fixture takes it that `next` decides above `head`, at a time.
fn recovered(
    (state, set): &(ClientState, AuthoritySet),
    next: AuthoritySet,
    now: u64,
) -> Result<Update, ClientError> {
    let head = (state.latest.height, state.latest.hash);
    recover(state, set, head, next, now)
}

#[test]
fn a_set_that_is_recorded_decides_above_the_head_and_the_one_before_does_not() {
    let known = client();
    let next = set(4, 50);
    let update = recovered(&known, next.clone(), START + 7).unwrap();
    assert_eq!((update.state.set_id, update.state.set_since), (4, 11));
    assert_eq!(update.state.latest, known.0.latest);
    assert_eq!((update.handed_over.len(), update.headers.len()), (0, 0));
    let [past] = update.past[..] else {
        panic!("one set decides no more");
    };
    assert_eq!((past.id, past.hash), (3, set_hash(&known.1)));
    assert_eq!((past.first, past.last, past.until), (11, 10, START));
    assert_eq!(update.set.as_ref(), Some(&next));
    let after = (update.state, next.clone());
    let old = signed(&known.1, 1, &header(11, START + 8, &[]));
    assert!(matches!(
        tell(&after, &[old], START + 8),
        Err(ClientError::Header(HeaderError::Certificate(_)))
    ));
    // And hands over, as any does.
    let over = signed(
        &next,
        50,
        &header(11, START + 8, &[hand_over(&set(5, 100))]),
    );
    let update = tell(&after, &[over], START + 8).unwrap();
    assert_eq!((update.state.set_id, update.state.set_since), (5, 12));
    assert_eq!((update.past[0].first, update.past[0].last), (11, 11));
}

#[test]
fn only_a_later_set_is_recorded_above_the_head_that_is_known_of_a_chain_that_is_believed() {
    let known = client();
    let (state, deciding) = &known;
    for id in [0, 2, 3] {
        let refused = ClientError::SetId {
            current: 3,
            next: id,
        };
        assert_eq!(recovered(&known, set(id, 50), START), Err(refused));
    }
    let latest = state.latest;
    for head in [
        (latest.height + 1, latest.hash),
        (latest.height - 1, latest.hash),
        (latest.height, GENESIS),
    ] {
        assert_eq!(
            recover(state, deciding, head, set(4, 50), START),
            Err(ClientError::OtherHead)
        );
    }
    let mut empty = AuthoritySet::default();
    empty.id = 4;
    let bad = ClientError::Header(HeaderError::BadSet(AuthoritySetError::Empty));
    assert_eq!(recovered(&known, empty, START), Err(bad));
    let frozen = ClientState {
        frozen: true,
        ..*state
    };
    assert_eq!(
        recovered(&(frozen, deciding.clone()), set(4, 50), START),
        Err(ClientError::Frozen)
    );
}

/// Whether the client has heard of those between or not, it ends up with the same set.
#[test]
fn sets_that_were_recorded_above_the_same_head_may_be_left_out() {
    let known = client();
    let last = set(6, 90);
    let at_once = recovered(&known, last.clone(), START + 9).unwrap();
    let first = recovered(&known, set(4, 50), START + 7).unwrap();
    let after = (first.state, set(4, 50));
    let one_by_one = recovered(&after, last.clone(), START + 9).unwrap();
    assert_eq!(at_once.state, one_by_one.state);
    assert_eq!((at_once.state.set_id, at_once.state.set_since), (6, 11));
    // The one between has decided nothing, and nothing that it signs counts.
    let past = &one_by_one.past[0];
    assert_eq!((past.id, past.first, past.last), (4, 11, 10));
    assert!(!past.decided(10) && !past.decided(11));
    // It does not come back.
    let known = (at_once.state, last.clone());
    assert!(recovered(&known, set(5, 50), START + 10).is_err());
    // Hand-overs leave none out.
    for (id, follows) in [(7, true), (8, false)] {
        let over = hand_over(&set(id, 130));
        let header = signed(&last, 90, &header(11, START + 10, &[over]));
        assert_eq!(tell(&known, &[header], START + 10).is_ok(), follows);
    }
}

#[test]
fn a_client_that_has_expired_is_trusted_anew_from_the_record_on() {
    let known = client();
    let late = START + 10 * TRUST;
    assert!(known.0.is_expired(late));
    let next = set(4, 50);
    let state = recovered(&known, next.clone(), late).unwrap().state;
    assert!(!state.is_expired(late + TRUST) && state.is_expired(late + TRUST + 1));
    let third = late + TRUST / 3;
    assert!(!state.is_update_due(third) && state.is_update_due(third + 1));
    // What the new set decides counts from its own time on, as soon as that is later.
    let now = late + TRUST;
    let first = signed(&next, 50, &header(11, now, &[]));
    let state = tell(&(state, next), &[first], now).unwrap().state;
    assert!(!state.is_expired(now + TRUST) && state.is_expired(now + TRUST + 1));
}
