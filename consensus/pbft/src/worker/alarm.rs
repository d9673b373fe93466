// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! When the engine looks at the clock again.

use futures_timer::Delay;
use std::time::{Duration, Instant};

/// Wakes the engine.
///
/// Not a timer of tokio: those panic if they are polled while their runtime shuts down, and an engine that is
/// busy while the node stops does that.
pub struct Alarm {
    delay: Delay,
    /// For when it is set, if it is.
    set_for: Option<Instant>,
}

impl Default for Alarm {
    fn default() -> Self {
        Self {
            delay: Delay::new(Duration::ZERO),
            set_for: None,
        }
    }
}

impl Alarm {
    /// Wait until `wake`, or until an earlier time that an earlier call, which was not waited for, had
    /// named: to set the alarm for later would cost more than to look at the clock once too often.
    pub async fn until(&mut self, wake: Instant) {
        if self.set_for.is_none_or(|at| wake < at) {
            self.delay
                .reset(wake.saturating_duration_since(Instant::now()));
            self.set_for = Some(wake);
        }
        (&mut self.delay).await;
        self.set_for = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, future::FutureExt};

    const FAR: Duration = Duration::from_secs(3600);

    #[test]
    fn it_rings_after_its_time_and_can_be_set_again() {
        let mut alarm = Alarm::default();
        for _ in 0..3 {
            let wake = Instant::now() + Duration::from_millis(5);
            block_on(alarm.until(wake));
            assert!(Instant::now() >= wake);
        }
    }

    #[test]
    fn it_rings_at_the_earlier_of_two_times() {
        let mut alarm = Alarm::default();
        assert!(alarm.until(Instant::now() + FAR).now_or_never().is_none());
        let wake = Instant::now() + Duration::from_millis(5);
        block_on(alarm.until(wake));
        assert!(Instant::now() >= wake);
        // And not for the other one, once it has rung.
        assert!(alarm.until(Instant::now() + FAR).now_or_never().is_none());
    }

    #[test]
    fn a_time_that_is_over_rings_at_once() {
        let mut alarm = Alarm::default();
        block_on(alarm.until(Instant::now()));
    }
}
