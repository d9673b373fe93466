// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The examples of `docs/RPC.md` are run.

use anyhow::{bail, ensure, Context, Result};
use hansa_e2e::{binary, rpc, Network};
use serde_json::{Deserializer, Value};

/// A request of the page, and the answer that stands after it.
struct Example {
    request: Value,
    answer: Value,
}

/// All JSON objects in the page's code blocks, in order.
fn objects(page: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let mut rest = block;
        while let Some(at) = rest.find('{') {
            let mut stream = Deserializer::from_str(&rest[at..]).into_iter::<Value>();
            match stream.next() {
                Some(Ok(object)) => {
                    rest = &rest[at + stream.byte_offset()..];
                    found.push(object);
                }
                _ => rest = &rest[at + 1..],
            }
        }
    }
    found
}

/// Requests (objects with `method` and `id`), each with the first answer (`result` or `error`) that
/// follows it.
fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut request: Option<Value> = None;
    for object in objects(page) {
        if object.get("method").is_some() && object.get("id").is_some() {
            request = Some(object);
        } else if object.get("result").is_some() || object.get("error").is_some() {
            examples.extend(request.take().map(|request| Example {
                request,
                answer: object,
            }));
        }
    }
    examples
}

/// Check that `found` has the form of `expected`: the same fields, the same types, all the way
/// down. Null stands for anything: it is what a field may be at times.
fn assert_form(path: &str, expected: &Value, found: &Value) -> Result<()> {
    match (expected, found) {
        (Value::Null, _) | (_, Value::Null) => Ok(()),
        (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => Ok(()),
        (Value::Array(expected), Value::Array(found)) => {
            let Some(first) = expected.first() else {
                return Ok(());
            };
            found
                .iter()
                .try_for_each(|item| assert_form(&format!("{path}[]"), first, item))
        }
        (Value::Object(expected), Value::Object(found)) => {
            let (e, f): (Vec<_>, Vec<_>) = (expected.keys().collect(), found.keys().collect());
            ensure!(
                e.len() == f.len() && e.iter().all(|key| found.contains_key(*key)),
                "{path}: the page has the fields {e:?}, the node {f:?}"
            );
            expected.iter().try_for_each(|(key, value)| {
                assert_form(&format!("{path}.{key}"), value, &found[key])
            })
        }
        _ => bail!("{path}: the page has {expected}, the node {found}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_example_is_answered_as_the_page_says() -> Result<()> {
    let path = binary::repository().join("docs/RPC.md");
    let page = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let examples = examples(&page);
    for method in [
        "pbft_roundState",
        "pbft_proveFinality",
        "pbft_subscribeJustifications",
        "staking_ledger",
        "staking_expectedReward",
        "staking_currentSet",
        "staking_nextSet",
        "beacon_epoch",
        "beacon_duty",
        "allocation_status",
        "allocation_node",
        "hansa_pool",
        "hansa_chains",
        "allocation_chains",
        "allocation_members",
        "dappChains_quote",
        "dappChains_list",
        "dappChains_get",
        "dappChains_hardLimit",
        "interchain_chain",
        "interchain_routes",
        "interchain_route",
        "interchain_packets",
        "interchain_results",
        "interchain_quote",
        "interchain_proof",
        "interchain_addressOf",
        "interchain_accountOf",
    ] {
        let shown = examples.iter().any(|e| e.request["method"] == method);
        ensure!(shown, "the page has no example of {method}");
    }
    let network = Network::local(&[]).await?;
    network.wait_finalized(2).await?;
    let node = &network.nodes[0];
    let rpc = node.rpc().await?;
    for Example { request, answer } in examples {
        let method = request["method"].as_str().context("a method is a string")?;
        if let Some(subscribe) = method.strip_prefix("pbft_subscribe") {
            // Over HTTP a subscription is refused; the first item is what counts.
            let unsubscribe = format!("pbft_unsubscribe{subscribe}");
            let mut stream = rpc.subscribe(method, vec![], &unsubscribe).await?;
            let item = tokio::time::timeout(hansa_e2e::wait::DEADLINE, stream.next()).await?;
            item.context("the stream ended")??;
            continue;
        }
        let body = serde_json::to_vec(&request)?;
        let (_, text) = rpc::post(node.config.rpc_port, &body).await?;
        let found: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        if let Some(error) = answer.get("error") {
            ensure!(
                found["error"]["code"] == error["code"],
                "{request}: {found}"
            );
        } else {
            assert_form(method, &answer["result"], &found["result"])
                .with_context(|| format!("{request}: {found}"))?;
            ensure!(found.get("error").is_none(), "{request}: {found}");
        }
    }
    Ok(())
}
