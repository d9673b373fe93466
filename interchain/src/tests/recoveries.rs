// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain that lost its quorum, and whose hub recorded another set: nodes of a third chain carry the record.

use super::mock::*;
use crate::{
    chain::Chain,
    limits::PULL_INTERVAL_MS,
    message::{Known, Proven, Request, Response, Shown, Want},
    serve,
    verify::{facts, Trust, Untrue},
};
use hansa_interchain_primitives::{
    api::{ProofOf, Submission},
    client, ClientState, Height, ProofError, SYSTEM_LANE,
};
use hansa_pbft_primitives::SetId;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Where the keys of the recorded set come from.
const SEED: u8 = 77;

fn later() -> u64 {
    wall_clock() + PARAMETERS.timeout
}

fn set_id(of: &Shared) -> SetId {
    lock(of).state.client.unwrap().set_id
}

fn node(world: &Shared) -> Arc<Node> {
    Arc::new(Node {
        world: world.clone(),
        index: 0,
        nodes: 1,
        pool: Mutex::default(),
        kept: Mutex::default(),
    })
}

/// What `by` asks of `of`, whose block of a height it knows.
fn prove(of: &Shared, by: &Shared, height: Height, set_id: SetId, wants: Vec<Want>) -> Response {
    let chain = node(of);
    let (own, by) = (lock(of).own, lock(by).own);
    let hash = chain.hash(height).unwrap().unwrap();
    let known = Known {
        height,
        hash,
        set_id,
    };
    let request = Request::Prove {
        of: own,
        by,
        known,
        wants: wants.try_into().unwrap(),
    };
    serve::answer(&*chain, own, &request)
}

fn want(chain: u32, set: SetId) -> Want {
    Want {
        lane: SYSTEM_LANE,
        of: ProofOf::Recovery { chain, set },
    }
}

/// What a node of the hub shows of the record of A.
fn shown(hub: &Shared, b: &Shared, want: Want) -> Proven {
    let known = lock(b).state.hub.clone().unwrap().state.latest.height;
    match prove(hub, b, known, 0, vec![want]) {
        Response::Proven(proven) => *proven,
        other => panic!("nothing is shown: {other:?}"),
    }
}

#[test]
fn a_node_says_that_its_set_was_replaced_and_leads_there() {
    let (a, b, _) = two_chains_and_hub();
    lock(&a).block(Vec::new());
    let head = lock(&a).height();
    lock(&a).lose_quorum(SEED);
    // As long as there is no other block, nothing is to be said.
    let silent = prove(&a, &b, head, 0, Vec::new());
    assert!(matches!(silent, Response::Proven(proven) if proven.head == head));
    lock(&a).block(Vec::new());
    lock(&a).block(Vec::new());
    for (known, expected) in [(head - 1, vec![head]), (head, vec![])] {
        let Response::Recovered(headers) = prove(&a, &b, known, 0, Vec::new()) else {
            panic!("it says something else at {known}");
        };
        let heights: Vec<_> = headers.iter().map(|h| h.certificate.height).collect();
        assert_eq!(heights, expected);
    }
    // Whoever knows the new set is led to the head.
    let answer = prove(&a, &b, head, 1, Vec::new());
    let Response::Proven(proven) = answer else {
        panic!("nothing is proven: {answer:?}");
    };
    assert_eq!((proven.head, proven.headers.len()), (head + 2, 1));
    // And hand-overs before are not left out.
    let (a, b, _) = two_chains_and_hub();
    for id in 1..=5 {
        lock(&a).next_set = Some((make_set(id, 100 + id as u8), 100 + id as u8));
        lock(&a).block(Vec::new());
    }
    lock(&a).lose_quorum(SEED);
    lock(&a).block(Vec::new());
    let answer = prove(&a, &b, 1, 0, Vec::new());
    assert!(matches!(answer, Response::Proven(proven) if proven.headers.len() == 4));
    let answer = prove(&a, &b, 6, 4, Vec::new());
    assert!(matches!(answer, Response::Recovered(headers) if headers.len() == 1));
}

#[test]
fn a_hub_shows_the_record_that_is_asked_for_and_no_other() {
    let (a, b, hub) = two_chains_and_hub();
    let chain = lock(&a).own.id;
    assert!(shown(&hub, &b, want(chain, 1)).shown.is_empty());
    let record = lock(&a).lose_quorum(SEED);
    lock(&hub).record(&record);
    lock(&hub).block(Vec::new());
    for other in [want(chain, 2), want(0x99, 1)] {
        assert!(shown(&hub, &b, other).shown.is_empty(), "{other:?}");
    }
    let shows = |wanted, set, record: &[u8]| {
        let proven = shown(&hub, &b, wanted);
        let Some(Shown::Recovery { recovery, .. }) = proven.shown.first() else {
            panic!("nothing is shown");
        };
        assert_eq!((recovery.set, &recovery.record[..]), (set, record));
    };
    shows(want(chain, 1), 1, &record);
    // The last one will do for whoever knows of none.
    let record = lock(&a).lose_quorum(SEED + 1);
    lock(&hub).record(&record);
    lock(&hub).block(Vec::new());
    for wanted in [want(chain, 1), want(chain, 2)] {
        shows(wanted, 2, &record);
    }
}

#[test]
fn what_is_shown_of_a_record_is_verified() {
    let (a, b, hub) = two_chains_and_hub();
    let chain = lock(&a).own.id;
    let record = lock(&a).lose_quorum(SEED);
    lock(&hub).record(&record);
    lock(&hub).block(Vec::new());
    let own = node(&b);
    let (head, of) = (own.head(), lock(&hub).own);
    let state = own.route(head.hash, of.id).unwrap().unwrap();
    let wanted = want(chain, 1);
    let take = |change: fn(&mut Shown)| {
        let mut proven = shown(&hub, &b, wanted);
        proven.shown.iter_mut().for_each(change);
        let trust = Trust {
            own: lock(&b).own,
            peer: of,
            client: &state.client,
            now: wall_clock(),
            drift: PARAMETERS.max_clock_drift,
        };
        trust.take(&state.view, &PARAMETERS, &[wanted], proven, |_| Vec::new())
    };
    let submissions = take(|_| ()).unwrap();
    assert!(matches!(
        &submissions[..],
        [Submission::UpdateClient { peer, .. }, Submission::RecoverClient { peer: 0xa, hub: 0xc, .. }]
            if *peer == of.id
    ));
    type Change = fn(&mut Shown);
    let cases: [(Change, Untrue); 6] = [
        (
            |shown| recovery_of(shown, |_, view| view.at += 1),
            Untrue::Proof(ProofError::Value),
        ),
        // All of the record is hashed.
        (
            |shown| {
                recovery_of(shown, |_, view| {
                    let mut bytes = view.record.to_vec();
                    bytes[5] ^= 1;
                    view.record = bytes.try_into().unwrap();
                })
            },
            Untrue::Proof(ProofError::Value),
        ),
        (
            |shown| recovery_of(shown, |_, view| view.record.try_push(0).unwrap()),
            Untrue::Record,
        ),
        (
            |shown| recovery_of(shown, |_, view| view.set += 1),
            Untrue::Record,
        ),
        (
            |shown| recovery_of(shown, |_, view| view.set -= 1),
            Untrue::Unasked,
        ),
        (
            |shown| recovery_of(shown, |chain, _| *chain += 1),
            Untrue::Unasked,
        ),
    ];
    for (i, (change, expected)) in cases.into_iter().enumerate() {
        let error = take(change).unwrap_err();
        assert_eq!(error, expected, "{i}");
        assert!(error.is_lie());
    }
}

fn recovery_of(
    shown: &mut Shown,
    change: impl FnOnce(&mut u32, &mut hansa_interchain_primitives::RecoveryView),
) {
    if let Shown::Recovery {
        chain, recovery, ..
    } = shown
    {
        change(chain, recovery);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_chain_goes_on_by_the_record_and_packets_arrive() {
    let (a, b, hub) = two_chains_and_hub();
    // B does not know the head of the old set yet.
    lock(&a).block(Vec::new());
    let record = lock(&a).lose_quorum(SEED);
    lock(&hub).record(&record);
    lock(&hub).block(Vec::new());
    lock(&a).send(later());
    lock(&b).send(later());
    let of_hub = [Running::start(&hub, 0, 1, &[]).await];
    let of_a = [Running::start(&a, 0, 1, &[]).await];
    let entries = [of_a[0].address().await, of_hub[0].address().await];
    let of_b = [Running::start(&b, 0, 1, &entries).await];
    run_until(&[&of_hub, &of_a, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(set_id(&b), 1);
    assert_eq!(lock(&a).state.delivered, [0]);
    assert_eq!(lock(&b).state.delivered, [0]);
}

/// The set of the first record lost its quorum, too, before it decided anything. B has heard of that record, or has not.
#[tokio::test(flavor = "multi_thread")]
async fn a_third_chain_goes_on_by_the_second_record_of_a_head() {
    for knows_the_first in [false, true] {
        let (a, b, hub) = two_chains_and_hub();
        let first = lock(&a).lose_quorum(SEED + 1);
        lock(&hub).record(&first);
        lock(&hub).block(Vec::new());
        if knows_the_first {
            let (head, mut b) = (lock(&a).trusted(), lock(&b));
            b.state.headers.push(head);
            let set = b.state.client_set.clone().unwrap();
            let state = ClientState {
                latest: head,
                ..b.state.client.unwrap()
            };
            let facts = facts(&first).unwrap();
            let update = client::recover(&state, &set, facts.head, facts.set, wall_clock());
            let update = update.unwrap();
            b.state.client = Some(update.state);
            b.state.client_set = update.set;
            b.block(Vec::new());
        }
        let second = lock(&a).lose_quorum(SEED);
        lock(&hub).record(&second);
        lock(&hub).block(Vec::new());
        lock(&a).send(later());
        let of_hub = [Running::start(&hub, 0, 1, &[]).await];
        let of_a = [Running::start(&a, 0, 1, &[]).await];
        let entries = [of_a[0].address().await, of_hub[0].address().await];
        let of_b = [Running::start(&b, 0, 1, &entries).await];
        run_until(&[&of_hub, &of_a, &of_b], || at_rest(&a, &b)).await;
        assert_eq!(set_id(&b), 2);
        assert_eq!(lock(&a).state.delivered, [0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_hub_makes_later_is_asked_for_until_it_is_there() {
    let (a, b, hub) = two_chains_and_hub();
    let record = lock(&a).lose_quorum(SEED);
    lock(&a).send(later());
    let of_hub = [Running::start(&hub, 0, 1, &[]).await];
    let of_a = [Running::start(&a, 0, 1, &[]).await];
    let entries = [of_a[0].address().await, of_hub[0].address().await];
    let of_b = [Running::start(&b, 0, 1, &entries).await];
    let asked = || lock(&hub).asked_for_records;
    run_until(&[&of_hub, &of_a, &of_b], || asked() > 0).await;
    // For longer than it takes to hear of it from A again.
    let until = Instant::now() + Duration::from_millis(2 * PULL_INTERVAL_MS);
    run_until(&[&of_hub, &of_a, &of_b], || Instant::now() > until).await;
    assert_eq!((set_id(&b), asked()), (0, 1), "it is put off");
    lock(&hub).record(&record);
    run_until(&[&of_hub, &of_a, &of_b], || set_id(&b) == 1).await;
    // Nobody was shunned for having nothing to show.
    for world in [&a, &hub] {
        let chain = lock(world).own;
        assert_eq!(of_b[0].host.peers(chain).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_client_goes_on_by_the_record() {
    let (a, b, hub) = two_chains_and_hub();
    let record = lock(&a).lose_quorum(SEED);
    {
        let (head, mut b) = (lock(&a).trusted(), lock(&b));
        b.state.headers.push(head);
        let client = b.state.client.as_mut().unwrap();
        client.latest = head;
        client.latest.timestamp -= 2 * PARAMETERS.trusting_period;
        let now = wall_clock();
        assert!(client.is_expired(now));
        b.block(Vec::new());
    }
    lock(&hub).record(&record);
    lock(&hub).block(Vec::new());
    let of_hub = [Running::start(&hub, 0, 1, &[]).await];
    // Nobody of A is there to say that there is a record.
    let of_b = [Running::start(&b, 0, 1, &[of_hub[0].address().await]).await];
    run_until(&[&of_hub, &of_b], || set_id(&b) == 1).await;
    let client = lock(&b).state.client.unwrap();
    assert!(!client.is_expired(wall_clock()));
    assert!(client.renewed > client.latest.timestamp);
}
