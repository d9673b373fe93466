// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Primaries that propose nothing, or what they must not propose.

use anyhow::{ensure, Result};
use hansa_e2e::{
    byzantine::{Trial, EQUIVOCATION, LIAR},
    wait_for, Node,
};

/// The proposals of a primary that lies are refused, because of `reason`, as the others' logs say; the
/// height is decided in a later view. Nobody is removed for it.
async fn is_refused(lie: &str, reason: &str) -> Result<()> {
    let trial = Trial::start(lie).await?;
    let told = trial.wait_told(|_| true).await?;
    let decision = trial.decision(told.height).await?;
    ensure!(Some(decision.hash) != told.hash, "{told:?} is final");
    ensure!(
        decision.decided_in > told.view,
        "{told:?}, and yet {decision:?}"
    );
    // One that was slow may have learnt of the decision before it looked at the proposal.
    let changed = format!("Height {}: view ", told.height);
    for text in [reason, &changed] {
        let says = |node: &&Node| node.log().contains(text);
        wait_for(&format!("two nodes to say `{text}`"), || async {
            Ok(trial.honest().iter().filter(says).count() >= 2)
        })
        .await?;
    }
    trial.conclude(4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_proposes_nothing_is_passed_over() -> Result<()> {
    is_refused("silent-primary", "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_state_root_is_refused() -> Result<()> {
    is_refused("bad-state-root", "refused: execution").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_seal_is_refused() -> Result<()> {
    is_refused("bad-seal", "the seal is not the author's").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_output_for_the_beacon_is_refused() -> Result<()> {
    is_refused(
        "bad-output",
        "the VRF output in the header is not authority",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_output_for_the_beacon_is_refused() -> Result<()> {
    is_refused("no-output", "the header carries no VRF output").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_body_is_refused() -> Result<()> {
    is_refused("oversized-body", "bytes, at most").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_out_of_turn_is_refused() -> Result<()> {
    let trial = Trial::start("wrong-author").await?;
    let first = trial.wait_told(|_| true).await?;
    let later = trial
        .wait_told(|told| told.height >= first.height.saturating_add(5))
        .await?;
    for told in trial.told() {
        if told.height <= later.height {
            let decision = trial.decision(told.height).await?;
            ensure!(Some(decision.hash) != told.hash, "{told:?} is final");
        }
    }
    trial.conclude(4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposes_two_blocks_is_removed() -> Result<()> {
    let trial = Trial::start("two-blocks").await?;
    let told = trial.wait_told(|_| true).await?;
    // One of the two may be final, as it was prepared; if so, for all.
    let decision = trial.decision(told.height).await?;
    ensure!(
        decision.author == LIAR || Some(decision.hash) != told.hash,
        "{decision:?} after {told:?}"
    );
    trial.wait_convicted(EQUIVOCATION).await?;
    trial.conclude(3).await
}
