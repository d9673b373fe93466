// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The service of one DappChain, on a tokio runtime of its own.

use crate::{full::FullNode, FullBackend};
use futures::{
    future::{select, BoxFuture, Either},
    FutureExt,
};
use futures_timer::Delay;
use hansa_allocation_primitives::Head;
use hansa_consensus_pbft::{accusation::Accusations, authorities::HeightState};
use hansa_dappchain_primitives::ChainId;
use hansa_pbft_primitives::{PreDigest, KEY_TYPE};
use hansa_primitives::AccountId;
use hansa_process::{metrics::ServiceMetrics, panics};
use hansa_supervisor::{
    launcher::{Ended, Health, Recorded, Service},
    witness::Accusation,
};
use sc_client_api::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_keystore::Keystore;
use sp_runtime::traits::Header as _;
use std::{
    future::Future,
    sync::{Arc, Weak},
    time::{Duration, SystemTime},
};
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};
use tracing::Instrument;

/// Threads of a service that run its tasks. Two, so that one long execution holds up nothing else.
const WORKERS: usize = 2;

/// How long the tasks of a service may take to end.
const TASKS_END: Duration = Duration::from_secs(30);

/// How long the threads of a service may take to end after that.
const THREADS_END: Duration = Duration::from_secs(10);

/// A head older than two idle intervals and this is none that a node has caught up with.
const HEAD_SLACK: Duration = Duration::from_secs(5);

/// A service that runs.
pub struct ChainService {
    chain: ChainId,
    node: FullNode,
    main: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    runtime: Runtime,
    metrics: Option<ServiceMetrics>,
    accusations: Accusations,
}

impl ChainService {
    /// Start a service: `start` makes its parts, on the service's own runtime, of which it gets a handle.
    /// Blocks the thread.
    pub fn start<F>(
        chain: ChainId,
        name: &str,
        metrics: Option<ServiceMetrics>,
        accusations: Accusations,
        start: impl FnOnce(tokio::runtime::Handle) -> F,
    ) -> Result<(Self, Ended), String>
    where
        F: Future<Output = Result<(FullNode, sc_service::TaskManager), sc_service::Error>>
            + Send
            + 'static,
    {
        let panicked = panics::watch(chain);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name(panics::thread_name(chain))
            .enable_all()
            .build()
            .map_err(|e| format!("no threads for it: {e}"))?;
        // All that is spawned in the span is logged with the chain's name.
        let span = tracing::info_span!(sc_tracing::logging::PREFIX_LOG_SPAN, name = name);
        let starting = start(runtime.handle().clone());
        let started = runtime.spawn(starting.instrument(span.clone()));
        let (node, mut tasks) = match futures::executor::block_on(started) {
            Ok(Ok(started)) => started,
            Ok(Err(error)) => return Err(end(runtime, error.to_string())),
            Err(error) => return Err(end(runtime, format!("its start failed: {error}"))),
        };
        let (stop, stopped) = oneshot::channel();
        let (tell_end, ended) = oneshot::channel();
        let main = runtime.spawn(
            async move {
                let why = match select(tasks.future().boxed(), stopped).await {
                    Either::Left((Ok(()), _)) => Some("an essential task ended".to_owned()),
                    Either::Left((Err(error), _)) => Some(error.to_string()),
                    Either::Right(_) => None,
                };
                // Whoever waits for the end asks for it then; the tasks end at once.
                let registry = tasks.into_task_registry();
                if let Some(why) = why {
                    let _ = tell_end.send(why);
                }
                let limit = Delay::new(TASKS_END);
                let gone = async {
                    while !registry.running_tasks().is_empty() {
                        Delay::new(Duration::from_millis(20)).await;
                    }
                };
                select(limit, gone.boxed()).await;
            }
            .instrument(span),
        );
        let ended = async move {
            match select(panicked, ended).await {
                Either::Left((Ok(why), _)) | Either::Right((Ok(why), _)) => why,
                _ => std::future::pending().await,
            }
        };
        let service = Self {
            chain,
            node,
            main,
            stop,
            runtime,
            metrics,
            accusations,
        };
        Ok((service, ended.boxed()))
    }

    fn state(&self) -> Option<HeightState> {
        let head = self.node.client.info().finalized_hash;
        self.node.states.for_child_of(head).ok()
    }
}

/// A service did not start: its threads must end all the same.
fn end(runtime: Runtime, why: String) -> String {
    runtime.shutdown_timeout(THREADS_END);
    why
}

impl Service for ChainService {
    fn health(&self) -> Health {
        let own = self.node.keystore.ed25519_public_keys(KEY_TYPE);
        let in_set = self.state().is_some_and(|state| {
            own.iter().any(|key| {
                state.set.authorities().iter().any(|authority| {
                    AsRef::<[u8]>::as_ref(&authority.key) == AsRef::<[u8]>::as_ref(key)
                })
            })
        });
        Health {
            height: self.node.client.info().finalized_number,
            peers: self.node.sync.num_connected_peers(),
            syncing: self.node.sync.is_major_syncing(),
            in_set,
        }
    }

    fn caught_up(&self) -> Option<Head> {
        let health = self.health();
        if health.syncing || health.peers == 0 {
            return None;
        }
        let hash = self.node.client.info().finalized_hash;
        let header = self.node.client.header(hash).ok()??;
        let at = Duration::from_millis(PreDigest::find(header.digest())?.timestamp_ms);
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let idle = Duration::from_millis(self.state()?.timing.idle_interval_ms.into());
        let oldest = idle.saturating_mul(2).saturating_add(HEAD_SLACK);
        (now.saturating_sub(at) <= oldest).then_some(Head {
            height: *header.number(),
            hash,
        })
    }

    fn final_head(&self) -> Head {
        let info = self.node.client.info();
        Head {
            height: info.finalized_number,
            hash: info.finalized_hash,
        }
    }

    fn recover(&mut self, recorded: &Recorded) -> Result<(), String> {
        let bytes = recorded.record.to_bytes();
        let taken = self.node.announce_recovery(&bytes, recorded.made_after_ms);
        taken.map(drop)
    }

    fn set_current(&mut self, hub_ms: u64) {
        self.node.set_current(hub_ms);
    }

    fn accusations(&mut self) -> Vec<Accusation> {
        let mut heard = Vec::new();
        while let Ok(told) = self.accusations.try_recv() {
            // The runtime's proof of whose key it was is the accounts of the set.
            let accounts = told.proof.decode::<Vec<AccountId>>();
            heard.extend(accounts.map(|accounts| Accusation {
                evidence: told.evidence,
                set: told.set,
                accounts,
            }));
        }
        heard
    }

    fn stop(self) -> BoxFuture<'static, Result<(), String>> {
        async move {
            let Self {
                chain,
                node,
                main,
                stop,
                runtime,
                metrics,
                ..
            } = self;
            let database: Weak<FullBackend> = Arc::downgrade(&node.backend);
            drop(node);
            let _ = stop.send(());
            // It ends within its limit, or panicked, which was told.
            let _ = main.await;
            let stopped = tokio::task::spawn_blocking(move || {
                runtime.shutdown_timeout(THREADS_END);
            });
            let _ = stopped.await;
            drop(metrics);
            match database.strong_count() {
                0 => Ok(()),
                _ => Err(format!(
                    "the database of DappChain {chain:x} is still in use {} s after its end",
                    (TASKS_END + THREADS_END).as_secs()
                )),
            }
        }
        .boxed()
    }
}
