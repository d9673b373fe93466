// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests by topic.

mod delay;
mod draw;
mod epochs;
mod examples;
mod joining;
mod pool;
mod properties;
mod registry;
mod rollcall;
mod scale;
mod turns;
