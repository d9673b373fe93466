// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators by stake: blocks go by stakes, and who bonds most joins.

use anyhow::{ensure, Context, Result};
use codec::DecodeAll;
use hansa_e2e::{
    client, client::UNIT, network::VALIDATORS, rpc, rpc::Rpc, spec, wait_for_some, Network,
};
use hansa_pbft_primitives::{AuthorityId, AuthorityIndex, ConsensusState, PreDigest};
use hansa_primitives::Header;
use serde_json::json;
use sp_core::{ed25519, proof_of_possession::ProofOfPossessionGenerator, sr25519, Encode, Pair};
use subxt::{
    dynamic::{self, Value},
    tx::DynamicPayload,
};
use subxt_signer::sr25519::dev;

/// Of how many blocks the authors are counted.
const BLOCKS: u32 = 150;

/// By how many standard deviations the count of an author may be off: one run in two million would be
/// by chance, and the schedule follows from the genesis, so that all runs are much alike.
const DEVIATIONS: f64 = 5.0;

/// The shares of the weight, of bonds of four, three, two and one parts: the first is cut to below a
/// third of what results.
const SHARES: [f64; 4] = [1.0 / 3.0, 1.0 / 3.0, 2.0 / 9.0, 1.0 / 9.0];

async fn state(rpc: &Rpc) -> Result<ConsensusState> {
    rpc.runtime("PbftApi_consensus_state", &[], None).await
}

async fn author(rpc: &Rpc, height: u32) -> Result<AuthorityIndex> {
    let proof = rpc.call("pbft_proveFinality", vec![json!(height)]).await?;
    let header = Header::decode_all(&mut &rpc::bytes_of(&proof["encodedHeader"])?[..])?;
    Ok(PreDigest::find(&header.digest)
        .context("no digest of pBFT")?
        .author)
}

/// The key with which a development account votes.
fn key_of(seed: &str) -> Result<ed25519::Pair> {
    Ok(ed25519::Pair::from_string(seed, None)?)
}

/// Register a development account's session keys: they are all made of its seed.
fn set_keys(owner: &client::Account, seed: &str) -> Result<DynamicPayload<Vec<Value>>> {
    let mut pbft = key_of(seed)?;
    let mut beacon = sr25519::Pair::from_string(seed, None)?;
    let keys = Value::named_composite([
        ("pbft", Value::from_bytes(pbft.public().0)),
        ("beacon", Value::from_bytes(beacon.public().0)),
    ]);
    let proof = (
        pbft.generate_proof_of_possession(&owner.0),
        beacon.generate_proof_of_possession(&owner.0),
    );
    let proof = Value::from_bytes(proof.encode());
    Ok(dynamic::tx("Session", "set_keys", vec![keys, proof]))
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_go_by_stakes_and_who_bonds_most_joins() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let edits = [
        ("/genesis/timing/minIntervalMs", json!(100)),
        ("/genesis/timing/idleIntervalMs", json!(200)),
        ("/genesis/sessionLengthMs", json!(5_000)),
    ];
    let spec = spec::edited(folder.path(), "stake.json", &edits)?;
    let mut network = Network::start(&spec, &VALIDATORS, &[]).await?;
    let (api, rpc) = (
        network.nodes[0].client().await?,
        network.nodes[0].rpc().await?,
    );
    let first = state(&rpc).await?.set;
    let total = first.total_weight();
    for authority in first.authorities() {
        ensure!(3 * authority.weight < total, "{authority:?} of {total}");
    }

    network.wait_finalized(BLOCKS).await?;
    let mut counts = vec![0u32; first.len()];
    for height in 1..=BLOCKS {
        counts[usize::from(author(&rpc, height).await?)] += 1;
    }
    for (i, seed) in ["//Alice", "//Bob", "//Charlie", "//Dave"]
        .iter()
        .enumerate()
    {
        let key = AuthorityId::from(key_of(seed)?.public());
        let at = first.index_of(&key).context("a validator of the genesis")?;
        let (count, blocks) = (f64::from(counts[usize::from(at)]), f64::from(BLOCKS));
        let deviation = (blocks * SHARES[i] * (1.0 - SHARES[i])).sqrt();
        let off = (count - blocks * SHARES[i]).abs() / deviation;
        ensure!(
            off < DEVIATIONS,
            "{seed} made {count} of {blocks}: {counts:?}"
        );
    }

    // Eve, who has no part in it, bonds more than anybody.
    let at = network
        .add_follower("eve", &["--eve", "--validator"])
        .await?;
    let (eve, key) = (dev::eve(), key_of("//Eve")?);
    let amount = Value::u128(500_000 * UNIT);
    let commission = Value::u128(0);
    for call in [
        dynamic::tx("Staking", "bond", vec![amount]),
        set_keys(&client::account(&eve), "//Eve")?,
        dynamic::tx("Staking", "validate", vec![commission]),
    ] {
        client::submit(&api, &call, &eve).await?;
    }
    let public = AuthorityId::from(key.public());
    let (set, index) = wait_for_some("Eve in the set", || async {
        let set = state(&rpc).await?.set;
        Ok(set.index_of(&public).map(|index| (set, index)))
    })
    .await?;
    ensure!(set.len() == 5 && set.id > first.id, "{set:?}");
    let height = wait_for_some("a block by Eve", || async {
        let head = rpc.finalized().await?.number;
        Ok((author(&rpc, head).await? == index).then_some(head))
    })
    .await?;
    network.nodes[at].wait_finalized(height).await?;
    network.assert_agree(height).await
}
