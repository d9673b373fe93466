// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A state of the other chain, and proofs of what is in it.

use super::*;
use hansa_interchain_primitives::{claims, keys, packet::Passage};
use sp_trie::{
    trie_types::{TrieDBBuilder, TrieDBMutBuilderV1},
    LayoutV1, MemoryDB, RandomState, Recorder, Trie, TrieMut,
};

/// How many other things are in its state.
const OTHERS: u32 = 2_000;

/// A state of the other chain that has sent these packets, and a proof of them.
pub fn prove<T: Config>(packets: &[Packet]) -> Result<(Hash, StorageProof), BenchmarkError> {
    let own = Pallet::<T>::own();
    let mut items: Vec<(Vec<u8>, Vec<u8>)> = (0..OTHERS)
        .map(|i| (BlakeTwo256::hash(&i.encode()).encode(), alloc::vec![1; 40]))
        .collect();
    for (nonce, packet) in (0..).zip(packets) {
        let passage = Passage {
            source: ChainRef {
                id: PEER,
                genesis: GENESIS,
            },
            destination: own,
            lane: TRANSFER_LANE,
            nonce,
        };
        let key = keys::commitment(own.id, TRANSFER_LANE, nonce);
        items.push((key, packet.commitment(&passage).encode()));
    }
    let (mut db, mut root) = (
        MemoryDB::<BlakeTwo256>::with_hasher(RandomState::default()),
        Hash::zero(),
    );
    {
        let mut trie = TrieDBMutBuilderV1::<BlakeTwo256>::new(&mut db, &mut root).build();
        for (key, value) in &items {
            trie.insert(key, value)
                .map_err(|_| stop("no state can be made"))?;
        }
    }
    let mut recorder = Recorder::<LayoutV1<BlakeTwo256>>::new();
    {
        let trie = TrieDBBuilder::<BlakeTwo256>::new(&db, &root)
            .with_recorder(&mut recorder)
            .build();
        for key in claims::packet_keys(own.id, TRANSFER_LANE, 0, packets.len()) {
            trie.get(&key).map_err(|_| stop("no proof can be made"))?;
        }
    }
    let nodes = recorder.drain().into_iter().map(|record| record.data);
    let proof = StorageProof::new(nodes).ok_or(stop("the proof is too large"))?;
    Ok((root, proof))
}
