// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the node says to whom, and what it takes from whom.

use super::*;

#[test]
fn hello_comes_first_both_ways() {
    let mut node = Node::new(0);
    let peer = PeerId::random();
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, true, encode_vote(&vote(1)));
    assert_eq!(
        node.events(),
        [(peer, PeerEvent::Connected)],
        "a vote without a Hello is dropped"
    );
    let sent = node.take_sent();
    assert_eq!(sent, [(true, peer, hello_of(node.id(), Some(0)).encode())]);

    node.greet(peer, Some(1));
    node.receive(peer, true, encode_vote(&vote(2)));
    let authority = pair(1).public();
    let info = HelloInfo {
        set_id: 0,
        height: 1,
        authority: Some(authority.clone()),
    };
    let expected = [
        (peer, PeerEvent::Hello(info)),
        (peer, PeerEvent::Message(vote(2))),
    ];
    assert_eq!(node.events(), expected);
    assert_eq!(node.pbft.handle.authority_peers(), [(peer, authority)]);
    node.greet(peer, Some(1));
    assert!(node.events().is_empty(), "said again it is no news");
    node.close(peer);
    assert_eq!(node.events(), [(peer, PeerEvent::Disconnected)]);
    assert!(node.pbft.handle.peers().is_empty());

    // A new connection begins anew.
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, true, encode_vote(&vote(3)));
    assert_eq!(node.events(), [(peer, PeerEvent::Connected)]);
    assert_eq!(node.reports(), 0);
}

#[test]
fn a_stolen_hello_is_refused_and_costs() {
    let mut node = Node::new(0);
    let thief = PeerId::random();
    node.open(thief, Roles::AUTHORITY);
    node.receive(thief, true, hello_of(PeerId::random(), Some(1)).encode());
    assert_eq!(node.events(), [(thief, PeerEvent::Connected)]);
    assert_eq!(
        node.network.reports.lock()[..],
        [(thief, Misbehaviour::BadHello.change())]
    );
    assert!(node.pbft.handle.authority_peers().is_empty());
}

#[test]
fn proposals_wait_for_the_hello() {
    let mut node = Node::new(0);
    let (peer, held) = (PeerId::random(), block(1, 100));
    node.open(peer, Roles::AUTHORITY);
    node.receive(peer, false, encode_proposal(&proposal(&held), Some(&held)));
    assert_eq!(node.events(), [(peer, PeerEvent::Connected)]);
    node.greet(peer, Some(1));
    let events = node.events();
    let message = proposal(&held);
    assert!(matches!(events[0].1, PeerEvent::Hello(_)));
    assert_eq!(
        events[1..],
        [(
            peer,
            PeerEvent::Proposal {
                message,
                block: Some(held)
            }
        )]
    );
}

#[test]
fn malformed_and_oversized_messages_cost_and_nothing_else_happens() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    for (is_votes, bytes) in [
        (true, vec![9, 9, 9]),
        (true, vec![]),
        (true, vec![1; MAX_VOTE_BYTES + 1]),
        (false, vec![0; 10]),
        (false, vec![0; MAX_PROPOSAL_BYTES + 1]),
    ] {
        node.receive(peer, is_votes, bytes);
        assert!(node.events().is_empty());
        assert_eq!(node.reports(), 1);
    }
}

#[test]
fn substreams_are_accepted_by_role() {
    let node = Node::new(0);
    let validate = |handshake: &[u8]| {
        node.pbft
            .handle
            .shared
            .validate(PeerId::random(), handshake.to_vec())
    };
    assert_eq!(validate(&[4]), ValidationResult::Accept);
    assert_eq!(validate(&[1]), ValidationResult::Accept);
    assert_eq!(validate(&[2]), ValidationResult::Reject, "light");
    assert_eq!(validate(&[]), ValidationResult::Reject, "unknown");
}

#[test]
fn votes_go_to_authorities_and_not_to_followers() {
    let mut node = Node::new(0);
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    let newcomer = node.peer(Roles::AUTHORITY, Some(8));
    let follower = node.peer(Roles::FULL, None);
    node.take_sent();
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 2, "a small network");
    let peers: HashSet<_> = node
        .take_sent()
        .into_iter()
        .map(|(_, peer, _)| peer)
        .collect();
    assert_eq!(peers, [authority, newcomer].into());
    assert!(
        node.pbft.handle.send_to(follower, &vote(1)),
        "directly, to anyone"
    );

    for _ in 0..SMALL_NETWORK_PEERS {
        node.peer(Roles::FULL, None);
    }
    node.take_sent();
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 1, "a large network");
    assert_eq!(node.take_sent()[0].1, authority);
    node.pbft.handle.set_authorities(&set(9));
    assert_eq!(
        node.pbft.handle.broadcast(&vote(1)),
        2,
        "the newcomer is in the set"
    );
}

#[test]
fn a_block_goes_over_a_connection_once() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    node.take_sent();
    let held = block(1, 1_000);
    let (whole, bare) = (
        encode_proposal(&proposal(&held), Some(&held)),
        encode_proposal(&proposal(&held), None),
    );
    let handle = node.pbft.handle.clone();
    let send = |node: &mut Node| {
        assert_eq!(handle.broadcast_proposal(&proposal(&held), &held), 1);
        node.take_sent().pop().unwrap().2
    };
    assert_eq!(send(&mut node), whole);
    assert_eq!(send(&mut node), bare);
    node.close(peer);
    node.open(peer, Roles::AUTHORITY);
    node.greet(peer, Some(1));
    node.events();
    assert_eq!(send(&mut node), whole, "a new connection");
}

#[test]
fn a_peer_that_is_not_heard_gets_a_bounded_amount_of_blocks() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    node.take_sent();
    let send = |node: &Node, heights: std::ops::Range<Height>| {
        for height in heights {
            let held = block(height, MAX_BLOCK_BODY_BYTES / 2);
            node.pbft.handle.broadcast_proposal(&proposal(&held), &held);
        }
        node.take_sent()
            .iter()
            .fold(0, |sum, (_, _, bytes)| sum + bytes.len())
    };
    let bytes = send(&node, 1..30);
    assert!(bytes > MAX_UNHEARD_PROPOSAL_BYTES / 2 && bytes < MAX_UNHEARD_PROPOSAL_BYTES + 9_999);
    node.receive(peer, true, encode_vote(&vote(1)));
    node.events();
    assert!(
        send(&node, 30..31) > MAX_BLOCK_BODY_BYTES / 2,
        "it is alive"
    );
}

#[test]
fn a_peer_that_is_not_heard_gets_a_bounded_number_of_votes() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    node.take_sent();
    let sent = (0..2 * MAX_UNHEARD_VOTES).map(|_| node.pbft.handle.broadcast(&vote(1)));
    assert_eq!(sent.sum::<usize>(), MAX_UNHEARD_VOTES);
    node.receive(peer, true, encode_vote(&vote(1)));
    node.events();
    assert_eq!(node.pbft.handle.broadcast(&vote(1)), 1, "it is alive");
}

#[test]
fn a_new_key_and_a_set_that_takes_over_are_said_to_all() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::FULL, None);
    node.take_sent();
    let mut info = HelloInfo {
        set_id: 0,
        height: 2,
        authority: Some(pair(0).public()),
    };
    node.pbft.handle.set_local(info.clone(), false);
    assert!(node.take_sent().is_empty(), "the height alone is no news");
    let key = Some(pair(5).public());
    // (height, set, key, by a record, whether it is said): a set that begins with a height takes over nothing.
    for (height, set_id, authority, by_record, is_said) in [
        (2, 0, key.clone(), false, true),
        (3, 1, key.clone(), false, false),
        (3, 2, key.clone(), true, true),
        (3, 2, key.clone(), true, false),
        (4, 2, key.clone(), false, false),
        (5, 3, key, true, true),
    ] {
        (info.height, info.set_id, info.authority) = (height, set_id, authority);
        node.pbft.handle.set_local(info.clone(), by_record);
        let hello = hello::make(GENESIS, &node.id(), &info, &Keys);
        let hello = VoteProtocolMessage::Hello(hello).encode();
        let expected = is_said.then_some((true, peer, hello));
        assert_eq!(node.take_sent(), Vec::from_iter(expected), "{info:?}");
    }
}

#[test]
fn catch_up_help_is_limited() {
    let mut node = Node::new(0);
    let peer = node.peer(Roles::AUTHORITY, Some(1));
    let certificate = Certificate {
        kind: VoteKind::Commit,
        height: 3,
        view: 0,
        hash: Hash::zero(),
        proof: NO_PROOF,
        signers: SignerBitmap::new(4, [0]),
        signatures: Default::default(),
    };
    let looked_up = std::cell::Cell::new(0);
    let send = |peer| {
        let find = || {
            looked_up.set(looked_up.get() + 1);
            Some(certificate.clone())
        };
        node.pbft.handle.send_decided(peer, 3, find)
    };
    assert!(send(peer));
    assert!(!send(peer));
    assert!(!send(PeerId::random()));
    assert_eq!(looked_up.get(), 1, "who gets nothing causes no search");
}

#[test]
fn reserved_are_sync_peers_and_authorities_wherever_they_were_seen() {
    let mut node = Node::new(0);
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    let follower = node.peer(Roles::FULL, None);
    let reserved = |node: &Node| -> HashSet<PeerId> {
        let reserved = node.network.reserved.lock();
        let names = ProtocolNames::new(GENESIS, None);
        let of = |name: &ProtocolName| -> HashSet<PeerId> {
            reserved
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, peer)| *peer)
                .collect()
        };
        assert_eq!(of(&names.votes), of(&names.proposals));
        of(&names.votes)
    };
    for peer_id in [authority, follower] {
        let roles = Roles::FULL;
        node.sync
            .unbounded_send(SyncEvent::PeerConnected { peer_id, roles })
            .unwrap();
    }
    node.events();
    assert_eq!(reserved(&node), [authority, follower].into());
    for peer in [authority, follower] {
        node.sync
            .unbounded_send(SyncEvent::PeerDisconnected(peer))
            .unwrap();
        node.close(peer);
    }
    node.events();
    assert_eq!(reserved(&node), [authority].into(), "an authority is kept");
    node.pbft.handle.set_authorities(&set(1));
    assert!(reserved(&node).is_empty(), "until it leaves the set");
}

#[test]
fn a_block_is_asked_of_several_peers_and_checked() {
    let mut node = Node::new(0);
    let liar = node.peer(Roles::AUTHORITY, Some(1));
    let empty = node.peer(Roles::AUTHORITY, Some(2));
    let silent = node.peer(Roles::AUTHORITY, Some(3));
    let holder = node.peer(Roles::FULL, None);
    let held = block(5, 50);
    let answers = [
        (liar, BlockResponse::Block(block(6, 50)).encode()),
        (empty, BlockResponse::Unknown.encode()),
        (holder, BlockResponse::Block(held.clone()).encode()),
    ];
    node.network.answers.lock().extend(answers);
    let request = node.pbft.handle.request_block(held.hash(), 5, Some(empty));
    assert_eq!(block_on(request), Ok(held.clone()));
    assert_eq!(
        node.network.asked.lock()[0],
        empty,
        "who announced it is asked first"
    );
    assert_eq!(
        node.network.asked.lock()[3],
        holder,
        "a follower is asked last"
    );
    assert!(node.network.asked.lock().contains(&silent));
    assert_eq!(
        node.network.reports.lock()[..],
        [(liar, Misbehaviour::WrongBlock.change())]
    );

    let mut alone = Node::new(0);
    let request = alone.pbft.handle.request_block(held.hash(), 5, None);
    assert_eq!(block_on(request), Err(BlockRequestError::NoPeers));
    let peer = alone.peer(Roles::AUTHORITY, Some(1));
    alone
        .network
        .answers
        .lock()
        .insert(peer, BlockResponse::Unknown.encode());
    let request = alone.pbft.handle.request_block(held.hash(), 5, None);
    assert_eq!(block_on(request), Err(BlockRequestError::NotFound(1)));
}

#[test]
fn the_stream_ends_with_the_network() {
    let mut node = Node::new(0);
    node.events();
    node.votes.close_channel();
    block_on(&mut node.pbft.task);
    assert_eq!(block_on(node.pbft.incoming.next()), None);
}
