// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod author;
mod authority_mode;
mod commits;
mod genesis;
mod inherent;
mod offences;
mod recovery;
mod rotation;
mod service_time;
mod timing;
