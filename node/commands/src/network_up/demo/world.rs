// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the demo asks the hub and the DappChains, and how it submits transactions.

use super::spec::DappPlan;
use crate::{
    network_up::{chain::Chain, client::NodeClient, NodePlan, UpError},
    transactions::{Call, Node, Signed, TransactionError},
};
use codec::{Decode, Encode};
use hansa_allocation_primitives::{api::NodeStatus, Member};
use hansa_beacon_primitives::api::EpochInfo;
use hansa_dappchain_primitives::api::{ChainView, SetsView};
use hansa_interchain_primitives::{
    api::{ClientView, RouteView},
    packet::ChainRef,
    ChainId,
};
use hansa_pbft_primitives::{ConsensusState, PreDigest};
use hansa_primitives::{AccountId, BlockNumber, Hash, Header};
use hansa_rpc::chains::OwnChainInfo;
use jsonrpsee::core::client::Error;
use sp_core::sr25519;
use std::{collections::BTreeSet, future::Future, net::Ipv4Addr, time::Duration};

/// How often one looks whether something has happened.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A registered DappChain.
#[derive(Clone, Debug)]
pub struct Dapp {
    /// What was planned.
    pub plan: DappPlan,
    /// Its id.
    pub id: ChainId,
}

/// A chain of the demo.
#[derive(Clone, Copy, Debug)]
pub enum Side<'a> {
    /// The hub.
    Hub,
    /// A DappChain.
    Dapp(&'a Dapp),
}

impl Side<'_> {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Dapp(dapp) => dapp.plan.name,
        }
    }
}

/// A DappChain in the process of a node.
pub struct Service<'a> {
    /// The node.
    pub node: &'a NodePlan,
    /// What the node says of it.
    pub info: OwnChainInfo,
}

impl Service<'_> {
    /// Whether it runs, and the node is in the set.
    pub fn decides(&self) -> bool {
        self.info.state == "running" && self.info.in_set == Some(true)
    }

    /// Where clients reach it.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}:{}", Ipv4Addr::LOCALHOST, self.info.rpc_port)
    }
}

/// The chains of the demo.
pub struct World<'a> {
    /// The nodes.
    pub nodes: &'a [NodePlan],
    hub: NodeClient,
}

impl<'a> World<'a> {
    /// That of these nodes.
    pub fn new(hub: &'a Chain) -> Result<Self, UpError> {
        let no_nodes = || UpError::Spec("the demo's hub has no nodes".into());
        let (client, _) = hub.first_client()?.ok_or_else(no_nodes)?;
        Ok(Self {
            nodes: &hub.nodes,
            hub: client,
        })
    }

    /// The name of the node with this account.
    pub fn name_of(&self, account: &AccountId) -> String {
        let known = self
            .nodes
            .iter()
            .find(|node| node.identity.account().as_ref() == Some(account));
        known.map_or_else(|| account.to_string(), |node| node.name.clone())
    }

    /// The names of nodes, in the order of the accounts.
    pub fn names_of<'b>(&self, accounts: impl IntoIterator<Item = &'b AccountId>) -> Vec<String> {
        let names = accounts.into_iter().map(|account| self.name_of(account));
        names.collect()
    }

    /// What the hub's runtime answers in the state of its last final block.
    async fn ask_hub<T: Decode>(&self, function: &str, argument: &impl Encode) -> Result<T, Error> {
        ask(&self.hub, function, argument).await
    }

    /// The epoch under way.
    pub async fn epoch(&self) -> Result<EpochInfo, Error> {
        self.ask_hub("BeaconApi_epoch", &()).await
    }

    /// Where a node is; none if it is not in the pool.
    pub async fn status(
        &self,
        account: &AccountId,
    ) -> Result<Option<NodeStatus<AccountId>>, Error> {
        self.ask_hub("AllocationApi_node_status", account).await
    }

    /// The id of the chain of a name.
    pub async fn chain_id(&self, name: &str) -> Result<Option<ChainId>, Error> {
        let name = name.as_bytes().to_vec();
        self.ask_hub("DappChainsApi_chain_by_name", &name).await
    }

    /// What the registry says of a chain.
    pub async fn registered(&self, id: ChainId) -> Result<Option<ChainView<AccountId>>, Error> {
        self.ask_hub("DappChainsApi_chain", &id).await
    }

    /// The members of a chain, as the hub says.
    pub async fn members(&self, id: ChainId) -> Result<Vec<Member<AccountId>>, Error> {
        let page = (id, 0u32, hansa_allocation_primitives::api::MAX_PAGE);
        self.ask_hub("AllocationApi_members", &page).await
    }

    /// The sets of a chain, as the hub knows them.
    pub async fn sets(&self, id: ChainId) -> Result<Option<SetsView>, Error> {
        self.ask_hub("DappChainSetsApi_sets", &id).await
    }

    /// The chain in the processes of all nodes that have it.
    pub async fn services(&self, id: ChainId) -> Result<Vec<Service<'a>>, Error> {
        let digits = format!("{id:x}");
        let mut services = Vec::new();
        for node in self.nodes {
            let client = NodeClient::new(&node.rpc_url("http"))?;
            let chains = client.own_chains().await?;
            let own = chains.into_iter().find(|info| info.chain == digits);
            services.extend(own.map(|info| Service { node, info }));
        }
        Ok(services)
    }

    /// A client of a chain: of a node that decides there, as others may be behind.
    pub async fn client(&self, side: Side<'_>) -> Result<NodeClient, Error> {
        let id = match side {
            Side::Hub => {
                return self.nodes.first().map_or_else(
                    || Err(Error::Custom("there are no nodes".into())),
                    |node| NodeClient::new(&node.rpc_url("http")),
                )
            }
            Side::Dapp(dapp) => dapp.id,
        };
        let services = self.services(id).await?;
        let best = services
            .iter()
            .filter(|service| service.decides())
            .max_by_key(|service| service.info.height);
        let none = || Error::Custom(format!("no node runs {}", side.name()));
        NodeClient::new(&best.ok_or_else(none)?.url("http"))
    }

    /// The last final block of a chain.
    pub async fn head(&self, side: Side<'_>) -> Result<(Hash, Header), Error> {
        let head = self.client(side).await?.finalized().await?;
        head.ok_or_else(|| Error::Custom(format!("{} has no final block", side.name())))
    }

    /// Which chain it is.
    pub async fn chain_ref(&self, side: Side<'_>) -> Result<ChainRef, Error> {
        let client = self.client(side).await?;
        ask(&client, "InterchainApi_chain", &()).await
    }

    /// The set that decides a chain's next block.
    pub async fn consensus(&self, side: Side<'_>) -> Result<ConsensusState, Error> {
        let client = self.client(side).await?;
        ask(&client, "PbftApi_consensus_state", &()).await
    }

    /// The accounts of those who decide a chain's next block, and the set's id.
    pub async fn deciding(&self, side: Side<'_>) -> Result<(BTreeSet<AccountId>, u64), Error> {
        let set = self.consensus(side).await?.set;
        let is_in = |node: &&NodePlan| {
            let key = node.identity.pbft_key();
            key.is_some_and(|key| set.index_of(&key).is_some())
        };
        let nodes = self.nodes.iter().filter(is_in);
        let accounts = nodes.filter_map(|node| node.identity.account());
        Ok((accounts.collect(), set.id))
    }

    /// The route from a chain to another.
    pub async fn route(&self, at: Side<'_>, to: ChainId) -> Result<Option<RouteView>, Error> {
        let client = self.client(at).await?;
        ask(&client, "InterchainApi_route", &to).await
    }

    /// What a chain's light client knows of another.
    pub async fn light_client(
        &self,
        at: Side<'_>,
        of: ChainId,
    ) -> Result<Option<ClientView>, Error> {
        let client = self.client(at).await?;
        ask(&client, "InterchainApi_client", &of).await
    }

    /// The free balance of an account in the state of the best block, which is the last final one.
    pub async fn free(&self, at: Side<'_>, account: &AccountId) -> Result<u128, Error> {
        self.client(at).await?.free_balance(account).await
    }

    /// Heights and times, in milliseconds, of the blocks of a chain from one height to another.
    pub async fn times(
        &self,
        side: Side<'_>,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<(BlockNumber, u64)>, Error> {
        let client = self.client(side).await?;
        let mut times = Vec::new();
        for height in from..=to {
            let header = client.header_at(height).await?;
            let at = header.and_then(|header| PreDigest::find(&header.digest));
            times.extend(at.map(|digest| (height, digest.timestamp_ms)));
        }
        Ok(times)
    }

    /// A signed transaction for a chain, once the node that is to have it answers.
    pub async fn sign(
        &self,
        at: Side<'_>,
        signer: &sr25519::Pair,
        call: &Call,
        why: &Why,
    ) -> Signed {
        let what = format!("a node of {} to take a transaction", at.name());
        until(why, &what, || async {
            let client = self.client(at).await?;
            let signed = sign(client.url(), signer, call).await;
            Ok(signed.map_err(|error| error.to_string()))
        })
        .await
    }

    /// Put a signed transaction into a chain's pool, once the node that is asked answers.
    pub async fn submit(
        &self,
        at: Side<'_>,
        signer: &sr25519::Pair,
        call: &Call,
        why: &Why,
    ) -> Result<(), TransactionError> {
        self.sign(at, signer, call, why).await.submit().await
    }
}

/// A signed transaction for the chain of the node at `url`.
async fn sign(url: &str, signer: &sr25519::Pair, call: &Call) -> Result<Signed, TransactionError> {
    Node::connect(url).await?.sign(call, signer).await
}

/// What a runtime answers in the state of the chain's last final block.
async fn ask<T: Decode>(
    client: &NodeClient,
    function: &str,
    argument: &impl Encode,
) -> Result<T, Error> {
    let head = client.finalized().await?;
    let (at, _) = head.ok_or_else(|| Error::Custom("there is no final block".into()))?;
    client.ask(function, argument, at).await
}

/// Look until there is something. What fails meanwhile is tried again: nodes are busy. Ends with the step.
pub async fn until<T, F, Fut>(why: &Why, what: &str, mut probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Result<T, String>, Error>>,
{
    loop {
        let pending = match probe().await {
            Ok(Ok(found)) => return found,
            Ok(Err(pending)) => pending,
            Err(error) => error.to_string(),
        };
        why.set(what, pending);
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// What is waited for, for those who watch, and for the error if it is in vain.
#[derive(Debug, Default)]
pub struct Why(std::cell::RefCell<String>);

impl Why {
    /// Note it.
    pub fn set(&self, what: &str, pending: String) {
        let text = match pending.is_empty() {
            true => what.to_owned(),
            false => format!("{what}: {pending}"),
        };
        self.0.replace(text);
    }

    /// What was noted last.
    pub fn get(&self) -> String {
        self.0.borrow().clone()
    }
}
