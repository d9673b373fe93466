// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use crate::forming::Outcome;
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_allocation_primitives::Term;
use hansa_dappchain_primitives::{
    Balance, BallotIndex, ChainId, ChainState, Founder, Hash, HubCheckpoint, PatchBytes,
    PropertiesBytes, RuntimeSource, Seconds, MAX_NAME_BYTES, MAX_NODES,
};

/// A chain's name.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME_BYTES>>;

/// How long turns on a chain may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Those of a chain whose deployer does not say.
    pub default: Term,
    /// The shortest: turns that end as soon as they begin would keep a chain's set from ever being
    /// complete.
    pub least: Term,
    /// The longest: nodes must go round, and founders be paid.
    pub most: Term,
}

impl Terms {
    /// Whether a deployer may ask for this term.
    pub fn allow(&self, term: &Term) -> bool {
        (self.least.blocks..=self.most.blocks).contains(&term.blocks)
            && (self.least.seconds..=self.most.seconds).contains(&term.seconds)
    }
}

/// A chain.
#[frame_support::stored]
pub struct Chain<AccountId> {
    /// Its name.
    pub name: Name,
    /// Who registered it: it counts for this account for good, whoever owns it.
    pub deployer: AccountId,
    /// Who may cancel and retire it, and votes for it.
    pub owner: AccountId,
    /// Who may become its owner.
    pub offered_to: Option<AccountId>,
    /// In whose account the stake is on hold: the owner's, until the chain goes live.
    pub payer: AccountId,
    /// What is on hold there of the deployment stake.
    pub stake: Balance,
    /// What is on hold in the owner's account for the spec.
    pub deposit: Balance,
    /// The state.
    pub state: ChainState,
    /// How many nodes it needs.
    pub need: u32,
    /// How long a node's turn lasts. A founder's share is vested over its time.
    pub term: Term,
    /// When it was registered.
    pub registered_at: Seconds,
    /// When the state ends by itself: a forming chain's deadline, a retiring one's notice. Of a retired chain whose route is
    /// not closed, when that is tried next.
    pub due_at: Option<Seconds>,
    /// When it went live.
    pub live_at: Option<Seconds>,
    /// The number of the last forming: 0 while there was none.
    pub attempt: u16,
    /// What it runs.
    pub runtime: RuntimeSource,
    /// The genesis that a quorum of founders confirmed.
    pub genesis: Option<Hash>,
}

/// What a chain's genesis is made of, as its deployer gave it.
#[frame_support::stored]
pub struct Spec {
    /// The hash of the code.
    pub code: Hash,
    /// The patch of the genesis.
    pub patch: PatchBytes,
    /// The properties.
    pub properties: PropertiesBytes,
}

/// What was frozen when a chain's nodes were complete.
#[frame_support::stored]
pub struct Frozen<AccountId> {
    /// The version of the rule by which the genesis follows.
    pub format: u16,
    /// Who owned the chain.
    pub owner: AccountId,
    /// The founders, in the order of the first set.
    pub founders: BoundedVec<Founder<AccountId>, ConstU32<MAX_NODES>>,
    /// What the chain is told of the hub.
    pub hub: HubCheckpoint,
    /// When it was frozen.
    pub at: Seconds,
}

/// What each founder of a forming chain said, in their order.
pub type Confirmations = BoundedVec<Option<Outcome>, ConstU32<MAX_NODES>>;

/// What a founder, or who came for it, gets of the stake.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Seat {
    /// The whole share.
    pub share: Balance,
    /// What was paid of it.
    pub paid: Balance,
}

impl Seat {
    /// What is still to be paid.
    pub fn rest(&self) -> Balance {
        self.share.saturating_sub(self.paid)
    }
}

/// The seats of a chain that have no node to be paid to.
pub type VacantSeats = BoundedVec<Seat, ConstU32<MAX_NODES>>;

/// The code of a standard runtime.
#[frame_support::stored]
#[derive(Copy)]
pub struct StandardCode {
    /// Its hash, under which the hub has its bytes.
    pub code: Hash,
}

/// A ballot on the hard limit.
#[frame_support::stored]
#[derive(Copy)]
pub struct Ballot {
    /// Its number.
    pub index: BallotIndex,
    /// The limit that is proposed.
    pub proposed: u32,
    /// Which chain proposed it.
    pub proposer: ChainId,
    /// When it ends.
    pub ends_at: Seconds,
    /// The period whose blocks count.
    pub period: u32,
    /// What all chains made in it.
    pub total: u64,
    /// What was voted for it, in blocks.
    pub ayes: u64,
    /// What was voted against it, in blocks.
    pub nays: u64,
}

/// What was cast in the last ballot in which anything was.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Cast {
    /// The ballot.
    pub ballot: BallotIndex,
    /// How much, in blocks.
    pub weight: u64,
}

/// Why a chain that was never live was given up.
#[frame_support::stored]
#[derive(Copy)]
pub enum GoneReason {
    /// Its owner cancelled it.
    #[codec(index = 0)]
    Cancelled,
    /// Its genesis could not be built, or its founders did not agree on it.
    #[codec(index = 1)]
    Dissolved,
}
