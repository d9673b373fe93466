// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Limits over time. The time is an argument, so that they can be tested.

use super::limits::{CATCH_UP_BURST, CATCH_UP_INTERVAL};
use hansa_pbft_primitives::Height;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// So many at once, then one more each interval.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    burst: u32,
    refill_interval: Duration,
    tokens: u32,
    refilled: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(burst: u32, refill_interval: Duration, now: Instant) -> Self {
        Self {
            burst,
            refill_interval,
            tokens: burst,
            refilled: now,
        }
    }

    /// Take one; false if there is none.
    pub fn take(&mut self, now: Instant) -> bool {
        self.take_many(1, now)
    }

    /// Take `count`; false, and nothing is taken, if there are not so many.
    pub fn take_many(&mut self, count: u32, now: Instant) -> bool {
        let interval_ms = self.refill_interval.as_millis().max(1);
        let passed = now.saturating_duration_since(self.refilled).as_millis() / interval_ms;
        if let Some(fresh) = u32::try_from(passed)
            .ok()
            .filter(|fresh| *fresh < self.burst)
        {
            self.tokens = self.tokens.saturating_add(fresh).min(self.burst);
            // Whole intervals only, so that no fraction is lost.
            self.refilled = self
                .refilled
                .checked_add(self.refill_interval.saturating_mul(fresh))
                .unwrap_or(now);
        } else {
            self.tokens = self.burst;
            self.refilled = now;
        }
        let left = self.tokens.checked_sub(count);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }
}

/// Which certificates went to a peer lately: each height once in [`CATCH_UP_INTERVAL`], and
/// [`CATCH_UP_BURST`] heights in that time.
#[derive(Clone, Default, Debug)]
pub struct CatchUpLimiter {
    sent: VecDeque<(Height, Instant)>,
}

impl CatchUpLimiter {
    /// Whether the certificate of `height` may go now; if so, it counts as sent.
    pub fn allow(&mut self, height: Height, now: Instant) -> bool {
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= CATCH_UP_INTERVAL;
        while self.sent.front().is_some_and(|(_, at)| is_old(at)) {
            self.sent.pop_front();
        }
        let allowed =
            self.sent.len() < CATCH_UP_BURST && self.sent.iter().all(|(h, _)| *h != height);
        if allowed {
            self.sent.push_back((height, now));
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_one_an_interval() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut bucket = TokenBucket::new(3, Duration::from_millis(100), begin);
        for (ms, expected) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (99, false),
            (100, true),
            (150, false),
            (200, true),
            (200, false),
            (10_000, true),
            (10_000, true),
            (10_000, true),
            (10_000, false),
        ] {
            assert_eq!(bucket.take(at(ms)), expected, "at {ms} ms");
        }
    }

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let begin = Instant::now();
        let mut bucket = TokenBucket::new(10, Duration::from_millis(1), begin);
        assert!(!bucket.take_many(11, begin));
        assert!(bucket.take_many(7, begin));
        assert!(!bucket.take_many(4, begin));
        assert!(bucket.take_many(3, begin), "a smaller one still fits");
        assert!(bucket.take_many(4, begin + Duration::from_millis(4)));
        assert!(
            !bucket.take_many(11, begin + Duration::from_secs(9)),
            "never"
        );
    }

    #[test]
    fn a_certificate_goes_once_per_interval() {
        let begin = Instant::now();
        let mut limiter = CatchUpLimiter::default();
        assert!(limiter.allow(7, begin));
        assert!(!limiter.allow(7, begin + CATCH_UP_INTERVAL / 2));
        assert!(limiter.allow(8, begin + CATCH_UP_INTERVAL / 2));
        assert!(limiter.allow(7, begin + CATCH_UP_INTERVAL));
        let later = begin + CATCH_UP_INTERVAL * 4;
        let allowed = (100..200).filter(|h| limiter.allow(*h, later)).count();
        assert_eq!(allowed, CATCH_UP_BURST);
    }
}
