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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Amounts, Hash, Outcome, TRANSFER_LANE};
    use alloc::vec;

    const LANE: u8 = TRANSFER_LANE;

    fn amounts(amount: Balance) -> Amounts {
        Amounts {
            source: amount,
            destination: amount,
        }
    }

    fn lanes<T: Clone + Default>(end: T) -> Vec<T> {
        vec![T::default(), end, T::default()]
    }

    /// A has sent 10 and 20; B has delivered the 10, for a charge of 1. B has sent 5 before, which A
    /// has delivered and B has settled, for a charge of 1; A does not know that. B was topped up by 7,
    /// and says so.
    fn sides() -> (Side, Side) {
        let sent = |amount| InFlight {
            claim: Claim {
                amounts: amounts(amount),
                charge: 1,
            },
            refunded: false,
            topped_up: 0,
        };
        let result = |amount| PacketResult {
            commitment: Hash::zero(),
            outcome: Outcome::Delivered,
            charged: 1,
            moved: amounts(amount),
        };
        let a = Side {
            book: Book {
                theirs: 100 - 5 - 1,
                ours: 100,
                committed: 32,
                escrow: 30,
                limit: 0,
            },
            outbound: lanes(OutboundLane {
                next: 2,
                acknowledged: 0,
            }),
            inbound: lanes(InboundLane { next: 1, pruned: 0 }),
            in_flight: [((LANE, 0), sent(10)), ((LANE, 1), sent(20))].into(),
            results: [((LANE, 0), result(5))].into(),
        };
        let top_up = InFlight {
            claim: Claim::default(),
            refunded: false,
            topped_up: 7,
        };
        let b = Side {
            book: Book {
                theirs: 100 - 10 - 1 + 5 + 7,
                ours: 100 - 5 - 1,
                ..Book::default()
            },
            outbound: vec![
                OutboundLane {
                    next: 1,
                    acknowledged: 0,
                },
                OutboundLane {
                    next: 1,
                    acknowledged: 1,
                },
            ],
            inbound: lanes(InboundLane { next: 1, pruned: 0 }),
            in_flight: [((0, 0), top_up)].into(),
            results: [((LANE, 0), result(10))].into(),
        };
        (a, b)
    }

    #[test]
    fn sides_that_agree_pass() {
        let (a, b) = sides();
        assert_eq!(audit(&a, &b), Ok(()));
        assert_eq!(audit(&b, &a), Ok(()));
    }

    #[test]
    fn whatever_is_made_or_lost_is_found() {
        type Tamper = fn(&mut Side, &mut Side);
        let books = |mirror, reserve| AuditError::Books { mirror, reserve };
        let cases: &[(Tamper, AuditError)] = &[
            (|a, _| a.book.ours += 1, books(113, 112)),
            (|_, b| b.book.theirs -= 1, books(112, 111)),
            (|a, _| a.book.theirs += 1, books(94, 95)),
            (|_, b| b.book.ours -= 1, books(93, 94)),
            (|a, _| a.book.escrow -= 1, AuditError::InFlight),
            (|a, _| a.book.committed += 1, AuditError::InFlight),
            (
                |a, _| {
                    a.in_flight.remove(&(LANE, 1));
                },
                AuditError::InFlight,
            ),
            (
                |_, b| {
                    b.results.remove(&(LANE, 0));
                },
                AuditError::Missing(LANE, 0),
            ),
            (
                |a, _| {
                    a.results.remove(&(LANE, 0));
                },
                AuditError::Missing(LANE, 0),
            ),
            (
                |_, b| {
                    b.in_flight.remove(&(0, 0));
                },
                AuditError::Missing(0, 0),
            ),
            (|_, b| b.inbound[1].next = 3, AuditError::Lane(LANE)),
            (|_, b| b.inbound[1].pruned = 1, AuditError::Lane(LANE)),
            (
                |_, b| {
                    let result = b.results.get_mut(&(LANE, 0)).unwrap();
                    result.charged = 2;
                },
                books(112, 113),
            ),
            (
                |a, _| a.in_flight.get_mut(&(LANE, 0)).unwrap().refunded = true,
                AuditError::Twice(LANE, 0),
            ),
        ];
        for (i, (tamper, error)) in cases.iter().enumerate() {
            let (mut a, mut b) = sides();
            tamper(&mut a, &mut b);
            assert_eq!(audit(&a, &b), Err(*error), "{i}");
        }
    }
}
