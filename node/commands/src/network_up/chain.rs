// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! One chain of a local network: its nodes, their arguments and keys, and what is reported of them.

use super::{
    client::NodeClient,
    plan::{self, NodePlan, Place},
    processes::Processes,
    report,
    specs::{self, ChainSource},
    AccountReport, ChainReport, NodeReport, UpError,
};
use crate::chain_spec::{
    self,
    dev::{self, DevIdentity},
    genesis::genesis_consensus_state,
    short::ShortSpec,
};
use hansa_beacon_primitives::KEY_TYPE as BEACON_KEY_TYPE;
use hansa_interchain_primitives::ChainId;
use hansa_pbft_primitives::KEY_TYPE;
use hansa_process::executor;
use sc_network::config::{NodeKeyConfig, Secret};
use sc_service::ChainSpec;
use sp_core::crypto::{ByteArray, Ss58AddressFormat, Ss58Codec};
use sp_keystore::Keystore;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How often nodes are asked whether they are ready.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How long a network may take, beyond its idle interval, until all nodes have a final block.
const READY_LIMIT: Duration = Duration::from_secs(300);

/// What is special about a chain of several.
#[derive(Clone, Debug)]
pub struct AmongOthers {
    /// Its id.
    pub chain_id: ChainId,
    /// Its spec.
    pub spec: ShortSpec,
    /// Where nodes of other chains reach its nodes, in their order.
    pub entries: Vec<String>,
}

/// A chain that is about to start.
pub struct Chain {
    /// Its spec.
    pub spec: Box<dyn ChainSpec>,
    /// What the nodes get as `--chain`.
    chain: String,
    /// Its nodes.
    pub nodes: Vec<NodePlan>,
    /// The peer-to-peer addresses of the nodes, in their order.
    addresses: Vec<String>,
    /// The time after which the chain makes a block though there is no transaction.
    idle_interval: Duration,
    /// Where nodes of other chains reach the nodes, in their order; none if there are no other chains.
    entries: Vec<String>,
    /// What it is for other chains, if there are any.
    pub among_others: Option<AmongOthers>,
    /// Where its nodes keep compiled runtimes.
    wasm_cache: PathBuf,
    /// The processes of the nodes, once they are started.
    pub ids: Vec<u32>,
}

impl Chain {
    /// Plan the nodes of a chain, and write their keys. Compiled runtimes are kept in `wasm_cache`.
    pub fn prepare(
        source: &ChainSource,
        validators: Option<usize>,
        place: &Place,
        wasm_cache: &Path,
    ) -> Result<Self, UpError> {
        let chain = &source.chain;
        let spec = chain_spec::load(chain).map_err(UpError::Spec)?;
        // The nodes then find it compiled.
        let executor = executor::of_tool(Some(wasm_cache));
        let state = genesis_consensus_state(&*spec, &executor)
            .map_err(|e| UpError::Spec(format!("chain spec {chain}: {e}")))?;
        let mut identities = plan::identities_of(&state.set, validators)?;
        for other in &source.others {
            if !identities.contains(other) {
                identities.push(other.clone());
            }
        }
        let nodes = plan::nodes(identities, place)?;
        let mut addresses = Vec::with_capacity(nodes.len());
        let mut entries = Vec::with_capacity(nodes.len());
        for node in &nodes {
            insert_session_keys(node, spec.id())?;
            let peer_id = peer_id(node)?;
            addresses.push(format!("{}/p2p/{peer_id}", node.listen_address()));
            entries.extend(
                node.interchain_address()
                    .map(|at| format!("{at}/p2p/{peer_id}")),
            );
        }
        let among_others = match &source.several {
            Some(spec) => Some(AmongOthers {
                chain_id: specs::chain_id(spec)?,
                spec: spec.clone(),
                entries: entries.clone(),
            }),
            None => None,
        };
        Ok(Self {
            spec,
            chain: chain.clone(),
            nodes,
            addresses,
            idle_interval: Duration::from_millis(state.timing.idle_interval_ms.into()),
            entries,
            among_others,
            wasm_cache: wasm_cache.to_owned(),
            ids: Vec::new(),
        })
    }

    /// Start all nodes, with these arguments beside their own.
    pub fn start(
        &mut self,
        executable: &Path,
        more: &[String],
        processes: &mut Processes,
    ) -> Result<(), UpError> {
        for (index, node) in self.nodes.iter().enumerate() {
            let mut args = self.node_args(index, node);
            args.extend(more.iter().cloned());
            let id = processes.start(&node.name, executable, &args, &node.log)?;
            self.ids.push(id);
        }
        eprintln!(
            "Starting {} nodes of {}",
            self.nodes.len(),
            self.spec.name()
        );
        Ok(())
    }

    fn node_args(&self, index: usize, node: &NodePlan) -> Vec<String> {
        let count = self.nodes.len().to_string();
        let mut args: Vec<String> = [
            "--chain",
            &self.chain,
            "--base-path",
            &node.base_path.to_string_lossy(),
            "--wasm-cache",
            &self.wasm_cache.to_string_lossy(),
            "--name",
            &node.name,
            "--validator",
            "--node-key-file",
            &node.node_key.to_string_lossy(),
            "--listen-addr",
            &node.listen_address(),
            "--rpc-port",
            &node.rpc_port.to_string(),
            // The server listens at the loopback address only, and people come from web pages.
            "--rpc-cors",
            "all",
            "--prometheus-port",
            &node.metrics_port.to_string(),
            "--no-telemetry",
            "--no-mdns",
            "--allow-private-ip",
            "--discover-local",
            "--disable-log-color",
            "--in-peers",
            &count,
            "--out-peers",
            &count,
            "--parent-process",
            &std::process::id().to_string(),
        ]
        .map(str::to_owned)
        .into();
        if let Some(port) = node.interchain_port {
            args.extend(["--interchain-port".into(), port.to_string()]);
        }
        if let Some(ports) = &node.dappchain_ports {
            let range = format!("{}-{}", ports.start(), ports.end());
            args.extend(["--dappchain-ports".into(), range, "--join-pool".into()]);
            // All know the first, and by it each other.
            if let Some(first) = self.entries.first().filter(|_| index > 0) {
                args.extend(["--interchain-bootnodes".into(), first.clone()]);
            }
        }
        let others = self
            .addresses
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != index);
        args.extend(others.flat_map(|(_, address)| ["--bootnodes".into(), address.clone()]));
        args
    }

    /// Wait until every node has a final block above genesis.
    pub async fn wait_until_ready(&self) -> Result<(), UpError> {
        let limit = READY_LIMIT.saturating_add(self.idle_interval);
        let deadline = tokio::time::Instant::now() + limit;
        for node in &self.nodes {
            let client = node_client(node)?;
            while client.finalized_number().await.unwrap_or(0) == 0 {
                if tokio::time::Instant::now() >= deadline {
                    return Err(UpError::NotReady(node.name.clone()));
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
        Ok(())
    }

    /// A client of the first node, with its name for errors; none if there is no node.
    pub fn first_client(&self) -> Result<Option<(NodeClient, String)>, UpError> {
        let Some(first) = self.nodes.first() else {
            return Ok(None);
        };
        Ok(Some((node_client(first)?, first.name.clone())))
    }

    /// What is reported of the chain, and its accounts.
    pub async fn report(&self) -> Result<Option<(ChainReport, Vec<AccountReport>)>, UpError> {
        let Some((client, name)) = self.first_client()? else {
            return Ok(None);
        };
        let rpc_error = |source| UpError::Rpc {
            name: name.clone(),
            source,
        };
        let genesis = client
            .genesis()
            .await
            .map_err(rpc_error)?
            .unwrap_or_default();
        let mut entries = self.entries.iter().cloned();
        let nodes = self
            .nodes
            .iter()
            .zip(&self.addresses)
            .zip(&self.ids)
            .map(|((node, address), pid)| NodeReport {
                name: node.name.clone(),
                rpc: node.rpc_url("ws"),
                p2p: address.clone(),
                interchain: entries.next(),
                log: node.log.clone(),
                pid: *pid,
                base_path: node.base_path.clone(),
                seed: node.identity.seed.clone(),
                pbft_key: node
                    .identity
                    .pbft_key()
                    .map(|k| k.to_string())
                    .unwrap_or_default(),
            })
            .collect();
        let chain = ChainReport {
            name: self.spec.name().into(),
            id: self.spec.id().into(),
            chain_id: self
                .among_others
                .as_ref()
                .map(|own| format!("{:x}", own.chain_id)),
            genesis: format!("{genesis:?}"),
            nodes,
        };
        let accounts = self.accounts(&client).await.map_err(rpc_error)?;
        Ok(Some((chain, accounts)))
    }

    /// The development accounts that have something: the named ones and those of the nodes.
    async fn accounts(
        &self,
        client: &NodeClient,
    ) -> Result<Vec<AccountReport>, jsonrpsee::core::client::Error> {
        let properties = self.spec.properties();
        let number = |key: &str| properties.get(key).and_then(serde_json::Value::as_u64);
        let decimals = number("tokenDecimals")
            .and_then(|d| u8::try_from(d).ok())
            .unwrap_or(0);
        let format = number("ss58Format")
            .and_then(|f| u16::try_from(f).ok())
            .unwrap_or(42);
        let symbol = properties
            .get("tokenSymbol")
            .and_then(|s| s.as_str())
            .unwrap_or("UNIT");
        let mut identities: Vec<DevIdentity> = dev::named().collect();
        let others = self.nodes.iter().map(|n| &n.identity);
        identities.extend(
            others
                .filter(|i| dev::named().all(|named| named != **i))
                .cloned(),
        );
        let mut accounts = Vec::new();
        for identity in identities {
            let Some(account) = identity.account() else {
                continue;
            };
            let free = client.free_balance(&account).await?;
            if free > 0 {
                accounts.push(AccountReport {
                    name: identity.name,
                    address: account.to_ss58check_with_version(Ss58AddressFormat::custom(format)),
                    free: free.to_string(),
                    free_in_tokens: report::in_tokens(free, decimals, symbol),
                    seed: identity.seed,
                });
            }
        }
        Ok(accounts)
    }
}

fn node_client(node: &NodePlan) -> Result<NodeClient, UpError> {
    NodeClient::new(&node.rpc_url("http")).map_err(|source| UpError::Rpc {
        name: node.identity.name.clone(),
        source,
    })
}

/// Put a node's session keys into its keystore.
fn insert_session_keys(node: &NodePlan, chain_id: &str) -> Result<(), UpError> {
    let keys_error = |message: String| UpError::Keys {
        name: node.identity.name.clone(),
        message,
    };
    let path = node
        .base_path
        .join("chains")
        .join(chain_id)
        .join("keystore");
    let keystore =
        sc_keystore::LocalKeystore::open(&path, None).map_err(|e| keys_error(e.to_string()))?;
    let bad_seed = || keys_error("bad seed".into());
    let pbft = node.identity.pbft_key().ok_or_else(bad_seed)?;
    let beacon = node.identity.beacon_key().ok_or_else(bad_seed)?;
    for (key_type, key) in [
        (KEY_TYPE, pbft.as_slice()),
        (BEACON_KEY_TYPE, beacon.as_slice()),
    ] {
        keystore
            .insert(key_type, &node.identity.seed, key)
            .map_err(|()| keys_error(format!("cannot write into {}", path.display())))?;
    }
    Ok(())
}

/// The peer id of a node, whose network key is made if there is none.
fn peer_id(node: &NodePlan) -> Result<String, UpError> {
    let file_error = |source| UpError::File {
        path: node.node_key.clone(),
        source,
    };
    let config = NodeKeyConfig::Ed25519(Secret::File(node.node_key.clone()));
    Ok(config
        .into_keypair()
        .map_err(file_error)?
        .public()
        .to_peer_id()
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_peer_ids_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let node = plan::nodes(vec![DevIdentity::at(0)], &Place::only(9944, dir.path()))
            .unwrap()
            .remove(0);
        assert_eq!(peer_id(&node).unwrap(), peer_id(&node).unwrap());
        insert_session_keys(&node, "x").unwrap();
        insert_session_keys(&node, "x").unwrap();
        let path = node.base_path.join("chains/x/keystore");
        let keystore = sc_keystore::LocalKeystore::open(path, None).unwrap();
        let key = node.identity.pbft_key().unwrap();
        assert_eq!(keystore.ed25519_public_keys(KEY_TYPE), [key.into()]);
        let key = node.identity.beacon_key().unwrap();
        assert_eq!(keystore.sr25519_public_keys(BEACON_KEY_TYPE), [key.into()]);
    }
}
