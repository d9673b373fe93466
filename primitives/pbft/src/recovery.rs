// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A set that takes the place of one that lost its quorum.
//!
//! A set of which more than `T` is gone for good can neither decide nor hand over. Whoever assigns the sets of a chain
//! may then **record** that, above a head of the chain that is final, another set decides. It is the one exception to the
//! rule that only a set itself hands over. The set that is recorded may lose its quorum, too, before it decides anything:
//! then there is a later record of the same head, with a later set. So ids have gaps at such a head, and nowhere else: a
//! hand-over is always to the next id.
//!
//! The block above that head, and only that one, brings the record in its header, as the last item of its pre-runtime
//! digest. Its nodes know the record from whoever made it, and take no block there with another record, or without one;
//! the runtime takes the set from it before anything else of the block. For the engine the record is bytes: what they
//! mean is the runtime's, and of whoever made them.

use alloc::vec::Vec;
use sp_runtime::{ConsensusEngineId, Digest, DigestItem};

/// The engine id under which a record stands in a header.
pub const RECOVERY_ENGINE_ID: ConsensusEngineId = *b"pBFr";

/// The most bytes of a record: those of the largest set that is assigned, and some 14 KiB for what else is in it. With the rest
/// of a header that hands over to nobody it is less than light clients take for a header, 48 KiB.
pub const MAX_RECOVERY_BYTES: usize = 47 * 1024;

/// From which version of [`PbftApi`](crate::PbftApi) on a runtime takes the set from a record. An older one would execute
/// a block that brings one as any other, under the set before.
pub const RECOVERY_API_VERSION: u32 = 2;

/// A record, as an item of a header's digest.
pub fn recovery_item(record: &[u8]) -> DigestItem {
    DigestItem::PreRuntime(RECOVERY_ENGINE_ID, record.to_vec())
}

/// The record that a header brings; none if it brings none, several, or one that is too long.
pub fn find_recovery(digest: &Digest) -> Option<Vec<u8>> {
    let mut found = digest.logs().iter().filter_map(|item| match item {
        DigestItem::PreRuntime(RECOVERY_ENGINE_ID, bytes) => Some(bytes),
        _ => None,
    });
    let bytes = found.next()?;
    (found.next().is_none() && bytes.len() <= MAX_RECOVERY_BYTES).then(|| bytes.clone())
}

/// Whether a header brings a record at all, good or bad.
pub fn has_recovery(digest: &Digest) -> bool {
    let is_record = |item: &DigestItem| matches!(item, DigestItem::PreRuntime(id, _) if *id == RECOVERY_ENGINE_ID);
    digest.logs().iter().any(is_record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(items: Vec<DigestItem>) -> Digest {
        Digest { logs: items }
    }

    #[test]
    fn a_header_brings_one_record_or_none() {
        let item = recovery_item(&[1, 2]);
        assert_eq!(find_recovery(&digest(alloc::vec![])), None);
        let one = digest(alloc::vec![item.clone()]);
        assert_eq!(
            (find_recovery(&one), has_recovery(&one)),
            (Some(alloc::vec![1, 2]), true)
        );
        let two = digest(alloc::vec![item.clone(), item]);
        assert_eq!((find_recovery(&two), has_recovery(&two)), (None, true));
        let long = digest(alloc::vec![recovery_item(
            &alloc::vec![0; MAX_RECOVERY_BYTES + 1]
        )]);
        assert_eq!((find_recovery(&long), has_recovery(&long)), (None, true));
        let other = digest(alloc::vec![DigestItem::PreRuntime(
            crate::PBFT_ENGINE_ID,
            alloc::vec![]
        )]);
        assert!(!has_recovery(&other));
    }
}
