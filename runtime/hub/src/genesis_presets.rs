// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The genesis of the built-in chains, as patches of the default one: what a person writes under
//! `genesis` in a chain spec.

use crate::{
    AccountId, Balance, BalancesConfig, BeaconConfig, InterchainConfig, NodePoolConfig, PbftConfig,
    RuntimeGenesisConfig, SessionConfig, SessionKeys, StakingConfig, SudoConfig,
};
use alloc::{string::ToString, vec::Vec};
use frame_support::build_struct_json_patch;
use hansa_interchain_primitives::ChainId;
use hansa_pallet_staking::GenesisValidator;
use hansa_primitives::Hash;
use hansa_runtime_common::currency::UNIT;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// A chain of one, for development: Alice is the validator and has sudo.
pub const DEV: &str = "dev";

/// A local network of four: Alice, Bob, Charlie and Dave; Alice has sudo.
pub const LOCAL: &str = "local";

/// A network by proof of authority as it would run in earnest: four validators, no sudo; three of
/// the four together are the admin. The keys are the well-known ones of [`LOCAL`]: replace them.
pub const POA: &str = "poa";

/// A local network of four, elected by stake: Alice, Bob, Charlie and Dave have bonds of four, three,
/// two and one parts; Alice has sudo.
pub const STAKE: &str = "stake";

/// The ids of these chains among others.
const DEV_ID: ChainId = 0xde1;
const LOCAL_ID: ChainId = 0x10ca1;
const POA_ID: ChainId = 0xb0a;
const STAKE_ID: ChainId = 0x57a;

/// The part that is Dave's bond on [`STAKE`].
const STAKE_PART: Balance = 100_000 * UNIT;

/// What each development account has.
const DEV_ENDOWMENT: Balance = 1_000_000 * UNIT;

/// What each validator has on a chain by proof of authority.
const POA_ENDOWMENT: Balance = 1_000 * UNIT;

/// The length of sessions where developers wait for them: a minute.
const DEV_SESSION_LENGTH_MS: u64 = 60 * 1000;

/// The length of sessions elsewhere: an hour.
const SESSION_LENGTH_MS: u64 = 60 * 60 * 1000;

/// What the first beacon of these chains is made of: any number will do where everybody knows all keys.
const ENTROPY: Hash = Hash::repeat_byte(0xde);

/// How many of the validators of [`POA`] must agree for their account to act.
const POA_THRESHOLD: u16 = 3;

/// The validators of networks of four.
const FOUR: [&str; 4] = ["Alice", "Bob", "Charlie", "Dave"];

/// The keyring's account and session keys of a development name.
fn validator(name: &str) -> Option<(AccountId, SessionKeys)> {
    let (account, pbft) = match name {
        "Alice" => (Sr25519Keyring::Alice, Ed25519Keyring::Alice),
        "Bob" => (Sr25519Keyring::Bob, Ed25519Keyring::Bob),
        "Charlie" => (Sr25519Keyring::Charlie, Ed25519Keyring::Charlie),
        "Dave" => (Sr25519Keyring::Dave, Ed25519Keyring::Dave),
        _ => return None,
    };
    let keys = SessionKeys {
        pbft: pbft.public().into(),
        beacon: account.public().into(),
    };
    Some((account.to_account_id(), keys))
}

fn validators(names: &[&str]) -> Vec<(AccountId, SessionKeys)> {
    names.iter().filter_map(|name| validator(name)).collect()
}

/// What the session pallet's genesis wants to know of each validator.
fn session_keys(
    validators: &[(AccountId, SessionKeys)],
) -> Vec<(AccountId, AccountId, SessionKeys)> {
    validators
        .iter()
        .map(|(account, keys)| (account.clone(), account.clone(), keys.clone()))
        .collect()
}

/// A chain for development with this id and these validators, and with these bonds; in authority mode if
/// there are none.
fn development(
    chain_id: ChainId,
    names: &[&str],
    bonds: Vec<GenesisValidator<AccountId>>,
) -> serde_json::Value {
    let balances = Sr25519Keyring::well_known()
        .map(|key| (key.to_account_id(), DEV_ENDOWMENT))
        .collect();
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig { balances },
        beacon: BeaconConfig { entropy: ENTROPY },
        interchain: InterchainConfig { chain_id },
        pbft: PbftConfig {
            session_length_ms: DEV_SESSION_LENGTH_MS
        },
        session: SessionConfig {
            keys: session_keys(&validators(names))
        },
        node_pool: NodePoolConfig {
            draw_delay: Some(0)
        },
        staking: StakingConfig { validators: bonds },
        sudo: SudoConfig {
            key: Some(Sr25519Keyring::Alice.to_account_id())
        },
    })
}

/// The bonds of the validators of [`STAKE`].
fn bonds() -> Vec<GenesisValidator<AccountId>> {
    let bonds = (1..=FOUR.len() as Balance)
        .rev()
        .map(|parts| parts.saturating_mul(STAKE_PART));
    let bonded = validators(&FOUR).into_iter().zip(bonds);
    bonded
        .map(|((account, _), bond)| GenesisValidator {
            account,
            bond,
            commission: Default::default(),
        })
        .collect()
}

/// A chain by proof of authority, without sudo.
fn proof_of_authority() -> serde_json::Value {
    let validators = validators(&FOUR);
    let mut operators: Vec<_> = validators
        .iter()
        .map(|(account, _)| account.clone())
        .collect();
    operators.sort();
    let admin = crate::Multisig::multi_account_id(&operators, POA_THRESHOLD);
    let accounts = operators.iter().chain(core::iter::once(&admin));
    let balances = accounts
        .map(|account| (account.clone(), POA_ENDOWMENT))
        .collect();
    build_struct_json_patch!(RuntimeGenesisConfig {
        balances: BalancesConfig { balances },
        beacon: BeaconConfig { entropy: ENTROPY },
        interchain: InterchainConfig { chain_id: POA_ID },
        pbft: PbftConfig {
            admin: Some(admin),
            session_length_ms: SESSION_LENGTH_MS
        },
        session: SessionConfig {
            keys: session_keys(&validators)
        },
    })
}

/// A preset by its name, as JSON. The SDK's tools know the first two by names of their own.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_str() {
        DEV | DEV_RUNTIME_PRESET => development(DEV_ID, &FOUR[..1], Vec::new()),
        LOCAL | LOCAL_TESTNET_RUNTIME_PRESET => development(LOCAL_ID, &FOUR, Vec::new()),
        POA => proof_of_authority(),
        STAKE => development(STAKE_ID, &FOUR, bonds()),
        _ => return None,
    };
    Some(patch.to_string().into_bytes())
}

/// The names of all presets.
pub fn preset_names() -> Vec<PresetId> {
    [
        DEV,
        LOCAL,
        POA,
        STAKE,
        DEV_RUNTIME_PRESET,
        LOCAL_TESTNET_RUNTIME_PRESET,
    ]
    .into_iter()
    .map(PresetId::from)
    .collect()
}
