// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains that change hands.

use crate::{mock::*, Deployed, Error, Event};
use frame_support::assert_ok;

#[test]
fn who_accepts_an_offer_owns_the_chain() {
    ExtBuilder::default().run(|| {
        let chain = register(1, "shop", 4).unwrap();
        let offer = |who, to| DappChains::offer_ownership(signed(who), chain, to);
        let accept = |who| DappChains::accept_ownership(signed(who), chain);
        noop(|| offer(2, Some(2)), Error::NotOwner);
        noop(|| accept(2), Error::NotOffered);
        assert_ok!(offer(1, Some(2)));
        noop(|| accept(3), Error::NotOffered);
        assert_ok!(offer(1, None));
        noop(|| accept(2), Error::NotOffered);
        assert_ok!(offer(1, Some(2)));
        block();
        assert_ok!(accept(2));
        assert_eq!(
            events(),
            [Event::OwnershipTransferred {
                chain,
                from: 1,
                to: 2
            }]
        );
        noop(|| accept(2), Error::NotOffered);
        // What is on hold goes with a chain that is not live.
        assert_eq!((staked(1), deposited(1)), (0, 0));
        assert_eq!((staked(2), deposited(2)), (4_000, 108));
        // It counts for its deployer still.
        assert_eq!((Deployed::<Test>::get(1), Deployed::<Test>::get(2)), (1, 0));
        noop(|| DappChains::cancel(signed(1), chain), Error::NotOwner);
        assert_ok!(DappChains::cancel(signed(2), chain));
        assert_eq!(total(2), FUNDS + 3_800 + 108);
        assert_eq!(Deployed::<Test>::get(1), 0);
    });
}

#[test]
fn the_stake_of_a_live_chain_stays_where_it_is() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        assert_ok!(DappChains::offer_ownership(signed(1), chain, Some(2)));
        assert_ok!(DappChains::accept_ownership(signed(2), chain));
        assert_eq!((staked(1), deposited(1)), (4_000, 0));
        assert_eq!((staked(2), deposited(2)), (0, 108));
        wait(TURN);
        assert_ok!(DappChains::claim(signed(7), chain, 100));
        assert_eq!(staked(1), 2_000);
        assert_ok!(DappChains::retire(signed(2), chain));
        block_after(NOTICE);
        assert_eq!((staked(1), deposited(2)), (0, 0));
    });
}

#[test]
fn an_account_may_offer_to_itself() {
    ExtBuilder::default().run(|| {
        let chain = register(1, "shop", 4).unwrap();
        assert_ok!(DappChains::offer_ownership(signed(1), chain, Some(1)));
        assert_ok!(DappChains::accept_ownership(signed(1), chain));
        assert_eq!((staked(1), deposited(1)), (4_000, 108));
    });
}

#[test]
fn a_chain_that_has_ended_is_nobodys_to_give() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        assert_ok!(DappChains::offer_ownership(signed(1), chain, Some(2)));
        assert_ok!(DappChains::retire(signed(1), chain));
        block_after(NOTICE);
        let offer = || DappChains::offer_ownership(signed(1), chain, Some(2));
        noop(offer, Error::WrongState);
        noop(
            || DappChains::accept_ownership(signed(2), chain),
            Error::NotOffered,
        );
    });
}
