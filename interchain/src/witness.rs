// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a node remembers of another chain's certificates, to see when two contradict each other: decisions
//! only, without network, clock or chain.
//!
//! A light client keeps hashes, and the chain that is asked shows one certificate for each height. So a node
//! sees two for one height only if it remembers the first. The last [`MAX_CERTIFICATES`] are remembered, of
//! whatever heights, and whatever set decided them. If a node of the other chain shows a certified block that
//! is not the one that the own light client knows, and the certificate of the known one was not seen here
//! (others brought that header, or this node was started since), the node *doubts*: it asks others for
//! their certificate of that height, until one shows another than the first.

use crate::limits::{DOUBT_INTERVAL_MS, MAX_CERTIFICATES, MAX_DOUBT_QUESTIONS};
use hansa_interchain_primitives::{Hash, Height, Misbehaviour};
use hansa_pbft_primitives::{
    statement::verify_signature, AuthoritySet, Certificate, SigningContext, VoteKind,
};
use std::collections::VecDeque;

/// What a certificate says to who remembers others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Its block is the one that is known of that height, or the first.
    Agrees,
    /// A quorum of that set has not signed it.
    NotCertified,
    /// It contradicts one that was seen.
    Contradicts(Box<Misbehaviour>),
}

/// A certified block that is not the one that the own light client knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Doubt {
    height: Height,
    hash: Hash,
    /// How many were asked.
    asked: u32,
    next: u64,
}

/// The certificates of one chain that a node has seen.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// Those that hold, the oldest sight first.
    seen: VecDeque<Certificate>,
    doubt: Option<Doubt>,
}

impl Witness {
    /// A certificate of a block of the chain with this genesis, whose height `set` decided. It is remembered if
    /// it holds, whatever it says.
    pub fn see(&mut self, genesis: Hash, set: &AuthoritySet, certificate: &Certificate) -> Seen {
        let of_height = |seen: &&Certificate| seen.height == certificate.height;
        if self
            .seen
            .iter()
            .filter(of_height)
            .any(|seen| seen.hash == certificate.hash)
        {
            return Seen::Agrees;
        }
        let context = SigningContext {
            genesis,
            set_id: set.id,
        };
        // What nobody verified may not stand in the way of what is true.
        let verified = certificate.verify_with(VoteKind::Commit, &context, set, verify_signature);
        if verified.is_err() {
            return Seen::NotCertified;
        }
        if let Some(first) = self.seen.iter().find(of_height) {
            return Seen::Contradicts(Box::new(Misbehaviour {
                set: set.clone(),
                first: first.clone(),
                second: certificate.clone(),
            }));
        }
        while self.seen.len() >= MAX_CERTIFICATES {
            self.seen.pop_front();
        }
        self.seen.push_back(certificate.clone());
        Seen::Agrees
    }

    /// A certified block of this height is not the one that the own light client knows, and there is no
    /// certificate of that one to show.
    pub fn doubt(&mut self, height: Height, hash: Hash, now: u64) {
        if self.doubt.is_none() {
            self.doubt = Some(Doubt {
                height,
                hash,
                asked: 0,
                next: now,
            });
        }
    }

    /// What another node is to be asked now: to show what leads on from this block, so that it must show its
    /// own of that height if it has another one; and the how-manieth is asked. After [`MAX_DOUBT_QUESTIONS`] nobody is asked any more.
    pub fn question(&mut self, now: u64) -> Option<(Height, Hash, usize)> {
        let doubt = self.doubt.as_mut().filter(|doubt| now >= doubt.next)?;
        if doubt.asked >= MAX_DOUBT_QUESTIONS {
            self.doubt = None;
            return None;
        }
        let turn = doubt.asked as usize;
        doubt.asked = doubt.asked.saturating_add(1);
        doubt.next = now.saturating_add(DOUBT_INTERVAL_MS);
        Some((doubt.height, doubt.hash, turn))
    }

    /// There is nothing to find out any more: the contradiction is proven, or the chain believes nothing of
    /// the other one.
    pub fn settle(&mut self) {
        self.doubt = None;
    }
}
