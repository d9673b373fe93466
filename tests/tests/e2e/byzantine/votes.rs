// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Validators that vote twice, or not at all.

use anyhow::{ensure, Result};
use hansa_e2e::byzantine::{Trial, AMNESIA, EQUIVOCATION, LIAR};

/// Who tells this lie, an offence of this kind, is soon no validator any more, and the three others go on.
async fn is_removed(lie: &str, kind: &str) -> Result<()> {
    let trial = Trial::start(lie).await?;
    trial.wait_told(|_| true).await?;
    trial.wait_convicted(kind).await?;
    trial.conclude(3).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_two_prepares_is_removed() -> Result<()> {
    is_removed("two-prepares", EQUIVOCATION).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_two_commits_is_removed() -> Result<()> {
    is_removed("two-commits", EQUIVOCATION).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_commits_and_then_names_nothing_prepared_is_removed() -> Result<()> {
    is_removed("amnesia", AMNESIA).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_says_nothing_is_missed_and_stays() -> Result<()> {
    let trial = Trial::start("mute").await?;
    let (height, decision) = trial
        .wait_decision("a height of which the primary is mute", |d| {
            d.decided_in > 0
        })
        .await?;
    ensure!(decision.author != LIAR, "height {height}: {decision:?}");
    trial.wait_finalized(height).await?;
    for number in 1..=height {
        let signers = trial.decision(number).await?.signers;
        ensure!(
            !signers.contains(&u64::from(LIAR)),
            "{number} is signed by {signers:?}"
        );
    }
    trial.conclude(4).await
}
