// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and hooks.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Balanced, Inspect},
    tokens::Precision,
    Authorize, Get,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hansa_beacon_primitives::{
    commitment::{commit_payload, commitment},
    tree::CAPACITY,
    BeaconId, BeaconSignature, CommittedIds, Digest, EpochIndex, Leaving, OwnId, Phase, Pool,
};
use sp_runtime::{
    traits::Saturating, transaction_validity::TransactionSource, RuntimeAppPublic,
    SaturatedConversion,
};

/// What the nodes of benchmarks reveal.
const ID: OwnId = [7; 32];

/// The `i`-th node: in the pool and able to pay.
fn node<T: Config>(i: u32) -> Result<(T::AccountId, BeaconId), BenchmarkError> {
    let account: T::AccountId = account("node", i, 0);
    let key = BeaconId::generate_pair(None);
    T::Pool::put(&account, &key);
    let funds = T::Currency::minimum_balance()
        .saturating_add(Pallet::<T>::bonds())
        .saturating_mul(10u32.into());
    // What is owed for it is dropped, which adds it to the issuance.
    drop(T::Currency::deposit(&account, funds, Precision::Exact)?);
    Ok((account, key))
}

/// What a node commits to in an epoch, signed.
fn signed<T: Config>(
    epoch: EpochIndex,
    account: &T::AccountId,
    key: &BeaconId,
) -> Result<(Digest, BeaconSignature), BenchmarkError> {
    let genesis = Pallet::<T>::genesis();
    let hash = commitment(&genesis, epoch, account, &ID);
    let payload = commit_payload(&genesis, epoch, account, &hash);
    let signature = key
        .sign(&payload)
        .ok_or(BenchmarkError::Stop("no keystore"))?;
    Ok((hash, signature))
}

/// A node that committed in the current epoch.
fn committed<T: Config>(i: u32) -> Result<T::AccountId, BenchmarkError> {
    let (account, _) = node::<T>(i)?;
    let epoch = CurrentEpoch::<T>::get().index;
    let hash = commitment(&Pallet::<T>::genesis(), epoch, &account, &ID);
    Pallet::<T>::do_commit(epoch, account.clone(), hash)?;
    Ok(account)
}

/// Go to a part of an epoch.
fn enter<T: Config>(index: EpochIndex, phase: Phase) {
    CurrentEpoch::<T>::mutate(|state| {
        state.index = index;
        state.phase = phase;
    });
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// `n` commitments are settled, each withheld: that takes more than to release.
    #[benchmark]
    fn on_initialize(n: Linear<0, 256>) -> Result<(), BenchmarkError> {
        for i in 0..n {
            committed::<T>(i)?;
        }
        enter::<T>(2, Phase::Commit);
        let (height, mut settled) = (BlockNumberFor::<T>::from(1u32), 0);
        #[block]
        {
            Pallet::<T>::begin_block(height.saturated_into());
            settled = settled.saturating_add(Pallet::<T>::settle(n.max(1)));
            EpochTurned::<T>::kill();
        }
        assert_eq!(settled, n);
        assert_eq!(Settlement::<T>::get().epoch, 1);
        Ok(())
    }

    #[benchmark]
    fn commit() -> Result<(), BenchmarkError> {
        let (account, key) = node::<T>(0)?;
        let (hash, signature) = signed::<T>(0, &account, &key)?;
        #[extrinsic_call]
        _(RawOrigin::Authorized, 0, account.clone(), hash, signature);
        assert!(Commitments::<T>::contains_key(0, &account));
        Ok(())
    }

    #[benchmark]
    fn reveal() -> Result<(), BenchmarkError> {
        let account = committed::<T>(0)?;
        // Groups that are full are no slower than others, as they have one size; a last place.
        let place = T::MaxCommitments::get().min(CAPACITY).saturating_sub(1);
        Commitments::<T>::mutate(0, &account, |commitment| {
            if let Some(commitment) = commitment {
                commitment.place = place;
            }
        });
        enter::<T>(0, Phase::Reveal);
        #[extrinsic_call]
        _(RawOrigin::Authorized, 0, account.clone(), ID);
        assert_eq!(Pallet::<T>::id_of(0, &account), Some(ID));
        Ok(())
    }

    #[benchmark]
    fn authorize_commit() -> Result<(), BenchmarkError> {
        let (account, key) = node::<T>(0)?;
        let (commitment, signature) = signed::<T>(0, &account, &key)?;
        let call = Call::<T>::commit {
            epoch: 0,
            account,
            commitment,
            signature,
        };
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::External);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn authorize_reveal() -> Result<(), BenchmarkError> {
        let account = committed::<T>(0)?;
        enter::<T>(0, Phase::Reveal);
        let call = Call::<T>::reveal {
            epoch: 0,
            account,
            id: ID,
        };
        let result;
        #[block]
        {
            result = call.authorize(TransactionSource::External);
        }
        assert!(result.is_some_and(|result| result.is_ok()));
        Ok(())
    }

    #[benchmark]
    fn on_leave() -> Result<(), BenchmarkError> {
        let account = committed::<T>(0)?;
        #[block]
        {
            Pallet::<T>::on_leave(&account);
        }
        assert_eq!(Tallies::<T>::get(0).withdrawn, 1);
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder::default().build_with_keystore(),
        crate::mock::Test
    );
}
