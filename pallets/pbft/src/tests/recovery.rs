// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Sets in place of others that lost their quorum: from which block on they decide, and what goes on as before.

use super::offences::{apply, Report};
use crate::{
    mock::*, ChangeQueued, Error, Event, ParentSet, Participation, Seed, SessionParticipation,
    SessionRecords, SessionStart,
};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    traits::{Get, Hooks},
};
use hansa_pbft_primitives::{
    recovery::{recovery_item, MAX_RECOVERY_BYTES},
    ChainedSeed, ConsensusLog, Hash, NextSeed, ParentCertificate, SetId, SignerBitmap,
};
use pallet_session::ShouldEndSession;
use proptest::prelude::*;
use sp_runtime::{transaction_validity::InvalidTransaction, DigestItem};

/// A block that brings the record of these members, the first of whom makes it.
fn recovering(accounts: &[AccountId]) -> Draft {
    Draft {
        record: Some(record(accounts)),
        ..Default::default()
    }
}

fn remove(account: AccountId) {
    Draft::default().make_with(|| {
        assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), account));
    });
}

#[test]
fn the_set_of_a_record_decides_the_very_block_that_brings_it() {
    ExtBuilder::default().run(|| {
        for _ in 0..3 {
            block();
        }
        take_reports();
        let session = Session::current_index();
        let header = Draft {
            author: 1,
            signers: Some(vec![0, 1, 3]),
            ..recovering(&[3, 5, 6])
        }
        .make_with(|| {
            assert_eq!(Pbft::deciding_set().accounts.into_inner(), [3, 5, 6]);
            assert_eq!(Pbft::current_block().map(|b| b.account), Some(5));
            assert_eq!(Authorship::author(), Some(5));
        });
        assert_eq!(
            events(),
            [Event::SetRecovered {
                id: 1,
                authorities: 3
            }]
        );
        let told = ConsensusLog::find_set_change(&header.digest);
        assert_eq!(told, None, "the record hands over");
        let set = Pbft::consensus_state().set;
        assert_eq!((set.id, members()), (1, vec![3, 5, 6]));
        assert_eq!(set.get(1).map(|a| a.key.clone()), Some(key(5)));
        assert_eq!(Session::current_index(), session + 1);
        assert_eq!(Session::validators(), members());
        // The block counts for who made it; the parent's certificate is of the set that is gone.
        let authored = |authored| Participation {
            authored,
            signed: 0,
        };
        assert_eq!(
            SessionParticipation::<Test>::get().into_inner(),
            [authored(0), authored(1), authored(0)]
        );
        let four = vec![(1, true), (2, true), (3, false), (4, true)];
        assert_eq!(take_reports(), [(Some(5), four)]);
    });
}

#[test]
fn it_goes_on_without_another_change() {
    ExtBuilder::default().run(|| {
        block();
        let seed = Seed::<Test>::get();
        recovering(&[6, 2, 5]).make();
        // A new session has a new seed, and this one ends when the other would have.
        assert_eq!(Seed::<Test>::get(), ChainedSeed::next_seed(&seed, 1));
        assert_eq!(SessionStart::<Test>::get(), 0);
        assert_eq!(ParentSet::<Test>::get(), None);
        assert_eq!(Pbft::parent_set().accounts.into_inner(), [6, 2, 5]);
        block();
        let signed: Vec<_> = SessionParticipation::<Test>::get()
            .iter()
            .map(|p| p.signed)
            .collect();
        assert_eq!(signed, [1, 1, 1]);
        assert_eq!(Session::current_index(), 1);
        for _ in 0..2 {
            let header = end_session();
            assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
            assert!(!ChangeQueued::<Test>::get());
            let set = Pbft::consensus_state().set;
            assert_eq!((set.id, members()), (1, vec![6, 2, 5]));
        }
        assert_eq!(SessionStart::<Test>::get(), 2 * SESSION_MS);
    });
}

#[test]
fn the_parents_certificate_is_held_against_the_set_that_signed_it() {
    ExtBuilder::default().run(|| {
        block();
        let draft = recovering(&[5, 6]);
        draft.begin();
        let note = |len, signers: &[u16]| {
            let signers = SignerBitmap::new(len, signers.iter().copied());
            let certificate = ParentCertificate { view: 0, signers };
            Pbft::note_parent_certificate(RuntimeOrigin::none(), certificate)
        };
        assert_noop!(note(2, &[0, 1]), Error::<Test>::NoQuorum);
        assert_noop!(note(4, &[0, 1]), Error::<Test>::NoQuorum);
        draft.inherents();
        end();
    });
}

/// Then the session of the set to which it handed over has decided nothing.
#[test]
fn the_parent_may_have_handed_over() {
    ExtBuilder::default().run(|| {
        for account in [1, 2, 3] {
            remove(account);
        }
        end_session();
        let header = block();
        assert!(ConsensusLog::find_set_change(&header.digest).is_some());
        assert_eq!(members(), [4]);
        take_reports();

        let of_four = Draft {
            signers: Some(vec![1, 2, 3]),
            ..recovering(&[5, 6])
        };
        of_four.make();
        let four = vec![(1, false), (2, true), (3, true), (4, true)];
        assert_eq!(take_reports(), [(Some(5), four)]);
        assert_eq!((Pbft::consensus_state().set.id, members()), (2, vec![5, 6]));
        assert_eq!(Pbft::parent_set().accounts.into_inner(), [5, 6]);
        let session = Session::current_index();
        let begins = |session| {
            let record = SessionRecords::<Test>::get(session).expect("it is kept");
            (record.set_id, record.first_height)
        };
        let height = System::block_number();
        assert_eq!(begins(session - 1), (1, height));
        assert_eq!(begins(session), (2, height));
        block();
    });
}

/// A quorum may be back when the record is made already: the id goes up all the same, as everybody counts on it.
#[test]
fn the_same_members_are_another_set() {
    ExtBuilder::default().run(|| {
        block();
        recovering(&[1, 2, 3, 4]).make();
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (1, vec![1, 2, 3, 4])
        );
        assert_eq!(Session::current_index(), 1);
    });
}

#[test]
fn the_block_may_be_one_in_which_a_session_ends() {
    ExtBuilder::default().run(|| {
        while !Pbft::should_end_session(0) {
            block();
        }
        recovering(&[4, 5, 6]).make();
        assert_eq!(Session::current_index(), 1, "it ends once");
        assert_eq!(SessionStart::<Test>::get(), SESSION_MS);
        for _ in 0..5 {
            assert_eq!(ConsensusLog::find_set_change(&block().digest), None);
        }
        assert_eq!((Session::current_index(), members()), (1, vec![4, 5, 6]));
    });
}

#[test]
fn a_set_that_is_queued_is_dropped() {
    ExtBuilder::default().run(|| {
        remove(1);
        end_session();
        assert!(ChangeQueued::<Test>::get());
        recovering(&[1, 2, 5]).make();
        assert!(!ChangeQueued::<Test>::get());
        let session = Session::current_index();
        for _ in 0..3 {
            assert_eq!(ConsensusLog::find_set_change(&block().digest), None);
        }
        assert_eq!(Session::current_index(), session);
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (1, vec![1, 2, 5])
        );
    });
}

#[test]
fn recoveries_may_follow_each_other() {
    ExtBuilder::default().run(|| {
        block();
        recovering(&[1, 5]).make();
        take_reports();
        recovering(&[2, 6]).make();
        assert_eq!(
            take_reports(),
            [(Some(2), vec![(1, true), (5, true)])],
            "the first one decided the parent"
        );
        block();
        assert_eq!(take_reports(), [(Some(2), vec![(2, true), (6, true)])]);
        assert_eq!((Pbft::consensus_state().set.id, members()), (2, vec![2, 6]));
    });
}

/// The hub had recorded others above the same head, which decided nothing: their ids are left out.
#[test]
fn the_set_has_the_id_of_its_record_and_goes_on_from_there() {
    ExtBuilder::default().run(|| {
        // The head may have handed over as well.
        for account in [1, 2, 3] {
            remove(account);
        }
        end_session();
        assert!(ConsensusLog::find_set_change(&block().digest).is_some());
        let draft = Draft {
            record: Some(with_id(4, &[1, 5])),
            signers: Some(vec![1, 2, 3]),
            ..Default::default()
        };
        draft.make();
        assert_eq!((Pbft::consensus_state().set.id, members()), (4, vec![1, 5]));
        let height = System::block_number();
        let session = Session::current_index();
        let record = SessionRecords::<Test>::get(session).expect("it is kept");
        assert_eq!((record.set_id, record.first_height), (4, height));
        // What its members do is laid to them under that id.
        Pbft::do_try_state().expect("the block keeps the invariants");
        assert!(Pbft::key_ownership_proof(4, &key(5)).is_some());
        assert!(Pbft::key_ownership_proof(2, &key(5)).is_none());
        let report = Report::new(1, height);
        Draft::default().make_with(|| {
            assert_ok!(apply(report.call(report.double_vote(0))));
        });
        assert_eq!(take_convictions().len(), 1);
    });
}

#[test]
fn the_recovered_set_hands_over_as_any_other() {
    ExtBuilder::default().run(|| {
        block();
        let draft = Draft {
            record: Some(with_id(3, &[1, 2, 5])),
            ..Default::default()
        };
        draft.make();
        remove(2);
        end_session();
        let header = block();
        let next = ConsensusLog::find_set_change(&header.digest).expect("it hands over");
        assert_eq!((next.id, next.len(), members()), (4, 2, vec![1, 5]));
        block();
    });
}

#[test]
fn members_of_both_sets_answer_for_what_they_signed() {
    ExtBuilder::default().run(|| {
        block();
        block();
        let old = Report::new(1, 2);
        // That height was not decided by the four, whatever they signed there.
        let undecided = Report {
            height: 3,
            ..Report::new(2, 2)
        };
        recovering(&[5, 6, 1]).make();
        let new = Report::new(1, 3);
        assert!(Pbft::key_ownership_proof(1, &key(6)).is_some());
        Draft::default().make_with(|| {
            let refused = apply(undecided.call(undecided.double_vote(0)));
            assert_eq!(refused, Err(InvalidTransaction::BadProof));
            assert_ok!(apply(old.call(old.double_vote(0))));
            assert_ok!(apply(new.call(new.double_vote(0))));
        });
        let convicted: Vec<_> = take_convictions()
            .into_iter()
            .map(|c| (c.offender, c.session, c.height, c.total_weight))
            .collect();
        assert_eq!(convicted, [(2, 0, 2, 4), (6, 1, 3, 3)]);
        assert_eq!(Pbft::is_convicted_at(3, 1), Some(true));
        assert_eq!(Pbft::is_convicted_at(3, 2), Some(false));
    });
}

#[test]
fn the_first_block_may_bring_a_record() {
    ExtBuilder::default().run(|| {
        recovering(&[5, 6]).make();
        block();
        assert_eq!((Pbft::consensus_state().set.id, members()), (1, vec![5, 6]));
    });
}

#[test]
fn it_takes_the_whole_block() {
    for whole in [false, true] {
        ExtBuilder::default().build().execute_with(|| {
            block();
            let draft = Draft {
                record: whole.then(|| record(&[1, 5])),
                ..Default::default()
            };
            System::initialize(&2, &hash_of(1), &draft.digest());
            let weight = Pbft::on_initialize(2);
            let weights: frame_system::limits::BlockWeights =
                <Test as frame_system::Config>::BlockWeights::get();
            let most = weights.max_block;
            assert_eq!(weight.ref_time() >= most.ref_time(), whole);
        });
    }
}

/// Makes what stands in a header beside the author's item.
type Items = fn() -> Vec<DigestItem>;

fn item(record: Record) -> DigestItem {
    recovery_item(&record.encode())
}

/// The record of these members as the set with this id.
fn with_id(id: SetId, accounts: &[AccountId]) -> Record {
    Record {
        id,
        ..record(accounts)
    }
}

#[test]
fn a_block_with_a_record_that_is_not_good_is_not_valid() {
    let cases: [(&str, Items, bool); 10] = [
        ("none", Vec::new, true),
        ("a good one", || vec![item(record(&[1, 5]))], true),
        (
            "two",
            || vec![item(record(&[1, 5])), item(record(&[1, 5]))],
            false,
        ),
        ("no record", || vec![recovery_item(&[])], false),
        (
            "one that is too long",
            || vec![recovery_item(&[0; MAX_RECOVERY_BYTES + 1])],
            false,
        ),
        (
            "of another parent",
            || {
                let parent = Hash::zero();
                vec![item(Record {
                    parent,
                    ..record(&[1, 5])
                })]
            },
            false,
        ),
        ("of a later set", || vec![item(with_id(7, &[1, 5]))], true),
        (
            "of the set before",
            || vec![item(with_id(0, &[1, 5]))],
            false,
        ),
        ("of nobody", || vec![item(record(&[]))], false),
        // Then the session's validators are not those of the record.
        ("of one without keys", || vec![item(record(&[1, 7]))], false),
    ];
    for (what, items, good) in cases {
        let begun = std::panic::catch_unwind(|| {
            ExtBuilder::default().build().execute_with(|| {
                block();
                let mut logs = Draft::default().digest().logs;
                logs.extend(items());
                begin_with(logs);
            })
        });
        assert_eq!(begun.is_ok(), good, "{what}");
    }
}

/// What happens in a block.
#[derive(Clone, Debug)]
enum Step {
    Nothing,
    Add(AccountId),
    Remove(AccountId),
    /// By these members, with so many ids left out.
    Recover(Vec<AccountId>, SetId),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 1..=6u64;
    let set = prop::sample::subsequence((1..=6u64).collect::<Vec<_>>(), 1..=6).prop_shuffle();
    prop_oneof![
        8 => Just(Step::Nothing),
        1 => who.clone().prop_map(Step::Add),
        1 => who.prop_map(Step::Remove),
        2 => (set, 0..3u64).prop_map(|(set, gap)| Step::Recover(set, gap)),
    ]
}

/// Make a block under the set that is to decide it, whose parent `decided` has decided. Returns the ids of the
/// sets that its header brings.
fn make_and_check(step: &Step, decided: &[AccountId], decides: &[AccountId]) -> Vec<u64> {
    let draft = match step {
        Step::Recover(accounts, gap) => {
            let next = record(accounts).id;
            Draft {
                record: Some(with_id(next + gap, accounts)),
                ..Default::default()
            }
        }
        _ => Draft::default(),
    };
    let recovered = draft.record.as_ref().map(|record| record.id);
    draft.begin();
    assert_eq!(Pbft::parent_set().accounts.into_inner(), decided);
    assert_eq!(Pbft::deciding_set().accounts.into_inner(), decides);
    draft.inherents();
    // It fails where there is nobody to add or to remove.
    let _ = match step {
        Step::Add(account) => Pbft::add_authority(RuntimeOrigin::root(), *account),
        Step::Remove(account) => Pbft::remove_authority(RuntimeOrigin::root(), *account),
        _ => Ok(()),
    };
    let header = end();
    let handed_over = ConsensusLog::find_set_change(&header.digest).map(|set| set.id);
    recovered.into_iter().chain(handed_over).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens: each block is decided by the set that was announced last, each certificate is held against the set that
    /// made it, ids go up by one, or as a record says, and the session pallet has the same validators.
    #[test]
    fn sets_follow_each_other(steps in prop::collection::vec(step(), 1..60)) {
        ExtBuilder::default().run(|| {
            let (mut decided, mut id) = (members(), 0);
            for step in &steps {
                let decides = match step {
                    Step::Recover(accounts, _) => accounts.clone(),
                    _ => members(),
                };
                let gap = match step {
                    Step::Recover(_, gap) => *gap,
                    _ => 0,
                };
                let changes = make_and_check(step, &decided, &decides);
                assert!(changes.len() <= 1, "two sets in a header");
                for change in changes {
                    id += 1 + gap;
                    assert_eq!(change, id);
                }
                assert_eq!(Pbft::consensus_state().set.id, id);
                assert_eq!(Session::validators(), members());
                Pbft::do_try_state().expect("the block keeps the invariants");
                decided = decides;
            }
        });
    }
}
