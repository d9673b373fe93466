// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators that were away: for a height, for many hundreds, over a change of the set.

use crate::faults::scene::Scene;
use anyhow::{ensure, Result};
use hansa_e2e::{client, client::UNIT, wait_for_some};
use hansa_pbft_primitives::ConsensusState;
use serde_json::json;
use subxt::dynamic::{self, Value};
use subxt_signer::sr25519::dev;

/// The validator that is away.
const AWAY: usize = 3;

/// By how many blocks it is behind when it has long been away: more than its vote log keeps (64),
/// than the SDK takes for being near the head (5), and than are noted in the log at once in a bulk
/// sync (256).
const FAR_BEHIND: u32 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_behind_by_a_height_or_by_hundreds_catches_up_and_votes() -> Result<()> {
    let edits = [
        ("/genesis/timing/minIntervalMs", json!(1)),
        ("/genesis/timing/viewTimeoutMs", json!(500)),
        ("/genesis/timing/viewTimeoutStepMs", json!(500)),
        // A quarter of the heights waits this long for the one that is away.
        ("/genesis/timing/silentTimeoutMs", json!(30)),
    ];
    let mut scene = Scene::start(&edits, &[]).await?;
    let api = scene.network.nodes[0].client().await?;
    let receiver = client::account(&client::keypair("//Behind"));
    let transfer = client::transfer(&receiver, UNIT);

    scene.network.nodes[AWAY].kill();
    let seen = client::submit(&api, &transfer, &dev::alice()).await?.block;
    let rpc = scene.network.nodes[0].rpc().await?;
    let number = rpc.number_of(seen).await?;
    scene.network.nodes[AWAY].restart().await?;
    scene.network.assert_agree(number).await?;
    // It votes on the next block; until the idle interval is over nothing else makes one.
    client::submit(&api, &transfer, &dev::alice()).await?;
    scene.wait_votes(AWAY, number).await?;

    let from = scene.watch.height();
    scene.network.nodes[AWAY].kill();
    let load = scene.load().await?;
    while scene.watch.height() < from + FAR_BEHIND {
        scene.watch.wait_height(scene.watch.height() + 1).await?;
    }
    scene.network.nodes[AWAY].restart().await?;
    // It has to catch up with others that go on.
    let back_at = scene.watch.height();
    scene.wait_votes(AWAY, back_at).await?;
    println!(
        "behind by {} when it came back, voting at {}",
        back_at - from,
        scene.watch.height()
    );
    drop(load);
    scene.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_missed_a_change_of_the_set_is_waited_for_and_votes_in_the_new_one() -> Result<()>
{
    let edits = [
        ("/genesis/timing/idleIntervalMs", json!(1_000)),
        ("/genesis/sessionLengthMs", json!(3_000)),
    ];
    let mut scene = Scene::start(&edits, &[]).await?;
    let api = scene.network.nodes[0].client().await?;
    let rpc = scene.network.nodes[0].rpc().await?;
    scene.network.nodes[AWAY].kill();

    // Three are left, and one of them leaves the set at the session's end. The new set of three
    // tolerates no fault, so all of it is needed, the one that is away included.
    let charlie = client::account(&dev::charlie());
    let fields = [("account", Value::from_bytes(charlie.0))];
    let call = Value::named_variant("remove_authority", fields);
    let call = dynamic::tx("Sudo", "sudo", vec![client::call_value("Pbft", call)]);
    client::submit(&api, &call, &dev::alice()).await?;
    let changed = wait_for_some("the set to change", || async {
        let state: ConsensusState = rpc.runtime("PbftApi_consensus_state", &[], None).await?;
        Ok((state.set.len() == 3).then_some(state.set))
    });
    let changed = changed.await?;
    let halted = scene.assert_halted(&[0, 1, 2]).await?;

    scene.network.nodes[AWAY].restart().await?;
    scene.watch.wait_height(halted + 3).await?;
    let state = scene.network.nodes[AWAY].rpc().await?;
    let state = state.call("pbft_roundState", vec![]).await?;
    ensure!(
        state["setId"] == json!(changed.id),
        "not in set {}: {state}",
        changed.id
    );
    ensure!(!state["local"].is_null(), "it does not vote: {state}");
    scene.end().await
}
