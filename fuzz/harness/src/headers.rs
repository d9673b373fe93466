// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What blocks and the state say of the consensus: digests, seals, hand-overs, the inherent that
//! tells who signed, the set, the seed and the timing.

use crate::world;
use codec::{Decode, DecodeAll, Encode, MaxEncodedLen};
use hansa_pbft_primitives::{
    digest::{seal_item, seal_signature},
    primary::primary,
    AuthoritySet, ConsensusLog, ConsensusState, ParentCertificate, PreDigest, Timing,
    PBFT_ENGINE_ID,
};
use hansa_primitives::Header;
use sp_runtime::{traits::Header as HeaderT, Digest, DigestItem};
use std::fmt::Debug;

/// Read `bytes` as each of them.
pub fn run(bytes: &[u8]) {
    if let Ok(header) = Header::decode_all(&mut &*bytes) {
        read(header.digest());
        let _ = header.hash();
    }
    if let Ok(digest) = Digest::decode_all(&mut &*bytes) {
        read(&digest);
    }
    for item in [
        DigestItem::PreRuntime(PBFT_ENGINE_ID, bytes.to_vec()),
        DigestItem::Consensus(PBFT_ENGINE_ID, bytes.to_vec()),
        DigestItem::Seal(PBFT_ENGINE_ID, bytes.to_vec()),
    ] {
        read(&Digest { logs: vec![item] });
    }
    if let Some(inherent) = one_encoding::<ParentCertificate>(bytes) {
        assert!(bytes.len() <= ParentCertificate::max_encoded_len());
        let _ = inherent.signers.check_quorum(&world::set());
        assert_eq!(
            inherent.signers.count() as usize,
            inherent.signers.iter().count()
        );
    }
    if let Some(timing) = one_encoding::<Timing>(bytes) {
        check_timing(&timing);
    }
    if let Ok(state) = ConsensusState::decode_all(&mut &*bytes) {
        check_set(&state.set, &state.seed);
        check_timing(&state.timing);
    }
}

/// What is found in a digest has one encoding.
fn read(digest: &Digest) {
    if let Some(pre) = PreDigest::find(digest) {
        assert!(digest.logs().contains(&pre.to_digest_item()));
    }
    if let Some(set) = ConsensusLog::find_set_change(digest) {
        check_set(&set, &world::SEED);
        let item = ConsensusLog::SetChange(set).to_digest_item();
        assert!(digest.logs().contains(&item));
    }
    for item in digest.logs() {
        if let Some(signature) = seal_signature(item) {
            assert_eq!(*item, seal_item(&signature));
        }
    }
}

/// A set that was decoded may be one that nobody would make; it must do no harm.
fn check_set(set: &AuthoritySet, seed: &[u8; 32]) {
    assert!(set.quorum() <= set.total_weight());
    assert!(set.faults() <= set.total_weight() / 3);
    for view in [0, 1, u32::MAX] {
        let primary = primary(set, seed, 7, view);
        assert!(primary.is_none_or(|p| set.get(p).is_some()));
    }
    assert!(set.encoded_size() <= AuthoritySet::max_encoded_len());
}

/// Timeouts grow, never wrap.
fn check_timing(timing: &Timing) {
    let valid = timing.check().is_ok();
    let mut last = 0;
    for view in [0, 1, 2, 1_000, u32::MAX] {
        let timeout = timing.timeout_ms(view);
        assert!(!valid || timeout >= last);
        last = timeout;
    }
}

/// Decode all of `bytes`; what decodes must have that encoding and no other.
fn one_encoding<T: Decode + Encode + Debug>(bytes: &[u8]) -> Option<T> {
    let value = T::decode_all(&mut &*bytes).ok()?;
    assert_eq!(value.encode(), bytes);
    Some(value)
}
