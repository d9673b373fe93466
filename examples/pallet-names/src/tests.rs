// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

use crate::{mock::*, Error, Event, HoldReason, Name, Names as Stored, Record};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use sp_runtime::TokenError;

fn name(text: &str) -> Name {
    Name::truncate_from(text.into())
}

fn record(text: &str) -> Record {
    Record::truncate_from(text.into())
}

fn signed(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

fn held(who: AccountId) -> u64 {
    Balances::balance_on_hold(&HoldReason::Name.into(), &who)
}

#[test]
fn a_name_is_claimed_for_a_deposit_and_released() {
    ExtBuilder.build_and_execute(|| {
        assert_ok!(Names::claim(signed(ANN), name("ann"), record("hello")));
        assert_eq!(held(ANN), BASE + 5 * PER_BYTE);
        let claimed = Event::Claimed {
            name: name("ann"),
            owner: ANN,
        };
        assert_eq!(events(), [claimed]);

        assert_ok!(Names::release(signed(ANN), name("ann")));
        assert_eq!((held(ANN), Balances::free_balance(ANN)), (0, FUNDS));
        assert_eq!(Stored::<Test>::iter().count(), 0);
        let released = Event::Released {
            name: name("ann"),
            owner: ANN,
        };
        assert_eq!(events(), [released]);
        // It is free for others.
        assert_ok!(Names::claim(signed(BEN), name("ann"), record("")));
    });
}

#[test]
fn what_is_no_name_or_has_an_owner_cannot_be_claimed() {
    ExtBuilder.build_and_execute(|| {
        let claim = |who, text| Names::claim(signed(who), name(text), record(""));
        assert_noop!(claim(ANN, "A name"), Error::<Test>::NotAName);
        assert_ok!(claim(ANN, "ann"));
        assert_noop!(claim(ANN, "ann"), Error::<Test>::Taken);
        assert_noop!(claim(BEN, "ann"), Error::<Test>::Taken);
    });
}

#[test]
fn who_cannot_bear_the_deposit_gets_no_name() {
    ExtBuilder.build_and_execute(|| {
        let names = (0..9).map(|i| name(&format!("name-{i}")));
        for name in names {
            assert_ok!(Names::claim(signed(ANN), name, record("")));
        }
        // 100 are left, of which one must stay.
        let one_more = Names::claim(signed(ANN), name("name-9"), record(""));
        assert_noop!(one_more, TokenError::FundsUnavailable);
    });
}

#[test]
fn the_deposit_follows_the_record() {
    ExtBuilder.build_and_execute(|| {
        let set = |text| Names::set_record(signed(ANN), name("ann"), record(text));
        assert_ok!(Names::claim(signed(ANN), name("ann"), record("hello")));
        for text in ["hello, world", "hi", "hi", ""] {
            assert_ok!(set(text));
            assert_eq!(held(ANN), BASE + text.len() as u64 * PER_BYTE);
            let entry = Stored::<Test>::get(name("ann")).unwrap();
            assert_eq!((entry.record, entry.owner), (record(text), ANN));
        }
    });
}

#[test]
fn a_name_is_given_with_its_deposit() {
    ExtBuilder.build_and_execute(|| {
        assert_ok!(Names::claim(signed(ANN), name("ann"), record("")));
        let give = |to| Names::give(signed(ANN), name("ann"), to);
        assert_noop!(give(NOBODY), TokenError::CannotCreateHold);
        assert_ok!(give(ANN));
        assert_ok!(give(BEN));
        assert_eq!((held(ANN), held(BEN)), (0, BASE));
        assert_noop!(give(ANN), Error::<Test>::NotOwner);
        // Whose it is has the deposit back.
        assert_ok!(Names::release(signed(BEN), name("ann")));
        assert_eq!(Balances::free_balance(BEN), FUNDS + BASE);
    });
}

#[test]
fn only_the_owner_changes_anything() {
    ExtBuilder.build_and_execute(|| {
        let all = |who, text: &str| {
            [
                Names::set_record(signed(who), name(text), record("mine")),
                Names::give(signed(who), name(text), who),
                Names::release(signed(who), name(text)),
            ]
        };
        assert_ok!(Names::claim(signed(ANN), name("ann"), record("")));
        assert_eq!(
            all(BEN, "ann"),
            [(); 3].map(|_| Err(Error::<Test>::NotOwner.into()))
        );
        assert_eq!(
            all(BEN, "ben"),
            [(); 3].map(|_| Err(Error::<Test>::Unknown.into()))
        );
    });
}

/// The invariants would notice.
#[test]
fn a_deposit_without_a_name_or_of_another_amount_is_found() {
    ExtBuilder.build().execute_with(|| {
        assert_ok!(Names::claim(signed(ANN), name("ann"), record("")));
        assert_ok!(Names::do_try_state());
        Stored::<Test>::mutate(name("ann"), |entry| {
            let entry = entry.as_mut().unwrap();
            entry.deposit -= 1;
        });
        assert!(Names::do_try_state().is_err());
    });
}
