// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The same with real ed25519 keys.

use crate::common::{block, set, RealCrypto, World};
use hansa_pbft_core::{Core, Input, Output, Rejection};
use hansa_pbft_primitives::{statement::NO_PROOF, AuthorityIndex, Message, VoteKind};
use std::collections::VecDeque;

fn world(n: u8) -> World<RealCrypto> {
    World {
        crypto: RealCrypto::new(n),
        set: set(n),
        height: 1,
    }
}

#[test]
fn four_replicas_with_ed25519_agree_on_a_certificate_that_anyone_can_verify() {
    let w = world(4);
    let mut cores: Vec<_> = (0..4).map(|_| Core::new(w.crypto.clone())).collect();
    let mut inputs: VecDeque<(usize, Input)> = (0..4)
        .map(|i| (i, w.start(Some(i as AuthorityIndex), vec![])))
        .collect();
    let mut finals = Vec::new();
    while let Some((i, input)) = inputs.pop_front() {
        for output in cores[i].step(input) {
            match output {
                Output::Send(message) => inputs.extend(
                    (0..4)
                        .filter(|j| *j != i)
                        .map(|j| (j, Input::Message(message.clone()))),
                ),
                Output::Build { height, view } => {
                    inputs.push_back((
                        i,
                        Input::Built {
                            height,
                            view,
                            hash: block(1),
                        },
                    ));
                }
                Output::Validate {
                    height, view, hash, ..
                } => {
                    inputs.push_back((
                        i,
                        Input::Validated {
                            height,
                            view,
                            hash,
                            valid: true,
                        },
                    ));
                }
                Output::Finalise(certificate) => finals.push(certificate),
                Output::Reject(rejection) => panic!("{rejection}"),
                _ => {}
            }
        }
    }
    assert_eq!(finals.len(), 4);
    for certificate in finals {
        assert_eq!(certificate.hash, block(1));
        assert_eq!(
            certificate.verify(VoteKind::Commit, &w.context(), &w.set),
            Ok(())
        );
    }
}

#[test]
fn a_signature_of_another_chain_is_refused() {
    let w = world(4);
    let mut core = w.core(Some(0));
    let mut vote = w.signed(1, 0, VoteKind::Prepare.statement(block(1), NO_PROOF));
    let context = hansa_pbft_primitives::SigningContext {
        genesis: block(0),
        ..w.context()
    };
    let payload = vote.payload(&context);
    let key = &w.set.get(1).unwrap().key;
    vote.signature = hansa_pbft_core::Crypto::sign(&w.crypto, key, &payload).unwrap();
    let out = core.step(Input::Message(Message::Vote(vote)));
    assert_eq!(out, [Output::Reject(Rejection::BadSignature)]);
}

#[test]
fn without_the_key_the_replica_follows() {
    let w = World {
        crypto: RealCrypto(vec![]),
        ..world(1)
    };
    let mut core = w.core(Some(0));
    assert_eq!(
        core.step(Input::Built {
            height: 1,
            view: 0,
            hash: block(1)
        }),
        []
    );
    assert_eq!(core.step(Input::Work), []);
}
