// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Two hubs with a route between them, and what a pair of nodes carries.

use crate::common::*;
use codec::Encode;
use hansa_interchain_primitives::{
    api::{runtime_decl_for_interchain_api::InterchainApi, ProofOf, Submission},
    audit::{audit, InFlight, Side},
    rate::Terms,
    ChainAddress, ChainId, Entry, Payload, Rate, SignedHeader, StorageProof, TrustedHeader, LANES,
};
use hansa_pallet_interchain::{types::NewRoute, Call, Outbound};
use hansa_pbft_primitives::{
    statement::NO_PROOF, AuthorityPair, Certificate, SigningContext, VoteKind,
};
use hansa_primitives::{AccountId, Balance};
use hansa_runtime_common::currency::UNIT;
use hansa_runtime_hub::{
    genesis_presets::{LOCAL, STAKE},
    interchain::TRUSTING_PERIOD,
    Pbft, Runtime, RuntimeCall, System,
};
use sp_core::Pair;
use sp_keyring::Sr25519Keyring::{self, Alice, Bob};
use sp_runtime::traits::Header as _;

/// The two chains.
pub const A: ChainId = 0x10ca1;
pub const B: ChainId = 0x57a;

/// What each has with the other when a test begins.
pub const RESERVE: Balance = 1_000 * UNIT;

/// What a packet is charged.
pub const CHARGE: Balance = UNIT / 1_000;

pub const TERMS: Terms = Terms {
    rate: Rate::PAR,
    low_charge: CHARGE,
    high_charge: CHARGE,
};

/// The head with a certificate of three of four.
pub fn head(chain: &mut Chain) -> SignedHeader {
    let set = chain.state(Pbft::deciding_set).set;
    let (height, hash) = (chain.head.number, chain.head.hash());
    let context = SigningContext {
        genesis: chain.genesis,
        set_id: set.id,
    };
    let payload = context.payload(height, 0, &VoteKind::Commit.statement(hash, NO_PROOF));
    let pairs = ["//Alice", "//Bob", "//Charlie"]
        .map(|seed| AuthorityPair::from_string(seed, None).expect("it is a seed"));
    let mut votes: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let place = set
                .authorities()
                .iter()
                .position(|a| a.key == pair.public());
            (place.expect("it is in the set") as u16, pair.sign(&payload))
        })
        .collect();
    votes.sort_by_key(|(i, _)| *i);
    let certificate = Certificate::new(VoteKind::Commit, height, 0, hash, NO_PROOF, &set, votes);
    SignedHeader::new(&chain.head, certificate).expect("it is small")
}

/// Open a route to the head of `peer`, as Alice may by sudo.
pub fn open_route(chain: &mut Chain, peer: &mut Chain) {
    let route = NewRoute {
        chain: peer.state(Runtime::chain),
        header: TrustedHeader {
            height: peer.head.number,
            hash: peer.head.hash(),
            state_root: *peer.head.state_root(),
            timestamp: peer.now_ms,
        },
        set: peer.state(Pbft::deciding_set).set,
        trusting_period: TRUSTING_PERIOD,
        terms: TERMS,
        limit: 1_000_000 * UNIT,
        hub: false,
        entries: Default::default(),
    };
    let call = Call::<Runtime>::open_route {
        route: Box::new(route),
    };
    let sudo = pallet_sudo::Call::<Runtime>::sudo {
        call: Box::new(call.into()),
    };
    send(chain, Alice, sudo);
    assert!(chain.state(|| Runtime::route(0).is_none()));
}

/// Make a block with a call that must be executed and succeed.
pub fn send(chain: &mut Chain, who: Sr25519Keyring, call: impl Into<RuntimeCall>) {
    let nonce = chain.state(|| System::account_nonce(who.to_account_id()));
    let applied = chain.apply(|| sign(who, nonce, call));
    assert_eq!(applied, Ok(Ok(())));
}

pub fn address(chain: ChainId, account: &AccountId) -> ChainAddress {
    ChainAddress::new(chain, account.encode()).expect("32 bytes fit")
}

/// A proof of what the head of `chain` has at these keys.
pub fn prove(chain: &mut Chain, keys: Vec<Vec<u8>>) -> StorageProof {
    let nodes = chain.prove(keys);
    StorageProof::new(nodes).expect("it is small")
}

/// What a node of `to` can submit of what the head of `from` proves.
pub fn cargo(from: &mut Chain, to: &mut Chain) -> Vec<Submission> {
    let (peer, own) = (from.state(Runtime::chain).id, to.state(Runtime::chain).id);
    let mut all = Vec::new();
    let height = from.head.number;
    let client = to
        .state(|| Runtime::client(peer))
        .expect("there is a route");
    if client.state.latest.height < height {
        let headers = vec![head(from)].try_into().expect("it is one");
        all.push(Submission::UpdateClient { peer, headers });
    }
    let ours = to.state(|| Runtime::route(peer)).expect("there is a route");
    let theirs = from
        .state(|| Runtime::route(own))
        .expect("there is a route");
    for (ours, theirs) in ours.lanes.iter().zip(&theirs.lanes) {
        let lane = ours.lane;
        let first = ours.inbound.next;
        let packets = from.state(|| Runtime::packets(own, lane, first, 16));
        if !packets.is_empty() {
            let count = packets.len() as u32;
            let keys =
                from.state(|| Runtime::proof_keys(own, lane, ProofOf::Packets { first, count }));
            let packets: Vec<_> = packets.into_iter().map(|view| view.packet).collect();
            all.push(Submission::Deliver {
                peer,
                lane,
                first,
                packets: packets.try_into().expect("they are few"),
                height,
                proof: prove(from, keys),
            });
        }
        let first = ours.outbound.acknowledged;
        let results = from.state(|| Runtime::results(own, lane, first, 16));
        if !results.is_empty() {
            let count = results.len() as u32;
            let keys =
                from.state(|| Runtime::proof_keys(own, lane, ProofOf::Results { first, count }));
            let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
            all.push(Submission::Acknowledge {
                peer,
                lane,
                first,
                results: results.try_into().expect("they are few"),
                height,
                proof: prove(from, keys),
            });
        }
        if theirs.outbound.acknowledged > ours.inbound.pruned {
            let keys = from.state(|| Runtime::proof_keys(own, lane, ProofOf::Outbound));
            all.push(Submission::Prune {
                peer,
                lane,
                acknowledged: theirs.outbound.acknowledged,
                height,
                proof: prove(from, keys),
            });
        }
    }
    all
}

/// Carry what the head of `from` proves to `to`, in one block.
pub fn carry(from: &mut Chain, to: &mut Chain) {
    to.now_ms = to.now_ms.max(from.now_ms);
    let cargo = cargo(from, to);
    let (_, results) = to.block(200, || cargo.into_iter().map(Runtime::extrinsic).collect());
    assert!(results.iter().all(|r| *r == Ok(Ok(()))), "{results:?}");
}

/// What an auditor reads.
pub fn side(chain: &mut Chain, peer: ChainId) -> Side {
    chain.state(|| {
        let route = Runtime::route(peer).expect("there is a route");
        let mut side = Side {
            book: route.book,
            ..Default::default()
        };
        for view in route.lanes {
            side.outbound.push(view.outbound);
            side.inbound.push(view.inbound);
        }
        for lane in 0..LANES {
            for (nonce, packet) in Outbound::<Runtime>::iter_prefix((peer, lane)) {
                let topped_up = match packet.packet.payload {
                    Payload::Book(Entry::ToppedUp { amount }) => amount,
                    _ => 0,
                };
                let in_flight = InFlight {
                    claim: packet.claim,
                    refunded: packet.refunded,
                    topped_up,
                };
                side.in_flight.insert((lane, nonce), in_flight);
            }
            for (nonce, result) in Runtime::results(peer, lane, 0, u32::MAX) {
                side.results.insert((lane, nonce), result);
            }
        }
        side
    })
}

/// Two hubs with a route between them, and nothing in flight.
pub struct Two {
    pub a: Chain,
    pub b: Chain,
}

impl Two {
    pub fn new() -> Self {
        let (mut a, mut b) = (Chain::new(LOCAL), Chain::new(STAKE));
        a.block(200, Vec::new);
        b.block(200, Vec::new);
        open_route(&mut a, &mut b);
        open_route(&mut b, &mut a);
        let top_up = |peer| Call::<Runtime>::top_up {
            peer,
            amount: RESERVE,
        };
        send(&mut a, Bob, top_up(B));
        send(&mut b, Bob, top_up(A));
        let mut pair = Self { a, b };
        pair.settle();
        pair
    }

    pub fn audit(&mut self) {
        let (a, b) = (side(&mut self.a, B), side(&mut self.b, A));
        audit(&a, &b).expect("the books agree");
        self.a.try_state();
        self.b.try_state();
    }

    pub fn carry_to_b(&mut self) {
        carry(&mut self.a, &mut self.b);
        self.audit();
    }

    pub fn carry_to_a(&mut self) {
        carry(&mut self.b, &mut self.a);
        self.audit();
    }

    pub fn settle(&mut self) {
        for _ in 0..10 {
            self.carry_to_b();
            self.carry_to_a();
            let quiet = |side: Side| side.in_flight.is_empty() && side.results.is_empty();
            if quiet(side(&mut self.a, B)) && quiet(side(&mut self.b, A)) {
                return;
            }
        }
        panic!("it does not settle");
    }
}
