// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The presets, and what is refused in a genesis.

use crate::common::*;
use hansa_runtime_dappchain::{
    genesis_presets::{preset_names, DEV, LOCAL},
    AssignedSet, Pbft, Runtime,
};
use serde_json::json;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;

#[test]
fn every_preset_builds_and_runs() {
    for (preset, nodes) in [(DEV, 1), (LOCAL, 4)] {
        let mut chain = Chain::new(preset);
        chain.state(|| {
            assert_eq!(Pbft::consensus_state().set.len(), nodes, "{preset}");
            assert!(!AssignedSet::has_hub());
        });
        for _ in 0..3 {
            chain.block(200, Vec::new);
        }
        chain.try_state();
    }
}

#[test]
fn presets_have_names_that_can_be_listed() {
    for name in preset_names() {
        assert!(Runtime::get_preset(&Some(name.clone())).is_some(), "{name}");
    }
    assert!(Runtime::get_preset(&Some("other".into())).is_none());
}

#[test]
fn a_genesis_that_cannot_run_is_refused() {
    let mut genesis = genesis_json(LOCAL);
    genesis["session"]["keys"] = json!([]);
    let error = build_genesis(&genesis).expect_err("nobody decides");
    assert!(error.contains("session.keys"), "{error}");

    let mut genesis = genesis_json(LOCAL);
    genesis["session"]["keys"][0][2]["beacon"] = json!("5GrwvaEF");
    let error = build_genesis(&genesis).expect_err("there is no such key");
    assert!(
        error.contains("session.keys[0][2]: unknown field `beacon`"),
        "{error}"
    );

    let mut genesis = genesis_json(LOCAL);
    genesis["sudo"] = json!({ "key": null });
    assert!(build_genesis(&genesis).is_err(), "there is no sudo");
}
