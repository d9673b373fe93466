// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Nodes of a living DappChain change: the hub's word reaches the chain, and the chain's word the hub, both by packet
//! and proof.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client::UNIT,
    dappchains::{authority, consensus, Chain, Hub, NEED},
    wait_for, wait_for_some,
};

/// The hub's validators, who found the chain.
const FOUNDERS: [&str; 4] = ["mika", "nele", "onno", "pia"];
/// A node that runs no DappChains, though it is in the pool: it takes up no place.
const ABSENT: &str = "quin";
/// A node that has made no block when it comes.
const NEW: &str = "rolf";
/// How long a turn is: the shortest that there is.
const TERM_SECONDS: u32 = 60;
/// What the operators of the last two bond: too little to be elected beside the others.
const SMALL_BOND: u128 = 100_000 * UNIT;

/// The only node that waits is drawn for the first open place, and does not come: it loses it, and its deposit. The
/// chain keeps those that it has.
async fn one_never_shows_up(hub: &Hub, chain: &Chain, members: &[usize]) -> Result<()> {
    hub.stand(ABSENT, SMALL_BOND).await?;
    hub.within(10, "the absent node to be drawn", || async {
        Ok((hub.node(ABSENT).await?["phase"] == "joining").then_some(()))
    })
    .await?;
    hub.goes_on(chain, members[0], 3).await?;
    let set = hub.sets(chain).await?;
    ensure!(
        set.latest == 0,
        "who has not confirmed is in no set: {set:?}"
    );
    hub.stand(NEW, SMALL_BOND).await?;
    hub.within(5, "the absent node to be out of the pool", || async {
        Ok(hub.node(ABSENT).await?.is_null().then_some(()))
    })
    .await
}

/// A node that was never on a chain takes the place, by catching up with the chain; whoever it replaces is named.
async fn one_comes(hub: &Hub, chain: &Chain) -> Result<String> {
    hub.within(8, "the new node to serve", || async {
        Ok((hub.node(NEW).await?["phase"] == "serving").then_some(()))
    })
    .await?;
    let mut members = hub.members(chain.id, "serving").await?;
    members.extend(hub.members(chain.id, "departing").await?);
    ensure!(members.len() == NEED, "{members:?}");
    let released = FOUNDERS
        .into_iter()
        .find(|name| !members.iter().any(|member| member == name));
    Ok(released.context("somebody went")?.into())
}

/// The chain hands over to the set that the hub ordered, and the hub knows it by the chain's headers.
async fn the_set_changes(hub: &Hub, chain: &Chain, released: &str) -> Result<()> {
    let node = hub.position(NEW)?;
    let (joined, left) = (authority(NEW)?, authority(released)?);
    let rpc = hub.chain_rpc(chain, node).await?;
    let set = wait_for_some("the chain to have the set of the hub", || async {
        let set = consensus(&rpc).await?.set;
        let is_it = set.index_of(&joined).is_some() && set.index_of(&left).is_none();
        Ok(is_it.then_some(set))
    })
    .await?;
    ensure!(set.len() == NEED && set.id > 0, "{set:?}");
    wait_for("the hub to know of the hand-over", || async {
        let known = hub.sets(chain).await?;
        Ok(known.in_force > 0 && known.set_id >= Some(set.id))
    })
    .await?;
    hub.goes_on(chain, node, 5).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_takes_the_place_of_another_on_a_living_chain() -> Result<()> {
    let hub = Hub::start_many_chain(&FOUNDERS, &[ABSENT, NEW], |name, config| {
        let config = config.arg("--join-pool");
        match name {
            ABSENT => config.arg("--no-dappchains"),
            _ => config,
        }
    })
    .await?;
    hub.all_join(&FOUNDERS).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let chain = hub.goes_live("shop").await?;
    let founders = FOUNDERS.map(String::from);
    let members = hub.all_serve(&chain, &founders).await?;

    one_never_shows_up(&hub, &chain, &members).await?;
    let released = one_comes(&hub, &chain).await?;
    the_set_changes(&hub, &chain, &released).await?;

    // What it made there, the hub knows by the chain's packet: the new node makes no blocks of the hub.
    hub.within(5, "the new node to be a veteran", || async {
        Ok((hub.node(NEW).await?["veteran"] == true).then_some(()))
    })
    .await?;
    hub.is_told(&chain).await?;

    // Who was released stops once the chain has handed over.
    let at = hub.position(&released)?;
    wait_for("the released node to stop the chain", || async {
        let service = &hub.services(&chain).await?[at];
        // It may have been drawn again.
        let is_back = hub.node(&released).await?["place"] == "allocated";
        Ok(is_back || service["state"] == "left")
    })
    .await
}
