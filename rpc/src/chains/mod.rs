// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What an operator asks a node about the DappChains that run in its process.

use hansa_supervisor::status::{ChainStatus, SharedStatus};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, Extensions};
use sc_rpc_api::check_if_safe;
use serde::{Deserialize, Serialize};

/// Methods about the node that is asked. They tell whose node it is, so they are answered only where unsafe methods
/// are.
#[rpc(server)]
pub trait ChainsApi {
    /// The DappChains of this process, by id.
    #[method(name = "hansa_chains", with_extensions)]
    fn chains(&self) -> RpcResult<Vec<OwnChainInfo>>;
}

/// A DappChain of this process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnChainInfo {
    /// Its id, in hexadecimal digits as in addresses.
    pub chain: String,
    /// Its name.
    pub name: String,
    /// Its genesis.
    pub genesis: String,
    /// `starting`, `running`, `stopping`, `failed` or `left`.
    pub state: String,
    /// The port of its RPC, at the address at which this one is.
    pub rpc_port: u16,
    /// The port for its peers.
    pub p2p_port: u16,
    /// The height of its last final block here; null unless it runs.
    pub height: Option<u32>,
    /// How many peers it has; null unless it runs.
    pub peers: Option<usize>,
    /// Whether it is far behind them; null unless it runs.
    pub syncing: Option<bool>,
    /// Whether a key of this node is in the set that decides its next block; null unless it runs.
    pub in_set: Option<bool>,
    /// Why it failed last; null if it has not failed since it was started.
    pub error: Option<String>,
}

impl From<ChainStatus> for OwnChainInfo {
    fn from(status: ChainStatus) -> Self {
        let health = status.health;
        Self {
            chain: format!("{:x}", status.chain),
            name: status.name,
            genesis: format!("{:?}", status.genesis),
            state: status.doing.label().into(),
            rpc_port: status.ports.rpc,
            p2p_port: status.ports.p2p,
            height: health.map(|health| health.height),
            peers: health.map(|health| health.peers),
            syncing: health.map(|health| health.syncing),
            in_set: health.map(|health| health.in_set),
            error: status.error,
        }
    }
}

/// Serves [`ChainsApiServer`].
pub struct Chains(pub SharedStatus);

impl ChainsApiServer for Chains {
    fn chains(&self, extensions: &Extensions) -> RpcResult<Vec<OwnChainInfo>> {
        check_if_safe(extensions)?;
        Ok(self.0.get().into_iter().map(Into::into).collect())
    }
}
