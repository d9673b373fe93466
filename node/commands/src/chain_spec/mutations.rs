// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Short specs with any field made odd, and with bytes changed by chance: taken, or refused in one
//! line; never a panic.

use super::*;
use serde_json::{json, Value};

/// How many texts with changed bytes are read for each spec.
const ALTERED_TEXTS: u64 = 20_000;

/// How deep a nested value is: deeper than any reader should follow.
const DEPTH: usize = 100_000;

/// Read `text`, and look at what is said if it is refused.
fn read(text: &str) {
    if let Err(error) = read_text(text) {
        assert!(!error.is_empty() && !error.contains('\n'), "{error:?}");
        assert!(error.len() < 2_000, "{} bytes", error.len());
    }
}

/// The pointers to all values below `value`.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut below = |key: &str, value: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        pointers(value, &pointer, found);
        found.push(pointer);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(list) => (0..)
            .zip(list)
            .for_each(|(i, v): (usize, _)| below(&i.to_string(), v)),
        _ => {}
    }
}

#[test]
fn any_field_may_be_odd() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("x"),
        json!("\u{0}\n\u{202e}"),
        json!("9".repeat(400)),
        json!([]),
        json!([[[[]]]]),
        json!({}),
        json!({"a": {"b": null}}),
    ];
    for name in ["dev", "local", "poa", "stake"] {
        let spec: Value = serde_json::from_str(embedded(name).unwrap()).unwrap();
        let mut found = Vec::new();
        pointers(&spec, "", &mut found);
        assert!(found.len() > 20, "{name}: {found:?}");
        for pointer in &found {
            for value in &odd {
                let mut changed = spec.clone();
                *changed.pointer_mut(pointer).unwrap() = value.clone();
                read(&changed.to_string());
            }
        }
    }
}

#[test]
fn deep_and_long_texts_are_refused() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        read(&format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH)));
        let nested = format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH));
        read(&format!("{{\"runtime\":\"hub\",\"genesis\":{nested}}}"));
        read(&open.repeat(DEPTH));
    }
}

#[test]
fn bytes_changed_by_chance_do_no_harm() {
    let mut state = 1u64;
    // A generator of numbers that is the same everywhere (splitmix64).
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize
    };
    let tokens = [
        "\"", "{", "}", "[", "]", ",", ":", "-", "1e9", "null", "\\u", "0x",
    ];
    for name in ["dev", "local"] {
        let text = embedded(name).unwrap();
        assert!(text.is_ascii());
        for _ in 0..ALTERED_TEXTS {
            let mut changed = text.to_string();
            for _ in 0..1 + next() % 3 {
                let at = next() % changed.len();
                let end = at + next() % (changed.len() - at).min(8);
                changed.replace_range(at..end, tokens[next() % tokens.len()]);
            }
            read(&changed);
        }
    }
}
