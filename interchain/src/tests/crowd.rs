// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain of more nodes than one node names when it is asked for them.

use super::mock::{address_of, PATIENCE};
use crate::{
    host::{Handle, Host, Keypair, Questions},
    message::{Request, Response},
};
use hansa_interchain_primitives::{api::Submission, packet::ChainRef, Hash};

/// More than twice as many as one answer names.
const NODES: usize = 45;

/// How long they may take to find each other, in times of [`PATIENCE`]: each opens some forty connections, and other tests may have
/// the processors meanwhile.
const MEETING: u32 = 10;

const CHAIN: ChainRef = ChainRef {
    id: 7,
    genesis: Hash::repeat_byte(7),
};

/// Hosts of nodes of one chain; all but the first know the first.
async fn crowd() -> (Vec<Handle>, Vec<Questions>) {
    let (mut hosts, mut questions): (Vec<Handle>, Vec<_>) = Default::default();
    for _ in 0..NODES {
        let listen = ["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        let entries = match hosts.first() {
            Some(first) => vec![address_of(first).await],
            None => Vec::new(),
        };
        let keypair = Keypair::generate_ed25519();
        let (task, host) = Host::new(&keypair, &listen, &entries).unwrap();
        tokio::spawn(task.run());
        questions.push(host.serve(CHAIN).await);
        host.seek(CHAIN, Vec::new()).await;
        hosts.push(host);
    }
    (hosts, questions)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_of_a_large_chain_are_handed_what_one_of_them_hands_on() {
    let (hosts, mut questions) = crowd().await;
    let until = tokio::time::Instant::now() + PATIENCE * MEETING;
    loop {
        let mut counts = Vec::new();
        for host in &hosts {
            counts.push(host.peers(CHAIN).await.len());
        }
        if counts.iter().all(|count| *count == NODES - 1) {
            break;
        }
        let now = tokio::time::Instant::now();
        assert!(now < until, "they do not find each other: {counts:?}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    // As a courier does.
    let sender = &hosts[NODES - 1];
    let submission = Submission::UpdateClient {
        peer: 8,
        headers: Default::default(),
    };
    let request = Request::Forward {
        chain: CHAIN,
        peer: CHAIN,
        submissions: vec![submission].try_into().unwrap(),
    };
    let peers = sender.peers(CHAIN).await;
    let sent = peers
        .iter()
        .map(|peer| sender.request(*peer, request.clone()));
    let taken = questions[..NODES - 1].iter_mut().map(|of| async {
        let inbound = of.news.recv().await.unwrap();
        assert_eq!(inbound.peer, sender.id());
        inbound.reply.send(Response::Noted).unwrap();
    });
    let (answers, taken) = futures::join!(
        futures::future::join_all(sent),
        futures::future::join_all(taken)
    );
    assert_eq!((answers.len(), taken.len()), (NODES - 1, NODES - 1));
    assert!(answers.iter().all(|answer| *answer == Ok(Response::Noted)));
}
