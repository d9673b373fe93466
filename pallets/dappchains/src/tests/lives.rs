// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Each way through the states.

use crate::{
    founding::ROUTE_LOOK_INTERVAL, mock::*, states::Step, Deployed, Error, Event, FrozenRecords,
    Names, RoutesToClose, Specs,
};
use frame_support::assert_ok;
use hansa_allocation_primitives::{AuthoredBlocks, Phase};
use hansa_dappchain_primitives::ChainState;

/// A chain in each state.
fn chain_in(wanted: ChainState) -> u32 {
    let chain = register(1, "shop", 4).unwrap();
    if wanted == ChainState::Pending {
        return chain;
    }
    fill(chain, 100..104);
    if wanted == ChainState::Forming {
        return chain;
    }
    confirm_all(chain);
    match wanted {
        ChainState::Degraded => leave(chain, 100),
        ChainState::Retiring | ChainState::Retired => {
            assert_ok!(DappChains::retire(signed(1), chain));
        }
        _ => {}
    }
    if wanted == ChainState::Retired {
        block_after(NOTICE);
    }
    assert_eq!(state(chain), Some(wanted));
    chain
}

#[test]
fn each_call_in_each_state() {
    for from in ChainState::ALL {
        for (step, allowed, to) in [
            (Step::Cancel, &[ChainState::Pending][..], None),
            (
                Step::Retire,
                &[ChainState::Live, ChainState::Degraded],
                Some(ChainState::Retiring),
            ),
            (
                Step::Confirm,
                &[ChainState::Forming],
                Some(ChainState::Live),
            ),
        ] {
            ExtBuilder::default().run(|| {
                let chain = chain_in(from);
                let done = match step {
                    Step::Cancel => DappChains::cancel(signed(1), chain).is_ok(),
                    Step::Retire => DappChains::retire(signed(1), chain).is_ok(),
                    _ => (0..3).all(|seat| confirm(chain, seat, Some(genesis())).is_ok()),
                };
                assert_eq!(done, allowed.contains(&from), "{step:?} in {from:?}");
                let expected = if done { to } else { Some(from) };
                assert_eq!(state(chain), expected);
            });
        }
    }
}

#[test]
fn a_chain_short_of_nodes_is_degraded_until_it_has_them() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        block();
        leave(chain, 100);
        assert!(events().contains(&Event::Degraded { chain, nodes: 3 }));
        assert_eq!(state(chain), Some(ChainState::Degraded));
        block();
        join(chain, 110, None);
        assert!(events().contains(&Event::Recovered { chain }));
        assert_eq!(state(chain), Some(ChainState::Live));
        // One for another changes nothing.
        join(chain, 111, Some(110));
        assert_eq!(state(chain), Some(ChainState::Live));
    });
}

#[test]
fn a_live_chain_is_retired_with_notice() {
    ExtBuilder::default().run(|| {
        let chain = live(1, "shop", 100);
        noop(|| DappChains::retire(signed(2), chain), Error::NotOwner);
        block();
        assert_ok!(DappChains::retire(signed(1), chain));
        let due_at = Now::get() + NOTICE;
        assert_eq!(events(), [Event::Retiring { chain, due_at }]);
        assert_eq!(allocated(chain).unwrap().phase, Phase::Retiring);
        block_after(NOTICE - 1);
        assert_eq!(state(chain), Some(ChainState::Retiring));
        block_after(1);
        assert_eq!(state(chain), Some(ChainState::Retired));
        // Half the turn is over: half is paid, the rest is for nobody.
        assert_eq!(total(100), FUNDS + 1_000);
        assert_eq!(total(1), FUNDS - 4_000);
        assert_eq!((staked(1), deposited(1)), (0, 0));
        assert_eq!(Forfeited::get(), 4_000 - 1_000 - 666 - 333);
        assert!(allocated(chain).is_none());
        assert!(Specs::<Test>::get(chain).is_none());
        assert!(FrozenRecords::<Test>::get(chain).is_none());
        // It counts still, and its name is not free.
        assert_eq!(Deployed::<Test>::get(1), 1);
        assert_eq!(Names::<Test>::get(name("shop")), Some(chain));
        assert!(register(2, "shop", 4).is_err());
        assert_eq!(DappChains::quote(&1, 4).unwrap().own_percent, 400);
    });
}

#[test]
fn nothing_is_counted_of_a_chain_that_is_gone() {
    ExtBuilder::default().run(|| {
        let chain = chain_in(ChainState::Retired);
        DappChains::on_authored(chain, &100, 5);
        DappChains::on_authored(99, &100, 5);
    });
}

#[test]
fn the_route_of_a_chain_that_has_ended_is_closed_step_by_step() {
    ExtBuilder::default().run(|| {
        let chain = chain_in(ChainState::Retired);
        StepsLeft::set(3);
        assert!(Asked::get().is_empty(), "in the block of its end");
        let end = Now::get();
        for step in 1..=3 {
            // Time must pass, or others that are due would wait for it.
            block();
            block_after(1);
            assert_eq!(Asked::get().len(), step);
            assert_eq!(RoutesToClose::<Test>::contains_key(chain), step < 3);
            let view = DappChains::chain(chain).unwrap();
            assert_eq!((view.state, view.due_at), (ChainState::Retired, None));
        }
        block_after(LINGER);
        let expected = [1, 2, 3].map(|after| (chain, end + after));
        assert_eq!(Asked::get(), expected, "and then never again");
        assert_eq!(record(chain).due_at, None);
    });
}

#[test]
fn a_route_waits_for_value_to_come_home_but_not_for_ever() {
    for comes_home in [true, false] {
        ExtBuilder::default().run(|| {
            ValueIsOut::set(true);
            let chain = chain_in(ChainState::Retired);
            let end = Now::get();
            block_after(1);
            for _ in 0..2 {
                block_after(ROUTE_LOOK_INTERVAL);
                assert!(RoutesToClose::<Test>::contains_key(chain));
            }
            ValueIsOut::set(!comes_home);
            block_after(ROUTE_LOOK_INTERVAL);
            assert_eq!(RoutesToClose::<Test>::contains_key(chain), !comes_home);
            // The next look is after the linger.
            block_after(ROUTE_LOOK_INTERVAL);
            assert!(Now::get() >= end + LINGER);
            assert!(!RoutesToClose::<Test>::contains_key(chain));
            assert_eq!(Asked::get().len(), if comes_home { 4 } else { 5 });
        });
    }
}

#[test]
fn a_chain_spec_may_say_how_long_the_notice_is() {
    let builder = ExtBuilder {
        retire_notice: Some(7),
        ..Default::default()
    };
    builder.run(|| {
        let chain = live(1, "shop", 100);
        assert_ok!(DappChains::retire(signed(1), chain));
        block_after(6);
        assert_eq!(state(chain), Some(ChainState::Retiring));
        block_after(1);
        assert_eq!(state(chain), Some(ChainState::Retired));
    });
}
