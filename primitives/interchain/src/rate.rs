// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Exchange rates, and the terms on which two chains keep accounts with each other.

use crate::{Amounts, Balance, ChainId, Moment};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_arithmetic::{helpers_128bit::multiply_by_rational_with_rounding, Perbill, Rounding};

/// Why amounts do not fit a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RateError {
    /// A part of the rate is zero.
    #[error("a part of the rate is zero")]
    Zero,
    /// The amount does not fit 128 bits in the other token.
    #[error("the amount is too large for the rate")]
    Overflow,
    /// The amounts differ from the rate by more than the tolerance.
    #[error("the amounts are not in the rate")]
    Off,
}

/// What the tokens of two chains are worth to each other: `low` units of the token of the chain with
/// the lower id are as much as `high` units of the token of the other one. So both chains say the same
/// of one rate.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Rate {
    /// Units of the token of the chain with the lower id.
    pub low: u64,
    /// Units of the token of the other chain.
    pub high: u64,
}

impl Rate {
    /// One for one.
    pub const PAR: Self = Self { low: 1, high: 1 };

    /// Whether no part is zero.
    pub fn check(&self) -> Result<(), RateError> {
        if self.low == 0 || self.high == 0 {
            return Err(RateError::Zero);
        }
        Ok(())
    }

    /// What `amount` of the token of chain `from` is in the token of chain `to`, rounded down.
    pub fn convert(
        &self,
        amount: Balance,
        from: ChainId,
        to: ChainId,
    ) -> Result<Balance, RateError> {
        self.check()?;
        let (of, by) = match from < to {
            true => (self.high, self.low),
            false => (self.low, self.high),
        };
        multiply_by_rational_with_rounding(amount, of.into(), by.into(), Rounding::Down)
            .ok_or(RateError::Overflow)
    }

    /// Whether the amounts that a packet from chain `from` to chain `to` names are in this rate,
    /// give or take `tolerance` of what it should be, and never less than one unit.
    pub fn allows(
        &self,
        amounts: &Amounts,
        from: ChainId,
        to: ChainId,
        tolerance: Perbill,
    ) -> Result<(), RateError> {
        let expected = self.convert(amounts.source, from, to)?;
        let off = expected.abs_diff(amounts.destination);
        if off > tolerance.mul_floor(expected).max(1) {
            return Err(RateError::Off);
        }
        Ok(())
    }
}

/// The terms on which two chains keep accounts with each other. They change only by agreement of
/// both.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct Terms {
    /// The exchange rate.
    pub rate: Rate,
    /// What the chain with the lower id takes of the other's reserve for each packet, in its own
    /// token.
    pub low_charge: Balance,
    /// What the other chain takes of the first one's reserve for each packet, in its own token.
    pub high_charge: Balance,
}

impl Terms {
    /// What chain `at` charges chain `of` for a packet.
    pub fn charge(&self, at: ChainId, of: ChainId) -> Balance {
        match at < of {
            true => self.low_charge,
            false => self.high_charge,
        }
    }
}

/// Terms in force, and those that are agreed on for later.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Agreement {
    /// In force, unless the next ones are.
    pub terms: Terms,
    /// What both agreed on, and from when on it is in force.
    pub next: Option<(Terms, Moment)>,
    /// What this chain proposed and the other has not accepted.
    pub proposed: Option<(Terms, Moment)>,
    /// What the other chain proposed and this one has not accepted.
    pub offered: Option<(Terms, Moment)>,
}

impl Agreement {
    /// The agreement with which a route begins.
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            next: None,
            proposed: None,
            offered: None,
        }
    }

    /// The terms in force at `now`.
    pub fn at(&self, now: Moment) -> Terms {
        match self.next {
            Some((terms, from)) if from <= now => terms,
            _ => self.terms,
        }
    }

    /// Agree on `terms` from `from` on. Proposals of both sides are settled by it.
    pub fn agree(&mut self, terms: Terms, from: Moment, now: Moment) {
        self.terms = self.at(now);
        self.next = Some((terms, from));
        self.proposed = None;
        self.offered = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn conversions() {
        let rate = Rate { low: 2, high: 3 };
        for (amount, from, to, result) in [
            (10, 1, 2, Ok(15)),
            (15, 2, 1, Ok(10)),
            (1, 1, 2, Ok(1)),
            (1, 2, 1, Ok(0)),
            (0, 1, 2, Ok(0)),
            (u128::MAX, 1, 2, Err(RateError::Overflow)),
        ] {
            assert_eq!(
                rate.convert(amount, from, to),
                result,
                "{amount} {from} {to}"
            );
        }
        let zero = Rate { low: 0, high: 1 };
        assert_eq!(zero.convert(1, 1, 2), Err(RateError::Zero));
        assert_eq!(zero.convert(1, 2, 1), Err(RateError::Zero));
    }

    #[test]
    fn tolerance() {
        let percent = Perbill::from_percent(1);
        for (source, destination, allowed) in [
            (1_000, 1_000, true),
            (1_000, 1_010, true),
            (1_000, 1_011, false),
            (1_000, 990, true),
            (1_000, 989, false),
            (10, 11, true),
            (10, 12, false),
            (0, 1, true),
            (u128::MAX, u128::MAX, true),
        ] {
            let amounts = Amounts {
                source,
                destination,
            };
            let seen = Rate::PAR.allows(&amounts, 1, 2, percent).is_ok();
            assert_eq!(seen, allowed, "{amounts:?}");
        }
    }

    #[test]
    fn terms_change_at_their_time() {
        let terms = |low| Terms {
            rate: Rate { low, high: 1 },
            low_charge: 1,
            high_charge: 2,
        };
        let mut agreement = Agreement::new(terms(1));
        agreement.agree(terms(2), 100, 0);
        assert_eq!(agreement.at(99), terms(1));
        assert_eq!(agreement.at(100), terms(2));
        // Agreed anew while the last ones wait: the first ones hold until the new time.
        let mut anew = agreement;
        anew.agree(terms(3), 200, 50);
        assert_eq!((anew.at(199), anew.at(200)), (terms(1), terms(3)));
        // And once they are in force they hold until then.
        agreement.agree(terms(3), 200, 150);
        assert_eq!((agreement.at(199), agreement.at(200)), (terms(2), terms(3)));
        assert_eq!((terms(1).charge(1, 2), terms(1).charge(2, 1)), (1, 2));
    }

    proptest! {
        /// There and back never makes money, and what a chain converts by the rate is allowed by it.
        #[test]
        fn rates_are_fair(amount in 0..u128::MAX, low: u64, high: u64) {
            let rate = Rate { low, high };
            if let Ok(there) = rate.convert(amount, 1, 2) {
                let amounts = Amounts { source: amount, destination: there };
                prop_assert_eq!(rate.allows(&amounts, 1, 2, Perbill::zero()), Ok(()));
                if let Ok(back) = rate.convert(there, 2, 1) {
                    prop_assert!(back <= amount);
                }
            }
        }
    }
}
