// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Correspondent accounts: what a chain keeps of its accounts with another one.
//!
//! As banks do, each chain holds a reserve with the other. Of chain A's book of its accounts with B:
//!
//! | field | token | what it is |
//! | --- | --- | --- |
//! | `theirs` | A's | what B has with A (*vostro*). It is in A's reserve account, and A pays B's transfers out of it |
//! | `ours` | B's | what A has with B (*nostro*), as A knows it. The money is B's to keep; this is a mirror of B's `theirs` |
//! | `committed` | B's | the part of `ours` that A's packets in flight may use |
//! | `escrow` | A's | value of A's packets in flight: on hold in the senders' accounts. If they are delivered it goes to `theirs`, else back |
//! | `limit` | A's | the most that `theirs` and `escrow` may be together: what B's promises are worth to A |
//!
//! A transfer of (source, destination) from A to B, step by step:
//!
//! | step | A's book | B's book |
//! | --- | --- | --- |
//! | sent | `committed` + destination + charge, `escrow` + source | |
//! | delivered | | `theirs` - destination - charge |
//! | … refused, expired | | `theirs` - charge |
//! | result settled: delivered | `committed` - destination - charge, `ours` - destination - charged, `escrow` - source, `theirs` + source | |
//! | … not delivered | `committed` - destination - charge, `ours` - charged, `escrow` - source | |
//! | result pruned: delivered | | `ours` + source |
//!
//! So what a chain may spend with the other grows only when it is proven to it that the other has
//! booked it, and what another may spend with it only by what it has proven.

use crate::{Amounts, Balance};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Why a book refuses an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BookError {
    /// The own reserve with the other chain does not cover it, less what is in flight.
    #[error(
        "the reserve with the other chain does not cover the amount; it must be topped up there"
    )]
    OursTooLow,
    /// The other chain's reserve does not cover it.
    #[error("the other chain's reserve does not cover the amount; it must be topped up")]
    TheirsTooLow,
    /// The other chain's reserve would be above the limit.
    #[error("the other chain's reserve would be above its limit")]
    Limit,
    /// The amount is more than 128 bits hold.
    #[error("the amount is too large")]
    Overflow,
}

/// The accounts of a chain with another one.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Book {
    /// What the other chain has with this one, in this chain's token.
    pub theirs: Balance,
    /// What this chain has with the other, in the other's token, as far as is known.
    pub ours: Balance,
    /// The part of `ours` that packets in flight may use.
    pub committed: Balance,
    /// The value of packets in flight, in this chain's token.
    pub escrow: Balance,
    /// The most that `theirs` and `escrow` may be together.
    pub limit: Balance,
}

/// What a packet in flight has claimed of the book.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Claim {
    /// The value that it moves. None of it once it was refunded.
    pub amounts: Amounts,
    /// What is reckoned that the other chain charges for it.
    pub charge: Balance,
}

impl Claim {
    /// What it may use of the reserve with the other chain.
    pub fn committed(&self) -> Balance {
        self.amounts.destination.saturating_add(self.charge)
    }
}

impl Book {
    /// What is free of the reserve with the other chain.
    pub fn spendable(&self) -> Balance {
        self.ours.saturating_sub(self.committed)
    }

    /// How much more may be sent until the limit is reached.
    pub fn room(&self, limit: Balance) -> Balance {
        let used = self.theirs.saturating_add(self.escrow);
        limit.min(self.limit).saturating_sub(used)
    }

    /// A packet is sent that claims `claim`. `limit` is what others allow, beside the book's own.
    pub fn send(&mut self, claim: &Claim, limit: Balance) -> Result<(), BookError> {
        let cost = claim
            .amounts
            .destination
            .checked_add(claim.charge)
            .ok_or(BookError::Overflow)?;
        if cost > self.spendable() {
            return Err(BookError::OursTooLow);
        }
        if claim.amounts.source > self.room(limit) {
            return Err(BookError::Limit);
        }
        let committed = self
            .committed
            .checked_add(cost)
            .ok_or(BookError::Overflow)?;
        let escrow = self
            .escrow
            .checked_add(claim.amounts.source)
            .ok_or(BookError::Overflow)?;
        (self.committed, self.escrow) = (committed, escrow);
        Ok(())
    }

    /// The packet that claims `claim` was delivered, for a charge of `charged`.
    pub fn paid(&mut self, claim: &Claim, charged: Balance) {
        self.ours = self
            .ours
            .saturating_sub(claim.amounts.destination)
            .saturating_sub(charged);
        self.committed = self.committed.saturating_sub(claim.committed());
        self.escrow = self.escrow.saturating_sub(claim.amounts.source);
        self.theirs = self.theirs.saturating_add(claim.amounts.source);
    }

    /// The packet that claims `claim` was taken but not delivered, for a charge of `charged`.
    pub fn undone(&mut self, claim: &Claim, charged: Balance) {
        self.ours = self.ours.saturating_sub(charged);
        self.committed = self.committed.saturating_sub(claim.committed());
        self.escrow = self.escrow.saturating_sub(claim.amounts.source);
    }

    /// The value of a packet is refunded, though the packet may still be taken, as a no-op that is
    /// charged. Returns what it claims from now on.
    pub fn timed_out(&mut self, claim: &Claim) -> Claim {
        let left = Claim {
            amounts: Amounts::default(),
            charge: claim.charge,
        };
        self.committed = self.committed.saturating_sub(claim.amounts.destination);
        self.escrow = self.escrow.saturating_sub(claim.amounts.source);
        left
    }

    /// Take `amount` out of the other chain's reserve.
    pub fn take(&mut self, amount: Balance) -> Result<(), BookError> {
        self.theirs = self
            .theirs
            .checked_sub(amount)
            .ok_or(BookError::TheirsTooLow)?;
        Ok(())
    }

    /// The other chain has settled a packet that was delivered here, and so booked `source` for us.
    pub fn booked(&mut self, source: Balance) {
        self.ours = self.ours.saturating_add(source);
    }

    /// Somebody adds to the other chain's reserve.
    pub fn top_up(&mut self, amount: Balance, limit: Balance) -> Result<(), BookError> {
        if amount > self.room(limit) {
            return Err(BookError::Limit);
        }
        self.theirs = self.theirs.checked_add(amount).ok_or(BookError::Overflow)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim(source: Balance, destination: Balance, charge: Balance) -> Claim {
        Claim {
            amounts: Amounts {
                source,
                destination,
            },
            charge,
        }
    }

    #[test]
    fn a_packet_claims_what_it_may_use() {
        let book = Book {
            theirs: 10,
            ours: 100,
            committed: 20,
            escrow: 30,
            limit: 100,
        };
        for (packet, limit, result) in [
            (claim(60, 79, 1), 1_000, Ok(())),
            (claim(60, 80, 1), 1_000, Err(BookError::OursTooLow)),
            (claim(61, 10, 1), 1_000, Err(BookError::Limit)),
            (claim(60, 10, 1), 99, Err(BookError::Limit)),
            (claim(0, u128::MAX, 1), 1_000, Err(BookError::Overflow)),
        ] {
            let mut after = book;
            assert_eq!(after.send(&packet, limit), result, "{packet:?}");
            let sent = Book {
                committed: 100,
                escrow: 90,
                ..book
            };
            assert_eq!(after, if result.is_ok() { sent } else { book });
        }
    }

    #[test]
    fn reserves_are_spent_and_topped_up_within_bounds() {
        let mut book = Book {
            theirs: 10,
            limit: 20,
            ..Default::default()
        };
        assert_eq!(book.take(11), Err(BookError::TheirsTooLow));
        assert_eq!(book.take(10), Ok(()));
        assert_eq!(book.top_up(21, u128::MAX), Err(BookError::Limit));
        assert_eq!(book.top_up(6, 5), Err(BookError::Limit));
        assert_eq!(book.top_up(20, u128::MAX), Ok(()));
        assert_eq!(book.theirs, 20);
    }

    proptest! {
        /// Undoing leaves no trace but the charge; a timeout first makes no difference; and what was
        /// sent never exceeds what is there.
        #[test]
        fn undoing_is_exact(
            theirs in 0..1_000u128, ours in 0..1_000u128, limit in 0..2_000u128,
            source in 0..1_000u128, destination in 0..1_000u128, charge in 0..10u128, timeout: bool,
        ) {
            let book = Book { theirs, ours, limit, ..Default::default() };
            let packet = claim(source, destination, charge);
            let mut after = book;
            if after.send(&packet, Balance::MAX).is_ok() {
                prop_assert!(after.committed <= after.ours);
                // What moves no value may be sent though the limit is below what is there already.
                prop_assert!(source == 0 || after.theirs + after.escrow <= limit);
                let mut paid = after;
                paid.paid(&packet, charge);
                prop_assert_eq!(paid, Book { theirs: theirs + source, ours: ours - destination - charge, ..book });
                let left = if timeout { after.timed_out(&packet) } else { packet };
                after.undone(&left, charge);
                prop_assert_eq!(after, Book { ours: ours - charge, ..book });
            }
        }
    }
}
