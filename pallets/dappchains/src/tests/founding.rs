// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! From complete nodes to a live chain.

use crate::{mock::*, Call, Error, Event, FrozenRecords, GoneReason, Said};
use frame_support::{assert_ok, traits::Authorize};
use hansa_allocation_primitives::Phase;
use hansa_dappchain_primitives::{ChainState, Hash, GENESIS_FORMAT};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

fn forming() -> u32 {
    let chain = register(1, "shop", 4).unwrap();
    fill(chain, 100..104);
    assert_eq!(state(chain), Some(ChainState::Forming));
    chain
}

/// The nodes that the allocation has for a chain.
fn nodes_of(chain: u32) -> Vec<u64> {
    let allocated = allocated(chain).unwrap().members.into_iter();
    allocated.map(|member| member.account).collect()
}

#[test]
fn the_record_is_frozen_when_nodes_are_complete() {
    ExtBuilder::default().run(|| {
        let chain = register(1, "shop", 4).unwrap();
        fill(chain, 100..103);
        assert!(DappChains::genesis_record(chain).is_none());
        found(chain, 103);
        let record = DappChains::genesis_record(chain).unwrap();
        assert_eq!((record.format, record.attempt), (GENESIS_FORMAT, 1));
        assert_eq!(
            (record.hub.height, record.hub.timestamp, record.owner),
            (7, 70_000, 1)
        );
        assert_eq!(record.frozen_at, 30);
        let founders: Vec<_> = record.founders.iter().map(|f| (f.node, f.since)).collect();
        assert_eq!(founders, [(100, 0), (101, 10), (102, 20), (103, 30)]);
        let keys = record.founders[2].keys.clone().unwrap();
        assert_eq!(keys.pbft, sp_core::Pair::public(&pair(102)));
        assert_eq!(allocated(chain).unwrap().phase, Phase::Forming);
        assert_eq!(
            DappChains::chain(chain).unwrap().due_at,
            Some(30 + FORMING_TIME)
        );
    });
}

#[test]
fn a_quorum_of_founders_makes_it_live() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        assert_ok!(confirm(chain, 0, Some(genesis())));
        assert_ok!(confirm(chain, 3, Some(Hash::zero())));
        assert_ok!(confirm(chain, 2, Some(genesis())));
        assert_eq!(state(chain), Some(ChainState::Forming));
        assert_ok!(confirm(chain, 1, Some(genesis())));
        assert_eq!(state(chain), Some(ChainState::Live));
        let view = DappChains::chain(chain).unwrap();
        assert_eq!((view.genesis, view.live_at), (Some(genesis()), Some(40)));
        let record = DappChains::genesis_record(chain).unwrap();
        let nodes = record.founders.iter().map(|founder| founder.node).collect();
        assert_eq!(Begun::get(), [(chain, genesis(), nodes, 70_000)]);
        assert_eq!(view.due_at, None);
        assert_eq!(allocated(chain).unwrap().phase, Phase::Live);
        assert!(events().contains(&Event::WentLive {
            chain,
            genesis: genesis()
        }));
        // The record is kept: who comes later builds the genesis, too.
        assert!(DappChains::genesis_record(chain).is_some());
        assert!(Said::<Test>::get(chain).is_none());
        // Nothing happens when the deadline would have been.
        block_after(FORMING_TIME);
        assert_eq!(state(chain), Some(ChainState::Live));
    });
}

#[test]
fn only_a_founders_own_word_counts_once_in_its_attempt() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        let outcome = Some(genesis());
        let call = |chain, attempt, seat, signature| Call::<Test>::confirm_genesis {
            chain,
            attempt,
            seat,
            outcome,
            signature,
        };
        let refused = |call: Call<Test>, why: InvalidTransaction| {
            let result = call.authorize(TransactionSource::External).unwrap();
            assert_eq!(result.map(|_| ()), Err(why.into()));
        };
        let good = || signature(100, chain, 1, outcome);
        refused(call(chain, 1, 1, good()), InvalidTransaction::BadProof);
        refused(
            call(chain, 1, 0, signature(100, chain, 2, outcome)),
            InvalidTransaction::BadProof,
        );
        refused(call(chain, 2, 0, good()), InvalidTransaction::Call);
        refused(call(chain + 1, 1, 0, good()), InvalidTransaction::Call);
        refused(call(chain, 1, 4, good()), InvalidTransaction::Call);
        refused(call(chain, 1, u32::MAX, good()), InvalidTransaction::Call);
        assert_ok!(apply(call(chain, 1, 0, good())));
        refused(call(chain, 1, 0, good()), InvalidTransaction::Stale);
        assert!(DappChains::confirm_genesis(signed(100), chain, 1, 0, outcome, good()).is_err());
    });
}

#[test]
fn the_silent_are_redrawn_at_the_deadline() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        assert_ok!(confirm(chain, 1, Some(genesis())));
        assert_ok!(confirm(chain, 2, Some(genesis())));
        block_after(FORMING_TIME - 11);
        assert_eq!(state(chain), Some(ChainState::Forming));
        block_after(1);
        assert_eq!(state(chain), Some(ChainState::Pending));
        assert_eq!(events(), [Event::FoundersRedrawn { chain, silent: 2 }]);
        assert_eq!(nodes_of(chain), [101, 102]);
        assert_eq!(allocated(chain).unwrap().phase, Phase::Pending);
        assert!(FrozenRecords::<Test>::get(chain).is_none());
        assert_eq!(staked(1), 4 * UNIT);
        // Others come; what was said before counts no more.
        fill(chain, [110, 111]);
        assert_eq!(
            (state(chain), record(chain).attempt),
            (Some(ChainState::Forming), 2)
        );
        assert_ok!(confirm(chain, 0, Some(genesis())));
        assert_eq!(state(chain), Some(ChainState::Forming));
        confirm(chain, 1, Some(genesis())).unwrap();
        confirm(chain, 2, Some(genesis())).unwrap();
        assert_eq!(state(chain), Some(ChainState::Live));
    });
}

#[test]
fn a_genesis_that_cannot_be_built_dissolves_the_chain() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        assert_eq!(DappChains::confirmation(chain, 0), None);
        assert_ok!(confirm(chain, 0, None));
        assert_eq!(DappChains::confirmation(chain, 0), Some(None));
        assert_eq!(DappChains::confirmation(chain, 4), None);
        assert_eq!(state(chain), Some(ChainState::Forming));
        block();
        assert_ok!(confirm(chain, 1, None));
        assert_eq!(state(chain), None);
        let (reason, returned, fee) = (GoneReason::Dissolved, 3_800, 200);
        assert!(events().contains(&Event::Gone {
            chain,
            reason,
            returned,
            fee
        }));
        assert_eq!((staked(1), total(1)), (0, FUNDS - 200));
        assert!(allocated(chain).is_none());
        // A chain that never was live does not count.
        assert_eq!(DappChains::quote(&1, 4).unwrap().nth, 1);
    });
}

#[test]
fn founders_that_disagree_dissolve_the_chain() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        for seat in 0..4 {
            if state(chain).is_some() {
                let hash = Hash::repeat_byte(seat as u8);
                assert_ok!(confirm(chain, seat, Some(hash)));
            }
        }
        assert_eq!(state(chain), None);
    });
}

#[test]
fn a_founder_without_keys_is_redrawn_at_once() {
    ExtBuilder::default().run(|| {
        set_keyless(&[102]);
        let chain = forming();
        assert!(confirm(chain, 0, Some(genesis())).is_err());
        block();
        assert_eq!(state(chain), Some(ChainState::Pending));
        assert_eq!(nodes_of(chain), [100, 101, 103]);
    });
}

#[test]
fn a_forming_chain_cannot_be_cancelled() {
    ExtBuilder::default().run(|| {
        let chain = forming();
        noop(|| DappChains::cancel(signed(1), chain), Error::WrongState);
    });
}

#[test]
fn chains_that_are_due_are_taken_in_turn() {
    ExtBuilder::default().run(|| {
        let first = forming();
        let second = register(2, "another", 4).unwrap();
        fill(second, 200..204);
        // Both are overdue, and a block looks at one.
        block_after(FORMING_TIME);
        assert_eq!(state(first), Some(ChainState::Pending));
        assert_eq!(state(second), Some(ChainState::Forming));
        block();
        assert_eq!(state(second), Some(ChainState::Pending));
    });
}
