// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Starts services of DappChains for the supervisor.

use super::{code::Codes, service::ChainService, template::Template, unix_time};
use crate::{
    full::new_on_its_network, recovery::take_over, Compose, FullClient, Interchain, Options,
};
use futures::{future::BoxFuture, FutureExt};
use hansa_consensus_pbft::{
    accusation,
    recoveries::{Judge, Recoveries, Verdict, MAX_UNSURE_AGE_MS},
};
use hansa_dappchain_genesis::{build, spec::chain_spec, Genesis};
use hansa_dappchain_primitives::{api::GenesisRecord, ChainId};
use hansa_interchain::host::Handle;
use hansa_local_chain::LocalChain;
use hansa_primitives::{AccountId, Hash};
use hansa_process::{
    executor::Executor,
    metrics::ServiceMetrics,
    ports::{self, Port, Transport},
    sandbox::Sandbox,
};
use hansa_supervisor::{
    launcher::{Ended, GenesisError, Launcher, Order, Recorded},
    records::{self, judge, max_unsure_age},
    store::Ports,
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    sync::Arc,
};

/// Starts services as the hub's node is configured.
pub struct NodeLauncher {
    parts: Arc<Parts>,
}

/// What a start needs. It runs on threads of its own.
struct Parts {
    /// Says which records of chains are good.
    hub: Arc<LocalChain<FullClient>>,
    template: Template,
    codes: Codes,
    /// Where runtimes are run for the first time that nobody has looked at.
    sandbox: Sandbox,
    /// The network between chains, if the process is in it.
    host: Option<Handle>,
    /// Builds geneses. Each service has one of its own.
    executor: Executor,
    /// Ports for services.
    ports: RangeInclusive<u16>,
    /// What is to be looked at in the engine of each before it starts.
    compose: Option<Compose>,
}

impl NodeLauncher {
    /// A launcher of services of chains of `hub`, like its node of `template`, at `ports`, with codes from `codes` that are tried out
    /// in `sandbox`.
    pub fn new(
        hub: LocalChain<FullClient>,
        template: Template,
        codes: Codes,
        sandbox: Sandbox,
        host: Option<Handle>,
        ports: RangeInclusive<u16>,
        compose: Option<Compose>,
    ) -> Self {
        let executor = template.executor();
        let parts = Parts {
            hub: Arc::new(hub),
            template,
            codes,
            sandbox,
            host,
            executor,
            ports,
            compose,
        };
        Self {
            parts: Arc::new(parts),
        }
    }
}

impl Parts {
    /// The genesis, in this process.
    fn genesis(&self, record: &GenesisRecord<AccountId>) -> Result<Genesis, GenesisError> {
        let code = self.codes.get(&record.code).map_err(GenesisError::Here)?;
        if !self.codes.is_standard(&record.code) {
            self.sandbox.try_out(record, &code)?;
        }
        build(record, &code, &self.executor)
            .map_err(|error| GenesisError::Record(error.to_string()))
    }

    /// Its hash. A runtime of the deployer's own is not run in this process for that.
    fn genesis_hash(&self, record: &GenesisRecord<AccountId>) -> Result<Hash, GenesisError> {
        if self.codes.is_standard(&record.code) {
            return Ok(self.genesis(record)?.hash);
        }
        let code = self.codes.get(&record.code).map_err(GenesisError::Here)?;
        self.sandbox.hash(record, &code)
    }

    fn start(&self, order: Order) -> Result<(ChainService, Ended), String> {
        let Order {
            record,
            genesis,
            ports,
            recovery,
        } = order;
        let built = self.genesis(&record).map_err(|error| error.to_string())?;
        if built.hash != genesis {
            return Err(format!(
                "its genesis is {:?} here, and its founders confirmed {genesis:?}: this node has another \
                 version of the software, or a quorum of the founders had",
                built.hash
            ));
        }
        let max_age = max_unsure_age(&*self.hub, MAX_UNSURE_AGE_MS);
        let recoveries = Recoveries::awaited(self.judge(record.chain, genesis), max_age);
        if let Some(Recorded {
            record,
            made_after_ms,
        }) = recovery
        {
            take_over(&record, genesis, made_after_ms)
                .map_err(|error| error.to_string())
                .and_then(|known| {
                    recoveries
                        .announce(known)
                        .map_err(|error| error.to_string())
                })
                .map_err(|error| format!("the hub's record of its set: {error}"))?;
        }
        let spec = chain_spec(&record, &built).map_err(|error| error.to_string())?;
        self.probe(ports)?;
        let name = String::from_utf8_lossy(&record.name).into_owned();
        let metrics = self
            .template
            .registry()
            .map(|registry| ServiceMetrics::new(registry.clone(), record.chain, &name))
            .transpose()
            .map_err(|error| error.to_string())?;
        let registry = metrics.as_ref().map(|metrics| metrics.registry().clone());
        let (accuse, accusations) = accusation::channel();
        ChainService::start(record.chain, &name, metrics, accusations, |handle| {
            let config = self.template.configuration(
                record.chain,
                spec,
                ports,
                Vec::new(),
                handle,
                registry,
            );
            let options = Options {
                interchain: self.host.clone().map_or(Interchain::Off, Interchain::Share),
                accuse: Some(accuse),
                wasm_cache: Some(self.template.wasm_cache().to_owned()),
                recoveries,
                shares_endpoint: true,
                ..Default::default()
            };
            new_on_its_network(config, options, self.compose.clone())
        })
    }

    /// What the hub says of records of a chain with this genesis. They were made whenever: that is told with the last one only.
    fn judge(&self, chain: ChainId, genesis: Hash) -> Judge {
        let hub = self.hub.clone();
        Arc::new(move |above: &Hash, bytes: &[u8]| {
            match judge(&*hub, chain, *above, bytes, unix_time()) {
                records::Verdict::Good(record) => {
                    take_over(&record, genesis, None).map_or(Verdict::Bad, Verdict::Good)
                }
                records::Verdict::Open(record) => {
                    take_over(&record, genesis, None).map_or(Verdict::Bad, Verdict::Open)
                }
                records::Verdict::Bad => Verdict::Bad,
            }
        })
    }

    /// Say so if another process has a port.
    fn probe(&self, ports: Ports) -> Result<(), String> {
        let any = |port| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
        let purposes = [
            (any(ports.p2p), "peers of a DappChain"),
            (
                self.template
                    .rpc_address(ports)
                    .unwrap_or_else(|| any(ports.rpc)),
                "JSON-RPC of a DappChain",
            ),
        ];
        let all: Vec<_> = purposes
            .map(|(address, purpose)| Port {
                address,
                transport: Transport::Tcp,
                purpose,
            })
            .into();
        ports::probe(&all).map_err(|error| error.to_string())
    }

    fn forget(&self, chain: ChainId) -> Result<(), String> {
        let folder = self.template.folder_of(chain);
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(format!("{}: {error}", folder.display())),
        }
    }
}

impl Launcher for NodeLauncher {
    type Service = ChainService;

    fn genesis(
        &self,
        record: GenesisRecord<AccountId>,
    ) -> BoxFuture<'static, Result<Hash, GenesisError>> {
        let parts = self.parts.clone();
        let built = tokio::task::spawn_blocking(move || parts.genesis_hash(&record));
        built
            .map(|done| done.unwrap_or_else(|error| Err(GenesisError::Here(error.to_string()))))
            .boxed()
    }

    fn free_ports(&self, taken: &[Ports]) -> Result<Ports, String> {
        let is_taken = |port: u16| taken.iter().any(|t| t.p2p == port || t.rpc == port);
        let first = self.parts.ports.clone().step_by(2);
        for p2p in first {
            let Some(rpc) = p2p
                .checked_add(1)
                .filter(|rpc| self.parts.ports.contains(rpc))
            else {
                break;
            };
            let ports = Ports { p2p, rpc };
            if !is_taken(p2p) && !is_taken(rpc) && self.parts.probe(ports).is_ok() {
                return Ok(ports);
            }
        }
        Err(format!(
            "no two free ports from {} to {}: give more with --dappchain-ports",
            self.parts.ports.start(),
            self.parts.ports.end()
        ))
    }

    fn start(&self, order: Order) -> BoxFuture<'static, Result<(ChainService, Ended), String>> {
        let parts = self.parts.clone();
        let started = tokio::task::spawn_blocking(move || parts.start(order));
        started
            .map(|done| done.unwrap_or_else(|error| Err(error.to_string())))
            .boxed()
    }

    fn forget(&self, chain: ChainId, _: Hash) -> BoxFuture<'static, Result<(), String>> {
        let parts = self.parts.clone();
        let forgotten = tokio::task::spawn_blocking(move || parts.forget(chain));
        forgotten
            .map(|done| done.unwrap_or_else(|error| Err(error.to_string())))
            .boxed()
    }
}
