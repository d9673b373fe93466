// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The genesis of a DappChain, as it follows from the record that the hub has frozen.
//!
//! It is a pure function of record and code: founders, followers and whoever checks them find the same hash. Neither
//! clock nor network nor anything of the node's own is asked.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`patch`] | what the record says of the genesis: the deployer's patch, and what is imposed |
//! | [`runtime`] | a runtime builds its state |
//! | [`spec`] | the chain spec that a node runs |
//!
//! The steps, by format 2:
//!
//! 1. The code has the hash that the record names.
//! 2. The deployer's patch is a JSON object that says nothing of `session`, `interchain` and `assignedSet`: these are
//!    imposed, of founders, id, and the hub's checkpoint. If it names no `pbft.admin`, it is the account from which the calls of
//!    the chain's owner on the hub are executed.
//! 3. Patch and imposed parts are merged into the default genesis of the runtime, which builds its state of that.
//! 4. The state is asked who decides: the founders, or it is refused.
//! 5. The genesis is the header without parent of that state.
//!
//! The record's own hash is in the state, so that whatever differs in the record makes another genesis, properties and names
//! included.
//!
//! # Errors
//!
//! Each is one of the record or the code, never of the node: all honest founders find the same, say that there is no
//! genesis, and the hub dissolves the chain. (An executor that lacks memory is the exception; nothing can be told apart there.)

#![forbid(unsafe_code)]

pub mod patch;
pub mod runtime;
pub mod spec;

use codec::Encode;
use hansa_dappchain_primitives::{GenesisRecord, GENESIS_FORMAT};
use hansa_pbft_primitives::{AuthoritySet, ConsensusState};
use hansa_primitives::{AccountId, Block, Hash, Hashing, Header};
use sc_chain_spec::{construct_genesis_block, resolve_state_version_from_wasm};
use sc_executor::RuntimeVersionOf;
use sp_core::{storage::Storage, traits::CodeExecutor};
use sp_runtime::traits::{Block as _, Hash as _};
use sp_state_machine::{Backend, BasicExternalities, InMemoryBackend};

/// A record, as the hub's runtime API answers with it.
pub type Record = GenesisRecord<AccountId>;

/// Why there is no genesis of a record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// The record is of a format that this node does not know.
    #[error("the record has format {found}, this node knows {GENESIS_FORMAT}: it may be too old")]
    Format {
        /// The record's.
        found: u16,
    },
    /// The code is another one.
    #[error("the code has hash {found:?}, the record names {expected:?}")]
    Code {
        /// What the record names.
        expected: Hash,
        /// That of the code.
        found: Hash,
    },
    /// A founder has no keys.
    #[error("founder {0} has no keys")]
    FounderWithoutKeys(usize),
    /// The founders are no set.
    #[error("the founders are no set: {0}")]
    NoSet(String),
    /// The patch is not JSON, or no object.
    #[error("the patch of the genesis is no JSON object: {0}")]
    MalformedPatch(String),
    /// The patch says what is not the deployer's to say.
    #[error(
        "the patch of the genesis has `{0}`, which follows from the hub's record: leave it out"
    )]
    Imposed(&'static str),
    /// The properties are not JSON, or no object.
    #[error("the properties are no JSON object: {0}")]
    MalformedProperties(String),
    /// The runtime refuses the genesis, or cannot be run.
    #[error("the runtime builds no genesis of it: {0}")]
    Runtime(String),
    /// The runtime built a genesis in which others decide than the founders.
    #[error("the runtime built a genesis in which the founders do not decide")]
    OtherFounders,
}

/// A genesis.
pub struct Genesis {
    /// The state, with the code.
    pub storage: Storage,
    /// The header of block 0.
    pub header: Header,
    /// Its hash: what founders confirm.
    pub hash: Hash,
}

/// The hash of a record, as the chain's genesis has it.
pub fn record_hash(record: &Record) -> Hash {
    Hashing::hash(&record.encode())
}

/// The genesis of a record whose code is `code`.
pub fn build(
    record: &Record,
    code: &[u8],
    executor: &(impl CodeExecutor + RuntimeVersionOf),
) -> Result<Genesis, Error> {
    if record.format != GENESIS_FORMAT {
        return Err(Error::Format {
            found: record.format,
        });
    }
    let found = Hashing::hash(code);
    if found != record.code {
        return Err(Error::Code {
            expected: record.code,
            found,
        });
    }
    spec::properties(record)?;
    let founders = patch::founders(record)?;
    let patch = patch::patch(record)?;
    let storage = runtime::build_state(executor, code, patch).map_err(Error::Runtime)?;
    check_founders(&storage, code, executor, &founders)?;
    let header = genesis_header(&storage, executor)?;
    Ok(Genesis {
        storage,
        hash: header.hash(),
        header,
    })
}

/// Check that the founders decide block 1. A runtime of the deployer's own may do as it likes with what is imposed.
fn check_founders(
    storage: &Storage,
    code: &[u8],
    executor: &(impl CodeExecutor + RuntimeVersionOf),
    founders: &AuthoritySet,
) -> Result<(), Error> {
    let mut state = BasicExternalities::new(storage.clone());
    let function = "PbftApi_consensus_state";
    let state: ConsensusState =
        runtime::ask(executor, code, &mut state, function).map_err(Error::Runtime)?;
    if &state.set != founders {
        return Err(Error::OtherFounders);
    }
    Ok(())
}

/// The header of block 0, as the SDK's client makes it of a state.
fn genesis_header(
    storage: &Storage,
    executor: &(impl CodeExecutor + RuntimeVersionOf),
) -> Result<Header, Error> {
    let version = resolve_state_version_from_wasm::<_, Hashing>(storage, executor)
        .map_err(|error| Error::Runtime(error.to_string()))?;
    let state = InMemoryBackend::<Hashing>::from((storage.clone(), version));
    let root = state.storage_root(core::iter::empty(), version).0;
    let block = construct_genesis_block::<Block>(root, version);
    Ok(block.header().clone())
}
