// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A node's rank in a draw: a number that nobody can aim at, as the beacon is not known when the node
//! commits to its own id, and the ids of others are not known to it either.

use crate::{hash_of, Beacon, Digest, OwnId};
use codec::Encode;

/// Separates node ids from other hashes.
const NODE_DOMAIN: &[u8] = b"hansa/beacon/node/1";
/// Separates ranks from other hashes.
const RANK_DOMAIN: &[u8] = b"hansa/beacon/rank/1";

/// The node id of `account` in the epoch that has this beacon.
pub fn node_id<AccountId: Encode>(beacon: &Beacon, account: &AccountId) -> Digest {
    hash_of(&(NODE_DOMAIN, beacon, account))
}

/// The rank of `account`, which revealed `id`; the lowest, as big-endian number, is drawn first.
pub fn rank<AccountId: Encode>(beacon: &Beacon, account: &AccountId, id: &OwnId) -> Digest {
    hash_of(&(RANK_DOMAIN, node_id(beacon, account), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beacon_account_and_id_change_the_rank() {
        let one = rank(&[1; 32], &1u64, &[1; 32]);
        assert_eq!(one, rank(&[1; 32], &1u64, &[1; 32]));
        assert_ne!(one, rank(&[2; 32], &1u64, &[1; 32]));
        assert_ne!(one, rank(&[1; 32], &2u64, &[1; 32]));
        assert_ne!(one, rank(&[1; 32], &1u64, &[2; 32]));
    }
}
