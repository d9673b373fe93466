// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The wasm of the hub's runtime. It is apart from the runtime's crate so that the node, which needs no more of it, does not wait for
//! what is compiled for tests.

#![no_std]
#![allow(missing_docs)]

include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));
