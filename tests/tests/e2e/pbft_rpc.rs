// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Proofs of finality over JSON-RPC, verified here with nothing of the node but its words.

use anyhow::{ensure, Context, Result};
use codec::{DecodeAll, Encode};
use hansa_e2e::{client, client::UNIT, rpc, rpc::Rpc, wait_for_some, Network, Node, NodeConfig};
use hansa_pbft_primitives::{
    AuthoritySet, Certificate, ConsensusState, PreDigest, SigningContext, VoteKind,
};
use hansa_primitives::Header;
use serde_json::{json, Value};
use sp_core::H256;
use std::collections::BTreeSet;
use subxt_signer::sr25519::dev;

/// The set that decides the child of block `parent`.
async fn set_after(rpc: &Rpc, parent: u32) -> Result<AuthoritySet> {
    let hash = rpc
        .block_hash(parent)
        .await?
        .with_context(|| format!("no block {parent}"))?;
    let state: ConsensusState = rpc
        .runtime("PbftApi_consensus_state", &[], Some(hash))
        .await?;
    Ok(state.set)
}

/// Verify a proof as a light client does that knows the genesis hash and the set. Returns the
/// number of the block.
fn verify(proof: &Value, genesis: H256, set: &AuthoritySet) -> Result<u32> {
    let encoded = rpc::bytes_of(&proof["encodedHeader"])?;
    let hash = H256(sp_crypto_hashing::blake2_256(&encoded));
    ensure!(
        rpc::hash_of(&proof["hash"])? == hash,
        "the hash is not that of the header"
    );
    let header = Header::decode_all(&mut &encoded[..])?;
    ensure!(proof["number"] == json!(header.number));
    ensure!(rpc::number_of(&proof["header"])? == header.number);

    let certificate = rpc::bytes_of(&proof["certificate"])?;
    let certificate = Certificate::decode_all(&mut &certificate[..])?;
    let context = SigningContext {
        genesis,
        set_id: set.id,
    };
    certificate.verify(VoteKind::Commit, &context, set)?;
    ensure!(
        (certificate.height, certificate.hash) == (header.number, hash),
        "another block"
    );
    let digest = PreDigest::find(&header.digest).context("no digest of pBFT")?;
    ensure!(
        certificate.view >= digest.view,
        "certified before it was proposed"
    );

    // What is there for people must agree with what is there for machines.
    ensure!(proof["view"] == json!(certificate.view) && proof["setId"] == json!(set.id));
    let payload = context.payload(
        certificate.height,
        certificate.view,
        &certificate.statement(),
    );
    ensure!(rpc::bytes_of(&proof["payload"])? == payload);
    let signers = proof["signers"].as_array().context("signers is a list")?;
    ensure!(signers.len() == certificate.votes().count());
    for (signer, (authority, signature)) in signers.iter().zip(certificate.votes()) {
        ensure!(signer["authority"] == json!(authority));
        ensure!(rpc::bytes_of(&signer["signature"])? == signature.encode());
    }
    ensure!(proof["weights"]["quorum"] == json!(set.quorum().to_string()));
    Ok(header.number)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_has_a_proof_that_verifies_on_every_node() -> Result<()> {
    let network = Network::local(&[]).await?;
    let api = network.nodes[0].client().await?;
    let bob = client::account(&dev::bob());
    for _ in 0..3 {
        client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
    }
    let head = network.highest_finalized().await?.number;
    network.wait_finalized(head).await?;
    for node in &network.nodes {
        let rpc = node.rpc().await?;
        let genesis = rpc.genesis().await?;
        for number in 1..=head {
            let set = set_after(&rpc, number - 1).await?;
            ensure!(set.len() == 4 && set.quorum() == 3, "{set:?}");
            let proof = rpc.call("pbft_proveFinality", vec![json!(number)]).await?;
            ensure!(verify(&proof, genesis, &set)? == number);
            let by_hash = rpc
                .call("pbft_proveFinality", vec![proof["hash"].clone()])
                .await?;
            ensure!(
                by_hash == proof,
                "asked by number and by hash it answers differently"
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_does_not_verify_for_another_chain_set_or_block() -> Result<()> {
    let network = Network::local(&[]).await?;
    let rpc = network.nodes[0].rpc().await?;
    let (genesis, set) = (rpc.genesis().await?, set_after(&rpc, 0).await?);
    let proof = rpc.call("pbft_proveFinality", vec![json!(1)]).await?;
    verify(&proof, genesis, &set)?;

    ensure!(
        verify(&proof, H256::repeat_byte(7), &set).is_err(),
        "of another chain"
    );
    let mut members = set.authorities().to_vec();
    members.rotate_left(1);
    let rotated = AuthoritySet::new(set.id, members.clone())?;
    ensure!(
        verify(&proof, genesis, &rotated).is_err(),
        "of other signers"
    );
    let later = AuthoritySet::new(set.id + 1, set.authorities().to_vec())?;
    ensure!(verify(&proof, genesis, &later).is_err(), "of a later set");

    let encoded = rpc::bytes_of(&proof["certificate"])?;
    for at in [0, 1, 5, 9, encoded.len() / 2, encoded.len() - 1] {
        let mut forged = encoded.clone();
        forged[at] ^= 1;
        let mut bad = proof.clone();
        bad["certificate"] = json!(rpc::hex(&forged));
        ensure!(
            verify(&bad, genesis, &set).is_err(),
            "with another byte {at}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proven_has_an_error_of_its_own() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let rpc = node.rpc().await?;
    let cases = [
        (json!(0), 20_003),
        (json!(rpc.genesis().await?), 20_003),
        (json!(1_000_000), 20_002),
        (json!(H256::repeat_byte(9)), 20_002),
        (json!("latest"), -32602),
    ];
    for (block, code) in cases {
        let error = rpc
            .call_error("pbft_proveFinality", vec![block.clone()])
            .await?;
        ensure!(error.code() == code, "{block}: {error:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_proofs_has_each_block_once_and_in_order() -> Result<()> {
    let network = Network::local(&[]).await?;
    let rpc = network.nodes[1].rpc().await?;
    let (genesis, set) = (rpc.genesis().await?, set_after(&rpc, 0).await?);
    let mut stream = rpc
        .subscribe(
            "pbft_subscribeJustifications",
            vec![],
            "pbft_unsubscribeJustifications",
        )
        .await?;
    let api = network.nodes[0].client().await?;
    let sender = tokio::spawn(async move {
        let bob = client::account(&dev::bob());
        for _ in 0..6 {
            client::submit(&api, &client::transfer(&bob, UNIT), &dev::alice()).await?;
        }
        anyhow::Ok(())
    });
    let mut last = None;
    for _ in 0..6 {
        let next = tokio::time::timeout(hansa_e2e::wait::DEADLINE, stream.next()).await?;
        let proof = next.context("the stream ended")??;
        let number = verify(&proof, genesis, &set)?;
        ensure!(
            last.is_none_or(|last| number == last + 1),
            "{number} after {last:?}"
        );
        last = Some(number);
    }
    sender.await?
}

#[tokio::test(flavor = "multi_thread")]
async fn the_round_state_tells_of_the_next_height() -> Result<()> {
    let network = Network::local(&[]).await?;
    for (i, node) in network.nodes.iter().enumerate() {
        let rpc = node.rpc().await?;
        // The height moves on while we ask; so take an answer that lies between two others.
        let state = wait_for_some("the state of a round between two heads", || async {
            let before = rpc.finalized().await?.number;
            let state = rpc.call("pbft_roundState", vec![]).await?;
            let after = rpc.finalized().await?.number;
            let height = state["height"].as_u64().context("no height")?;
            Ok((before == after && height == u64::from(after) + 1).then_some(state))
        })
        .await?;
        let fields: BTreeSet<_> = state.as_object().context("an object")?.keys().collect();
        for field in [
            "view",
            "setId",
            "authorities",
            "totalWeight",
            "quorum",
            "primary",
            "local",
            "proposal",
            "prepared",
            "prepares",
            "commits",
            "viewChanges",
            "decided",
        ] {
            ensure!(fields.contains(&field.to_string()), "no {field} in {state}");
        }
        ensure!(
            state["authorities"]
                .as_array()
                .is_some_and(|a| a.len() == 4),
            "{state}"
        );
        ensure!(
            state["totalWeight"] == "4" && state["quorum"] == "3",
            "{state}"
        );
        ensure!(
            state["local"] == json!(i),
            "{} is not authority {i}: {state}",
            node.config.name
        );
        ensure!(state["primary"].as_u64().is_some_and(|p| p < 4), "{state}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_has_no_vote_of_its_own() -> Result<()> {
    let mut network = Network::local(&[]).await?;
    let follower = network.add_follower("follower", &[]).await?;
    network.nodes[follower].wait_finalized(1).await?;
    let rpc = network.nodes[follower].rpc().await?;
    let state = wait_for_some("the follower's round state", || async {
        Ok(Some(rpc.call("pbft_roundState", vec![]).await?))
    })
    .await?;
    ensure!(state["local"].is_null(), "{state}");
    Ok(())
}
