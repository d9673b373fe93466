// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Certificates, proofs of new views and evidence: as decoded from the bytes, and good ones that
//! are altered as the bytes say.

use crate::{
    input::Input,
    world::{self, verify, GENESIS, N},
};
use codec::DecodeAll;
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, AuthoritySet, Certificate, Evidence, Hash, NewViewProof,
    SignedStatement, SignerBitmap, Statement, View, VoteKind,
};
use std::collections::BTreeSet;

/// The height of everything here.
const HEIGHT: u32 = 5;

/// Verify whatever `bytes` are, and what they make of good ones.
pub fn run(bytes: &[u8]) {
    let set = world::set();
    if let Ok(certificate) = Certificate::decode_all(&mut &*bytes) {
        check_certificate(&set, &certificate);
    }
    if let Ok(proof) = NewViewProof::decode_all(&mut &*bytes) {
        for view in 0..4 {
            check_proof(&set, &proof, view);
        }
    }
    if let Ok(evidence) = Evidence::decode_all(&mut &*bytes) {
        check_evidence(&set, &evidence);
    }
    let mut input = Input::new(bytes);
    let certificate = altered_certificate(&set, &mut input);
    check_certificate(&set, &certificate);
    let view = View::from(input.byte() % 4);
    let proof = altered_proof(&set, &mut input, view, certificate);
    check_proof(&set, &proof, view);
}

/// A certificate that verifies has good signatures of a quorum of different members.
fn check_certificate(set: &AuthoritySet, certificate: &Certificate) {
    for kind in [VoteKind::Prepare, VoteKind::Commit] {
        let verified = certificate.verify_with(kind, &world::context(), set, verify);
        if verified.is_err() {
            continue;
        }
        assert_eq!(certificate.kind, kind);
        let payload = world::context().payload(
            certificate.height,
            certificate.view,
            &certificate.statement(),
        );
        let signers: BTreeSet<AuthorityIndex> = certificate
            .votes()
            .filter(|(who, signature)| {
                let key = &set.get(*who).expect("a member").key;
                verify(key, &payload, signature)
            })
            .map(|(who, _)| who)
            .collect();
        let weight: u64 = signers.iter().map(|who| set.weight(*who)).sum();
        assert!(weight >= set.quorum());
    }
}

/// A proof that verifies has view-changes of a quorum of different members, and binds the primary
/// to the highest block that any of them names.
fn check_proof(set: &AuthoritySet, proof: &NewViewProof, view: View) {
    let verified = proof.verify_with(HEIGHT, view, &world::context(), set, verify);
    let Ok(forced) = verified else { return };
    let signers: BTreeSet<_> = proof.signers().into_iter().collect();
    let weight: u64 = signers.iter().map(|who| set.weight(*who)).sum();
    assert!(weight >= set.quorum());
    for change in &proof.view_changes {
        assert!(change.verify_with(&world::context(), set, verify));
        let Statement::ViewChange { prepared } = change.statement else {
            panic!("no view-change: {change:?}");
        };
        assert!(prepared.map(|p| p.view) <= forced.map(|p| p.view));
    }
    let shown = proof.prepared.as_ref().map(Certificate::prepared);
    assert_eq!(shown, forced);
}

/// Evidence that verifies is of statements that their signer made.
fn check_evidence(set: &AuthoritySet, evidence: &Evidence) {
    let Ok(offender) = evidence.verify_with(GENESIS, set, verify) else {
        return;
    };
    for statement in evidence.offence.statements() {
        assert_eq!(statement.authority, offender);
        assert!(statement.verify_with(&world::context(), set, verify));
    }
}

/// A certificate of some of the set, perhaps with another bitmap or signature.
fn altered_certificate(set: &AuthoritySet, input: &mut Input) -> Certificate {
    let signers = input.byte();
    let signers = (0..N).filter(|i| signers & (1 << i) != 0);
    let kind = if input.bool() {
        VoteKind::Prepare
    } else {
        VoteKind::Commit
    };
    let view = View::from(input.byte() % 4);
    let choice = (Hash::repeat_byte(input.byte()), NO_PROOF);
    let mut certificate = world::certificate(set, kind, (HEIGHT, view), choice, signers);
    match input.byte() % 8 {
        0 => certificate.signers = SignerBitmap::new(usize::from(input.byte()), 0..N),
        1 => certificate.signatures = Default::default(),
        2 => certificate.view = View::from(input.byte()),
        3 => {
            let mut list = certificate.signatures.to_vec();
            if !list.is_empty() {
                let end = list.len();
                list.swap(input.below(end), input.below(end));
            }
            certificate.signatures = list.try_into().unwrap_or_default();
        }
        _ => {}
    }
    certificate
}

/// A proof of some of the set, of view-changes that name `certificate` or none, perhaps without it.
fn altered_proof(
    set: &AuthoritySet,
    input: &mut Input,
    view: View,
    certificate: Certificate,
) -> NewViewProof {
    let mut changes: Vec<SignedStatement> = Vec::new();
    for _ in 0..input.byte() % 6 {
        let who = AuthorityIndex::from(input.byte()) % N;
        let prepared = input.bool().then(|| certificate.prepared());
        let statement = Statement::ViewChange { prepared };
        let mut change = world::signed(set, who, HEIGHT, view, statement);
        match input.byte() % 16 {
            0 => change.view = View::from(input.byte()),
            1 => change.authority = AuthorityIndex::from(input.byte()),
            2 => change.statement = Statement::ViewChange { prepared: None },
            _ => {}
        }
        changes.push(change);
    }
    NewViewProof {
        view_changes: changes.try_into().unwrap_or_default(),
        prepared: input.bool().then_some(certificate),
    }
}
