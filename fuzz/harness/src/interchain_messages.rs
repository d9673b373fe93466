// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What nodes say to each other between chains.

use crate::{
    limits::{MAX_FORWARDED, MAX_WANTS},
    message::{
        decode, Known, LaneStanding, Proven, Reason, Request, Response, Shown, Standing, Want,
    },
    seeds::Seed,
    world,
};
use codec::Encode;
use hansa_interchain_primitives::{
    api::{ProofOf, Submission},
    packet::ChainRef,
    Hash, RecoveryView, StorageProof,
};

/// Decode `bytes` as question and as answer.
pub fn run(bytes: &[u8]) {
    if let Ok(request) = decode::<Request>(bytes) {
        assert_eq!(request.encode(), bytes);
        let most = 4 + MAX_WANTS.max(MAX_FORWARDED);
        assert!((1..=most).contains(&request.units()));
        assert_eq!(
            request.chain().is_none(),
            matches!(request, Request::Hello { .. })
        );
        if let Request::Offer { standing, .. } = &request {
            assert!(!standing.is_news_after(standing));
        }
    }
    if let Ok(response) = decode::<Response>(bytes) {
        assert_eq!(response.encode(), bytes);
    }
}

fn chain(id: u32) -> ChainRef {
    ChainRef {
        id,
        genesis: world::GENESIS,
    }
}

/// One of each.
pub fn seeds() -> Vec<Seed> {
    let (of, by) = (chain(0xa1), chain(0xb2));
    let serves = vec![of, by].try_into().unwrap_or_default();
    let lane = LaneStanding {
        lane: 1,
        sent: 7,
        settled: 3,
        taken: 4,
    };
    let standing = Standing {
        chain: of,
        height: 9,
        lanes: vec![lane].try_into().unwrap_or_default(),
    };
    let wants = [
        ProofOf::Packets { first: 4, count: 3 },
        ProofOf::Results { first: 3, count: 1 },
        ProofOf::Inbound,
        ProofOf::Outbound,
        ProofOf::Recovery {
            chain: 0xa1,
            set: 3,
        },
    ];
    let wants: Vec<_> = wants.map(|of| Want { lane: 1, of }).into();
    let proof = StorageProof::new([vec![1, 2], vec![3; 40]]).unwrap_or_default();
    let prune = Submission::Prune {
        peer: 0xa1,
        lane: 1,
        acknowledged: 3,
        height: 8,
        proof: proof.clone(),
    };
    let recovery = Shown::Recovery {
        chain: 0xa1,
        recovery: RecoveryView {
            record: vec![4; 40].try_into().unwrap_or_default(),
            set: 3,
            at: 5,
        },
        proof: proof.clone(),
    };
    let shown = Shown::Outbound { lane: 1, proof };
    let known = Known {
        height: 8,
        hash: Hash::repeat_byte(8),
        set_id: 2,
    };
    let requests = [
        ("seed-hello", Request::Hello { serves }),
        (
            "seed-offer",
            Request::Offer {
                to: by,
                standing: standing.clone(),
            },
        ),
        ("seed-ask", Request::Ask { of, by }),
        (
            "seed-prove",
            Request::Prove {
                of,
                by,
                known,
                wants: wants.try_into().unwrap_or_default(),
            },
        ),
        (
            "seed-forward",
            Request::Forward {
                chain: by,
                peer: of,
                submissions: vec![prune].try_into().unwrap_or_default(),
            },
        ),
    ];
    let proven = Proven {
        headers: Default::default(),
        head: 9,
        shown: vec![shown, recovery].try_into().unwrap_or_default(),
    };
    let responses = [
        ("seed-standing", Response::Standing(standing)),
        ("seed-proven", Response::Proven(Box::new(proven))),
        ("seed-refused", Response::Refused(Reason::Behind)),
        ("seed-recovered", Response::Recovered(Default::default())),
    ];
    let target = "interchain_messages";
    let requests = requests.map(|(name, request)| (target, name, request.encode()));
    let responses = responses.map(|(name, response)| (target, name, response.encode()));
    requests.into_iter().chain(responses).collect()
}
