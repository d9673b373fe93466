// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What all limits come to, and what a peer's messages may cost.

use super::*;

/// What a node should be able to spare for everything that waits.
const INBOX_BUDGET_BYTES: usize = 384 * 1024 * 1024;

/// What the SDK's queue of each peer holds; a full one drops messages in silence.
const SDK_QUEUE_MESSAGES: usize = 2_048;

#[test]
fn the_limits_together_are_what_a_node_can_spare() {
    const { assert!(MAX_INBOX_BYTES < INBOX_BUDGET_BYTES) };
    const { assert!(MAX_UNHEARD_VOTES < SDK_QUEUE_MESSAGES) };
    const { assert!(MAX_QUEUED_PROPOSAL_BYTES_PER_PEER < MAX_QUEUED_PROPOSAL_BYTES) };
    const { assert!(MAX_QUEUED_VOTE_BYTES_PER_PEER < MAX_QUEUED_VOTE_BYTES) };
}

/// The most costly proposal of the largest set: its statement, view-changes of all, a certificate
/// of all.
#[test]
fn an_authority_can_afford_the_largest_message_and_strangers_a_usual_one() {
    let largest = |n: usize, bytes: usize| 1 + 2 * n + bytes / PROPOSAL_BYTES_PER_CHECK;
    assert!(largest(MAX_AUTHORITIES as usize, MAX_PROPOSAL_BYTES) < CHECKS_BURST as usize);
    assert!(largest(100, MAX_PROPOSAL_BYTES) < STRANGERS_CHECKS_BURST as usize);
}

/// A view-change with a certificate of `signatures` signatures.
fn view_change(height: Height, signatures: usize) -> Message {
    let list: Vec<_> = vec![pair(0).sign(b"x"); signatures];
    let statement = signed(height, Statement::ViewChange { prepared: None });
    let certificate = Certificate {
        kind: VoteKind::Prepare,
        height,
        view: 0,
        hash: Hash::zero(),
        proof: NO_PROOF,
        signers: SignerBitmap::new(signatures, 0..signatures as u16),
        signatures: list.try_into().unwrap(),
    };
    Message::ViewChange {
        statement,
        certificate: Some(certificate),
    }
}

/// How many of `count` messages of `peer` get through to the worker.
fn pass(node: &mut Node, peer: PeerId, message: &Message, count: usize) -> usize {
    let mut passed = 0;
    for _ in 0..count {
        node.receive(peer, true, encode_vote(message));
        let events = node.events();
        passed += events.iter().filter(|(from, _)| *from == peer).count();
    }
    passed
}

#[test]
fn what_an_authority_asks_for_is_bounded_by_its_signatures() {
    let mut node = Node::new(0);
    let greedy = node.peer(Roles::AUTHORITY, Some(1));
    let honest = node.peer(Roles::AUTHORITY, Some(2));
    let costly = view_change(1, 666);
    let passed = pass(&mut node, greedy, &costly, 40);
    let burst = CHECKS_BURST as usize / 667;
    assert!((burst..burst + 10).contains(&passed), "{passed} passed");
    assert!(node.reports() > 0);
    node.close(greedy);
    node.open(greedy, Roles::AUTHORITY);
    node.greet(greedy, Some(1));
    node.events();
    let again = pass(&mut node, greedy, &costly, 10);
    assert!(again < 5, "a new connection brings no new allowance");
    assert_eq!(
        pass(&mut node, honest, &costly, 1),
        1,
        "each has its own allowance"
    );
}

#[test]
fn strangers_share_an_allowance_and_cannot_use_up_that_of_authorities() {
    let mut node = Node::new(0);
    let strangers: Vec<_> = (0..20).map(|_| node.peer(Roles::FULL, None)).collect();
    let mut passed = 0;
    for stranger in &strangers {
        passed += pass(&mut node, *stranger, &view_change(1, 199), 2);
    }
    let burst = STRANGERS_CHECKS_BURST as usize / 200;
    assert!((burst..burst + 10).contains(&passed), "{passed} passed");
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    assert_eq!(pass(&mut node, authority, &vote(1), 10), 10);
    // One whose key is in no set cannot be told from one that was made up.
    let made_up = node.peer(Roles::AUTHORITY, Some(8));
    assert_eq!(pass(&mut node, made_up, &view_change(1, 900), 2), 0);
}

#[test]
fn large_proposals_of_strangers_are_dropped_before_they_are_decoded() {
    let mut node = Node::new(0);
    let stranger = node.peer(Roles::FULL, None);
    let held = block(1, MAX_BLOCK_BODY_BYTES);
    for _ in 0..20 {
        node.receive(
            stranger,
            false,
            encode_proposal(&proposal(&held), Some(&held)),
        );
    }
    let passed = node.events().len();
    assert!((1..10).contains(&passed), "{passed} passed");
}
