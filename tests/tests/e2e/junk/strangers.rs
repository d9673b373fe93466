// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Junk of peers that hold no key of the set. Anyone can be one of those.

use crate::junk::{
    load,
    peer::{Link, Peer},
};
use anyhow::{ensure, Result};
use codec::{Compact, Encode};
use hansa_consensus_pbft::{
    network::wire::{self, BlockRequest},
    types::ProposedBlock,
};
use hansa_e2e::{Network, Node};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityPair, Hash, Height, Message, SignedStatement, Statement, View,
    VoteKind,
};
use hansa_primitives::{Block, Header};
use sp_core::Pair;
use sp_runtime::{traits::Header as HeaderT, OpaqueExtrinsic};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::Duration,
};

/// Between two messages of a flood: a thousand a second, so that on a small machine it is the node
/// that is tested, not this process.
const FLOOD_INTERVAL: Duration = Duration::from_millis(1);

/// For how long peers send junk that are not shut out: on a machine that is busy otherwise they send less of it a second.
const ATTACK_TIME: Duration = Duration::from_secs(300);

/// How many messages a peer sends that is to be shut out for them.
const MANY: usize = 3_000;

/// How large the body of a made-up block is.
const BODY_BYTES: usize = 256 * 1024;

/// What is signed here is signed by nobody who counts.
fn forged(height: Height, view: View, authority: u16, statement: Statement) -> SignedStatement {
    SignedStatement {
        height,
        view,
        statement,
        authority,
        signature: AuthorityPair::from_seed(&[0x77; 32]).sign(b"junk"),
    }
}

fn forged_vote(height: Height, view: View, authority: u16) -> Vec<u8> {
    let statement = VoteKind::Prepare.statement(Hash::repeat_byte(7), NO_PROOF);
    wire::encode_vote(&Message::Vote(forged(height, view, authority, statement)))
}

/// A proposal in the name of each authority in turn, of a block that nobody built.
fn forged_proposal(height: Height, serial: u32) -> Vec<u8> {
    let root = Hash::from_low_u64_be(serial.into());
    let header = Header::new(height, root, root, root, Default::default());
    let extrinsics = vec![OpaqueExtrinsic::from_blob(vec![0; BODY_BYTES])];
    let block = ProposedBlock {
        block: Block { header, extrinsics },
        parent_certificate: None,
    };
    let statement = Statement::Proposal {
        hash: block.hash(),
        proof: NO_PROOF,
    };
    let statement = forged(height, 0, (serial % 4) as u16, statement);
    let message = Message::Proposal {
        statement,
        proof: None,
    };
    wire::encode_proposal(&message, Some(&block))
}

/// Bytes that look like a message and announce far more than they have: a proof of a thousand
/// view-changes, a block of four billion extrinsics, one in the other.
fn announces_too_much() -> Vec<Vec<u8>> {
    let statement = forged(1, 1, 0, Statement::ViewChange { prepared: None });
    let lengths = [u32::MAX, 1 << 30, 1_000, 1_001];
    let messages = lengths.iter().flat_map(|len| {
        let with_proof = (0u8, &statement, 1u8, Compact(*len)).encode();
        let certificate = (2u8, &statement, 1u8, 0u8, [0u8; 72], Compact(*len)).encode();
        let block = (with_proof.clone(), Compact(*len), [0xffu8; 64]).encode();
        [with_proof, certificate, block]
    });
    messages.map(|bytes| [vec![1], bytes].concat()).collect()
}

/// Numbers that look random and are the same each time (splitmix64).
fn random_bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Send all of `messages`, or until the node closes the connection.
async fn send_all(link: &Link, messages: impl Iterator<Item = Vec<u8>>) {
    for message in messages {
        if link.send(message).await.is_err() {
            return;
        }
        tokio::time::sleep(FLOOD_INTERVAL).await;
    }
}

async fn head_height(node: &Node) -> Result<Height> {
    Ok(node.rpc().await?.finalized().await?.number)
}

/// Each peer sends one sort of junk for which it must be shut out, all at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn who_sends_what_no_honest_peer_sends_is_shut_out() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let node = &network.nodes[0];

    let votes_by_chance = Peer::greet(node).await?;
    let proposals_by_chance = Peer::greet(node).await?;
    let too_long = Peer::greet(node).await?;
    let announcing = Peer::greet(node).await?;
    let bad_hellos = Peer::connect(node).await?;
    let bad_signatures = Peer::greet(node).await?;
    let bad_blocks = Peer::greet(node).await?;

    let pair = AuthorityPair::from_seed(&[0x66; 32]);
    let hello_of_another = {
        let mut hello = bad_hellos.hello(0, 1, Some(&pair));
        let last = hello.len() - 1;
        hello[last] ^= 1;
        hello
    };
    let attack = async {
        let chance = |max: usize| (0..MANY as u64).map(move |i| random_bytes(i, i as usize % max));
        let forged = async {
            while bad_signatures.is_connected() {
                let height = head_height(node).await.unwrap_or_default() + 1;
                let votes = (0..400).map(|i| forged_vote(height, i / 4 % 8, (i % 4) as u16));
                send_all(&bad_signatures.votes, votes).await;
            }
        };
        let blocks = async {
            let mut serial = 0;
            while bad_blocks.is_connected() {
                let height = head_height(node).await.unwrap_or_default() + 1;
                let proposals = (serial..serial + 40).map(|i| forged_proposal(height, i));
                send_all(&bad_blocks.proposals, proposals).await;
                serial += 40;
            }
        };
        tokio::join!(
            send_all(&votes_by_chance.votes, chance(400)),
            send_all(&proposals_by_chance.proposals, chance(4_000)),
            // The SDK's network takes no message above the protocol's limit.
            send_all(&too_long.votes, (0..3).map(|_| vec![1; 16 * 1024 * 1024])),
            send_all(
                &announcing.votes,
                announces_too_much().into_iter().cycle().take(MANY)
            ),
            send_all(
                &bad_hellos.votes,
                std::iter::repeat_n(hello_of_another, MANY)
            ),
            forged,
            blocks,
        );
    };
    // Two of them go on until they are shut out; if they never are, that shows below.
    let attack = tokio::time::timeout(ATTACK_TIME, attack);
    let (_, alive) = tokio::join!(attack, load::chain_goes_on(&network));
    alive?;
    for (what, peer) in [
        ("votes by chance", &votes_by_chance),
        ("proposals by chance", &proposals_by_chance),
        ("announcing too much", &announcing),
        ("bad signatures", &bad_signatures),
        ("bad blocks", &bad_blocks),
    ] {
        println!("{what}");
        peer.wait_shut_out().await?;
    }
    ensure!(too_long.votes.times_closed() > 0, "16 MiB were taken");
    load::chain_goes_on(&network).await?;
    network.nodes.iter_mut().try_for_each(load::check)
}

/// What no peer can be blamed for, or not at once: each peer sends it all the time. The node goes
/// on.
#[tokio::test(flavor = "multi_thread")]
async fn floods_are_borne() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let node = &network.nodes[0];
    let old = Peer::greet(node).await?;
    let next = Peer::greet(node).await?;
    let far = Peer::greet(node).await?;
    let hellos = Peer::connect(node).await?;
    let curious = Peer::greet(node).await?;
    let stop = Arc::new(AtomicBool::new(false));

    let attack = async {
        let going = || !stop.load(Ordering::SeqCst);
        let flood = |link: Arc<Link>, make: fn(Height, u32) -> Vec<u8>| async move {
            let mut serial = 0;
            while going() && link.is_open() {
                let height = head_height(node).await.unwrap_or_default();
                let messages = (serial..serial + 500).map(|i| make(height, i));
                send_all(&link, messages).await;
                serial += 500;
            }
        };
        let greet = async {
            let mut height = 1;
            while going() && hellos.votes.is_open() {
                let messages = (height..height + 500).map(|h| hellos.hello(0, h, None));
                send_all(&hellos.votes, messages).await;
                height += 500;
            }
        };
        let ask = async {
            while going() && curious.is_connected() {
                let head = match node.rpc().await {
                    Ok(rpc) => rpc.finalized().await,
                    Err(error) => Err(error),
                };
                let Ok(head) = head else { continue };
                let hash = Hash::from_slice(head.hash.as_bytes());
                for hash in [hash, Hash::repeat_byte(1)].repeat(20) {
                    let height = head.number;
                    // It may well be refused.
                    let _ = curious
                        .request(BlockRequest { height, hash }.encode())
                        .await;
                }
            }
        };
        tokio::join!(
            // Votes for a height that is decided: the answer is its certificate, now and then.
            flood(old.votes.clone(), |height, i| forged_vote(
                height.saturating_sub(i % 50),
                0,
                0
            )),
            // For the next height: the set that decides it may be another, so nobody is to blame.
            flood(next.votes.clone(), |height, i| forged_vote(
                height + 2,
                i % 9,
                (i % 4) as u16
            )),
            // For heights and views that are far.
            flood(far.votes.clone(), |height, i| forged_vote(
                height.saturating_add(3 + i),
                View::MAX - i,
                (i % 1_000) as u16
            )),
            greet,
            ask,
        );
    };
    let load = async {
        let alive = load::chain_goes_on(&network).await;
        let more = load::chain_goes_on(&network).await;
        stop.store(true, Ordering::SeqCst);
        alive.and(more)
    };
    let (_, alive) = tokio::join!(attack, load);
    alive?;
    network.nodes.iter_mut().try_for_each(load::check)
}
