// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Building, executing, fetching and importing blocks, and what comes over the network.

use crate::{
    auditor::statement_of,
    block::{FinalBlock, SimBlock},
    crypto::FakeCrypto,
    node::{Node, Question},
    packet::{Packet, MAX_CHAIN_BLOCKS},
    shared::{Halt, Shared, Wake, MS},
    Breach, Sabotage,
};
use hansa_pbft_core::{Crypto, Input};
use hansa_pbft_primitives::{AuthorityId, Certificate, Hash, Height, Message, View, VoteKind};
use hansa_vote_log::LoggedBlock;

/// How many final blocks of a hundred make the database flush.
const FLUSH_PERMILLE: u64 = 250;

impl Node {
    /// Something that the driver waited for happened.
    pub fn on_wake(&mut self, shared: &mut Shared, wake: Wake) -> Result<(), Halt> {
        let Some(current) = self.running.as_ref().map(|r| r.round.height) else {
            return Ok(());
        };
        match wake {
            Wake::Work(height) if height == current => self.step(shared, None, Input::Work),
            Wake::Built { height, view } if height == current => {
                self.on_built(shared, height, view)
            }
            Wake::Timer { height, view, set } if set == self.terms(shared, height).set.id => {
                self.step(shared, None, Input::Timeout { height, view })
            }
            Wake::Told => self.learn(shared),
            Wake::Resend => self.on_resend(shared),
            Wake::Executed { height, hash } if height == current => self.on_executed(shared, hash),
            Wake::Imported(height) if height == current => self.on_import_done(shared),
            // Of a height that is over, or has begun anew.
            Wake::Timer { .. } => Ok(()),
            Wake::Work(_) | Wake::Built { .. } | Wake::Executed { .. } | Wake::Imported(_) => {
                Ok(())
            }
        }
    }

    fn on_resend(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let resend_ms = u64::from(shared.spec.timing.resend_interval_ms);
        self.wake(shared, self.clock.delay_us(resend_ms), Wake::Resend);
        self.fetch_missing(shared);
        let height = self.height();
        let ahead = self.running.as_mut().and_then(|r| r.ahead.take());
        if let Some((_, peer)) = ahead.filter(|(there, _)| *there > height) {
            shared.send(self.id, peer, Packet::AskChain(height));
        }
        if let Some(mut fault) = self.fault.take() {
            if let Some(mut voice) = self.voice(shared) {
                fault.tick(&mut voice);
            }
            self.fault = Some(fault);
        }
        if self.running.as_ref().is_some_and(|r| r.round.gated) {
            self.say_hello(shared);
            self.try_start_gate(shared)?;
        }
        self.step(shared, None, Input::Resend)
    }

    // --- Building ---

    /// The state machine wants a block to propose.
    pub fn ask_build(&mut self, shared: &mut Shared, height: Height, view: View) {
        let (least, spread) = (shared.costs.execute_us, shared.costs.execute_spread_us);
        let took_us = shared.cost(least, spread);
        let now_ms = self.clock.now_ms(shared.now_us);
        let wait_ms = self.due_ms(shared).saturating_sub(now_ms);
        let delay_us = self.clock.delay_us(wait_ms).saturating_add(took_us);
        self.wake(shared, delay_us, Wake::Built { height, view });
    }

    /// The earliest timestamp of a block at this height.
    fn due_ms(&self, shared: &Shared) -> u64 {
        let min_ms = u64::from(shared.spec.timing.min_interval_ms);
        let parent_ms = self.database.parent().timestamp_ms;
        parent_ms.map_or(0, |ms| ms.saturating_add(min_ms))
    }

    fn on_built(&mut self, shared: &mut Shared, height: Height, view: View) -> Result<(), Halt> {
        let Some(block) = self.build(shared, view) else {
            return Ok(());
        };
        let hash = block.hash();
        let Some(running) = self.running.as_mut() else {
            return Ok(());
        };
        running.round.blocks.insert(hash, block);
        running.round.held.insert(hash);
        shared.summary.built.push((hash, shared.now_us));
        self.step(shared, None, Input::Built { height, view, hash })
    }

    /// A block of this node for `view`.
    fn build(&mut self, shared: &mut Shared, view: View) -> Option<SimBlock> {
        let author = self.running.as_ref()?.round.local?;
        let parent = self.database.parent();
        let timestamp_ms = self.clock.now_ms(shared.now_us).max(self.due_ms(shared));
        let bad = shared.node_faults().bad_blocks_permille;
        let (least, spread) = (shared.costs.body_bytes, shared.costs.body_spread_bytes);
        let size = shared.cost(least, spread);
        let record = self.running.as_ref()?.round.terms.record;
        Some(SimBlock {
            record,
            parent: parent.hash,
            height: parent.height.saturating_add(1),
            view,
            author,
            timestamp_ms,
            salt: shared.rng.number(),
            executes: !shared.rng.chance(bad),
            body: vec![0xb0; size as usize],
        })
    }

    // --- Executing ---

    /// Answer `question` about `hash`, now or when the block is there and executed.
    pub fn validate(
        &mut self,
        shared: &mut Shared,
        height: Height,
        hash: Hash,
        question: Question,
    ) -> Result<Option<Input>, Halt> {
        let now_ms = self.clock.now_ms(shared.now_us);
        let (least, spread) = (shared.costs.execute_us, shared.costs.execute_spread_us);
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return Ok(None);
        };
        if round.height != height {
            let text = format!("node {} asks for a block of height {height}", self.id);
            return Err(Halt::Breach(Breach::BadOutput, text));
        }
        let answer = |valid| {
            Some(Input::Validated {
                height,
                view: question.view,
                hash,
                valid,
            })
        };
        if shared.scenario.sabotage == Some(Sabotage::NoExecution) {
            return Ok(answer(true));
        }
        if round.bad.contains(&hash) {
            return Ok(answer(false));
        }
        if let Some(block) = round.blocks.get(&hash) {
            let timing = &shared.spec.timing;
            if !block.fits(question.view, question.reproposal, now_ms, timing) {
                return Ok(answer(false));
            }
        }
        if round.held.contains(&hash) {
            return Ok(answer(true));
        }
        if let Some(questions) = round.executing.get_mut(&hash) {
            questions.push(question);
        } else if round.blocks.contains_key(&hash) {
            round.executing.insert(hash, vec![question]);
            let took_us = shared.cost(least, spread);
            self.wake(shared, took_us, Wake::Executed { height, hash });
        } else {
            round.missing.entry(hash).or_default().push(question);
            self.fetch_missing(shared);
        }
        Ok(None)
    }

    fn on_executed(&mut self, shared: &mut Shared, hash: Hash) -> Result<(), Halt> {
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return Ok(());
        };
        let questions = round.executing.remove(&hash).unwrap_or_default();
        let Some(block) = round.blocks.get(&hash) else {
            return Ok(());
        };
        let spec = &shared.spec;
        let valid = block.is_valid(&round.parent, &round.terms, &spec.seed, &spec.timing);
        if valid {
            round.held.insert(hash);
        } else {
            round.blocks.remove(&hash);
            round.bad.insert(hash);
        }
        let height = round.height;
        if round.decided.as_ref().is_some_and(|c| c.hash == hash) {
            return self.import_decided(shared);
        }
        self.answer(shared, height, hash, questions)
    }

    fn answer(
        &mut self,
        shared: &mut Shared,
        height: Height,
        hash: Hash,
        questions: Vec<Question>,
    ) -> Result<(), Halt> {
        for question in questions {
            if let Some(answer) = self.validate(shared, height, hash, question)? {
                self.step(shared, None, answer)?;
            }
        }
        Ok(())
    }

    // --- Fetching ---

    /// Ask a peer for each block that is missing.
    fn fetch_missing(&mut self, shared: &mut Shared) {
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return;
        };
        if let Some(decided) = round.decided.as_ref().map(|c| c.hash) {
            let at_hand = round.blocks.contains_key(&decided) || round.bad.contains(&decided);
            if !at_hand && !round.importing {
                round.missing.entry(decided).or_default();
            }
        }
        let wanted: Vec<_> = round.missing.keys().copied().collect();
        for hash in wanted {
            let others = shared.nodes.saturating_sub(1);
            let peer = shared.rng.index(others.max(1));
            let peer = if peer < self.id { peer } else { peer + 1 };
            if peer < shared.nodes {
                shared.send(self.id, peer, Packet::AskBlock(hash));
            }
        }
    }

    /// A proposed block came.
    fn on_block(&mut self, shared: &mut Shared, block: SimBlock) -> Result<(), Halt> {
        let hash = block.hash();
        let Some(current) = self.running.as_ref().map(|r| r.round.height) else {
            return Ok(());
        };
        let early = current.checked_add(1) == Some(block.height);
        if block.height != current && !(early && self.has_room_for_early(block.height)) {
            return Ok(());
        }
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return Ok(());
        };
        if !round.propose(hash, block) {
            return Ok(());
        }
        let Some(questions) = round.missing.remove(&hash) else {
            return Ok(());
        };
        if round.decided.as_ref().is_some_and(|c| c.hash == hash) {
            return self.import_decided(shared);
        }
        self.answer(shared, current, hash, questions)
    }

    // --- Importing ---

    /// The height is decided.
    pub fn on_decided(
        &mut self,
        shared: &mut Shared,
        certificate: Certificate,
    ) -> Result<(), Halt> {
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return Ok(());
        };
        if certificate.height != round.height || round.decided.is_some() {
            let text = format!("node {} decides {certificate:?}", self.id);
            return Err(Halt::Breach(Breach::BadOutput, text));
        }
        let (height, view) = (certificate.height, certificate.view);
        if !self.faulty {
            let (spec, now_ms) = (&shared.spec, shared.now_us / MS);
            shared.auditor.decided(spec, self.id, &certificate)?;
            shared
                .summary
                .decisions
                .push((now_ms, self.id, height, view));
            let entry = (certificate.hash, shared.now_us);
            shared.summary.decided.push(entry);
        }
        round.decided = Some(certificate);
        self.import_decided(shared)
    }

    /// Bring the decided block into the database, once it is executed.
    fn import_decided(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let (least, spread) = (shared.costs.execute_us, shared.costs.execute_spread_us);
        let Some(running) = self.running.as_mut() else {
            return Ok(());
        };
        let round = &mut running.round;
        let Some(certificate) = round.decided.clone().filter(|_| !round.importing) else {
            return Ok(());
        };
        let (height, hash) = (round.height, certificate.hash);
        if round.bad.contains(&hash) {
            let text = format!("node {} finds {hash:?} invalid, height {height}", self.id);
            return Err(Halt::Breach(Breach::InvalidFinal, text));
        }
        if !round.held.contains(&hash) {
            if round.executing.contains_key(&hash) {
                return Ok(());
            }
            if round.blocks.contains_key(&hash) {
                round.executing.insert(hash, Vec::new());
                let took_us = shared.cost(least, spread);
                self.wake(shared, took_us, Wake::Executed { height, hash });
            } else {
                self.fetch_missing(shared);
            }
            return Ok(());
        }
        let Some(block) = round.blocks.get(&hash).cloned() else {
            return Ok(());
        };
        round.importing = true;
        if let Some(log) = running.log.as_mut() {
            if shared.scenario.sabotage != Some(Sabotage::NoDecisionInLog) {
                log.audit(&certificate, &round.terms.set)?;
                // Durable before the database says that it is final.
                log.decide(&certificate, block)?;
            }
            shared.summary.syncs += 1;
        }
        let (least, spread) = (shared.costs.import_us, shared.costs.import_spread_us);
        let took_us = shared.cost(least, spread) + shared.costs.sync_us;
        self.wake(shared, took_us, Wake::Imported(height));
        Ok(())
    }

    fn on_import_done(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let Some(round) = self.running.as_mut().map(|running| &mut running.round) else {
            return Ok(());
        };
        let Some(certificate) = round.decided.take().filter(|_| round.importing) else {
            return Ok(());
        };
        let Some(block) = round.blocks.remove(&certificate.hash) else {
            return Ok(());
        };
        self.push(shared, block, certificate);
        self.begin(shared)?;
        self.maintain()
    }

    fn push(&mut self, shared: &mut Shared, block: SimBlock, certificate: Certificate) {
        let hash = certificate.hash;
        let flush = shared.rng.chance(FLUSH_PERMILLE);
        let block = FinalBlock {
            block,
            hash,
            certificate,
        };
        shared.note(&hash.0);
        self.database.push(block, flush);
        if let Some(log) = self.running.as_mut().and_then(|r| r.log.as_mut()) {
            log.database_holds(self.database.flushed());
        }
    }

    fn maintain(&mut self) -> Result<(), Halt> {
        if let Some(log) = self.running.as_mut().and_then(|r| r.log.as_mut()) {
            log.maintain()?;
        }
        Ok(())
    }

    /// Import a final block that came by sync, or from the log.
    pub fn import(
        &mut self,
        shared: &mut Shared,
        block: SimBlock,
        certificate: Certificate,
    ) -> Result<(), Halt> {
        let parent = self.database.parent();
        let height = self.height();
        let terms = self.terms(shared, height);
        if !block.is_valid(&parent, &terms, &shared.spec.seed, &shared.spec.timing) {
            let text = format!("node {} syncs {block:?}", self.id);
            return Err(Halt::Breach(Breach::InvalidFinal, text));
        }
        if !self.faulty {
            shared
                .auditor
                .decided(&shared.spec, self.id, &certificate)?;
        }
        if let Some(log) = self.running.as_mut().and_then(|r| r.log.as_mut()) {
            if shared.scenario.sabotage != Some(Sabotage::NoDecisionInLog) {
                log.audit(&certificate, &terms.set)?;
                log.decide(&certificate, block.clone())?;
            }
        }
        self.push(shared, block, certificate);
        Ok(())
    }

    // --- Packets ---

    /// A packet came.
    pub fn on_packet(
        &mut self,
        shared: &mut Shared,
        from: usize,
        packet: &Packet,
    ) -> Result<(), Halt> {
        if self.running.is_none() {
            return Ok(());
        }
        match packet {
            // A peer that just came has none of what was said at this height.
            Packet::Hello {
                height,
                key,
                answer,
            } => {
                self.on_hello(shared, from, *height, key.clone(), *answer)?;
                self.step(shared, Some(from), Input::Resend)
            }
            Packet::Message { message, block } => {
                self.on_message(shared, from, message.clone(), block.clone())
            }
            Packet::AskBlock(hash) => {
                if let Some(block) = self.stored_block(hash) {
                    shared.send(self.id, from, Packet::Block(block));
                }
                Ok(())
            }
            Packet::Block(block) => self.on_block(shared, block.clone()),
            Packet::AskChain(height) => {
                let first = (*height as usize).saturating_sub(1);
                let chain = self.database.chain.get(first..).unwrap_or_default();
                let blocks: Vec<_> = chain.iter().take(MAX_CHAIN_BLOCKS).cloned().collect();
                if !blocks.is_empty() {
                    shared.send(self.id, from, Packet::Chain(blocks));
                }
                Ok(())
            }
            Packet::Chain(blocks) => self.on_chain(shared, blocks),
        }
    }

    fn on_hello(
        &mut self,
        shared: &mut Shared,
        from: usize,
        height: Height,
        key: Option<AuthorityId>,
        answer: bool,
    ) -> Result<(), Halt> {
        let here = self.height();
        if let Some(running) = self.running.as_mut() {
            if let Some(key) = key {
                running.gate.hear(key, height);
            }
            if height > here && running.ahead.is_none_or(|(highest, _)| height > highest) {
                running.ahead = Some((height, from));
            }
        }
        if answer {
            let hello = Packet::Hello {
                height: here,
                key: self.key.clone(),
                answer: false,
            };
            shared.send(self.id, from, hello);
        }
        self.try_start_gate(shared)
    }

    fn stored_block(&self, hash: &Hash) -> Option<SimBlock> {
        let running = self.running.as_ref()?;
        let logged = running
            .log
            .as_ref()
            .and_then(|log| log.block(hash).ok().flatten());
        let stored = self.database.chain.iter().rev();
        logged
            .or_else(|| running.round.blocks.get(hash).cloned())
            .or_else(|| {
                stored
                    .take(MAX_CHAIN_BLOCKS)
                    .find(|b| b.hash == *hash)
                    .map(|b| b.block.clone())
            })
    }

    fn on_message(
        &mut self,
        shared: &mut Shared,
        from: usize,
        message: Message,
        block: Option<SimBlock>,
    ) -> Result<(), Halt> {
        if !self.faulty {
            shared.auditor.heard(&shared.spec, &message)?;
        }
        if let Some(mut fault) = self.fault.take() {
            if let Some(mut voice) = self.voice(shared) {
                fault.hear(&mut voice, &message, block.as_ref());
            }
            let takes = fault.takes(from, &message);
            self.fault = Some(fault);
            let own = self.running.as_ref().and_then(|r| r.round.local);
            if !takes || statement_of(&message).is_some_and(|s| Some(s.authority) == own) {
                // Its twin, or what it said to somebody else: not to be heard.
                return Ok(());
            }
        }
        let there = message.height();
        if let Some(running) = self.running.as_mut() {
            if running.ahead.is_none_or(|(highest, _)| there > highest) {
                running.ahead = Some((there, from));
            }
        }
        if let Some(block) = block.filter(|block| block.height == there) {
            self.on_block(shared, block)?;
        }
        let round = self.running.as_ref().map(|running| &running.round);
        let Some((here, began_us)) = round.map(|round| (round.height, round.began_us)) else {
            return Ok(());
        };
        if there >= here {
            return self.step(shared, Some(from), Input::Message(message));
        }
        // It may convict somebody still.
        self.step(shared, Some(from), Input::Message(message.clone()))?;
        // Help a peer that is left behind. A vote that is a little late is none of such a peer.
        let resend_us = u64::from(shared.spec.timing.resend_interval_ms) * MS;
        let is_late = shared.now_us.saturating_sub(began_us) < resend_us / 2;
        if there.saturating_add(1) == here && is_late {
            return Ok(());
        }
        if let (Some(known), false) = (
            self.database.get(there),
            matches!(message, Message::Decided(_)),
        ) {
            let message = Message::Decided(known.certificate.clone());
            let packet = Packet::Message {
                message,
                block: None,
            };
            shared.send(self.id, from, packet);
        }
        Ok(())
    }

    fn on_chain(&mut self, shared: &mut Shared, blocks: &[FinalBlock]) -> Result<(), Halt> {
        let mut came = false;
        for FinalBlock {
            block, certificate, ..
        } in blocks
        {
            let height = self.height();
            if block.height != height
                || certificate.height != height
                || certificate.hash != block.hash()
            {
                continue;
            }
            let terms = self.terms(shared, height);
            let good = certificate.verify_with(
                VoteKind::Commit,
                &terms.context(),
                &terms.set,
                |key, payload, signature| FakeCrypto.verify(key, payload, signature),
            );
            if good.is_err() || block.view > certificate.view {
                break;
            }
            self.import(shared, block.clone(), certificate.clone())?;
            came = true;
        }
        if came {
            self.begin(shared)?;
            self.maintain()?;
        }
        Ok(())
    }
}
