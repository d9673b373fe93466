// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Sets of authorities with real keys, headers that they sign, and states with real proofs.

use hansa_interchain_primitives::{
    client::{Clock, Update},
    ClientError, ClientState, Hash, Height, Moment, SignedHeader, StorageProof, TrustedHeader,
};
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    Authority, AuthorityIndex, AuthorityPair, AuthoritySet, Certificate, ConsensusLog, PreDigest,
    SetId, SigningContext, View, VoteKind,
};
use hansa_primitives::Header;
use sp_core::Pair;
use sp_runtime::{traits::BlakeTwo256, traits::Header as _, Digest, DigestItem, StateVersion};
use sp_state_machine::{prove_read, Backend, InMemoryBackend};

pub const GENESIS: Hash = Hash::repeat_byte(0xee);
pub const START: Moment = 1_000_000;
pub const TRUST: Moment = 90_000;

/// Key `i` of the set that begins with `seed`.
pub fn pair(seed: u8, i: u16) -> AuthorityPair {
    AuthorityPair::from_seed(&[seed.wrapping_add(i as u8); 32])
}

/// Four authorities.
pub fn set(id: SetId, seed: u8) -> AuthoritySet {
    let list = (0..4).map(|i| Authority {
        key: pair(seed, i).public(),
        weight: 1,
    });
    AuthoritySet::new(id, list.collect()).unwrap()
}

/// A certificate of the four whose keys begin with `seed`, for a hash at a height in a view.
pub fn certify(
    set: &AuthoritySet,
    seed: u8,
    (height, view): (Height, View),
    hash: Hash,
    signers: &[AuthorityIndex],
) -> Certificate {
    let context = SigningContext {
        genesis: GENESIS,
        set_id: set.id,
    };
    let statement = VoteKind::Commit.statement(hash, NO_PROOF);
    let votes = signers.iter().map(|i| {
        let payload = context.payload(height, view, &statement);
        (*i, pair(seed, *i).sign(&payload))
    });
    Certificate::new(VoteKind::Commit, height, view, hash, NO_PROOF, set, votes)
}

/// A header of a height, a time, and more in its digest.
pub fn header(height: Height, timestamp_ms: Moment, logs: &[DigestItem]) -> Header {
    let pre = PreDigest {
        view: 0,
        author: 0,
        timestamp_ms,
    }
    .to_digest_item();
    let logs = core::iter::once(pre).chain(logs.iter().cloned()).collect();
    Header::new(
        height,
        Hash::zero(),
        Hash::repeat_byte(height as u8),
        Hash::zero(),
        Digest { logs },
    )
}

/// The header, committed to by three of the set.
pub fn signed(set: &AuthoritySet, seed: u8, header: &Header) -> SignedHeader {
    let place = (*header.number(), 0);
    let certificate = certify(set, seed, place, header.hash(), &[0, 1, 3]);
    SignedHeader::new(header, certificate).unwrap()
}

/// An item that hands over.
pub fn hand_over(set: &AuthoritySet) -> DigestItem {
    ConsensusLog::SetChange(set.clone()).to_digest_item()
}

/// A client that knows height 10 and the set of seed 1, with id 3.
pub fn client() -> (ClientState, AuthoritySet) {
    let latest = TrustedHeader {
        height: 10,
        hash: Hash::repeat_byte(10),
        state_root: Hash::repeat_byte(10),
        timestamp: START,
    };
    (ClientState::new(GENESIS, latest, 3, TRUST), set(3, 1))
}

/// Tell a client, at a time.
pub fn tell(
    (state, set): &(ClientState, AuthoritySet),
    headers: &[SignedHeader],
    now: Moment,
) -> Result<Update, ClientError> {
    let clock = Clock {
        now,
        drift: Some(1_000),
    };
    hansa_interchain_primitives::client::update(state, set, headers, clock, verify_signature)
}

/// A state.
pub fn state(items: &[(Vec<u8>, Vec<u8>)]) -> (Hash, InMemoryBackend<BlakeTwo256>) {
    let items = items.iter().cloned().map(|(k, v)| (k, Some(v))).collect();
    let state = InMemoryBackend::<BlakeTwo256>::from((vec![(None, items)], StateVersion::V1));
    let root = state.storage_root(core::iter::empty(), StateVersion::V1).0;
    (root, state)
}

/// A proof of `keys` in it.
pub fn prove(state: &InMemoryBackend<BlakeTwo256>, keys: &[Vec<u8>]) -> StorageProof {
    let proof = prove_read(state.clone(), keys).unwrap();
    StorageProof::new(proof.into_iter_nodes()).unwrap()
}
