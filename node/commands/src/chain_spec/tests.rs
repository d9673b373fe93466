// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Good chain specs are taken, and bad ones are refused with the path of the bad field.

use super::{dev::DevIdentity, genesis::genesis_patch, short::ShortSpec, *};
use hansa_process::executor::of_tool;
use hansa_service::spec::built_in;
use serde_json::{json, Value};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

fn local() -> Value {
    serde_json::from_str(embedded("local").unwrap()).unwrap()
}

/// The local spec with the value at `pointer` replaced, or removed.
fn with(pointer: &str, value: Option<Value>) -> String {
    let mut spec = local();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match (spec.pointer_mut(parent).unwrap(), value) {
        (Value::Object(map), Some(value)) => drop(map.insert(key.into(), value)),
        (Value::Object(map), None) => drop(map.remove(key).unwrap()),
        (Value::Array(list), Some(value)) => list[key.parse::<usize>().unwrap()] = value,
        (parent, _) => panic!("{pointer}: {parent} has no fields"),
    }
    spec.to_string()
}

/// Check that `text` is refused with an error that begins with `path` and contains `message`.
fn refused(text: &str, path: &str, message: &str) {
    let error = match read_text(text) {
        Ok(form) => panic!("{path}: taken as {form:?}"),
        Err(error) => error,
    };
    assert!(
        error.starts_with(path),
        "expected {path:?} first in: {error}"
    );
    assert!(error.contains(message), "expected {message:?} in: {error}");
    assert!(!error.contains('\n'), "one line: {error}");
}

#[test]
fn the_embedded_specs_are_good_and_made_of_development_keys() {
    for (name, validators, sudo, beacon) in [
        ("dev", 1, true, true),
        ("local", 4, true, true),
        ("poa", 4, false, true),
        ("stake", 4, true, true),
        ("dappchain", 4, false, false),
    ] {
        let spec = ShortSpec::parse(embedded(name).unwrap()).unwrap();
        assert_eq!(spec.genesis.sudo.is_some(), sudo, "{name}");
        let entropy = spec.genesis.beacon.entropy.map(|entropy| entropy.0);
        assert_eq!(entropy, beacon.then_some([0xde; 32].into()), "{name}");
        assert_eq!(spec.genesis.validators.len(), validators, "{name}");
        // One does not wait for nodes on a chain for trying things out.
        let delay = (name != "poa" && name != "dappchain").then_some(0);
        assert_eq!(spec.genesis.draw_delay, delay, "{name}");
        let patch = genesis_patch(&spec.id, &spec.genesis);
        assert_eq!(patch["nodePool"]["drawDelay"], json!(delay), "{name}");
        for (i, validator) in spec.genesis.validators.iter().enumerate() {
            let expected = DevIdentity::at(i);
            assert_eq!(
                Some(&validator.account.0),
                expected.account().as_ref(),
                "{name} {i}"
            );
            assert_eq!(
                Some(&validator.pbft.0),
                expected.pbft_key().as_ref(),
                "{name} {i}"
            );
            assert_eq!(
                validator.beacon.as_ref().map(|key| &key.0),
                expected.beacon_key().as_ref().filter(|_| beacon),
                "{name} {i}"
            );
        }
        let accounts: Vec<_> = spec
            .genesis
            .balances
            .0
            .iter()
            .map(|(a, _)| a.0.clone())
            .collect();
        let mut expected: Vec<_> = dev::named().map(|d| d.account().unwrap()).collect();
        let admin = spec.genesis.admin.map(|admin| admin.0);
        // The admin of the first is an account of its own.
        expected.extend(admin.filter(|_| name == "poa"));
        assert_eq!(accounts, expected, "{name}");
    }
}

#[test]
fn a_missing_field_is_named() {
    for (pointer, path) in [
        ("/name", "name"),
        ("/id", "id"),
        ("/genesis", "genesis"),
        ("/genesis/timing", "genesis.timing"),
        ("/genesis/validators", "genesis.validators"),
        ("/genesis/interchain/chainId", "genesis.interchain.chainId"),
        ("/genesis/validators/0/pbft", "genesis.validators[0].pbft"),
        (
            "/genesis/validators/1/beacon",
            "genesis.validators[1].beacon",
        ),
        (
            "/genesis/validators/3/account",
            "genesis.validators[3].account",
        ),
        ("/properties/tokenSymbol", "properties.tokenSymbol"),
    ] {
        refused(&with(pointer, None), &format!("{path}: is missing"), "");
    }
    refused(
        &with("/runtime", None),
        "runtime: is missing",
        "\"runtime\": \"hub\"",
    );
}

#[test]
fn an_unknown_field_is_named() {
    for (pointer, path) in [
        ("/bootnodes", "bootnodes"),
        ("/genesis/staking", "genesis.staking"),
        ("/genesis/beacon/seed", "genesis.beacon.seed"),
        ("/genesis/interchain/id", "genesis.interchain.id"),
        ("/genesis/timing/blockTimeMs", "genesis.timing.blockTimeMs"),
        (
            "/genesis/validators/1/weight",
            "genesis.validators[1].weight",
        ),
        ("/properties/decimals", "properties.decimals"),
    ] {
        refused(
            &with(pointer, Some(json!(1))),
            &format!("{path}: "),
            "unknown field",
        );
    }
}

#[test]
fn a_value_of_a_wrong_type_or_range_is_named() {
    for (pointer, value, path, message) in [
        ("/name", json!(7), "name", "expected a string"),
        ("/name", json!(" "), "name", "must not be empty"),
        ("/id", json!("a/b"), "id", "names a folder"),
        (
            "/genesis/periods",
            json!({ "unbonding": 1 }),
            "genesis.periods.unbonding",
            "unknown field",
        ),
        (
            "/genesis/periods",
            json!({ "unbondingSeconds": 5, "trustingSeconds": 3, "slashDeferSeconds": 2 }),
            "genesis.periods.unbondingSeconds",
            "must be more than trustingSeconds and slashDeferSeconds together",
        ),
        ("/id", json!(""), "id", "names a folder"),
        ("/id", json!("x".repeat(65)), "id", "names a folder"),
        ("/chainType", json!("Test"), "chainType", "unknown variant"),
        (
            "/runtime",
            json!("spoke"),
            "runtime",
            "no built-in runtime `spoke`, only `hub`",
        ),
        ("/runtime", json!(1), "runtime", "expected a string"),
        (
            "/bootNodes",
            json!(["/ip4/1.2.3.4/tcp/1"]),
            "bootNodes[0]",
            "",
        ),
        ("/bootNodes", json!("/ip4/1.2.3.4"), "bootNodes", "sequence"),
        (
            "/telemetryEndpoints",
            json!([["wss://x"]]),
            "telemetryEndpoints",
            "",
        ),
        ("/protocolId", json!(""), "protocolId", "must not be empty"),
        (
            "/properties/tokenDecimals",
            json!(39),
            "properties.tokenDecimals",
            "at most 38",
        ),
        (
            "/properties/tokenDecimals",
            json!(300),
            "properties.tokenDecimals",
            "u8",
        ),
        (
            "/properties/ss58Format",
            json!(20_000),
            "properties.ss58Format",
            "at most 16383",
        ),
        ("/genesis", json!([]), "genesis", ""),
        (
            "/genesis/timing",
            json!(200),
            "genesis.timing",
            "SpecTiming",
        ),
        (
            "/genesis/timing/minIntervalMs",
            json!(0),
            "genesis.timing.minIntervalMs",
            "at least 1",
        ),
        (
            "/genesis/timing/minIntervalMs",
            json!("1"),
            "genesis.timing.minIntervalMs",
            "u32",
        ),
        (
            "/genesis/timing/minIntervalMs",
            json!(-1),
            "genesis.timing.minIntervalMs",
            "u32",
        ),
        (
            "/genesis/timing/idleIntervalMs",
            json!(1),
            "genesis.timing.idleIntervalMs",
            "below",
        ),
        (
            "/genesis/sessionLengthMs",
            json!(10),
            "genesis.sessionLengthMs",
            "at least",
        ),
        (
            "/genesis/drawDelay",
            json!(2_185),
            "genesis.drawDelay",
            "at most 2184",
        ),
        ("/genesis/drawDelay", json!("4"), "genesis.drawDelay", "u32"),
        (
            "/genesis/retireNoticeSeconds",
            json!(0),
            "genesis.retireNoticeSeconds",
            "at least 1",
        ),
        (
            "/genesis/stallPeriods",
            json!({ "stallSeconds": 60, "challengeSeconds": 0 }),
            "genesis.stallPeriods.challengeSeconds",
            "at least 1",
        ),
        (
            "/genesis/stallPeriods",
            json!({ "stallSeconds": 15, "challengeSeconds": 1 }),
            "genesis.stallPeriods.stallSeconds",
            "at least 16",
        ),
        (
            "/genesis/stallPeriods",
            json!({ "stallSeconds": 60, "challengeSeconds": 240 }),
            "genesis.stallPeriods",
            "six times stallSeconds",
        ),
        // Stakes are in reach for 28 days.
        (
            "/genesis/stallPeriods",
            json!({ "stallSeconds": 11 * 86_400, "challengeSeconds": 60 }),
            "genesis.stallPeriods",
            "unbondingSeconds less 6 days",
        ),
        (
            "/genesis/stallPeriods",
            json!({ "stallSeconds": 60 }),
            "genesis.stallPeriods",
            "challengeSeconds",
        ),
        (
            "/genesis/validators",
            json!([]),
            "genesis.validators",
            "at least one",
        ),
        (
            "/genesis/validators/2/account",
            json!("5Grw"),
            "genesis.validators[2].account",
            "5Grw",
        ),
        (
            "/genesis/validators/2/account",
            json!(5),
            "genesis.validators[2].account",
            "string",
        ),
        (
            "/genesis/validators/2/pbft",
            json!("0x12"),
            "genesis.validators[2].pbft",
            "32 bytes",
        ),
        (
            "/genesis/validators/2/beacon",
            json!("0x12"),
            "genesis.validators[2].beacon",
            "32 bytes",
        ),
        (
            "/genesis/beacon/entropy",
            json!("0x12"),
            "genesis.beacon.entropy",
            "32 bytes",
        ),
        (
            "/genesis/beacon/entropy",
            json!("chance"),
            "genesis.beacon.entropy",
            "32 bytes",
        ),
        (
            "/genesis/interchain/chainId",
            json!("0"),
            "genesis.interchain.chainId",
            "0 stands for the local chain",
        ),
        (
            "/genesis/interchain/chainId",
            json!(7),
            "genesis.interchain.chainId",
            "lower-case hex",
        ),
        (
            "/genesis/interchain/chainId",
            json!("E2E4"),
            "genesis.interchain.chainId",
            "character 0 is no lower-case hex digit",
        ),
        (
            "/genesis/interchain/chainId",
            json!("0e2"),
            "genesis.interchain.chainId",
            "leading zero",
        ),
        (
            "/genesis/interchain/chainId",
            json!("123456789"),
            "genesis.interchain.chainId",
            "longer than 8",
        ),
        (
            "/genesis/interchain/chainId",
            json!(""),
            "genesis.interchain.chainId",
            "missing",
        ),
        (
            "/genesis/interchain",
            json!("e2e4"),
            "genesis.interchain",
            "",
        ),
        ("/genesis/balances", json!([]), "genesis.balances", "object"),
        (
            "/genesis/sudo",
            json!("Alice"),
            "genesis.sudo",
            "`Alice` is not an account",
        ),
    ] {
        refused(&with(pointer, Some(value)), path, message);
    }
}

#[test]
fn a_bad_amount_is_named_with_its_account() {
    let path = format!("genesis.balances.{ALICE}: ");
    for (amount, message) in [
        (json!("12 HANSA"), "is not an amount"),
        (json!("-1"), "is not an amount"),
        (json!(-1), "is not an amount"),
        (json!(1.5), "is not an amount"),
        (json!("1e18"), "is not an amount"),
        (json!(""), "is not an amount"),
        (json!(null), "not null"),
        (json!(["1"]), "not a list"),
        (
            json!("340282366920938463463374607431768211456"),
            "too large",
        ),
        (json!(0), "below the existential deposit"),
        (json!(1), "below the existential deposit"),
    ] {
        refused(
            &with(&format!("/genesis/balances/{ALICE}"), Some(amount)),
            &path,
            message,
        );
    }
    let max = json!(u128::MAX.to_string());
    let text = with(&format!("/genesis/balances/{ALICE}"), Some(max));
    refused(&text, "genesis.balances.", "above 2^128 - 1");
}

#[test]
fn duplicates_are_refused() {
    let spec = local();
    let alice = spec.pointer("/genesis/validators/0/account").cloned();
    let text = with("/genesis/validators/2/account", alice);
    refused(&text, "genesis.validators[2].account", "earlier validator");
    let key = spec.pointer("/genesis/validators/0/pbft").cloned();
    refused(
        &with("/genesis/validators/3/pbft", key),
        "genesis.validators[3].pbft",
        "earlier",
    );
    let key = spec.pointer("/genesis/validators/0/beacon").cloned();
    refused(
        &with("/genesis/validators/3/beacon", key),
        "genesis.validators[3].beacon",
        "earlier",
    );
    // An account twice, once as an address and once in hex; and a field twice.
    let twice = embedded("local").unwrap().replacen(
        "\"balances\": {",
        "\"balances\": {\n\"0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d\": 1,",
        1,
    );
    refused(&twice, "genesis.balances: account 5Grw", "twice");
    let twice = embedded("local")
        .unwrap()
        .replacen("\"id\"", "\"name\": \"x\", \"id\"", 1);
    refused(&twice, "name: ", "stands here twice");
}

#[test]
fn what_is_no_chain_spec_is_refused() {
    for text in ["", "{", "[]", "7", "{} {}", "\u{0}"] {
        refused(text, "not a JSON object", "line");
    }
    refused("{}", "name: is missing", "");
    let both = with("/genesis/raw", Some(json!({})));
    refused(&both, "runtime: ", "leave one of them out");
    let error = load("/nonexistent/spec.json").err().unwrap();
    assert!(
        error.contains("/nonexistent/spec.json") && error.contains("no such file"),
        "{error}"
    );
    let error = load("").err().unwrap();
    assert!(
        error.contains("--dev") && error.contains("local"),
        "{error}"
    );
    let error = load("/tmp").err().unwrap();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn the_long_form_is_told_by_its_genesis() {
    for genesis in [json!({"raw": {}}), json!({"runtimeGenesis": {}})] {
        let text = json!({"name": "x", "id": "x", "genesis": genesis}).to_string();
        assert!(matches!(read_text(&text), Ok(SpecFile::Long)));
    }
}

#[test]
fn defaults_are_filled_in_and_amounts_may_be_numbers() {
    let mut spec = local();
    let genesis = spec
        .pointer_mut("/genesis")
        .and_then(Value::as_object_mut)
        .unwrap();
    genesis.insert("timing".into(), json!({"minIntervalMs": 150}));
    genesis.insert("balances".into(), json!({ALICE: 1_000_000_000_000_000u64}));
    genesis.remove("sessionLengthMs");
    genesis.remove("sudo");
    spec.as_object_mut().unwrap().remove("properties");
    let spec = ShortSpec::parse(&spec.to_string()).unwrap();
    assert_eq!(spec.genesis.timing.min_interval_ms, 150);
    assert_eq!(spec.genesis.timing.idle_interval_ms, 6_000);
    assert_eq!(spec.genesis.session_length_ms, 3_600_000);
    assert_eq!(spec.properties.token_symbol, "HANSA");
    assert_eq!(spec.genesis.balances.0[0].1, Amount(1_000_000_000_000_000));
}

#[test]
fn the_patch_is_what_the_runtime_expects() {
    let spec = ShortSpec::parse(embedded("dev").unwrap()).unwrap();
    let patch = genesis_patch(&spec.id, &spec.genesis);
    let alice = DevIdentity::at(0);
    let key = alice.pbft_key().unwrap().to_string();
    assert_eq!(
        patch["session"]["keys"],
        json!([[ALICE, ALICE, {"pbft": key, "beacon": ALICE}]])
    );
    assert_eq!(patch["sudo"]["key"], json!(ALICE));
    assert_eq!(patch["balances"]["balances"][0][0], json!(ALICE));
    assert_eq!(
        patch["balances"]["balances"][0][1].to_string(),
        "1000000000000000000"
    );
    assert_eq!(patch["pbft"]["timing"]["minIntervalMs"], json!(100));
    assert_eq!(patch["pbft"]["sessionLengthMs"], json!(600_000));
    let again = genesis_patch(&spec.id, &spec.genesis);
    assert_eq!(again, patch, "the same each time");
}

/// What a spec does not give follows from what it does.
#[test]
fn entropy_that_is_left_out_is_that_of_the_spec() {
    let entropy = |id: &str, length_ms: u64| {
        let mut spec = ShortSpec::parse(&with("/genesis/beacon", None)).unwrap();
        spec.genesis.session_length_ms = length_ms;
        genesis_patch(id, &spec.genesis)["beacon"]["entropy"].clone()
    };
    let one = entropy("one", 600_000);
    assert_eq!(one, entropy("one", 600_000));
    assert_ne!(one, entropy("two", 600_000));
    assert_ne!(one, entropy("one", 600_001));
    assert_eq!(one.as_str().map(str::len), Some(66));
    let given = ShortSpec::parse(embedded("local").unwrap()).unwrap();
    let given = genesis_patch("one", &given.genesis);
    let expected = format!("0x{}", "de".repeat(32));
    assert_eq!(given["beacon"]["entropy"], json!(expected));
}

#[test]
fn a_written_spec_reads_back() {
    let spec = ShortSpec::parse(embedded("local").unwrap()).unwrap();
    let text = serde_json::to_string_pretty(&spec).unwrap();
    let again = ShortSpec::parse(&text).unwrap();
    assert_eq!(
        genesis_patch(&spec.id, &spec.genesis),
        genesis_patch(&again.id, &again.genesis)
    );
    assert_eq!(serde_json::to_string_pretty(&again).unwrap(), text);
}

#[test]
fn a_built_in_genesis_is_the_one_that_the_sdk_builds() {
    let executor = of_tool(None);
    let spec = load("local").unwrap();
    let ours = built_in::build_storage(&*spec, &executor).unwrap();
    let theirs = spec.as_storage_builder().build_storage().unwrap();
    assert_eq!(ours.top, theirs.top);
    assert!(ours.children_default.is_empty() && theirs.children_default.is_empty());
    let written = spec.as_json(false).unwrap();
    let read: Value = serde_json::from_str(&written).unwrap();
    let patch = &read["genesis"]["runtimeGenesis"]["patch"];
    assert!(
        patch["pbft"]["timing"].is_object(),
        "a spec that is written out holds the genesis in the SDK's form"
    );
}

#[test]
fn a_chain_has_the_id_that_its_spec_says() {
    for (name, id) in [
        ("dev", 0xde1),
        ("local", 0x10ca1),
        ("poa", 0xb0a),
        ("stake", 0x57a),
    ] {
        let spec = ShortSpec::parse(embedded(name).unwrap()).unwrap();
        let patch = genesis_patch(&spec.id, &spec.genesis);
        assert_eq!(patch["interchain"]["chainId"], json!(id), "{name}");
    }
    // Without one it talks to no other.
    let spec = ShortSpec::parse(&with("/genesis/interchain", None)).unwrap();
    let patch = genesis_patch(&spec.id, &spec.genesis);
    assert_eq!(patch["interchain"]["chainId"], json!(0));
}

/// A DappChain that stands alone, with a field changed or, without a value, taken out.
fn dappchain(pointer: &str, value: Option<Value>) -> String {
    let mut spec: Value = serde_json::from_str(embedded("dappchain").unwrap()).unwrap();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap();
    match value {
        Some(value) => parent[field] = value,
        None => drop(parent.as_object_mut().unwrap().remove(field)),
    }
    spec.to_string()
}

#[test]
fn a_dappchain_that_stands_alone_has_less_than_a_hub() {
    let entropy = serde_json::json!({ "entropy": format!("0x{}", "ab".repeat(32)) });
    let account = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    for (pointer, path, value) in [
        ("/genesis/sudo", "genesis.sudo", account.into()),
        ("/genesis/beacon", "genesis.beacon", entropy),
        (
            "/genesis/validatorCount",
            "genesis.validatorCount",
            4.into(),
        ),
        (
            "/genesis/validators/1/beacon",
            "genesis.validators[1].beacon",
            account.into(),
        ),
        (
            "/genesis/validators/0/bond",
            "genesis.validators[0].bond",
            "1000".into(),
        ),
    ] {
        let text = dappchain(pointer, Some(value));
        refused(&text, path, "a DappChain has no such thing");
    }
    let text = dappchain("/genesis/validators/3/pbft", None);
    refused(&text, "genesis.validators[3].pbft", "is missing");
}

#[test]
fn the_genesis_of_a_dappchain_that_stands_alone_can_be_built() {
    let spec = load("dappchain").unwrap();
    let state = genesis::genesis_consensus_state(&*spec, &of_tool(None)).unwrap();
    assert_eq!(state.set.len(), 4);
}
