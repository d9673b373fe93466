// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `docs/guides/custom-chain.md`: its commands put a chain with a pallet of one's own on a hub.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    binary,
    client::{self, Client, UNIT},
    network::text,
    process,
    rpc::Rpc,
    spec, wait_for, Launcher,
};
use serde_json::json;
use std::{process::Command, time::Duration};
use subxt::{
    dynamic::{self, Value},
    ext::scale_decode::DecodeAsType,
};
use subxt_signer::sr25519::dev;

/// How many nodes the chain needs, and the hub has: each is drawn.
const NODES: u128 = 4;

/// The ports that these take from the base port on.
const PORTS: u16 = 50;

/// The length of an epoch of the hub.
const EPOCH_MS: u64 = 12_000;

/// How much CPU time a runtime may take to build its genesis. The example's needs three to ten seconds, by the machine: nearly all of
/// it is for compiling it.
const GENESIS_LIMIT_S: u64 = 30;

/// How long the commands may take: a build of a runtime, and some epochs.
const TIMEOUT: Duration = Duration::from_secs(1_800);

/// A name, as the pallet stores it.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Entry {
    owner: [u8; 32],
    record: Vec<u8>,
}

/// All commands of the guide that are marked to be run, in their order.
fn commands() -> Result<String> {
    let path = binary::repository().join("docs/guides/custom-chain.md");
    let guide = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let blocks = guide.split("\n```sh\n# run\n").skip(1);
    let commands: Vec<_> = blocks
        .map(|block| block.split("\n```").next().unwrap_or_default())
        .collect();
    ensure!(
        commands.len() >= 5,
        "the guide has few commands: {commands:?}"
    );
    Ok(commands.join("\n"))
}

/// A hub whose nodes are in the pool, as the guide starts it, with idle blocks and epochs as there.
async fn start() -> Result<Launcher> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(400)),
        ("/genesis/sessionLengthMs", json!(EPOCH_MS)),
    ];
    let spec = spec::edited(folder.path(), "stake.json", &edits)?;
    let (spec, limit) = (spec.display().to_string(), GENESIS_LIMIT_S.to_string());
    let node_args = ["--", "--dappchain-genesis-limit", &limit];
    let arguments = [&["--pool", "--chain", &spec][..], &node_args].concat();
    Launcher::up(&arguments, PORTS).await
}

async fn follow_the_guide(hub: &Launcher) -> Result<String> {
    let mut command = Command::new("bash");
    let folder = binary::hansa()
        .parent()
        .context("it is in a folder")?
        .to_path_buf();
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .args(["-euo", "pipefail", "-c", &commands()?])
        .current_dir(binary::repository())
        .env("PATH", format!("{}:{path}", folder.display()))
        .env("HUB", hub.urls()?[0].replacen("ws", "http", 1));
    let output = tokio::task::spawn_blocking(|| process::run_command(command, TIMEOUT)).await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    ensure!(
        output.status.success(),
        "the guide's commands end with {}",
        output.status
    );
    Ok(said)
}

/// A runtime that never answers: each of its functions is a loop.
fn endless() -> Vec<u8> {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    let mut section = |id: u8, content: &[u8]| {
        wasm.extend([id, content.len() as u8]);
        wasm.extend(content);
    };
    // A function of two i32, a pointer and a length, to an i64.
    section(1, &[1, 0x60, 2, 0x7f, 0x7f, 1, 0x7e]);
    // The memory is the host's, of at least one page.
    section(2, b"\x01\x03env\x06memory\x02\0\x01");
    section(3, &[1, 0]);
    // An i32 that is 1,024: where the heap begins.
    section(6, &[1, 0x7f, 0, 0x41, 0x80, 0x08, 0x0b]);
    let mut exports = vec![4, 11];
    exports.extend(b"__heap_base\x03\0");
    for function in [
        "Core_version",
        "GenesisBuilder_get_preset",
        "GenesisBuilder_build_state",
    ] {
        exports.push(function.len() as u8);
        exports.extend(function.as_bytes());
        exports.extend([0, 0]);
    }
    section(7, &exports);
    // loop, branch to its beginning, end; unreachable, end.
    section(10, &[1, 8, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0, 0x0b]);
    wasm
}

/// Somebody registers a chain whose runtime never ends. The registry reads no code, so it takes it.
async fn register_endless(hub: &Launcher) -> Result<()> {
    let (api, ferdie) = (
        Client::from_insecure_url(&hub.urls()?[0]).await?,
        dev::ferdie(),
    );
    let code = endless();
    let note = dynamic::tx("Preimage", "note_preimage", vec![Value::from_bytes(&code)]);
    client::submit(&api, &note, &ferdie).await?;
    let hash = sp_crypto_hashing::blake2_256(&code);
    let fields = vec![
        Value::from_bytes("endless"),
        Value::u128(NODES),
        Value::unnamed_variant("Stored", [Value::from_bytes(hash)]),
        Value::from_bytes(""),
        Value::from_bytes(""),
        Value::unnamed_variant("None", []),
        Value::u128(1_000_000 * UNIT),
    ];
    let register = dynamic::tx("DappChains", "register", fields);
    client::submit(&api, &register, &ferdie).await?;
    Ok(())
}

/// Its founders gave it up, and what tried it out is gone.
async fn endless_is_given_up(hub: &Launcher) -> Result<()> {
    let given_up = format!("its runtime did not build it in {GENESIS_LIMIT_S} s of CPU time");
    for node in hub.nodes()? {
        let log = text(node, "log")?;
        wait_for("a founder to give it up", || async {
            Ok(std::fs::read_to_string(&log)?.contains(&given_up))
        })
        .await?;
    }
    let rpc = Rpc::connect(&hub.urls()?[0]).await?;
    wait_for("the hub to dissolve it", || async {
        let chains = rpc
            .call("dappChains_list", vec![json!(1), json!(10)])
            .await?;
        Ok(!chains.to_string().contains("endless"))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_makes_a_chain_with_a_pallet_of_ones_own() -> Result<()> {
    let hub = start().await?;
    // A bad one comes before it in the queue for nodes.
    register_endless(&hub).await?;
    let said = follow_the_guide(&hub).await?;
    ensure!(said.contains("hansa: the league"), "{said}");
    endless_is_given_up(&hub).await?;

    // Another client finds the same in the final state of every node.
    for url in hub.urls()? {
        let rpc = Rpc::connect(&url).await?;
        let chains = rpc.call("hansa_chains", vec![]).await?;
        let port = chains[0]["rpcPort"].as_u64().context("a port")?;
        let api = Client::from_insecure_url(format!("ws://127.0.0.1:{port}")).await?;
        wait_for("the name", || async {
            let at = api.at_current_block().await?;
            let names = dynamic::storage::<(Vec<u8>,), Entry>("Names", "Names");
            let entry = at.storage().try_fetch(names, (b"hansa".to_vec(),)).await?;
            let Some(entry) = entry else { return Ok(false) };
            let entry = entry.decode()?;
            let eve = client::account(&dev::eve());
            ensure!(
                entry.record == b"the league" && entry.owner == eve.0,
                "{entry:?}"
            );
            Ok(true)
        })
        .await?;
    }
    Ok(())
}

#[test]
fn what_founders_would_refuse_is_found_before_it_costs_anything() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let patch = folder.path().join("patch.json").display().to_string();
    let check = |text: &str, code: &[&str]| -> Result<_> {
        std::fs::write(&patch, text)?;
        let arguments = ["dappchain", "check", "--name", "shop", "--patch", &patch];
        let output = process::run_on_chain(&[&arguments[..], code].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok((output.status.success(), said))
    };
    // The standard runtime is what is left out.
    let (good, said) = check(r#"{ "pbft": { "admin": null } }"#, &[])?;
    ensure!(good && said.contains("builds a genesis"), "{said}");
    for (bad, why) in [
        (
            r#"{ "session": { "keys": [] } }"#,
            "`session`, which follows from the hub's record",
        ),
        (r#"{ "balance": {} }"#, "unknown field `balance`"),
        ("[]", "no JSON object"),
    ] {
        let (good, said) = check(bad, &[])?;
        ensure!(!good && said.contains(why), "{bad}: {said}");
    }
    let (good, said) = check("{}", &["--code", &patch])?;
    ensure!(!good && said.contains("there is no genesis"), "{said}");
    let (good, said) = check("{}", &["--code", "/no/such.wasm"])?;
    ensure!(
        !good && said.contains("/no/such.wasm: No such file"),
        "{said}"
    );
    Ok(())
}
