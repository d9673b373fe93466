// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests of what chains believe of each other: light clients, misbehaviour, storage proofs.

mod clients;
mod fixture;
mod misbehaviour;
mod proofs;
