// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Epochs as they go by on the hub: what authors and nodes add, what is frozen when, and which set and
//! seed begin with a beacon.

use crate::common::{duties::*, *};
use hansa_beacon_primitives::{
    api::runtime_decl_for_beacon_api::BeaconApi, output::session_seed, BlockVrf, Phase,
};
use hansa_pallet_beacon::{Commitments, Event as BeaconEvent, HoldReason};
use hansa_pallet_staking::{Call as StakingCall, FrozenSet};
use hansa_primitives::AccountId;
use hansa_runtime_common::currency::UNIT;
use hansa_runtime_hub::{
    genesis_presets::{DEV, LOCAL, STAKE},
    Balances, Beacon, Pbft, Runtime, RuntimeCall, RuntimeEvent, Session, Staking, System,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{Digest, Perbill};

fn beacon_events(chain: &mut Chain) -> Vec<BeaconEvent<Runtime>> {
    chain.state(|| {
        System::events()
            .into_iter()
            .filter_map(|record| match record.event {
                RuntimeEvent::Beacon(event) => Some(event),
                _ => None,
            })
            .collect()
    })
}

fn set(chain: &mut Chain) -> Vec<(AccountId, u64)> {
    let deciding = chain.state(Pbft::deciding_set);
    let weights = deciding.set.authorities().iter().map(|a| a.weight);
    deciding.accounts.iter().cloned().zip(weights).collect()
}

fn held(chain: &mut Chain, who: Sr25519Keyring) -> u128 {
    use frame_support::traits::fungible::InspectHold;
    let reason = HoldReason::Commitment.into();
    chain.state(|| Balances::balance_on_hold(&reason, &who.to_account_id()))
}

fn frozen(chain: &mut Chain) -> Option<Vec<(AccountId, u64)>> {
    let frozen = chain.state(FrozenSet::<Runtime>::get)?;
    let members = frozen.members.into_iter();
    Some(members.map(|member| (member.node, member.weight)).collect())
}

#[test]
fn epochs_are_sessions_and_each_has_its_beacon() {
    for preset in [DEV, LOCAL, STAKE] {
        let mut chain = Chain::new(preset);
        let mut beacons = vec![chain.state(Beacon::beacon)];
        for epoch in 1..=3 {
            let session = chain.state(Session::current_index);
            until_epoch(&mut chain, epoch);
            let (beacon, seed) = chain.state(|| (Beacon::beacon(), Pbft::consensus_state().seed));
            let current = chain.state(Session::current_index);
            assert_eq!(
                current,
                session + 1,
                "{preset}: the session ends with the epoch"
            );
            assert_eq!(seed, session_seed(&beacon, current), "{preset}");
            assert!(!beacons.contains(&beacon), "{preset}");
            beacons.push(beacon);
            chain.try_state();
        }
    }
}

#[test]
fn nodes_commit_and_reveal_and_get_their_bonds_back() {
    let mut chain = Chain::new(STAKE);
    let all = ["//Alice", "//Bob", "//Charlie", "//Dave"];
    chain.block(1_000, Vec::new);
    assert_eq!(duties(&mut chain, &all), 4);
    assert_eq!(duties(&mut chain, &all), 0);
    assert_eq!(held(&mut chain, Alice), 8 * UNIT);
    until_phase(&mut chain, Phase::Reveal);
    // Dave withholds.
    assert_eq!(duties(&mut chain, &all[..3]), 3);
    until_phase(&mut chain, Phase::Mix);
    assert_eq!(do_duty(&mut chain, "//Dave"), None, "it is too late");
    until_epoch(&mut chain, 1);
    let of_beacon = beacon_events(&mut chain).into_iter().find_map(|e| match e {
        BeaconEvent::NewBeacon { revealed, .. } => Some(revealed),
        _ => None,
    });
    assert_eq!(of_beacon, Some(3));
    chain.try_state();
    until_phase(&mut chain, Phase::Mix);
    assert_eq!(
        held(&mut chain, Dave),
        8 * UNIT,
        "the ids are drawn by until the epoch ends"
    );
    until_epoch(&mut chain, 2);
    let charged: Vec<_> = beacon_events(&mut chain)
        .into_iter()
        .filter(|event| matches!(event, BeaconEvent::Charged { .. }))
        .collect();
    let of_dave = BeaconEvent::Charged {
        epoch: 0,
        account: Dave.to_account_id(),
        amount: UNIT,
    };
    assert_eq!(charged, [of_dave]);
    assert_eq!((held(&mut chain, Alice), held(&mut chain, Dave)), (0, 0));
    chain.try_state();
}

#[test]
fn in_authority_mode_nobody_commits() {
    let mut chain = Chain::new(LOCAL);
    chain.block(1_000, Vec::new);
    for seed in ["//Alice", "//Bob"] {
        assert_eq!(do_duty(&mut chain, seed), None);
    }
    // Nor do candidates, who have no part in it yet.
    let calls = [
        StakingCall::<Runtime>::bond { amount: 500 * UNIT },
        StakingCall::<Runtime>::validate {
            commission: Perbill::zero(),
        },
    ];
    for (nonce, call) in (0..).zip(calls) {
        let call = RuntimeCall::from(call);
        assert_eq!(chain.apply(|| sign(Alice, nonce, call)), Ok(Ok(())));
    }
    assert_eq!(do_duty(&mut chain, "//Alice"), None);
}

/// The set that begins with a beacon is that of the freeze, whoever stakes what in between.
#[test]
fn the_set_elected_at_the_freeze_is_the_one_that_begins() {
    let mut chain = Chain::new(STAKE);
    until_phase(&mut chain, Phase::Reveal);
    let elected = frozen(&mut chain).expect("there was an election");
    let eve = Eve.to_account_id();
    let set_keys = pallet_session::Call::set_keys {
        keys: keys("//Eve"),
        proof: proof(&eve, "//Eve"),
    };
    let join = [
        StakingCall::<Runtime>::bond {
            amount: 500_000 * UNIT,
        }
        .into(),
        RuntimeCall::from(set_keys),
        StakingCall::<Runtime>::validate {
            commission: Perbill::zero(),
        }
        .into(),
    ];
    for (nonce, call) in (0..).zip(join) {
        assert_eq!(chain.apply(|| sign(Eve, nonce, call)), Ok(Ok(())));
    }
    let more = StakingCall::<Runtime>::bond_extra {
        amount: 500_000 * UNIT,
    };
    assert_eq!(
        chain.apply(|| sign(Dave, 0, RuntimeCall::from(more))),
        Ok(Ok(()))
    );
    until_epoch(&mut chain, 1);
    chain.block(1_000, Vec::new);
    assert_eq!(set(&mut chain), elected);
    chain.try_state();

    // One epoch later all of it counts, from the first block but one.
    until_phase(&mut chain, Phase::Reveal);
    let elected = frozen(&mut chain).expect("there was an election");
    assert_eq!(elected.len(), 5);
    until_epoch(&mut chain, 2);
    chain.block(1_000, Vec::new);
    assert_eq!(set(&mut chain), elected);
    let eve = chain.state(|| Pbft::deciding_set().accounts.iter().position(|a| *a == eve));
    let eve = eve.expect("Eve is in it") as u16;
    assert_eq!(
        chain.state(|| Runtime::author_key(eve)),
        Some(keys("//Eve").beacon)
    );
    for _ in 0..10 {
        chain.block(1_000, Vec::new);
    }
    chain.try_state();
}

/// Weights alone change as promptly as members do.
#[test]
fn a_change_of_weights_takes_effect_with_the_epoch() {
    let mut chain = Chain::new(STAKE);
    let before = set(&mut chain);
    let more = StakingCall::<Runtime>::bond_extra {
        amount: 100_000 * UNIT,
    };
    assert_eq!(
        chain.apply(|| sign(Dave, 0, RuntimeCall::from(more))),
        Ok(Ok(()))
    );
    until_epoch(&mut chain, 1);
    assert_eq!(set(&mut chain), before, "the block that ends the epoch");
    chain.block(1_000, Vec::new);
    let after = set(&mut chain);
    assert_ne!(after, before);
    let accounts =
        |set: &[(AccountId, u64)]| set.iter().map(|(a, _)| a.clone()).collect::<Vec<_>>();
    assert_eq!(accounts(&after), accounts(&before));
    let session = chain.state(Session::current_index);
    chain.block(1_000, Vec::new);
    assert_eq!(
        chain.state(Session::current_index),
        session,
        "one cut session is enough"
    );
}

#[test]
fn who_chills_after_the_freeze_forfeits_and_is_left_out() {
    // Five of whom four are enough.
    let eve = Eve.to_account_id();
    let mut chain = Chain::with_genesis(&genesis_of_five());
    chain.block(1_000, Vec::new);
    assert_eq!(duties(&mut chain, &["//Alice", "//Eve"]), 2);
    until_phase(&mut chain, Phase::Reveal);
    assert_eq!(duties(&mut chain, &["//Alice", "//Eve"]), 2);
    let chill = RuntimeCall::from(StakingCall::<Runtime>::chill {});
    assert_eq!(chain.apply(|| sign(Eve, 0, chill)), Ok(Ok(())));
    let forfeited = BeaconEvent::Forfeited {
        epoch: 0,
        account: eve.clone(),
    };
    assert!(beacon_events(&mut chain).contains(&forfeited));
    until_epoch(&mut chain, 1);
    chain.block(1_000, Vec::new);
    let members = set(&mut chain);
    assert_eq!(members.len(), 4);
    assert!(members.iter().all(|(account, _)| *account != eve));
    // Only now it may give its keys away.
    let purge = || RuntimeCall::from(StakingCall::<Runtime>::purge_keys {});
    assert_eq!(chain.apply(|| sign(Eve, 1, purge())), Ok(Ok(())));
    let refused = hansa_pallet_staking::Error::<Runtime>::KeysInUse;
    assert_eq!(
        chain.apply(|| sign(Alice, 0, purge())),
        Ok(Err(refused.into()))
    );
    let filtered = frame_system::Error::<Runtime>::CallFiltered;
    let direct = RuntimeCall::from(pallet_session::Call::purge_keys {});
    assert_eq!(
        chain.apply(|| sign(Bob, 0, direct.clone())),
        Ok(Err(filtered.into()))
    );
    let batch = RuntimeCall::from(pallet_utility::Call::batch_all {
        calls: vec![direct],
    });
    assert_eq!(
        chain.apply(|| sign(Charlie, 0, batch)).map(|r| r.is_err()),
        Ok(true)
    );
    assert!(chain.state(|| Commitments::<Runtime>::contains_key(0, &eve)));
    chain.try_state();
}

#[test]
fn next_set_shows_what_is_frozen() {
    let mut chain = Chain::new(STAKE);
    until_phase(&mut chain, Phase::Reveal);
    let more = StakingCall::<Runtime>::bond_extra {
        amount: 500_000 * UNIT,
    };
    assert_eq!(
        chain.apply(|| sign(Dave, 0, RuntimeCall::from(more))),
        Ok(Ok(()))
    );
    let next: Vec<_> = chain
        .state(Staking::next_set)
        .into_iter()
        .map(|n| n.weight)
        .collect();
    let frozen: Vec<_> = frozen(&mut chain)
        .expect("it is there")
        .iter()
        .map(|m| m.1)
        .collect();
    assert_eq!(next, frozen);
}

#[cfg(not(feature = "runtime-benchmarks"))]
mod outputs {
    use super::*;

    /// A header of the next block with these items of the beacon.
    fn digest(chain: &mut Chain, items: impl FnOnce(BlockVrf) -> Vec<BlockVrf>) -> Digest {
        chain.now_ms += 1_000;
        let (number, now) = (chain.head.number + 1, chain.now_ms);
        let mut digest = chain.digest(number, now);
        let vrf = BlockVrf::find(&digest).expect("one").expect("there is one");
        digest.logs.truncate(1);
        digest
            .logs
            .extend(items(vrf).iter().map(BlockVrf::to_digest_item));
        digest
    }

    #[test]
    #[should_panic(expected = "a block must carry its author's VRF output")]
    fn a_header_without_one_is_invalid() {
        let mut chain = Chain::new(LOCAL);
        chain.block(1_000, Vec::new);
        let digest = digest(&mut chain, |_| Vec::new());
        chain.block_with(digest, Vec::new);
    }

    #[test]
    #[should_panic(expected = "a block must carry its author's VRF output")]
    fn two_are_none() {
        let mut chain = Chain::new(LOCAL);
        let digest = digest(&mut chain, |vrf| vec![vrf, vrf]);
        chain.block_with(digest, Vec::new);
    }
}

/// What the benchmarks of the beacon need of this runtime.
#[cfg(feature = "runtime-benchmarks")]
#[test]
fn nodes_of_benchmarks_can_commit() {
    use hansa_beacon_primitives::{BeaconId, Pool};
    use hansa_runtime_hub::beacon::CandidatePool;
    use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
    use sp_runtime::RuntimeAppPublic;
    let mut ext = build_genesis(&genesis_json(DEV)).expect("the genesis is sound");
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext.execute_with(|| {
        for account in [Dave, Eve].map(Sr25519Keyring::to_account_id) {
            let key = BeaconId::generate_pair(None);
            CandidatePool::put(&account, &key);
            assert_eq!(CandidatePool::key_of(&account), Some(key.clone()));
            assert_eq!(CandidatePool::account_of(&key), Some(account.clone()));
            let duty = Runtime::duty(key).expect("it has something to do");
            assert_eq!((duty.account, duty.kind), (account, DutyKind::Commit));
        }
    });
}
