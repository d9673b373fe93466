// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The admin account as an origin.

use crate::{Admin, Config};
use core::marker::PhantomData;
use frame_support::traits::EnsureOrigin;
use frame_system::ensure_signed;

/// The account that is stored as [`Admin`].
pub struct EnsureAdmin<T>(PhantomData<T>);

impl<T: Config> EnsureOrigin<T::RuntimeOrigin> for EnsureAdmin<T> {
    type Success = ();

    fn try_origin(origin: T::RuntimeOrigin) -> Result<(), T::RuntimeOrigin> {
        match ensure_signed(origin.clone()) {
            Ok(who) if Admin::<T>::get().as_ref() == Some(&who) => Ok(()),
            _ => Err(origin),
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin() -> Result<T::RuntimeOrigin, ()> {
        let admin: T::AccountId = frame_benchmarking::account("admin", 0, 0);
        Admin::<T>::put(&admin);
        Ok(frame_system::RawOrigin::Signed(admin).into())
    }
}
