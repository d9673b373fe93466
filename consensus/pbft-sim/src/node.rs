// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A simulated node: the production state machine and vote log, driven as the node's worker drives
//! them. How it starts and goes down is in [`lifecycle`](crate::lifecycle), what it does with blocks
//! and packets in [`blocks`](crate::blocks).

use crate::{
    block::{Parent, SimBlock},
    byzantine::{Byzantine, Voice},
    crypto::FakeCrypto,
    database::{Clock, Database},
    disk::{MemDisk, Trouble},
    packet::Packet,
    shared::{Event, Halt, Shared, Wake},
    spec::Terms,
    Breach, Sabotage,
};
use hansa_pbft_core::{Core, Input, Output, Record};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, Certificate, Hash, Height, Message, SetId, View,
};
use hansa_vote_log::{StartGate, VoteLog, VoteLogError};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
};

/// How many proposed blocks of a height are kept, as in the node.
const MAX_PROPOSED: usize = 16;

/// How many blocks that were proposed for the next height are kept, as in the node.
const MAX_EARLY: usize = 4;

/// A crash may strike at one of so many operations of the disk, or sends.
const CRASH_POINTS: u64 = 8;

/// A log of a simulated node.
pub(crate) type Log = VoteLog<SimBlock, MemDisk>;

/// A question of the state machine: is this block valid as the proposal of this view?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Question {
    pub view: View,
    pub reproposal: bool,
}

/// The height under way.
#[derive(Debug)]
pub(crate) struct Round {
    pub height: Height,
    pub terms: Terms,
    pub parent: Parent,
    pub local: Option<AuthorityIndex>,
    /// Whether the node would sign but for the start gate.
    pub gated: bool,
    /// When the height began for the node.
    pub began_us: u64,
    /// Proposed blocks.
    pub blocks: BTreeMap<Hash, SimBlock>,
    /// Those that were built, or executed and found valid.
    pub held: BTreeSet<Hash>,
    /// Those that were executed and found bad.
    pub bad: BTreeSet<Hash>,
    pub executing: BTreeMap<Hash, Vec<Question>>,
    pub missing: BTreeMap<Hash, Vec<Question>>,
    pub decided: Option<Certificate>,
    pub importing: bool,
}

impl Round {
    /// Keep a proposed block; false if there is no room for more.
    pub fn propose(&mut self, hash: Hash, block: SimBlock) -> bool {
        if self.blocks.contains_key(&hash) || self.bad.contains(&hash) {
            return true;
        }
        if self.blocks.len() >= MAX_PROPOSED && !self.missing.contains_key(&hash) {
            return false;
        }
        self.blocks.insert(hash, block);
        true
    }
}

/// What a node has while it runs.
pub(crate) struct Running {
    pub core: Core<FakeCrypto>,
    pub log: Option<Log>,
    pub opened_at_ms: u64,
    /// When the node may begin to sign.
    pub gate: StartGate,
    pub round: Round,
    /// The highest height that a peer was heard to be at, and which peer.
    pub ahead: Option<(Height, usize)>,
}

/// A node.
pub(crate) struct Node {
    pub id: usize,
    /// Its session key; none of a follower, and of a validator whose key is not at hand.
    pub key: Option<AuthorityId>,
    /// How it lies, if it does.
    pub fault: Option<Box<dyn Byzantine>>,
    /// Whether it counts among the faulty ones.
    pub faulty: bool,
    /// Whether its log may be damaged while it is down.
    pub victim: bool,
    pub disk: MemDisk,
    pub database: Database,
    pub clock: Clock,
    pub life: u64,
    pub running: Option<Running>,
    pub busy_until_us: u64,
    /// Whether the log lacks what it should have, by damage from outside.
    pub log_is_damaged: bool,
    /// Whether that may be such that the node cannot know.
    pub damage_is_hidden: bool,
    /// Up to which height it may lack something.
    pub damaged_up_to: Height,
    /// Older contents of the log, and how many blocks the database had then.
    pub old_copies: VecDeque<(Vec<u8>, usize)>,
    /// How many records that put another set in place it was told of; none once it is down.
    pub known_records: usize,
    /// Which set has taken over by what its log says.
    pub under: Option<SetId>,
    /// Whether it is told of the record only when the network is good.
    pub is_late: bool,
    pub make_core: fn() -> Core<FakeCrypto>,
}

impl From<VoteLogError> for Halt {
    fn from(_: VoteLogError) -> Self {
        // The node says why, and stops: it must not go on unable to vote.
        Self::Down
    }
}

impl Node {
    /// A node that has not started.
    pub fn new(id: usize, key: Option<AuthorityId>, make_core: fn() -> Core<FakeCrypto>) -> Self {
        Self {
            id,
            key,
            fault: None,
            faulty: false,
            victim: false,
            disk: MemDisk::default(),
            database: Database::default(),
            clock: Clock {
                offset_ms: 0,
                rate: 1_000,
            },
            life: 0,
            running: None,
            busy_until_us: 0,
            log_is_damaged: false,
            damage_is_hidden: false,
            damaged_up_to: 0,
            old_copies: VecDeque::new(),
            known_records: 0,
            under: None,
            is_late: false,
            make_core,
        }
    }

    /// The height that it has to decide.
    pub fn height(&self) -> Height {
        self.database.best().saturating_add(1)
    }

    /// Who decides `height`, as far as the node knows.
    pub fn terms(&self, shared: &Shared, height: Height) -> Terms {
        shared.spec.terms(height, self.known_records)
    }

    pub(crate) fn wake(&self, shared: &mut Shared, delay_us: u64, wake: Wake) {
        let (node, life) = (self.id, self.life);
        shared.schedule(delay_us, Event::Wake { node, life, wake });
    }

    // --- Stepping ---

    /// Put `input` in, which may come from a peer, and carry out all that follows.
    pub fn step(
        &mut self,
        shared: &mut Shared,
        peer: Option<usize>,
        input: Input,
    ) -> Result<(), Halt> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(running) = self.running.as_mut() else {
                return Ok(());
            };
            let outputs = running.core.step(input);
            if !self.faulty {
                shared.auditor.rests(self.id, running.core.round_state())?;
            }
            let dies_at = self.plan_trouble(shared);
            self.carry_out(shared, peer, outputs, dies_at, &mut inputs)?;
        }
        Ok(())
    }

    /// Whether the node dies in this step: after how many of the outputs. The disk may also be set
    /// up to fail at one of its next operations.
    fn plan_trouble(&self, shared: &mut Shared) -> Option<u64> {
        let faults = shared.node_faults();
        if self.faulty {
            return None;
        }
        if shared.rng.chance(faults.disk_errors_permille) {
            let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::Other];
            let kind = kinds[shared.rng.index(kinds.len())];
            let at = shared.rng.below(CRASH_POINTS);
            self.disk.set_trouble(at, Trouble::Fail(kind));
        }
        if !shared.rng.chance(faults.crashes_permille) {
            return None;
        }
        let at = shared.rng.below(CRASH_POINTS);
        if shared.rng.chance(500) {
            self.disk.set_trouble(at, Trouble::Die);
            return None;
        }
        Some(at)
    }

    fn carry_out(
        &mut self,
        shared: &mut Shared,
        peer: Option<usize>,
        outputs: Vec<Output>,
        mut dies_at: Option<u64>,
        inputs: &mut VecDeque<Input>,
    ) -> Result<(), Halt> {
        self.check_order(&outputs)?;
        let (records, mut outputs): (Vec<_>, Vec<_>) = outputs
            .into_iter()
            .partition(|output| matches!(output, Output::Persist(_)));
        let mut wait_us = 0;
        let late = shared.scenario.sabotage == Some(Sabotage::SendBeforePersist);
        if late && !records.is_empty() {
            outputs.extend(records);
        } else {
            wait_us = self.persist(shared, records)?;
        }
        for output in outputs {
            if let Some(left) = dies_at.as_mut() {
                if *left == 0 {
                    return Err(Halt::Down);
                }
                *left -= 1;
            }
            if let Output::Persist(_) = output {
                wait_us = self.persist(shared, vec![output])?;
                continue;
            }
            inputs.extend(self.carry_out_one(shared, peer, wait_us, output)?);
        }
        match dies_at {
            Some(_) => Err(Halt::Down),
            None => Ok(()),
        }
    }

    fn carry_out_one(
        &mut self,
        shared: &mut Shared,
        peer: Option<usize>,
        wait_us: u64,
        output: Output,
    ) -> Result<Option<Input>, Halt> {
        match output {
            // Done before.
            Output::Persist(_) => {}
            Output::Send(message) => self.say(shared, wait_us, message)?,
            Output::Build { height, view } => self.ask_build(shared, height, view),
            Output::Validate {
                height,
                view,
                hash,
                reproposal,
            } => {
                let question = Question { view, reproposal };
                return self.validate(shared, height, hash, question);
            }
            Output::StartTimer {
                height,
                view,
                silent,
            } => {
                let timing = &shared.spec.timing;
                let ms = if silent && view == 0 {
                    timing.silent_timeout_ms
                } else {
                    timing.timeout_ms(view)
                };
                let delay_us = self.clock.delay_us(u64::from(ms));
                let set = self.terms(shared, height).set.id;
                self.wake(shared, delay_us, Wake::Timer { height, view, set });
            }
            Output::Finalise(certificate) => self.on_decided(shared, certificate)?,
            Output::EnteredView { .. } => {}
            Output::Report(evidence) => {
                if !self.faulty {
                    shared.auditor.reported(&shared.spec, self.id, &evidence)?;
                }
            }
            Output::Fork { first, second } => {
                for certificate in [first, second] {
                    let message = Message::Decided(certificate);
                    let block = None;
                    shared.broadcast(self.id, 0, Packet::Message { message, block });
                }
            }
            Output::Reject(rejection) => {
                // Who has not heard of a record, or has, says in good faith what others refuse.
                let parted = shared.spec.records() > 0;
                if let Some(peer) = peer.filter(|_| !self.faulty && !parted) {
                    shared.auditor.blamed(self.id, peer, rejection)?;
                }
            }
        }
        Ok(None)
    }

    /// Whether the state machine has everything durable before it is sent. The node writes all
    /// records of a step first, but need not.
    fn check_order(&self, outputs: &[Output]) -> Result<(), Halt> {
        for (at, output) in outputs.iter().enumerate() {
            let Output::Persist(Record::Sent(message)) = output else {
                continue;
            };
            let before = outputs.iter().take(at);
            if before
                .into_iter()
                .any(|output| matches!(output, Output::Send(sent) if sent == message))
            {
                let text = format!("node {} sends {message:?}", self.id);
                return Err(Halt::Breach(Breach::SentBeforePersist, text));
            }
        }
        Ok(())
    }

    /// Make records durable, with their blocks. How long that takes, in microseconds.
    fn persist(&mut self, shared: &mut Shared, outputs: Vec<Output>) -> Result<u64, Halt> {
        let sabotage = shared.scenario.sabotage;
        let records: Vec<_> = outputs
            .into_iter()
            .filter_map(|output| match output {
                Output::Persist(record) => Some(record),
                _ => None,
            })
            .filter(|record| {
                sabotage != Some(Sabotage::NoLockInLog) || !matches!(record, Record::Prepared(_))
            })
            .collect();
        let Some(running) = self.running.as_mut() else {
            return Ok(0);
        };
        let Some(log) = running.log.as_mut().filter(|_| !records.is_empty()) else {
            return Ok(0);
        };
        let round = &running.round;
        if sabotage == Some(Sabotage::NoSync) {
            self.disk.skip_syncs(true);
        }
        let done = log.persist(round.height, records, |hash| {
            round.blocks.get(hash).cloned()
        });
        self.disk.skip_syncs(false);
        done?;
        shared.summary.syncs += 1;
        Ok(shared.costs.sync_us)
    }

    /// Send a message to all, with its block if it is a proposal.
    fn say(&mut self, shared: &mut Shared, wait_us: u64, message: Message) -> Result<(), Halt> {
        let Some(running) = self.running.as_ref() else {
            return Ok(());
        };
        let block = match &message {
            Message::Proposal { statement, .. } => statement
                .statement
                .block()
                .and_then(|hash| running.round.blocks.get(&hash).cloned()),
            _ => None,
        };
        if matches!(message, Message::Proposal { .. }) && block.is_none() {
            // The driver has it not at hand; as in the node the proposal is not sent.
            return Ok(());
        }
        if let Some(mut fault) = self.fault.take() {
            if let Some(mut voice) = self.voice(shared) {
                fault.speak(&mut voice, message, block);
            }
            self.fault = Some(fault);
            return Ok(());
        }
        if !self.faulty {
            self.check_durable(&message)?;
            // What it may have forgotten it may contradict; that is for its last heights.
            let excused = self.log_is_damaged
                && self.damage_is_hidden
                && message.height().saturating_add(1) >= self.damaged_up_to;
            shared
                .auditor
                .sent(&shared.spec, self.id, &message, excused)?;
        }
        shared.broadcast(self.id, wait_us, Packet::Message { message, block });
        Ok(())
    }

    /// What a byzantine node speaks with.
    pub fn voice<'a>(&self, shared: &'a mut Shared) -> Option<Voice<'a>> {
        let running = self.running.as_ref()?;
        let state = running.core.round_state()?;
        Some(Voice {
            node: self.id,
            key: self.key.clone()?,
            index: running.round.local?,
            height: running.round.height,
            view: state.view,
            parent: running.round.parent,
            now_ms: self.clock.now_ms(shared.now_us),
            shared,
        })
    }

    /// Whether what is about to be sent stands in the log, durably.
    fn check_durable(&self, message: &Message) -> Result<(), Halt> {
        let Some(log) = self.running.as_ref().and_then(|r| r.log.as_ref()) else {
            return Ok(());
        };
        let there = log
            .records(message.height())
            .iter()
            .any(|record| matches!(record, Record::Sent(sent) if sent == message));
        if there && !log.has_pending() && self.disk.is_synced(log.path()) {
            return Ok(());
        }
        let text = format!("node {} sends {message:?}", self.id);
        Err(Halt::Breach(Breach::SentBeforePersist, text))
    }

    /// How many blocks proposed for the next height are kept already.
    pub fn has_room_for_early(&self, height: Height) -> bool {
        self.running.as_ref().is_some_and(|running| {
            let early = running.round.blocks.values();
            early.filter(|block| block.height == height).count() < MAX_EARLY
        })
    }
}
