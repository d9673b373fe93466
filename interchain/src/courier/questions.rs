// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a courier asks of others, tells them, and hands on: jobs beside its own task.

use super::{Courier, Done};
use crate::{
    chain::Chain,
    host::{Handle, Offence, PeerId, RequestError},
    limits::{ANSWER_TIMEOUT, MAX_FORWARDED, MAX_FORWARD_PEERS, MAX_OFFERS, OFFER_TRIES},
    message::{Known, Request, Response, Standing},
    route::Question,
};
use futures::{
    future::{select, Either},
    FutureExt,
};
use futures_timer::Delay;
use hansa_interchain_primitives::{api::Submission, ChainId};
use sp_core::bounded::BoundedVec;
use std::pin::pin;

impl<C: Chain> Courier<C> {
    /// Tell a node of the other chain that there is something for it.
    pub(super) fn offer(&mut self, id: ChainId, standing: Standing) {
        let Some(entry) = self.routes.get_mut(&id).filter(|e| e.offers < MAX_OFFERS) else {
            return;
        };
        entry.offers = entry.offers.saturating_add(1);
        let (host, to, turn) = (self.host.clone(), entry.state.view.chain, self.turn);
        let offer = async move {
            let mut outcome = "nobody";
            for peer in host.in_turn(to, turn).await.into_iter().take(OFFER_TRIES) {
                let standing = standing.clone();
                let answer = ask(&host, peer, Request::Offer { to, standing }).await;
                if answer == Ok(Response::Noted) {
                    outcome = "noted";
                    break;
                }
                outcome = "refused";
                if answer.is_ok() {
                    host.report(peer, Offence::Refusal).await;
                }
            }
            Done::Offered { peer: id, outcome }
        };
        self.jobs.push(offer.boxed());
    }

    /// Ask what the route wants to know, if anything.
    pub(super) fn ask(&mut self, id: ChainId) {
        let now = self.now();
        let (Some(entry), Some(parameters)) = (self.routes.get_mut(&id), self.parameters) else {
            return;
        };
        let view = &entry.state.view;
        let Some(question) = entry.route.question(view, &entry.late, &parameters, now) else {
            return;
        };
        let (of, by) = (view.chain, self.own);
        let client = &entry.state.client.state;
        let known = Known {
            height: client.latest.height,
            hash: client.latest.hash,
            set_id: client.set_id,
        };
        let (asked, wants) = match question {
            Question::Ask => (None, None),
            Question::Prove { of, wants } => (of, Some(wants)),
        };
        if asked.is_none() {
            // Only then: of two peers, each second question would go to the same one, which may be of no use.
            self.turn = self.turn.wrapping_add(1);
        }
        let (host, turn) = (self.host.clone(), self.turn);
        let request = match wants.clone() {
            None => Request::Ask { of, by },
            Some(wants) => Request::Prove {
                of,
                by,
                known,
                wants,
            },
        };
        let job = async move {
            let peer = match asked {
                Some(peer) => Some(peer),
                None => host.in_turn(of, turn).await.first().copied(),
            };
            let answer = match peer {
                Some(peer) => ask(&host, peer, request).await,
                None => Err(RequestError::Unreachable),
            };
            Done::Asked {
                peer: id,
                of: peer,
                wants,
                since: now,
                answer,
            }
        };
        self.jobs.push(job.boxed());
    }

    /// Hand submissions on to the other nodes of the own chain.
    pub(super) fn hand_on(&mut self, id: ChainId, submissions: &[Submission]) {
        let Some(entry) = self.routes.get(&id) else {
            return;
        };
        if submissions.is_empty() || submissions.len() > MAX_FORWARDED as usize {
            return;
        }
        let (host, chain, peer) = (self.host.clone(), self.own, entry.state.view.chain);
        let submissions = BoundedVec::truncate_from(submissions.to_vec());
        let job = async move {
            let peers = host.peers(chain).await;
            let requests = peers.into_iter().take(MAX_FORWARD_PEERS).map(|node| {
                let request = Request::Forward {
                    chain,
                    peer,
                    submissions: submissions.clone(),
                };
                ask(&host, node, request)
            });
            // Who does not take it gets the packet in the block.
            let _ = futures::future::join_all(requests).await;
            Done::Other
        };
        self.jobs.push(job.boxed());
    }

    pub(super) fn tell(&mut self, peer: PeerId, offence: Option<Offence>) {
        let host = self.host.clone();
        let tell = async move {
            match offence {
                Some(offence) => host.report(peer, offence).await,
                None => host.praise(peer).await,
            }
            Done::Other
        };
        self.jobs.push(tell.boxed());
    }
}

/// Ask a peer, for as long as a courier has patience.
pub(super) async fn ask(
    host: &Handle,
    peer: PeerId,
    request: Request,
) -> Result<Response, RequestError> {
    let answer = pin!(host.request(peer, request));
    match select(answer, Delay::new(ANSWER_TIMEOUT)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            host.report(peer, Offence::Stall).await;
            Err(RequestError::Timeout)
        }
    }
}
