// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What is in flight when nodes stop.

use super::world::*;
use crate::mock::*;
use frame_support::assert_ok;

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
