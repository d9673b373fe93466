// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The ways to lie.

use std::str::FromStr;

/// What the validator does that no correct one does; in all else it keeps to the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    /// As primary, proposes nothing.
    SilentPrimary,
    /// Says nothing at all.
    Mute,
    /// As primary, proposes blocks whose header names another state root than execution leads to.
    BadStateRoot,
    /// As primary, proposes blocks with a seal that is not its signature.
    BadSeal,
    /// As primary, proposes blocks with an output for the beacon whose proof is none.
    BadOutput,
    /// As primary, proposes blocks without the output for the beacon.
    NoOutput,
    /// As primary, proposes blocks larger than a block may be.
    OversizedBody,
    /// Proposes a good block at each height of which it is not the primary.
    WrongAuthor,
    /// As primary, proposes two good blocks in one view: one to the first of the others, the other
    /// to the rest, for which it also votes; later both to all.
    TwoBlocks,
    /// Says two different Prepares.
    TwoPrepares,
    /// Says two different Commits.
    TwoCommits,
    /// Says Commit, and then a view-change to the next view that names no prepared block.
    Amnesia,
    /// As primary, proposes to all but the first of the others; and never says Commit. So its
    /// blocks are prepared in view 0, and final in a later one.
    Withhold,
    /// Never says Commit; as primary of a view above 0 it hides that a block was prepared, and
    /// proposes another.
    HidePrepared,
}

impl Lie {
    /// Whether the validator shuts its ears to Commits. Its engine would else count its own Commit,
    /// which nobody hears, as one of a quorum, and its node would show the certificate to all.
    pub fn is_deaf(self) -> bool {
        matches!(self, Self::Withhold | Self::HidePrepared)
    }
}

/// Each lie with the name that `--lie` takes.
const NAMES: [(&str, Lie); 14] = [
    ("silent-primary", Lie::SilentPrimary),
    ("mute", Lie::Mute),
    ("bad-state-root", Lie::BadStateRoot),
    ("bad-seal", Lie::BadSeal),
    ("bad-output", Lie::BadOutput),
    ("no-output", Lie::NoOutput),
    ("oversized-body", Lie::OversizedBody),
    ("wrong-author", Lie::WrongAuthor),
    ("two-blocks", Lie::TwoBlocks),
    ("two-prepares", Lie::TwoPrepares),
    ("two-commits", Lie::TwoCommits),
    ("amnesia", Lie::Amnesia),
    ("withhold", Lie::Withhold),
    ("hide-prepared", Lie::HidePrepared),
];

impl FromStr for Lie {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, lie)| *lie).ok_or_else(|| {
            let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("--lie {text}: it is one of {}", names.join(", "))
        })
    }
}

/// What is told where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The lie.
    pub lie: Lie,
    /// Whether it is told on DappChains, and not on the node's own chain.
    pub on_dappchains: bool,
}

/// Take `--lie <kind>` and `--on-dappchains` out of the arguments of a node.
pub fn take_from(
    arguments: impl IntoIterator<Item = String>,
) -> Result<(Plan, Vec<String>), String> {
    let mut lie = None;
    let mut on_dappchains = false;
    let mut rest = Vec::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if argument == "--lie" {
            lie = Some(arguments.next().unwrap_or_default().parse()?);
        } else if argument == "--on-dappchains" {
            on_dappchains = true;
        } else {
            rest.push(argument);
        }
    }
    let plan = |lie| Plan { lie, on_dappchains };
    lie.map(|lie| (plan(lie), rest))
        .ok_or_else(|| "--lie <kind> is missing; all other flags are those of a node".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(arguments: &[&str]) -> Result<(Plan, Vec<String>), String> {
        take_from(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn the_lie_is_taken_out_of_the_flags() {
        let flags = ["x", "--alice", "--lie", "two-blocks", "--validator"];
        let (plan, rest) = take(&flags).unwrap();
        assert_eq!((plan.lie, rest.len()), (Lie::TwoBlocks, 3));
        assert!(!plan.on_dappchains);
        let (plan, rest) = take(&[&flags[..], &["--on-dappchains"]].concat()).unwrap();
        assert!(plan.on_dappchains && rest.len() == 3);
    }

    #[test]
    fn an_unknown_lie_is_refused_with_the_known_ones() {
        for bad in [&["--lie"][..], &["--lie", "white"], &["--alice"]] {
            assert!(take(bad).unwrap_err().contains("--lie"), "{bad:?}");
        }
        assert!(take(&["--lie", "white"]).unwrap_err().contains("amnesia"));
    }
}
