// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Floods, fairness and bounds.

use super::*;
use crate::network::inbox::{Inbox, Popped};

#[test]
fn a_flood_by_one_peer_starves_nobody_and_is_bounded() {
    let mut node = Node::new(0);
    let honest = node.peer(Roles::AUTHORITY, Some(1));
    let flooder = node.peer(Roles::AUTHORITY, Some(2));
    for height in 0..100_000 {
        node.receive(flooder, true, encode_vote(&vote(height)));
    }
    node.receive(honest, true, encode_vote(&vote(7)));
    let events = node.events();
    let at = events.iter().position(|(peer, _)| *peer == honest).unwrap();
    assert!(at < 4, "the honest peer's vote came as number {at}");
    assert_eq!(events.len(), MAX_QUEUED_VOTES_PER_PEER + 1);
    assert!(node
        .network
        .reports
        .lock()
        .iter()
        .all(|(peer, _)| *peer == flooder));
    assert!(node.reports() > 90_000);
}

/// The SDK bans a peer at -71 % of `i32::MIN`.
const BANNED_AT: i64 = -1_525_000_000;

#[test]
fn who_floods_with_proposals_is_soon_banned() {
    let mut node = Node::new(0);
    let stranger = node.peer(Roles::FULL, None);
    let held = block(1, 100);
    for _ in 0..2_000 {
        node.receive(
            stranger,
            false,
            encode_proposal(&proposal(&held), Some(&held)),
        );
    }
    node.events();
    let cost: i64 = node
        .network
        .reports
        .lock()
        .iter()
        .map(|(_, change)| i64::from(change.value))
        .sum();
    assert!(cost < BANNED_AT, "{cost}");
}

#[test]
fn made_up_peers_do_not_crowd_out_authorities_nor_the_other_way_round() {
    let mut inbox = Inbox::default();
    let connect = |inbox: &mut Inbox, is_authority| {
        let peer = PeerId::random();
        inbox.connected(peer, 1);
        while inbox.pop().is_some() {}
        inbox.greeted(peer, 1);
        inbox.set_authority(&peer, is_authority);
        peer
    };
    let authorities: HashSet<_> = (0..3).map(|_| connect(&mut inbox, true)).collect();
    let others: Vec<_> = (0..500).map(|_| connect(&mut inbox, false)).collect();
    for peer in others.iter().chain(&authorities) {
        for _ in 0..100 {
            assert!(inbox.push_vote(*peer, vec![0]));
        }
    }
    let mut first = Vec::new();
    for _ in 0..100 {
        match inbox.pop() {
            Some(Popped::Vote { peer, .. }) => first.push(authorities.contains(&peer)),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(
        first.iter().filter(|is_authority| **is_authority).count(),
        75
    );
}

#[test]
fn proposals_are_bounded_per_peer_and_overall() {
    let mut inbox = Inbox::default();
    let connect = |inbox: &mut Inbox| {
        let peer = PeerId::random();
        inbox.connected(peer, 1);
        peer
    };
    let many = connect(&mut inbox);
    for n in 0..MAX_QUEUED_PROPOSALS_PER_PEER {
        assert!(inbox.push_proposal(many, vec![1 + u8::from(n > 0); 10]));
    }
    assert!(!inbox.push_proposal(many, vec![2; 10]), "one too many");
    let large = connect(&mut inbox);
    assert!(inbox.push_proposal(large, vec![1; 10]));
    assert!(inbox.push_proposal(large, vec![2; MAX_PROPOSAL_BYTES]));
    assert!(
        !inbox.push_proposal(large, vec![2; MAX_PROPOSAL_BYTES]),
        "too many bytes"
    );
    for _ in 0..100 {
        let peer = connect(&mut inbox);
        assert!(inbox.push_proposal(peer, vec![2; MAX_PROPOSAL_BYTES]));
        assert!(inbox.queued_proposal_bytes() <= MAX_QUEUED_PROPOSAL_BYTES);
    }
    let small = PeerId::random();
    inbox.connected(small, 1);
    assert!(inbox.push_proposal(small, vec![4; 10]), "others give way");
    let mut seen = HashMap::<PeerId, usize>::new();
    while let Some(popped) = inbox.pop() {
        match popped {
            Popped::Connected(peer) => inbox.greeted(peer, 1),
            Popped::Proposal { peer, bytes } => {
                assert_ne!(bytes[0], 1, "the oldest was dropped");
                *seen.entry(peer).or_default() += 1;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(seen.get(&small), Some(&1));
    assert_eq!(inbox.queued_proposal_bytes(), 0);
}

#[test]
fn votes_are_bounded_over_all_peers_and_the_greediest_lose() {
    let mut inbox = Inbox::default();
    let connect = |inbox: &mut Inbox| {
        let peer = PeerId::random();
        inbox.connected(peer, 1);
        peer
    };
    let modest = connect(&mut inbox);
    assert!(inbox.push_vote(modest, vec![1; 200]));
    let per_peer = MAX_QUEUED_VOTE_BYTES_PER_PEER / MAX_VOTE_BYTES - 1;
    let needed = MAX_QUEUED_VOTE_BYTES / (per_peer * MAX_VOTE_BYTES);
    let mut refused = 0;
    for _ in 0..needed + 10 {
        let peer = connect(&mut inbox);
        for _ in 0..per_peer {
            refused += usize::from(!inbox.push_vote(peer, vec![2; MAX_VOTE_BYTES]));
            assert!(inbox.queued_vote_bytes() <= MAX_QUEUED_VOTE_BYTES);
        }
    }
    assert!(refused > 0, "the limit was reached");
    assert!(inbox.push_vote(modest, vec![1; 200]), "others give way");
    let mut seen = 0;
    while let Some(popped) = inbox.pop() {
        if let Popped::Vote { peer, .. } = popped {
            seen += usize::from(peer == modest);
        }
    }
    assert_eq!(seen, 2);
    assert_eq!(inbox.queued_vote_bytes(), 0);
}

#[test]
fn a_flapping_peer_fills_nothing() {
    let mut inbox = Inbox::default();
    for round in 0..10_000u64 {
        let peer = PeerId::random();
        if !inbox.has_room_for(&peer) {
            break;
        }
        inbox.connected(peer, round);
        inbox.disconnected(peer);
        inbox.gone(peer);
    }
    assert!(inbox.len() <= 2 * MAX_PEERS);
    while inbox.pop().is_some() {}
    assert_eq!(inbox.len(), 0, "who has left is forgotten");

    let peer = PeerId::random();
    for session in 0..10_000 {
        inbox.connected(peer, session);
        inbox.disconnected(peer);
    }
    let events = std::iter::from_fn(|| inbox.pop()).collect::<Vec<_>>();
    assert!(events.len() <= MAX_QUEUED_CONNECTION_EVENTS_PER_PEER + 2);
    assert_eq!(events.last(), Some(&Popped::Disconnected(peer)));
}

#[test]
fn timeouts_leave_room_for_a_second_peer() {
    assert!(BLOCK_REQUEST_HEDGE_DELAY * 4 < BLOCK_REQUEST_TIMEOUT);
    assert!(BLOCK_REQUEST_HEDGE_DELAY > Duration::from_millis(100));
}
