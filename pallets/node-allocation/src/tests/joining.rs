// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Joining by the word of a node's key.

use crate::{mock::*, Call, Left, Nodes};
use frame_support::{assert_ok, dispatch::GetDispatchInfo, traits::fungible::Mutate};
use hansa_allocation_primitives::{
    confirm::join_payload, Admission, EpochIndex, NodePlace, OwnNode,
};
use sp_core::{Pair, H256};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

fn call_by(signer: AccountId, account: AccountId, epoch: EpochIndex) -> Call<Test> {
    let payload = join_payload(&NodePool::genesis(), &account, epoch);
    Call::join_by_key {
        account,
        epoch,
        signature: pair(signer).sign(&payload),
    }
}

fn call(account: AccountId) -> Call<Test> {
    call_by(account, account, Epoch::get())
}

fn refused(call: Call<Test>, reason: InvalidTransaction) {
    assert_eq!(apply(call), Err(TransactionValidityError::Invalid(reason)));
}

fn admission(account: AccountId) -> Admission<AccountId> {
    let own = NodePool::own_node(&pair(account).public());
    let OwnNode {
        account: owner,
        admission,
    } = own.expect("all have keys");
    assert_eq!(owner, account);
    admission
}

#[test]
fn a_node_joins_by_the_word_of_its_key_for_no_fee() {
    ExtBuilder.run(|| {
        assert_eq!(admission(1), Admission::Open { epoch: 0 });
        let info = call(1).get_dispatch_info();
        assert_eq!(info.pays_fee, frame_support::dispatch::Pays::No);
        assert_ok!(apply(call(1)));
        let Admission::Pooled(status) = admission(1) else {
            panic!("it is in the pool");
        };
        assert_eq!(status.place, NodePlace::Waiting { from_epoch: 0 });
        assert_eq!(Balances::free_balance(1), FUNDS - DEPOSIT);
        // Once.
        refused(call(1), InvalidTransaction::Stale);
    });
}

#[test]
fn its_word_is_for_account_epoch_and_chain() {
    ExtBuilder.run(|| {
        refused(call_by(2, 1, 0), InvalidTransaction::BadProof);
        refused(call_by(1, KEYLESS, 0), InvalidTransaction::BadProof);
        let early = call(1);
        refused(call_by(1, 1, 1), InvalidTransaction::Stale);
        epoch();
        refused(early, InvalidTransaction::Stale);
        // A word of another epoch or chain, said to be of this one.
        for payload in [
            join_payload(&NodePool::genesis(), &1, 0),
            join_payload(&H256::repeat_byte(9), &1, 1),
        ] {
            let call = Call::join_by_key {
                account: 1,
                epoch: 1,
                signature: pair(1).sign(&payload),
            };
            refused(call, InvalidTransaction::BadProof);
        }
        assert!(!Nodes::<Test>::contains_key(1));
        assert_ok!(apply(call(1)));
    });
}

#[test]
fn it_needs_stake_deposit_and_room() {
    ExtBuilder.run(|| {
        set_unfit(2);
        assert_eq!(admission(2), Admission::MayNotServe);
        refused(call(2), InvalidTransaction::Call);
        Balances::set_balance(&3, DEPOSIT / 2);
        assert_eq!(admission(3), Admission::NoDeposit);
        refused(call(3), InvalidTransaction::Payment);
        MaxNodes::set(1);
        assert_ok!(apply(call(1)));
        assert_eq!(admission(4), Admission::PoolFull);
        refused(call(4), InvalidTransaction::Call);
        let unknown = hansa_beacon_primitives::BeaconPair::from_seed(&[9; 32]);
        assert_eq!(NodePool::own_node(&unknown.public()), None);
    });
}

#[test]
fn who_left_comes_back_by_its_operators_word_only() {
    ExtBuilder.run(|| {
        let word = call(1);
        assert_ok!(apply(word.clone()));
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(1)));
        assert_eq!(admission(1), Admission::LeftBefore);
        // Neither the old word, though its epoch is still under way, nor a new one.
        refused(word, InvalidTransaction::Stale);
        refused(call(1), InvalidTransaction::Stale);
        join([1]);
        assert!(matches!(admission(1), Admission::Pooled(_)));
        assert!(!Left::<Test>::contains_key(1));
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(1)));
        refused(call(1), InvalidTransaction::Stale);
    });
}

#[test]
fn who_was_put_out_loses_one_deposit_and_not_another() {
    ExtBuilder.run(|| {
        live_chain(4);
        assert_ok!(NodePool::leave(RuntimeOrigin::signed(1)));
        work();
        epoch();
        assert_ok!(apply(call(9)));
        // It is drawn to replace 1, and does not confirm in time.
        for _ in 0..4 {
            epoch();
        }
        assert_eq!((total(9), Nodes::<Test>::get(9)), (FUNDS - DEPOSIT, None));
        assert_eq!(admission(9), Admission::LeftBefore);
        refused(call(9), InvalidTransaction::Stale);
    });
}
