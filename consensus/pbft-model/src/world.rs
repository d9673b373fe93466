// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What does not change in a run: the authorities, their keys, and how messages are made.

use codec::Encode;
use hansa_pbft_core::{Crypto, HeightConfig, Input, Record};
use hansa_pbft_primitives::{
    primary::primary, Authority, AuthorityId, AuthorityIndex, AuthoritySet, AuthoritySignature,
    Certificate, Hash, Height, Message, NewViewProof, SignedStatement, SigningContext, Statement,
    View, VoteKind, Weight,
};
use sp_core::{crypto::UncheckedFrom, ed25519};
use sp_crypto_hashing::{blake2_128, blake2_512};
use std::sync::Arc;

/// The height that is decided.
pub const HEIGHT: Height = 1;

/// The genesis hash of the model's chain.
pub const GENESIS: Hash = Hash::repeat_byte(0xee);

/// The seed of the proposer schedule.
const SEED: [u8; 32] = [7; 32];

/// The blocks among which a faulty primary chooses.
pub const FAULTY_BLOCKS: [Hash; 2] = [Hash::repeat_byte(0xa1), Hash::repeat_byte(0xa2)];

/// Signatures that cost next to nothing: a hash of key and payload. Only [`World::signed`] and the
/// replicas themselves make them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelCrypto;

impl Crypto for ModelCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        let tag = blake2_512(&(key, payload).encode());
        Some(ed25519::Signature::from_raw(tag).into())
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
        self.sign(key, payload).as_ref() == Some(signature)
    }
}

/// A message and who sent it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The sender.
    pub from: AuthorityIndex,
    /// What was sent.
    pub message: Message,
    /// The digest of both.
    pub id: u128,
}

impl Envelope {
    /// `message`, sent by `from`.
    pub fn new(from: AuthorityIndex, message: Message) -> Arc<Self> {
        let id = digest(&(from, &message));
        Arc::new(Self { from, message, id })
    }
}

/// 128 bits by which a value is known again.
pub fn digest(value: &impl Encode) -> u128 {
    value.using_encoded(|bytes| u128::from_le_bytes(blake2_128(bytes)))
}

/// The authorities of the model, each of weight 1, and which of them are faulty.
#[derive(Clone, Debug)]
pub struct World {
    /// The set.
    pub set: Arc<AuthoritySet>,
    /// The faulty ones, in ascending order.
    pub faulty: Vec<AuthorityIndex>,
    /// The highest view of which anything is said.
    pub last_view: View,
}

impl World {
    /// `n` authorities, of which those are faulty whose turn it is in the views `faulty_turns`.
    pub fn new(n: u8, faulty_turns: &[View], last_view: View) -> Self {
        let list = (0..n)
            .map(|i| Authority {
                key: ed25519::Public::unchecked_from([i; 32]).into(),
                weight: 1,
            })
            .collect();
        let set = Arc::new(AuthoritySet::new(0, list).expect("distinct keys of weight 1"));
        let mut world = Self {
            set,
            faulty: Vec::new(),
            last_view,
        };
        world.faulty = faulty_turns.iter().map(|v| world.primary(*v)).collect();
        world.faulty.sort_unstable();
        world
    }

    /// The primary of `view`.
    pub fn primary(&self, view: View) -> AuthorityIndex {
        primary(&self.set, &SEED, HEIGHT, view).expect("the set is not empty")
    }

    /// The correct authorities, in ascending order.
    pub fn correct(&self) -> impl Iterator<Item = AuthorityIndex> + '_ {
        (0..self.set.len() as AuthorityIndex).filter(|i| !self.is_faulty(*i))
    }

    /// Whether `authority` is faulty.
    pub fn is_faulty(&self, authority: AuthorityIndex) -> bool {
        self.faulty.contains(&authority)
    }

    /// Whether it matters for the properties who took `envelope`: proposals of faulty primaries, so
    /// that they do not say the same in too many ways, and where there can be a fork all that may
    /// be evidence.
    pub fn remembers(&self, envelope: &Envelope) -> bool {
        let is_proposal = matches!(envelope.message, Message::Proposal { .. });
        let can_fork = self.faulty.len() as Weight > self.tolerated();
        self.is_faulty(envelope.from) && (is_proposal || can_fork)
    }

    /// How many votes make a quorum.
    pub fn quorum(&self) -> usize {
        usize::try_from(self.set.quorum()).expect("few authorities")
    }

    /// The weight that may be faulty.
    pub fn tolerated(&self) -> Weight {
        self.set.faults()
    }

    /// What signatures cover besides the statement.
    pub fn context(&self) -> SigningContext {
        SigningContext {
            genesis: GENESIS,
            set_id: self.set.id,
        }
    }

    /// The configuration of the height for a replica.
    pub fn height_config(&self, local: Option<AuthorityIndex>) -> HeightConfig {
        HeightConfig {
            height: HEIGHT,
            context: self.context(),
            set: self.set.clone(),
            seed: SEED,
            local,
        }
    }

    /// The input with which `local` begins, or goes on after a crash.
    pub fn start(&self, local: AuthorityIndex, restored: Vec<Record>) -> Input {
        Input::Start {
            config: self.height_config(Some(local)),
            restored,
        }
    }

    /// The fresh block of a correct primary of `view`, which has crashed `lives` times before: no
    /// node builds the same block twice.
    pub fn fresh_block(&self, view: View, lives: u8) -> Hash {
        let mut block = Hash::repeat_byte(0xc0);
        block.0[0] = view as u8;
        block.0[1] = lives;
        block
    }

    /// `authority` says `statement` in `view`.
    pub fn signed(
        &self,
        authority: AuthorityIndex,
        view: View,
        statement: Statement,
    ) -> SignedStatement {
        let key = &self.set.get(authority).expect("a member").key;
        let payload = self.context().payload(HEIGHT, view, &statement);
        let signature = ModelCrypto.sign(key, &payload).expect("it always signs");
        SignedStatement {
            height: HEIGHT,
            view,
            statement,
            authority,
            signature,
        }
    }

    /// `author`'s proposal of `block`, with `proof` or with none.
    pub fn proposal(
        &self,
        author: AuthorityIndex,
        view: View,
        block: Hash,
        proof: Option<NewViewProof>,
    ) -> Arc<Envelope> {
        let digest = proof
            .as_ref()
            .map_or(hansa_pbft_primitives::statement::NO_PROOF, |proof| {
                proof.digest()
            });
        let statement = Statement::Proposal {
            hash: block,
            proof: digest,
        };
        let statement = self.signed(author, view, statement);
        Envelope::new(author, Message::Proposal { statement, proof })
    }

    /// A vote.
    pub fn vote(
        &self,
        author: AuthorityIndex,
        kind: VoteKind,
        view: View,
        block: Hash,
        proof: Hash,
    ) -> Arc<Envelope> {
        let statement = self.signed(author, view, kind.statement(block, proof));
        Envelope::new(author, Message::Vote(statement))
    }

    /// A view-change that names the block of `certificate`, and shows it.
    pub fn view_change(
        &self,
        author: AuthorityIndex,
        view: View,
        certificate: Option<Certificate>,
    ) -> Arc<Envelope> {
        let prepared = certificate.as_ref().map(Certificate::prepared);
        let statement = self.signed(author, view, Statement::ViewChange { prepared });
        Envelope::new(
            author,
            Message::ViewChange {
                statement,
                certificate,
            },
        )
    }

    /// The prepared certificate of `signers`.
    pub fn certificate(
        &self,
        view: View,
        block: Hash,
        proof: Hash,
        signers: impl IntoIterator<Item = AuthorityIndex>,
    ) -> Certificate {
        let kind = VoteKind::Prepare;
        let votes = signers.into_iter().map(|signer| {
            let vote = self.signed(signer, view, kind.statement(block, proof));
            (signer, vote.signature)
        });
        Certificate::new(kind, HEIGHT, view, block, proof, &self.set, votes)
    }
}

/// The signed statement of a message; none of a certificate alone.
pub fn statement_of(message: &Message) -> Option<&SignedStatement> {
    match message {
        Message::Proposal { statement, .. }
        | Message::Vote(statement)
        | Message::ViewChange { statement, .. } => Some(statement),
        Message::Decided(_) => None,
    }
}
