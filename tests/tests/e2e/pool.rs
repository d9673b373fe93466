// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The node pool and the registry: twelve nodes join by themselves, are drawn for the three chains that two
//! deployers register, serve, and go round.
//!
//! All is seen through clients that are not ours: `subxt`, which knows the chain by its metadata alone, and
//! plain JSON-RPC. The code of the chains is none, and no node runs them: what founders and joining nodes sign
//! is signed here (`dappchains.rs` has a chain that lives). For the same reason it is the hub's blocks that make
//! veterans, and turns end by time, not by blocks.

use anyhow::{ensure, Context, Result};
use hansa_allocation_primitives::{confirm::confirm_payload, Head};
use hansa_e2e::{
    client::{self, Account, UNIT},
    dappchains::{address, keypair, spec, uri, Hub, DEPLOYERS, NEED},
    network::text,
    wait_for,
};
use serde_json::{json, Value as Json};
use sp_core::{sr25519, Pair, H256};
use std::ops::Deref;
use subxt::{
    dynamic::{self, Value},
    ext::scale_decode::DecodeAsType,
};

/// The hub's validators, all of the same weight. They make blocks, so they are veterans.
const VETERANS: [&str; 11] = [
    "ann", "ben", "cleo", "dirk", "ella", "finn", "gesa", "hans", "ida", "jost", "kaja",
];
/// The node whose operator comes later, and which makes no blocks of the hub before it serves.
const NEW: &str = "lars";
/// The names of the chains, whose ids are 1, 2 and 3.
const CHAINS: [&str; 3] = ["shop", "bank", "game"];
/// How long a turn is: the shortest that there is.
const TERM_SECONDS: u32 = 60;
/// What stands for the code of a chain.
const CODE: &[u8] = b"a runtime";

/// All nodes, the new one last.
fn names() -> impl Iterator<Item = &'static str> {
    VETERANS.into_iter().chain([NEW])
}

/// The event that a node was drawn for a chain.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Drawn {
    node: Account,
    chain: u32,
    reason: Reason,
}

/// Why a node was drawn for just that chain.
#[derive(PartialEq, Eq, Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
enum Reason {
    Short,
    Begun,
    BelowMean,
    Turn,
}

/// The hub, as its clients see it.
struct Pool(Hub);

impl Deref for Pool {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.0
    }
}

impl Pool {
    /// A network of all nodes, each with its keys in its keystore, which were told to join the pool.
    async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let all: Vec<_> = names().collect();
        let spec = spec(folder.path(), &VETERANS, &[NEW])?;
        let hub = Hub::start(&spec, &all, |_, config| {
            config.arg("--join-pool").arg("--no-dappchains")
        });
        Ok(Self(hub.await?))
    }

    async fn chain(&self, id: u32) -> Result<Json> {
        self.call("allocation_chain", &[json!(id)]).await
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

    /// Who was drawn for which chain in each block from `first` on, as the events tell it.
    async fn drawn_since(&self, first: u32) -> Result<Vec<Vec<Drawn>>> {
        let mut drawn = Vec::new();
        for number in first..=self.rpc.finalized().await?.number {
            let at = self.api.at_block(u64::from(number)).await?;
            let mut of_block = Vec::new();
            for event in at.events().fetch().await?.iter() {
                let event = event?;
                if event.pallet_name() == "NodePool" && event.event_name() == "Drawn" {
                    of_block.push(event.decode_fields_unchecked_as::<Drawn>()?);
                }
            }
            drawn.push(of_block);
        }
        Ok(drawn)
    }

    /// Check that since block `first` nobody was drawn but this node, once, for this chain and reason.
    async fn was_drawn(&self, first: u32, name: &str, chain: u32, reason: Reason) -> Result<()> {
        let drawn: Vec<_> = self
            .drawn_since(first)
            .await?
            .into_iter()
            .flatten()
            .collect();
        let account = client::account(&keypair(name));
        let is_it =
            |event: &Drawn| event.node == account && event.chain == chain && event.reason == reason;
        ensure!(
            drawn.len() == 1 && drawn.iter().all(is_it),
            "{name} for {chain} by {reason:?}: {drawn:?}"
        );
        Ok(())
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
        let call = |most: u128| {
            let fields = Hub::registration(name, CODE, &json!({}), "", TERM_SECONDS, most);
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
        let found = H256::repeat_byte(7);
        // A quorum of four.
        for (seat, founder) in founders.iter().take(3).enumerate() {
            ensure!(self.state(name).await? == "forming", "after {seat}");
            let account = text(founder, "node")?;
            let who = names().find(|name| address(name) == account);
            self.say_genesis(who.context("a founder")?, id, &record, found)
                .await?;
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

    /// What a founder gets of a chain's stake.
    async fn seat(&self, chain: u32, name: &str) -> Result<Json> {
        let chain = CHAINS[chain as usize - 1];
        self.call("dappChains_seat", &[json!(chain), json!(address(name))])
            .await
    }

    /// Free or on hold.
    async fn total(&self, account: &Account) -> Result<u128> {
        Ok(client::free(&self.api, account).await? + client::held(&self.api, account).await?)
    }
}

/// All nodes but the new one join by themselves, and make a block of the hub.
async fn all_join(hub: &Pool) -> Result<()> {
    hub.all_join(&VETERANS).await?;
    ensure!(hub.node(NEW).await?.is_null(), "nobody registered its keys");
    Ok(())
}

/// Two deployers register three chains; the second one of the same deployer costs four times as much.
async fn register_three(hub: &Pool) -> Result<()> {
    hub.note_code(CODE).await?;
    hub.register(0, CHAINS[0], "100").await?;
    hub.register(0, CHAINS[1], "400").await?;
    hub.register(1, CHAINS[2], "100").await
}

/// The oldest chain is filled before the next one is begun, and two of them go live.
async fn fill_in_order(hub: &Pool, first: u32) -> Result<()> {
    hub.within(6, "all eleven to be drawn", || async {
        Ok((hub.filled().await? == [4, 4, 3]).then_some(()))
    })
    .await?;
    let mut filled = [0; 3];
    for block in hub.drawn_since(first).await? {
        for drawn in block {
            filled[drawn.chain as usize - 1] += 1;
        }
        let in_order =
            (filled[0] == NEED || filled[1] == 0) && (filled[1] == NEED || filled[2] == 0);
        ensure!(in_order, "{filled:?}");
    }
    ensure!(filled == [4, 4, 3], "each was drawn once: {filled:?}");
    for (id, stake) in [(1, 400 * UNIT), (2, 1_600 * UNIT)] {
        hub.confirm_genesis(id).await?;
        let founders = hub.members(id, "serving").await?;
        ensure!(founders.len() == NEED, "{founders:?}");
        let mut shares = 0;
        for founder in founders {
            let share = text(&hub.seat(id, &founder).await?, "share")?;
            shares += share.parse::<u128>()?;
        }
        ensure!(
            shares == stake,
            "all of the stake is the founders': {shares}"
        );
    }
    ensure!(hub.state(CHAINS[2]).await? == "pending", "it lacks one");
    Ok(())
}

/// One that serves the second chain is not to be elected any more, and goes though nobody is there to replace
/// it. When it stands again it is drawn for the chain that lost it, not for the third, which is below the mean
/// and was begun.
async fn lose_and_refill(hub: &Pool) -> Result<()> {
    let serving = hub.members(2, "serving").await?;
    let lost = serving[0].as_str();
    hub.submit(lost, "Staking", "chill", vec![]).await?;
    hub.within(5, "the chain to lose a node", || async {
        Ok((hub.state(CHAINS[1]).await? == "degraded").then_some(()))
    })
    .await?;
    ensure!(hub.filled().await? == [4, 3, 3], "one went");
    ensure!(hub.node(lost).await?["place"] == "waiting", "it did");
    let third = hub.chain(3).await?;
    ensure!(
        third["belowMean"] == true && third["missing"] == 1,
        "{third}"
    );
    let first = hub.rpc.finalized().await?.number;
    hub.submit(lost, "Staking", "validate", vec![Value::u128(0)])
        .await?;
    hub.within(5, "a node to be drawn for it", || async {
        Ok((hub.node(lost).await?["place"] == "allocated").then_some(()))
    })
    .await?;
    hub.was_drawn(first, lost, 2, Reason::Short).await?;
    hub.confirm(lost, 2).await?;
    wait_for("the chain to be live again", || async {
        Ok(hub.state(CHAINS[1]).await? == "live")
    })
    .await
}

/// The operator of the new node bonds and registers its keys; then the node joins by itself.
async fn new_node_joins(hub: &Pool) -> Result<()> {
    let node = hub.network.nodes.last().context("there are nodes")?;
    let own = node.rpc().await?;
    let pool = own.call("hansa_pool", vec![]).await?;
    ensure!(pool["nodes"][0]["admission"] == "unregistered", "{pool}");
    hub.stand(NEW, 100_000 * UNIT).await?;
    wait_for("the new node to join by itself, and to say so", || async {
        let pool = own.call("hansa_pool", vec![]).await?;
        let says = format!("{} waits in the pool", address(NEW));
        Ok(pool["joinPool"] == true
            && pool["nodes"][0]["account"] == address(NEW)
            && pool["nodes"][0]["admission"] == "pooled"
            && node.log().contains(&says))
    })
    .await
}

/// The new node is not drawn for the third chain, which lacks one and is not live, but for one of the live ones as
/// soon as a turn is over there. Returns whom it replaced.
async fn replace_one(hub: &Pool) -> Result<String> {
    let first = hub.rpc.finalized().await?.number;
    new_node_joins(hub).await?;
    hub.within(10, "the new node to be drawn", || async {
        Ok((hub.node(NEW).await?["place"] == "allocated").then_some(()))
    })
    .await?;
    let node = hub.node(NEW).await?;
    let chain = u32::from_str_radix(&text(&node, "chain")?, 16)?;
    ensure!(
        node["veteran"] == false && node["phase"] == "joining",
        "{node}"
    );
    let third = hub.chain(3).await?;
    ensure!(
        third["missing"] == 1 && third["phase"] == "pending",
        "{third}"
    );
    ensure!(
        hub.state(CHAINS[chain as usize - 1]).await? == "live",
        "{node}"
    );
    hub.was_drawn(first, NEW, chain, Reason::Turn).await?;
    let departing = hub.members(chain, "departing").await?;
    ensure!(departing.len() == 1, "T of four go: {departing:?}");
    let back = departing[0].clone();
    hub.confirm(NEW, chain).await?;
    let node = hub.node(&back).await?;
    ensure!(node["place"] == "waiting", "replaced: {node}");
    Ok(back)
}

/// A founder of the first chain is paid what its turn has brought it so far; anybody may ask for that.
async fn pay_a_founder(hub: &Pool, but: &str) -> Result<()> {
    let mut serving = hub.members(1, "serving").await?;
    serving.extend(hub.members(1, "departing").await?);
    serving.retain(|name| *name != NEW && *name != but);
    let founder = serving[0].as_str();
    let paid = client::account(&keypair(founder));
    let due: u128 = text(&hub.seat(1, founder).await?, "claimable")?.parse()?;
    let before = hub.total(&paid).await?;
    let fields = vec![Value::u128(1), Value::from_bytes(paid.0)];
    let claim = dynamic::tx("DappChains", "claim", fields);
    client::submit(&hub.api, &claim, &client::keypair(DEPLOYERS[1])).await?;
    let got = hub.total(&paid).await? - before;
    ensure!(due > 0 && got >= due, "{got} of {due}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_come_to_chains_by_lot_and_go_round() -> Result<()> {
    let hub = Pool::start().await?;
    all_join(&hub).await?;
    let first = hub.rpc.finalized().await?.number;
    register_three(&hub).await?;
    fill_in_order(&hub, first).await?;
    lose_and_refill(&hub).await?;
    let back = replace_one(&hub).await?;

    // Who has served is drawn again, and completes the chain that was begun.
    let first = hub.rpc.finalized().await?.number;
    pay_a_founder(&hub, &back).await?;
    hub.within(5, "who served to be drawn again", || async {
        Ok((hub.filled().await?[2] == 4).then_some(()))
    })
    .await?;
    hub.was_drawn(first, &back, 3, Reason::Begun).await?;
    hub.confirm_genesis(3).await?;
    for name in CHAINS {
        ensure!(hub.state(name).await? == "live", "{name}");
    }
    Ok(())
}
