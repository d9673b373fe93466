// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What nodes do for the beacon, and how tests wait for its parts.

use super::{beacon_pair, Chain};
use codec::Decode;
use hansa_beacon_primitives::{
    api::runtime_decl_for_beacon_api::BeaconApi,
    commitment::{commit_payload, commitment, own_id, secret_input},
    DutyKind, Phase,
};
use hansa_runtime_hub::{Runtime, UncheckedExtrinsic};
use sp_core::{crypto::VrfSecret, Pair};

/// More blocks, a second apart, than any part of an epoch of a minute takes.
pub const MANY: u32 = 100;

pub fn phase(chain: &mut Chain) -> Phase {
    chain.state(|| Runtime::epoch().phase)
}

/// Make blocks until `done`.
pub fn until(chain: &mut Chain, what: &str, done: impl Fn(&mut Chain) -> bool) {
    for _ in 0..MANY {
        if done(chain) {
            return;
        }
        chain.block(1_000, Vec::new);
    }
    panic!("{what}: not in {MANY} blocks");
}

pub fn until_phase(chain: &mut Chain, wanted: Phase) {
    until(chain, "a part of the epoch", |chain| phase(chain) == wanted);
}

pub fn until_epoch(chain: &mut Chain, wanted: u32) {
    until(chain, "an epoch", |chain| {
        chain.state(|| Runtime::epoch().epoch) == wanted
    });
}

/// What the node of this seed puts into its pool now, as the API tells it.
pub fn do_duty(chain: &mut Chain, seed: &str) -> Option<UncheckedExtrinsic> {
    let genesis = chain.genesis;
    let pooled = chain.pooled(|| {
        let pair = beacon_pair(seed);
        let Some(duty) = Runtime::duty(pair.public()) else {
            return;
        };
        let input = secret_input(&genesis, duty.epoch, &duty.beacon);
        let id = own_id(&pair.clone().into_inner().vrf_pre_output(&input));
        let hash = commitment(&genesis, duty.epoch, &duty.account, &id);
        match duty.kind {
            DutyKind::Commit => {
                let payload = commit_payload(&genesis, duty.epoch, &duty.account, &hash);
                let signature = pair.sign(&payload);
                Runtime::submit_commit(duty.epoch, duty.account, hash, signature)
            }
            DutyKind::Reveal { commitment, key } => {
                assert_eq!((commitment, key), (hash, pair.public()));
                Runtime::submit_reveal(duty.epoch, duty.account, id)
            }
        }
        .expect("there is a pool");
    });
    let transaction = pooled.first()?;
    Some(UncheckedExtrinsic::decode(&mut &transaction[..]).expect("it is one of ours"))
}

/// Let these nodes do what is due, all in one block; returns how many had something to do.
pub fn duties(chain: &mut Chain, seeds: &[&str]) -> usize {
    let transactions: Vec<_> = seeds
        .iter()
        .filter_map(|seed| do_duty(chain, seed))
        .collect();
    let count = transactions.len();
    let (_, results) = chain.block(1_000, || transactions);
    assert_eq!(results, vec![Ok(Ok(())); count]);
    count
}
