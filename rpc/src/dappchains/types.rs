// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of what is answered. Amounts are strings of digits, in the smallest unit of the hub's
//! token; times are seconds of the hub's service time.

use crate::{digits, hub::ChainIdText};
use hansa_dappchain_primitives::{
    BallotView, ChainPage, ChainState, ChainView, Founder, GenesisRecord, Quote, RuntimeSource,
    SeatView,
};
use hansa_primitives::{AccountId, Balance, Hash, Hashing};
use serde::{Deserialize, Serialize};
use sp_runtime::traits::Hash as _;

/// What a chain would cost.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteInfo {
    /// The nodes that the quote is for.
    pub nodes: u32,
    /// The deployment stake: what `max_stake` of the call must not be below.
    #[serde(with = "digits")]
    pub stake: Balance,
    /// The stake for one node at 100 %.
    #[serde(with = "digits")]
    pub unit: Balance,
    /// The number of the chain among those of the deployer.
    pub nth: u32,
    /// By how much the stake is multiplied for that, in percent.
    #[serde(with = "digits")]
    pub own_percent: u128,
    /// By how much for all open places, in percent; the larger one counts.
    #[serde(with = "digits")]
    pub load_percent: u128,
    /// How many places are open.
    pub open_places: u64,
    /// What is kept of the stake if the chain is cancelled.
    #[serde(with = "digits")]
    pub cancel_fee: Balance,
    /// The deposit for a byte of name, patch, properties, and of a code of one's own.
    #[serde(with = "digits")]
    pub deposit_per_byte: Balance,
    /// The deposit for a spec, whatever its size.
    #[serde(with = "digits")]
    pub deposit_base: Balance,
    /// The fewest nodes that can be asked for.
    pub nodes_min: u32,
    /// The most.
    pub nodes_max: u32,
}

impl From<Quote> for QuoteInfo {
    fn from(quote: Quote) -> Self {
        Self {
            nodes: quote.nodes,
            stake: quote.stake,
            unit: quote.unit,
            nth: quote.nth,
            own_percent: quote.own_percent,
            load_percent: quote.load_percent,
            open_places: quote.open_places,
            cancel_fee: quote.cancel_fee,
            deposit_per_byte: quote.deposit_per_byte,
            deposit_base: quote.deposit_base,
            nodes_min: quote.nodes_min,
            nodes_max: quote.nodes_max,
        }
    }
}

/// A chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DappChainInfo {
    /// Its id.
    pub chain: ChainIdText,
    /// Its name.
    pub name: String,
    /// `pending`, `forming`, `live`, `degraded`, `retiring` or `retired`.
    pub state: String,
    /// Who registered it.
    pub deployer: AccountId,
    /// Who owns it.
    pub owner: AccountId,
    /// How many nodes it needs.
    pub need: u32,
    /// How many it has.
    pub nodes: u32,
    /// A turn ends after so many blocks of the node,
    pub term_blocks: u32,
    /// or so many seconds.
    pub term_seconds: u32,
    /// When it was registered.
    pub registered_at: u32,
    /// When it went live.
    pub live_at: Option<u32>,
    /// When the state ends by itself.
    pub due_at: Option<u32>,
    /// The version of the standard runtime that it runs,
    pub standard_runtime: Option<u32>,
    /// or the hash of the code that the hub has.
    pub code: Option<Hash>,
    /// The hash of its genesis block, once it is live.
    pub genesis: Option<Hash>,
    /// What is left of its deployment stake.
    #[serde(with = "digits")]
    pub stake: Balance,
}

fn state(state: ChainState) -> String {
    let name = match state {
        ChainState::Pending => "pending",
        ChainState::Forming => "forming",
        ChainState::Live => "live",
        ChainState::Degraded => "degraded",
        ChainState::Retiring => "retiring",
        ChainState::Retired => "retired",
    };
    name.into()
}

/// Text that the runtime has checked to be text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl From<ChainView<AccountId>> for DappChainInfo {
    fn from(view: ChainView<AccountId>) -> Self {
        let (standard_runtime, code) = match view.runtime {
            RuntimeSource::Standard(version) => (Some(version), None),
            RuntimeSource::Stored(code) => (None, Some(code)),
        };
        Self {
            chain: ChainIdText(view.chain),
            name: text(&view.name),
            state: state(view.state),
            deployer: view.deployer,
            owner: view.owner,
            need: view.need,
            nodes: view.nodes,
            term_blocks: view.term.blocks,
            term_seconds: view.term.seconds,
            registered_at: view.registered_at,
            live_at: view.live_at,
            due_at: view.due_at,
            standard_runtime,
            code,
            genesis: view.genesis,
            stake: view.stake,
        }
    }
}

/// A page of chains.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DappChainPage {
    /// The chains, in the order of their ids.
    pub chains: Vec<DappChainInfo>,
    /// With which id the next page begins; null if this is the last.
    pub next: Option<u32>,
}

impl From<ChainPage<AccountId>> for DappChainPage {
    fn from(page: ChainPage<AccountId>) -> Self {
        Self {
            chains: page.chains.into_iter().map(Into::into).collect(),
            next: page.next,
        }
    }
}

/// What a chain's genesis is made of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenesisInfo {
    /// The version of the rule by which the genesis follows.
    pub format: u16,
    /// The number of the forming.
    pub attempt: u16,
    /// The hash of the code, whose bytes the hub has.
    pub code: Hash,
    /// The patch of the runtime's genesis.
    pub patch: String,
    /// What wallets are told.
    pub properties: String,
    /// Who owned the chain when the record was frozen.
    pub owner: AccountId,
    /// The founders, in the order of the first set.
    pub founders: Vec<FounderInfo>,
    /// The height of the hub's block where the chain's light client begins.
    pub hub_height: u32,
    /// Its hash.
    pub hub_header: Hash,
    /// Its time, in milliseconds since 1970.
    pub hub_timestamp_ms: u64,
    /// The id of the set that decides the next one.
    pub hub_set_id: u64,
    /// The hash of that set.
    pub hub_set: Hash,
    /// When the record was frozen.
    pub frozen_at: u32,
}

/// A founder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FounderInfo {
    /// The node's account.
    pub node: AccountId,
    /// Its pBFT key, as an SS58 address; null if it had none.
    pub pbft: Option<hansa_pbft_primitives::AuthorityId>,
    /// Since when it waited.
    pub since: u32,
}

impl From<Founder<AccountId>> for FounderInfo {
    fn from(founder: Founder<AccountId>) -> Self {
        Self {
            node: founder.node,
            pbft: founder.keys.map(|keys| keys.pbft),
            since: founder.since,
        }
    }
}

impl From<GenesisRecord<AccountId>> for GenesisInfo {
    fn from(record: GenesisRecord<AccountId>) -> Self {
        Self {
            format: record.format,
            attempt: record.attempt,
            code: record.code,
            patch: text(&record.patch),
            properties: text(&record.properties),
            founders: record.founders.into_iter().map(Into::into).collect(),
            hub_height: record.hub.height,
            hub_header: record.hub.header,
            hub_timestamp_ms: record.hub.timestamp,
            hub_set_id: record.hub.set.id,
            hub_set: Hashing::hash_of(&record.hub.set),
            owner: record.owner,
            frozen_at: record.frozen_at,
        }
    }
}

/// What a founder is still to be paid.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeatInfo {
    /// Its share of the deployment stake.
    #[serde(with = "digits")]
    pub share: Balance,
    /// What was paid of it.
    #[serde(with = "digits")]
    pub paid: Balance,
    /// What can be claimed now.
    #[serde(with = "digits")]
    pub claimable: Balance,
    /// When all of it is vested.
    pub vested_at: u32,
}

impl From<SeatView> for SeatInfo {
    fn from(seat: SeatView) -> Self {
        Self {
            share: seat.share,
            paid: seat.paid,
            claimable: seat.claimable,
            vested_at: seat.vested_at,
        }
    }
}

/// The ballot on the hard limit. Weights are blocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BallotInfo {
    /// Its number.
    pub index: u32,
    /// The limit that is proposed.
    pub proposed: u32,
    /// When it ends.
    pub ends_at: u32,
    /// What was voted for it.
    #[serde(with = "digits")]
    pub ayes: u64,
    /// What was voted against it.
    #[serde(with = "digits")]
    pub nays: u64,
    /// What all could vote together.
    #[serde(with = "digits")]
    pub total: u64,
}

impl From<BallotView> for BallotInfo {
    fn from(ballot: BallotView) -> Self {
        Self {
            index: ballot.index,
            proposed: ballot.proposed,
            ends_at: ballot.ends_at,
            ayes: ballot.ayes,
            nays: ballot.nays,
            total: ballot.total,
        }
    }
}
