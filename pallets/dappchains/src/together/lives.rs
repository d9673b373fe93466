// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Lives of chains, from registration to the end.

use super::{invariants::active, mock::*};
use crate::{cost, Error};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use hansa_allocation_primitives::{AuthoredBlocks, MemberPhase, NodePlace, Serving, Term};
use hansa_dappchain_primitives::{ChainState, Hash};
use hansa_pallet_node_allocation::Error as PoolError;

fn paid(account: AccountId) -> u128 {
    Balances::total_balance(&account)
        .checked_sub(FUNDS)
        .expect("the node has lost nothing")
}

/// Two deployers, three chains, twelve nodes.
#[test]
fn a_network_comes_to_life() {
    run(|| {
        join(10..=20);
        author(10..=20);
        assert_eq!(register(1, 4, None), Ok(1));
        assert_eq!(record(1).stake, 4 * UNIT);
        let quote = DappChains::quote(&1, 4).expect("it can be asked for");
        assert_eq!((quote.own_percent, quote.stake), (400, 16 * UNIT));
        assert_eq!(cost::own_percent(2), quote.own_percent);
        assert_eq!(register(1, 4, None), Ok(2));
        assert_eq!(register(2, 4, None), Ok(3));
        assert_eq!((record(2).stake, record(3).stake), (16 * UNIT, 4 * UNIT));

        // Eleven nodes: the first two chains are filled, the third is begun.
        epoch();
        assert_eq!(
            [1, 2, 3].map(state),
            [
                Some(ChainState::Forming),
                Some(ChainState::Forming),
                Some(ChainState::Pending)
            ]
        );
        assert_eq!([1, 2, 3].map(|chain| members(chain).len()), [4, 4, 3]);
        go_live(1);
        go_live(2);
        assert_eq!(state(1), Some(ChainState::Live));

        // A new node finds no chain: the live ones have all, and it may not found another.
        join([21]);
        epoch();
        assert_eq!(NodePool::chain_of(&21), None);
        // Once a turn is over, it is drawn for that chain.
        let veteran = members(1)[0];
        NodePool::on_authored(1, &veteran, TERM.blocks);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing), [veteran]);
        epoch();
        assert_eq!(NodePool::chain_of(&21), Some(1));
        assert_ok!(confirm(1, 21));
        assert_eq!(NodePool::chain_of(&veteran), None, "it is back in the pool");
        // It served its turn by blocks, before its time: its whole share is paid.
        assert_eq!(paid(veteran), UNIT);
        // It completes the third chain, the only one with an open place.
        epoch();
        assert_eq!(NodePool::chain_of(&veteran), Some(3));
        assert_eq!(state(3), Some(ChainState::Forming));
        go_live(3);

        // When all is vested the founders have the whole stake.
        block(TERM.seconds);
        for chain in [1, 2, 3] {
            for node in members(chain) {
                let _ = DappChains::claim(signed(9), chain, node);
            }
            assert_eq!(record(chain).stake, 0);
        }
        let all: u128 = (10..=21).map(paid).sum();
        assert_eq!(all, 24 * UNIT);
        assert_eq!(Burnt::get(), 0);
    });
}

/// Four nodes on a live chain 1 of account 1; nodes 10 to 13.
fn live_chain() {
    join(10..=13);
    author(10..=13);
    assert_eq!(register(1, 4, None), Ok(1));
    epoch();
    go_live(1);
    assert_eq!(state(1), Some(ChainState::Live));
}

#[test]
fn who_is_slashed_is_replaced_in_the_next_epoch() {
    run(|| {
        live_chain();
        // All turns are over, and one node is marked for it.
        block(TERM.seconds);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing).len(), 1);
        let marked = in_phase(1, MemberPhase::Departing)[0];
        let slashed = in_phase(1, MemberPhase::Serving)[1];
        MockStaking::slash(slashed);
        join([30]);
        epoch();
        // The replacement was drawn for the other one; it is the slashed one that goes for it.
        assert_eq!(in_phase(1, MemberPhase::Departing), [slashed]);
        confirm_all(1);
        assert_eq!(NodePool::chain_of(&slashed), None);
        assert_eq!(NodePool::chain_of(&marked), Some(1));
        assert_eq!(active(1), 4);
        // It may not be drawn again.
        assert_eq!(register(2, 4, None), Ok(2));
        epoch();
        assert_eq!(NodePool::chain_of(&slashed), None);
    });
}

#[test]
fn a_node_that_serves_cannot_unbond() {
    run(|| {
        live_chain();
        assert!(MockStaking::unbond(10).is_err());
        assert_ok!(NodePool::leave(signed(10)));
        assert!(MockStaking::unbond(10).is_err(), "it serves on");
        join([30]);
        epoch();
        epoch();
        assert_ok!(confirm(1, 30));
        assert!(!NodePool::is_pooled(&10));
        assert_ok!(MockStaking::unbond(10));
        assert_noop!(NodePool::join(signed(10)), PoolError::<Test>::MayNotServe);
    });
}

#[test]
fn silent_founders_are_redrawn_and_the_chain_is_filled_first() {
    run(|| {
        live_chain();
        assert_eq!(register(2, 5, None), Ok(2));
        join(30..=34);
        author(30..=34);
        epoch();
        assert_eq!(state(2), Some(ChainState::Forming));
        let founders = members(2);
        // A younger chain is registered meanwhile.
        assert_eq!(register(3, 4, None), Ok(3));
        for seat in 0..3 {
            assert_ok!(confirm_genesis(2, seat, Some(Hash::repeat_byte(1))));
        }
        block(FORMING_TIME);
        assert_eq!(state(2), Some(ChainState::Pending));
        for silent in &founders[3..] {
            assert!(!NodePool::is_pooled(silent), "it is out");
            let left = Balances::total_balance(silent);
            assert_eq!(left, FUNDS - DEPOSIT, "and has paid");
        }
        join([35, 36]);
        author([35, 36]);
        epoch();
        assert_eq!(members(2)[..3], founders[..3]);
        assert_eq!(members(3).len(), 0, "chain 2 comes first");
        assert_eq!(state(2), Some(ChainState::Forming));
        assert_eq!(record(2).attempt, 2);
        go_live(2);
    });
}

/// A live chain 1 of `need` nodes from 10 on, the last of which was slashed and has gone.
fn short_chain(need: u32) {
    let last = 9 + u64::from(need);
    join(10..=last);
    author(10..=last);
    assert_eq!(register(1, need, None), Ok(1));
    epoch();
    go_live(1);
    MockStaking::slash(last);
    epoch();
    assert_eq!(active(1), need, "it is marked, and serves on");
    epoch();
    assert_eq!(active(1), need - 1);
    assert_eq!(state(1), Some(ChainState::Degraded));
    let left = record(1).stake;
    assert!(left > 0 && left < u128::from(need) * UNIT, "it was paid");
}

#[test]
fn a_chain_that_lost_a_node_is_refilled_first() {
    run(|| {
        short_chain(5);
        assert_eq!(register(2, 4, None), Ok(2));
        join([30, 31]);
        author([30, 31]);
        epoch();
        // Chain 2 has less of its need, but chain 1 is live.
        let joins = in_phase(1, MemberPhase::Joining);
        assert_eq!((joins.len(), members(2).len()), (1, 1));
        assert_ok!(confirm(1, joins[0]));
        assert_eq!(state(1), Some(ChainState::Live));
        // Who came for nobody gets what was left.
        assert!(DappChains::seat(1, &joins[0]).is_some());
    });
}

#[test]
fn a_chain_that_stays_short_needs_fewer() {
    run(|| {
        short_chain(5);
        epoch();
        assert_eq!(state(1), Some(ChainState::Live));
        assert_eq!((record(1).need, active(1)), (4, 4));
    });
}

#[test]
fn one_with_fewer_than_four_is_wound_up_unless_somebody_joins() {
    run(|| {
        short_chain(4);
        join([30]);
        epoch();
        assert_eq!(state(1), Some(ChainState::Degraded), "30 may confirm");
        // It does not, and is out.
        epoch();
        assert!(!NodePool::is_pooled(&30));
        assert_eq!(state(1), Some(ChainState::Retiring));
        block(NOTICE);
        assert_eq!(state(1), Some(ChainState::Retired));
    });
}

#[test]
fn ending_a_chain_early_pays_what_is_vested_and_burns_the_rest() {
    run(|| {
        live_chain();
        block(100);
        assert_ok!(DappChains::retire(signed(1), 1));
        block(NOTICE);
        assert_eq!(state(1), Some(ChainState::Retired));
        let founders: u128 = (10..=13).map(paid).sum();
        assert_eq!(founders + Burnt::get(), 4 * UNIT);
        assert!(Burnt::get() > 0 && founders > 2 * UNIT);
        assert_eq!(Balances::total_balance_on_hold(&1), 0);
        assert_eq!(Balances::total_balance(&1), FUNDS - 4 * UNIT);
        // The nodes are free: they leave with their deposits.
        for node in 10..=13 {
            assert_ok!(NodePool::leave(signed(node)));
            assert_eq!(Balances::total_balance_on_hold(&node), 0);
        }
    });
}

#[test]
fn terms_are_each_chains_own() {
    run(|| {
        join(10..=17);
        author(10..=17);
        let short = Term {
            blocks: 5,
            seconds: 300,
        };
        assert_eq!(register(1, 4, Some(short)), Ok(1));
        assert_eq!(register(2, 4, None), Ok(2));
        epoch();
        go_live(1);
        go_live(2);
        block(300);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Departing).len(), 1, "T of 4");
        assert!(in_phase(2, MemberPhase::Departing).is_empty());
        // And so is the time over which shares are vested.
        let claimable = |chain| {
            let node = members(chain)[0];
            let seat = DappChains::seat(chain, &node).expect("it is a founder");
            (seat.claimable, seat.share)
        };
        assert_eq!(claimable(1), (UNIT, UNIT));
        assert!(claimable(2).0 < claimable(2).1);
        // A term of nothing is refused.
        let nothing = Term {
            blocks: 0,
            seconds: 300,
        };
        assert_noop!(
            register(1, 4, Some(nothing)),
            Error::<Test>::TermOutOfBounds
        );
    });
}

#[test]
fn a_cancelled_chain_frees_its_founders() {
    run(|| {
        join(10..=12);
        author(10..=12);
        assert_eq!(register(1, 4, None), Ok(1));
        epoch();
        assert_eq!(members(1).len(), 3);
        assert_ok!(DappChains::cancel(signed(1), 1));
        assert_eq!(Burnt::get(), 4 * UNIT / 10);
        for node in 10..=12 {
            let status = NodePool::node_status(node).expect("it is in the pool");
            assert!(matches!(status.place, NodePlace::Waiting { .. }));
        }
        // They are drawn for the next one.
        assert_eq!(register(2, 4, None), Ok(2));
        epoch();
        assert_eq!(members(2).len(), 3);
    });
}
