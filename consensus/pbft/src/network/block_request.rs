// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Proposed blocks on request: for replicas that have a proposal or a certificate without the
//! block. Final blocks are sync's; only those that the worker still holds are served here.

use super::{
    limits::{
        BLOCK_REQUEST_BURST, BLOCK_REQUEST_HEDGE_DELAY, BLOCK_REQUEST_REFILL_INTERVAL,
        BLOCK_REQUEST_TIMEOUT, MAX_BLOCK_REQUEST_BYTES, MAX_BLOCK_RESPONSE_BYTES,
        MAX_TRACKED_REQUESTERS, MAX_UNSENT_BYTES_PER_PEER, MAX_UNSENT_BYTES_TO_STRANGERS,
    },
    rate::TokenBucket,
    reputation::Misbehaviour,
    shared::Shared,
    wire::{self, BlockRequest, BlockResponse},
};
use crate::types::ProposedBlock;
use codec::Encode;
use futures::{
    channel::oneshot,
    future::{BoxFuture, Either},
    stream::FuturesUnordered,
    FutureExt, StreamExt,
};
use futures_timer::Delay;
use hansa_pbft_primitives::{Hash, Height};
use sc_network::request_responses::{IncomingRequest, OutgoingResponse};
use sc_network_types::PeerId;
use std::{collections::HashMap, sync::Arc, time::Instant};

/// Where blocks come from that others ask for.
pub trait BlockProvider: Send + Sync + 'static {
    /// A [`ProposedBlock`], encoded; none if it is not held. May read from disk.
    fn encoded_block(&self, height: Height, hash: Hash) -> Option<Vec<u8>>;
}

/// Why no block came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BlockRequestError {
    /// No peer is connected.
    #[error("no peer is connected that could be asked for the block")]
    NoPeers,
    /// All that were asked have failed.
    #[error("none of {0} peers sent the block")]
    NotFound(usize),
}

/// Ask `candidates` in turn: the next one as soon as one has failed or was slow to answer.
pub(super) async fn request(
    shared: Arc<Shared>,
    candidates: Vec<PeerId>,
    height: Height,
    hash: Hash,
) -> Result<ProposedBlock, BlockRequestError> {
    let mut candidates = candidates.into_iter();
    let mut asked = 0usize;
    let mut pending: FuturesUnordered<BoxFuture<'static, Option<ProposedBlock>>> =
        FuturesUnordered::new();
    loop {
        let next = candidates.next();
        let was_last = next.is_none();
        if let Some(peer) = next {
            asked = asked.saturating_add(1);
            pending.push(ask(shared.clone(), peer, BlockRequest { height, hash }).boxed());
        }
        let wait = if was_last {
            BLOCK_REQUEST_TIMEOUT
        } else {
            BLOCK_REQUEST_HEDGE_DELAY
        };
        let answered = futures::future::select(pending.next(), Delay::new(wait)).await;
        match answered {
            Either::Left((Some(Some(block)), _)) => return Ok(block),
            // That one failed: ask the next, or wait for the others.
            Either::Left((Some(None), _)) => {}
            Either::Left((None, _)) if asked == 0 => return Err(BlockRequestError::NoPeers),
            Either::Left((None, _)) if was_last => {
                return Err(BlockRequestError::NotFound(asked));
            }
            Either::Left((None, _)) => {}
            Either::Right(_) if was_last => return Err(BlockRequestError::NotFound(asked)),
            Either::Right(_) => {}
        }
    }
}

/// Ask one peer; none if it does not have the block or does not answer.
async fn ask(shared: Arc<Shared>, peer: PeerId, request: BlockRequest) -> Option<ProposedBlock> {
    let count = |result: &str| {
        shared
            .metrics
            .block_requests
            .with_label_values(&[result])
            .inc()
    };
    let (tx, rx) = oneshot::channel();
    shared
        .network
        .request(peer, shared.names.block.clone(), request.encode(), tx);
    let Ok(Ok((bytes, _))) = rx.await else {
        count("failed");
        return None;
    };
    match wire::decode_bounded(&bytes, MAX_BLOCK_RESPONSE_BYTES as usize) {
        Ok(BlockResponse::Unknown) => {
            count("unknown");
            None
        }
        Ok(BlockResponse::Block(block)) => {
            let fits = block.height() == request.height && block.hash() == request.hash;
            if !fits {
                shared.report(peer, Misbehaviour::WrongBlock);
            }
            count(if fits { "received" } else { "wrong" });
            fits.then_some(block)
        }
        Err(_) => {
            shared.report(peer, Misbehaviour::Malformed);
            count("malformed");
            None
        }
    }
}

/// Answers that the network has not sent yet: bytes by peer.
struct Unsent {
    bytes: HashMap<PeerId, usize>,
    to_strangers: usize,
    /// Ends, with peer, size and whether it was a stranger, when an answer is sent or given up.
    /// Never empty: one of them does not end.
    under_way: FuturesUnordered<BoxFuture<'static, (PeerId, usize, bool)>>,
}

impl Default for Unsent {
    fn default() -> Self {
        Self {
            bytes: HashMap::new(),
            to_strangers: 0,
            under_way: std::iter::once(futures::future::pending().boxed()).collect(),
        }
    }
}

impl Unsent {
    /// Note an answer of `bytes` to `peer`; none if too much is under way already.
    fn begin(&mut self, peer: PeerId, bytes: usize, stranger: bool) -> Option<oneshot::Sender<()>> {
        let to_peer = self.bytes.get(&peer).copied().unwrap_or_default();
        let to_peer = to_peer.saturating_add(bytes);
        let to_strangers = self.to_strangers.saturating_add(bytes);
        let is_too_much = to_peer > MAX_UNSENT_BYTES_PER_PEER
            || (stranger && to_strangers > MAX_UNSENT_BYTES_TO_STRANGERS);
        if is_too_much {
            return None;
        }
        self.bytes.insert(peer, to_peer);
        if stranger {
            self.to_strangers = to_strangers;
        }
        let (tx, rx) = oneshot::channel();
        self.under_way
            .push(rx.map(move |_| (peer, bytes, stranger)).boxed());
        Some(tx)
    }

    fn end(&mut self, peer: PeerId, bytes: usize, stranger: bool) {
        if stranger {
            self.to_strangers = self.to_strangers.saturating_sub(bytes);
        }
        let left = self.bytes.get(&peer).map(|sum| sum.saturating_sub(bytes));
        match left {
            Some(left) if left > 0 => drop(self.bytes.insert(peer, left)),
            _ => drop(self.bytes.remove(&peer)),
        }
    }
}

/// Answers the requests of others. To be run where blocking is allowed: the provider may read from
/// disk.
///
/// A peer that asks faster than it may is refused, and so is one that does not read what it asked
/// for: answers to a peer, and to all that hold no key of the current set, are bounded in bytes
/// until they are sent.
pub struct PbftBlockServer {
    requests: async_channel::Receiver<IncomingRequest>,
    provider: Arc<dyn BlockProvider>,
    shared: Arc<Shared>,
    requesters: HashMap<PeerId, TokenBucket>,
    unsent: Unsent,
}

impl PbftBlockServer {
    pub(super) fn new(
        requests: async_channel::Receiver<IncomingRequest>,
        provider: Arc<dyn BlockProvider>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            requests,
            provider,
            shared,
            requesters: HashMap::new(),
            unsent: Unsent::default(),
        }
    }

    /// Answer until the network ends.
    pub async fn run(mut self) {
        loop {
            let request = {
                let next = self.requests.recv();
                futures::pin_mut!(next);
                loop {
                    // First what was sent: it makes room.
                    let sent = self.unsent.under_way.select_next_some();
                    match futures::future::select(sent, next.as_mut()).await {
                        Either::Left(((peer, bytes, stranger), _)) => {
                            self.unsent.end(peer, bytes, stranger);
                        }
                        Either::Right((request, _)) => break request,
                    }
                }
            };
            let Ok(request) = request else { return };
            let IncomingRequest {
                peer,
                payload,
                pending_response,
            } = request;
            let response = self.respond(peer, &payload, Instant::now());
            // Nobody waits for it any more: that is no fault of ours.
            let _ = pending_response.send(response);
        }
    }

    pub(super) fn respond(
        &mut self,
        peer: PeerId,
        payload: &[u8],
        now: Instant,
    ) -> OutgoingResponse {
        let refuse = |what: Option<Misbehaviour>| OutgoingResponse {
            result: Err(()),
            reputation_changes: what.iter().map(|what| what.change()).collect(),
            sent_feedback: None,
        };
        if !self.may_ask(peer, now) {
            return refuse(Some(Misbehaviour::Flood));
        }
        let decoded = wire::decode_bounded(payload, MAX_BLOCK_REQUEST_BYTES as usize);
        let Ok(BlockRequest { height, hash }) = decoded else {
            return refuse(Some(Misbehaviour::Malformed));
        };
        let block = self
            .provider
            .encoded_block(height, hash)
            .filter(|block| (block.len() as u64) < MAX_BLOCK_RESPONSE_BYTES);
        let response = wire::encode_block_response(block);
        let stranger = !self.shared.is_authority(&peer);
        let Some(sent) = self.unsent.begin(peer, response.len(), stranger) else {
            // Its line may be slow: that is no offence.
            self.shared.dropped("unsent_block");
            return refuse(None);
        };
        OutgoingResponse {
            result: Ok(response),
            reputation_changes: Vec::new(),
            sent_feedback: Some(sent),
        }
    }

    fn may_ask(&mut self, peer: PeerId, now: Instant) -> bool {
        if self.requesters.len() >= MAX_TRACKED_REQUESTERS && !self.requesters.contains_key(&peer) {
            // Rare; those that come back begin with a full bucket.
            self.requesters.clear();
        }
        self.requesters
            .entry(peer)
            .or_insert_with(|| {
                TokenBucket::new(BLOCK_REQUEST_BURST, BLOCK_REQUEST_REFILL_INTERVAL, now)
            })
            .take(now)
    }
}
