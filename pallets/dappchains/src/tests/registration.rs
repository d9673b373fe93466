// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Registering chains, and giving them up.

use crate::{mock::*, Deployed, Error, Event, GoneReason, Names, Specs};
use frame_support::{assert_ok, BoundedVec};
use hansa_allocation_primitives::Phase;
use hansa_dappchain_primitives::{ChainState, Hash, RuntimeSource};
use sp_runtime::DispatchError;

#[test]
fn a_chain_is_registered() {
    ExtBuilder::default().run(|| {
        assert_eq!(register(1, "exchange", 4), Ok(1));
        assert_eq!(staked(1), 4 * UNIT);
        // "exchange", "{}", "{}", and 100 for any.
        assert_eq!(deposited(1), 100 + 8 + 2 + 2);
        let chain = record(1);
        assert_eq!((chain.deployer, chain.owner, chain.payer), (1, 1, 1));
        assert_eq!((chain.state, chain.need), (ChainState::Pending, 4));
        assert_eq!(Names::<Test>::get(name("exchange")), Some(1));
        assert_eq!(allocated(1).unwrap().phase, Phase::Pending);
        assert!(matches!(
            events()[..],
            [Event::Registered {
                chain: 1,
                deployer: 1,
                need: 4,
                stake: 4_000,
                deposit: 112,
                ..
            }]
        ));
        assert_eq!(register(2, "another", 5), Ok(2));
    });
}

#[test]
fn the_price_rises_with_the_square_of_a_deployers_chains() {
    ExtBuilder::default().run(|| {
        for (i, factor) in [(1, 1), (2, 4), (3, 9), (4, 16)] {
            let quote = DappChains::quote(&1, 4).unwrap();
            assert_eq!((quote.nth, quote.stake), (i, 4 * UNIT * factor));
            let before = staked(1);
            let text = format!("shop-{i}");
            assert_eq!(register(1, &text, 4), Ok(i));
            assert_eq!(staked(1) - before, 4 * UNIT * factor);
        }
        // Another account begins at the bottom.
        assert_eq!(DappChains::quote(&2, 4).unwrap().stake, 4 * UNIT);
    });
}

#[test]
fn fresh_accounts_pay_for_all_open_places() {
    ExtBuilder::default().run(|| {
        assert_ok!(register(1, "shop-1", 60));
        // 60 open, 40 free: (60/40)².
        let quote = DappChains::quote(&2, 4).unwrap();
        assert_eq!((quote.open_places, quote.load_percent), (60, 225));
        assert_eq!(quote.stake, 4 * UNIT * 225 / 100);
        assert_ok!(register(2, "shop-2", 4));
        assert_eq!(staked(2), quote.stake);
        // A place that is taken is not open any more.
        found(1, 100);
        assert_eq!(DappChains::quote(&2, 4).unwrap().open_places, 63);
    });
}

#[test]
fn a_price_above_what_is_accepted_is_refused() {
    ExtBuilder::default().run(|| {
        let register = |max| {
            let (patch, properties) = (bytes("{}"), bytes("{}"));
            DappChains::register(
                signed(1),
                name("shop"),
                4,
                STANDARD,
                patch,
                properties,
                None,
                max,
            )
        };
        noop(|| register(4 * UNIT - 1), Error::StakeTooHigh);
        assert_ok!(register(4 * UNIT));
    });
}

#[test]
fn the_number_of_nodes_has_bounds() {
    ExtBuilder {
        hard_limit: Some(10),
        ..Default::default()
    }
    .run(|| {
        assert_eq!(
            register(1, "shop", 3),
            Err(Error::<Test>::TooFewNodes.into())
        );
        assert_eq!(
            register(1, "shop", 11),
            Err(Error::<Test>::TooManyNodes.into())
        );
        assert_ok!(register(1, "shop", 10));
    });
}

#[test]
fn names_are_checked_and_unique() {
    ExtBuilder::default().run(|| {
        for (text, error) in [
            ("ab", Error::<Test>::NameLength),
            ("Shop", Error::NameCharacter),
            ("e2e4", Error::NameLooksLikeId),
            ("hub", Error::NameReserved),
        ] {
            assert_eq!(register(1, text, 4), Err(error.into()), "{text}");
        }
        assert_ok!(register(1, "shop", 4));
        assert_eq!(register(2, "shop", 4), Err(Error::<Test>::NameTaken.into()));
    });
}

#[test]
fn who_cannot_pay_registers_nothing() {
    ExtBuilder::default().run(|| {
        let poor = ACCOUNTS + 1;
        assert_eq!(
            register(poor, "shop", 4),
            Err(Error::<Test>::CannotPay.into())
        );
        assert!(Names::<Test>::get(name("shop")).is_none());
    });
}

#[test]
fn a_code_is_on_the_hub_before_and_stays() {
    ExtBuilder::default().run(|| {
        let register = |runtime| {
            let (patch, properties) = (bytes("{}"), bytes("{}"));
            DappChains::register(
                signed(1),
                name("shop"),
                4,
                runtime,
                patch,
                properties,
                None,
                u128::MAX,
            )
        };
        let missing = RuntimeSource::Stored(Hash::repeat_byte(1));
        noop(|| register(missing), Error::CodeMissing);
        noop(
            || register(RuntimeSource::Standard(2)),
            Error::NoSuchRuntime,
        );
        let code = [7; 500];
        assert_ok!(Preimage::note_preimage(signed(2), code.to_vec()));
        let hash = sp_io::hashing::blake2_256(&code).into();
        assert_ok!(register(RuntimeSource::Stored(hash)));
        assert_eq!(deposited(1), 100 + 4 + 2 + 2 + 500);
        // Who brought it may take it back; it stays while a chain needs it.
        let _ = Preimage::unnote_preimage(signed(2), hash);
        assert_eq!(
            DappChains::chain(1).unwrap().runtime,
            RuntimeSource::Stored(hash)
        );
        fill(1, 100..104);
        let genesis = DappChains::genesis_record(1).unwrap();
        assert_eq!(genesis.code, hash);
    });
}

#[test]
fn a_spec_is_text() {
    ExtBuilder::default().run(|| {
        let bad = BoundedVec::try_from(vec![0xff]).unwrap();
        let register = || {
            DappChains::register(
                signed(1),
                name("shop"),
                4,
                STANDARD,
                bad,
                bytes("{}"),
                None,
                u128::MAX,
            )
        };
        noop(register, Error::NotText);
    });
}

#[test]
fn there_is_room_for_so_many_chains() {
    ExtBuilder::default().run(|| {
        for i in 1..=20 {
            assert_ok!(register(i, &format!("shop-{i}"), 4));
        }
        assert_eq!(
            register(21, "shop-21", 4),
            Err(Error::<Test>::TooManyChains.into())
        );
        assert_eq!(staked(21), 0);
    });
}

#[test]
fn a_pending_chain_can_be_cancelled_for_a_fee() {
    ExtBuilder::default().run(|| {
        let chain = register(1, "shop", 4).unwrap();
        found(chain, 100);
        noop(|| DappChains::cancel(signed(2), chain), Error::NotOwner);
        block();
        assert_ok!(DappChains::cancel(signed(1), chain));
        let (reason, returned, fee) = (GoneReason::Cancelled, 3_800, 200);
        assert_eq!(
            events(),
            [Event::Gone {
                chain,
                reason,
                returned,
                fee
            }]
        );
        assert_eq!((staked(1), deposited(1), total(1)), (0, 0, FUNDS - 200));
        assert_eq!(Forfeited::get(), 200);
        assert!(allocated(chain).is_none() && Specs::<Test>::get(chain).is_none());
        assert_eq!(Deployed::<Test>::get(1), 0);
        noop(|| DappChains::cancel(signed(1), chain), Error::NoSuchChain);
        // The name is free, the id is not; and it costs as the first one did.
        assert_eq!(register(1, "shop", 4), Ok(2));
        assert_eq!(staked(1), 4 * UNIT);
    });
}

#[test]
fn standard_runtimes_are_the_admins() {
    ExtBuilder::default().run(|| {
        let code = note_code(b"the second one");
        let add = |origin, version, code| DappChains::add_standard_runtime(origin, version, code);
        assert_eq!(add(signed(1), 2, code), Err(DispatchError::BadOrigin));
        let root = || RuntimeOrigin::root();
        noop(|| add(root(), 1, code), Error::RuntimeExists);
        noop(|| add(root(), 2, Hash::zero()), Error::CodeMissing);
        assert_ok!(add(root(), 2, code));
    });
}
