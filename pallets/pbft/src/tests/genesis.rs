// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a genesis makes, and which are refused.

use crate::{mock::*, service_time::DEFAULT_SESSION_LENGTH_MS, Listed, SessionLength};
use frame_support::traits::KeyOwnerProofSystem;
use hansa_pbft_primitives::{Timing, KEY_TYPE};

#[test]
fn the_session_keys_make_the_first_set_in_their_order() {
    ExtBuilder::default().validators(&[3, 1, 2]).run(|| {
        let state = Pbft::consensus_state();
        assert_eq!(state.set.id, 0);
        let keys: Vec<_> = state
            .set
            .authorities()
            .iter()
            .map(|a| a.key.clone())
            .collect();
        assert_eq!(keys, [key(3), key(1), key(2)]);
        assert_eq!(state.set.total_weight(), 3);
        assert_eq!(state.timing, Timing::default());
        assert_ne!(state.seed, [0; 32]);
        assert_eq!(Listed::<Test>::get().into_inner(), [3, 1, 2]);
        let primary = Pbft::primary(1, 0).expect("there is a set");
        assert!(keys.contains(&primary));
    });
}

#[test]
fn weights_come_from_the_runtime() {
    let mut ext = ExtBuilder::default().build();
    set_weight(2, 5);
    ext.execute_with(|| {
        // The genesis was built before; the next session takes the weight.
        end_session();
        let weights: Vec<_> = Pbft::consensus_state()
            .set
            .authorities()
            .iter()
            .map(|a| a.weight)
            .collect();
        assert_eq!(weights, [1, 5, 1, 1]);
    });
}

#[test]
fn an_open_session_length_is_the_default() {
    ExtBuilder {
        session_length_ms: 0,
        ..Default::default()
    }
    .run(|| assert_eq!(SessionLength::<Test>::get(), DEFAULT_SESSION_LENGTH_MS));
}

/// A key of the first sessions can be proven while its session runs and when it is over.
#[test]
fn keys_of_the_first_sessions_can_be_proven() {
    ExtBuilder::default().run(|| {
        let name = (KEY_TYPE, key(2));
        let proofs: Vec<_> = (0..3)
            .map(|session| {
                assert_eq!(Session::current_index(), session);
                let proof = Historical::prove(name.clone()).expect("the key is in force");
                end_session();
                proof
            })
            .collect();
        for proof in proofs {
            assert_eq!(Historical::check_proof(name.clone(), proof), Some((2, ())));
        }
    });
}

#[test]
fn no_validator() {
    let mut ext = ExtBuilder::default().validators(&[]).build();
    let error = Err("session.keys: a chain needs at least one validator");
    assert_eq!(ext.execute_with(Pbft::check_genesis), error);
    ExtBuilder::default().run(|| assert_eq!(Pbft::check_genesis(), Ok(())));
}

#[test]
#[should_panic(expected = "session.keys: authority 2 of the set has the key of an earlier one")]
fn a_validator_twice() {
    ExtBuilder::default().validators(&[1, 2, 1]).build();
}

#[test]
#[should_panic(expected = "pbft.timing.idleIntervalMs must not be below minIntervalMs")]
fn bad_timing() {
    let timing = Timing {
        idle_interval_ms: 1,
        ..Timing::default()
    };
    ExtBuilder {
        timing,
        ..Default::default()
    }
    .build();
}

#[test]
#[should_panic(expected = "pbft.sessionLengthMs must be at least 1000")]
fn too_short_a_session() {
    ExtBuilder {
        session_length_ms: 999,
        ..Default::default()
    }
    .build();
}

#[test]
#[should_panic(expected = "pbft.sessionLengthMs must be at most")]
fn too_long_a_session() {
    ExtBuilder {
        session_length_ms: u64::MAX,
        ..Default::default()
    }
    .build();
}
