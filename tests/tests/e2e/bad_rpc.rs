// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Requests that are wrong: each gets a proper error, and the node goes on.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{client, client::UNIT, rpc, rpc::Rpc, Node, NodeConfig};
use serde_json::{json, Value};
use subxt_signer::sr25519::dev;

/// What the SDK's panic hook prints, whatever thread it is in.
const PANIC: &str = "Thread '";

/// The node answers, makes transactions final, and has not panicked.
async fn assert_alive(node: &mut Node) -> Result<()> {
    ensure!(node.is_running(), "the node ended");
    let api = node.client().await?;
    let bob = client::account(&dev::bob());
    client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    ensure!(!node.log().contains(PANIC), "the node panicked");
    Ok(())
}

/// The code of the error in an answer, or in the first one of a batch.
fn code(answer: &str) -> Result<i64> {
    let json: Value = serde_json::from_str(answer).with_context(|| answer.to_string())?;
    let first = json.get(0).unwrap_or(&json);
    first["error"]["code"]
        .as_i64()
        .with_context(|| format!("no error in {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_in_place_of_requests() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let port = node.config.rpc_port;
    let method = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let cases: &[(Vec<u8>, &[i64])] = &[
        (b"hello".to_vec(), &[-32700]),
        (b"{".to_vec(), &[-32700]),
        (b"{}".to_vec(), &[-32600, -32700]),
        (b"[]".to_vec(), &[-32600, -32700]),
        (b"\xff\xfe{".to_vec(), &[-32700]),
        (deep(100_000).into_bytes(), &[-32700, -32600]),
        (method("no_such_method", "[]").into_bytes(), &[-32601]),
        (method("chain_getBlockHash", "[{}]").into_bytes(), &[-32602]),
        (
            method("chain_getBlock", "[\"0x12\"]").into_bytes(),
            &[-32602],
        ),
        (
            method("chain_getBlock", &deep(10_000)).into_bytes(),
            &[-32700, -32600, -32602],
        ),
        (
            method("state_getStorage", "[\"xyz\"]").into_bytes(),
            &[-32602],
        ),
        (method("pbft_proveFinality", "[]").into_bytes(), &[-32602]),
        (
            method("pbft_proveFinality", "[\"latest\"]").into_bytes(),
            &[-32602],
        ),
        (method("pbft_proveFinality", "[-1]").into_bytes(), &[-32602]),
        (
            method("pbft_proveFinality", "[4294967295]").into_bytes(),
            &[20_002],
        ),
        (method("pbft_proveFinality", "[0]").into_bytes(), &[20_003]),
    ];
    for (request, expected) in cases {
        let (status, answer) = rpc::post(port, request).await?;
        let shown: String = String::from_utf8_lossy(request).chars().take(80).collect();
        let code = code(&answer).with_context(|| format!("{shown}: HTTP {status}"))?;
        ensure!(
            expected.contains(&code),
            "{shown}: {code}, not of {expected:?}"
        );
    }
    assert_alive(&mut node).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_too_large() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"author_submitExtrinsic","params":["0x{}"]}}"#,
        "00".repeat(20 * 1024 * 1024)
    );
    let (status, answer) = rpc::post(node.config.rpc_port, body.as_bytes()).await?;
    // 413, or an error of JSON-RPC, or a connection that was closed while we were still writing.
    let refused = status == 413 || status == 0 || code(&answer).is_ok();
    ensure!(refused, "HTTP {status}: {answer}");

    let calls = vec![r#"{"jsonrpc":"2.0","id":1,"method":"system_name"}"#; 50_000].join(",");
    let (status, _) = rpc::post(node.config.rpc_port, format!("[{calls}]").as_bytes()).await?;
    ensure!(status != 500, "a large batch made the server fail");
    assert_alive(&mut node).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_transactions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let rpc = node.rpc().await?;
    for junk in [
        "",
        "0x",
        "0x00",
        "0xzz",
        "0x0",
        "0x1004deadbeef",
        "0xffffffffffffffff",
        "hello",
    ] {
        rpc.call_error("author_submitExtrinsic", vec![json!(junk)])
            .await?;
    }
    for junk in [json!(null), json!(5), json!({}), json!([]), json!(["0x00"])] {
        rpc.call_error("author_submitExtrinsic", vec![junk]).await?;
    }
    for depth in [10, 1_000, 100_000] {
        let nested = nested_batch(&node, depth).await?;
        let params = vec![json!(rpc::hex(&nested))];
        let error = rpc.call_error("author_submitExtrinsic", params).await?;
        ensure!(error.code() != 0, "{error:?}");
    }
    assert_alive(&mut node).await
}

/// An extrinsic with a batch in a batch in a batch …; unsigned, so that it is refused in any case.
async fn nested_batch(node: &Node, depth: usize) -> Result<Vec<u8>> {
    use codec::{Compact, Encode};
    let metadata = node.client().await?.at_current_block().await?.metadata();
    let utility = metadata
        .pallet_by_name("Utility")
        .context("no pallet Utility")?;
    let batch = utility
        .call_variant_by_name("batch")
        .context("no call batch")?
        .index;
    let system = metadata
        .pallet_by_name("System")
        .context("no pallet System")?;
    let remark = system
        .call_variant_by_name("remark")
        .context("no call remark")?
        .index;
    // Version 4, unsigned; then a batch of one, of one, … of a remark.
    let mut call = vec![4];
    for _ in 0..depth {
        call.extend([utility.call_index(), batch]);
        Compact(1u32).encode_to(&mut call);
    }
    call.extend([system.call_index(), remark, 0]);
    Ok(call.encode())
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_that_make_no_sense() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let rpc = node.rpc().await?;
    let nowhere = json!(sp_core::H256::repeat_byte(0xee));
    let cases = [
        ("state_call", vec![json!("No_such_call"), json!("0x")]),
        (
            "state_call",
            vec![json!("Core_execute_block"), json!("0x00")],
        ),
        (
            "state_call",
            vec![
                json!("TaggedTransactionQueue_validate_transaction"),
                json!("0x00"),
            ],
        ),
        ("state_getMetadata", vec![nowhere.clone()]),
        ("state_getStorage", vec![json!("0x00"), nowhere.clone()]),
        ("state_getKeysPaged", vec![json!("0x"), json!(u32::MAX)]),
        (
            "state_queryStorageAt",
            vec![json!(["0x00"]), nowhere.clone()],
        ),
        ("payment_queryInfo", vec![json!("0x00")]),
        ("system_accountNextIndex", vec![json!("nobody")]),
        ("chain_getHeader", vec![json!("0x")]),
        ("pbft_proveFinality", vec![nowhere]),
        ("pbft_proveFinality", vec![json!(1), json!(2), json!(3)]),
        ("pbft_roundState", vec![json!({"a": [1, 2, 3]})]),
    ];
    for (method, params) in cases {
        let lenient = params.len() > 2 || method == "pbft_roundState";
        match rpc.call_error(method, params).await {
            Ok(error) => ensure!(!error.message().is_empty(), "{method}: {error:?}"),
            // More parameters than a method has may be ignored.
            Err(_) if lenient => {}
            Err(error) => return Err(error),
        }
    }
    assert_alive(&mut node).await
}

/// Methods that change the node, with parameters that would do little.
fn unsafe_methods() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("author_rotateKeys", vec![]),
        ("author_removeExtrinsic", vec![json!([])]),
        ("system_peers", vec![]),
    ]
}

/// Whether `rpc` serves each of the unsafe methods.
async fn assert_unsafe(rpc: &Rpc, allowed: bool) -> Result<()> {
    for (method, params) in unsafe_methods() {
        if allowed {
            rpc.call(method, params).await?;
        } else {
            let error = rpc.call_error(method, params).await?;
            ensure!(error.message().contains("unsafe"), "{method}: {error:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unsafe_methods_are_served_only_where_they_are_allowed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (methods, allowed) in [("safe", false), ("unsafe", true)] {
        let config = NodeConfig::new(methods, folder.path()).dev();
        let node = Node::start(config.args(&["--rpc-methods", methods])).await?;
        assert_unsafe(&node.rpc().await?, allowed).await?;
    }
    Ok(())
}
