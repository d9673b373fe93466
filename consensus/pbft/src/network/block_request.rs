// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Proposed blocks on request: for replicas that have a proposal or a certificate without the
//! block. Final blocks are sync's; only those that the worker still holds are served here.

use super::{
    limits::{
        BLOCK_REQUEST_BURST, BLOCK_REQUEST_HEDGE_DELAY, BLOCK_REQUEST_REFILL_INTERVAL,
        BLOCK_REQUEST_TIMEOUT, MAX_BLOCK_REQUEST_BYTES, MAX_BLOCK_RESPONSE_BYTES,
        MAX_TRACKED_REQUESTERS,
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

/// Answers the requests of others. To be run where blocking is allowed: the provider may read from
/// disk.
pub struct PbftBlockServer {
    requests: async_channel::Receiver<IncomingRequest>,
    provider: Arc<dyn BlockProvider>,
    requesters: HashMap<PeerId, TokenBucket>,
}

impl PbftBlockServer {
    pub(super) fn new(
        requests: async_channel::Receiver<IncomingRequest>,
        provider: Arc<dyn BlockProvider>,
    ) -> Self {
        Self {
            requests,
            provider,
            requesters: HashMap::new(),
        }
    }

    /// Answer until the network ends.
    pub async fn run(mut self) {
        while let Ok(request) = self.requests.recv().await {
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

    fn respond(&mut self, peer: PeerId, payload: &[u8], now: Instant) -> OutgoingResponse {
        let refuse = |what: Misbehaviour| OutgoingResponse {
            result: Err(()),
            reputation_changes: vec![what.change()],
            sent_feedback: None,
        };
        if !self.may_ask(peer, now) {
            return refuse(Misbehaviour::Flood);
        }
        let decoded = wire::decode_bounded(payload, MAX_BLOCK_REQUEST_BYTES as usize);
        let Ok(BlockRequest { height, hash }) = decoded else {
            return refuse(Misbehaviour::Malformed);
        };
        let block = self
            .provider
            .encoded_block(height, hash)
            .filter(|block| (block.len() as u64) < MAX_BLOCK_RESPONSE_BYTES);
        OutgoingResponse {
            result: Ok(wire::encode_block_response(block)),
            reputation_changes: Vec::new(),
            sent_feedback: None,
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Held(Hash);

    impl BlockProvider for Held {
        fn encoded_block(&self, _: Height, hash: Hash) -> Option<Vec<u8>> {
            (hash == self.0).then(|| vec![7; 3])
        }
    }

    fn server() -> PbftBlockServer {
        let (_, requests) = async_channel::bounded(1);
        PbftBlockServer::new(requests, Arc::new(Held(Hash::repeat_byte(1))))
    }

    #[test]
    fn requests_are_answered_refused_and_limited() {
        let (mut server, peer, now) = (server(), PeerId::random(), Instant::now());
        let mut ask = |payload: &[u8]| server.respond(peer, payload, now).result;
        let request = |n| {
            BlockRequest {
                height: 3,
                hash: Hash::repeat_byte(n),
            }
            .encode()
        };
        assert_eq!(ask(&request(1)), Ok(vec![1, 7, 7, 7]));
        assert_eq!(ask(&request(2)), Ok(vec![0]), "not held");
        assert_eq!(ask(&[1, 2]), Err(()), "malformed");
        assert_eq!(ask(&[0; 100]), Err(()), "too long");
        let answered = (0..100).filter(|_| ask(&request(1)).is_ok()).count();
        assert_eq!(answered, BLOCK_REQUEST_BURST as usize - 4);
        assert!(
            server
                .respond(PeerId::random(), &request(1), now)
                .result
                .is_ok(),
            "others can"
        );
    }
}
