// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Names for accounts, each for a deposit: an example of a pallet of one's own.
//!
//! | who | calls | then |
//! | --- | --- | --- |
//! | anybody | `claim(name, record)` | a name that nobody has is the caller's; a deposit for it is on hold |
//! | owner | `set_record(name, record)` | what the name stands for is another; the deposit is by its length |
//! | | `give(name, to)` | it is another's, and with it the deposit |
//! | | `release(name)` | anybody can claim it; the deposit is free |
//!
//! It is small, but has all that a pallet needs before money runs on it: bounded storage, a deposit for what is stored,
//! weights, benchmarks, and invariants that are checked after each test and by `try-runtime`.
//! `docs/guides/custom-chain.md` puts it on a chain.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
// The macros of FRAME write qualified paths.
#![allow(unused_qualifications)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
pub mod name;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "try-runtime"))]
mod try_state;
pub mod weights;

pub use name::{is_name, Name, MAX_NAME};
pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::traits::{fungible::Inspect, ConstU32};
use frame_support::BoundedVec;

/// The most bytes of what a name stands for.
pub const MAX_RECORD: u32 = 256;

/// What a name stands for: an address, a link, whatever applications agree on.
pub type Record = BoundedVec<u8, ConstU32<MAX_RECORD>>;

/// An amount of the token.
pub type BalanceOf<T> = <<T as Config>::Currency as Inspect<AccountId<T>>>::Balance;

type AccountId<T> = <T as frame_system::Config>::AccountId;

/// A name that somebody has.
#[frame_support::stored]
pub struct Entry<Account, Balance> {
    /// Whose it is.
    pub owner: Account,
    /// What is on hold for it, in the token's smallest unit. Kept, so that what is given back is what was held,
    /// whatever deposits are then.
    pub deposit: Balance,
    /// What it stands for.
    pub record: Record,
}

/// What is stored of a name.
pub type EntryOf<T> = Entry<AccountId<T>, BalanceOf<T>>;

#[frame_support::pallet]
#[allow(missing_docs)]
pub mod pallet {
    use super::*;
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::MutateHold,
            tokens::{Fortitude, Precision, Restriction},
        },
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::{traits::Zero, Saturating};

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The token, in which deposits are.
        type Currency: MutateHold<AccountId<Self>, Reason = Self::RuntimeHoldReason>;
        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;
        /// What is on hold for a name, in the token's smallest unit.
        #[pallet::constant]
        type DepositBase: Get<BalanceOf<Self>>;
        /// And for each byte of what it stands for.
        #[pallet::constant]
        type DepositPerByte: Get<BalanceOf<Self>>;
        /// What the calls weigh.
        type WeightInfo: WeightInfo;
    }

    /// Why something is on hold.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For a name.
        Name,
    }

    /// Names that somebody has. People choose the keys, so they are hashed.
    #[pallet::storage]
    pub type Names<T: Config> = StorageMap<_, Blake2_128Concat, Name, EntryOf<T>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody has a name that nobody had.
        Claimed { name: Name, owner: AccountId<T> },
        /// A name stands for something else.
        RecordSet { name: Name, record: Record },
        /// A name is another's.
        Given {
            name: Name,
            from: AccountId<T>,
            to: AccountId<T>,
        },
        /// Nobody has a name any more.
        Released { name: Name, owner: AccountId<T> },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// A name has 3 to 32 of `a`-`z`, `0`-`9`, and single `-` between them.
        NotAName,
        /// Somebody has it.
        Taken,
        /// Nobody has it.
        Unknown,
        /// It is another's.
        NotOwner,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Claim a name that nobody has.
        ///
        /// Fails with [`Error::NotAName`], [`Error::Taken`], or if the caller cannot bear the deposit.
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::claim())]
        pub fn claim(origin: OriginFor<T>, name: Name, record: Record) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            ensure!(is_name(&name), Error::<T>::NotAName);
            ensure!(!Names::<T>::contains_key(&name), Error::<T>::Taken);
            let deposit = Self::deposit_for(&record);
            T::Currency::hold(&HoldReason::Name.into(), &owner, deposit)?;
            Names::<T>::insert(
                &name,
                Entry {
                    owner: owner.clone(),
                    deposit,
                    record,
                },
            );
            Self::deposit_event(Event::Claimed { name, owner });
            Ok(())
        }

        /// Let a name stand for something else. More is put on hold, or some is given back, as its length is.
        ///
        /// Fails with [`Error::Unknown`], [`Error::NotOwner`], or if the owner cannot bear the deposit.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::set_record())]
        pub fn set_record(origin: OriginFor<T>, name: Name, record: Record) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let mut entry = Self::owned(&name, &who)?;
            let (reason, deposit) = (HoldReason::Name.into(), Self::deposit_for(&record));
            let more = deposit.saturating_sub(entry.deposit);
            let less = entry.deposit.saturating_sub(deposit);
            if !more.is_zero() {
                T::Currency::hold(&reason, &who, more)?;
            }
            if !less.is_zero() {
                T::Currency::release(&reason, &who, less, Precision::Exact)?;
            }
            entry.deposit = deposit;
            entry.record = record.clone();
            Names::<T>::insert(&name, entry);
            Self::deposit_event(Event::RecordSet { name, record });
            Ok(())
        }

        /// Give a name away, and with it the deposit.
        ///
        /// Fails with [`Error::Unknown`], [`Error::NotOwner`], or if there is no such account.
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::give())]
        pub fn give(origin: OriginFor<T>, name: Name, to: AccountId<T>) -> DispatchResult {
            let from = ensure_signed(origin)?;
            let mut entry = Self::owned(&name, &from)?;
            if from != to {
                T::Currency::transfer_on_hold(
                    &HoldReason::Name.into(),
                    &from,
                    &to,
                    entry.deposit,
                    Precision::Exact,
                    Restriction::OnHold,
                    Fortitude::Polite,
                )?;
                entry.owner = to.clone();
                Names::<T>::insert(&name, entry);
            }
            Self::deposit_event(Event::Given { name, from, to });
            Ok(())
        }

        /// Give a name up, and have the deposit back.
        ///
        /// Fails with [`Error::Unknown`] or [`Error::NotOwner`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::release())]
        pub fn release(origin: OriginFor<T>, name: Name) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            let entry = Self::owned(&name, &owner)?;
            let reason = HoldReason::Name.into();
            T::Currency::release(&reason, &owner, entry.deposit, Precision::Exact)?;
            Names::<T>::remove(&name);
            Self::deposit_event(Event::Released { name, owner });
            Ok(())
        }
    }

    impl<T: Config> Pallet<T> {
        /// What is on hold for a name that stands for this.
        pub fn deposit_for(record: &Record) -> BalanceOf<T> {
            // At most MAX_RECORD bytes, so it fits.
            let bytes: BalanceOf<T> = (record.len() as u32).into();
            let for_bytes = T::DepositPerByte::get().saturating_mul(bytes);
            T::DepositBase::get().saturating_add(for_bytes)
        }

        fn owned(name: &Name, who: &AccountId<T>) -> Result<EntryOf<T>, Error<T>> {
            let entry = Names::<T>::get(name).ok_or(Error::<T>::Unknown)?;
            ensure!(&entry.owner == who, Error::<T>::NotOwner);
            Ok(entry)
        }
    }
}
