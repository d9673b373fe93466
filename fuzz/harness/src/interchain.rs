// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What comes from other chains: addresses, packets, headers, misbehaviour, storage proofs; as decoded
//! from the bytes, and good ones that are altered as the bytes say.

use crate::{
    input::Input,
    world::{self, verify, GENESIS, N},
};
use codec::{Decode, DecodeAll, Encode};
use hansa_interchain_primitives::{
    claims,
    client::{self, set_hash, Clock},
    keys,
    packet::{ChainRef, Passage},
    ChainAddress, ClientState, Hash, InboundLane, Misbehaviour, Packet, PacketResult, Payload,
    SignedHeader, StorageProof, TrustedHeader, TRANSFER_LANE,
};
use hansa_pbft_primitives::{statement::NO_PROOF, AuthoritySet, PreDigest, VoteKind};
use hansa_primitives::{Hashing, Header};
use sp_runtime::{traits::Header as _, Digest};
use sp_state_machine::{prove_read, Backend, InMemoryBackend};
use std::{collections::BTreeMap, fmt::Debug, sync::OnceLock};

/// The time of the header that the client begins with.
const START: u64 = 1_000_000;

/// Read `bytes` as each of them, and alter good ones by them.
pub fn run(bytes: &[u8]) {
    if let Ok(text) = core::str::from_utf8(bytes) {
        if let Ok(address) = text.parse::<ChainAddress>() {
            assert_eq!(address.to_string(), text);
        }
    }
    one_encoding::<ChainAddress>(bytes);
    one_encoding::<Packet>(bytes);
    one_encoding::<PacketResult>(bytes);
    one_encoding::<Payload>(bytes);
    if let Some(header) = one_encoding::<SignedHeader>(bytes) {
        learn(&header);
    }
    if let Some(misbehaviour) = one_encoding::<Misbehaviour>(bytes) {
        judge(&misbehaviour);
    }
    if let Some(proof) = one_encoding::<StorageProof>(bytes) {
        read(&proof);
    }
    let mut input = Input::new(bytes);
    learn(&altered_header(&mut input));
    read(&altered_proof(&mut input));
}

/// What decodes has that encoding and no other.
fn one_encoding<T: Decode + Encode + Debug>(bytes: &[u8]) -> Option<T> {
    let value = T::decode_all(&mut &*bytes).ok()?;
    assert_eq!(value.encode(), bytes);
    Some(value)
}

fn light_client() -> (ClientState, AuthoritySet) {
    let latest = TrustedHeader {
        height: 10,
        hash: Hash::zero(),
        state_root: Hash::zero(),
        timestamp: START,
    };
    let set = world::set().as_ref().clone();
    (ClientState::new(GENESIS, latest, set.id, 1_000_000), set)
}

/// A header that is learnt was committed to by a quorum, is later and higher, and hands over to the next
/// set or to none.
fn learn(header: &SignedHeader) {
    let (state, set) = light_client();
    let clock = Clock {
        now: START + 10,
        drift: Some(1_000),
    };
    let Ok(update) = client::update(&state, &set, core::slice::from_ref(header), clock, verify)
    else {
        return;
    };
    let certificate = &header.certificate;
    assert!(certificate
        .verify_with(VoteKind::Commit, &world::context(), &set, verify)
        .is_ok());
    let latest = update.state.latest;
    assert_eq!(latest.hash, certificate.hash);
    assert!(latest.height > 10 && latest.timestamp > START);
    match &update.set {
        Some(next) => {
            assert_eq!((next.id, update.state.set_id), (set.id + 1, set.id + 1));
            assert!(!next.is_empty());
            assert_eq!(update.past.len(), 1);
        }
        None => assert_eq!(update.state.set_id, set.id),
    }
}

/// What freezes are two certificates of a quorum for different blocks of one height.
fn judge(misbehaviour: &Misbehaviour) {
    let (state, set) = light_client();
    let verdict = misbehaviour.verify(&state, &set_hash(&set), None, START, verify);
    if verdict.is_ok() {
        let (first, second) = (&misbehaviour.first, &misbehaviour.second);
        assert_eq!(first.height, second.height);
        assert!(first.hash != second.hash && first.height > 10);
        for certificate in [first, second] {
            let context = world::context();
            assert!(certificate
                .verify_with(VoteKind::Commit, &context, &set, verify)
                .is_ok());
        }
    }
}

struct State {
    root: Hash,
    items: BTreeMap<Vec<u8>, Vec<u8>>,
    backend: InMemoryBackend<Hashing>,
}

/// A state with some packets, results and lanes.
fn state() -> &'static State {
    static STATE: OnceLock<State> = OnceLock::new();
    STATE.get_or_init(|| {
        let mut items = BTreeMap::new();
        for nonce in 0..20 {
            items.insert(
                keys::commitment(2, TRANSFER_LANE, nonce),
                vec![nonce as u8; 32],
            );
            items.insert(keys::result(2, TRANSFER_LANE, nonce), vec![nonce as u8; 82]);
        }
        let lane = InboundLane {
            next: 20,
            pruned: 0,
        };
        items.insert(keys::inbound_lane(2, TRANSFER_LANE), lane.encode());
        let list = items
            .iter()
            .map(|(k, v)| (k.clone(), Some(v.clone())))
            .collect();
        let version = sp_runtime::StateVersion::V1;
        let backend = InMemoryBackend::<Hashing>::from((vec![(None, list)], version));
        let root = backend.storage_root(core::iter::empty(), version).0;
        State {
            root,
            items,
            backend,
        }
    })
}

/// The keys that proofs are read for: of one key, some that are there, and one that is not.
fn questions() -> Vec<Vec<Vec<u8>>> {
    vec![
        vec![keys::inbound_lane(2, TRANSFER_LANE)],
        claims::packet_keys(2, TRANSFER_LANE, 3, 4),
        claims::result_keys(2, TRANSFER_LANE, 18, 4),
        vec![keys::outbound_lane(2, TRANSFER_LANE)],
    ]
}

/// What a proof says is so, whatever nodes it is made of; and it is the one proof of these keys.
fn read(proof: &StorageProof) {
    let state = state();
    for keys in questions() {
        if let Ok(values) = proof.read(&state.root, &keys) {
            let truth: Vec<_> = keys
                .iter()
                .map(|key| state.items.get(key).cloned())
                .collect();
            assert_eq!(values, truth);
            assert_eq!(Some(proof.clone()), prove(&keys));
        }
    }
    let chain = |id| ChainRef {
        id,
        genesis: GENESIS,
    };
    let passage = Passage {
        source: chain(1),
        destination: chain(2),
        lane: TRANSFER_LANE,
        nonce: 3,
    };
    let packet = Packet {
        sender: Default::default(),
        timeout: 0,
        payload: Payload::System(Default::default()),
    };
    // No packet has these commitments.
    assert!(claims::verify_packets(&state.root, &passage, &[packet], proof).is_err());
}

fn prove(keys: &[Vec<u8>]) -> Option<StorageProof> {
    let proof = prove_read(state().backend.clone(), keys).ok()?;
    StorageProof::new(proof.into_iter_nodes())
}

/// A header of the set, perhaps with another digest, certificate, or byte.
fn altered_header(input: &mut Input) -> SignedHeader {
    let set = world::set();
    let height = 8 + u32::from(input.byte() % 8);
    let pre = PreDigest {
        view: 0,
        author: 0,
        timestamp_ms: START + u64::from(input.byte()),
    };
    let mut logs = vec![pre.to_digest_item()];
    if input.bool() {
        let id = u64::from(input.byte() % 4);
        if let Ok(next) = AuthoritySet::new(id, set.authorities().to_vec()) {
            logs.push(hansa_pbft_primitives::ConsensusLog::SetChange(next).to_digest_item());
        }
    }
    if input.byte().is_multiple_of(8) {
        let bytes = input.bytes().to_vec();
        let engine = hansa_pbft_primitives::PBFT_ENGINE_ID;
        logs.push(sp_runtime::DigestItem::Consensus(engine, bytes));
    }
    let zero = Hash::zero();
    let header = Header::new(height, zero, zero, zero, Digest { logs });
    let signers = input.byte();
    let signers = (0..N).filter(|i| signers & (1 << i) != 0);
    let place = (height, u32::from(input.byte() % 3));
    let vote = (header.hash(), NO_PROOF);
    let certificate = world::certificate(&set, VoteKind::Commit, place, vote, signers);
    let mut bytes = header.encode();
    if input.byte().is_multiple_of(8) {
        let at = input.below(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = input.byte();
        }
    }
    SignedHeader {
        header: bytes.try_into().unwrap_or_default(),
        certificate,
    }
}

/// A proof of one of the questions, with a node altered, missing, twice, or one more.
fn altered_proof(input: &mut Input) -> StorageProof {
    let questions = questions();
    let keys = input.pick(&questions).cloned().unwrap_or_default();
    let proof = prove(&keys).unwrap_or_default();
    let mut nodes: Vec<Vec<u8>> = proof.nodes().map(<[u8]>::to_vec).collect();
    let at = input.below(nodes.len());
    match input.byte() % 8 {
        0 if at < nodes.len() => {
            nodes.remove(at);
        }
        1 => nodes.push(input.bytes().to_vec()),
        2 => {
            let again = nodes.get(at).cloned().unwrap_or_default();
            nodes.insert(at, again);
        }
        3 => {
            if let Some(byte) = nodes.get_mut(at).and_then(|node| {
                let place = input.below(node.len());
                node.get_mut(place)
            }) {
                *byte = input.byte();
            }
        }
        4 => nodes.reverse(),
        5 => nodes.sort(),
        _ => {}
    }
    StorageProof::from_raw(nodes).unwrap_or_default()
}

/// Inputs to begin with.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let set = world::set();
    let certificate = |hash| {
        let vote = (Hash::repeat_byte(hash), NO_PROOF);
        world::certificate(&set, VoteKind::Commit, (11, 0), vote, 0..N)
    };
    let misbehaviour = Misbehaviour {
        set: set.as_ref().clone(),
        first: certificate(1),
        second: certificate(2),
    };
    let header = altered_header(&mut Input::new(&[4, 9, 0, 1, 1, 7, 0, 1]));
    let over = altered_header(&mut Input::new(&[4, 9, 1, 1, 1, 7, 0, 1]));
    let mut seeds = vec![
        ("interchain", "seed-address", b"e2e4x63ea".to_vec()),
        ("interchain", "seed-header", header.encode()),
        ("interchain", "seed-hand-over", over.encode()),
        ("interchain", "seed-misbehaviour", misbehaviour.encode()),
        (
            "interchain",
            "seed-altered",
            vec![4, 9, 1, 1, 1, 7, 0, 1, 2, 0, 7],
        ),
    ];
    let names = [
        "seed-proof-lane",
        "seed-proof-packets",
        "seed-proof-results",
        "seed-proof-none",
    ];
    for (name, keys) in names.into_iter().zip(questions()) {
        seeds.push((
            "interchain",
            name,
            prove(&keys).unwrap_or_default().encode(),
        ));
    }
    seeds
}
