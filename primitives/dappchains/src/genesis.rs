// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a founder signs to confirm the genesis of its chain.

use crate::ChainId;
use alloc::vec::Vec;
use codec::Encode;
use hansa_pbft_primitives::Hash;

/// Separates these payloads from all else that a session key signs.
const DOMAIN: &[u8] = b"hansa/dappchains/genesis/1";

/// The bytes that a founder signs with its pBFT key: that it built the genesis of `chain` in its
/// `attempt`-th forming and found `outcome`, a hash, or none if the genesis could not be built.
///
/// `hub` is the hash of the hub's genesis, so that the word holds at no other hub.
pub fn confirm_payload(hub: &Hash, chain: ChainId, attempt: u16, outcome: Option<Hash>) -> Vec<u8> {
    (DOMAIN, hub, chain, attempt, outcome).encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_signed() {
        let payload = |hub: u8, chain, attempt, outcome: Option<u8>| {
            confirm_payload(
                &Hash::repeat_byte(hub),
                chain,
                attempt,
                outcome.map(Hash::repeat_byte),
            )
        };
        let all = [
            payload(1, 1, 1, Some(1)),
            payload(2, 1, 1, Some(1)),
            payload(1, 2, 1, Some(1)),
            payload(1, 1, 2, Some(1)),
            payload(1, 1, 1, Some(2)),
            payload(1, 1, 1, None),
        ];
        for (i, a) in all.iter().enumerate() {
            for b in all.iter().skip(i + 1) {
                assert_ne!(a, b);
            }
        }
    }
}
