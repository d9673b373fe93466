// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Routes.

use super::world::*;
use crate::{mock::*, Call, Error, Routes};
use frame_support::{assert_ok, traits::Hooks};
use hansa_interchain_primitives::{api::RouteStatus, rate::Terms, Rate};

#[test]
fn the_pallet_fits_the_protocol() {
    genesis(A).execute_with(<Interchain as Hooks<u32>>::integrity_test);
}

#[test]
fn routes_are_opened_by_governance_to_chains_that_can_be() {
    let (mut a, b) = (Chain::new(A), Chain::new(B));
    assert!(a.signed(ALICE, route_to(&b, PAR)).is_err());
    let zero = Terms {
        rate: Rate { low: 1, high: 0 },
        ..PAR
    };
    assert_eq!(
        a.root(route_to(&b, zero)),
        Err(Error::<Test>::BadTerms.into())
    );
    let twin = Chain::new(A);
    assert_eq!(
        a.root(route_to(&twin, PAR)),
        Err(Error::<Test>::BadChainId.into())
    );
    let nobody = Chain::new(0);
    assert_eq!(
        a.root(route_to(&nobody, PAR)),
        Err(Error::<Test>::BadChainId.into())
    );
    let mut empty = Chain::new(0xc);
    empty.set = Default::default();
    assert_eq!(
        a.root(route_to(&empty, PAR)),
        Err(Error::<Test>::BadSet.into())
    );
    assert_ok!(a.root(route_to(&b, PAR)));
    assert_eq!(
        a.root(route_to(&b, PAR)),
        Err(Error::<Test>::RouteExists.into())
    );
    for id in [1, 2, 3] {
        assert_ok!(a.root(route_to(&Chain::new(id), PAR)));
    }
    let one_more = a.root(route_to(&Chain::new(4), PAR));
    assert_eq!(one_more, Err(Error::<Test>::TooManyRoutes.into()));
    assert_eq!(a.read(Interchain::routes), [1, 2, 3, B]);
    // A chain without an id talks to nobody.
    let mut nobody = Chain::new(0);
    assert_eq!(
        nobody.root(route_to(&b, PAR)),
        Err(Error::<Test>::NoOwnId.into())
    );
}

#[test]
fn a_suspended_route_takes_and_brings_no_packets_but_settles() {
    let mut world = World::new();
    assert_ok!(world.a.transfer(B, 100));
    world.carry_to_b();
    let suspend = |suspended| Call::suspend_route { peer: B, suspended };
    assert_ok!(world.a.root(suspend(true)));
    assert_eq!(
        world.a.read(|| Interchain::route(B).unwrap().status),
        RouteStatus::Suspended
    );
    assert_eq!(world.a.transfer(B, 1), Err(Error::<Test>::Suspended.into()));
    world.carry_to_a();
    assert_eq!(world.a.book(B).escrow, 0);
    assert_ok!(world.b.transfer(A, 10));
    assert!(deliver_transfers(&mut world.b, &mut world.a).is_err());
    assert_ok!(world.a.root(suspend(false)));
    world.settle();
    assert_ok!(world.a.transfer(B, 1));
}

#[test]
fn governance_sets_limits_and_entries() {
    let mut world = World::new();
    let entries: crate::types::Entries = vec![b"/dns/b/tcp/1".to_vec().try_into().unwrap()]
        .try_into()
        .unwrap();
    assert!(world
        .a
        .signed(ALICE, Call::set_limit { peer: B, limit: 1 })
        .is_err());
    assert_ok!(world.a.root(Call::set_limit { peer: B, limit: 1 }));
    assert_eq!(world.a.book(B).limit, 1);
    let call = Call::set_entries {
        peer: B,
        entries: entries.clone(),
    };
    assert_ok!(world.a.root(call));
    assert_eq!(
        world.a.read(|| Routes::<Test>::get(B).unwrap().entries),
        entries
    );
    let nowhere = Call::set_limit {
        peer: 0xc,
        limit: 1,
    };
    assert_eq!(world.a.root(nowhere), Err(Error::<Test>::NoRoute.into()));
}

#[test]
fn a_route_says_for_how_long_headers_of_its_chain_are_trusted() {
    let (mut a, b) = (Chain::new(A), Chain::new(B));
    let trusting = |ms| {
        let Call::open_route { mut route } = route_to(&b, PAR) else {
            panic!("it opens a route");
        };
        route.trusting_period = ms;
        Call::open_route { route }
    };
    // Packets must time out while headers are trusted; and nobody is trusted for longer than any may be.
    for ms in [0, TIMEOUT_MS, TRUST_MS + 1] {
        let refused = a.root(trusting(ms));
        assert_eq!(
            refused,
            Err(Error::<Test>::BadTrustingPeriod.into()),
            "{ms}"
        );
    }
    let ms = TIMEOUT_MS + 1;
    assert_ok!(a.root(trusting(ms)));
    let expires = |a: &mut Chain| {
        a.block(|| {});
        a.read(|| Interchain::route(B).map(|route| route.status)) == Some(RouteStatus::Expired)
    };
    assert!(!expires(&mut a));
    a.now += ms;
    assert!(expires(&mut a));
    // A new beginning has the same.
    let mut b = b;
    b.now = a.now;
    b.block(|| {});
    let reopen = Call::reopen_route {
        peer: B,
        header: b.trusted(),
        set: Box::new(b.set.clone()),
    };
    assert_ok!(a.root(reopen));
    assert!(!expires(&mut a));
    a.now += ms;
    assert!(expires(&mut a));
}
