// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Service time: how long the chain has run.
//!
//! Blocks come as they are needed, so a number of blocks says nothing about time; and the clock
//! runs on while a chain stands still. Periods are therefore measured in service time: each block
//! adds its step from its parent, but no more than [`step_cap_ms`]. A chain that halted for three
//! days finds one step overdue, not three days of duties.

use crate::{Config, ServiceTime};
use core::marker::PhantomData;
pub use hansa_pbft_primitives::session::{
    check_session_length, DEFAULT_SESSION_LENGTH_MS, MAX_SESSION_LENGTH_MS, MIN_SESSION_LENGTH_MS,
};
use hansa_pbft_primitives::Timing;
use sp_runtime::{traits::BlockNumberProvider, SaturatedConversion};

/// The longest step that counts: the idle interval and one view's timeout, so that a chain that is
/// only idle loses no time, even when a primary is missing.
pub fn step_cap_ms(timing: &Timing) -> u64 {
    u64::from(timing.idle_interval_ms).saturating_add(u64::from(timing.view_timeout_ms))
}

/// What a block at `now_ms` adds whose parent was at `last_ms`.
pub fn step_ms(last_ms: u64, now_ms: u64, timing: &Timing) -> u64 {
    now_ms.saturating_sub(last_ms).min(step_cap_ms(timing))
}

/// Where the next session begins if the session that began at `start_ms` is over at `now_ms`; none
/// if it is not. `step_cap_ms` is the longest step that counts.
///
/// Sessions keep to a grid of their length, so that they do not drift by a block each; if several
/// ends were passed in one step, the sessions between are skipped and not made up for. A session that
/// was kept from ending for longer than a step ([`EpochGate`](hansa_pbft_primitives::EpochGate)) leaves
/// the grid: the next one begins now, or it would have less than its time for what is to be done in it.
pub fn next_session_start_ms(
    start_ms: u64,
    length_ms: u64,
    now_ms: u64,
    step_cap_ms: u64,
) -> Option<u64> {
    let passed_ms = now_ms.saturating_sub(start_ms);
    let sessions = passed_ms.checked_div(length_ms)?;
    if sessions == 0 {
        return None;
    }
    let late_ms = passed_ms.saturating_sub(length_ms);
    if late_ms > step_cap_ms {
        return Some(now_ms);
    }
    Some(start_ms.saturating_add(sessions.saturating_mul(length_ms)))
}

/// Service time in whole seconds in place of a block number, for pallets that count delays in
/// blocks.
pub struct ServiceSeconds<T>(PhantomData<T>);

impl<T: Config> BlockNumberProvider for ServiceSeconds<T> {
    type BlockNumber = u32;

    fn current_block_number() -> u32 {
        (ServiceTime::<T>::get() / 1000).saturated_into()
    }

    #[cfg(any(feature = "std", feature = "runtime-benchmarks"))]
    fn set_block_number(seconds: u32) {
        ServiceTime::<T>::put(u64::from(seconds).saturating_mul(1000));
    }
}
