// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the supervisor asks of whoever can run a chain's service.

use crate::{store::Ports, witness::Accusation};
use futures::future::BoxFuture;
use hansa_allocation_primitives::Head;
use hansa_dappchain_primitives::{api::GenesisRecord, ChainId, Recovery};
use hansa_primitives::{AccountId, Hash};

/// Why there is no genesis.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GenesisError {
    /// The record is of no genesis: every node finds that.
    #[error("the record has no genesis: {0}")]
    Record(String),
    /// This node could not find out.
    #[error("the genesis could not be built here: {0}")]
    Here(String),
}

/// A record of the hub by which a chain goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The record.
    pub record: Recovery<AccountId>,
    /// A time at which there was no such record yet, in milliseconds since 1970, if one is known.
    pub made_after_ms: Option<u64>,
}

/// A service to be started.
#[derive(Clone, Debug)]
pub struct Order {
    /// What its genesis is made of.
    pub record: GenesisRecord<AccountId>,
    /// The genesis that the founders confirmed. A service of another one must not start.
    pub genesis: Hash,
    /// Where it listens.
    pub ports: Ports,
    /// The last record by which its chain goes on, if there is one: blocks that the service has logged may need it before
    /// anything else can be said to it.
    pub recovery: Option<Recorded>,
}

/// Resolves when a service has ended by itself, to why.
pub type Ended = BoxFuture<'static, String>;

/// Runs services of chains.
pub trait Launcher: Send + Sync + 'static {
    /// A service that runs.
    type Service: Service;

    /// The hash of the genesis that follows from a record. Takes long.
    fn genesis(
        &self,
        record: GenesisRecord<AccountId>,
    ) -> BoxFuture<'static, Result<Hash, GenesisError>>;

    /// Ports that nobody listens at, none of them among `taken`.
    fn free_ports(&self, taken: &[Ports]) -> Result<Ports, String>;

    /// Start a service. The error says what to do.
    fn start(&self, order: Order) -> BoxFuture<'static, Result<(Self::Service, Ended), String>>;

    /// Remove all that is stored of a chain. It does not run.
    fn forget(&self, chain: ChainId, genesis: Hash) -> BoxFuture<'static, Result<(), String>>;
}

/// What a service says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// The height of its last final block.
    pub height: u32,
    /// How many peers it has.
    pub peers: usize,
    /// Whether it is far behind them.
    pub syncing: bool,
    /// Whether a key of this node is in the set that decides its next block.
    pub in_set: bool,
}

/// A service that runs.
pub trait Service: Send + 'static {
    /// How it is.
    fn health(&self) -> Health;

    /// Its last final block, once it has caught up with its peers.
    fn caught_up(&self) -> Option<Head>;

    /// Its last final block.
    fn final_head(&self) -> Head;

    /// Go on by the hub's record of a set in place of the one that lost its quorum. To say the same again changes nothing.
    /// The error says why it cannot.
    fn recover(&mut self, recorded: &Recorded) -> Result<(), String>;

    /// What the hub said in a block that it made at `hub_ms`, in milliseconds since 1970, was handed over: its record, or that there
    /// is none. If that is of late the service needs not be silent where its chain stands still. Said at each of the hub's blocks.
    fn set_current(&mut self, hub_ms: u64);

    /// The offences that its node has seen since this was asked last.
    fn accusations(&mut self) -> Vec<Accusation>;

    /// Stop it. Resolves when nothing of it runs, and its database is closed.
    fn stop(self) -> BoxFuture<'static, Result<(), String>>;
}
