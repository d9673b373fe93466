// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What an operator sees: metrics, the dashboard made of them, the guide to them, and log lines.

use anyhow::{Context, Result};
use hansa_e2e::{binary, client, metrics::Metrics, spec, wait_for, Network, Node, NodeConfig};
use serde_json::Value;
use std::collections::BTreeSet;
use subxt_signer::sr25519::dev;

/// The beginnings of the names of metrics: ours, and the SDK's.
const PREFIXES: [&str; 2] = ["hansa_", "substrate_"];

/// What Prometheus appends to the name of a histogram, series by series.
const HISTOGRAM_SERIES: [&str; 3] = ["_bucket", "_sum", "_count"];

fn document(path: &str) -> Result<String> {
    let path = binary::repository().join(path);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// All words in `text` that begin like the name of a metric.
fn metric_names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
        .map(str::to_owned)
        .collect()
}

/// All strings under the key `expr` or `query` anywhere in `value`.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "expr" || key == "query" => {
                        found.push(text.clone());
                    }
                    other => expressions(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

/// The one of `families` that `name`, as it stands in an expression, means.
fn family(name: &str, families: &BTreeSet<String>) -> Option<String> {
    let whole = HISTOGRAM_SERIES
        .iter()
        .filter_map(|series| name.strip_suffix(series));
    std::iter::once(name)
        .chain(whole)
        .find(|name| families.contains(*name))
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn dashboard_and_guide_name_exactly_what_a_node_exports() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = NodeConfig::new("dev", folder.path()).dev().prometheus();
    let node = Node::start(config).await?;
    node.wait_finalized(2).await?;
    let mut exported = node.metrics().await?.families().clone();
    // A node that is not in the network between chains, or has no route, shows nothing of it: what there is
    // stands in the code.
    let code = document("interchain/src/metrics.rs")?;
    let between: Vec<_> = code.split('"').skip(1).step_by(2).collect();
    let between = metric_names(&between.join(" "));
    assert!(between.len() >= 10, "only {between:?}");
    exported.extend(between);
    let ours: BTreeSet<_> = exported
        .iter()
        .filter(|name| name.starts_with("hansa_"))
        .cloned()
        .collect();
    assert!(ours.len() >= 30, "only {ours:?}");

    let board: Value = serde_json::from_str(&document("docs/grafana/hansa-pbft.json")?)?;
    let mut found = Vec::new();
    expressions(&board, &mut found);
    assert!(found.len() >= 30, "only {found:?}");
    // Those of services have no such label; all others would be those of several chains in one.
    for of_chain in found
        .iter()
        .filter(|expr| expr.contains("chain=\"$chain\""))
    {
        let chosen = of_chain
            .matches("chain=\"$chain\",dappchain=~\"$dappchain\"")
            .count();
        let all = of_chain.matches("chain=\"$chain\"").count();
        let is_free = of_chain.contains("hansa_dappchains_") || of_chain.contains("label_replace");
        assert!(chosen == all || is_free, "of several chains: {of_chain}");
    }
    let mut shown = BTreeSet::new();
    for name in metric_names(&found.join(" ")) {
        let family = family(&name, &exported);
        shown.insert(family.with_context(|| format!("the board asks for {name}"))?);
    }
    let missing: Vec<_> = ours.difference(&shown).collect();
    assert!(missing.is_empty(), "the board does not show {missing:?}");

    // The guide names methods, too, and one of ours begins like a metric.
    let methods = node.rpc().await?.call("rpc_methods", vec![]).await?;
    let methods = methods["methods"].as_array().context("a list")?.clone();
    let mut explained = BTreeSet::new();
    for name in metric_names(&document("docs/OPERATORS.md")?) {
        if methods.iter().any(|method| *method == *name) {
            continue;
        }
        let family = family(&name, &exported);
        explained.insert(family.with_context(|| format!("the guide names {name}"))?);
    }
    let missing: Vec<_> = ours.difference(&explained).collect();
    assert!(missing.is_empty(), "the guide does not explain {missing:?}");
    Ok(())
}

/// The public key of a validator of the local chain, as metrics show it.
fn authority(index: usize) -> Result<String> {
    let spec = spec::read("local.json")?;
    let key = spec["genesis"]["validators"][index]["pbft"].as_str();
    Ok(key.context("a validator has a key")?.to_owned())
}

/// A counter or a gauge of `key`, as `node` has it.
async fn of_authority(node: &Node, name: &str, key: &str) -> Result<f64> {
    let name = format!("hansa_pbft_authority_{name}");
    node.metrics().await?.expect(&name, &[("authority", key)])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_tell_who_is_silent_and_who_is_back() -> Result<()> {
    const DAVE: usize = 3;
    let local = binary::chain_spec("local.json");
    let mut network = Network::start_with(&local, &hansa_e2e::network::VALIDATORS, |_, config| {
        config.prometheus()
    })
    .await?;
    let keys: Vec<_> = (0..4).map(authority).collect::<Result<_>>()?;
    let alice = &network.nodes[0];
    wait_for("all to be connected, and heard", || async {
        let mut all = true;
        for key in &keys {
            all &= of_authority(alice, "connected", key).await? == 1.0
                && of_authority(alice, "last_vote_height", key).await? >= 1.0;
        }
        Ok(all)
    })
    .await?;
    let voting = |node: Metrics| node.get("hansa_pbft_voting_state", &[("state", "voting")]);
    assert_eq!(voting(alice.metrics().await?), Some(1.0));

    network.nodes[DAVE].kill();
    let alice = &network.nodes[0];
    let missed_before = of_authority(alice, "missed_heights_total", &keys[DAVE]).await?;
    // Transfers, one after the other, so that blocks are owed and Dave's turns come.
    let api = alice.client().await?;
    let to = client::account(&client::keypair("//Observed"));
    let transfer = client::transfer(&to, client::UNIT);
    wait_for("Dave to be missed, and his turn to pass", || async {
        client::submit(&api, &transfer, &dev::alice()).await?;
        let missed = of_authority(alice, "missed_heights_total", &keys[DAVE]).await?;
        let silent = of_authority(alice, "silent_views_total", &keys[DAVE]).await?;
        Ok(missed >= missed_before + 5.0 && silent >= 1.0)
    })
    .await?;
    let heard = of_authority(alice, "last_vote_height", &keys[DAVE]).await?;
    assert_eq!(
        of_authority(alice, "connected", &keys[DAVE]).await?,
        0.0,
        "a process that is gone is not connected"
    );
    let metrics = alice.metrics().await?;
    let later_views = metrics.expect("hansa_pbft_heights_decided_total", &[("view", "1")])?;
    assert!(later_views >= 1.0, "Dave's turn ended with a view change");
    let slow = metrics.expect("hansa_pbft_slow_heights_total", &[])?;
    assert!(slow >= 1.0, "a height with a view change is slow");
    let line = "No proposal of #3 (";
    alice.wait_logged(line, |log| log.contains(line)).await?;

    network.nodes[DAVE].restart().await?;
    let alice = &network.nodes[0];
    wait_for("Dave to be heard again", || async {
        client::submit(&api, &transfer, &dev::alice()).await?;
        Ok(of_authority(alice, "last_vote_height", &keys[DAVE]).await? > heard)
    })
    .await?;
    assert_eq!(
        of_authority(alice, "connected", &keys[DAVE]).await?,
        1.0,
        "who is heard is connected"
    );
    let line = "this node votes, as authority #3";
    network.nodes[DAVE]
        .wait_logged("that it votes again", |log| log.matches(line).count() >= 2)
        .await?;
    Ok(())
}

/// Compiling a runtime takes all cores for seconds: it must happen once a start, whatever form the
/// chain spec has.
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_is_compiled_once_a_start() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = NodeConfig::new("dev", folder.path()).dev();
    let mut node = Node::start(config.args(&["-l", "wasm-runtime=debug"])).await?;
    let compiled = |log: &str| log.matches("Prepared new runtime version").count();
    for (starts, of) in [(1, "an empty folder"), (2, "the database")] {
        node.wait_finalized(starts).await?;
        // It runs with the code by now. Had another copy been prepared, that would have been before.
        node.wait_logged("it has the code", |log| compiled(log) >= 1)
            .await?;
        node.stop()?;
        assert_eq!(compiled(&node.log()), 1, "of {of}");
        std::fs::remove_file(node.config.log_path())?;
        node.restart().await?;
    }
    Ok(())
}
