// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Properties that hold whatever is done, in whatever order.

use crate::{
    liability::{catch_up, Chunks, Parts},
    mock::*,
    pool::{forget_recent, note_recent, prune_recent, Pool, Recent},
    types::SlashRecord,
    HoldReason,
};
use frame_support::traits::fungible::{Inspect, InspectHold};
use proptest::prelude::*;
use sp_runtime::Perbill;

/// What can be done to a pool.
#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, u128),
    Withdraw(usize, u8),
    Reward(u128),
    Slash(u32, u32),
    Election,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..5usize, 1..1_000_000u128).prop_map(|(who, amount)| Step::Deposit(who, amount)),
        3 => (0..5usize, 1..=100u8).prop_map(|(who, part)| Step::Withdraw(who, part)),
        2 => (0..1_000_000u128).prop_map(Step::Reward),
        2 => (0..12u32, 0..=1_000_000_000u32).prop_map(|(ago, lost)| Step::Slash(ago, lost)),
        3 => Just(Step::Election),
    ]
}

/// A pool with five delegators, beside the sum of what went in and out.
#[derive(Default)]
struct World {
    pool: Pool,
    recent: Recent,
    log: Vec<SlashRecord>,
    shares: [(Parts, usize); 5],
    election: u32,
    paid_in: u128,
    paid_out: u128,
    slashed: u128,
}

impl World {
    fn sync(&mut self, who: usize) {
        let (parts, done) = &mut self.shares[who];
        catch_up(parts, &mut Chunks::default(), &self.log[*done..]);
        *done = self.log.len();
    }

    fn worth(&mut self, who: usize) -> u128 {
        self.sync(who);
        self.pool.worth(self.shares[who].0.total())
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Deposit(who, amount) => {
                self.sync(who);
                // Elections of which nobody can be convicted any more are merged.
                let oldest = self.election.saturating_sub(12);
                self.shares[who].0.merge(oldest);
                let Ok(shares) = self.pool.deposit(amount) else {
                    return;
                };
                prune_recent(&mut self.recent, oldest);
                note_recent(&mut self.recent, self.election + 1, shares).unwrap();
                self.shares[who].0.add(self.election + 1, shares).unwrap();
                self.paid_in += amount;
                assert!(self.worth(who) <= self.paid_in);
            }
            Step::Withdraw(who, part) => {
                self.sync(who);
                let shares = self.shares[who].0.total() * u128::from(part) / 100;
                for part in self.shares[who].0.take(shares) {
                    forget_recent(&mut self.recent, part.since, part.amount);
                    self.paid_out += self.pool.withdraw(part.amount).unwrap();
                }
            }
            Step::Reward(amount) if self.pool.shares > 0 => {
                self.pool.reward(amount).unwrap();
                self.paid_in += amount;
            }
            Step::Reward(_) => {}
            Step::Slash(ago, lost) => {
                let election = self.election.saturating_sub(ago);
                let lost = Perbill::from_parts(lost);
                let before: Vec<_> = (0..5).map(|who| self.worth(who)).collect();
                let older: Vec<u128> = (0..5).map(|who| self.since(who, election)).collect();
                self.slashed += self.pool.slash(&mut self.recent, election, lost);
                self.log.push(SlashRecord { election, lost });
                for who in 0..5 {
                    // Nobody who came later loses, but for rounding of what others have lost.
                    if older[who] == 0 {
                        assert!(self.worth(who) >= before[who]);
                    }
                }
            }
            Step::Election => self.election += 1,
        }
    }

    /// The shares of a delegator that were at stake in an election.
    fn since(&self, who: usize, election: u32) -> u128 {
        let liable = self.shares[who].0.iter().filter(|p| p.since <= election);
        liable.map(|part| part.amount).sum()
    }

    fn check(&mut self) {
        assert_eq!(
            self.pool.balance + self.paid_out + self.slashed,
            self.paid_in,
            "no unit appears or vanishes"
        );
        (0..5).for_each(|who| self.sync(who));
        let shares: u128 = self.shares.iter().map(|(parts, _)| parts.total()).sum();
        assert!(shares <= self.pool.shares, "no more shares than given out");
        let worth: u128 = (0..5).map(|who| self.worth(who)).sum();
        assert!(worth <= self.pool.balance, "no more worth than there is");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_unit_appears_or_vanishes_in_a_pool(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::default();
        for step in steps {
            world.apply(step);
            world.check();
        }
        // Everybody can leave.
        for who in 0..5 {
            world.apply(Step::Withdraw(who, 100));
            assert!(world.shares[who].0.is_empty());
        }
        world.check();
    }

    #[test]
    fn a_deposit_that_is_taken_out_again_gains_nothing(
        balance in 1u128..1 << 100,
        shares in 1u128..1 << 100,
        amount in 1u128..1 << 100,
    ) {
        let mut pool = Pool { balance, shares };
        if let Ok(minted) = pool.deposit(amount) {
            let out = pool.withdraw(minted).unwrap();
            prop_assert!(out <= amount);
            prop_assert_eq!(pool.shares, shares);
            prop_assert!(pool.balance >= balance);
        }
    }
}

/// What anybody can do to the pallet.
#[derive(Clone, Debug)]
enum Act {
    BondExtra(AccountId, u128),
    Unbond(AccountId, u128),
    Rebond(AccountId, u128),
    WithdrawUnbonded(AccountId),
    Validate(AccountId, u32),
    Chill(AccountId),
    Delegate(AccountId, AccountId, u128),
    Undelegate(AccountId, AccountId, u128),
    WithdrawUndelegated(AccountId, AccountId),
    Payout(AccountId),
    ApplySlashes(AccountId, AccountId),
    Convict(AccountId, u32, u64),
    Cancel(u32),
    Certificate(AccountId, u8),
    Time(u32),
    Rotate,
}

fn act() -> impl Strategy<Value = Act> {
    let node = || 1..6u64;
    let delegator = || 10..14u64;
    let amount = || 1..60_000u128;
    prop_oneof![
        1 => (node(), amount()).prop_map(|(n, a)| Act::BondExtra(n, a)),
        1 => (node(), amount()).prop_map(|(n, a)| Act::Unbond(n, a)),
        1 => (node(), amount()).prop_map(|(n, a)| Act::Rebond(n, a)),
        1 => node().prop_map(Act::WithdrawUnbonded),
        1 => (node(), 0..=1_000_000_000u32).prop_map(|(n, c)| Act::Validate(n, c)),
        1 => node().prop_map(Act::Chill),
        3 => (delegator(), node(), amount()).prop_map(|(d, n, a)| Act::Delegate(d, n, a)),
        2 => (delegator(), node(), amount()).prop_map(|(d, n, a)| Act::Undelegate(d, n, a)),
        1 => (delegator(), node()).prop_map(|(d, n)| Act::WithdrawUndelegated(d, n)),
        1 => node().prop_map(Act::Payout),
        1 => (delegator(), node()).prop_map(|(d, n)| Act::ApplySlashes(d, n)),
        // Never the first, who is honest.
        2 => (2..5u64, 0..6u32, 1..50u64).prop_map(|(n, s, w)| Act::Convict(n, s, w)),
        1 => (0..10u32).prop_map(Act::Cancel),
        3 => (node(), any::<u8>()).prop_map(|(n, s)| Act::Certificate(n, s)),
        2 => (0..400u32).prop_map(Act::Time),
        3 => Just(Act::Rotate),
    ]
}

fn perform(act: Act) {
    // Refusals are fine: what is refused changes nothing, as a transaction is rolled back.
    let call = |call: &dyn Fn() -> sp_runtime::DispatchResult| {
        let _ = frame_support::storage::with_storage_layer(call);
    };
    match act {
        Act::BondExtra(n, a) => call(&|| Staking::bond_extra(signed(n), a)),
        Act::Unbond(n, a) => call(&|| Staking::unbond(signed(n), a)),
        Act::Rebond(n, a) => call(&|| Staking::rebond(signed(n), a)),
        Act::WithdrawUnbonded(n) => call(&|| Staking::withdraw_unbonded(signed(n))),
        Act::Validate(n, c) => call(&|| Staking::validate(signed(n), Perbill::from_parts(c))),
        Act::Chill(n) => call(&|| Staking::chill(signed(n))),
        Act::Delegate(d, n, a) => call(&|| Staking::delegate(signed(d), n, a)),
        Act::Undelegate(d, n, a) => call(&|| Staking::undelegate(signed(d), n, a)),
        Act::WithdrawUndelegated(d, n) => call(&|| Staking::withdraw_undelegated(signed(d), n)),
        Act::Payout(n) => call(&|| Staking::payout(signed(9), n)),
        Act::ApplySlashes(d, n) => call(&|| Staking::apply_slashes(signed(9), d, n)),
        Act::Convict(n, ago, w) => {
            convict_of(n, Session::current_index().saturating_sub(ago), w, 100);
        }
        Act::Cancel(s) => call(&|| Staking::cancel_slash(RuntimeOrigin::root(), s)),
        Act::Certificate(n, bits) => {
            block_after(1);
            let all = members().into_iter().enumerate();
            let signers = all.filter(|(i, _)| bits >> (i % 8) & 1 == 1);
            certificate(n, &signers.map(|(_, m)| m).collect::<Vec<_>>());
        }
        Act::Time(seconds) => block_after(seconds),
        Act::Rotate => rotate(),
    }
}

/// All that an account has, free and on hold.
fn total(account: AccountId) -> u128 {
    Balances::total_balance(&account)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Money only comes by what is booked as a reward, and only goes by what is slashed, or to the
    /// rest; and an operator that is not convicted is never slashed, nor who stands behind it alone.
    #[test]
    fn money_is_conserved_and_the_innocent_are_never_slashed(
        acts in prop::collection::vec(act(), 1..120)
    ) {
        let mut ext = ExtBuilder::default().build();
        ext.execute_with(|| {
            Inflation::set(crate::InflationSchedule {
                first: Perbill::one(),
                decay: Perbill::zero(),
                floor: Perbill::one(),
            });
            block_after(0);
            let _ = Staking::bond(signed(5), 15_000);
            let _ = Staking::delegate(signed(20), 1, 12_345);
            let mut minted = 0;
            let start = issuance();
            let innocent = total(1);
            for act in acts {
                perform(act.clone());
                for event in events() {
                    if let crate::Event::SessionRewarded { amount, .. } = event {
                        minted += amount;
                    }
                }
                System::reset_events();
                Staking::do_try_state().unwrap_or_else(|e| panic!("after {act:?}: {e:?}"));
                assert_eq!(issuance() + slashed() + remainder(), start + minted);
                assert!(total(1) >= innocent, "{act:?} took from who did nothing");
                assert!(worth(20, 1) + 1 >= 12_345, "{act:?} took from who stands behind it");
            }
            let held = Balances::balance_on_hold(&HoldReason::Bond.into(), &1);
            assert!(held <= total(1));
        });
    }
}
