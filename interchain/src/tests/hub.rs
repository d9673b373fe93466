// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain that loses its quorum, and the hub that records another set for it.

use super::world::*;
use codec::Encode;
use hansa_allocation_primitives::Head;
use hansa_dappchain_primitives::{AssignedNode, FounderKeys, NextSet, Recovery};
use hansa_interchain_primitives::{
    claims,
    client::{self, Clock},
    keys,
    packet::ChainRef,
    recovery::Recoveries,
    ClientState, Hash, Height, Moment, RecoveryView, SignedHeader, StorageProof, TrustedHeader,
};
use hansa_pbft_primitives::{statement::verify_signature, AuthoritySet};
use hansa_primitives::AccountId;
use std::sync::{Arc, Mutex};

/// What a chain knows of its hub.
#[derive(Clone)]
pub struct HubClient {
    pub chain: ChainRef,
    pub state: ClientState,
    pub set: AuthoritySet,
    pub headers: Vec<TrustedHeader>,
}

/// As [`two_chains`], and the hub of the second one, which it knows.
pub fn two_chains_and_hub() -> (Shared, Shared, Shared) {
    let (a, b) = two_chains();
    let own = ChainRef {
        id: 0xc,
        genesis: Hash::repeat_byte(0xc),
    };
    let mut hub = World::new(own, lock(&b).own);
    hub.block(Vec::new());
    hub.open(&lock(&b));
    hub.block(Vec::new());
    let header = hub.trusted();
    let (state, set) = client_of(&hub, header);
    lock(&b).state.hub = Some(HubClient {
        chain: own,
        state,
        set,
        headers: vec![header],
    });
    lock(&b).block(Vec::new());
    (a, b, Arc::new(Mutex::new(hub)))
}

impl World {
    /// Another set decides from the next block on, to which nobody hands over. Returns what the hub records of that.
    pub fn lose_quorum(&mut self, seed: u8) -> Vec<u8> {
        let head = self.trusted();
        (self.set, self.seed) = (make_set(self.set.id + 1, seed), seed);
        // A set of before that has decided nothing is in no header.
        self.recoveries.retain(|_, first| *first <= head.height);
        self.recoveries.insert(self.set.id, head.height + 1);
        let members = self.set.authorities().iter().zip(1u8..);
        let members: Vec<_> = members
            .map(|(authority, i)| AssignedNode {
                node: AccountId::new([i; 32]),
                keys: FounderKeys {
                    pbft: authority.key.clone(),
                    beacon: None,
                },
            })
            .collect();
        let record = Recovery {
            chain: self.own.id,
            genesis: self.own.genesis,
            head: Head {
                height: head.height,
                hash: head.hash,
            },
            set_id: self.set.id,
            next: NextSet {
                ordinal: 1,
                seed: [0; 32],
                members: members.try_into().unwrap(),
            },
            hub: None,
        };
        record.to_bytes()
    }

    /// Make a record, as a hub, with the next block.
    pub fn record(&mut self, record: &[u8]) {
        let facts = Recovery::<AccountId>::facts(record).unwrap();
        let view = RecoveryView {
            record: record.to_vec().try_into().unwrap(),
            set: facts.set.id,
            at: wall_clock(),
        };
        self.state.record = Some((facts.chain, view));
    }

    /// What the state has of the record.
    pub fn record_items(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let Some((chain, view)) = &self.state.record else {
            return Vec::new();
        };
        let facts = Recovery::<AccountId>::facts(&view.record).unwrap();
        vec![
            (keys::recovery_hash(*chain, view.set), facts.hash.encode()),
            (keys::renewal(*chain), (view.set, view.at).encode()),
        ]
    }

    pub fn update_hub(&mut self, headers: &[SignedHeader]) -> Option<()> {
        let hub = self.state.hub.as_mut()?;
        let clock = Clock {
            now: self.now,
            drift: Some(PARAMETERS.max_clock_drift),
        };
        let update = client::update(&hub.state, &hub.set, headers, clock, verify_signature).ok()?;
        hub.state = update.state;
        hub.headers.extend(update.headers);
        Some(())
    }

    pub fn recover(
        &mut self,
        record: &[u8],
        at: Moment,
        height: Height,
        proof: &StorageProof,
    ) -> Option<()> {
        let root = self.hub_root(height)?.state_root;
        let facts = Recovery::<AccountId>::facts(record)?;
        let (chain, id) = (facts.chain, facts.set.id);
        claims::verify_recovery(&root, chain, id, &facts.hash, at, proof).ok()?;
        let (state, set) = (self.state.client?, self.state.client_set.clone()?);
        let update = client::recover(&state, &set, facts.head, facts.set, at).ok()?;
        self.state.client = Some(update.state);
        self.state.client_set = update.set;
        self.state.past.extend(update.past);
        Some(())
    }

    /// A header of the hub that is known.
    pub fn hub_root(&self, height: Height) -> Option<TrustedHeader> {
        let mut headers = self.state.hub.iter().flat_map(|hub| &hub.headers);
        headers.find(|header| header.height == height).copied()
    }
}
