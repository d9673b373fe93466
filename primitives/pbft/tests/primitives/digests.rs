// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Digests: found where they must be, and nothing else taken for them.

use crate::fixture::{block, pair, set};
use codec::Encode;
use hansa_pbft_primitives::{
    digest::{seal_item, seal_signature},
    ConsensusLog, PreDigest, PBFT_ENGINE_ID,
};
use sp_core::Pair;
use sp_runtime::{Digest, DigestItem};

const PRE: PreDigest = PreDigest {
    view: 3,
    author: 2,
    timestamp_ms: 1_700_000_000_000,
};

fn digest(logs: Vec<DigestItem>) -> Digest {
    Digest { logs }
}

#[test]
fn the_pre_digest_is_found_if_there_is_exactly_one() {
    let item = PRE.to_digest_item();
    let other = DigestItem::PreRuntime(*b"aura", PRE.encode());
    let garbage = DigestItem::PreRuntime(PBFT_ENGINE_ID, vec![1]);
    let trailing = DigestItem::PreRuntime(PBFT_ENGINE_ID, [PRE.encode(), vec![0]].concat());
    let wrong_sort = DigestItem::Consensus(PBFT_ENGINE_ID, PRE.encode());
    for (what, logs, found) in [
        ("alone", vec![item.clone()], Some(PRE)),
        (
            "beside others",
            vec![other.clone(), item.clone()],
            Some(PRE),
        ),
        ("missing", vec![other], None),
        ("of another sort", vec![wrong_sort], None),
        ("twice", vec![item.clone(), item.clone()], None),
        ("malformed", vec![garbage.clone()], None),
        ("beside a malformed one", vec![item, garbage], None),
        ("with left-over bytes", vec![trailing], None),
    ] {
        assert_eq!(PreDigest::find(&digest(logs)), found, "{what}");
    }
}

#[test]
fn a_set_change_is_found() {
    let next = set(&[1, 2, 3]);
    let item = ConsensusLog::SetChange(next.clone()).to_digest_item();
    assert_eq!(
        ConsensusLog::find_set_change(&digest(vec![item.clone()])),
        Some(next.clone())
    );
    let behind = digest(vec![PRE.to_digest_item(), item]);
    assert_eq!(ConsensusLog::find_set_change(&behind), Some(next));
    let foreign = DigestItem::Consensus(*b"FRNK", vec![0]);
    assert_eq!(ConsensusLog::find_set_change(&digest(vec![foreign])), None);
    let garbage = DigestItem::Consensus(PBFT_ENGINE_ID, vec![0, 1]);
    assert_eq!(ConsensusLog::find_set_change(&digest(vec![garbage])), None);
}

#[test]
fn a_seal_is_read_back() {
    let signature = pair(1).sign(block(1).as_bytes());
    let item = seal_item(&signature);
    assert_eq!(seal_signature(&item), Some(signature.clone()));
    for other in [
        DigestItem::Seal(*b"aura", signature.encode()),
        DigestItem::Seal(PBFT_ENGINE_ID, vec![0; 63]),
        DigestItem::Seal(PBFT_ENGINE_ID, vec![0; 65]),
        DigestItem::PreRuntime(PBFT_ENGINE_ID, signature.encode()),
    ] {
        assert_eq!(seal_signature(&other), None);
    }
}
