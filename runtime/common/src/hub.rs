// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What others have to know of the hub's configuration, without its runtime: tools check chain specs by it.

use crate::interchain::TRUSTING_PERIOD;
use hansa_staking_primitives::{Periods, Seconds};

/// A day of service time.
const DAY: Seconds = 24 * 60 * 60;

/// The periods of staking where a genesis names none. Funds are on their way out for longer than evidence is taken (a week,
/// with sessions of an hour), a slash waits and light clients trust, together.
pub const DEFAULT_PERIODS: Periods = Periods {
    unbonding: 28 * DAY,
    trusting: 14 * DAY,
    slash_defer: 3 * DAY,
};

/// For how long the light clients of chains are trusted without another header, and a day, in which evidence can be brought, in
/// seconds.
pub const TRUSTED_FOR: Seconds = (TRUSTING_PERIOD / 1_000) as Seconds + DAY;
