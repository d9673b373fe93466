// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The runtime API of the registry.
//!
//! A runtime names the trait by its path, `hansa_dappchain_primitives::api::DappChainsApi`.
//!
//! A founder's node does this at each new final block, for the chain that the allocation names:
//!
//! 1. Ask for the [`chain`](DappChainsApi::chain): is it forming?
//! 2. Ask for the [`genesis_record`](DappChainsApi::genesis_record), and find its own key among the
//!    founders: that is its seat. If there is a [`confirmation`](DappChainsApi::confirmation) of it, it
//!    has done its part.
//! 3. Build the genesis, sign [`confirm_payload`](crate::genesis::confirm_payload) and call
//!    [`submit_confirm`](DappChainsApi::submit_confirm).
//!
//! It needs no memory: a node that starts between the two does the same.

// The macro gives the trait's parameter bounds in two places.
#![allow(clippy::multiple_bound_locations)]

use crate::{
    Balance, BallotIndex, ChainId, ChainState, Founder, HubCheckpoint, Recovery, RuntimeSource,
    Seconds, SetOrdinal,
};
use alloc::vec::Vec;
use codec::{Codec, Decode, Encode};
use hansa_allocation_primitives::{Head, Term};
use hansa_pbft_primitives::{AuthoritySet, AuthoritySignature, Evidence, Hash, SetId};
use scale_info::TypeInfo;

/// What it costs to register a chain now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Quote {
    /// The nodes that the quote is for.
    pub nodes: u32,
    /// The stake for one node at 100 %.
    pub unit: Balance,
    /// k: one more than the deployer's chains that are pending or ever went live.
    pub nth: u32,
    /// k², in hundredths: 100, 400, 900 …
    pub own_percent: u128,
    /// The curve over the open places of all pending chains, in hundredths.
    pub load_percent: u128,
    /// How many places were open when this was asked.
    pub open_places: u64,
    /// The deployment stake: nodes × unit × the larger of the two.
    pub stake: Balance,
    /// What is kept of the stake if the chain is cancelled while it is pending.
    pub cancel_fee: Balance,
    /// The deposit for a byte of the spec and of a code of the deployer's own.
    pub deposit_per_byte: Balance,
    /// The deposit for a spec, whatever its size.
    pub deposit_base: Balance,
    /// The least and the most nodes that can be asked for now.
    pub nodes_min: u32,
    /// See `nodes_min`.
    pub nodes_max: u32,
}

/// A chain, as a dashboard shows it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ChainView<AccountId> {
    /// Its id.
    pub chain: ChainId,
    /// Its name.
    pub name: Vec<u8>,
    /// Its state.
    pub state: ChainState,
    /// Who registered it.
    pub deployer: AccountId,
    /// Who owns it now.
    pub owner: AccountId,
    /// How many nodes it needs.
    pub need: u32,
    /// How long a node's turn lasts.
    pub term: Term,
    /// How many it has, those included that are to replace others.
    pub nodes: u32,
    /// When it was registered.
    pub registered_at: Seconds,
    /// When it first went live.
    pub live_at: Option<Seconds>,
    /// When the state ends by itself: a forming chain's deadline, a retiring one's notice.
    pub due_at: Option<Seconds>,
    /// What it runs.
    pub runtime: RuntimeSource,
    /// The genesis that a quorum of its founders confirmed.
    pub genesis: Option<Hash>,
    /// What is left of its deployment stake.
    pub stake: Balance,
}

/// A page of the list of chains.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ChainPage<AccountId> {
    /// The chains, in the order of their ids.
    pub chains: Vec<ChainView<AccountId>>,
    /// The id with which the next page begins; none if this is the last one.
    pub next: Option<ChainId>,
}

/// All that a node needs to build the genesis of a chain: a pure function of this.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct GenesisRecord<AccountId> {
    /// The version of that function.
    pub format: u16,
    /// The chain.
    pub chain: ChainId,
    /// Its name.
    pub name: Vec<u8>,
    /// The number of this forming; part of what founders sign.
    pub attempt: u16,
    /// The hash of the code, under which the hub has its bytes.
    pub code: Hash,
    /// The patch of the runtime's genesis: JSON.
    pub patch: Vec<u8>,
    /// The properties: JSON.
    pub properties: Vec<u8>,
    /// Who owned the chain when the record was frozen.
    pub owner: AccountId,
    /// The founders, in the order of the first set.
    pub founders: Vec<Founder<AccountId>>,
    /// What the chain knows of the hub.
    pub hub: HubCheckpoint,
    /// When the record was frozen.
    pub frozen_at: Seconds,
}

/// What a node is still to be paid for having founded a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct SeatView {
    /// Its share of the deployment stake.
    pub share: Balance,
    /// What was paid of it, to this node or to the one that it replaced.
    pub paid: Balance,
    /// What can be claimed now.
    pub claimable: Balance,
    /// When all of it will be vested.
    pub vested_at: Seconds,
}

/// The sets of a chain that has been live.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct SetsView {
    /// The chain's genesis.
    pub genesis: Hash,
    /// The number of the set that decides, as far as the hub knows.
    pub in_force: SetOrdinal,
    /// The id that it has on the chain; none if it is forgotten.
    pub set_id: Option<SetId>,
    /// The number of the set that was ordered last.
    pub latest: SetOrdinal,
    /// The most that the chain may have in reserve with the hub.
    pub limit: Balance,
}

/// A chain that stands still, as the hub sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct StallView {
    /// The highest block that was proven.
    pub head: Head,
    /// When the hub found that it was so old, and called the roll, in seconds of service time.
    pub opened_at: Seconds,
    /// Until when answers of those in the set are taken. Nothing is recorded before.
    pub challenge_ends_at: Seconds,
    /// Whether the roll is closed. Then another set is recorded as soon as there are enough nodes for one, unless a young
    /// block is proven before.
    pub roll_closed: bool,
}

/// The ballot under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct BallotView {
    /// Its number.
    pub index: BallotIndex,
    /// The limit that is proposed.
    pub proposed: u32,
    /// When it ends.
    pub ends_at: Seconds,
    /// What was voted for it, in blocks.
    pub ayes: u64,
    /// What was voted against it, in blocks.
    pub nays: u64,
    /// What all could vote together.
    pub total: u64,
}

/// From which version of [`DappChainSetsApi`] on a hub makes records of chains that lost their quorum.
pub const RECOVERY_API_VERSION: u32 = 2;

sp_api::decl_runtime_apis! {
    /// What deployers, dashboards and nodes ask a runtime about DappChains.
    pub trait DappChainsApi<AccountId: Codec> {
        /// What it would cost `deployer` now to register a chain of `nodes`. None if so many cannot be
        /// asked for, or the stake exceeds all numbers.
        fn quote(deployer: AccountId, nodes: u32) -> Option<Quote>;

        /// A chain.
        fn chain(chain: ChainId) -> Option<ChainView<AccountId>>;

        /// The chain of a name.
        fn chain_by_name(name: Vec<u8>) -> Option<ChainId>;

        /// Up to `limit` chains, at most [`MAX_PAGE`](crate::MAX_PAGE), with ids from `from` on. A page
        /// may have fewer, or none, though it is not the last one: many ids may be of chains that are
        /// gone.
        fn chains(from: ChainId, limit: u32) -> ChainPage<AccountId>;

        /// What the genesis of a chain is made of; none before its nodes are complete.
        fn genesis_record(chain: ChainId) -> Option<GenesisRecord<AccountId>>;

        /// What the founder in `seat` of a forming chain said: a hash, or none within if the genesis could
        /// not be built. None if it said nothing yet, or the chain is not forming.
        fn confirmation(chain: ChainId, seat: u32) -> Option<Option<Hash>>;

        /// Put a founder's confirmation into the local pool, none if that fails. The caller must register
        /// the extension that gives the runtime access to the pool.
        fn submit_confirm(
            chain: ChainId,
            attempt: u16,
            seat: u32,
            outcome: Option<Hash>,
            signature: AuthoritySignature,
        ) -> Option<()>;

        /// What `node` is still to be paid for having founded `chain`.
        fn seat(chain: ChainId, node: AccountId) -> Option<SeatView>;

        /// The most nodes that a chain may ask for.
        fn hard_limit() -> u32;

        /// The ballot on that limit that is under way.
        fn ballot() -> Option<BallotView>;
    }

    /// What nodes ask a hub about the sets of DappChains.
    ///
    /// Version 2 ([`RECOVERY_API_VERSION`]): stalls and records.
    #[api_version(2)]
    pub trait DappChainSetsApi<AccountId: Codec> {
        /// The sets of a chain; none if it was never live.
        fn sets(chain: ChainId) -> Option<SetsView>;

        /// The number of the set that has, or had, this id on the chain; none if the hub does not know, or has
        /// forgotten.
        fn ordinal(chain: ChainId, set: SetId) -> Option<SetOrdinal>;

        /// The last set that was recorded in place of one of the chain that lost its quorum; none if none was, or the
        /// chain's sets are forgotten.
        fn recovery(chain: ChainId) -> Option<Recovery<AccountId>>;

        /// The hash of the record by which the set with this id came to decide on the chain; none if it came by a hand-over.
        /// Unlike the record itself it is kept for good, so that an old one can be held against it.
        fn recovery_hash(chain: ChainId, set: SetId) -> Option<Hash>;

        /// That the chain stands still; none if it does not, as far as the hub knows.
        fn stall(chain: ChainId) -> Option<StallView>;

        /// How old the last head of a chain must be before the roll is called, and for how long after that nodes may answer; none
        /// if no chain is watched, so that no set is recorded.
        fn stall_periods() -> Option<(Seconds, Seconds)>;

        /// Put a report of an offence on a chain into the local pool, none if that fails. `set` and `accounts`
        /// are those that were ordered under this number, with the id that the set has on the chain. The caller must
        /// register the extension that gives the runtime access to the pool.
        fn submit_offence(
            chain: ChainId,
            ordinal: SetOrdinal,
            evidence: Evidence,
            set: AuthoritySet,
            accounts: Vec<AccountId>,
        ) -> Option<()>;
    }
}
