// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The light client in the pallet: hand-overs, misbehaviour, expiry.

use super::world::*;
use crate::{mock::*, Call, Clients, Error, Event, PastSets, Renewals};
use frame_support::{assert_ok, dispatch::DispatchResult};
use hansa_interchain_primitives::{
    api::RouteStatus,
    traits::{ClientHead, LightClients},
    Hash, Misbehaviour, TRANSFER_LANE,
};
use sp_runtime::transaction_validity::InvalidTransaction;

#[test]
fn hand_overs_are_followed_while_value_flows() {
    let mut world = World::new();
    for seed in [50, 60, 70, 80, 90] {
        assert_ok!(world.a.transfer(B, 100));
        world.a.hand_over(seed);
        world.b.hand_over(seed + 100);
        assert_ok!(world.b.transfer(A, 10));
        world.settle();
    }
    assert_eq!(set_of(&mut world.b, A), world.a.set);
    assert_eq!(set_of(&mut world.a, B).id, 5);
    // Only the last sets are remembered.
    let ids = world
        .b
        .read(|| PastSets::<Test>::iter_key_prefix(A).count());
    assert_eq!(ids, 3);
}

#[test]
fn a_long_chain_of_hand_overs_comes_in_bounded_steps() {
    let mut world = World::new();
    for seed in 40..49 {
        world.a.hand_over(seed);
    }
    world.a.block(|| {});
    let steps = update(&world.a, &mut world.b);
    assert_eq!(steps.len(), 3);
    // A step cannot be left out.
    world.b.now = world.b.now.max(world.a.now);
    let skipped = world.b.submit(steps[1].clone());
    assert_eq!(skipped, refused(InvalidTransaction::BadProof));
    HandedOver::take();
    for step in steps {
        assert_ok!(world.b.submit(step));
    }
    assert_eq!(set_of(&mut world.b, A), world.a.set);
    // Who knows of sets is told of each of them.
    assert_eq!(HandedOver::get(), (1..=9).collect::<Vec<_>>());
}

/// Though the last one of the same update was ordered.
#[test]
fn a_set_that_nobody_ordered_does_not_slip_through_between_others() {
    let mut world = World::new();
    let known = set_of(&mut world.b, A);
    RefusedSet::set(Some(2));
    HandedOver::take();
    for seed in [50, 60, 70] {
        world.a.hand_over(seed);
    }
    tell(&world.a, &mut world.b);
    assert!(world
        .b
        .events()
        .contains(&Event::HandOverRefused { peer: A, set: 2 }));
    assert_eq!(set_of(&mut world.b, A), known);
    assert_eq!(HandedOver::get(), Vec::<u64>::new());
}

#[test]
fn a_stale_set_and_a_skipped_hand_over_are_refused() {
    let mut world = World::new();
    let (old, seed) = (world.a.set.clone(), world.a.seed);
    world.a.hand_over(50);
    world.a.block(|| {});
    // The last header alone: nobody has handed over to who signed it.
    let last = world.a.last().signed.clone();
    let call = Call::update_client {
        peer: A,
        headers: vec![last].try_into().unwrap(),
    };
    world.b.now = world.b.now.max(world.a.now);
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    tell(&world.a, &mut world.b);
    // The old set signs on.
    world.a.block(|| {});
    let header = world.a.last().header.clone();
    let certificate = certify(
        world.a.genesis,
        &old,
        seed,
        (header.number, 0),
        header.hash(),
    );
    let signed = hansa_interchain_primitives::SignedHeader::new(&header, certificate).unwrap();
    let call = Call::update_client {
        peer: A,
        headers: vec![signed].try_into().unwrap(),
    };
    world.b.now = world.b.now.max(world.a.now);
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    // A replayed header.
    tell(&world.a, &mut world.b);
    let again = world.a.last().signed.clone();
    let call = Call::update_client {
        peer: A,
        headers: vec![again].try_into().unwrap(),
    };
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::Stale));
    let none = Call::update_client {
        peer: A,
        headers: Default::default(),
    };
    assert_eq!(world.b.submit(none), refused(InvalidTransaction::Stale));
}

fn fork(chain: &Chain, heights: (u32, u32), hashes: (u8, u8)) -> Call<Test> {
    let certificate = |height, hash| {
        certify(
            chain.genesis,
            &chain.set,
            chain.seed,
            (height, 0),
            Hash::repeat_byte(hash),
        )
    };
    let misbehaviour = Misbehaviour {
        set: chain.set.clone(),
        first: certificate(heights.0, hashes.0),
        second: certificate(heights.1, hashes.1),
    };
    Call::report_misbehaviour {
        peer: chain.id,
        misbehaviour: Box::new(misbehaviour),
    }
}

#[test]
fn a_peer_chain_that_equivocates_freezes_and_governance_reopens() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 500));
    assert_ok!(world.b.transfer(A, 500));
    // Two certificates of one same block, or of two heights, are nothing.
    for call in [
        fork(&world.a, (90, 90), (1, 1)),
        fork(&world.a, (90, 91), (1, 2)),
    ] {
        assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    }
    let call = fork(&world.a, (90, 90), (1, 2));
    assert_ok!(world.b.submit(call.clone()));
    assert!(world.b.events().contains(&Event::RouteFrozen { peer: A }));
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::Stale));
    // Nothing is believed or sent any more: no headers, no packets, no results.
    assert_eq!(
        world.b.transfer(A, 10),
        Err(Error::<Test>::NotTrusted.into())
    );
    let status = world.b.read(|| Interchain::route(A).unwrap().status);
    assert_eq!(status, RouteStatus::Frozen);
    world.a.block(|| {});
    for call in cargo(&world.a, &mut world.b) {
        assert!(world.b.submit(call).is_err());
    }
    let escrow = world.b.book(A).escrow;
    assert_eq!(escrow, 500);
    // Governance satisfies itself which branch is right, and all goes on from there.
    world.a.hand_over(120);
    let (header, set) = (world.a.trusted(), Box::new(world.a.set.clone()));
    let reopen = Call::reopen_route {
        peer: A,
        header,
        set,
    };
    assert!(world.b.signed(ALICE, reopen.clone()).is_err());
    assert_ok!(world.b.root(reopen));
    world.settle();
    assert_eq!(world.b.book(A).escrow, 0);
}

#[test]
fn an_expired_route_takes_nothing_until_governance_reopens_it() {
    let mut world = World::new();
    assert_ok!(world.b.transfer(A, 500));
    world.wait(TRUST_MS + 1);
    assert_eq!(
        world.b.transfer(A, 10),
        Err(Error::<Test>::NotTrusted.into())
    );
    for call in cargo(&world.a, &mut world.b) {
        assert!(world.b.submit(call).is_err());
    }
    // No refund without a header that governance accepts.
    let proof = timeout(&world.a, B, TRANSFER_LANE, 0, 1);
    assert!(world.b.submit(proof).is_err());
    assert_eq!(world.b.book(A).escrow, 500);
    for _ in 0..2 {
        let (header, set) = (world.b.trusted(), Box::new(world.b.set.clone()));
        let reopen = Call::reopen_route {
            peer: world.b.id,
            header,
            set,
        };
        assert_ok!(world.a.root(reopen));
        core::mem::swap(&mut world.a, &mut world.b);
    }
    world.settle();
    assert_eq!(world.b.book(A).escrow, 0);
}

/// Of a chain that seems to stand still whatever comes late can be proven.
#[test]
fn a_client_that_is_kept_trusted_learns_on_and_nothing_says_that_a_set_was_recorded() {
    let mut world = World::new();
    let status = |world: &mut World| world.b.read(|| Interchain::route(A).unwrap().status);
    let keep = |world: &mut World| {
        world
            .b
            .block(|| <Interchain as LightClients>::keep_trusted(A))
    };
    world.wait(TRUST_MS - 5_000);
    keep(&mut world);
    world.wait(TRUST_MS / 2);
    assert_eq!(status(&mut world), RouteStatus::Open);
    world.wait(TRUST_MS);
    assert_eq!(status(&mut world), RouteStatus::Expired);
    keep(&mut world);
    assert_eq!(status(&mut world), RouteStatus::Open);
    assert!(!world.b.read(|| Renewals::<Test>::contains_key(A)));
    let before = head_of_a(&mut world);
    tell(&world.a, &mut world.b);
    assert!(head_of_a(&mut world).height > before.height);
    // It is no forgiveness.
    world.b.block(|| Interchain::do_freeze(A)).unwrap();
    keep(&mut world);
    assert_eq!(status(&mut world), RouteStatus::Frozen);
    // Nothing comes to be of a chain without a route.
    world
        .b
        .block(|| <Interchain as LightClients>::keep_trusted(77));
    assert!(!world.b.read(|| Clients::<Test>::contains_key(77)));
}

/// Who hands over late can be held to what it signed before, as it was trusted until then.
#[test]
fn a_set_that_hands_over_late_can_be_contradicted_for_as_long_as_it_was_kept_trusted() {
    let mut world = World::new();
    let (set, seed) = (world.a.set.clone(), world.a.seed);
    world.a.hand_over(50);
    let height = world.a.height();
    world.b.now = world.a.now + 2 * TRUST_MS;
    world
        .b
        .block(|| <Interchain as LightClients>::keep_trusted(A));
    let kept = world.b.now;
    tell(&world.a, &mut world.b);
    assert_eq!(set_of(&mut world.b, A), world.a.set);
    let past = world.b.read(|| PastSets::<Test>::get(A, set.id));
    assert_eq!(past.expect("it is remembered").until, kept);
    let certificate = |hash| {
        let hash = Hash::repeat_byte(hash);
        certify(world.a.genesis, &set, seed, (height, 0), hash)
    };
    let misbehaviour = Misbehaviour {
        set: set.clone(),
        first: certificate(1),
        second: certificate(2),
    };
    let call = Call::report_misbehaviour {
        peer: A,
        misbehaviour: Box::new(misbehaviour),
    };
    assert_ok!(world.b.submit(call));
    assert!(world.b.events().contains(&Event::RouteFrozen { peer: A }));
}

#[test]
fn a_quiet_route_must_not_expire() {
    let mut world = World::new();
    for _ in 0..10 {
        world.wait(TRUST_MS / 3);
        let due = world.b.read(|| Interchain::route(A).unwrap().header_due);
        assert!(due);
        let (a, b) = (&mut world.a, &mut world.b);
        tell(a, b);
        tell(b, a);
        assert!(!world.b.read(|| Interchain::route(A).unwrap().header_due));
    }
    assert_ok!(world.b.transfer(A, 10));
    world.settle();
}

#[test]
fn a_hand_over_to_a_set_that_nobody_ordered_suspends_the_route() {
    let mut world = World::new();
    let known = set_of(&mut world.b, A);
    RefusedSet::set(Some(1));
    world.a.hand_over(50);
    tell(&world.a, &mut world.b);
    assert!(world
        .b
        .events()
        .contains(&Event::HandOverRefused { peer: A, set: 1 }));
    assert_eq!(set_of(&mut world.b, A), known);
    let again = update(&world.a, &mut world.b).remove(0);
    assert_eq!(world.b.submit(again), refused(InvalidTransaction::Stale));
    assert_eq!(
        world.b.transfer(A, 10),
        Err(Error::<Test>::Suspended.into())
    );
}

#[test]
fn the_header_of_another_time_is_refused() {
    let mut world = World::new();
    // More than the drift ahead of the own clock.
    world.a.now = world.b.now + 1_000_000;
    world.a.block(|| {});
    let ahead = update(&world.a, &mut world.b).remove(0);
    assert_eq!(
        world.b.submit(ahead.clone()),
        refused(InvalidTransaction::BadProof)
    );
    world.b.now = world.a.now - 10_000;
    assert_ok!(world.b.submit(ahead));
}

/// What the second chain knows of the first one.
fn head_of_a(world: &mut World) -> ClientHead {
    let head = world.b.read(|| <Interchain as LightClients>::head(A));
    head.expect("there is a route")
}

/// It is recorded on the second chain that the set of this seed decides above the head of the first one that it knows.
fn recover_a(world: &mut World, seed: u8) -> DispatchResult {
    let head = head_of_a(world);
    let next = make_set(head.set_id + 1, seed);
    world
        .b
        .block(|| Interchain::recover(A, (head.height, head.hash), next))
}

#[test]
fn a_route_goes_on_with_a_set_that_was_recorded() {
    let mut world = World::new();
    assert_ok!(world.b.transfer(A, 500));
    tell(&world.a, &mut world.b);
    let head = head_of_a(&mut world);
    assert_eq!((head.height, head.set_id), (world.a.height(), 0));
    assert_eq!((head.hash, head.held), (world.a.trusted().hash, false));
    assert_eq!(head.timestamp, world.a.trusted().timestamp);
    let deciding = world.b.read(|| Interchain::deciding_set(A));
    assert_eq!(deciding, Some(world.a.set.clone()));
    // It stands still for longer than it is trusted.
    world.b.now += TRUST_MS + 1;
    world.b.block(|| {});
    let status = |world: &mut World| world.b.read(|| Interchain::route(A).unwrap().status);
    assert_eq!(status(&mut world), RouteStatus::Expired);
    HandedOver::take();
    assert_ok!(recover_a(&mut world, 90));
    assert!(world.b.events().contains(&Event::ClientRecovered {
        peer: A,
        set: 1,
        height: head.height
    }));
    assert_eq!(
        HandedOver::get(),
        Vec::<u64>::new(),
        "nobody has handed over"
    );
    assert_eq!(status(&mut world), RouteStatus::Open);
    let past = world.b.read(|| PastSets::<Test>::get(A, 0));
    assert_eq!(past.map(|past| past.last), Some(head.height));
    // The set before is believed no more, and the new one is.
    world.a.now = world.b.now;
    let old = (world.a.set.clone(), world.a.seed);
    (world.a.set, world.a.seed) = (make_set(1, 90), 90);
    world.a.block(|| {});
    let header = world.a.last().header.clone();
    let certificate = certify(
        world.a.genesis,
        &old.0,
        old.1,
        (header.number, 0),
        header.hash(),
    );
    let signed = hansa_interchain_primitives::SignedHeader::new(&header, certificate).unwrap();
    let call = Call::update_client {
        peer: A,
        headers: vec![signed].try_into().unwrap(),
    };
    assert_eq!(world.b.submit(call), refused(InvalidTransaction::BadProof));
    tell(&world.a, &mut world.b);
    assert_eq!(set_of(&mut world.b, A), world.a.set);
    // What was on its way arrives. The other side was not heard of for as long, too.
    let (header, set) = (world.b.trusted(), Box::new(world.b.set.clone()));
    let reopen = Call::reopen_route {
        peer: B,
        header,
        set,
    };
    assert_ok!(world.a.root(reopen));
    world.settle();
    assert_eq!(world.b.book(A).escrow, 0);
    // It can be recorded again.
    assert_ok!(recover_a(&mut world, 120));
    assert_eq!(set_of(&mut world.b, A), make_set(2, 120));
}

#[test]
fn no_set_is_recorded_above_another_head_or_of_a_chain_of_which_nothing_is_believed() {
    let mut world = World::new();
    let head = head_of_a(&mut world);
    let known = world.b.read(|| Clients::<Test>::get(A));
    let recover = |world: &mut World, peer, height, id| {
        world
            .b
            .block(|| Interchain::recover(peer, (height, head.hash), make_set(id, 90)))
    };
    let refused = |error: Error<Test>| -> DispatchResult { Err(error.into()) };
    let world = &mut world;
    assert_eq!(
        recover(world, A, head.height + 1, 1),
        refused(Error::UnknownHeader)
    );
    assert_eq!(recover(world, A, head.height, 0), refused(Error::BadSet));
    assert_eq!(recover(world, 77, head.height, 1), refused(Error::NoRoute));
    assert_eq!(
        world.b.read(|| <Interchain as LightClients>::head(77)),
        None
    );
    assert_eq!(world.b.read(|| Clients::<Test>::get(A)), known);
    // Whether a route that is suspended may be helped the caller must ask.
    let suspend = Call::suspend_route {
        peer: A,
        suspended: true,
    };
    assert_ok!(world.b.root(suspend));
    assert!(head_of_a(world).held);
    let resume = Call::suspend_route {
        peer: A,
        suspended: false,
    };
    assert_ok!(world.b.root(resume));
    let fork = fork(&world.a, (90, 90), (1, 2));
    assert_ok!(world.b.submit(fork));
    assert!(head_of_a(world).held);
    assert_eq!(
        recover(world, A, head.height, 1),
        refused(Error::NotTrusted)
    );
}

#[test]
fn a_header_is_due_as_soon_as_it_is_wanted() {
    let mut world = World::new();
    let due = |world: &mut World| world.b.read(|| Interchain::route(A).unwrap().header_due);
    assert!(!due(&mut world));
    Wanted::set(Some(B));
    assert!(!due(&mut world));
    Wanted::set(Some(A));
    assert!(due(&mut world));
}
