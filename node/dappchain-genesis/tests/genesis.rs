// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One record, one genesis: the standard runtime builds it.

use codec::{Decode, Encode};
use hansa_dappchain_genesis::{build, patch, record_hash, runtime, spec, Error, Genesis, Record};
use hansa_dappchain_primitives::{
    packet::authorities, AssignedNode, Founder, FounderKeys, HubCheckpoint, GENESIS_FORMAT,
};
use hansa_interchain_primitives::{
    api::ClientView,
    client::{update, Clock},
    packet::ChainRef,
    Hash, SignedHeader,
};
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    AuthorityPair, Certificate, ConsensusState, PreDigest, SignerBitmap, SigningContext, VoteKind,
};
use hansa_primitives::{AccountId, Hashing, Header};
use sc_executor::WasmExecutor;
use serde_json::json;
use sp_core::{sr25519, Pair};
use sp_runtime::{
    traits::{Hash as _, Header as _},
    Digest,
};
use sp_state_machine::BasicExternalities;
use std::sync::LazyLock;

type Executor = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// One for all tests, so that the runtime is compiled once.
static EXECUTOR: LazyLock<Executor> = LazyLock::new(|| Executor::builder().build());

fn code() -> &'static [u8] {
    hansa_dappchain_wasm::WASM_BINARY.expect("the tests need the runtime's wasm")
}

fn pair(number: u8) -> AuthorityPair {
    AuthorityPair::from_seed(&[number; 32])
}

fn keys(number: u8) -> FounderKeys {
    FounderKeys {
        pbft: pair(number).public(),
        beacon: Some(sr25519::Public::from_raw([number; 32]).into()),
    }
}

fn founder(number: u8) -> Founder<AccountId> {
    Founder {
        node: AccountId::new([100 + number; 32]),
        keys: Some(keys(number)),
        since: 7,
    }
}

fn record() -> Record {
    let validator = AssignedNode {
        node: AccountId::new([1; 32]),
        keys: keys(1),
    };
    Record {
        format: GENESIS_FORMAT,
        chain: 5,
        name: b"tickets".to_vec(),
        attempt: 1,
        code: Hashing::hash(code()),
        patch:
            json!({ "balances": { "balances": [[AccountId::new([9; 32]), 1_000_000_000_000u64]] } })
                .to_string()
                .into_bytes(),
        properties: br#"{ "tokenSymbol": "TIX", "tokenDecimals": 12 }"#.to_vec(),
        owner: AccountId::new([8; 32]),
        founders: (1..=4).map(founder).collect(),
        hub: HubCheckpoint {
            chain: 0x10ca1,
            genesis: Hash::repeat_byte(1),
            height: 70,
            header: Hash::repeat_byte(2),
            timestamp: 1_700_000_000_000,
            set: authorities(&[validator]).expect("it is a set"),
        },
        frozen_at: 400,
    }
}

fn built(record: &Record) -> Genesis {
    build(record, code(), &*EXECUTOR).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(record: &Record) -> Error {
    match build(record, code(), &*EXECUTOR) {
        Ok(_) => panic!("a genesis was built"),
        Err(error) => error,
    }
}

/// What the runtime says in the state of the genesis.
fn ask<A: Decode>(genesis: &Genesis, function: &str, argument: &[u8]) -> A {
    let mut state = BasicExternalities::new(genesis.storage.clone());
    let answer = runtime::call(&*EXECUTOR, code(), &mut state, function, argument).unwrap();
    A::decode(&mut &answer[..]).unwrap()
}

#[test]
fn the_same_record_has_the_same_genesis() {
    let (one, two) = (built(&record()), built(&record()));
    assert_eq!(one.hash, two.hash);
    assert_eq!(one.storage.top, two.storage.top);
    // Another executor, and so another instance of everything, finds the same.
    let three = build(&record(), code(), &Executor::builder().build()).unwrap();
    assert_eq!(one.hash, three.hash);
}

#[test]
fn the_founders_decide_and_the_hub_is_known() {
    let (record, genesis) = (record(), built(&record()));
    let state: ConsensusState = ask(&genesis, "PbftApi_consensus_state", &[]);
    let keys_of: Vec<_> = state
        .set
        .authorities()
        .iter()
        .map(|a| a.key.clone())
        .collect();
    assert_eq!(keys_of, (1..=4).map(|n| keys(n).pbft).collect::<Vec<_>>());
    assert_eq!(state.set.id, 0);
    let own: ChainRef = ask(&genesis, "InterchainApi_chain", &[]);
    assert_eq!(own.id, 5);
    let client: Option<ClientView> =
        ask(&genesis, "InterchainApi_client", &record.hub.chain.encode());
    let client = client.expect("there is a route to the hub");
    assert_eq!(client.state.genesis, record.hub.genesis);
    assert_eq!(client.set, record.hub.set);
    assert_eq!(
        (client.state.latest.height, client.state.latest.hash),
        (70, record.hub.header)
    );
    assert!(!client.state.is_expired(record.hub.timestamp + 1_000));
}

/// The light client with which the chain begins takes the hub's next header, if the hub's set has signed it.
#[test]
fn the_chain_follows_the_hub_from_its_checkpoint_on() {
    let (record, genesis) = (record(), built(&record()));
    let client: Option<ClientView> =
        ask(&genesis, "InterchainApi_client", &record.hub.chain.encode());
    let client = client.expect("there is a route to the hub");
    let at = record.hub.timestamp;
    let next = |signer: u8| {
        let digest = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: at + 200,
        };
        let logs = vec![digest.to_digest_item()];
        let parent = record.hub.header;
        let root = Hash::repeat_byte(8);
        let header = Header::new(71, Hash::zero(), root, parent, Digest { logs });
        let context = SigningContext {
            genesis: record.hub.genesis,
            set_id: record.hub.set.id,
        };
        let statement = VoteKind::Commit.statement(header.hash(), NO_PROOF);
        let signature = pair(signer).sign(&context.payload(71, 0, &statement));
        let certificate = Certificate {
            kind: VoteKind::Commit,
            height: 71,
            view: 0,
            hash: header.hash(),
            proof: NO_PROOF,
            signers: SignerBitmap::new(1, [0]),
            signatures: vec![signature].try_into().expect("it is one"),
        };
        let signed = SignedHeader::new(&header, certificate).expect("it is small");
        let clock = Clock {
            now: at + 1_000,
            drift: Some(0),
        };
        update(
            &client.state,
            &client.set,
            &[signed],
            clock,
            verify_signature,
        )
    };
    let learned = next(1).expect("the hub's validator has signed it");
    assert_eq!(learned.state.latest.state_root, Hash::repeat_byte(8));
    assert!(next(2).is_err());
}

#[test]
fn whatever_differs_in_the_record_makes_another_genesis() {
    type Change = fn(&mut Record);
    let changes: [(&str, Change); 14] = [
        ("chain", |r| r.chain = 6),
        ("name", |r| r.name.push(b's')),
        ("attempt", |r| r.attempt = 2),
        ("patch", |r| r.patch = b"{}".to_vec()),
        ("properties", |r| r.properties = b"{}".to_vec()),
        ("owner", |r| r.owner = AccountId::new([7; 32])),
        ("founders", |r| r.founders.swap(0, 1)),
        ("a founder's account", |r| {
            r.founders[0].node = AccountId::new([3; 32])
        }),
        ("a founder's key", |r| r.founders[0].keys = Some(keys(9))),
        ("a founder's wait", |r| r.founders[0].since = 8),
        ("the hub's genesis", |r| {
            r.hub.genesis = Hash::repeat_byte(3)
        }),
        ("the hub's header", |r| r.hub.header = Hash::repeat_byte(3)),
        ("the hub's time", |r| r.hub.timestamp += 1),
        ("frozen_at", |r| r.frozen_at = 401),
    ];
    let mut hashes = vec![built(&record()).hash];
    for (what, change) in changes {
        let mut record = record();
        change(&mut record);
        let hash = built(&record).hash;
        assert!(!hashes.contains(&hash), "{what}");
        hashes.push(hash);
    }
}

/// Not only of fields: of the record's bytes, wherever it can still be read.
#[test]
fn whatever_bit_differs_makes_another_record() {
    let bytes = record().encode();
    for at in 0..bytes.len() * 8 {
        let mut other = bytes.clone();
        other[at / 8] ^= 1 << (at % 8);
        if let Ok(other) = Record::decode(&mut &other[..]) {
            assert_ne!(record_hash(&other), record_hash(&record()), "bit {at}");
        }
    }
}

#[test]
fn the_owner_on_the_hub_is_the_admin_unless_the_deployer_says_otherwise() {
    let admin = |record: &Record| {
        let genesis = built(record);
        let mut key = sp_crypto_hashing::twox_128(b"Pbft").to_vec();
        key.extend(sp_crypto_hashing::twox_128(b"Admin"));
        let stored = genesis.storage.top.get(&key).cloned();
        stored.map(|bytes| AccountId::decode(&mut &bytes[..]).unwrap())
    };
    let mut record = record();
    let derived = patch::admin(&record).unwrap();
    assert_ne!(derived, record.owner);
    assert_eq!(admin(&record), Some(derived));
    let other = AccountId::new([4; 32]);
    record.patch = json!({ "pbft": { "admin": other } }).to_string().into();
    assert_eq!(admin(&record), Some(other));
    record.patch = br#"{ "pbft": { "admin": null } }"#.to_vec();
    assert_eq!(admin(&record), None);
}

#[test]
fn what_follows_from_the_record_cannot_be_said_in_the_patch() {
    for part in patch::IMPOSED {
        let mut record = record();
        record.patch = json!({ part: {} }).to_string().into();
        assert_eq!(refused(&record), Error::Imposed(part));
    }
}

#[test]
fn a_bad_patch_is_refused_with_a_reason() {
    /// What else the runtime says of it is its own.
    const NO_GENESIS: &str = "the runtime builds no genesis of it";
    let refusal = |patch: &str| {
        let mut record = record();
        record.patch = patch.as_bytes().to_vec();
        refused(&record).to_string()
    };
    for (patch, reason) in [
        ("{", "the patch of the genesis is no JSON object: EOF"),
        ("[]", "it is another kind of value"),
        ("\u{1}", "expected value"),
        (r#"{ "pbft": 5 }"#, "`pbft` is no object"),
        (r#"{ "nonsense": {} }"#, "nonsense"),
        (
            r#"{ "balances": { "balances": 5 } }"#,
            "expected a sequence",
        ),
        (
            r#"{ "pbft": { "timing": { "minIntervalMs": 0 } } }"#,
            NO_GENESIS,
        ),
        (r#"{ "pbft": { "sessionLengthMs": 1 } }"#, NO_GENESIS),
        (r#"{ "pbft": { "admin": "nobody" } }"#, NO_GENESIS),
    ] {
        let said = refusal(patch);
        assert!(said.contains(reason), "{patch}: {said}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(refusal(&deep).contains("recursion limit"));
}

#[test]
fn a_bad_record_is_refused_with_a_reason() {
    let refusal = |change: fn(&mut Record)| {
        let mut record = record();
        change(&mut record);
        refused(&record)
    };
    assert_eq!(refusal(|r| r.format = 1), Error::Format { found: 1 });
    assert!(matches!(
        refusal(|r| r.code = Hash::zero()),
        Error::Code { .. }
    ));
    assert_eq!(
        refusal(|r| r.founders[2].keys = None),
        Error::FounderWithoutKeys(2)
    );
    assert!(matches!(refusal(|r| r.founders.clear()), Error::NoSet(_)));
    let twice: fn(&mut Record) = |r| r.founders[1].keys = r.founders[0].keys.clone();
    assert!(matches!(refusal(twice), Error::NoSet(_)));
    let properties: fn(&mut Record) = |r| r.properties = b"TIX".to_vec();
    assert!(matches!(refusal(properties), Error::MalformedProperties(_)));
    // A hub without a set: the route to it cannot be opened.
    let hub: fn(&mut Record) = |r| r.hub.set = Default::default();
    assert!(matches!(refusal(hub), Error::Runtime(_)));
}

#[test]
fn what_is_no_dappchains_runtime_has_no_genesis() {
    let with = |code: &[u8]| {
        let mut record = record();
        record.code = Hashing::hash(code);
        build(&record, code, &*EXECUTOR).map(|genesis| genesis.hash)
    };
    assert!(matches!(with(b"no wasm"), Err(Error::Runtime(_))));
    // The hub's knows neither this pallet nor these session keys.
    let hub = hansa_hub_wasm::WASM_BINARY.expect("the tests need the runtime's wasm");
    assert!(matches!(with(hub), Err(Error::Runtime(_))));
}

#[test]
fn the_spec_has_that_very_genesis() {
    let (record, genesis) = (record(), built(&record()));
    let spec = spec::chain_spec(&record, &genesis).unwrap();
    assert_eq!(
        (spec.name(), spec.id()),
        ("tickets", "dappchain_5_01010101")
    );
    assert_eq!(spec.properties()["tokenSymbol"], "TIX");
    let storage = spec.as_storage_builder().build_storage().unwrap();
    assert_eq!(storage.top, genesis.storage.top);
}
