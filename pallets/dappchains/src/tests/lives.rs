// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Each way through the states.

use crate::{mock::*, states::Step, Deployed, Error, Event, FrozenRecords, Names, Specs};
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
