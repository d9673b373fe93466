// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The queue of reports, and what is told elsewhere.

use super::*;
use crate::test_support::{height_state, pair};
use hansa_pbft_primitives::{AuthorityIndex, Offence, SignedStatement, VoteKind};
use sc_transaction_pool_api::RejectAllTxPool;
use sp_core::Pair;
use tokio::sync::mpsc;

fn report(offender: AuthorityIndex, set_id: SetId) -> Report {
    let said = |block| {
        let statement = VoteKind::Commit.statement(Hash::repeat_byte(block), Hash::zero());
        SignedStatement {
            height: 7,
            view: 0,
            statement,
            authority: offender,
            signature: pair(offender).sign(&[block]),
        }
    };
    Report {
        evidence: Evidence {
            set_id,
            offence: Offence::Equivocation {
                first: said(1),
                second: said(2),
            },
        },
        key: pair(offender).public(),
        set: height_state(4).set,
        parent: Hash::zero(),
        proof: None,
        untold: true,
        rounds: 0,
        failures: 0,
        submitted_in: None,
    }
}

fn reports() -> Reports {
    Reports::new(
        OffchainTransactionPoolFactory::new(RejectAllTxPool::default()),
        None,
    )
}

#[test]
fn it_is_told_elsewhere_once_as_soon_as_there_is_a_proof_and_room() {
    let (accuse, mut heard) = mpsc::channel(1);
    let mut first = report(1, 0);
    assert!(first.tell(&accuse), "nothing can be told without a proof");
    first.proof = Some(OpaqueKeyOwnershipProof::new(vec![7]));
    let mut second = report(2, 0);
    second.proof = first.proof.clone();
    assert!(first.tell(&accuse) && !second.tell(&accuse), "no room");
    assert_eq!(heard.try_recv().unwrap().evidence, first.evidence);
    assert!(first.tell(&accuse) && second.tell(&accuse), "now there is");
    assert_eq!(heard.try_recv().unwrap().evidence, second.evidence);
    assert!(heard.try_recv().is_err(), "once");
    drop(heard);
    assert!(report(3, 0).tell(&accuse), "nobody hears it any more");
}

#[test]
fn an_authority_is_accused_once_a_set_and_again_when_that_is_over() {
    let mut reports = reports();
    assert!(reports.push(report(1, 0)));
    assert!(!reports.push(report(1, 0)), "again");
    assert!(reports.push(report(2, 0)) && reports.push(report(1, 1)));
    let round = reports.begin_round();
    assert_eq!(round.len(), 3);
    assert!(!reports.push(report(2, 0)), "while it is under way");
    assert!(reports.begin_round().is_empty(), "one at a time");
    let outcomes = [Progress::Convicted, Progress::Pending, Progress::Failed];
    let done = reports.end_round(round.into_iter().zip(outcomes).collect());
    assert_eq!(done.len(), 1);
    assert!(reports.push(report(1, 0)) && !reports.push(report(2, 0)));
    assert_eq!(reports.begin_round().len(), 3);
}

#[test]
fn the_queue_is_bounded_and_reports_are_given_up() {
    let mut reports = reports();
    let taken = (0..200).filter(|set_id| reports.push(report(1, *set_id)));
    assert_eq!(taken.count(), MAX_WAITING);
    let round = reports.begin_round().into_iter();
    let spent = round.map(|mut report| {
        report.failures = MAX_FAILURES;
        (report, Progress::Failed)
    });
    let spent = spent.collect();
    assert_eq!(reports.end_round(spent).len(), MAX_WAITING);
    assert!(reports.begin_round().is_empty() && reports.push(report(1, 0)));
}

#[test]
fn a_fork_is_told_once() {
    let mut reports = reports();
    assert!(reports.note_fork(5) && !reports.note_fork(5));
    assert!((6..1_000).all(|height| reports.note_fork(height)));
    assert_eq!(reports.forked.len(), MAX_FORKS);
}
