// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use frame_support::{traits::ConstU32, BoundedVec};
use hansa_dappchain_primitives::MAX_SET;

/// How many nodes may have made blocks that are not reported: those of two sets that have nobody in common.
pub const MAX_UNREPORTED: u32 = 2 * MAX_SET;

/// How many blocks each node made, in the order of accounts, each once.
pub type Made<AccountId> = BoundedVec<(AccountId, u32), ConstU32<MAX_UNREPORTED>>;
