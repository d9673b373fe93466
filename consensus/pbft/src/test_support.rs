// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the unit tests of blocks share: authorities with known keys, and their signatures.

use crate::{authorities::HeightState, recoveries::TakeOver};
use hansa_beacon_primitives::{vrf::block_input, Beacon, BeaconPair, BlockVrf};
use hansa_pbft_primitives::{
    digest::seal_item, statement::NO_PROOF, Authority, AuthorityIndex, AuthorityPair, AuthoritySet,
    Certificate, ConsensusState, Hash, Height, PreDigest, SetId, Timing, View, VoteKind,
};
use hansa_primitives::Header;
use sp_core::{crypto::VrfSecret, Pair};
use sp_runtime::{traits::Header as HeaderT, Digest};
use std::sync::Arc;

/// The genesis hash in tests.
pub(crate) const GENESIS: Hash = Hash::repeat_byte(0xaa);

/// The key of authority `index`.
pub(crate) fn pair(index: AuthorityIndex) -> AuthorityPair {
    AuthorityPair::from_seed(&[index as u8 + 1; 32])
}

/// The beacon key of authority `index`.
pub(crate) fn beacon_pair(index: AuthorityIndex) -> BeaconPair {
    BeaconPair::from_seed(&[index as u8 + 1; 32])
}

/// The output of authority `index` for the block at `height`.
pub(crate) fn beacon_output(index: AuthorityIndex, beacon: Beacon, height: Height) -> BlockVrf {
    let data = block_input(&GENESIS, &beacon, height).into_sign_data();
    BlockVrf::from(&beacon_pair(index).into_inner().vrf_sign(&data))
}

/// A height that `n` authorities of weight 1 decide.
pub(crate) fn height_state(n: AuthorityIndex) -> HeightState {
    let list = (0..n)
        .map(|i| Authority {
            key: pair(i).public(),
            weight: 1,
        })
        .collect();
    let set = AuthoritySet::new(3, list).unwrap();
    HeightState::new(
        GENESIS,
        ConsensusState {
            set,
            seed: [7; 32],
            timing: Timing::default(),
        },
    )
}

/// A record above a block at `height` that puts set `set_id` of the authorities 0 to 4 in place.
pub(crate) fn take_over(height: Height, set_id: SetId) -> TakeOver {
    let list = (0..5)
        .map(|i| Authority {
            key: pair(i).public(),
            weight: 1,
        })
        .collect();
    TakeOver {
        height,
        parent: Hash::from_low_u64_be(u64::from(height) + 1),
        set: Arc::new(AuthoritySet::new(set_id, list).unwrap()),
        seed: [8; 32],
        record: vec![0xee, set_id as u8, 3],
        made_after_ms: None,
    }
}

/// A header at `number` on `parent`, without a seal.
pub(crate) fn pre_header(number: Height, parent: Hash, pre: PreDigest) -> Header {
    let digest = Digest {
        logs: vec![pre.to_digest_item()],
    };
    Header::new(
        number,
        Hash::repeat_byte(1),
        Hash::repeat_byte(2),
        parent,
        digest,
    )
}

/// Seal `header` as the author of `view` would.
pub(crate) fn seal(header: Header, signer: AuthorityIndex, view: View) -> Header {
    seal_under(header, &height_state(4), signer, view)
}

/// As [`seal`], at a height that is decided under `state`.
pub(crate) fn seal_under(
    mut header: Header,
    state: &HeightState,
    signer: AuthorityIndex,
    view: View,
) -> Header {
    let payload = state
        .context
        .seal_payload(header.number, view, &header.hash());
    header.digest.push(seal_item(&pair(signer).sign(&payload)));
    header
}

/// A commit certificate of `signers`.
pub(crate) fn commit(
    state: &HeightState,
    height: Height,
    view: View,
    hash: Hash,
    signers: impl IntoIterator<Item = AuthorityIndex>,
) -> Certificate {
    let statement = VoteKind::Commit.statement(hash, NO_PROOF);
    let payload = state.context.payload(height, view, &statement);
    let votes = signers.into_iter().map(|i| (i, pair(i).sign(&payload)));
    Certificate::new(
        VoteKind::Commit,
        height,
        view,
        hash,
        NO_PROOF,
        &state.set,
        votes,
    )
}
