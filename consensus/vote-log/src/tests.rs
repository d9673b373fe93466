// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

use crate::{entry::Header, files::file_name, frame, test_support::*, *};
use codec::Encode;
use hansa_pbft_core::Record;
use hansa_pbft_primitives::{Certificate, Hash, Height, Message, Statement, VoteKind};
use proptest::prelude::*;
use sp_core::Pair;
use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};
use tempfile::TempDir;

type VoteLog = TestLog;

/// A log with a few frames; the offsets at which frames end, and what `records(2)` was then.
fn sample(dir: &TempDir) -> (PathBuf, Vec<(u64, usize)>) {
    let (mut log, _) = open(dir);
    let mut ends = vec![(log.file_bytes(), 0)];
    log.allow_signing_from(1).unwrap();
    ends.push((log.file_bytes(), 0));
    decide(&mut log, 1);
    ends.push((log.file_bytes(), 0));
    for view in 0..3u32 {
        log.append(Entry::Block(block(2, view as u8))).unwrap();
        log.append(Entry::Record {
            height: 2,
            record: prepare(2, view),
        })
        .unwrap();
        log.sync().unwrap();
        ends.push((log.file_bytes(), view as usize + 1));
    }
    (log.path().to_path_buf(), ends)
}

#[test]
fn a_fresh_log_asks_for_silence_until_told_otherwise_also_over_restarts() {
    let dir = TempDir::new().unwrap();
    let (log, found) = open(&dir);
    assert_eq!(
        (found.condition, found.signing_from),
        (Condition::Fresh, None)
    );
    drop(log);
    let (mut log, found) = open(&dir);
    assert_eq!(
        (found.condition, found.signing_from),
        (Condition::Intact, None)
    );
    log.allow_signing_from(7).unwrap();
    drop(log);
    assert_eq!(open(&dir).1.signing_from, Some(7));
}

#[test]
fn what_was_synced_is_there_again_and_what_was_not_is_not() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.allow_signing_from(1).unwrap();
    let first = decide(&mut log, 1);
    let proposed = block(2, 77);
    log.append(Entry::Block(proposed.clone())).unwrap();
    log.append(Entry::Record {
        height: 2,
        record: prepare(2, 0),
    })
    .unwrap();
    assert_eq!(
        log.block(&proposed.hash()).unwrap(),
        Some(proposed.clone()),
        "before the sync"
    );
    log.sync().unwrap();
    log.append(Entry::Record {
        height: 2,
        record: view_change(2, 1),
    })
    .unwrap();
    drop(log);

    let (log, found) = open(&dir);
    assert_eq!(found.condition, Condition::Intact);
    assert_eq!((found.last_decided, found.open_heights), (Some(1), vec![2]));
    assert_eq!(log.records(2), [prepare(2, 0)]);
    assert_eq!(log.block(&proposed.hash()).unwrap(), Some(proposed));
    assert_eq!(log.block(&first.hash()).unwrap(), Some(first.clone()));
    assert_eq!(log.decided_above(0).len(), 1);
    assert_eq!(log.decided(1).map(|c| c.hash), Some(first.hash()));
}

#[test]
fn what_was_only_written_outlives_the_process_and_is_synced_with_what_follows() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.allow_signing_from(1).unwrap();
    for height in 1..=5 {
        let decided = certificate(VoteKind::Commit, height, 0, Hash::zero());
        log.note_decided(&decided, 4).unwrap();
        assert_eq!(log.has_pending(), height != 4, "height {height}");
    }
    let bytes = log.file_bytes();
    log.append(Entry::Record {
        height: 6,
        record: prepare(6, 0),
    })
    .unwrap();
    assert_eq!(log.file_bytes(), bytes);
    drop(log);
    let (mut log, found) = TestLog::open_at(OsDisk, dir.path(), GENESIS, &key(), 6).unwrap();
    assert_eq!(
        (found.condition, found.last_decided),
        (Condition::Intact, Some(5))
    );
    assert_eq!(log.signing_from(), Some(1), "no old copy");
    assert!(log.records(6).is_empty(), "never written");
    log.append(Entry::Block(block(6, 1))).unwrap();
    log.write().unwrap();
    assert!(log.has_pending());
    assert!(log.block(&block(6, 1).hash()).unwrap().is_some());
    log.sync().unwrap();
    assert!(!log.has_pending());
}

#[test]
fn a_known_block_is_not_written_twice() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.append(Entry::Block(block(1, 1))).unwrap();
    log.sync().unwrap();
    let size = log.file_bytes();
    log.append(Entry::Block(block(1, 1))).unwrap();
    log.sync().unwrap();
    assert_eq!(log.file_bytes(), size);
}

#[test]
fn of_superseded_views_the_statements_stay_and_the_proofs_go() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    let lock = |view| certificate(VoteKind::Prepare, 5, view, Hash::zero());
    let change = |view, shown: Option<Certificate>| {
        let prepared = Some(lock(0).prepared());
        let statement = signed(5, view, Statement::ViewChange { prepared });
        Record::Sent(Message::ViewChange {
            statement,
            certificate: shown,
        })
    };
    let heard = Record::Heard(signed(5, 0, Statement::ViewChange { prepared: None }));
    for record in [
        prepare(5, 0),
        Record::Prepared(lock(0)),
        change(1, Some(lock(0))),
        heard.clone(),
        prepare(5, 1),
        Record::Prepared(lock(1)),
        change(2, Some(lock(1))),
    ] {
        log.append(Entry::Record { height: 5, record }).unwrap();
    }
    let expected = [
        prepare(5, 0),
        change(1, None),
        heard,
        prepare(5, 1),
        Record::Prepared(lock(1)),
        change(2, Some(lock(1))),
    ];
    assert_eq!(log.records(5), expected);
    // Once more after a rewriting and a restart.
    log.sync().unwrap();
    log.rewrite(false).unwrap();
    drop(log);
    assert_eq!(open(&dir).0.records(5), expected);
}

#[test]
fn a_decided_height_drops_its_records_and_its_other_blocks() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    let loser = block(1, 200);
    log.append(Entry::Block(loser.clone())).unwrap();
    log.append(Entry::Record {
        height: 1,
        record: prepare(1, 0),
    })
    .unwrap();
    log.append(Entry::Record {
        height: 2,
        record: prepare(2, 0),
    })
    .unwrap();
    let winner = decide(&mut log, 1);
    assert!(log.records(1).is_empty());
    assert_eq!(log.records(2).len(), 1);
    assert_eq!(log.block(&loser.hash()).unwrap(), None);
    assert!(log.block(&winner.hash()).unwrap().is_some());
}

#[test]
fn decided_heights_stay_until_the_database_holds_them() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    let kept = |log: &VoteLog| log.decided_above(0).len();
    let limit = DECIDED_KEPT_MAX as Height;
    for height in 1..=limit + 10 {
        decide(&mut log, height);
    }
    assert_eq!(kept(&log), DECIDED_KEPT_MAX, "not without bound");
    log.database_holds(limit - 90);
    assert_eq!(kept(&log), 100, "what the database may lack");
    log.database_holds(limit + 10);
    assert_eq!(kept(&log), DECIDED_KEPT, "some stay in any case");
}

#[test]
fn nothing_is_signed_at_a_height_that_the_log_holds_as_decided() {
    // The database was wiped and the log was not: the chain seems to begin anew.
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.allow_signing_from(1).unwrap();
    for height in 1..=3 {
        decide(&mut log, height);
    }
    for (height, expected) in [
        (1, Permission::Decided),
        (3, Permission::Decided),
        (4, Permission::Granted),
    ] {
        let occasion = Occasion {
            height,
            set: 0,
            parent_ms: Some(1),
            taken_over: None,
        };
        assert_eq!(log.permission(&occasion, 0).unwrap(), expected);
    }
}

#[test]
fn rewriting_keeps_what_must_be_kept_and_bounds_the_file() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.rewrite_min_bytes = 64 * 1024;
    log.allow_signing_from(1).unwrap();
    let mut rewritten = 0;
    for height in 1..=1_000 {
        decide(&mut log, height);
        log.database_holds(height);
        rewritten += usize::from(log.maintain().unwrap());
        assert!(
            log.file_bytes() < 80 * 1024,
            "height {height}: {}",
            log.file_bytes()
        );
    }
    assert!((2..100).contains(&rewritten), "{rewritten} times");
    let proposed = block(1_001, 9);
    log.append(Entry::Block(proposed.clone())).unwrap();
    log.append(Entry::Record {
        height: 1_001,
        record: prepare(1_001, 0),
    })
    .unwrap();
    log.sync().unwrap();
    log.rewrite(false).unwrap();
    // It goes on after the rewriting as before.
    log.append(Entry::Record {
        height: 1_001,
        record: view_change(1_001, 0),
    })
    .unwrap();
    log.sync().unwrap();

    let check = |log: &VoteLog| {
        assert_eq!(log.signing_from(), Some(1));
        assert_eq!(
            log.records(1_001),
            [prepare(1_001, 0), view_change(1_001, 0)]
        );
        assert_eq!(log.block(&proposed.hash()).unwrap(), Some(proposed.clone()));
        let decided = log.decided_above(0);
        let heights: Vec<_> = decided.iter().map(|c| c.height).collect();
        assert_eq!(
            heights,
            (1_001 - DECIDED_KEPT as u32..=1_000).collect::<Vec<_>>()
        );
        for certificate in decided {
            let held = log.block(&certificate.hash).unwrap().unwrap();
            assert_eq!(
                (held.height(), held.hash()),
                (certificate.height, certificate.hash)
            );
        }
    };
    check(&log);
    drop(log);
    let (log, found) = open(&dir);
    assert_eq!(found.condition, Condition::Intact);
    check(&log);
}

#[test]
fn cutting_forgets_what_is_above_and_silences_the_key() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    log.allow_signing_from(1).unwrap();
    let blocks: Vec<_> = (1..=5).map(|height| decide(&mut log, height)).collect();
    log.append(Entry::Record {
        height: 6,
        record: prepare(6, 0),
    })
    .unwrap();
    log.cut_above(3).unwrap();
    drop(log);
    let (log, found) = open(&dir);
    assert_eq!((found.last_decided, found.signing_from), (Some(3), None));
    assert!(found.open_heights.is_empty());
    assert_eq!(log.block(&blocks[4].hash()).unwrap(), None);
    assert_eq!(
        log.block(&blocks[2].hash()).unwrap(),
        Some(blocks[2].clone())
    );
}

#[test]
fn a_torn_end_is_cut_at_every_length() {
    let origin = TempDir::new().unwrap();
    let (path, ends) = sample(&origin);
    let bytes = fs::read(&path).unwrap();
    let first = ends[0].0;
    for len in first..bytes.len() as u64 {
        let dir = TempDir::new().unwrap();
        let copy = dir.path().join(path.file_name().unwrap());
        fs::write(&copy, &bytes[..len as usize]).unwrap();
        let (mut log, found) = open(&dir);
        let (whole, records) = *ends.iter().rev().find(|(end, _)| *end <= len).unwrap();
        let expected = match len - whole {
            0 => Condition::Intact,
            removed_bytes => Condition::TornTail { removed_bytes },
        };
        assert_eq!(
            (found.condition, log.records(2).len()),
            (expected, records),
            "length {len}"
        );
        // It can be written on, and is whole afterwards.
        log.append(Entry::Record {
            height: 3,
            record: prepare(3, 0),
        })
        .unwrap();
        log.sync().unwrap();
        drop(log);
        let (log, found) = open(&dir);
        assert_eq!(
            (found.condition, log.records(3).len()),
            (Condition::Intact, 1)
        );
    }
}

#[test]
fn a_file_that_grew_without_its_data_is_torn() {
    let origin = TempDir::new().unwrap();
    let (path, ends) = sample(&origin);
    let whole = fs::read(&path).unwrap();
    let last = ends[ends.len() - 2].0 as usize;
    // All of the last frame, its end from a sector's boundary on, or its beginning up to there was
    // never written.
    let boundary = last.div_ceil(512) * 512;
    assert!(boundary + 64 < whole.len());
    for lost in [last..whole.len(), boundary..whole.len(), last..boundary] {
        let dir = TempDir::new().unwrap();
        let mut bytes = whole.clone();
        bytes[lost.clone()].fill(0);
        fs::write(dir.path().join(path.file_name().unwrap()), bytes).unwrap();
        let (log, found) = open(&dir);
        assert!(
            matches!(found.condition, Condition::TornTail { .. }),
            "{lost:?}"
        );
        assert_eq!(log.records(2).len(), 2);
    }
}

#[test]
fn whichever_sectors_of_the_last_frame_were_not_written_it_is_torn() {
    // Bodies of many sizes, so that the frame's end has few bytes, or many, in its last sector.
    for body in (0..1_100).step_by(7) {
        let origin = TempDir::new().unwrap();
        let (mut log, _) = open(&origin);
        log.allow_signing_from(1).unwrap();
        let begin = log.file_bytes() as usize;
        let mut proposed = block(1, 1);
        proposed.body = vec![0xb0; body];
        log.append(Entry::Block(proposed)).unwrap();
        log.sync().unwrap();
        let path = log.path().to_path_buf();
        drop(log);
        let whole = fs::read(&path).unwrap();
        let first = begin / 512;
        let sectors = whole.len().div_ceil(512) - first;
        for lost in 1..(1u32 << sectors) {
            let mut bytes = whole.clone();
            for sector in (0..sectors).filter(|sector| lost >> sector & 1 == 1) {
                let from = ((first + sector) * 512).max(begin);
                let to = ((first + sector + 1) * 512).min(whole.len());
                bytes[from..to].fill(0);
            }
            fs::write(&path, bytes).unwrap();
            let found = open(&origin).1;
            let torn = matches!(found.condition, Condition::TornTail { .. });
            assert!(
                torn && found.signing_from == Some(1),
                "{body}, {lost:b}: {found:?}"
            );
        }
    }
}

#[test]
fn every_changed_byte_is_reported_as_damage_and_silences_the_key() {
    let origin = TempDir::new().unwrap();
    let (path, _) = sample(&origin);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let dir = TempDir::new().unwrap();
        let copy = dir.path().join(path.file_name().unwrap());
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&copy, &bytes).unwrap();
        let (log, found) = open(&dir);
        assert!(
            matches!(found.condition, Condition::Damaged { .. }),
            "byte {at}: {found:?}"
        );
        assert_eq!(found.signing_from, None, "byte {at}");
        assert_eq!(
            fs::read(copy.with_extension("damaged-1")).unwrap(),
            bytes,
            "put aside"
        );
        drop(log);
        // A second start still knows.
        let (_, found) = open(&dir);
        assert_eq!(
            (found.condition, found.signing_from),
            (Condition::Intact, None)
        );
    }
}

#[test]
fn another_chain_key_or_version_is_refused() {
    let dir = TempDir::new().unwrap();
    let (log, _) = open(&dir);
    let path = log.path().to_path_buf();
    drop(log);
    let other = pair(2).public();
    for (genesis, key, what) in [
        (Hash::zero(), Some(&key()), "chain"),
        (GENESIS, Some(&other), "session key"),
        (GENESIS, None, "session key"),
    ] {
        fs::copy(&path, dir.path().join(file_name(genesis, key))).unwrap();
        let error = VoteLog::open(dir.path(), genesis, key).unwrap_err();
        assert!(
            matches!(error, VoteLogError::Foreign { what: w, .. } if w == what),
            "{error}"
        );
    }
    let later = Header {
        version: 2,
        genesis: GENESIS,
        key: None,
    };
    fs::write(&path, frame::encode(&later.encode())).unwrap();
    let error = VoteLog::open(dir.path(), GENESIS, Some(&key())).unwrap_err();
    assert!(
        matches!(error, VoteLogError::Version { found: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_log_is_opened_once_at_a_time() {
    let dir = TempDir::new().unwrap();
    let (log, _) = open(&dir);
    let error = VoteLog::open(dir.path(), GENESIS, Some(&key())).unwrap_err();
    assert!(matches!(error, VoteLogError::Locked { .. }), "{error}");
    // Other keys have logs of their own.
    assert!(VoteLog::open(dir.path(), GENESIS, Some(&pair(2).public())).is_ok());
    assert!(VoteLog::open(dir.path(), GENESIS, None).is_ok());
    drop(log);
    open(&dir);
}

#[test]
fn limits_are_errors_and_a_failed_write_ends_the_log() {
    let dir = TempDir::new().unwrap();
    let (mut log, _) = open(&dir);
    let mut large = block(1, 1);
    large.body = vec![0; MAX_FRAME_PAYLOAD_BYTES];
    let error = log.append(Entry::Block(large)).unwrap_err();
    assert!(
        matches!(error, VoteLogError::BatchTooLarge { .. }),
        "{error}"
    );

    log.append(Entry::SignFrom(1)).unwrap();
    // A file that cannot be written.
    log.file = File::open(log.path()).unwrap();
    let error = log.sync().unwrap_err();
    assert!(
        matches!(
            error,
            VoteLogError::Io {
                action: "write",
                ..
            }
        ),
        "{error}"
    );
    let error = log.append(Entry::SignFrom(1)).unwrap_err();
    assert!(matches!(error, VoteLogError::OutOfUse { .. }), "{error}");
}

#[test]
fn errors_say_what_to_do() {
    let source = io::Error::from(io::ErrorKind::StorageFull);
    let error = VoteLogError::Io {
        path: "/x/y".into(),
        action: "write",
        source,
    };
    let text = error.to_string();
    assert!(
        text.contains("/x/y") && text.contains("free some space"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is appended, synced, rewritten and reopened in whatever order: what the log knows
    /// after a restart is what it knew at the last sync.
    #[test]
    fn a_restart_changes_nothing(steps in proptest::collection::vec((0u8..5, 0u32..4), 1..40)) {
        let dir = TempDir::new().unwrap();
        let (mut log, _) = open(&dir);
        log.rewrite_min_bytes = 1_000;
        let mut height = 1;
        for (step, arg) in steps {
            match step {
                0 => log.append(Entry::Record { height, record: prepare(height, arg) }).unwrap(),
                1 => log.append(Entry::Record { height, record: view_change(height, arg) }).unwrap(),
                2 => log.append(Entry::Block(block(height, arg as u8))).unwrap(),
                3 => {
                    decide(&mut log, height);
                    height += 1;
                    log.maintain().unwrap();
                }
                _ => log.allow_signing_from(arg).unwrap(),
            }
        }
        log.sync().unwrap();
        let known = |log: &VoteLog| {
            let blocks: Vec<_> = (1..=height)
                .flat_map(|h| (0..4).map(move |s| block(h, s).hash()))
                .map(|hash| log.block(&hash).unwrap())
                .collect();
            (log.records(height).to_vec(), log.decided_above(0), log.signing_from(), blocks)
        };
        let before = known(&log);
        drop(log);
        let (log, found) = open(&dir);
        prop_assert_eq!(found.condition, Condition::Intact);
        prop_assert_eq!(known(&log), before);
    }
}
