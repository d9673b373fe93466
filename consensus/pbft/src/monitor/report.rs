// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The lines that tell an operator about a slow or a standing height. Pure: they only say what they
//! are given.

use super::timeline::Timeline;
use hansa_pbft_core::RoundState;
use hansa_pbft_primitives::{AuthorityIndex, AuthoritySet, Height, View};
use std::{fmt, time::Duration};

/// How many authorities a line names.
const MAX_NAMED: usize = 8;

/// How many characters of a public key a line shows.
const KEY_CHARS: usize = 10;

/// An authority in a log line: its index and the beginning of its key.
pub(crate) struct Name<'a>(pub &'a AuthoritySet, pub AuthorityIndex);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self(set, index) = *self;
        match set.get(index) {
            Some(authority) => {
                let key: String = authority.key.to_string().chars().take(KEY_CHARS).collect();
                write!(f, "#{index} ({key}…)")
            }
            None => write!(f, "#{index}"),
        }
    }
}

/// Several authorities in a log line.
pub(crate) struct Names<'a>(pub &'a AuthoritySet, pub &'a [AuthorityIndex]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self(set, indices) = *self;
        for (i, index) in indices.iter().take(MAX_NAMED).enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{}", Name(set, *index))?;
        }
        match indices.len().checked_sub(MAX_NAMED) {
            Some(0) | None => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

/// At how many heights a node was silent before it votes again; nothing if at none.
pub(crate) struct SilentFor(pub u32);

impl fmt::Display for SilentFor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => f.write_str(" again, after one height in silence"),
            heights => write!(f, " again, after {heights} heights in silence"),
        }
    }
}

/// A height that took long.
pub(crate) struct SlowHeight<'a> {
    pub height: Height,
    /// The view in which it was decided.
    pub view: View,
    pub set: &'a AuthoritySet,
    pub timeline: &'a Timeline,
    /// All but waiting for work.
    pub waited: Duration,
    /// The syncs of the vote log meanwhile, and how long they took.
    pub syncs: (u64, Duration),
    /// The views that ended without a proposal, and whose turn it was.
    pub silent_primaries: &'a [(View, AuthorityIndex)],
    /// Who had said nothing at all when it was decided.
    pub silent: &'a [AuthorityIndex],
    /// Who had spoken, but not said Commit.
    pub late: &'a [AuthorityIndex],
}

impl fmt::Display for SlowHeight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "Height {} was slow: final in view {} after {:.0?}, most of it for {}:",
            self.height,
            self.view,
            self.waited,
            self.timeline.slowest().label()
        )?;
        for spent in self.timeline.spent() {
            write!(f, " {} {:.1?}", spent.phase.label(), spent.time)?;
            match spent.ended_by {
                Some(index) => write!(f, " (until {} spoke),", Name(self.set, index))?,
                None => f.write_str(",")?,
            }
        }
        write!(f, " of it {} log syncs {:.1?}.", self.syncs.0, self.syncs.1)?;
        for (view, index) in self.silent_primaries.iter().take(MAX_NAMED) {
            write!(
                f,
                " No proposal of {} in view {view}.",
                Name(self.set, *index)
            )?;
        }
        if !self.silent.is_empty() {
            write!(f, " Nothing came from {}.", Names(self.set, self.silent))?;
        }
        if !self.late.is_empty() {
            write!(f, " No Commit in time from {}.", Names(self.set, self.late))?;
        }
        Ok(())
    }
}

/// A height that is not decided for long.
pub(crate) struct StandingHeight<'a> {
    pub state: &'a RoundState,
    pub timeline: &'a Timeline,
    pub waited: Duration,
    /// Who said nothing at this height.
    pub silent: &'a [AuthorityIndex],
    /// Those of them of whom no peer is connected.
    pub unconnected: &'a [AuthorityIndex],
}

impl fmt::Display for StandingHeight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (state, set) = (self.state, &self.state.set);
        let weight = |voters: &[AuthorityIndex]| {
            voters
                .iter()
                .fold(0u64, |sum, index| sum.saturating_add(set.weight(*index)))
        };
        let higher: Vec<_> = state
            .view_changes
            .iter()
            .filter(|(_, view)| *view >= state.view && *view > 0)
            .map(|(index, _)| *index)
            .collect();
        write!(
            f,
            "Height {} is not final after {:.0?}: in view {} waiting for {}. Of a quorum of {} there \
             are {} of Prepare, {} of Commit, {} for this view or a higher one.",
            state.height,
            self.waited,
            state.view,
            self.timeline.phase().label(),
            state.quorum,
            weight(&state.prepares),
            weight(&state.commits),
            weight(&higher),
        )?;
        if let Some(primary) = state.primary {
            write!(f, " Its primary is {}.", Name(set, primary))?;
        }
        if !self.silent.is_empty() {
            write!(f, " Nothing came from {}.", Names(set, self.silent))?;
        }
        if !self.unconnected.is_empty() {
            write!(f, " Not connected: {}.", Names(set, self.unconnected))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metrics::Phase, test_support::height_state};
    use std::time::Instant;

    #[test]
    fn a_slow_height_says_which_phase_and_who() {
        let set = height_state(4).set;
        let begin = Instant::now();
        let mut timeline = Timeline::new(begin);
        timeline.observe(Phase::Proposal, None, begin);
        let later = begin + Duration::from_millis(2_000);
        timeline.observe(Phase::ViewChange, None, later);
        timeline.observe(Phase::Commit, Some(3), later + Duration::from_millis(150));
        let line = SlowHeight {
            height: 9,
            view: 1,
            set: &set,
            timeline: &timeline,
            waited: Duration::from_millis(2_150),
            syncs: (3, Duration::from_millis(4)),
            silent_primaries: &[(0, 2)],
            silent: &[2],
            late: &[1],
        }
        .to_string();
        let key = |i| Name(&set, i).to_string();
        for part in [
            "Height 9 was slow: final in view 1 after 2s, most of it for proposal:".to_owned(),
            " proposal 2.0s,".to_owned(),
            format!(" view_change 150.0ms (until {} spoke),", key(3)),
            " of it 3 log syncs 4.0ms.".to_owned(),
            format!(" No proposal of {} in view 0.", key(2)),
            format!(" Nothing came from {}.", key(2)),
            format!(" No Commit in time from {}.", key(1)),
        ] {
            assert!(line.contains(&part), "`{part}` is not in `{line}`");
        }
        assert!(key(2).starts_with("#2 (5"), "{}", key(2));
    }

    #[test]
    fn a_standing_height_says_what_is_missing() {
        let set = height_state(4).set;
        let begin = Instant::now();
        let mut timeline = Timeline::new(begin);
        timeline.observe(Phase::ViewChange, None, begin);
        let state = RoundState {
            height: 9,
            view: 2,
            set: set.clone(),
            primary: Some(3),
            local: Some(0),
            proposal: None,
            prepared: None,
            prepares: vec![],
            commits: vec![],
            view_changes: vec![(0, 2), (1, 1)],
            quorum: 3,
            decided: false,
        };
        let line = StandingHeight {
            state: &state,
            timeline: &timeline,
            waited: Duration::from_secs(20),
            silent: &[2, 3],
            unconnected: &[3],
        }
        .to_string();
        for part in [
            "Height 9 is not final after 20s: in view 2 waiting for view_change.",
            "Of a quorum of 3 there are 0 of Prepare, 0 of Commit, 1 for this view",
            "Its primary is #3 (",
            "Nothing came from #2 (",
            "Not connected: #3 (",
        ] {
            assert!(line.contains(part), "`{part}` is not in `{line}`");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let set = height_state(12).set;
        let all: Vec<AuthorityIndex> = (0..12).collect();
        let text = Names(&set, &all).to_string();
        assert!(text.ends_with(" and 4 more"), "{text}");
        assert!(Names(&set, &all[..MAX_NAMED]).to_string().ends_with(')'));
        assert_eq!(
            Name(&set, 99).to_string(),
            "#99",
            "one that is not in the set"
        );
    }
}
