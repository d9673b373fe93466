// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Votes counted: who said Prepare and Commit for what, in which view. Pure bookkeeping; whoever
//! puts a vote in has checked its signature.

use crate::bugs::{self, bug, Bug};
use codec::Encode;
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySignature, Hash, View, VoteKind, Weight};
use std::collections::BTreeMap;

/// What a vote is for: a block, and the digest of the new-view proof that it was proposed with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode)]
pub(crate) struct Choice {
    /// The block.
    pub hash: Hash,
    /// The digest of the proof.
    pub proof: Hash,
}

/// A vote that was counted.
#[derive(Clone, PartialEq, Eq, Debug, Encode)]
pub(crate) struct Vote {
    /// What it is for.
    pub choice: Choice,
    /// Its signature.
    pub signature: AuthoritySignature,
}

/// The votes of one kind in one view.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct Ballot {
    votes: BTreeMap<AuthorityIndex, Vote>,
    /// What the votes for each choice weigh.
    pub weights: BTreeMap<Choice, Weight>,
}

/// All votes that are kept: of each authority at most one per view and kind, its first.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct Tally {
    /// The votes of each view and kind.
    pub ballots: BTreeMap<(View, VoteKind), Ballot>,
}

impl Tally {
    /// The vote of `authority`, if it is known.
    pub fn get(&self, view: View, kind: VoteKind, authority: AuthorityIndex) -> Option<&Vote> {
        self.ballots.get(&(view, kind))?.votes.get(&authority)
    }

    /// Count a vote of `authority`, which weighs `weight`, and return what its choice weighs now.
    /// If the authority has voted already, its first vote stays and this one is not counted.
    pub fn insert(
        &mut self,
        view: View,
        kind: VoteKind,
        authority: AuthorityIndex,
        weight: Weight,
        vote: Vote,
    ) -> Weight {
        let choice = bugs::counted_as(vote.choice);
        let ballot = self.ballots.entry((view, kind)).or_default();
        let sum = ballot.weights.entry(choice).or_default();
        if let std::collections::btree_map::Entry::Vacant(place) = ballot.votes.entry(authority) {
            place.insert(vote);
            *sum = sum.saturating_add(weight);
        } else if bug(Bug::RepeatedVote) {
            *sum = sum.saturating_add(weight);
        }
        *sum
    }

    /// What the votes for `choice` weigh.
    pub fn weight(&self, view: View, kind: VoteKind, choice: &Choice) -> Weight {
        if bug(Bug::ViewsTogether) {
            return bugs::weight_of_all_views(self, kind, choice);
        }
        self.ballots
            .get(&(view, kind))
            .and_then(|ballot| ballot.weights.get(&bugs::counted_as(*choice)))
            .copied()
            .unwrap_or_default()
    }

    /// The votes for `choice`, as a certificate needs them.
    pub fn votes_for<'a>(
        &'a self,
        view: View,
        kind: VoteKind,
        choice: &'a Choice,
    ) -> impl Iterator<Item = (AuthorityIndex, AuthoritySignature)> + 'a {
        self.ballots
            .get(&(view, kind))
            .into_iter()
            .flat_map(|ballot| ballot.votes.iter())
            .filter(move |(_, vote)| vote.choice == *choice)
            .map(|(authority, vote)| (*authority, vote.signature.clone()))
    }

    /// Who voted, for whatever.
    pub fn voters(&self, view: View, kind: VoteKind) -> Vec<AuthorityIndex> {
        self.ballots
            .get(&(view, kind))
            .map(|ballot| ballot.votes.keys().copied().collect())
            .unwrap_or_default()
    }

    /// Forget all views below `view`.
    pub fn prune_below(&mut self, view: View) {
        self.ballots = self.ballots.split_off(&(view, VoteKind::Prepare));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::{crypto::UncheckedFrom, ed25519};

    fn vote(block: u8) -> Vote {
        Vote {
            choice: Choice {
                hash: Hash::repeat_byte(block),
                proof: Hash::zero(),
            },
            signature: ed25519::Signature::unchecked_from([block; 64]).into(),
        }
    }

    #[test]
    fn the_first_vote_of_an_authority_counts_and_no_other() {
        let mut tally = Tally::default();
        assert_eq!(tally.insert(0, VoteKind::Commit, 3, 5, vote(1)), 5);
        assert_eq!(
            tally.insert(0, VoteKind::Commit, 3, 5, vote(1)),
            5,
            "a duplicate"
        );
        assert_eq!(
            tally.insert(0, VoteKind::Commit, 3, 5, vote(2)),
            0,
            "a conflict"
        );
        assert_eq!(tally.get(0, VoteKind::Commit, 3), Some(&vote(1)));
        assert_eq!(tally.insert(0, VoteKind::Commit, 4, 2, vote(1)), 7);
    }

    #[test]
    fn views_kinds_and_choices_are_counted_apart() {
        let mut tally = Tally::default();
        tally.insert(0, VoteKind::Prepare, 0, 1, vote(1));
        tally.insert(0, VoteKind::Commit, 1, 1, vote(1));
        tally.insert(1, VoteKind::Commit, 2, 1, vote(1));
        tally.insert(0, VoteKind::Commit, 3, 1, vote(2));
        let mut other_proof = vote(1);
        other_proof.choice.proof = Hash::repeat_byte(9);
        tally.insert(0, VoteKind::Commit, 4, 1, other_proof);
        let choice = vote(1).choice;
        assert_eq!(tally.weight(0, VoteKind::Commit, &choice), 1);
        let voters: Vec<_> = tally
            .votes_for(0, VoteKind::Commit, &choice)
            .map(|(i, _)| i)
            .collect();
        assert_eq!(voters, [1]);
        assert_eq!(tally.voters(0, VoteKind::Commit), [1, 3, 4]);
    }

    #[test]
    fn pruning_forgets_lower_views_only() {
        let mut tally = Tally::default();
        for view in 0..4 {
            tally.insert(view, VoteKind::Prepare, 0, 1, vote(1));
            tally.insert(view, VoteKind::Commit, 0, 1, vote(1));
        }
        tally.prune_below(2);
        for (view, kept) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
            for kind in [VoteKind::Prepare, VoteKind::Commit] {
                assert_eq!(
                    tally.weight(view, kind, &vote(1).choice),
                    kept,
                    "view {view}"
                );
            }
        }
    }
}
