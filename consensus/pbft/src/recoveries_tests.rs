// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is known of records, and what headers bring.

use super::*;
use crate::test_support::take_over;

/// A header above the block at `height` that brings `record`.
fn bringing(height: Height, record: &[u8]) -> Header {
    let (parent, zero) = (take_over(height, 5).parent, Hash::zero());
    let logs = vec![recovery_item(record)];
    Header::new(height + 1, zero, zero, parent, Digest { logs })
}

/// How old a head is here for there to be a record, in milliseconds.
const AGE_MS: u64 = 1_000;

/// When it is looked.
const NOW_MS: u64 = 10 * MAX_WORD_AGE_MS;

/// Records of which `verdict` is said, whatever they are.
fn awaited(verdict: Verdict) -> Recoveries {
    let judge = move |_: &Hash, _: &[u8]| verdict.clone();
    Recoveries::awaited(Arc::new(judge), AGE_MS)
}

#[test]
fn who_is_told_of_records_is_asked_for_others() {
    let good = take_over(7, 6);
    let header = bringing(7, &good.record);
    let open = Verdict::Open(good.clone());
    for verdict in [Verdict::Good(good.clone()), Verdict::Bad, open.clone()] {
        let said = awaited(verdict.clone()).judge(&header, &good.record, Some(0), NOW_MS);
        assert_eq!(said, verdict);
    }
    let asked = |above: &Hash, bytes: &[u8]| {
        assert_eq!((above, bytes), (&take_over(7, 6).parent, &[1, 2][..]));
        Verdict::Open(take_over(7, 6))
    };
    let recoveries = Recoveries::awaited(Arc::new(asked), AGE_MS);
    let said = recoveries.judge(&header, &[1, 2], Some(0), NOW_MS);
    assert_eq!(said, open);
    // Elsewhere nobody can tell.
    let said = Recoveries::default().judge(&header, &good.record, Some(0), NOW_MS);
    assert_eq!(said, Verdict::Bad);
}

#[test]
fn above_a_young_head_no_record_is_open() {
    let good = take_over(7, 6);
    let header = bringing(7, &good.record);
    let (old, young) = (NOW_MS - AGE_MS - 1, NOW_MS - AGE_MS);
    let open = Verdict::Open(good.clone());
    for (made, expected) in [
        (None, open.clone()),
        (Some(old), open.clone()),
        (Some(young), Verdict::Bad),
        (Some(NOW_MS + 1), Verdict::Bad),
    ] {
        let said = awaited(open.clone()).judge(&header, &good.record, made, NOW_MS);
        assert_eq!(said, expected, "{made:?}");
        // What is known to be good is, whatever the clocks say.
        let is_good = Verdict::Good(good.clone());
        let said = awaited(is_good.clone()).judge(&header, &good.record, made, NOW_MS);
        assert_eq!(said, is_good, "{made:?}");
    }
}

#[test]
fn above_an_old_head_a_record_may_be_missed_while_those_of_late_are_not_known() {
    let (old, young) = (NOW_MS - AGE_MS - 1, NOW_MS - AGE_MS);
    let recoveries = awaited(Verdict::Bad);
    for (made, expected) in [
        (None, true),
        (Some(0), true),
        (Some(old), true),
        (Some(young), false),
        (Some(NOW_MS + 1), false),
    ] {
        assert_eq!(recoveries.may_lack_one(made, NOW_MS), expected, "{made:?}");
        // Nobody tells a node of other chains.
        assert!(!Recoveries::default().may_lack_one(made, NOW_MS));
    }
    // That a record is known does not say that there is no later one.
    recoveries.announce(take_over(7, 5)).unwrap();
    assert!(recoveries.may_lack_one(Some(old), NOW_MS));
    // (the time of the word, and whether it is too old); an older one that comes later changes nothing.
    for (word, expected) in [
        (NOW_MS - MAX_WORD_AGE_MS - 1, true),
        (NOW_MS - MAX_WORD_AGE_MS, false),
        (0, false),
    ] {
        recoveries.set_current(word);
        for made in [None, Some(old)] {
            let lacks = recoveries.may_lack_one(made, NOW_MS);
            assert_eq!(lacks, expected, "{word}, {made:?}");
        }
    }
    // And it does not hold for good.
    assert!(recoveries.may_lack_one(Some(old), NOW_MS + 1));
    recoveries.set_current(NOW_MS);
    assert!(!recoveries.may_lack_one(Some(old), NOW_MS + 1));
}

#[test]
fn a_word_is_news_after_a_long_time() {
    let recoveries = awaited(Verdict::Bad);
    let mut news = recoveries.subscribe();
    for (word, expected) in [
        (NOW_MS, true),
        (NOW_MS, false),
        (NOW_MS + MAX_WORD_AGE_MS, false),
        (0, false),
        (NOW_MS + 2 * MAX_WORD_AGE_MS + 1, true),
    ] {
        recoveries.set_current(word);
        assert_eq!(news.has_changed().unwrap(), expected, "{word}");
        news.mark_unchanged();
    }
}

#[test]
fn only_a_block_whose_record_is_known_is_fetched() {
    let recoveries = awaited(Verdict::Bad);
    let (other, good) = (take_over(7, 5), take_over(7, 6));
    let header = bringing(7, &good.record);
    recoveries.wait(&header, good.record.clone());
    assert_eq!(recoveries.take_waiting(), None, "it is not known yet");
    // Neither a record of another block, nor another one of this.
    recoveries.announce(take_over(3, 4)).unwrap();
    recoveries.announce(other).unwrap();
    assert_eq!(recoveries.take_waiting(), None);
    recoveries.announce(good).unwrap();
    assert_eq!(recoveries.take_waiting(), Some((header.hash(), 8)));
    assert_eq!(recoveries.take_waiting(), None, "it is said once");
}

#[test]
fn it_is_known_which_heights_begin_with_a_record() {
    let recoveries = Recoveries::default();
    for height in [0, 7] {
        recoveries.announce(take_over(height, 5)).unwrap();
    }
    let begin: Vec<_> = (0..10).filter(|h| recoveries.begin_at(*h)).collect();
    assert_eq!(begin, [1, 8]);
}

#[test]
fn a_runtime_takes_records_from_a_version_on() {
    for (version, expected) in [
        (None, false),
        (Some(1), false),
        (Some(2), true),
        (Some(3), true),
    ] {
        assert_eq!(takes_records(version), expected, "{version:?}");
    }
}

#[test]
fn a_record_is_found_by_its_head_and_told_once() {
    let recoveries = Recoveries::default();
    let mut news = recoveries.clone().subscribe();
    let (first, second) = (take_over(7, 4), take_over(9, 5));
    assert_eq!(recoveries.announce(second.clone()), Ok(true));
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    assert_eq!(recoveries.announce(second.clone()), Ok(false));
    assert!(!news.has_changed().unwrap());
    assert_eq!(recoveries.announce(first.clone()), Ok(true));
    assert!(news.has_changed().unwrap());
    let found = recoveries.for_child_of(&first.parent);
    assert_eq!(found.as_deref(), Some(&first));
    assert_eq!(recoveries.for_child_of(&Hash::zero()), None);
    let all: Vec<_> = recoveries.all().iter().map(|t| t.height).collect();
    assert_eq!(all, [7, 9]);
    recoveries.forget(&first.parent);
    assert_eq!(recoveries.for_child_of(&first.parent), None);
    assert_eq!(recoveries.all().len(), 1);
}

#[test]
fn what_makes_no_sense_or_contradicts_is_refused() {
    let recoveries = Recoveries::default();
    let good = take_over(7, 5);
    let nobody = TakeOver {
        set: Arc::default(),
        ..good.clone()
    };
    assert_eq!(
        recoveries.announce(nobody),
        Err(RecoveryError::NoAuthorities(7))
    );
    for bytes in [0, MAX_RECOVERY_BYTES + 1] {
        let sized = TakeOver {
            record: vec![1; bytes],
            ..good.clone()
        };
        assert_eq!(
            recoveries.announce(sized),
            Err(RecoveryError::Size { bytes })
        );
    }
    recoveries.announce(good.clone()).unwrap();
    let (same, later) = (take_over(7, 5), take_over(7, 6));
    let other = TakeOver {
        record: vec![9],
        ..same
    };
    let conflict = RecoveryError::Conflict {
        height: 7,
        set_id: 5,
        known: 5,
    };
    assert_eq!(recoveries.announce(other), Err(conflict));
    assert_eq!(recoveries.announce(later.clone()), Ok(true));
    assert_eq!(
        recoveries.for_child_of(&good.parent).as_deref(),
        Some(&later)
    );
    assert!(recoveries.announce(good).is_err(), "it is over");
}

#[test]
fn when_it_was_made_may_be_learnt_later() {
    let recoveries = Recoveries::default();
    let timed = |made_after_ms| TakeOver {
        made_after_ms,
        ..take_over(7, 5)
    };
    assert_eq!(recoveries.announce(timed(None)), Ok(true));
    assert_eq!(recoveries.announce(timed(Some(3))), Ok(true));
    assert_eq!(recoveries.announce(timed(None)), Ok(false));
    let known = recoveries.for_child_of(&timed(None).parent).unwrap();
    assert_eq!(known.made_after_ms, Some(3));
}

#[test]
fn there_are_not_more_than_so_many() {
    let recoveries = Recoveries::default();
    for height in (0..MAX_RECOVERIES as Height + 10).rev() {
        recoveries.announce(take_over(height, 5)).unwrap();
    }
    let all = recoveries.all();
    assert_eq!(all.len(), MAX_RECOVERIES);
    assert_eq!(all[0].height, 10, "the lowest gave way");
    for height in 0..2 * MAX_TOLD as Height {
        recoveries.judge(&bringing(height, &[1]), &[1], None, NOW_MS);
    }
    assert_eq!(recoveries.known.read().told.len(), MAX_TOLD);
}

#[test]
fn the_record_stands_right_after_the_authors_items() {
    let known = take_over(7, 4);
    let pre = DigestItem::PreRuntime(*b"prnt", vec![1]);
    let digest = |logs: &[&DigestItem]| Digest {
        logs: logs.iter().map(|item| (*item).clone()).collect(),
    };
    let (item, other) = (known.item(), DigestItem::Other(vec![]));
    let long = recovery_item(&vec![0; MAX_RECOVERY_BYTES + 1]);
    let record = Ok(Some(known.record.clone()));
    for (logs, expected) in [
        (vec![&pre], Ok(None)),
        (vec![&pre, &item], record.clone()),
        (vec![&pre, &item, &other], record),
        (vec![&pre, &other, &item], Err(RecordError::Misplaced)),
        (vec![&item, &pre], Err(RecordError::Misplaced)),
        (vec![&pre, &item, &item], Err(RecordError::Malformed)),
        (vec![&pre, &long], Err(RecordError::Malformed)),
    ] {
        assert_eq!(read_record(&digest(&logs), 1), expected, "{logs:?}");
    }
}

#[test]
fn a_header_brings_the_record_exactly_where_there_is_one() {
    let known = take_over(7, 4);
    for (brings, known, expected) in [
        (None, None, Ok(())),
        (None, Some(&known), Err(RecordError::Missing)),
        (Some(&[1][..]), None, Err(RecordError::Unknown)),
        (Some(&[1][..]), Some(&known), Err(RecordError::Other)),
        (Some(&known.record[..]), Some(&known), Ok(())),
    ] {
        assert_eq!(check_record(brings, known), expected);
    }
}
