// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What goes over the wire comes back as it was, and no bytes make decoding panic.

use crate::fixture::{block, certificate, proof, set, signed, HEIGHT};
use codec::{Decode, DecodeAll, Encode};
use hansa_pbft_primitives::{
    Certificate, ConsensusLog, Message, NewViewProof, PreDigest, Prepared, SignedStatement,
    Statement, VoteKind,
};
use proptest::prelude::*;

fn statement() -> impl Strategy<Value = Statement> {
    let parts = (any::<u8>(), any::<u8>(), any::<u32>(), 0..5u8);
    parts.prop_map(|(hash, proof, view, kind)| {
        let (hash, proof) = (block(hash), block(proof));
        match kind {
            0 => Statement::Proposal { hash, proof },
            1 => Statement::Prepare { hash, proof },
            2 => Statement::Commit { hash, proof },
            3 => Statement::ViewChange { prepared: None },
            _ => Statement::ViewChange {
                prepared: Some(Prepared { view, hash }),
            },
        }
    })
}

fn signed_statement() -> impl Strategy<Value = SignedStatement> {
    (0..4u16, any::<u32>(), statement()).prop_map(|(who, view, s)| signed(who, view, s))
}

fn any_certificate() -> impl Strategy<Value = Certificate> {
    let signers = prop::collection::btree_set(0..9u16, 0..9);
    let kind = prop::sample::select(vec![VoteKind::Prepare, VoteKind::Commit]);
    (kind, any::<u32>(), any::<u8>(), signers).prop_map(|(kind, view, hash, signers)| {
        let signers: Vec<_> = signers.into_iter().collect();
        certificate(kind, view, block(hash), &set(&[1; 9]), &signers)
    })
}

fn any_proof() -> impl Strategy<Value = NewViewProof> {
    let changes = prop::collection::vec(signed_statement(), 0..4);
    (changes, prop::option::of(any_certificate()))
        .prop_map(|(changes, prepared)| proof(changes, prepared.as_ref()))
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        (signed_statement(), prop::option::of(any_proof()))
            .prop_map(|(statement, proof)| Message::Proposal { statement, proof }),
        signed_statement().prop_map(Message::Vote),
        (signed_statement(), prop::option::of(any_certificate())).prop_map(
            |(statement, certificate)| Message::ViewChange {
                statement,
                certificate
            }
        ),
        any_certificate().prop_map(Message::Decided),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn messages_come_back_as_they_were(message in message()) {
        let bytes = message.encode();
        prop_assert_eq!(Message::decode_all(&mut &bytes[..]), Ok(message.clone()));
        // No proper prefix is a message.
        prop_assert!(Message::decode(&mut &bytes[..bytes.len() - 1]).is_err());
        prop_assert!(message.height() == HEIGHT);
    }

    #[test]
    fn whatever_bytes_come_decoding_is_total(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::decode_all(&mut &bytes[..]);
        let _ = Certificate::decode_all(&mut &bytes[..]);
        let _ = PreDigest::decode_all(&mut &bytes[..]);
        let _ = ConsensusLog::decode_all(&mut &bytes[..]);
    }

    /// A message with a byte changed decodes to something else or not at all, never to the same.
    #[test]
    fn there_is_one_encoding_of_a_message(
        message in message(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let mut bytes = message.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert_ne!(Message::decode_all(&mut &bytes[..]), Ok(message));
    }
}
