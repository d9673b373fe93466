// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two hubs that talk to each other: what goes from one to the other, what comes back, and that nothing is
//! made or lost, whatever is killed meanwhile. The auditor reads both chains after each step.

use anyhow::{ensure, Context, Result};
use codec::Decode;
use hansa_e2e::{
    binary,
    client::{self, Client, Included, UNIT},
    interchain::{address, batch, encoded, open_routes, send_call, transfer, Auditor, End},
    network::text,
    ports, spec, wait_for, wait_for_some, Launcher, Network, Node,
};
use hansa_interchain_primitives::{
    claims,
    packet::{ChainRef, Passage},
    ChainId, LaneId, Nonce, Packet, StorageProof, TRANSFER_LANE,
};
use hansa_pbft_primitives::{
    statement::verify_signature, Certificate, ConsensusState, SigningContext, VoteKind,
};
use rand::{rngs::StdRng, Rng, SeedableRng};
use serde_json::{json, Value};
use sp_core::H256;
use std::{
    cell::Cell,
    path::{Path, PathBuf},
};
use subxt::{dynamic, dynamic::Value as CallValue};
use subxt_signer::sr25519::{dev, Keypair};

/// The ports of a network of two chains with a node each, and then some.
const PORTS: u16 = 30;

/// What each chain has with the other.
const RESERVE: u128 = 10_000 * UNIT;

/// What the interchain pallet said in a block, by name, with the fields' bytes.
pub async fn events(api: &Client, block: u32) -> Result<Vec<(String, Vec<u8>)>> {
    let events = api
        .at_block(u64::from(block))
        .await?
        .events()
        .fetch()
        .await?;
    let mut found = Vec::new();
    for event in events.iter() {
        let event = event?;
        if event.pallet_name() == "Interchain" {
            found.push((event.event_name().to_string(), event.field_bytes().to_vec()));
        }
    }
    Ok(found)
}

/// The fields of the first event of this name in the blocks from `from` on that has what `fits` wants.
async fn wait_for_event<T: Decode>(
    end: &End,
    from: u32,
    name: &str,
    fits: impl Fn(&T) -> bool,
) -> Result<(u32, T)> {
    let (api, rpc) = (end.api().await?, end.rpc().await?);
    let next = Cell::new(from);
    wait_for_some(&format!("the event {name}"), || async {
        let head = rpc.finalized().await?.number;
        while next.get() <= head {
            let block = next.get();
            for (found, bytes) in events(&api, block).await? {
                if found == name {
                    let fields = T::decode(&mut &bytes[..])?;
                    if fits(&fields) {
                        return Ok(Some((block, fields)));
                    }
                }
            }
            next.set(block + 1);
        }
        Ok(None)
    })
    .await
}

/// The beginning of the fields of events about a packet: chain, lane, nonce.
pub type Place = (ChainId, LaneId, Nonce);

/// The packet that was sent in a block.
async fn sent_in(end: &End, included: &Included) -> Result<(u32, Place)> {
    let rpc = end.rpc().await?;
    let number = rpc.number_of(included.block).await?;
    wait_for_event(end, number, "PacketSent", |_: &Place| true).await
}

/// The two chains of `hansa network up`.
async fn ends(up: &Launcher) -> Result<[End; 2]> {
    let chains = up.json["chains"].as_array().context("no chains")?;
    ensure!(chains.len() == 2, "{}", up.json);
    let mut ends = Vec::new();
    for chain in chains {
        let nodes = chain["nodes"].as_array().context("no nodes")?;
        let urls = nodes.iter().map(|node| text(node, "rpc"));
        let end = End::of(urls.collect::<Result<_>>()?).await?;
        ensure!(chain["chain_id"] == json!(end.id_text()), "{chain}");
        ensure!(chain["genesis"] == json!(end.chain.genesis), "{chain}");
        ends.push(end);
    }
    ends.try_into().ok().context("two chains")
}

#[tokio::test(flavor = "multi_thread")]
async fn value_and_calls_go_from_chain_to_chain() -> Result<()> {
    let up = Launcher::up(&["--chains", "2", "--validators", "1"], PORTS).await?;
    let [a, b] = ends(&up).await?;
    let auditor = Auditor::new(a, b).await?;
    auditor.audit().await?;
    a_transfer_is_followed_from_pending_to_delivered(&auditor).await?;
    a_refused_transfer_comes_back(&auditor).await?;
    a_call_is_executed_elsewhere(&auditor).await?;
    auditor.settle().await?;
    ensure!(auditor.audits() > 10, "{} audits", auditor.audits());
    Ok(())
}

async fn a_transfer_is_followed_from_pending_to_delivered(auditor: &Auditor) -> Result<()> {
    let [a, b] = &auditor.ends;
    let (api, rpc) = (a.api().await?, a.rpc().await?);
    let carol = client::account(&client::keypair("//Interchain//Carol"));
    let amount = 3 * UNIT;
    let quote = rpc
        .call(
            "interchain_quote",
            vec![json!(b.id_text()), json!(amount.to_string())],
        )
        .await?;
    ensure!(
        quote["destinationAmount"] == json!(amount.to_string()),
        "{quote}"
    );
    let call = transfer(&address(b.id(), &carol), amount);
    let included = client::submit(&api, &call, &dev::bob()).await?;
    let (number, place) = sent_in(a, &included).await?;
    ensure!((place.0, place.1) == (b.id(), TRANSFER_LANE), "{place:?}");

    // In the block that has it, it is pending.
    let params = vec![
        json!(b.id_text()),
        json!(TRANSFER_LANE),
        json!(place.2),
        json!(1),
        json!(included.block),
    ];
    let packets = rpc.call("interchain_packets", params).await?;
    ensure!(packets[0]["state"] == "pending", "{packets}");
    ensure!(packets[0]["payload"]["amount"] == json!(amount.to_string()));
    assert_proof(a, b, place.2, included.block).await?;

    let api_b = b.api().await?;
    wait_for("the transfer to be paid out", || async {
        auditor.audit().await?;
        Ok(client::free(&api_b, &carol).await? == amount)
    })
    .await?;
    wait_for_event(a, number, "PacketDelivered", |found: &Place| {
        *found == place
    })
    .await?;
    let params = vec![
        json!(b.id_text()),
        json!(TRANSFER_LANE),
        json!(place.2),
        json!(1),
    ];
    let packets = rpc.call("interchain_packets", params).await?;
    ensure!(
        packets == json!([]),
        "it is settled, and still there: {packets}"
    );
    ensure!(client::held(&api, &client::account(&dev::bob())).await? == 0);
    auditor.audit().await
}

/// Check the proof of a packet as somebody does who knows the chain's authorities and nothing else.
async fn assert_proof(a: &End, b: &End, nonce: Nonce, at: H256) -> Result<()> {
    let rpc = a.rpc().await?;
    let params = vec![
        json!(b.id_text()),
        json!(TRANSFER_LANE),
        json!(nonce),
        json!(at),
    ];
    let proof = rpc.call("interchain_proof", params).await?;
    let bytes = |value: &Value| hansa_e2e::rpc::bytes_of(value);
    let certificate = Certificate::decode(&mut &bytes(&proof["finality"]["certificate"])?[..])?;
    let parent = hansa_e2e::interchain::header(&rpc, at).await?.parent_hash;
    let state: ConsensusState = rpc
        .runtime("PbftApi_consensus_state", &[], Some(parent))
        .await?;
    let context = SigningContext {
        genesis: a.chain.genesis,
        set_id: state.set.id,
    };
    certificate
        .verify_with(VoteKind::Commit, &context, &state.set, verify_signature)
        .context("the certificate does not hold")?;
    let header = bytes(&proof["finality"]["encodedHeader"])?;
    let hash = H256(sp_crypto_hashing::blake2_256(&header));
    ensure!(
        hash == certificate.hash && hash == at,
        "another block: {proof}"
    );
    let header = hansa_primitives::Header::decode(&mut &header[..])?;
    let packet = Packet::decode(&mut &bytes(&proof["encodedPacket"])?[..])?;
    let nodes = proof["nodes"].as_array().context("no nodes")?;
    let nodes = nodes.iter().map(bytes).collect::<Result<Vec<_>>>()?;
    let nodes = StorageProof::from_raw(nodes).context("the proof is too large")?;
    let place = Passage {
        source: a.chain,
        destination: b.chain,
        lane: TRANSFER_LANE,
        nonce,
    };
    let verify = |place: &Passage| {
        let packets = std::slice::from_ref(&packet);
        claims::verify_packets(&header.state_root, place, packets, &nodes)
    };
    verify(&place).context("the proof does not hold")?;
    let other = Passage {
        destination: ChainRef {
            id: b.id(),
            genesis: H256::zero(),
        },
        ..place
    };
    ensure!(verify(&other).is_err(), "it proves another packet, too");
    Ok(())
}

async fn a_refused_transfer_comes_back(auditor: &Auditor) -> Result<()> {
    let [a, b] = &auditor.ends;
    let api = a.api().await?;
    let charlie = client::account(&dev::charlie());
    // Less than an account needs that does not exist.
    let nobody = client::account(&client::keypair("//Interchain//Nobody"));
    let call = transfer(&address(b.id(), &nobody), 7);
    let included = client::submit(&api, &call, &dev::charlie()).await?;
    let (number, place) = sent_in(a, &included).await?;
    let at = api.at_block(u64::from(number)).await?;
    let left = client::free_at(&at, &charlie).await?;
    let fits = |found: &(Place, u128)| *found == (place, 7);
    wait_for_event(a, number, "PacketRefunded", fits).await?;
    wait_for("the value to be free again", || async {
        auditor.audit().await?;
        let free = client::free(&api, &charlie).await?;
        Ok(free == left + 7 && client::held(&api, &charlie).await? == 0)
    })
    .await?;
    ensure!(client::free(&b.api().await?, &nobody).await? == 0);
    Ok(())
}

async fn a_call_is_executed_elsewhere(auditor: &Auditor) -> Result<()> {
    let [a, b] = &auditor.ends;
    let (api_a, api_b) = (a.api().await?, b.api().await?);
    let alice = client::account(&dev::alice());
    let foreign = address(a.id(), &alice).to_string();
    let derived = b
        .rpc()
        .await?
        .call("interchain_accountOf", vec![json!(foreign)])
        .await?;
    let derived: client::Account = derived
        .as_str()
        .context("an account is a string")?
        .parse()
        .map_err(|e| anyhow::anyhow!("{derived} is no account: {e:?}"))?;
    // Money for it, as to any other account of that chain.
    let fund = transfer(&address(b.id(), &derived), 10 * UNIT);
    client::submit(&api_a, &fund, &dev::alice()).await?;
    wait_for("the derived account to have money", || async {
        Ok(client::free(&api_b, &derived).await? == 10 * UNIT)
    })
    .await?;
    let dave = client::account(&client::keypair("//Interchain//Dave"));
    let pay = encoded(&api_b, &client::transfer(&dave, 4 * UNIT)).await?;
    let included = client::submit(
        &api_a,
        &send_call(b.id(), pay, 20_000_000_000),
        &dev::alice(),
    )
    .await?;
    let (number, place) = sent_in(a, &included).await?;
    wait_for("the call to be executed", || async {
        auditor.audit().await?;
        Ok(client::free(&api_b, &dave).await? == 4 * UNIT)
    })
    .await?;
    wait_for_event(a, number, "PacketDelivered", |found: &Place| {
        *found == place
    })
    .await?;
    ensure!(client::free(&api_b, &derived).await? == 6 * UNIT);

    // What foreign accounts may not do is refused, and what was paid for it comes back.
    let remark = dynamic::tx("Sudo", "remove_key", Vec::<CallValue>::new());
    let forbidden = encoded(&api_b, &remark).await?;
    let call = send_call(b.id(), forbidden, 20_000_000_000);
    let included = client::submit(&api_a, &call, &dev::alice()).await?;
    let (number, place) = sent_in(a, &included).await?;
    let fits = |found: &(Place, u128)| *found == (place, 20_000_000_000);
    wait_for_event(a, number, "PacketRefunded", fits).await?;
    auditor.audit().await
}

/// A chain of nodes under the test's control, which nodes of other chains reach.
pub struct Reachable {
    pub network: Network,
    entries: Vec<String>,
}

impl Reachable {
    /// Validators with the keys of `names` on the chain of a spec of the repository, with another id and
    /// chain id.
    async fn start(spec: &str, id: &str, chain_id: &str, names: &[&str]) -> Result<Self> {
        Self::start_with(spec, id, chain_id, names, |_, spec| Ok(spec)).await
    }

    /// The same, of the spec that `change` makes of it, in a folder.
    pub async fn start_with(
        spec: &str,
        id: &str,
        chain_id: &str,
        names: &[&str],
        change: impl FnOnce(&Path, PathBuf) -> Result<PathBuf>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let edits = [
            ("/id", json!(id)),
            ("/genesis/interchain/chainId", json!(chain_id)),
        ];
        let spec = spec::edited(folder.path(), spec, &edits)?;
        let spec = tokio::task::block_in_place(|| change(folder.path(), spec))?;
        let ports: Vec<_> = names.iter().map(|_| ports::free_port()).collect();
        let network = Network::start_with(&spec, names, |name, config| {
            let index = names.iter().position(|known| *known == name);
            let port = index
                .and_then(|i| ports.get(i))
                .copied()
                .unwrap_or_default();
            // The auditor reads blocks that the other chain knows, which may be old on a busy machine.
            let config = config.args(&["--state-pruning", "archive"]);
            config.arg("--interchain-port").arg(port)
        })
        .await?;
        let entries = network.nodes.iter().zip(&ports).map(|(node, port)| {
            let address = node.config.address();
            let peer = address.rsplit('/').next().unwrap_or_default();
            format!("/ip4/127.0.0.1/tcp/{port}/p2p/{peer}")
        });
        let entries = entries.collect();
        Ok(Self { network, entries })
    }

    pub async fn end(&self) -> Result<End> {
        End::of(self.network.nodes.iter().map(Node::url).collect()).await
    }
}

async fn two(spec: &str, names: &[&str]) -> Result<([Reachable; 2], Auditor)> {
    let a = Reachable::start(spec, "one", "a1", names).await?;
    let b = Reachable::start(spec, "other", "b2", names).await?;
    with_route(a, b).await
}

/// Two chains with a route between them, and their auditor.
pub async fn with_route(a: Reachable, b: Reachable) -> Result<([Reachable; 2], Auditor)> {
    let (end_a, end_b) = (a.end().await?, b.end().await?);
    open_routes((&end_a, &a.entries), (&end_b, &b.entries), RESERVE).await?;
    let auditor = Auditor::new(end_a, end_b).await?;
    auditor.audit().await?;
    Ok(([a, b], auditor))
}

/// How many transfers one transaction makes.
pub const AT_ONCE: u128 = 10;

/// Send [`AT_ONCE`] transfers of `amount` each from an account at `from` to one at `to`.
pub async fn send(from: &End, to: &End, who: &Keypair, name: &str, amount: u128) -> Result<()> {
    let receiver = client::account(&client::keypair(name));
    let one = transfer(&address(to.id(), &receiver), amount);
    let api = from.api().await?;
    let all = batch(&api, &vec![one; AT_ONCE as usize]).await?;
    client::submit(&api, &all, who).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_survive_the_death_of_both_chains() -> Result<()> {
    let (mut chains, auditor) = two("dev.json", &["alice"]).await?;
    let [a, b] = &auditor.ends;
    for round in 0..3u128 {
        send(a, b, &dev::bob(), "//Restart//There", (round + 1) * UNIT).await?;
        send(b, a, &dev::bob(), "//Restart//Back", (round + 2) * UNIT).await?;
        for chain in &mut chains {
            chain.network.kill_all();
        }
        // The one is back first in one round, the other in the next.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for i in order {
            chains[i].network.restart_all().await?;
        }
        auditor.settle().await?;
    }
    for (end, name, expected) in [
        (b, "//Restart//There", 6 * UNIT * AT_ONCE),
        (a, "//Restart//Back", 9 * UNIT * AT_ONCE),
    ] {
        let account = client::account(&client::keypair(name));
        let free = client::free(&end.api().await?, &account).await?;
        ensure!(free == expected, "{name} has {free}, not {expected}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_under_load_while_nodes_are_killed() -> Result<()> {
    let names = ["alice", "bob", "charlie", "dave"];
    let (mut chains, auditor) = two("local.json", &names).await?;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let [a, b] = &auditor.ends;
    let (mut there, mut back) = (0, 0);
    for _ in 0..4 {
        let victims = [random.gen_range(0..4usize), random.gen_range(0..4usize)];
        for (chain, victim) in chains.iter_mut().zip(victims) {
            chain.network.nodes[victim].kill();
        }
        for _ in 0..5 {
            let amount = u128::from(random.gen_range(1..1_000u32)) * UNIT / 100;
            send(a, b, &dev::eve(), "//Load//There", amount).await?;
            there += amount * AT_ONCE;
            send(b, a, &dev::eve(), "//Load//Back", amount + UNIT).await?;
            back += (amount + UNIT) * AT_ONCE;
            auditor.audit().await?;
        }
        for (chain, victim) in chains.iter_mut().zip(victims) {
            let node = &mut chain.network.nodes[victim];
            node.relaunch()?;
            node.ready().await?;
        }
        // One of four may be gone at a time: the next must not be killed before this one is where the others are.
        for chain in &chains {
            let head = chain.network.highest_finalized().await?.number;
            chain.network.wait_finalized(head).await?;
        }
    }
    auditor.settle().await?;
    for (end, name, expected) in [(b, "//Load//There", there), (a, "//Load//Back", back)] {
        let account = client::account(&client::keypair(name));
        let free = client::free(&end.api().await?, &account).await?;
        ensure!(free == expected, "{name} has {free}, not {expected}");
    }
    println!("{} audits", auditor.audits());
    Ok(())
}

/// Chains that cannot have routes are refused before anything is started.
#[test]
fn several_chains_need_a_sudo_and_an_id() -> Result<()> {
    let up = |arguments: &[&str]| {
        let mut all = vec!["network", "up", "--chains", "2"];
        all.extend(arguments);
        hansa_e2e::process::run(&all)
    };
    let poa = binary::chain_spec("poa.json").display().to_string();
    let output = up(&["--chain", &poa]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        !output.status.success() && said.contains("genesis.sudo"),
        "{said}"
    );
    let folder = tempfile::tempdir()?;
    let mut nobody = spec::read("local.json")?;
    if let Some(genesis) = nobody["genesis"].as_object_mut() {
        genesis.remove("interchain");
    }
    let nobody = spec::write(folder.path(), "nobody.json", &nobody)?;
    let output = up(&["--chain", &nobody.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        !output.status.success() && said.contains("genesis.interchain.chainId"),
        "{said}"
    );
    Ok(())
}
