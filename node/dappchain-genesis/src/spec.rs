// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The chain spec that a node runs.

use crate::{patch::read_object, Error, Genesis, Record};
use sc_chain_spec::{ChainSpec, ChainType, GenericChainSpec, NoExtension, Properties};
use sp_core::storage::well_known_keys;

/// How many bytes of the hub's genesis are in the id of a spec: enough that chains of two hubs do not share a folder.
const HUB_BYTES: usize = 4;

/// The id of a chain's spec, which names its folder: of its id and of its hub.
pub fn id(record: &Record) -> String {
    let hub: String = record.hub.genesis.0[..HUB_BYTES]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("dappchain_{:x}_{hub}", record.chain)
}

/// What wallets show.
pub fn properties(record: &Record) -> Result<Properties, Error> {
    read_object(&record.properties).map_err(Error::MalformedProperties)
}

/// The spec of the chain with this genesis. Nodes find each other by what the hub says, so it has no boot nodes.
pub fn chain_spec(record: &Record, genesis: &Genesis) -> Result<Box<dyn ChainSpec>, Error> {
    let code = genesis.storage.top.get(well_known_keys::CODE);
    let code = code.ok_or_else(|| Error::Runtime("the genesis has no code".into()))?;
    let id = id(record);
    let mut spec: Box<dyn ChainSpec> = Box::new(
        GenericChainSpec::<NoExtension>::builder(code, None)
            .with_name(&String::from_utf8_lossy(&record.name))
            .with_id(&id)
            .with_protocol_id(&id)
            .with_chain_type(ChainType::Live)
            .with_properties(properties(record)?)
            .build(),
    );
    spec.set_storage(genesis.storage.clone());
    Ok(spec)
}
