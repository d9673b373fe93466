// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Sets that the hub records in place of one that lost its quorum: which are taken, and what follows.

use crate::{mock::*, Event, Hub, LastOrdinal, Seed, Waiting};
use frame_support::{assert_ok, assert_storage_noop};
use hansa_dappchain_primitives::{route, ChainPacket, Hash, Head, Recovery};
use hansa_interchain_primitives::traits::SystemPacketRefused;
use hansa_pallet_pbft::{ChangeQueued, KeyOwnershipProof, SessionRecords};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityPair, ConsensusLog, Evidence, Offence, RecoveredSet,
    SignedStatement, SigningContext, TakeRecovery, VoteKind, KEY_TYPE,
};
use sp_core::{crypto::ByteArray, Pair};

/// Ask whether a record is good in the next block.
fn ask(bytes: &[u8]) -> Option<RecoveredSet<AccountId>> {
    let height = System::block_number();
    let before = Pbft::consensus_state().set.id;
    AssignedSet::take_recovery(bytes, height, hash_of(height), before)
}

fn owner(number: u64) -> Option<AccountId> {
    Session::key_owner(KEY_TYPE, key(number).as_slice())
}

/// All blocks that the hub is told of, and those of some nodes.
fn reported(nodes: &[AccountId]) -> (u32, Vec<u32>) {
    let all: Vec<_> = Sent::get()
        .into_iter()
        .flat_map(|(_, ChainPacket::Authored { blocks, .. })| blocks)
        .collect();
    let of = |node: AccountId| {
        all.iter()
            .filter(|(n, _)| *n == node)
            .map(|(_, made)| made)
            .sum::<u32>()
    };
    let sum = all.iter().map(|(_, made)| made).sum::<u32>();
    (sum, nodes.iter().map(|node| of(*node)).collect())
}

#[test]
fn the_recorded_set_decides_at_once_with_its_keys() {
    with_hub(|| {
        block();
        block();
        let header = recover_by(2, &record(set(3, &[1, 7, 5, 6])));
        assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (1, vec![1, 7, 5, 6])
        );
        let made = Event::BlocksReported {
            session: 0,
            blocks: 2,
        };
        let taken = Event::SetTaken {
            ordinal: 3,
            members: 4,
        };
        assert_eq!(events(), [taken, Event::SetPlanned { ordinal: 3 }, made]);
        assert_eq!(LastOrdinal::<Test>::get(), 3);
        assert_eq!(Waiting::<Test>::get(), None);
        assert_eq!(Seed::<Test>::get(), Some([3; 32]));
        // The session pallet follows, with who has which keys.
        assert_eq!(Session::validators(), [1, 7, 5, 6]);
        assert_eq!((owner(1), owner(7), owner(2)), (Some(1), Some(7), None));
        assert_eq!(Session::load_keys(&2), None);
        let queued: Vec<_> = Session::queued_keys().into_iter().map(|(a, _)| a).collect();
        assert_eq!(queued, [1, 7, 5, 6]);
        for _ in 0..2 {
            end_session();
            let header = block();
            assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
        }
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (1, vec![1, 7, 5, 6])
        );
    });
}

/// What is changed in a good record.
type Change = fn(&mut Recovery<AccountId>);

#[test]
fn only_a_record_of_this_place_is_taken() {
    with_hub(|| {
        block();
        assert_ok!(take(HUB, set(2, &[1, 2, 3, 5])));
        block();
        let cases: [(&str, Change); 9] = [
            ("another chain", |r| r.chain += 1),
            ("another genesis", |r| r.genesis = Hash::zero()),
            ("a lower head", |r| {
                r.head = Head {
                    height: 1,
                    hash: hash_of(1),
                }
            }),
            ("a head of another height", |r| r.head.height += 1),
            ("a head of another hash", |r| r.head.hash = Hash::zero()),
            ("the id of the set before", |r| r.set_id -= 1),
            ("a set of before", |r| r.next.ordinal = 2),
            ("nobody", |r| r.next = set(3, &[])),
            ("a node twice", |r| {
                let nodes = [(1, 1), (2, 2), (2, 3)];
                r.next = set_of(3, nodes.into_iter().map(|(n, k)| node_with_key(n, k)));
            }),
        ];
        let good = record(set(3, &[1, 2, 5, 6]));
        for (what, change) in cases {
            let mut record = good.clone();
            change(&mut record);
            assert_storage_noop!(assert_eq!(ask(&record.to_bytes()), None, "{what}"));
        }
        let mut long = good.to_bytes();
        long.push(0);
        assert_storage_noop!(assert_eq!(ask(&long), None));
        let after = |set| {
            let head = good.head;
            AssignedSet::take_recovery(&good.to_bytes(), head.height, head.hash, set)
        };
        assert_storage_noop!(assert_eq!(after(1), None));
        let recovered = ask(&good.to_bytes()).expect("it is good");
        assert_eq!(Ok(recovered.set), good.set());
        assert_eq!(recovered.accounts, [1, 2, 5, 6]);
    });
}

#[test]
fn the_light_client_of_the_hub_goes_on_from_where_the_hub_stood() {
    with_hub(|| {
        block();
        let refused = Recovery {
            head: Head {
                height: 0,
                hash: hash_of(0),
            },
            ..record(set(1, &[1, 2, 5, 6]))
        };
        assert_eq!(ask(&refused.to_bytes()), None);
        assert_eq!(Renewed::get(), []);
        recover_by(0, &record(set(1, &[1, 2, 5, 6])));
        assert_eq!(Renewed::take(), [route::to_hub(&hub_at(9))]);
        // It may not be told.
        let record = Recovery {
            hub: None,
            ..record(set(2, &[1, 2, 5, 7]))
        };
        recover_by(0, &record);
        assert_eq!((members(), Renewed::get()), (vec![1, 2, 5, 7], vec![]));
    });
}

#[test]
fn nobody_recovers_a_chain_that_stands_alone() {
    ExtBuilder { hub: false }.run(|| {
        block();
        let record = record(set(1, &[1, 2, 3, 9]));
        assert_storage_noop!(assert_eq!(ask(&record.to_bytes()), None));
        // The same record would do on a chain with a hub.
        frame_support::storage::with_transaction(|| {
            Hub::<Test>::put(HUB);
            assert!(ask(&record.to_bytes()).is_some());
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(()))
        })
        .expect("it is no error");
    });
}

#[test]
fn no_record_is_taken_twice() {
    with_hub(|| {
        block();
        let first = record(set(1, &[1, 2, 5, 6]));
        recover_by(0, &first);
        assert_eq!(ask(&first.to_bytes()), None);
        // Nor is its set, in a record of the new head.
        let again = record(first.next.clone());
        assert_storage_noop!(assert_eq!(ask(&again.to_bytes()), None));
        // A later one is.
        recover_by(1, &record(set(2, &[2, 7])));
        assert_eq!((Pbft::consensus_state().set.id, members()), (2, vec![2, 7]));
        assert_eq!((owner(1), owner(2), owner(7)), (None, Some(2), Some(7)));
        block();
    });
}

/// The set of the first record lost its quorum, too, before it decided anything.
#[test]
fn the_second_record_of_a_head_leaves_an_id_out() {
    with_hub(|| {
        block();
        let first = record(set(1, &[1, 2, 5, 6]));
        let second = Recovery {
            set_id: first.set_id + 1,
            next: set(2, &[1, 5, 7, 8]),
            ..first.clone()
        };
        recover_by(3, &second);
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (2, vec![1, 5, 7, 8])
        );
        assert_eq!((owner(2), owner(8)), (None, Some(8)));
        // The first is over.
        let late = Recovery {
            head: record(first.next.clone()).head,
            ..first
        };
        assert_storage_noop!(assert_eq!(ask(&late.to_bytes()), None));
        block_by(1, || {
            assert_ok!(take(HUB, set(3, &[5, 6, 7, 8])));
        });
        end_session();
        let next = ConsensusLog::find_set_change(&block().digest).expect("it hands over");
        assert_eq!(next.id, 3);
        block();
    });
}

#[test]
fn a_set_that_waits_is_dropped() {
    with_hub(|| {
        block();
        assert_ok!(take(HUB, set(1, &[1, 2, 3, 5])));
        block();
        recover_by(0, &record(set(2, &[1, 2, 5, 6])));
        assert_eq!(Waiting::<Test>::get(), None);
        end_session();
        block();
        assert_eq!(members(), [1, 2, 5, 6]);
        // What comes late is refused.
        assert_eq!(take(HUB, set(1, &[1, 2, 3, 5])), Err(SystemPacketRefused));
    });
}

/// It has its keys already, and the next block was to hand over to it.
#[test]
fn a_set_that_is_planned_is_dropped_with_its_keys() {
    with_hub(|| {
        assert_ok!(take(HUB, set(1, &[1, 2, 7, 8])));
        end_session();
        assert!(ChangeQueued::<Test>::get());
        assert_eq!((owner(3), owner(8)), (None, Some(8)));
        recover_by(0, &record(set(2, &[1, 3, 5, 6])));
        assert_eq!((owner(3), owner(8)), (Some(3), None));
        assert!(!ChangeQueued::<Test>::get());
        let header = block();
        assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (1, vec![1, 3, 5, 6])
        );
    });
}

#[test]
fn the_head_may_have_handed_over() {
    with_hub(|| {
        assert_ok!(take(HUB, set(1, &[1, 2, 7, 8])));
        end_session();
        assert!(ConsensusLog::find_set_change(&block().digest).is_some());
        recover_by(3, &record(set(2, &[1, 3, 5, 6])));
        block();
        assert_eq!(
            (Pbft::consensus_state().set.id, members()),
            (2, vec![1, 3, 5, 6])
        );
        // The set between has made nothing.
        end_session();
        assert_eq!(
            reported(&[6, 7, 8]),
            (System::block_number(), vec![1, 0, 0])
        );
    });
}

#[test]
fn the_hub_orders_sets_as_before() {
    with_hub(|| {
        block();
        recover_by(0, &record(set(2, &[1, 2, 5, 6])));
        block_by(1, || {
            assert_ok!(take(HUB, set(3, &[2, 5, 6, 7])));
        });
        end_session();
        let header = block();
        let next = ConsensusLog::find_set_change(&header.digest).expect("it hands over");
        assert_eq!((next.id, members()), (2, vec![2, 5, 6, 7]));
        block();
    });
}

#[test]
fn every_block_is_reported_across_a_recovery() {
    with_hub(|| {
        block_by(3, || {});
        block_by(3, || {});
        // Node 6 makes the block that brings the record; account 4 is in both sets, at other places.
        recover_by(3, &record(set(1, &[4, 2, 5, 6])));
        assert_eq!(reported(&[4, 6]), (2, vec![2, 0]));
        block();
        end_session();
        let made = System::block_number();
        assert_eq!(reported(&[4, 6]), (made, vec![made - 1, 1]));
    });
}

#[test]
fn what_cannot_be_reported_is_kept() {
    with_hub(|| {
        block_by(3, || {});
        Sends::set(false);
        recover_by(0, &record(set(1, &[1, 2, 5, 6])));
        assert_eq!(Sent::get(), []);
        Sends::set(true);
        end_session();
        let made = System::block_number();
        assert_eq!(reported(&[1, 4]), (made, vec![made - 1, 1]));
    });
}

/// The block in which a session ends by time and the one that brings the record may be the same.
#[test]
fn a_session_ends_once() {
    with_hub(|| {
        use pallet_session::ShouldEndSession;
        assert_ok!(take(HUB, set(1, &[1, 2, 3, 5])));
        while !Pbft::should_end_session(0) {
            block();
        }
        let made = System::block_number();
        recover_by(0, &record(set(2, &[1, 2, 5, 6])));
        assert_eq!((Session::current_index(), members()), (1, vec![1, 2, 5, 6]));
        assert_eq!(reported(&[1]), (made, vec![made]));
        for _ in 0..3 {
            assert_eq!(ConsensusLog::find_set_change(&block().digest), None);
        }
        assert_eq!(Session::current_index(), 1);
    });
}

/// In any other set it would be a reason to drop the set.
#[test]
fn a_key_of_a_stranger_is_taken_from_it() {
    with_hub(|| {
        block();
        let nodes = [(1, 9), (2, 1), (5, 5), (6, 6)].map(|(node, n)| node_with_key(node, n));
        recover_by(0, &record(set_of(1, nodes.into_iter())));
        assert_eq!((owner(9), owner(1)), (Some(1), Some(2)));
        assert_eq!(Session::load_keys(&9), None);
        assert_eq!(members(), [1, 2, 5, 6]);
    });
}

#[test]
fn members_of_the_recovered_set_are_convicted() {
    with_hub(|| {
        block();
        recover_by(0, &record(set(1, &[5, 6, 7, 8])));
        let height = System::block_number();
        let deciding = hansa_pallet_pbft::CurrentSet::<Test>::get();
        let context = SigningContext {
            genesis: System::block_hash(0),
            set_id: 1,
        };
        let commit = |i| {
            let statement = VoteKind::Commit.statement(Hash::repeat_byte(i), NO_PROOF);
            let payload = context.payload(height, 0, &statement);
            SignedStatement {
                height,
                view: 0,
                statement,
                authority: 3,
                signature: AuthorityPair::from_seed(&[8; 32]).sign(&payload),
            }
        };
        let evidence = Evidence {
            set_id: 1,
            offence: Offence::between(&commit(1), &commit(2)).expect("they conflict"),
        };
        let call = hansa_pallet_pbft::Call::<Test>::report_offence {
            evidence: Box::new(evidence),
            set: deciding.set,
            key_owner_proof: KeyOwnershipProof {
                accounts: deciding.accounts,
            },
        };
        block_by(1, || {
            use frame_support::traits::Authorize;
            let source = sp_runtime::transaction_validity::TransactionSource::InBlock;
            let authorised = call.authorize(source).expect("it authorises itself");
            assert!(authorised.is_ok(), "{authorised:?}");
            let origin = frame_system::RawOrigin::Authorized.into();
            assert_ok!(sp_runtime::traits::Dispatchable::dispatch(
                RuntimeCall::from(call),
                origin
            ));
        });
        let session = Session::current_index();
        assert!(Pbft::is_convicted(session, 3));
        let record = SessionRecords::<Test>::get(session).expect("it is kept");
        assert_eq!((record.set_id, record.first_height), (1, height));
    });
}
