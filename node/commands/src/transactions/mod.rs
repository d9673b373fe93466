// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Signed transactions by the metadata that a chain's node serves.
//!
//! No runtime is built in for them. A call is known by the names of its pallet and of itself, and by our own types of its arguments;
//! a change of a runtime has nothing compiled again here.
//!
//! | file | what is in it |
//! | --- | --- |
//! | [`call`] | a call, and its encoding for the runtime whose metadata are at hand |
//! | [`calls`] | the calls that are made |
//! | [`node`] | a connection to a node: signing, submitting, waiting |

pub mod call;
pub mod calls;
pub mod node;

pub use call::{Call, UnknownCall};
pub use node::{Node, Signed, TransactionError, FINAL_LIMIT};
