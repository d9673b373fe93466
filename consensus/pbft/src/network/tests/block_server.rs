// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Blocks for others: limits on how often they ask and on what they do not read.

use super::*;
use futures::{channel::oneshot, FutureExt};
use sc_network::request_responses::OutgoingResponse;
use std::time::Instant;

/// Holds one block, of so many bytes.
struct Held(Hash, usize);

impl BlockProvider for Held {
    fn encoded_block(&self, _: Height, hash: Hash) -> Option<Vec<u8>> {
        (hash == self.0).then(|| vec![7; self.1])
    }
}

fn server(node: &Node, block_bytes: usize) -> PbftBlockServer {
    let (_, requests) = async_channel::bounded(1);
    let held = Held(Hash::repeat_byte(1), block_bytes);
    PbftBlockServer::new(requests, Arc::new(held), node.pbft.handle.shared.clone())
}

fn request(n: u8) -> Vec<u8> {
    BlockRequest {
        height: 3,
        hash: Hash::repeat_byte(n),
    }
    .encode()
}

#[test]
fn requests_are_answered_refused_and_limited() {
    let node = Node::new(0);
    let (mut server, peer, now) = (server(&node, 3), PeerId::random(), Instant::now());
    let mut ask = |payload: &[u8]| server.respond(peer, payload, now).result;
    assert_eq!(ask(&request(1)), Ok(vec![1, 7, 7, 7]));
    assert_eq!(ask(&request(2)), Ok(vec![0]), "not held");
    assert_eq!(ask(&[1, 2]), Err(()), "malformed");
    assert_eq!(ask(&[0; 100]), Err(()), "too long");
    let answered = (0..100).filter(|_| ask(&request(1)).is_ok()).count();
    assert_eq!(answered, BLOCK_REQUEST_BURST as usize - 4);
    let other = server.respond(PeerId::random(), &request(1), now).result;
    assert!(other.is_ok(), "others can");
}

#[test]
fn who_does_not_read_gets_no_more_and_what_is_read_counts_no_more() {
    let mut node = Node::new(0);
    let authority = node.peer(Roles::AUTHORITY, Some(1));
    let size = MAX_BLOCK_RESPONSE_BYTES as usize - 1;
    let (tx, requests) = async_channel::bounded(64);
    let provider = Arc::new(Held(Hash::repeat_byte(1), size));
    let server = PbftBlockServer::new(requests, provider, node.pbft.handle.shared.clone());
    let mut running = server.run().boxed();
    let mut ask = |peer: PeerId| -> OutgoingResponse {
        let (pending_response, answer) = oneshot::channel();
        let payload = request(1);
        let request = IncomingRequest {
            peer,
            payload,
            pending_response,
        };
        tx.try_send(request).unwrap();
        assert!(block_on(poll_immediate(&mut running)).is_none());
        block_on(answer).unwrap()
    };
    let first = ask(authority);
    assert!(first.result.is_ok());
    let second = ask(authority);
    assert_eq!(second.result, Err(()), "the first is under way");
    assert!(second.reputation_changes.is_empty(), "no offence");

    // Strangers share what there is for them; authorities do not depend on it.
    let strangers: Vec<_> = (0..10).map(|_| ask(PeerId::random())).collect();
    let answered = strangers.iter().filter(|answer| answer.result.is_ok());
    assert_eq!(answered.count(), MAX_UNSENT_BYTES_TO_STRANGERS / (size + 1));
    assert_eq!(ask(PeerId::random()).result, Err(()));
    first.sent_feedback.unwrap().send(()).unwrap();
    assert!(ask(authority).result.is_ok(), "it has read the first");
    // Connections that break count as read.
    drop(strangers);
    assert!(ask(PeerId::random()).result.is_ok());
}
