// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain in memory: one copy of the state builds blocks, another executes them.

#![allow(dead_code)]

pub mod duties;

use codec::Encode;
use frame_support::storage::with_transaction;
use hansa_beacon_primitives::{
    api::runtime_decl_for_beacon_api::BeaconApi, vrf::block_input, BeaconId, BeaconPair, BlockVrf,
};
use hansa_pbft_primitives::{
    inherent::INHERENT_IDENTIFIER, ParentCertificate, PreDigest, SignerBitmap,
};
use hansa_primitives::{AccountId, Balance, Hash, Header, Nonce};
use hansa_runtime_hub::{
    Balances, Beacon, Block, DappChainSets, DappChains, Executive, Interchain, NodePool, Pbft,
    Runtime, RuntimeCall, Session, SessionKeys, SignedPayload, Staking, TxExtension,
    UncheckedExtrinsic, VERSION,
};
use serde_json::Value;
use sp_block_builder::runtime_decl_for_block_builder::BlockBuilder;
use sp_core::{
    offchain::{testing::TestTransactionPoolExt, TransactionPoolExt},
    traits::{ReadRuntimeVersion, ReadRuntimeVersionExt},
};
use sp_externalities::Externalities;
use sp_inherents::InherentData;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::Era,
    traits::{Block as _, Header as _},
    ApplyExtrinsicResult, Digest, DispatchError, TransactionOutcome,
};
use sp_version::RuntimeVersion;

/// The seeds of development nodes.
const SEEDS: [&str; 6] = [
    "//Alice",
    "//Bob",
    "//Charlie",
    "//Dave",
    "//Eve",
    "//Ferdie",
];

/// The time of the first block.
pub const FIRST_MS: u64 = 1_800_000_000_000;

/// The whole genesis of a preset: the default with the preset's patch in it.
pub fn genesis_json(preset: &str) -> Value {
    let parse = |bytes: Option<Vec<u8>>| -> Value {
        serde_json::from_slice(&bytes.expect("the preset is there")).expect("it is JSON")
    };
    use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
    let mut genesis = parse(Runtime::get_preset(&None));
    merge(
        &mut genesis,
        parse(Runtime::get_preset(&Some(preset.into()))),
    );
    genesis
}

/// The genesis of the preset by stake with Eve as a fifth validator.
pub fn genesis_of_five() -> Value {
    let mut genesis = genesis_json(hansa_runtime_hub::genesis_presets::STAKE);
    let eve = Sr25519Keyring::Eve.to_account_id();
    let bond = 100_000 * hansa_runtime_common::currency::UNIT as u64;
    let mut add = |pallet: &str, list: &str, item: Value| {
        let list = genesis[pallet][list].as_array_mut();
        list.expect("it is a list").push(item);
    };
    let keys = serde_json::json!([eve, eve, keys("//Eve")]);
    add("session", "keys", keys);
    let validator = serde_json::json!({"account": eve, "bond": bond});
    add("staking", "validators", validator);
    genesis
}

/// Put `patch` into `base`, object by object.
pub fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

/// Build a genesis as a node does.
pub fn build_genesis(genesis: &Value) -> Result<TestExternalities, String> {
    use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
    let mut ext = TestExternalities::default();
    ext.execute_with(|| Runtime::build_state(genesis.to_string().into_bytes()))?;
    ext.commit_all().map_err(|e| e.to_string())?;
    Ok(ext)
}

/// Sign a call.
pub fn sign(
    from: Sr25519Keyring,
    nonce: Nonce,
    call: impl Into<RuntimeCall>,
) -> UncheckedExtrinsic {
    sign_with_tip(from, nonce, 0, call)
}

/// Sign a call with a tip. Needs the state, for what the sender signs but does not send.
pub fn sign_with_tip(
    from: Sr25519Keyring,
    nonce: Nonce,
    tip: Balance,
    call: impl Into<RuntimeCall>,
) -> UncheckedExtrinsic {
    let call = call.into();
    let extension: TxExtension = (
        frame_system::AuthorizeCall::new(),
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(tip),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    );
    let payload = SignedPayload::new(call.clone(), extension.clone()).expect("nothing is missing");
    let signature = payload.using_encoded(|bytes| from.sign(bytes));
    UncheckedExtrinsic::new_signed(
        call,
        from.to_account_id().into(),
        signature.into(),
        extension,
    )
}

pub fn free(who: Sr25519Keyring) -> Balance {
    free_of(&who.to_account_id())
}

pub fn free_of(who: &AccountId) -> Balance {
    Balances::free_balance(who)
}

/// A chain.
pub struct Chain {
    builder: TestExternalities,
    replica: TestExternalities,
    /// The hash of the genesis block.
    pub genesis: Hash,
    pub head: Header,
    pub now_ms: u64,
}

impl Chain {
    pub fn new(preset: &str) -> Self {
        Self::with_genesis(&genesis_json(preset))
    }

    pub fn with_genesis(genesis: &Value) -> Self {
        let build = || {
            let mut ext = build_genesis(genesis).expect("the genesis is sound");
            ext.register_extension(ReadRuntimeVersionExt::new(CodeVersions));
            ext
        };
        let mut builder = build();
        let root = builder.execute_with(|| {
            sp_core::H256::from_slice(&sp_io::storage::root(sp_runtime::StateVersion::V1))
        });
        let head = Header::new(
            0,
            Default::default(),
            root,
            Default::default(),
            Digest::default(),
        );
        Self {
            builder,
            replica: build(),
            genesis: head.hash(),
            head,
            now_ms: FIRST_MS,
        }
    }

    /// Look at the state; what that changes is undone.
    pub fn state<R>(&mut self, look: impl FnOnce() -> R) -> R {
        self.builder.execute_with(|| {
            with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(look())))
                .expect("it is no error")
        })
    }

    /// Change the state between two blocks, as nothing in a block does here.
    pub fn change(&mut self, work: impl Fn()) {
        for state in [&mut self.builder, &mut self.replica] {
            state.execute_with(&work);
            state.commit_all().expect("it is in memory");
        }
    }

    /// Make a block of what `transactions` makes when the block has begun.
    pub fn block(
        &mut self,
        step_ms: u64,
        transactions: impl FnOnce() -> Vec<UncheckedExtrinsic>,
    ) -> (Header, Vec<ApplyExtrinsicResult>) {
        self.now_ms += step_ms;
        let (timestamp_ms, number) = (self.now_ms, self.head.number + 1);
        let digest = self.digest(number, timestamp_ms);
        self.block_with(digest, transactions)
    }

    /// What the author of the next block puts into its header: the authorities take turns.
    pub fn digest(&mut self, number: u32, timestamp_ms: u64) -> Digest {
        let genesis = self.genesis;
        self.state(|| {
            let authorities = Pbft::deciding_set().set.len() as u32;
            let author = (number.saturating_sub(1) % authorities) as u16;
            let header = PreDigest {
                view: 0,
                author,
                timestamp_ms,
            };
            let mut logs = vec![header.to_digest_item()];
            if let Some(key) = Runtime::author_key(author) {
                let beacon = Runtime::epoch().beacon;
                let vrf = output(&key, &genesis, &beacon, number);
                assert!(vrf.verify(&key, &genesis, &beacon, number));
                logs.push(vrf.to_digest_item());
            }
            Digest { logs }
        })
    }

    /// Make a block with this in its header.
    pub fn block_with(
        &mut self,
        digest: Digest,
        transactions: impl FnOnce() -> Vec<UncheckedExtrinsic>,
    ) -> (Header, Vec<ApplyExtrinsicResult>) {
        let (timestamp_ms, number) = (self.now_ms, self.head.number + 1);
        let draft = Header::new(
            number,
            Default::default(),
            Default::default(),
            self.head.hash(),
            digest,
        );
        let (block, results) = self.builder.execute_with(|| {
            Executive::initialize_block(&draft);
            let mut extrinsics = inherents(timestamp_ms);
            let inherents = extrinsics.len();
            extrinsics.extend(transactions());
            let results: Vec<_> = extrinsics.iter().cloned().map(apply).collect();
            let kept = extrinsics
                .into_iter()
                .zip(&results)
                .filter_map(|(extrinsic, result)| result.is_ok().then_some(extrinsic))
                .collect();
            (
                Block::new(Executive::finalize_block(), kept),
                results[inherents..].to_vec(),
            )
        });
        self.builder.commit_all().expect("it is in memory");
        self.head = block.header().clone();
        self.replay(block);
        (self.head.clone(), results)
    }

    /// Execute the block as a replica does: checked inherents, same roots, same digests.
    fn replay(&mut self, block: Block) {
        self.replica.execute_with(|| {
            let data = inherent_data(self.now_ms);
            let result = Runtime::check_inherents(block.clone().into(), data);
            assert!(
                result.ok(),
                "{:?}",
                result.into_errors().collect::<Vec<_>>()
            );
        });
        self.replica
            .execute_with(|| Executive::execute_block(block.into()));
        self.replica.commit_all().expect("it is in memory");
    }

    /// Make empty blocks a second apart until a session ends, and one more.
    pub fn end_session(&mut self) -> Vec<Header> {
        let session = self.state(Session::current_index);
        let mut headers = Vec::new();
        while self.state(Session::current_index) == session {
            assert!(headers.len() < 200, "no session ended in 200 blocks");
            headers.push(self.block(1_000, Vec::new).0);
        }
        headers.push(self.block(1_000, Vec::new).0);
        headers
    }

    /// Make a block and return what became of its only transaction.
    pub fn apply(
        &mut self,
        transaction: impl FnOnce() -> UncheckedExtrinsic,
    ) -> ApplyExtrinsicResult {
        self.block(200, || vec![transaction()]).1.remove(0)
    }

    /// The nodes that prove what the state of the head has at `keys`.
    pub fn prove(&mut self, keys: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let state = self.builder.as_backend();
        assert_eq!(
            *state.root(),
            self.head.state_root,
            "all of it is committed"
        );
        let proof = sp_state_machine::prove_read(state, keys).expect("the state is there");
        proof.into_iter_nodes().collect()
    }

    /// What `work`, done in a node on the state, puts into its pool.
    pub fn pooled(&mut self, work: impl FnOnce()) -> Vec<Vec<u8>> {
        let (pool, state) = TestTransactionPoolExt::new();
        self.builder
            .register_extension(TransactionPoolExt::new(pool));
        self.state(work);
        let transactions = state.read().transactions.clone();
        transactions
    }

    /// Check the invariants.
    pub fn try_state(&mut self) {
        self.state(|| {
            Pbft::do_try_state().expect("the invariants of the consensus hold");
            Beacon::do_try_state().expect("the invariants of the beacon hold");
            Staking::do_try_state().expect("the invariants of staking hold");
            NodePool::do_try_state().expect("the invariants of the pool hold");
            DappChains::do_try_state().expect("the invariants of the registry hold");
            DappChainSets::do_try_state().expect("the invariants of sets hold");
            Interchain::do_try_state().expect("the invariants between chains hold");
        });
    }
}

/// Apply an extrinsic as a block builder does: one that is refused leaves no trace.
fn apply(extrinsic: UncheckedExtrinsic) -> ApplyExtrinsicResult {
    let applied = with_transaction(|| {
        let result = Executive::apply_extrinsic(extrinsic);
        let outcome = Ok::<_, DispatchError>(result);
        match result {
            Ok(_) => TransactionOutcome::Commit(outcome),
            Err(_) => TransactionOutcome::Rollback(outcome),
        }
    });
    applied.expect("it is no error")
}

/// A code of tests: its first byte is by how much it is newer, and an empty one is none.
struct CodeVersions;

impl ReadRuntimeVersion for CodeVersions {
    fn read_runtime_version(
        &self,
        code: &[u8],
        _: &mut dyn Externalities,
    ) -> Result<Vec<u8>, String> {
        let newer = code.first().ok_or("no code")?;
        let spec_version = VERSION.spec_version + u32::from(*newer);
        Ok(RuntimeVersion {
            spec_version,
            ..VERSION
        }
        .encode())
    }
}

/// What a node says of the block under way, or of the next one if none is.
fn inherent_data(now_ms: u64) -> InherentData {
    let mut data = InherentData::new();
    data.put_data(*b"timstap0", &now_ms).expect("it is new");
    let set = Pbft::parent_set().set;
    let signers = SignerBitmap::new(set.len(), 0..set.len() as u16);
    let certificate = ParentCertificate { view: 0, signers };
    data.put_data(INHERENT_IDENTIFIER, &certificate)
        .expect("it is new");
    data
}

fn inherents(now_ms: u64) -> Vec<UncheckedExtrinsic> {
    Runtime::inherent_extrinsics(inherent_data(now_ms))
}

/// The session keys of a development seed.
pub fn keys(seed: &str) -> SessionKeys {
    use sp_core::Pair;
    let pbft = hansa_pbft_primitives::AuthorityPair::from_string(seed, None).expect("it is a seed");
    SessionKeys {
        pbft: pbft.public(),
        beacon: beacon_pair(seed).public(),
    }
}

/// The key pair with which a development node takes part in the beacon.
pub fn beacon_pair(seed: &str) -> BeaconPair {
    use sp_core::Pair;
    BeaconPair::from_string(seed, None).expect("it is a seed")
}

/// The key pair of a development node with this key.
pub fn beacon_pair_of(key: &BeaconId) -> BeaconPair {
    use sp_core::Pair;
    SEEDS
        .into_iter()
        .map(beacon_pair)
        .find(|pair| pair.public() == *key)
        .expect("it is a development key")
}

/// The output of the author with this key for a block, as its node makes it.
pub fn output(key: &BeaconId, genesis: &Hash, beacon: &[u8; 32], number: u32) -> BlockVrf {
    use sp_core::crypto::VrfSecret;
    let data = block_input(genesis, beacon, number).into_sign_data();
    BlockVrf::from(&beacon_pair_of(key).into_inner().vrf_sign(&data))
}

/// The signatures with which an account shows that session keys are its own.
pub fn proof(owner: &AccountId, seed: &str) -> Vec<u8> {
    use sp_core::{ed25519, proof_of_possession::ProofOfPossessionGenerator, sr25519, Pair};
    let mut pbft = ed25519::Pair::from_string(seed, None).expect("it is a seed");
    let mut beacon = sr25519::Pair::from_string(seed, None).expect("it is a seed");
    let owner = owner.as_ref();
    (
        pbft.generate_proof_of_possession(owner),
        beacon.generate_proof_of_possession(owner),
    )
        .encode()
}
