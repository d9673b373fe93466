// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod commitments;
mod duties;
mod epochs;
mod leaving;
mod properties;
mod seeds;
mod settlement;
