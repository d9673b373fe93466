// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Waiting, with a deadline.

use anyhow::{bail, Result};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// How long anything may take that has no deadline of its own. Generous: it is there so that a test
/// that will never pass ends, not to measure, and several groups of tests may share a small machine.
pub const DEADLINE: Duration = Duration::from_secs(300);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Wait until `probe` yields something, at most [`DEADLINE`]. An error of the probe counts as "not
/// yet", and is part of the message if time runs out.
pub async fn wait_for_some<T, F, Fut>(what: &str, mut probe: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let start = Instant::now();
    loop {
        let last = match probe().await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if start.elapsed() > DEADLINE {
            match last {
                Some(error) => bail!("waited {DEADLINE:?} in vain for {what}: {error:#}"),
                None => bail!("waited {DEADLINE:?} in vain for {what}"),
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Wait until `probe` says yes, at most [`DEADLINE`].
pub async fn wait_for<F, Fut>(what: &str, mut probe: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    wait_for_some(what, || {
        let probed = probe();
        async move { Ok(probed.await?.then_some(())) }
    })
    .await
}
