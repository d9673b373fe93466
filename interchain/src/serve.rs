// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Answering what nodes of other chains ask: how lanes stand, and proofs.

use crate::{
    chain::{Chain, ChainError, Head},
    host::Inbound,
    limits::MAX_SHOWN_BYTES,
    message::{Known, Proven, Reason, Request, Response, Shown, Standing, Want},
    LOG_TARGET,
};
use codec::Encode;
use hansa_interchain_primitives::{
    api::{Headers, ProofOf, RouteView},
    client::MAX_HEADERS,
    packet::ChainRef,
    proof::MAX_KEYS,
    ChainId, Height, LaneId, Nonce, SignedHeader,
};
use log::debug;
use sp_core::bounded::BoundedVec;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Answer questions about `chain`, one at a time, until nobody can ask any more.
pub async fn run<C: Chain>(chain: Arc<C>, own: ChainRef, mut questions: mpsc::Receiver<Inbound>) {
    while let Some(Inbound { request, reply, .. }) = questions.recv().await {
        if reply.is_closed() {
            continue;
        }
        // The asker may have gone meanwhile.
        let _ = reply.send(answer(&*chain, own, &request));
    }
}

/// The answer to a question about `chain`.
pub fn answer<C: Chain>(chain: &C, own: ChainRef, request: &Request) -> Response {
    let answer = match request {
        Request::Ask { by, .. } => standing(chain, own, *by),
        Request::Prove {
            by, known, wants, ..
        } => prove(chain, *by, *known, wants),
        _ => Ok(Response::Refused(Reason::NotServed)),
    };
    answer.unwrap_or_else(|error| {
        debug!(target: LOG_TARGET, "A question is not answered: {error}");
        Response::Refused(Reason::Unable)
    })
}

/// The route to the chain that asks, if it is that very chain.
fn route_to<C: Chain>(
    chain: &C,
    head: Head,
    by: ChainRef,
) -> Result<Option<RouteView>, ChainError> {
    let route = chain.route(head.hash, by.id)?;
    Ok(route
        .map(|route| route.view)
        .filter(|view| view.chain == by))
}

fn standing<C: Chain>(chain: &C, own: ChainRef, by: ChainRef) -> Result<Response, ChainError> {
    let head = chain.head();
    let route = route_to(chain, head, by)?;
    Ok(route.map_or(Response::Refused(Reason::NotServed), |view| {
        Response::Standing(Standing::new(own, head.height, &view))
    }))
}

fn prove<C: Chain>(
    chain: &C,
    by: ChainRef,
    known: Known,
    wants: &[Want],
) -> Result<Response, ChainError> {
    let head = chain.head();
    let Some(view) = route_to(chain, head, by)? else {
        return Ok(Response::Refused(Reason::NotServed));
    };
    if known.height > head.height {
        return Ok(Response::Refused(Reason::Behind));
    }
    if chain.hash(known.height)? != Some(known.hash) {
        let other = chain.signed_header(known.height)?;
        return Ok(other.map_or(Response::Refused(Reason::Unable), |header| {
            Response::Contradiction(Box::new(header))
        }));
    }
    let (headers, reached) = match way(chain, known, head)? {
        Way::To(headers, reached) => (headers, reached),
        Way::Recovered(headers) => return Ok(Response::Recovered(headers)),
        Way::Missing => return Ok(Response::Refused(Reason::Unable)),
    };
    let mut shown = Vec::new();
    if reached == head.height {
        let mut room = MAX_SHOWN_BYTES;
        for want in wants {
            let Some(found) = show(chain, head, by.id, &view, want, room)? else {
                continue;
            };
            let size = found.encoded_size();
            if size > room {
                break;
            }
            room = room.saturating_sub(size);
            shown.push(found);
        }
    }
    Ok(Response::Proven(Box::new(Proven {
        headers,
        head: reached,
        shown: BoundedVec::truncate_from(shown),
    })))
}

/// What leads from what is known to the head.
enum Way {
    /// These headers, as far as this height.
    To(Headers, Height),
    /// These headers, as far as the block above which a record of the hub names who decides.
    Recovered(Headers),
    /// One of them is missing.
    Missing,
}

/// The way from what is known to the head.
fn way<C: Chain>(chain: &C, known: Known, head: Head) -> Result<Way, ChainError> {
    let mut headers: Vec<SignedHeader> = Vec::new();
    let (mut reached, mut set) = (known.height, known.set_id);
    while headers.len() < MAX_HEADERS as usize {
        let hands_over = match set.checked_add(1) {
            Some(next) => chain.hand_over_to(next)?,
            None => None,
        };
        let hands_over = hands_over.filter(|height| *height <= head.height);
        // A hand-over is to the next id. Where there is none, the next set came by a record, which may leave ids out.
        let recovered = chain.recovered_after(set)?;
        let recovered = recovered.filter(|height| *height <= head.height);
        let height = match (hands_over, recovered) {
            (Some(height), _) if height <= known.height => return Ok(Way::Missing),
            (Some(height), _) => {
                set = set.saturating_add(1);
                height
            }
            // The block above was decided by a set to which nobody has handed over.
            (None, Some(first)) => {
                let last = first.saturating_sub(1);
                if last < reached {
                    return Ok(Way::Missing);
                }
                if last > reached {
                    let Some(header) = chain.signed_header(last)? else {
                        return Ok(Way::Missing);
                    };
                    headers.push(header);
                }
                return Ok(Way::Recovered(BoundedVec::truncate_from(headers)));
            }
            (None, None) if reached == head.height => break,
            (None, None) => head.height,
        };
        let Some(header) = chain.signed_header(height)? else {
            return Ok(Way::Missing);
        };
        headers.push(header);
        reached = height;
    }
    Ok(Way::To(BoundedVec::truncate_from(headers), reached))
}

/// One thing that is wanted, in at most about `room` bytes; none if it is not there.
fn show<C: Chain>(
    chain: &C,
    head: Head,
    by: ChainId,
    view: &RouteView,
    want: &Want,
    room: usize,
) -> Result<Option<Shown>, ChainError> {
    let lane = want.lane;
    if !view.lanes.iter().any(|view| view.lane == lane) {
        return Ok(None);
    }
    let shown = match want.of {
        ProofOf::Packets { first, count } => packets(chain, head, by, lane, first, count, room)?,
        ProofOf::Results { first, count } => results(chain, head, by, lane, first, count)?,
        ProofOf::Recovery {
            chain: recovered,
            set,
        } => {
            let recovery = chain.recovery(head.hash, recovered)?;
            let Some(recovery) = recovery.filter(|recovery| recovery.set >= set) else {
                return Ok(None);
            };
            let of = ProofOf::Recovery {
                chain: recovered,
                set: recovery.set,
            };
            let proof = chain.prove(head.hash, by, lane, of)?;
            proof.map(|proof| Shown::Recovery {
                chain: recovered,
                recovery,
                proof,
            })
        }
        of @ ProofOf::Inbound => chain
            .prove(head.hash, by, lane, of)?
            .map(|proof| Shown::Inbound { lane, proof }),
        of @ ProofOf::Outbound => chain
            .prove(head.hash, by, lane, of)?
            .map(|proof| Shown::Outbound { lane, proof }),
    };
    Ok(shown)
}

fn packets<C: Chain>(
    chain: &C,
    head: Head,
    by: ChainId,
    lane: LaneId,
    first: Nonce,
    count: u32,
    room: usize,
) -> Result<Option<Shown>, ChainError> {
    let found = chain.packets(head.hash, by, lane, first, count.min(MAX_KEYS))?;
    let mut left = room / 2;
    let fit = (first..).zip(found).map_while(|(nonce, view)| {
        left = left.checked_sub(view.packet.encoded_size())?;
        (view.nonce == nonce).then_some(view.packet)
    });
    let mut packets: Vec<_> = fit.collect();
    while !packets.is_empty() {
        let of = ProofOf::Packets {
            first,
            count: packets.len() as u32,
        };
        if let Some(proof) = chain.prove(head.hash, by, lane, of)? {
            let packets = BoundedVec::truncate_from(packets);
            return Ok(Some(Shown::Packets {
                lane,
                first,
                packets,
                proof,
            }));
        }
        // Their proof is too large: half of them.
        packets.truncate(packets.len() / 2);
    }
    Ok(None)
}

fn results<C: Chain>(
    chain: &C,
    head: Head,
    by: ChainId,
    lane: LaneId,
    first: Nonce,
    count: u32,
) -> Result<Option<Shown>, ChainError> {
    let found = chain.results(head.hash, by, lane, first, count.min(MAX_KEYS))?;
    let fit = (first..).zip(found);
    let mut results: Vec<_> = fit
        .map_while(|(expected, (nonce, result))| (nonce == expected).then_some(result))
        .collect();
    while !results.is_empty() {
        let of = ProofOf::Results {
            first,
            count: results.len() as u32,
        };
        if let Some(proof) = chain.prove(head.hash, by, lane, of)? {
            let results = BoundedVec::truncate_from(results);
            return Ok(Some(Shown::Results {
                lane,
                first,
                results,
                proof,
            }));
        }
        results.truncate(results.len() / 2);
    }
    Ok(None)
}
