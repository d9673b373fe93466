// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls and hooks, over the number of authorities.

use super::*;
use alloc::vec::Vec;
use codec::{Decode, Encode};
use frame_benchmarking::v2::*;
use frame_support::{traits::EnsureOrigin, BoundedVec};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use hansa_pbft_primitives::{
    Authority, AuthorityIndex, AuthoritySet, PreDigest, SignerBitmap, Timing, MAX_AUTHORITIES,
};
use sp_runtime::{
    traits::{Hash, TrailingZeroInput},
    Digest,
};

/// The admin's origin, if the runtime has one at all.
fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

/// The `i`-th authority's account.
fn member<T: Config>(i: u32) -> T::AccountId {
    account("authority", i, 0)
}

/// Decode a value out of 32 bytes that differ for each `i`.
fn distinct<D: Decode>(i: u32) -> Result<D, BenchmarkError> {
    let bytes = sp_runtime::traits::BlakeTwo256::hash(&i.encode());
    D::decode(&mut TrailingZeroInput::new(bytes.as_ref()))
        .map_err(|_| BenchmarkError::Stop("32 bytes are no key"))
}

/// Put a set of `n` authorities in force and on the list.
fn put_set<T: Config>(n: u32) -> Result<(), BenchmarkError> {
    let authorities = (0..n)
        .map(|i| {
            Ok(Authority {
                key: distinct(i)?,
                weight: 1,
            })
        })
        .collect::<Result<Vec<_>, BenchmarkError>>()?;
    let set = AuthoritySet::new(0, authorities).map_err(|_| BenchmarkError::Stop("bad set"))?;
    let accounts = BoundedVec::truncate_from((0..n).map(member::<T>).collect());
    Listed::<T>::put(&accounts);
    CurrentSet::<T>::put(DecidingSet { set, accounts });
    let zeros = alloc::vec![Participation::default(); n as usize];
    SessionParticipation::<T>::put(BoundedVec::truncate_from(zeros));
    Ok(())
}

/// Give an account the session keys that decode from zeros.
fn put_keys<T: Config>(account: &T::AccountId) -> Result<(), BenchmarkError> {
    let keys = <T as pallet_session::Config>::Keys::decode(&mut TrailingZeroInput::zeroes())
        .map_err(|_| BenchmarkError::Stop("zeros are no session keys"))?;
    pallet_session::NextKeys::<T>::insert(account, keys);
    Ok(())
}

/// Begin block `number`, authored by the last of `n` authorities.
fn begin<T: Config>(number: u32, n: u32) {
    let author = n.saturating_sub(1) as AuthorityIndex;
    let item = PreDigest {
        view: 0,
        author,
        timestamp_ms: 1,
    }
    .to_digest_item();
    let digest = Digest {
        logs: alloc::vec![item],
    };
    frame_system::Pallet::<T>::initialize(&number.into(), &T::Hash::default(), &digest);
}

#[benchmarks]
mod benches {
    use super::*;
    use frame_support::traits::Hooks;

    #[benchmark]
    fn on_initialize_and_finalize(n: Linear<1, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        begin::<T>(2, n);
        let number = BlockNumberFor::<T>::from(2u32);
        #[block]
        {
            Pallet::<T>::on_initialize(number);
            Pallet::<T>::on_finalize(number);
        }
        assert!(!CurrentBlock::<T>::exists());
        Ok(())
    }

    #[benchmark]
    fn note_parent_certificate(n: Linear<1, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        begin::<T>(2, n);
        let signers = SignerBitmap::new(n as usize, 0..n as AuthorityIndex);
        let certificate = ParentCertificate { view: 0, signers };
        #[extrinsic_call]
        _(RawOrigin::None, certificate);
        assert!(CertificateNoted::<T>::get());
        Ok(())
    }

    #[benchmark]
    fn add_authority(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n.saturating_sub(1))?;
        let new = member::<T>(n);
        put_keys::<T>(&new)?;
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, new.clone());
        assert!(Listed::<T>::get().contains(&new));
        Ok(())
    }

    #[benchmark]
    fn remove_authority(n: Linear<2, MAX_AUTHORITIES>) -> Result<(), BenchmarkError> {
        put_set::<T>(n)?;
        let last = member::<T>(n.saturating_sub(1));
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, last.clone());
        assert!(!Listed::<T>::get().contains(&last));
        Ok(())
    }

    #[benchmark]
    fn set_timing() -> Result<(), BenchmarkError> {
        let timing = Timing {
            min_interval_ms: 123,
            ..Timing::default()
        };
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, timing);
        assert_eq!(CurrentTiming::<T>::get(), timing);
        Ok(())
    }

    #[benchmark]
    fn set_session_length() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, 5_000);
        assert_eq!(SessionLength::<T>::get(), 5_000);
        Ok(())
    }

    #[benchmark]
    fn set_admin() -> Result<(), BenchmarkError> {
        let new = member::<T>(0);
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Some(new.clone()));
        assert_eq!(Admin::<T>::get(), Some(new));
        Ok(())
    }

    impl_benchmark_test_suite!(
        Pallet,
        crate::mock::ExtBuilder::default().build(),
        crate::mock::Test
    );
}
