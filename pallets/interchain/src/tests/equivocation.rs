// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Two certified blocks of one height: who can be held to them, and for how long.

use super::world::*;
use crate::{mock::*, Call, Event};
use frame_support::assert_ok;
use hansa_interchain_primitives::{api::RouteStatus, Hash, Height, Misbehaviour, PastSet};
use hansa_pbft_primitives::{AuthoritySet, View};
use sp_runtime::transaction_validity::InvalidTransaction;

/// A set and where its keys come from.
type Keys = (AuthoritySet, u8);

/// Two certificates of a set for a height, of these views and blocks.
fn report(
    chain: &Chain,
    (set, seed): &Keys,
    height: Height,
    blocks: [(View, u8); 2],
) -> Call<Test> {
    let [first, second] = blocks.map(|(view, hash)| {
        let hash = Hash::repeat_byte(hash);
        certify(chain.genesis, set, *seed, (height, view), hash)
    });
    let misbehaviour = Misbehaviour {
        set: set.clone(),
        first,
        second,
    };
    Call::report_misbehaviour {
        peer: chain.id,
        misbehaviour: Box::new(misbehaviour),
    }
}

/// Chain A has handed over, and B knows. Returns the set before and its last height.
fn handed_over(world: &mut World) -> (Keys, Height) {
    let old = (world.a.set.clone(), world.a.seed);
    world.a.hand_over(50);
    let last = world.a.height();
    tell(&world.a, &mut world.b);
    assert_eq!(set_of(&mut world.b, A).id, old.0.id + 1);
    (old, last)
}

fn past_sets(world: &mut World) -> Vec<PastSet> {
    world.b.read(|| Interchain::past_sets(A))
}

fn status(world: &mut World) -> RouteStatus {
    world.b.read(|| Interchain::route(A).unwrap().status)
}

#[test]
fn two_certificates_of_one_same_block_do_not_freeze() {
    let mut world = World::new();
    let (old, last) = handed_over(&mut world);
    let current = (world.a.set.clone(), world.a.seed);
    for (keys, height) in [(&old, last), (&current, last + 1)] {
        // Of another view, and so with other signatures.
        let call = report(&world.a, keys, height, [(0, 1), (3, 1)]);
        assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    }
    assert_eq!(status(&mut world), RouteStatus::Open);
    assert_ok!(world.b.transfer(A, 10));
    world.settle();
}

#[test]
fn a_past_set_that_equivocates_freezes_too_and_only_for_heights_of_its_own() {
    let mut world = World::new();
    let (old, last) = handed_over(&mut world);
    let fork = [(0, 1), (0, 2)];
    // What it signs of heights that it does not decide convicts nobody, nor does another set under its id.
    let later = report(&world.a, &old, last + 1, fork);
    assert_eq!(world.b.submit(later), refused(InvalidTransaction::BadProof));
    let forged = (make_set(old.0.id, 90), 90);
    let forged = report(&world.a, &forged, last, fork);
    assert_eq!(
        world.b.submit(forged),
        refused(InvalidTransaction::BadProof)
    );
    let known = past_sets(&mut world);
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].id, known[0].last), (old.0.id, last));
    assert!(known[0].decided(last) && !known[0].decided(last + 1));

    assert_ok!(world.b.submit(report(&world.a, &old, last, fork)));
    assert!(world.b.events().contains(&Event::RouteFrozen { peer: A }));
    assert_eq!(status(&mut world), RouteStatus::Frozen);
}

#[test]
fn a_past_set_is_held_to_it_within_the_trusting_period_and_not_longer() {
    for (waits, freezes) in [(3, true), (4, false)] {
        let mut world = World::new();
        let (old, last) = handed_over(&mut world);
        for _ in 0..waits {
            // Less than a third, as each block takes a second, too.
            world.wait(TRUST_MS / 3 - 10_000);
            tell(&world.a, &mut world.b);
        }
        assert_eq!(past_sets(&mut world).len(), usize::from(freezes));
        let fork = report(&world.a, &old, last, [(0, 1), (0, 2)]);
        let expected = match freezes {
            true => Ok(()),
            false => refused(InvalidTransaction::BadProof),
        };
        assert_eq!(world.b.submit(fork), expected, "{waits}");
    }
}
