// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! No call is heavier for there being many nodes and delegators: it reads the same number of items,
//! and the proof of what it reads grows only as the trie gets deeper.

use crate::mock::*;
use codec::Encode;
use frame_support::assert_ok;
use sp_io::TestExternalities;
use sp_runtime::{DispatchResult, Perbill};

/// The node that everybody stands behind.
const NODE: AccountId = 1_000;
/// Who delegates to it, first of all.
const DELEGATOR: AccountId = 10;

type Call = (&'static str, fn() -> DispatchResult);

/// Each of them can be made in the world below.
const CALLS: [Call; 8] = [
    ("bond_extra", || Staking::bond_extra(signed(NODE), 70_000)),
    ("unbond", || Staking::unbond(signed(NODE), 1_500)),
    ("validate", || {
        Staking::validate(signed(NODE), Perbill::one())
    }),
    ("chill", || Staking::chill(signed(NODE))),
    ("delegate", || {
        Staking::delegate(signed(DELEGATOR), NODE, 70_000)
    }),
    ("undelegate", || {
        Staking::undelegate(signed(DELEGATOR), NODE, 500)
    }),
    ("withdraw_undelegated", || {
        Staking::withdraw_undelegated(signed(DELEGATOR), NODE)
    }),
    ("payout", || Staking::payout(signed(DELEGATOR), NODE)),
];

/// `nodes` candidates beside the four of the genesis, and `delegations` to one of them.
fn world(nodes: u64, delegations: u64) -> TestExternalities {
    use frame_support::traits::fungible::Mutate;
    let mut ext = ExtBuilder::default().build();
    ext.execute_with(|| {
        block_after(0);
        for account in NODE..NODE + nodes {
            Balances::set_balance(&account, ENDOWMENT);
            give_keys(account);
            assert_ok!(Staking::bond(signed(account), 3_000));
            assert_ok!(Staking::validate(signed(account), Perbill::zero()));
        }
        assert_ok!(Staking::delegate(signed(DELEGATOR), NODE, 2_000));
        assert_ok!(Staking::undelegate(signed(DELEGATOR), NODE, 1_000));
        for account in 1_000_000..1_000_000 + delegations {
            Balances::set_balance(&account, ENDOWMENT);
            assert_ok!(Staking::delegate(signed(account), NODE, 1_000));
        }
        crate::Nodes::<Test>::mutate(NODE, |node| node.earned = 10_000);
        mint_reward(10_000);
        for _ in 0..12 {
            session();
        }
        System::reset_events();
    });
    ext.commit_all().expect("the storage can be written");
    ext
}

/// The bytes of the trie's nodes that one needs to follow the call.
fn proof_bytes(ext: &mut TestExternalities, call: fn() -> DispatchResult) -> usize {
    let (result, proof) = ext.execute_and_prove(|| {
        frame_support::storage::with_transaction(|| {
            sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(call()))
        })
    });
    assert_ok!(result.expect("there is room for a transaction"));
    proof.encoded_size()
}

#[test]
fn calls_do_not_get_heavier_with_nodes_and_delegators() {
    let (mut few, mut many) = (world(10, 10), world(10_000, 100_000));
    for (name, call) in CALLS {
        let (a, b) = (proof_bytes(&mut few, call), proof_bytes(&mut many, call));
        println!("{name}: {a} bytes of proof with 10 of each, {b} with 10,000 and 100,000");
        assert!(b < 3 * a, "{name}: {a} bytes became {b}");
    }
}
