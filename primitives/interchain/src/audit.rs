// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The audit of two chains: whether their books agree but for what is in flight.
//!
//! Who has read both chains, each at any final block, gives a [`Side`] of each, and is told whether
//! value was made or lost between them. Each block must have been made after what the other block
//! knows of its chain, or before: reading the one that is asked first again until both are stable does.

use crate::{book::Claim, Balance, Book, InboundLane, Nonce, OutboundLane, PacketResult, LANES};
use alloc::{collections::BTreeMap, vec::Vec};

/// A packet that is sent and not settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InFlight {
    /// What it claims of the sender's book now.
    pub claim: Claim,
    /// Whether its value was refunded.
    pub refunded: bool,
    /// By how much it says that the receiver's reserve with the sender has grown; 0 of other packets.
    pub topped_up: Balance,
}

/// One chain's half of a route.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Its book.
    pub book: Book,
    /// The sending ends of its lanes, by number.
    pub outbound: Vec<OutboundLane>,
    /// The receiving ends.
    pub inbound: Vec<InboundLane>,
    /// Its packets that are not settled, by lane and nonce.
    pub in_flight: BTreeMap<(u8, Nonce), InFlight>,
    /// The results that it keeps, by lane and nonce.
    pub results: BTreeMap<(u8, Nonce), PacketResult>,
}

/// What does not agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuditError {
    /// The ends of a lane are not in order.
    #[error("lane {0}: the ends are not in order")]
    Lane(u8),
    /// A packet in flight, or a result, is missing.
    #[error("lane {0}: packet {1} or its result is missing")]
    Missing(u8, Nonce),
    /// A packet that was refunded was delivered.
    #[error("lane {0}: packet {1} was refunded and delivered")]
    Twice(u8, Nonce),
    /// The packets in flight do not claim what the book says.
    #[error("what is committed, or in escrow, is not what is in flight")]
    InFlight,
    /// What one chain thinks it has with the other differs from what it has.
    #[error("a chain reckons with {mirror}, and has {reserve}")]
    Books {
        /// What its own book comes to.
        mirror: Balance,
        /// What the other's book says.
        reserve: Balance,
    },
}

/// Check both directions.
pub fn audit(a: &Side, b: &Side) -> Result<(), AuditError> {
    one_way(a, b)?;
    one_way(b, a)
}

/// Check the packets from `from` to `to`, and `from`'s reserve with `to`.
fn one_way(from: &Side, to: &Side) -> Result<(), AuditError> {
    let (mut committed, mut escrow) = (0, 0);
    for packet in from.in_flight.values() {
        committed = add(committed, packet.claim.committed());
        escrow = add(escrow, packet.claim.amounts.source);
    }
    if (committed, escrow) != (from.book.committed, from.book.escrow) {
        return Err(AuditError::InFlight);
    }
    // What `from` reckons with, less what `to` has taken of it already …
    let (mut mirror, mut reserve) = (from.book.ours, to.book.theirs);
    for lane in 0..LANES {
        let (out, inb) = (end(&from.outbound, lane), end(&to.inbound, lane));
        let ordered =
            inb.pruned <= out.acknowledged && out.acknowledged <= inb.next && inb.next <= out.next;
        if !ordered {
            return Err(AuditError::Lane(lane));
        }
        for nonce in out.acknowledged..inb.next {
            let missing = AuditError::Missing(lane, nonce);
            let packet = from.in_flight.get(&(lane, nonce)).ok_or(missing)?;
            let result = to.results.get(&(lane, nonce)).ok_or(missing)?;
            let delivered = result.outcome == crate::Outcome::Delivered;
            if delivered && packet.refunded {
                return Err(AuditError::Twice(lane, nonce));
            }
            reserve = add(reserve, result.charged);
            if delivered {
                reserve = add(reserve, result.moved.destination);
            }
        }
        // … is what `to` has for it, less what `from` has not heard of yet: what `to` has settled
        // and `from` has not pruned, and top-ups that are on their way.
        let (out, inb) = (end(&to.outbound, lane), end(&from.inbound, lane));
        for nonce in inb.pruned..out.acknowledged {
            let result = from.results.get(&(lane, nonce));
            let result = result.ok_or(AuditError::Missing(lane, nonce))?;
            if result.outcome == crate::Outcome::Delivered {
                mirror = add(mirror, result.moved.source);
            }
        }
        for nonce in inb.next..out.next {
            let packet = to.in_flight.get(&(lane, nonce));
            let packet = packet.ok_or(AuditError::Missing(lane, nonce))?;
            mirror = add(mirror, packet.topped_up);
        }
    }
    if mirror != reserve {
        return Err(AuditError::Books { mirror, reserve });
    }
    Ok(())
}

fn end<T: Copy + Default>(ends: &[T], lane: u8) -> T {
    ends.get(usize::from(lane)).copied().unwrap_or_default()
}

fn add(a: Balance, b: Balance) -> Balance {
    a.saturating_add(b)
}
