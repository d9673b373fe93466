// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Runtime upgrades by sudo.

use anyhow::{ensure, Context, Result};
use codec::{Compact, Decode};
use hansa_e2e::{client, client::UNIT, rpc::Rpc, wait_for, wasm, Network, Node, NodeConfig};
use subxt_signer::sr25519::dev;

/// The key under which a chain's state holds its runtime.
const CODE: &[u8] = b":code";

/// What nodes read from the runtime.
async fn spec_version(rpc: &Rpc) -> Result<u32> {
    let version = rpc.call("state_getRuntimeVersion", vec![]).await?;
    let number = version["specVersion"].as_u64();
    Ok(number.with_context(|| format!("no specVersion in {version}"))? as u32)
}

/// What the runtime answers when it is asked: the fourth field of its version.
async fn core_version(rpc: &Rpc) -> Result<u32> {
    type UpToSpecVersion = (String, String, u32, u32);
    Ok(rpc
        .runtime::<UpToSpecVersion>("Core_version", &[], None)
        .await?
        .3)
}

/// The version that ran last, as the runtime noted it in its first block.
async fn last_upgrade(rpc: &Rpc) -> Result<u32> {
    let twox = sp_crypto_hashing::twox_128;
    let key = [twox(b"System"), twox(b"LastRuntimeUpgrade")].concat();
    let noted = rpc.storage(&key).await?.context("no LastRuntimeUpgrade")?;
    Ok(Compact::<u32>::decode(&mut &noted[..])?.0)
}

/// Upgrade the chain of `node` to the next version, and check the outcome from all sides.
async fn upgrade(node: &Node) -> Result<u32> {
    let rpc = node.rpc().await?;
    let old = spec_version(&rpc).await?;
    let code = rpc.storage(CODE).await?.context("no code")?;
    let next = wasm::next_version(&code, old)?;
    // A client that lives through the upgrade, as wallets do.
    let api = node.client().await?;
    client::submit(&api, &client::sudo_set_code(&next), &dev::alice()).await?;
    ensure!(
        rpc.storage(CODE).await? == Some(next),
        "the code is not the new one"
    );

    let receiver = client::account(&client::keypair("//Upgrade"));
    client::submit(&api, &client::transfer(&receiver, UNIT), &dev::alice()).await?;
    ensure!(client::free(&api, &receiver).await? == UNIT);
    ensure!(
        spec_version(&rpc).await? == old + 1,
        "nodes read another version"
    );
    ensure!(
        core_version(&rpc).await? == old + 1,
        "the runtime says another version"
    );
    ensure!(
        last_upgrade(&rpc).await? == old + 1,
        "the runtime did not notice that it is new"
    );
    Ok(old + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_one_is_upgraded_by_sudo_and_starts_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let version = upgrade(&node).await?;
    node.stop()?;
    node.restart().await?;
    let rpc = node.rpc().await?;
    ensure!(spec_version(&rpc).await? == version);
    let api = node.client().await?;
    let bob = client::account(&dev::bob());
    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_and_one_that_joins_later_go_over_together() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let version = upgrade(&network.nodes[0]).await?;
    // One that was not there has to execute the old blocks with the old code.
    network.add_follower("later", &[]).await?;
    let head = network.highest_finalized().await?.number;
    for number in 1..=head {
        network.assert_agree(number).await?;
    }
    for node in &network.nodes {
        let rpc = node.rpc().await?;
        wait_for("the new version", || async {
            Ok(spec_version(&rpc).await? == version)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_is_no_newer_runtime_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let code = rpc.storage(CODE).await?.context("no code")?;
    for bad in [&code[..], b"", b"no wasm at all"] {
        client::submit(&api, &client::sudo_set_code(bad), &dev::alice()).await?;
        // Sudo itself succeeds; the call inside does not, and the code stays.
        ensure!(
            rpc.storage(CODE).await? == Some(code.clone()),
            "the code was replaced"
        );
    }
    let next = wasm::next_version(&code, spec_version(&rpc).await?)?;
    let why = client::submit_to_fail(&api, &client::sudo_set_code(&next), &dev::bob()).await?;
    ensure!(
        why.contains("RequireSudo"),
        "it failed for another reason: {why}"
    );
    Ok(())
}
