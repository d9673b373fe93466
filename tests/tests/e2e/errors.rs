// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The errors that a client gets for transactions that cannot be.

use anyhow::{ensure, Result};
use hansa_e2e::{client, client::UNIT, rpc, rpc::Rpc, wait_for_some, Node, NodeConfig};
use serde_json::json;
use subxt_signer::sr25519::dev;

/// The pool's code for a transaction that the runtime calls invalid.
const INVALID: i32 = 1010;

/// Submit bytes that must be refused with code 1010, and check what the error says.
async fn assert_invalid(rpc: &Rpc, transaction: &[u8], reason: &str) -> Result<()> {
    let params = vec![json!(rpc::hex(transaction))];
    let error = rpc.call_error("author_submitExtrinsic", params).await?;
    ensure!(error.code() == INVALID, "not {INVALID}: {error:?}");
    let text = format!("{} {:?}", error.message(), error.data());
    ensure!(text.contains(reason), "`{reason}` is not in: {text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_nonce_is_refused_and_a_later_one_waits() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let receiver = client::account(&client::keypair("//Nonce"));
    let call = client::transfer(&receiver, UNIT);
    client::submit(&api, &call, &dev::alice()).await?;
    let nonce = client::nonce(&api, &dev::alice()).await?;

    let stale = client::sign_with_nonce(&api, &call, &dev::alice(), nonce - 1).await?;
    assert_invalid(&rpc, &stale, "outdated").await?;

    // One nonce is missing: the pool holds the transaction, no block has it.
    let later = client::sign_with_nonce(&api, &call, &dev::alice(), nonce + 1).await?;
    let later = vec![json!(rpc::hex(&later))];
    let mut watch = rpc
        .subscribe(
            "author_submitAndWatchExtrinsic",
            later.clone(),
            "author_unwatchExtrinsic",
        )
        .await?;
    let first = watch.next().await.transpose()?;
    ensure!(
        first == Some(json!("future")),
        "its first status is {first:?}"
    );
    // The same transaction once more is known already.
    let known = rpc.call_error("author_submitExtrinsic", later).await?;
    ensure!(known.code() == 1013, "{known:?}");

    let missing = client::sign_with_nonce(&api, &call, &dev::alice(), nonce).await?;
    rpc.call("author_submitExtrinsic", vec![json!(rpc::hex(&missing))])
        .await?;
    wait_for_some("both transfers to be final", || async {
        Ok((client::free(&api, &receiver).await? == 3 * UNIT).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_signature_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let bob = client::account(&dev::bob());
    let call = client::transfer(&bob, UNIT);
    let nonce = client::nonce(&api, &dev::alice()).await?;
    let mut good = client::sign_with_nonce(&api, &call, &dev::alice(), nonce).await?;
    // The amount is the last thing in a transfer; the signature does not cover the changed one.
    if let Some(last) = good.last_mut() {
        *last ^= 1;
    }
    assert_invalid(&rpc, &good, "bad signature").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_pay_the_fee_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let (api, rpc) = (node.client().await?, node.rpc().await?);
    let poor = client::keypair("//Poor");
    let call = client::transfer(&client::account(&dev::bob()), UNIT);
    let transaction = client::sign_with_nonce(&api, &call, &poor, 0).await?;
    assert_invalid(&rpc, &transaction, "balance too low").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_of_more_than_one_has_fails_in_its_block() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let api = node.client().await?;
    let call = client::transfer(&client::account(&dev::bob()), 10u128.pow(30));
    let why = client::submit_to_fail(&api, &call, &dev::charlie()).await?;
    ensure!(
        why.contains("Underflow"),
        "it failed for another reason: {why}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_another_chain_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let here = Node::start(NodeConfig::new("here", folder.path()).dev()).await?;
    let poa = hansa_e2e::binary::chain_spec("poa.json");
    let there = Node::start(NodeConfig::new("there", folder.path()).chain(poa)).await?;
    let call = client::transfer(&client::account(&dev::bob()), UNIT);
    let foreign = there.client().await?;
    let transaction = client::sign_with_nonce(&foreign, &call, &dev::alice(), 0).await?;
    assert_invalid(&here.rpc().await?, &transaction, "bad signature").await
}
