// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and hooks.

use super::*;
use alloc::{borrow::Cow, vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
    storage::with_storage_layer,
    traits::{
        fungible::{Balanced, Inspect},
        tokens::Precision,
        Authorize, EnsureOrigin, Get, StorePreimage,
    },
    BoundedVec,
};
use frame_system::RawOrigin;
use hansa_allocation_primitives::{
    Allocation, AuthoredBlocks, ChainEvents, Departure, OnShort, Term,
};
use hansa_dappchain_primitives::{
    genesis::confirm_payload, quorum, FounderKeys, KeysOf, PatchBytes, PropertiesBytes,
    RuntimeSource, MAX_NODES, MAX_PATCH_BYTES, MIN_NODES,
};
use hansa_pbft_primitives::{AuthorityId, AuthoritySignature};
use sp_runtime::{traits::BlockNumberProvider, DispatchError, RuntimeAppPublic};

/// What benchmarks need of the runtime.
pub trait BenchmarkHelper<AccountId> {
    /// Let these be the members of a pending chain, as if they had been drawn for it. The registry is
    /// not told.
    fn fill(chain: ChainId, nodes: &[AccountId]);
}

/// The version of the standard runtime of benchmarks.
const VERSION: RuntimeVersionId = 77;

fn check<E>(result: Result<(), E>) -> Result<(), BenchmarkError>
where
    DispatchError: From<E>,
{
    result.map_err(|error| BenchmarkError::Stop(DispatchError::from(error).into()))
}

/// An account with funds for anything.
fn rich<T: Config>(kind: &'static str, i: u32) -> T::AccountId {
    let who: T::AccountId = account(kind, i, 0);
    let funds = T::Currency::minimum_balance()
        .max(T::StakePerNode::get())
        .saturating_mul(1_000_000);
    // What is owed for it is dropped, which adds it to the issuance.
    if let Ok(debt) = T::Currency::deposit(&who, funds, Precision::Exact) {
        drop(debt);
    }
    who
}

fn code<T: Config>(content: &'static [u8]) -> Result<Hash, BenchmarkError> {
    Ok(T::Codes::note(Cow::Borrowed(content))?)
}

fn name_of(i: u32) -> Name {
    let text = alloc::format!("the-name-of-benchmark-{i:08}");
    BoundedVec::truncate_from(text.into_bytes())
}

fn patch(bytes: u32) -> PatchBytes {
    BoundedVec::truncate_from(vec![b' '; bytes as usize])
}

/// The `i`-th pending chain, of as many nodes as there can be.
fn pending<T: Config>(i: u32) -> Result<(T::AccountId, ChainId), BenchmarkError> {
    if !StandardRuntimes::<T>::contains_key(VERSION) {
        check(Pallet::<T>::do_add_runtime(VERSION, code::<T>(b"code")?))?;
    }
    HardLimit::<T>::put(MAX_NODES);
    let who = rich::<T>("deployer", i);
    check(Pallet::<T>::do_register(
        who.clone(),
        name_of(i),
        Pallet::<T>::most_nodes(),
        RuntimeSource::Standard(VERSION),
        (patch(MAX_PATCH_BYTES), PropertiesBytes::default()),
        None,
        Balance::MAX,
    ))?;
    Ok((who, NextChainId::<T>::get().saturating_sub(1)))
}

fn nodes<T: Config>() -> Vec<T::AccountId> {
    (0..Pallet::<T>::most_nodes())
        .map(|i| {
            let node = rich::<T>("node", i);
            let pbft = AuthorityId::generate_pair(None);
            T::Keys::put_keys(&node, FounderKeys { pbft, beacon: None });
            node
        })
        .collect()
}

fn forming<T: Config>(i: u32) -> Result<(T::AccountId, ChainId), BenchmarkError> {
    let (who, chain) = pending::<T>(i)?;
    T::BenchmarkHelper::fill(chain, &nodes::<T>());
    check(Pallet::<T>::freeze(chain))?;
    Ok((who, chain))
}

/// Let all but the last founder of a quorum confirm; return the last one's seat.
fn all_but_one<T: Config>(chain: ChainId) -> Result<u32, BenchmarkError> {
    let last = quorum(T::Allocation::member_count(chain)).saturating_sub(1);
    for seat in 0..last {
        check(Pallet::<T>::do_confirm(chain, 1, seat, Some(Hash::zero())))?;
    }
    Ok(last)
}

fn signature<T: Config>(chain: ChainId, seat: u32) -> Result<AuthoritySignature, BenchmarkError> {
    let payload = confirm_payload(&Pallet::<T>::hub_genesis(), chain, 1, Some(Hash::zero()));
    FrozenRecords::<T>::get(chain)
        .and_then(|frozen| frozen.founders.get(seat as usize).cloned())
        .and_then(|founder| founder.keys)
        .and_then(|keys| keys.pbft.sign(&payload))
        .ok_or(BenchmarkError::Stop("no keystore"))
}

fn live<T: Config>(i: u32) -> Result<(T::AccountId, ChainId), BenchmarkError> {
    let (who, chain) = forming::<T>(i)?;
    let seat = all_but_one::<T>(chain)?;
    check(Pallet::<T>::do_confirm(chain, 1, seat, Some(Hash::zero())))?;
    pass::<T>(T::ActivityPeriod::get());
    Ok((who, chain))
}

/// Let time pass.
fn pass<T: Config>(seconds: Seconds) {
    let now = Pallet::<T>::now().saturating_add(seconds);
    T::ServiceClock::set_block_number(now);
}

/// A founder that has been paid in part, so that there is something to pay, and to leave.
fn founder<T: Config>(chain: ChainId) -> Result<T::AccountId, BenchmarkError> {
    let Term { seconds, .. } = T::Terms::get().default;
    Chains::<T>::mutate(chain, |record| {
        if let Some(record) = record {
            let since = Pallet::<T>::now().saturating_sub(seconds / 2);
            record.live_at = Some(since);
        }
    });
    Seats::<T>::iter_key_prefix(chain)
        .next()
        .ok_or(BenchmarkError::Stop("nobody has a seat"))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn register(b: Linear<0, MAX_PATCH_BYTES>) -> Result<(), BenchmarkError> {
        let who = rich::<T>("deployer", 0);
        let code = code::<T>(b"code")?;
        let runtime = RuntimeSource::Stored(code);
        let (name, properties) = (name_of(0), PropertiesBytes::default());
        #[extrinsic_call]
        _(
            RawOrigin::Signed(who),
            name.clone(),
            MIN_NODES,
            runtime,
            patch(b),
            properties,
            None,
            Balance::MAX,
        );
        assert!(Names::<T>::contains_key(name));
        Ok(())
    }

    #[benchmark]
    fn cancel() -> Result<(), BenchmarkError> {
        let (who, chain) = pending::<T>(0)?;
        T::BenchmarkHelper::fill(chain, &nodes::<T>());
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain);
        assert!(!Chains::<T>::contains_key(chain));
        Ok(())
    }

    #[benchmark]
    fn retire() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain);
        assert_eq!(Due::<T>::iter_keys().count(), 1);
        Ok(())
    }

    #[benchmark]
    fn offer_ownership() -> Result<(), BenchmarkError> {
        let (who, chain) = pending::<T>(0)?;
        let to = rich::<T>("buyer", 0);
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain, Some(to));
        Ok(())
    }

    #[benchmark]
    fn accept_ownership() -> Result<(), BenchmarkError> {
        let (who, chain) = pending::<T>(0)?;
        let to = rich::<T>("buyer", 0);
        check(Pallet::<T>::do_offer(who, chain, Some(to.clone())))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(to.clone()), chain);
        assert_eq!(Chains::<T>::get(chain).map(|c| c.owner), Some(to));
        Ok(())
    }

    /// The confirmation that makes the chain live.
    #[benchmark]
    fn confirm_genesis() -> Result<(), BenchmarkError> {
        let (_, chain) = forming::<T>(0)?;
        let seat = all_but_one::<T>(chain)?;
        let signature = signature::<T>(chain, seat)?;
        #[extrinsic_call]
        _(
            RawOrigin::Authorized,
            chain,
            1,
            seat,
            Some(Hash::zero()),
            signature,
        );
        assert!(Chains::<T>::get(chain).is_some_and(|c| c.live_at.is_some()));
        Ok(())
    }

    #[benchmark]
    fn authorize_confirm_genesis() -> Result<(), BenchmarkError> {
        let (_, chain) = forming::<T>(0)?;
        let seat = all_but_one::<T>(chain)?;
        let call = Call::<T>::confirm_genesis {
            chain,
            attempt: 1,
            seat,
            outcome: Some(Hash::zero()),
            signature: signature::<T>(chain, seat)?,
        };
        let result;
        #[block]
        {
            result = call.authorize(sp_runtime::transaction_validity::TransactionSource::External);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        let node = founder::<T>(chain)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain, node.clone());
        assert!(Seats::<T>::get(chain, node).is_some_and(|seat| seat.paid > 0));
        Ok(())
    }

    #[benchmark]
    fn propose_limit() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        Pallet::<T>::on_authored(chain, &who, 5);
        pass::<T>(T::ActivityPeriod::get());
        let limit = HardLimit::<T>::get().saturating_sub(1);
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain, limit);
        assert!(CurrentBallot::<T>::get().is_some());
        Ok(())
    }

    #[benchmark]
    fn vote() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        Pallet::<T>::on_authored(chain, &who, 1_000);
        pass::<T>(T::ActivityPeriod::get());
        let limit = HardLimit::<T>::get().saturating_sub(1);
        check(Pallet::<T>::do_propose(who.clone(), chain, limit))?;
        #[extrinsic_call]
        _(RawOrigin::Signed(who), chain, 1, true);
        assert_eq!(ChainVotes::<T>::get(chain), 1);
        Ok(())
    }

    #[benchmark]
    fn add_standard_runtime() -> Result<(), BenchmarkError> {
        let code = code::<T>(b"code")?;
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, VERSION, code);
        assert!(StandardRuntimes::<T>::contains_key(VERSION));
        Ok(())
    }

    /// A ballot ends.
    #[benchmark]
    fn on_initialize() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        Pallet::<T>::on_authored(chain, &who, 1_000);
        pass::<T>(T::ActivityPeriod::get());
        let limit = HardLimit::<T>::get().saturating_sub(1);
        check(Pallet::<T>::do_propose(who.clone(), chain, limit))?;
        check(Pallet::<T>::do_vote(who, chain, 1, true))?;
        pass::<T>(T::VotingPeriod::get());
        #[block]
        {
            let now = Pallet::<T>::now();
            Pallet::<T>::close_ballot(now);
            Pallet::<T>::handle_due(now);
        }
        assert!(CurrentBallot::<T>::get().is_none());
        Ok(())
    }

    /// A chain ends, with all its founders to be paid.
    #[benchmark]
    fn handle_due() -> Result<(), BenchmarkError> {
        let (_, chain) = live::<T>(0)?;
        founder::<T>(chain)?;
        check(Pallet::<T>::begin_retirement(chain))?;
        pass::<T>(Notice::<T>::get());
        #[block]
        {
            Pallet::<T>::handle_due(Pallet::<T>::now());
        }
        assert!(!Specs::<T>::contains_key(chain));
        Ok(())
    }

    #[benchmark]
    fn on_complete() -> Result<(), BenchmarkError> {
        let (_, chain) = pending::<T>(0)?;
        T::BenchmarkHelper::fill(chain, &nodes::<T>());
        #[block]
        {
            Pallet::<T>::on_complete(chain);
        }
        assert!(FrozenRecords::<T>::contains_key(chain));
        Ok(())
    }

    #[benchmark]
    fn on_joined() -> Result<(), BenchmarkError> {
        let (_, chain) = live::<T>(0)?;
        let left = founder::<T>(chain)?;
        let node = rich::<T>("joining", 0);
        #[block]
        {
            Pallet::<T>::on_joined(chain, &node, Some((&left, Departure::Left)));
        }
        assert!(Seats::<T>::contains_key(chain, node));
        Ok(())
    }

    #[benchmark]
    fn on_left() -> Result<(), BenchmarkError> {
        let (_, chain) = live::<T>(0)?;
        let left = founder::<T>(chain)?;
        #[block]
        {
            Pallet::<T>::on_left(chain, &left, Departure::Unfit);
        }
        assert_eq!(Vacant::<T>::get(chain).len(), 1);
        Ok(())
    }

    /// A short chain is wound up, which is more work than to let it need fewer nodes. The pool is asked how many
    /// it has, and then it is done whatever the answer: here the chain has all that it needs.
    #[benchmark]
    fn on_short() -> Result<(), BenchmarkError> {
        let (_, chain) = live::<T>(0)?;
        let (answer, ended);
        #[block]
        {
            (answer, _) = Pallet::<T>::on_short(chain, 0, 1, 0);
            ended = with_storage_layer(|| Pallet::<T>::announce_end(chain));
        }
        assert_eq!((answer, ended), (OnShort::Wait, Ok(())));
        Ok(())
    }

    #[benchmark]
    fn on_authored() -> Result<(), BenchmarkError> {
        let (who, chain) = live::<T>(0)?;
        #[block]
        {
            Pallet::<T>::on_authored(chain, &who, 5);
        }
        assert!(ChainActivity::<T>::contains_key(chain));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder::default().build_with_keystore(),
        crate::mock::Test
    );
}
