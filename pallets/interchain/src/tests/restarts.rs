// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is in flight when nodes stop.

use super::world::*;
use crate::{mock::*, Call};
use codec::{Decode, Encode};
use frame_support::assert_ok;
use hansa_interchain_primitives::{api::Submission, Hash, Misbehaviour, StorageProof};

/// What a chain has is its state. A node that starts again has nothing else.
fn restart(chain: &mut Chain) {
    let mut fresh = sp_io::TestExternalities::from(sp_runtime::Storage::default());
    fresh.backend = chain.last().state.clone();
    chain.ext = fresh;
}

#[test]
fn both_sides_restarted_in_mid_flight() {
    let mut world = World::new();
    let bob = (world.a.free(BOB), world.b.free(BOB));
    for round in 0..3 {
        assert_ok!(world.a.transfer(B, 100));
        assert_ok!(world.b.transfer(A, 10));
        if round > 0 {
            world.carry_to_b();
        }
        restart(&mut world.a);
        restart(&mut world.b);
        world.audit();
        world.carry_to_a();
        restart(&mut world.a);
        world.audit();
    }
    world.settle();
    assert_eq!(
        (world.a.free(BOB), world.b.free(BOB)),
        (bob.0 + 30, bob.1 + 300)
    );
}

/// What a node asks its runtime for is the call that goes into its pool.
#[test]
fn submissions_are_the_calls_that_they_name() {
    let proof = StorageProof::from_raw(vec![vec![1], vec![2]]).unwrap();
    let (peer, lane, first, count, height) = (B, 1, 2, 3, 4);
    let submission = Submission::TimeOut {
        peer,
        lane,
        first,
        count,
        height,
        proof: proof.clone(),
    };
    let call = Call::time_out {
        peer,
        lane,
        first,
        count,
        height,
        proof: proof.clone(),
    };
    assert_eq!(Interchain::call_of(submission), call);
    let submission = Submission::Prune {
        peer,
        lane,
        acknowledged: first,
        height,
        proof: proof.clone(),
    };
    let call = Call::prune {
        peer,
        lane,
        acknowledged: first,
        height,
        proof,
    };
    assert_eq!(Interchain::call_of(submission), call);
    let world = World::new();
    let set = world.b.set.clone();
    let certificate = |byte| {
        let hash = Hash::repeat_byte(byte);
        certify(world.b.genesis, &set, world.b.seed, (9, 0), hash)
    };
    let misbehaviour = Box::new(Misbehaviour {
        set: set.clone(),
        first: certificate(1),
        second: certificate(2),
    });
    let submission = Submission::Misbehaviour {
        peer,
        misbehaviour: misbehaviour.clone(),
    };
    let call = Call::report_misbehaviour { peer, misbehaviour };
    assert_eq!(Interchain::call_of(submission.clone()), call);
    // It survives the way into the runtime.
    let decoded = Submission::decode(&mut &submission.encode()[..]);
    assert_eq!(decoded, Ok(submission));
}
