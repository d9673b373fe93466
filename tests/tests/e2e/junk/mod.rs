// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Junk: what peers and RPC clients send that no honest one would. The node drops or answers it,
//! shuts out who sends it where that is called for, goes on making blocks final, and stays within
//! bounded memory.
//!
//! The peers are made of the SDK's network, which the other end-to-end tests do without.

mod authority;
mod load;
mod peer;
mod rpc;
mod strangers;
