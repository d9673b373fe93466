// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Packets get there, are settled and pruned, whatever happens to nodes and connections.

use super::mock::*;
use crate::host::Multiaddr;
use std::time::Duration;

async fn nodes(world: &Shared, count: u32, entries: &[Multiaddr]) -> Vec<Running> {
    let mut nodes: Vec<Running> = Vec::new();
    for index in 0..count {
        let mut known = entries.to_vec();
        if let Some(first) = nodes.first() {
            known.push(first.address().await);
        }
        nodes.push(Running::start(world, index, count, &known).await);
    }
    nodes
}

fn later() -> u64 {
    wall_clock() + PARAMETERS.timeout
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_both_ways_are_delivered_settled_and_pruned() {
    let (a, b) = two_chains();
    let of_a = nodes(&a, 3, &[]).await;
    let of_b = nodes(&b, 3, &[of_a[0].address().await]).await;
    for _ in 0..20 {
        lock(&a).send(later());
    }
    lock(&b).send(later());
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.delivered, (0..20).collect::<Vec<_>>());
    assert_eq!(lock(&b).state.delivered, [0]);
    assert!(lock(&a).state.refunded.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_that_changed_often_meanwhile_are_followed_in_bounded_steps() {
    let (a, b) = two_chains();
    for id in 1..=11 {
        let seed = 100 + id as u8;
        lock(&a).next_set = Some((make_set(id, seed), seed));
        lock(&a).block(Vec::new());
        lock(&a).block(Vec::new());
    }
    lock(&a).send(later());
    let of_a = nodes(&a, 1, &[]).await;
    let of_b = nodes(&b, 1, &[of_a[0].address().await]).await;
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.delivered, [0]);
    assert_eq!(lock(&b).state.client.unwrap().set_id, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_comes_too_late_is_refunded_and_taken_as_a_no_op() {
    let (a, b) = two_chains();
    lock(&a).send(wall_clock());
    let of_a = nodes(&a, 1, &[]).await;
    let of_b = nodes(&b, 1, &[of_a[0].address().await]).await;
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.refunded, [0]);
    assert!(lock(&a).state.delivered.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_due_comes_without_packets() {
    let (a, b) = two_chains();
    let of_a = nodes(&a, 1, &[]).await;
    let of_b = nodes(&b, 1, &[of_a[0].address().await]).await;
    lock(&b).state.header_due = true;
    let known = lock(&b).state.client.unwrap().latest.height;
    run_until(&[&of_a, &of_b], || {
        lock(&b).state.client.unwrap().latest.height > known
    })
    .await;
    assert!(!lock(&b).state.header_due);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_may_restart_in_mid_flight() {
    let (a, b) = two_chains();
    for round in 0..4u64 {
        for _ in 0..5 {
            lock(&a).send(later());
            lock(&b).send(later());
        }
        let of_a = nodes(&a, 2, &[]).await;
        let of_b = nodes(&b, 2, &[of_a[0].address().await]).await;
        let settled = || lock(&a).state.delivered.len() + lock(&b).state.delivered.len();
        let before = settled();
        // Somewhere on the way of some of them; in the last round to the end.
        run_until(&[&of_a, &of_b], || match round {
            3 => at_rest(&a, &b),
            _ => settled() > before,
        })
        .await;
        for node in of_a.into_iter().chain(of_b) {
            node.stop();
        }
    }
    assert_eq!(lock(&a).state.delivered.len(), 20);
    assert_eq!(lock(&b).state.delivered.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_author_may_be_gone_and_others_step_in() {
    let (a, b) = two_chains();
    let of_a = nodes(&a, 2, &[]).await;
    let of_b = nodes(&b, 2, &[of_a[0].address().await, of_a[1].address().await]).await;
    // Connected: a first packet has come.
    lock(&a).send(later());
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    let mut left = of_a.into_iter();
    let (kept, gone) = (left.next().unwrap(), left.next().unwrap());
    lock(&a).send(later());
    gone.author();
    gone.stop();
    // The others see the block; none of them is its author.
    kept.head.send_replace(lock(&a).height());
    let of_a = [kept];
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.delivered, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_found_again_at_the_entry_of_the_route() {
    let (a, b) = two_chains();
    let of_a = nodes(&a, 1, &[]).await;
    let entry = of_a[0].address().await;
    lock(&b).state.entries = vec![b"no address".to_vec(), entry.to_string().into_bytes()];
    lock(&b).block(Vec::new());
    // No bootnode: only the route says where the other chain is.
    let of_b = nodes(&b, 1, &[]).await;
    lock(&a).send(later());
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    for node in of_b {
        node.stop();
    }
    lock(&a).send(later());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let of_b = nodes(&b, 1, &[]).await;
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.delivered, [0, 1]);
}
