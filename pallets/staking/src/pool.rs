// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The shares of a pool: what all delegations to one node have in common.
//!
//! A pool has a balance and a number of shares, and a share is worth `balance / shares`. A deposit
//! mints shares at that price, a withdrawal burns them at that price, a reward adds to the balance.
//! So a reward reaches each delegator in one addition, and compounds, with nobody looped over.
//!
//! Rounding is always against the caller, for those who stay:
//!
//! | operation | rounded | so the price of a share |
//! | --- | --- | --- |
//! | deposit | shares down | does not fall |
//! | withdrawal | balance down | does not fall |
//! | slash | shares of the liable down, and what is taken for them down | does not fall |
//!
//! A slash hits the shares that were at stake when the offence was committed, and no later ones.
//! The liable lose shares, and the pool loses their worth, at the price as it is; others' shares
//! stay worth what they were. For that the pool's shares are counted by the election from which on
//! they were at stake ([`Recent`]). If nobody came since, that is the same as a balance that drops
//! while the shares stay: everybody has lost the same part.

use crate::{
    liability::Full,
    types::{Part, MAX_RECENT},
};
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_staking_primitives::{Balance, ElectionIndex};
use sp_arithmetic::{
    helpers_128bit::multiply_by_rational_with_rounding, traits::Zero, PerThing, Perbill, Rounding,
};

/// What all delegations to one node have in common.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Pool {
    /// What the pool owns, in the smallest unit.
    pub balance: Balance,
    /// The shares that are out.
    pub shares: Balance,
}

/// How many of a pool's shares were minted for which election, of the elections of which offences
/// can still be reported; in ascending order. All other shares of the pool are older.
pub type Recent = BoundedVec<Part, ConstU32<MAX_RECENT>>;

/// Why an operation on a pool is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PoolError {
    /// The deposit is worth less than a share.
    TooLittle,
    /// There are shares, and they are worth nothing.
    Worthless,
    /// There are not so many shares.
    NotEnough,
    /// A number does not fit.
    Overflow,
}

/// `a · b / c`, rounded down, without losing a digit on the way; none if `c` is 0 or the result
/// does not fit.
pub fn mul_div_floor(a: u128, b: u128, c: u128) -> Option<u128> {
    if c.is_zero() {
        return None;
    }
    multiply_by_rational_with_rounding(a, b, c, Rounding::Down)
}

impl Pool {
    /// What `shares` are worth, rounded down.
    pub fn worth(&self, shares: Balance) -> Balance {
        if self.shares.is_zero() {
            return 0;
        }
        mul_div_floor(shares, self.balance, self.shares).unwrap_or(0)
    }

    /// Add `amount` and mint shares for it, whose number is returned. The first shares are one
    /// for each unit.
    pub fn deposit(&mut self, amount: Balance) -> Result<Balance, PoolError> {
        let minted = match (self.shares, self.balance) {
            (0, _) => amount,
            (_, 0) => return Err(PoolError::Worthless),
            (shares, balance) => {
                mul_div_floor(amount, shares, balance).ok_or(PoolError::Overflow)?
            }
        };
        if minted.is_zero() {
            return Err(PoolError::TooLittle);
        }
        let grown = Self {
            balance: self
                .balance
                .checked_add(amount)
                .ok_or(PoolError::Overflow)?,
            shares: self.shares.checked_add(minted).ok_or(PoolError::Overflow)?,
        };
        *self = grown;
        Ok(minted)
    }

    /// Burn `shares` and take out what they are worth, which is returned.
    pub fn withdraw(&mut self, shares: Balance) -> Result<Balance, PoolError> {
        let left = self
            .shares
            .checked_sub(shares)
            .ok_or(PoolError::NotEnough)?;
        let amount = self.worth(shares);
        self.balance = self.balance.saturating_sub(amount);
        self.shares = left;
        Ok(amount)
    }

    /// Add a reward: every share is worth more.
    pub fn reward(&mut self, amount: Balance) -> Result<(), PoolError> {
        self.balance = self
            .balance
            .checked_add(amount)
            .ok_or(PoolError::Overflow)?;
        Ok(())
    }

    /// Take from the shares that were at stake in `election` the part `lost` of their worth, and
    /// return what that is. `recent` tells which shares came later; it is scaled likewise.
    ///
    /// Whoever has liable shares loses as many of its own: [`keep`] of each entry.
    pub fn slash(
        &mut self,
        recent: &mut Recent,
        election: ElectionIndex,
        lost: Perbill,
    ) -> Balance {
        let counted = recent
            .iter()
            .fold(0u128, |sum, part| sum.saturating_add(part.amount));
        let mut left = keep(self.shares.saturating_sub(counted), lost);
        for part in recent.iter_mut() {
            if part.since <= election {
                part.amount = keep(part.amount, lost);
            }
            left = left.saturating_add(part.amount);
        }
        recent.retain(|part| !part.amount.is_zero());
        let gone = self.shares.saturating_sub(left);
        let taken = self.worth(gone);
        self.shares = left;
        self.balance = self.balance.saturating_sub(taken);
        taken
    }

    /// Take from all shares alike: the balance drops, the shares stay. Returns what is taken.
    pub fn slash_all(&mut self, lost: Perbill) -> Balance {
        let kept = keep(self.balance, lost);
        let taken = self.balance.saturating_sub(kept);
        self.balance = kept;
        taken
    }
}

/// What is kept of `amount` of which the part `lost` is taken, rounded down.
pub fn keep(amount: Balance, lost: Perbill) -> Balance {
    lost.left_from_one().mul_floor(amount)
}

/// Count `shares` more that are at stake from `election` on. Refused if there is no room.
pub fn note_recent(
    recent: &mut Recent,
    election: ElectionIndex,
    shares: Balance,
) -> Result<(), Full> {
    match recent.last_mut() {
        Some(last) if last.since == election => {
            last.amount = last.amount.saturating_add(shares);
            Ok(())
        }
        _ => recent
            .try_push(Part {
                since: election,
                amount: shares,
            })
            .map_err(|_| Full),
    }
}

/// Count `shares` less of those that were at stake from `election` on. Of older ones there is no
/// count.
pub fn forget_recent(recent: &mut Recent, election: ElectionIndex, shares: Balance) {
    if let Ok(at) = recent.binary_search_by_key(&election, |part| part.since) {
        if let Some(part) = recent.get_mut(at) {
            part.amount = part.amount.saturating_sub(shares);
        }
        recent.retain(|part| !part.amount.is_zero());
    }
}

/// Drop the counts up to `oldest`, of before which no offence can be reported any more: these
/// shares are liable for whatever comes.
pub fn prune_recent(recent: &mut Recent, oldest: ElectionIndex) {
    recent.retain(|part| part.since > oldest);
}
