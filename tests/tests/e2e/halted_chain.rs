// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain that halts for longer than the packets to it have: all of them come back, once, and the auditor's
//! books balance.
//!
//! On a hub a packet has a quarter of an hour. The chains of this test run the hub's code with another number in its
//! place.

use crate::interchain::{events, send, with_route, Place, Reachable, AT_ONCE};
use anyhow::{ensure, Context, Result};
use codec::{Decode, Encode};
use hansa_e2e::{
    client::{self, UNIT},
    interchain::End,
    spec, wait_for, wasm,
};
use hansa_interchain_primitives::{
    api::{PacketState, PacketView, Parameters},
    Nonce, TRANSFER_LANE,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use subxt_signer::sr25519::dev;

/// How long packets have, in milliseconds: on a hub, and where a test is to see them time out.
const TIMEOUT_MS: u32 = 15 * 60 * 1_000;
const SHORT_TIMEOUT_MS: u32 = 20_000;

/// A chain of one node whose packets have little time.
async fn hasty(id: &str, chain_id: &str) -> Result<Reachable> {
    let change = |folder: &Path, spec: PathBuf| {
        let raw = spec::raw(folder, &spec)?;
        spec::with_code(folder, &raw, |code| {
            wasm::with_number(code, TIMEOUT_MS, SHORT_TIMEOUT_MS)
        })
    };
    let chain = Reachable::start_with("dev.json", id, chain_id, &["alice"], change).await?;
    let rpc = chain.end().await?.rpc().await?;
    let parameters: Parameters = rpc.runtime("InterchainApi_parameters", &[], None).await?;
    ensure!(
        parameters.timeout == u64::from(SHORT_TIMEOUT_MS),
        "packets have {} ms",
        parameters.timeout
    );
    Ok(chain)
}

/// The transfers on their way from one chain to another.
async fn in_flight(from: &End, to: &End) -> Result<Vec<PacketView>> {
    let arguments = (to.id(), TRANSFER_LANE, 0u64, 1_000u32).encode();
    let rpc = from.rpc().await?;
    let head = rpc.finalized().await?.hash;
    rpc.runtime("InterchainApi_packets", &arguments, Some(head))
        .await
}

/// What came of the transfers of a chain in the blocks from `from` on: those that were delivered, and those
/// that were refunded, with the amounts of each time.
async fn outcomes(end: &End, from: u32) -> Result<(BTreeSet<Nonce>, BTreeMap<Nonce, Vec<u128>>)> {
    let (api, rpc) = (end.api().await?, end.rpc().await?);
    let (mut delivered, mut refunded) = (BTreeSet::new(), BTreeMap::<_, Vec<_>>::new());
    for block in from..=rpc.finalized().await?.number {
        for (name, bytes) in events(&api, block).await? {
            match name.as_str() {
                "PacketDelivered" => {
                    let (_, lane, nonce) = Place::decode(&mut &bytes[..])?;
                    if lane == TRANSFER_LANE {
                        ensure!(delivered.insert(nonce), "{nonce} was delivered twice");
                    }
                }
                "PacketRefunded" => {
                    let ((_, lane, nonce), amount) = <(Place, u128)>::decode(&mut &bytes[..])?;
                    if lane == TRANSFER_LANE {
                        refunded.entry(nonce).or_default().push(amount);
                    }
                }
                _ => {}
            }
        }
    }
    Ok((delivered, refunded))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_halts_for_longer_than_the_timeout_has_all_refunded_once() -> Result<()> {
    let (a, b) = (hasty("one", "a1").await?, hasty("other", "b2").await?);
    let ([_a, mut chain_b], auditor) = with_route(a, b).await?;
    let [a, b] = &auditor.ends;
    let bob = client::account(&dev::bob());
    let begin = a.rpc().await?.finalized().await?.number;
    // Some are caught anywhere on their way, and the others surely too late.
    send(a, b, &dev::bob(), "//Halt//Caught", UNIT).await?;
    chain_b.network.kill_all();
    send(a, b, &dev::bob(), "//Halt//Late", 2 * UNIT).await?;
    let flying = in_flight(a, b).await?;
    let last = flying.iter().map(|view| view.packet.timeout).max();
    let last = last.context("nothing is on its way")?;
    wait_for("their time to be over", || async {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(now > Duration::from_millis(last + 2_000))
    })
    .await?;
    // Nobody has shown that they were not taken, so nothing comes back.
    let waiting = in_flight(a, b).await?;
    ensure!(waiting.len() as u128 >= AT_ONCE, "{waiting:?}");
    ensure!(waiting
        .iter()
        .all(|view| view.state == PacketState::Pending));
    let held = client::held(&a.api().await?, &bob).await?;
    ensure!(held >= 2 * UNIT * AT_ONCE, "{held} are held");

    chain_b.network.restart_all().await?;
    auditor.settle().await?;
    let free = |name: &'static str| async move {
        let account = client::account(&client::keypair(name));
        client::free(&b.api().await?, &account).await
    };
    let (caught, late) = (free("//Halt//Caught").await?, free("//Halt//Late").await?);
    ensure!(late == 0, "{late} were paid out after the timeout");
    ensure!(client::held(&a.api().await?, &bob).await? == 0);
    let (delivered, refunded) = outcomes(a, begin).await?;
    ensure!(delivered.len() as u128 * UNIT == caught, "{delivered:?}");
    ensure!(
        refunded.values().all(|times| times.len() == 1),
        "refunded more than once: {refunded:?}"
    );
    ensure!(refunded.keys().all(|nonce| !delivered.contains(nonce)));
    let back: u128 = refunded.values().flatten().sum();
    ensure!(
        back + caught == 3 * UNIT * AT_ONCE
            && delivered.len() + refunded.len() == 2 * AT_ONCE as usize,
        "{back} came back, {caught} arrived"
    );

    // The lane goes on, there and back.
    send(a, b, &dev::bob(), "//Halt//After", UNIT).await?;
    send(b, a, &dev::bob(), "//Halt//After", UNIT).await?;
    auditor.settle().await?;
    for end in [a, b] {
        let account = client::account(&client::keypair("//Halt//After"));
        let free = client::free(&end.api().await?, &account).await?;
        ensure!(free == UNIT * AT_ONCE, "{:x}: {free}", end.id());
    }
    Ok(())
}
