// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a node is told to do.

use crate::mock::*;
use hansa_beacon_primitives::{Duty, DutyKind, Phase};
use sp_core::Pair;

fn duty(account: AccountId) -> Option<Duty<AccountId>> {
    Beacons::duty(&pair(account).public())
}

#[test]
fn a_node_commits_then_reveals_then_rests() {
    ExtBuilder::default().run(|| {
        let beacon = Beacons::beacon();
        let due = |kind| {
            Some(Duty {
                account: 1,
                epoch: 0,
                beacon,
                kind,
            })
        };
        assert_eq!(duty(1), due(DutyKind::Commit));
        let (commitment, key) = (commitment_of(1), pair(1).public());
        commit(1).unwrap();
        assert_eq!(duty(1), None, "it waits for the reveal part");
        to_reveal();
        assert_eq!(duty(1), due(DutyKind::Reveal { commitment, key }));
        assert_eq!(duty(2), None, "it came too late");
        reveal(1).unwrap();
        assert_eq!(duty(1), None);
        to_next_epoch();
        assert_eq!(duty(1).unwrap().kind, DutyKind::Commit);
    });
}

#[test]
fn a_node_without_place_or_means_has_no_duty() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::fungible::Mutate;
        Balances::set_balance(&1, BOND);
        leave_pool(2);
        assert_eq!(duty(1), None);
        assert_eq!(duty(2), None);
        assert_eq!(duty(ACCOUNTS + 1), None);
    });
}

#[test]
fn a_node_that_changed_its_key_is_told_with_which_it_committed() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        set_key(1, pair(1_001).public());
        to_reveal();
        assert_eq!(duty(1), None, "the old key is nobody's now");
        let Some(DutyKind::Reveal { key, .. }) = duty(1_001).map(|duty| duty.kind) else {
            panic!("the node has to reveal");
        };
        assert_eq!(key, pair(1).public());
        reveal(1).unwrap();
    });
}

#[test]
fn the_epoch_is_described() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        commit(2).unwrap();
        let info = Beacons::epoch_info();
        assert_eq!((info.epoch, info.phase), (0, Phase::Commit));
        assert_eq!(info.phase_end_ms, SESSION_MS / 2);
        assert_eq!((info.committed, info.revealed), (2, 0));
        to_reveal();
        reveal(1).unwrap();
        let info = Beacons::epoch_info();
        assert_eq!(
            (info.phase, info.phase_end_ms),
            (Phase::Reveal, SESSION_MS * 3 / 4)
        );
        assert_eq!((info.committed, info.revealed), (2, 1));
    });
}
