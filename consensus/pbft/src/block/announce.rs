// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Lets a validator await its own import of a block that a peer announces.
//!
//! Validators import a block within moments of each other, and each announces it. Sync would
//! download it from the faster ones, while the block lies here, executed, and its last votes are on
//! the way. So a validator lets the announcement wait until its own head has reached the block, at
//! most for the minimum block interval. A follower does not wait: it has no other source.

use futures::FutureExt;
use futures_timer::Delay;
use hansa_pbft_primitives::Height;
use hansa_primitives::{Block, Header};
use log::debug;
use sp_consensus::block_validation::{BlockAnnounceValidator, Validation};
use sp_runtime::traits::Header as HeaderT;
use std::{error::Error, future::Future, pin::Pin, time::Duration};
use tokio::sync::watch;

use crate::LOG_TARGET;

/// How far ahead of the local head a block may be that is waited for. One that is further ahead
/// will not come by consensus: this node is behind and needs sync.
const MAX_AHEAD: Height = 2;

/// The answer to an announcement.
type Answer = Pin<Box<dyn Future<Output = Result<Validation, Box<dyn Error + Send>>> + Send>>;

/// Delays announcements of blocks that this node is about to import by itself.
pub struct AwaitOwnImport {
    head: watch::Receiver<Height>,
    wait: Duration,
}

impl AwaitOwnImport {
    /// For a node whose last final block is `head`: wait for `wait` at most, the minimum block
    /// interval on a validator and nothing on a follower.
    pub fn new(head: watch::Receiver<Height>, wait: Duration) -> Self {
        Self { head, wait }
    }
}

impl BlockAnnounceValidator<Block> for AwaitOwnImport {
    fn validate(&mut self, header: &Header, data: &[u8]) -> Answer {
        if !data.is_empty() {
            // Announcements of this protocol carry nothing.
            debug!(target: LOG_TARGET, "A block announcement carries unknown data");
            return async { Ok(Validation::Failure { disconnect: true }) }.boxed();
        }
        let (head, number, wait) = (self.head.clone(), *header.number(), self.wait);
        async move {
            if is_due(*head.borrow(), number) {
                reached(head, number, wait).await;
            }
            Ok(Validation::Success { is_new_best: false })
        }
        .boxed()
    }
}

/// Whether a block may soon come by consensus to a node with this head.
fn is_due(head: Height, number: Height) -> bool {
    number > head && number.saturating_sub(head) <= MAX_AHEAD
}

/// Wait until the head is at `number`, `wait` is over, or the head will never move again. Whether
/// it got there.
async fn reached(mut head: watch::Receiver<Height>, number: Height, wait: Duration) -> bool {
    if wait.is_zero() {
        return *head.borrow() >= number;
    }
    let mut timeout = Delay::new(wait).fuse();
    let mut there = Box::pin(head.wait_for(|head| *head >= number)).fuse();
    futures::select! {
        result = there => result.is_ok(),
        () = timeout => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{executor::block_on, poll};
    use sp_runtime::Digest;
    use std::time::Instant;

    const LONG: Duration = Duration::from_secs(600);
    const SHORT: Duration = Duration::from_millis(20);

    fn header(number: Height) -> Header {
        let zero = Default::default();
        Header::new(number, zero, zero, zero, Digest::default())
    }

    fn success() -> Option<Validation> {
        Some(Validation::Success { is_new_best: false })
    }

    #[test]
    fn the_next_block_waits_for_the_own_import() {
        let (sender, head) = watch::channel(4);
        let mut validator = AwaitOwnImport::new(head, LONG);
        block_on(async {
            let mut answer = validator.validate(&header(6), &[]);
            assert!(poll!(&mut answer).is_pending());
            sender.send_replace(5);
            assert!(poll!(&mut answer).is_pending(), "that was the block before");
            sender.send_replace(6);
            assert_eq!(answer.await.ok(), success());
        });
    }

    #[test]
    fn the_wait_has_an_end() {
        let (_sender, head) = watch::channel(4);
        let mut validator = AwaitOwnImport::new(head, SHORT);
        let started = Instant::now();
        assert_eq!(
            block_on(validator.validate(&header(5), &[])).ok(),
            success()
        );
        assert!(started.elapsed() >= SHORT);
    }

    #[test]
    fn known_and_far_blocks_and_followers_do_not_wait() {
        let (_sender, head) = watch::channel(4);
        for (number, wait) in [
            (3, LONG),
            (4, LONG),
            (4 + MAX_AHEAD + 1, LONG),
            (5, Duration::ZERO),
        ] {
            let mut validator = AwaitOwnImport::new(head.clone(), wait);
            let answer = validator.validate(&header(number), &[]).now_or_never();
            assert_eq!(answer.and_then(Result::ok), success(), "{number} {wait:?}");
        }
    }

    #[test]
    fn a_head_that_is_gone_ends_the_wait() {
        let (sender, head) = watch::channel(4);
        drop(sender);
        let mut validator = AwaitOwnImport::new(head, LONG);
        assert_eq!(
            block_on(validator.validate(&header(5), &[])).ok(),
            success()
        );
    }

    #[test]
    fn unknown_data_is_an_offence() {
        let (_sender, head) = watch::channel(4);
        let mut validator = AwaitOwnImport::new(head, LONG);
        let answer = validator.validate(&header(5), &[1]).now_or_never();
        let failure = Validation::Failure { disconnect: true };
        assert_eq!(answer.and_then(Result::ok), Some(failure));
    }
}
