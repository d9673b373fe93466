// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the hub's final state says of records by which chains go on that lost their quorum.

use crate::{hub::Hub, plan::UnixTime};
use hansa_dappchain_primitives::{ChainId, Recovery};
use hansa_primitives::{AccountId, Hash};
use sp_blockchain::Error as ChainError;

/// How old the hub's last final block may be, in seconds, for what it says to be of late.
pub const CURRENT_HUB: UnixTime = 10 * 60;

/// What the hub says of the bytes of a record that a header brings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// They are the hub's record.
    Good(Box<Recovery<AccountId>>),
    /// They may be: the hub is behind here, or about to make one.
    Open,
    /// They are not.
    Bad,
}

/// Whether what `hub` says at `at` is of late. `now` is the local clock.
///
/// # Errors
///
/// If the hub cannot be asked.
pub fn is_current<H: Hub>(hub: &H, at: Hash, now: UnixTime) -> Result<bool, ChainError> {
    let made_ms = hub.made_at_ms(at)?;
    Ok(made_ms.is_some_and(|made_ms| now.saturating_sub(made_ms / 1_000) < CURRENT_HUB))
}

/// Hold `bytes`, which the header of a block of `chain` above the block `above` brings, against the hub's final state. What can
/// be said without asking the hub's runtime comes first, as anybody can show such headers.
///
/// # Errors
///
/// If the hub cannot be asked.
pub fn judge<H: Hub>(
    hub: &H,
    chain: ChainId,
    above: Hash,
    bytes: &[u8],
    now: UnixTime,
) -> Result<Verdict, ChainError> {
    let record = Recovery::<AccountId>::read(bytes)
        .filter(|record| (record.chain, record.head.hash) == (chain, above));
    let Some(record) = record else {
        return Ok(Verdict::Bad);
    };
    let at = hub.head();
    Ok(match hub.recovery_hash(at, chain, record.set_id)? {
        Some(hash) if hash == record.hash() => Verdict::Good(Box::new(record)),
        Some(_) => Verdict::Bad,
        None if !is_current(hub, at, now)? || hub.stands_still(at, chain)? => Verdict::Open,
        None => Verdict::Bad,
    })
}
