// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Statements: a signature covers all of the meaning.

use crate::fixture::{block, pair, set, signed, CONTEXT, HEIGHT, PROOF};
use hansa_pbft_primitives::{Prepared, SignedStatement, SigningContext, Statement, VoteKind};
use sp_core::Pair;
use std::collections::BTreeSet;

fn statements() -> Vec<Statement> {
    let mut all = Vec::new();
    for (hash, proof) in [(block(1), PROOF), (block(2), PROOF), (block(1), block(3))] {
        all.push(Statement::Proposal { hash, proof });
        all.push(VoteKind::Prepare.statement(hash, proof));
        all.push(VoteKind::Commit.statement(hash, proof));
    }
    all.push(Statement::ViewChange { prepared: None });
    for (view, hash) in [(0, block(1)), (1, block(1)), (0, block(2))] {
        all.push(Statement::ViewChange {
            prepared: Some(Prepared { view, hash }),
        });
    }
    all
}

#[test]
fn every_meaning_has_signed_bytes_of_its_own() {
    let contexts = [
        CONTEXT,
        SigningContext {
            genesis: block(9),
            ..CONTEXT
        },
        SigningContext {
            set_id: CONTEXT.set_id + 1,
            ..CONTEXT
        },
    ];
    let mut payloads = BTreeSet::new();
    let mut count = 0;
    for context in contexts {
        for height in [HEIGHT, HEIGHT + 1] {
            for view in [0, 1, 256] {
                for statement in statements() {
                    payloads.insert(context.payload(height, view, &statement));
                    count += 1;
                }
                payloads.insert(context.seal_payload(height, view, &block(1)));
                count += 1;
            }
        }
    }
    assert_eq!(payloads.len(), count);
}

#[test]
fn a_statement_verifies_as_what_was_signed_and_nothing_else() {
    let set = set(&[1; 4]);
    for statement in statements() {
        let good = signed(2, 1, statement);
        assert!(good.verify(&CONTEXT, &set));
        for other in statements().into_iter().filter(|s| *s != statement) {
            let altered = SignedStatement {
                statement: other,
                ..good.clone()
            };
            assert!(
                !altered.verify(&CONTEXT, &set),
                "{statement:?} passes as {other:?}"
            );
        }
        for altered in [
            SignedStatement {
                height: HEIGHT + 1,
                ..good.clone()
            },
            SignedStatement {
                view: 2,
                ..good.clone()
            },
            SignedStatement {
                authority: 3,
                ..good.clone()
            },
            SignedStatement {
                authority: 4,
                ..good.clone()
            },
            SignedStatement {
                signature: pair(2).sign(b"else"),
                ..good.clone()
            },
        ] {
            assert!(!altered.verify(&CONTEXT, &set), "{altered:?}");
        }
        let elsewhere = SigningContext {
            genesis: block(9),
            ..CONTEXT
        };
        assert!(!good.verify(&elsewhere, &set));
    }
}

#[test]
fn a_seal_is_no_statement() {
    let set = set(&[1; 4]);
    let seal = pair(0).sign(&CONTEXT.seal_payload(HEIGHT, 0, &block(1)));
    for statement in statements() {
        let forged = SignedStatement {
            signature: seal.clone(),
            ..signed(0, 0, statement)
        };
        assert!(!forged.verify(&CONTEXT, &set));
    }
}

#[test]
fn the_block_of_a_statement() {
    assert_eq!(Statement::ViewChange { prepared: None }.block(), None);
    assert_eq!(
        VoteKind::Commit.statement(block(1), PROOF).block(),
        Some(block(1))
    );
    assert_eq!(
        Statement::Proposal {
            hash: block(2),
            proof: PROOF
        }
        .block(),
        Some(block(2))
    );
}
