// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A DappChain in memory: one copy of the state builds blocks, another executes them.

use codec::Encode;
use frame_support::storage::with_transaction;
use hansa_dappchain_primitives::{
    packet::authorities, route, AssignedNode, FounderKeys, Head, HubCheckpoint, NextSet, Recovery,
    SetOrdinal,
};
use hansa_interchain_primitives::ChainId;
use hansa_pallet_assigned_set::HubRoute;
use hansa_pbft_primitives::{
    inherent::INHERENT_IDENTIFIER, recovery::recovery_item, ParentCertificate, PreDigest,
    SignerBitmap,
};
use hansa_primitives::{AccountId, Balance, Hash, Header, Nonce};
use hansa_runtime_dappchain::{
    genesis_presets::LOCAL, AssignedSet, Balances, Block, Executive, Interchain, Pbft, Runtime,
    RuntimeCall, Session, SignedPayload, UncheckedExtrinsic,
};
use serde_json::{json, Value};
use sp_block_builder::runtime_decl_for_block_builder::BlockBuilder;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
use sp_inherents::InherentData;
use sp_io::TestExternalities;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};
use sp_runtime::{
    generic::Era,
    traits::{Block as _, Header as _},
    ApplyExtrinsicResult, Digest, DispatchError, TransactionOutcome,
};

/// The time of the first block.
pub const FIRST_MS: u64 = 1_800_000_000_000;

/// The id of the hub.
pub const HUB: ChainId = 0x10ca1;

/// The hub's genesis.
pub const HUB_GENESIS: Hash = Hash::repeat_byte(1);

/// A node of the keyring, with its keys.
pub fn node(account: Sr25519Keyring, key: Ed25519Keyring) -> AssignedNode<AccountId> {
    AssignedNode {
        node: account.to_account_id(),
        keys: FounderKeys {
            pbft: key.public().into(),
            beacon: None,
        },
    }
}

/// A set that the hub orders.
pub fn next_set(
    ordinal: SetOrdinal,
    nodes: &[(Sr25519Keyring, Ed25519Keyring)],
) -> NextSet<AccountId> {
    let members = nodes.iter().map(|(account, key)| node(*account, *key));
    NextSet {
        ordinal,
        seed: [3; 32],
        members: members.collect::<Vec<_>>().try_into().expect("they fit"),
    }
}

/// The whole genesis of a preset: the default with the preset's patch in it.
pub fn genesis_json(preset: &str) -> Value {
    let parse = |bytes: Option<Vec<u8>>| -> Value {
        serde_json::from_slice(&bytes.expect("the preset is there")).expect("it is JSON")
    };
    let mut genesis = parse(Runtime::get_preset(&None));
    let patch = parse(Runtime::get_preset(&Some(preset.into())));
    merge(&mut genesis, patch);
    genesis
}

/// Where the hub stands at a height and a time. Ferdie is its validator.
pub fn hub_at(height: u32, timestamp: u64) -> HubCheckpoint {
    let ferdie = node(Sr25519Keyring::Ferdie, Ed25519Keyring::Ferdie);
    HubCheckpoint {
        chain: HUB,
        genesis: HUB_GENESIS,
        height,
        header: Hash::repeat_byte(height as u8),
        timestamp,
        set: authorities(&[ferdie]).expect("it is a set"),
    }
}

/// The genesis of four with a hub, of which Ferdie is the validator.
pub fn genesis_with_hub() -> Value {
    let hub = hub_at(7, FIRST_MS - 60_000);
    let mut genesis = genesis_json(LOCAL);
    genesis["assignedSet"] = json!({
        "hub": HubRoute::new(&route::to_hub(&hub)),
        "record": Hash::repeat_byte(4),
    });
    genesis
}

fn merge(base: &mut Value, patch: Value) {
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
    let mut ext = TestExternalities::default();
    ext.execute_with(|| Runtime::build_state(genesis.to_string().into_bytes()))?;
    ext.commit_all().map_err(|e| e.to_string())?;
    Ok(ext)
}

/// Sign a call. Needs the state, for what the sender signs but does not send.
pub fn sign(
    from: Sr25519Keyring,
    nonce: Nonce,
    call: impl Into<RuntimeCall>,
) -> UncheckedExtrinsic {
    let call = call.into();
    let mut extension = hansa_runtime_common::transactions::authorized::<Runtime>();
    extension.5 = frame_system::CheckMortality::from(Era::Immortal);
    extension.6 = frame_system::CheckNonce::from(nonce);
    let payload = SignedPayload::new(call.clone(), extension.clone()).expect("nothing is missing");
    let signature = payload.using_encoded(|bytes| from.sign(bytes));
    let account = from.to_account_id();
    UncheckedExtrinsic::new_signed(call, account.into(), signature.into(), extension)
}

pub fn free(who: Sr25519Keyring) -> Balance {
    Balances::free_balance(who.to_account_id())
}

/// A chain.
pub struct Chain {
    builder: TestExternalities,
    replica: TestExternalities,
    pub head: Header,
    pub now_ms: u64,
}

impl Chain {
    pub fn new(preset: &str) -> Self {
        Self::with_genesis(&genesis_json(preset))
    }

    pub fn with_hub() -> Self {
        Self::with_genesis(&genesis_with_hub())
    }

    pub fn with_genesis(genesis: &Value) -> Self {
        let build = || build_genesis(genesis).expect("the genesis is sound");
        let mut builder = build();
        let root = builder
            .execute_with(|| Hash::from_slice(&sp_io::storage::root(sp_runtime::StateVersion::V1)));
        let none = Hash::default();
        Self {
            builder,
            replica: build(),
            head: Header::new(0, none, root, none, Digest::default()),
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

    /// Change the state of both copies between blocks, as what other chains bring would.
    pub fn arrange(&mut self, change: impl Fn()) {
        for copy in [&mut self.builder, &mut self.replica] {
            copy.execute_with(&change);
            copy.commit_all().expect("it is in memory");
        }
    }

    /// The hub's record that another set decides above the head. Not before the first block: until then the state does not
    /// know the hash of its genesis.
    pub fn record(&mut self, next: NextSet<AccountId>) -> Recovery<AccountId> {
        let (own, id) = self.state(|| (Interchain::own(), Pbft::consensus_state().set.id));
        Recovery {
            chain: own.id,
            genesis: own.genesis,
            head: Head {
                height: self.head.number,
                hash: self.head.hash(),
            },
            set_id: id + 1,
            next,
            hub: Some(hub_at(9, self.now_ms)),
        }
    }

    /// Make a block that brings a record, so long after the last.
    pub fn recover_after(&mut self, step_ms: u64, record: &Recovery<AccountId>) -> Header {
        self.make(step_ms, Some(record), Vec::new).0
    }

    /// Make a block that brings a record.
    pub fn recover(&mut self, record: &Recovery<AccountId>) -> Header {
        self.recover_after(5_000, record)
    }

    /// Make a block of what `transactions` makes when the block has begun. The authorities take turns.
    pub fn block(
        &mut self,
        step_ms: u64,
        transactions: impl FnOnce() -> Vec<UncheckedExtrinsic>,
    ) -> (Header, Vec<ApplyExtrinsicResult>) {
        self.make(step_ms, None, transactions)
    }

    fn make(
        &mut self,
        step_ms: u64,
        record: Option<&Recovery<AccountId>>,
        transactions: impl FnOnce() -> Vec<UncheckedExtrinsic>,
    ) -> (Header, Vec<ApplyExtrinsicResult>) {
        self.now_ms += step_ms;
        let (now_ms, number) = (self.now_ms, self.head.number + 1);
        let members = match record {
            Some(record) => record.next.members.len() as u32,
            None => self.state(|| Pbft::deciding_set().set.len() as u32),
        };
        let digest = PreDigest {
            view: 0,
            author: (number.saturating_sub(1) % members) as u16,
            timestamp_ms: now_ms,
        };
        let mut logs = vec![digest.to_digest_item()];
        logs.extend(record.map(|record| recovery_item(&record.to_bytes())));
        let none = Hash::default();
        let draft = Header::new(number, none, none, self.head.hash(), Digest { logs });
        let (block, results) = self.builder.execute_with(|| {
            Executive::initialize_block(&draft);
            let mut extrinsics = Runtime::inherent_extrinsics(inherent_data(now_ms));
            let inherents = extrinsics.len();
            extrinsics.extend(transactions());
            let results: Vec<_> = extrinsics.iter().cloned().map(apply).collect();
            let kept = extrinsics.into_iter().zip(&results);
            let kept = kept.filter_map(|(extrinsic, result)| result.is_ok().then_some(extrinsic));
            let block = Block::new(Executive::finalize_block(), kept.collect());
            (block, results[inherents..].to_vec())
        });
        self.builder.commit_all().expect("it is in memory");
        self.head = block.header().clone();
        self.replica.execute_with(|| {
            let result = Runtime::check_inherents(block.clone().into(), inherent_data(now_ms));
            assert!(result.ok(), "the inherents are good");
        });
        self.replica
            .execute_with(|| Executive::execute_block(block.into()));
        self.replica.commit_all().expect("it is in memory");
        (self.head.clone(), results)
    }

    /// Make a block and return what became of its only transaction.
    pub fn apply(
        &mut self,
        transaction: impl FnOnce() -> UncheckedExtrinsic,
    ) -> ApplyExtrinsicResult {
        self.block(200, || vec![transaction()]).1.remove(0)
    }

    /// Make empty blocks five seconds apart until a session ends, and one more.
    pub fn end_session(&mut self) -> Vec<Header> {
        let session = self.state(Session::current_index);
        let mut headers = Vec::new();
        while self.state(Session::current_index) == session {
            assert!(headers.len() < 200, "no session ended in 200 blocks");
            headers.push(self.block(5_000, Vec::new).0);
        }
        headers.push(self.block(5_000, Vec::new).0);
        headers
    }

    /// Check the invariants.
    pub fn try_state(&mut self) {
        self.state(|| {
            Pbft::do_try_state().expect("the invariants of the consensus hold");
            AssignedSet::do_try_state().expect("the invariants of the set hold");
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
