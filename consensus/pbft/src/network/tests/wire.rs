// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Names, encodings, limits of messages, Hellos.

use super::*;

#[test]
fn names_tell_chains_apart() {
    let names = ProtocolNames::new(GENESIS, Some("fork"));
    assert_eq!(
        &*names.votes,
        format!("/{}/fork/pbft/votes/1", "aa".repeat(32))
    );
    let names = ProtocolNames::new(GENESIS, None);
    assert_eq!(
        &*names.proposals,
        format!("/{}/pbft/proposals/1", "aa".repeat(32))
    );
    assert_eq!(&*names.block, format!("/{}/pbft/block/1", "aa".repeat(32)));
}

#[test]
fn encodings_without_copies_are_those_of_the_types() {
    let (message, held) = (vote(3), block(3, 10));
    assert_eq!(
        encode_vote(&message),
        VoteProtocolMessage::Pbft(message.clone()).encode()
    );
    for block in [None, Some(held.clone())] {
        let bytes = encode_proposal(&message, block.as_ref());
        assert_eq!(
            bytes,
            ProposalProtocolMessage {
                message: message.clone(),
                block
            }
            .encode()
        );
    }
    assert_eq!(encode_block_response(None), BlockResponse::Unknown.encode());
    let response = BlockResponse::Block(held.clone());
    assert_eq!(
        encode_block_response(Some(held.encode())),
        response.encode()
    );
}

#[test]
fn the_largest_messages_fit_and_nothing_larger_is_decoded() {
    let largest = MAX_AUTHORITIES as usize;
    let signature = pair(0).sign(b"whatever");
    let certificate = Certificate {
        kind: VoteKind::Prepare,
        height: 1,
        view: 0,
        hash: Hash::zero(),
        proof: NO_PROOF,
        signers: SignerBitmap::new(largest, 0..MAX_AUTHORITIES as u16),
        signatures: vec![signature; largest].try_into().unwrap(),
    };
    let prepared = Some(certificate.prepared());
    let statement = signed(1, Statement::ViewChange { prepared });
    let message = Message::ViewChange {
        statement: statement.clone(),
        certificate: Some(certificate.clone()),
    };
    // Even with the signatures of all, though a quorum's are enough.
    assert!(
        encode_vote(&message).len() <= MAX_VOTE_BYTES,
        "{}",
        encode_vote(&message).len()
    );
    assert!(decode_vote(&encode_vote(&message)).is_ok());

    let mut held = block(1, MAX_BLOCK_BODY_BYTES);
    held.parent_certificate = Some(certificate.clone());
    let view_changes = vec![statement; largest].try_into().unwrap();
    let proof = Some(NewViewProof {
        view_changes,
        prepared: Some(certificate),
    });
    let next = (0..MAX_AUTHORITIES)
        .map(|i| Authority {
            key: pair_of(i).public(),
            weight: 1,
        })
        .collect();
    let next = AuthoritySet::new(1, next).unwrap();
    held.block
        .header
        .digest
        .push(ConsensusLog::SetChange(next).to_digest_item());
    let Message::Proposal { statement, .. } = proposal(&held) else {
        panic!("it is one")
    };
    let bytes = encode_proposal(&Message::Proposal { statement, proof }, Some(&held));
    assert!(bytes.len() <= MAX_PROPOSAL_BYTES, "{}", bytes.len());
    assert!(decode_proposal(&bytes).is_ok());

    let good = encode_vote(&vote(1));
    assert!(decode_vote(&good).is_ok());
    let mut long = good.clone();
    long.push(0);
    assert_eq!(
        decode_vote(&long),
        Err(DecodeError::Malformed),
        "left-over bytes"
    );
    assert_eq!(
        decode_vote(&good[..good.len() - 1]),
        Err(DecodeError::Malformed)
    );
    assert_eq!(
        decode_vote(&vec![0; MAX_VOTE_BYTES + 1]),
        Err(DecodeError::TooLarge)
    );
    let foreign = VoteProtocolMessage::Pbft(proposal(&block(1, 1))).encode();
    assert_eq!(decode_vote(&foreign), Err(DecodeError::WrongProtocol));
    assert_eq!(
        decode_proposal(&encode_proposal(&vote(1), None)),
        Err(DecodeError::WrongProtocol)
    );
    let other = encode_proposal(&proposal(&block(1, 1)), Some(&block(2, 1)));
    assert_eq!(decode_proposal(&other), Err(DecodeError::WrongBlock));
}

#[test]
fn a_block_of_nothing_but_empty_transactions_does_not_blow_up_memory() {
    let mut bomb = block(1, 1);
    bomb.block.extrinsics = vec![OpaqueExtrinsic::from_blob(Vec::new()); 2_000_000];
    let bytes = encode_proposal(&proposal(&bomb), Some(&bomb));
    assert!(bytes.len() < MAX_PROPOSAL_BYTES);
    assert_eq!(decode_proposal(&bytes), Err(DecodeError::Malformed));
    let full = block(1, MAX_BLOCK_BODY_BYTES);
    assert!(decode_proposal(&encode_proposal(&proposal(&full), Some(&full))).is_ok());
}

#[test]
fn a_hello_is_bound_to_peer_chain_key_and_content() {
    let (peer, other) = (PeerId::random(), PeerId::random());
    let info = HelloInfo {
        set_id: 4,
        height: 9,
        authority: Some(pair(2).public()),
    };
    let hello = hello::make(GENESIS, &peer, &info, &Keys);
    let verify = |hello: &Hello, genesis, peer| hello::verify(hello, genesis, peer, &Keys);
    assert_eq!(verify(&hello, GENESIS, &peer), Ok(info.clone()));
    assert_eq!(
        verify(&hello, GENESIS, &other),
        Err(HelloError::BadSignature)
    );
    assert_eq!(
        verify(&hello, Hash::zero(), &peer),
        Err(HelloError::WrongGenesis)
    );
    let signature = hello.authority.clone().unwrap().1;
    for changed in [
        Hello {
            set_id: 5,
            ..hello.clone()
        },
        Hello {
            height: 8,
            ..hello.clone()
        },
        Hello {
            authority: Some((pair(3).public(), signature)),
            ..hello.clone()
        },
    ] {
        assert_eq!(
            verify(&changed, GENESIS, &peer),
            Err(HelloError::BadSignature)
        );
    }
    // A key that the keystore does not have makes the Hello of a follower.
    let foreign = HelloInfo {
        authority: Some(pair(77).public()),
        ..info.clone()
    };
    assert_eq!(hello::make(GENESIS, &peer, &foreign, &Keys).authority, None);
}
