// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A lie costs stake, where validators are elected by stake: the liar's alone.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    binary, byzantine, client, client::UNIT, network::text, network::VALIDATORS, rpc::Rpc, spec,
    wait_for_some, Network,
};
use hansa_pbft_primitives::AuthorityId;
use serde_json::{json, Value};
use sp_core::{ed25519, Pair};
use subxt_signer::sr25519::dev;

/// The validator that lies.
const LIAR: &str = "dave";

/// The least part of a stake that an offence costs on the hub: one in so many.
const LEAST_SLASH: u128 = 1_000;

/// The seed of a development account.
fn seed(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("//{}{rest}", first.to_uppercase())
}

fn address(name: &str) -> String {
    client::account(&client::keypair(&seed(name))).to_string()
}

/// The chain of four by stake, with Eve as a fifth: with one validator less there are still four.
fn five_by_stake() -> Result<Value> {
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(500)),
        ("/genesis/sessionLengthMs", json!(3_000)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    spec["genesis"]["periods"] =
        json!({ "unbondingSeconds": 60, "trustingSeconds": 4, "slashDeferSeconds": 5 });
    let mut eve = spec["genesis"]["validators"][3].clone();
    eve["account"] = json!(address("eve"));
    let key = ed25519::Pair::from_string("//Eve", None)?;
    eve["beacon"] = json!(address("eve"));
    eve["pbft"] = json!(AuthorityId::from(key.public()).to_string());
    let validators = spec["genesis"]["validators"].as_array_mut();
    validators.context("a list of validators")?.push(eve);
    Ok(spec)
}

/// What a validator has bonded.
async fn bond(rpc: &Rpc, name: &str) -> Result<u128> {
    let ledger = rpc
        .call("staking_ledger", vec![json!(address(name))])
        .await?;
    Ok(text(&ledger["own"], "active")?.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_two_commits_is_slashed_and_removed_and_nobody_else_is() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = spec::write(folder.path(), "stake.json", &five_by_stake()?)?;
    let names: Vec<_> = VALIDATORS.iter().copied().chain(["eve"]).collect();
    let network = Network::start_with(&spec, &names, |name, config| {
        if name == LIAR {
            let lie = ["--lie", "two-commits"];
            config.binary(binary::byzantine()).args(&lie)
        } else {
            config
        }
    })
    .await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let mut bonds = Vec::new();
    for name in &names {
        bonds.push(bond(&rpc, name).await?);
    }

    let key = ed25519::Pair::from_string(&seed(LIAR), None)?;
    let liar = AuthorityId::from(key.public());
    let removed = wait_for_some("the liar to be removed", || async {
        let set = byzantine::consensus_state(&rpc).await?.set;
        Ok(set.index_of(&liar).is_none().then_some(set))
    })
    .await?;
    ensure!(removed.len() == 4, "{removed:?}");
    let at = names.iter().position(|name| *name == LIAR);
    let before = bonds[at.context("the liar is one of them")?];
    let after = wait_for_some("the slash", || async {
        let after = bond(&rpc, LIAR).await?;
        Ok((after < before).then_some(after))
    })
    .await?;
    ensure!(
        before - after >= before / LEAST_SLASH,
        "{before} became {after}"
    );

    // The chain goes on, and nobody else has lost anything.
    let transfer = client::transfer(&client::account(&dev::ferdie()), UNIT);
    client::submit(&api, &transfer, &dev::alice()).await?;
    for (name, expected) in names.iter().zip(bonds) {
        let found = bond(&rpc, name).await?;
        ensure!(
            *name == LIAR || found == expected,
            "{name} had {expected}, has {found}"
        );
    }
    let honest: Vec<_> = network
        .nodes
        .into_iter()
        .filter(|node| node.config.name != LIAR)
        .collect();
    byzantine::agree(&honest).await
}
