// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the own chain lacks of what the other one has, in batches that fit calls.

use crate::message::{Standing, Want};
use hansa_interchain_primitives::{
    api::{LaneView, Parameters, ProofOf},
    proof::MAX_KEYS,
    Nonce,
};

/// The most batches of one lane that are asked for at once.
const BATCHES: usize = 3;

/// The results of own packets that can be asked for: up to `claimed` somebody has.
pub fn results_wanted(
    lane: &LaneView,
    claimed: Nonce,
    theirs: &Standing,
    parameters: &Parameters,
) -> Option<Want> {
    let first = lane.outbound.acknowledged.max(claimed);
    let end = theirs.lane(lane.lane).taken.min(lane.outbound.next);
    let count = batch(first, end, parameters)?;
    Some(Want {
        lane: lane.lane,
        of: ProofOf::Results { first, count },
    })
}

/// The packets that can be asked for, in batches: up to `claimed` somebody has.
pub fn packets_wanted(
    lane: &LaneView,
    claimed: Nonce,
    theirs: &Standing,
    parameters: &Parameters,
) -> Vec<Want> {
    let mut first = lane.inbound.next.max(claimed);
    // The receiver keeps at most a window of results.
    let room = lane.inbound.pruned.saturating_add(parameters.window.into());
    let end = theirs.lane(lane.lane).sent.min(room);
    let mut wants = Vec::new();
    while let Some(count) = batch(first, end, parameters).filter(|_| wants.len() < BATCHES) {
        wants.push(Want {
            lane: lane.lane,
            of: ProofOf::Packets { first, count },
        });
        first = first.saturating_add(count.into());
    }
    wants
}

/// How many from `first` on, up to `end`, fit one call; none if there is nothing.
fn batch(first: Nonce, end: Nonce, parameters: &Parameters) -> Option<u32> {
    let most = u64::from(parameters.max_batch.min(MAX_KEYS));
    let count = end.saturating_sub(first).min(most);
    u32::try_from(count).ok().filter(|count| *count > 0)
}
