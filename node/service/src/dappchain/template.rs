// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The configuration of a DappChain's service: that of the hub's node, with a folder, ports and a spec of its own.

use hansa_dappchain_primitives::ChainId;
use hansa_process::executor::{self, Executor};
use hansa_supervisor::store::Ports;
use sc_network::{
    config::{MultiaddrWithPeerId, NetworkConfiguration},
    multiaddr::{Multiaddr, Protocol},
};
use sc_service::{
    config::{
        ExecutorConfiguration, KeystoreConfig, PrometheusConfig, RpcConfiguration, RpcEndpoint,
        TransactionPoolOptions,
    },
    BasePath, BlocksPruning, ChainSpec, Configuration, DatabaseSource, PruningMode, Role,
};
use sc_telemetry::TelemetryEndpoints;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use substrate_prometheus_endpoint::Registry;

/// The folder of all DappChains, in the hub's folder.
const FOLDER: &str = "dappchains";

/// The network's folder, in a chain's folder, as the SDK names it.
const NETWORK: &str = "network";

/// What services of DappChains take over from the hub's node.
pub struct Template {
    impl_name: String,
    impl_version: String,
    transaction_pool: TransactionPoolOptions,
    network: NetworkConfiguration,
    keystore: KeystoreConfig,
    database: DatabaseKind,
    trie_cache: Option<usize>,
    state_pruning: Option<PruningMode>,
    blocks_pruning: BlocksPruning,
    executor: ExecutorConfiguration,
    rpc: Rpc,
    metrics: Option<PrometheusConfig>,
    telemetry: Option<TelemetryEndpoints>,
    dev_key_seed: Option<String>,
    folder: PathBuf,
    wasm_cache: PathBuf,
}

#[derive(Clone, Copy)]
enum DatabaseKind {
    RocksDb { cache: usize },
    ParityDb,
}

struct Rpc {
    endpoint: Option<RpcEndpoint>,
    /// The rest, without what cannot be copied.
    limits: RpcConfiguration,
}

impl Template {
    /// Take over what there is to take over, and where the node keeps compiled runtimes if not in its base path.
    pub fn of(config: &Configuration, wasm_cache: Option<&Path>) -> Self {
        Self {
            impl_name: config.impl_name.clone(),
            impl_version: config.impl_version.clone(),
            transaction_pool: config.transaction_pool.clone(),
            network: config.network.clone(),
            keystore: config.keystore.clone(),
            database: match &config.database {
                DatabaseSource::RocksDb { cache_size, .. } => {
                    DatabaseKind::RocksDb { cache: *cache_size }
                }
                _ => DatabaseKind::ParityDb,
            },
            trie_cache: config.trie_cache_maximum_size,
            state_pruning: config.state_pruning.clone(),
            blocks_pruning: config.blocks_pruning,
            executor: config.executor.clone(),
            rpc: Rpc {
                endpoint: config.rpc.addr.iter().flatten().next().cloned(),
                limits: copy(&config.rpc),
            },
            metrics: config.prometheus_config.clone(),
            telemetry: config.telemetry_endpoints.clone(),
            dev_key_seed: config.dev_key_seed.clone(),
            folder: config.data_path.join(FOLDER),
            wasm_cache: executor::wasm_cache(wasm_cache, config.base_path.path()),
        }
    }

    /// An executor as the hub's.
    pub fn executor(&self) -> Executor {
        executor::of_chain(&self.executor, &self.wasm_cache)
    }

    /// Where compiled runtimes are kept.
    pub fn wasm_cache(&self) -> &Path {
        &self.wasm_cache
    }

    /// The folder of all DappChains.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of one.
    pub fn folder_of(&self, chain: ChainId) -> PathBuf {
        self.folder.join(format!("{chain:x}"))
    }

    /// The registry of the process.
    pub fn registry(&self) -> Option<&Registry> {
        self.metrics.as_ref().map(|metrics| &metrics.registry)
    }

    /// The address at which a service takes connections of clients.
    pub fn rpc_address(&self, ports: Ports) -> Option<SocketAddr> {
        let mut address = self.rpc.endpoint.as_ref()?.listen_addr;
        address.set_port(ports.rpc);
        Some(address)
    }

    /// The configuration of a chain's service. It runs on the tokio runtime of `handle`, and its metrics go to
    /// `registry`.
    pub fn configuration(
        &self,
        chain: ChainId,
        spec: Box<dyn ChainSpec>,
        ports: Ports,
        boot_nodes: Vec<MultiaddrWithPeerId>,
        handle: tokio::runtime::Handle,
        registry: Option<Registry>,
    ) -> Configuration {
        let base = self.folder_of(chain);
        let data = base.clone();
        let database = match self.database {
            DatabaseKind::RocksDb { cache } => DatabaseSource::RocksDb {
                path: data.join("db").join("full"),
                cache_size: cache,
            },
            DatabaseKind::ParityDb => DatabaseSource::ParityDb {
                path: data.join("paritydb").join("full"),
            },
        };
        let mut network = self.network.clone();
        network.net_config_path = Some(data.join(NETWORK));
        network.listen_addresses = at_port(&self.network.listen_addresses, ports.p2p);
        network.public_addresses = at_port(&self.network.public_addresses, ports.p2p);
        network.boot_nodes = boot_nodes;
        // They name nodes of the hub.
        network.default_peers_set.reserved_nodes = Vec::new();
        Configuration {
            impl_name: self.impl_name.clone(),
            impl_version: self.impl_version.clone(),
            role: Role::Authority,
            tokio_handle: handle,
            transaction_pool: self.transaction_pool.clone(),
            network,
            keystore: self.keystore.clone(),
            database,
            trie_cache_maximum_size: self.trie_cache,
            warm_up_trie_cache: None,
            state_pruning: self.state_pruning.clone(),
            blocks_pruning: self.blocks_pruning,
            chain_spec: spec,
            executor: self.executor.clone(),
            wasm_runtime_overrides: None,
            rpc: self.rpc(ports),
            prometheus_config: self
                .metrics
                .as_ref()
                .zip(registry)
                .map(|(metrics, registry)| PrometheusConfig {
                    port: metrics.port,
                    registry,
                }),
            telemetry_endpoints: self.telemetry.clone(),
            offchain_worker: Default::default(),
            force_authoring: false,
            disable_grandpa: true,
            dev_key_seed: self.dev_key_seed.clone(),
            tracing_targets: None,
            tracing_receiver: Default::default(),
            announce_block: true,
            data_path: data,
            base_path: BasePath::new(base),
        }
    }

    fn rpc(&self, ports: Ports) -> RpcConfiguration {
        let mut rpc = copy(&self.rpc.limits);
        rpc.port = ports.rpc;
        rpc.addr = self.rpc.endpoint.clone().map(|mut endpoint| {
            endpoint.listen_addr.set_port(ports.rpc);
            endpoint.is_optional = false;
            // A service at another port than it says would be worse than one that says why it does not start.
            endpoint.retry_random_port = false;
            vec![endpoint]
        });
        rpc
    }
}

/// All but what is of one server: its addresses, and who makes ids of subscriptions.
fn copy(rpc: &RpcConfiguration) -> RpcConfiguration {
    RpcConfiguration {
        addr: None,
        max_connections: rpc.max_connections,
        cors: rpc.cors.clone(),
        methods: rpc.methods,
        max_request_size: rpc.max_request_size,
        max_response_size: rpc.max_response_size,
        id_provider: None,
        max_subs_per_conn: rpc.max_subs_per_conn,
        port: rpc.port,
        message_buffer_capacity: rpc.message_buffer_capacity,
        batch_config: rpc.batch_config,
        rate_limit: rpc.rate_limit,
        rate_limit_whitelisted_ips: rpc.rate_limit_whitelisted_ips.clone(),
        rate_limit_trust_proxy_headers: rpc.rate_limit_trust_proxy_headers,
        request_logger_limit: rpc.request_logger_limit,
    }
}

/// The same addresses, with another port.
fn at_port(addresses: &[Multiaddr], port: u16) -> Vec<Multiaddr> {
    let moved = |address: &Multiaddr| {
        address
            .iter()
            .map(|part| match part {
                Protocol::Tcp(_) => Protocol::Tcp(port),
                Protocol::Udp(_) => Protocol::Udp(port),
                other => other,
            })
            .collect::<Multiaddr>()
    };
    addresses.iter().map(moved).collect()
}
