// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the tests share: keys, sets, fast signatures, and messages made to order.

#![allow(dead_code)] // Each test binary uses its part.

use codec::Encode;
use hansa_pbft_core::{Core, Crypto, HeightConfig, Input, Output, Record};
use hansa_pbft_primitives::{
    primary::primary, statement::NO_PROOF, Authority, AuthorityId, AuthorityIndex, AuthoritySet,
    AuthoritySignature, Certificate, Hash, Height, Message, NewViewProof, Prepared,
    SignedStatement, SigningContext, Statement, View, VoteKind,
};
use sp_core::{ed25519, Pair};
use std::sync::Arc;

/// The genesis hash of the tests' chain.
pub const GENESIS: Hash = Hash::repeat_byte(0xee);

/// Signatures that cost next to nothing: a hash of key and payload. Anyone could make them, but
/// the tests' nodes do not.
#[derive(Clone, Copy, Debug, Default)]
pub struct FakeCrypto;

impl Crypto for FakeCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        let tag = sp_crypto_hashing::blake2_512(&(key, payload).encode());
        Some(ed25519::Signature::from_raw(tag).into())
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
        self.sign(key, payload).as_ref() == Some(signature)
    }
}

/// Real ed25519 over the seeds `[i; 32]`.
#[derive(Clone)]
pub struct RealCrypto(pub Vec<ed25519::Pair>);

impl RealCrypto {
    /// The keys of `n` authorities.
    pub fn new(n: u8) -> Self {
        Self((0..n).map(|i| ed25519::Pair::from_seed(&[i; 32])).collect())
    }
}

impl Crypto for RealCrypto {
    fn sign(&self, key: &AuthorityId, payload: &[u8]) -> Option<AuthoritySignature> {
        let key = ed25519::Public::from(key.clone());
        self.0
            .iter()
            .find(|pair| pair.public() == key)
            .map(|pair| pair.sign(payload).into())
    }

    fn verify(&self, key: &AuthorityId, payload: &[u8], signature: &AuthoritySignature) -> bool {
        hansa_pbft_primitives::statement::verify_signature(key, payload, signature)
    }
}

/// A set of `n` authorities of weight 1.
pub fn set(n: u8) -> Arc<AuthoritySet> {
    weighted(&vec![1; usize::from(n)])
}

/// A set with these weights.
pub fn weighted(weights: &[u64]) -> Arc<AuthoritySet> {
    let list = weights
        .iter()
        .enumerate()
        .map(|(i, weight)| Authority {
            key: ed25519::Pair::from_seed(&[i as u8; 32]).public().into(),
            weight: *weight,
        })
        .collect();
    Arc::new(AuthoritySet::new(0, list).expect("a good set"))
}

/// A height of a set, and messages for it.
#[derive(Clone)]
pub struct World<C = FakeCrypto> {
    /// How to sign.
    pub crypto: C,
    /// The set.
    pub set: Arc<AuthoritySet>,
    /// The height.
    pub height: Height,
}

impl World {
    /// Height 1 of `n` authorities.
    pub fn new(n: u8) -> Self {
        Self {
            crypto: FakeCrypto,
            set: set(n),
            height: 1,
        }
    }
}

impl<C: Crypto + Clone> World<C> {
    /// The context of all signatures.
    pub fn context(&self) -> SigningContext {
        SigningContext {
            genesis: GENESIS,
            set_id: self.set.id,
        }
    }

    /// The configuration of the height for `local`.
    pub fn config(&self, local: Option<AuthorityIndex>) -> HeightConfig {
        HeightConfig {
            height: self.height,
            context: self.context(),
            set: self.set.clone(),
            seed: [7; 32],
            local,
        }
    }

    /// The input that starts the height.
    pub fn start(&self, local: Option<AuthorityIndex>, restored: Vec<Record>) -> Input {
        Input::Start {
            config: self.config(local),
            restored,
        }
    }

    /// A machine of `local` that has begun with the height.
    pub fn core(&self, local: Option<AuthorityIndex>) -> Core<C> {
        let mut core = Core::new(self.crypto.clone());
        core.step(self.start(local, Vec::new()));
        core
    }

    /// The primary of `view`.
    pub fn primary(&self, view: View) -> AuthorityIndex {
        primary(&self.set, &[7; 32], self.height, view).expect("the set is not empty")
    }

    /// An authority that is primary in none of `views`, the `skip`-th of them.
    pub fn backup(&self, views: std::ops::Range<View>, skip: usize) -> AuthorityIndex {
        let primaries: Vec<_> = views.map(|view| self.primary(view)).collect();
        (0..self.set.len() as AuthorityIndex)
            .filter(|i| !primaries.contains(i))
            .nth(skip)
            .expect("enough authorities")
    }

    /// `authority` says `statement` in `view`.
    pub fn signed(
        &self,
        authority: AuthorityIndex,
        view: View,
        statement: Statement,
    ) -> SignedStatement {
        let key = &self.set.get(authority).expect("a member").key;
        let payload = self.context().payload(self.height, view, &statement);
        let signature = self.crypto.sign(key, &payload).expect("the key is there");
        SignedStatement {
            height: self.height,
            view,
            statement,
            authority,
            signature,
        }
    }

    /// The primary's proposal of `block`, without proof in view 0.
    pub fn proposal(&self, view: View, block: Hash, proof: Option<NewViewProof>) -> Message {
        let digest = proof.as_ref().map_or(NO_PROOF, NewViewProof::digest);
        let statement = Statement::Proposal {
            hash: block,
            proof: digest,
        };
        Message::Proposal {
            statement: self.signed(self.primary(view), view, statement),
            proof,
        }
    }

    /// A vote.
    pub fn vote(
        &self,
        kind: VoteKind,
        authority: AuthorityIndex,
        view: View,
        block: Hash,
        proof: Hash,
    ) -> Message {
        Message::Vote(self.signed(authority, view, kind.statement(block, proof)))
    }

    /// A view-change.
    pub fn change(
        &self,
        authority: AuthorityIndex,
        view: View,
        certificate: Option<Certificate>,
    ) -> Message {
        let prepared = certificate.as_ref().map(Certificate::prepared);
        self.claim(authority, view, prepared, certificate)
    }

    /// A view-change that claims `prepared` and shows `certificate`.
    pub fn claim(
        &self,
        authority: AuthorityIndex,
        view: View,
        prepared: Option<Prepared>,
        certificate: Option<Certificate>,
    ) -> Message {
        let statement = self.signed(authority, view, Statement::ViewChange { prepared });
        Message::ViewChange {
            statement,
            certificate,
        }
    }

    /// A certificate of `signers`.
    pub fn certificate(
        &self,
        kind: VoteKind,
        view: View,
        block: Hash,
        proof: Hash,
        signers: impl IntoIterator<Item = AuthorityIndex>,
    ) -> Certificate {
        let votes = signers.into_iter().map(|i| {
            (
                i,
                self.signed(i, view, kind.statement(block, proof)).signature,
            )
        });
        Certificate::new(kind, self.height, view, block, proof, &self.set, votes)
    }

    /// A proof that opens `view`: view-changes of (authority, certificate), and the highest
    /// certificate among them.
    pub fn new_view(
        &self,
        view: View,
        changes: Vec<(AuthorityIndex, Option<Certificate>)>,
    ) -> NewViewProof {
        let prepared = changes
            .iter()
            .filter_map(|(_, certificate)| certificate.clone())
            .max_by_key(|certificate| certificate.view);
        let statements: Vec<_> = changes
            .into_iter()
            .map(|(authority, certificate)| {
                let prepared = certificate.as_ref().map(Certificate::prepared);
                self.signed(authority, view, Statement::ViewChange { prepared })
            })
            .collect();
        NewViewProof {
            view_changes: statements.try_into().expect("few"),
            prepared,
        }
    }
}

/// Block number `i` of a test.
pub fn block(i: u8) -> Hash {
    Hash::repeat_byte(i)
}

/// The statements that were sent.
pub fn sent(outputs: &[Output]) -> Vec<&Message> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Send(message) => Some(message),
            _ => None,
        })
        .collect()
}
