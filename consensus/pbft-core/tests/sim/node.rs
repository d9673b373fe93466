// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A simulated node: the machine, and what is on its disk.

use crate::common::FakeCrypto;
use hansa_pbft_core::{Core, Record};
use hansa_pbft_primitives::{AuthorityIndex, Certificate, Height};

/// What a node is in a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A validator that works as it should.
    Correct(AuthorityIndex),
    /// A validator whose driver keeps it silent.
    Muted,
    /// No validator.
    Follower,
    /// A validator that never runs.
    Dead,
}

/// A node.
pub struct Node {
    /// What it is.
    pub role: Role,
    /// The machine; none while the node is down.
    pub core: Option<Core<FakeCrypto>>,
    /// Which life of the node this is: what an earlier one was waiting for does not happen.
    pub life: u64,
    /// On disk: the certificates of the final blocks, from height 1.
    pub chain: Vec<Certificate>,
    /// On disk: the vote log of the height under way.
    pub log: Vec<Record>,
}

impl Node {
    /// A node that has not started.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            core: None,
            life: 0,
            chain: Vec::new(),
            log: Vec::new(),
        }
    }

    /// As whom it signs.
    pub fn local(&self) -> Option<AuthorityIndex> {
        match self.role {
            Role::Correct(index) => Some(index),
            Role::Muted | Role::Follower | Role::Dead => None,
        }
    }

    /// The height that it has to decide.
    pub fn height(&self) -> Height {
        self.chain.len() as Height + 1
    }

    /// The certificate of `height`, if it is final here.
    pub fn certificate(&self, height: Height) -> Option<&Certificate> {
        self.chain.get((height as usize).checked_sub(1)?)
    }
}
