// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain stands still, and goes on by the hub's record.

use super::*;
use crate::supervisor::standstill::RECORD_PATIENCE;
use hansa_dappchain_primitives::{NextSet, Recovery};
use std::time::Duration;

const HEAD: Head = Head {
    height: 9,
    hash: Hash::repeat_byte(9),
};

fn record(set_id: SetId) -> Recovery<AccountId> {
    Recovery {
        chain: GAME,
        genesis: GENESIS,
        head: HEAD,
        set_id,
        next: NextSet {
            ordinal: 4,
            seed: [0; 32],
            members: Default::default(),
        },
        hub: None,
    }
}

#[test]
fn who_runs_the_chain_answers_the_roll_once() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.world().roll = Some((GAME, 5));
    scene.block();
    scene.block();
    assert_eq!(scene.world.world().answers, [(GAME, 5)]);
    // Another roll is another word; one that has not arrived is said again.
    scene.world.world().roll = Some((GAME, 8));
    for _ in 0..=SUBMIT_AGAIN_AFTER {
        scene.block();
    }
    assert_eq!(
        scene.world.world().answers,
        [(GAME, 5), (GAME, 8), (GAME, 8)]
    );
}

#[test]
fn who_does_not_run_it_is_not_there() {
    let mut scene = Scene::new();
    scene.world.set(GAME, |c| c.fails = Some("no disk".into()));
    scene.world.set(GAME, |c| {
        c.state = Some(ChainState::Live);
        c.phase = Some(MemberPhase::Serving);
    });
    scene.world.world().roll = Some((GAME, 5));
    scene.block();
    scene.block();
    assert!(scene.world.world().answers.is_empty());
}

#[test]
fn a_replacement_is_ready_with_what_was_proven_to_the_hub() {
    let mut scene = Scene::new();
    scene.member(GAME);
    let ready = |scene: &Scene| scene.world.world().ready_words.clone();
    scene.world.set(GAME, |c| {
        c.phase = Some(MemberPhase::Joining);
        c.final_head = Some(HEAD);
        c.peers = 1;
    });
    scene.block();
    assert_eq!(ready(&scene), [], "nothing was proven to it");
    let higher = Head { height: 10, ..HEAD };
    for (proven, peers) in [(higher, 1), (HEAD, 0)] {
        scene
            .world
            .set(GAME, |c| (c.proven, c.peers) = (Some(proven), peers));
        scene.block();
        assert_eq!(ready(&scene), [], "it has to sync: {proven:?}, {peers}");
    }
    scene.world.set(GAME, |c| c.peers = 1);
    scene.block();
    assert_eq!(ready(&scene), [(GAME, HEAD)]);
}

/// The record as it is handed over.
fn recorded(set_id: SetId) -> Recorded {
    Recorded {
        record: record(set_id),
        made_after_ms: Some(70),
    }
}

#[test]
fn each_run_of_a_service_is_handed_the_last_record_once() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| c.recovery = Some(recorded(3)));
    scene.block();
    scene.block();
    let handed = |scene: &Scene| scene.world.set(GAME, |c| c.recoveries.clone());
    assert_eq!(handed(&scene), [recorded(3)]);
    scene.world.set(GAME, |c| c.recovery = Some(recorded(4)));
    scene.block();
    assert_eq!(handed(&scene), [recorded(3), recorded(4)]);
    // One that starts has it from the beginning, and is told again before the hub's next block.
    scene.restart();
    scene.settle();
    assert_eq!(handed(&scene), [recorded(3), recorded(4), recorded(4)]);
    let orders = scene.world.set(GAME, |c| c.starts.clone());
    let known: Vec<_> = orders.iter().map(|order| order.recovery.clone()).collect();
    assert_eq!(known, [None, Some(recorded(4))]);
}

#[test]
fn a_record_that_a_service_meets_is_held_against_the_hubs_hash() {
    let good = record(3).to_bytes();
    let mut others = [(); 3].map(|()| record(3));
    others[0].next.ordinal = 5;
    others[1].chain = SHOP;
    others[2].head.hash = Hash::zero();
    let [other, foreign, elsewhere] = others.map(|other| other.to_bytes());
    let (soon, late) = (Duration::ZERO, RECORD_PATIENCE);
    // (bytes, how long they wait, whether the service is told that they are good; none if neither).
    for (bytes, waited, expected) in [
        (good.clone(), soon, Some(true)),
        (good, late, Some(true)),
        (other, soon, Some(false)),
        (foreign, soon, Some(false)),
        (elsewhere, soon, Some(false)),
        (vec![1, 2, 3], soon, Some(false)),
        (record(4).to_bytes(), soon, None),
        (record(4).to_bytes(), late, Some(false)),
    ] {
        let mut scene = Scene::new();
        scene.member(GAME);
        let seen = SeenRecord {
            above: HEAD.hash,
            bytes,
            waited,
        };
        scene.world.set(GAME, |c| {
            c.hashes.insert(3, record(3).hash());
            c.unknown.push(seen.clone());
        });
        scene.block();
        scene.world.set(GAME, |c| {
            let handed: Vec<_> = c.recoveries.iter().map(|r| r.record.to_bytes()).collect();
            let is = |what| expected == Some(what);
            assert_eq!(handed.contains(&seen.bytes), is(true), "{seen:?}");
            assert_eq!(c.refused.contains(&seen), is(false), "{seen:?}");
            assert_eq!(c.unknown.is_empty(), expected.is_some(), "{seen:?}");
        });
    }
}

#[test]
fn a_record_by_which_a_service_cannot_go_on_is_not_said_again() {
    let mut scene = Scene::new();
    scene.member(GAME);
    let seen = SeenRecord {
        above: HEAD.hash,
        bytes: record(3).to_bytes(),
        waited: Duration::ZERO,
    };
    scene.world.set(GAME, |c| {
        c.is_beyond = Some("it has gone on without".into());
        c.hashes.insert(3, record(3).hash());
        c.unknown.push(seen.clone());
    });
    scene.block();
    scene.block();
    let refused = scene.world.set(GAME, |c| c.refused.clone());
    assert_eq!(refused, [seen]);
}
