// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The ballot on the hard limit.

use crate::{mock::*, Error, Event, HardLimit};
use frame_support::assert_ok;
use hansa_allocation_primitives::AuthoredBlocks;
use sp_runtime::DispatchResult;

/// Three live chains of two deployers, which made these blocks in the last period.
fn three_chains(blocks: [u32; 3]) -> [u32; 3] {
    let chains = [
        live(1, "shop-1", 100),
        live(2, "shop-2", 110),
        live(1, "shop-3", 120),
    ];
    for (chain, blocks) in chains.into_iter().zip(blocks) {
        DappChains::on_authored(chain, &100, blocks);
    }
    block_after(ACTIVITY);
    chains
}

fn propose(who: AccountId, chain: u32, limit: u32) -> DispatchResult {
    DappChains::propose_limit(signed(who), chain, limit)
}

fn vote(who: AccountId, chain: u32, ballot: u32, aye: bool) -> DispatchResult {
    DappChains::vote(signed(who), chain, ballot, aye)
}

#[test]
fn live_chains_change_the_limit() {
    ExtBuilder::default().run(|| {
        let [one, two, _] = three_chains([300, 500, 200]);
        assert_ok!(propose(1, one, 70));
        assert_eq!(DappChains::ballot().unwrap().total, 1_000);
        assert_ok!(vote(1, one, 1, true));
        assert_ok!(vote(2, two, 1, false));
        // 300 against 400: a deployer has no more than 40 %.
        let ballot = DappChains::ballot().unwrap();
        assert_eq!((ballot.ayes, ballot.nays), (300, 400));
        block_after(VOTING);
        assert_eq!(
            events(),
            [Event::BallotClosed {
                ballot: 1,
                passed: false,
                limit: 64
            }]
        );
        assert_ok!(propose(2, two, 70));
        assert_ok!(vote(2, two, 2, true));
        block_after(VOTING);
        assert_eq!(HardLimit::<Test>::get(), 70);
        assert!(DappChains::ballot().is_none());
        assert_ok!(register(5, "large", 70));
    });
}

#[test]
fn the_chains_of_a_deployer_are_capped_together() {
    ExtBuilder::default().run(|| {
        let [one, two, three] = three_chains([350, 450, 200]);
        assert_ok!(propose(2, two, 60));
        assert_ok!(vote(1, one, 1, false));
        block();
        assert_ok!(vote(1, three, 1, false));
        let (ballot, chain, aye, weight) = (1, three, false, 50);
        assert_eq!(
            events(),
            [Event::Voted {
                ballot,
                chain,
                aye,
                weight
            }]
        );
        noop(|| vote(1, three, 1, false), Error::AlreadyVoted);
        assert_ok!(vote(2, two, 1, true));
        let ballot = DappChains::ballot().unwrap();
        assert_eq!((ballot.ayes, ballot.nays), (400, 400));
        block_after(VOTING);
        assert_eq!(HardLimit::<Test>::get(), 64);
    });
}

#[test]
fn only_owners_of_live_chains_with_blocks_vote() {
    ExtBuilder::default().run(|| {
        let [one, two, three] = three_chains([300, 500, 0]);
        noop(|| propose(2, one, 70), Error::NotOwner);
        noop(|| propose(1, three, 70), Error::NoWeight);
        noop(|| vote(1, one, 1, true), Error::NoBallot);
        assert_ok!(propose(1, one, 70));
        noop(|| propose(2, two, 60), Error::BallotOpen);
        noop(|| vote(1, three, 1, true), Error::NoWeight);
        noop(|| vote(1, two, 1, true), Error::NotOwner);
        noop(|| vote(1, one, 2, true), Error::NoBallot);
        // A degraded chain has no vote.
        leave(one, 100);
        noop(|| vote(1, one, 1, true), Error::WrongState);
        noop(|| vote(1, 99, 1, true), Error::NoSuchChain);
        // Too few votes are cast.
        block_after(VOTING);
        assert_eq!(HardLimit::<Test>::get(), 64);
    });
}

#[test]
fn steps_are_bounded() {
    ExtBuilder::default().run(|| {
        let [one, ..] = three_chains([1, 1, 1]);
        for limit in [64, 81, 47, 3, 0, u32::MAX] {
            noop(|| propose(1, one, limit), Error::LimitOutOfBounds);
        }
        assert_ok!(propose(1, one, 80));
    });
}

#[test]
fn blocks_of_degraded_chains_do_not_count() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop-1", 100);
        leave(chain, 100);
        DappChains::on_authored(chain, &101, 50);
        join(chain, 110, None);
        block_after(ACTIVITY);
        noop(|| propose(1, chain, 70), Error::NoWeight);
    });
}

#[test]
fn a_limit_above_what_the_allocation_takes_is_no_use() {
    ExtBuilder {
        hard_limit: Some(256),
        ..Default::default()
    }
    .run(|| {
        assert_eq!(DappChains::quote(&1, 4).unwrap().nodes_max, 200);
        assert!(register(1, "shop", 201).is_err());
    });
}
