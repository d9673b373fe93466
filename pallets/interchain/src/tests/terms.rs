// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Terms change by agreement of both, with notice.

use super::world::*;
use crate::{mock::*, Agreements, Call, Error};
use frame_support::assert_ok;
use hansa_interchain_primitives::{rate::Terms, Moment, Outcome, Rate, Refusal, TRANSFER_LANE};

const DOUBLE: Terms = Terms {
    rate: Rate { low: 1, high: 2 },
    low_charge: 7,
    high_charge: 9,
};

fn terms(chain: &mut Chain, peer: u32, at: Moment) -> Terms {
    chain.read(|| Agreements::<Test>::get(peer).unwrap().at(at))
}

fn propose(from: Moment) -> Call<Test> {
    Call::propose_terms {
        peer: B,
        terms: DOUBLE,
        from,
    }
}

fn accept(from: Moment) -> Call<Test> {
    Call::accept_terms {
        peer: A,
        terms: DOUBLE,
        from,
    }
}

#[test]
fn terms_hold_once_both_agree_and_their_time_has_come() {
    let mut world = World::new();
    let from = world.a.now + 2 * NOTICE_MS;
    assert_ok!(world.a.root(propose(from)));
    world.settle();
    assert_eq!(terms(&mut world.a, B, Moment::MAX), PAR);
    assert_eq!(terms(&mut world.b, A, Moment::MAX), PAR);
    assert_ok!(world.b.root(accept(from)));
    world.settle();
    for (chain, peer) in [(&mut world.a, B), (&mut world.b, A)] {
        assert_eq!(terms(chain, peer, from - 1), PAR);
        assert_eq!(terms(chain, peer, from), DOUBLE);
    }
    world.wait(2 * NOTICE_MS);
    let bob = world.b.free(BOB);
    assert_ok!(world.a.transfer(B, 100));
    world.carry_to_b();
    assert_eq!(world.b.free(BOB), bob + 200);
    assert_eq!(world.b.side(A).results[&(TRANSFER_LANE, 0)].charged, 9);
    world.settle();
}

#[test]
fn terms_need_notice_a_proposal_and_a_rate() {
    let mut world = World::new();
    let now = world.a.now;
    let short = world.a.root(propose(now + NOTICE_MS));
    assert_eq!(short, Err(Error::<Test>::NoticeTooShort.into()));
    let zero = Terms {
        rate: Rate { low: 0, high: 1 },
        ..DOUBLE
    };
    let from = now + 2 * NOTICE_MS;
    let call = Call::propose_terms {
        peer: B,
        terms: zero,
        from,
    };
    assert_eq!(world.a.root(call), Err(Error::<Test>::BadTerms.into()));
    assert_eq!(
        world.b.root(accept(from)),
        Err(Error::<Test>::NotProposed.into())
    );
    assert!(world.a.signed(ALICE, propose(from)).is_err());
    // Accepted too late.
    assert_ok!(world.a.root(propose(from)));
    world.settle();
    world.wait(NOTICE_MS);
    assert_eq!(
        world.b.root(accept(from)),
        Err(Error::<Test>::NoticeTooShort.into())
    );
}

/// B's terms change, and A does not know yet: what A sends at the old rate is refused, and comes back
/// exactly; nobody gains or loses.
#[test]
fn a_rate_that_changes_in_flight_refuses_and_undoes() {
    let mut world = World::new();
    let from = world.a.now + 2 * NOTICE_MS;
    assert_ok!(world.a.root(propose(from)));
    world.settle();
    assert_ok!(world.b.root(accept(from)));
    let free = world.a.free(ALICE);
    world.wait(2 * NOTICE_MS);
    assert_ok!(world.a.transfer(B, 100));
    tell(&world.a, &mut world.b);
    let (first, packets) = waiting(&mut world.a, &mut world.b, TRANSFER_LANE);
    let call = delivery(&world.a, B, TRANSFER_LANE, first, packets);
    assert_ok!(world.b.submit(call));
    let outcome = world.b.side(A).results[&(TRANSFER_LANE, 0)].outcome;
    assert_eq!(outcome, Outcome::Refused(Refusal::Rate));
    world.settle();
    assert_eq!(world.a.free(ALICE), free - PACKET_PRICE);
    assert_eq!(terms(&mut world.a, B, from), DOUBLE);
    let bob = world.b.free(BOB);
    assert_ok!(world.a.transfer(B, 100));
    world.settle();
    assert_eq!(world.b.free(BOB), bob + 200);
}
