// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the registry answers to the allocation.

use crate::mock::*;
use hansa_allocation_primitives::{Member, MemberPhase, OnShort, Phase};
use hansa_dappchain_primitives::ChainState;

/// A live chain that needs six nodes, and has `left`.
fn short_of(left: u64) -> u32 {
    let chain = register(1, "shop", 6).unwrap();
    fill(chain, 100..106);
    confirm_all(chain);
    for node in 100 + left..106 {
        leave(chain, node);
    }
    chain
}

#[test]
fn a_chain_that_is_short_for_long_needs_fewer() {
    ExtBuilder::default().run(|| {
        let chain = short_of(5);
        assert_eq!(state(chain), Some(ChainState::Degraded));
        assert_eq!(short(chain, 1), OnShort::Wait);
        assert_eq!(short(chain, 2), OnShort::Wait);
        assert_eq!(short(chain, 3), OnShort::Shrink(5));
        assert_eq!(record(chain).need, 5);
        assert_eq!(state(chain), Some(ChainState::Live));
    });
}

#[test]
fn one_with_fewer_than_four_is_wound_up() {
    ExtBuilder::default().run(|| {
        let chain = short_of(3);
        assert_eq!(short(chain, 2), OnShort::Wait);
        assert_eq!(short(chain, 3), OnShort::WindUp);
        assert_eq!(state(chain), Some(ChainState::Retiring));
        assert_eq!(allocated(chain).unwrap().phase, Phase::Retiring);
        assert_eq!(short(chain, 4), OnShort::Wait);
        block_after(NOTICE);
        assert_eq!(state(chain), Some(ChainState::Retired));
        assert!(allocated(chain).is_none());
    });
}

#[test]
fn who_is_about_to_confirm_is_waited_for() {
    ExtBuilder::default().run(|| {
        let chain = short_of(3);
        let joins = Member {
            account: 120,
            since: 0,
            phase: MemberPhase::Joining,
        };
        with_allocated(chain, |record| record.members.push(joins)).unwrap();
        assert_eq!(short(chain, 9), OnShort::Wait);
        with_allocated(chain, |record| record.members.pop()).unwrap();
        assert_eq!(short(chain, 10), OnShort::WindUp);
    });
}

#[test]
fn one_that_is_not_short_goes_on() {
    ExtBuilder::default().run(|| {
        let chain = short_of(6);
        assert_eq!(short(chain, 9), OnShort::Wait);
        assert_eq!(state(chain), Some(ChainState::Live));
    });
}
