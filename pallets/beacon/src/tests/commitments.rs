// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who may commit and reveal, and when.

use crate::{mock::*, Call, CommitmentState, Commitments, Event, Tallies};
use frame_support::assert_noop;
use hansa_beacon_primitives::{commitment::commitment, CommittedIds};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

fn refused(reason: InvalidTransaction) -> TransactionValidityError {
    TransactionValidityError::Invalid(reason)
}

#[test]
fn a_node_commits_and_reveals_without_a_fee() {
    ExtBuilder::default().run(|| {
        let id = id(1);
        take_reveals();
        commit(1).unwrap();
        assert_eq!(held(1), BOND * u64::from(MAX_BONDS));
        assert_eq!(
            events(),
            [Event::Committed {
                epoch: 0,
                account: 1
            }]
        );
        to_reveal();
        assert_eq!(
            Beacons::id_of(0, &1),
            None,
            "nothing is known before the reveal"
        );
        assert_eq!(take_reveals(), []);
        reveal(1).unwrap();
        assert_eq!(
            events().last(),
            Some(&Event::Revealed {
                epoch: 0,
                account: 1,
                id
            })
        );
        assert_eq!(take_reveals(), [(0, 1)], "who asks for it is told");
        assert_eq!(Beacons::id_of(0, &1), Some(id));
        assert_eq!(Beacons::id_at(0, 0), Some((1, id)));
        assert_eq!(Beacons::places(0), 1);
        assert_eq!(total(1), FUNDS);
    });
}

#[test]
fn a_commitment_is_taken_once() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        assert_noop!(apply(commit_call(1)), refused(InvalidTransaction::Stale));
    });
}

#[test]
fn only_pooled_nodes_commit() {
    ExtBuilder::default().run(|| {
        leave_pool(1);
        assert_noop!(apply(commit_call(1)), refused(InvalidTransaction::BadProof));
    });
}

#[test]
fn the_nodes_key_must_have_signed() {
    ExtBuilder::default().run(|| {
        let hash = commitment_of(1);
        let call = |signature| Call::commit {
            epoch: 0,
            account: 1,
            commitment: hash,
            signature,
        };
        let bad = [
            signature(2, 0, &hash),
            signature(1, 1, &hash),
            signature(1, 0, &[0; 32]),
        ];
        for signature in bad {
            assert_noop!(
                apply(call(signature)),
                refused(InvalidTransaction::BadProof)
            );
        }
        apply(call(signature(1, 0, &hash))).unwrap();
    });
}

#[test]
fn nobody_commits_without_the_bonds() {
    ExtBuilder::default().run(|| {
        use frame_support::traits::fungible::Mutate;
        Balances::set_balance(&1, BOND * u64::from(MAX_BONDS));
        assert_noop!(apply(commit_call(1)), refused(InvalidTransaction::Payment));
        Balances::set_balance(&1, BOND * u64::from(MAX_BONDS) + 1);
        commit(1).unwrap();
    });
}

#[test]
fn there_is_room_for_so_many() {
    ExtBuilder::default().run(|| {
        MaxCommitments::set(3);
        for account in 1..=3 {
            commit(account).unwrap();
        }
        let full = refused(InvalidTransaction::ExhaustsResources);
        assert_noop!(apply(commit_call(4)), full);
    });
}

#[test]
fn each_part_takes_its_calls_only() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        assert_noop!(apply(reveal_call(1)), refused(InvalidTransaction::Future));
        to_reveal();
        assert_noop!(apply(commit_call(2)), refused(InvalidTransaction::Stale));
        let call = reveal_call(1);
        to_mix();
        assert_noop!(apply(call.clone()), refused(InvalidTransaction::Stale));
        assert_noop!(apply(commit_call(2)), refused(InvalidTransaction::Stale));
        to_next_epoch();
        assert_noop!(apply(call), refused(InvalidTransaction::Stale));
        let mut ahead = commit_call(3);
        if let Call::commit { epoch, .. } = &mut ahead {
            *epoch += 1;
        }
        assert_noop!(apply(ahead), refused(InvalidTransaction::Future));
    });
}

#[test]
fn only_what_was_committed_to_is_revealed_and_once() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        to_reveal();
        let other = Call::reveal {
            epoch: 0,
            account: 1,
            id: [7; 32],
        };
        assert_noop!(apply(other), refused(InvalidTransaction::BadProof));
        assert_noop!(apply(reveal_call(2)), refused(InvalidTransaction::Stale));
        reveal(1).unwrap();
        assert_noop!(apply(reveal_call(1)), refused(InvalidTransaction::Stale));
    });
}

#[test]
fn a_copied_commitment_cannot_be_opened() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        let copied = commitment_of(1);
        apply(Call::commit {
            epoch: 0,
            account: 2,
            commitment: copied,
            signature: signature(2, 0, &copied),
        })
        .unwrap();
        let victims_id = id(1);
        to_reveal();
        reveal(1).unwrap();
        let copy = Call::reveal {
            epoch: 0,
            account: 2,
            id: victims_id,
        };
        assert_noop!(apply(copy), refused(InvalidTransaction::BadProof));
    });
}

#[test]
fn a_commitment_of_another_chain_or_epoch_cannot_be_opened() {
    ExtBuilder::default().run(|| {
        let id = [9; 32];
        let hash = commitment(&genesis(), 1, &1u64, &id);
        let signature = signature(1, 0, &hash);
        apply(Call::commit {
            epoch: 0,
            account: 1,
            commitment: hash,
            signature,
        })
        .unwrap();
        to_reveal();
        let call = Call::reveal {
            epoch: 0,
            account: 1,
            id,
        };
        assert_noop!(apply(call), refused(InvalidTransaction::BadProof));
    });
}

#[test]
fn a_node_that_lost_its_place_in_the_pool_may_still_reveal() {
    ExtBuilder::default().run(|| {
        commit(1).unwrap();
        to_reveal();
        leave_pool(1);
        reveal(1).unwrap();
        assert!(matches!(
            Commitments::<Test>::get(0, 1).unwrap().state,
            CommitmentState::Revealed(_)
        ));
        assert_eq!(Tallies::<Test>::get(0).withheld(), 0);
    });
}

#[test]
fn the_calls_take_no_other_origin() {
    ExtBuilder::default().run(|| {
        let hash = commitment_of(1);
        let signature = signature(1, 0, &hash);
        for origin in [
            RuntimeOrigin::none(),
            RuntimeOrigin::root(),
            RuntimeOrigin::signed(1),
        ] {
            assert_noop!(
                Beacons::commit(origin.clone(), 0, 1, hash, signature.clone()),
                sp_runtime::DispatchError::BadOrigin
            );
            assert_noop!(
                Beacons::reveal(origin, 0, 1, [0; 32]),
                sp_runtime::DispatchError::BadOrigin
            );
        }
    });
}
