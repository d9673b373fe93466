// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The state of one height.

use crate::{
    bugs::{bug, Bug},
    changes::ViewChanges,
    limits::{MAX_VIEWS_AHEAD, MAX_VIEWS_BEHIND},
    own::{Kind, Own},
    tally::{Choice, Tally, Vote},
    witness::Witness,
    HeightConfig, RoundState,
};
use codec::Encode;
use hansa_pbft_primitives::{
    primary::primary, AuthorityIndex, Certificate, NewViewProof, SignedStatement, Statement, View,
    VoteKind, Weight,
};
use std::collections::BTreeMap;

/// Whether the timer of the current view was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub(crate) enum Timer {
    /// It was not.
    Off,
    /// It was, with the short timeout of a primary that was silent lately.
    Short,
    /// It was, with the timeout of the view.
    Full,
}

/// What the driver says of an accepted proposal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub(crate) enum Validity {
    /// Nothing yet.
    Pending,
    /// The block is executed, valid and held.
    Valid,
    /// It is not.
    Invalid,
}

/// The proposal that was accepted in the current view.
#[derive(Clone, Copy, Debug, Encode)]
pub(crate) struct Accepted {
    /// What is proposed.
    pub choice: Choice,
    /// What the driver says of it.
    pub validity: Validity,
}

/// The local primary is about to propose in the current view.
#[derive(Clone, Debug, Encode)]
pub(crate) struct Opening {
    /// The proof that opens the view; none in view 0.
    pub proof: Option<NewViewProof>,
    /// The block that must be proposed; none if a fresh one is being built.
    pub forced: Option<hansa_pbft_primitives::Hash>,
}

/// The state of the height under way.
#[derive(Clone, Debug, Encode)]
pub(crate) struct Round {
    /// What the driver said of the height.
    #[codec(skip)]
    pub config: HeightConfig,
    /// The weight of a certificate.
    pub quorum: Weight,
    /// The weight that may be faulty.
    pub faults: Weight,
    /// As whom the replica signs; none for a follower, and for an authority that must be silent.
    pub voice: Option<AuthorityIndex>,
    /// The current view. Nothing is signed below it.
    pub view: View,
    /// The primary of the current view.
    pub primary: Option<AuthorityIndex>,
    /// The timer of the current view.
    pub timer: Timer,
    /// Whether the local primary has begun to open the current view.
    pub opened: bool,
    /// The local primary's proposal in the making.
    pub opening: Option<Opening>,
    /// The proposal of the current view.
    pub accepted: Option<Accepted>,
    /// What the local authority has said.
    pub own: Own,
    /// The highest prepared certificate.
    pub lock: Option<Certificate>,
    /// The votes.
    pub tally: Tally,
    /// The first proposal that was seen of each view that is kept.
    pub proposals: BTreeMap<View, SignedStatement>,
    /// The view-changes.
    pub changes: ViewChanges,
    /// What everyone signed, for evidence.
    pub witness: Witness,
    /// The view and the choice that a quorum committed.
    pub committed: Option<(View, Choice)>,
    /// Whether the height is decided.
    pub decided: bool,
}

impl Round {
    /// The height in its initial state.
    pub fn new(config: HeightConfig) -> Self {
        let voice = config
            .local
            .filter(|index| config.set.get(*index).is_some());
        Self {
            quorum: config
                .set
                .quorum()
                .saturating_sub(Weight::from(bug(Bug::QuorumMinusOne))),
            faults: config.set.faults(),
            voice,
            view: 0,
            primary: primary(&config.set, &config.seed, config.height, 0),
            timer: Timer::Off,
            opened: false,
            opening: None,
            accepted: None,
            own: Own::default(),
            lock: None,
            tally: Tally::default(),
            proposals: BTreeMap::new(),
            changes: ViewChanges::default(),
            witness: Witness::new(config.clone()),
            committed: None,
            decided: false,
            config,
        }
    }

    /// The primary of `view`.
    pub fn primary_of(&self, view: View) -> Option<AuthorityIndex> {
        if view == self.view {
            return self.primary;
        }
        primary(
            &self.config.set,
            &self.config.seed,
            self.config.height,
            view,
        )
    }

    /// Whether the local authority signs and is the primary of the current view.
    pub fn is_primary(&self) -> bool {
        self.voice.is_some() && self.voice == self.primary
    }

    /// Whether votes of `view` are kept.
    pub fn keeps(&self, view: View) -> bool {
        view <= self.view.saturating_add(MAX_VIEWS_AHEAD)
            && view >= self.view.saturating_sub(MAX_VIEWS_BEHIND)
    }

    /// Make `view` the current one, forgetting what belongs to the former.
    pub fn set_view(&mut self, view: View) {
        self.view = view;
        self.primary = primary(
            &self.config.set,
            &self.config.seed,
            self.config.height,
            view,
        );
        self.timer = Timer::Off;
        self.opened = false;
        self.opening = None;
        self.accepted = None;
        let kept = view.saturating_sub(MAX_VIEWS_BEHIND);
        self.tally.prune_below(kept);
        self.proposals = self.proposals.split_off(&kept);
    }

    /// Count a vote whose signature is good, or is our own. If it makes a quorum of Commit, note
    /// that.
    pub fn count_vote(&mut self, vote: &SignedStatement) {
        let Some((kind, choice)) = vote_of(&vote.statement) else {
            return;
        };
        let weight = self.tally.insert(
            vote.view,
            kind,
            vote.authority,
            self.config.set.weight(vote.authority),
            Vote {
                choice,
                signature: vote.signature.clone(),
            },
        );
        if kind == VoteKind::Commit && weight >= self.quorum && self.committed.is_none() {
            self.committed = Some((vote.view, choice));
        }
    }

    /// The certificate of kind `kind` for `choice` in `view`, of all the votes at hand.
    pub fn certificate(&self, kind: VoteKind, view: View, choice: &Choice) -> Certificate {
        Certificate::new(
            kind,
            self.config.height,
            view,
            choice.hash,
            choice.proof,
            &self.config.set,
            self.tally.votes_for(view, kind, choice),
        )
    }

    /// What the local authority voted in the current view.
    pub fn own_vote(&self, kind: VoteKind) -> Option<Choice> {
        self.own
            .said(self.view, Kind::from(kind))
            .and_then(vote_of)
            .map(|(_, choice)| choice)
    }

    /// Raise the lock to `certificate`, if that is of a higher view.
    pub fn raise_lock(&mut self, certificate: Certificate) {
        if self
            .lock
            .as_ref()
            .is_none_or(|lock| certificate.view > lock.view)
        {
            self.lock = Some(certificate);
        }
    }

    /// A snapshot for others.
    pub fn snapshot(&self) -> RoundState {
        RoundState {
            height: self.config.height,
            view: self.view,
            set: self.config.set.clone(),
            primary: self.primary,
            local: self.config.local,
            proposal: self.accepted.map(|accepted| accepted.choice.hash),
            prepared: self.lock.as_ref().map(Certificate::prepared),
            prepares: self.tally.voters(self.view, VoteKind::Prepare),
            commits: self.tally.voters(self.view, VoteKind::Commit),
            view_changes: self.changes.views(),
            quorum: self.quorum,
            decided: self.decided,
        }
    }
}

/// The kind and the choice of a vote; none for other statements.
pub(crate) fn vote_of(statement: &Statement) -> Option<(VoteKind, Choice)> {
    match *statement {
        Statement::Prepare { hash, proof } => Some((VoteKind::Prepare, Choice { hash, proof })),
        Statement::Commit { hash, proof } => Some((VoteKind::Commit, Choice { hash, proof })),
        Statement::Proposal { .. } | Statement::ViewChange { .. } => None,
    }
}
