// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Nodes that lie, stall, or contradict themselves: they are shunned, and others are asked.

use super::mock::*;
use crate::{
    host::{Handle, Host, Inbound, Keypair, Multiaddr, Offence, RequestError},
    message::{Reason, Request, Response, Shown, Standing},
    serve,
};
use hansa_interchain_primitives::{packet::ChainRef, Hash};
use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc, Mutex,
    },
    time::Duration,
};

/// What a bad node makes of an honest answer; none: it does not answer at all.
type Twist = fn(Response) -> Option<Response>;

/// A node that serves a chain its own way.
struct Bad {
    host: Handle,
    twisted: Arc<AtomicUsize>,
}

impl Bad {
    async fn start(world: &Shared, entries: &[Multiaddr], twist: Twist) -> Self {
        let keypair = Keypair::generate_ed25519();
        let listen = ["/ip4/127.0.0.1/tcp/0".parse().unwrap()];
        let (task, host) = Host::new(&keypair, &listen, entries).unwrap();
        tokio::spawn(task.run());
        let own = lock(world).own;
        let node = Node {
            world: world.clone(),
            index: 0,
            nodes: 1,
            pool: Mutex::default(),
            kept: Mutex::default(),
        };
        let mut questions = host.serve(own).await;
        let twisted = Arc::new(AtomicUsize::new(0));
        let count = twisted.clone();
        tokio::spawn(async move {
            let mut unanswered = Vec::new();
            let _news = questions.news;
            while let Some(Inbound { request, reply, .. }) = questions.proofs.recv().await {
                let honest = serve::answer(&node, own, &request);
                if !matches!(request, Request::Prove { .. }) {
                    let _ = reply.send(honest);
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                match twist(honest) {
                    Some(answer) => drop(reply.send(answer)),
                    None => unanswered.push(reply),
                }
            }
        });
        Self { host, twisted }
    }

    /// Offer what there is, again and again, until somebody believes it.
    async fn offer(&self, world: &Shared, to: ChainRef) -> bool {
        let standing = {
            let world = lock(world);
            let lanes = (0..3u8).map(|lane| crate::message::LaneStanding {
                lane,
                sent: world.state.outbound[lane as usize].next,
                settled: world.state.outbound[lane as usize].acknowledged,
                taken: world.state.inbound[lane as usize].next,
            });
            Standing {
                chain: world.own,
                height: world.height(),
                lanes: lanes.collect::<Vec<_>>().try_into().unwrap(),
            }
        };
        for peer in self.host.peers(to).await {
            let standing = standing.clone();
            let answer = self
                .host
                .request(peer, Request::Offer { to, standing })
                .await;
            if answer == Ok(Response::Noted) {
                return true;
            }
        }
        false
    }
}

/// B's node hears first of a bad node of A; then there is an honest one, too. Returns how often the
/// bad one was asked, and whether B's node is still connected to it in the end.
async fn with_bad_node(twist: Twist) -> (usize, bool) {
    let (a, b) = two_chains();
    lock(&a).send(wall_clock() + PARAMETERS.timeout);
    lock(&a).block(Vec::new());
    let of_b = [Running::start(&b, 0, 1, &[]).await];
    let bad = Bad::start(&a, &[of_b[0].address().await], twist).await;
    let until = tokio::time::Instant::now() + PATIENCE;
    while bad.twisted.load(Ordering::SeqCst) == 0 {
        assert!(
            tokio::time::Instant::now() < until,
            "nobody asks the bad node"
        );
        let own = lock(&b).own;
        bad.offer(&a, own).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let honest = [Running::start(&a, 0, 1, &[of_b[0].address().await]).await];
    run_until(&[&honest, &of_b], || at_rest(&a, &b)).await;
    assert_eq!(lock(&a).state.delivered, [0]);
    let own = lock(&a).own;
    let shunned = of_b[0].host.peers(own).await;
    let is_shunned = !shunned.contains(&bad.host.id());
    (bad.twisted.load(Ordering::SeqCst), is_shunned)
}

fn with_proven(
    response: Response,
    change: impl FnOnce(&mut crate::message::Proven),
) -> Option<Response> {
    match response {
        Response::Proven(mut proven) => {
            change(&mut proven);
            Some(Response::Proven(proven))
        }
        other => Some(other),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_packet_is_found_out_and_others_are_asked() {
    let (_, shunned) = with_bad_node(|response| {
        with_proven(response, |proven| {
            for shown in proven.shown.iter_mut() {
                if let Shown::Packets { packets, .. } = shown {
                    packets[0].timeout += 1;
                }
            }
        })
    })
    .await;
    assert!(shunned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_with_a_node_too_many_is_found_out() {
    let (_, shunned) = with_bad_node(|response| {
        with_proven(response, |proven| {
            for shown in proven.shown.iter_mut() {
                if let Shown::Packets { proof, .. } = shown {
                    let nodes = proof.nodes().map(<[u8]>::to_vec).chain([vec![1, 2, 3]]);
                    *proof = hansa_interchain_primitives::StorageProof::new(nodes).unwrap();
                }
            }
        })
    })
    .await;
    assert!(shunned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_another_chain_is_found_out() {
    let (_, shunned) = with_bad_node(|response| {
        with_proven(response, |proven| {
            let mut header = proven.headers[0].clone();
            let set = make_set(0, 0x77);
            let (height, hash) = (header.certificate.height, header.certificate.hash);
            header.certificate = certify(Hash::repeat_byte(0x77), &set, 0x77, height, hash);
            proven.headers = vec![header].try_into().unwrap();
        })
    })
    .await;
    assert!(shunned);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_asked_for_is_no_answer() {
    let (_, shunned) = with_bad_node(|_| Some(Response::Noted)).await;
    assert!(shunned);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stalls_is_passed_over() {
    let (_, _) = with_bad_node(|_| None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_nothing_of_what_it_offered_is_passed_over() {
    let (_, _) =
        with_bad_node(|response| with_proven(response, |proven| proven.shown = Default::default()))
            .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_is_passed_over() {
    let (_, shunned) = with_bad_node(|_| Some(Response::Refused(Reason::Unable))).await;
    assert!(!shunned, "to refuse is no lie");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_contradiction_is_a_lie() {
    let (_, shunned) = with_bad_node(|response| match response {
        Response::Proven(proven) => {
            let mut header = proven.headers[0].clone();
            header.certificate.hash = Hash::repeat_byte(9);
            Some(Response::Contradiction(Box::new(header)))
        }
        other => Some(other),
    })
    .await;
    assert!(shunned);
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_lies_are_not_taken() {
    let (a, b) = two_chains();
    lock(&a).send(wall_clock() + PARAMETERS.timeout);
    let of_a = [Running::start(&a, 0, 1, &[]).await];
    let node = Running::start(&b, 0, 1, &[]).await;
    // Somebody who says that it serves B, too.
    let bad = Bad::start(&b, &[node.address().await], Some).await;
    let own = lock(&b).own;
    let until = tokio::time::Instant::now() + PATIENCE;
    while !node.host.peers(own).await.contains(&bad.host.id()) {
        assert!(tokio::time::Instant::now() < until, "they do not connect");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let known = lock(&b).state.client.unwrap();
    let forged = hansa_interchain_primitives::api::Submission::Prune {
        peer: lock(&a).own.id,
        lane: 1,
        acknowledged: 5,
        height: known.latest.height,
        proof: Default::default(),
    };
    let peer = lock(&a).own;
    let request = Request::Forward {
        chain: own,
        peer,
        submissions: vec![forged].try_into().unwrap(),
    };
    let to = node.host.id();
    // It is shunned for that, as soon as the node knows its routes.
    while node.host.peers(own).await.contains(&bad.host.id()) {
        assert!(
            tokio::time::Instant::now() < until,
            "the liar is not shunned"
        );
        let _ = bad.host.request(to, request.clone()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(node.node.pool.lock().unwrap().is_empty());
    drop(of_a);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_without_end_is_told_to_wait() {
    let (a, _) = two_chains();
    let node = Running::start(&a, 0, 1, &[]).await;
    let bad = Bad::start(&a, &[node.address().await], Some).await;
    let of = lock(&a).own;
    let by = lock(&a).peer;
    let to = node.host.id();
    let mut refused = 0;
    for _ in 0..400 {
        match bad.host.request(to, Request::Ask { of, by }).await {
            Ok(Response::Standing(_)) => {}
            Ok(Response::Refused(Reason::Busy)) => refused += 1,
            Err(RequestError::Unreachable) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    // It still works for others, and for it, too, after a while.
    bad.host.report(to, Offence::Stall).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let answer = bad.host.request(to, Request::Ask { of, by }).await;
    assert!(matches!(answer, Ok(Response::Standing(_))), "{answer:?}");
}
