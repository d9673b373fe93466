// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What benchmarks need of this runtime.

use crate::{
    validators::CurrentAuthor, AccountId, Candidates, NodePool, Runtime, Session, SessionKeys,
    System,
};
use alloc::vec::Vec;
use frame_election_provider_support::SortedListProvider;
use frame_support::BoundedVec;
use hansa_allocation_primitives::{Allocation, Phase, Term};
use hansa_beacon_primitives::{BeaconId, KEY_TYPE};
use hansa_dappchain_primitives::{AssignedNode, ChainId, FounderKeys, MAX_NODES};
use hansa_interchain_primitives::{route::NewRoute, ClientState};
use hansa_pallet_interchain::{types::Route, ClientSets, Clients, Routes};
use hansa_pallet_pbft::{CurrentSet, DecidingSet, SessionRecord, SessionRecords};
use hansa_pallet_staking::{benchmarking::BenchmarkHelper, Elects};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Authority, AuthorityId, AuthorityIndex, AuthoritySet, Hash, Height,
    SignedStatement, SigningContext, VoteKind,
};
use hansa_runtime_common::currency::UNIT;
use sp_runtime::RuntimeAppPublic;

/// Let `account` stand for election, and commit with `key`.
pub fn put_into_pool(account: &AccountId, key: &BeaconId) {
    let keys = SessionKeys {
        pbft: AuthorityId::generate_pair(None),
        beacon: key.clone(),
    };
    pallet_session::NextKeys::<Runtime>::insert(account, keys);
    pallet_session::KeyOwner::<Runtime>::insert((KEY_TYPE, key.to_raw_vec()), account);
    Elects::<Runtime>::put(true);
    Candidates::on_insert(account.clone(), UNIT).expect("it is no candidate yet");
}

/// Give `account` these session keys.
pub fn set_session_keys(account: &AccountId, keys: FounderKeys) {
    let keys = SessionKeys {
        pbft: keys.pbft,
        beacon: keys.beacon.unwrap_or_else(|| BeaconId::generate_pair(None)),
    };
    pallet_session::NextKeys::<Runtime>::insert(account, keys);
}

/// Makes accounts members of chains.
pub struct Founders;

impl hansa_pallet_dappchains::benchmarking::BenchmarkHelper<AccountId> for Founders {
    fn fill(chain: ChainId, nodes: &[AccountId]) {
        NodePool::fill(chain, nodes);
    }
}

impl hansa_pallet_dappchain_sets::benchmarking::BenchmarkHelper<AccountId> for Founders {
    fn serve(chain: ChainId, nodes: &[AssignedNode<AccountId>]) {
        for node in nodes {
            set_session_keys(&node.node, node.keys.clone());
        }
        let served = nodes.iter().take(MAX_NODES as usize);
        let nodes: Vec<_> = served.map(|node| node.node.clone()).collect();
        let term = Term {
            blocks: u32::MAX,
            seconds: u32::MAX,
        };
        <NodePool as Allocation<AccountId>>::open(chain, nodes.len() as u32, term)
            .expect("it is the first chain");
        NodePool::fill(chain, &nodes);
        for phase in [Phase::Forming, Phase::Live] {
            <NodePool as Allocation<AccountId>>::set_phase(chain, phase).expect("it has its nodes");
        }
    }

    fn open_route(route: NewRoute) {
        let (peer, genesis) = (route.chain.id, route.chain.genesis);
        let client = ClientState::new(genesis, route.header, route.set.id, route.trusting_period);
        Clients::<Runtime>::insert(peer, client);
        ClientSets::<Runtime>::insert(peer, route.set);
        let route = Route {
            chain: route.chain,
            suspended: false,
            hub: route.hub,
            entries: route.entries,
            packets: Default::default(),
            headers: Default::default(),
            reputation: Default::default(),
        };
        Routes::<Runtime>::insert(peer, route);
    }
}

impl BenchmarkHelper<AccountId> for CurrentAuthor {
    fn set_keys(node: &AccountId) {
        let pbft = AuthorityId::generate_pair(None);
        let beacon = BeaconId::generate_pair(None);
        pallet_session::NextKeys::<Runtime>::insert(node, SessionKeys { pbft, beacon });
        // As the session pallet has it, which takes it back with the keys.
        let _ = System::inc_consumers(node);
    }

    fn commit(members: &[AccountId], height: Height) -> SignedStatement {
        let authorities: Vec<_> = members
            .iter()
            .map(|_| Authority {
                key: AuthorityId::generate_pair(None),
                weight: 1,
            })
            .collect();
        let last = authorities.last().expect("a set has members").key.clone();
        let set = AuthoritySet::new(0, authorities).expect("the keys differ");
        let context = SigningContext {
            genesis: System::block_hash(0),
            set_id: set.id,
        };
        let deciding = DecidingSet {
            set,
            accounts: BoundedVec::truncate_from(members.to_vec()),
        };
        let record = SessionRecord {
            set_id: deciding.set.id,
            commitment: deciding.commitment(),
            first_height: height,
        };
        SessionRecords::<Runtime>::insert(Session::current_index(), record);
        CurrentSet::<Runtime>::put(deciding);
        let block = Hash::repeat_byte(1);
        frame_system::BlockHash::<Runtime>::insert(height, block);
        System::set_block_number(height.saturating_add(1));

        let statement = VoteKind::Commit.statement(block, NO_PROOF);
        let payload = context.payload(height, 0, &statement);
        SignedStatement {
            height,
            view: 0,
            statement,
            authority: members.len().saturating_sub(1) as AuthorityIndex,
            signature: last.sign(&payload).expect("the keystore has the key"),
        }
    }
}
