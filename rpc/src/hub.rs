// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the methods about staking, the node pool, the registry and other chains share: how chains are
//! written, and why a method fails.

use hansa_primitives::{Block, Hash};
use jsonrpsee::types::ErrorObjectOwned;
use serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::fmt;

/// All codes of these methods lie between this and the next hundred.
pub const BASE_ERROR: i32 = 20_200;

/// The node has no such block, or not its state.
pub const UNKNOWN_BLOCK: i32 = BASE_ERROR + 1;

/// The chain is no hub: it has no staking, pool or registry.
pub const NO_HUB: i32 = BASE_ERROR + 2;

/// There is no chain of this id or name.
pub const UNKNOWN_CHAIN: i32 = BASE_ERROR + 3;

/// A chain of so many nodes cannot be asked for.
pub const BAD_NODES: i32 = BASE_ERROR + 4;

/// The node's database or runtime failed.
pub const INTERNAL: i32 = BASE_ERROR + 5;

/// The chain talks to no others.
pub const NO_INTERCHAIN: i32 = BASE_ERROR + 6;

/// There is no route to that chain.
pub const NO_ROUTE: i32 = BASE_ERROR + 7;

/// There is no such packet on its way.
pub const NO_PACKET: i32 = BASE_ERROR + 8;

/// The node has no certificate of the block.
pub const NOT_CERTIFIED: i32 = BASE_ERROR + 9;

/// Why a method fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`UNKNOWN_BLOCK`].
    #[error("this node has no block {0:?}, or has pruned its state; ask an archive node")]
    UnknownBlock(Hash),
    /// See [`NO_HUB`].
    #[error("this chain has no staking, node pool or DappChains; ask a node of the hub")]
    NoHub,
    /// See [`UNKNOWN_CHAIN`].
    #[error("there is no DappChain {0}; dappChains_list has all")]
    UnknownChain(ChainRef),
    /// See [`BAD_NODES`].
    #[error("a chain of {nodes} nodes cannot be asked for now: from 4 to {most} can")]
    BadNodes {
        /// What was asked for.
        nodes: u32,
        /// The hard limit.
        most: u32,
    },
    /// See [`NO_INTERCHAIN`].
    #[error("the runtime of this chain talks to no other chains")]
    NoInterchain,
    /// See [`NO_ROUTE`].
    #[error("there is no route to chain {0}; interchain_routes has all")]
    NoRoute(ChainIdText),
    /// See [`NO_PACKET`].
    #[error(
        "no packet {nonce} to chain {peer} waits in lane {lane}: it was never sent, or is settled"
    )]
    NoPacket {
        /// Where to.
        peer: ChainIdText,
        /// In which lane.
        lane: u8,
        /// Its position.
        nonce: u64,
    },
    /// See [`NOT_CERTIFIED`].
    #[error("this node has no certificate of block {0:?}; ask an archive node")]
    NotCertified(Hash),
    /// See [`INTERNAL`].
    #[error("the node failed to look this up, see its log: {0}")]
    Internal(String),
}

impl Error {
    /// The stable code.
    pub fn code(&self) -> i32 {
        match self {
            Self::UnknownBlock(_) => UNKNOWN_BLOCK,
            Self::NoHub => NO_HUB,
            Self::UnknownChain(_) => UNKNOWN_CHAIN,
            Self::BadNodes { .. } => BAD_NODES,
            Self::NoInterchain => NO_INTERCHAIN,
            Self::NoRoute(_) => NO_ROUTE,
            Self::NoPacket { .. } => NO_PACKET,
            Self::NotCertified(_) => NOT_CERTIFIED,
            Self::Internal(_) => INTERNAL,
        }
    }
}

impl From<Error> for ErrorObjectOwned {
    fn from(error: Error) -> Self {
        ErrorObjectOwned::owned(error.code(), error.to_string(), None::<()>)
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// The block that is asked about, the last final one if none is named, once it is sure that its runtime has the
/// API; `has_api` asks for that.
pub fn block_of<C>(
    client: &C,
    at: Option<Hash>,
    has_api: impl Fn(&C::Api, Hash) -> Result<bool, ApiError>,
) -> Result<Hash, Error>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block>,
    C::Api: ApiExt<Block>,
{
    let at = at.unwrap_or_else(|| client.info().finalized_hash);
    match client.header(at) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(Error::UnknownBlock(at)),
        Err(error) => return Err(Error::Internal(error.to_string())),
    }
    match has_api(&client.runtime_api(), at) {
        Ok(true) => Ok(at),
        Ok(false) => Err(Error::NoHub),
        Err(ApiError::UnknownBlock(_)) => Err(Error::UnknownBlock(at)),
        Err(error) => Err(error.into()),
    }
}

/// A DappChain as it is asked for: by its id, a number or lower-case hex, or by its name. No name can be
/// read as an id.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChainRef {
    /// By id.
    Id(u32),
    /// By name.
    Name(String),
}

impl fmt::Display for ChainRef {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id:x}"),
            Self::Name(name) => write!(f, "`{name}`"),
        }
    }
}

impl Serialize for ChainRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => ChainIdText(*id).serialize(serializer),
            Self::Name(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for ChainRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => number
                .as_u64()
                .and_then(|id| id.try_into().ok())
                .map(Self::Id)
                .ok_or_else(|| D::Error::custom("a chain id is a number below 2^32")),
            serde_json::Value::String(text) => Ok(match parse_id(&text) {
                Some(id) => Self::Id(id),
                None => Self::Name(text),
            }),
            _ => Err(D::Error::custom(
                "a chain is named by its id, as number or lower-case hex, or by its name",
            )),
        }
    }
}

/// Lower-case hex without leading zeros, as in addresses.
fn parse_id(text: &str) -> Option<u32> {
    let id = u32::from_str_radix(text, 16).ok()?;
    (format!("{id:x}") == text).then_some(id)
}

/// A chain's id as it is answered: lower-case hex without leading zeros.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChainIdText(pub u32);

impl fmt::Display for ChainIdText {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl Serialize for ChainIdText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainIdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let id = parse_id(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no chain id: lower-case hex without leading zeros, as in \"e2e4\""
            ))
        })?;
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_named_by_id_or_name() {
        for (json, expected) in [
            ("7", Some(ChainRef::Id(7))),
            ("\"e2e4\"", Some(ChainRef::Id(0xe2e4))),
            ("\"shop\"", Some(ChainRef::Name("shop".into()))),
            // Not as ids are written, so a name, which the registry does not know.
            ("\"0e2\"", Some(ChainRef::Name("0e2".into()))),
            ("\"E2\"", Some(ChainRef::Name("E2".into()))),
            ("4294967296", None),
            ("-1", None),
            ("null", None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        }
        let text = serde_json::to_string(&ChainIdText(0xe2e4)).unwrap();
        assert_eq!(text, "\"e2e4\"");
        assert_eq!(
            serde_json::from_str::<ChainIdText>(&text).unwrap(),
            ChainIdText(0xe2e4)
        );
    }
}
