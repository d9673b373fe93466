// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Chain specs that are wrong: each is refused with the path of its field, in one line, and a
//! non-zero exit.

use anyhow::{ensure, Result};
use hansa_e2e::{process, spec};
use serde_json::{json, Value};
use std::path::Path;

/// Start a node on a spec that must be refused, and check what it says.
fn assert_refused(file: &Path, what: &str, expected: &[&str]) -> Result<()> {
    let file = file.display().to_string();
    let output = process::run(&["--chain", &file, "--tmp", "--alice", "--no-telemetry"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(
        !output.status.success(),
        "{what}: the exit code is 0; it said: {said}"
    );
    ensure!(!said.contains("panicked"), "{what}: it panicked: {said}");
    let lines: Vec<_> = said.lines().filter(|l| !l.trim().is_empty()).collect();
    ensure!(lines.len() == 1, "{what}: not one line: {said}");
    for part in expected {
        ensure!(said.contains(part), "{what}: `{part}` is not in: {said}");
    }
    Ok(())
}

/// Put `value` at `pointer` of a spec; null takes the field out.
fn put(spec: &mut Value, pointer: &str, value: &Value) {
    let Some((parent, field)) = pointer.rsplit_once('/') else {
        return;
    };
    let Some(parent) = spec.pointer_mut(parent) else {
        return;
    };
    match (parent, value) {
        (Value::Object(object), Value::Null) => drop(object.remove(field)),
        (Value::Object(object), value) => drop(object.insert(field.into(), value.clone())),
        (Value::Array(list), value) => {
            if let Some(place) = field.parse().ok().and_then(|i: usize| list.get_mut(i)) {
                *place = value.clone();
            }
        }
        _ => {}
    }
}

#[test]
fn each_bad_field_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = spec::read("local.json")?;
    let alice = good["genesis"]["validators"][0].clone();
    let cases: &[(&str, Value, &str)] = &[
        ("/name", Value::Null, "name"),
        ("/name", json!(7), "name"),
        ("/id", json!("../../etc"), "id"),
        ("/id", Value::Null, "id"),
        ("/chainType", json!("Moon"), "chainType"),
        ("/runtime", json!("moon"), "runtime"),
        ("/runtime", Value::Null, "runtime"),
        ("/colour", json!("blue"), "colour"),
        ("/bootNodes", json!(["nowhere"]), "bootNodes[0]"),
        (
            "/properties/tokenDecimals",
            json!(-1),
            "properties.tokenDecimals",
        ),
        (
            "/properties/tokenDecimals",
            json!(99),
            "properties.tokenDecimals",
        ),
        ("/properties/colour", json!(1), "properties.colour"),
        ("/genesis", Value::Null, "genesis"),
        ("/genesis/colour", json!(1), "genesis.colour"),
        (
            "/genesis/timing/minIntervalMs",
            json!(0),
            "genesis.timing.minIntervalMs",
        ),
        (
            "/genesis/timing/minIntervalMs",
            json!("fast"),
            "genesis.timing.minIntervalMs",
        ),
        (
            "/genesis/timing/minIntervalMs",
            json!(1.5),
            "genesis.timing.minIntervalMs",
        ),
        (
            "/genesis/timing/idleIntervalMs",
            json!(1),
            "genesis.timing.idleIntervalMs",
        ),
        (
            "/genesis/timing/idleIntervalMs",
            json!(u64::MAX),
            "genesis.timing.idleIntervalMs",
        ),
        (
            "/genesis/timing/viewTimeoutCapMs",
            json!(1),
            "genesis.timing.viewTimeoutCapMs",
        ),
        ("/genesis/timing/colour", json!(1), "genesis.timing.colour"),
        (
            "/genesis/sessionLengthMs",
            json!(1),
            "genesis.sessionLengthMs",
        ),
        (
            "/genesis/interchain/chainId",
            json!("0"),
            "genesis.interchain.chainId",
        ),
        (
            "/genesis/interchain/chainId",
            json!("E4"),
            "genesis.interchain.chainId",
        ),
        (
            "/genesis/interchain/chainId",
            json!(228),
            "genesis.interchain.chainId",
        ),
        ("/genesis/validators", json!([]), "genesis.validators"),
        ("/genesis/validators", Value::Null, "genesis.validators"),
        (
            "/genesis/validators/1",
            alice.clone(),
            "genesis.validators[1]",
        ),
        (
            "/genesis/validators/1/pbft",
            alice["pbft"].clone(),
            "genesis.validators[1].pbft",
        ),
        (
            "/genesis/validators/2/pbft",
            Value::Null,
            "genesis.validators[2].pbft",
        ),
        (
            "/genesis/validators/2/pbft",
            json!("0x1234"),
            "genesis.validators[2].pbft",
        ),
        (
            "/genesis/validators/1/beacon",
            alice["beacon"].clone(),
            "genesis.validators[1].beacon",
        ),
        (
            "/genesis/validators/2/beacon",
            Value::Null,
            "genesis.validators[2].beacon",
        ),
        (
            "/genesis/beacon/entropy",
            json!("0x1234"),
            "genesis.beacon.entropy",
        ),
        (
            "/genesis/validators/2/account",
            json!("Alice"),
            "genesis.validators[2].account",
        ),
        (
            "/genesis/validators/2/colour",
            json!(1),
            "genesis.validators[2].colour",
        ),
        ("/genesis/balances/nobody", json!("5"), "genesis.balances"),
        ("/genesis/balances", json!([1, 2]), "genesis.balances"),
        ("/genesis/sudo", json!("nobody"), "genesis.sudo"),
    ];
    for (i, (pointer, value, path)) in cases.iter().enumerate() {
        let mut bad = good.clone();
        put(&mut bad, pointer, value);
        let file = spec::write(folder.path(), &format!("{i}.json"), &bad)?;
        assert_refused(&file, &format!("{pointer} = {value}"), &[path])?;
    }
    Ok(())
}

#[test]
fn each_bad_amount_is_named_with_its_account() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = spec::read("local.json")?;
    let balances = good["genesis"]["balances"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let account = balances.keys().next().cloned().unwrap_or_default();
    let too_large = "340282366920938463463374607431768211456";
    for (i, amount) in [
        json!("lots"),
        json!(-5),
        json!(1.5),
        json!(true),
        json!(""),
        json!("1e9"),
        json!(1),
        json!(too_large),
    ]
    .iter()
    .enumerate()
    {
        let mut bad = good.clone();
        put(&mut bad, &format!("/genesis/balances/{account}"), amount);
        let file = spec::write(folder.path(), &format!("{i}.json"), &bad)?;
        assert_refused(&file, &format!("amount {amount}"), &["genesis.balances"])?;
    }
    Ok(())
}

#[test]
fn files_that_are_no_specs_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = std::fs::read_to_string(hansa_e2e::binary::chain_spec("dev.json"))?;
    let twice = good.replacen("\"id\":", "\"name\": \"again\", \"id\":", 1);
    let half = &good[..good.len() / 2];
    let deep = "[".repeat(100_000);
    let cases: &[(&str, &[u8])] = &[
        ("empty", b""),
        ("not-json", b"hello"),
        ("list", b"[]"),
        ("number", b"5"),
        ("null", b"null"),
        ("object", b"{}"),
        ("half", half.as_bytes()),
        ("twice", twice.as_bytes()),
        ("deep", deep.as_bytes()),
        ("not-utf8", &[0xff, 0xfe, 0x00]),
        ("two", &[good.as_bytes(), good.as_bytes()].concat()),
    ];
    for (name, content) in cases {
        let file = folder.path().join(format!("{name}.json"));
        std::fs::write(&file, content)?;
        // The message names the file.
        assert_refused(&file, name, &[&format!("{name}.json")])?;
    }
    assert_refused(
        &folder.path().join("missing.json"),
        "missing",
        &["missing.json"],
    )?;
    assert_refused(
        folder.path(),
        "a folder",
        &[&folder.path().display().to_string()],
    )
}
