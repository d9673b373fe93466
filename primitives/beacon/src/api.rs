// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the node asks of the runtime.
//!
//! A runtime names the trait by its path, `hansa_beacon_primitives::api::BeaconApi`, as the macro has the
//! runtime's half beside it.
//!
//! A node that is in the pool does this at each new final block, for each key of
//! [`KEY_TYPE`](crate::KEY_TYPE) in its keystore:
//!
//! 1. Ask for the [`duty`](BeaconApi::duty) of the key.
//! 2. Compute the id: [`own_id`](crate::commitment::own_id) of the key's VRF pre-output (of the key that
//!    [`DutyKind::Reveal`] names) over [`secret_input`](crate::commitment::secret_input) (genesis hash,
//!    epoch, beacon).
//! 3. [`DutyKind::Commit`]: sign [`commit_payload`](crate::commitment::commit_payload) and call
//!    [`submit_commit`](BeaconApi::submit_commit). [`DutyKind::Reveal`]: check that the commitment is
//!    the id's, and call [`submit_reveal`](BeaconApi::submit_reveal).
//!
//! It needs no memory: a node that starts between the two does the same.

// The macro gives the trait's parameter bounds in two places.
#![allow(clippy::multiple_bound_locations)]

use crate::{AuthorityIndex, Beacon, BeaconId, BeaconSignature, Digest, EpochIndex, OwnId, Phase};
use codec::{Codec, Decode, Encode};
use scale_info::TypeInfo;

/// The epoch under way.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct EpochInfo {
    /// Its number.
    pub epoch: EpochIndex,
    /// Its beacon.
    pub beacon: Beacon,
    /// The part that it is in.
    pub phase: Phase,
    /// When the time of this part ends, in milliseconds of service time. The part itself may last
    /// longer.
    pub phase_end_ms: u64,
    /// How many nodes committed.
    pub committed: u32,
    /// How many of them revealed.
    pub revealed: u32,
}

/// What a node has to do for the beacon.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub struct Duty<AccountId> {
    /// The node's account.
    pub account: AccountId,
    /// The epoch.
    pub epoch: EpochIndex,
    /// Its beacon.
    pub beacon: Beacon,
    /// What to do.
    pub kind: DutyKind,
}

/// The kinds of [`Duty`].
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, TypeInfo)]
pub enum DutyKind {
    /// Commit to an id.
    #[codec(index = 0)]
    Commit,
    /// Reveal it.
    #[codec(index = 1)]
    Reveal {
        /// What the node committed to.
        commitment: Digest,
        /// The key with which it did. If the node has changed its key since, the id still follows from
        /// this one.
        key: BeaconId,
    },
}

sp_api::decl_runtime_apis! {
    /// What node and clients ask a runtime about the beacon.
    pub trait BeaconApi<AccountId: Codec> {
        /// The epoch under way.
        fn epoch() -> EpochInfo;

        /// The key of an authority of the set that decides the child of this block: with it the VRF
        /// output in the child's header is verified. The input's beacon is that of
        /// [`epoch`](Self::epoch), also at this block. None if the authority has no such key: then the
        /// header must carry no output.
        fn author_key(authority: AuthorityIndex) -> Option<BeaconId>;

        /// What the node with this key has to do now; none if nothing.
        fn duty(key: BeaconId) -> Option<Duty<AccountId>>;

        /// Put a commitment into the local pool, none if that fails. The caller must register the
        /// extension that gives the runtime access to the pool.
        fn submit_commit(
            epoch: EpochIndex,
            account: AccountId,
            commitment: Digest,
            signature: BeaconSignature,
        ) -> Option<()>;

        /// Put a reveal into the local pool, none if that fails. As with
        /// [`submit_commit`](Self::submit_commit).
        fn submit_reveal(epoch: EpochIndex, account: AccountId, id: OwnId) -> Option<()>;
    }
}
