// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain whose set lost its quorum: another one, that the hub recorded, goes on.

use crate::common::*;
use codec::Encode;
use frame_support::assert_ok;
use hansa_dappchain_primitives::{ChainPacket, HubPacket, Recovery, SetOrdinal};
use hansa_interchain_primitives::{packet::Payload, traits::SystemPackets, SYSTEM_LANE};
use hansa_pbft_primitives::{Authority, AuthorityId, ConsensusLog, SetId};
use hansa_runtime_dappchain::{AssignedSet, Authorship, Interchain, Pbft, Session};
use sp_keyring::{Ed25519Keyring as Key, Sr25519Keyring as Account};

const ALICE: (Account, Key) = (Account::Alice, Key::Alice);
const BOB: (Account, Key) = (Account::Bob, Key::Bob);
const CHARLIE: (Account, Key) = (Account::Charlie, Key::Charlie);
const EVE: (Account, Key) = (Account::Eve, Key::Eve);
const FERDIE: (Account, Key) = (Account::Ferdie, Key::Ferdie);

/// Have the hub order this set.
fn order(chain: &mut Chain, ordinal: SetOrdinal, nodes: &[(Account, Key)]) {
    chain.arrange(|| {
        let packet = HubPacket::NextSet(next_set(ordinal, nodes)).encode();
        assert_ok!(AssignedSet::take(HUB, &packet));
    });
}

/// The keys of the set that decides the next block, and the set's id.
fn set(chain: &mut Chain) -> (SetId, Vec<Key>) {
    let set = chain.state(|| Pbft::consensus_state().set);
    let keyring = [
        Key::Alice,
        Key::Bob,
        Key::Charlie,
        Key::Dave,
        Key::Eve,
        Key::Ferdie,
    ];
    let known = |authority: &Authority| {
        let is = |key: &&Key| authority.key == AuthorityId::from(key.public());
        *keyring.iter().find(is).expect("it is of the keyring")
    };
    (set.id, set.authorities().iter().map(known).collect())
}

/// How many blocks the hub was told of.
fn blocks_reported(chain: &mut Chain) -> u32 {
    let packets = chain.state(|| Interchain::packets(HUB, SYSTEM_LANE, 0, 100));
    let reports = packets
        .into_iter()
        .filter_map(|view| match view.packet.payload {
            Payload::System(bytes) => ChainPacket::<hansa_primitives::AccountId>::read(&bytes),
            _ => None,
        });
    reports
        .flat_map(|ChainPacket::Authored { blocks, .. }| blocks)
        .map(|(_, made)| made)
        .sum()
}

/// Two copies of the state build and execute each block, and both have the same root: what brings the record is in the header.
#[test]
fn the_recorded_set_goes_on_where_the_other_stopped() {
    let mut chain = Chain::with_hub();
    for _ in 0..3 {
        chain.block(1_000, Vec::new);
    }
    // One that the chain never planned.
    order(&mut chain, 1, &[ALICE, BOB]);
    let record = chain.record(next_set(2, &[FERDIE, EVE, ALICE, CHARLIE]));
    let header = chain.recover(&record);
    assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
    let recovered = (1, vec![Key::Ferdie, Key::Eve, Key::Alice, Key::Charlie]);
    assert_eq!(set(&mut chain), recovered);
    assert_eq!(
        Ok(chain.state(|| Pbft::consensus_state().set)),
        record.set()
    );
    // Block 4 is the fourth member's.
    let author = chain.state(Authorship::author);
    assert_eq!(author, Some(Account::Charlie.to_account_id()));
    assert_eq!(chain.state(Session::validators).len(), 4);
    assert_eq!(blocks_reported(&mut chain), 3);
    chain.try_state();

    for header in chain.end_session() {
        assert_eq!(ConsensusLog::find_set_change(&header.digest), None);
    }
    assert_eq!(set(&mut chain), recovered);
    // The last block is of the session under way.
    let made = chain.head.number - 1;
    assert_eq!(blocks_reported(&mut chain), made);
    chain.try_state();
}

#[test]
fn the_hub_orders_sets_and_records_them_again() {
    let mut chain = Chain::with_hub();
    chain.block(1_000, Vec::new);
    let record = chain.record(next_set(1, &[FERDIE, EVE]));
    chain.recover(&record);
    assert_eq!(set(&mut chain), (1, vec![Key::Ferdie, Key::Eve]));
    order(&mut chain, 2, &[EVE, BOB, CHARLIE]);
    let headers = chain.end_session();
    let changes = headers
        .iter()
        .filter_map(|header| ConsensusLog::find_set_change(&header.digest));
    assert_eq!(changes.map(|set| set.id).collect::<Vec<_>>(), [2]);
    // The head has handed over, and its set stops at once.
    let record = chain.record(next_set(3, &[ALICE, BOB]));
    chain.recover(&record);
    assert_eq!(set(&mut chain), (3, vec![Key::Alice, Key::Bob]));
    chain.block(1_000, Vec::new);
    chain.try_state();
}

/// For longer than headers of the hub are trusted; and the first set that the hub recorded decided nothing either.
#[test]
fn a_chain_that_stood_still_for_long_hears_of_its_hub_again() {
    const DAYS_MS: u64 = 24 * 60 * 60 * 1_000;
    let mut chain = Chain::with_hub();
    chain.block(1_000, Vec::new);
    let record = chain.record(next_set(2, &[EVE, BOB, CHARLIE, ALICE]));
    let record = Recovery {
        set_id: record.set_id + 1,
        hub: Some(hub_at(9, chain.now_ms + 6 * DAYS_MS)),
        ..record
    };
    chain.recover_after(7 * DAYS_MS, &record);
    assert_eq!(set(&mut chain).0, 2);
    let view = chain
        .state(|| Interchain::client(HUB))
        .expect("it has a route");
    let hub = record.hub.as_ref().expect("the record says it");
    assert_eq!(
        (view.state.latest.height, &view.set),
        (hub.height, &hub.set)
    );
    assert!(!view.state.is_expired(chain.now_ms));
    // Without it nothing could be sent to the hub.
    let mut other = Chain::with_hub();
    other.block(1_000, Vec::new);
    let silent = Recovery {
        hub: None,
        ..other.record(record.next.clone())
    };
    other.recover_after(7 * DAYS_MS, &silent);
    let view = other
        .state(|| Interchain::client(HUB))
        .expect("it has a route");
    assert!(view.state.is_expired(other.now_ms));
    for chain in [&mut chain, &mut other] {
        chain.end_session();
        chain.try_state();
    }
    assert!(blocks_reported(&mut chain) > blocks_reported(&mut other));
}

#[test]
#[should_panic(expected = "a record of a recovery in the header must be good")]
fn a_block_with_the_record_of_another_head_is_not_valid() {
    let mut chain = Chain::with_hub();
    chain.block(1_000, Vec::new);
    let record = chain.record(next_set(1, &[FERDIE, EVE]));
    chain.block(1_000, Vec::new);
    chain.recover(&record);
}

#[test]
#[should_panic(expected = "a record of a recovery in the header must be good")]
fn nobody_records_sets_of_a_chain_that_stands_alone() {
    let mut chain = Chain::new(hansa_runtime_dappchain::genesis_presets::LOCAL);
    chain.block(1_000, Vec::new);
    let record = chain.record(next_set(1, &[ALICE, EVE]));
    chain.recover(&record);
}
