// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the author of a block gets of fees and tips.

use crate::{Config, CreditOf, Pallet};
use core::marker::PhantomData;
use frame_support::traits::{fungible::Balanced, Get, Imbalance, OnUnbalanced};
use hansa_staking_primitives::BlockAuthor;

/// Gives the author of the block its share of fees and tips, and the rest to
/// [`Config::Remainder`]. For the transaction payment pallet's adapter.
pub struct AuthorFees<T>(PhantomData<T>);

impl<T: Config> OnUnbalanced<CreditOf<T>> for AuthorFees<T> {
    fn on_nonzero_unbalanced(credit: CreditOf<T>) {
        let share = T::AuthorShare::get().mul_floor(credit.peek());
        let (for_author, rest) = credit.split(share);
        T::Remainder::on_unbalanced(rest);
        Pallet::<T>::pay_author(for_author);
    }
}

impl<T: Config> Pallet<T> {
    /// Pay the author of the block; the rest gets it if there is none, or its account does not
    /// exist and would not with this.
    pub(crate) fn pay_author(credit: CreditOf<T>) {
        let unpaid = match T::Author::block_author() {
            Some(author) => T::Currency::resolve(&author, credit).err(),
            None => Some(credit),
        };
        if let Some(credit) = unpaid {
            T::Remainder::on_unbalanced(credit);
        }
    }
}
