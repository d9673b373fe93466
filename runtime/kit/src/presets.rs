// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The genesis of DappChains that stand alone, for development, as patches of the default one. One that a hub
//! founds has a genesis of its own: `docs/dappchains.md` says how it comes about.

use alloc::{string::ToString, vec::Vec};
use hansa_interchain_primitives::ChainId;
use hansa_pbft_primitives::AuthorityId;
use hansa_primitives::{AccountId, Balance};
use hansa_runtime_common::currency::UNIT;
use serde_json::json;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// A chain of one, for development: Alice is the node and the admin.
pub const DEV: &str = "dappchain-dev";

/// A local network of four: Alice, Bob, Charlie and Dave; Alice is the admin.
pub const LOCAL: &str = "dappchain";

/// The ids of these chains among others: outside of what a hub's registry counts up to in a lifetime.
const DEV_ID: ChainId = 0xdade;
const LOCAL_ID: ChainId = 0xda44;

/// What each development account has.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// The length of sessions: a minute, as developers wait for them.
const SESSION_LENGTH_MS: u64 = 60 * 1000;

/// The nodes of [`LOCAL`]; the first is that of [`DEV`].
const FOUR: [(Sr25519Keyring, Ed25519Keyring); 4] = [
    (Sr25519Keyring::Alice, Ed25519Keyring::Alice),
    (Sr25519Keyring::Bob, Ed25519Keyring::Bob),
    (Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
    (Sr25519Keyring::Dave, Ed25519Keyring::Dave),
];

fn alone(chain_id: ChainId, nodes: usize) -> serde_json::Value {
    let keys = FOUR.iter().take(nodes).map(|(account, key)| {
        let account = account.to_account_id();
        let pbft = AuthorityId::from(key.public());
        json!([account, account, { "pbft": pbft }])
    });
    let keys: Vec<_> = keys.collect();
    let balances: Vec<(AccountId, Balance)> = Sr25519Keyring::well_known()
        .map(|key| (key.to_account_id(), ENDOWMENT))
        .collect();
    json!({
        "balances": { "balances": balances },
        "interchain": { "chainId": chain_id },
        "pbft": {
            "admin": Sr25519Keyring::Alice.to_account_id(),
            "sessionLengthMs": SESSION_LENGTH_MS,
        },
        "session": { "keys": keys },
    })
}

/// A preset by its name, as JSON. The SDK's tools know them by names of their own.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_str() {
        DEV | DEV_RUNTIME_PRESET => alone(DEV_ID, 1),
        LOCAL | LOCAL_TESTNET_RUNTIME_PRESET => alone(LOCAL_ID, FOUR.len()),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
    [DEV, LOCAL, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET]
        .into_iter()
        .map(PresetId::from)
        .collect()
}
