// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Tests of what others rely on to check finality: certificates, proofs, statements, digests.

mod certificates;
mod digests;
mod encoding;
mod fixture;
mod honest;
mod new_view;
mod offences;
mod statements;
