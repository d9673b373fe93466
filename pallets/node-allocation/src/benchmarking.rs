// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and of the steps of draw and sweep, with as many chains as there may be.

use super::*;
use crate::{
    draw::Kind,
    presence::MAX_DRAW_DELAY,
    rollcall::GONE_AT_ONCE,
    roster::Roster,
    types::{Node, Stage},
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Balanced, Inspect},
    tokens::Precision,
    Authorize, EnsureOrigin, Get,
};
use frame_system::RawOrigin;
use hansa_allocation_primitives::{
    confirm::{answer_payload, confirm_payload, join_payload},
    Allocation, AuthoredBlocks, BeaconId, ChainId, Head, MemberPhase, NodeKeys, Phase, RollCall,
    Seconds, Term,
};
use hansa_beacon_primitives::{OnBeacon, OnFreeze, OnReveal, Pool};
use sp_core::H256;
use sp_runtime::{traits::Saturating, transaction_validity::TransactionSource, RuntimeAppPublic};

/// A term that ends at once.
const TERM: Term = Term {
    blocks: 1,
    seconds: 1,
};
/// A head.
const HEAD: Head = Head {
    height: 1,
    hash: H256::zero(),
};

/// The `i`-th account, which can pay.
fn funded<T: Config>(i: u32) -> Result<T::AccountId, BenchmarkError> {
    let account: T::AccountId = account("node", i, 0);
    let funds = T::Currency::minimum_balance()
        .saturating_add(T::Deposit::get())
        .saturating_mul(10u32.into());
    // What is owed for it is dropped, which adds it to the issuance.
    drop(T::Currency::deposit(&account, funds, Precision::Exact)?);
    Ok(account)
}

/// The `i`-th node, waiting in the pool.
fn node<T: Config>(i: u32) -> Result<(T::AccountId, BeaconId), BenchmarkError> {
    let account = funded::<T>(i)?;
    let key = BeaconId::generate_pair(None);
    Pallet::<T>::put(&account, &key);
    Ok((account, key))
}

/// As many chains as there may be, without nodes.
fn chains<T: Config>(need: u32) -> Result<(), BenchmarkError> {
    for chain in 0..T::MaxChains::get() {
        Pallet::<T>::open(chain, need, TERM)
            .map_err(|_| BenchmarkError::Stop("a chain is refused"))?;
    }
    Ok(())
}

/// Make a node a member.
fn seat<T: Config>(chain: ChainId, account: &T::AccountId, phase: MemberPhase) {
    let now = Pallet::<T>::now();
    Pallet::<T>::edit(chain, |roster: &mut Roster<T::AccountId>| {
        roster.admit(account.clone(), Kind::Veteran, &now);
        if let Some(seat) = roster.seat_mut(account) {
            seat.phase = phase;
            seat.serving_since = phase.is_active().then_some(0);
            seat.blocks = 1;
        }
    });
    Nodes::<T>::mutate(account, |node| {
        if let Some(node) = node {
            node.chain = Some(chain);
        }
    });
    Count::<T>::mutate(|count| count.waiting = count.waiting.saturating_sub(1));
}

/// Chain 0 is live, with `n` members in the phase.
fn live<T: Config>(n: u32, phase: MemberPhase) -> Result<Vec<T::AccountId>, BenchmarkError> {
    let mut members = Vec::new();
    Pallet::<T>::edit(0, |roster| roster.phase = Phase::Live);
    for i in 0..n {
        let (account, _) = node::<T>(i)?;
        seat::<T>(0, &account, phase);
        members.push(account);
    }
    Ok(members)
}

/// A node that is to confirm on chain 0, and the call.
fn confirmation<T: Config>() -> Result<Call<T>, BenchmarkError> {
    let need = Pallet::<T>::max_nodes();
    chains::<T>(need)?;
    live::<T>(need.saturating_sub(1), MemberPhase::Serving)?;
    let (account, key) = node::<T>(need)?;
    seat::<T>(0, &account, MemberPhase::Joining);
    let since = Pallet::<T>::joining_since(0, &account).unwrap_or_default();
    let payload = confirm_payload(&Pallet::<T>::genesis(), 0, &account, since, &HEAD);
    let signature = key
        .sign(&payload)
        .ok_or(BenchmarkError::Stop("no keystore"))?;
    Ok(Call::confirm {
        chain: 0,
        account,
        head: HEAD,
        signature,
    })
}

/// When the roll of benchmarks is called: later than its members began to serve.
const CALLED_AT: Seconds = 1;

/// And until when it is answered: later than any benchmark runs.
const UNTIL: Seconds = Seconds::MAX;

/// The roll of chain 0 is called, which has as many members as it can need; all but the last have answered. Returns the
/// call by which that one does.
fn answer_of_last<T: Config>() -> Result<Call<T>, BenchmarkError> {
    let need = Pallet::<T>::max_nodes();
    chains::<T>(need)?;
    let members = live::<T>(need.saturating_sub(1), MemberPhase::Serving)?;
    let (account, key) = node::<T>(need)?;
    seat::<T>(0, &account, MemberPhase::Serving);
    Pallet::<T>::call_roll(0, CALLED_AT, UNTIL);
    for member in members {
        Pallet::<T>::do_answer(0, member)?;
    }
    let payload = answer_payload(&Pallet::<T>::genesis(), 0, &account, CALLED_AT);
    let signature = key
        .sign(&payload)
        .ok_or(BenchmarkError::Stop("no keystore"))?;
    Ok(Call::answer {
        chain: 0,
        account,
        signature,
    })
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn join() -> Result<(), BenchmarkError> {
        let account = funded::<T>(0)?;
        T::Keys::set_key(&account, &BeaconId::generate_pair(None));
        #[extrinsic_call]
        _(RawOrigin::Signed(account.clone()));
        assert!(Nodes::<T>::contains_key(&account));
        Ok(())
    }

    #[benchmark]
    fn authorize_join() -> Result<(), BenchmarkError> {
        let account = funded::<T>(0)?;
        let key = BeaconId::generate_pair(None);
        T::Keys::set_key(&account, &key);
        let epoch = CurrentEpoch::<T>::get();
        let payload = join_payload(&Pallet::<T>::genesis(), &account, epoch);
        let signature = key
            .sign(&payload)
            .ok_or(BenchmarkError::Stop("no keystore"))?;
        let call = Call::<T>::join_by_key {
            account,
            epoch,
            signature,
        };
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::External);
        }
        assert!(matches!(result, Some(Ok(_))));
        Ok(())
    }

    #[benchmark]
    fn leave() -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        chains::<T>(need)?;
        let members = live::<T>(need, MemberPhase::Joining)?;
        let last = members
            .last()
            .cloned()
            .ok_or(BenchmarkError::Stop("no members"))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(last.clone()));
        assert!(!Nodes::<T>::contains_key(&last));
        Ok(())
    }

    #[benchmark]
    fn confirm() -> Result<(), BenchmarkError> {
        let Call::confirm {
            chain,
            account,
            head,
            signature,
        } = confirmation::<T>()?
        else {
            return Err(BenchmarkError::Stop("no confirmation"));
        };
        #[extrinsic_call]
        _(RawOrigin::Authorized, chain, account, head, signature);
        assert_eq!(Pallet::<T>::active_count(0), Pallet::<T>::max_nodes());
        Ok(())
    }

    #[benchmark]
    fn authorize_confirm() -> Result<(), BenchmarkError> {
        let call = confirmation::<T>()?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::External);
        }
        assert!(result.is_some());
        Ok(())
    }

    #[benchmark]
    fn on_initialize() {
        #[block]
        {
            Pallet::<T>::note_hub_author();
            Pallet::<T>::step();
        }
        assert_eq!(CurrentStage::<T>::get(), Stage::Idle);
    }

    #[benchmark]
    fn on_freeze() -> Result<(), BenchmarkError> {
        chains::<T>(Pallet::<T>::max_nodes())?;
        #[block]
        {
            <Pallet<T> as OnFreeze>::on_freeze(0);
        }
        assert!(FrozenEpoch::<T>::exists());
        Ok(())
    }

    #[benchmark]
    fn on_beacon() -> Result<(), BenchmarkError> {
        chains::<T>(Pallet::<T>::max_nodes())?;
        <Pallet<T> as OnFreeze>::on_freeze(0);
        #[block]
        {
            <Pallet<T> as OnBeacon>::on_beacon(1, &[1; 32]);
        }
        assert!(matches!(CurrentStage::<T>::get(), Stage::Ranking { .. }));
        Ok(())
    }

    /// `n` nodes are put into order. Their ids and standing come from other pallets, whose reads are to be
    /// added: five items a node.
    #[benchmark]
    fn rank(n: Linear<0, 256>) -> Result<(), BenchmarkError> {
        let mut nodes = Vec::new();
        for i in 0..n {
            nodes.push(node::<T>(i)?.0);
        }
        #[block]
        {
            for account in &nodes {
                let _ = Nodes::<T>::get(account);
                let _ = Veterans::<T>::get(account);
                let drawn = hansa_beacon_primitives::draw::rank(&[1; 32], account, &[2; 32]);
                Ranks::<T>::insert(drawn, (account.clone(), Kind::New));
            }
        }
        assert_eq!(Ranks::<T>::iter_keys().count() as u32, n);
        Ok(())
    }

    /// `n` nodes are placed, each on a chain of its own as far as there are chains: all are live and by
    /// turn.
    #[benchmark]
    fn place(n: Linear<0, 256>) -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        chains::<T>(need)?;
        Slots::<T>::mutate(|slots| {
            for slot in slots.iter_mut() {
                slot.phase = Phase::Live;
                slot.nodes = need;
                slot.departing = 100;
            }
        });
        <Pallet<T> as OnFreeze>::on_freeze(0);
        for i in 0..n {
            let (account, _) = node::<T>(i)?;
            Nodes::<T>::mutate(&account, |node: &mut Option<Node<BalanceOf<T>>>| {
                if let Some(node) = node {
                    node.from_epoch = 0;
                }
            });
            let drawn = hansa_beacon_primitives::draw::rank(&[1; 32], &account, &[2; 32]);
            Ranks::<T>::insert(drawn, (account, Kind::Veteran));
        }
        CurrentStage::<T>::put(Stage::Placing);
        let limit = T::PlacedPerBlock::get();
        #[block]
        {
            let mut placed = 0u32;
            while placed < n {
                Pallet::<T>::step();
                placed = placed.saturating_add(limit);
            }
        }
        assert_eq!(Ranks::<T>::iter_keys().count(), 0);
        Ok(())
    }

    /// `c` chains and `n` members are swept; none has confirmed in time.
    #[benchmark]
    fn sweep(c: Linear<1, 64>, n: Linear<0, 256>) -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        for chain in 0..c.min(T::MaxChains::get()) {
            Pallet::<T>::open(chain, need, TERM)
                .map_err(|_| BenchmarkError::Stop("a chain is refused"))?;
        }
        live::<T>(n.min(need), MemberPhase::Joining)?;
        CurrentEpoch::<T>::put(10);
        CurrentStage::<T>::put(Stage::Sweeping);
        #[block]
        {
            while CurrentStage::<T>::get() == Stage::Sweeping {
                Pallet::<T>::step();
            }
        }
        assert_eq!(Pallet::<T>::member_count(0), 0);
        Ok(())
    }

    #[benchmark]
    fn close(n: Linear<0, 256>) -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        chains::<T>(need)?;
        live::<T>(n.min(need), MemberPhase::Serving)?;
        let result;
        #[block]
        {
            result = Pallet::<T>::close(0);
        }
        assert!(result.is_ok());
        Ok(())
    }

    #[benchmark]
    fn set_draw_delay() -> Result<(), BenchmarkError> {
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, MAX_DRAW_DELAY);
        assert_eq!(DrawDelay::<T>::get(), MAX_DRAW_DELAY);
        Ok(())
    }

    #[benchmark]
    fn on_reveal() -> Result<(), BenchmarkError> {
        let (account, _) = node::<T>(0)?;
        let epoch = OpenEpoch::<T>::get();
        #[block]
        {
            <Pallet<T> as OnReveal<_>>::on_reveal(epoch, &account);
        }
        let node = Nodes::<T>::get(&account);
        assert!(node.is_some_and(|node| node.presence.covers(epoch, epoch)));
        Ok(())
    }

    #[benchmark]
    fn on_authored() -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        chains::<T>(need)?;
        let members = live::<T>(need, MemberPhase::Serving)?;
        let last = members
            .last()
            .cloned()
            .ok_or(BenchmarkError::Stop("no members"))?;
        #[block]
        {
            Pallet::<T>::on_authored(0, &last, 5);
        }
        assert!(Veterans::<T>::contains_key(&last));
        Ok(())
    }

    #[benchmark]
    fn answer() -> Result<(), BenchmarkError> {
        let Call::answer {
            chain,
            account,
            signature,
        } = answer_of_last::<T>()?
        else {
            return Err(BenchmarkError::Stop("no answer"));
        };
        #[extrinsic_call]
        _(RawOrigin::Authorized, chain, account.clone(), signature);
        assert!(Rolls::<T>::get(0).is_some_and(|roll| roll.has_answered(&account)));
        Ok(())
    }

    #[benchmark]
    fn authorize_answer() -> Result<(), BenchmarkError> {
        let call = answer_of_last::<T>()?;
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::External);
        }
        assert!(matches!(result, Some(Ok(_))));
        Ok(())
    }

    /// `n` members have not answered. What it costs to tell the registry of them comes on top.
    #[benchmark]
    fn close_roll(n: Linear<0, { GONE_AT_ONCE }>) -> Result<(), BenchmarkError> {
        let need = Pallet::<T>::max_nodes();
        chains::<T>(need)?;
        let members = live::<T>(need, MemberPhase::Serving)?;
        Pallet::<T>::call_roll(0, CALLED_AT, UNTIL);
        for member in members.into_iter().skip(n as usize) {
            Pallet::<T>::do_answer(0, member)?;
        }
        #[block]
        {
            Pallet::<T>::close_roll(0);
        }
        assert_eq!(Pallet::<T>::active_count(0), need.saturating_sub(n));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder.build_with_keystore(),
        crate::mock::Test
    );
}
