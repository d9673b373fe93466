// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain whose authorities have certified two blocks of a height: who sees both reports it, and the route
//! is frozen.

use super::mock::*;
use hansa_interchain_primitives::Height;

fn later() -> u64 {
    wall_clock() + PARAMETERS.timeout
}

/// Chains A and B with a node each, of which B's has taken and settled a packet of A's.
async fn two_that_talked() -> ((Shared, Running), (Shared, Running)) {
    let (a, b) = two_chains();
    lock(&a).send(later());
    let of_a = [Running::start(&a, 0, 1, &[]).await];
    let of_b = [Running::start(&b, 0, 1, &[of_a[0].address().await]).await];
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    let ([of_a], [of_b]) = (of_a, of_b);
    ((a, of_a), (b, of_b))
}

/// Another chain of A: the same keys, other blocks, as many as B knows of A and no more, with a packet more
/// than B has taken of A, so that B wants it.
fn fork(b: &Shared) -> Shared {
    let known = known(b);
    let (fork, _) = two_chains();
    let taken = lock(b).state.inbound[1].next;
    for _ in 0..=taken {
        lock(&fork).send(later());
    }
    while height(&fork) < known + 1 {
        lock(&fork).block(Vec::new());
    }
    fork
}

fn known(b: &Shared) -> Height {
    lock(b).state.client.unwrap().latest.height
}

fn height(world: &Shared) -> Height {
    lock(world).height()
}

fn is_frozen(b: &Shared) -> bool {
    lock(b).state.frozen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_with_two_certified_blocks_of_a_height_is_reported_and_frozen() {
    let ((_, of_a), (b, of_b)) = two_that_talked().await;
    of_a.stop();
    let fork = fork(&b);
    let of_b = [of_b];
    let of_fork = [Running::start(&fork, 0, 1, &[of_b[0].address().await]).await];
    run_until(&[&of_fork, &of_b], || is_frozen(&b)).await;
}

/// The node that learns of the other block has not seen the certificate of the one that its chain knows: it
/// was started since. So it asks a node that has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_not_seen_the_first_certificate_asks_others_for_it() {
    let ((a, of_a), (b, of_b)) = two_that_talked().await;
    of_b.stop();
    let of_b = [Running::start(&b, 0, 1, &[of_a.address().await]).await];
    let fork = fork(&b);
    let of_fork = [Running::start(&fork, 0, 1, &[of_b[0].address().await]).await];
    // The true chain is quiet, so B hears of the fork's packets only.
    assert_eq!(lock(&a).state.outbound[1].next, 1);
    run_until(&[&of_fork, &of_b], || is_frozen(&b)).await;
    drop(of_a);
}

/// The block in question is the one with which its set handed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_handed_over_is_held_to_what_it_signed() {
    let ((a, of_a), (b, of_b)) = two_that_talked().await;
    lock(&a).next_set = Some((make_set(1, 99), 99));
    of_a.author();
    let last = height(&a);
    lock(&b).state.header_due = true;
    let of_b = [of_b];
    run_until(&[&of_b], || known(&b) == last).await;
    assert_eq!(lock(&b).state.client.unwrap().set_id, 1);
    assert_eq!(lock(&b).state.past[0].last, last);
    of_a.stop();
    let fork = fork(&b);
    let of_fork = [Running::start(&fork, 0, 1, &[of_b[0].address().await]).await];
    run_until(&[&of_fork, &of_b], || is_frozen(&b)).await;
}

/// Two certificates of one block are no contradiction: other views, other signers.
#[tokio::test(flavor = "multi_thread")]
async fn two_certificates_of_one_same_block_freeze_nothing() {
    let ((a, of_a), (b, of_b)) = two_that_talked().await;
    {
        let mut a = lock(&a);
        let (genesis, set, seed) = (a.own.genesis, a.set.clone(), a.seed);
        for block in &mut a.blocks {
            let certificate = &mut block.signed.certificate;
            let again = certify_in(
                genesis,
                &set,
                seed,
                (certificate.height, 3),
                certificate.hash,
            );
            assert_ne!(*certificate, again);
            *certificate = again;
        }
    }
    lock(&a).send(later());
    let (of_a, of_b) = ([of_a], [of_b]);
    run_until(&[&of_a, &of_b], || at_rest(&a, &b)).await;
    assert!(!is_frozen(&b));
    assert_eq!(lock(&a).state.delivered, [0, 1]);
}
