// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a chain spec of the long form says of recoveries: the field `recoveries`, a list of records in
//! hex, as the hub has made them. So a node follows a DappChain that was recovered without following
//! its hub. A node that runs the chain for the hub is told by that.

use hansa_dappchain_primitives::Recovery;
use hansa_primitives::AccountId;
use sc_chain_spec::{get_extension, GetExtension};
use sc_service::ChainSpec;
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use sp_core::bytes::{from_hex, to_hex};
use std::any::{Any, TypeId};

/// What a chain spec of the long form has beside the SDK's fields.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LongExtensions {
    /// The recoveries of the chain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoveries: Vec<SpecRecovery>,
}

/// The SDK asks for its own extensions by their types; there are none.
impl GetExtension for LongExtensions {
    fn get_any(&self, _: TypeId) -> &dyn Any {
        self
    }

    fn get_any_mut(&mut self, _: TypeId) -> &mut dyn Any {
        self
    }
}

/// A record of a recovery: its bytes in hex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpecRecovery(pub Recovery<AccountId>);

impl<'de> Deserialize<'de> for SpecRecovery {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = from_hex(&text)
            .map_err(|error| D::Error::custom(format!("is not hex (0x…): {error}")))?;
        let record = Recovery::read(&bytes).ok_or_else(|| {
            D::Error::custom("is not the record of a recovery, as the hub has it")
        })?;
        match record.set() {
            Ok(_) => Ok(Self(record)),
            Err(error) => Err(D::Error::custom(format!("names no good set: {error}"))),
        }
    }
}

impl Serialize for SpecRecovery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(&self.0.to_bytes(), false))
    }
}

/// The recoveries that a spec of whatever form names, in its order.
pub fn of_spec(spec: &dyn ChainSpec) -> Vec<Recovery<AccountId>> {
    let long = get_extension::<LongExtensions>(spec.extensions());
    let list = long
        .map(|long| long.recoveries.iter())
        .into_iter()
        .flatten();
    list.map(|recovery| recovery.0.clone()).collect()
}
