// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Which states follow on which.

use hansa_dappchain_primitives::ChainState;
use ChainState::{Degraded, Forming, Live, Pending, Retired, Retiring};

/// What happens to a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Its nodes are complete: the record is frozen.
    Complete,
    /// A quorum of founders confirmed one genesis.
    Confirm,
    /// Some founders did not confirm in time: others are drawn for them.
    Redraw,
    /// Its genesis could not be built.
    Dissolve,
    /// Its deployer does not want it any more.
    Cancel,
    /// It has fewer nodes than it needs.
    RunShort,
    /// It has as many nodes as it needs again.
    Recover,
    /// Its owner gives notice, or it stayed short for too long.
    Retire,
    /// Its notice is over.
    End,
}

impl Step {
    /// All steps.
    #[cfg(test)]
    pub const ALL: [Self; 9] = [
        Self::Complete,
        Self::Confirm,
        Self::Redraw,
        Self::Dissolve,
        Self::Cancel,
        Self::RunShort,
        Self::Recover,
        Self::Retire,
        Self::End,
    ];
}

/// What a chain becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It is in this state.
    State(ChainState),
    /// It is forgotten: it never was.
    Gone,
}

/// The step is not for a chain in this state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// What a chain in `state` becomes by `step`.
pub fn next(state: ChainState, step: Step) -> Result<Next, Refused> {
    let state = match (state, step) {
        (Pending, Step::Complete) => Forming,
        (Pending, Step::Cancel) => return Ok(Next::Gone),
        (Forming, Step::Confirm) => Live,
        (Forming, Step::Redraw) => Pending,
        (Forming, Step::Dissolve) => return Ok(Next::Gone),
        (Live, Step::RunShort) => Degraded,
        (Degraded, Step::Recover) => Live,
        (Live | Degraded, Step::Retire) => Retiring,
        (Retiring, Step::End) => Retired,
        _ => return Err(Refused),
    };
    Ok(Next::State(state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_allowed_change_and_no_other() {
        let allowed = [
            (Pending, Step::Complete, Next::State(Forming)),
            (Pending, Step::Cancel, Next::Gone),
            (Forming, Step::Confirm, Next::State(Live)),
            (Forming, Step::Redraw, Next::State(Pending)),
            (Forming, Step::Dissolve, Next::Gone),
            (Live, Step::RunShort, Next::State(Degraded)),
            (Degraded, Step::Recover, Next::State(Live)),
            (Live, Step::Retire, Next::State(Retiring)),
            (Degraded, Step::Retire, Next::State(Retiring)),
            (Retiring, Step::End, Next::State(Retired)),
        ];
        for state in ChainState::ALL {
            for step in Step::ALL {
                let expected = allowed
                    .iter()
                    .find(|(from, by, _)| (*from, *by) == (state, step))
                    .map(|(_, _, to)| *to)
                    .ok_or(Refused);
                assert_eq!(next(state, step), expected, "{state:?} by {step:?}");
            }
        }
    }

    #[test]
    fn nothing_comes_back_from_the_end() {
        assert!(Step::ALL.iter().all(|step| next(Retired, *step).is_err()));
    }
}
