// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Hides that a block was prepared: strips the certificate of its view-changes or shows a lower
//! one, and as a primary chooses the view-changes that name the lowest certificate, so that it may
//! propose another block. It may also see to it that something is hidden: by voting towards one half
//! of the nodes only, the other one in every other view, and not hearing of commits itself.

use super::{Byzantine, Voice};
use crate::{block::SimBlock, rng::Rng};
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, Height, Message, NewViewProof, Prepared, SignedStatement,
    Statement, View,
};
use hansa_vote_log::LoggedBlock;
use std::collections::BTreeMap;

/// What it does with the certificate of its own view-changes.
#[derive(Clone, Copy)]
enum Manner {
    /// Names none.
    Strip,
    /// Names the lowest that it ever saw.
    Lower,
    /// Names the right one and shows none, or another one.
    Withhold,
}

type Change = (SignedStatement, Option<Certificate>);

pub(super) struct CertificateLiar {
    rng: Rng,
    sides: u64,
    /// Whether it votes towards one half, and is deaf to commits.
    parts: bool,
    manner: Manner,
    height: Height,
    lowest: Option<Certificate>,
    /// The view-changes heard, by view.
    changes: BTreeMap<View, BTreeMap<AuthorityIndex, Change>>,
    /// The highest prepared certificate seen, and the blocks that may have to be proposed again.
    blocks: BTreeMap<hansa_pbft_primitives::Hash, SimBlock>,
    /// What it said in a view: it says that again.
    own: BTreeMap<View, (Option<Prepared>, Option<Certificate>)>,
    opened: BTreeMap<View, (Message, Option<SimBlock>)>,
}

fn prepared_of(change: &SignedStatement) -> Option<Prepared> {
    match change.statement {
        Statement::ViewChange { prepared } => prepared,
        _ => None,
    }
}

impl CertificateLiar {
    pub fn new(mut rng: Rng, sides: u64) -> Self {
        let manner = match rng.below(3) {
            0 => Manner::Lower,
            1 => Manner::Withhold,
            _ => Manner::Strip,
        };
        Self {
            parts: rng.chance(600),
            rng,
            sides,
            manner,
            height: 0,
            lowest: None,
            changes: BTreeMap::new(),
            blocks: BTreeMap::new(),
            own: BTreeMap::new(),
            opened: BTreeMap::new(),
        }
    }

    fn begin(&mut self, height: Height) {
        if self.height != height {
            self.height = height;
            self.lowest = None;
            self.changes.clear();
            self.blocks.clear();
            self.own.clear();
            self.opened.clear();
        }
    }

    fn see(&mut self, certificate: Option<&Certificate>) {
        let Some(certificate) = certificate else {
            return;
        };
        if self
            .lowest
            .as_ref()
            .is_none_or(|lowest| certificate.view < lowest.view)
        {
            self.lowest = Some(certificate.clone());
        }
    }

    /// Its own view-change to `view`, of which the truth is `certificate`.
    fn lie(&mut self, voice: &Voice<'_>, view: View, certificate: Option<Certificate>) -> Message {
        self.see(certificate.as_ref());
        let (manner, lowest) = (self.manner, self.lowest.clone());
        let (prepared, shown) = self.own.entry(view).or_insert_with(|| match manner {
            Manner::Strip => (None, None),
            Manner::Lower => (lowest.as_ref().map(Certificate::prepared), lowest),
            Manner::Withhold => (certificate.as_ref().map(Certificate::prepared), None),
        });
        let statement = voice.sign(
            view,
            Statement::ViewChange {
                prepared: *prepared,
            },
        );
        Message::ViewChange {
            statement,
            certificate: shown.clone(),
        }
    }

    fn keep(&mut self, message: &Message) {
        if let Message::ViewChange {
            statement,
            certificate,
        } = message
        {
            self.see(certificate.as_ref());
            let change = (statement.clone(), certificate.clone());
            self.changes
                .entry(statement.view)
                .or_default()
                .insert(statement.authority, change);
        }
    }

    /// As the primary of `view`: open it with those view-changes of a quorum that name the lowest
    /// certificate.
    fn open(&mut self, voice: &mut Voice<'_>, view: View) {
        if view == 0 || !voice.is_primary(view) || self.opened.contains_key(&view) {
            return;
        }
        let set = voice.set();
        let mut changes: Vec<_> = self
            .changes
            .get(&view)
            .into_iter()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect();
        changes.sort_by_key(|(change, _)| prepared_of(change).map(|p| p.view));
        let (mut weight, mut chosen) = (0u64, Vec::new());
        for change in changes {
            if weight < set.quorum() {
                weight = weight.saturating_add(set.weight(change.0.authority));
                chosen.push(change);
            }
        }
        if weight < set.quorum() {
            return;
        }
        let highest = chosen.last().and_then(|(change, _)| prepared_of(change));
        let certificate = chosen
            .last()
            .and_then(|(_, certificate)| certificate.clone());
        chosen.sort_by_key(|(change, _)| change.authority);
        let list: Vec<_> = chosen.into_iter().map(|(change, _)| change).collect();
        let mut proof = NewViewProof {
            view_changes: list.try_into().unwrap_or_default(),
            prepared: certificate,
        };
        if highest.is_some() && self.rng.chance(300) {
            // Hide it anyway.
            proof.prepared = None;
        }
        let forced = highest.filter(|_| !self.rng.chance(300));
        let block = match forced {
            Some(prepared) => self.blocks.get(&prepared.hash).cloned(),
            None => Some(voice.block(view)),
        };
        let hash = forced
            .map(|p| p.hash)
            .or(block.as_ref().map(SimBlock::hash));
        if let Some(hash) = hash {
            let proposal = voice.propose(view, hash, Some(proof));
            self.opened.insert(view, (proposal, block));
        }
    }

    fn vote(&self, voice: &mut Voice<'_>, view: View, vote: &Message) {
        if self.parts {
            voice.say_to_half(self.sides, view.is_multiple_of(2), vote, None);
        } else {
            voice.say(vote.clone(), None);
        }
    }

    fn vote_for_own(&self, voice: &mut Voice<'_>, view: View) {
        let Some((message, block)) = self.opened.get(&view).cloned() else {
            return;
        };
        if let Message::Proposal { statement, .. } = &message {
            if let Statement::Proposal { hash, proof } = statement.statement {
                for vote in [
                    Statement::Prepare { hash, proof },
                    Statement::Commit { hash, proof },
                ] {
                    let vote = Message::Vote(voice.sign(view, vote));
                    self.vote(voice, view, &vote);
                }
            }
        }
        voice.say(message, block);
    }
}

impl Byzantine for CertificateLiar {
    fn speak(&mut self, voice: &mut Voice<'_>, message: Message, block: Option<SimBlock>) {
        self.begin(voice.height);
        if let Some(block) = &block {
            self.blocks.insert(block.hash(), block.clone());
        }
        match &message {
            Message::ViewChange {
                statement,
                certificate,
            } => {
                let view = statement.view;
                let lie = self.lie(voice, view, certificate.clone());
                self.keep(&lie);
                voice.say(lie, None);
                self.open(voice, view);
            }
            // Its own choice of a proof stands in for this.
            Message::Proposal { statement, .. } if self.opened.contains_key(&statement.view) => {}
            Message::Vote(vote) if self.opened.contains_key(&vote.view) => {}
            Message::Vote(vote) => self.vote(voice, vote.view, &message),
            _ => voice.say(message, block),
        }
    }

    fn takes(&self, _: usize, message: &Message) -> bool {
        let is_commit = match message {
            Message::Vote(vote) => matches!(vote.statement, Statement::Commit { .. }),
            Message::Decided(_) => true,
            Message::Proposal { .. } | Message::ViewChange { .. } => false,
        };
        // In time it follows the others by sync.
        !(self.parts && is_commit)
    }

    fn hear(&mut self, voice: &mut Voice<'_>, message: &Message, block: Option<&SimBlock>) {
        self.begin(voice.height);
        if message.height() != voice.height {
            return;
        }
        if let Some(block) = block {
            self.blocks.insert(block.hash(), block.clone());
        }
        self.keep(message);
        if matches!(message, Message::ViewChange { .. }) {
            self.open(voice, message.view());
        }
    }

    fn tick(&mut self, voice: &mut Voice<'_>) {
        self.begin(voice.height);
        self.vote_for_own(voice, voice.view);
    }
}
