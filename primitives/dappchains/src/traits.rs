// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the registry asks of other pallets, and they of it, so that none names another's `Config`.

use crate::{AssignedNode, ChainId, FounderKeys, HubCheckpoint};
use alloc::vec::Vec;
use hansa_primitives::{Hash, Moment};
use sp_runtime::DispatchResult;

/// The keys of nodes.
pub trait KeysOf<AccountId> {
    /// The keys of the node of `account`; none if it has none. A node without keys can
    /// found no chain.
    fn keys_of(account: &AccountId) -> Option<FounderKeys>;

    /// Give a node keys.
    #[cfg(feature = "runtime-benchmarks")]
    fn put_keys(account: &AccountId, keys: FounderKeys);
}

/// Which nodes are a deployer's own.
///
/// A chain cannot know who is behind an account. It can know what accounts say of themselves, such as
/// proxies and sub-accounts; a runtime may take these in.
pub trait OwnNodes<AccountId> {
    /// Whether the node of `node` belongs to `deployer`.
    fn is_own(deployer: &AccountId, node: &AccountId) -> bool;
}

/// A deployer's own node is the one of its own account.
impl<AccountId: PartialEq> OwnNodes<AccountId> for () {
    fn is_own(deployer: &AccountId, node: &AccountId) -> bool {
        deployer == node
    }
}

/// What a chain is told of the hub that is new, or given another set after it lost its quorum.
pub trait CheckpointOf {
    /// The hub's last final block and the set that decides the next one.
    fn checkpoint() -> HubCheckpoint;
}

/// Is told of chains that begin and end. Implemented by what keeps their sets.
pub trait ChainLives<AccountId> {
    /// The founders of a chain confirmed its genesis: it makes blocks from now on. `founders` are its first set, in
    /// its order; `at` is the time of the hub's checkpoint in its record.
    fn on_live(chain: ChainId, genesis: Hash, founders: &[AssignedNode<AccountId>], at: Moment);

    /// The chain has ended: it gets no sets any more.
    fn on_ended(chain: ChainId);
}

/// Nobody is told.
impl<AccountId> ChainLives<AccountId> for () {
    fn on_live(_: ChainId, _: Hash, _: &[AssignedNode<AccountId>], _: Moment) {}

    fn on_ended(_: ChainId) {}
}

/// Gives accounts the session keys that the hub knows them by.
pub trait InstallKeys<AccountId> {
    /// Give the node of `account` these keys, in place of those that it has. Fails if another account has one.
    fn install(account: &AccountId, keys: &FounderKeys) -> DispatchResult;

    /// Take an account's keys away. Nothing happens if it has none.
    fn remove(account: &AccountId);
}

/// Who made the blocks of a session.
pub trait SessionBlocks<AccountId> {
    /// The members of the set of the session that ends, each with the number of its blocks in it. Asked while the
    /// session ends, before the next one begins.
    fn authored() -> Vec<(AccountId, u32)>;
}
