// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Import and verifier over a chain that is a map of headers ([`Chain`]).

use super::{
    checks::HeaderError,
    import::{block_import, DecidedLog, ImportOutcome, ImportedBlock, PbftBlockImport, PbftLink},
    randomness::{pre_runtime_digest, BeaconOutputs, OutputError},
    test_chain::Chain,
    verifier::PbftVerifier,
    HeldBlock,
};
use crate::{
    authorities::ConsensusStates,
    justification::{find, to_justification},
    recoveries::Recoveries,
    test_support::{beacon_output, beacon_pair, commit, height_state, pre_header, seal},
    types::ProposedBlock,
    worker::unix_ms,
};
use futures::{executor::block_on, FutureExt};
use hansa_beacon_primitives::{Beacon, BlockVrf};
use hansa_pbft_primitives::{
    AuthorityIndex, AuthoritySet, Certificate, Hash, Height, PreDigest, View,
};
use hansa_primitives::{Block, Header};
use parking_lot::Mutex;
use sc_consensus::{BlockImport, BlockImportParams, ImportResult, JustificationImport, Verifier};
use sp_api::StorageChanges;
use sp_application_crypto::Pair;
use sp_blockchain::{BlockStatus, HeaderBackend};
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::{
    traits::{Block as BlockT, Header as HeaderT},
    Digest,
};
use std::{pin::pin, sync::Arc, time::Duration};

pub(super) const HEIGHT: Height = 1;
pub(super) const VIEW: View = 1;

pub(super) struct Setup {
    pub chain: Arc<Chain>,
    pub states: Arc<ConsensusStates<Chain>>,
    pub import: PbftBlockImport<Arc<Chain>, Chain>,
    verifier: PbftVerifier<Chain>,
    link: PbftLink,
    pub genesis: Header,
}

pub(super) fn setup() -> Setup {
    setup_with(Recoveries::default())
}

/// Of a chain whose records are kept there.
pub(super) fn setup_with(recoveries: Recoveries) -> Setup {
    let genesis = Header::new(
        0,
        Hash::zero(),
        Hash::zero(),
        Hash::zero(),
        Digest::default(),
    );
    let chain = Arc::new(Chain::default());
    chain.headers.lock().insert(genesis.hash(), genesis.clone());
    let outputs = Arc::new(BeaconOutputs::new(chain.clone()));
    let states = ConsensusStates::new(chain.clone(), outputs).with_recoveries(recoveries);
    let states = Arc::new(states);
    let (import, link) = block_import(chain.clone(), chain.clone(), states.clone());
    let verifier = PbftVerifier::new(chain.clone(), states.clone());
    Setup {
        chain,
        states,
        import,
        verifier,
        link,
        genesis,
    }
}

impl Setup {
    /// A good block on genesis, told apart from others by its time.
    pub fn block(&self, timestamp_ms: u64) -> Block {
        let author = height_state(4).primary(HEIGHT, VIEW).unwrap();
        let pre = PreDigest {
            view: VIEW,
            author,
            timestamp_ms,
        };
        Block::new(
            seal(pre_header(HEIGHT, self.genesis.hash(), pre), author, VIEW),
            Vec::new(),
        )
    }

    /// As the queue does it with a block of sync: check and import. The error says by whom.
    pub fn sync(
        &self,
        block: Block,
        certificate: Option<&Certificate>,
    ) -> Result<ImportResult, String> {
        self.sync_from(BlockOrigin::NetworkBroadcast, block, certificate)
    }

    fn sync_from(
        &self,
        origin: BlockOrigin,
        block: Block,
        certificate: Option<&Certificate>,
    ) -> Result<ImportResult, String> {
        let (header, body) = block.deconstruct();
        let mut params = BlockImportParams::new(origin, header);
        params.body = Some(body);
        params.justifications = certificate.map(|c| to_justification(c).into());
        block_on(async {
            let params = self
                .verifier
                .verify(params)
                .await
                .map_err(|e| format!("verifier: {e}"))?;
            self.import
                .import_block(params)
                .await
                .map_err(|e| format!("import: {e}"))
        })
    }

    fn held(&self, block: Block) -> HeldBlock {
        HeldBlock {
            hash: block.hash(),
            pre_digest: PreDigest::find(&block.header.digest).unwrap(),
            block: ProposedBlock {
                block,
                parent_certificate: None,
            },
            changes: StorageChanges::<Block>::default(),
            executed_in: Duration::ZERO,
        }
    }

    pub fn import_held(
        &self,
        block: Block,
        certificate: Certificate,
    ) -> Result<ImportOutcome, ConsensusError> {
        let origin = BlockOrigin::ConsensusBroadcast;
        block_on(
            self.import
                .import_held(self.held(block), certificate, origin),
        )
    }

    fn told(&mut self) -> Vec<ImportedBlock> {
        std::iter::from_fn(|| self.link.imported.try_recv().ok()).collect()
    }
}

pub(super) fn certify(block: &Block, view: View) -> Certificate {
    commit(&height_state(4), HEIGHT, view, block.hash(), 0..3)
}

#[test]
fn a_held_block_is_imported_as_final_without_executing_it_again() {
    let mut t = setup();
    let mut stream = t.link.justifications.subscribe(10);
    let block = t.block(5);
    let (hash, certificate) = (block.hash(), certify(&block, VIEW));
    let outcome = t.import_held(block.clone(), certificate.clone());
    assert_eq!(outcome.unwrap(), ImportOutcome::Imported);
    assert_eq!(*t.chain.commits.lock(), [(hash, true, false)]);
    assert_eq!(
        find(t.chain.justifications.lock().get(&hash)).unwrap(),
        certificate
    );
    assert_eq!(*t.link.head.borrow(), HEIGHT);
    let told = ImportedBlock {
        hash,
        height: HEIGHT,
        certificate: Some(certificate.clone()),
        origin: BlockOrigin::ConsensusBroadcast,
    };
    assert_eq!(t.told(), [told]);
    let justification = block_on(futures::StreamExt::next(&mut stream)).unwrap();
    assert_eq!(
        (justification.header, justification.certificate),
        (block.header, certificate)
    );
}

#[test]
fn a_certificate_of_another_block_imports_nothing() {
    let mut t = setup();
    let certificate = certify(&t.block(6), VIEW);
    assert!(t.import_held(t.block(5), certificate).is_err());
    let early = certify(&t.block(5), VIEW - 1);
    assert!(t.import_held(t.block(5), early).is_err());
    assert!(t.chain.commits.lock().is_empty() && t.told().is_empty());
}

#[test]
fn of_a_bulk_clients_learn_of_recent_blocks_alone() {
    use BlockOrigin::{NetworkBroadcast, NetworkInitialSync};
    for (timestamp_ms, announced) in [(5, NetworkInitialSync), (unix_ms(), NetworkBroadcast)] {
        let mut t = setup();
        let mut stream = t.link.justifications.subscribe(10);
        let block = t.block(timestamp_ms);
        let certificate = certify(&block, VIEW);
        let result = t.sync_from(NetworkInitialSync, block, Some(&certificate));
        assert!(matches!(result, Ok(ImportResult::Imported(_))));
        assert_eq!(*t.chain.origins.lock(), [announced]);
        let told = t.told().into_iter().map(|told| told.origin);
        assert!(told.eq([NetworkInitialSync]));
        // Who is told of each proof would fall behind.
        let justified = futures::StreamExt::next(&mut stream).now_or_never();
        assert!(justified.is_none());
    }
}

#[test]
fn sync_imports_certified_blocks_as_final() {
    let mut t = setup();
    let block = t.block(5);
    let certificate = certify(&block, VIEW + 2);
    let result = t.sync(block.clone(), Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
    assert_eq!(*t.chain.commits.lock(), [(block.hash(), true, true)]);
    let told = t.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].certificate.as_ref(), Some(&certificate));
}

#[test]
fn whoever_sends_a_block_without_a_good_certificate_is_blamed() {
    let t = setup();
    let block = t.block(5);
    let few = commit(&height_state(4), HEIGHT, VIEW, block.hash(), 0..2);
    let mut forged = certify(&block, VIEW);
    forged.view += 1;
    let mut unsealed = block.clone();
    unsealed.header.digest.pop();
    let wrong_author = {
        let author = (height_state(4).primary(HEIGHT, VIEW).unwrap() + 1) % 4;
        let pre = PreDigest {
            view: VIEW,
            author,
            timestamp_ms: 5,
        };
        let header = seal(pre_header(HEIGHT, t.genesis.hash(), pre), author, VIEW);
        Block::new(header, Vec::new())
    };
    for (name, block, certificate) in [
        ("none", block.clone(), None),
        ("no quorum", block.clone(), Some(few)),
        ("another view", block.clone(), Some(forged)),
        (
            "another block",
            block.clone(),
            Some(certify(&t.block(6), VIEW)),
        ),
        (
            "a view before the header's",
            block.clone(),
            Some(certify(&block, VIEW - 1)),
        ),
        ("no seal", unsealed.clone(), Some(certify(&unsealed, VIEW))),
        (
            "another author",
            wrong_author.clone(),
            Some(certify(&wrong_author, VIEW)),
        ),
    ] {
        let error = t.sync(block, certificate.as_ref()).unwrap_err();
        assert!(error.starts_with("verifier: "), "{name}: {error}");
    }
    assert!(t.chain.commits.lock().is_empty());
}

#[test]
fn the_import_trusts_no_hash_and_no_word_but_the_verifiers() {
    let t = setup();
    let block = t.block(5);
    let import = |certificate: Option<Certificate>| {
        let (mut header, body) = block.clone().deconstruct();
        let mut params = BlockImportParams::new(BlockOrigin::NetworkBroadcast, header.clone());
        params.post_digests.extend(header.digest.pop());
        params.header = header;
        params.body = Some(body);
        // A lie.
        params.post_hash = Some(t.genesis.hash());
        params.justifications = certificate.map(|c| to_justification(&c).into());
        block_on(t.import.import_block(params))
    };
    assert!(import(None).is_err());
    assert!(import(Some(certify(&t.block(6), VIEW))).is_err());
    assert!(t.chain.commits.lock().is_empty());
    assert!(import(Some(certify(&block, VIEW))).is_ok());
    assert_eq!(t.chain.commits.lock()[0].0, block.hash());
}

#[test]
fn of_sync_and_driver_the_second_finds_the_block_in_the_chain() {
    let mut t = setup();
    let block = t.block(5);
    let certificate = certify(&block, VIEW);
    t.sync(block.clone(), Some(&certificate)).unwrap();
    let outcome = t
        .import_held(block.clone(), certify(&block, VIEW + 1))
        .unwrap();
    assert_eq!(outcome, ImportOutcome::AlreadyInChain);
    let again = t.sync(block.clone(), Some(&certificate)).unwrap();
    assert_eq!(again, ImportResult::AlreadyInChain);
    assert_eq!(t.chain.commits.lock().len(), 1);
    assert_eq!(t.told().len(), 1);
    let kept = find(t.chain.justifications.lock().get(&block.hash())).unwrap();
    assert_eq!(kept, certificate, "the first certificate is kept");
}

#[test]
fn a_second_certified_block_of_a_height_is_refused() {
    let t = setup();
    let (first, second) = (t.block(5), t.block(6));
    t.import_held(first.clone(), certify(&first, VIEW)).unwrap();
    let error = t
        .sync(second.clone(), Some(&certify(&second, VIEW)))
        .unwrap_err();
    assert!(error.contains("final with another block"), "{error}");
    assert_eq!(t.chain.commits.lock().len(), 1);
}

#[test]
fn a_block_on_an_unknown_parent_is_nobodys_fault() {
    let t = setup();
    let pre = PreDigest {
        view: 0,
        author: 0,
        timestamp_ms: 1,
    };
    let block = Block::new(seal(pre_header(9, Hash::zero(), pre), 0, 0), Vec::new());
    let certificate = commit(&height_state(4), 9, 0, block.hash(), 0..3);
    assert_eq!(
        t.sync(block, Some(&certificate)),
        Ok(ImportResult::UnknownParent)
    );
}

/// Checks that what it is told of is not in the chain yet.
struct Log {
    chain: Arc<Chain>,
    full: bool,
    recorded: Mutex<Vec<Hash>>,
}

impl DecidedLog for Log {
    fn record(
        &self,
        block: &Block,
        _: &Certificate,
        _: &AuthoritySet,
        _: BlockOrigin,
    ) -> std::io::Result<()> {
        assert_eq!(
            self.chain.status(block.hash()).unwrap(),
            BlockStatus::Unknown
        );
        if self.full {
            return Err(std::io::Error::other("the disk is full"));
        }
        self.recorded.lock().push(block.hash());
        Ok(())
    }
}

#[test]
fn a_block_of_sync_is_in_the_log_before_it_is_in_the_chain() {
    for full in [false, true] {
        let t = setup();
        let log = Arc::new(Log {
            chain: t.chain.clone(),
            full,
            recorded: Mutex::default(),
        });
        assert!(t.import.set_decided_log(log.clone()));
        assert!(!t.import.set_decided_log(log.clone()), "only once");
        let block = t.block(5);
        let result = t.sync(block.clone(), Some(&certify(&block, VIEW)));
        assert_eq!(result.is_ok(), !full);
        assert_eq!(log.recorded.lock().contains(&block.hash()), !full);
        assert_eq!(t.chain.commits.lock().is_empty(), full);
    }
}

#[test]
fn a_block_of_sync_waits_for_the_log_if_there_will_be_one() {
    let t = setup();
    let log = Arc::new(Log {
        chain: t.chain.clone(),
        full: false,
        recorded: Mutex::default(),
    });
    t.import.await_decided_log();
    let block = t.block(5);
    let certificate = certify(&block, VIEW);
    let origin = BlockOrigin::ConsensusBroadcast;
    let mut import = pin!(t.import.import_decided(block.clone(), certificate, origin));
    assert!(import.as_mut().now_or_never().is_none(), "no log yet");
    assert!(t.chain.commits.lock().is_empty());
    assert!(t.import.set_decided_log(log.clone()));
    t.import.await_decided_log();
    assert_eq!(block_on(import).unwrap(), ImportOutcome::Imported);
    assert_eq!(*log.recorded.lock(), [block.hash()]);
}

#[test]
fn a_block_of_the_log_is_verified_and_executed() {
    let t = setup();
    let block = t.block(5);
    let import = |certificate| {
        let origin = BlockOrigin::ConsensusBroadcast;
        block_on(t.import.import_decided(block.clone(), certificate, origin))
    };
    assert!(import(commit(&height_state(4), HEIGHT, VIEW, block.hash(), 0..2)).is_err());
    assert_eq!(
        import(certify(&block, VIEW)).unwrap(),
        ImportOutcome::Imported
    );
    assert_eq!(*t.chain.commits.lock(), [(block.hash(), true, true)]);
    assert_eq!(
        import(certify(&block, VIEW)).unwrap(),
        ImportOutcome::AlreadyInChain
    );
}

#[test]
fn separate_justifications_change_nothing() {
    let mut t = setup();
    let block = t.block(5);
    let (hash, good) = (block.hash(), to_justification(&certify(&block, VIEW)));
    assert!(block_on(t.import.on_start()).is_empty());
    let mut import =
        |justification| block_on(t.import.import_justification(hash, HEIGHT, justification));
    assert!(
        import(good.clone()).is_err(),
        "the block is not in the chain"
    );
    t.chain.headers.lock().insert(hash, block.header);
    assert!(import(good.clone()).is_ok());
    assert!(import((*b"FRNK", good.1)).is_err());
    assert!(import((good.0, vec![1])).is_err());
    assert!(t.chain.commits.lock().is_empty());
}

// --- The author's output for the beacon ---

const BEACON: Beacon = [6; 32];

/// The author of the blocks of these tests.
fn author() -> AuthorityIndex {
    height_state(4).primary(HEIGHT, VIEW).unwrap()
}

impl Setup {
    /// From now on all authorities but `without` have beacon keys.
    fn begin_beacon(&self, without: Option<AuthorityIndex>) {
        let key = |i| (Some(i) != without).then(|| beacon_pair(i).public());
        self.chain.set_beacon(BEACON, (0..4).map(key).collect());
    }

    /// A block that is good but for this output.
    fn block_with(&self, output: Option<BlockVrf>) -> Block {
        let pre = PreDigest {
            view: VIEW,
            author: author(),
            timestamp_ms: 5,
        };
        let mut header = pre_header(HEIGHT, self.genesis.hash(), pre);
        header.digest = pre_runtime_digest(&pre, output);
        Block::new(seal(header, author(), VIEW), Vec::new())
    }
}

#[test]
fn blocks_of_sync_and_of_the_log_need_the_outputs_that_their_parents_ask_for() {
    let good = beacon_output(author(), BEACON, HEIGHT);
    let others = beacon_output((author() + 1) % 4, BEACON, HEIGHT);
    let of_next = beacon_output(author(), BEACON, HEIGHT + 1);
    let no_key = Some(author());
    for (name, without, output, error) in [
        ("its own", None, Some(good), None),
        ("no key and none", no_key, None, None),
        ("none", None, None, Some(OutputError::Missing(author()))),
        (
            "no key",
            no_key,
            Some(good),
            Some(OutputError::Unwanted(author())),
        ),
        (
            "another's",
            None,
            Some(others),
            Some(OutputError::Wrong(author())),
        ),
        (
            "the next height's",
            None,
            Some(of_next),
            Some(OutputError::Wrong(author())),
        ),
    ] {
        let expected = error.map(|error| HeaderError::from(error).to_string());
        let refused = |error: &str| expected.as_deref().is_some_and(|text| error.contains(text));
        // In a later view than the one in which it was proposed first.
        let certify = |block: &Block| certify(block, VIEW + 3);

        let t = setup();
        t.begin_beacon(without);
        let block = t.block_with(output);
        match t.sync(block.clone(), Some(&certify(&block))) {
            Ok(result) => assert!(error.is_none() && matches!(result, ImportResult::Imported(_))),
            Err(text) => assert!(
                text.starts_with("verifier: ") && refused(&text),
                "{name}: {text}"
            ),
        }

        let t = setup();
        t.begin_beacon(without);
        let origin = BlockOrigin::ConsensusBroadcast;
        let import = t
            .import
            .import_decided(block.clone(), certify(&block), origin);
        match block_on(import) {
            Ok(outcome) => assert!(error.is_none() && outcome == ImportOutcome::Imported),
            Err(text) => assert!(refused(&text.to_string()), "{name}: {text}"),
        }
        assert_eq!(t.chain.commits.lock().is_empty(), error.is_some(), "{name}");
    }
}

#[test]
fn a_block_asks_the_runtime_for_beacon_and_key_once() {
    let t = setup();
    t.begin_beacon(None);
    let block = t.block_with(Some(beacon_output(author(), BEACON, HEIGHT)));
    for _ in 0..3 {
        t.sync(block.clone(), Some(&certify(&block, VIEW))).unwrap();
    }
    assert_eq!(t.chain.beacon_calls(), 2);
}
