// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators by stake: blocks go by stakes, who bonds most takes the place of who bonds least, and funds
//! come back when their time is over.

use anyhow::{ensure, Context, Result};
use codec::DecodeAll;
use hansa_e2e::{
    client, client::UNIT, network::text, network::VALIDATORS, rpc, rpc::Rpc, spec, wait_for_some,
    Network,
};
use hansa_pbft_primitives::{AuthorityId, AuthorityIndex, ConsensusState, PreDigest};
use hansa_primitives::Header;
use serde_json::json;
use sp_core::{ed25519, Pair};
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::dev;

/// Of how many blocks the authors are counted.
const BLOCKS: u32 = 150;

/// By how many standard deviations the count of an author may be off: one run in two million would be
/// by chance, and the schedule follows from the genesis, so that all runs are much alike.
const DEVIATIONS: f64 = 5.0;

/// The shares of the weight, of bonds of four, three, two and one parts: the first is cut to below a
/// third of what results.
const SHARES: [f64; 4] = [1.0 / 3.0, 1.0 / 3.0, 2.0 / 9.0, 1.0 / 9.0];

async fn state(rpc: &Rpc) -> Result<ConsensusState> {
    rpc.runtime("PbftApi_consensus_state", &[], None).await
}

async fn author(rpc: &Rpc, height: u32) -> Result<AuthorityIndex> {
    let proof = rpc.call("pbft_proveFinality", vec![json!(height)]).await?;
    let header = Header::decode_all(&mut &rpc::bytes_of(&proof["encodedHeader"])?[..])?;
    Ok(PreDigest::find(&header.digest)
        .context("no digest of pBFT")?
        .author)
}

/// The key with which a development account votes.
fn key_of(seed: &str) -> Result<ed25519::Pair> {
    Ok(ed25519::Pair::from_string(seed, None)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_go_by_stakes_and_who_bonds_most_takes_the_place_of_the_lowest() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/minIntervalMs", json!(100)),
        ("/genesis/timing/idleIntervalMs", json!(200)),
        ("/genesis/sessionLengthMs", json!(5_000)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    spec["genesis"]["validatorCount"] = json!(4);
    let spec = spec::write(folder.path(), "stake.json", &spec)?;
    let mut network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let first = state(&rpc).await?.set;
    let total = first.total_weight();
    for authority in first.authorities() {
        ensure!(3 * authority.weight < total, "{authority:?} of {total}");
    }

    network.wait_finalized(BLOCKS).await?;
    let mut counts = vec![0u32; first.len()];
    for height in 1..=BLOCKS {
        counts[usize::from(author(&rpc, height).await?)] += 1;
    }
    for (i, seed) in ["//Alice", "//Bob", "//Charlie", "//Dave"]
        .iter()
        .enumerate()
    {
        let key = AuthorityId::from(key_of(seed)?.public());
        let at = first.index_of(&key).context("a validator of the genesis")?;
        let (count, blocks) = (f64::from(counts[usize::from(at)]), f64::from(BLOCKS));
        let deviation = (blocks * SHARES[i] * (1.0 - SHARES[i])).sqrt();
        let off = (count - blocks * SHARES[i]).abs() / deviation;
        ensure!(
            off < DEVIATIONS,
            "{seed} made {count} of {blocks}: {counts:?}"
        );
    }

    // Eve, who has no part in it, bonds more than anybody.
    let at = network
        .add_follower("eve", &["--eve", "--validator"])
        .await?;
    let (eve, key) = (dev::eve(), key_of("//Eve")?);
    let amount = Value::u128(500_000 * UNIT);
    let commission = Value::u128(0);
    for call in [
        dynamic::tx("Staking", "bond", vec![amount]),
        client::set_keys(&client::account(&eve), "//Eve")?,
        dynamic::tx("Staking", "validate", vec![commission]),
    ] {
        client::submit(&api, &call, &eve).await?;
    }
    let public = AuthorityId::from(key.public());
    let (set, index) = wait_for_some("Eve in the set", || async {
        let set = state(&rpc).await?.set;
        Ok(set.index_of(&public).map(|index| (set, index)))
    })
    .await?;
    let dave = AuthorityId::from(key_of("//Dave")?.public());
    ensure!(set.len() == 4 && set.id > first.id, "{set:?}");
    ensure!(set.index_of(&dave).is_none(), "the lowest stays: {set:?}");
    let elected = rpc.call("staking_currentSet", vec![]).await?;
    ensure!(
        names(&elected)?.contains(&client::account(&eve).to_string()),
        "{elected}"
    );
    let height = wait_for_some("a block by Eve", || async {
        let head = rpc.finalized().await?.number;
        Ok((author(&rpc, head).await? == index).then_some(head))
    })
    .await?;
    network.nodes[at].wait_finalized(height).await?;
    network.assert_agree(height).await
}

/// The accounts of the members of a set, as `staking_currentSet` has them.
fn names(set: &serde_json::Value) -> Result<Vec<String>> {
    let members = set.as_array().context("a set is a list")?;
    members.iter().map(|member| text(member, "node")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_come_back_when_their_time_is_over_and_not_before() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(500)),
        ("/genesis/sessionLengthMs", json!(2_000)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    spec["genesis"]["periods"] =
        json!({ "unbondingSeconds": 12, "trustingSeconds": 4, "slashDeferSeconds": 2 });
    let spec = spec::write(folder.path(), "stake.json", &spec)?;
    let network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let ferdie = dev::ferdie();
    let address = client::account(&ferdie).to_string();
    let ledger = || rpc.call("staking_ledger", vec![json!(address)]);

    let (bond, leaves) = (1_000 * UNIT, 400 * UNIT);
    let amount = |amount| vec![Value::u128(amount)];
    let withdraw = dynamic::tx("Staking", "withdraw_unbonded", Vec::<Value>::new());
    client::submit(&api, &dynamic::tx("Staking", "bond", amount(bond)), &ferdie).await?;
    client::submit(
        &api,
        &dynamic::tx("Staking", "unbond", amount(leaves)),
        &ferdie,
    )
    .await?;
    let chunk = ledger().await?["own"]["unlocking"][0].clone();
    ensure!(text(&chunk, "amount")? == leaves.to_string(), "{chunk}");

    // Asked again and again, it is refused until the time that was told, and granted then.
    let unlocks_at = chunk["unlocksAt"].as_u64().context("a time")?;
    let mut refused = 0;
    let now = loop {
        let outcome = client::submit(&api, &withdraw, &ferdie).await;
        let after = ledger().await?;
        let now = after["now"].as_u64().context("a time")?;
        match outcome {
            Ok(_) => break now,
            Err(error) => {
                ensure!(
                    format!("{error:#}").contains("NothingToWithdraw"),
                    "refused for another reason: {error:#}"
                );
                ensure!(
                    after["own"]["active"] == json!((bond - leaves).to_string()),
                    "{after}"
                );
                refused += 1;
            }
        }
    };
    ensure!(
        refused > 0 && now >= unlocks_at,
        "granted at {now}, {unlocks_at} was told, after {refused} refusals"
    );
    let after = ledger().await?;
    ensure!(
        after["own"]["unlocking"] == json!([]),
        "still on its way: {after}"
    );
    let held = client::held(&api, &client::account(&ferdie)).await?;
    ensure!(held == bond - leaves, "{held} is on hold");
    Ok(())
}
