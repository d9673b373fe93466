// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The presets, and what is refused in a genesis.

use crate::common::*;
use hansa_runtime_hub::{
    genesis_presets::{preset_names, DEV, LOCAL, POA},
    Pbft, Runtime, Session,
};
use serde_json::{json, Value};
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilder;
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

#[test]
fn every_preset_builds_and_runs() {
    for (preset, validators, sudo) in [(DEV, 1, true), (LOCAL, 4, true), (POA, 4, false)] {
        let mut chain = Chain::new(preset);
        chain.state(|| {
            assert_eq!(Pbft::consensus_state().set.len(), validators, "{preset}");
            assert_eq!(Session::validators().len(), validators, "{preset}");
            assert_eq!(
                pallet_sudo::Key::<Runtime>::get().is_some(),
                sudo,
                "{preset}"
            );
        });
        chain.try_state();
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
fn development_accounts_are_rich_and_their_keys_are_the_well_known_ones() {
    let mut chain = Chain::new(LOCAL);
    chain.state(|| {
        for account in Sr25519Keyring::well_known() {
            assert_eq!(free(account), 1_000_000_000_000_000_000, "{account}");
        }
        let set = Pbft::consensus_state().set;
        assert_eq!(
            set.get(1).map(|a| a.key.clone()),
            Some(Ed25519Keyring::Bob.public().into())
        );
    });
}

/// What a person writes.
#[test]
fn a_preset_is_short_and_readable() {
    let preset = Runtime::get_preset(&Some(DEV.into())).expect("it is there");
    let preset: Value = serde_json::from_slice(&preset).expect("it is JSON");
    let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    assert_eq!(preset["session"]["keys"][0][0], json!(alice));
    assert_eq!(
        preset["session"]["keys"][0][2]["pbft"],
        json!("5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu")
    );
    assert_eq!(preset["sudo"]["key"], json!(alice));
    let mut pallets: Vec<_> = preset.as_object().expect("an object").keys().collect();
    pallets.sort();
    let expected = [
        "balances",
        "beacon",
        "interchain",
        "nodePool",
        "pbft",
        "session",
        "staking",
        "sudo",
    ];
    assert_eq!(pallets, expected);
    assert_eq!(preset["session"]["keys"][0][2]["beacon"], json!(alice));
    let entropy = preset["beacon"]["entropy"].as_str();
    assert_eq!(entropy, Some(format!("0x{}", "de".repeat(32)).as_str()));
}

/// A mistake is named.
#[test]
fn mistakes_are_refused_with_their_name() {
    for (patch, error) in [
        (json!({"pbf": {}}), "unknown field `pbf`"),
        (
            json!({"pbft": {"authority": 1}}),
            "unknown field `authority`",
        ),
        (
            json!({"pbft": {"timing": {"minInterval": 1}}}),
            "unknown field `minInterval`",
        ),
        (
            json!({"pbft": {"timing": {"minIntervalMs": "fast"}}}),
            "invalid type",
        ),
        (json!({"session": {"keys": [["x"]]}}), "Length is bad"),
        (
            json!({"session": {"keys": [[ALICE, ALICE, {"babe": ALICE}]]}}),
            "session.keys[0][2]: unknown field `babe`, expected `pbft`, `beacon`",
        ),
        (
            json!({"session": {"keys": [[ALICE, ALICE, {}]]}}),
            "missing field `pbft`",
        ),
        (
            json!({"session": {"keys": [[ALICE, ALICE, {"pbft": ALICE}]]}}),
            "missing field `beacon`",
        ),
        (json!({"beacon": {"seed": 1}}), "unknown field `seed`"),
        (json!({"beacon": {"entropy": "0x12"}}), "invalid length"),
        (
            json!({"balances": {"balances": [[ALICE, -1]]}}),
            "number out of range",
        ),
    ] {
        let mut genesis = genesis_json(DEV);
        merge(&mut genesis, patch.clone());
        let refusal = build_genesis(&genesis).expect_err("it must be refused");
        assert!(refusal.contains(error), "{patch}: {refusal}");
    }
}

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

#[test]
#[should_panic(expected = "pbft.timing.idleIntervalMs must not be below minIntervalMs")]
fn contradicting_timing_is_refused() {
    let mut genesis = genesis_json(DEV);
    merge(
        &mut genesis,
        json!({"pbft": {"timing": {"idleIntervalMs": 10}}}),
    );
    let _ = build_genesis(&genesis);
}

#[test]
fn a_chain_without_validators_is_refused() {
    let mut genesis = genesis_json(DEV);
    merge(&mut genesis, json!({"session": {"keys": []}}));
    let refusal = build_genesis(&genesis).err();
    assert_eq!(
        refusal.as_deref(),
        Some("session.keys: a chain needs at least one validator")
    );
}
