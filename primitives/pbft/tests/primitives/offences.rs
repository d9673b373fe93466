// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Evidence: what convicts, and what does not.

use crate::fixture::{
    block, certificate, change, pair, proof, set, signed, CONTEXT, HEIGHT, PROOF,
};
use codec::{Decode, Encode};
use hansa_pbft_primitives::{
    offence::statements_of, statement::NO_PROOF, AuthorityIndex, Certificate, Evidence, Hash,
    NewViewProof, Offence, OffenceError as Error, OffenceKind, Prepared, SignedStatement,
    SigningContext, Statement, View, VoteKind,
};
use sp_core::Pair;
use std::collections::BTreeSet;
use VoteKind::{Commit, Prepare};

/// The liar.
const LIAR: AuthorityIndex = 2;

fn evidence(offence: Offence) -> Evidence {
    let set_id = CONTEXT.set_id;
    Evidence { set_id, offence }
}

fn verify(offence: Offence) -> Result<AuthorityIndex, Error> {
    evidence(offence).verify(CONTEXT.genesis, &set(&[1; 4]))
}

fn vote(kind: VoteKind, view: View, hash: Hash) -> SignedStatement {
    signed(LIAR, view, kind.statement(hash, PROOF))
}

fn proposal(view: View, hash: Hash, proof: Hash) -> SignedStatement {
    signed(LIAR, view, Statement::Proposal { hash, proof })
}

fn equivocation(first: SignedStatement, second: SignedStatement) -> Offence {
    Offence::Equivocation { first, second }
}

fn amnesia(commit: SignedStatement, view_change: SignedStatement) -> Offence {
    Offence::Amnesia {
        commit,
        view_change,
    }
}

fn unjustified(proposal: SignedStatement, proof: Option<NewViewProof>) -> Offence {
    Offence::UnjustifiedProposal { proposal, proof }
}

fn prepared(view: View, hash: Hash) -> Certificate {
    certificate(Prepare, view, hash, &set(&[1; 4]), &[0, 1, 2])
}

/// The proof of view 4 in which all name `shown`.
fn opening(shown: Option<&Certificate>) -> NewViewProof {
    proof((0..3).map(|s| change(s, 4, shown)).collect(), shown)
}

/// The liar proposes block `hash` in view 4 with this proof.
fn proposal_with(hash: Hash, proof: NewViewProof) -> Offence {
    unjustified(proposal(4, hash, proof.digest()), Some(proof))
}

#[test]
fn each_offence_convicts() {
    let other_digest = signed(LIAR, 3, Prepare.statement(block(1), block(9)));
    let prepared_2 = prepared(2, block(1));
    let forced = opening(Some(&prepared(3, block(3))));
    let mut too_few = opening(None);
    too_few.view_changes.truncate(2);
    let mut forged = opening(None);
    forged.view_changes[1].signature = forged.view_changes[0].signature.clone();
    let stripped = NewViewProof {
        prepared: None,
        ..forced.clone()
    };
    let table = [
        (
            "two Prepares",
            equivocation(vote(Prepare, 3, block(1)), vote(Prepare, 3, block(2))),
        ),
        (
            "two Commits",
            equivocation(vote(Commit, 0, block(1)), vote(Commit, 0, block(2))),
        ),
        (
            "one block for two reasons",
            equivocation(vote(Prepare, 3, block(1)), other_digest),
        ),
        (
            "a Commit of something else than the Prepare",
            equivocation(vote(Prepare, 3, block(1)), vote(Commit, 3, block(2))),
        ),
        (
            "two proposals",
            equivocation(
                proposal(0, block(1), NO_PROOF),
                proposal(0, block(2), NO_PROOF),
            ),
        ),
        (
            "two view-changes",
            equivocation(change(LIAR, 4, None), change(LIAR, 4, Some(&prepared_2))),
        ),
        (
            "a Commit forgotten at once",
            amnesia(vote(Commit, 3, block(1)), change(LIAR, 4, None)),
        ),
        (
            "a Commit forgotten later, for an older lock",
            amnesia(
                vote(Commit, 3, block(1)),
                change(LIAR, 9, Some(&prepared_2)),
            ),
        ),
        (
            "view 0 with a proof",
            unjustified(proposal(0, block(1), PROOF), None),
        ),
        (
            "view 1 without one",
            unjustified(proposal(1, block(1), NO_PROOF), None),
        ),
        ("no quorum", proposal_with(block(1), too_few)),
        ("a forged view-change", proposal_with(block(1), forged)),
        ("a stripped certificate", proposal_with(block(3), stripped)),
        (
            "another block than the forced",
            proposal_with(block(1), forced),
        ),
    ];
    for (what, offence) in table {
        assert_eq!(verify(offence.clone()), Ok(LIAR), "{what}");
        assert_eq!(offence.height(), HEIGHT);
        let bytes = evidence(offence.clone()).encode();
        assert_eq!(
            Evidence::decode(&mut &bytes[..]),
            Ok(evidence(offence)),
            "{what}"
        );
    }
}

#[test]
fn what_a_correct_replica_says_is_no_offence() {
    let low = prepared(1, block(1));
    let of_3 = prepared(3, block(1));
    let table = [
        (
            "the same twice",
            equivocation(vote(Commit, 3, block(1)), vote(Commit, 3, block(1))),
            Error::NoOffence,
        ),
        (
            "one block in two views",
            equivocation(vote(Prepare, 3, block(1)), vote(Prepare, 4, block(1))),
            Error::NoOffence,
        ),
        (
            "two blocks in two views",
            equivocation(vote(Prepare, 3, block(1)), vote(Prepare, 4, block(2))),
            Error::NoOffence,
        ),
        (
            "two kinds in one view",
            equivocation(vote(Prepare, 3, block(1)), vote(Commit, 3, block(1))),
            Error::NoOffence,
        ),
        (
            "a lock that is shown",
            amnesia(vote(Commit, 3, block(1)), change(LIAR, 4, Some(&of_3))),
            Error::NoOffence,
        ),
        (
            "a newer lock",
            amnesia(vote(Commit, 1, block(1)), change(LIAR, 4, Some(&of_3))),
            Error::NoOffence,
        ),
        (
            "a Commit after the view-change",
            amnesia(vote(Commit, 4, block(1)), change(LIAR, 4, None)),
            Error::NoOffence,
        ),
        (
            "a Commit in a later view",
            amnesia(vote(Commit, 5, block(1)), change(LIAR, 4, Some(&low))),
            Error::NoOffence,
        ),
        (
            "a Prepare without a lock",
            amnesia(vote(Prepare, 3, block(1)), change(LIAR, 4, None)),
            Error::NoOffence,
        ),
        (
            "the two the wrong way round",
            amnesia(change(LIAR, 4, None), vote(Commit, 3, block(1))),
            Error::NoOffence,
        ),
        (
            "view 0 without a proof",
            unjustified(proposal(0, block(1), NO_PROOF), None),
            Error::NoOffence,
        ),
        (
            "a vote in place of the proposal",
            unjustified(vote(Prepare, 4, block(1)), None),
            Error::NoOffence,
        ),
        (
            "a free primary",
            proposal_with(block(7), opening(None)),
            Error::Justified,
        ),
        (
            "the forced block",
            proposal_with(block(1), opening(Some(&of_3))),
            Error::Justified,
        ),
        (
            "a proof withheld by the accuser",
            unjustified(proposal(4, block(1), opening(None).digest()), None),
            Error::ProofMissing,
        ),
        (
            "another proof put under it",
            unjustified(
                proposal(4, block(1), opening(None).digest()),
                Some(opening(Some(&of_3))),
            ),
            Error::ProofMismatch,
        ),
        (
            "a proof put under view 0",
            unjustified(proposal(0, block(1), NO_PROOF), Some(opening(None))),
            Error::ProofMismatch,
        ),
    ];
    for (what, offence, error) in table {
        assert_eq!(verify(offence), Err(error), "{what}");
    }
}

#[test]
fn statements_of_two_authorities_or_heights_make_no_offence() {
    let first = vote(Prepare, 3, block(1));
    let mut elsewhere = vote(Prepare, 3, block(2));
    elsewhere.height = HEIGHT + 1;
    elsewhere.signature = pair(LIAR).sign(&elsewhere.payload(&CONTEXT));
    let others = signed(LIAR + 1, 3, Prepare.statement(block(2), PROOF));
    for second in [elsewhere, others] {
        assert_eq!(Offence::between(&first, &second), None);
        let result = verify(equivocation(first.clone(), second));
        assert_eq!(result, Err(Error::Unrelated));
    }
}

#[test]
fn evidence_holds_on_one_chain_and_against_one_set() {
    let good = evidence(equivocation(
        vote(Commit, 3, block(1)),
        vote(Commit, 3, block(2)),
    ));
    let four = set(&[1; 4]);
    assert_eq!(good.verify(CONTEXT.genesis, &four), Ok(LIAR));
    assert_eq!(good.verify(block(9), &four), Err(Error::BadSignature));
    let other_id = Evidence {
        set_id: CONTEXT.set_id + 1,
        ..good.clone()
    };
    assert_eq!(
        other_id.verify(CONTEXT.genesis, &four),
        Err(Error::WrongSet)
    );
    let mut renamed = four.clone();
    renamed.id = other_id.set_id;
    assert_eq!(
        other_id.verify(CONTEXT.genesis, &renamed),
        Err(Error::BadSignature)
    );
    assert_eq!(
        good.verify(CONTEXT.genesis, &set(&[1; 2])),
        Err(Error::UnknownAuthority)
    );
}

#[test]
fn another_authority_cannot_be_accused_of_it() {
    let blame = |statement| SignedStatement {
        authority: 0,
        ..statement
    };
    let honest = signed(0, 3, Commit.statement(block(1), PROOF));
    let (one, other) = (vote(Commit, 3, block(1)), vote(Commit, 3, block(2)));
    let table = [
        equivocation(blame(one.clone()), blame(other.clone())),
        amnesia(blame(one), blame(change(LIAR, 4, None))),
        unjustified(blame(proposal(1, block(1), NO_PROOF)), None),
        // One true statement of the accused beside one of the liar's.
        equivocation(honest, blame(other)),
    ];
    for offence in table {
        assert_eq!(verify(offence), Err(Error::BadSignature));
    }
}

/// Neither what one says at another height, in another set or as a seal stands in for a statement.
#[test]
fn a_signature_is_good_for_its_statement_only() {
    let statement = Commit.statement(block(2), PROOF);
    let first = vote(Commit, 3, block(1));
    let other_set = SigningContext {
        set_id: CONTEXT.set_id + 1,
        ..CONTEXT
    };
    for payload in [
        CONTEXT.payload(HEIGHT + 1, 3, &statement),
        CONTEXT.payload(HEIGHT, 4, &statement),
        CONTEXT.payload(HEIGHT, 3, &Prepare.statement(block(2), PROOF)),
        other_set.payload(HEIGHT, 3, &statement),
        CONTEXT.seal_payload(HEIGHT, 3, &block(2)),
    ] {
        let mut second = vote(Commit, 3, block(2));
        second.signature = pair(LIAR).sign(&payload);
        let result = verify(equivocation(first.clone(), second));
        assert_eq!(result, Err(Error::BadSignature));
    }
}

#[test]
fn an_offence_is_found_and_known_in_either_order() {
    let pairs = [
        (
            vote(Prepare, 3, block(1)),
            vote(Prepare, 3, block(2)),
            OffenceKind::Equivocation,
        ),
        (
            vote(Commit, 3, block(1)),
            change(LIAR, 4, None),
            OffenceKind::Amnesia,
        ),
    ];
    for (a, b, kind) in pairs {
        let found = Offence::between(&a, &b).unwrap();
        assert_eq!(found.kind(), kind);
        assert_eq!(Offence::between(&b, &a), Some(found.clone()));
        assert_eq!(verify(found.clone()), Ok(LIAR));
        assert_eq!(found.signatures(), 2);
    }
    let (a, b) = (vote(Prepare, 3, block(1)), vote(Prepare, 3, block(2)));
    let id = |first: &SignedStatement, second: &SignedStatement| {
        evidence(equivocation(first.clone(), second.clone())).id()
    };
    assert_eq!(id(&a, &b), id(&b, &a));
    assert_ne!(id(&a, &b), id(&a, &vote(Prepare, 3, block(3))));
}

#[test]
fn checking_costs_no_more_than_is_said() {
    let count = |offence: Offence| {
        let calls = core::cell::Cell::new(0);
        let _ = evidence(offence.clone()).verify_with(CONTEXT.genesis, &set(&[1; 4]), |_, _, _| {
            calls.set(calls.get() + 1);
            true
        });
        assert!(calls.get() <= offence.signatures());
        calls.get()
    };
    let forced = proposal_with(block(1), opening(Some(&prepared(3, block(3)))));
    assert_eq!(count(forced), 1 + 3 + 3);
    let two = equivocation(vote(Commit, 3, block(1)), vote(Commit, 3, block(2)));
    assert_eq!(count(two), 2);
    let none = equivocation(vote(Commit, 3, block(1)), vote(Commit, 3, block(1)));
    assert_eq!(count(none), 0);
    // A proof that cannot be good is not looked at further.
    let repeated = proof((0..100).map(|_| change(0, 4, None)).collect(), None);
    assert_eq!(count(proposal_with(block(1), repeated)), 1);
    // Nor is a proof that the accused did not sign for.
    let mut not_signed = proposal_with(block(1), opening(None));
    if let Offence::UnjustifiedProposal { proposal, .. } = &mut not_signed {
        proposal.signature = vote(Commit, 3, block(1)).signature;
    }
    assert_eq!(verify(not_signed), Err(Error::BadSignature));
}

/// All offences between any two of `statements`.
fn offenders(statements: &[SignedStatement]) -> BTreeSet<AuthorityIndex> {
    let mut found = BTreeSet::new();
    for (i, a) in statements.iter().enumerate() {
        for b in &statements[i + 1..] {
            if let Some(offence) = Offence::between(a, b) {
                found.insert(verify(offence).unwrap());
            }
        }
    }
    found
}

/// Two of four sign for both sides of a fork: whichever way they do it, both are convicted.
#[test]
fn a_fork_convicts_both_who_made_it() {
    let four = set(&[1; 4]);
    let commit =
        |view, hash, signers: &[AuthorityIndex]| certificate(Commit, view, hash, &four, signers);
    let first = commit(0, block(1), &[0, 1, 2]);
    let liars = BTreeSet::from([1, 2]);

    // In one view: both certificates suffice.
    let second = commit(0, block(2), &[1, 2, 3]);
    let statements: Vec<_> = statements_of(&first)
        .chain(statements_of(&second))
        .collect();
    assert_eq!(offenders(&statements), liars);

    // In two: the proof that opened the second view hides what both had committed.
    let opened = proof((1..4).map(|s| change(s, 1, None)).collect(), None);
    assert_eq!(
        opened.verify(HEIGHT, 1, &CONTEXT, &four),
        Ok(None),
        "it deceives the honest one"
    );
    let statements: Vec<_> = statements_of(&first)
        .chain(opened.view_changes.iter().cloned())
        .collect();
    assert_eq!(offenders(&statements), liars);

    // Or it shows a certificate for the other block of the very view: then both said Prepare twice.
    let (one, other) = (
        certificate(Prepare, 0, block(1), &four, &[0, 1, 2]),
        certificate(Prepare, 0, block(2), &four, &[1, 2, 3]),
    );
    let statements: Vec<_> = statements_of(&one).chain(statements_of(&other)).collect();
    assert_eq!(offenders(&statements), liars);
}

/// A view-change that names a prepared view at or above the Commit's is none of amnesia, even for
/// another block: there the certificate that it needs convicts those who made two.
#[test]
fn a_lock_on_another_block_of_the_view_is_left_to_its_certificate() {
    let other = Statement::ViewChange {
        prepared: Some(Prepared {
            view: 3,
            hash: block(2),
        }),
    };
    let offence = amnesia(vote(Commit, 3, block(1)), signed(LIAR, 4, other));
    assert_eq!(verify(offence), Err(Error::NoOffence));
}
