// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The genesis of a chain that is not registered yet.
//!
//! Founders, height and time of the hub are made up; all else is as it will be, and is run as founders run it. What fails here would
//! fail with them, and cost a part of the stake there.

use super::{hash_of, read, DeployError, SpecArgs};
use crate::{built, chain_spec::dev::DevIdentity, transactions::calls::Registration};
use hansa_dappchain_genesis::Record;
use hansa_dappchain_primitives::{
    packet::authorities, AssignedNode, Founder, FounderKeys, HubCheckpoint, RuntimeSource,
    GENESIS_FORMAT, MAX_NAME_BYTES, MAX_PATCH_BYTES, MAX_PROPERTIES_BYTES,
};
use hansa_interchain_primitives::ChainId;
use hansa_primitives::{AccountId, Balance, Hash};
use hansa_process::sandbox::{Sandbox, LIMIT};
use hansa_supervisor::launcher::GenesisError;
use sp_core::{ed25519, Pair};
use std::path::{Path, PathBuf};

/// How many founders the trial has.
const FOUNDERS: usize = 4;

/// The id of the hub in the trial, and of the chain.
const HUB: ChainId = 1;
const CHAIN: ChainId = 2;

/// What the deployer says of a chain.
pub struct Spec {
    name: Vec<u8>,
    /// The runtime.
    pub code: Vec<u8>,
    patch: Vec<u8>,
    properties: Vec<u8>,
}

impl Spec {
    /// Read the files. What is left out is empty; the runtime is the standard one then.
    pub fn read(args: &SpecArgs) -> Result<Self, DeployError> {
        let optional = |path: &Option<PathBuf>| match path {
            Some(path) => read(path),
            None => Ok(Vec::new()),
        };
        let code = match &args.code {
            Some(path) => read(path)?,
            None => built::dappchain_code()
                .ok_or(DeployError::NoRuntime)?
                .to_vec(),
        };
        Ok(Self {
            name: args.name.clone().into_bytes(),
            code,
            patch: optional(&args.patch)?,
            properties: optional(&args.properties)?,
        })
    }

    /// The hash by which the hub knows the runtime.
    pub fn code_hash(&self) -> Hash {
        hash_of(&self.code)
    }

    /// What is registered of the chain, with this runtime.
    pub fn registration(
        &self,
        runtime: RuntimeSource,
        nodes: u32,
        max_stake: Balance,
    ) -> Result<Registration, DeployError> {
        let too_long = |what, limit| move |_| DeployError::TooLong { what, limit };
        let (patch, properties) = (self.patch.clone(), self.properties.clone());
        Ok(Registration {
            name: self
                .name
                .clone()
                .try_into()
                .map_err(too_long("the name", MAX_NAME_BYTES))?,
            nodes,
            runtime,
            patch: patch
                .try_into()
                .map_err(too_long("the patch", MAX_PATCH_BYTES))?,
            properties: properties
                .try_into()
                .map_err(too_long("the file of properties", MAX_PROPERTIES_BYTES))?,
            term: None,
            max_stake,
        })
    }
}

/// Build the genesis as a founder does.
pub fn check(spec: &Spec, wasm_cache: Option<&Path>) -> Result<(), DeployError> {
    let record = record(spec)?;
    match Sandbox::new(LIMIT, wasm_cache)?.try_out(&record, &spec.code) {
        Ok(()) => Ok(()),
        Err(GenesisError::Record(why)) => Err(DeployError::NoGenesis(why)),
        Err(GenesisError::Here(why)) => Err(DeployError::NoTrial(why)),
    }
}

fn record(spec: &Spec) -> Result<Record, DeployError> {
    let nodes = (0..FOUNDERS)
        .map(DevIdentity::at)
        .map(|identity| {
            let pbft = ed25519::Pair::from_string(&identity.seed, None);
            let pbft = pbft.map_err(|error| DeployError::Key(error.to_string()))?;
            let account = AccountId::new(pbft.public().0);
            let keys = FounderKeys {
                pbft: pbft.public().into(),
                beacon: None,
            };
            Ok(AssignedNode {
                node: account,
                keys,
            })
        })
        .collect::<Result<Vec<_>, DeployError>>()?;
    let set = authorities(&nodes).map_err(|error| DeployError::Key(error.to_string()))?;
    let owner = AccountId::new([0; 32]);
    Ok(Record {
        format: GENESIS_FORMAT,
        chain: CHAIN,
        name: spec.name.clone(),
        attempt: 1,
        code: spec.code_hash(),
        patch: spec.patch.clone(),
        properties: spec.properties.clone(),
        owner,
        founders: nodes
            .into_iter()
            .map(|node| Founder {
                node: node.node,
                keys: Some(node.keys),
                since: 0,
            })
            .collect(),
        hub: HubCheckpoint {
            chain: HUB,
            genesis: Hash::repeat_byte(1),
            height: 1,
            header: Hash::repeat_byte(2),
            timestamp: 1,
            set,
        },
        frozen_at: 1,
    })
}
