// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a node's beacon key signs: that it wants to be in the pool, that it is ready to serve a live chain, and that it is
//! there when the roll of a chain that stands still is called.

use crate::{ChainId, EpochIndex, Head, Seconds};
use alloc::vec::Vec;
use codec::Encode;
use sp_core::H256;

/// Separates confirmations from other messages of the node's beacon key.
const CONFIRM_DOMAIN: &[u8] = b"hansa/allocation/confirm/1";

/// Separates wishes to join from other messages of the node's beacon key.
const JOIN_DOMAIN: &[u8] = b"hansa/allocation/join/1";

/// Separates answers to a roll call from other messages of the node's beacon key.
const ANSWER_DOMAIN: &[u8] = b"hansa/allocation/answer/1";

/// What the node's beacon key signs: that it wants to be in the pool, in this epoch.
///
/// `genesis` is the hub's genesis hash.
pub fn join_payload<AccountId: Encode>(
    genesis: &H256,
    account: &AccountId,
    epoch: EpochIndex,
) -> Vec<u8> {
    (JOIN_DOMAIN, genesis, account, epoch).encode()
}

/// What the node's beacon key signs: that it has executed `chain` up to `head`, which is final.
///
/// `since` is since when the node is a member of that chain, so that a confirmation is good for one turn;
/// `genesis` is the hub's genesis hash.
pub fn confirm_payload<AccountId: Encode>(
    genesis: &H256,
    chain: ChainId,
    account: &AccountId,
    since: Seconds,
    head: &Head,
) -> Vec<u8> {
    (CONFIRM_DOMAIN, genesis, chain, account, since, head).encode()
}

/// What the node's beacon key signs: that it is there, and serves `chain`.
///
/// `since` is when the roll was called, in seconds of service time, so that an answer is good for one roll; `genesis` is
/// the hub's genesis hash.
pub fn answer_payload<AccountId: Encode>(
    genesis: &H256,
    chain: ChainId,
    account: &AccountId,
    since: Seconds,
) -> Vec<u8> {
    (ANSWER_DOMAIN, genesis, chain, account, since).encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_signed() {
        let head = Head {
            height: 3,
            hash: H256::repeat_byte(4),
        };
        let other = Head { height: 4, ..head };
        let genesis = H256::repeat_byte(1);
        let good = confirm_payload(&genesis, 1, &2u64, 5, &head);
        assert_eq!(good, confirm_payload(&genesis, 1, &2u64, 5, &head));
        for bad in [
            confirm_payload(&H256::zero(), 1, &2u64, 5, &head),
            confirm_payload(&genesis, 2, &2u64, 5, &head),
            confirm_payload(&genesis, 1, &3u64, 5, &head),
            confirm_payload(&genesis, 1, &2u64, 6, &head),
            confirm_payload(&genesis, 1, &2u64, 5, &other),
        ] {
            assert_ne!(good, bad);
        }
    }

    #[test]
    fn everything_is_signed_of_a_wish_to_join() {
        let genesis = H256::repeat_byte(1);
        let good = join_payload(&genesis, &2u64, 5);
        assert_eq!(good, join_payload(&genesis, &2u64, 5));
        for bad in [
            join_payload(&H256::zero(), &2u64, 5),
            join_payload(&genesis, &3u64, 5),
            join_payload(&genesis, &2u64, 6),
        ] {
            assert_ne!(good, bad);
        }
    }

    #[test]
    fn everything_is_signed_of_an_answer() {
        let genesis = H256::repeat_byte(1);
        let good = answer_payload(&genesis, 1, &2u64, 5);
        assert_eq!(good, answer_payload(&genesis, 1, &2u64, 5));
        for bad in [
            answer_payload(&H256::zero(), 1, &2u64, 5),
            answer_payload(&genesis, 2, &2u64, 5),
            answer_payload(&genesis, 1, &3u64, 5),
            answer_payload(&genesis, 1, &2u64, 6),
            join_payload(&genesis, &2u64, 5),
        ] {
            assert_ne!(good, bad);
        }
    }
}
