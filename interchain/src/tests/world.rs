// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A chain that does nothing but talk to another one: its state, its blocks, and what it does with what is
//! submitted.

pub use super::hub::*;
use crate::chain::ChainError;
use codec::Encode;
use hansa_interchain_primitives::{
    api::{PacketState, PacketView, Parameters, Submission},
    claims,
    client::{self, Clock},
    keys,
    lane::{is_expired, nonces, proves_timeout, LANES},
    packet::ChainRef,
    AccountBytes, Amounts, Balance, ChainId, ClientState, Hash, Height, InboundLane, LaneId,
    Moment, Nonce, OutboundLane, Outcome, Packet, PacketResult, Passage, PastSet, Payload,
    RecoveryView, SignedHeader, TrustedHeader, TRANSFER_LANE,
};
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    Authority, AuthorityIndex, AuthorityPair, AuthoritySet, Certificate, ConsensusLog, PreDigest,
    SetId, SigningContext, View, VoteKind,
};
use hansa_primitives::Header;
use sp_core::{Blake2Hasher, Pair};
use sp_runtime::{traits::Header as _, Digest, StateVersion};
use sp_state_machine::InMemoryBackend;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The bounds of the chains.
pub const PARAMETERS: Parameters = Parameters {
    window: 32,
    max_batch: 8,
    max_block_items: 64,
    packets_per_second: 100,
    headers_per_second: 10,
    max_stored_headers: 16,
    timeout: 60_000,
    trusting_period: 3_600_000,
    max_clock_drift: 10_000,
};

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn wall_clock() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as Moment
}

fn pair(seed: u8, i: AuthorityIndex) -> AuthorityPair {
    AuthorityPair::from_seed(&[seed.wrapping_add(i as u8); 32])
}

pub fn make_set(id: SetId, seed: u8) -> AuthoritySet {
    let list = (0..4).map(|i| Authority {
        key: pair(seed, i).public(),
        weight: 1,
    });
    AuthoritySet::new(id, list.collect()).unwrap()
}

pub fn certify(
    genesis: Hash,
    set: &AuthoritySet,
    seed: u8,
    height: Height,
    hash: Hash,
) -> Certificate {
    certify_in(genesis, set, seed, (height, 0), hash)
}

/// As [`certify`], in a view.
pub fn certify_in(
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

/// What the chain's state has.
#[derive(Clone)]
pub struct State {
    pub outbound: [OutboundLane; LANES as usize],
    pub inbound: [InboundLane; LANES as usize],
    pub sent: BTreeMap<(LaneId, Nonce), PacketView>,
    pub results: BTreeMap<(LaneId, Nonce), PacketResult>,
    pub client: Option<ClientState>,
    pub client_set: Option<AuthoritySet>,
    pub headers: Vec<TrustedHeader>,
    pub entries: Vec<Vec<u8>>,
    /// How packets ended that were sent.
    pub delivered: Vec<Nonce>,
    pub refunded: Vec<Nonce>,
    pub frozen: bool,
    /// Sets of the other chain that decide no more.
    pub past: Vec<PastSet>,
    pub header_due: bool,
    /// The chain's hub, if it has one beside the other chain.
    pub hub: Option<HubClient>,
    /// The record that the chain, a hub, has made last, and of which chain.
    pub record: Option<(ChainId, RecoveryView)>,
}

pub struct Block {
    pub header: Header,
    pub signed: SignedHeader,
    pub backend: InMemoryBackend<Blake2Hasher>,
    pub state: State,
}

/// A chain; its nodes share it.
pub struct World {
    pub own: ChainRef,
    pub peer: ChainRef,
    pub seed: u8,
    pub set: AuthoritySet,
    pub next_set: Option<(AuthoritySet, u8)>,
    pub hand_overs: BTreeMap<SetId, Height>,
    /// The first blocks of sets that a record of the hub brought.
    pub recoveries: BTreeMap<SetId, Height>,
    /// How often its nodes were asked for a record.
    pub asked_for_records: usize,
    pub blocks: Vec<Block>,
    pub state: State,
    pub now: Moment,
}

pub type Shared = Arc<Mutex<World>>;

pub fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

/// Two chains that know each other's first block.
pub fn two_chains() -> (Shared, Shared) {
    let chain = |id: u32| ChainRef {
        id,
        genesis: Hash::repeat_byte(id as u8),
    };
    let mut a = World::new(chain(0xa), chain(0xb));
    let mut b = World::new(chain(0xb), chain(0xa));
    a.block(Vec::new());
    b.block(Vec::new());
    a.open(&b);
    b.open(&a);
    a.block(Vec::new());
    b.block(Vec::new());
    (Arc::new(Mutex::new(a)), Arc::new(Mutex::new(b)))
}

/// A light client of a chain that begins with a header.
pub fn client_of(other: &World, header: TrustedHeader) -> (ClientState, AuthoritySet) {
    let (genesis, trusting) = (other.own.genesis, PARAMETERS.trusting_period);
    let state = ClientState::new(genesis, header, other.set.id, trusting);
    (state, other.set.clone())
}

impl World {
    pub fn new(own: ChainRef, peer: ChainRef) -> Self {
        let seed = own.id as u8 * 16;
        Self {
            own,
            peer,
            seed,
            set: make_set(0, seed),
            next_set: None,
            hand_overs: BTreeMap::new(),
            recoveries: BTreeMap::new(),
            asked_for_records: 0,
            blocks: Vec::new(),
            state: State {
                outbound: Default::default(),
                inbound: Default::default(),
                sent: BTreeMap::new(),
                results: BTreeMap::new(),
                client: None,
                client_set: None,
                headers: Vec::new(),
                entries: Vec::new(),
                delivered: Vec::new(),
                refunded: Vec::new(),
                frozen: false,
                past: Vec::new(),
                header_due: false,
                hub: None,
                record: None,
            },
            now: wall_clock() - 5_000,
        }
    }

    pub fn trusted(&self) -> TrustedHeader {
        let block = self.blocks.last().unwrap();
        TrustedHeader {
            height: block.header.number,
            hash: block.header.hash(),
            state_root: block.header.state_root,
            timestamp: self.now,
        }
    }

    pub fn open(&mut self, other: &World) {
        let header = other.trusted();
        let (state, set) = client_of(other, header);
        self.state.client = Some(state);
        self.state.client_set = Some(set);
        self.state.headers.push(header);
    }

    pub fn height(&self) -> Height {
        self.blocks.len() as Height
    }

    /// Send a packet, with the next block.
    pub fn send(&mut self, timeout: Moment) -> Nonce {
        let lane = TRANSFER_LANE;
        let nonce = self.state.outbound[lane as usize]
            .send(PARAMETERS.window)
            .unwrap();
        let account = AccountBytes::truncate_from(vec![7; 32]);
        let amount: Balance = 1 + Balance::from(nonce);
        let packet = Packet {
            sender: account.clone(),
            timeout,
            payload: Payload::Transfer {
                to: account,
                amounts: Amounts {
                    source: amount,
                    destination: amount,
                },
            },
        };
        let view = PacketView {
            lane,
            nonce,
            packet,
            state: PacketState::Pending,
            sent_at: self.now,
            age: 0,
        };
        self.state.sent.insert((lane, nonce), view);
        nonce
    }

    /// Make a block of these. Returns how many were in order.
    pub fn block(&mut self, submissions: Vec<Submission>) -> usize {
        self.now = (self.now + 1).max(wall_clock());
        let count = submissions
            .into_iter()
            .filter(|submission| self.apply(submission).is_some())
            .count();
        let number = self.height() + 1;
        let parent = self
            .blocks
            .last()
            .map_or(self.own.genesis, |b| b.header.hash());
        let pre = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: self.now,
        };
        let mut logs = vec![pre.to_digest_item()];
        let next_set = self.next_set.take();
        if let Some((set, _)) = &next_set {
            logs.push(ConsensusLog::SetChange(set.clone()).to_digest_item());
            self.hand_overs.insert(set.id, number);
        }
        let backend = self.backend();
        let header = Header::new(
            number,
            Hash::zero(),
            *backend.root(),
            parent,
            Digest { logs },
        );
        let certificate = certify(
            self.own.genesis,
            &self.set,
            self.seed,
            number,
            header.hash(),
        );
        let signed = SignedHeader::new(&header, certificate).unwrap();
        self.blocks.push(Block {
            header,
            signed,
            backend,
            state: self.state.clone(),
        });
        if let Some((set, seed)) = next_set {
            (self.set, self.seed) = (set, seed);
        }
        count
    }

    fn backend(&self) -> InMemoryBackend<Blake2Hasher> {
        let (state, peer) = (&self.state, self.peer.id);
        let mut items = vec![];
        let mut put = |key: Vec<u8>, value: Vec<u8>| items.push((key, Some(value)));
        for lane in 0..LANES {
            put(
                keys::outbound_lane(peer, lane),
                state.outbound[lane as usize].encode(),
            );
            if state.inbound[lane as usize] != InboundLane::default() {
                put(
                    keys::inbound_lane(peer, lane),
                    state.inbound[lane as usize].encode(),
                );
            }
        }
        for ((lane, nonce), view) in &state.sent {
            let place = Passage {
                source: self.own,
                destination: self.peer,
                lane: *lane,
                nonce: *nonce,
            };
            put(
                keys::commitment(peer, *lane, *nonce),
                view.packet.commitment(&place).encode(),
            );
        }
        for ((lane, nonce), result) in &state.results {
            put(keys::result(peer, *lane, *nonce), result.encode());
        }
        for (key, value) in self.record_items() {
            put(key, value);
        }
        // What else is in a state.
        for i in 0..64u32 {
            put(
                sp_crypto_hashing::blake2_256(&i.encode()).to_vec(),
                vec![1; 40],
            );
        }
        InMemoryBackend::<Blake2Hasher>::default().update(vec![(None, items)], StateVersion::V1)
    }

    pub fn root(&self, height: Height) -> Option<TrustedHeader> {
        let mut headers = self.state.headers.iter();
        headers.find(|header| header.height == height).copied()
    }

    /// What the runtime does with a submission; none if it refuses it.
    fn apply(&mut self, submission: &Submission) -> Option<()> {
        let (own, peer) = (self.own, self.peer);
        if self.state.frozen {
            return None;
        }
        match submission {
            Submission::UpdateClient { peer: of, headers } if *of == peer.id => {
                self.update(headers)
            }
            Submission::UpdateClient { headers, .. } => self.update_hub(headers),
            Submission::RecoverClient {
                record,
                at,
                height,
                proof,
                ..
            } => self.recover(record, *at, *height, proof),
            Submission::Deliver {
                lane,
                first,
                packets,
                height,
                proof,
                ..
            } => {
                let root = self.root(*height)?.state_root;
                let place = |nonce| Passage {
                    source: peer,
                    destination: own,
                    lane: *lane,
                    nonce,
                };
                claims::verify_packets(&root, &place(*first), packets, proof).ok()?;
                (self.state.inbound[*lane as usize].next == *first).then_some(())?;
                for (nonce, packet) in nonces(*first, packets.len()).zip(packets) {
                    let end = &mut self.state.inbound[*lane as usize];
                    end.take(nonce, PARAMETERS.window).ok()?;
                    let result = PacketResult {
                        commitment: packet.commitment(&place(nonce)),
                        outcome: match is_expired(packet.timeout, self.now) {
                            true => Outcome::Expired,
                            false => Outcome::Delivered,
                        },
                        charged: 0,
                        moved: Amounts::default(),
                    };
                    self.state.results.insert((*lane, nonce), result);
                }
                Some(())
            }
            Submission::Acknowledge {
                lane,
                first,
                results,
                height,
                proof,
                ..
            } => {
                let root = self.root(*height)?.state_root;
                claims::verify_results(&root, own.id, *lane, *first, results, proof).ok()?;
                (self.state.outbound[*lane as usize].acknowledged == *first).then_some(())?;
                for (nonce, result) in nonces(*first, results.len()).zip(results) {
                    self.state.outbound[*lane as usize].settle(nonce).ok()?;
                    let view = self.state.sent.remove(&(*lane, nonce)).unwrap();
                    match (view.state, result.outcome) {
                        (PacketState::Pending, Outcome::Delivered) => {
                            self.state.delivered.push(nonce)
                        }
                        (PacketState::Pending, _) => self.state.refunded.push(nonce),
                        (PacketState::TimedOut, outcome) => {
                            assert_eq!(outcome, Outcome::Expired, "an honest chain contradicts")
                        }
                    }
                }
                Some(())
            }
            Submission::TimeOut {
                lane,
                first,
                count,
                height,
                proof,
                ..
            } => {
                let header = self.root(*height)?;
                let end = claims::read_inbound(&header.state_root, own.id, *lane, proof).ok()?;
                for nonce in nonces(*first, *count as usize) {
                    let view = self.state.sent.get_mut(&(*lane, nonce))?;
                    let timeout = view.packet.timeout;
                    let proven = proves_timeout(timeout, header.timestamp, nonce, end.next);
                    (proven && view.state == PacketState::Pending).then_some(())?;
                    view.state = PacketState::TimedOut;
                    self.state.refunded.push(nonce);
                }
                Some(())
            }
            Submission::Prune {
                lane,
                acknowledged,
                height,
                proof,
                ..
            } => {
                let root = self.root(*height)?.state_root;
                let end = claims::read_outbound(&root, own.id, *lane, proof).ok()?;
                (end.acknowledged == *acknowledged).then_some(())?;
                let inbound = &mut self.state.inbound[*lane as usize];
                let pruned = inbound.prune(*acknowledged, PARAMETERS.max_batch).ok()?;
                for nonce in pruned {
                    self.state.results.remove(&(*lane, nonce));
                }
                Some(())
            }
            Submission::Misbehaviour { misbehaviour, .. } => {
                let (state, set) = (self.state.client?, self.state.client_set.clone()?);
                let hash = client::set_hash(&set);
                let mut past = self.state.past.iter();
                let past = past.find(|past| past.id == misbehaviour.set.id);
                misbehaviour
                    .verify(&state, &hash, past, self.now, verify_signature)
                    .ok()?;
                self.state.frozen = true;
                Some(())
            }
        }
    }

    fn update(&mut self, headers: &[SignedHeader]) -> Option<()> {
        let (state, set) = (self.state.client?, self.state.client_set.clone()?);
        let clock = Clock {
            now: self.now,
            drift: Some(PARAMETERS.max_clock_drift),
        };
        let update = client::update(&state, &set, headers, clock, verify_signature).ok()?;
        self.state.client = Some(update.state);
        self.state.client_set = Some(update.set.unwrap_or(set));
        self.state.headers.extend(update.headers);
        self.state.past.extend(update.past);
        let over = self
            .state
            .headers
            .len()
            .saturating_sub(PARAMETERS.max_stored_headers as usize);
        self.state.headers.drain(..over);
        self.state.header_due = false;
        Some(())
    }

    pub fn at(&self, hash: Hash) -> Result<&Block, ChainError> {
        let found = self.blocks.iter().find(|block| block.header.hash() == hash);
        found.ok_or(ChainError::Unreadable("no such block".into()))
    }
}
