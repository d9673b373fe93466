// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A DappChain comes to life: a deployer registers it, and nobody types anything on a node.

use anyhow::{ensure, Context, Result};
use hansa_e2e::{
    client::{self, Client, UNIT},
    network::text,
    ports,
    rpc::Rpc,
    spec, wait_for, wait_for_some, Network,
};
use serde_json::{json, Value as Json};
use sp_core::{crypto::Ss58Codec, ed25519, Pair};
use std::path::{Path, PathBuf};
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::Keypair;

/// The hub's validators, of which four are drawn for the chain.
const NODES: [&str; 5] = ["mika", "nele", "onno", "pia", "rolf"];
/// Who registers the chain, and has funds on both.
const DEPLOYER: &str = "//Deployer//1";
/// What the deployer has on the chain.
const ENDOWMENT: u128 = 1_000_000_000_000_000;
/// The length of an epoch of the hub.
const EPOCH_MS: u64 = 15_000;
/// How long the hub waits for a transaction before it makes a block without.
const IDLE_MS: u64 = 400;
/// How many nodes the chain needs: the fewest.
const NEED: usize = 4;

fn uri(name: &str) -> String {
    format!("//{name}")
}

fn address(keypair: &Keypair) -> String {
    client::account(keypair).to_string()
}

/// `stake.json` with short epochs, all nodes as validators, and funds for all.
fn spec(folder: &Path) -> Result<PathBuf> {
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(IDLE_MS)),
        ("/genesis/sessionLengthMs", json!(EPOCH_MS)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    let mut validators = Vec::new();
    let mut balances = serde_json::Map::new();
    let funds = json!((1_000_000 * UNIT).to_string());
    for name in NODES {
        let account = address(&client::keypair(&uri(name)));
        let pbft = ed25519::Pair::from_string(&uri(name), None)?.public();
        validators.push(json!({
            "account": account,
            "pbft": pbft.to_ss58check(),
            "beacon": account,
            "bond": (200_000 * UNIT).to_string(),
        }));
        balances.insert(account, funds.clone());
    }
    balances.insert(address(&client::keypair(DEPLOYER)), funds);
    let genesis = &mut spec["genesis"];
    genesis["validators"] = json!(validators);
    genesis["validatorCount"] = json!(NODES.len());
    genesis["balances"] = balances.into();
    spec::write(folder, "hub.json", &spec)
}

/// The hub, whose nodes are in the pool and in the network between chains.
struct Hub {
    network: Network,
    rpc: Rpc,
    api: Client,
}

impl Hub {
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let first = ports::free_ports(NODES.len() as u16);
        let dappchains = ports::free_ports(4 * NODES.len() as u16);
        let network = Network::start_nodes(&spec(folder.path())?, &NODES, |name, config| {
            let at = NODES.iter().position(|node| *node == name);
            let at = at.context("it is one of them")? as u16;
            let range = dappchains + 4 * at;
            let config = config
                .session_keys(&uri(name))?
                .arg("--join-pool")
                .arg("--interchain-port")
                .arg(first + at)
                .arg("--dappchain-ports")
                .arg(format!("{range}-{}", range + 3));
            // All know the first.
            let known = format!("/ip4/127.0.0.1/tcp/{first}");
            Ok(match at {
                0 => config,
                _ => config.arg("--interchain-bootnodes").arg(known),
            })
        })
        .await?;
        let rpc = network.nodes[0].rpc().await?;
        let api = network.nodes[0].client().await?;
        Ok(Self { network, rpc, api })
    }

    async fn chain(&self) -> Result<Json> {
        self.rpc.call("dappChains_get", vec![json!("shop")]).await
    }

    async fn epoch(&self) -> Result<u64> {
        let epoch = self.rpc.call("beacon_epoch", vec![]).await?;
        epoch["epoch"].as_u64().context("a number")
    }

    /// Wait for at most so many epochs until `probe` says yes.
    async fn within<F, Fut>(&self, epochs: u64, what: &str, probe: F) -> Result<()>
    where
        F: Fn() -> Fut,
        Fut: std::future::Future<Output = Result<bool>>,
    {
        let first = self.epoch().await?;
        for last in first..=first + epochs {
            let done = wait_for_some(what, || async {
                let over = self.epoch().await? > last;
                let done = probe().await?;
                Ok((done || over).then_some(done))
            })
            .await?;
            if done {
                println!("epoch {last}: {what}");
                return Ok(());
            }
        }
        anyhow::bail!(
            "waited {epochs} epochs in vain for {what}: {}",
            self.chain().await?
        )
    }

    /// What each node says of the chain in its process; null from those that have none.
    async fn services(&self) -> Result<Vec<Json>> {
        let mut services = Vec::new();
        for node in &self.network.nodes {
            let chains = node.rpc().await?.call("hansa_chains", vec![]).await?;
            services.push(chains[0].clone());
        }
        Ok(services)
    }
}

/// The deployer stores the standard runtime on the hub, and registers a chain of it.
async fn register(hub: &Hub) -> Result<()> {
    let deployer = client::keypair(DEPLOYER);
    let code = hansa_runtime_dappchain::WASM_BINARY.context("the runtime was not built")?;
    let note = dynamic::tx("Preimage", "note_preimage", vec![Value::from_bytes(code)]);
    client::submit(&hub.api, &note, &deployer).await?;
    let patch = json!({ "balances": { "balances": [[address(&deployer), ENDOWMENT]] } });
    let fields = vec![
        Value::from_bytes("shop"),
        Value::u128(NEED as u128),
        Value::unnamed_variant(
            "Stored",
            [Value::from_bytes(sp_crypto_hashing::blake2_256(code))],
        ),
        Value::from_bytes(patch.to_string()),
        Value::from_bytes(r#"{"tokenSymbol":"SHOP","tokenDecimals":12}"#),
        Value::unnamed_variant("None", []),
        Value::u128(1_000_000 * UNIT),
    ];
    let register = dynamic::tx("DappChains", "register", fields);
    client::submit(&hub.api, &register, &deployer).await?;
    Ok(())
}

/// The founders' processes confirm the genesis and run the chain, which makes blocks.
async fn comes_to_life(hub: &Hub) -> Result<Vec<usize>> {
    hub.within(8, "the chain to be live", || async {
        Ok(hub.chain().await?["state"] == "live")
    })
    .await?;
    let genesis = text(&hub.chain().await?, "genesis")?;
    wait_for("four processes to run it", || async {
        let runs = |service: &Json| service["state"] == "running" && service["inSet"] == true;
        Ok(hub.services().await?.iter().filter(|s| runs(s)).count() == NEED)
    })
    .await?;
    wait_for("its third block on each", || async {
        let services = hub.services().await?;
        let members = services.iter().filter(|service| !service.is_null());
        let heights: Vec<_> = members.map(|service| service["height"].as_u64()).collect();
        Ok(heights.iter().all(|height| *height >= Some(3)))
    })
    .await?;
    let mut members = Vec::new();
    for (i, service) in hub.services().await?.iter().enumerate() {
        if !service.is_null() {
            ensure!(service["genesis"] == json!(genesis), "{service}");
            members.push(i);
        }
    }
    Ok(members)
}

/// Where clients reach the chain in a member's process, as it tells.
async fn url(hub: &Hub, member: usize) -> Result<String> {
    let rpc = hub.network.nodes[member].rpc().await?;
    let chains = rpc.call("hansa_chains", vec![]).await?;
    let port = chains[0]["rpcPort"].as_u64().context("a port")?;
    Ok(format!("ws://127.0.0.1:{port}"))
}

async fn pay(url: &str, nonce_is: u64) -> Result<()> {
    let api = Client::from_insecure_url(url).await?;
    let deployer = client::keypair(DEPLOYER);
    ensure!(client::nonce(&api, &deployer).await? == nonce_is, "nonce");
    let to = client::account(&client::keypair("//Customer"));
    client::submit(&api, &client::transfer(&to, UNIT / 1_000), &deployer).await?;
    let paid = UNIT / 1_000 * u128::from(nonce_is + 1);
    ensure!(client::free(&api, &to).await? == paid, "it arrived");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_registered_and_lives() -> Result<()> {
    let mut hub = Hub::start().await?;
    hub.within(6, "all to be veterans in the pool", || async {
        for name in NODES {
            let account = address(&client::keypair(&uri(name)));
            let node = hub
                .rpc
                .call("allocation_node", vec![json!(account)])
                .await?;
            if node["veteran"] != true {
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await?;
    register(&hub).await?;
    let members = comes_to_life(&hub).await?;
    pay(&url(&hub, members[0]).await?, 0).await?;

    // One of them dies: the others go on. It comes back, and resumes by itself, at the same ports.
    let victim = *members.last().context("there are four")?;
    let before = url(&hub, victim).await?;
    hub.network.nodes[victim].kill();
    pay(&url(&hub, members[1]).await?, 1).await?;
    hub.network.nodes[victim].restart().await?;
    wait_for("the node to run its chain again", || async {
        let rpc = hub.network.nodes[victim].rpc().await?;
        let chains = rpc.call("hansa_chains", vec![]).await?;
        Ok(chains[0]["state"] == "running" && chains[0]["inSet"] == true)
    })
    .await?;
    ensure!(url(&hub, victim).await? == before, "other ports");
    pay(&before, 2).await
}
