// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What other nodes show is verified before it goes into the own pool, as the runtime verifies it, so
//! that a pool is given nothing false, and a node that lies is known.

use crate::message::{Proven, Shown, Want};
use hansa_dappchain_primitives::Recovery;
use hansa_interchain_primitives::{
    api::{ClientView, PacketState, PacketView, Parameters, ProofOf, RouteView, Submission},
    claims,
    client::{self, Clock, Update},
    lane::is_expired,
    packet::{ChainRef, Passage},
    recovery::{Recovered, Recoveries},
    ClientError, Hash, Height, LaneId, Moment, Nonce, ProofError, SignedHeader, StorageProof,
    TrustedHeader,
};
use hansa_pbft_primitives::statement::verify_signature;
use hansa_primitives::AccountId;

/// Why what was shown is not used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Untrue {
    /// The headers are refused.
    #[error("the headers are refused: {0}")]
    Headers(#[from] ClientError),
    /// A proof is refused.
    #[error("a proof is refused: {0}")]
    Proof(#[from] ProofError),
    /// It is not what was asked for.
    #[error("it is not what was asked for")]
    Unasked,
    /// The record is none, or is of another chain.
    #[error("the record is none, or is of another chain")]
    Record,
    /// It is about another chain.
    #[error("it is about another chain")]
    OtherChain,
    /// It is proven under a header that is not known, or not any more.
    #[error("the header of height {0} is not known")]
    UnknownHeader(Height),
}

impl Untrue {
    /// Whether no honest node would have answered so: false if the own light client may have moved on
    /// since, or ended.
    pub fn is_lie(&self) -> bool {
        match self {
            Self::Headers(error) => !matches!(
                error,
                ClientError::Frozen | ClientError::Expired | ClientError::Stale { .. }
            ),
            Self::Proof(_) | Self::Unasked | Self::Record | Self::OtherChain => true,
            Self::UnknownHeader(_) => false,
        }
    }
}

/// What is known of the other chain, and who asks.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The own chain.
    pub own: ChainRef,
    /// The other one.
    pub peer: ChainRef,
    /// The own light client of it.
    pub client: &'a ClientView,
    /// The own clock.
    pub now: Moment,
    /// By how much the other chain's may be ahead.
    pub drift: Moment,
}

/// Headers that are verified.
#[derive(Debug, Default)]
pub struct Learned(Option<Update>);

impl Learned {
    /// Whether they teach anything.
    pub fn is_news(&self) -> bool {
        self.0.is_some()
    }
}

impl Trust<'_> {
    /// What headers teach. Headers of which the last is known already teach nothing.
    pub fn learn(&self, headers: &[SignedHeader]) -> Result<Learned, Untrue> {
        let state = &self.client.state;
        let last = headers.last().map_or(0, |header| header.certificate.height);
        if last <= state.latest.height {
            return Ok(Learned(None));
        }
        let clock = Clock {
            now: self.now,
            drift: Some(self.drift),
        };
        let update = client::update(state, &self.client.set, headers, clock, verify_signature)?;
        Ok(Learned(Some(update)))
    }

    /// A header under which something may be proven.
    fn header(&self, learned: &Learned, height: Height) -> Result<TrustedHeader, Untrue> {
        let learned = learned.0.iter().flat_map(|update| &update.headers);
        let mut known = learned.chain(&self.client.headers);
        known
            .find(|header| header.height == height)
            .copied()
            .ok_or(Untrue::UnknownHeader(height))
    }

    fn place(&self, lane: LaneId, nonce: Nonce) -> Passage {
        Passage {
            source: self.peer,
            destination: self.own,
            lane,
            nonce,
        }
    }

    /// Check what a node of the own chain hands on. Contradictions are left to the pool, which knows past
    /// sets.
    pub fn check(&self, submissions: &[Submission]) -> Result<Learned, Untrue> {
        let mut learned = Learned::default();
        for submission in submissions {
            if peer_of(submission) != self.peer.id {
                return Err(Untrue::OtherChain);
            }
            if let Submission::UpdateClient { headers, .. } = submission {
                learned = self.learn(headers)?;
            } else {
                self.check_claim(&learned, submission)?;
            }
        }
        Ok(learned)
    }

    fn root(&self, learned: &Learned, height: &Height) -> Result<Hash, Untrue> {
        Ok(self.header(learned, *height)?.state_root)
    }

    fn check_claim(&self, learned: &Learned, submission: &Submission) -> Result<(), Untrue> {
        match submission {
            Submission::Deliver {
                lane,
                first,
                packets,
                height,
                proof,
                ..
            } => {
                let root = self.root(learned, height)?;
                let place = self.place(*lane, *first);
                claims::verify_packets(&root, &place, packets, proof)?;
            }
            Submission::Acknowledge {
                lane,
                first,
                results,
                height,
                proof,
                ..
            } => {
                let root = self.root(learned, height)?;
                claims::verify_results(&root, self.own.id, *lane, *first, results, proof)?;
            }
            Submission::TimeOut {
                lane,
                height,
                proof,
                ..
            } => {
                let root = self.root(learned, height)?;
                claims::read_inbound(&root, self.own.id, *lane, proof)?;
            }
            Submission::Prune {
                lane,
                height,
                proof,
                ..
            } => {
                let root = self.root(learned, height)?;
                claims::read_outbound(&root, self.own.id, *lane, proof)?;
            }
            Submission::RecoverClient {
                peer,
                record,
                at,
                height,
                proof,
                ..
            } => {
                let root = self.root(learned, height)?;
                let facts = facts(record).filter(|facts| facts.chain == *peer);
                let facts = facts.ok_or(Untrue::Record)?;
                claims::verify_recovery(&root, *peer, facts.set.id, &facts.hash, *at, proof)?;
            }
            Submission::UpdateClient { .. } | Submission::Misbehaviour { .. } => {}
        }
        Ok(())
    }

    /// What to submit of what was shown for `wants`. `sent` tells of the own packets without a result
    /// in a lane, for timeouts.
    pub fn take(
        &self,
        view: &RouteView,
        parameters: &Parameters,
        wants: &[Want],
        proven: Proven,
        sent: impl Fn(LaneId) -> Vec<PacketView>,
    ) -> Result<Vec<Submission>, Untrue> {
        let learned = self.learn(&proven.headers)?;
        let mut submissions = Vec::new();
        if learned.is_news() {
            submissions.push(Submission::UpdateClient {
                peer: self.peer.id,
                headers: proven.headers,
            });
        }
        let height = proven.head;
        let mut wants = wants.iter();
        for shown in proven.shown {
            if !wants.any(|want| answers(want, &shown)) {
                return Err(Untrue::Unasked);
            }
            let header = self.header(&learned, height)?;
            let submission = self.submission(view, parameters, header, shown, &sent)?;
            submissions.extend(submission);
        }
        for submission in &submissions {
            self.check_claim(&learned, submission)?;
        }
        Ok(submissions)
    }

    /// The refund of own packets of a lane that were not taken in time, if there are any.
    fn timeout(
        &self,
        parameters: &Parameters,
        header: TrustedHeader,
        lane: LaneId,
        proof: StorageProof,
        sent: &[PacketView],
    ) -> Result<Option<Submission>, Untrue> {
        let end = claims::read_inbound(&header.state_root, self.own.id, lane, &proof)?;
        let late = late(sent, end.next, header.timestamp, parameters.max_batch);
        Ok(late.map(|(first, count)| Submission::TimeOut {
            peer: self.peer.id,
            lane,
            first,
            count,
            height: header.height,
            proof,
        }))
    }

    /// The pruning of results that the other chain has settled, if there are any.
    fn pruning(
        &self,
        view: &RouteView,
        header: TrustedHeader,
        lane: LaneId,
        proof: StorageProof,
    ) -> Result<Option<Submission>, Untrue> {
        let end = claims::read_outbound(&header.state_root, self.own.id, lane, &proof)?;
        let acknowledged = end.acknowledged;
        let own = view.lanes.iter().find(|view| view.lane == lane);
        if own.is_none_or(|own| acknowledged <= own.inbound.pruned) {
            return Ok(None);
        }
        Ok(Some(Submission::Prune {
            peer: self.peer.id,
            lane,
            acknowledged,
            height: header.height,
            proof,
        }))
    }

    /// What to submit of one thing that was shown; none if it shows that there is nothing to do.
    fn submission(
        &self,
        view: &RouteView,
        parameters: &Parameters,
        header: TrustedHeader,
        shown: Shown,
        sent: impl Fn(LaneId) -> Vec<PacketView>,
    ) -> Result<Option<Submission>, Untrue> {
        let (peer, height) = (self.peer.id, header.height);
        let submission = match shown {
            Shown::Packets {
                lane,
                first,
                packets,
                proof,
            } => Submission::Deliver {
                peer,
                lane,
                first,
                packets,
                height,
                proof,
            },
            Shown::Results {
                lane,
                first,
                results,
                proof,
            } => Submission::Acknowledge {
                peer,
                lane,
                first,
                results,
                height,
                proof,
            },
            Shown::Inbound { lane, proof } => {
                return self.timeout(parameters, header, lane, proof, &sent(lane));
            }
            Shown::Outbound { lane, proof } => return self.pruning(view, header, lane, proof),
            Shown::Recovery {
                chain,
                recovery,
                proof,
            } => {
                let named = facts(&recovery.record).map(|facts| facts.set.id);
                if named != Some(recovery.set) {
                    return Err(Untrue::Record);
                }
                Submission::RecoverClient {
                    peer: chain,
                    record: recovery.record,
                    hub: peer,
                    at: recovery.at,
                    height,
                    proof,
                }
            }
        };
        Ok(Some(submission))
    }
}

/// What a record says.
pub fn facts(record: &[u8]) -> Option<Recovered> {
    Recovery::<AccountId>::facts(record)
}

/// The chain of which a submission is: whose headers prove it.
pub fn peer_of(submission: &Submission) -> hansa_interchain_primitives::ChainId {
    match submission {
        Submission::UpdateClient { peer, .. }
        | Submission::Deliver { peer, .. }
        | Submission::Acknowledge { peer, .. }
        | Submission::TimeOut { peer, .. }
        | Submission::Prune { peer, .. }
        | Submission::Misbehaviour { peer, .. } => *peer,
        Submission::RecoverClient { hub, .. } => *hub,
    }
}

/// Whether this is what was wanted, or a beginning of it.
fn answers(want: &Want, shown: &Shown) -> bool {
    let fits = |count: u32, len: usize| len > 0 && len <= count as usize;
    match (want.of, shown) {
        (
            ProofOf::Packets { first, count },
            Shown::Packets {
                lane,
                first: shown,
                packets,
                ..
            },
        ) => (want.lane, first) == (*lane, *shown) && fits(count, packets.len()),
        (
            ProofOf::Results { first, count },
            Shown::Results {
                lane,
                first: shown,
                results,
                ..
            },
        ) => (want.lane, first) == (*lane, *shown) && fits(count, results.len()),
        (ProofOf::Inbound, Shown::Inbound { lane, .. })
        | (ProofOf::Outbound, Shown::Outbound { lane, .. }) => want.lane == *lane,
        (
            ProofOf::Recovery { chain, set },
            Shown::Recovery {
                chain: shown,
                recovery,
                ..
            },
        ) => chain == *shown && recovery.set >= set,
        _ => false,
    }
}

/// The first run of own packets that were not taken although their time was over at `time`, the other end
/// of the lane being at `next`: its first position and its length.
fn late(sent: &[PacketView], next: Nonce, time: Moment, most: u32) -> Option<(Nonce, u32)> {
    let is_late = |view: &&PacketView| {
        view.nonce >= next
            && view.state == PacketState::Pending
            && is_expired(view.packet.timeout, time)
    };
    let mut late = sent.iter().filter(is_late).map(|view| view.nonce);
    let first = late.next()?;
    let mut count = 1u32;
    for nonce in late {
        if count >= most || first.checked_add(u64::from(count)) != Some(nonce) {
            break;
        }
        count = count.saturating_add(1);
    }
    Some((first, count))
}
