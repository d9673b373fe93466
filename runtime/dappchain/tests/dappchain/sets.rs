// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain with a hub: the set that the hub orders decides, and the hub is told who made blocks.

use crate::common::*;
use codec::Encode;
use frame_support::assert_ok;
use frame_support::traits::Contains;
use hansa_dappchain_primitives::{ChainPacket, HubPacket, NextSet};
use hansa_interchain_primitives::{
    api::RouteStatus,
    packet::{derived_account, ChainRef, Payload},
    traits::SystemPackets,
    SYSTEM_LANE,
};
use hansa_pbft_primitives::ConsensusLog;
use hansa_primitives::AccountId;
use hansa_runtime_dappchain::{
    genesis_presets::LOCAL,
    governance::{CallsInForce, ForeignCalls},
    AssignedSet, Authorship, Interchain, Pbft, RuntimeCall, RuntimeOrigin, Session, SessionKeys,
    System,
};
use sp_keyring::{Ed25519Keyring as Key, Sr25519Keyring as Account};
use sp_runtime::traits::Dispatchable;

const ALICE: (Account, Key) = (Account::Alice, Key::Alice);
const BOB: (Account, Key) = (Account::Bob, Key::Bob);
const CHARLIE: (Account, Key) = (Account::Charlie, Key::Charlie);
const DAVE: (Account, Key) = (Account::Dave, Key::Dave);
const EVE: (Account, Key) = (Account::Eve, Key::Eve);

fn take(next: NextSet<AccountId>) {
    let packet = HubPacket::NextSet(next).encode();
    assert_ok!(AssignedSet::take(HUB, &packet));
}

/// What was sent to the hub.
fn reports() -> Vec<ChainPacket<AccountId>> {
    Interchain::packets(HUB, SYSTEM_LANE, 0, 100)
        .into_iter()
        .filter_map(|view| match view.packet.payload {
            Payload::System(bytes) => ChainPacket::read(&bytes),
            _ => None,
        })
        .collect()
}

#[test]
fn the_route_to_the_hub_is_there_from_the_first_block_on() {
    let mut chain = Chain::with_hub();
    chain.block(0, Vec::new);
    chain.state(|| {
        let route = Interchain::route(HUB).expect("there is a route");
        assert_eq!(route.chain.genesis, HUB_GENESIS);
        assert_ne!(route.status, RouteStatus::Expired);
        assert!(!route.header_due);
        let client = Interchain::client(HUB).expect("there is a client");
        assert_eq!((client.state.latest.height, client.set.len()), (7, 1));
    });
    chain.try_state();
}

#[test]
fn the_set_that_the_hub_orders_decides_and_the_hub_is_told_who_made_blocks() {
    let mut chain = Chain::with_hub();
    chain.block(1_000, Vec::new);
    chain.arrange(|| take(next_set(1, &[BOB, EVE, CHARLIE, ALICE, DAVE])));
    let headers = chain.end_session();
    let changes: Vec<_> = headers
        .iter()
        .filter_map(|header| ConsensusLog::find_set_change(&header.digest))
        .collect();
    let [set] = &changes[..] else {
        panic!("one change: {changes:?}");
    };
    let keys: Vec<_> = set.authorities().iter().map(|a| a.key.clone()).collect();
    let expected = [Key::Bob, Key::Eve, Key::Charlie, Key::Alice, Key::Dave];
    assert_eq!(keys, expected.map(|key| key.public().into()));
    // All of them make blocks now, Eve too, who has no account here.
    for _ in 0..6 {
        chain.block(1_000, Vec::new);
    }
    chain.end_session();
    chain.try_state();
    let made = chain.state(reports);
    let all = made
        .iter()
        .flat_map(|ChainPacket::Authored { blocks, .. }| blocks);
    let sum: u32 = all.clone().map(|(_, made)| made).sum();
    // But the last blocks, which are of the session under way.
    assert!(
        sum >= chain.head.number - 3,
        "{sum} of {}",
        chain.head.number
    );
    assert!(all.clone().any(|(node, _)| *node == EVE.0.to_account_id()));
    assert!(made.len() >= 2);
}

#[test]
fn where_the_hub_orders_sets_nobody_else_changes_them() {
    let mut chain = Chain::with_hub();
    let alice = Account::Alice.to_account_id();
    let keys = RuntimeCall::Session(pallet_session::Call::set_keys {
        keys: SessionKeys {
            pbft: Key::Eve.public().into(),
        },
        proof: Vec::new(),
    });
    let remove = RuntimeCall::Pbft(hansa_pallet_pbft::Call::remove_authority {
        account: alice.clone(),
    });
    chain.state(|| {
        assert!(!CallsInForce::contains(&keys));
        assert!(!CallsInForce::contains(&remove));
        let refused = remove
            .clone()
            .dispatch(RuntimeOrigin::signed(alice.clone()));
        let filtered = frame_system::Error::<hansa_runtime_dappchain::Runtime>::CallFiltered;
        assert_eq!(refused.map_err(|e| e.error), Err(filtered.into()));
    });
    let mut alone = Chain::new(LOCAL);
    alone.state(|| {
        assert!(CallsInForce::contains(&keys) && CallsInForce::contains(&remove));
        // Alice is the admin there.
        assert_ok!(remove.dispatch(RuntimeOrigin::signed(alice)));
    });
}

#[test]
fn a_chain_that_stands_alone_changes_its_set_as_its_admin_says() {
    let mut chain = Chain::new(LOCAL);
    let dave = Account::Dave.to_account_id();
    chain.block(200, Vec::new);
    let result = chain.apply(|| {
        let call = hansa_pallet_pbft::Call::remove_authority { account: dave };
        sign(Account::Alice, 0, RuntimeCall::Pbft(call))
    });
    assert_ok!(result.expect("it is valid"));
    chain.end_session();
    assert_eq!(chain.state(|| Pbft::consensus_state().set.len()), 3);
    assert_eq!(chain.state(|| Session::validators().len()), 3);
    chain.try_state();
}

/// The way in which the owner governs: a call from the hub, executed from the account that is derived there.
#[test]
fn the_owner_on_the_hub_upgrades_the_chain_by_a_call() {
    let owner = Account::Bob.to_account_id();
    let hub = ChainRef {
        id: HUB,
        genesis: HUB_GENESIS,
    };
    let bytes = owner.encode().try_into().expect("it fits");
    let admin = AccountId::new(derived_account(&hub, &bytes).0);
    let mut genesis = genesis_with_hub();
    genesis["pbft"]["admin"] = serde_json::json!(admin);
    let mut chain = Chain::with_genesis(&genesis);
    let upgrade = RuntimeCall::AssignedSet(hansa_pallet_assigned_set::Call::administer {
        call: Box::new(RuntimeCall::System(frame_system::Call::authorize_upgrade {
            code_hash: hansa_primitives::Hash::repeat_byte(9),
        })),
    });
    assert!(ForeignCalls::contains(&upgrade));
    chain.state(|| {
        let derived = Interchain::derived_account(&hub, &bytes);
        assert_eq!(derived, Some(admin.clone()));
        assert_ok!(upgrade
            .clone()
            .dispatch(RuntimeOrigin::signed(admin.clone())));
        assert!(System::authorized_upgrade().is_some());
        let stranger = upgrade.dispatch(RuntimeOrigin::signed(owner.clone()));
        assert!(stranger.is_err());
    });
}

#[test]
fn foreign_accounts_do_no_more_than_is_listed() {
    use hansa_runtime_dappchain::{Runtime, RuntimeCall as Call};
    let transfer = Call::Balances(pallet_balances::Call::transfer_all {
        dest: Account::Alice.to_account_id().into(),
        keep_alive: false,
    });
    let batch = |calls| Call::Utility(pallet_utility::Call::<Runtime>::batch_all { calls });
    let force = Call::AssignedSet(hansa_pallet_assigned_set::Call::administer {
        call: Box::new(Call::Balances(pallet_balances::Call::force_set_balance {
            who: Account::Alice.to_account_id().into(),
            new_free: 1,
        })),
    });
    assert!(ForeignCalls::contains(&transfer));
    assert!(ForeignCalls::contains(&batch(vec![transfer.clone()])));
    for refused in [
        batch(vec![batch(vec![transfer.clone()])]),
        Call::Proxy(pallet_proxy::Call::remove_proxies {}),
        Call::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
            other_signatories: Vec::new(),
            call: Box::new(transfer),
        }),
        force.clone(),
        batch(vec![force]),
    ] {
        assert!(!ForeignCalls::contains(&refused), "{refused:?}");
    }
}

/// Fees are what a DappChain's users pay its nodes.
#[test]
fn the_author_of_a_block_gets_its_fees() {
    let mut chain = Chain::new(LOCAL);
    chain.block(200, Vec::new);
    let before = chain.state(|| (free(Account::Bob), free(Account::Eve)));
    chain
        .apply(|| {
            let remark = frame_system::Call::remark {
                remark: b"hello".to_vec(),
            };
            sign(Account::Eve, 0, RuntimeCall::System(remark))
        })
        .expect("it is valid")
        .expect("it is done");
    // Block 2 is Bob's.
    let after = chain.state(|| (free(Account::Bob), free(Account::Eve)));
    let fee = before.1 - after.1;
    assert!(fee > 0);
    assert_eq!(after.0 - before.0, fee);
    assert_eq!(
        chain.state(Authorship::author),
        Some(Account::Bob.to_account_id())
    );
}
