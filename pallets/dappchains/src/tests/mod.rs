// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod founding;
mod limit;
mod lives;
mod nodes;
mod ownership;
mod paying;
mod properties;
mod queries;
mod registration;
