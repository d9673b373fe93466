// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The intervals and timeouts of a chain. They stand in its chain spec and in its state, so all
//! replicas have the same.

use crate::View;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The longest interval or timeout that a chain may have: one day.
pub const MAX_INTERVAL_MS: u32 = 24 * 60 * 60 * 1000;

/// Intervals and timeouts, all in milliseconds.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timing {
    /// The least time from a block to its child.
    pub min_interval_ms: u32,
    /// The time after which a block is made though there is no transaction.
    pub idle_interval_ms: u32,
    /// How long a replica waits in view 0, from the moment at which it has a reason to expect a
    /// block, before it asks for view 1.
    pub view_timeout_ms: u32,
    /// By how much the timeout grows with each view.
    pub view_timeout_step_ms: u32,
    /// The timeout at which it stops growing. It must exceed the worst block plus three message
    /// delays.
    pub view_timeout_cap_ms: u32,
    /// The timeout of view 0 when its primary was silent lately.
    pub silent_timeout_ms: u32,
    /// After how long current messages are sent again.
    pub resend_interval_ms: u32,
    /// By how much a block's timestamp may be ahead of a replica's clock.
    pub max_clock_drift_ms: u32,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            min_interval_ms: 200,
            idle_interval_ms: 6_000,
            view_timeout_ms: 2_000,
            view_timeout_step_ms: 1_000,
            view_timeout_cap_ms: 20_000,
            silent_timeout_ms: 700,
            resend_interval_ms: 500,
            max_clock_drift_ms: 1_000,
        }
    }
}

impl Timing {
    /// Check the values against each other; the error names the field and the rule.
    pub fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (
                self.min_interval_ms >= 1,
                "minIntervalMs must be at least 1",
            ),
            (
                self.idle_interval_ms >= self.min_interval_ms,
                "idleIntervalMs must not be below minIntervalMs",
            ),
            (
                self.idle_interval_ms <= MAX_INTERVAL_MS,
                "idleIntervalMs must be at most 86400000 (a day)",
            ),
            (
                self.silent_timeout_ms >= 1,
                "silentTimeoutMs must be at least 1",
            ),
            (
                self.view_timeout_ms >= self.silent_timeout_ms,
                "viewTimeoutMs must not be below silentTimeoutMs",
            ),
            (
                self.view_timeout_cap_ms >= self.view_timeout_ms,
                "viewTimeoutCapMs must not be below viewTimeoutMs",
            ),
            (
                self.view_timeout_cap_ms <= MAX_INTERVAL_MS,
                "viewTimeoutCapMs must be at most 86400000 (a day)",
            ),
            (
                self.view_timeout_step_ms >= 1,
                "viewTimeoutStepMs must be at least 1",
            ),
            (
                self.resend_interval_ms >= 10,
                "resendIntervalMs must be at least 10",
            ),
            (
                self.max_clock_drift_ms <= MAX_INTERVAL_MS,
                "maxClockDriftMs must be at most 86400000 (a day)",
            ),
        ];
        rules
            .iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, rule)| Err(rule))
    }

    /// The timeout of `view`: linear growth up to the cap, never exponential.
    pub fn timeout_ms(&self, view: View) -> u32 {
        self.view_timeout_step_ms
            .saturating_mul(view)
            .saturating_add(self.view_timeout_ms)
            .min(self.view_timeout_cap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_grow_linearly_to_the_cap() {
        let timing = Timing::default();
        assert_eq!(timing.timeout_ms(0), 2_000);
        assert_eq!(timing.timeout_ms(3), 5_000);
        assert_eq!(timing.timeout_ms(18), 20_000);
        assert_eq!(timing.timeout_ms(View::MAX), 20_000);
    }

    #[test]
    fn each_rule_is_checked() {
        let good = Timing::default();
        assert_eq!(good.check(), Ok(()));
        for (bad, field) in [
            (
                Timing {
                    min_interval_ms: 0,
                    ..good
                },
                "minIntervalMs",
            ),
            (
                Timing {
                    idle_interval_ms: 1,
                    ..good
                },
                "idleIntervalMs",
            ),
            (
                Timing {
                    idle_interval_ms: u32::MAX,
                    ..good
                },
                "idleIntervalMs",
            ),
            (
                Timing {
                    silent_timeout_ms: 0,
                    ..good
                },
                "silentTimeoutMs",
            ),
            (
                Timing {
                    view_timeout_ms: 1,
                    ..good
                },
                "viewTimeoutMs",
            ),
            (
                Timing {
                    view_timeout_cap_ms: 1,
                    ..good
                },
                "viewTimeoutCapMs",
            ),
            (
                Timing {
                    view_timeout_cap_ms: u32::MAX,
                    ..good
                },
                "viewTimeoutCapMs",
            ),
            (
                Timing {
                    view_timeout_step_ms: 0,
                    ..good
                },
                "viewTimeoutStepMs",
            ),
            (
                Timing {
                    resend_interval_ms: 0,
                    ..good
                },
                "resendIntervalMs",
            ),
            (
                Timing {
                    max_clock_drift_ms: u32::MAX,
                    ..good
                },
                "maxClockDriftMs",
            ),
        ] {
            let error = bad.check().unwrap_err();
            assert!(error.starts_with(field), "{error} should name {field}");
        }
    }
}
