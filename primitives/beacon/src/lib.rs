// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Types and pure functions of Hansa's randomness beacon, shared by the runtime, the node and the
//! simulation of its bias. `docs/beacon.md` describes the protocol and argues why it is as it is.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`epoch`] | the parts of an epoch, and when each is over |
//! | [`commitment`] | a node's random id, its commitment, and how both follow from a key |
//! | [`vrf`] | the output that a block's author adds |
//! | [`digest`] | where a header carries it |
//! | [`tree`] | one hash of all reveals, in whatever order they come |
//! | [`output`] | the beacon, and the seeds that are made of it |
//! | [`draw`] | a node's rank in a draw |
//! | [`penalty`] | what withheld reveals cost |
//! | [`traits`] | what the beacon asks of other pallets, and they of it |
//! | [`api`] | what the node asks of the runtime |

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod api;
pub mod commitment;
pub mod digest;
pub mod draw;
pub mod epoch;
pub mod output;
pub mod penalty;
pub mod traits;
pub mod tree;
pub mod vrf;

pub use api::{Duty, DutyKind, EpochInfo};
pub use digest::{DigestError, BEACON_ENGINE_ID};
pub use epoch::{Author, AuthorsSeen, Clock, Parts, Phase};
pub use output::{next_beacon, Inputs};
pub use traits::{
    BlockAuthor, CommittedIds, Draws, EpochClock, Leaving, NextSet, OnBeacon, OnFreeze, OnReveal,
    Pool,
};
pub use vrf::BlockVrf;

use sp_runtime::KeyTypeId;

/// The key type of the keys with which a node commits, reveals, and makes its blocks' outputs.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"hbcn");

/// The largest number of authorities in a set: that of pBFT.
pub const MAX_AUTHORITIES: u32 = 1_000;

mod app {
    use sp_application_crypto::{app_crypto, sr25519};
    app_crypto!(sr25519, super::KEY_TYPE);
}

sp_application_crypto::with_pair! {
    /// The key pair of a node for the beacon.
    pub type BeaconPair = app::Pair;
}

/// A node's public key for the beacon (sr25519).
pub type BeaconId = app::Public;

/// A signature by a node's key for the beacon (sr25519, 64 bytes).
pub type BeaconSignature = app::Signature;

/// The number of an epoch of the beacon, 0 first.
pub type EpochIndex = u32;

/// The randomness of an epoch.
pub type Beacon = [u8; 32];

/// The random number that a node commits to and reveals: its own id in the draw.
pub type OwnId = [u8; 32];

/// A BLAKE2b hash of 256 bits.
pub type Digest = [u8; 32];

/// A block number.
pub type Height = u32;

/// The position of an authority in its set.
pub type AuthorityIndex = u16;

/// The voting weight of an authority, or a sum of such.
pub type Weight = u64;

/// The BLAKE2b hash of a value's encoding.
pub(crate) fn hash_of(value: &impl codec::Encode) -> Digest {
    value.using_encoded(sp_crypto_hashing::blake2_256)
}
