// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! When a block is due. Pure: times come in as milliseconds since 1970.

use hansa_pbft_primitives::Timing;

/// How much of the last build times counts in the running mean: 1 / 8 of each new one.
const MEAN_WEIGHT: u64 = 8;

/// The pace of one height.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pace {
    /// The earliest timestamp of the block.
    pub due_ms: u64,
    /// From when on a block is made though there is no transaction.
    pub idle_ms: u64,
}

impl Pace {
    /// The pace after a parent with timestamp `parent_ms`; none for the child of genesis, which is
    /// due at once.
    pub fn new(parent_ms: Option<u64>, timing: &Timing) -> Self {
        match parent_ms {
            Some(parent_ms) => Self {
                due_ms: parent_ms.saturating_add(u64::from(timing.min_interval_ms)),
                idle_ms: parent_ms.saturating_add(u64::from(timing.idle_interval_ms)),
            },
            None => Self {
                due_ms: 0,
                idle_ms: 0,
            },
        }
    }

    /// When to begin to build: at once if `urgent` (a view above 0) or if there is work, but not
    /// much before the block is due, so that it takes in what came meanwhile; else at the end of
    /// the idle interval.
    pub fn build_at_ms(&self, work: bool, urgent: bool, lead_ms: u64) -> u64 {
        let start = if work || urgent {
            self.due_ms
        } else {
            self.idle_ms
        };
        start.saturating_sub(lead_ms)
    }

    /// The timestamp of a block that is begun at `now_ms`.
    pub fn timestamp_ms(&self, now_ms: u64) -> u64 {
        now_ms.max(self.due_ms)
    }
}

/// How long before it is due a block is begun: twice the running mean of what blocks took lately,
/// at most the minimum interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct BuildLead {
    mean_us: u64,
}

impl BuildLead {
    /// Take note of a block that took `took_us` microseconds to build.
    pub fn observe(&mut self, took_us: u64) {
        let kept = self.mean_us.saturating_sub(self.mean_us / MEAN_WEIGHT);
        self.mean_us = kept.saturating_add(took_us / MEAN_WEIGHT);
    }

    /// The lead in milliseconds, at most `min_interval_ms`.
    pub fn lead_ms(&self, min_interval_ms: u32) -> u64 {
        self.mean_us
            .saturating_mul(2)
            .div_ceil(1_000)
            .min(u64::from(min_interval_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_due_after_the_minimum_interval_with_work_and_the_idle_interval_without() {
        let timing = Timing {
            min_interval_ms: 200,
            idle_interval_ms: 6_000,
            ..Timing::default()
        };
        let pace = Pace::new(Some(10_000), &timing);
        // (work, urgent, lead, expected start)
        for (work, urgent, lead, start) in [
            (true, false, 0, 10_200),
            (true, false, 50, 10_150),
            (false, false, 0, 16_000),
            (false, true, 0, 10_200),
        ] {
            assert_eq!(
                pace.build_at_ms(work, urgent, lead),
                start,
                "{work} {urgent} {lead}"
            );
        }
        assert_eq!(pace.timestamp_ms(10_150), 10_200, "never before it is due");
        assert_eq!(pace.timestamp_ms(12_000), 12_000);
        let first = Pace::new(None, &timing);
        assert_eq!(
            first.build_at_ms(false, false, 0),
            0,
            "the first block is due at once"
        );
    }

    #[test]
    fn the_lead_follows_the_build_times_and_is_bounded() {
        let mut lead = BuildLead::default();
        assert_eq!(lead.lead_ms(200), 0);
        for _ in 0..100 {
            lead.observe(20_000);
        }
        assert!(
            (38..=40).contains(&lead.lead_ms(200)),
            "{}",
            lead.lead_ms(200)
        );
        for _ in 0..100 {
            lead.observe(u64::MAX);
        }
        assert_eq!(lead.lead_ms(200), 200);
    }
}
