// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whatever nodes do and in whatever order: the invariants hold, nobody honest pays, and no token
//! appears or vanishes.

use crate::mock::*;
use hansa_beacon_primitives::{Leaving, Phase};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What can happen between two blocks.
#[derive(Clone, Debug)]
enum Step {
    Commit(AccountId),
    Reveal(AccountId),
    Leave(AccountId),
    OpenDraw(bool),
    Block(u16),
    Part,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u64..12).prop_map(Step::Commit),
        6 => (1u64..12).prop_map(Step::Reveal),
        1 => (1u64..12).prop_map(Step::Leave),
        1 => any::<bool>().prop_map(Step::OpenDraw),
        4 => (0u16..4).prop_map(Step::Block),
        1 => Just(Step::Part),
    ]
}

/// Who must pay in the end, and who must not.
#[derive(Default)]
struct Expected {
    open: BTreeSet<(u32, AccountId)>,
    revealed: BTreeSet<(u32, AccountId)>,
    left: BTreeSet<(u32, AccountId)>,
}

impl Expected {
    fn leave(&mut self, account: AccountId) {
        let current = epoch();
        let open = self.open.remove(&(current, account));
        let frozen = phase() != Phase::Commit;
        let revealed = frozen && self.revealed.remove(&(current, account));
        if frozen && (open || revealed) {
            self.left.insert((current, account));
        }
        let Some(last) = current
            .checked_sub(1)
            .filter(|last| DrawOpen::get() == Some(*last))
        else {
            return;
        };
        // What was left open in the last epoch is withheld anyway.
        if self.revealed.remove(&(last, account)) {
            self.left.insert((last, account));
        }
    }

    /// The withheld commitments of an epoch, once it is over.
    fn withheld(&self, epoch: u32) -> Vec<AccountId> {
        let of = |set: &BTreeSet<(u32, AccountId)>| -> Vec<AccountId> {
            set.iter()
                .filter(|(e, _)| *e == epoch)
                .map(|(_, a)| *a)
                .collect()
        };
        [of(&self.open), of(&self.left)].concat()
    }
}

fn run(steps: Vec<Step>) {
    let mut expected = Expected::default();
    for step in steps {
        match step {
            Step::Commit(account) => {
                if commit(account).is_ok() {
                    expected.open.insert((epoch(), account));
                }
            }
            Step::Reveal(account) => {
                if reveal(account).is_ok() {
                    assert!(expected.open.remove(&(epoch(), account)));
                    expected.revealed.insert((epoch(), account));
                }
            }
            Step::Leave(account) => {
                expected.leave(account);
                Beacons::on_leave(&account);
            }
            Step::OpenDraw(open) => DrawOpen::set(epoch().checked_sub(1).filter(|_| open)),
            Step::Block(author) => block_by(author),
            Step::Part if phase() == Phase::Commit => to_reveal(),
            Step::Part if phase() == Phase::Reveal => to_mix(),
            Step::Part => to_next_epoch(),
        }
        try_state_within_block();
    }
    DrawOpen::set(None);
    let epochs = epoch();
    for _ in 0..3 {
        to_next_epoch();
    }
    for _ in 0..20 {
        block();
    }
    let mut paid = [0; 13];
    for epoch in 0..=epochs {
        let withheld = expected.withheld(epoch);
        let each = (BOND * (withheld.len() as u64 + 1))
            .div_ceil(2)
            .min(BOND * u64::from(MAX_BONDS));
        for account in withheld {
            paid[account as usize] += each;
        }
    }
    for account in 1..12u64 {
        assert_eq!(held(account), 0);
        assert_eq!(
            total(account),
            FUNDS - paid[account as usize],
            "account {account}"
        );
    }
    assert_eq!(Forfeited::get(), paid.iter().sum::<u64>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everybody_pays_what_is_due_and_no_more(steps in prop::collection::vec(step(), 0..150)) {
        ExtBuilder::default().run(|| run(steps));
    }
}
