// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain that lost its quorum, whose hub has made a record of another set: how the light client of a third chain
//! goes on.

use super::world::*;
use crate::{mock::*, types::NewRoute, Call, Event, Renewals};
use codec::Encode;
use frame_support::assert_ok;
use hansa_interchain_primitives::{
    api::RouteStatus,
    claims,
    recovery::RecoveryView,
    traits::{CloseRoute, LightClients, OpenRoute},
    ChainId, Hash, Height, Misbehaviour, Moment, StorageProof,
};
use hansa_pbft_primitives::AuthoritySet;
use sp_runtime::transaction_validity::{
    InvalidTransaction::{self, BadProof, Future, Stale},
    TransactionSource,
};

/// The hub of A and B.
const H: ChainId = 0x40;
/// Where the keys of the set come from that the hub records.
const SEED: u8 = 77;

/// A, which loses its quorum, B, which deals with it, and their hub.
struct Lost {
    world: World,
    hub: Chain,
}

impl Lost {
    /// Hub and B know A's last block, of which there will be no other for a while.
    fn new() -> Self {
        let mut world = World::new();
        let mut hub = Chain::new(H);
        hub.now = world.a.now.max(world.b.now);
        assert_ok!(hub.root(route_to(&world.a, PAR)));
        let Call::open_route { mut route } = route_to(&hub, PAR) else {
            panic!("it opens a route");
        };
        route.hub = true;
        assert_ok!(world.b.root(Call::open_route { route }));
        world.a.block(|| {});
        tell(&world.a, &mut hub);
        tell(&world.a, &mut world.b);
        Self { world, hub }
    }

    /// What the hub would record now.
    fn record(&self) -> TestRecord {
        let (a, head) = (&self.world.a, self.world.a.trusted());
        let set = make_set(a.set.id + 1, SEED);
        (a.id, a.genesis, (head.height, head.hash), set)
    }

    /// The hub makes a record, and B hears of the hub. Returns when it was made.
    fn make(&mut self, record: &TestRecord) -> Moment {
        self.hub.block(|| {
            make_record(record);
            let (_, _, head, set) = record.clone();
            assert_ok!(<Interchain as LightClients>::recover(A, head, set));
        });
        tell(&self.hub, &mut self.world.b);
        self.hub.now
    }

    /// What a node submits at B.
    fn call(&self, record: &TestRecord, at: Moment) -> Call<Test> {
        Call::recover_client {
            peer: A,
            record: record.encode().try_into().unwrap(),
            hub: H,
            at,
            height: self.hub.height(),
            proof: self.hub.prove(claims::recovery_keys(A, record.3.id)),
        }
    }

    /// The new set decides on A.
    fn resume(&mut self, record: &TestRecord) {
        self.resume_with(record, SEED);
    }

    /// The same, of a set whose keys come from `seed`.
    fn resume_with(&mut self, record: &TestRecord, seed: u8) {
        (self.world.a.set, self.world.a.seed) = (record.3.clone(), seed);
        self.world.a.now = self.world.a.now.max(self.world.b.now);
        self.world.a.block(|| {});
    }

    /// Time passes, in which B hears of the hub, and nobody of A.
    fn wait(&mut self, ms: Moment) {
        let step = TRUST_MS / 2;
        let mut left = ms;
        while left > 0 {
            self.hub.now += left.min(step);
            left = left.saturating_sub(step);
            self.hub.block(|| {});
            tell(&self.hub, &mut self.world.b);
        }
    }

    fn status(&mut self) -> RouteStatus {
        self.world.b.read(|| Interchain::route(A).unwrap().status)
    }
}

#[test]
fn a_client_goes_on_by_the_record_of_the_hub() {
    let mut lost = Lost::new();
    let before = set_of(&mut lost.world.b, A);
    assert_ok!(lost.world.b.transfer(A, 100));
    let record = lost.record();
    let at = lost.make(&record);
    let call = lost.call(&record, at);
    assert_ok!(lost.world.b.submit(call.clone()));
    let recovered = Event::ClientRecovered {
        peer: A,
        set: before.id + 1,
        height: record.2 .0,
    };
    assert!(lost.world.b.events().contains(&recovered));
    assert_eq!(set_of(&mut lost.world.b, A), record.3);
    assert_eq!(
        lost.world.b.submit(call),
        refused(InvalidTransaction::Stale)
    );
    // The old set decides nothing any more, whatever it signs.
    let header = lost.world.a.last().header.clone();
    let old = lost.world.a.set.clone();
    lost.world.a.block(|| {});
    let signed_by_old = update(&lost.world.a, &mut lost.world.b).remove(0);
    lost.world.b.now = lost.world.b.now.max(lost.world.a.now);
    assert_eq!(
        lost.world.b.submit(signed_by_old),
        refused(InvalidTransaction::BadProof)
    );
    assert_eq!((header.number, old.id), (record.2 .0, before.id));
    // And all that was on its way gets there.
    lost.resume(&record);
    lost.world.settle();
    assert_eq!(lost.world.b.book(A).escrow, 0);
}

#[test]
fn a_client_that_has_expired_lives_again() {
    let mut lost = Lost::new();
    lost.wait(TRUST_MS + 10_000);
    assert_eq!(lost.status(), RouteStatus::Expired);
    let record = lost.record();
    let at = lost.make(&record);
    assert_ok!(lost.world.b.submit(lost.call(&record, at)));
    assert_eq!(lost.status(), RouteStatus::Open);
    lost.resume(&record);
    tell(&lost.world.a, &mut lost.world.b);
    assert_ok!(lost.world.b.transfer(A, 10));
    // For as long as others do, from when the record was made.
    lost.world.b.now = at + TRUST_MS + 30_000;
    lost.world.b.block(|| {});
    assert_eq!(lost.status(), RouteStatus::Expired);
}

/// Whoever was in the set may be anybody by then.
#[test]
fn a_record_as_old_as_headers_that_nobody_trusts_is_refused() {
    for (wait, taken) in [(TRUST_MS - 60_000, true), (TRUST_MS + 10_000, false)] {
        let mut lost = Lost::new();
        let record = lost.record();
        let at = lost.make(&record);
        lost.wait(wait);
        let submitted = lost.world.b.submit(lost.call(&record, at));
        match taken {
            true => {
                assert_ok!(submitted);
            }
            false => assert_eq!(submitted, refused(InvalidTransaction::BadProof)),
        }
        // Nor does it help to say that it is younger.
        let younger = lost.call(&record, at + wait);
        assert!(lost.world.b.submit(younger).is_err());
    }
}

#[test]
fn a_record_after_which_there_was_another_is_refused() {
    let mut lost = Lost::new();
    let first = lost.record();
    let at = lost.make(&first);
    let mut second = first.clone();
    second.3 = make_set(first.3.id + 1, SEED + 10);
    let later = lost.make(&second);
    for at in [at, later] {
        let call = lost.call(&first, at);
        assert_eq!(
            lost.world.b.submit(call),
            refused(InvalidTransaction::BadProof)
        );
    }
    // The second one alone does, as the set of the first has decided nothing.
    assert_ok!(lost.world.b.submit(lost.call(&second, later)));
    assert_eq!(set_of(&mut lost.world.b, A), second.3);
    let call = lost.call(&first, later);
    assert_eq!(
        lost.world.b.submit(call),
        refused(InvalidTransaction::Stale)
    );
    lost.resume_with(&second, SEED + 10);
    tell(&lost.world.a, &mut lost.world.b);
    assert_ok!(lost.world.b.transfer(A, 10));
    // And one after the other.
    let mut lost = Lost::new();
    let first = lost.record();
    let mut second = first.clone();
    second.3 = make_set(first.3.id + 1, SEED + 10);
    let at = lost.make(&first);
    assert_ok!(lost.world.b.submit(lost.call(&first, at)));
    let at = lost.make(&second);
    assert_ok!(lost.world.b.submit(lost.call(&second, at)));
    assert_eq!(set_of(&mut lost.world.b, A), second.3);
}

#[test]
fn a_client_that_is_behind_the_head_is_updated_first() {
    let mut lost = Lost::new();
    lost.world.a.block(|| {});
    tell(&lost.world.a, &mut lost.hub);
    let record = lost.record();
    let at = lost.make(&record);
    let call = lost.call(&record, at);
    assert_eq!(
        lost.world.b.submit(call.clone()),
        refused(InvalidTransaction::Future)
    );
    tell(&lost.world.a, &mut lost.world.b);
    assert_ok!(lost.world.b.submit(call));
}

/// The parts of a call that a test alters.
struct Parts {
    peer: ChainId,
    record: TestRecord,
    hub: ChainId,
    at: Moment,
    height: Height,
    proof: StorageProof,
}

impl Parts {
    fn call(&self) -> Call<Test> {
        Call::recover_client {
            peer: self.peer,
            record: self.record.encode().try_into().unwrap(),
            hub: self.hub,
            at: self.at,
            height: self.height,
            proof: self.proof.clone(),
        }
    }
}

type Alter = fn(&mut Parts);
/// What is not the record, and what is said to it.
const ALTERED: &[(&str, Alter, InvalidTransaction)] = &[
    ("a chain without a route", |p| p.peer = 0x99, BadProof),
    ("a hub without a route", |p| p.hub = 0x99, BadProof),
    ("a chain that is not the hub", |p| p.hub = A, BadProof),
    ("the hub itself", |p| p.peer = H, BadProof),
    ("of another chain", |p| p.record.0 = H, BadProof),
    (
        "of another genesis",
        |p| p.record.1 = Hash::zero(),
        BadProof,
    ),
    (
        "above another block",
        |p| p.record.2 .1 = Hash::zero(),
        BadProof,
    ),
    ("above a block to come", |p| p.record.2 .0 += 1, Future),
    ("above a block of before", |p| p.record.2 .0 -= 1, Stale),
    ("of a set to come", |p| p.record.3.id += 1, BadProof),
    ("of the set that decides", |p| p.record.3.id -= 1, Stale),
    ("of another set", |p| p.record.3 = make_set(1, 99), BadProof),
    ("made later", |p| p.at += 1, BadProof),
    ("made earlier", |p| p.at -= 1, BadProof),
    ("under a header to come", |p| p.height += 1, Future),
    ("under another header", |p| p.height -= 1, Future),
    (
        "without a proof",
        |p| p.proof = StorageProof::default(),
        BadProof,
    ),
];

#[test]
fn what_is_not_the_record_is_refused() {
    let mut lost = Lost::new();
    let record = lost.record();
    let at = lost.make(&record);
    let parts = || Parts {
        peer: A,
        record: record.clone(),
        hub: H,
        at,
        height: lost.hub.height(),
        proof: lost.hub.prove(claims::recovery_keys(A, record.3.id)),
    };
    for (name, alter, expected) in ALTERED {
        let mut altered = parts();
        alter(&mut altered);
        let call = altered.call();
        let authorized = lost
            .world
            .b
            .read(|| authorize(&call, TransactionSource::InBlock));
        assert_eq!(authorized, Err(Refused::Invalid(*expected)), "{name}");
    }
    let good = parts().call();
    let mut garbage = good.clone();
    if let Call::recover_client { record, .. } = &mut garbage {
        record.try_push(0).unwrap();
    }
    let authorized = lost
        .world
        .b
        .read(|| authorize(&garbage, TransactionSource::InBlock));
    assert_eq!(authorized, Err(Refused::Invalid(BadProof)));
    // From anywhere but the own node, or a block.
    let from_outside = lost
        .world
        .b
        .read(|| authorize(&good, TransactionSource::External));
    assert_eq!(
        from_outside,
        Err(Refused::Invalid(InvalidTransaction::Call))
    );
    assert_ok!(lost.world.b.submit(good));
}

#[test]
fn the_hub_takes_no_record_and_others_none_of_a_hub_that_they_suspended() {
    let mut lost = Lost::new();
    let record = lost.record();
    let at = lost.make(&record);
    let call = lost.call(&record, at);
    assert_eq!(
        lost.hub.submit(call.clone()),
        refused(InvalidTransaction::BadProof)
    );
    let suspend = |suspended| Call::suspend_route { peer: H, suspended };
    assert_ok!(lost.world.b.root(suspend(true)));
    assert_eq!(
        lost.world.b.submit(call.clone()),
        refused(InvalidTransaction::BadProof)
    );
    assert_ok!(lost.world.b.root(suspend(false)));
    assert_ok!(lost.world.b.submit(call));
}

#[test]
fn a_frozen_client_stays_frozen() {
    let mut lost = Lost::new();
    let record = lost.record();
    let at = lost.make(&record);
    let (genesis, set, seed) = {
        let a = &lost.world.a;
        (a.genesis, a.set.clone(), a.seed)
    };
    let certificate = |hash| certify(genesis, &set, seed, (90, 0), Hash::repeat_byte(hash));
    let misbehaviour = Box::new(Misbehaviour {
        first: certificate(1),
        second: certificate(2),
        set: set.clone(),
    });
    let report = Call::report_misbehaviour {
        peer: A,
        misbehaviour,
    };
    assert_ok!(lost.world.b.submit(report));
    let call = lost.call(&record, at);
    assert_eq!(
        lost.world.b.submit(call),
        refused(InvalidTransaction::BadProof)
    );
}

/// Where the hub stands, as a record says it: without the root of its state.
fn stands(hub: &Chain) -> NewRoute {
    let Call::open_route { mut route } = route_to(hub, PAR) else {
        panic!("it opens a route");
    };
    route.header.state_root = Hash::zero();
    *route
}

/// B makes a block that brings a record.
fn renew(b: &mut Chain, route: NewRoute) -> bool {
    b.block(|| <Interchain as OpenRoute>::renew_hub(route))
}

fn status_of_hub(b: &mut Chain) -> RouteStatus {
    b.read(|| Interchain::route(H).unwrap().status)
}

/// B has stood still itself, and its hub says where it stands.
#[test]
fn the_light_client_of_the_hub_begins_anew_where_the_hub_stood() {
    for suspended in [false, true] {
        let Lost { world, mut hub } = Lost::new();
        let mut b = world.b;
        hub.hand_over(90);
        tell(&hub, &mut b);
        assert_ok!(b.root(Call::suspend_route { peer: H, suspended }));
        for seed in [100, 110, 120] {
            hub.now += TRUST_MS;
            hub.hand_over(seed);
        }
        b.now = hub.now;
        b.block(|| {});
        assert_eq!(status_of_hub(&mut b), RouteStatus::Expired);

        let stood = stands(&hub);
        assert!(renew(&mut b, stood.clone()));
        let height = stood.header.height;
        assert!(b.events().contains(&Event::HubRenewed { hub: H, height }));
        let (client, past) = b.read(|| (Interchain::client(H), Interchain::past_sets(H)));
        let client = client.unwrap();
        assert_eq!(
            (client.set, client.headers),
            (stood.set, vec![stood.header])
        );
        assert_eq!((client.state.set_since, past.len()), (height + 1, 0));
        let expected = match suspended {
            true => RouteStatus::Suspended,
            // It may be relied on; this chain has nothing there.
            false => RouteStatus::ReserveEmpty,
        };
        assert_eq!(status_of_hub(&mut b), expected);
        // From there it follows the hub, and once is enough.
        hub.hand_over(130);
        tell(&hub, &mut b);
        assert_eq!(set_of(&mut b, H), hub.set);
        assert!(!renew(&mut b, stands(&hub)));
        assert!(b.read(|| Interchain::route(H).unwrap().hub));
    }
}

/// A hub's checkpoint that is none, and what is wrong with it.
type Spoil = fn(&mut NewRoute);
const SPOILT: &[(&str, Spoil)] = &[
    ("a chain without a route", |r| r.chain.id = 0x99),
    ("a chain that is not the hub", |r| r.chain.id = A),
    ("another genesis", |r| r.chain.genesis = Hash::zero()),
    ("a lower height", |r| r.header.height = 1),
    ("an earlier time", |r| r.header.timestamp = START_MS),
    ("an earlier set", |r| r.set = make_set(0, H as u8)),
    ("another set", |r| r.set = make_set(1, 5)),
    ("no set", |r| {
        r.set = AuthoritySet::default();
        r.set.id = 9;
    }),
];

#[test]
fn the_light_client_of_the_hub_stays_as_it_is_for_anything_else() {
    let Lost { world, mut hub } = Lost::new();
    let mut b = world.b;
    hub.hand_over(90);
    tell(&hub, &mut b);
    hub.block(|| {});
    b.now = b.now.max(hub.now);
    let known = b.read(|| Interchain::client(H));
    for (name, spoil) in SPOILT {
        let mut route = stands(&hub);
        spoil(&mut route);
        assert!(!renew(&mut b, route), "{name}");
        assert_eq!(b.read(|| Interchain::client(H)), known, "{name}");
    }
    assert!(renew(&mut b, stands(&hub)), "it was good");
}

#[test]
fn a_frozen_client_of_the_hub_stays_frozen() {
    let Lost { world, mut hub } = Lost::new();
    let mut b = world.b;
    let certificate = |hash| {
        let at = (hub.height() + 5, 0);
        certify(hub.genesis, &hub.set, hub.seed, at, Hash::repeat_byte(hash))
    };
    let misbehaviour = Box::new(Misbehaviour {
        first: certificate(1),
        second: certificate(2),
        set: hub.set.clone(),
    });
    assert_ok!(b.submit(Call::report_misbehaviour {
        peer: H,
        misbehaviour,
    }));
    hub.block(|| {});
    b.now = b.now.max(hub.now);
    assert!(!renew(&mut b, stands(&hub)));
    assert_eq!(status_of_hub(&mut b), RouteStatus::Frozen);
}

#[test]
fn a_hub_tells_its_last_record_until_the_route_is_closed() {
    let mut lost = Lost::new();
    assert_eq!(lost.hub.read(|| Interchain::recovery_of(A)), None);
    let record = lost.record();
    let at = lost.make(&record);
    let expected = RecoveryView {
        record: record.encode().try_into().unwrap(),
        set: record.3.id,
        at,
    };
    assert_eq!(lost.hub.read(|| Interchain::recovery_of(A)), Some(expected));
    assert_ok!(lost.world.b.submit(lost.call(&record, at)));
    // Whoever takes a record makes none.
    assert_eq!(lost.world.b.read(|| Renewals::<Test>::get(A)), None);
    assert!(lost.world.b.read(|| Interchain::route(H).unwrap().hub));
    assert!(!lost.world.b.read(|| Interchain::route(A).unwrap().hub));
    lost.hub
        .block(|| <Interchain as CloseRoute>::close_route(A, true));
    assert_eq!(lost.hub.read(|| Renewals::<Test>::get(A)), None);
}
