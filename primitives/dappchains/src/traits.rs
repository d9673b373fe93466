// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the registry asks of other pallets, and they of it, so that none names another's `Config`.

use crate::{FounderKeys, HubCheckpoint};

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

/// What a new chain is told of the hub.
pub trait CheckpointOf {
    /// The hub's last final block and the set that decides the next one.
    fn checkpoint() -> HubCheckpoint;
}
