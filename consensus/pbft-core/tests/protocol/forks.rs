// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two faulty of four can make a fork. However they do it, the correct two convict both, and never
//! each other.
//!
//! The correct replicas are real machines. The faulty ones sign whatever serves them, hear
//! everything, and decide what the correct ones hear and when.

use crate::{
    common::{block, FakeCrypto, World},
    table::from_peer,
};
use hansa_pbft_core::{limits::MAX_VIEWS_BEHIND, Core, Crypto, Input, Output, Record};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityIndex, Certificate, Hash, Message, NewViewProof, Prepared,
    SignedStatement, Statement, View, VoteKind,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The faulty two. Who is primary of which view is up to the draw.
const FAULTY: [AuthorityIndex; 2] = [1, 3];
/// The correct two.
const CORRECT: [AuthorityIndex; 2] = [0, 2];

/// One of the correct two.
struct Replica {
    core: Core<FakeCrypto>,
    log: Vec<Record>,
    said: Vec<Message>,
    reported: BTreeSet<AuthorityIndex>,
    forks: u32,
    /// Then it may report again.
    restarted: bool,
}

/// All four, and what is known of them.
struct Stage {
    w: World,
    replicas: [Replica; 2],
    /// The proof digest with which a block was proposed in a view.
    digests: BTreeMap<(View, Hash), Hash>,
    /// What the correct replicas committed: with the faulty two's, a commit certificate each.
    committed: BTreeSet<(View, Hash, Hash)>,
    /// What they prepared: with the faulty two's, a prepared certificate.
    prepared: BTreeMap<(View, Hash), (usize, Hash)>,
    blocks_built: u8,
}

impl Stage {
    fn new() -> Self {
        let w = World::new(4);
        let replica = |_| Replica {
            core: Core::new(w.crypto),
            log: Vec::new(),
            said: Vec::new(),
            reported: BTreeSet::new(),
            forks: 0,
            restarted: false,
        };
        let mut stage = Self {
            replicas: [0, 1].map(replica),
            w,
            digests: BTreeMap::new(),
            committed: BTreeSet::new(),
            prepared: BTreeMap::new(),
            blocks_built: 100,
        };
        for (i, authority) in CORRECT.into_iter().enumerate() {
            let start = stage.w.start(Some(authority), Vec::new());
            stage.step(i, start);
        }
        stage
    }

    fn view(&self, i: usize) -> View {
        self.replicas[i].core.round_state().unwrap().view
    }

    /// Put `input` into replica `i`, whose driver answers at once and finds every block valid.
    fn step(&mut self, i: usize, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for output in self.replicas[i].core.step(input) {
                match output {
                    Output::Persist(record) => self.replicas[i].log.push(record),
                    Output::Send(message) => self.note(i, message),
                    Output::Build { height, view } => {
                        self.blocks_built += 1;
                        let hash = block(self.blocks_built);
                        inputs.push(Input::Built { height, view, hash });
                    }
                    Output::Validate {
                        height, view, hash, ..
                    } => inputs.push(Input::Validated {
                        height,
                        view,
                        hash,
                        valid: true,
                    }),
                    Output::Report(evidence) => {
                        let genesis = self.w.context().genesis;
                        let offender = evidence
                            .verify_with(genesis, &self.w.set, |key, payload, sig| {
                                FakeCrypto.verify(key, payload, sig)
                            })
                            .expect("the evidence holds");
                        assert!(FAULTY.contains(&offender), "{evidence:?}");
                        let replica = &mut self.replicas[i];
                        let first = replica.reported.insert(offender);
                        assert!(first || replica.restarted, "once");
                    }
                    Output::Fork { .. } => self.replicas[i].forks += 1,
                    _ => {}
                }
            }
        }
    }

    /// Replica `i` said `message`: the faulty hear everything.
    fn note(&mut self, i: usize, message: Message) {
        match &message {
            Message::Proposal { statement, proof } => {
                let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
                let hash = statement.statement.block().unwrap();
                self.digests.insert((statement.view, hash), digest);
            }
            Message::Vote(vote) => match vote.statement {
                Statement::Prepare { hash, proof } => {
                    self.prepared.insert((vote.view, hash), (i, proof));
                }
                Statement::Commit { hash, proof } => {
                    self.committed.insert((vote.view, hash, proof));
                }
                _ => {}
            },
            _ => {}
        }
        if !self.replicas[i].said.contains(&message) {
            self.replicas[i].said.push(message);
        }
    }

    fn hear(&mut self, i: usize, message: Message) {
        if let Message::Proposal { statement, proof } = &message {
            let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
            let hash = statement.statement.block().unwrap();
            self.digests.insert((statement.view, hash), digest);
        }
        self.step(i, from_peer(message));
    }

    /// The faulty two vote as replica `i` would like: for the proposal that it has accepted.
    fn follow(&mut self, i: usize, kind: VoteKind) {
        let state = self.replicas[i].core.round_state().unwrap();
        let Some(hash) = state.proposal else { return };
        let Some(digest) = self.digests.get(&(state.view, hash)).copied() else {
            return;
        };
        for who in FAULTY {
            self.hear(i, self.w.vote(kind, who, state.view, hash, digest));
        }
    }

    /// The prepared certificate of a block that replica `of` prepared in a view.
    fn certificate(&self, of: &(View, Hash)) -> Option<Certificate> {
        let (i, digest) = self.prepared.get(of)?;
        let mut signers = vec![CORRECT[*i]];
        signers.extend(FAULTY);
        Some(
            self.w
                .certificate(VoteKind::Prepare, of.0, of.1, *digest, signers),
        )
    }

    /// The faulty two change to `view`, before replica `i`, naming what they like of what they can
    /// show.
    fn change(&mut self, i: usize, view: View, claim: Option<(View, Hash)>) {
        let shown = claim
            .filter(|(at, _)| *at < view)
            .and_then(|of| self.certificate(&of));
        for who in FAULTY {
            self.hear(i, self.w.change(who, view, shown.clone()));
        }
    }

    /// What a correct replica said in its ViewChange to `view`, with what it shows.
    fn change_of(&self, i: usize, view: View) -> Option<(SignedStatement, Option<Certificate>)> {
        self.replicas[i].said.iter().find_map(|said| match said {
            Message::ViewChange {
                statement,
                certificate,
            } if statement.view == view => Some((statement.clone(), certificate.clone())),
            _ => None,
        })
    }

    /// A faulty primary proposes in the view of replica `i`: in one above 0 with view-changes of
    /// the faulty, who claim `claim`, and of the correct one `with`.
    fn propose(&mut self, i: usize, fresh: Hash, with: usize, claim: Option<(View, Hash)>) {
        let view = self.view(i);
        if !FAULTY.contains(&self.w.primary(view)) {
            return;
        }
        let (mut hash, mut proof) = (fresh, None);
        if view > 0 {
            let Some((correct, theirs)) = self.change_of(with, view) else {
                return;
            };
            let shown = claim
                .filter(|(at, _)| *at < view)
                .and_then(|of| self.certificate(&of));
            let opening = opening(&self.w, view, shown, correct, theirs);
            hash = opening.prepared.as_ref().map_or(fresh, |c| c.hash);
            proof = Some(opening);
        }
        self.hear(i, self.w.proposal(view, hash, proof));
    }

    /// Both correct replicas see every commit certificate that exists; whether there is a fork.
    fn reveal(&mut self) -> bool {
        let certificates: Vec<_> = self
            .committed
            .iter()
            .map(|(view, hash, proof)| {
                let statement = VoteKind::Commit.statement(*hash, *proof);
                let signer = (0..2).find(|i| {
                    let own = self.w.signed(CORRECT[*i], *view, statement);
                    self.replicas[*i].said.contains(&Message::Vote(own))
                });
                let mut signers = vec![CORRECT[signer.expect("it said so")]];
                signers.extend(FAULTY);
                self.w
                    .certificate(VoteKind::Commit, *view, *hash, *proof, signers)
            })
            .collect();
        let blocks: BTreeSet<_> = certificates.iter().map(|c| c.hash).collect();
        if blocks.len() < 2 {
            return false;
        }
        for i in 0..2 {
            // Twice: what is no news before the fork is known is news afterwards. So it goes among
            // correct replicas: each sends both sides to all when it sees the fork.
            for certificate in certificates.iter().chain(&certificates) {
                self.hear(i, Message::Decided(certificate.clone()));
            }
        }
        true
    }

    /// After a fork is revealed: one of the correct replicas has convicted both by itself.
    fn assert_convicted(&self, what: &str) {
        let by = |i: usize| &self.replicas[i].reported;
        let both = BTreeSet::from(FAULTY);
        assert_eq!(by(0).union(by(1)).copied().collect::<BTreeSet<_>>(), both);
        assert!(
            *by(0) == both || *by(1) == both,
            "{what}: {:?} and {:?}",
            by(0),
            by(1)
        );
        assert!(self.replicas.iter().all(|replica| replica.forks == 1));
    }

    /// The correct replica goes on with the next height: what it knows of this one is past.
    fn go_on(&mut self, i: usize) {
        let decided = self.replicas[i].core.round_state().unwrap().decided;
        if decided {
            let next = World {
                height: self.w.height + 1,
                ..self.w.clone()
            };
            drop(self.replicas[i].core.step(next.start(None, Vec::new())));
        }
    }

    /// The process dies and comes back.
    fn restart(&mut self, i: usize) {
        self.replicas[i].core = Core::new(FakeCrypto);
        self.replicas[i].restarted = true;
        let log = self.replicas[i].log.clone();
        let start = self.w.start(Some(CORRECT[i]), log);
        self.step(i, start);
    }
}

/// The proof that opens `view`: the faulty name what `shown` proves, the correct one what it named.
fn opening(
    w: &World,
    view: View,
    shown: Option<Certificate>,
    correct: SignedStatement,
    theirs: Option<Certificate>,
) -> NewViewProof {
    let prepared = shown.as_ref().map(Certificate::prepared);
    let mut changes: Vec<_> = FAULTY
        .map(|who| w.signed(who, view, Statement::ViewChange { prepared }))
        .into();
    changes.push(correct);
    changes.sort_by_key(|change| change.authority);
    let named = |change: &SignedStatement| match change.statement {
        Statement::ViewChange { prepared } => prepared,
        _ => None,
    };
    let mut highest: Option<Prepared> = None;
    for prepared in changes.iter().filter_map(named) {
        if highest.is_none_or(|h| prepared.view > h.view) {
            highest = Some(prepared);
        }
    }
    let prepared = [shown, theirs]
        .into_iter()
        .flatten()
        .find(|c| Some(c.prepared()) == highest);
    NewViewProof {
        view_changes: changes.try_into().unwrap(),
        prepared,
    }
}

/// The first view of a faulty primary from `from` on.
fn faulty_view(w: &World, from: View) -> View {
    (from..).find(|v| FAULTY.contains(&w.primary(*v))).unwrap()
}

/// Bring replica `i` to `view`, where it accepts and prepares what the faulty primary proposes, and
/// commits it if `commit`.
fn prepare(stage: &mut Stage, i: usize, view: View, fresh: Hash, claim: Option<(View, Hash)>) {
    stage.change(i, view, claim);
    stage.propose(i, fresh, i, claim);
    let state = stage.replicas[i].core.round_state().unwrap();
    assert_eq!(state.view, view);
    assert!(state.proposal.is_some(), "the proposal is accepted");
}

fn commit(stage: &mut Stage, i: usize) {
    stage.follow(i, VoteKind::Prepare);
    let state = stage.replicas[i].core.round_state().unwrap();
    assert_eq!(state.prepared.map(|p| p.view), Some(state.view));
}

#[test]
fn both_blocks_in_one_view() {
    let mut stage = Stage::new();
    let view = faulty_view(&stage.w, 1);
    for i in 0..2 {
        prepare(&mut stage, i, view, block(i as u8), None);
        commit(&mut stage, i);
    }
    assert!(stage.reveal());
    stage.assert_convicted("two Commits in one view");
}

#[test]
fn the_second_block_after_the_first_was_forgotten() {
    for later in [1, 2 * MAX_VIEWS_BEHIND] {
        let mut stage = Stage::new();
        let view = faulty_view(&stage.w, 1);
        prepare(&mut stage, 0, view, block(1), None);
        commit(&mut stage, 0);
        // Before the other replica they have no lock.
        let mut second = view;
        for _ in 0..later {
            second = faulty_view(&stage.w, second + 1);
            prepare(&mut stage, 1, second, block(second as u8), None);
        }
        commit(&mut stage, 1);
        assert!(stage.reveal());
        stage.assert_convicted("amnesia");
    }
}

/// Both blocks are prepared in one view, only one is committed there. The other is proposed again in
/// a later view, as it must be, and committed there. Each view-change names a prepared block of the
/// view of the Commit, so nobody is an amnesiac; the Prepares convict.
#[test]
fn two_prepared_in_one_view_and_committed_in_two() {
    let mut stage = Stage::new();
    let view = faulty_view(&stage.w, 1);
    for i in 0..2 {
        prepare(&mut stage, i, view, block(i as u8), None);
    }
    commit(&mut stage, 0);
    let second = faulty_view(&stage.w, view + 1);
    prepare(&mut stage, 1, second, block(9), Some((view, block(1))));
    commit(&mut stage, 1);
    let committed: Vec<_> = stage.committed.iter().map(|c| (c.0, c.1)).collect();
    assert_eq!(committed, [(view, block(0)), (second, block(1))]);
    assert!(stage.reveal());
    stage.assert_convicted("two Prepares in one view");
}

/// What the faulty do next, to one of the correct replicas.
#[derive(Clone, Debug)]
enum Move {
    Propose {
        fresh: u8,
        with: usize,
        claim: Option<usize>,
    },
    Follow(VoteKind),
    Change {
        by: View,
        claim: Option<usize>,
    },
    /// They let a message of the other correct replica through.
    Deliver(usize),
    Timeout,
    Restart,
    GoOn,
}

fn moves() -> impl Strategy<Value = Vec<(usize, Move)>> {
    let claim = || prop::option::of(0usize..4);
    let follow = prop_oneof![5 => Just(VoteKind::Prepare), 1 => Just(VoteKind::Commit)];
    let a_move = prop_oneof![
        8 => (1u8..6, 0usize..2, claim()).prop_map(|(fresh, with, claim)| Move::Propose {
            fresh,
            with,
            claim
        }),
        8 => follow.prop_map(Move::Follow),
        6 => (1u32..4, claim()).prop_map(|(by, claim)| Move::Change { by, claim }),
        2 => (0usize..8).prop_map(Move::Deliver),
        1 => Just(Move::Timeout),
        1 => Just(Move::GoOn),
    ];
    prop::collection::vec((0usize..2, a_move), 10..80)
}

fn restarts() -> impl Strategy<Value = Vec<(usize, Move)>> {
    moves().prop_map(|moves| {
        let restart = |(at, (i, a)): (usize, (usize, Move))| {
            let again = (at % 7 == 3).then_some((i, Move::Restart));
            again.into_iter().chain([(i, a)])
        };
        moves.into_iter().enumerate().flat_map(restart).collect()
    })
}

fn play(moves: &[(usize, Move)]) -> Stage {
    let mut stage = Stage::new();
    for (i, a) in moves {
        let height = stage.replicas[*i].core.round_state().unwrap().height;
        if height != stage.w.height {
            continue;
        }
        let (i, view) = (*i, stage.view(*i));
        let claimed = |stage: &Stage, at: Option<usize>| {
            at.and_then(|at| stage.prepared.keys().nth(at)).copied()
        };
        match a {
            Move::Propose { fresh, with, claim } => {
                let claim = claimed(&stage, *claim);
                stage.propose(i, block(*fresh), *with, claim);
            }
            Move::Follow(kind) => stage.follow(i, *kind),
            Move::Change { by, claim } => {
                let claim = claimed(&stage, *claim);
                stage.change(i, view + by, claim);
            }
            Move::Deliver(at) => {
                if let Some(message) = stage.replicas[1 - i].said.get(*at).cloned() {
                    stage.hear(i, message);
                }
            }
            Move::Timeout => {
                let height = stage.w.height;
                stage.step(i, Input::Work);
                stage.step(i, Input::Timeout { height, view });
            }
            Move::Restart => stage.restart(i),
            Move::GoOn => stage.go_on(i),
        }
    }
    stage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn whoever_makes_a_fork_is_convicted(moves in moves()) {
        let mut stage = play(&moves);
        if stage.reveal() {
            stage.assert_convicted("a fork");
        }
    }

    /// Restarts lose evidence, but nobody correct is convicted for them.
    #[test]
    fn no_correct_replica_is_convicted_also_after_restarts(moves in restarts()) {
        play(&moves).reveal();
    }
}

/// The properties say something only if there are forks.
#[test]
fn the_moves_make_forks_in_one_view_and_across_views() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut in_one, mut across) = (0u32, 0u32);
    for _ in 0..2_000 {
        let moves = moves().new_tree(&mut runner).unwrap().current();
        let mut stage = play(&moves);
        if !stage.reveal() {
            continue;
        }
        let views: BTreeSet<_> = stage.committed.iter().map(|c| c.0).collect();
        if views.len() < stage.committed.len() {
            in_one += 1;
        } else {
            across += 1;
        }
    }
    println!("{in_one} forks in one view, {across} across views");
    assert!(in_one > 10 && across > 10, "{in_one}, {across}");
}
