// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The types that every chain of Hansa has: accounts, balances, blocks.

#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature, OpaqueExtrinsic,
};

/// A block number.
pub type BlockNumber = u32;

/// A signature over a transaction: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;

/// An account: the public key of a signature, or the hash of one.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;

/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;

/// An amount of the chain's token, in its smallest unit.
pub type Balance = u128;

/// The number of transactions that an account has sent.
pub type Nonce = u32;

/// A hash of the chain.
pub type Hash = sp_core::H256;

/// Milliseconds since 1970.
pub type Moment = u64;

/// The hash function of headers and tries.
pub type Hashing = BlakeTwo256;

/// A header.
pub type Header = generic::Header<BlockNumber, Hashing>;

/// A block whose transactions are bytes: all that a node needs to know of it. Its encoding is that
/// of the runtime's own block.
pub type Block = generic::Block<Header, OpaqueExtrinsic>;
