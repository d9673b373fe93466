// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a coalition has of a beacon.

/// What a coalition has of a beacon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    /// How many heights of the session have one of its nodes as primary of view 0.
    pub slots: u32,
    /// How many of the places of each size of chain its nodes have, if that chain is the first that
    /// nodes are drawn for.
    pub places: Vec<usize>,
}
