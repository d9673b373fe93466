// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Bonds of operators: what is on hold, when it unlocks, and what is refused.

use crate::{mock::*, ActiveSet, ChillReason, Error, Event, HoldReason, Periods};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{InspectHold, Mutate},
};
use hansa_staking_primitives::Seconds;
use sp_runtime::{DispatchError, Perbill, TokenError};

fn held(account: AccountId) -> u128 {
    Balances::balance_on_hold(&HoldReason::Bond.into(), &account)
}

#[test]
fn a_bond_is_on_hold_in_the_own_account() {
    ExtBuilder::default().run(|| {
        assert_noop!(Staking::bond(signed(5), 999), Error::<Test>::TooLittle);
        assert_noop!(
            Staking::bond(signed(5), ENDOWMENT),
            TokenError::FundsUnavailable
        );
        assert_noop!(Staking::bond_extra(signed(5), 1), Error::<Test>::NotBonded);
        assert_ok!(Staking::bond(signed(5), 5_000));
        assert_noop!(
            Staking::bond(signed(5), 5_000),
            Error::<Test>::AlreadyBonded
        );
        assert_ok!(Staking::bond_extra(signed(5), 1));
        assert_noop!(Staking::bond_extra(signed(5), 0), Error::<Test>::TooLittle);
        assert_eq!((held(5), free(5)), (5_001, ENDOWMENT - 5_001));
        assert_eq!(ledger(5).active.total(), 5_001);
        assert_eq!(
            events(),
            [
                Event::Bonded {
                    node: 5,
                    amount: 5_000
                },
                Event::Bonded { node: 5, amount: 1 }
            ]
        );
    });
}

#[test]
fn what_leaves_is_back_after_the_period_and_not_before() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::bond(signed(5), 5_000));
        assert_noop!(Staking::unbond(signed(5), 0), Error::<Test>::NotEnough);
        assert_noop!(Staking::unbond(signed(5), 5_001), Error::<Test>::NotEnough);
        assert_noop!(Staking::unbond(signed(5), 4_001), Error::<Test>::TooLittle);
        assert_ok!(Staking::unbond(signed(5), 2_000));
        session();
        block_after(100);
        assert_ok!(Staking::unbond(signed(5), 3_000));
        let none = Error::<Test>::NothingToWithdraw;
        assert_noop!(Staking::withdraw_unbonded(signed(5)), none);
        session();
        session();
        block_after(1_000 - 400 - 1);
        assert_eq!(now(), 999);
        assert_noop!(
            Staking::withdraw_unbonded(signed(5)),
            Error::<Test>::NothingToWithdraw
        );
        block_after(1);
        assert_ok!(Staking::withdraw_unbonded(signed(5)));
        assert_eq!((held(5), free(5)), (3_000, ENDOWMENT - 3_000));
        block_after(200);
        assert_ok!(Staking::withdraw_unbonded(signed(5)));
        assert_eq!((held(5), free(5)), (0, ENDOWMENT));
        assert!(!crate::Ledgers::<Test>::contains_key(5));
        assert_noop!(
            Staking::withdraw_unbonded(signed(5)),
            Error::<Test>::NotBonded
        );
        // And anew.
        assert_ok!(Staking::bond(signed(5), 1_000));
    });
}

/// The chain's clock, not the wall's: nothing unlocks while no service time passes.
#[test]
fn a_chain_that_stands_still_unlocks_nothing() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::bond(signed(5), 5_000));
        assert_ok!(Staking::unbond(signed(5), 5_000));
        for _ in 0..20 {
            rotate();
        }
        assert_noop!(
            Staking::withdraw_unbonded(signed(5)),
            Error::<Test>::NothingToWithdraw
        );
    });
}

#[test]
fn what_left_in_one_session_is_one_chunk() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::bond(signed(5), 5_000));
        for _ in 0..100 {
            block_after(1);
            assert_ok!(Staking::unbond(signed(5), 10));
        }
        let chunks: Vec<_> = ledger(5).unlocking.iter().copied().collect();
        assert_eq!(chunks.len(), 1);
        assert_eq!((chunks[0].amount, chunks[0].unlocks_at), (1_000, 1_100));
    });
}

#[test]
fn chunks_and_parts_are_bounded() {
    ExtBuilder::default().run(|| {
        EvidenceSessions::set(100);
        assert_ok!(Staking::bond(signed(5), 5_000));
        for i in 0..crate::types::MAX_PARTS - 1 {
            rotate();
            assert_ok!(Staking::bond_extra(signed(5), 10 + u128::from(i)));
        }
        rotate();
        assert_noop!(
            Staking::bond_extra(signed(5), 10),
            Error::<Test>::TooManyParts
        );
        // When nobody looks back any more, they are one.
        EvidenceSessions::set(2);
        for _ in 0..5 {
            rotate();
        }
        assert_ok!(Staking::bond_extra(signed(5), 10));
        assert!(ledger(5).active.iter().count() <= 4);
        for _ in 0..crate::types::MAX_CHUNKS {
            assert_ok!(Staking::unbond(signed(5), 1));
            rotate();
        }
        assert_noop!(Staking::unbond(signed(5), 1), Error::<Test>::TooManyParts);
    });
}

#[test]
fn what_is_bonded_again_counts_as_if_it_had_never_left() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::bond(signed(5), 5_000));
        rotate();
        assert_ok!(Staking::unbond(signed(5), 4_000));
        rotate();
        assert_noop!(Staking::rebond(signed(5), 4_001), Error::<Test>::NotEnough);
        assert_noop!(Staking::rebond(signed(5), 0), Error::<Test>::NotEnough);
        assert_ok!(Staking::rebond(signed(5), 3_000));
        assert_eq!(ledger(5).unlocking.total(), 1_000);
        let parts: Vec<_> = ledger(5).active.iter().copied().collect();
        assert_eq!(parts.len(), 1);
        assert_eq!((parts[0].since, parts[0].amount), (1, 4_000));
    });
}

#[test]
fn nobody_withdraws_while_its_set_decides_or_is_trusted() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), 10_000));
        session();
        session();
        assert_eq!(members(), [1, 2, 3]);
        // No election succeeds any more: the set stays, with what it stands on.
        MinValidators::set(4);
        MaxValidators::set(4);
        assert_ok!(Staking::chill(signed(3)));
        assert_ok!(Staking::unbond(signed(3), 20_000));
        for _ in 0..20 {
            session();
        }
        assert!(members().contains(&3));
        assert_ok!(Staking::withdraw_unbonded(signed(4)));
        assert_noop!(
            Staking::withdraw_unbonded(signed(3)),
            Error::<Test>::NothingToWithdraw
        );
        MinValidators::set(2);
        rotate();
        assert!(members().contains(&3), "elected, not yet in force");
        rotate();
        assert!(!members().contains(&3));
        block_after(PERIODS.trusting - 1);
        assert_noop!(
            Staking::withdraw_unbonded(signed(3)),
            Error::<Test>::NothingToWithdraw
        );
        block_after(1);
        assert_ok!(Staking::withdraw_unbonded(signed(3)));
        assert_eq!(free(3), ENDOWMENT);
    });
}

#[test]
fn who_serves_a_chain_unbonds_nothing() {
    ExtBuilder::default().run(|| {
        Serves::set(Some(4));
        assert_noop!(Staking::unbond(signed(4), 1), Error::<Test>::ServesChain);
        assert_ok!(Staking::unbond(signed(3), 1));
        Serves::set(None);
        assert_ok!(Staking::unbond(signed(4), 1));
    });
}

#[test]
fn a_candidate_keeps_the_least_bond() {
    ExtBuilder::default().run(|| {
        assert_noop!(
            Staking::unbond(signed(4), 10_000),
            Error::<Test>::ChillFirst
        );
        assert_noop!(Staking::unbond(signed(4), 9_500), Error::<Test>::TooLittle);
        assert_ok!(Staking::unbond(signed(4), 9_000));
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), 1_000));
        // A rest that is too small does not come back.
        assert_noop!(Staking::rebond(signed(4), 999), Error::<Test>::TooLittle);
        assert_ok!(Staking::rebond(signed(4), 1_000));
    });
}

#[test]
fn a_node_registers_once_for_the_author_of_the_block() {
    ExtBuilder::default().run(|| {
        let commission = Perbill::from_percent(10);
        let validate = |who| Staking::validate(signed(who), commission);
        assert_noop!(validate(5), Error::<Test>::NotBonded);
        assert_ok!(Staking::bond(signed(5), 5_000));
        assert_ok!(Staking::bond(signed(8), 5_000));
        assert_noop!(validate(8), Error::<Test>::NoKeys);
        set_author(Some(2));
        let before = issuance();
        assert_ok!(validate(5));
        assert_eq!(free(5), ENDOWMENT - 5_000 - 500);
        assert_eq!(free(2), ENDOWMENT - 30_000 + 500);
        assert_eq!(issuance(), before);
        assert_eq!(node(5).commission, commission);
        assert_eq!(
            events()[2..],
            [
                Event::Registered { node: 5, fee: 500 },
                Event::Validating {
                    node: 5,
                    commission
                }
            ]
        );
        // Again: for nothing.
        assert_ok!(Staking::chill(signed(5)));
        assert_ok!(validate(5));
        assert_eq!(free(5), ENDOWMENT - 5_000 - 500);
        // Without an author the rest gets it.
        set_author(None);
        assert_ok!(Staking::bond(signed(6), 5_000));
        assert_ok!(validate(6));
        assert_eq!(remainder(), 500);
        // Who cannot pay is no candidate.
        assert_ok!(Staking::bond(signed(7), 5_000));
        Balances::set_balance(&7, 505);
        assert_noop!(validate(7), TokenError::FundsUnavailable);
    });
}

#[test]
fn chilling_takes_effect_with_the_next_set() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::chill(signed(1)));
        assert_noop!(Staking::chill(signed(1)), Error::<Test>::NotCandidate);
        assert_eq!(
            events(),
            [Event::Chilled {
                node: 1,
                reason: ChillReason::Operator
            }]
        );
        assert!(members().contains(&1));
        rotate();
        rotate();
        assert_eq!(members(), [2, 3, 4]);
        assert_eq!(ActiveSet::<Test>::get().election, 1);
    });
}

#[test]
fn the_admin_sets_the_periods() {
    ExtBuilder::default().run(|| {
        let shorter = Periods {
            unbonding: 10,
            trusting: 5,
            slash_defer: 4,
        };
        assert_noop!(
            Staking::set_periods(signed(1), shorter),
            DispatchError::BadOrigin
        );
        for unsound in [
            Periods {
                trusting: 6,
                ..shorter
            },
            Periods {
                trusting: Seconds::MAX,
                slash_defer: Seconds::MAX,
                ..shorter
            },
        ] {
            assert_noop!(
                Staking::set_periods(RuntimeOrigin::root(), unsound),
                Error::<Test>::UnsoundPeriods
            );
        }
        assert_eq!(Staking::periods(), PERIODS);

        // What has left already stays out for as long as it was told.
        assert_ok!(Staking::bond(signed(5), 5_000));
        assert_ok!(Staking::unbond(signed(5), 1_000));
        assert_ok!(Staking::set_periods(RuntimeOrigin::root(), shorter));
        rotate();
        rotate();
        assert_ok!(Staking::unbond(signed(5), 2_000));
        rotate();
        rotate();
        block_after(shorter.unbonding);
        assert_ok!(Staking::withdraw_unbonded(signed(5)));
        assert_eq!(ledger(5).unlocking.total(), 1_000);
        block_after(PERIODS.unbonding);
        assert_ok!(Staking::withdraw_unbonded(signed(5)));
        assert_eq!(ledger(5).unlocking.total(), 0);
    });
}

#[test]
fn the_admin_sets_how_many_are_elected() {
    ExtBuilder::default().run(|| {
        assert_noop!(
            Staking::set_validator_count(signed(1), 3),
            DispatchError::BadOrigin
        );
        for out_of_range in [0, 1, 5] {
            assert_noop!(
                Staking::set_validator_count(RuntimeOrigin::root(), out_of_range),
                Error::<Test>::ValidatorCountOutOfRange
            );
        }
        assert_ok!(Staking::set_validator_count(RuntimeOrigin::root(), 3));
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3]);
    });
}
