// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The subcommands that work on specs, databases and keys.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{binary, client, client::UNIT, process, rpc::Head, Node, NodeConfig};
use sp_core::H256;
use subxt_signer::sr25519::dev;

/// Run a command that must succeed, and return what it wrote to its standard output.
fn succeed(arguments: &[&str]) -> Result<String> {
    let output = process::run_on_chain(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{arguments:?} ended with {}: {said}",
        output.status
    );
    for bad in ["panicked", "Essential task"] {
        ensure!(!said.contains(bad), "{arguments:?} said `{bad}`: {said}");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Run a command that must fail, and return what it wrote to its standard error.
fn fail(arguments: &[&str]) -> Result<String> {
    let output = process::run_on_chain(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        !output.status.success(),
        "{arguments:?} should have failed: {said}"
    );
    ensure!(!said.contains("panicked"), "{arguments:?} panicked: {said}");
    Ok(said)
}

/// A chain of one that made a few blocks and was stopped: its node and its last head.
async fn stopped_chain(config: NodeConfig) -> Result<(Node, Head)> {
    let mut node = Node::start(config).await?;
    let api = node.client().await?;
    let bob = client::account(&dev::bob());
    for _ in 0..5 {
        client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    }
    node.stop()?;
    // What it made final while it stopped counts as well: ask the database.
    node.restart().await?;
    let head = node.rpc().await?.finalized().await?;
    node.stop()?;
    Ok((node, head))
}

/// The hash of block `number` as `node` has it.
async fn hash_at(node: &Node, number: u32) -> Result<H256> {
    let hash = node.rpc().await?.block_hash(number).await?;
    hash.with_context(|| format!("no block {number}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_raw_spec_is_the_same_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for name in ["dev", "local", "poa", "stake"] {
        let short = binary::chain_spec(&format!("{name}.json"));
        let raw = folder.path().join(format!("{name}-raw.json"));
        let (from, to) = (short.display().to_string(), raw.display().to_string());
        succeed(&[
            "export-chain-spec",
            "--chain",
            &from,
            "--raw",
            "--output",
            &to,
        ])?;
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&raw)?)?;
        ensure!(
            json["genesis"]["raw"]["top"]["0x3a636f6465"].is_string(),
            "{name}: no code"
        );

        let config = NodeConfig::new(&format!("short-{name}"), folder.path());
        let of_short = Node::start(config.chain(&short)).await?;
        let config = NodeConfig::new(&format!("raw-{name}"), folder.path());
        let of_raw = Node::start(config.chain(&raw)).await?;
        let genesis = of_short.rpc().await?.genesis().await?;
        ensure!(
            of_raw.rpc().await?.genesis().await? == genesis,
            "{name}: another genesis"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_chain_starts_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut node, head) = stopped_chain(NodeConfig::new("dev", folder.path()).dev()).await?;
    let base = node.config.base_path.display().to_string();
    succeed(&["purge-chain", "--dev", "--base-path", &base, "-y"])?;
    node.restart().await?;
    node.wait_finalized(1).await?;
    let rpc = node.rpc().await?;
    let now = rpc.finalized().await?;
    ensure!(
        now.number < head.number,
        "it went on from {head:?} at {now:?}"
    );
    // The vote log went with the database, or it would refuse to vote at heights it knows.
    let api = node.client().await?;
    let bob = client::account(&dev::bob());
    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_exported_checked_and_imported_with_their_proofs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut node, head) = stopped_chain(NodeConfig::new("dev", folder.path()).dev()).await?;
    let base = node.config.base_path.display().to_string();
    succeed(&["check-block", "1", "--dev", "--base-path", &base])?;
    fail(&["check-block", "1000000", "--dev", "--base-path", &base])?;

    let blocks = folder.path().join("blocks").display().to_string();
    let to = head.number.to_string();
    succeed(&[
        "export-blocks",
        "--dev",
        "--base-path",
        &base,
        "--from",
        "1",
        "--to",
        &to,
        &blocks,
    ])?;

    // Another node imports them, has them as final blocks, and goes on from there.
    let config = NodeConfig::new("copy", folder.path()).dev();
    let copy_base = config.base_path.display().to_string();
    succeed(&["import-blocks", "--dev", "--base-path", &copy_base, &blocks])?;
    let copy = Node::start(config).await?;
    copy.wait_finalized(head.number).await?;
    ensure!(
        hash_at(&copy, head.number).await? == head.hash,
        "the copy has another chain"
    );
    let number = serde_json::json!(head.number);
    let proof = copy
        .rpc()
        .await?
        .call("pbft_proveFinality", vec![number])
        .await?;
    ensure!(!proof.is_null(), "the proof of the head was not imported");

    node.restart().await?;
    ensure!(hash_at(&node, head.number).await? == head.hash);
    Ok(())
}

/// Take back the last two blocks of a stopped chain, and check that they are gone for good: the vote
/// log does not bring them back, others take their place.
async fn revert_two(node: &mut Node, head: Head, arguments: &[&str]) -> Result<()> {
    let base = node.config.base_path.display().to_string();
    let revert = [
        "revert",
        "2",
        "--base-path",
        &base,
        "--state-pruning",
        "archive",
    ];
    succeed(&[&revert[..], arguments].concat())?;
    node.restart().await?;
    node.wait_finalized(head.number).await?;
    ensure!(
        hash_at(node, head.number).await? != head.hash,
        "block {} is back",
        head.number
    );
    let api = node.client().await?;
    let bob = client::account(&dev::bob());
    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn final_blocks_of_a_dev_chain_are_reverted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = NodeConfig::new("dev", folder.path()).dev();
    let (mut node, head) = stopped_chain(config.args(&["--state-pruning", "archive"])).await?;
    // The key of a dev chain may count as an authority's or not: the flag is right in either case.
    revert_two(&mut node, head, &["--dev", "--unsafe-as-authority"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_reverts_only_where_its_operator_insists() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = binary::chain_spec("dev.json").display().to_string();
    let config = NodeConfig::new("keys", folder.path()).chain(&spec);
    let config = config.args(&["--validator", "--state-pruning", "archive"]);
    let base = config.base_path.display().to_string();
    let insert = ["key", "insert", "--base-path", &base, "--chain", &spec];
    for (key_type, scheme) in [("pbft", "ed25519"), ("hbcn", "sr25519")] {
        let key = ["--key-type", key_type, "--scheme", scheme];
        succeed(&[&insert[..], &key, &["--suri", "//Alice"]].concat())?;
    }
    let (mut node, head) = stopped_chain(config).await?;

    let refused = ["revert", "2", "--chain", &spec, "--base-path", &base];
    let said = fail(&refused)?;
    ensure!(
        said.contains("--unsafe-as-authority"),
        "it does not say what to do: {said}"
    );
    revert_two(
        &mut node,
        head,
        &["--chain", &spec, "--unsafe-as-authority"],
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_holds_no_blocks_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let base = folder.path().join("base").display().to_string();
    let junk = folder.path().join("junk");
    std::fs::write(&junk, [0xff; 100])?;
    let said = fail(&[
        "import-blocks",
        "--dev",
        "--base-path",
        &base,
        &junk.display().to_string(),
    ]);
    ensure!(!said?.is_empty());
    let missing = folder.path().join("missing").display().to_string();
    let said = fail(&["import-blocks", "--dev", "--base-path", &base, &missing])?;
    ensure!(
        said.contains("No such file") || said.contains("missing"),
        "{said}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_is_exported_as_a_spec() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (node, _) = stopped_chain(NodeConfig::new("dev", folder.path()).dev()).await?;
    let base = node.config.base_path.display().to_string();
    let spec = succeed(&["export-state", "--dev", "--base-path", &base])?;
    let json: serde_json::Value = serde_json::from_str(&spec)?;
    ensure!(json["genesis"]["raw"]["top"].is_object(), "no state in it");
    Ok(())
}

#[test]
fn keys_are_made_and_inspected() -> Result<()> {
    let said = succeed(&["key", "inspect", "//Alice", "--output-type", "json"])?;
    let json: serde_json::Value = serde_json::from_str(&said)?;
    let alice = client::account(&dev::alice()).to_string();
    ensure!(json["ss58Address"] == alice.as_str(), "{json}");
    let first = succeed(&["key", "generate", "--output-type", "json"])?;
    let second = succeed(&["key", "generate", "--output-type", "json"])?;
    ensure!(first != second, "the same key twice");
    Ok(())
}

#[test]
fn help_and_version_are_there() -> Result<()> {
    ensure!(succeed(&["--version"])?.contains("hansa"));
    for arguments in [
        &["--help"][..],
        &["network", "up", "--help"],
        &["revert", "--help"],
    ] {
        ensure!(!succeed(arguments)?.is_empty(), "{arguments:?}");
    }
    Ok(())
}
