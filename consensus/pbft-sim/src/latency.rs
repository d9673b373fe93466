// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How long it takes from proposal to finality on a network where nothing goes wrong but that it
//! is far: what the protocol itself costs, without the machine that it runs on.

use crate::{
    crypto::FakeCrypto,
    scenario::{Clocks, Expect, NetworkFaults, NodeFaults, Scenario},
    shared::{Costs, MS},
    world::World,
    Violation,
};
use hansa_pbft_core::Core;
use hansa_pbft_primitives::{Height, Timing};
use std::collections::BTreeMap;

/// The largest set that is measured.
pub const MAX_AUTHORITIES: usize = 100;

/// In what simulated time all blocks must be there, in milliseconds.
const WITHIN_MS: u64 = 600_000;

static WEIGHTS: [u64; MAX_AUTHORITIES] = [1; MAX_AUTHORITIES];

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    /// How many authorities, [`MAX_AUTHORITIES`] at most.
    pub authorities: usize,
    /// How many of them are dead.
    pub dead: usize,
    /// How many blocks.
    pub blocks: Height,
    /// The time that each message takes, in milliseconds.
    pub link_ms: u64,
    /// And up to how much more.
    pub jitter_ms: u64,
    /// What building and executing a block takes, in microseconds.
    pub execute_us: u64,
    /// What one sync of the log takes, in microseconds.
    pub sync_us: u64,
    /// What checking one signature takes, in microseconds.
    pub verify_us: u64,
    /// The size of a block's body, in bytes.
    pub body_bytes: u64,
}

/// What was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    /// From the proposal to the moment at which a node knows that the block is final: half of the
    /// nodes and blocks were not slower, in microseconds.
    pub final_p50_us: u64,
    /// The same for 99 of a hundred.
    pub final_p99_us: u64,
    /// From one final block to the next, at whichever node was first.
    pub gap_p50_us: u64,
    /// The same for 99 of a hundred.
    pub gap_p99_us: u64,
    /// Messages per block, each counted once for each receiver.
    pub messages_per_block: u64,
    /// Bytes per block, likewise.
    pub bytes_per_block: u64,
}

/// Run `setup` with `seed`.
pub fn measure(setup: &Setup, seed: u64) -> Result<Latency, Box<Violation>> {
    let authorities = setup.authorities.clamp(1, MAX_AUTHORITIES);
    let scenario = Scenario {
        name: "latency",
        weights: &WEIGHTS[..authorities],
        dead: setup.dead,
        network: NetworkFaults {
            delay_ms: setup.jitter_ms,
            ..NetworkFaults::NONE
        },
        nodes: NodeFaults::NONE,
        clocks: Clocks::EXACT,
        // There always is a transaction.
        timing: Timing {
            idle_interval_ms: Timing::default().min_interval_ms,
            ..Timing::default()
        },
        heal_at_ms: 0,
        expect: Expect::Progress {
            heights: setup.blocks,
            within_ms: WITHIN_MS,
        },
        ..Scenario::BASE
    };
    let costs = Costs {
        execute_us: setup.execute_us,
        execute_spread_us: 0,
        import_us: MS,
        import_spread_us: 0,
        sync_us: setup.sync_us,
        verify_us: setup.verify_us,
        link_us: setup.link_ms.saturating_mul(MS),
        body_bytes: setup.body_bytes,
        body_spread_bytes: 0,
    };
    let mut world = World::new(&scenario, seed, costs, || Core::new(FakeCrypto));
    world.shared.auditor.blind = true;
    let summary = world.run()?;
    let built: BTreeMap<_, _> = summary.built.iter().copied().collect();
    let mut delays: Vec<u64> = summary
        .decided
        .iter()
        .filter_map(|(hash, at)| Some(at.saturating_sub(*built.get(hash)?)))
        .collect();
    let mut firsts = BTreeMap::new();
    for ((_, at), (.., height, _)) in summary.decided.iter().zip(&summary.decisions) {
        firsts.entry(*height).or_insert(*at);
    }
    let times: Vec<u64> = firsts.into_values().collect();
    let mut gaps: Vec<u64> = times
        .windows(2)
        .map(|w| w[1].saturating_sub(w[0]))
        .collect();
    let heights = u64::from(summary.heights.max(1));
    Ok(Latency {
        final_p50_us: quantile(&mut delays, 50),
        final_p99_us: quantile(&mut delays, 99),
        gap_p50_us: quantile(&mut gaps, 50),
        gap_p99_us: quantile(&mut gaps, 99),
        messages_per_block: summary.messages / heights,
        bytes_per_block: summary.bytes / heights,
    })
}

/// The value that `percent` of `values` do not exceed; 0 if there are none.
fn quantile(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finality_is_three_message_delays_and_what_nodes_do_between() {
        let setup = Setup {
            authorities: 4,
            dead: 0,
            blocks: 10,
            link_ms: 50,
            jitter_ms: 0,
            execute_us: 10 * MS,
            sync_us: 2 * MS,
            verify_us: 0,
            body_bytes: 1_000,
        };
        let seen = measure(&setup, 1).unwrap();
        // Sync, delay, execution, sync, delay, sync, delay.
        let expected = 3 * (50 + 2) * MS + 10 * MS;
        assert_eq!(seen.final_p50_us, expected);
        let slow = measure(
            &Setup {
                link_ms: 80,
                ..setup
            },
            1,
        )
        .unwrap();
        assert_eq!(slow.final_p50_us, expected + 3 * 30 * MS);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let mut values = [5, 1, 4, 2, 3];
        assert_eq!(quantile(&mut values, 50), 3);
        assert_eq!(quantile(&mut values, 99), 5);
        assert_eq!(quantile(&mut [], 50), 0);
    }
}
