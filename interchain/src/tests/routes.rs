// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a route decides, as tables.

use super::mock::{lock, two_chains, wall_clock, Node, PARAMETERS};
use crate::{
    chain::{Chain, RouteState},
    limits::{BACK_OFF_MAX_MS, BACK_OFF_MIN_MS, CLAIM_MS, PULL_INTERVAL_MS, STEP_IN_MS},
    message::{Standing, Want},
    route::{Question, Route},
};
use hansa_interchain_primitives::{
    api::{ProofOf, RouteStatus, RouteView, Submission},
    LaneId, Nonce, TRANSFER_LANE,
};
use libp2p::PeerId;
use std::sync::Mutex;

/// A route of a chain whose transfer lane stands so: (sent, settled, taken, pruned).
fn state(lane: (Nonce, Nonce, Nonce, Nonce)) -> RouteState {
    let (a, _) = two_chains();
    let peer = lock(&a).peer.id;
    let node = Node {
        world: a,
        index: 0,
        nodes: 1,
        pool: Mutex::default(),
        kept: Mutex::default(),
    };
    let mut state = node.route(node.head().hash, peer).unwrap().unwrap();
    let view = &mut state.view.lanes[TRANSFER_LANE as usize];
    (view.outbound.next, view.outbound.acknowledged) = (lane.0, lane.1);
    (view.inbound.next, view.inbound.pruned) = (lane.2, lane.3);
    state
}

/// How the other chain stands: (sent, settled, taken).
fn theirs(of: &RouteState, lane: (Nonce, Nonce, Nonce)) -> Standing {
    let mut standing = Standing::new(of.view.chain, 9, &of.view);
    for standing in standing.lanes.iter_mut() {
        (standing.sent, standing.settled, standing.taken) = (0, 0, 0);
    }
    let transfers = &mut standing.lanes[TRANSFER_LANE as usize];
    (transfers.sent, transfers.settled, transfers.taken) = lane;
    standing
}

fn wants(
    own: (Nonce, Nonce, Nonce, Nonce),
    other: (Nonce, Nonce, Nonce),
    late: Option<Nonce>,
) -> Vec<ProofOf> {
    let state = state(own);
    let mut route = Route::new(u64::MAX);
    route.heard(PeerId::random(), theirs(&state, other));
    let late: Vec<(LaneId, Nonce)> = late
        .map(|nonce| (TRANSFER_LANE, nonce))
        .into_iter()
        .collect();
    match route.question(&state.view, &late, &PARAMETERS, 0) {
        Some(Question::Prove { wants, .. }) => {
            assert!(wants.iter().all(|want| want.lane == TRANSFER_LANE));
            wants.iter().map(|want| want.of).collect()
        }
        Some(Question::Ask) => panic!("nobody said that it is time"),
        None => Vec::new(),
    }
}

#[test]
fn a_route_wants_what_its_chain_lacks() {
    let packets = |first, count| ProofOf::Packets { first, count };
    let results = |first, count| ProofOf::Results { first, count };
    for (own, other, late, expected) in [
        // Nothing is new.
        ((0, 0, 0, 0), (0, 0, 0), None, vec![]),
        ((5, 5, 3, 3), (3, 3, 5), None, vec![]),
        // Packets: from the next on, in batches of eight, three at once.
        ((0, 0, 0, 0), (1, 0, 0), None, vec![packets(0, 1)]),
        ((0, 0, 2, 2), (5, 2, 0), None, vec![packets(2, 3)]),
        (
            (0, 0, 0, 0),
            (20, 0, 0),
            None,
            vec![packets(0, 8), packets(8, 8), packets(16, 4)],
        ),
        (
            (0, 0, 0, 0),
            (99, 0, 0),
            None,
            vec![packets(0, 8), packets(8, 8), packets(16, 8)],
        ),
        // No more than the window leaves: 32 results are kept at most.
        ((0, 0, 30, 0), (99, 0, 0), None, vec![packets(30, 2)]),
        ((0, 0, 32, 0), (99, 0, 0), None, vec![]),
        // Results: of what was sent and is not settled; not of what was never sent.
        ((3, 1, 0, 0), (0, 0, 2), None, vec![results(1, 1)]),
        ((3, 1, 0, 0), (0, 0, 99), None, vec![results(1, 2)]),
        ((3, 3, 0, 0), (0, 0, 99), None, vec![]),
        // Prunings: of what the other chain has settled and this one keeps.
        ((0, 0, 3, 0), (3, 2, 0), None, vec![ProofOf::Outbound]),
        ((0, 0, 3, 2), (3, 2, 0), None, vec![]),
        ((0, 0, 3, 3), (3, 99, 0), None, vec![]),
        // Timeouts: only of what was not taken; else there is a result.
        ((3, 1, 0, 0), (0, 0, 1), Some(1), vec![ProofOf::Inbound]),
        ((3, 1, 0, 0), (0, 0, 2), Some(1), vec![results(1, 1)]),
        // All at once: what frees room first.
        (
            (3, 1, 3, 0),
            (4, 2, 2),
            Some(2),
            vec![
                results(1, 1),
                packets(3, 1),
                ProofOf::Outbound,
                ProofOf::Inbound,
            ],
        ),
    ] {
        assert_eq!(
            wants(own, other, late),
            expected,
            "{own:?} {other:?} {late:?}"
        );
    }
}

#[test]
fn a_dead_route_wants_nothing_and_a_suspended_one_no_packets() {
    for (status, expected) in [
        (RouteStatus::Open, 2),
        (RouteStatus::ReserveEmpty, 2),
        (RouteStatus::Suspended, 1),
        (RouteStatus::Frozen, 0),
        (RouteStatus::Expired, 0),
    ] {
        let mut state = state((3, 1, 0, 0));
        state.view.status = status;
        let mut route = Route::new(0);
        route.heard(PeerId::random(), theirs(&state, (1, 0, 2)));
        let count = match route.question(&state.view, &[], &PARAMETERS, 0) {
            Some(Question::Prove { wants, .. }) => wants.len(),
            Some(Question::Ask) => panic!("there is something"),
            None => 0,
        };
        assert_eq!(count, expected, "{status:?}");
    }
}

#[test]
fn one_question_at_a_time_and_a_pull_when_nothing_was_heard() {
    let state = state((0, 0, 0, 0));
    let mut route = Route::new(100);
    let ask = |route: &mut Route, now| route.question(&state.view, &[], &PARAMETERS, now);
    assert_eq!(ask(&mut route, 99), None);
    assert_eq!(ask(&mut route, 100), Some(Question::Ask));
    assert_eq!(ask(&mut route, 10_000), None, "it has not been answered");
    route.on_answer(true);
    assert_eq!(ask(&mut route, 100 + PULL_INTERVAL_MS - 1), None);
    assert_eq!(ask(&mut route, 100 + PULL_INTERVAL_MS), Some(Question::Ask));
}

#[test]
fn failures_double_the_pause_and_success_ends_that() {
    let state = state((0, 0, 0, 0));
    let mut route = Route::new(0);
    let mut now = 0;
    for expected in [1, 2, 4, 8, 16, 32, 60, 60].map(|n| n * BACK_OFF_MIN_MS) {
        let expected = expected.min(BACK_OFF_MAX_MS);
        assert_eq!(
            route.question(&state.view, &[], &PARAMETERS, now),
            Some(Question::Ask)
        );
        route.on_failure(now);
        let early = now + expected - 1;
        assert_eq!(route.question(&state.view, &[], &PARAMETERS, early), None);
        now += expected;
    }
    route.on_answer(false);
    route.on_failure(now);
    now += BACK_OFF_MIN_MS;
    assert!(route.question(&state.view, &[], &PARAMETERS, now).is_some());
}

#[test]
fn a_header_is_asked_for_when_it_is_due() {
    let mut state = state((0, 0, 0, 0));
    state.view.header_due = true;
    let mut route = Route::new(0);
    let first = route.question(&state.view, &[], &PARAMETERS, 0);
    assert_eq!(first, Some(Question::Ask));
    let peer = PeerId::random();
    route.heard(peer, theirs(&state, (0, 0, 0)));
    route.on_answer(true);
    let question = route.question(&state.view, &[], &PARAMETERS, 1);
    let expected = Question::Prove {
        of: Some(peer),
        wants: Default::default(),
    };
    assert_eq!(question, Some(expected));
    route.on_answer(true);
    // Once; and not if another node brought it meanwhile.
    assert_eq!(route.question(&state.view, &[], &PARAMETERS, 2), None);
}

fn delivery(first: Nonce, count: u32) -> Submission {
    let (a, _) = two_chains();
    for _ in 0..count {
        lock(&a).send(wall_clock());
    }
    let packets = lock(&a)
        .state
        .sent
        .values()
        .map(|view| view.packet.clone())
        .collect::<Vec<_>>();
    Submission::Deliver {
        peer: 1,
        lane: TRANSFER_LANE,
        first,
        packets: packets.try_into().unwrap(),
        height: 1,
        proof: Default::default(),
    }
}

#[test]
fn what_was_submitted_is_not_asked_for_again_until_the_claim_ends() {
    let state = state((0, 0, 0, 0));
    let mut route = Route::new(u64::MAX);
    route.heard(PeerId::random(), theirs(&state, (3, 0, 0)));
    route.claim_all(&[delivery(0, 2)], &state.view, 0);
    let question = |route: &mut Route, now| {
        let question = route.question(&state.view, &[], &PARAMETERS, now);
        route.on_answer(true);
        match question {
            Some(Question::Prove { wants, .. }) => Some(wants.to_vec()),
            _ => None,
        }
    };
    let packets = |first, count| {
        Some(vec![Want {
            lane: TRANSFER_LANE,
            of: ProofOf::Packets { first, count },
        }])
    };
    assert_eq!(question(&mut route, 1), packets(2, 1));
    assert!(route.is_claimed(&delivery(0, 2), 1));
    assert!(route.is_claimed(&delivery(0, 1), 1));
    assert!(!route.is_claimed(&delivery(0, 3), 1));
    assert_eq!(question(&mut route, CLAIM_MS), packets(0, 3));
    route.claim_all(&[delivery(0, 2)], &state.view, CLAIM_MS);
    route.unclaim(&delivery(0, 2));
    assert_eq!(question(&mut route, CLAIM_MS + 1), packets(0, 3));
}

#[test]
fn packets_that_do_not_fit_a_block_together_are_asked_for_one_by_one() {
    let sent = state((0, 0, 0, 0));
    let mut route = Route::new(u64::MAX);
    route.heard(PeerId::random(), theirs(&sent, (7, 0, 0)));
    let counts = |route: &mut Route, view: &RouteView| {
        let question = route.question(view, &[], &PARAMETERS, 0);
        route.on_answer(true);
        let Some(Question::Prove { wants, .. }) = question else {
            panic!("it wants something: {question:?}");
        };
        let counts = wants.iter().map(|want| match want.of {
            ProofOf::Packets { count, .. } => count,
            _ => 0,
        });
        counts.collect::<Vec<_>>()
    };
    assert_eq!(counts(&mut route, &sent.view), [7]);
    route.ask_for_fewer(&delivery(0, 7));
    assert_eq!(counts(&mut route, &sent.view), [3, 3, 1]);
    route.ask_for_fewer(&delivery(0, 3));
    route.ask_for_fewer(&delivery(0, 1));
    assert_eq!(counts(&mut route, &sent.view), [1, 1, 1]);
    // As soon as one is in a block, more are tried again.
    route.claim_all(&[delivery(0, 1)], &sent.view, 0);
    let taken = state((0, 0, 1, 0));
    route.on_state(&taken.view, &taken.client);
    assert_eq!(counts(&mut route, &taken.view), [2, 2, 2]);
}

#[test]
fn authors_offer_at_once_and_others_later_if_it_is_undone() {
    let quiet = state((0, 0, 0, 0));
    let sent = state((1, 0, 0, 0));
    let settled = state((1, 1, 0, 0));
    let standing = |state: &RouteState| Standing::new(state.view.chain, 1, &state.view);
    let mut author = Route::new(0);
    assert!(!author.on_block(&standing(&quiet), 0, 0), "nothing is new");
    assert!(author.on_block(&standing(&sent), 0, 0));
    assert!(!author.on_block(&standing(&sent), 0, 0), "it was offered");
    assert!(
        author.on_block(&standing(&settled), 0, 0),
        "what is settled is news"
    );
    assert!(
        Route::new(0).on_block(&standing(&sent), 0, 0),
        "after a restart"
    );
    for rank in 1..=3u32 {
        let mut other = Route::new(0);
        assert!(!other.on_block(&standing(&sent), rank, 0));
        let due = STEP_IN_MS * u64::from(rank);
        assert!(!other.steps_in(&sent.view, due - 1));
        assert!(other.clone().steps_in(&sent.view, due));
        assert!(!other.clone().steps_in(&settled.view, due), "it was done");
        assert!(other.steps_in(&sent.view, due));
        assert!(!other.steps_in(&sent.view, due + 1), "once");
    }
}

#[test]
fn what_must_wait_for_its_header_is_held_and_then_released() {
    let mut state = state((0, 0, 3, 0));
    let latest = state.client.state.latest.height;
    let prune = |height| Submission::Prune {
        peer: 1,
        lane: TRANSFER_LANE,
        acknowledged: 2,
        height,
        proof: Default::default(),
    };
    let mut route = Route::new(0);
    let (view, client) = (&state.view, &state.client);
    assert_eq!(route.ready(vec![prune(latest)], view, client).len(), 1);
    // One that was never stored never will be.
    assert!(route
        .ready(vec![prune(latest - 1)], view, client)
        .is_empty());
    assert!(route
        .ready(vec![prune(latest + 1)], view, client)
        .is_empty());
    assert!(route.ready(Vec::new(), view, client).is_empty());
    let mut header = state.client.state.latest;
    header.height = latest + 1;
    state.client.state.latest = header;
    state.client.headers.push(header);
    let ready = route.ready(Vec::new(), &state.view, &state.client);
    assert_eq!(ready, [prune(latest + 1)]);
    assert!(route
        .ready(Vec::new(), &state.view, &state.client)
        .is_empty());
}

#[test]
fn more_claims_give_no_more_time_unless_the_chain_moves_on() {
    let mut state = state((0, 0, 0, 0));
    let mut route = Route::new(u64::MAX);
    route.claim_all(&[delivery(0, 1)], &state.view, 0);
    route.claim_all(&[delivery(1, 1)], &state.view, CLAIM_MS - 1);
    assert!(route.is_claimed(&delivery(0, 2), CLAIM_MS - 1));
    assert!(
        !route.is_claimed(&delivery(0, 1), CLAIM_MS),
        "the first may be lost"
    );
    state.view.lanes[TRANSFER_LANE as usize].inbound.next = 1;
    route.claim_all(&[delivery(5, 1)], &state.view, CLAIM_MS);
    assert!(
        !route.is_claimed(&delivery(5, 1), CLAIM_MS),
        "it leaves a gap"
    );
    route.claim_all(&[delivery(1, 1)], &state.view, CLAIM_MS);
    state.view.lanes[TRANSFER_LANE as usize].inbound.next = 2;
    route.claim_all(&[delivery(2, 1)], &state.view, CLAIM_MS + 1);
    assert!(route.is_claimed(&delivery(2, 1), 2 * CLAIM_MS));
}

#[test]
fn deliveries_under_a_header_that_was_passed_over_are_asked_for_again() {
    let mut state = state((0, 0, 0, 0));
    let mut route = Route::new(u64::MAX);
    let under = |height, first| match delivery(first, 1) {
        Submission::Deliver {
            peer,
            lane,
            first,
            packets,
            proof,
            ..
        } => Submission::Deliver {
            peer,
            lane,
            first,
            packets,
            height,
            proof,
        },
        other => other,
    };
    let latest = state.client.state.latest.height;
    let claims = [
        under(latest + 1, 0),
        under(latest + 2, 1),
        under(latest + 3, 2),
    ];
    route.claim_all(&claims, &state.view, 0);
    route.on_state(&state.view, &state.client);
    assert!(route.is_claimed(&delivery(2, 1), 1), "all may still come");
    // The first comes, and then the header of the third one.
    for height in [latest + 1, latest + 3] {
        state.client.state.latest.height = height;
        state.client.headers.push(state.client.state.latest);
    }
    state.view.lanes[TRANSFER_LANE as usize].inbound.next = 1;
    route.on_state(&state.view, &state.client);
    assert!(route.is_claimed(&delivery(0, 1), 1));
    assert!(!route.is_claimed(&delivery(1, 1), 1));
}
