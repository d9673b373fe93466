// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and hooks.
//!
//! What depends on the size of the set is measured over that. What must not depend on how many nodes
//! and delegators there are is measured among [`MANY`] of both; the benchmarks that are run with
//! `--extra` only vary their number, so that the slope that comes out is the proof.

use super::*;
use crate::{
    pool::note_recent,
    types::{CertificateRecord, Elected, Member, SlashRecord, MAX_CHUNKS, MAX_PARTS, MAX_SLASHES},
};
use alloc::{boxed::Box, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{Inspect, Mutate, MutateHold},
        Authorize, EnsureOrigin, Get, ValidatorRegistration,
    },
    BoundedVec,
};
use frame_system::RawOrigin;
use hansa_beacon_primitives::{OnBeacon, OnFreeze};
use hansa_pbft_primitives::{
    Conviction, Height, OffenceKind, OnCertificate, OnOffence, SignedStatement, SignerBitmap,
    MAX_AUTHORITIES,
};
use pallet_session::SessionManager;
use sp_runtime::{traits::BlockNumberProvider, transaction_validity::TransactionSource, Perbill};

/// What benchmarks need of the runtime.
pub trait BenchmarkHelper<AccountId> {
    /// Give an account session keys.
    fn set_keys(node: &AccountId);

    /// Let a set of these accounts decide, in their order, and have decided the block at `height`;
    /// return the last one's Commit for it.
    fn commit(members: &[AccountId], height: Height) -> SignedStatement;
}

/// How many candidates, and delegations to the node in question, there are.
const MANY: u32 = 100;

/// The height of the certificate to which a Commit is added.
const HEIGHT: Height = 1;

fn check<E: core::fmt::Debug>(result: Result<(), E>) -> Result<(), BenchmarkError> {
    result.map_err(|error| {
        log::error!(target: LOG_TARGET, "a benchmark cannot be set up: {error:?}");
        BenchmarkError::Stop("a benchmark cannot be set up")
    })
}

/// An account with plenty.
fn rich<T: Config>(name: &'static str, i: u32) -> T::AccountId {
    let who: T::AccountId = account(name, i, 0);
    let least = T::Currency::minimum_balance()
        .saturating_add(T::MinBond::get())
        .saturating_add(T::MinDelegation::get())
        .saturating_add(T::RegistrationFee::get());
    T::Currency::set_balance(&who, least.saturating_mul(10_000));
    who
}

/// A candidate with a bond that is larger for larger `i`.
fn candidate<T: Config>(i: u32) -> Result<T::AccountId, BenchmarkError> {
    let who = rich::<T>("node", i);
    T::BenchmarkHelper::set_keys(&who);
    let bond = T::MinBond::get().saturating_mul(2).saturating_add(i.into());
    check(Pallet::<T>::do_bond(who.clone(), bond))?;
    check(Pallet::<T>::do_validate(
        who.clone(),
        Perbill::from_percent(5),
    ))?;
    Ok(who)
}

/// `n` candidates, and `n` delegations to the one that is returned, which has earned something and
/// has shares of each election that is counted.
fn world<T: Config>(n: u32) -> Result<T::AccountId, BenchmarkError> {
    check(Pallet::<T>::endow_pot())?;
    for i in 0..n {
        candidate::<T>(i)?;
    }
    let node = candidate::<T>(n)?;
    for i in 0..n {
        let who = rich::<T>("other", i);
        check(Pallet::<T>::do_delegate(
            who,
            node.clone(),
            delegation::<T>(),
        ))?;
    }
    earn::<T>(&node)?;
    Ok(node)
}

fn delegation<T: Config>() -> Balance {
    T::MinDelegation::get().saturating_mul(10)
}

/// Let a node have earned what is not shared out.
fn earn<T: Config>(node: &T::AccountId) -> Result<(), BenchmarkError> {
    let amount = T::Currency::minimum_balance().saturating_mul(1_000);
    let pot = Pallet::<T>::pot();
    check(T::Currency::mint_into(&pot, amount).map(|_| ()))?;
    check(T::Currency::hold(&HoldReason::Reward.into(), &pot, amount))?;
    Nodes::<T>::mutate(node, |state| state.earned = amount);
    Ok(())
}

/// Let elections pass, so that what is staked next counts for another one.
fn election<T: Config>() {
    LastElection::<T>::mutate(|last| *last = last.saturating_add(1));
}

/// A delegation to `node` with as many parts and chunks as fit but `room`, and as many slashes to
/// be applied.
fn worst_position<T: Config>(
    node: &T::AccountId,
    room: u32,
) -> Result<T::AccountId, BenchmarkError> {
    let who = rich::<T>("delegator", 0);
    for _ in 0..MAX_CHUNKS.saturating_sub(room) {
        check(Pallet::<T>::do_delegate(
            who.clone(),
            node.clone(),
            delegation::<T>(),
        ))?;
        check(Pallet::<T>::do_undelegate(
            who.clone(),
            node.clone(),
            T::MinDelegation::get().min(1),
        ))?;
        election::<T>();
        let parts = Positions::<T>::get(&who, node).unwrap_or_default();
        if parts.shares.iter().count() as u32 >= MAX_PARTS.saturating_sub(2) {
            break;
        }
    }
    for _ in 0..MAX_CHUNKS.saturating_sub(room) {
        if Positions::<T>::get(&who, node)
            .unwrap_or_default()
            .unlocking
            .iter()
            .count() as u32
            >= MAX_CHUNKS.saturating_sub(room)
        {
            break;
        }
        check(Pallet::<T>::do_undelegate(who.clone(), node.clone(), 1))?;
        election::<T>();
    }
    fill_recent::<T>(node);
    Ok(who)
}

/// Let a node's pool have shares of every election that can be counted, of which the shares that
/// nobody has are taken as given out.
fn fill_recent<T: Config>(node: &T::AccountId) {
    let from = LastElection::<T>::get().saturating_add(2);
    LastElection::<T>::put(from.saturating_add(T::EvidenceSessions::get()));
    RecentShares::<T>::mutate(node, |recent| {
        for election in from..from.saturating_add(T::EvidenceSessions::get()) {
            let _ = note_recent(recent, election, 1);
        }
    });
    Nodes::<T>::mutate(node, |state| {
        let more = Balance::from(T::EvidenceSessions::get());
        state.pool.shares = state.pool.shares.saturating_add(more);
    });
}

/// As many slashes of a node as are told apart, which take next to nothing.
fn fill_slashes<T: Config>(node: &T::AccountId, room: u32) {
    let record = SlashRecord {
        election: LastElection::<T>::get(),
        lost: Perbill::from_parts(1),
    };
    let records = alloc::vec![record; MAX_SLASHES.saturating_sub(room) as usize];
    Slashes::<T>::insert(node, BoundedVec::truncate_from(records));
}

/// Let a set of `n` decide, each of which has earned something, and return its members.
fn decide<T: Config>(n: u32) -> Result<Vec<T::AccountId>, BenchmarkError> {
    check(Pallet::<T>::endow_pot())?;
    let mut nodes = (0..n)
        .map(candidate::<T>)
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    nodes.sort();
    let members = nodes
        .iter()
        .map(|node| Member {
            node: node.clone(),
            weight: 1,
        })
        .collect();
    ActiveSet::<T>::put(Elected {
        election: LastElection::<T>::get(),
        session: 0,
        members: BoundedVec::truncate_from(members),
    });
    Pallet::<T>::reset_tallies(n as usize);
    Ok(nodes)
}

/// A certificate, reported by the first of `nodes`, in which the last is missing.
fn certificate<T: Config>(nodes: &[T::AccountId]) {
    let signers = SignerBitmap::new(nodes.len(), 0..nodes.len().saturating_sub(1) as u16);
    let active = ActiveSet::<T>::get();
    if let Some(first) = nodes.first() {
        Pallet::<T>::note_certificate(first, &active, signers.clone());
        Certificates::<T>::insert(
            HEIGHT,
            CertificateRecord {
                reporter: first.clone(),
                election: active.election,
                signers,
            },
        );
    }
}

/// Convict a node of an offence in the set of the last election.
fn convict<T: Config>(node: &T::AccountId) {
    SessionElections::<T>::insert(0, LastElection::<T>::get());
    Pallet::<T>::on_offence(&Conviction {
        offender: node.clone(),
        session: 0,
        height: HEIGHT,
        kind: OffenceKind::Equivocation,
        weight: 1,
        total_weight: 6,
    });
}

/// Let time pass until everything that waits is due.
fn let_time_pass<T: Config>() {
    let periods = Pallet::<T>::periods();
    let long = (periods.unbonding)
        .saturating_add(periods.trusting)
        .saturating_add(periods.slash_defer);
    T::ServiceClock::set_block_number(Pallet::<T>::now().saturating_add(long));
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn on_initialize_without_slash() {
        SlashQueue::<T>::put((0, 100));
        #[block]
        {
            let _ = Pallet::<T>::apply_due_slash();
        }
        assert_eq!(SlashQueue::<T>::get().0, 16);
    }

    #[benchmark]
    fn on_initialize_with_slash() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        fill_recent::<T>(&node);
        fill_slashes::<T>(&node, 1);
        convict::<T>(&node);
        let_time_pass::<T>();
        #[block]
        {
            let _ = Pallet::<T>::apply_due_slash();
        }
        assert_eq!(Slashes::<T>::get(&node).len() as u32, MAX_SLASHES);
        Ok(())
    }

    #[benchmark]
    fn on_offence() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        #[block]
        {
            convict::<T>(&node);
        }
        assert!(!Pallet::<T>::is_candidate_node(&node));
        Ok(())
    }

    #[benchmark]
    fn new_session(n: Linear<4, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        Elects::<T>::put(true);
        for i in 0..n {
            candidate::<T>(i)?;
        }
        let elected;
        #[block]
        {
            // Where elections are frozen, the freeze weighs as much as an election at a session's end.
            Pallet::<T>::on_freeze(0);
            Pallet::<T>::on_beacon(1, &Default::default());
            elected = <Pallet<T> as SessionManager<T::AccountId>>::new_session(5);
        }
        assert!(elected.is_some());
        Ok(())
    }

    #[benchmark]
    fn end_session(n: Linear<4, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let nodes = decide::<T>(n)?;
        // Everybody has reported, and half of them are silent.
        for node in &nodes {
            let active = ActiveSet::<T>::get();
            let signers = SignerBitmap::new(nodes.len(), 0..(n / 2) as u16);
            Pallet::<T>::note_certificate(node, &active, signers);
        }
        let_time_pass::<T>();
        #[block]
        {
            <Pallet<T> as SessionManager<T::AccountId>>::end_session(0);
        }
        assert_eq!(SessionTallies::<T>::get().certificates, 0);
        Ok(())
    }

    #[benchmark]
    fn on_certificate(n: Linear<4, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let nodes = decide::<T>(n)?;
        #[block]
        {
            let members = nodes.iter().map(|node| (node, true));
            Pallet::<T>::on_certificate(nodes.first(), members);
        }
        assert_eq!(SessionTallies::<T>::get().certificates, 1);
        Ok(())
    }

    #[benchmark]
    fn bond() {
        let who = rich::<T>("node", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), T::MinBond::get());
        assert!(Ledgers::<T>::contains_key(&who));
    }

    #[benchmark]
    fn bond_extra() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let more = T::MinBond::get().saturating_mul(100);
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()), more);
        assert!(Pallet::<T>::own_stake_of(&node) > more);
        Ok(())
    }

    #[benchmark]
    fn unbond() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let amount = T::MinBond::get();
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()), amount);
        assert!(Pallet::<T>::own_stake_of(&node) >= amount);
        Ok(())
    }

    #[benchmark]
    fn rebond() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let amount = T::MinBond::get();
        check(Pallet::<T>::do_unbond(node.clone(), amount))?;
        earn::<T>(&node)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()), amount);
        assert!(Pallet::<T>::own_stake_of(&node) > amount);
        Ok(())
    }

    #[benchmark]
    fn withdraw_unbonded() -> Result<(), BenchmarkError> {
        let node = candidate::<T>(MAX_CHUNKS)?;
        for _ in 0..MAX_CHUNKS {
            check(Pallet::<T>::do_unbond(node.clone(), 1))?;
            election::<T>();
        }
        let_time_pass::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()));
        assert!(Ledgers::<T>::get(&node).is_some_and(|ledger| ledger.unlocking.is_empty()));
        Ok(())
    }

    #[benchmark]
    fn validate() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let _ = Pallet::<T>::chill_node(&node, ChillReason::Operator);
        Registered::<T>::remove(&node);
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()), Perbill::one());
        assert!(Pallet::<T>::is_candidate_node(&node));
        Ok(())
    }

    #[benchmark]
    fn chill() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()));
        assert!(!Pallet::<T>::is_candidate_node(&node));
        Ok(())
    }

    #[benchmark]
    fn purge_keys() -> Result<(), BenchmarkError> {
        let node = rich::<T>("purger", 0);
        T::BenchmarkHelper::set_keys(&node);
        #[extrinsic_call]
        _(RawOrigin::Signed(node.clone()));
        assert!(!T::SessionKeys::is_registered(&node));
        Ok(())
    }

    #[benchmark]
    fn delegate() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let who = worst_position::<T>(&node, 1)?;
        fill_slashes::<T>(&node, 0);
        let amount = T::MinBond::get().saturating_mul(100);
        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), node.clone(), amount);
        assert!(Positions::<T>::get(&who, &node).is_some());
        Ok(())
    }

    #[benchmark]
    fn undelegate() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let who = worst_position::<T>(&node, MAX_PARTS)?;
        let position = Positions::<T>::get(&who, &node).unwrap_or_default();
        earn::<T>(&node)?;
        #[extrinsic_call]
        _(
            RawOrigin::Signed(who.clone()),
            node.clone(),
            position.shares.total(),
        );
        let position = Positions::<T>::get(&who, &node).unwrap_or_default();
        assert!(position.shares.is_empty());
        Ok(())
    }

    #[benchmark]
    fn withdraw_undelegated() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let who = worst_position::<T>(&node, 0)?;
        fill_slashes::<T>(&node, 0);
        let_time_pass::<T>();
        #[extrinsic_call]
        _(RawOrigin::Signed(who.clone()), node.clone());
        let position = Positions::<T>::get(&who, &node).unwrap_or_default();
        assert!(position.unlocking.is_empty());
        Ok(())
    }

    #[benchmark]
    fn payout() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let who = rich::<T>("anybody", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(who), node.clone());
        assert_eq!(Nodes::<T>::get(&node).earned, 0);
        Ok(())
    }

    #[benchmark]
    fn apply_slashes() -> Result<(), BenchmarkError> {
        let node = world::<T>(MANY)?;
        let who = worst_position::<T>(&node, 0)?;
        fill_slashes::<T>(&node, 0);
        let caller = rich::<T>("anybody", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(caller), who.clone(), node.clone());
        let position = Positions::<T>::get(&who, &node).unwrap_or_default();
        assert_eq!(position.slashes, MAX_SLASHES);
        Ok(())
    }

    #[benchmark]
    fn add_commit(n: Linear<4, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let nodes = decide::<T>(n)?;
        certificate::<T>(&nodes);
        let commit = Box::new(T::BenchmarkHelper::commit(&nodes, HEIGHT));
        #[extrinsic_call]
        _(RawOrigin::Authorized, commit);
        let last = n.saturating_sub(1) as usize;
        let tallies = SessionTallies::<T>::get();
        assert_eq!(tallies.members.get(last).map(|tally| tally.signed), Some(1));
        Ok(())
    }

    #[benchmark]
    fn authorize_add_commit(n: Linear<4, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        let nodes = decide::<T>(n)?;
        certificate::<T>(&nodes);
        let call = Call::<T>::add_commit {
            commit: Box::new(T::BenchmarkHelper::commit(&nodes, HEIGHT)),
        };
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::InBlock);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn cancel_slash() -> Result<(), BenchmarkError> {
        let node = candidate::<T>(0)?;
        convict::<T>(&node);
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, 0);
        assert_eq!(Nodes::<T>::get(&node).pending, 0);
        Ok(())
    }

    #[benchmark]
    fn enable_elections() -> Result<(), BenchmarkError> {
        Elects::<T>::put(false);
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin);
        assert!(Elects::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn set_periods() -> Result<(), BenchmarkError> {
        let mut periods = Pallet::<T>::periods();
        periods.unbonding = periods.unbonding.saturating_add(1);
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, periods);
        assert_eq!(Pallet::<T>::periods(), periods);
        Ok(())
    }

    #[benchmark]
    fn set_validator_count() -> Result<(), BenchmarkError> {
        let count = T::MinValidators::get();
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, count);
        assert_eq!(ValidatorCount::<T>::get(), count);
        Ok(())
    }

    #[benchmark(extra)]
    fn bond_extra_among(n: Linear<1, 1_000>) -> Result<(), BenchmarkError> {
        let node = world::<T>(n)?;
        #[extrinsic_call]
        bond_extra(RawOrigin::Signed(node), T::MinBond::get());
        Ok(())
    }

    #[benchmark(extra)]
    fn delegate_among(n: Linear<1, 1_000>) -> Result<(), BenchmarkError> {
        let node = world::<T>(n)?;
        let who = rich::<T>("newcomer", 0);
        #[extrinsic_call]
        delegate(
            RawOrigin::Signed(who.clone()),
            node.clone(),
            delegation::<T>(),
        );
        assert!(Positions::<T>::get(&who, &node).is_some());
        Ok(())
    }

    #[benchmark(extra)]
    fn payout_among(n: Linear<1, 1_000>) -> Result<(), BenchmarkError> {
        let node = world::<T>(n)?;
        let who = rich::<T>("anybody", 0);
        #[extrinsic_call]
        payout(RawOrigin::Signed(who), node.clone());
        assert_eq!(Nodes::<T>::get(&node).earned, 0);
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder::default().validators(&[]).build(),
        crate::mock::Test
    );
}
