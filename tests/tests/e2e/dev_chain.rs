// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain of one, through `subxt`.

use anyhow::{ensure, Result};
use codec::Decode;
use hansa_e2e::{client, client::UNIT, spec, wait_for_some, Node, NodeConfig};
use serde_json::json;
use std::time::{Duration, Instant};
use subxt_signer::sr25519::dev;

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_becomes_final_and_changes_balances() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let api = node.client().await?;
    // Not Alice: she is the author, and gets the fees of her own transactions back.
    let (bob, charlie) = (
        client::account(&dev::bob()),
        client::account(&dev::charlie()),
    );
    let before = (
        client::free(&api, &bob).await?,
        client::free(&api, &charlie).await?,
    );

    let sent = 5 * UNIT;
    let included = client::submit(&api, &client::transfer(&charlie, sent), &dev::bob()).await?;

    let at = api.at_block(subxt::utils::H256(included.block.0)).await?;
    let after = (
        client::free_at(&at, &bob).await?,
        client::free_at(&at, &charlie).await?,
    );
    ensure!(
        after.1 == before.1 + sent,
        "the receiver has {} after {}",
        after.1,
        before.1
    );
    let fee = before.0 - sent - after.0;
    ensure!(fee > 0 && fee < UNIT, "a fee of {fee}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_done_as_a_whole_or_not_at_all() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let api = node.client().await?;
    let receivers = ["//Batch//1", "//Batch//2", "//Batch//3"].map(client::keypair);
    let receivers = receivers.each_ref().map(client::account);

    let good = receivers
        .iter()
        .map(|to| client::transfer_value(to, 3 * UNIT))
        .collect();
    client::submit(&api, &client::batch_all(good), &dev::alice()).await?;
    for receiver in &receivers {
        ensure!(client::free(&api, receiver).await? == 3 * UNIT);
    }

    // The second transfer exceeds what Bob has, so the first is undone as well.
    let amounts = [UNIT, 10u128.pow(30)];
    let bad = amounts
        .map(|amount| client::transfer_value(&receivers[0], amount))
        .to_vec();
    let why = client::submit_to_fail(&api, &client::batch_all(bad), &dev::bob()).await?;
    ensure!(
        why.contains("Underflow"),
        "it failed for another reason: {why}"
    );
    ensure!(client::free(&api, &receivers[0]).await? == 3 * UNIT);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_served_in_versions_14_to_16() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let rpc = node.rpc().await?;
    let versions: Vec<u32> = rpc.runtime("Metadata_metadata_versions", &[], None).await?;
    for version in 14u32..=16 {
        ensure!(
            versions.contains(&version),
            "no version {version} among {versions:?}"
        );
        let encoded: Option<Vec<u8>> = rpc
            .runtime("Metadata_metadata_at_version", &version.to_le_bytes(), None)
            .await?;
        let encoded = encoded.unwrap_or_default();
        ensure!(
            encoded.starts_with(b"meta"),
            "version {version} is no metadata"
        );
        ensure!(
            u32::from(encoded[4]) == version,
            "version {} for {version}",
            encoded[4]
        );
    }

    let api = node.client().await?;
    let metadata = api.at_current_block().await?.metadata();
    let pallets = [
        "System",
        "Timestamp",
        "Balances",
        "TransactionPayment",
        "Session",
        "Historical",
        "Authorship",
        "Sudo",
        "Utility",
        "Multisig",
        "Proxy",
        "Preimage",
        "Scheduler",
        "Pbft",
    ];
    for pallet in pallets {
        // The pallet that keeps old sessions has neither calls nor events; metadata lists it
        // nevertheless.
        ensure!(
            metadata.pallet_by_name(pallet).is_some(),
            "no pallet {pallet}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_block_is_always_final_and_has_no_siblings() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let mut heads = rpc
        .subscribe(
            "chain_subscribeAllHeads",
            vec![],
            "chain_unsubscribeAllHeads",
        )
        .await?;
    let sender = tokio::spawn(async move {
        let bob = client::account(&dev::bob());
        for _ in 0..5 {
            client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
        }
        anyhow::Ok(())
    });
    let mut last = None;
    for _ in 0..5 {
        let head = tokio::time::timeout(hansa_e2e::wait::DEADLINE, heads.next()).await?;
        let Some(head) = head.transpose()? else {
            anyhow::bail!("the subscription ended")
        };
        let number = hansa_e2e::rpc::number_of(&head)?;
        let finalized = rpc.finalized().await?;
        ensure!(
            finalized.number >= number,
            "block {number} is seen, {finalized:?} is final"
        );
        if let Some(last) = last {
            ensure!(number == last + 1, "block {number} after {last}");
        }
        last = Some(number);
    }
    sender.await?
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chain_is_quiet_and_a_transaction_wakes_it() -> Result<()> {
    const IDLE: Duration = Duration::from_secs(100);
    let folder = tempfile::tempdir()?;
    let idle = json!(IDLE.as_millis() as u64);
    let spec = spec::edited(
        folder.path(),
        "dev.json",
        &[("/genesis/timing/idleIntervalMs", idle)],
    )?;
    let config = NodeConfig::new("dev", folder.path())
        .chain(spec)
        .validator("alice");
    let node = Node::start(config).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let bob = client::account(&dev::bob());

    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    let start = Instant::now();
    let quiet = rpc.best().await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let still = rpc.best().await?;
    ensure!(
        still == quiet,
        "an idle chain went from {quiet:?} to {still:?}"
    );

    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    ensure!(
        start.elapsed() < IDLE,
        "the transaction waited for the idle interval"
    );
    ensure!(rpc.best().await?.number == quiet.number + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_chain_makes_a_block_once_the_idle_interval_is_over() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [("/genesis/timing/idleIntervalMs", json!(1500))];
    let spec = spec::edited(folder.path(), "dev.json", &edits)?;
    let config = NodeConfig::new("dev", folder.path())
        .chain(spec)
        .validator("alice");
    let node = Node::start(config).await?;
    let rpc = node.rpc().await?;
    let first = node.wait_finalized(1).await?;
    node.wait_finalized(first.number + 3).await?;
    // No transaction was sent, so nothing but inherents is in there.
    let hash = rpc
        .block_hash(first.number + 2)
        .await?
        .expect("it is final");
    ensure!(!rpc
        .extrinsics(hash)
        .await?
        .iter()
        .any(|extrinsic| is_signed(extrinsic)));
    Ok(())
}

/// Whether an encoded extrinsic is signed: the first bit of the byte after its length.
fn is_signed(extrinsic: &[u8]) -> bool {
    let mut input = extrinsic;
    let _length = codec::Compact::<u32>::decode(&mut input);
    input.first().is_some_and(|version| version & 0x80 != 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_wait_for_each_other_all_become_final() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let receiver = client::account(&client::keypair("//Many"));
    let call = client::transfer(&receiver, UNIT);
    let nonce = client::nonce(&api, &dev::alice()).await?;
    // Sent in the wrong order: all but the last have to wait in the pool.
    for nonce in (nonce..nonce + 20).rev() {
        let transaction = client::sign_with_nonce(&api, &call, &dev::alice(), nonce).await?;
        rpc.call(
            "author_submitExtrinsic",
            vec![json!(hansa_e2e::rpc::hex(&transaction))],
        )
        .await?;
    }
    wait_for_some("20 transfers to be final", || async {
        Ok((client::free(&api, &receiver).await? == 20 * UNIT).then_some(()))
    })
    .await
}
