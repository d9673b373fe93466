// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What founders are paid.

use crate::{mock::*, payout::Division, Error, Event, Seats, Vacant};
use frame_support::assert_ok;
use hansa_allocation_primitives::{ChainEvents, Departure};

/// What each founder of a chain that `fill` filled gets: they waited 30, 20, 10 and 0 seconds.
const SHARES: [u128; 4] = [2_000, 1_333, 667, 0];

fn share(chain: u32, node: AccountId) -> u128 {
    Seats::<Test>::get(chain, node).map_or(0, |seat| seat.share)
}

#[test]
fn the_stake_is_divided_by_time_waited() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        assert_eq!([100, 101, 102, 103].map(|node| share(chain, node)), SHARES);
        // It is the founders' now, where it was.
        assert_eq!(staked(1), 4 * UNIT);
    });
}

#[test]
fn or_evenly() {
    ExtBuilder::default().run(|| {
        Dividing::set(Division::Evenly);
        let chain = live(1, "shop", 100);
        assert_eq!(
            [100, 101, 102, 103].map(|node| share(chain, node)),
            [1_000; 4]
        );
    });
}

#[test]
fn the_wait_is_capped() {
    ExtBuilder::default().run(|| {
        Dividing::set(Division::ByWait(10));
        let chain = live(1, "shop", 100);
        assert_eq!(
            [100, 101, 102, 103].map(|node| share(chain, node)),
            [1_333, 1_333, 1_334, 0]
        );
    });
}

#[test]
fn it_is_vested_over_the_first_turn() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        let claim = |node| DappChains::claim(signed(7), chain, node);
        noop(|| claim(100), Error::NothingToClaim);
        noop(|| claim(103), Error::NoSeat);
        block_after(TURN / 4);
        assert_ok!(claim(100));
        assert_eq!(
            events(),
            [Event::FounderPaid {
                chain,
                node: 100,
                amount: 500
            }]
        );
        assert_eq!((total(100), staked(1)), (FUNDS + 500, 3_500));
        noop(|| claim(100), Error::NothingToClaim);
        let seat = DappChains::seat(chain, &100).unwrap();
        assert_eq!((seat.share, seat.paid, seat.claimable), (2_000, 500, 0));
        assert_eq!(seat.vested_at, 40 + TURN);
        block_after(TURN);
        for node in [100, 101, 102] {
            assert_ok!(claim(node));
        }
        for (node, share) in (100..).zip(SHARES) {
            assert_eq!(total(node), FUNDS + share);
        }
        assert_eq!((staked(1), total(1)), (0, FUNDS - 4_000));
        noop(|| claim(100), Error::NoSeat);
    });
}

#[test]
fn a_freeze_of_the_deployer_does_not_hold_it_up() {
    use frame_support::traits::LockableCurrency;
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        Balances::set_lock(
            *b"lockedup",
            &1,
            FUNDS,
            frame_support::traits::WithdrawReasons::all(),
        );
        wait(TURN);
        assert_ok!(DappChains::claim(signed(7), chain, 100));
        assert_eq!(total(100), FUNDS + 2_000);
    });
}

#[test]
fn what_a_leaver_leaves_is_its_replacements() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        block_after(TURN / 2);
        join(chain, 110, Some(100));
        // What was vested is paid, without a claim.
        assert_eq!(total(100), FUNDS + 1_000);
        assert_eq!(
            events(),
            [
                Event::FounderPaid {
                    chain,
                    node: 100,
                    amount: 1_000
                },
                Event::SeatLeft {
                    chain,
                    node: 100,
                    rest: 1_000
                },
                Event::SeatTaken {
                    chain,
                    node: 110,
                    rest: 1_000
                },
            ]
        );
        noop(
            || DappChains::claim(signed(7), chain, 110),
            Error::NothingToClaim,
        );
        wait(TURN);
        assert_ok!(DappChains::claim(signed(7), chain, 110));
        assert_eq!(total(110), FUNDS + 1_000);
        noop(|| DappChains::claim(signed(7), chain, 100), Error::NoSeat);
    });
}

#[test]
fn who_has_served_its_turn_gets_its_whole_share() {
    use Departure::{NotNeeded, TurnOver};
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        wait(TURN / 4);
        // By blocks, before its time.
        DappChains::on_joined(chain, &110, Some((&100, TurnOver)));
        assert_eq!(total(100), FUNDS + 2_000);
        noop(|| DappChains::claim(signed(7), chain, 110), Error::NoSeat);
        DappChains::on_left(chain, &101, NotNeeded);
        assert_eq!(total(101), FUNDS + 1_333);
        assert!(Vacant::<Test>::get(chain).is_empty());
        // Who is slashed leaves the rest.
        DappChains::on_left(chain, &102, Departure::Unfit);
        assert_eq!(total(102), FUNDS + 666 / 4);
        assert_eq!(Vacant::<Test>::get(chain).len(), 1);
    });
}

#[test]
fn what_is_left_to_nobody_waits_for_the_next() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        wait(TURN / 2);
        leave(chain, 100);
        leave(chain, 101);
        // Of 1,333 the half, 666.5.
        assert_eq!(total(101), FUNDS + 666);
        assert_eq!(Vacant::<Test>::get(chain).len(), 2);
        wait(TURN / 4);
        join(chain, 110, None);
        join(chain, 111, None);
        join(chain, 112, None);
        wait(TURN);
        assert_ok!(DappChains::claim(signed(7), chain, 110));
        assert_ok!(DappChains::claim(signed(7), chain, 111));
        assert_eq!(total(110), FUNDS + 1_000);
        assert_eq!(total(111), FUNDS + 667);
        noop(|| DappChains::claim(signed(7), chain, 112), Error::NoSeat);
    });
}

#[test]
fn the_deployers_own_nodes_get_nothing() {
    ExtBuilder::default().run(|| {
        // The node of account 1 waits longest for the chain of account 1.
        let chain = register(1, "shop", 4).unwrap();
        fill(chain, [1, 100, 101, 102]);
        confirm_all(chain);
        assert_eq!(share(chain, 1), 0);
        assert_eq!(
            share(chain, 100) + share(chain, 101) + share(chain, 102),
            4_000
        );
        // Nor does it by replacing another.
        leave(chain, 1);
        join(chain, 1, Some(100));
        assert_eq!(share(chain, 1), 0);
        join(chain, 110, None);
        assert!(share(chain, 110) > 0);
    });
}

#[test]
fn a_stake_for_nobody_is_forfeited() {
    ExtBuilder::default().run(|| {
        // Only one founder waited and is no own node: it gets all.
        let chain = register(1, "shop", 4).unwrap();
        fill(chain, [1, 100, 101, 102]);
        confirm_all(chain);
        block_after(TURN / 2);
        for node in [100, 101] {
            leave(chain, node);
        }
        assert_ok!(DappChains::retire(signed(1), chain));
        block_after(NOTICE / 2);
        block_after(NOTICE / 2);
        // What nobody came for is not the deployer's either.
        assert!(Forfeited::get() > 0);
        assert_eq!(staked(1), 0);
        let paid: u128 = (100..103).map(|node| total(node) - FUNDS).sum();
        assert_eq!(paid + Forfeited::get(), 4_000);
    });
}
