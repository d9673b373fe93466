// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Routes between the chains of a local network, opened by sudo, with reserves on both sides.
//!
//! On a live chain governance does the same once it has satisfied itself of the other chain's header and set;
//! here both come from its node.

use super::{
    chain::{AmongOthers, Chain},
    client::NodeClient,
    UpError,
};
use crate::{
    chain_spec::dev::{self, DevIdentity},
    transactions::{calls, Call, Node},
};
use hansa_interchain_primitives::{
    api::RouteView,
    packet::ChainRef,
    rate::Terms,
    route::{NewRoute, MAX_ENTRIES},
    Balance, ChainId, Moment, Rate, TrustedHeader,
};
use hansa_pbft_primitives::{ConsensusState, PreDigest};
use hansa_primitives::Hash;
use hansa_runtime_common::{
    currency::{MILLI, UNIT},
    interchain::{TIMEOUT, TRUSTING_PERIOD},
};
use sp_core::{sr25519, Pair};
use sp_runtime::{traits::Header as _, BoundedVec};
use std::time::Duration;

/// What each chain has with each other one.
const RESERVE: Balance = 100_000 * UNIT;

/// The most that it may have.
const LIMIT: Balance = 1_000_000 * UNIT;

/// What a packet is charged.
const CHARGE: Balance = MILLI;

/// How often a chain is asked whether its routes are open.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How long a route may take until packets can be sent.
const OPEN_LIMIT: Duration = Duration::from_secs(120);

/// A chain with what it takes to open routes on it.
struct End<'a> {
    name: &'a str,
    own: &'a AmongOthers,
    client: NodeClient,
    node: String,
    admin: sr25519::Pair,
}

/// Check that routes between the chains can be opened, before anything is started.
pub fn check(chains: &[Chain]) -> Result<(), UpError> {
    for own in chains
        .iter()
        .filter_map(|chain| chain.among_others.as_ref())
    {
        admin_of(own)?;
        trusting_period(own)?;
    }
    Ok(())
}

/// Open routes between all chains, pay reserves in, and wait until packets can be sent.
pub async fn open_all(chains: &[Chain]) -> Result<(), UpError> {
    let mut ends = Vec::new();
    for chain in chains {
        let Some(own) = &chain.among_others else {
            continue;
        };
        let Some((client, node)) = chain.first_client()? else {
            continue;
        };
        ends.push(End {
            name: chain.spec.name(),
            own,
            client,
            node,
            admin: admin_of(own)?,
        });
    }
    for (i, at) in ends.iter().enumerate() {
        let mut calls = Vec::new();
        for (j, to) in ends.iter().enumerate() {
            if i != j {
                calls.extend(calls_for(at, to).await?);
            }
        }
        if !calls.is_empty() {
            submit(at, calls).await?;
        }
    }
    for (i, at) in ends.iter().enumerate() {
        for (j, to) in ends.iter().enumerate() {
            if i != j {
                wait_until_open(at, to).await?;
            }
        }
    }
    Ok(())
}

/// The development identity that has sudo on a chain.
fn admin_of(own: &AmongOthers) -> Result<sr25519::Pair, UpError> {
    let no_admin = || {
        UpError::Spec(format!(
            "chain spec {}: genesis.sudo: must be a development account, so that --chains can open routes",
            own.spec.id
        ))
    };
    let sudo = own.spec.genesis.sudo.as_ref().ok_or_else(no_admin)?;
    let admin: DevIdentity = dev::named()
        .find(|identity| identity.account().as_ref() == Some(&sudo.0))
        .ok_or_else(no_admin)?;
    sr25519::Pair::from_string(&admin.seed, None).map_err(|_| no_admin())
}

/// For how long other chains may trust headers of this one: no longer than its own staking says.
fn trusting_period(own: &AmongOthers) -> Result<Moment, UpError> {
    let periods = own.spec.genesis.periods.map(|periods| periods.trusting);
    let own_ms = periods.map_or(Moment::MAX, |s| Moment::from(s).saturating_mul(1_000));
    let trusting = TRUSTING_PERIOD.min(own_ms);
    if trusting <= TIMEOUT {
        let message = format!(
            "chain spec {}: genesis.periods.trustingSeconds: must be more than the {} s that packets have, \
             or no route to the chain can be opened",
            own.spec.id,
            TIMEOUT / 1_000
        );
        return Err(UpError::Spec(message));
    }
    Ok(trusting)
}

impl End<'_> {
    fn rpc_error(&self, source: jsonrpsee::core::client::Error) -> UpError {
        UpError::Rpc {
            name: self.node.clone(),
            source,
        }
    }

    fn route_error(&self, to: &End, message: impl Into<String>) -> UpError {
        UpError::Route {
            from: self.name.into(),
            to: to.name.into(),
            message: message.into(),
        }
    }

    async fn head(&self) -> Result<(Hash, hansa_primitives::Header), UpError> {
        let head = self.client.finalized().await;
        let head = head.map_err(|e| self.rpc_error(e))?;
        head.ok_or_else(|| {
            self.rpc_error(jsonrpsee::core::client::Error::Custom(
                "there is no final block".into(),
            ))
        })
    }

    async fn route(&self, to: ChainId) -> Result<Option<RouteView>, UpError> {
        let (at, _) = self.head().await?;
        let route = self.client.ask("InterchainApi_route", &to, at).await;
        route.map_err(|e| self.rpc_error(e))
    }

    /// What governance elsewhere would look at, of the last final block.
    async fn described(&self) -> Result<NewRoute, UpError> {
        let (hash, header) = self.head().await?;
        let ask = |e| self.rpc_error(e);
        let chain: ChainRef = self
            .client
            .ask("InterchainApi_chain", &(), hash)
            .await
            .map_err(ask)?;
        let state: ConsensusState = self
            .client
            .ask("PbftApi_consensus_state", &(), hash)
            .await
            .map_err(ask)?;
        let timestamp = PreDigest::find(header.digest())
            .map(|digest| digest.timestamp_ms)
            .unwrap_or_default();
        let entries = self.own.entries.iter().take(MAX_ENTRIES as usize);
        let entries = entries
            .map(|entry| BoundedVec::truncate_from(entry.clone().into_bytes()))
            .collect::<Vec<_>>();
        Ok(NewRoute {
            chain,
            header: TrustedHeader {
                height: *header.number(),
                hash,
                state_root: *header.state_root(),
                timestamp,
            },
            set: state.set,
            trusting_period: trusting_period(self.own)?,
            terms: Terms {
                rate: Rate::PAR,
                low_charge: CHARGE,
                high_charge: CHARGE,
            },
            limit: LIMIT,
            hub: false,
            entries: BoundedVec::truncate_from(entries),
        })
    }
}

/// The calls that open a route from `at` to `to` and pay into its reserve; if the route is there already, the
/// one that says where the nodes are now.
async fn calls_for(at: &End<'_>, to: &End<'_>) -> Result<Vec<Call>, UpError> {
    let peer = to.own.chain_id;
    let route = to.described().await?;
    if at.route(peer).await?.is_some() {
        let set_entries = calls::set_entries(peer, &route.entries);
        return Ok(vec![calls::sudo(set_entries)]);
    }
    Ok(vec![
        calls::sudo(calls::open_route(&route)),
        calls::top_up(peer, RESERVE),
    ])
}

/// Submit calls of a chain's admin, all or none.
async fn submit(at: &End<'_>, calls: Vec<Call>) -> Result<(), UpError> {
    let submitted = async {
        let node = Node::connect(at.client.url()).await?;
        let transaction = node.sign(&calls::batch_all(calls), &at.admin).await?;
        transaction.submit().await
    };
    submitted.await.map_err(|source| UpError::Transaction {
        name: at.node.clone(),
        source,
    })
}

/// Wait until the route from `at` to `to` is there, and `at` knows of its reserve.
async fn wait_until_open(at: &End<'_>, to: &End<'_>) -> Result<(), UpError> {
    let deadline = tokio::time::Instant::now() + OPEN_LIMIT;
    loop {
        let route = at.route(to.own.chain_id).await?;
        match &route {
            Some(route) if route.book.spendable() > CHARGE => return Ok(()),
            _ if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            Some(_) => {
                let message = "nothing is heard of its reserve there; see the nodes' logs";
                return Err(at.route_error(to, message));
            }
            None => {
                let message = "the call that opens it was not executed, or failed";
                return Err(at.route_error(to, message));
            }
        }
    }
}
