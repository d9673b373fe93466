// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Validators by stake: the preset, who joins, what is earned, and what is refused.

use crate::common::*;
use hansa_pallet_staking::Call as StakingCall;
use hansa_primitives::{AccountId, Balance};
use hansa_runtime_common::currency::UNIT;
use hansa_runtime_hub::{
    genesis_presets::{LOCAL, STAKE},
    Pbft, Runtime, RuntimeCall, Staking, System,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::Perbill;

/// How many sessions pass at most from a change of stakes to the set that it makes.
const SESSIONS_TO_CHANGE: usize = 3;

fn weights(chain: &mut Chain) -> Vec<(AccountId, u64)> {
    let deciding = chain.state(Pbft::deciding_set);
    let weights = deciding.set.authorities().iter().map(|a| a.weight);
    deciding.accounts.iter().cloned().zip(weights).collect()
}

fn weight_of(chain: &mut Chain, who: Sr25519Keyring) -> Option<u64> {
    let account = who.to_account_id();
    let weights = weights(chain);
    weights
        .into_iter()
        .find(|(a, _)| *a == account)
        .map(|(_, weight)| weight)
}

fn bond(amount: Balance) -> RuntimeCall {
    StakingCall::<Runtime>::bond { amount }.into()
}

fn validate() -> RuntimeCall {
    StakingCall::<Runtime>::validate {
        commission: Perbill::from_percent(5),
    }
    .into()
}

#[test]
fn the_first_set_is_elected_with_weights_below_a_third() {
    let mut chain = Chain::new(STAKE);
    let set = weights(&mut chain);
    assert_eq!(set.len(), 4);
    let total: u64 = set.iter().map(|(_, weight)| weight).sum();
    // Of 400, 300, 200 and 100 thousand tokens.
    let expected = [
        (Alice, 299_999),
        (Bob, 299_999),
        (Charlie, 200_000),
        (Dave, 100_000),
    ];
    for (who, weight) in expected {
        assert_eq!(weight_of(&mut chain, who), Some(weight), "{who}");
        assert!(3 * weight < total);
    }
    chain.try_state();
}

#[test]
fn who_bonds_most_joins_and_validators_earn() {
    let mut chain = Chain::new(STAKE);
    let eve = Eve.to_account_id();
    let set_keys = pallet_session::Call::set_keys {
        keys: keys("//Eve"),
        proof: proof(&eve, "//Eve"),
    };
    let calls = [bond(500_000 * UNIT), set_keys.into(), validate()];
    for (nonce, call) in (0..).zip(calls) {
        let result = chain.apply(|| sign(Eve, nonce, call));
        assert_eq!(result, Ok(Ok(())), "call {nonce}");
    }
    assert_eq!(weight_of(&mut chain, Eve), None);
    for _ in 0..SESSIONS_TO_CHANGE {
        chain.end_session();
    }
    assert_eq!(weights(&mut chain).len(), 5);
    let (alice, eve_weight) = (weight_of(&mut chain, Alice), weight_of(&mut chain, Eve));
    assert!(eve_weight > alice, "{eve_weight:?} {alice:?}");

    // Nothing is minted or lost but what is booked.
    let before = chain.state(|| free(Dave));
    let payout = StakingCall::<Runtime>::payout {
        node: Dave.to_account_id(),
    };
    assert_eq!(
        chain.apply(|| sign(Eve, 3, RuntimeCall::from(payout))),
        Ok(Ok(()))
    );
    let after = chain.state(|| free(Dave));
    assert!(after > before, "{after} {before}");
    chain.try_state();
}

#[test]
fn the_list_of_authority_mode_is_not_for_chains_by_stake() {
    let mut chain = Chain::new(STAKE);
    let account = Dave.to_account_id();
    let remove = hansa_pallet_pbft::Call::<Runtime>::remove_authority { account };
    let result = chain.apply(|| sign(Alice, 0, RuntimeCall::from(remove)));
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    assert_eq!(result, Ok(Err(filtered.into())));
}

#[test]
fn stakes_alone_change_nothing_in_authority_mode() {
    let mut chain = Chain::new(LOCAL);
    let before = weights(&mut chain);
    let amount = 500 * UNIT;
    for who in [Alice, Bob, Charlie, Dave] {
        let calls = [bond(amount), validate()];
        for (nonce, call) in (0..).zip(calls) {
            assert_eq!(chain.apply(|| sign(who, nonce, call)), Ok(Ok(())), "{who}");
        }
    }
    for _ in 0..SESSIONS_TO_CHANGE {
        chain.end_session();
    }
    assert_eq!(weights(&mut chain), before);
    assert!(!chain.state(Staking::elects));
    assert!(chain.state(System::block_number) > 0);
}

#[test]
fn a_genesis_that_elects_nobody_is_refused() {
    let mut genesis = genesis_json(STAKE);
    let bonds = genesis["staking"]["validators"]
        .as_array_mut()
        .expect("it is a list");
    bonds.truncate(3);
    let Err(error) = build_genesis(&genesis) else {
        panic!("three are taken for a set");
    };
    assert!(error.starts_with("staking.validators"), "{error}");
}
