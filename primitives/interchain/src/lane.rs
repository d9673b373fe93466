// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The two ends of a lane, as pure state machines.
//!
//! A lane is an ordered stream of packets to one chain. Its **outbound** end gives numbers and keeps
//! each packet until its result is proven; its **inbound** end takes packets in their order, each
//! once, and keeps each result until it is proven that the other end knows it.
//!
//! ```text
//! outbound:   … settled … | acknowledged ………… unsettled ………… | next
//! inbound:    … pruned ……… | pruned … results … | next (expected)
//! ```
//!
//! Rules, as functions with the same names:
//!
//! 1. [`OutboundLane::send`] gives `next`, if fewer than `window` packets are unsettled.
//! 2. [`InboundLane::take`] takes `next` and no other packet, if fewer than `window` results are
//!    kept. A packet whose time is over is taken, too, as a no-op: so the lane moves on.
//! 3. [`OutboundLane::settle`] takes the result of `acknowledged` and no other: results come in the
//!    order of packets.
//! 4. [`InboundLane::prune`] forgets the results below the other end's `acknowledged`.
//! 5. [`settle`] says what becomes of the value of a packet. Value is refunded once, on
//!    the result or on the proof that the packet's time was over before it was taken, whichever
//!    comes first.
//!
//! Invariants, if all claims about the other end are proven: `inbound.pruned <= outbound.acknowledged
//! <= inbound.next <= outbound.next`. Neither end ever waits for packets of the other direction:
//! results and prunings are read from the other chain's state and need no place in any lane. So two
//! full lanes cannot block each other.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Moment, Outcome, Payload};

/// The position of a packet in its lane, 0 first.
pub type Nonce = u64;

/// The number of a lane. Each kind of packet has a lane of its own, so that none waits for another
/// kind.
pub type LaneId = u8;

/// What the chains themselves say to each other.
pub const SYSTEM_LANE: LaneId = 0;
/// Transfers.
pub const TRANSFER_LANE: LaneId = 1;
/// Calls.
pub const CALL_LANE: LaneId = 2;
/// The number of lanes of a route, in each direction.
pub const LANES: LaneId = 3;

/// The lane in which a payload travels, and the only one.
pub fn lane_of(payload: &Payload) -> LaneId {
    match payload {
        Payload::System(_) | Payload::Book(_) => SYSTEM_LANE,
        Payload::Transfer { .. } => TRANSFER_LANE,
        Payload::Call { .. } => CALL_LANE,
    }
}

/// Why a lane refuses a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LaneError {
    /// As many packets as fit are unsettled, or as many results are kept.
    #[error("the lane is full")]
    Full,
    /// The packet was taken, the result settled, or the results pruned before.
    #[error("that was done before")]
    Stale,
    /// Something that comes before is missing.
    #[error("something that comes before it is missing")]
    Ahead,
    /// There is no such packet.
    #[error("there is no such packet")]
    Unknown,
}

/// The end that sends.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct OutboundLane {
    /// The nonce of the next packet.
    pub next: Nonce,
    /// The lowest nonce without a result.
    pub acknowledged: Nonce,
}

impl OutboundLane {
    /// The number of packets without a result.
    pub fn unsettled(&self) -> u64 {
        self.next.saturating_sub(self.acknowledged)
    }

    /// Whether `nonce` is of a packet without a result.
    pub fn is_unsettled(&self, nonce: Nonce) -> bool {
        (self.acknowledged..self.next).contains(&nonce)
    }

    /// Rule 1: give the next packet its nonce.
    pub fn send(&mut self, window: u32) -> Result<Nonce, LaneError> {
        if self.unsettled() >= u64::from(window) {
            return Err(LaneError::Full);
        }
        let nonce = self.next;
        self.next = nonce.checked_add(1).ok_or(LaneError::Full)?;
        Ok(nonce)
    }

    /// Rule 3: the result of `nonce` is proven.
    pub fn settle(&mut self, nonce: Nonce) -> Result<(), LaneError> {
        if nonce >= self.next {
            return Err(LaneError::Unknown);
        }
        in_order(nonce, self.acknowledged)?;
        self.acknowledged = nonce.saturating_add(1);
        Ok(())
    }
}

/// The end that takes.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct InboundLane {
    /// The nonce of the packet that is expected next.
    pub next: Nonce,
    /// The lowest nonce of which the result is kept, or `next`.
    pub pruned: Nonce,
}

impl InboundLane {
    /// The number of results that are kept.
    pub fn kept(&self) -> u64 {
        self.next.saturating_sub(self.pruned)
    }

    /// Rule 2: take packet `nonce`.
    pub fn take(&mut self, nonce: Nonce, window: u32) -> Result<(), LaneError> {
        in_order(nonce, self.next)?;
        if self.kept() >= u64::from(window) {
            return Err(LaneError::Full);
        }
        self.next = nonce.checked_add(1).ok_or(LaneError::Full)?;
        Ok(())
    }

    /// Rule 4: the other end has settled all below `acknowledged`. Returns the nonces whose results
    /// are not needed any more, at most `limit` of them, from the lowest on.
    pub fn prune(
        &mut self,
        acknowledged: Nonce,
        limit: u32,
    ) -> Result<core::ops::Range<Nonce>, LaneError> {
        if acknowledged > self.next {
            return Err(LaneError::Unknown);
        }
        if acknowledged <= self.pruned {
            return Err(LaneError::Stale);
        }
        let end = acknowledged.min(self.pruned.saturating_add(u64::from(limit)));
        let range = self.pruned..end;
        self.pruned = end;
        Ok(range)
    }
}

fn in_order(nonce: Nonce, expected: Nonce) -> Result<(), LaneError> {
    match nonce.cmp(&expected) {
        core::cmp::Ordering::Less => Err(LaneError::Stale),
        core::cmp::Ordering::Greater => Err(LaneError::Ahead),
        core::cmp::Ordering::Equal => Ok(()),
    }
}

/// `count` nonces from `first` on; fewer if there are not as many numbers.
pub fn nonces(first: Nonce, count: usize) -> impl Iterator<Item = Nonce> {
    (0..count as u64).map_while(move |i| first.checked_add(i))
}

/// Whether a packet with this timeout is a no-op in a block of time `now`.
pub fn is_expired(timeout: Moment, now: Moment) -> bool {
    now >= timeout
}

/// Whether a header of the receiver proves that the packet will never be delivered: its time is
/// over in that block, and the packet was not taken up to it. Block times grow, so in all later blocks
/// the packet is a no-op.
pub fn proves_timeout(timeout: Moment, header_time: Moment, nonce: Nonce, next: Nonce) -> bool {
    is_expired(timeout, header_time) && next <= nonce
}

/// What becomes of the value of a packet when its result is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settlement {
    /// It was delivered: the value in escrow becomes the other chain's reserve.
    Pay,
    /// It was not: the value goes back to the sender.
    Refund,
    /// It went back already, on a proof of the timeout.
    Done,
    /// The result contradicts the proof of the timeout: the other chain has lied, once or the other
    /// time. Nothing may be believed of it any more.
    Contradiction,
}

/// Rule 5: settle a packet that was `refunded` on a timeout, or not, with this outcome.
pub fn settle(refunded: bool, outcome: &Outcome) -> Settlement {
    match (refunded, outcome) {
        (false, Outcome::Delivered) => Settlement::Pay,
        (false, Outcome::Refused(_) | Outcome::Expired) => Settlement::Refund,
        (true, Outcome::Expired) => Settlement::Done,
        (true, Outcome::Delivered | Outcome::Refused(_)) => Settlement::Contradiction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use LaneError::*;

    #[test]
    fn outbound_ends_step_by_step() {
        // (acknowledged, next), step, what comes of it, (acknowledged, next)
        enum Step {
            Send(u32),
            Settle(Nonce),
        }
        use Step::*;
        for (before, step, result, after) in [
            ((0, 0), Send(2), Ok(()), (0, 1)),
            ((0, 1), Send(2), Ok(()), (0, 2)),
            ((0, 2), Send(2), Err(Full), (0, 2)),
            ((0, 2), Send(0), Err(Full), (0, 2)),
            ((1, 2), Send(2), Ok(()), (1, 3)),
            ((0, 2), Settle(0), Ok(()), (1, 2)),
            ((0, 2), Settle(1), Err(Ahead), (0, 2)),
            ((1, 2), Settle(0), Err(Stale), (1, 2)),
            ((1, 2), Settle(2), Err(Unknown), (1, 2)),
            ((2, 2), Settle(2), Err(Unknown), (2, 2)),
            (
                (u64::MAX, u64::MAX),
                Send(2),
                Err(Full),
                (u64::MAX, u64::MAX),
            ),
        ] {
            let (acknowledged, next) = before;
            let mut lane = OutboundLane { next, acknowledged };
            let seen = match step {
                Send(window) => lane.send(window).map(|_| ()),
                Settle(nonce) => lane.settle(nonce),
            };
            assert_eq!((seen, (lane.acknowledged, lane.next)), (result, after));
        }
    }

    #[test]
    fn inbound_ends_step_by_step() {
        for (before, nonce, window, result, after) in [
            ((0, 0), 0, 2, Ok(()), (0, 1)),
            ((0, 0), 1, 2, Err(Ahead), (0, 0)),
            ((0, 1), 0, 2, Err(Stale), (0, 1)),
            ((0, 2), 2, 2, Err(Full), (0, 2)),
            ((1, 2), 2, 2, Ok(()), (1, 3)),
            (
                (u64::MAX, u64::MAX),
                u64::MAX,
                2,
                Err(Full),
                (u64::MAX, u64::MAX),
            ),
        ] {
            let (pruned, next) = before;
            let mut lane = InboundLane { next, pruned };
            let seen = lane.take(nonce, window);
            assert_eq!((seen, (lane.pruned, lane.next)), (result, after));
        }
        for (before, acknowledged, limit, result, after) in [
            ((0, 3), 2, 9, Ok(0..2), (2, 3)),
            ((0, 3), 3, 2, Ok(0..2), (2, 3)),
            ((2, 3), 2, 9, Err(Stale), (2, 3)),
            ((2, 3), 4, 9, Err(Unknown), (2, 3)),
            ((3, 3), 3, 9, Err(Stale), (3, 3)),
        ] {
            let (pruned, next) = before;
            let mut lane = InboundLane { next, pruned };
            let seen = lane.prune(acknowledged, limit);
            assert_eq!((seen, (lane.pruned, lane.next)), (result, after));
        }
    }

    #[test]
    fn nonces_end_with_their_numbers() {
        assert_eq!(nonces(7, 3).collect::<Vec<_>>(), [7, 8, 9]);
        assert_eq!(
            nonces(u64::MAX - 1, 3).collect::<Vec<_>>(),
            [u64::MAX - 1, u64::MAX]
        );
        assert_eq!(nonces(u64::MAX, 0).count(), 0);
    }

    #[test]
    fn value_is_paid_or_refunded_once() {
        let refused = Outcome::Refused(Refusal::Rate);
        for (refunded, outcome, settlement) in [
            (false, Outcome::Delivered, Settlement::Pay),
            (false, refused, Settlement::Refund),
            (false, Outcome::Expired, Settlement::Refund),
            (true, Outcome::Expired, Settlement::Done),
            (true, Outcome::Delivered, Settlement::Contradiction),
            (true, refused, Settlement::Contradiction),
        ] {
            assert_eq!(settle(refunded, &outcome), settlement);
        }
    }

    #[test]
    fn a_timeout_is_proven_by_time_and_place() {
        for (timeout, time, nonce, next, proven) in [
            (10, 9, 5, 5, false),
            (10, 10, 5, 5, true),
            (10, 11, 5, 4, true),
            (10, 11, 5, 6, false),
            (u64::MAX, u64::MAX - 1, 5, 5, false),
        ] {
            assert_eq!(proves_timeout(timeout, time, nonce, next), proven);
        }
    }

    proptest! {
        /// Whatever is tried at both ends with true claims about the other one, in whatever order:
        /// each packet is taken once and in order, its value is settled once, and the ends keep the
        /// order that the module's documentation states.
        #[test]
        fn each_packet_once(steps in prop::collection::vec((0u8..5, 0u64..6), 0..200), window in 1u32..6) {
            let (mut out, mut inb) = (OutboundLane::default(), InboundLane::default());
            let mut now = 0u64;
            let (mut timeouts, mut results, mut refunded) = (vec![], vec![], vec![]);
            let mut settled = 0usize;
            for (step, n) in steps {
                match step {
                    0 => if let Ok(nonce) = out.send(window) {
                        prop_assert_eq!(nonce as usize, timeouts.len());
                        timeouts.push(now + n);
                        refunded.push(0u32);
                    },
                    1 => {
                        let nonce = inb.next.saturating_sub(2).saturating_add(n);
                        if nonce < out.next && inb.take(nonce, window).is_ok() {
                            prop_assert_eq!(nonce as usize, results.len());
                            let expired = is_expired(timeouts[nonce as usize], now);
                            results.push(if expired { Outcome::Expired } else { Outcome::Delivered });
                        }
                    }
                    2 => {
                        let nonce = out.acknowledged.saturating_sub(1).saturating_add(n);
                        if nonce < inb.next && out.settle(nonce).is_ok() {
                            prop_assert_eq!(nonce as usize, settled);
                            settled += 1;
                            let i = nonce as usize;
                            match settle(refunded[i] > 0, &results[i]) {
                                Settlement::Pay => prop_assert_eq!(refunded[i], 0),
                                Settlement::Refund => refunded[i] += 1,
                                Settlement::Done => {}
                                Settlement::Contradiction => prop_assert!(false, "honest ends contradict"),
                            }
                        }
                    }
                    3 => { let _ = inb.prune(out.acknowledged, n as u32); }
                    _ => {
                        // Time passes; a header with the state of now may prove a timeout.
                        let nonce = out.acknowledged.saturating_add(n);
                        if out.is_unsettled(nonce)
                            && refunded[nonce as usize] == 0
                            && proves_timeout(timeouts[nonce as usize], now, nonce, inb.next)
                        {
                            refunded[nonce as usize] += 1;
                        }
                        now += n;
                        // Blocks after the header are later than it.
                        now += 1;
                    }
                }
                prop_assert!(inb.pruned <= out.acknowledged);
                prop_assert!(out.acknowledged <= inb.next);
                prop_assert!(inb.next <= out.next);
                prop_assert!(out.unsettled() <= u64::from(window));
                prop_assert!(inb.kept() <= u64::from(window));
                for (i, count) in refunded.iter().enumerate() {
                    prop_assert!(*count <= 1);
                    if *count == 1 {
                        prop_assert!(results.get(i) != Some(&Outcome::Delivered));
                    }
                }
            }
        }
    }
}
