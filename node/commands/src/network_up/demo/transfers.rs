// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Routes, reserves, payments and transfers of the demo.

use super::{
    report::Transfer,
    spec::pair,
    world::{until, Dapp, Side, Why, World},
    Failure,
};
use crate::transactions::calls;
use hansa_dappchain_primitives::route::{FIRST_TERMS, TRUSTING_PERIOD};
use hansa_interchain_primitives::{
    route::{Entries, NewRoute},
    Balance, ChainAddress, ChainId, TrustedHeader,
};
use hansa_pbft_primitives::PreDigest;
use hansa_primitives::AccountId;
use hansa_runtime_common::currency::UNIT;
use jsonrpsee::core::client::Error;
use sp_core::Pair;
use std::time::Instant;

/// What each chain has in reserve with each other one.
const RESERVE: Balance = 10_000 * UNIT;

/// The most that a DappChain may have with another.
const LIMIT: Balance = 100_000 * UNIT;

/// What is paid.
const AMOUNT: Balance = 25 * UNIT;

/// Who pays, on all chains.
const SENDER: &str = "//Alice";

/// The route to a DappChain, as another one's admin opens it: of what its own nodes say.
async fn described(world: &World<'_>, to: &Dapp) -> Result<NewRoute, Error> {
    let side = Side::Dapp(to);
    let client = world.client(side).await?;
    let none = || Error::Custom(format!("{} has no final block", side.name()));
    let (hash, header) = client.finalized().await?.ok_or_else(none)?;
    let chain = client.ask("InterchainApi_chain", &(), hash).await?;
    let state: hansa_pbft_primitives::ConsensusState =
        client.ask("PbftApi_consensus_state", &(), hash).await?;
    let timestamp = PreDigest::find(&header.digest).map_or(0, |digest| digest.timestamp_ms);
    Ok(NewRoute {
        chain,
        header: TrustedHeader {
            height: header.number,
            hash,
            state_root: header.state_root,
            timestamp,
        },
        set: state.set,
        trusting_period: TRUSTING_PERIOD,
        terms: FIRST_TERMS,
        limit: LIMIT,
        hub: false,
        // Nodes find each other in the network between chains.
        entries: Entries::default(),
    })
}

/// Open routes between the DappChains, and pay in what each chain has in reserve with each other one.
pub async fn open_routes(
    world: &World<'_>,
    dapps: &[Dapp],
    hub: ChainId,
    why: &Why,
) -> Result<(), Failure> {
    for at in dapps {
        let mut batch = Vec::new();
        for to in dapps.iter().filter(|to| to.id != at.id) {
            let route = until(why, "the other chain's head", || async {
                Ok(Ok(described(world, to).await?))
            });
            batch.push(calls::open_route(&route.await));
            batch.push(calls::top_up(to.id, RESERVE));
        }
        batch.push(calls::top_up(hub, RESERVE));
        let (batch, top_up) = (calls::batch_all(batch), calls::top_up(at.id, RESERVE));
        let deployer = at.plan.deployer()?;
        world.submit(Side::Dapp(at), &deployer, &batch, why).await?;
        world.submit(Side::Hub, &deployer, &top_up, why).await?;
    }
    for at in dapps {
        for to in dapps.iter().filter(|to| to.id != at.id) {
            wait_until_open(world, Side::Dapp(at), to.id, why).await;
        }
        wait_until_open(world, Side::Dapp(at), hub, why).await;
        wait_until_open(world, Side::Hub, at.id, why).await;
    }
    Ok(())
}

/// Wait until a chain knows of its reserve with another.
async fn wait_until_open(world: &World<'_>, at: Side<'_>, to: ChainId, why: &Why) {
    let what = format!("the reserve of {} with chain {to:x}", at.name());
    until(why, &what, || async {
        Ok(match world.route(at, to).await? {
            Some(route) if route.book.spendable() >= AMOUNT => Ok(()),
            Some(route) => Err(format!("{} so far", route.book.spendable())),
            None => Err("there is no route".into()),
        })
    })
    .await;
}

/// An account that nobody else pays, to see what arrives.
fn recipient(from: Side<'_>, to: Side<'_>, round: u32) -> Result<AccountId, Failure> {
    let uri = format!("//Guest//{}//{}//{round}", from.name(), to.name());
    Ok(pair(&uri)?.public().into())
}

/// Pay from Alice to a new account, on one chain or between two, and wait until it has arrived. `round` tells
/// those apart that have the same way.
pub async fn pay(
    world: &World<'_>,
    from: Side<'_>,
    to: Side<'_>,
    round: u32,
    why: &Why,
) -> Result<Transfer, Failure> {
    let account = recipient(from, to, round)?;
    let sender = pair(SENDER)?;
    let what = format!(
        "{} UNIT from {} to {}",
        AMOUNT / UNIT,
        from.name(),
        to.name()
    );
    let read = || async {
        Ok(Ok((
            world.free(to, &account).await?,
            world.chain_ref(to).await?,
        )))
    };
    let (before, chain) = until(why, &what, read).await;
    let call = match to_address(from, to, chain.id, &account)? {
        Some(address) => calls::transfer(&address, AMOUNT),
        None => calls::transfer_keep_alive(&account, AMOUNT),
    };
    let transaction = world.sign(from, &sender, &call, why).await;
    let begun = Instant::now();
    transaction.submit().await?;
    until(why, &what, || async {
        let free = world.free(to, &account).await?;
        Ok(match free.checked_sub(before) {
            Some(AMOUNT) => Ok(()),
            _ => Err(format!("{free} there")),
        })
    })
    .await;
    Ok(Transfer {
        from: from.name().into(),
        to: to.name().into(),
        recipient: account.to_string(),
        amount: AMOUNT.to_string(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// The chain address of an account of `to`, whose id is `chain`; none if that is the chain where it is used.
fn to_address(
    from: Side<'_>,
    to: Side<'_>,
    chain: ChainId,
    account: &AccountId,
) -> Result<Option<ChainAddress>, Failure> {
    if from.name() == to.name() {
        return Ok(None);
    }
    let bytes: &[u8] = account.as_ref();
    let address = ChainAddress::new(chain, bytes.to_vec());
    address
        .map(Some)
        .ok_or_else(|| Failure::NoAddress(account.to_string()))
}
