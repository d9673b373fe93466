// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Tells the lie in place of what the engine says.

use crate::{forge::Forge, lie::Lie, note};
use hansa_consensus_pbft::{network::PbftNetworkHandle, transport::Outbox, types::ProposedBlock};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Hash, Height, Message, NewViewProof, SignedStatement, Statement, View,
};
use parking_lot::Mutex;
use sc_network_types::PeerId;

/// A hash that no block has: what is voted for beside the block.
const NO_BLOCK: Hash = Hash::repeat_byte(0xb2);

/// A proposal with its block.
#[derive(Clone)]
struct Proposal {
    message: Message,
    block: ProposedBlock,
}

/// What was proposed in place of the engine's proposal at one height and view.
struct Told {
    height: Height,
    view: View,
    /// None if nothing could be made: then the engine's is proposed.
    proposal: Option<Proposal>,
}

/// An outbox that lies.
pub struct Liar {
    lie: Lie,
    forge: Forge,
    network: PbftNetworkHandle,
    /// The last altered proposal: said again, it is the same.
    told: Mutex<Option<Told>>,
}

impl Outbox for Liar {
    fn broadcast(&self, message: &Message) {
        match message {
            Message::Vote(vote) => self.vote(vote, message),
            _ if self.lie == Lie::Mute => {}
            _ => self.say(message),
        }
    }

    fn broadcast_proposal(&self, message: &Message, block: &ProposedBlock) {
        let Message::Proposal { statement, proof } = message else {
            return;
        };
        let proposal = Proposal {
            message: message.clone(),
            block: block.clone(),
        };
        match self.lie {
            Lie::SilentPrimary | Lie::Mute => {
                note(statement.height, statement.view, None);
            }
            Lie::BadStateRoot
            | Lie::BadSeal
            | Lie::BadOutput
            | Lie::NoOutput
            | Lie::OversizedBody => {
                let (told, _) = self.told(statement, || self.spoiled(statement, proof, block));
                self.propose(&self.others(), told.as_ref().unwrap_or(&proposal));
            }
            Lie::TwoBlocks if statement.view == 0 => self.propose_two(statement, &proposal),
            Lie::Withhold if statement.view == 0 => {
                let (_, rest) = self.first_and_rest();
                self.propose(&rest, &proposal);
            }
            Lie::HidePrepared => {
                let (told, _) = self.told(statement, || self.hiding(statement, proof, block));
                self.propose(&self.others(), told.as_ref().unwrap_or(&proposal));
            }
            _ => self.propose(&self.others(), &proposal),
        }
    }
}

impl Liar {
    /// A liar in front of `network`.
    pub fn new(lie: Lie, forge: Forge, network: PbftNetworkHandle) -> Self {
        Self {
            lie,
            forge,
            network,
            told: Mutex::default(),
        }
    }

    fn say(&self, message: &Message) {
        self.network.broadcast(message);
    }

    /// The other authorities, in an order that stays the same.
    fn others(&self) -> Vec<PeerId> {
        let mut peers = self.network.authority_peers();
        peers.sort_by(|(_, a), (_, b)| a.cmp(b));
        peers.into_iter().map(|(peer, _)| peer).collect()
    }

    /// The first of the others, and the rest.
    fn first_and_rest(&self) -> (Vec<PeerId>, Vec<PeerId>) {
        let mut first = self.others();
        let rest = first.split_off(first.len().min(1));
        (first, rest)
    }

    fn propose(&self, peers: &[PeerId], proposal: &Proposal) {
        for peer in peers {
            let (message, block) = (&proposal.message, &proposal.block);
            self.network.send_proposal_to(*peer, message, block);
        }
    }

    fn send(&self, peers: &[PeerId], statement: Option<SignedStatement>) {
        let Some(statement) = statement else { return };
        for peer in peers {
            self.network
                .send_to(*peer, &Message::Vote(statement.clone()));
        }
    }

    /// What is proposed in place of `statement`, made if it was not made yet; and whether it is new.
    fn told(
        &self,
        statement: &SignedStatement,
        make: impl FnOnce() -> Option<Proposal>,
    ) -> (Option<Proposal>, bool) {
        let (height, view) = (statement.height, statement.view);
        let mut told = self.told.lock();
        let known = told
            .as_ref()
            .filter(|told| told.height == height && told.view == view);
        if let Some(known) = known {
            return (known.proposal.clone(), false);
        }
        let proposal = make();
        if let Some(proposal) = &proposal {
            note(height, view, Some(proposal.block.hash()));
        }
        *told = Some(Told {
            height,
            view,
            proposal: proposal.clone(),
        });
        (proposal, true)
    }

    /// `block` in place of the block of `statement`.
    fn proposal_of(
        &self,
        statement: &SignedStatement,
        proof: Option<NewViewProof>,
        block: ProposedBlock,
    ) -> Option<Proposal> {
        let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
        let signed = Statement::Proposal {
            hash: block.hash(),
            proof: digest,
        };
        let statement = self.forge.sign(statement.height, statement.view, signed)?;
        let message = Message::Proposal { statement, proof };
        Some(Proposal { message, block })
    }

    /// A proposal of `block` with something wrong in it; none if it was prepared before, as it then
    /// is not the validator's to spoil.
    fn spoiled(
        &self,
        statement: &SignedStatement,
        proof: &Option<NewViewProof>,
        block: &ProposedBlock,
    ) -> Option<Proposal> {
        if proof.as_ref().is_some_and(|proof| proof.prepared.is_some()) {
            return None;
        }
        let spoiled = match self.lie {
            Lie::BadSeal => self.forge.bad_seal(block),
            Lie::BadOutput => self.forge.bad_output(block),
            Lie::NoOutput => self.forge.no_output(block),
            Lie::OversizedBody => self.forge.oversized(block),
            _ => self.forge.bad_state_root(block),
        };
        self.proposal_of(statement, proof.clone(), spoiled?)
    }

    /// A proposal of a fresh block where another was prepared; none if none was.
    fn hiding(
        &self,
        statement: &SignedStatement,
        proof: &Option<NewViewProof>,
        block: &ProposedBlock,
    ) -> Option<Proposal> {
        let mut proof = proof.clone().filter(|proof| proof.prepared.is_some())?;
        proof.prepared = None;
        let twin = self.forge.twin(block, statement.view)?;
        self.proposal_of(statement, Some(proof), twin)
    }

    /// One block to the first of the others, another one to the rest; said again, both to all.
    fn propose_two(&self, statement: &SignedStatement, proposal: &Proposal) {
        let (twin, is_new) = self.told(statement, || {
            let twin = self.forge.twin(&proposal.block, statement.view)?;
            self.proposal_of(statement, None, twin)
        });
        let Some(twin) = twin else {
            return self.propose(&self.others(), proposal);
        };
        let (first, rest) = self.first_and_rest();
        self.propose(&first, proposal);
        self.propose(&rest, &twin);
        let prepare = Statement::Prepare {
            hash: twin.block.hash(),
            proof: NO_PROOF,
        };
        self.send(&rest, self.forge.sign(statement.height, 0, prepare));
        if !is_new {
            self.propose(&first, &twin);
            self.propose(&rest, proposal);
        }
    }

    /// The engine votes.
    fn vote(&self, vote: &SignedStatement, message: &Message) {
        let (height, view) = (vote.height, vote.view);
        let is_commit = matches!(vote.statement, Statement::Commit { .. });
        let (first, rest) = self.first_and_rest();
        match (self.lie, vote.statement) {
            (Lie::Mute, _) => {}
            (Lie::Withhold | Lie::HidePrepared, _) if is_commit => {
                note(height, view, None);
            }
            // The rest hear that the validator prepared the other block.
            (Lie::TwoBlocks, Statement::Prepare { .. }) if self.told_at(height, view) => {
                self.send(&first, Some(vote.clone()));
            }
            (Lie::TwoPrepares, Statement::Prepare { proof, .. }) => {
                note(height, view, None);
                let other = Statement::Prepare {
                    hash: NO_BLOCK,
                    proof,
                };
                self.send(&rest, self.forge.sign(height, view, other));
                self.say(message);
            }
            (Lie::TwoCommits, Statement::Prepare { hash, proof }) => {
                note(height, view, None);
                let commit = |hash| {
                    self.forge
                        .sign(height, view, Statement::Commit { hash, proof })
                };
                self.send(&rest, commit(NO_BLOCK));
                self.send(&self.others(), commit(hash));
                self.say(message);
            }
            (Lie::Amnesia, Statement::Prepare { hash, proof }) => {
                note(height, view, None);
                let commit = Statement::Commit { hash, proof };
                self.send(&self.others(), self.forge.sign(height, view, commit));
                let change = Statement::ViewChange { prepared: None };
                if let Some(statement) = self.forge.sign(height, view.saturating_add(1), change) {
                    self.say(&Message::ViewChange {
                        statement,
                        certificate: None,
                    });
                }
                self.say(message);
            }
            _ => self.say(message),
        }
    }

    /// Whether another block was proposed at this height and view.
    fn told_at(&self, height: Height, view: View) -> bool {
        self.told.lock().as_ref().is_some_and(|told| {
            told.height == height && told.view == view && told.proposal.is_some()
        })
    }
}
