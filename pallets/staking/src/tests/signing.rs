// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who signs, who is chilled for not signing, and Commits that were left out.

use crate::{mock::*, Certificates, ChillReason, Error, Event, SeenBy, SessionTallies};
use frame_support::{assert_noop, assert_ok};
use hansa_pbft_primitives::{Hash, OnCertificate};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionSource};

fn tally(at: usize) -> (u32, u32) {
    let tally = SessionTallies::<Test>::get().members[at];
    (tally.signed, tally.seen_by)
}

fn add_commit(height: u32, authority: u16) -> sp_runtime::DispatchResult {
    let commit = Box::new(commit(height, authority, SIGNED));
    Staking::add_commit(frame_system::RawOrigin::Authorized.into(), commit)
}

#[test]
fn signatures_and_the_authors_who_saw_them_are_counted() {
    ExtBuilder::default().run(|| {
        for (reporter, signers) in [(1, &[1, 2, 3][..]), (2, &[1, 2]), (1, &[1, 2, 4])] {
            block_after(1);
            certificate(reporter, signers);
        }
        // Signed, and by how many others it was seen.
        assert_eq!(tally(0), (3, 1));
        assert_eq!(tally(1), (3, 1));
        assert_eq!(tally(2), (1, 1));
        assert_eq!(tally(3), (1, 1));
        let tallies = SessionTallies::<Test>::get();
        assert_eq!((tallies.certificates, tallies.reporters), (3, 2));
        rotate();
        assert_eq!(SessionTallies::<Test>::get().certificates, 0);
        assert_eq!(SeenBy::<Test>::iter().count(), 0);
    });
}

#[test]
fn certificates_of_another_set_are_nobodys() {
    ExtBuilder::default().run(|| {
        let other = [1, 2, 3, 5];
        Staking::on_certificate(Some(&1), other.iter().map(|m| (m, true)));
        Staking::on_certificate(None, [1, 2, 3, 4].iter().map(|m| (m, true)));
        Staking::on_certificate(Some(&1), core::iter::empty());
        assert_eq!(SessionTallies::<Test>::get().certificates, 0);
    });
}

/// Certificates of these authors, each without the fourth member; and whether it was chilled.
fn chilled_by(reporters: &[AccountId], seen_by: &[AccountId]) -> bool {
    let mut chilled = false;
    ExtBuilder::default().run(|| {
        for reporter in reporters {
            block_after(0);
            certificate(*reporter, &[1, 2, 3]);
        }
        for reporter in seen_by {
            block_after(0);
            certificate(*reporter, &[1, 2, 3, 4]);
        }
        rotate();
        chilled = events().contains(&Event::Chilled {
            node: 4,
            reason: ChillReason::Silent,
        });
        rotate();
        assert_eq!(members().contains(&4), !chilled);
    });
    chilled
}

#[test]
fn who_is_in_no_certificate_of_others_of_much_weight_is_chilled() {
    // They weigh a third each, 22 % and 11 %.
    assert!(chilled_by(&[1, 2, 3], &[]));
    assert!(chilled_by(&[1, 2], &[3]));
    assert!(chilled_by(&[1, 3], &[]));
    assert!(!chilled_by(&[1, 2], &[2]), "one author only");
    assert!(!chilled_by(&[1, 1, 1], &[]), "one author only");
    assert!(!chilled_by(&[1, 3], &[3]));
    assert!(!chilled_by(&[], &[]));
    // By itself it is not accused.
    assert!(!chilled_by(&[3, 4], &[]));
}

#[test]
fn being_late_is_no_silence() {
    ExtBuilder::default().run(|| {
        // Missing from most certificates, but in one of each author.
        for reporter in [1, 2, 3] {
            for signers in [&[1, 2, 3][..], &[1, 2, 3], &[1, 2, 4]] {
                block_after(0);
                certificate(reporter, signers);
            }
        }
        rotate();
        assert_eq!(BagsList::iter().count(), 4);
        // One author who hides it, however often, does not matter.
        for _ in 0..50 {
            block_after(0);
            certificate(1, &[1, 2, 3]);
        }
        rotate();
        assert_eq!(BagsList::iter().count(), 4);
    });
}

use frame_election_provider_support::SortedListProvider;

#[test]
fn a_chain_that_stood_still_chills_nobody() {
    ExtBuilder::default().run(|| {
        for _ in 0..10 {
            session();
        }
        block_after(3 * 24 * 60 * 60);
        rotate();
        rotate();
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_eq!(slashed(), 0);
    });
}

#[test]
fn a_commit_that_was_left_out_is_added_once() {
    ExtBuilder::default().run(|| {
        for reporter in [1, 2, 3] {
            block_after(0);
            certificate(reporter, &[1, 2, 3]);
        }
        let height = Staking::height() - 1;
        assert_eq!(tally(3), (0, 0));
        assert_ok!(add_commit(height, 3));
        assert_eq!(tally(3), (1, 1));
        assert_eq!(events(), [Event::CommitAdded { node: 4, height }]);
        assert_noop!(add_commit(height, 3), Error::<Test>::NotLeftOut);
        assert_noop!(add_commit(height, 0), Error::<Test>::NotLeftOut);
        assert_noop!(add_commit(height, 4), Error::<Test>::NotACommit);
        assert_noop!(add_commit(height + 1, 3), Error::<Test>::CertificateUnknown);
        assert_ok!(add_commit(height - 1, 3));
        assert_ok!(add_commit(height - 2, 3));
        // Now it is chilled no more, and is rewarded as the others.
        rotate();
        assert_eq!(BagsList::iter().count(), 4);
    });
}

#[test]
fn commits_are_judged_before_they_enter_the_pool() {
    ExtBuilder::default().run(|| {
        block_after(0);
        certificate(1, &[1, 2, 3]);
        let height = Staking::height() - 1;
        let ask = |height, authority, hash| {
            let commit = commit(height, authority, hash);
            Staking::authorize_commit(TransactionSource::External, &commit)
        };
        let good = ask(height, 3, SIGNED).expect("it was left out").0;
        assert!(good.propagate && good.provides.len() == 1);
        let other = ask(height, 3, Hash::repeat_byte(2));
        assert_eq!(other, Err(InvalidTransaction::BadProof.into()));
        let there = ask(height, 2, SIGNED);
        assert_eq!(there, Err(InvalidTransaction::Stale.into()));
        let unknown = ask(height + 9, 3, SIGNED);
        assert_eq!(unknown, Err(InvalidTransaction::Stale.into()));
    });
}

#[test]
fn certificates_are_kept_for_the_window() {
    ExtBuilder::default().run(|| {
        for _ in 0..30 {
            block_after(0);
            certificate(1, &[1, 2, 3]);
        }
        let mut kept: Vec<_> = Certificates::<Test>::iter_keys().collect();
        kept.sort();
        let last = Staking::height() - 1;
        assert_eq!(kept, (last - 7..=last).collect::<Vec<_>>());
        // Blocks whose certificates are of another set forget likewise.
        for _ in 0..30 {
            block_after(0);
            Staking::on_certificate(Some(&1), core::iter::empty());
        }
        assert_eq!(Certificates::<Test>::iter().count(), 0);
    });
}
