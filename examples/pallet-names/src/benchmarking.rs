// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the calls, each with the longest name and record.

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{fungible::Mutate, Get};
use frame_system::RawOrigin;
use sp_runtime::Saturating;

fn name() -> Name {
    Name::truncate_from(vec![b'a'; MAX_NAME as usize])
}

fn record() -> Record {
    Record::truncate_from(vec![1; MAX_RECORD as usize])
}

/// An account that can bear the deposit.
fn funded<T: Config<Currency: Mutate<AccountId<T>>>>(
    seed: &'static str,
) -> Result<AccountId<T>, BenchmarkError> {
    let who: AccountId<T> = account(seed, 0, 0);
    let deposit = Pallet::<T>::deposit_for(&record());
    let funds = deposit.saturating_add(T::Currency::minimum_balance());
    T::Currency::mint_into(&who, funds.saturating_add(T::DepositBase::get()))?;
    Ok(who)
}

/// An account that has the name.
fn owner<T: Config<Currency: Mutate<AccountId<T>>>>() -> Result<AccountId<T>, BenchmarkError> {
    let owner = funded::<T>("owner")?;
    Pallet::<T>::claim(RawOrigin::Signed(owner.clone()).into(), name(), record())?;
    Ok(owner)
}

#[benchmarks(where T: Config<Currency: Mutate<AccountId<T>>>)]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn claim() -> Result<(), BenchmarkError> {
        let owner = funded::<T>("owner")?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name(), record());

        assert!(Names::<T>::contains_key(name()));
        Ok(())
    }

    #[benchmark]
    fn set_record() -> Result<(), BenchmarkError> {
        let owner = owner::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name(), Record::default());

        let entry = Names::<T>::get(name());
        assert!(entry.is_some_and(|entry| entry.record.is_empty()));
        Ok(())
    }

    #[benchmark]
    fn give() -> Result<(), BenchmarkError> {
        let (owner, to) = (owner::<T>()?, funded::<T>("other")?);

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name(), to.clone());

        assert!(Names::<T>::get(name()).is_some_and(|entry| entry.owner == to));
        Ok(())
    }

    #[benchmark]
    fn release() -> Result<(), BenchmarkError> {
        let owner = owner::<T>()?;

        #[extrinsic_call]
        _(RawOrigin::Signed(owner), name());

        assert!(!Names::<T>::contains_key(name()));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, mock::ExtBuilder.build(), mock::Test);
}
