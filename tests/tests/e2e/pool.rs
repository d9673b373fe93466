// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node pool and the registry: nodes join by themselves, are drawn for the chains that two deployers
//! register, serve, and go round. What founders and joining nodes sign is signed here: no node builds a
//! DappChain yet.

use anyhow::{bail, ensure, Context, Result};
use hansa_allocation_primitives::{confirm::confirm_payload, Head};
use hansa_dappchain_primitives::genesis;
use hansa_e2e::{
    client::{self, Account, Client, UNIT},
    network::text,
    rpc::Rpc,
    spec, wait_for, wait_for_some, Network,
};
use serde_json::{json, Value as Json};
use sp_core::{crypto::Ss58Codec, ed25519, sr25519, Pair, H256};
use std::path::{Path, PathBuf};
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::Keypair;

/// The hub's validators, all of the same weight. They make blocks, so they are veterans.
const VETERANS: [&str; 7] = ["alice", "bob", "charlie", "dave", "eve", "ferdie", "one"];
/// The node that comes later, and makes no blocks of the hub before it serves.
const NEW: &str = "two";
/// Two deployers, who run no nodes.
const DEPLOYERS: [&str; 2] = ["//Deployer//1", "//Deployer//2"];
/// How many nodes each chain needs: the fewest.
const NEED: usize = 4;
/// The names of the chains, whose ids are 1, 2 and 3.
const CHAINS: [&str; 3] = ["shop", "bank", "game"];
/// How long a turn is: the shortest that there is.
const TERM_SECONDS: u32 = 60;
/// The length of an epoch; a block takes half a second, so there are some ten for each duty.
const EPOCH_MS: u64 = 20_000;
/// What stands for the code of a chain.
const CODE: &[u8] = b"a runtime";

/// The secret URI of a development account.
fn uri(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("//{}{rest}", first.to_uppercase())
}

fn keypair(name: &str) -> Keypair {
    client::keypair(&uri(name))
}

fn address(name: &str) -> String {
    client::account(&keypair(name)).to_string()
}

/// `stake.json` with short epochs, all [`VETERANS`] as validators, and funds for all.
fn spec(folder: &Path) -> Result<PathBuf> {
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(500)),
        ("/genesis/sessionLengthMs", json!(EPOCH_MS)),
    ];
    let mut spec = spec::edit("stake.json", &edits)?;
    let mut validators = Vec::new();
    for name in VETERANS {
        let pbft = ed25519::Pair::from_string(&uri(name), None)?.public();
        validators.push(json!({
            "account": address(name),
            "pbft": pbft.to_ss58check(),
            "beacon": address(name),
            "bond": (200_000 * UNIT).to_string(),
        }));
    }
    let genesis = &mut spec["genesis"];
    genesis["validators"] = json!(validators);
    genesis["validatorCount"] = json!(VETERANS.len());
    let accounts = VETERANS.into_iter().chain([NEW]).map(address);
    let deployers = DEPLOYERS.map(|uri| client::account(&client::keypair(uri)).to_string());
    let funds = json!((1_000_000 * UNIT).to_string());
    genesis["balances"] = accounts
        .chain(deployers)
        .map(|account| (account, funds.clone()))
        .collect();
    spec::write(folder, "pool.json", &spec)
}

/// The hub, as its clients see it.
struct Hub {
    network: Network,
    rpc: Rpc,
    api: Client,
}

impl Hub {
    /// A network of [`VETERANS`] that were told to join the pool.
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let network = Network::start(&spec(folder.path())?, &VETERANS, &["--join-pool"]).await?;
        let (rpc, api) = (
            network.nodes[0].rpc().await?,
            network.nodes[0].client().await?,
        );
        Ok(Self { network, rpc, api })
    }

    async fn call(&self, method: &str, params: &[Json]) -> Result<Json> {
        self.rpc.call(method, params.to_vec()).await
    }

    /// Where a node is, or null.
    async fn node(&self, name: &str) -> Result<Json> {
        self.call("allocation_node", &[json!(address(name))]).await
    }

    async fn chain(&self, id: u32) -> Result<Json> {
        self.call("allocation_chain", &[json!(id)]).await
    }

    async fn state(&self, chain: &str) -> Result<String> {
        text(
            &self.call("dappChains_get", &[json!(chain)]).await?,
            "state",
        )
    }

    /// How many nodes the chains have.
    async fn filled(&self) -> Result<Vec<u64>> {
        let chains = self
            .call("allocation_chains", &[json!(1), json!(10)])
            .await?;
        let chains = chains.as_array().context("a list")?;
        let nodes = chains.iter().map(|chain| chain["nodes"].as_u64());
        nodes.collect::<Option<_>>().context("numbers of nodes")
    }

    /// The names of a chain's members in a phase.
    async fn members(&self, chain: u32, phase: &str) -> Result<Vec<&'static str>> {
        let params = [json!(chain), json!(0), json!(100)];
        let members = self.call("allocation_members", &params).await?;
        let members = members.as_array().context("a list")?;
        let all = VETERANS.into_iter().chain([NEW]);
        let is_there = |name: &&str| {
            let account = json!(address(name));
            let mut members = members.iter();
            members.any(|member| member["account"] == account && member["phase"] == phase)
        };
        Ok(all.filter(is_there).collect())
    }

    async fn epoch(&self) -> Result<u64> {
        let epoch = self.call("beacon_epoch", &[]).await?;
        epoch["epoch"].as_u64().context("a number")
    }

    /// Wait until `probe` yields something, for at most so many epochs: each may take as long as anything
    /// may.
    async fn within<T, F, Fut>(&self, epochs: u64, what: &str, probe: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: std::future::Future<Output = Result<Option<T>>>,
    {
        let first = self.epoch().await?;
        for last in first..=first + epochs {
            let found = wait_for_some(what, || async {
                let over = self.epoch().await? > last;
                let found = probe().await?;
                Ok((found.is_some() || over).then_some(found))
            })
            .await?;
            if let Some(found) = found {
                println!("epoch {last}: {what}");
                return Ok(found);
            }
        }
        bail!(
            "waited {epochs} epochs in vain for {what}; chains: {}",
            self.call("allocation_chains", &[json!(1), json!(10)])
                .await?
        )
    }

    /// Wait until the draw by the ids of an epoch is over, not before epoch `first`, in which all of so many
    /// nodes have revealed.
    async fn full_draw(&self, first: u64, nodes: u64) -> Result<()> {
        let epoch = self
            .within(4, "all to reveal", || async {
                let epoch = self.call("beacon_epoch", &[]).await?;
                let number = epoch["epoch"].as_u64().context("a number")?;
                let all_did = number >= first && epoch["revealed"] == nodes;
                Ok(all_did.then_some(number))
            })
            .await?;
        self.within(2, "the draw by that", || async {
            let is_next = self.epoch().await? > epoch;
            let draw = self.call("allocation_status", &[]).await?;
            Ok((is_next && draw["stage"] == "idle").then_some(()))
        })
        .await
    }

    async fn register(&self, deployer: usize, name: &str, percent: &str) -> Result<()> {
        let deployer = client::keypair(DEPLOYERS[deployer]);
        let account = client::account(&deployer).to_string();
        let quote = self
            .call("dappChains_quote", &[json!(account), json!(NEED)])
            .await?;
        ensure!(quote["ownPercent"] == percent, "of {name}: {quote}");
        let factor: u128 = percent.parse()?;
        let stake = NEED as u128 * 100 * UNIT * factor / 100;
        ensure!(text(&quote, "stake")? == stake.to_string(), "{quote}");
        let term = Value::named_composite([
            ("blocks", Value::u128(1_000)),
            ("seconds", Value::u128(TERM_SECONDS.into())),
        ]);
        let hash = sp_crypto_hashing::blake2_256(CODE);
        let call = |most: u128| {
            let fields = vec![
                Value::from_bytes(name),
                Value::u128(NEED as u128),
                Value::unnamed_variant("Stored", [Value::from_bytes(hash)]),
                Value::from_bytes("{}"),
                Value::from_bytes(""),
                Value::unnamed_variant("Some", [term.clone()]),
                Value::u128(most),
            ];
            dynamic::tx("DappChains", "register", fields)
        };
        let refused = client::submit_to_fail(&self.api, &call(stake - 1), &deployer).await?;
        ensure!(refused.contains("StakeTooHigh"), "{refused}");
        client::submit(&self.api, &call(stake), &deployer).await?;
        ensure!(self.state(name).await? == "pending", "{name}");
        Ok(())
    }

    /// The founders of a chain confirm a genesis: as many as it takes.
    async fn confirm_genesis(&self, id: u32) -> Result<()> {
        let name = CHAINS[id as usize - 1];
        wait_for("the chain to form", || async {
            Ok(self.state(name).await? == "forming")
        })
        .await?;
        let record = self.call("dappChains_genesis", &[json!(name)]).await?;
        let founders = record["founders"].as_array().context("founders")?;
        let attempt: u16 = serde_json::from_value(record["attempt"].clone())?;
        let (hub, found) = (self.rpc.genesis().await?, H256::repeat_byte(7));
        let payload = genesis::confirm_payload(&hub, id, attempt, Some(found));
        // A quorum of four.
        for (seat, founder) in founders.iter().take(3).enumerate() {
            ensure!(self.state(name).await? == "forming", "after {seat}");
            let mut names = VETERANS.into_iter().chain([NEW]);
            let account = text(founder, "node")?;
            let who = names.find(|name| address(name) == account);
            let pair = ed25519::Pair::from_string(&uri(who.context("a founder")?), None)?;
            let fields = vec![
                Value::u128(id.into()),
                Value::u128(attempt.into()),
                Value::u128(seat as u128),
                Value::unnamed_variant("Some", [Value::from_bytes(found)]),
                Value::from_bytes(pair.sign(&payload).0),
            ];
            let call = dynamic::tx("DappChains", "confirm_genesis", fields);
            client::submit_authorized(&self.api, &call).await?;
        }
        let chain = self.call("dappChains_get", &[json!(name)]).await?;
        ensure!(chain["state"] == "live", "{chain}");
        ensure!(chain["genesis"] == json!(found), "{chain}");
        Ok(())
    }

    /// A node that was drawn for a live chain says that it has caught up.
    async fn confirm(&self, name: &str, chain: u32) -> Result<()> {
        let node = self.node(name).await?;
        ensure!(node["phase"] == "joining", "{node}");
        let since: u32 = serde_json::from_value(node["since"].clone())?;
        let head = Head {
            height: 9,
            hash: H256::repeat_byte(9),
        };
        let account = client::account(&keypair(name)).0;
        let payload = confirm_payload(&self.rpc.genesis().await?, chain, &account, since, &head);
        let pair = sr25519::Pair::from_string(&uri(name), None)?;
        let fields = vec![
            Value::u128(chain.into()),
            Value::from_bytes(account),
            Value::named_composite([
                ("height", Value::u128(head.height.into())),
                ("hash", Value::from_bytes(head.hash)),
            ]),
            Value::from_bytes(pair.sign(&payload).0),
        ];
        let call = dynamic::tx("NodePool", "confirm", fields);
        client::submit_authorized(&self.api, &call).await?;
        let node = self.node(name).await?;
        ensure!(node["phase"] == "serving", "{node}");
        Ok(())
    }

    /// An account's own transaction.
    async fn submit(&self, name: &str, pallet: &str, call: &str, fields: Vec<Value>) -> Result<()> {
        let call = dynamic::tx(pallet, call, fields);
        client::submit(&self.api, &call, &keypair(name)).await?;
        Ok(())
    }

    /// Free or on hold.
    async fn total(&self, account: &Account) -> Result<u128> {
        Ok(client::free(&self.api, account).await? + client::held(&self.api, account).await?)
    }
}

/// A node of nobody's set, which joins as soon as its operator has bonded and registered its keys.
async fn add_new_node(hub: &mut Hub) -> Result<()> {
    let at = hub
        .network
        .add_follower(NEW, &["--two", "--validator", "--join-pool"])
        .await?;
    let own = hub.network.nodes[at].rpc().await?;
    wait_for("the node to know that its key is nobody's", || async {
        let pool = own.call("hansa_pool", vec![]).await?;
        Ok(pool["nodes"][0]["admission"] == "unregistered")
    })
    .await?;
    let operator = client::account(&keypair(NEW));
    hub.submit(NEW, "Staking", "bond", vec![Value::u128(100_000 * UNIT)])
        .await?;
    let keys = client::set_keys(&operator, &uri(NEW))?;
    client::submit(&hub.api, &keys, &keypair(NEW)).await?;
    ensure!(hub.node(NEW).await?.is_null(), "it does not stand yet");
    hub.submit(NEW, "Staking", "validate", vec![Value::u128(0)])
        .await?;
    wait_for("the new node to join by itself", || async {
        Ok(hub.node(NEW).await?["place"] == "waiting")
    })
    .await?;
    wait_for("it to know that, and to say so", || async {
        let pool = own.call("hansa_pool", vec![]).await?;
        let node = &pool["nodes"][0];
        let says = format!("{} waits in the pool", address(NEW));
        Ok(pool["joinPool"] == true
            && node["account"] == address(NEW)
            && node["node"]["place"] == "waiting"
            && hub.network.nodes[at].log().contains(&says))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_come_to_chains_by_lot_and_go_round() -> Result<()> {
    let mut hub = Hub::start().await?;
    // All have joined by themselves, and have made a block of the hub.
    hub.within(3, "all to be veterans in the pool", || async {
        for name in VETERANS {
            if hub.node(name).await?["veteran"] != true {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })
    .await?;

    // Two deployers, three chains; the second one of the same deployer costs four times as much.
    let bytes = vec![Value::from_bytes(CODE)];
    let note = dynamic::tx("Preimage", "note_preimage", bytes);
    client::submit(&hub.api, &note, &client::keypair(DEPLOYERS[0])).await?;
    hub.register(0, CHAINS[0], "100").await?;
    hub.register(0, CHAINS[1], "400").await?;
    hub.register(1, CHAINS[2], "100").await?;

    // The oldest is filled before the next one is begun.
    hub.within(4, "seven nodes to be drawn", || async {
        let filled = hub.filled().await?;
        ensure!(filled[1] == 0 || filled[0] == 4, "{filled:?}");
        Ok((filled == [4, 3, 0]).then_some(()))
    })
    .await?;
    hub.confirm_genesis(1).await?;
    let mut founders = hub.members(1, "serving").await?;
    ensure!(founders.len() == NEED, "{founders:?}");

    // A new node waits, though a chain that is not live lacks one.
    add_new_node(&mut hub).await?;
    let from = hub.node(NEW).await?["fromEpoch"].as_u64();
    hub.full_draw(from.context("it waits")?, VETERANS.len() as u64 + 1)
        .await?;
    let node = hub.node(NEW).await?;
    ensure!(
        node["place"] == "waiting" && node["veteran"] == false,
        "{node}"
    );
    ensure!(hub.chain(2).await?["missing"] == 1, "of the second chain");

    // A turn is over, and it goes to the live chain, for whose turn it is.
    hub.within(8, "the new node to be drawn", || async {
        Ok((hub.node(NEW).await?["place"] == "allocated").then_some(()))
    })
    .await?;
    ensure!(hub.members(1, "joining").await? == [NEW], "to the live one");
    let departing = hub.members(1, "departing").await?;
    ensure!(departing.len() == 1, "T of four go: {departing:?}");
    hub.confirm(NEW, 1).await?;
    let back = departing[0];
    founders.retain(|name| *name != back);
    let node = hub.node(back).await?;
    ensure!(node["place"] == "waiting", "replaced: {node}");

    // A founder is paid what its first turn has brought it, a quarter of the stake.
    let paid = client::account(&keypair(founders[0]));
    let seat = [json!(CHAINS[0]), json!(paid.to_string())];
    let share = hub.call("dappChains_seat", &seat).await?;
    ensure!(share["share"] == (100 * UNIT).to_string(), "{share}");
    let before = hub.total(&paid).await?;
    let fields = vec![Value::u128(1), Value::from_bytes(paid.0)];
    let claim = dynamic::tx("DappChains", "claim", fields);
    client::submit(&hub.api, &claim, &client::keypair(DEPLOYERS[1])).await?;
    let due: u128 = text(&share, "claimable")?.parse()?;
    let got = hub.total(&paid).await? - before;
    ensure!(due > 0 && got >= due, "{got} of {share}");

    // One of those who serve on is not to be elected any more. Meanwhile who has served is drawn again, and
    // completes the chain that was begun.
    let lost = founders[0];
    hub.submit(lost, "Staking", "chill", vec![]).await?;
    hub.within(3, "who served to be drawn again", || async {
        Ok((hub.filled().await?[1] == 4).then_some(()))
    })
    .await?;
    let node = hub.node(back).await?;
    ensure!(
        node["chain"] == "2" && node["phase"] == "founding",
        "{node}"
    );
    hub.confirm_genesis(2).await?;

    // Nobody waits to replace it, so it goes without; the chain is degraded, and refilled before the third
    // is begun, which is below the mean.
    hub.within(4, "the chain to lose a node", || async {
        Ok((hub.state(CHAINS[0]).await? == "degraded").then_some(()))
    })
    .await?;
    let node = hub.node(lost).await?;
    ensure!(node["place"] == "waiting", "{node}");
    hub.submit(lost, "Staking", "validate", vec![Value::u128(0)])
        .await?;
    hub.within(4, "a node to be drawn for it", || async {
        let filled = hub.filled().await?;
        ensure!(filled[2] == 0, "the third is begun: {filled:?}");
        Ok((hub.members(1, "joining").await? == [lost]).then_some(()))
    })
    .await?;
    let third = hub.chain(3).await?;
    ensure!(
        third["belowMean"] == true && third["missing"] == 4,
        "{third}"
    );
    hub.confirm(lost, 1).await?;
    wait_for("the chain to be live again", || async {
        Ok(hub.state(CHAINS[0]).await? == "live")
    })
    .await
}
