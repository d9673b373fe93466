// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain stands still, and goes on by the hub's record.

use super::*;
use crate::records::{judge, max_unsure_age, Verdict, CURRENT_HUB};
use hansa_dappchain_primitives::{NextSet, Recovery};

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
fn a_service_is_told_at_each_block_of_the_hub_how_late_its_word_is() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| c.recovery = Some(recorded(3)));
    let told = |scene: &Scene| {
        let told = |c: &mut Chain| (c.current.clone(), c.recoveries.len());
        scene.world.set(GAME, told)
    };
    assert_eq!(told(&scene), (vec![], 0), "genesis has no time");
    // (when the hub's block was made, what the service was told so far).
    for (made, expected) in [
        (None, vec![]),
        (Some(20), vec![20]),
        (Some(21), vec![20, 21]),
    ] {
        scene.world.world().hub_made_at_ms = made;
        scene.block();
        assert_eq!(told(&scene), (expected, 1), "{made:?}");
    }
    // One that starts is not silent until the hub's next block.
    scene.restart();
    scene.settle();
    assert_eq!(told(&scene), (vec![20, 21, 21], 2));
}

#[test]
fn how_old_a_head_is_without_a_record_follows_from_when_the_roll_is_called() {
    const UNKNOWN: u64 = 7;
    let world = Shared::default();
    // (what the hub says, how old).
    for (periods, expected) in [
        (None, UNKNOWN),
        (Some(None), UNKNOWN),
        (Some(Some((40, 20))), 20_000),
    ] {
        world.world().stall_periods = periods;
        assert_eq!(max_unsure_age(&world, UNKNOWN), expected, "{periods:?}");
    }
}

#[test]
fn a_record_is_held_against_the_hubs_hash() {
    let good = record(3).to_bytes();
    let mut others = [(); 3].map(|()| record(3));
    others[0].next.ordinal = 5;
    others[1].chain = SHOP;
    others[2].head.hash = Hash::zero();
    let [other, foreign, elsewhere] = others.map(|other| other.to_bytes());
    let is_good = || Verdict::Good(Box::new(record(3)));
    let is_open = || Verdict::Open(Box::new(record(4)));
    let (unknown, garbage) = (record(4).to_bytes(), vec![1, 2, 3]);
    let world = Shared::default();
    world.set(GAME, |c| c.hashes.insert(3, record(3).hash()));
    let now = 10 * CURRENT_HUB;
    let (young, old) = (now - CURRENT_HUB + 1, now - CURRENT_HUB);
    // (bytes, when the hub's block was made, whether it sees that the chain stands still, what is said).
    for (bytes, made, stall, expected) in [
        (&good, young, false, is_good()),
        (&good, old, true, is_good()),
        (&other, old, true, Verdict::Bad),
        (&foreign, old, true, Verdict::Bad),
        (&elsewhere, old, true, Verdict::Bad),
        (&garbage, old, true, Verdict::Bad),
        (&unknown, young, false, Verdict::Bad),
        (&unknown, young, true, is_open()),
        (&unknown, old, false, is_open()),
    ] {
        world.world().hub_made_at_ms = Some(made * 1_000);
        world.set(GAME, |c| c.stall = stall);
        let said = judge(&world, GAME, HEAD.hash, bytes, now);
        assert_eq!(said, expected, "{made}, {stall}");
    }
}

#[test]
fn a_record_by_which_a_service_cannot_go_on_is_not_said_again() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| {
        c.is_beyond = Some("it has gone on without".into());
        c.recovery = Some(recorded(3));
    });
    scene.block();
    // It would be taken now.
    scene.world.set(GAME, |c| c.is_beyond = None);
    scene.block();
    let handed = scene.world.set(GAME, |c| c.recoveries.clone());
    assert!(handed.is_empty());
}
