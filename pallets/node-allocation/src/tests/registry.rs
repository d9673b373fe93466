// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the registry asks.

use crate::mock::*;
use frame_support::{assert_noop, assert_ok};
use hansa_allocation_primitives::{
    Allocation, AllocationError as Error, MemberPhase, Phase, Serving, Term,
};

#[test]
fn chains_are_checked() {
    ExtBuilder.run(|| {
        assert_noop!(NodePool::open(1, 3, TERM), Error::BadNeed);
        assert_noop!(NodePool::open(1, 76, TERM), Error::BadNeed);
        let nothing = Term { blocks: 0, ..TERM };
        assert_noop!(NodePool::open(1, 4, nothing), Error::BadTerm);
        open(5, 4);
        assert_noop!(NodePool::open(5, 4, TERM), Error::ChainExists);
        assert_noop!(NodePool::open(4, 4, TERM), Error::ChainExists);
        for chain in 6..21 {
            open(chain, 75);
        }
        assert_noop!(NodePool::open(21, 4, TERM), Error::TooManyChains);
        assert_eq!(NodePool::open_pending_places(), 4 + 15 * 75);
        assert_noop!(NodePool::set_need(99, 4), Error::NoSuchChain);
        assert_noop!(NodePool::close(99), Error::NoSuchChain);
    });
}

#[test]
fn phases_change_as_they_may() {
    ExtBuilder.run(|| {
        open(1, 4);
        let set = |phase| NodePool::set_phase(1, phase);
        assert_noop!(set(Phase::Forming), Error::WrongPhase);
        join_veterans(1..=4);
        epoch();
        for phase in [Phase::Pending, Phase::Live, Phase::Retiring] {
            assert_noop!(set(phase), Error::WrongPhase);
        }
        assert_ok!(set(Phase::Forming));
        for phase in [Phase::Forming, Phase::Retiring] {
            assert_noop!(set(phase), Error::WrongPhase);
        }
        assert_noop!(NodePool::set_need(1, 5), Error::WrongPhase);
        assert_ok!(set(Phase::Pending));
        assert_ok!(set(Phase::Forming));
        assert_ok!(set(Phase::Live));
        assert_eq!(in_phase(1, MemberPhase::Serving).len(), 4);
        for phase in [Phase::Pending, Phase::Forming, Phase::Live] {
            assert_noop!(set(phase), Error::WrongPhase);
        }
        assert_ok!(set(Phase::Retiring));
        for phase in [Phase::Pending, Phase::Forming, Phase::Live] {
            assert_noop!(set(phase), Error::WrongPhase);
        }
        assert_ok!(NodePool::close(1));
        assert_eq!(NodePool::waiting_nodes(), 4);
    });
}

#[test]
fn a_founder_that_did_not_confirm_is_drawn_for_again() {
    ExtBuilder.run(|| {
        open(1, 4);
        join_veterans(1..=4);
        epoch();
        assert_ok!(NodePool::set_phase(1, Phase::Forming));
        assert_noop!(NodePool::remove_founder(1, &9), Error::NotMember);
        assert_ok!(NodePool::remove_founder(1, &2));
        assert!(!NodePool::is_pooled(&2));
        assert_eq!(total(2), FUNDS - DEPOSIT);
        assert_ok!(NodePool::set_phase(1, Phase::Pending));
        join_veterans([5]);
        take_told();
        epoch();
        assert_eq!(take_told(), [Told::Complete(1)]);
        assert!(accounts(1).contains(&5));
    });
}

#[test]
fn retiring_frees_who_was_to_join() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_ok!(NodePool::set_need(1, 5));
        join_veterans([9]);
        epoch();
        assert_eq!(in_phase(1, MemberPhase::Joining), [9]);
        assert_ok!(NodePool::set_phase(1, Phase::Retiring));
        assert_eq!(NodePool::chain_of(&9), None);
        assert_eq!(total(9), FUNDS);
    });
}

#[test]
fn queries_answer() {
    ExtBuilder.run(|| {
        live_chain(4);
        open(2, 4);
        open(3, 4);
        join_veterans(10..=11);
        epoch();
        let status = NodePool::draw_status();
        assert_eq!((status.nodes, status.waiting, status.chains), (6, 0, 3));
        assert_eq!(status.mean, (6, 12));
        let chains = NodePool::chains(2, 10);
        assert_eq!(chains.iter().map(|c| c.chain).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            chains.iter().map(|c| c.below_mean).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(NodePool::chain_status(9), None);
        let key = pair(1).public();
        use sp_core::Pair;
        assert_eq!(
            NodePool::node_of_key(&key).map(|node| node.account),
            Some(1)
        );
        assert_eq!(NodePool::members_page(1, 3, 10).len(), 1);
    });
}
