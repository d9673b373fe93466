// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The worker over a chain of one block after the other, with a beacon as the pallet's in what a node
//! sees of it.

use crate::{
    chain::BeaconChain,
    metrics::Metrics,
    run,
    worker::{Worker, MAX_LOOK_BACK, SUBMIT_AGAIN_AFTER},
};
use hansa_beacon_primitives::{
    commitment::{commit_payload, commitment},
    Beacon, BeaconId, BeaconSignature, Digest, Duty, DutyKind, EpochIndex, EpochInfo, OwnId, Phase,
    KEY_TYPE,
};
use hansa_local_chain::Head;
use hansa_primitives::{AccountId, BlockNumber, Hash};
use sp_application_crypto::RuntimeAppPublic;
use sp_blockchain::Error;
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

const GENESIS: Hash = Hash::repeat_byte(0x33);

/// What the chain knows of one account.
#[derive(Clone, Debug)]
struct Node {
    key: BeaconId,
    /// Commitment, and the key with which it was made.
    commitment: Option<(Digest, BeaconId)>,
    id: Option<OwnId>,
}

/// The state after a block.
#[derive(Clone, Debug)]
struct State {
    epoch: EpochIndex,
    phase: Phase,
    nodes: BTreeMap<AccountId, Node>,
}

/// A call in the pool.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Call {
    Commit(EpochIndex, AccountId, Digest),
    Reveal(EpochIndex, AccountId, OwnId),
}

/// States by height, the pool, and what is broken.
#[derive(Debug)]
struct Inner {
    states: Vec<State>,
    /// All calls that the pool took, ever.
    calls: Vec<Call>,
    pool_refuses: bool,
    runtime_fails: bool,
    has_beacon: bool,
    asked: usize,
}

#[derive(Clone, Debug)]
struct Chain(Arc<Mutex<Inner>>);

fn beacon_of(epoch: EpochIndex) -> Beacon {
    [epoch as u8 + 100; 32]
}

fn account(i: u8) -> AccountId {
    AccountId::new([i; 32])
}

fn hash_at(height: usize) -> Hash {
    Hash::from_low_u64_be(height as u64)
}

impl Chain {
    fn new(nodes: impl IntoIterator<Item = (AccountId, BeaconId)>) -> Self {
        let node = |key| Node {
            key,
            commitment: None,
            id: None,
        };
        let genesis = State {
            epoch: 4,
            phase: Phase::Commit,
            nodes: nodes.into_iter().map(|(a, key)| (a, node(key))).collect(),
        };
        Self(Arc::new(Mutex::new(Inner {
            states: vec![genesis],
            calls: Vec::new(),
            pool_refuses: false,
            runtime_fails: false,
            has_beacon: true,
            asked: 0,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn at(&self, at: Hash) -> Result<State, Error> {
        let mut inner = self.inner();
        inner.asked += 1;
        if inner.runtime_fails {
            return Err(Error::Backend("the disk is gone".into()));
        }
        Ok(inner.states[at.to_low_u64_be() as usize].clone())
    }

    /// A block after which the state is changed so.
    fn block(&self, change: impl FnOnce(&mut State)) {
        let mut inner = self.inner();
        let mut state = inner.states.last().unwrap().clone();
        change(&mut state);
        inner.states.push(state);
    }

    /// A block with whatever calls there are that are good.
    fn block_with_calls(&self) {
        let calls = self.calls();
        self.block(|state| {
            for call in calls {
                match call {
                    Call::Commit(epoch, account, hash) => {
                        let node = state.nodes.get_mut(&account).unwrap();
                        if (epoch, state.phase) == (state.epoch, Phase::Commit) {
                            node.commitment.get_or_insert((hash, node.key.clone()));
                        }
                    }
                    Call::Reveal(epoch, account, id) => {
                        let node = state.nodes.get_mut(&account).unwrap();
                        let committed = node.commitment.as_ref().map(|(hash, _)| *hash);
                        let made = commitment(&GENESIS, epoch, &account, &id);
                        if (epoch, state.phase) == (state.epoch, Phase::Reveal)
                            && committed == Some(made)
                        {
                            node.id = Some(id);
                        }
                    }
                }
            }
        });
    }

    fn phase(&self, phase: Phase) {
        self.block(|state| state.phase = phase);
    }

    fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    fn state(&self) -> State {
        self.inner().states.last().unwrap().clone()
    }

    fn take(&self, call: Call) -> Result<bool, Error> {
        let mut inner = self.inner();
        if inner.pool_refuses {
            return Ok(false);
        }
        inner.calls.push(call);
        Ok(true)
    }
}

impl BeaconChain for Chain {
    fn genesis(&self) -> Hash {
        GENESIS
    }

    fn head(&self) -> Head {
        let height = self.inner().states.len() - 1;
        Head {
            height: height as BlockNumber,
            hash: hash_at(height),
        }
    }

    fn hash(&self, height: BlockNumber) -> Result<Option<Hash>, Error> {
        Ok(Some(hash_at(height as usize)))
    }

    fn epoch(&self, at: Hash) -> Result<Option<EpochInfo>, Error> {
        let state = self.at(at)?;
        Ok(self.inner().has_beacon.then(|| EpochInfo {
            epoch: state.epoch,
            beacon: beacon_of(state.epoch),
            phase: state.phase,
            phase_end_ms: 0,
            committed: 0,
            revealed: 0,
        }))
    }

    fn duty(&self, at: Hash, key: &BeaconId) -> Result<Option<Duty<AccountId>>, Error> {
        let state = self.at(at)?;
        let Some((account, node)) = state.nodes.iter().find(|(_, node)| node.key == *key) else {
            return Ok(None);
        };
        let kind = match (state.phase, &node.commitment, node.id) {
            (Phase::Commit, None, _) => DutyKind::Commit,
            (Phase::Reveal, Some((commitment, key)), None) => DutyKind::Reveal {
                commitment: *commitment,
                key: key.clone(),
            },
            _ => return Ok(None),
        };
        Ok(Some(Duty {
            account: account.clone(),
            epoch: state.epoch,
            beacon: beacon_of(state.epoch),
            kind,
        }))
    }

    fn submit_commit(
        &self,
        at: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        commitment: Digest,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let key = self.at(at)?.nodes[account].key.clone();
        let payload = commit_payload(&GENESIS, epoch, account, &commitment);
        assert!(
            key.verify(&payload, &signature),
            "as the runtime verifies it"
        );
        self.take(Call::Commit(epoch, account.clone(), commitment))
    }

    fn submit_reveal(
        &self,
        _: Hash,
        epoch: EpochIndex,
        account: &AccountId,
        id: OwnId,
    ) -> Result<bool, Error> {
        self.take(Call::Reveal(epoch, account.clone(), id))
    }
}

/// A chain, and the node of account 1 with a key of its own.
struct Setup {
    chain: Chain,
    keystore: Arc<MemoryKeystore>,
    worker: Worker<Chain>,
    metrics: Metrics,
}

fn key(keystore: &MemoryKeystore, seed: &str) -> BeaconId {
    let key = keystore.sr25519_generate_new(KEY_TYPE, Some(seed));
    key.unwrap().into()
}

fn setup() -> Setup {
    let keystore = Arc::new(MemoryKeystore::new());
    let chain = Chain::new([
        (account(1), key(&keystore, "//1")),
        // Of another node.
        (account(2), key(&MemoryKeystore::new(), "//2")),
    ]);
    let metrics = Metrics::register(None).unwrap();
    let worker = Worker::new(chain.clone(), keystore.clone(), metrics.clone());
    Setup {
        chain,
        keystore,
        worker,
        metrics,
    }
}

impl Setup {
    fn look(&mut self) {
        let Head { height, hash } = self.chain.head();
        self.worker.on_final(height, hash, false);
    }

    fn restart(&mut self) {
        self.worker = Worker::new(
            self.chain.clone(),
            self.keystore.clone(),
            self.metrics.clone(),
        );
    }

    /// Commit, and begin with the reveal part.
    fn committed() -> Self {
        let mut t = setup();
        t.look();
        t.chain.block_with_calls();
        t.look();
        t.chain.phase(Phase::Reveal);
        t
    }

    /// Commits, reveals, withheld, open.
    fn counts(&self) -> [u64; 4] {
        let m = &self.metrics;
        [
            m.commits.get(),
            m.reveals.get(),
            m.withheld.get(),
            m.open_duties.get(),
        ]
    }

    fn failures(&self, step: &str) -> u64 {
        self.metrics.failures.with_label_values(&[step]).get()
    }
}

#[test]
fn a_node_that_restarts_between_the_two_reveals_what_it_committed_to() {
    let mut t = Setup::committed();
    assert_eq!(t.counts(), [1, 0, 0, 0]);
    t.restart();
    t.look();
    t.chain.block_with_calls();
    t.look();
    let node = &t.chain.state().nodes[&account(1)];
    assert!(
        node.id.is_some(),
        "the chain takes only what was committed to"
    );
    assert_eq!(t.counts(), [1, 1, 0, 0]);
    assert_eq!(
        t.chain.calls().len(),
        2,
        "nothing was said of the other node"
    );
}

#[test]
fn ids_differ_from_epoch_to_epoch() {
    let mut t = setup();
    for epoch in 4..8 {
        t.chain.block(|state| {
            state.epoch = epoch;
            state.phase = Phase::Commit;
            let node = state.nodes.get_mut(&account(1)).unwrap();
            (node.commitment, node.id) = (None, None);
        });
        t.look();
    }
    let mut commitments: Vec<_> = (t.chain.calls().into_iter())
        .map(|call| match call {
            Call::Commit(_, _, commitment) => commitment,
            Call::Reveal(..) => panic!("nothing is to be revealed"),
        })
        .collect();
    commitments.sort();
    commitments.dedup();
    assert_eq!(commitments.len(), 4);
}

#[test]
fn a_call_is_put_in_once_and_again_when_it_seems_lost() {
    for phase in [Phase::Commit, Phase::Reveal] {
        let mut t = setup();
        if phase == Phase::Reveal {
            t = Setup::committed();
        }
        let before = t.chain.calls().len();
        let mut submitted = Vec::new();
        for _ in 0..=SUBMIT_AGAIN_AFTER {
            t.look();
            t.look();
            submitted.push(t.chain.calls().len() - before);
            t.chain.block(|_| ());
        }
        let (last, early) = submitted.split_last().unwrap();
        assert!(early.iter().all(|n| *n == 1), "{early:?}");
        assert_eq!(*last, 2);
        let [commits, reveals, ..] = t.counts();
        assert!(commits <= 1 && reveals <= 1, "counted once");
    }
}

#[test]
fn an_early_end_of_the_retry_is_no_failure() {
    let mut t = setup();
    t.look();
    t.chain.inner().pool_refuses = true;
    for _ in 0..3 * SUBMIT_AGAIN_AFTER {
        t.chain.block(|_| ());
        t.look();
    }
    assert_eq!(t.failures("submit"), 0, "it is in the pool already");
}

#[test]
fn what_was_committed_to_with_an_old_key_is_revealed_with_it() {
    let mut t = Setup::committed();
    let new = key(&t.keystore, "//new");
    t.chain.block(|state| {
        state.nodes.get_mut(&account(1)).unwrap().key = new;
    });
    t.restart();
    t.look();
    t.chain.block_with_calls();
    t.look();
    assert!(t.chain.state().nodes[&account(1)].id.is_some());
    // The next epoch is the new key's: the chain verifies the signature with it.
    t.chain.block(|state| {
        (state.epoch, state.phase) = (5, Phase::Commit);
        let node = state.nodes.get_mut(&account(1)).unwrap();
        (node.commitment, node.id) = (None, None);
    });
    t.look();
    assert_eq!(t.counts(), [2, 1, 0, 1]);
}

#[test]
fn a_change_of_keys_during_the_reveal_part_hides_no_duty() {
    let mut t = Setup::committed();
    t.chain.inner().pool_refuses = true;
    t.look();
    assert_eq!(t.counts(), [1, 0, 0, 1]);
    let new = key(&t.keystore, "//new");
    t.chain.block(|state| {
        state.nodes.get_mut(&account(1)).unwrap().key = new;
    });
    t.look();
    assert_eq!(t.counts(), [1, 0, 0, 1]);
    t.chain.phase(Phase::Mix);
    t.look();
    assert_eq!(t.counts(), [1, 0, 1, 0]);
}

#[test]
fn whatever_fails_is_tried_again_at_the_next_block() {
    let mut t = setup();
    t.chain.inner().runtime_fails = true;
    t.look();
    assert_eq!((t.failures("ask"), t.counts()[0]), (1, 0));
    t.chain.inner().runtime_fails = false;
    t.chain.inner().pool_refuses = true;
    t.chain.block(|_| ());
    t.look();
    assert_eq!((t.failures("submit"), t.counts()), (1, [0, 0, 0, 1]));
    t.chain.inner().pool_refuses = false;
    t.chain.block(|_| ());
    t.look();
    assert_eq!(t.counts(), [1, 0, 0, 1]);
}

#[test]
fn a_key_that_is_gone_is_a_failure_and_its_return_mends_it() {
    let mut t = Setup::committed();
    let old = t.keystore.clone();
    t.keystore = Arc::new(MemoryKeystore::new());
    let new = key(&t.keystore, "//new");
    t.chain.block(|state| {
        state.nodes.get_mut(&account(1)).unwrap().key = new;
    });
    t.restart();
    t.look();
    assert_eq!((t.failures("key"), t.counts()[1]), (1, 0));
    assert_eq!(old.sr25519_public_keys(KEY_TYPE).len(), 1);
    key(&t.keystore, "//1");
    t.chain.block(|_| ());
    t.look();
    assert_eq!((t.failures("key"), t.counts()[1]), (1, 1));
}

#[test]
fn a_commitment_of_somebody_else_is_not_answered() {
    let mut t = Setup::committed();
    t.chain.block(|state| {
        let node = state.nodes.get_mut(&account(1)).unwrap();
        node.commitment.as_mut().unwrap().0 = [1; 32];
    });
    let before = t.chain.calls();
    t.look();
    assert_eq!(t.chain.calls(), before, "no id is told for nothing");
    assert_eq!(t.failures("key"), 1);
}

#[test]
fn a_reveal_that_is_late_counts_as_withheld() {
    // In the chain in the last block that takes it, or not.
    for in_time in [true, false] {
        // Looked at each block, or only when all is over.
        for in_steps in [true, false] {
            let mut t = Setup::committed();
            t.look();
            let step = |t: &mut Setup| {
                if in_steps {
                    t.look();
                }
            };
            t.chain.block(|_| ());
            step(&mut t);
            if in_time {
                t.chain.block_with_calls();
                step(&mut t);
            }
            t.chain.phase(Phase::Mix);
            step(&mut t);
            // Too late: the chain does not take it.
            t.chain.block_with_calls();
            t.look();
            let withheld = u64::from(!in_time);
            assert_eq!(t.counts(), [1, 1, withheld, 0], "{in_time} {in_steps}");
        }
    }
}

#[test]
fn of_what_is_long_ago_nothing_is_claimed() {
    let mut t = Setup::committed();
    t.look();
    for _ in 0..MAX_LOOK_BACK + 2 {
        t.chain.block(|_| ());
    }
    t.chain.phase(Phase::Mix);
    t.look();
    assert_eq!(t.counts(), [1, 1, 0, 0]);
}

#[test]
fn a_node_that_is_far_behind_reveals_and_does_not_commit() {
    let mut t = setup();
    let Head { height, hash } = t.chain.head();
    t.worker.on_final(height, hash, true);
    assert_eq!(t.counts(), [0, 0, 0, 1]);
    let mut t = Setup::committed();
    let Head { height, hash } = t.chain.head();
    t.worker.on_final(height, hash, true);
    assert_eq!(t.counts(), [1, 1, 0, 1]);
}

#[test]
fn two_accounts_of_one_node_have_duties_each() {
    let mut t = setup();
    key(&t.keystore, "//2");
    t.look();
    t.chain.block_with_calls();
    t.chain.phase(Phase::Reveal);
    t.look();
    t.chain.block_with_calls();
    let nodes = t.chain.state().nodes;
    assert!(nodes.values().all(|node| node.id.is_some()));
    assert_ne!(nodes[&account(1)].id, nodes[&account(2)].id);
}

#[test]
fn without_keys_or_without_a_beacon_nothing_is_done() {
    let mut t = setup();
    t.keystore = Arc::new(MemoryKeystore::new());
    t.restart();
    t.look();
    assert_eq!(t.chain.inner().asked, 0, "a follower asks nothing");
    let mut t = setup();
    t.chain.inner().has_beacon = false;
    t.look();
    assert_eq!((t.counts(), t.failures("ask")), ([0; 4], 0));
    assert!(t.chain.calls().is_empty());
}

#[tokio::test]
async fn the_task_looks_at_the_head_at_once_and_ends_with_it() {
    let t = setup();
    let (sender, head) = watch::channel(0);
    let task = tokio::spawn(run(t.worker, head, || false));
    while t.chain.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    t.chain.block_with_calls();
    t.chain.phase(Phase::Reveal);
    sender.send_replace(2);
    while t.chain.calls().len() < 2 {
        tokio::task::yield_now().await;
    }
    drop(sender);
    task.await.unwrap();
}

#[test]
fn every_metric_is_registered() {
    let registry = substrate_prometheus_endpoint::Registry::new();
    Metrics::register(Some(&registry)).unwrap();
    let families = registry.gather();
    assert_eq!(families.len(), 6, "as many as the structure has fields");
    assert!(families
        .iter()
        .all(|f| f.get_name().starts_with("hansa_beacon_")));
    assert!(Metrics::register(Some(&registry)).is_err());
}
