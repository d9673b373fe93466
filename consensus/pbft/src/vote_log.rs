// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The vote log with the blocks of this driver; see [`hansa_vote_log`].

pub use hansa_vote_log::{
    file_name, keys_with_log, Condition, Entry, OsDisk, Permission, VoteLogError,
};

use crate::types::ProposedBlock;
use hansa_pbft_primitives::{Hash, Height};
use hansa_vote_log::LoggedBlock;

/// The log of one session key on one chain.
pub type VoteLog = hansa_vote_log::VoteLog<ProposedBlock>;

impl LoggedBlock for ProposedBlock {
    fn hash(&self) -> Hash {
        self.hash()
    }

    fn height(&self) -> Height {
        self.height()
    }
}
