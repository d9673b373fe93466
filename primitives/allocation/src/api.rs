// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The runtime API of the allocation.
//!
//! A runtime names the trait by its path, `hansa_allocation_primitives::api::AllocationApi`.

// The macro gives the trait's parameter bounds in two places.
#![allow(clippy::multiple_bound_locations)]

use crate::{
    BeaconId, BeaconSignature, ChainId, EpochIndex, Head, Member, MemberPhase, Phase, Seconds,
};
use alloc::vec::Vec;
use codec::{Codec, Decode, Encode};
use scale_info::TypeInfo;

/// The most chains or members that an answer lists.
pub const MAX_PAGE: u32 = 100;

/// A node, as its operator sees it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct NodeStatus<AccountId> {
    /// Its account.
    pub account: AccountId,
    /// Whether it counts as a veteran in the next draw.
    pub veteran: bool,
    /// Whether it is to leave the pool as soon as it can.
    pub leaving: bool,
    /// Where it is.
    pub place: NodePlace,
}

/// Where a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum NodePlace {
    /// In the pool, not allocated.
    #[codec(index = 0)]
    Waiting {
        /// The first epoch whose ids it can be drawn by, if it commits and reveals in each until then, and in
        /// that one.
        from_epoch: EpochIndex,
    },
    /// A member of a chain.
    #[codec(index = 1)]
    Allocated {
        /// The chain.
        chain: ChainId,
        /// Since when, in seconds of service time.
        since: Seconds,
        /// What it is there.
        phase: MemberPhase,
        /// How many blocks it authored in this turn, as far as reported.
        blocks: u32,
        /// When its turn ends by time; none before it serves.
        ends_at: Option<Seconds>,
    },
}

/// A node, as it sees itself.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct OwnNode<AccountId> {
    /// The account that registered the node's keys.
    pub account: AccountId,
    /// Whether it is in the pool, or could be.
    pub admission: Admission<AccountId>,
}

/// Whether a node is in the pool, or could come into it by the word of its key.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum Admission<AccountId> {
    /// It is in the pool.
    #[codec(index = 0)]
    Pooled(NodeStatus<AccountId>),
    /// It can join, if it signs [`join_payload`](crate::confirm::join_payload) for this epoch.
    #[codec(index = 1)]
    Open {
        /// The epoch under way.
        epoch: EpochIndex,
    },
    /// It has not the stake, or was convicted or chilled.
    #[codec(index = 2)]
    MayNotServe,
    /// It was in the pool: only its operator can put it back.
    #[codec(index = 3)]
    LeftBefore,
    /// The account cannot pay the deposit.
    #[codec(index = 4)]
    NoDeposit,
    /// The pool is full.
    #[codec(index = 5)]
    PoolFull,
}

/// An answer that a node owes: the chain that it serves stands still, and the roll is called.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct OwedAnswer<AccountId> {
    /// The node's account.
    pub account: AccountId,
    /// The chain.
    pub chain: ChainId,
    /// When the roll was called, in seconds of service time.
    pub since: Seconds,
}

/// A chain, as the draw sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct ChainStatus {
    /// Its id.
    pub chain: ChainId,
    /// Its phase.
    pub phase: Phase,
    /// How many nodes it needs.
    pub need: u32,
    /// How many members it has, in whatever phase.
    pub nodes: u32,
    /// How many are in its set.
    pub active: u32,
    /// How many it lacks.
    pub missing: u32,
    /// How many places a draw would fill: what it lacks, and replacements for those who go.
    pub open: u32,
    /// For how many draws in a row it has been short, if it is live.
    pub short_epochs: u32,
    /// Whether it has less of its need than the mean of all chains.
    pub below_mean: bool,
    /// How many chains come before it in the turn; 0 is next.
    pub turn_distance: u32,
}

/// How far the draw has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum DrawStage {
    /// The next draw waits for its beacon.
    #[codec(index = 0)]
    Idle,
    /// Nodes are being ranked.
    #[codec(index = 1)]
    Ranking,
    /// Nodes are being placed.
    #[codec(index = 2)]
    Placing,
    /// Turns that are over, and confirmations that are overdue, are being looked for.
    #[codec(index = 3)]
    Sweeping,
}

/// The draw and the pool in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct DrawStatus {
    /// How far the draw has come.
    pub stage: DrawStage,
    /// Of which epoch the ids are that the draw under way reads, or the last one read.
    pub epoch: Option<EpochIndex>,
    /// How many nodes are in the pool.
    pub nodes: u32,
    /// How many of them wait.
    pub waiting: u32,
    /// How many chains there are.
    pub chains: u32,
    /// How many nodes all chains have, and how many they need: the mean is their ratio.
    pub mean: (u32, u32),
    /// The chain whose turn it is to get the next veteran.
    pub turn: Option<ChainId>,
}

/// From which version of [`AllocationApi`] on a runtime calls rolls.
pub const ROLL_CALL_API_VERSION: u32 = 2;

sp_api::decl_runtime_apis! {
    /// What node and clients ask a runtime about the allocation.
    ///
    /// Version 2 ([`ROLL_CALL_API_VERSION`]): rolls.
    #[api_version(2)]
    pub trait AllocationApi<AccountId: Codec> {
        /// The draw and the pool.
        fn draw_status() -> DrawStatus;

        /// A node; none if it is not in the pool.
        fn node_status(account: AccountId) -> Option<NodeStatus<AccountId>>;

        /// The node with this beacon key; none if it is not in the pool.
        fn node_of_key(key: BeaconId) -> Option<NodeStatus<AccountId>>;

        /// What the node with this beacon key is to the pool; none if no account has registered the key.
        fn own_node(key: BeaconId) -> Option<OwnNode<AccountId>>;

        /// Put a node's wish to join into the local pool, as with
        /// [`submit_confirm`](Self::submit_confirm).
        fn submit_join(
            account: AccountId,
            epoch: EpochIndex,
            signature: BeaconSignature,
        ) -> Option<()>;

        /// The answer that the node with this beacon key owes; none if it owes none. A node that owes one signs
        /// [`answer_payload`](crate::confirm::answer_payload) and submits it, or loses its place when the roll is closed.
        fn roll_call(key: BeaconId) -> Option<OwedAnswer<AccountId>>;

        /// Put a node's answer to a roll call into the local pool, as with [`submit_confirm`](Self::submit_confirm).
        fn submit_answer(
            chain: ChainId,
            account: AccountId,
            signature: BeaconSignature,
        ) -> Option<()>;

        /// A chain; none if the allocation does not know it.
        fn chain_status(chain: ChainId) -> Option<ChainStatus>;

        /// The chains from id `from` on, at most [`MAX_PAGE`] of them.
        fn chains(from: ChainId, limit: u32) -> Vec<ChainStatus>;

        /// The members of a chain, in the order in which they came, from the `from`th on, at most
        /// [`MAX_PAGE`] of them.
        fn members(chain: ChainId, from: u32, limit: u32) -> Vec<Member<AccountId>>;

        /// Put a confirmation into the local pool, none if that fails. The caller must register the
        /// extension that gives the runtime access to the pool.
        fn submit_confirm(
            chain: ChainId,
            account: AccountId,
            head: Head,
            signature: BeaconSignature,
        ) -> Option<()>;
    }
}
