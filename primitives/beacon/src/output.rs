// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The beacon, and the seeds that are made of it.

use crate::{hash_of, Beacon, Digest, EpochIndex};

/// Separates the beacon from other hashes.
const BEACON_DOMAIN: &[u8] = b"hansa/beacon/next/1";
/// Separates the first beacon from other hashes.
const GENESIS_DOMAIN: &[u8] = b"hansa/beacon/genesis/1";
/// Separates seeds of proposer schedules from other hashes.
const SEED_DOMAIN: &[u8] = b"hansa/beacon/seed/1";

/// What an epoch has gathered for the next one's beacon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inputs {
    /// The epoch that ends.
    pub epoch: EpochIndex,
    /// Its beacon.
    pub last: Beacon,
    /// The root of the tree of reveals ([`crate::tree::root`]).
    pub reveals: Digest,
    /// The number of reveals.
    pub revealed: u32,
    /// The chain of outputs of the blocks of the commit part and of the mixing
    /// ([`crate::vrf::fold`]).
    pub outputs: Digest,
    /// Their number.
    pub blocks: u32,
}

/// The beacon of the epoch after the one whose inputs these are.
pub fn next_beacon(inputs: &Inputs) -> Beacon {
    hash_of(&(
        BEACON_DOMAIN,
        inputs.epoch,
        inputs.last,
        inputs.reveals,
        inputs.revealed,
        inputs.outputs,
        inputs.blocks,
    ))
}

/// The beacon of epoch 0, of what the chain spec gives.
pub fn first_beacon(entropy: &[u8; 32]) -> Beacon {
    hash_of(&(GENESIS_DOMAIN, entropy))
}

/// The seed of the proposer schedule of a session that begins under `beacon`.
pub fn session_seed(beacon: &Beacon, session: u32) -> [u8; 32] {
    hash_of(&(SEED_DOMAIN, beacon, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_changes_the_beacon() {
        let inputs = Inputs {
            epoch: 1,
            last: [1; 32],
            reveals: [2; 32],
            revealed: 3,
            outputs: [4; 32],
            blocks: 5,
        };
        let beacon = next_beacon(&inputs);
        assert_eq!(beacon, next_beacon(&inputs));
        let others = [
            Inputs { epoch: 2, ..inputs },
            Inputs {
                last: [0; 32],
                ..inputs
            },
            Inputs {
                reveals: [0; 32],
                ..inputs
            },
            Inputs {
                revealed: 0,
                ..inputs
            },
            Inputs {
                outputs: [0; 32],
                ..inputs
            },
            Inputs {
                blocks: 0,
                ..inputs
            },
        ];
        assert!(others.iter().all(|other| next_beacon(other) != beacon));
    }

    #[test]
    fn sessions_under_one_beacon_have_seeds_of_their_own() {
        assert_ne!(session_seed(&[1; 32], 1), session_seed(&[1; 32], 2));
        assert_ne!(session_seed(&[1; 32], 1), session_seed(&[2; 32], 1));
    }
}
