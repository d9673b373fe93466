// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Junk of an authority: one of the four has gone bad, and all that it signs verifies.

use crate::junk::{load, peer::Peer};
use anyhow::{Context, Result};
use hansa_consensus_pbft::network::wire;
use hansa_e2e::{binary, network::VALIDATORS, Network};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthorityPair, AuthoritySet, Certificate, ConsensusState,
    Hash, Height, Message, SignedStatement, SigningContext, Statement, View, VoteKind,
};
use sp_core::Pair;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Between two messages.
const FLOOD_INTERVAL: Duration = Duration::from_millis(1);

/// The one that is not started, and in whose name the peer speaks.
const BAD: &str = "//Dave";

struct Liar {
    pair: AuthorityPair,
    index: AuthorityIndex,
    genesis: Hash,
    set: AuthoritySet,
}

impl Liar {
    fn signed(&self, height: Height, view: View, statement: Statement) -> SignedStatement {
        let context = SigningContext {
            genesis: self.genesis,
            set_id: self.set.id,
        };
        let signature = self.pair.sign(&context.payload(height, view, &statement));
        SignedStatement {
            height,
            view,
            statement,
            authority: self.index,
            signature,
        }
    }

    /// Votes for everything, in every view that is kept, at this height and the next.
    fn votes(&self, height: Height, serial: u32) -> Message {
        let kind = if serial.is_multiple_of(2) {
            VoteKind::Prepare
        } else {
            VoteKind::Commit
        };
        let hash = Hash::from_low_u64_be(serial.into());
        let height = height + 1 + serial % 2;
        Message::Vote(self.signed(height, serial / 2 % 8, kind.statement(hash, NO_PROOF)))
    }

    /// View-changes to ever higher views.
    fn changes(&self, height: Height, serial: u32) -> Message {
        let statement = Statement::ViewChange { prepared: None };
        Message::ViewChange {
            statement: self.signed(height + 1, serial + 1, statement),
            certificate: None,
        }
    }

    /// Certificates with one good signature, said to be of all: a long check, if the good one is
    /// looked at first.
    fn certificates(&self, height: Height, serial: u32) -> Message {
        let hash = Hash::from_low_u64_be(serial.into());
        let vote = self.signed(height + 1, 0, VoteKind::Commit.statement(hash, NO_PROOF));
        let votes = (0..self.set.len() as AuthorityIndex).map(|i| (i, vote.signature.clone()));
        Message::Decided(Certificate::new(
            VoteKind::Commit,
            height + 1,
            0,
            hash,
            NO_PROOF,
            &self.set,
            votes,
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_floods_the_others_cannot_stop_them() -> Result<()> {
    let spec = binary::chain_spec("local.json");
    let mut network = Network::start(&spec, &VALIDATORS[..3], &[]).await?;
    let node = &network.nodes[0];
    let rpc = node.rpc().await?;
    let state: ConsensusState = rpc.runtime("PbftApi_consensus_state", &[], None).await?;
    let pair = AuthorityPair::from_string(BAD, None)?;
    let index = state.set.index_of(&pair.public());
    let peer = Peer::connect(node).await?;
    let liar = Liar {
        index: index.context("Dave is a validator")?,
        pair,
        genesis: peer.genesis(),
        set: state.set,
    };
    peer.votes.send(peer.hello(0, 1, Some(&liar.pair))).await?;

    let stop = AtomicBool::new(false);
    let attack = async {
        let mut serial = 0;
        while !stop.load(Ordering::SeqCst) && peer.is_connected() {
            let Ok(head) = rpc.finalized().await else {
                continue;
            };
            for i in serial..serial + 300 {
                let message = match i % 3 {
                    0 => liar.votes(head.number, i / 3),
                    1 => liar.changes(head.number, i / 3),
                    _ => liar.certificates(head.number, i / 3),
                };
                if peer.votes.send(wire::encode_vote(&message)).await.is_err() {
                    return;
                }
                tokio::time::sleep(FLOOD_INTERVAL).await;
            }
            serial += 300;
        }
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
