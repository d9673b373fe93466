// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How a set loses its quorum for good, and what is done about it.

use crate::{
    database::BEGIN_MS,
    disk::Crash,
    rng::Rng,
    shared::{Event, MS},
    world::World,
};

/// How soon is looked again whether the set may lose its quorum, or whether those that are late may
/// come back, in milliseconds.
const AGAIN_MS: u64 = 10;

/// The purpose of a generator.
const CASUALTIES: u64 = 3;

impl World {
    /// Draw who will be lost, and when.
    pub(crate) fn set_up_recovery(&mut self) {
        let Some(recovery) = self.shared.scenario.recovery else {
            return;
        };
        let mut rng: Rng = self.shared.rng.fork(CASUALTIES);
        let mut founders: Vec<_> = (0..self.shared.spec.founders()).collect();
        let mut draw = |count: usize| -> Vec<usize> {
            (0..count)
                .map(|_| founders.remove(rng.index(founders.len())))
                .collect()
        };
        self.lost = draw(recovery.lost);
        self.late = draw(recovery.late);
        let at_us = recovery.lost_at_ms.saturating_mul(MS);
        self.shared.schedule(at_us, Event::Lose);
    }

    /// The nodes that are in no set before the record.
    pub(crate) fn spares(&self) -> Vec<usize> {
        let founders = self.shared.spec.founders();
        match self.shared.scenario.recovery {
            Some(recovery) => (founders..founders + recovery.spare).collect(),
            None => Vec::new(),
        }
    }

    fn casualties(&self) -> Vec<usize> {
        self.lost.iter().chain(&self.late).copied().collect()
    }

    /// More of the set stops than it can do without, if nothing is final that would be lost with it:
    /// whoever makes the record must know of all that is.
    pub(crate) fn lose(&mut self) {
        let Some(recovery) = self.shared.scenario.recovery else {
            return;
        };
        let (head, casualties) = (self.shared.auditor.highest(), self.casualties());
        let (auditor, spec) = (&self.shared.auditor, &self.shared.spec);
        let knows = |node: &usize| self.nodes[*node].database.best() >= head;
        let survives = |node: &usize| !casualties.contains(node);
        let is_known = (0..self.nodes.len())
            .filter(survives)
            .any(|node| knows(&node));
        let is_open = (casualties.iter()).any(|node| auditor.committed_above(spec, *node, head));
        if !is_known || is_open {
            self.shared.schedule(AGAIN_MS * MS, Event::Lose);
            return;
        }
        for node in casualties {
            self.dead.push(node);
            self.nodes[node].crash(&mut self.shared, Crash::Process);
        }
        if recovery.spares_are_new {
            for node in self.spares() {
                let delay_us = self.shared.rng.below(1_000 * MS);
                self.shared.schedule(delay_us, Event::Boot { node });
            }
        }
        let made_us = recovery.made_after_ms.saturating_mul(MS);
        self.shared.schedule(made_us, Event::Record);
    }

    /// The record is made: those that are left and the spare nodes decide above the head. If there are
    /// to be two, the first names the founders again, of which too many are gone: it comes to some, and
    /// its set decides nothing.
    pub(crate) fn make_record(&mut self) {
        let Some(recovery) = self.shared.scenario.recovery else {
            return;
        };
        let is_vain = recovery.twice && self.shared.spec.records() == 0;
        let head = self.shared.auditor.highest();
        let made_ms = BEGIN_MS.saturating_add(self.shared.now_us / MS);
        let gone = self.casualties();
        let members: Vec<_> = match is_vain {
            true => (0..self.shared.spec.founders()).collect(),
            false => (0..self.shared.spec.candidates())
                .filter(|node| !gone.contains(node))
                .collect(),
        };
        self.shared.spec.recover(head, &members, made_ms);
        for node in self.nodes.iter().filter(|node| node.running.is_some()) {
            node.await_record(&mut self.shared);
        }
        if is_vain {
            let soon_ms = recovery.told_within_ms / 2;
            self.shared.schedule(soon_ms * MS, Event::Record);
        } else {
            self.shared.schedule(AGAIN_MS * MS, Event::Return);
        }
    }

    /// Those that are late come back once all others of the old set have it in their logs that it is
    /// over: else they could make up a quorum of it, and it would not be lost for good.
    pub(crate) fn return_late(&mut self) {
        let (gone, set) = (self.casualties(), self.shared.spec.recorded_set());
        let mut others = (0..self.shared.spec.founders()).filter(|node| !gone.contains(node));
        if !others.all(|node| self.nodes[node].under == set) {
            self.shared.schedule(AGAIN_MS * MS, Event::Return);
            return;
        }
        for node in self.late.clone() {
            self.dead.retain(|dead| *dead != node);
            self.nodes[node].is_late = true;
            self.shared.schedule(0, Event::Boot { node });
        }
    }
}
