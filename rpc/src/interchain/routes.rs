// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of chains, addresses, routes and quotes. Amounts and nonces are strings of digits, times are
//! milliseconds since 1970 by the clock of the chain that is named.

use crate::hub::ChainIdText;
use hansa_interchain_primitives::{
    api::{ClientView, LaneView, RouteStatus, RouteView, TransferQuote},
    packet::ChainRef,
    rate::{Agreement, Terms},
    Balance, Book, ChainAddress, LaneId, Moment, Nonce,
};
use hansa_pbft_primitives::{Hash, Height, SetId};
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};

/// A chain address, as `<chain id>x<account>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressText(pub ChainAddress);

impl Serialize for AddressText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AddressText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// An amount in the smallest unit: a string of digits, or a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmountText(pub Balance);

impl Serialize for AmountText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let error = "an amount is a whole number of the smallest unit, best as a string of digits";
        text.parse().map(Self).map_err(|_| D::Error::custom(error))
    }
}

/// A chain as others know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainInfo {
    /// Its id; `0` if it talks to no other.
    pub chain: ChainIdText,
    /// The hash of its genesis block.
    pub genesis: Hash,
}

impl From<ChainRef> for ChainInfo {
    fn from(chain: ChainRef) -> Self {
        Self {
            chain: ChainIdText(chain.id),
            genesis: chain.genesis,
        }
    }
}

/// A route.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteInfo {
    /// The other chain.
    pub chain: ChainIdText,
    /// The hash of its genesis block.
    pub genesis: Hash,
    /// Whether it takes packets, and why not.
    pub status: RouteState,
    /// Whether a header of the other chain is due, packets or not.
    pub header_due: bool,
    /// Where its nodes may be found.
    pub entries: Vec<String>,
    /// The accounts.
    pub accounts: AccountsInfo,
    /// The terms in force, unless the next ones are.
    pub terms: TermsInfo,
    /// What both agreed on for later.
    pub next_terms: Option<DatedTerms>,
    /// What this chain proposed and the other has not accepted.
    pub proposed_terms: Option<DatedTerms>,
    /// What the other chain proposed and this one has not accepted.
    pub offered_terms: Option<DatedTerms>,
    /// What the other chain has sent so far.
    pub reputation: ReputationInfo,
    /// The lanes.
    pub lanes: Vec<LaneInfo>,
}

/// Whether a route takes packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RouteState {
    /// It does.
    Open,
    /// Governance, or a hand-over that nobody ordered, has suspended it.
    Suspended,
    /// The other chain has contradicted itself.
    Frozen,
    /// Nothing was heard of the other chain for longer than it is trusted.
    Expired,
    /// Our reserve there is used up, or in flight.
    ReserveEmpty,
}

impl From<RouteStatus> for RouteState {
    fn from(status: RouteStatus) -> Self {
        match status {
            RouteStatus::Open => Self::Open,
            RouteStatus::Suspended => Self::Suspended,
            RouteStatus::Frozen => Self::Frozen,
            RouteStatus::Expired => Self::Expired,
            RouteStatus::ReserveEmpty => Self::ReserveEmpty,
        }
    }
}

/// What two chains have with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountsInfo {
    /// What the other chain has here, in this chain's token.
    #[serde(with = "crate::digits")]
    pub theirs: Balance,
    /// What this chain has there, in the other's token.
    #[serde(with = "crate::digits")]
    pub ours: Balance,
    /// The part of that which packets in flight may use.
    #[serde(with = "crate::digits")]
    pub committed: Balance,
    /// The value of packets in flight, in this chain's token.
    #[serde(with = "crate::digits")]
    pub escrow: Balance,
    /// The most that `theirs` and `escrow` may be together.
    #[serde(with = "crate::digits")]
    pub limit: Balance,
}

impl From<Book> for AccountsInfo {
    fn from(book: Book) -> Self {
        Self {
            theirs: book.theirs,
            ours: book.ours,
            committed: book.committed,
            escrow: book.escrow,
            limit: book.limit,
        }
    }
}

/// Terms between two chains: `low` units of the token of the chain with the lower id are worth `high` of the
/// other's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermsInfo {
    /// See above.
    #[serde(with = "crate::digits")]
    pub low: u64,
    /// See above.
    #[serde(with = "crate::digits")]
    pub high: u64,
    /// What the chain with the lower id takes for a packet, in its own token.
    #[serde(with = "crate::digits")]
    pub low_charge: Balance,
    /// What the other one does.
    #[serde(with = "crate::digits")]
    pub high_charge: Balance,
}

impl From<Terms> for TermsInfo {
    fn from(terms: Terms) -> Self {
        Self {
            low: terms.rate.low,
            high: terms.rate.high,
            low_charge: terms.low_charge,
            high_charge: terms.high_charge,
        }
    }
}

/// Terms from a time on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatedTerms {
    /// The terms.
    pub terms: TermsInfo,
    /// From when on.
    pub from: Moment,
}

fn dated((terms, from): (Terms, Moment)) -> DatedTerms {
    DatedTerms {
        terms: terms.into(),
        from,
    }
}

/// What a chain has sent so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReputationInfo {
    /// Packets that were delivered.
    #[serde(with = "crate::digits")]
    pub delivered: u64,
    /// Packets that were refused, though well formed.
    #[serde(with = "crate::digits")]
    pub refused: u64,
    /// Packets that came too late.
    #[serde(with = "crate::digits")]
    pub expired: u64,
    /// Packets that no honest chain sends.
    #[serde(with = "crate::digits")]
    pub invalid: u64,
    /// What the last packets were.
    pub score: u16,
}

/// A lane of a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaneInfo {
    /// Its number: 0 of the chains themselves, 1 transfers, 2 calls.
    pub lane: LaneId,
    /// How many packets this chain has sent: the next one has this nonce.
    #[serde(with = "crate::digits")]
    pub sent: Nonce,
    /// How many of them are settled: the first without a result has this nonce.
    #[serde(with = "crate::digits")]
    pub settled: Nonce,
    /// How many packets of the other chain this one has taken.
    #[serde(with = "crate::digits")]
    pub taken: Nonce,
    /// How many of their results are no longer kept.
    #[serde(with = "crate::digits")]
    pub pruned: Nonce,
}

impl From<LaneView> for LaneInfo {
    fn from(view: LaneView) -> Self {
        Self {
            lane: view.lane,
            sent: view.outbound.next,
            settled: view.outbound.acknowledged,
            taken: view.inbound.next,
            pruned: view.inbound.pruned,
        }
    }
}

impl From<RouteView> for RouteInfo {
    fn from(view: RouteView) -> Self {
        let Agreement {
            terms,
            next,
            proposed,
            offered,
        } = view.agreement;
        let reputation = view.reputation;
        Self {
            chain: ChainIdText(view.chain.id),
            genesis: view.chain.genesis,
            status: view.status.into(),
            header_due: view.header_due,
            entries: view
                .entries
                .iter()
                .map(|entry| String::from_utf8_lossy(entry).into_owned())
                .collect(),
            accounts: view.book.into(),
            terms: terms.into(),
            next_terms: next.map(dated),
            proposed_terms: proposed.map(dated),
            offered_terms: offered.map(dated),
            reputation: ReputationInfo {
                delivered: reputation.delivered,
                refused: reputation.refused,
                expired: reputation.expired,
                invalid: reputation.invalid,
                score: reputation.score,
            },
            lanes: view.lanes.into_iter().map(LaneInfo::from).collect(),
        }
    }
}

/// What is known of another chain's consensus.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// The hash of its genesis block.
    pub genesis: Hash,
    /// Whether it has contradicted itself.
    pub frozen: bool,
    /// For how long a header is trusted.
    pub trusting_period_ms: Moment,
    /// The highest block that is known.
    pub height: Height,
    /// Its hash.
    pub hash: Hash,
    /// Its time, by the other chain's clock.
    pub timestamp: Moment,
    /// The id of the set that decides the height after it.
    pub set_id: SetId,
    /// How many authorities are in it.
    pub authorities: u32,
    /// The heights that proofs may name.
    pub heights: Vec<Height>,
}

impl From<ClientView> for ClientInfo {
    fn from(view: ClientView) -> Self {
        let state = view.state;
        Self {
            genesis: state.genesis,
            frozen: state.frozen,
            trusting_period_ms: state.trusting_period,
            height: state.latest.height,
            hash: state.latest.hash,
            timestamp: state.latest.timestamp,
            set_id: state.set_id,
            authorities: u32::try_from(view.set.len()).unwrap_or(u32::MAX),
            heights: view.headers.iter().map(|header| header.height).collect(),
        }
    }
}

/// What a transfer would come to now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteInfo {
    /// What the recipient would get, in the other token.
    #[serde(with = "crate::digits")]
    pub destination_amount: Balance,
    /// What sending costs, beside the amount and the fee of the transaction.
    #[serde(with = "crate::digits")]
    pub price: Balance,
    /// The most that can be sent now.
    #[serde(with = "crate::digits")]
    pub most: Balance,
}

impl From<TransferQuote> for QuoteInfo {
    fn from(quote: TransferQuote) -> Self {
        Self {
            destination_amount: quote.destination,
            price: quote.price,
            most: quote.most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_amounts_are_read_strictly() {
        for (json, good) in [
            ("\"e2e4x01ff\"", true),
            ("\"0x01\"", true),
            ("\"E2x01\"", false),
            ("\"e2\"", false),
            ("\"e2x0\"", false),
            ("7", false),
        ] {
            let read = serde_json::from_str::<AddressText>(json);
            assert_eq!(read.is_ok(), good, "{json}");
            if let Ok(address) = read {
                assert_eq!(serde_json::to_string(&address).unwrap(), json);
            }
        }
        for (json, expected) in [
            ("\"12\"", Some(12)),
            ("12", Some(12)),
            (
                "\"340282366920938463463374607431768211455\"",
                Some(u128::MAX),
            ),
            ("\"340282366920938463463374607431768211456\"", None),
            ("-1", None),
            ("1.5", None),
            ("\"1 HANSA\"", None),
            ("null", None),
        ] {
            let read = serde_json::from_str::<AmountText>(json).ok();
            assert_eq!(read, expected.map(AmountText), "{json}");
        }
    }
}
