// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Properties of a single replica, whatever it is fed: by peers that hold the keys of all the
//! others, by a driver that answers anything at any time, with crashes in between.

use crate::common::{block, World};
use hansa_pbft_core::{Core, Input, Output, Record};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Certificate, Evidence, Hash, Message, Prepared,
    SignedStatement, Statement, View, VoteKind,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const N: u8 = 4;
const ME: AuthorityIndex = 1;

/// What a peer or the driver does next.
#[derive(Clone, Debug)]
enum Event {
    Proposal {
        view: View,
        block: u8,
        certificate: Option<(View, u8)>,
    },
    Vote {
        kind: VoteKind,
        who: AuthorityIndex,
        view: View,
        block: u8,
        same_proof: bool,
    },
    Change {
        who: AuthorityIndex,
        view: View,
        certificate: Option<(View, u8)>,
        honest: bool,
    },
    Decided {
        view: View,
        block: u8,
        signers: u8,
    },
    NextHeight {
        who: AuthorityIndex,
        view: View,
    },
    /// The primary of the current view proposes.
    Propose {
        block: u8,
    },
    /// The driver finds the accepted proposal valid.
    Approve,
    /// A vote for the accepted proposal.
    Follow {
        kind: VoteKind,
        who: AuthorityIndex,
    },
    Work,
    Resend,
    Timeout,
    Built {
        block: u8,
    },
    Validated {
        block: u8,
        valid: bool,
    },
    /// Crash after so many of the last step's outputs, and start again.
    Crash {
        outputs_done: usize,
    },
    /// Peers tell what the replica said before.
    Hear {
        nth: usize,
    },
    /// Crash, and lose the log: from then on the replica must be silent at this height.
    LoseLog,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let view = || 0u32..5;
    let block = || 1u8..4;
    let who = || prop::sample::select(vec![0u16, 2, 3]);
    let kind = prop::sample::select(vec![VoteKind::Prepare, VoteKind::Commit]);
    let follow = prop_oneof![4 => Just(VoteKind::Prepare), 1 => Just(VoteKind::Commit)];
    let certificate = || prop::option::of((0u32..3, 1u8..4));
    let event = prop_oneof![
        6 => (view(), block(), certificate()).prop_map(|(view, block, certificate)| {
            Event::Proposal { view, block, certificate }
        }),
        10 => (kind, who(), view(), block(), prop::bool::weighted(0.9)).prop_map(
            |(kind, who, view, block, same_proof)| Event::Vote { kind, who, view, block, same_proof }
        ),
        6 => (who(), view(), certificate(), prop::bool::weighted(0.9)).prop_map(
            |(who, view, certificate, honest)| Event::Change { who, view, certificate, honest }
        ),
        1 => (view(), block(), 1u8..16).prop_map(|(view, block, signers)| {
            Event::Decided { view, block, signers }
        }),
        1 => (who(), view()).prop_map(|(who, view)| Event::NextHeight { who, view }),
        8 => block().prop_map(|block| Event::Propose { block }),
        12 => Just(Event::Approve),
        20 => (follow, who()).prop_map(|(kind, who)| Event::Follow { kind, who }),
        2 => Just(Event::Work),
        1 => Just(Event::Resend),
        2 => Just(Event::Timeout),
        3 => block().prop_map(|block| Event::Built { block }),
        8 => (block(), prop::bool::weighted(0.9)).prop_map(|(block, valid)| {
            Event::Validated { block, valid }
        }),
        2 => (0usize..8).prop_map(|outputs_done| Event::Crash { outputs_done }),
        2 => (0usize..8).prop_map(|nth| Event::Hear { nth }),
    ];
    let events = prop::collection::vec(event, 1..60);
    // The log is lost in some runs only: afterwards nothing more is said.
    let lost = prop::option::weighted(0.2, 0usize..60);
    (events, lost).prop_map(|(mut events, lost)| {
        if let Some(at) = lost.filter(|at| *at < events.len()) {
            events.insert(at, Event::LoseLog);
        }
        events
    })
}

/// A certificate of the others for a block that the adversary makes up: as if more than `T` were
/// faulty. What one replica says must not contradict itself even then.
fn made_up(w: &World, of: Option<(View, u8)>) -> Option<Certificate> {
    let others = (0..u16::from(N)).filter(|i| *i != ME);
    of.map(|(view, b)| w.certificate(VoteKind::Prepare, view, block(b), NO_PROOF, others))
}

/// A proposal of the adversary, with a proof in views above 0.
fn proposal(w: &World, view: View, b: u8, certificate: Option<(View, u8)>) -> Message {
    let proof = (view > 0).then(|| {
        let shown = made_up(w, certificate.filter(|(v, _)| *v < view));
        w.new_view(view, vec![(0, shown), (2, None), (3, None)])
    });
    w.proposal(view, block(b), proof)
}

struct Replica {
    w: World,
    core: Core<crate::common::FakeCrypto>,
    log: Vec<Record>,
    said: BTreeMap<(View, u8), Statement>,
    highest_change: Option<(View, Option<Prepared>)>,
    highest_commit: Option<View>,
    finals: Vec<Hash>,
    /// The proof digests of the proposals that were made.
    proposed: BTreeMap<(View, Hash), Hash>,
    /// What went over the wire, the replica's messages and the others'.
    wire: Vec<Message>,
    /// Another correct node, which hears all of it.
    observer: Core<crate::common::FakeCrypto>,
    /// Whether its log is gone.
    silent: bool,
}

impl Replica {
    fn new() -> Self {
        let w = World::new(N);
        let mut replica = Self {
            core: Core::new(w.crypto),
            observer: w.core(None),
            wire: Vec::new(),
            silent: false,
            w,
            log: Vec::new(),
            said: BTreeMap::new(),
            highest_change: None,
            highest_commit: None,
            finals: Vec::new(),
            proposed: BTreeMap::new(),
        };
        replica.restart();
        replica
    }

    fn restart(&mut self) {
        self.core = Core::new(self.w.crypto);
        let local = (!self.silent).then_some(ME);
        let out = self.core.step(self.w.start(local, self.log.clone()));
        self.carry_out(out, usize::MAX);
    }

    /// Carry out the first `count` outputs, checking each.
    fn carry_out(&mut self, outputs: Vec<Output>, count: usize) {
        for output in outputs.into_iter().take(count) {
            match output {
                Output::Persist(record) => self.log.push(record),
                Output::Send(message) => {
                    assert!(
                        self.log.contains(&Record::Sent(message.clone())),
                        "sent before it was durable: {message:?}"
                    );
                    self.observe(message.clone());
                    self.check_said(message);
                }
                Output::Report(evidence) => self.check_report(&evidence),
                Output::Finalise(certificate) => {
                    let verify = |key: &_, payload: &[u8], signature: &_| {
                        hansa_pbft_core::Crypto::verify(&self.w.crypto, key, payload, signature)
                    };
                    let checked = certificate.verify_with(
                        VoteKind::Commit,
                        &self.w.context(),
                        &self.w.set,
                        verify,
                    );
                    assert_eq!(checked, Ok(()));
                    self.finals.push(certificate.hash);
                }
                _ => {}
            }
        }
    }

    /// Whoever hears everything convicts of the others whom it likes, never this replica.
    fn observe(&mut self, message: Message) {
        self.wire.push(message.clone());
        for output in self.observer.step(Input::Message(message)) {
            if let Output::Report(evidence) = output {
                self.check_report(&evidence);
            }
        }
    }

    /// Of a height that is over, too.
    fn observe_late(&mut self) {
        let next = World {
            height: self.w.height + 1,
            ..self.w.clone()
        };
        self.observer.step(next.start(None, Vec::new()));
        for message in std::mem::take(&mut self.wire) {
            self.observe(message);
        }
    }

    fn check_report(&self, evidence: &Evidence) {
        let genesis = self.w.context().genesis;
        let offender = evidence.verify_with(genesis, &self.w.set, |key, payload, signature| {
            hansa_pbft_core::Crypto::verify(&self.w.crypto, key, payload, signature)
        });
        let offender = offender.expect("evidence holds");
        assert_ne!(offender, ME, "a correct replica is convicted: {evidence:?}");
    }

    fn check_said(&mut self, message: Message) {
        let (kind, signed) = match message {
            Message::Proposal { statement, .. } => (0, statement),
            Message::Vote(statement) => match statement.statement {
                Statement::Prepare { .. } => (1, statement),
                _ => (2, statement),
            },
            Message::ViewChange { statement, .. } => (3, statement),
            Message::Decided(_) => panic!("certificates are not sent by the machine"),
        };
        let SignedStatement {
            view,
            statement,
            authority,
            ..
        } = signed;
        assert_eq!(authority, ME);
        if let Statement::Proposal { hash, proof } = statement {
            self.proposed.insert((view, hash), proof);
        }
        // S1. What is said again was checked the first time.
        if let Some(first) = self.said.insert((view, kind), statement) {
            assert_eq!(first, statement, "S1: two statements in view {view}");
            return;
        }
        // S2.
        if let Some((changed, _)) = self.highest_change {
            assert!(
                view >= changed,
                "S2: {statement:?} in view {view} after ViewChange({changed})"
            );
        }
        // S3.
        match statement {
            Statement::Commit { hash, proof } => {
                let locked = self.log.iter().any(|record| match record {
                    Record::Prepared(c) => (c.view, c.hash, c.proof) == (view, hash, proof),
                    _ => false,
                });
                assert!(
                    locked,
                    "S3: Commit in view {view} without a durable certificate"
                );
                self.highest_commit = self.highest_commit.max(Some(view));
            }
            Statement::ViewChange { prepared } => {
                assert!(
                    prepared.map(|p| p.view) >= self.highest_commit,
                    "S3: {prepared:?}"
                );
                self.highest_change = Some((view, prepared));
            }
            _ => {}
        }
    }

    fn input(&self, event: &Event) -> Option<Input> {
        let state = self.core.round_state()?;
        let (height, view) = (state.height, state.view);
        let w = &self.w;
        let message = match event.clone() {
            Event::Work => return Some(Input::Work),
            Event::Resend => return Some(Input::Resend),
            Event::Timeout => return Some(Input::Timeout { height, view }),
            Event::Built { block: b } => {
                return Some(Input::Built {
                    height,
                    view,
                    hash: block(b),
                });
            }
            Event::Validated { block: b, valid } => {
                return Some(Input::Validated {
                    height,
                    view,
                    hash: block(b),
                    valid,
                });
            }
            Event::Crash { .. } | Event::LoseLog => return None,
            Event::Hear { nth } => {
                let mine = |message: &&Message| author(message) == Some(ME);
                self.wire.iter().filter(mine).nth(nth)?.clone()
            }
            Event::Propose { .. } if w.primary(view) == ME => return None,
            Event::Propose { block } => proposal(w, view, block, None),
            Event::Approve => {
                let hash = state.proposal?;
                return Some(Input::Validated {
                    height,
                    view,
                    hash,
                    valid: true,
                });
            }
            Event::Follow { kind, who } => {
                let hash = state.proposal?;
                w.vote(kind, who, view, hash, *self.proposed.get(&(view, hash))?)
            }
            // Mine are not the adversary's to make.
            Event::Proposal { view, .. } if w.primary(view) == ME => return None,
            Event::Proposal {
                view,
                block,
                certificate,
            } => proposal(w, view, block, certificate),
            Event::Vote {
                kind,
                who,
                view,
                block: b,
                same_proof,
            } => {
                // For the proof that a fresh proposal carries, or for none.
                let proof = match proposal(w, view, b, None) {
                    Message::Proposal { statement, .. } => match statement.statement {
                        Statement::Proposal { proof, .. } if same_proof => proof,
                        _ => NO_PROOF,
                    },
                    _ => NO_PROOF,
                };
                w.vote(kind, who, view, block(b), proof)
            }
            Event::Change {
                who,
                view,
                certificate,
                honest,
            } => {
                let shown = made_up(w, certificate);
                let claimed = shown.as_ref().map(Certificate::prepared);
                w.claim(who, view, claimed, shown.filter(|_| honest))
            }
            Event::Decided {
                view,
                block: b,
                signers,
            } => {
                let signers = (0..u16::from(N)).filter(|i| *i != ME && signers & (1 << i) != 0);
                Message::Decided(w.certificate(VoteKind::Commit, view, block(b), NO_PROOF, signers))
            }
            Event::NextHeight { who, view } => {
                let next = World {
                    height: height + 1,
                    ..w.clone()
                };
                next.vote(VoteKind::Commit, who, view, block(1), NO_PROOF)
            }
        };
        Some(Input::Message(message))
    }
}

/// Feed a replica all of `events`, checking whatever it says.
fn play(events: &[Event]) -> Replica {
    let mut replica = Replica::new();
    let mut rest = events.iter().peekable();
    while let Some(event) = rest.next() {
        let Some(input) = replica.input(event) else {
            replica.silent |= matches!(event, Event::LoseLog);
            if replica.silent {
                replica.log.clear();
            }
            if matches!(event, Event::Crash { .. } | Event::LoseLog) {
                replica.restart();
            }
            continue;
        };
        if let Input::Message(Message::Proposal { statement, .. }) = &input {
            if let Statement::Proposal { hash, proof } = statement.statement {
                let place = (statement.view, hash);
                replica.proposed.entry(place).or_insert(proof);
            }
        }
        if let Input::Message(message) = &input {
            replica.observe(message.clone());
        }
        let outputs = replica.core.step(input);
        let is_final = |output: &&Output| matches!(output, Output::Finalise(_));
        assert!(
            outputs.iter().filter(is_final).count() <= 1,
            "decided twice"
        );
        let done = match rest.peek() {
            Some(Event::Crash { outputs_done }) => *outputs_done,
            _ => usize::MAX,
        };
        replica.carry_out(outputs, done);
    }
    replica.observe_late();
    replica
}

/// Who signed `message`.
fn author(message: &Message) -> Option<AuthorityIndex> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement.authority),
        Message::Decided(_) => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn a_replica_never_contradicts_itself_and_is_never_convicted(events in events()) {
        play(&events);
    }
}

/// The property says something only if the events take replicas through all phases.
#[test]
fn the_events_reach_every_kind_of_statement_and_decisions() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut decided, mut commits_above) = ([0u32; 4], 0, 0);
    for _ in 0..5_000 {
        let events = events().new_tree(&mut runner).unwrap().current();
        let replica = play(&events);
        for (view, kind) in replica.said.keys() {
            kinds[usize::from(*kind)] += 1;
            commits_above += u32::from(*kind == 2 && *view > 0);
        }
        decided += u32::from(!replica.finals.is_empty());
    }
    println!(
        "said {kinds:?}, of these {commits_above} commits in views above 0; {decided} decided"
    );
    assert!(kinds.iter().all(|count| *count > 10) && decided > 10 && commits_above > 5);
}
