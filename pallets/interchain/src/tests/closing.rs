// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Routes to chains whose life is over.

use super::world::*;
use crate::{
    mock::*, routes::CLOSED_AT_ONCE, Agreements, Books, Call, ClientSets, Clients, Commitments,
    Error, Event, HeaderRing, InboundLanes, Outbound, OutboundLanes, PastSetRing, PastSets,
    Results, Routes, StoredHeaders,
};
use frame_support::assert_ok;
use hansa_interchain_primitives::{
    traits::{CloseRoute, Closing, SendSystemPacket},
    Balance,
};

/// Take a step, in a block of its own, after which the invariants are checked.
fn close(chain: &mut Chain, whatever_is_left: bool) -> Closing {
    chain.block(|| Interchain::close_route(B, whatever_is_left).0)
}

fn issuance(chain: &mut Chain) -> Balance {
    chain.read(Balances::total_issuance)
}

/// Nothing is known of chain B any more, and there will be no route to it again.
fn assert_closed(a: &mut Chain, b: &Chain) {
    a.read(|| {
        assert!(Interchain::routes().is_empty());
        assert!(!Routes::<Test>::contains_key(B) && Routes::<Test>::count() == 0);
        assert!(!Books::<Test>::contains_key(B) && !Agreements::<Test>::contains_key(B));
        assert!(!Clients::<Test>::contains_key(B) && !ClientSets::<Test>::contains_key(B));
        assert!(!HeaderRing::<Test>::contains_key(B) && !PastSetRing::<Test>::contains_key(B));
        let left = PastSets::<Test>::iter().count()
            + StoredHeaders::<Test>::iter().count()
            + Outbound::<Test>::iter().count()
            + Commitments::<Test>::iter().count()
            + Results::<Test>::iter().count()
            + OutboundLanes::<Test>::iter().count()
            + InboundLanes::<Test>::iter().count();
        assert_eq!(left, 0);
    });
    assert_eq!(
        a.root(route_to(b, PAR)),
        Err(Error::<Test>::BadChainId.into())
    );
    assert_eq!(close(a, false), Closing::Done, "there is nothing to do");
}

#[test]
fn a_route_is_closed_once_all_value_has_come_home() {
    let mut world = World::new();
    world.b.hand_over(7);
    world.settle();
    assert!(world.a.read(|| PastSets::<Test>::iter().count()) > 0);
    let issued = issuance(&mut world.a);

    // The other chain has a reserve.
    let before = world.a.book(B);
    assert!(before.theirs > 0);
    assert_eq!(close(&mut world.a, false), Closing::Waits);
    assert_eq!(world.a.book(B), before);
    assert_ok!(world.a.transfer(B, 100));
    world.settle();

    // It comes home, and something goes there once more.
    let all = world.a.book(B).theirs - CHARGE;
    assert_ok!(world.b.transfer(A, all));
    world.settle();
    assert_eq!(world.a.book(B).theirs, 0);
    assert_ok!(world.a.transfer(B, 100));
    assert_eq!(
        close(&mut world.a, false),
        Closing::Waits,
        "it is in flight"
    );
    world.settle();
    assert_ok!(world.b.transfer(A, 100 - CHARGE));
    world.settle();

    assert_eq!(close(&mut world.a, false), Closing::Done);
    let closed = Event::RouteClosed { peer: B, burnt: 0 };
    assert!(world.a.events().contains(&closed));
    assert_eq!(issuance(&mut world.a), issued);
    assert_eq!(world.a.balance_of_reserves(), 0);
    assert_closed(&mut world.a, &world.b);
}

#[test]
fn what_nobody_could_be_paid_does_not_keep_a_route_open() {
    let mut world = World::new();
    let issued = issuance(&mut world.a);
    let dust = ED - 1;
    let all = world.a.book(B).theirs - CHARGE - dust;
    assert_ok!(world.b.transfer(A, all));
    world.settle();
    assert_eq!(close(&mut world.a, false), Closing::Done);
    let closed = Event::RouteClosed {
        peer: B,
        burnt: dust,
    };
    assert!(world.a.events().contains(&closed));
    assert_eq!(issuance(&mut world.a), issued - dust);
    assert_closed(&mut world.a, &world.b);
}

#[test]
fn whatever_is_left_is_closed_in_bounded_steps_and_goes_back_to_its_senders() {
    let mut world = World::new();
    world.b.hand_over(7);
    world.settle();
    // Each lane is full, both ways: of what came nothing is settled, of what goes nothing is taken.
    for _ in 0..WINDOW {
        assert_ok!(world.b.transfer(A, 20));
    }
    world.carry_to_a();
    let reserve = world.a.book(B).theirs;
    let free = world.a.free(ALICE);
    let fees = world.a.free(TREASURY);
    for _ in 0..WINDOW {
        assert_ok!(world.a.transfer(B, 50));
        let remark = RuntimeCall::System(frame_system::Call::remark_with_event { remark: vec![1] });
        let call = Call::send_call {
            peer: B,
            call: codec::Encode::encode(&remark).try_into().unwrap(),
            weight: sp_runtime::Weight::from_parts(1_000_000, 0),
            payment: 60,
        };
        assert_ok!(world.a.signed(ALICE, call));
        let sent = world.a.block(|| Interchain::send(B, vec![1]));
        assert!(sent.is_some());
    }
    let paid = world.a.free(TREASURY) - fees;
    let issued = issuance(&mut world.a);
    let things = |a: &mut Chain| {
        a.read(|| {
            Outbound::<Test>::iter().count()
                + Results::<Test>::iter().count()
                + PastSets::<Test>::iter().count()
                + StoredHeaders::<Test>::iter().count()
        })
    };
    let mut left = things(&mut world.a);
    assert!(left > CLOSED_AT_ONCE as usize);
    assert_eq!(close(&mut world.a, false), Closing::Waits);
    assert_eq!(things(&mut world.a), left);

    let mut steps = 0;
    while close(&mut world.a, true) == Closing::GoesOn {
        steps += 1;
        let now = things(&mut world.a);
        assert_eq!(left - now, CLOSED_AT_ONCE as usize);
        left = now;
        // Nothing comes and nothing goes meanwhile.
        assert_eq!(world.a.transfer(B, 1), Err(Error::<Test>::Suspended.into()));
    }
    assert!(steps > 0);
    let closed = Event::RouteClosed {
        peer: B,
        burnt: reserve,
    };
    assert!(world.a.events().contains(&closed));
    assert_eq!(issuance(&mut world.a), issued - reserve);
    assert_eq!(world.a.balance_of_reserves(), 0);
    assert_eq!(
        world.a.free(ALICE),
        free - paid,
        "all came back but the price"
    );
    assert_closed(&mut world.a, &world.b);
}

#[test]
fn the_weight_of_a_step_is_bounded() {
    let mut world = World::new();
    let (_, nothing) = world.a.read(|| Interchain::close_route(0xc, true));
    for _ in 0..WINDOW {
        assert_ok!(world.a.transfer(B, 50));
    }
    let (closing, weight) = world.a.block(|| Interchain::close_route(B, true));
    assert_eq!(closing, Closing::Done);
    assert!(weight.ref_time() > nothing.ref_time());
    let most = nothing
        .ref_time()
        .saturating_mul(u64::from(CLOSED_AT_ONCE) + 1);
    assert!(weight.ref_time() <= most);
}
