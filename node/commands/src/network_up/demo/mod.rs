// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! `hansa network up --demo`: the whole system in one piece. A hub whose nodes are in the pool, two DappChains that
//! are registered, come to life and pay each other and the hub, and nodes that go round meanwhile.
//!
//! Nothing is done to a node but to start it: all else are signed transactions by JSON-RPC, and looking.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`steps`] | the steps, their limits, and what counts as a rotation |
//! | [`spec`] | the hub's chain spec, and what is registered |
//! | [`story`] | how each step is done |
//! | [`transfers`] | routes, reserves and payments |
//! | [`world`] | what is asked of the chains, and how transactions are submitted |
//! | [`report`] | what came of it |

mod report;
pub mod spec;
mod steps;
mod story;
mod transfers;
mod world;

pub use report::Account;

use super::{chain::Chain, UpError};
use crate::transactions::TransactionError;
use report::{Done, Failed, Progress};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use steps::Step;
use story::Story;
use world::Why;

/// How often a line is renewed while one waits.
const RENEW: Duration = Duration::from_millis(500);

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It took too long.
    #[error("not within {limit} s; {why}")]
    TooLate {
        /// The limit, in seconds.
        limit: u64,
        /// What was waited for last.
        why: String,
    },
    /// All of it took too long.
    #[error("--limit: {limit} s are over; {why}")]
    OverLimit {
        /// The limit, in seconds.
        limit: u64,
        /// What was waited for last.
        why: String,
    },
    /// A node does not answer as it should.
    #[error("{0}")]
    Rpc(#[from] jsonrpsee::core::client::Error),
    /// A transaction was not taken.
    #[error("{0}")]
    Transaction(#[from] TransactionError),
    /// Something of the launcher's.
    #[error("{0}")]
    Up(#[from] UpError),
    /// An account that no address names.
    #[error("{0} is no account that a chain address can name")]
    NoAddress(String),
    /// A chain is not what it was.
    #[error("{0}")]
    Wrong(String),
}

/// What can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When it was asked for.
    pub begun: Instant,
    /// Whether the standard output is for a machine.
    pub json: bool,
    /// How long all of it may take.
    pub limit: Option<Duration>,
}

/// Run the demo on a hub whose nodes have been started, and say what came of it.
pub async fn run(hub: &Chain, folder: &Path, options: &Options) -> Result<Account, UpError> {
    let mut progress = Progress::new(options.json, Step::ALL.len());
    let mut story = Story::new(hub, folder)?;
    let begun = options.begun;
    let mut started = begun;
    let mut failed = None;
    for step in Step::ALL {
        progress.begin();
        let left = options
            .limit
            .map(|limit| limit.saturating_sub(begun.elapsed()));
        let done = match left.filter(|left| *left < step.limit()) {
            None => perform(&mut story, step, step.limit(), &mut progress).await,
            Some(left) => {
                let done = perform(&mut story, step, left, &mut progress).await;
                done.map_err(|failure| over_limit(failure, options))
            }
        };
        let elapsed = started.elapsed();
        started = Instant::now();
        match done {
            Ok(what) => {
                progress.end("ok", &what, elapsed);
                story.account.steps.push(Done {
                    step,
                    seconds: elapsed.as_secs_f64(),
                    what,
                });
            }
            Err(failure) => {
                let why = failure.to_string();
                progress.end("FAILED", &format!("{}: {why}", step.title()), elapsed);
                failed = Some(Failed { step, why });
                break;
            }
        }
    }
    story.look_around().await;
    let mut account = story.account;
    account.seconds = begun.elapsed().as_secs_f64();
    account.ok = failed.is_none();
    account.failed = failed;
    Ok(account)
}

/// A step that had less time than it may have, as the whole has a limit.
fn over_limit(failure: Failure, options: &Options) -> Failure {
    match (failure, options.limit) {
        (Failure::TooLate { why, .. }, Some(limit)) => Failure::OverLimit {
            limit: limit.as_secs(),
            why,
        },
        (failure, _) => failure,
    }
}

/// Do a step within its limit, and show it.
async fn perform(
    story: &mut Story<'_>,
    step: Step,
    limit: Duration,
    progress: &mut Progress,
) -> Result<String, Failure> {
    let (why, begun) = (Why::default(), Instant::now());
    let work = story.perform(step, &why);
    let mut work = std::pin::pin!(work);
    loop {
        progress.waiting(step.title(), begun.elapsed(), &why.get());
        if let Ok(done) = tokio::time::timeout(RENEW, &mut work).await {
            return done;
        }
        if begun.elapsed() >= limit {
            return Err(Failure::TooLate {
                limit: limit.as_secs(),
                why: match why.get() {
                    text if text.is_empty() => "nothing was seen yet".into(),
                    text => format!("waited for {text}"),
                },
            });
        }
    }
}

/// Show how nodes go round, for ever.
pub async fn watch(hub: &Chain) -> Result<(), UpError> {
    let mut progress = Progress::new(false, 0);
    let mut story = Story::new(hub, Path::new(""))?;
    story.watch(&mut progress).await;
    Ok(())
}
