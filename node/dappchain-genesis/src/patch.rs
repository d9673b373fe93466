// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a record says of the genesis.

use crate::{record_hash, Error, Record};
use codec::Encode;
use hansa_dappchain_primitives::{
    packet::authorities,
    route::{self, HubRoute},
    AssignedNode,
};
use hansa_interchain_primitives::{
    packet::{derived_account, ChainRef},
    AccountBytes,
};
use hansa_pbft_primitives::AuthoritySet;
use hansa_primitives::AccountId;
use sc_chain_spec::json_patch;
use serde_json::{json, Map, Value};

/// The parts of a genesis that follow from the record, and that no deployer says.
pub const IMPOSED: [&str; 3] = ["session", "interchain", "assignedSet"];

/// The patch of the runtime's default genesis: the deployer's, and what is imposed.
pub fn patch(record: &Record) -> Result<Value, Error> {
    let mut patch = deployers(record)?;
    add_admin(record, &mut patch)?;
    let mut patch = Value::Object(patch);
    json_patch::merge(&mut patch, imposed(record)?);
    Ok(patch)
}

/// The first set: all founders, in their order.
pub fn founders(record: &Record) -> Result<AuthoritySet, Error> {
    let members = record.founders.iter().enumerate().map(|(at, founder)| {
        let keys = founder.keys.clone().ok_or(Error::FounderWithoutKeys(at))?;
        Ok(AssignedNode {
            node: founder.node.clone(),
            keys,
        })
    });
    let members = members.collect::<Result<Vec<_>, Error>>()?;
    authorities(&members).map_err(|error| Error::NoSet(error.to_string()))
}

/// What the deployer says. Nothing at all is an empty object.
fn deployers(record: &Record) -> Result<Map<String, Value>, Error> {
    let patch = read_object(&record.patch).map_err(Error::MalformedPatch)?;
    match IMPOSED.into_iter().find(|part| patch.contains_key(*part)) {
        Some(part) => Err(Error::Imposed(part)),
        None => Ok(patch),
    }
}

/// Read a JSON object; the error says what is wrong. No text at all is an object without fields.
pub(crate) fn read_object(text: &[u8]) -> Result<Map<String, Value>, String> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it is another kind of value".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// Unless the deployer names an admin, or says that there is none, it is the account from which calls of the owner on
/// the hub are executed.
fn add_admin(record: &Record, patch: &mut Map<String, Value>) -> Result<(), Error> {
    let consensus = patch.entry("pbft").or_insert_with(|| json!({}));
    let Value::Object(consensus) = consensus else {
        return Err(Error::MalformedPatch("`pbft` is no object".into()));
    };
    if !consensus.contains_key("admin") {
        consensus.insert("admin".into(), json!(admin(record)?));
    }
    Ok(())
}

/// The account of this chain from which the calls of the chain's owner on the hub are executed.
pub fn admin(record: &Record) -> Result<AccountId, Error> {
    let hub = ChainRef {
        id: record.hub.chain,
        genesis: record.hub.genesis,
    };
    let owner = AccountBytes::try_from(record.owner.encode())
        .map_err(|_| Error::Runtime("the owner's account is too long".into()))?;
    Ok(AccountId::new(derived_account(&hub, &owner).0))
}

fn imposed(record: &Record) -> Result<Value, Error> {
    let keys = record.founders.iter().enumerate().map(|(at, founder)| {
        let keys = founder.keys.as_ref().ok_or(Error::FounderWithoutKeys(at))?;
        Ok(json!([founder.node, founder.node, { "pbft": keys.pbft }]))
    });
    let keys = keys.collect::<Result<Vec<_>, Error>>()?;
    Ok(json!({
        "session": { "keys": keys },
        "interchain": { "chainId": record.chain },
        "assignedSet": {
            "hub": HubRoute::new(&route::to_hub(&record.hub)),
            "record": record_hash(record),
        },
    }))
}
