// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The seeds of the corpus: real messages, and sequences that take replicas through all phases.
//!
//! They stand in the repository, in `fuzz/corpus/<target>/seed-*`; a test checks that they are those
//! that this module makes, so that a change of a message's form does not leave them behind.

use crate::{
    network::wire::{self, BlockRequest, BlockResponse, Hello, VoteProtocolMessage},
    types::ProposedBlock,
    world::{self, certificate, signed, GENESIS},
};
use codec::Encode;
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{
    digest::seal_item, primary::primary, statement::NO_PROOF, AuthoritySet, Certificate,
    ConsensusLog, ConsensusState, Evidence, Hash, Message, NewViewProof, Offence,
    ParentCertificate, PreDigest, SignedStatement, Statement, Timing, VoteKind,
};
use hansa_primitives::{Block, Header};
use hansa_vote_log::Entry;
use sp_runtime::{traits::Header as HeaderT, Digest, OpaqueExtrinsic};

/// A file of the corpus: its target, its name, its bytes.
pub type Seed = (&'static str, &'static str, Vec<u8>);

/// All seeds.
pub fn all() -> Vec<Seed> {
    let set = world::set();
    let mut seeds = messages(&set);
    seeds.extend(certificates(&set));
    seeds.extend(headers(&set));
    seeds.extend(sequences());
    seeds.extend(vote_logs(&set));
    seeds.extend(crate::interchain::seeds());
    seeds.extend(crate::interchain_messages::seeds());
    seeds
}

fn block() -> ProposedBlock {
    let root = Hash::repeat_byte(1);
    let set = world::set();
    let pre = PreDigest {
        view: 1,
        author: 2,
        timestamp_ms: 1_700_000_000_000,
    };
    let seal = signed(&set, 2, 5, 1, Statement::ViewChange { prepared: None }).signature;
    let digest = Digest {
        logs: vec![pre.to_digest_item(), seal_item(&seal)],
    };
    let header = Header::new(5, root, root, root, digest);
    let extrinsics = vec![OpaqueExtrinsic::from_blob(vec![4, 5, 6])];
    ProposedBlock {
        block: Block { header, extrinsics },
        parent_certificate: Some(prepared(&set, VoteKind::Commit)),
    }
}

fn prepared(set: &AuthoritySet, kind: VoteKind) -> Certificate {
    let choice = (Hash::repeat_byte(9), NO_PROOF);
    certificate(set, kind, (5, 0), choice, 0..3)
}

fn change(set: &AuthoritySet, who: u16, locked: bool) -> SignedStatement {
    let prepared = locked.then(|| prepared(set, VoteKind::Prepare).prepared());
    signed(set, who, 5, 1, Statement::ViewChange { prepared })
}

fn proof(set: &AuthoritySet) -> NewViewProof {
    let changes: Vec<_> = (0..3).map(|who| change(set, who, who == 1)).collect();
    NewViewProof {
        view_changes: changes.try_into().unwrap_or_default(),
        prepared: Some(prepared(set, VoteKind::Prepare)),
    }
}

fn proposal(set: &AuthoritySet, hash: Hash) -> Message {
    let proof = proof(set);
    let statement = Statement::Proposal {
        hash,
        proof: proof.digest(),
    };
    let primary = primary(set, &world::SEED, 5, 1).unwrap_or_default();
    Message::Proposal {
        statement: signed(set, primary, 5, 1, statement),
        proof: Some(proof),
    }
}

fn vote(set: &AuthoritySet, who: u16, block: u8) -> SignedStatement {
    let statement = VoteKind::Commit.statement(Hash::repeat_byte(block), NO_PROOF);
    signed(set, who, 5, 0, statement)
}

fn evidence(set: &AuthoritySet) -> Evidence {
    let (first, second) = (vote(set, 3, 1), vote(set, 3, 2));
    Evidence {
        set_id: set.id,
        offence: Offence::Equivocation { first, second },
    }
}

fn messages(set: &AuthoritySet) -> Vec<Seed> {
    let target = "messages";
    let hello = |authority| {
        VoteProtocolMessage::Hello(Hello {
            genesis: GENESIS,
            set_id: 3,
            height: 5,
            authority,
        })
    };
    let member = set
        .get(1)
        .map(|a| (a.key.clone(), vote(set, 1, 1).signature));
    let view_change = Message::ViewChange {
        statement: change(set, 1, true),
        certificate: Some(prepared(set, VoteKind::Prepare)),
    };
    let block = block();
    let proposed = proposal(set, block.hash());
    vec![
        (target, "seed-hello", hello(member).encode()),
        (target, "seed-hello-follower", hello(None).encode()),
        (
            target,
            "seed-vote",
            wire::encode_vote(&Message::Vote(vote(set, 1, 1))),
        ),
        (target, "seed-view-change", wire::encode_vote(&view_change)),
        (
            target,
            "seed-decided",
            wire::encode_vote(&Message::Decided(prepared(set, VoteKind::Commit))),
        ),
        (
            target,
            "seed-proposal",
            wire::encode_proposal(&proposed, Some(&block)),
        ),
        (
            target,
            "seed-proposal-bare",
            wire::encode_proposal(&proposed, None),
        ),
        (
            target,
            "seed-block-request",
            BlockRequest {
                height: 5,
                hash: block.hash(),
            }
            .encode(),
        ),
        (
            target,
            "seed-block-response",
            BlockResponse::Block(block).encode(),
        ),
        (target, "seed-record", Record::Sent(view_change).encode()),
        (target, "seed-evidence", evidence(set).encode()),
    ]
}

fn certificates(set: &AuthoritySet) -> Vec<Seed> {
    let target = "certificates";
    vec![
        (
            target,
            "seed-prepared",
            prepared(set, VoteKind::Prepare).encode(),
        ),
        (
            target,
            "seed-commit",
            prepared(set, VoteKind::Commit).encode(),
        ),
        (target, "seed-proof", proof(set).encode()),
        (target, "seed-evidence", evidence(set).encode()),
        // A certificate of the first three, then a proof of their view-changes, which show it.
        (
            target,
            "seed-altered",
            vec![7, 1, 0, 9, 4, 1, 3, 0, 1, 4, 1, 1, 4, 2, 0, 4, 1],
        ),
    ]
}

fn headers(set: &AuthoritySet) -> Vec<Seed> {
    let target = "headers";
    let header = block().block.header;
    let hand_over = Digest {
        logs: vec![ConsensusLog::SetChange(set.clone()).to_digest_item()],
    };
    let state = ConsensusState {
        set: set.clone(),
        seed: world::SEED,
        timing: Timing::default(),
    };
    let inherent = ParentCertificate::from(&prepared(set, VoteKind::Commit));
    vec![
        (target, "seed-header", header.encode()),
        (target, "seed-digest", hand_over.encode()),
        (target, "seed-inherent", inherent.encode()),
        (target, "seed-timing", Timing::default().encode()),
        (target, "seed-state", state.encode()),
    ]
}

/// Sequences: the meaning of the bytes is that of `sequence::Game::act`.
fn sequences() -> Vec<Seed> {
    let target = "sequence";
    let settle = [10, 0];
    // Everyone settles, then goes on to the next height, three times.
    let good: Vec<u8> = [settle, [9, 0], [9, 1], [9, 2]].concat().repeat(3);
    let normal = [&[7][..], &good].concat();
    let one_faulty = [&[0][..], &good].concat();
    // All expect a block that does not come, and change to the next view; one crashes; and so on.
    let all = |action: u8| [0, 1, 2].map(|at| [action, at]).concat();
    let change = [all(4), all(3), all(1), vec![8, 1, 2], all(3), all(1)].concat();
    let view_change = [&[7][..], &change, &settle, &good].concat();
    // The faulty one says two things to one of the others, who go on.
    let twice = [13, 0, 0, 0, 0, 0, 1, 1, 14, 0, 0, 0, 0, 0, 0, 2, 1];
    let equivocation = [&[0][..], &twice, &settle, &change, &good].concat();
    // Two faulty ones, with view-changes and proposals of their own.
    let lies = [15, 0, 0, 1, 2, 0, 1, 13, 0, 1, 1, 3, 0, 1, 12, 0, 3, 7, 0];
    let liars = [&[5][..], &settle, &change, &lies, &settle, &lies, &good].concat();
    vec![
        (target, "seed-normal", normal),
        (target, "seed-one-faulty", one_faulty),
        (target, "seed-view-change", view_change),
        (target, "seed-equivocation", equivocation),
        (target, "seed-liars", liars),
    ]
}

fn vote_logs(set: &AuthoritySet) -> Vec<Seed> {
    let target = "vote_log";
    let entry = |record| {
        let bytes = Entry::<crate::vote_log::AnyBlock>::Record { height: 5, record }.encode();
        let len = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        [vec![6, len], bytes].concat()
    };
    let votes = entry(Record::Sent(Message::Vote(vote(set, 1, 1))));
    let heard = entry(Record::Heard(vote(set, 1, 1)));
    let blocks = [5, 5, 3, 1, 2, 3, 0];
    let written = [&[3, 1][..], &votes, &blocks, &[0], &heard, &[0]].concat();
    // What follows the zero of a sync is more entries; padding makes them none.
    let spoilt = |how: &[u8]| [written.clone(), vec![0; 64], how.to_vec()].concat();
    vec![
        (target, "seed-whole", written.clone()),
        (target, "seed-cut", spoilt(&[0, 0, 9, 0])),
        (target, "seed-zeros", spoilt(&[2, 0, 90, 0])),
        (target, "seed-altered", spoilt(&[3, 0, 40, 1])),
    ]
}
