// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How a node starts, and how it goes down.

use crate::{
    block::{Parent, SimBlock},
    crypto::GENESIS,
    disk::Crash,
    node::{Log, Node, Round, Running},
    packet::Packet,
    shared::{Halt, Shared, Wake, MS},
    spec::Terms,
    Breach, LogDamage, Sabotage,
};
use hansa_pbft_core::{HeightConfig, Input, Record};
use hansa_pbft_primitives::{AuthorityIndex, Hash};
use hansa_vote_log::{file_name, Condition, Occasion, Permission, Standing, StartGate, TakenOver};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// The directory of the logs.
const DIR: &str = "/votes";

/// The log is rewritten from this size on, so that runs see it happen.
const REWRITE_MIN_BYTES: u64 = 16 * 1024;

/// How many old copies of a log there are to put in its place.
const OLD_COPIES: usize = 8;

impl Node {
    fn log_path(&self) -> PathBuf {
        Path::new(DIR).join(file_name(GENESIS, self.key.as_ref()))
    }

    // --- Starting ---

    /// Start: open the log, bring decided blocks back, and begin with the height above the best.
    pub fn boot(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        self.life += 1;
        let log = self.open_log(shared)?;
        let running = Running {
            gate: StartGate::new(shared.instant()),
            core: (self.make_core)(),
            log,
            opened_at_ms: self.clock.now_ms(shared.now_us),
            round: self.round(shared, None, BTreeMap::new()),
            ahead: None,
        };
        self.running = Some(running);
        self.replay(shared)?;
        self.begin(shared)?;
        let resend_ms = u64::from(shared.spec.timing.resend_interval_ms);
        let first = shared.rng.below(resend_ms);
        self.wake(shared, first * MS, Wake::Resend);
        self.say_hello(shared);
        if shared.spec.records() > 0 {
            self.await_record(shared);
        }
        Ok(())
    }

    // --- A record of another set ---

    /// There is a record, of which this node is told some time.
    pub fn await_record(&self, shared: &mut Shared) {
        let Some(recovery) = shared.scenario.recovery else {
            return;
        };
        let heal_us = shared.scenario.heal_at_ms.saturating_mul(MS);
        let late_us = match self.is_late {
            true => heal_us.saturating_sub(shared.now_us),
            false => 0,
        };
        let told_us = shared.rng.below(recovery.told_within_ms.max(1) * MS);
        self.wake(shared, late_us + told_us, Wake::Told);
    }

    /// The node is told of the last record: the height under way begins anew if another set decides
    /// it.
    pub fn learn(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let made = shared.spec.records();
        if std::mem::replace(&mut self.known_records, made) == made {
            return Ok(());
        }
        let before = self.height();
        if self.running.is_some() {
            // What was decided by it and lost could not be brought back without it.
            self.replay(shared)?;
        }
        if self.height() > before {
            return self.begin(shared);
        }
        let terms = self.terms(shared, self.height());
        let round = self.running.as_ref().map(|running| &running.round);
        if round.is_none_or(|round| round.terms == terms || round.height != self.height()) {
            return Ok(());
        }
        self.begin(shared)
    }

    /// Tell all where this node is, and ask them where they are.
    pub fn say_hello(&self, shared: &mut Shared) {
        let (height, key, answer) = (self.height(), self.key.clone(), true);
        let hello = Packet::Hello {
            height,
            key,
            answer,
        };
        shared.broadcast(self.id, 0, hello);
    }

    /// Open the log.
    fn open_log(&mut self, shared: &mut Shared) -> Result<Option<Log>, Halt> {
        let Some(key) = self.key.clone() else {
            return Ok(None);
        };
        let (disk, height) = (self.disk.clone(), self.height());
        let (mut log, found) = Log::open_at(disk, Path::new(DIR), GENESIS, &key, height)?;
        log.set_rewrite_min_bytes(REWRITE_MIN_BYTES);
        match found.condition {
            Condition::TornTail { .. } => shared.summary.torn_logs += 1,
            Condition::Damaged { .. } => {
                shared.summary.damaged_logs += 1;
                if !self.log_is_damaged {
                    shared.summary.false_damage += 1;
                }
            }
            Condition::Fresh | Condition::Intact => {}
        }
        if shared.scenario.sabotage == Some(Sabotage::NoSilence) && log.signing_from().is_none() {
            log.allow_signing_from(height)?;
        }
        if !self.faulty && !self.log_is_damaged {
            shared.auditor.check_log(&shared.spec, self.id, &log)?;
        }
        Ok(Some(log))
    }

    /// Bring back decided blocks that the log has and the database lost.
    fn replay(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let mut waits = false;
        if shared.scenario.sabotage != Some(Sabotage::NoReplay) {
            let best = self.database.best();
            let log = self.running.as_ref().and_then(|r| r.log.as_ref());
            let lost: Vec<_> = log.map(|log| log.decided_above(best)).unwrap_or_default();
            for certificate in lost {
                let log = self.running.as_ref().and_then(|r| r.log.as_ref());
                let block = log.map(|log| log.block(&certificate.hash)).transpose()?;
                let Some(block) = block.flatten() else {
                    break;
                };
                if certificate.height != self.height() {
                    break;
                }
                // Until the node is told of the record again, the block waits in the log.
                let known = self.terms(shared, certificate.height).record;
                waits = block.record.is_some() && block.record != known;
                if waits {
                    break;
                }
                shared.summary.replayed_blocks += 1;
                self.import(shared, block, certificate)?;
            }
        }
        let (shown, best) = (self.database.shown, self.database.best());
        let harmed = self.victim && !self.old_copies.is_empty();
        if self.key.is_some() && !self.faulty && !harmed && !waits && best < shown {
            let text = format!("node {} showed {shown} and now has {best}", self.id);
            return Err(Halt::Breach(Breach::Undone, text));
        }
        Ok(())
    }

    /// Whether a node that has just started knows enough of its peers to sign.
    fn gate_is_open(&mut self, shared: &Shared) -> bool {
        if shared.scenario.sabotage == Some(Sabotage::NoStartGate) {
            return true;
        }
        let (height, parent) = (self.height(), self.database.parent());
        let set = self.terms(shared, height).set;
        let drift_ms = u64::from(shared.spec.timing.max_clock_drift_ms);
        let Some(running) = self.running.as_mut() else {
            return false;
        };
        let safe_after_ms = running.opened_at_ms.saturating_add(drift_ms);
        let standing = Standing {
            height,
            set: &set,
            own: self.key.as_ref(),
            parent_is_new: parent.timestamp_ms.is_some_and(|ms| ms > safe_after_ms),
        };
        running.gate.is_open(&standing, shared.instant())
    }

    /// If the node did not sign at this height only because it had just started, and now may: begin
    /// with the height anew.
    pub fn try_start_gate(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let round = self.running.as_ref().map(|running| &running.round);
        if !round.is_some_and(|round| round.gated && round.decided.is_none()) {
            return Ok(());
        }
        if self.gate_is_open(shared) {
            return self.begin(shared);
        }
        Ok(())
    }

    fn round(
        &self,
        shared: &Shared,
        local: Option<AuthorityIndex>,
        blocks: BTreeMap<Hash, SimBlock>,
    ) -> Round {
        let height = self.height();
        Round {
            height,
            terms: self.terms(shared, height),
            parent: self.database.parent(),
            local,
            gated: false,
            began_us: shared.now_us,
            blocks,
            held: BTreeSet::new(),
            bad: BTreeSet::new(),
            executing: BTreeMap::new(),
            missing: BTreeMap::new(),
            decided: None,
            importing: false,
        }
    }

    /// Begin with the child of the best block.
    pub fn begin(&mut self, shared: &mut Shared) -> Result<(), Halt> {
        let (height, parent) = (self.height(), self.database.parent());
        let terms = self.terms(shared, height);
        self.log_is_damaged &= height <= self.damaged_up_to;
        let member = self.key.as_ref().and_then(|key| terms.set.index_of(key));
        let Some(running) = self.running.as_mut() else {
            return Ok(());
        };
        let (mut local, mut restored) = (None, Vec::new());
        let mut blocks = std::mem::take(&mut running.round.blocks);
        blocks.retain(|_, block| block.height == height);
        if let Some(log) = running.log.as_mut() {
            let drift_ms = u64::from(shared.spec.timing.max_clock_drift_ms);
            let safe_after_ms = running.opened_at_ms.saturating_add(drift_ms);
            let occasion = occasion(shared, &terms, &parent);
            shared.summary.taken_over += u64::from(terms.record.is_some());
            let permission = log.permission(&occasion, safe_after_ms)?;
            self.under = log.under().map(|(_, set)| set);
            match permission {
                // The block comes by replay or by sync.
                Permission::Decided => {}
                Permission::Silent => shared.summary.silent_heights += 1,
                Permission::Superseded => shared.summary.superseded += 1,
                Permission::Granted => local = member,
                Permission::GrantedNow => {
                    local = member;
                    // Whatever was lost was below this height.
                    self.log_is_damaged = false;
                }
            }
            if local.is_some() {
                restored = log.records(height).to_vec();
            }
            for hash in restored.iter().filter_map(Record::block) {
                if let Some(block) = log.block(&hash)? {
                    blocks.insert(hash, block);
                }
            }
        }
        if shared.scenario.sabotage == Some(Sabotage::ForgetRecords) {
            restored.clear();
        }
        let mut round = self.round(shared, local, blocks);
        if local.is_some() && !self.gate_is_open(shared) {
            (local, round.local, round.gated) = (None, None, true);
            restored.clear();
        }
        if let Some(running) = self.running.as_mut() {
            running.round = round;
        }
        let idle_ms = u64::from(shared.spec.timing.idle_interval_ms);
        let wait_ms = shared.rng.below(idle_ms);
        self.wake(shared, self.clock.delay_us(wait_ms), Wake::Work(height));
        let config = HeightConfig {
            height,
            context: terms.context(),
            set: terms.set,
            seed: shared.spec.seed,
            local,
        };
        self.step(shared, None, Input::Start { config, restored })
    }

    // --- Going down ---

    /// The node is down: what is left of its disk is what the next start finds.
    pub fn crash(&mut self, shared: &mut Shared, crash: Crash) {
        self.running = None;
        self.known_records = 0;
        self.busy_until_us = 0;
        shared.summary.crashes += 1;
        self.disk.crash(crash, &mut shared.rng);
        if crash == Crash::Power {
            self.database.lose_power(&mut shared.rng);
        }
        let damage = shared.node_faults().log_damage;
        if let Some(damage) = damage.filter(|_| self.victim && self.database.best() > 0) {
            self.damage_log(shared, damage);
        }
    }

    fn damage_log(&mut self, shared: &mut Shared, damage: LogDamage) {
        let path = self.log_path();
        let Some(mut bytes) = self.disk.contents(&path).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        let rng = &mut shared.rng;
        let blocks = self.database.chain.len();
        self.old_copies.push_back((bytes.clone(), blocks));
        if self.old_copies.len() > OLD_COPIES {
            self.old_copies.pop_front();
        }
        let left = match damage {
            LogDamage::Delete => None,
            LogDamage::Truncate => {
                bytes.truncate(rng.index(bytes.len()));
                Some(bytes)
            }
            LogDamage::FlipBit => {
                let at = rng.index(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
                Some(bytes)
            }
            LogDamage::OldCopy => {
                let copy = self.old_copies.get(rng.index(self.old_copies.len()));
                copy.map(|(bytes, _)| bytes.clone())
            }
            LogDamage::Snapshot => {
                let copy = self.old_copies.get(rng.index(self.old_copies.len()));
                copy.map(|(bytes, blocks)| {
                    self.database.go_back(*blocks);
                    bytes.clone()
                })
            }
            LogDamage::Wipe => {
                self.database.go_back(0);
                None
            }
        };
        shared.summary.logs_harmed += 1;
        self.log_is_damaged = true;
        self.damaged_up_to = self.database.shown.saturating_add(1);
        if !matches!(damage, LogDamage::Delete | LogDamage::FlipBit) {
            // It counts among the faulty: what it has forgotten it may contradict.
            self.damage_is_hidden = true;
            shared.auditor.excuse(self.id);
        }
        self.disk.replace(&path, left);
    }
}

/// The child of `parent`, which is decided under `terms`, as the log asks for it.
fn occasion(shared: &Shared, terms: &Terms, parent: &Parent) -> Occasion {
    let forgets = shared.scenario.sabotage == Some(Sabotage::NoSetInLog);
    let set = terms.record.filter(|_| !forgets);
    let made_ms = set.and_then(|set| shared.spec.made_ms(set));
    Occasion {
        height: parent.height.saturating_add(1),
        set: terms.set.id,
        parent_ms: parent.timestamp_ms,
        taken_over: made_ms.map(|made_ms| TakenOver {
            made_after_ms: Some(made_ms),
        }),
    }
}
