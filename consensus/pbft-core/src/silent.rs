// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Which primaries were silent lately.

use codec::Encode;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet};
use std::collections::BTreeSet;

/// The authorities that let their last view as primary pass without a good proposal.
///
/// They get a shorter first timer the next time that view 0 is theirs, so that a dead validator
/// costs a busy chain little. Only authorities of the current set are remembered.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct SilentPrimaries(BTreeSet<AuthorityId>);

impl SilentPrimaries {
    /// Note that the timer of a view of `primary` fired without a good proposal.
    pub fn mark(&mut self, primary: &AuthorityId) {
        self.0.insert(primary.clone());
    }

    /// Note that `primary` proposed a good block.
    pub fn clear(&mut self, primary: &AuthorityId) {
        self.0.remove(primary);
    }

    /// Whether `primary` was silent lately.
    pub fn contains(&self, primary: &AuthorityId) -> bool {
        self.0.contains(primary)
    }

    /// Forget those that are not in `set`.
    pub fn retain(&mut self, set: &AuthoritySet) {
        if !self.0.is_empty() {
            let members: BTreeSet<_> = set.authorities().iter().map(|a| &a.key).collect();
            self.0.retain(|key| members.contains(key));
        }
    }
}
