// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The worker over a chain of one block after the other, with a pool as the pallet's in what a node sees of
//! it.

use crate::{
    chain::PoolChain,
    metrics::Metrics,
    run,
    state::State,
    worker::{Worker, SUBMIT_AGAIN_AFTER},
};
use hansa_allocation_primitives::{
    confirm::join_payload, Admission, BeaconId, BeaconSignature, ChainId, EpochIndex, MemberPhase,
    NodePlace, NodeStatus, OwnNode, Phase,
};
use hansa_beacon_primitives::KEY_TYPE;
use hansa_local_chain::Head;
use hansa_primitives::{AccountId, BlockNumber, Hash};
use sp_application_crypto::RuntimeAppPublic;
use sp_blockchain::Error;
use sp_keystore::{testing::MemoryKeystore, Keystore};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc, Mutex, MutexGuard,
    },
};
use tokio::sync::watch;

const GENESIS: Hash = Hash::repeat_byte(0x44);

/// The state at each block, the wishes that the pool of transactions took, and what is broken.
#[derive(Default)]
struct Inner {
    height: BlockNumber,
    nodes: BTreeMap<BeaconId, OwnNode<AccountId>>,
    forming: bool,
    wishes: Vec<(AccountId, EpochIndex)>,
    pool_refuses: bool,
    runtime_fails: bool,
    is_no_hub: bool,
    asked: usize,
}

#[derive(Clone, Default)]
struct Chain(Arc<Mutex<Inner>>);

impl Chain {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl PoolChain for Chain {
    fn genesis(&self) -> Hash {
        GENESIS
    }

    fn head(&self) -> Head {
        let height = self.inner().height;
        Head {
            height,
            hash: Hash::from_low_u64_be(height.into()),
        }
    }

    fn has_pool(&self, _: Hash) -> Result<bool, Error> {
        let mut inner = self.inner();
        inner.asked += 1;
        if inner.runtime_fails {
            return Err(Error::Backend("the disk is gone".into()));
        }
        Ok(!inner.is_no_hub)
    }

    fn own_node(&self, _: Hash, key: &BeaconId) -> Result<Option<OwnNode<AccountId>>, Error> {
        let inner = self.inner();
        assert!(!inner.is_no_hub, "it is not asked what it does not know");
        Ok(inner.nodes.get(key).cloned())
    }

    fn phase(&self, _: Hash, _: ChainId) -> Result<Option<Phase>, Error> {
        let forming = self.inner().forming;
        Ok(Some(if forming {
            Phase::Forming
        } else {
            Phase::Pending
        }))
    }

    fn submit_join(
        &self,
        _: Hash,
        account: &AccountId,
        epoch: EpochIndex,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let mut inner = self.inner();
        let (key, _) = inner
            .nodes
            .iter()
            .find(|(_, own)| own.account == *account)
            .unwrap();
        let payload = join_payload(&GENESIS, account, epoch);
        assert!(
            key.verify(&payload, &signature),
            "as the runtime verifies it"
        );
        if inner.pool_refuses {
            return Ok(false);
        }
        inner.wishes.push((account.clone(), epoch));
        Ok(true)
    }
}

fn account(i: u8) -> AccountId {
    AccountId::new([i; 32])
}

fn key(keystore: &MemoryKeystore, seed: &str) -> BeaconId {
    let key = keystore.sr25519_generate_new(KEY_TYPE, Some(seed));
    key.unwrap().into()
}

fn pooled(i: u8, place: NodePlace) -> Admission<AccountId> {
    Admission::Pooled(NodeStatus {
        account: account(i),
        veteran: false,
        leaving: false,
        place,
    })
}

fn waiting(i: u8) -> Admission<AccountId> {
    pooled(i, NodePlace::Waiting { from_epoch: 3 })
}

fn member(i: u8, phase: MemberPhase) -> Admission<AccountId> {
    let place = NodePlace::Allocated {
        chain: 0xe2,
        since: 70,
        phase,
        blocks: 0,
        ends_at: None,
    };
    pooled(i, place)
}

/// A chain, and the nodes of accounts 1, 2 … with a key each in one keystore.
struct Setup {
    chain: Chain,
    keys: Vec<BeaconId>,
    worker: Worker<Chain>,
    metrics: Metrics,
}

impl Setup {
    fn new(joins: bool, nodes: u8) -> Self {
        let keystore = MemoryKeystore::new();
        let keys: Vec<_> = (1..=nodes)
            .map(|i| key(&keystore, &format!("//{i}")))
            .collect();
        let chain = Chain::default();
        let metrics = Metrics::register(None).unwrap();
        let worker = Worker::new(chain.clone(), Arc::new(keystore), metrics.clone(), joins);
        let mut setup = Self {
            chain,
            keys,
            worker,
            metrics,
        };
        for i in 1..=nodes {
            setup.set(i, Admission::Open { epoch: 2 });
        }
        setup
    }

    fn set(&mut self, i: u8, admission: Admission<AccountId>) {
        let own = OwnNode {
            account: account(i),
            admission,
        };
        let key = self.keys[usize::from(i) - 1].clone();
        self.chain.inner().nodes.insert(key, own);
    }

    fn block(&mut self) {
        self.chain.inner().height += 1;
        let Head { height, hash } = self.chain.head();
        self.worker.on_final(height, hash);
    }

    fn wishes(&self) -> Vec<(AccountId, EpochIndex)> {
        self.chain.inner().wishes.clone()
    }

    fn count(&self, state: &str) -> u64 {
        self.metrics.nodes.with_label_values(&[state]).get()
    }

    fn failures(&self, step: &str) -> u64 {
        self.metrics.failures.with_label_values(&[step]).get()
    }
}

#[test]
fn a_node_joins_that_was_told_to_and_no_other() {
    for joins in [true, false] {
        let mut setup = Setup::new(joins, 2);
        setup.block();
        let expected: &[_] = if joins {
            &[(account(1), 2), (account(2), 2)]
        } else {
            &[]
        };
        let mut wishes = setup.wishes();
        wishes.sort();
        assert_eq!(wishes, expected);
        assert_eq!(setup.metrics.joins.get(), expected.len() as u64);
        assert_eq!(setup.count("outside"), 2);
    }
}

#[test]
fn its_wish_goes_in_once_and_again_only_if_it_got_lost_or_is_too_old() {
    let mut setup = Setup::new(true, 1);
    for _ in 0..SUBMIT_AGAIN_AFTER {
        setup.block();
        assert_eq!(setup.wishes(), [(account(1), 2)]);
    }
    setup.block();
    assert_eq!(setup.wishes(), [(account(1), 2), (account(1), 2)]);
    setup.set(1, Admission::Open { epoch: 3 });
    setup.block();
    assert_eq!(setup.wishes().last(), Some(&(account(1), 3)));
    setup.set(1, waiting(1));
    for _ in 0..2 * SUBMIT_AGAIN_AFTER {
        setup.block();
    }
    assert_eq!(setup.wishes().len(), 3, "it is there");
}

#[test]
fn a_node_that_may_not_joins_as_soon_as_it_may() {
    for why in [
        Admission::MayNotServe,
        Admission::NoDeposit,
        Admission::PoolFull,
    ] {
        let mut setup = Setup::new(true, 1);
        setup.set(1, why);
        setup.block();
        assert_eq!((setup.wishes(), setup.count("outside")), (vec![], 1));
        setup.set(1, Admission::Open { epoch: 5 });
        setup.block();
        assert_eq!(setup.wishes(), [(account(1), 5)]);
    }
}

#[test]
fn a_node_that_its_operator_took_out_stays_out() {
    let mut setup = Setup::new(true, 1);
    setup.set(1, waiting(1));
    setup.block();
    assert_eq!(setup.count("waiting"), 1);
    setup.set(1, Admission::LeftBefore);
    for _ in 0..2 * SUBMIT_AGAIN_AFTER {
        setup.block();
    }
    assert_eq!(
        (
            setup.wishes(),
            setup.count("waiting"),
            setup.count("outside")
        ),
        (vec![], 0, 1)
    );
}

#[test]
fn each_state_is_counted_and_told_apart() {
    let mut setup = Setup::new(true, 2);
    let mut texts = Vec::new();
    for (phase, label) in [
        (MemberPhase::Founding, "founding"),
        (MemberPhase::Joining, "joining"),
        (MemberPhase::Serving, "serving"),
        (MemberPhase::Departing, "departing"),
    ] {
        setup.set(1, member(1, phase));
        setup.set(2, waiting(2));
        setup.block();
        for other in State::LABELS {
            let expected = u64::from(other == label || other == "waiting");
            assert_eq!(setup.count(other), expected, "{other} of {label}");
        }
        texts.push(State::of(&member(1, phase), |_| false).to_string());
    }
    texts.push(State::of(&member(1, MemberPhase::Founding), |_| true).to_string());
    for (i, text) in texts.iter().enumerate() {
        assert!(
            text.contains("DappChain e2") && text.contains("70 s"),
            "{text}"
        );
        assert!(!texts[..i].contains(text), "{text}");
    }
    assert_eq!(
        State::of(&waiting(1), |_| true).to_string(),
        "waits in the pool, to be drawn by the ids of epoch 3"
    );
}

#[test]
fn whether_a_genesis_waits_is_asked_of_founders_only() {
    for (phase, forming) in [(MemberPhase::Founding, true), (MemberPhase::Serving, false)] {
        let state = State::of(&member(1, phase), |chain| {
            assert!(forming && chain == 0xe2);
            true
        });
        assert!(matches!(state, State::Member { forming: f, .. } if f == forming));
    }
}

#[test]
fn what_fails_is_counted_and_tried_again() {
    let mut setup = Setup::new(true, 1);
    setup.chain.inner().runtime_fails = true;
    setup.block();
    setup.block();
    assert_eq!(setup.failures("ask"), 2);
    setup.chain.inner().runtime_fails = false;
    setup.chain.inner().pool_refuses = true;
    setup.block();
    assert_eq!(
        (setup.failures("submit"), setup.metrics.joins.get()),
        (1, 0)
    );
    setup.chain.inner().pool_refuses = false;
    setup.block();
    assert_eq!(setup.wishes(), [(account(1), 2)]);
}

#[test]
fn a_chain_without_a_pool_and_a_node_without_keys_are_left_alone() {
    let mut setup = Setup::new(true, 1);
    setup.chain.inner().is_no_hub = true;
    setup.block();
    assert_eq!((setup.wishes(), setup.failures("ask")), (vec![], 0));
    let mut setup = Setup::new(true, 0);
    setup.block();
    assert_eq!(setup.chain.inner().asked, 0);
    // A key that nobody has registered.
    let mut setup = Setup::new(true, 1);
    setup.chain.inner().nodes.clear();
    setup.block();
    assert_eq!((setup.wishes(), setup.count("outside")), (vec![], 0));
}

#[test]
fn a_node_that_is_far_behind_waits_until_it_has_caught_up() {
    let setup = Setup::new(true, 1);
    let chain = setup.chain.clone();
    let syncing = Arc::new(AtomicBool::new(true));
    let (sender, receiver) = watch::channel(0);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let is_syncing = syncing.clone();
    runtime.block_on(async {
        let task = tokio::spawn(run(setup.worker, receiver, move || {
            is_syncing.load(Ordering::SeqCst)
        }));
        tokio::task::yield_now().await;
        assert_eq!(chain.inner().asked, 0);
        syncing.store(false, Ordering::SeqCst);
        sender.send_replace(1);
        drop(sender);
        task.await.unwrap();
    });
    assert_eq!(chain.inner().wishes, [(account(1), 2)]);
}
