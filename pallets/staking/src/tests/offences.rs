// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What an offence costs, whom, and when.

use crate::{
    mock::*, types::Scope, ChillReason, Error, Event, OffendingWeight, PendingSlashes, Slashes,
};
use frame_support::{assert_noop, assert_ok};
use hansa_pbft_primitives::{ForeignConviction, ForeignOffences};
use hansa_staking_primitives::NodeStake;
use sp_runtime::{DispatchError, Perbill};

/// Convict of an offence that costs a half: 0.7071² of three times the weight.
fn convict_half(offender: AccountId, session: u32) {
    convict_of(offender, session, 23_570_226, 100_000_000);
}

const HALF: Perbill = Perbill::from_parts(499_999_995);

fn half(amount: u128) -> u128 {
    amount - (Perbill::one() - Perbill::from_parts(fraction())).mul_floor(amount)
}

fn fraction() -> u32 {
    crate::slash::fraction(23_570_226, 100_000_000, Perbill::zero()).deconstruct()
}

/// Let all slashes come due, and apply one a block.
fn apply_slashes() {
    block_after(Staking::periods().slash_defer);
    for _ in 0..10 {
        block_after(0);
    }
    assert_eq!(PendingSlashes::<Test>::iter().count(), 0);
}

#[test]
fn half_is_half() {
    assert!(fraction().abs_diff(HALF.deconstruct()) < 100);
}

#[test]
fn an_offender_leaves_at_once_and_is_slashed_later() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 4, 5_000));
        rotate();
        rotate();
        convict(4, 2);
        assert_eq!(
            events()[events().len() - 2..],
            [
                Event::Chilled {
                    node: 4,
                    reason: ChillReason::Offence
                },
                Event::SlashDeferred {
                    slash: 0,
                    node: 4,
                    scope: Scope::Session(2),
                    due_at: 200
                }
            ]
        );
        // The session ends with the next block, and the next when the queued set is in force.
        block_after(0);
        rotate();
        assert_eq!(members(), [1, 2, 3]);
        block_after(199);
        block_after(1);
        assert_eq!(slashed(), 0);
        block_after(0);
        // By its weight, of the bond and of the delegation.
        let event = events().into_iter().next_back();
        let Some(Event::NodeSlashed {
            lost, bond, pool, ..
        }) = event
        else {
            panic!("no slash: {event:?}");
        };
        let fraction = crate::slash::fraction(142_857, 928_570, Perbill::zero());
        assert_eq!(lost, fraction);
        assert_eq!((bond, pool), (2_131, 1_066));
        assert_eq!(slashed(), bond + pool);
        assert_eq!(worth(10, 4), 5_000 - pool);
        assert_eq!(ledger(4).active.total(), 10_000 - bond);
    });
}

#[test]
fn a_third_loses_everything_and_the_others_nothing() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 1, 7_000));
        assert_ok!(Staking::delegate(signed(10), 2, 7_000));
        rotate();
        rotate();
        let session = Session::current_index();
        // Two of them weigh more than a third, and each loses all.
        convict(1, session);
        convict(3, session);
        apply_slashes();
        assert_eq!(slashed(), 40_000 + 7_000 + 20_000);
        assert_eq!((worth(10, 1), worth(10, 2)), (0, 7_000));
        assert_eq!(ledger(2).active.total(), 30_000);
        assert!(ledger(1).active.is_empty() && ledger(3).active.is_empty());
    });
}

#[test]
fn a_slash_can_be_cancelled_until_it_is_applied() {
    ExtBuilder::default().run(|| {
        rotate();
        convict(1, 1);
        convict(3, 1);
        let cancel = |slash| Staking::cancel_slash(RuntimeOrigin::root(), slash);
        let by_user = Staking::cancel_slash(signed(1), 0);
        assert_eq!(by_user, Err(DispatchError::BadOrigin));
        assert_noop!(cancel(2), Error::<Test>::NoSuchSlash);
        assert_ok!(cancel(0));
        assert_noop!(cancel(0), Error::<Test>::NoSuchSlash);
        apply_slashes();
        assert_noop!(cancel(1), Error::<Test>::NoSuchSlash);
        assert_eq!(ledger(1).active.total(), 40_000);
        // Who was pardoned does not count for the other either.
        let alone = crate::slash::fraction(200_000, 899_998, Perbill::zero());
        assert_eq!(
            slashed(),
            20_000 - (Perbill::one() - alone).mul_floor(20_000u128)
        );
    });
}

#[test]
fn what_was_at_stake_is_liable_wherever_it_is_and_nothing_else() {
    ExtBuilder::default().run(|| {
        // Left before the election, at stake in it, left after it, came after it.
        assert_ok!(Staking::bond_extra(signed(4), 1_000));
        assert_ok!(Staking::delegate(signed(10), 4, 1_000));
        assert_ok!(Staking::delegate(signed(11), 4, 4_000));
        assert_ok!(Staking::delegate(signed(12), 4, 2_000));
        rotate();
        assert_ok!(Staking::unbond(signed(4), 1_000));
        assert_ok!(Staking::undelegate(signed(10), 4, 1_000));
        rotate();
        rotate();
        let session = Session::current_index();
        assert_eq!(crate::SessionElections::<Test>::get(session), Some(2));
        assert_ok!(Staking::unbond(signed(4), 3_000));
        assert_ok!(Staking::undelegate(signed(12), 4, 2_000));
        rotate();
        assert_ok!(Staking::bond_extra(signed(4), 500));
        assert_ok!(Staking::delegate(signed(13), 4, 8_000));
        assert_ok!(Staking::delegate(signed(11), 4, 600));

        convict_half(4, session);
        assert_noop!(
            Staking::delegate(signed(13), 4, 8_000),
            Error::<Test>::SlashPending
        );
        apply_slashes();
        let bond = half(7_000) + half(3_000);
        let pool = half(4_000);
        assert!(slashed().abs_diff(bond + pool) <= 1, "{}", slashed());
        assert_eq!(ledger(4).active.total(), 10_000 - 3_000 - half(7_000) + 500);
        assert_eq!(ledger(4).unlocking.total(), 1_000 + 3_000 - half(3_000));
        assert!(worth(13, 4).abs_diff(8_000) <= 1);
        assert!(worth(11, 4).abs_diff(4_000 - half(4_000) + 600) <= 1);
        // What is on its way out pays when somebody asks for it.
        assert_noop!(
            Staking::apply_slashes(signed(9), 14, 4),
            Error::<Test>::NoDelegation
        );
        assert_ok!(Staking::apply_slashes(signed(9), 12, 4));
        assert_noop!(
            Staking::apply_slashes(signed(9), 12, 4),
            Error::<Test>::NothingToApply
        );
        assert_eq!(position(12, 4).unlocking.total(), 2_000 - half(2_000));
        assert_ok!(Staking::apply_slashes(signed(9), 10, 4));
        assert_eq!(position(10, 4).unlocking.total(), 1_000);
        let view = Staking::ledger(12).delegations[0].unlocking[0];
        assert_eq!(view.amount, 2_000 - half(2_000));
        // All of it comes back, once.
        session_loop(12);
        assert_ok!(Staking::withdraw_undelegated(signed(12), 4));
        assert_ok!(Staking::withdraw_undelegated(signed(10), 4));
        assert_eq!(free(12), ENDOWMENT - half(2_000));
        assert_eq!(free(10), ENDOWMENT);
    });
}

fn session_loop(sessions: u32) {
    for _ in 0..sessions {
        session();
    }
}

#[test]
fn what_left_right_after_its_last_election_is_liable_for_that_one() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 4, 2_000));
        rotate();
        rotate();
        assert_eq!(crate::LastElection::<Test>::get(), 2);
        assert_ok!(Staking::unbond(signed(4), 3_000));
        assert_ok!(Staking::undelegate(signed(10), 4, 2_000));
        rotate();
        let session = Session::current_index();
        assert_eq!(crate::SessionElections::<Test>::get(session), Some(2));
        convict_half(4, session);
        apply_slashes();
        assert_ok!(Staking::apply_slashes(signed(9), 10, 4));
        assert_eq!(slashed(), half(7_000) + half(3_000) + half(2_000));
    });
}

#[test]
fn nothing_is_withdrawn_while_a_slash_waits() {
    ExtBuilder::default().run(|| {
        assert_ok!(Staking::delegate(signed(10), 4, 1_000));
        rotate();
        assert_ok!(Staking::chill(signed(4)));
        assert_ok!(Staking::unbond(signed(4), 10_000));
        assert_ok!(Staking::undelegate(signed(10), 4, 1_000));
        session_loop(12);
        crate::CurrentPeriods::<Test>::mutate(|periods| periods.slash_defer = 900);
        let session = Session::current_index();
        crate::SessionElections::<Test>::insert(session, 0);
        convict_half(4, session);
        let pending = Error::<Test>::SlashPending;
        assert_noop!(Staking::withdraw_unbonded(signed(4)), pending);
        assert_noop!(
            Staking::withdraw_undelegated(signed(10), 4),
            Error::<Test>::SlashPending
        );
        assert_noop!(
            Staking::validate(signed(4), Perbill::zero()),
            Error::<Test>::NotBonded
        );
        apply_slashes();
        assert_ok!(Staking::withdraw_unbonded(signed(4)));
        assert_ok!(Staking::withdraw_undelegated(signed(10), 4));
        assert_eq!(free(4), ENDOWMENT - half(10_000));
        // The delegation came for the next election only.
        assert_eq!(free(10), ENDOWMENT);
    });
}

#[test]
fn what_is_bonded_again_stays_liable() {
    ExtBuilder::default().run(|| {
        rotate();
        assert_ok!(Staking::unbond(signed(4), 5_000));
        rotate();
        assert_ok!(Staking::rebond(signed(4), 5_000));
        convict_half(4, 1);
        apply_slashes();
        assert_eq!(slashed(), half(10_000));
    });
}

#[test]
fn an_offence_in_a_set_that_staking_did_not_elect_only_chills() {
    ExtBuilder::default().run(|| {
        convict(4, 77);
        assert_eq!(
            events()[1],
            Event::NothingToSlash {
                node: 4,
                scope: Scope::Session(77)
            }
        );
        apply_slashes();
        assert_eq!(slashed(), 0);
        // It may come back.
        assert_ok!(Staking::validate(signed(4), Perbill::zero()));
    });
}

#[test]
fn an_offender_may_come_back_when_it_has_paid() {
    ExtBuilder::default().run(|| {
        rotate();
        convict_half(4, 1);
        assert_noop!(
            Staking::validate(signed(4), Perbill::zero()),
            Error::<Test>::SlashPending
        );
        apply_slashes();
        assert_ok!(Staking::validate(signed(4), Perbill::zero()));
    });
}

#[test]
fn after_many_slashes_the_whole_pool_pays() {
    ExtBuilder::default().run(|| {
        EvidenceSessions::set(200);
        assert_ok!(Staking::delegate(signed(10), 4, 1_000_000));
        for session in 1..=40 {
            rotate();
            convict_of(4, session, 1, 30);
        }
        apply_slashes_until_done();
        assert_eq!(Slashes::<Test>::get(4).len(), 32);
        assert!(worth(10, 4) < 1_000_000 * 7 / 10);
        assert_ok!(Staking::undelegate(
            signed(10),
            4,
            position_shares_caught_up(10, 4)
        ));
        assert!(position(10, 4).shares.is_empty());
    });
}

fn apply_slashes_until_done() {
    block_after(Staking::periods().slash_defer);
    for _ in 0..60 {
        block_after(0);
    }
    assert_eq!(PendingSlashes::<Test>::iter().count(), 0);
}

fn position_shares_caught_up(delegator: AccountId, node: AccountId) -> u128 {
    Staking::ledger(delegator)
        .delegations
        .into_iter()
        .find(|view| view.node == node)
        .map_or(0, |view| view.shares)
}

#[test]
fn what_is_kept_of_sessions_is_forgotten() {
    ExtBuilder::default().run(|| {
        rotate();
        convict_half(4, 1);
        apply_slashes();
        assert!(OffendingWeight::<Test>::contains_key(Scope::Session(1)));
        session_loop(20);
        assert_eq!(OffendingWeight::<Test>::iter().count(), 0);
        assert_eq!(crate::SessionElections::<Test>::iter().count(), 6);
        // The trusting period is three sessions.
        assert!(crate::InForceSince::<Test>::iter().count() <= 5);
        assert_eq!(
            crate::OldestSession::<Test>::get(),
            Some(Session::current_index() - 5)
        );
    });
}

fn convict_on(set: u64, offender: AccountId, stake: u32) {
    Staking::on_foreign_offence(&ForeignConviction {
        chain: 5,
        set,
        offender,
        weight: 1,
        total_weight: 4,
        stake,
    });
}

fn on_chain(set: u64) -> Scope {
    Scope::Chain { chain: 5, set }
}

/// Four candidates; only three are in the hub's set, and the fourth offends on a chain.
#[test]
fn an_offence_on_another_chain_costs_what_was_at_stake_when_its_set_was_assigned() {
    ExtBuilder::default().run(|| {
        rotate();
        let stake = Staking::stake_index();
        // Later than the set, so not liable for what is done in it.
        assert_ok!(Staking::bond_extra(signed(4), 7_000));
        let at_stake = ledger(4).active.total() - 7_000;
        convict_on(2, 4, stake);
        assert!(!Staking::is_candidate(&4));
        assert_eq!(
            events().last(),
            Some(&Event::SlashDeferred {
                slash: 0,
                node: 4,
                scope: on_chain(2),
                due_at: 200
            })
        );
        apply_slashes();
        let kept = Perbill::one() - crate::slash::fraction(1, 4, Perbill::zero());
        assert_eq!(slashed(), at_stake - kept.mul_floor(at_stake));
        assert_eq!(ledger(4).active.total(), 7_000 + kept.mul_floor(at_stake));
    });
}

#[test]
fn who_offends_together_in_one_set_of_a_chain_loses_more() {
    ExtBuilder::default().run(|| {
        let stake = Staking::stake_index();
        convict_on(2, 3, stake);
        convict_on(2, 4, stake);
        // Another set is another matter.
        convict_on(3, 2, stake);
        let weight = |set| OffendingWeight::<Test>::get(on_chain(set)).map(|sum| sum.weight);
        assert_eq!((weight(2), weight(3)), (Some(2), Some(1)));
        let lost = |weight| crate::slash::fraction(weight, 4, Perbill::zero());
        assert!(lost(2) > lost(1));
        block_after(Staking::periods().slash_defer);
        let mut slashed = std::collections::BTreeMap::new();
        for _ in 0..4 {
            block_after(0);
            for event in events() {
                if let Event::NodeSlashed { node, lost, .. } = event {
                    slashed.insert(node, lost);
                }
            }
        }
        let of = |who| slashed.get(&who).copied();
        assert_eq!((of(4), of(2)), (Some(lost(2)), Some(lost(1))));
    });
}

#[test]
fn a_set_of_a_chain_is_forgotten_with_its_last_slash() {
    ExtBuilder::default().run(|| {
        convict_on(2, 4, Staking::stake_index());
        Staking::forget_set(5, 2);
        assert!(OffendingWeight::<Test>::contains_key(on_chain(2)));
        apply_slashes();
        assert!(!OffendingWeight::<Test>::contains_key(on_chain(2)));
        convict_on(3, 3, Staking::stake_index());
        apply_slashes();
        assert!(OffendingWeight::<Test>::contains_key(on_chain(3)));
        Staking::forget_set(5, 3);
        assert!(!OffendingWeight::<Test>::contains_key(on_chain(3)));
    });
}
