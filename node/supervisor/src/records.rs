// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the hub's final state says of records by which chains go on that lost their quorum.

use crate::{hub::Hub, plan::UnixTime, LOG_TARGET};
use hansa_dappchain_primitives::{ChainId, Recovery};
use hansa_primitives::{AccountId, Hash};
use log::debug;
use sp_blockchain::Error as ChainError;

/// How old the hub's last final block may be, in seconds, for what it says to be of late.
pub const CURRENT_HUB: UnixTime = 10 * 60;

/// What the hub says of the bytes of a record that a header brings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They are the hub's record.
    Good(Box<Recovery<AccountId>>),
    /// They may be, as they read: the hub is behind here, or about to make one, or cannot be asked.
    Open(Box<Recovery<AccountId>>),
    /// They are not.
    Bad,
}

/// Whether what `hub` says at `at` is of late. `now` is the local clock.
///
/// # Errors
///
/// If the hub cannot be asked.
fn is_current<H: Hub>(hub: &H, at: Hash, now: UnixTime) -> Result<bool, ChainError> {
    let made_ms = hub.made_at_ms(at)?;
    Ok(made_ms.is_some_and(|made_ms| now.saturating_sub(made_ms / 1_000) < CURRENT_HUB))
}

/// How old the head of a chain may be, in milliseconds, while `hub` makes no record above it: half as old as when the roll is
/// called. `unknown_ms` if it calls none, as its governance may let it at any time, or if it cannot be asked.
pub fn max_unsure_age<H: Hub>(hub: &H, unknown_ms: u64) -> u64 {
    match hub.stall_periods(hub.head()) {
        Ok(Some((stall, _))) => u64::from(stall).saturating_mul(1_000) / 2,
        Ok(None) => unknown_ms,
        Err(error) => {
            debug!(target: LOG_TARGET, "The hub cannot be asked when it calls rolls: {error}");
            unknown_ms
        }
    }
}

/// Hold `bytes`, which the header of a block of `chain` above the block `above` brings, against the hub's final state. What can
/// be said without asking the hub's runtime comes first, as anybody can show such headers.
pub fn judge<H: Hub>(hub: &H, chain: ChainId, above: Hash, bytes: &[u8], now: UnixTime) -> Verdict {
    let record = Recovery::<AccountId>::read(bytes)
        .filter(|record| (record.chain, record.head.hash) == (chain, above));
    let Some(record) = record.map(Box::new) else {
        return Verdict::Bad;
    };
    match is_good(hub, &record, now) {
        Ok(Some(true)) => Verdict::Good(record),
        Ok(Some(false)) => Verdict::Bad,
        Ok(None) => Verdict::Open(record),
        Err(error) => {
            debug!(target: LOG_TARGET, "The hub cannot be asked for a record of DappChain {chain:x}: {error}");
            Verdict::Open(record)
        }
    }
}

/// Whether a record is the hub's; none if it does not know.
fn is_good<H: Hub>(
    hub: &H,
    record: &Recovery<AccountId>,
    now: UnixTime,
) -> Result<Option<bool>, ChainError> {
    let at = hub.head();
    let known = hub.recovery_hash(at, record.chain, record.set_id)?;
    Ok(match known {
        Some(hash) => Some(hash == record.hash()),
        None if !is_current(hub, at, now)? || hub.stands_still(at, record.chain)? => None,
        None => Some(false),
    })
}
