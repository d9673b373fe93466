// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the demo is made of: the hub's chain spec, and what is registered for each DappChain. Pure.

use crate::{
    chain_spec::{
        self,
        dev::{self, DevIdentity},
        genesis::genesis_consensus_state,
        short::ShortSpec,
        Account, Amount, SpecChainId,
    },
    network_up::{specs::ChainSource, UpError},
};
use hansa_allocation_primitives::Term;
use hansa_interchain_primitives::{Balance, ChainId};
use hansa_pbft_primitives::Timing;
use hansa_primitives::AccountId;
use hansa_process::executor;
use hansa_runtime_common::currency::UNIT;
use serde_json::json;
use sp_core::{sr25519, Pair};
use std::path::Path;

/// The validators of the hub: as many as its two DappChains need, so that each of them is on one.
pub const VALIDATORS: usize = 8;

/// The nodes: the validators, and one that comes to the pool beside them, or there would be nobody to replace who
/// leaves a DappChain.
pub const NODES: usize = VALIDATORS + 1;

/// The id of the hub among chains.
const HUB_ID: ChainId = 0xde30;

/// How long an epoch of the hub is, in milliseconds.
pub const EPOCH_MS: u64 = 12_000;

/// How long a session of a DappChain is, in milliseconds.
pub const SESSION_MS: u64 = 6_000;

/// How long hub and DappChains wait for a transaction before they make a block without, in milliseconds.
pub const IDLE_MS: u32 = 1_000;

/// What a validator has bonded, and what the other nodes have, which are not elected.
const VALIDATOR_BOND: Balance = 200_000 * UNIT;
const OTHER_BOND: Balance = 100_000 * UNIT;

/// What each account has, on the hub and on each DappChain.
const ENDOWMENT: Balance = 1_000_000 * UNIT;

/// How many nodes a DappChain needs: the fewest.
pub const NEED: u32 = 4;

/// A turn that is over after so many blocks of a node: about a minute, so that one sees nodes go round.
const SHORT_TURN: Term = Term {
    blocks: 12,
    seconds: DAY,
};

/// A turn that outlasts whoever looks at the demo.
const LONG_TURN: Term = Term {
    blocks: 100_000,
    seconds: 7 * DAY,
};

/// In seconds.
const DAY: u32 = 24 * 60 * 60;

/// A DappChain of the demo.
#[derive(Clone, Debug)]
pub struct DappPlan {
    /// Its name.
    pub name: &'static str,
    /// The symbol of its token.
    pub symbol: &'static str,
    /// How long a node's turn is.
    pub term: Term,
}

/// The DappChains, in the order in which they are registered. The nodes of the first go round.
pub const DAPPS: [DappPlan; 2] = [
    DappPlan {
        name: "shop",
        symbol: "SHOP",
        term: SHORT_TURN,
    },
    DappPlan {
        name: "bank",
        symbol: "BANK",
        term: LONG_TURN,
    },
];

impl DappPlan {
    /// The secret URI of who registers it.
    pub fn deployer_uri(&self) -> String {
        format!("//Deployer//{}", self.name)
    }

    /// Who registers it, and administers it.
    pub fn deployer(&self) -> Result<sr25519::Pair, UpError> {
        pair(&self.deployer_uri())
    }

    /// What is laid over the genesis of the standard runtime, as JSON.
    pub fn patch(&self) -> Result<String, UpError> {
        let deployer = AccountId::from(self.deployer()?.public());
        let users = dev::named().filter_map(|user| user.account());
        let balances: Vec<_> = users
            .chain([deployer.clone()])
            .map(|account| (account, ENDOWMENT))
            .collect();
        let timing = Timing {
            idle_interval_ms: IDLE_MS,
            ..Timing::default()
        };
        let patch = json!({
            "balances": { "balances": balances },
            "pbft": { "admin": deployer, "timing": timing, "sessionLengthMs": SESSION_MS },
        });
        Ok(patch.to_string())
    }

    /// What wallets show of it, as JSON.
    pub fn properties(&self) -> String {
        json!({ "tokenSymbol": self.symbol, "tokenDecimals": 12, "ss58Format": 42 }).to_string()
    }
}

/// The key of a secret URI.
pub fn pair(uri: &str) -> Result<sr25519::Pair, UpError> {
    sr25519::Pair::from_string(uri, None).map_err(|_| UpError::Keys {
        name: uri.into(),
        message: "bad seed".into(),
    })
}

/// The hub of the demo, written into `dir`. The runtime of its DappChains is in `wasm_cache` afterwards: were it not,
/// all nodes would compile it at once when they build the genesis.
pub fn source(dir: &Path, wasm_cache: &Path) -> Result<ChainSource, UpError> {
    let dappchain = chain_spec::load("dappchain").map_err(UpError::Spec)?;
    genesis_consensus_state(&*dappchain, &executor::of_tool(Some(wasm_cache)))
        .map_err(UpError::Spec)?;
    let chain = crate::network_up::specs::write(&hub_spec()?, &dir.join("hub.json"))?;
    Ok(ChainSource {
        chain,
        several: None,
        others: (VALIDATORS..NODES).map(DevIdentity::at).collect(),
    })
}

/// The spec of the hub: `stake` with short epochs, more validators, and funds for the deployers.
fn hub_spec() -> Result<ShortSpec, UpError> {
    let text = chain_spec::embedded("stake").unwrap_or_default();
    let mut spec = ShortSpec::parse(text).map_err(|e| UpError::Spec(e.to_string()))?;
    spec.name = "Hansa Demo".into();
    spec.id = "hansa_demo".into();
    let genesis = &mut spec.genesis;
    genesis.timing.idle_interval_ms = IDLE_MS;
    genesis.session_length_ms = EPOCH_MS;
    if let Some(own) = &mut genesis.interchain {
        own.chain_id = SpecChainId(HUB_ID);
    }
    genesis.validator_count = u32::try_from(VALIDATORS).ok();
    genesis.validators.clear();
    genesis.balances.0.clear();
    for index in 0..NODES {
        let identity = DevIdentity::at(index);
        let no_key = || UpError::Keys {
            name: identity.name.clone(),
            message: "bad seed".into(),
        };
        let mut validator = identity.validator().ok_or_else(no_key)?;
        validator.bond = Some(Amount(match index < VALIDATORS {
            true => VALIDATOR_BOND,
            false => OTHER_BOND,
        }));
        let account = validator.account.clone();
        genesis.balances.0.push((account, Amount(ENDOWMENT)));
        genesis.validators.push(validator);
    }
    for dapp in &DAPPS {
        let account = Account(dapp.deployer()?.public().into());
        genesis.balances.0.push((account, Amount(ENDOWMENT)));
    }
    spec.check().map_err(|e| UpError::Spec(e.to_string()))?;
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_begins_with_its_validators_and_one_node_waits() {
        let dir = tempfile::tempdir().unwrap();
        let source = source(dir.path(), dir.path()).unwrap();
        let spec = chain_spec::load(&source.chain).unwrap();
        let executor = executor::of_tool(Some(dir.path()));
        let set = genesis_consensus_state(&*spec, &executor).unwrap().set;
        assert_eq!(set.len(), VALIDATORS);
        let other = source.others[0].pbft_key().unwrap();
        assert!(set.index_of(&other).is_none());
        assert!(VALIDATORS >= DAPPS.len() * NEED as usize);
    }

    #[test]
    fn a_patch_names_deployer_and_users_and_nothing_that_is_imposed() {
        for dapp in &DAPPS {
            let patch: serde_json::Value = serde_json::from_str(&dapp.patch().unwrap()).unwrap();
            let admin = AccountId::from(dapp.deployer().unwrap().public());
            assert_eq!(patch["pbft"]["admin"], json!(admin));
            let balances = patch["balances"]["balances"].as_array().unwrap();
            assert_eq!(balances.len(), dev::named().count() + 1);
            for imposed in ["session", "interchain", "assignedSet"] {
                assert!(patch.get(imposed).is_none());
            }
            serde_json::from_str::<serde_json::Value>(&dapp.properties()).unwrap();
        }
    }
}
