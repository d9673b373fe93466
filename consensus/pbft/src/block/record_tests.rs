// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Blocks above the head of a recovery: checks, builder's digest, verifier and import.

use super::{
    checks::{check_header, HeaderError, ViewRule},
    import::ImportOutcome,
    import_tests::{certify, setup, setup_with, Setup, HEIGHT, VIEW},
    randomness::{pre_runtime_digest, NoOutputs, OutputError},
};
use crate::{
    authorities::{ConsensusStateError, ConsensusStates, HeightState},
    recoveries::{
        push_record, read_record, RecordError, Recoveries, RecoveryError, TakeOver, Verdict,
        MAX_UNSURE_AGE_MS,
    },
    test_support::{beacon_output, commit, height_state, pre_header, seal_under, take_over},
    worker::unix_ms,
};
use futures::executor::block_on;
use hansa_pbft_primitives::{Certificate, ConsensusLog, Hash, PreDigest, SetId};
use hansa_primitives::{Block, Header};
use sc_consensus::ImportResult;
use sp_consensus::BlockOrigin;
use sp_runtime::{traits::Block as BlockT, DigestItem};
use std::sync::Arc;

/// The set that takes over.
const NEW_SET: SetId = 9;

impl Setup {
    /// A record above genesis.
    fn record(&self) -> TakeOver {
        TakeOver {
            parent: self.genesis.hash(),
            ..take_over(HEIGHT - 1, NEW_SET)
        }
    }

    /// What decides the block above genesis by that record.
    fn recovered(&self) -> HeightState {
        height_state(4).under(Arc::new(self.record()))
    }

    /// A block on genesis by an author of the new set, good but for what it brings, and what makes
    /// it final.
    fn bringing(&self, items: Vec<DigestItem>) -> (Block, Certificate) {
        let header = header_bringing(&self.recovered(), self.genesis.hash(), items);
        let block = Block::new(header, Vec::new());
        let certificate = commit(&self.recovered(), HEIGHT, VIEW, block.hash(), 0..4);
        (block, certificate)
    }

    /// The good one.
    fn first_of_new_set(&self) -> (Block, Certificate) {
        self.bringing(vec![self.record().item()])
    }

    fn import_decided(
        &self,
        (block, certificate): (Block, Certificate),
    ) -> Result<ImportOutcome, String> {
        let origin = BlockOrigin::ConsensusBroadcast;
        block_on(self.import.import_decided(block, certificate, origin)).map_err(|e| e.to_string())
    }
}

/// A header at [`HEIGHT`] on `parent`, by the author of [`VIEW`], that brings `items`.
fn header_bringing(state: &HeightState, parent: Hash, items: Vec<DigestItem>) -> Header {
    let author = state.primary(HEIGHT, VIEW).expect("the set is not empty");
    let pre = PreDigest {
        view: VIEW,
        author,
        timestamp_ms: 5,
    };
    let mut header = pre_header(HEIGHT, parent, pre);
    header.digest.logs.extend(items);
    seal_under(header, state, author, VIEW)
}

#[test]
fn above_the_head_of_a_recovery_the_record_must_be_there_and_elsewhere_not() {
    let t = setup();
    let item = t.record().item();
    let output = beacon_output(0, [0; 32], HEIGHT).to_digest_item();
    let other = take_over(HEIGHT - 1, 8).item();
    let foreign = DigestItem::PreRuntime(*b"aura", vec![]);
    let record = |error| Err(HeaderError::Record(error));
    for (items, expected) in [
        (vec![item.clone()], Ok(())),
        (vec![output.clone(), item.clone()], Ok(())),
        (vec![], record(RecordError::Missing)),
        (vec![other], record(RecordError::Other)),
        (
            vec![item.clone(), output],
            Err(HeaderError::Output(OutputError::Misplaced)),
        ),
        (
            vec![item.clone(), item.clone()],
            record(RecordError::Malformed),
        ),
        (
            vec![DigestItem::Other(vec![]), item.clone()],
            record(RecordError::Misplaced),
        ),
        (
            vec![item.clone(), foreign],
            Err(HeaderError::ExtraPreDigest),
        ),
    ] {
        let (block, _) = t.bringing(items);
        let rule = ViewRule::Exactly(VIEW);
        let checked = check_header(block.header.clone(), &t.genesis, &t.recovered(), rule);
        assert_eq!(checked.map(|_| ()), expected, "{block:?}");
    }
    let state = height_state(4);
    let header = header_bringing(&state, t.genesis.hash(), vec![item]);
    assert_eq!(
        check_header(header, &t.genesis, &state, ViewRule::Exactly(VIEW)).map(|_| ()),
        record(RecordError::Unknown)
    );
}

#[test]
fn the_author_above_the_head_is_of_the_new_set() {
    let t = setup();
    // It brings the record, and its author is one of the set before.
    let old = HeightState {
        recovery: t.recovered().recovery,
        ..height_state(4)
    };
    let header = header_bringing(&old, t.genesis.hash(), vec![t.record().item()]);
    let result = check_header(header, &t.genesis, &t.recovered(), ViewRule::Exactly(VIEW));
    assert!(matches!(
        result,
        Err(HeaderError::BadSeal | HeaderError::WrongAuthor { .. })
    ));
}

#[test]
fn the_builder_puts_the_record_after_the_authors_items() {
    let known = take_over(1, NEW_SET);
    let pre = PreDigest {
        view: 3,
        author: 0,
        timestamp_ms: 1,
    };
    for output in [None, Some(beacon_output(0, [5; 32], 2))] {
        let mut digest = pre_runtime_digest(&pre, output);
        let before = digest.clone();
        push_record(&mut digest, None);
        assert_eq!(digest, before, "elsewhere there is none");
        push_record(&mut digest, Some(&known));
        let read = read_record(&digest, before.logs.len());
        assert_eq!(read, Ok(Some(known.record.clone())));
    }
}

#[test]
fn the_cache_does_not_give_the_old_set_once_a_record_came() {
    let t = setup();
    let parent = t.genesis.hash();
    assert_eq!(t.states.for_child_of(parent).unwrap(), height_state(4));
    assert_eq!(t.states.announce(t.record()), Ok(true));
    let state = t.states.for_child_of(parent).unwrap();
    assert_eq!(state, t.recovered());
    assert_eq!((state.context.set_id, state.set.len()), (NEW_SET, 5));
    assert_eq!(state.timing, height_state(4).timing);
    // No other height, and no set that is not later than that of the state.
    assert_eq!(
        t.states.for_child_of(Hash::zero()).unwrap(),
        height_state(4)
    );
    let t = setup();
    let stale = TakeOver {
        set: height_state(4).set,
        ..t.record()
    };
    t.states.announce(stale).unwrap();
    assert_eq!(t.states.for_child_of(parent).unwrap(), height_state(4));
    assert_eq!(t.states.recovery_above(parent), None);
}

#[test]
fn sync_and_log_bring_the_first_block_of_the_new_set() {
    let t = setup();
    t.states.announce(t.record()).unwrap();
    let (block, certificate) = t.first_of_new_set();
    let result = t.sync(block.clone(), Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
    let t = setup();
    t.states.announce(t.record()).unwrap();
    let imported = t.import_decided((block, certificate));
    assert_eq!(imported, Ok(ImportOutcome::Imported));
}

/// A chain on genesis where `verdict` is said of all records.
fn setup_judged(verdict: impl Fn() -> Verdict + Send + Sync + 'static) -> Setup {
    let judge = move |_: &Hash, _: &[u8]| verdict();
    setup_with(Recoveries::awaited(Arc::new(judge), MAX_UNSURE_AGE_MS))
}

/// A chain on genesis where the good record may be one, as may any other.
fn setup_open() -> Setup {
    let record = setup().record();
    setup_judged(move || Verdict::Open(record.clone()))
}

#[test]
fn a_block_with_a_record_that_may_be_good_waits_and_nobody_is_blamed() {
    let t = setup_open();
    let (block, certificate) = t.first_of_new_set();
    for _ in 0..2 {
        let result = t.sync(block.clone(), Some(&certificate));
        assert_eq!(result, Ok(ImportResult::MissingState));
    }
    // It is fetched again when its record is known.
    let waiting = || t.states.recoveries().take_waiting();
    assert_eq!(waiting(), None);
    t.states.announce(t.record()).unwrap();
    assert_eq!(waiting(), Some((block.hash(), HEIGHT)));
    assert_eq!(waiting(), None);
    let result = t.sync(block, Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
    assert_eq!(waiting(), None);
}

#[test]
fn only_what_the_set_of_the_record_has_decided_waits() {
    let (block, good) = setup().first_of_new_set();
    let of_old_set = commit(&height_state(4), HEIGHT, VIEW, block.hash(), 0..4);
    let of_other_block = commit(&setup().recovered(), HEIGHT, VIEW, Hash::zero(), 0..4);
    let of_few = commit(&setup().recovered(), HEIGHT, VIEW, block.hash(), 0..1);
    for (certificate, waits) in [
        (None, false),
        (Some(&of_old_set), false),
        (Some(&of_other_block), false),
        (Some(&of_few), false),
        (Some(&good), true),
    ] {
        let t = setup_open();
        match t.sync(block.clone(), certificate) {
            Err(error) => {
                assert!(!waits && error.starts_with("verifier: "), "{error}");
            }
            result => {
                assert!(waits, "{certificate:?}");
                assert_eq!(result, Ok(ImportResult::MissingState));
            }
        }
        t.states.announce(t.record()).unwrap();
        let waiting = t.states.recoveries().take_waiting();
        assert_eq!(waiting.is_some(), waits, "{certificate:?}");
    }
}

#[test]
fn only_the_next_block_waits() {
    let t = setup_open();
    let old = t.block(5);
    t.import_held(old.clone(), certify(&old, VIEW)).unwrap();
    let (block, certificate) = t.first_of_new_set();
    let error = t.sync(block, Some(&certificate)).unwrap_err();
    assert!(error.starts_with("verifier: "), "{error}");
}

/// The time of the block that a record is said to be above is what counts.
#[test]
fn above_a_young_block_none_waits() {
    let now_ms = unix_ms();
    for (made_ms, waits) in [(now_ms, false), (now_ms - 2 * MAX_UNSURE_AGE_MS, true)] {
        let old = setup().block(made_ms);
        let record = TakeOver {
            parent: old.hash(),
            ..take_over(HEIGHT, NEW_SET)
        };
        let judged = record.clone();
        let t = setup_judged(move || Verdict::Open(judged.clone()));
        t.import_held(old.clone(), certify(&old, VIEW)).unwrap();
        let item = record.item();
        let state = height_state(4).under(Arc::new(record));
        let author = state.primary(HEIGHT + 1, VIEW).unwrap();
        let pre = PreDigest {
            view: VIEW,
            author,
            timestamp_ms: made_ms + 1,
        };
        let mut header = pre_header(HEIGHT + 1, old.hash(), pre);
        header.digest.logs.push(item);
        let header = seal_under(header, &state, author, VIEW);
        let certificate = commit(&state, HEIGHT + 1, VIEW, header.hash(), 0..4);
        let result = t.sync(Block::new(header, Vec::new()), Some(&certificate));
        match waits {
            true => assert_eq!(result, Ok(ImportResult::MissingState)),
            false => assert!(result.unwrap_err().starts_with("verifier: ")),
        }
    }
}

#[test]
fn a_good_record_is_taken_with_its_block() {
    let record = setup().record();
    let t = setup_judged(move || Verdict::Good(record.clone()));
    // Whatever else is wrong with the first block that brings it.
    let (block, _) = t.first_of_new_set();
    let bad = certify(&t.block(5), VIEW);
    let error = t.sync(block, Some(&bad)).unwrap_err();
    assert!(error.starts_with("verifier: "), "{error}");
    let known = t.states.recovery_above(t.genesis.hash());
    assert_eq!(known.as_deref(), Some(&t.record()));
    let (block, certificate) = t.first_of_new_set();
    let result = t.sync(block, Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
    // As the log brings it.
    let record = setup().record();
    let t = setup_judged(move || Verdict::Good(record.clone()));
    let imported = t.import_decided(t.first_of_new_set());
    assert_eq!(imported, Ok(ImportOutcome::Imported));
}

#[test]
fn a_block_with_a_bad_record_is_a_bad_one() {
    let t = setup_judged(|| Verdict::Bad);
    let (block, certificate) = t.first_of_new_set();
    let error = t.sync(block.clone(), Some(&certificate)).unwrap_err();
    assert!(error.starts_with("verifier: "), "{error}");
    // Whoever is trusted in that says otherwise.
    t.states.announce(t.record()).unwrap();
    let result = t.sync(block, Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
}

#[test]
fn a_second_record_of_the_same_head_takes_the_place_of_the_first() {
    let record = setup().record();
    let t = setup_judged(move || Verdict::Good(record.clone()));
    let first = TakeOver {
        parent: t.genesis.hash(),
        ..take_over(HEIGHT - 1, NEW_SET - 1)
    };
    t.states.announce(first).unwrap();
    let (block, certificate) = t.first_of_new_set();
    let result = t.sync(block, Some(&certificate)).unwrap();
    assert!(matches!(result, ImportResult::Imported(_)));
    // But not the other way round.
    let first = TakeOver {
        parent: t.genesis.hash(),
        ..take_over(HEIGHT - 1, NEW_SET - 1)
    };
    let item = first.item();
    let t = setup_judged(move || Verdict::Good(first.clone()));
    t.states.announce(t.record()).unwrap();
    let (block, certificate) = t.bringing(vec![item]);
    let error = t.sync(block, Some(&certificate)).unwrap_err();
    assert!(error.contains("another record"), "{error}");
}

#[test]
fn where_nobody_records_sets_a_block_with_a_record_is_a_bad_one() {
    let t = setup();
    let (block, certificate) = t.first_of_new_set();
    let error = t.sync(block.clone(), Some(&certificate)).unwrap_err();
    assert!(error.starts_with("verifier: "), "{error}");
    assert!(error.contains("not known here"), "{error}");
    assert!(t.import_decided((block, certificate)).is_err());
}

#[test]
fn once_a_record_came_no_block_of_the_old_set_is_imported_above_the_head() {
    let t = setup();
    let old = t.block(5);
    t.states.announce(t.record()).unwrap();
    let error = t.sync(old.clone(), Some(&certify(&old, VIEW))).unwrap_err();
    assert!(error.starts_with("verifier: "), "{error}");
    assert!(error.contains("does not bring the record"), "{error}");
    // The driver had it decided before.
    let held = t.import_held(old.clone(), certify(&old, VIEW));
    assert!(held.unwrap_err().to_string().contains("does not bring"));
    assert!(t
        .import_decided((old.clone(), certify(&old, VIEW)))
        .is_err());
    // Nor one of the new set without it, or with another one.
    for items in [vec![], vec![take_over(0, 8).item()]] {
        let (block, certificate) = t.bringing(items);
        assert!(t.sync(block.clone(), Some(&certificate)).is_err());
        assert!(t.import_decided((block, certificate)).is_err());
    }
    assert!(t.chain.commits.lock().is_empty());
}

#[test]
fn a_record_that_comes_too_late_or_of_another_chain_is_refused() {
    let t = setup();
    let other = TakeOver {
        parent: Hash::repeat_byte(7),
        ..t.record()
    };
    let error = t.states.announce(other.clone()).unwrap_err();
    assert!(matches!(error, RecoveryError::OtherHead { height: 0, .. }));
    // Of blocks that are not here yet it is kept.
    assert_eq!(t.states.announce(take_over(50, NEW_SET)), Ok(true));

    let old = t.block(5);
    t.import_held(old.clone(), certify(&old, VIEW)).unwrap();
    let passed = RecoveryError::Passed {
        height: 0,
        own: old.hash(),
    };
    assert_eq!(t.states.announce(t.record()), Err(passed));
    // Those that were there before the chain was opened are looked at then.
    let recoveries = Recoveries::default();
    for takeover in [other, take_over(50, NEW_SET)] {
        recoveries.announce(takeover).unwrap();
    }
    recoveries.announce(t.record()).unwrap();
    let states = ConsensusStates::new(t.chain.clone(), Arc::new(NoOutputs));
    let states = states.with_recoveries(recoveries.clone());
    let left: Vec<_> = recoveries.all().iter().map(|left| left.height).collect();
    assert_eq!(left, [50]);
    assert_eq!(states.recoveries().all().len(), 1);
}

#[test]
fn who_decided_the_first_block_of_a_new_set_stands_in_the_record_or_in_its_own_state() {
    let t = setup();
    t.states.announce(t.record()).unwrap();
    let (block, certificate) = t.first_of_new_set();
    t.sync(block.clone(), Some(&certificate)).unwrap();
    let (context, set) = t.states.that_decided(&block.header).unwrap();
    assert_eq!((context.set_id, set), (NEW_SET, t.record().set));
    // Known again after a restart, as it stands in the chain.
    let fresh = ConsensusStates::new(t.chain.clone(), Arc::new(NoOutputs));
    let (context, _) = fresh.that_decided(&block.header).unwrap();
    assert_eq!(context, height_state(4).context, "what its own state says");
    assert_eq!(fresh.announce(t.record()), Ok(true));
    let (context, _) = fresh.that_decided(&block.header).unwrap();
    assert_eq!(context.set_id, NEW_SET);
    // If it hands over as well, its own state names the set after it.
    let fresh = ConsensusStates::new(t.chain.clone(), Arc::new(NoOutputs));
    let change = ConsensusLog::SetChange(height_state(4).set.as_ref().clone()).to_digest_item();
    let (both, _) = t.bringing(vec![t.record().item(), change]);
    assert!(matches!(
        fresh.that_decided(&both.header),
        Err(ConsensusStateError::UnknownRecovery(_))
    ));
}
