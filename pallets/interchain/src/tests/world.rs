// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Chains with real states and real certificates, and a pair of them with a route.

pub use super::carry::*;
use crate::{mock::*, Call, Event};
use codec::Encode;
use frame_support::{
    dispatch::DispatchResult,
    traits::{Authorize, OnFinalize, OnInitialize},
};
use hansa_interchain_primitives::{
    audit::{audit, InFlight, Side},
    packet::ChainRef,
    rate::Terms,
    Balance, ChainAddress, ChainId, Entry, Hash, Height, Moment, Payload, Rate, SignedHeader,
    StorageProof, TrustedHeader, LANES,
};
use hansa_pbft_primitives::{
    statement::NO_PROOF, Authority, AuthorityIndex, AuthorityPair, AuthoritySet, Certificate,
    ConsensusLog, PreDigest, SetId, SigningContext, View, VoteKind,
};
use hansa_primitives::Header;
use sp_core::{Blake2Hasher, Pair};
use sp_runtime::{
    traits::{Dispatchable, Header as _},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    Digest, DispatchError,
};
use sp_state_machine::{prove_read, InMemoryBackend};
use std::collections::BTreeMap;

/// The time of the first block.
pub const START_MS: Moment = 1_700_000_000_000;
/// What each chain has with the other when a test begins, in the other's token.
pub const RESERVE: Balance = 100_000;
/// The most that each may have.
pub const LIMIT: Balance = 500_000;
/// What a packet is charged.
pub const CHARGE: Balance = 5;

/// A final block.
pub struct Final {
    pub header: Header,
    pub signed: SignedHeader,
    pub state: InMemoryBackend<Blake2Hasher>,
}

/// A chain.
pub struct Chain {
    pub id: ChainId,
    pub ext: sp_io::TestExternalities,
    pub genesis: Hash,
    /// The set that decides the next block, and where its keys come from.
    pub set: AuthoritySet,
    pub seed: u8,
    pub blocks: BTreeMap<Height, Final>,
    pub now: Moment,
    /// The sets that the next block hands over to.
    pub next_set: Option<(AuthoritySet, u8)>,
}

pub fn pair(seed: u8, i: AuthorityIndex) -> AuthorityPair {
    AuthorityPair::from_seed(&[seed.wrapping_add(i as u8); 32])
}

/// Four authorities.
pub fn make_set(id: SetId, seed: u8) -> AuthoritySet {
    let list = (0..4).map(|i| Authority {
        key: pair(seed, i).public(),
        weight: 1,
    });
    AuthoritySet::new(id, list.collect()).unwrap()
}

/// A certificate of three of a set.
pub fn certify(
    genesis: Hash,
    set: &AuthoritySet,
    seed: u8,
    (height, view): (Height, View),
    hash: Hash,
) -> Certificate {
    let context = SigningContext {
        genesis,
        set_id: set.id,
    };
    let statement = VoteKind::Commit.statement(hash, NO_PROOF);
    let payload = context.payload(height, view, &statement);
    let votes = [0, 2, 3].map(|i| (i, pair(seed, i).sign(&payload)));
    Certificate::new(VoteKind::Commit, height, view, hash, NO_PROOF, set, votes)
}

impl Chain {
    pub fn new(id: ChainId) -> Self {
        Self::with_genesis(id, Hash::repeat_byte(id as u8))
    }

    pub fn with_genesis(id: ChainId, genesis: Hash) -> Self {
        let seed = id as u8;
        let mut chain = Self {
            id,
            ext: crate::mock::genesis(id),
            genesis,
            set: make_set(0, seed),
            seed,
            blocks: BTreeMap::new(),
            now: START_MS,
            next_set: None,
        };
        chain.block(|| {});
        chain
    }

    pub fn chain_ref(&self) -> ChainRef {
        ChainRef {
            id: self.id,
            genesis: self.genesis,
        }
    }

    pub fn height(&self) -> Height {
        self.blocks.keys().next_back().copied().unwrap_or(0)
    }

    pub fn last(&self) -> &Final {
        &self.blocks[&self.height()]
    }

    pub fn trusted(&self) -> TrustedHeader {
        let header = &self.last().header;
        TrustedHeader {
            height: header.number,
            hash: header.hash(),
            state_root: header.state_root,
            timestamp: self.now,
        }
    }

    /// Look into the state.
    pub fn read<R>(&mut self, look: impl FnOnce() -> R) -> R {
        self.ext.execute_with(look)
    }

    /// Make a block, a second after the last, with `calls` in it, and make it final. The invariants of
    /// the storage must hold after it.
    pub fn block<R>(&mut self, calls: impl FnOnce() -> R) -> R {
        self.now += 1_000;
        let number = self.height() + 1;
        let parent = match self.height() {
            0 => self.genesis,
            _ => self.last().header.hash(),
        };
        let pre = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: self.now,
        }
        .to_digest_item();
        let mut logs = vec![pre];
        if let Some((set, _)) = &self.next_set {
            logs.push(ConsensusLog::SetChange(set.clone()).to_digest_item());
        }
        let digest = Digest { logs };
        let now = self.now;
        let result = self.ext.execute_with(|| {
            System::reset_events();
            System::initialize(&number, &parent, &digest);
            AllPalletsWithSystem::on_initialize(number);
            Timestamp::set(RuntimeOrigin::none(), now).unwrap();
            let result = calls();
            AllPalletsWithSystem::on_finalize(number);
            Interchain::do_try_state().unwrap();
            result
        });
        self.ext.commit_all().unwrap();
        let state = self.ext.as_backend();
        let header = Header::new(number, Hash::zero(), *state.root(), parent, digest);
        let certificate = certify(
            self.genesis,
            &self.set,
            self.seed,
            (number, 0),
            header.hash(),
        );
        let signed = SignedHeader::new(&header, certificate).unwrap();
        self.blocks.insert(
            number,
            Final {
                header,
                signed,
                state,
            },
        );
        if let Some((set, seed)) = self.next_set.take() {
            (self.set, self.seed) = (set, seed);
        }
        result
    }

    /// Make a block with a call of an account.
    pub fn signed(&mut self, who: AccountId, call: Call<Test>) -> DispatchResult {
        let call = RuntimeCall::Interchain(call);
        self.block(|| dispatch(call, RuntimeOrigin::signed(who)))
    }

    /// Make a block with a call of governance.
    pub fn root(&mut self, call: Call<Test>) -> DispatchResult {
        let call = RuntimeCall::Interchain(call);
        self.block(|| dispatch(call, RuntimeOrigin::root()))
    }

    /// Make a block with a call without a sender.
    pub fn submit(&mut self, call: Call<Test>) -> Result<(), Refused> {
        self.block(|| submit(call))
    }

    /// Hand over to the set of another seed with the next block.
    pub fn hand_over(&mut self, seed: u8) {
        self.next_set = Some((make_set(self.set.id + 1, seed), seed));
        self.block(|| {});
    }

    /// A proof of `keys` in the state of a final block.
    pub fn prove_at(&self, height: Height, keys: Vec<Vec<u8>>) -> StorageProof {
        let proof = prove_read(self.blocks[&height].state.clone(), keys).unwrap();
        StorageProof::new(proof.into_iter_nodes()).unwrap()
    }

    pub fn prove(&self, keys: Vec<Vec<u8>>) -> StorageProof {
        self.prove_at(self.height(), keys)
    }

    pub fn free(&mut self, who: AccountId) -> Balance {
        self.read(|| Balances::free_balance(who))
    }

    pub fn transfer(&mut self, to: ChainId, amount: Balance) -> DispatchResult {
        self.signed(ALICE, transfer(to, BOB, amount))
    }

    /// What the pallet said in the last block.
    pub fn events(&mut self) -> Vec<Event<Test>> {
        self.read(|| {
            let events = System::events().into_iter();
            events
                .filter_map(|record| match record.event {
                    RuntimeEvent::Interchain(event) => Some(event),
                    _ => None,
                })
                .collect()
        })
    }

    pub fn balance_of_reserves(&mut self) -> Balance {
        self.free_of_reserves() - ED
    }

    fn free_of_reserves(&mut self) -> Balance {
        self.read(|| Balances::free_balance(Interchain::reserve_account()))
    }

    pub fn book(&mut self, peer: ChainId) -> hansa_interchain_primitives::Book {
        self.read(|| crate::Books::<Test>::get(peer))
    }

    /// What an auditor reads.
    pub fn side(&mut self, peer: ChainId) -> Side {
        self.read(|| {
            let mut side = Side {
                book: crate::Books::<Test>::get(peer),
                ..Default::default()
            };
            for lane in 0..LANES {
                side.outbound
                    .push(crate::OutboundLanes::<Test>::get((peer, lane)));
                side.inbound
                    .push(crate::InboundLanes::<Test>::get((peer, lane)));
                for (nonce, packet) in crate::Outbound::<Test>::iter_prefix((peer, lane)) {
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
                for (nonce, result) in crate::Results::<Test>::iter_prefix((peer, lane)) {
                    side.results.insert((lane, nonce), result);
                }
            }
            side
        })
    }
}

/// Why a call without a sender is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is not authorised.
    Invalid(InvalidTransaction),
    /// It fails.
    Failed(DispatchError),
}

pub fn dispatch(call: RuntimeCall, origin: RuntimeOrigin) -> DispatchResult {
    // As an extrinsic is applied: all or nothing.
    frame_support::storage::with_storage_layer(|| {
        call.dispatch(origin).map(|_| ()).map_err(|e| e.error)
    })
}

/// Authorise a call as in a block, then dispatch it.
pub fn submit(call: Call<Test>) -> Result<(), Refused> {
    authorize(&call, TransactionSource::InBlock)?;
    let origin = frame_system::RawOrigin::Authorized.into();
    dispatch(RuntimeCall::Interchain(call), origin).map_err(Refused::Failed)
}

/// Ask whether a call may enter a pool or a block.
pub fn authorize(
    call: &Call<Test>,
    source: TransactionSource,
) -> Result<frame_support::pallet_prelude::ValidTransaction, Refused> {
    let call = RuntimeCall::Interchain(call.clone());
    match call.authorize(source).expect("it needs no sender") {
        Ok((validity, _)) => Ok(validity),
        Err(TransactionValidityError::Invalid(error)) => Err(Refused::Invalid(error)),
        Err(other) => panic!("{other:?}"),
    }
}

pub fn refused(error: InvalidTransaction) -> Result<(), Refused> {
    Err(Refused::Invalid(error))
}

pub fn address(chain: ChainId, account: AccountId) -> ChainAddress {
    ChainAddress::new(chain, account.encode()).unwrap()
}

pub fn transfer(chain: ChainId, to: AccountId, amount: Balance) -> Call<Test> {
    Call::transfer {
        to: address(chain, to),
        amount,
    }
}

pub const PAR: Terms = Terms {
    rate: Rate::PAR,
    low_charge: CHARGE,
    high_charge: CHARGE,
};

/// Two chains with a route between them.
pub struct World {
    pub a: Chain,
    pub b: Chain,
}

/// The ids of the two.
pub const A: ChainId = 0xa;
pub const B: ChainId = 0xb0;

pub fn route_to(peer: &Chain, terms: Terms) -> Call<Test> {
    let route = crate::types::NewRoute {
        chain: peer.chain_ref(),
        header: peer.trusted(),
        set: peer.set.clone(),
        trusting_period: TRUST_MS,
        terms,
        limit: LIMIT,
        hub: false,
        entries: Default::default(),
    };
    Call::open_route {
        route: Box::new(route),
    }
}

impl World {
    /// A route on these terms, without reserves.
    pub fn bare(terms: Terms) -> Self {
        let (mut a, mut b) = (Chain::new(A), Chain::new(B));
        a.root(route_to(&b, terms)).unwrap();
        b.root(route_to(&a, terms)).unwrap();
        Self { a, b }
    }

    /// A route with reserves on both sides, and nothing in flight.
    pub fn with_terms(terms: Terms) -> Self {
        let mut world = Self::bare(terms);
        world
            .a
            .signed(
                BOB,
                Call::top_up {
                    peer: B,
                    amount: RESERVE,
                },
            )
            .unwrap();
        world
            .b
            .signed(
                BOB,
                Call::top_up {
                    peer: A,
                    amount: RESERVE,
                },
            )
            .unwrap();
        world.settle();
        world
    }

    pub fn new() -> Self {
        Self::with_terms(PAR)
    }

    pub fn audit(&mut self) {
        let (a, b) = (self.a.side(B), self.b.side(A));
        audit(&a, &b).unwrap();
    }

    /// Carry everything both ways until nothing is in flight.
    pub fn settle(&mut self) {
        for _ in 0..20 {
            self.carry_to_b();
            self.audit();
            self.carry_to_a();
            self.audit();
            let quiet = |side: Side| side.in_flight.is_empty() && side.results.is_empty();
            if quiet(self.a.side(B)) && quiet(self.b.side(A)) {
                return;
            }
        }
        panic!("it does not settle");
    }

    pub fn carry_to_a(&mut self) {
        carry(&self.b, &mut self.a);
    }

    pub fn carry_to_b(&mut self) {
        carry(&self.a, &mut self.b);
    }

    /// Let time pass on both.
    pub fn wait(&mut self, ms: Moment) {
        let now = self.a.now.max(self.b.now).saturating_add(ms);
        (self.a.now, self.b.now) = (now, now);
        self.a.block(|| {});
        self.b.block(|| {});
    }
}
