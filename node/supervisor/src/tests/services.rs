// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Services start, end and are forgotten; members say what they owe.

use super::*;

#[test]
fn a_member_runs_its_chain_with_ports_and_genesis_of_its_own() {
    let mut scene = Scene::new();
    scene.block();
    assert!(scene.status.get().is_empty());
    scene.member(GAME);
    assert_eq!(scene.doing(GAME), Some(Doing::Running));
    scene.block();
    scene.block();
    assert_eq!(scene.starts(GAME), 1);
    let order = scene.world.set(GAME, |c| c.starts[0].clone());
    assert_eq!((order.genesis, order.ports.p2p), (GENESIS, 30_000));
}

#[test]
fn a_chain_that_waits_for_its_nodes_does_not_run() {
    let mut scene = Scene::new();
    for state in [
        ChainState::Pending,
        ChainState::Forming,
        ChainState::Retired,
    ] {
        scene.world.set(GAME, |c| {
            c.state = Some(state);
            c.phase = Some(MemberPhase::Founding);
        });
        scene.block();
        assert!(!scene.is_open(GAME), "{state:?}");
    }
}

#[test]
fn a_released_node_runs_until_the_chain_has_handed_over() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| c.phase = None);
    scene.block();
    assert!(scene.is_open(GAME));
    scene.world.set(GAME, |c| c.in_set = false);
    scene.pass(1);
    assert!(!scene.is_open(GAME));
    assert_eq!(scene.doing(GAME), Some(Doing::Left));
}

#[test]
fn a_chain_that_has_ended_is_not_waited_for() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| {
        c.phase = None;
        c.state = Some(ChainState::Retired);
    });
    scene.block();
    assert!(!scene.is_open(GAME));
}

#[test]
fn what_was_left_is_removed_after_its_time_also_over_a_restart() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene
        .world
        .set(GAME, |c| (c.phase, c.in_set) = (None, false));
    scene.block();
    scene.pass(KEEP - 1);
    assert_eq!(scene.world.set(GAME, |c| c.forgotten), 0);
    scene.restart();
    scene.block();
    assert_eq!(scene.doing(GAME), Some(Doing::Left));
    scene.pass(1);
    assert_eq!(scene.world.set(GAME, |c| c.forgotten), 1);
    assert!(scene.status.get().is_empty());
    assert!(Store::open(scene.folder.path())
        .unwrap()
        .chains()
        .is_empty());
}

#[test]
fn a_restart_resumes_before_the_hub_has_spoken_with_the_same_ports() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.restart();
    scene.world.world().hub_fails = true;
    scene.settle();
    assert!(scene.is_open(GAME));
    let ports = scene
        .world
        .set(GAME, |c| [c.starts[0].ports, c.starts[1].ports]);
    assert_eq!(ports[0], ports[1]);
}

#[test]
fn a_hub_that_cannot_be_asked_stops_nothing() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.world().hub_fails = true;
    scene
        .world
        .set(GAME, |c| (c.phase, c.in_set) = (None, false));
    scene.block();
    scene.pass(1_000);
    assert!(scene.is_open(GAME));
}

#[test]
fn a_service_that_ends_is_started_again_and_the_others_go_on() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene.world.set(GAME, |c| {
        c.end.take().unwrap().send("it panicked".into()).unwrap()
    });
    scene.settle();
    assert!(!scene.is_open(GAME));
    assert_eq!(scene.doing(GAME), Some(Doing::Failed));
    assert_eq!(scene.status.get()[0].error.as_deref(), Some("it panicked"));
    scene.pass(FIRST_RETRY);
    assert!(scene.is_open(GAME));
    assert_eq!(scene.status.get()[0].error, None);
}

#[test]
fn a_service_that_does_not_start_is_tried_ever_later() {
    let mut scene = Scene::new();
    scene.world.set(SHOP, |c| {
        c.state = Some(ChainState::Live);
        c.phase = Some(MemberPhase::Serving);
        c.fails = Some("its database is locked".into());
    });
    scene.block();
    assert_eq!(scene.starts(SHOP), 1);
    for (passes, starts) in [(1, 1), (1, 2), (3, 2), (1, 3)] {
        scene.pass(passes);
        assert_eq!(scene.starts(SHOP), starts);
    }
    assert_eq!(scene.doing(SHOP), Some(Doing::Failed));
    scene.world.set(SHOP, |c| c.fails = None);
    scene.pass(8);
    assert!(scene.is_open(SHOP));
}

fn forming() -> Scene {
    let scene = Scene::new();
    scene.world.set(GAME, |c| {
        c.state = Some(ChainState::Forming);
        c.phase = Some(MemberPhase::Founding);
    });
    scene
}

#[test]
fn a_founder_confirms_its_own_seat_until_the_word_has_arrived() {
    let mut scene = forming();
    scene.block();
    let words = || scene.world.world().genesis_words.clone();
    assert_eq!(words(), [(GAME, 1, Some(GENESIS))]);
    for _ in 1..SUBMIT_AGAIN_AFTER {
        scene.supervisor.on_final();
    }
    assert_eq!(words().len(), 1);
    scene.supervisor.on_final();
    assert_eq!(words().len(), 2);
    scene.world.world().confirms = true;
    for _ in 0..=SUBMIT_AGAIN_AFTER {
        scene.supervisor.on_final();
    }
    assert_eq!(words().len(), 2);
    assert_eq!(scene.world.world().builds, 1);
}

#[test]
fn a_record_without_a_genesis_is_told_to_the_hub() {
    let mut scene = forming();
    scene.world.world().genesis = Some(Err(GenesisError::Record("no such pallet".into())));
    scene.block();
    assert_eq!(scene.world.world().genesis_words, [(GAME, 1, None)]);
}

#[test]
fn a_founder_that_cannot_build_is_silent_and_tries_again() {
    let mut scene = forming();
    scene.world.world().genesis = Some(Err(GenesisError::Here("the disk is full".into())));
    for _ in 0..BUILD_AGAIN_AFTER {
        scene.block();
    }
    assert_eq!(scene.world.world().builds, 1);
    assert!(scene.world.world().genesis_words.is_empty());
    scene.world.world().genesis = None;
    scene.block();
    assert_eq!(scene.world.world().builds, 2);
    assert_eq!(scene.world.world().genesis_words.len(), 1);
}

#[test]
fn a_replacement_confirms_once_it_has_caught_up() {
    let mut scene = Scene::new();
    scene.member(GAME);
    scene
        .world
        .set(GAME, |c| c.phase = Some(MemberPhase::Joining));
    scene.block();
    assert!(scene.world.world().ready_words.is_empty());
    let head = Head {
        height: 9,
        hash: Hash::repeat_byte(9),
    };
    scene.world.set(GAME, |c| c.caught_up = Some(head));
    scene.block();
    assert_eq!(scene.world.world().ready_words, [(GAME, head)]);
    // Who serves has said it.
    scene
        .world
        .set(GAME, |c| c.phase = Some(MemberPhase::Serving));
    for _ in 0..2 * SUBMIT_AGAIN_AFTER {
        scene.block();
    }
    assert_eq!(scene.world.world().ready_words.len(), 1);
}

#[tokio::test]
async fn the_end_of_the_process_stops_all() {
    let scene = {
        let mut scene = Scene::new();
        scene.member(GAME);
        scene
    };
    let (_head, receiver) = tokio::sync::watch::channel(0);
    scene
        .supervisor
        .run(receiver, || false, std::future::ready(()))
        .await;
    assert!(!scene.world.set(GAME, |c| c.open));
}

#[test]
fn what_a_service_has_seen_is_told_to_the_hub() {
    let mut scene = Scene::new();
    scene.member(GAME);
    let seen = crate::witness_tests::accusation(2, 0);
    scene
        .world
        .set(GAME, |chain| chain.accusations.push(seen.clone()));
    scene.world.court(|court| court.ordinals.insert(0, 5));
    scene.block();
    let told = scene.world.court(|court| court.told.clone());
    assert_eq!(told, [(GAME, 5, seen)]);
}
