// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A lie on a DappChain costs stake on its hub, and the place on the chain.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    binary,
    dappchains::{address, authority, consensus, Hub},
    network::text,
    wait_for, wait_for_some,
};
use serde_json::json;

/// Founders that tell the truth.
const HONEST: [&str; 3] = ["mika", "nele", "onno"];
/// A founder that lies on the chain, and not on the hub.
const LIAR: &str = "pia";
/// Who comes for it.
const NEXT: &str = "rolf";
/// How long a turn is: nobody's ends in the test.
const TERM_SECONDS: u32 = 3_600;

/// What a node has bonded.
async fn bond(hub: &Hub, name: &str) -> Result<u128> {
    let ledger = hub.call("staking_ledger", &[json!(address(name))]).await?;
    Ok(text(&ledger["own"], "active")?.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lies_on_a_dappchain_is_slashed_on_the_hub_and_replaced() -> Result<()> {
    let names = [HONEST[0], HONEST[1], HONEST[2], LIAR, NEXT];
    let hub = Hub::start_many_chain(&names, &[], |name, config| match name {
        LIAR => config.binary(binary::byzantine()).args(&[
            "--lie",
            "two-commits",
            "--on-dappchains",
            "--join-pool",
        ]),
        NEXT => config,
        _ => config.arg("--join-pool"),
    })
    .await?;
    hub.all_join(&names[..4]).await?;
    let before = bond(&hub, LIAR).await?;
    let code = hansa_dappchain_wasm::WASM_BINARY.context("the runtime was not built")?;
    hub.note_code(code).await?;
    hub.register("shop", code, TERM_SECONDS).await?;
    let chain = hub.goes_live("shop").await?;
    let honest = HONEST.map(String::from);
    let members = hub.all_serve(&chain, &honest).await?;
    hub.submit(NEXT, "NodePool", "join", vec![]).await?;

    wait_for("the hub to slash the liar", || async {
        Ok(bond(&hub, LIAR).await? < before)
    })
    .await?;
    for name in HONEST {
        let left = bond(&hub, name).await?;
        ensure!(left >= before, "{name} had {before}, has {left}");
    }

    // The hub takes it off the chain, too: another node comes, and the chain hands over to a set without the liar.
    hub.within(8, "another node to serve in its place", || async {
        Ok((hub.node(NEXT).await?["phase"] == "serving").then_some(()))
    })
    .await?;
    let (liar, next) = (authority(LIAR)?, authority(NEXT)?);
    let rpc = hub.chain_rpc(&chain, members[0]).await?;
    wait_for_some("a set without the liar", || async {
        let set = consensus(&rpc).await?.set;
        let is_it = set.index_of(&liar).is_none() && set.index_of(&next).is_some();
        Ok(is_it.then_some(set))
    })
    .await?;
    hub.goes_on(&chain, members[0], 5).await?;
    Ok(())
}
