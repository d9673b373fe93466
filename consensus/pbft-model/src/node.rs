// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A correct replica: the production state machine, its log, and a driver that does at once what
//! the machine asks for.

use crate::world::{digest, statement_of, Envelope, ModelCrypto, World};
use hansa_pbft_core::{Core, Input, Output, Record};
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, Message, Offence, SignedStatement, Statement, View, VoteKind,
};
use std::{collections::VecDeque, sync::Arc};

/// What a correct replica must never do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// What it said convicts it.
    Offends,
    /// It said something that its log does not hold.
    SaidBeforeDurable,
    /// It said Commit without a prepared certificate of that view in its log.
    CommittedUnprepared,
    /// It refuses what a correct replica sent.
    BlamesCorrect,
    /// It reports an offence of a correct replica, or one that nothing proves.
    ConvictsCorrect,
    /// It decided upon a certificate that does not verify.
    BadDecision,
}

/// A correct replica in some state.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its position in the set.
    pub index: AuthorityIndex,
    core: Core<ModelCrypto>,
    log: Vec<Arc<Record>>,
    /// What it has sent, in the order of the digests.
    pub sent: Vec<Arc<Envelope>>,
    /// What it took from faulty authorities and acted upon, in the order of the digests.
    pub heard: Vec<Arc<Envelope>>,
    timer: Option<View>,
    /// The certificate upon which it decided.
    pub decided: Option<Certificate>,
    /// What it did that it must never do.
    pub flaw: Option<Flaw>,
    /// How often it crashed.
    lives: u8,
    /// The digest of all of the above.
    pub id: u128,
}

/// What a node did upon an input, in this order.
#[derive(Clone, Debug, Default)]
pub struct Effects(Vec<Output>);

impl Effects {
    /// Whether anyone could see a difference: what was said, what is durable, whether a timer runs
    /// that can fire within the model's bounds. A message without such effects is only counted.
    pub fn matter(&self, world: &World) -> bool {
        self.0.iter().any(|output| match output {
            Output::StartTimer { view, .. } => *view < world.last_view,
            Output::Persist(_)
            | Output::Send(_)
            | Output::Build { .. }
            | Output::Validate { .. }
            | Output::Finalise(_)
            | Output::Fork { .. } => true,
            // Evidence changes nothing for the protocol. That it is right is checked anyway.
            Output::EnteredView { .. } | Output::Report(_) | Output::Reject(_) => false,
        })
    }

    /// How many of them a crash can come between.
    pub fn steps(&self) -> usize {
        self.0.iter().filter(|output| is_step(output)).count()
    }

    /// Whether both are the same.
    pub fn same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// Whether a crash before `output` differs from one after it.
fn is_step(output: &Output) -> bool {
    matches!(
        output,
        Output::Persist(_) | Output::Send(_) | Output::Finalise(_)
    )
}

impl Node {
    /// Replica `index` at the beginning of the height.
    pub fn new(world: &World, index: AuthorityIndex) -> Self {
        let mut node = Self {
            index,
            core: Core::new(ModelCrypto),
            log: Vec::new(),
            sent: Vec::new(),
            heard: Vec::new(),
            timer: None,
            decided: None,
            flaw: None,
            lives: 0,
            id: 0,
        };
        node.step(world, world.start(index, Vec::new()), None);
        node.seal();
        node
    }

    /// The current view.
    pub fn view(&self) -> View {
        self.core.round_state().map_or(0, |state| state.view)
    }

    /// The state machine.
    pub fn core(&self) -> &Core<ModelCrypto> {
        &self.core
    }

    /// Whether the timer of the current view can fire, to a view within the bounds. In view 0 a
    /// reason to expect a block can come at any time.
    pub fn can_time_out(&self, world: &World) -> bool {
        let view = self.view();
        self.decided.is_none() && view < world.last_view && (view == 0 || self.timer == Some(view))
    }

    /// Whether `other`, which is the same replica later, has taken note of nothing.
    pub fn is_unmoved(&self, other: &Self) -> bool {
        self.core.encoded_state() == other.core.encoded_state()
    }

    /// The timer of the current view fires.
    pub fn time_out(&self, world: &World, crash_after: Option<usize>) -> (Self, Effects) {
        let mut node = self.clone();
        let view = self.view();
        node.step(world, Input::Work, None);
        let timeout = Input::Timeout {
            height: crate::world::HEIGHT,
            view,
        };
        let effects = node.step(world, timeout, crash_after);
        (node, effects)
    }

    /// A message arrives.
    pub fn take(
        &self,
        world: &World,
        envelope: &Arc<Envelope>,
        crash_after: Option<usize>,
    ) -> (Self, Effects) {
        let mut node = self.clone();
        if world.remembers(envelope) {
            insert(&mut node.heard, envelope.clone());
        }
        let input = Input::Message(envelope.message.clone());
        let effects = node.step(world, input, crash_after);
        let blames = |output: &Output| matches!(output, Output::Reject(_));
        if !world.is_faulty(envelope.from) && effects.0.iter().any(blames) {
            node.flaw = node.flaw.or(Some(Flaw::BlamesCorrect));
        }
        (node, effects)
    }

    /// It crashes and starts again from its log.
    pub fn restart(&self, world: &World) -> Self {
        let mut node = self.clone();
        node.begin_again(world);
        node
    }

    fn begin_again(&mut self, world: &World) {
        self.core = Core::new(ModelCrypto);
        self.timer = None;
        self.lives = self.lives.saturating_add(1);
        if self.decided.is_none() {
            let records = self
                .log
                .iter()
                .map(|record| Record::clone(record))
                .collect();
            self.step(world, world.start(self.index, records), None);
        }
    }

    /// Put `input` in and carry out what comes out; crash after `crash_after` steps of that, if
    /// given, and start again.
    fn step(&mut self, world: &World, input: Input, crash_after: Option<usize>) -> Effects {
        let mut inputs = VecDeque::from([input]);
        let mut effects = Effects::default();
        let mut steps = 0;
        while let Some(input) = inputs.pop_front() {
            for output in self.core.step(input) {
                if let Some(answer) = self.answer(world, &output) {
                    inputs.push_back(answer);
                }
                self.carry_out(world, &output);
                steps += usize::from(is_step(&output));
                effects.0.push(output);
                if crash_after == Some(steps) {
                    self.begin_again(world);
                    return effects;
                }
            }
        }
        effects
    }

    /// What the driver answers to `output`. Every block is valid: what becomes of bad ones is the
    /// simulation's to show.
    fn answer(&self, world: &World, output: &Output) -> Option<Input> {
        match *output {
            Output::Build { height, view } => Some(Input::Built {
                height,
                view,
                hash: world.fresh_block(view, self.lives),
            }),
            Output::Validate {
                height, view, hash, ..
            } => Some(Input::Validated {
                height,
                view,
                hash,
                valid: true,
            }),
            _ => None,
        }
    }

    fn carry_out(&mut self, world: &World, output: &Output) {
        let flaw = match output {
            Output::Persist(record) => {
                self.log.push(Arc::new(record.clone()));
                None
            }
            Output::Send(message) => self.send(message),
            Output::StartTimer { view, .. } => {
                self.timer = Some(*view);
                None
            }
            Output::Finalise(certificate) => {
                self.decided = Some(certificate.clone());
                let (context, set) = (world.context(), &world.set);
                let good = certificate.verify_with(VoteKind::Commit, &context, set, verify);
                good.is_err().then_some(Flaw::BadDecision)
            }
            Output::Report(evidence) => {
                let offender = evidence.verify_with(crate::world::GENESIS, &world.set, verify);
                (!offender.is_ok_and(|offender| world.is_faulty(offender)))
                    .then_some(Flaw::ConvictsCorrect)
            }
            Output::Build { .. }
            | Output::Validate { .. }
            | Output::EnteredView { .. }
            | Output::Fork { .. }
            | Output::Reject(_) => None,
        };
        self.flaw = self.flaw.or(flaw);
    }

    fn send(&mut self, message: &Message) -> Option<Flaw> {
        let durable = self
            .log
            .iter()
            .any(|record| matches!(&**record, Record::Sent(sent) if sent == message));
        let statement = statement_of(message)?;
        let unprepared = matches!(statement.statement, Statement::Commit { .. })
            && !self.log.iter().any(|record| {
                matches!(&**record, Record::Prepared(certificate)
                    if certificate.view == statement.view
                        && Some(certificate.hash) == statement.statement.block())
            });
        let offends = self
            .said()
            .any(|said| Offence::between(said, statement).is_some());
        insert(&mut self.sent, Envelope::new(self.index, message.clone()));
        match () {
            () if !durable => Some(Flaw::SaidBeforeDurable),
            () if unprepared => Some(Flaw::CommittedUnprepared),
            () if offends => Some(Flaw::Offends),
            () => None,
        }
    }

    /// All that it said.
    pub fn said(&self) -> impl Iterator<Item = &SignedStatement> {
        self.sent
            .iter()
            .filter_map(|envelope| statement_of(&envelope.message))
    }

    /// Compute the digest, once the node is in its new state. A replica that has decided says
    /// nothing more, whatever it knows.
    pub fn seal(&mut self) {
        let ids = |list: &[Arc<Envelope>]| list.iter().map(|e| e.id).collect::<Vec<_>>();
        let seen = (ids(&self.sent), ids(&self.heard));
        let flaw = self.flaw.map(|flaw| flaw as u8);
        self.id = match &self.decided {
            Some(certificate) => digest(&(self.index, seen, flaw, certificate)),
            None => {
                let state = (self.core.encoded_state(), &self.log, self.timer, self.lives);
                digest(&(self.index, seen, flaw, state))
            }
        };
    }
}

fn verify(
    key: &hansa_pbft_primitives::AuthorityId,
    payload: &[u8],
    signature: &hansa_pbft_primitives::AuthoritySignature,
) -> bool {
    hansa_pbft_core::Crypto::verify(&ModelCrypto, key, payload, signature)
}

/// Put `envelope` into a list in the order of the digests, once.
fn insert(list: &mut Vec<Arc<Envelope>>, envelope: Arc<Envelope>) {
    if let Err(at) = list.binary_search_by_key(&envelope.id, |e| e.id) {
        list.insert(at, envelope);
    }
}
