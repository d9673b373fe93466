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

#[test]
fn a_record_that_is_not_known_waits_until_it_is_announced_or_refused() {
    let recoveries = Recoveries::awaited();
    let (good, bad) = (take_over(7, 6), bringing(7, &[1]));
    let header = bringing(7, &good.record);
    let waits = |header: &Header, error| recoveries.may_be_good(header, error);
    let bytes = || -> Vec<_> {
        let unknown = recoveries.unknown().into_iter();
        unknown
            .map(|unknown| (unknown.height, unknown.record))
            .collect()
    };
    for _ in 0..2 {
        assert!(waits(&header, RecordError::Unknown));
        assert!(waits(&bad, RecordError::Other), "a later one, perhaps");
    }
    assert_eq!(bytes(), [(7, good.record.clone()), (7, vec![1])]);
    for error in [
        RecordError::Malformed,
        RecordError::Missing,
        RecordError::Unsupported,
    ] {
        assert!(!waits(&header, error), "{error:?}");
    }
    recoveries.refuse(&good.parent, &[1]);
    assert!(!waits(&bad, RecordError::Unknown));
    assert!(
        waits(&bringing(8, &[1]), RecordError::Unknown),
        "of another head"
    );
    recoveries.announce(good.clone()).unwrap();
    assert_eq!(bytes(), [(8, vec![1])]);
    // The hub was behind.
    recoveries.refuse(&good.parent, &take_over(7, 8).record);
    assert_eq!(recoveries.announce(take_over(7, 8)), Ok(true));
    // Elsewhere nobody can tell.
    let recoveries = Recoveries::default();
    assert!(!recoveries.may_be_good(&header, RecordError::Unknown));
    assert!(recoveries.unknown().is_empty());
}

#[test]
fn what_was_refused_is_looked_at_again_after_a_while() {
    let mut known = Known::default();
    let (parent, begin) = (Hash::repeat_byte(7), Instant::now());
    let refused = fingerprint(&parent, &[1]);
    known.refuse(refused, begin);
    let just_before = begin + REFUSED_FOR - Duration::from_millis(1);
    assert!(!known.keep_unknown(7, parent, vec![1], just_before));
    assert!(known.keep_unknown(7, parent, vec![1], begin + REFUSED_FOR));
    known.refuse(refused, begin + REFUSED_FOR);
    assert!(!known.keep_unknown(7, parent, vec![1], begin + REFUSED_FOR));
    assert_eq!(known.refused.len(), 1);
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
    let recoveries = Recoveries::awaited();
    for height in 0..2 * MAX_REFUSED as Height {
        let header = bringing(height, &[1]);
        assert!(recoveries.may_be_good(&header, RecordError::Unknown));
        recoveries.refuse(header.parent_hash(), &[1]);
    }
    for height in 0..2 * MAX_UNKNOWN as Height {
        let header = bringing(height, &[2]);
        assert!(recoveries.may_be_good(&header, RecordError::Unknown));
    }
    let known = recoveries.known.read();
    assert_eq!(
        (known.unknown.len(), known.refused.len(), known.told.len()),
        (MAX_UNKNOWN, MAX_REFUSED, MAX_TOLD)
    );
    assert_eq!(known.unknown[0].height, MAX_UNKNOWN as Height);
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
