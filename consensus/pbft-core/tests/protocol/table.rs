// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Tables: what goes in, what must come out.

use crate::common::{FakeCrypto, World};
use hansa_pbft_core::{Core, Input, Output, Record};
use hansa_pbft_primitives::{
    Certificate, Evidence, Message, NewViewProof, Offence, SignedStatement,
};

/// Feed `core` each input, and compare its outputs with what the table says. `rule` and `what` name
/// the row that fails.
pub fn run(
    rule: &str,
    what: &str,
    core: &mut Core<FakeCrypto>,
    rows: impl IntoIterator<Item = (Input, Vec<Output>)>,
) {
    for (number, (input, expected)) in rows.into_iter().enumerate() {
        let told = format!("{input:?}");
        assert_eq!(
            core.step(input),
            expected,
            "rule {rule}, {what}: input {number}, {told}"
        );
    }
}

/// A message from a peer.
pub fn from_peer(message: Message) -> Input {
    Input::Message(message)
}

/// The outputs of saying `message`.
pub fn say(message: Message) -> Vec<Output> {
    vec![
        Output::Persist(Record::Sent(message.clone())),
        Output::Send(message),
    ]
}

/// The outputs of locking on `certificate`.
pub fn lock(certificate: Certificate) -> Vec<Output> {
    vec![Output::Persist(Record::Prepared(certificate))]
}

/// The output that reports `offence`, committed under the set of `w`.
pub fn report(w: &World, offence: Offence) -> Output {
    Output::Report(Evidence {
        set_id: w.set.id,
        offence,
    })
}

/// The output that reports what the two statements make together.
pub fn contradiction(w: &World, first: &SignedStatement, second: &SignedStatement) -> Output {
    report(w, Offence::between(first, second).expect("an offence"))
}

/// The output that reports a proposal that its proof does not justify.
pub fn unjustified(w: &World, proposal: SignedStatement, proof: Option<NewViewProof>) -> Output {
    report(w, Offence::UnjustifiedProposal { proposal, proof })
}

/// Several outputs in a row.
pub fn all(parts: impl IntoIterator<Item = Vec<Output>>) -> Vec<Output> {
    parts.into_iter().flatten().collect()
}
