// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Rewards and fees, to the unit.

use crate::{inflation::YEAR, mock::*, AuthorFees, Error, Event, InflationSchedule, RewardedUntil};
use frame_support::{
    assert_noop, assert_ok,
    traits::{fungible::Balanced, OnUnbalanced},
};
use sp_runtime::Perbill;

/// As much new money in a session as there is in the accounts, nearly: so that rounding shows.
fn plenty() {
    Inflation::set(InflationSchedule {
        first: Perbill::one(),
        decay: Perbill::zero(),
        floor: Perbill::one(),
    });
}

#[test]
fn who_signs_is_rewarded_by_weight_and_by_what_it_signed() {
    ExtBuilder::default().run(|| {
        plenty();
        let before = issuance();
        let reward = before * 100 / u128::from(YEAR);
        // 1 signs all, 2 nothing, 3 and 4 half.
        block_after(SESSION);
        certificate(1, &[1, 3, 4]);
        block_after(0);
        certificate(2, &[1]);
        let expected = Staking::expected_reward(1);
        rotate();
        let total: u128 = set().iter().map(|(_, w)| u128::from(*w)).sum();
        let of = |weight: u128| reward * weight / total;
        assert_eq!(node(1).earned, of(299_999));
        assert_eq!(node(2).earned, 0);
        assert_eq!(node(3).earned, of(200_000) / 2);
        assert_eq!(node(4).earned, of(100_000) / 2);
        let earned: u128 = (1..5).map(|who| node(who).earned).sum();
        assert_eq!(issuance(), before + earned);
        assert_eq!(expected.session, node(1).earned);
        assert_eq!(Staking::expected_reward(1).unpaid, node(1).earned);
        assert!(events().contains(&Event::SessionRewarded {
            session: 0,
            amount: earned,
            certificates: 2
        }));
    });
}

#[test]
fn a_reward_is_shared_after_the_commission_pro_rata() {
    ExtBuilder::default().run(|| {
        plenty();
        assert_ok!(Staking::validate(signed(1), Perbill::from_percent(10)));
        assert_ok!(Staking::delegate(signed(10), 1, 120_000));
        session_signed_by(&[1]);
        let earned = node(1).earned;
        assert!(earned > 1_000);
        let (operator, total) = (free(1), issuance());
        assert_ok!(Staking::payout(signed(9), 1));
        assert_noop!(Staking::payout(signed(9), 1), Error::<Test>::NothingEarned);
        let commission = earned.div_ceil(10);
        let pool = (earned - commission) * 120_000 / 160_000;
        assert_eq!(node(1).pool.balance, 120_000 + pool);
        assert_eq!(free(1), operator + earned - pool);
        assert_eq!(worth(10, 1), 120_000 + pool);
        assert_eq!(issuance(), total);
        assert_eq!(
            events().last(),
            Some(&Event::PaidOut {
                node: 1,
                operator: earned - pool,
                pool
            })
        );
    });
}

#[test]
fn who_comes_late_has_no_part_in_what_was_earned() {
    ExtBuilder::default().run(|| {
        plenty();
        assert_ok!(Staking::delegate(signed(10), 1, 40_000));
        session_signed_by(&[1]);
        assert_ok!(Staking::delegate(signed(11), 1, 1_000_000));
        assert!(worth(11, 1) <= 1_000_000);
        assert!(worth(10, 1) > 40_000);
        // Nor does a commission that is raised afterwards.
        session_signed_by(&[1]);
        let before = worth(10, 1);
        assert_ok!(Staking::validate(signed(1), Perbill::one()));
        assert_eq!(worth(10, 1), before);
        session_signed_by(&[1]);
        assert_eq!(worth(10, 1), before);
    });
}

#[test]
fn a_session_without_certificates_rewards_nobody_and_the_next_makes_up_for_it() {
    ExtBuilder::default().run(|| {
        plenty();
        session();
        assert_eq!(RewardedUntil::<Test>::get(), 0);
        let before = issuance();
        session_signed_by(&[1, 2, 3, 4]);
        let reward = before * 200 / u128::from(YEAR);
        assert!(issuance() - before <= reward && issuance() - before + 4 >= reward);
        assert_eq!(RewardedUntil::<Test>::get(), 200);
    });
}

#[test]
fn an_operator_whose_account_is_gone_stops_nobody() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 4, 1_000_000));
        rotate();
        rotate();
        crate::Nodes::<Test>::mutate(4, |node| node.earned = 105);
        mint_reward(105);
        // Its bond is slashed, and the rest of the account is gone.
        convict_of(4, 2, 100, 100);
        session();
        session();
        session();
        assert_eq!(free(4), ENDOWMENT - 10_000 + 2);
        assert_ok!(Session::purge_keys(signed(4)));
        assert_ok!(Balances::transfer_all(signed(4), 9, false));
        assert_eq!(free(4), 0);
        crate::Nodes::<Test>::mutate(4, |node| node.earned = 5);
        mint_reward(5);
        assert_ok!(Staking::payout(signed(9), 4));
        assert_eq!((node(4).earned, free(4), remainder()), (0, 0, 5));
    });
}

#[test]
fn the_rate_falls_by_year_to_its_floor() {
    let schedule = InflationSchedule {
        first: Perbill::from_percent(10),
        decay: Perbill::from_percent(10),
        floor: Perbill::from_percent(2),
    };
    assert_eq!(schedule.rate(0), Perbill::from_percent(10));
    assert_eq!(schedule.rate(YEAR - 1), Perbill::from_percent(10));
    assert_eq!(schedule.rate(YEAR), Perbill::from_percent(9));
    assert_eq!(schedule.rate(2 * YEAR), Perbill::from_parts(81_000_000));
    assert_eq!(schedule.rate(50 * YEAR), Perbill::from_percent(2));
    assert_eq!(schedule.rate(u32::MAX), Perbill::from_percent(2));
    assert_eq!(schedule.between(0, YEAR, 1_000), 100);
    assert_eq!(schedule.between(0, YEAR / 2, 1_000), 50);
    assert_eq!(schedule.between(5, 5, u128::MAX), 0);
    assert_eq!(schedule.between(9, 5, 1_000), 0);
    assert!(schedule.between(0, YEAR, u128::MAX) > u128::MAX / 11);
    assert_eq!(InflationSchedule::default().between(0, YEAR, u128::MAX), 0);
}

#[test]
fn the_author_gets_its_share_of_fees() {
    ExtBuilder::default().run(|| {
        let before = issuance();
        set_author(Some(3));
        let credit = || Balances::issue(1_001);
        AuthorFees::<Test>::on_unbalanced(credit());
        assert_eq!(free(3), ENDOWMENT - 20_000 + 800);
        assert_eq!(remainder(), 201);
        // No author, or one that does not exist and would not with this: all to the rest.
        set_author(None);
        AuthorFees::<Test>::on_unbalanced(credit());
        assert_eq!(remainder(), 201 + 1_001);
        set_author(Some(99));
        AuthorFees::<Test>::on_unbalanced(Balances::issue(10));
        assert_eq!(remainder(), 201 + 1_001 + 10);
        assert_eq!(issuance(), before + 800);
    });
}
