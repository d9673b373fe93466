// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Two chains with a route between them: what tests do on them, and the auditor who reads both.

use crate::{
    client::{Account, Client},
    rpc::{bytes_of, hex, Rpc},
    wait_for, wait_for_some,
};
use anyhow::{ensure, Context, Result};
use codec::{Compact, Decode, DecodeAll, Encode};
use hansa_interchain_primitives::{
    api::{ClientView, PacketView, RouteView},
    audit::{audit, InFlight, Side},
    packet::ChainRef,
    rate::Terms,
    Book, ChainAddress, ChainId, Entry, LaneId, Nonce, PacketResult, Payload, Rate, TrustedHeader,
    LANES,
};
use hansa_pallet_interchain::types::{NewRoute, OutboundPacket};
use hansa_pbft_primitives::{ConsensusState, PreDigest};
use hansa_primitives::{AccountId, Balance, Header};
use serde_json::json;
use sp_core::H256;
use sp_crypto_hashing::{blake2_128, twox_128, twox_64};
use std::sync::atomic::{AtomicU32, Ordering};
use subxt::{
    ext::{scale_encode, scale_type_resolver::TypeResolver},
    tx::Payload as CallPayload,
};

/// The least that an account has on a hub.
const EXISTENTIAL_DEPOSIT: Balance = 1_000_000_000;

/// For how long tests' chains trust each other's headers, in milliseconds: an hour.
const TRUSTING_MS: u64 = 60 * 60 * 1_000;

/// The account of a hub's reserves: that of the pallet id `hnsa/int`.
const RESERVES: &[u8] = b"modlhnsa/int";

/// How many packets or results are read at once.
const PAGE: u32 = 1_000;

/// A call whose arguments are encoded already.
#[derive(Clone, Debug)]
pub struct Call {
    pallet: &'static str,
    name: &'static str,
    arguments: Arguments,
}

/// See [`Call`].
#[derive(Clone, Debug)]
pub struct Arguments(Vec<u8>);

impl scale_encode::EncodeAsFields for Arguments {
    fn encode_as_fields_to<R: TypeResolver>(
        &self,
        _: &mut dyn scale_encode::FieldIter<'_, R::TypeId>,
        _: &R,
        out: &mut Vec<u8>,
    ) -> Result<(), scale_encode::Error> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

impl CallPayload for Call {
    type CallData = Arguments;

    fn pallet_name(&self) -> &str {
        self.pallet
    }

    fn call_name(&self) -> &str {
        self.name
    }

    fn call_data(&self) -> &Arguments {
        &self.arguments
    }
}

fn interchain(name: &'static str, arguments: impl Encode) -> Call {
    Call {
        pallet: "Interchain",
        name,
        arguments: Arguments(arguments.encode()),
    }
}

/// The chain address of an account.
///
/// # Panics
///
/// Never: 32 bytes fit.
pub fn address(chain: ChainId, account: &Account) -> ChainAddress {
    ChainAddress::new(chain, account.0.to_vec()).expect("32 bytes fit")
}

/// `Interchain::transfer`.
pub fn transfer(to: &ChainAddress, amount: Balance) -> Call {
    interchain("transfer", (to, Compact(amount)))
}

/// `Interchain::send_call`, of up to so much time, which is paid for at the base price.
pub fn send_call(peer: ChainId, call: Vec<u8>, ref_time: u64) -> Call {
    let weight = (Compact(ref_time), Compact(1_000_000u64));
    let payment = Compact(Balance::from(ref_time));
    interchain("send_call", (peer, call, weight, payment))
}

/// `Interchain::top_up`.
pub fn top_up(peer: ChainId, amount: Balance) -> Call {
    interchain("top_up", (peer, Compact(amount)))
}

/// `Interchain::open_route`, which is for governance.
pub fn open_route(route: NewRoute) -> Call {
    interchain("open_route", route)
}

/// `Sudo::sudo` of a call.
pub async fn sudo(api: &Client, call: &impl CallPayload) -> Result<Call> {
    Ok(Call {
        pallet: "Sudo",
        name: "sudo",
        arguments: Arguments(encoded(api, call).await?),
    })
}

/// `Utility::batch_all` of calls.
pub async fn batch(api: &Client, calls: &[Call]) -> Result<Call> {
    let count = u32::try_from(calls.len())?;
    let mut arguments = Compact(count).encode();
    for call in calls {
        arguments.extend(encoded(api, call).await?);
    }
    Ok(Call {
        pallet: "Utility",
        name: "batch_all",
        arguments: Arguments(arguments),
    })
}

/// A call as the chain encodes it.
pub async fn encoded(api: &Client, call: &impl CallPayload) -> Result<Vec<u8>> {
    Ok(api.tx().await?.call_data(call)?)
}

/// One of two chains, with the nodes that may be asked.
#[derive(Clone, Debug)]
pub struct End {
    /// The chain.
    pub chain: ChainRef,
    urls: Vec<String>,
}

impl End {
    /// The chain of the nodes at these addresses.
    pub async fn of(urls: Vec<String>) -> Result<Self> {
        let mut end = Self {
            chain: ChainRef {
                id: 0,
                genesis: H256::zero(),
            },
            urls,
        };
        let rpc = end.rpc().await?;
        end.chain = rpc.runtime("InterchainApi_chain", &[], None).await?;
        ensure!(end.chain.id != 0, "the chain has no id");
        Ok(end)
    }

    /// Its id.
    pub fn id(&self) -> ChainId {
        self.chain.id
    }

    /// Its id as a parameter of JSON-RPC.
    pub fn id_text(&self) -> String {
        format!("{:x}", self.chain.id)
    }

    /// The node that knows most, of those that answer: one that was just started is behind.
    async fn best(&self) -> Result<(String, Rpc)> {
        wait_for_some("a node of the chain", || async {
            let mut best: Option<(u32, &String, Rpc)> = None;
            for url in &self.urls {
                let Ok(rpc) = Rpc::connect(url).await else {
                    continue;
                };
                let Ok(head) = rpc.finalized().await else {
                    continue;
                };
                if best
                    .as_ref()
                    .is_none_or(|(number, ..)| head.number > *number)
                {
                    best = Some((head.number, url, rpc));
                }
            }
            Ok(best.map(|(_, url, rpc)| (url.clone(), rpc)))
        })
        .await
    }

    /// A connection to the node that knows most.
    pub async fn rpc(&self) -> Result<Rpc> {
        Ok(self.best().await?.1)
    }

    /// A client of the node that knows most.
    pub async fn api(&self) -> Result<Client> {
        let (url, _) = self.best().await?;
        crate::client::connect_patient(&url).await
    }

    /// What governance of another chain would look at: the last final block, and who decides the next.
    async fn described(&self, entries: &[String]) -> Result<NewRoute> {
        let rpc = self.rpc().await?;
        let head = rpc.finalized().await?;
        let header = header(&rpc, head.hash).await?;
        let state: ConsensusState = rpc
            .runtime("PbftApi_consensus_state", &[], Some(head.hash))
            .await?;
        let digest = PreDigest::find(&header.digest).context("a header without a time")?;
        let entries: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.clone().into_bytes().try_into().ok())
            .collect();
        Ok(NewRoute {
            chain: self.chain,
            header: TrustedHeader {
                height: header.number,
                hash: head.hash,
                state_root: header.state_root,
                timestamp: digest.timestamp_ms,
            },
            set: state.set,
            trusting_period: TRUSTING_MS,
            terms: Terms {
                rate: Rate::PAR,
                low_charge: EXISTENTIAL_DEPOSIT,
                high_charge: EXISTENTIAL_DEPOSIT,
            },
            limit: Balance::MAX / 4,
            hub: false,
            entries: entries.try_into().ok().context("too many entries")?,
        })
    }

    /// The book of the accounts with another chain, at the last final block.
    pub async fn book(&self, peer: ChainId) -> Result<Book> {
        let rpc = self.rpc().await?;
        let head = rpc.finalized().await?;
        let route = self.route(&rpc, peer, head.hash).await?;
        Ok(route.context("there is no route")?.book)
    }

    /// The route to another chain, in the state of a block.
    pub async fn route(&self, rpc: &Rpc, peer: ChainId, at: H256) -> Result<Option<RouteView>> {
        rpc.runtime("InterchainApi_route", &peer.encode(), Some(at))
            .await
    }
}

/// Open routes between two chains by Alice's sudo, pay `reserve` in on both sides, and wait until
/// both know of it.
pub async fn open_routes(
    (a, entries_a): (&End, &[String]),
    (b, entries_b): (&End, &[String]),
    reserve: Balance,
) -> Result<()> {
    use crate::client::submit;
    let alice = subxt_signer::sr25519::dev::alice();
    for (at, to, entries) in [(a, b, entries_b), (b, a, entries_a)] {
        let api = at.api().await?;
        let open = open_route(to.described(entries).await?);
        submit(&api, &sudo(&api, &open).await?, &alice).await?;
    }
    for (at, to) in [(a, b), (b, a)] {
        submit(&at.api().await?, &top_up(to.id(), reserve), &alice).await?;
    }
    for (at, to) in [(a, b), (b, a)] {
        wait_for("the other chain to tell of the reserve", || async {
            let rpc = at.rpc().await?;
            let head = rpc.finalized().await?;
            let route = at.route(&rpc, to.id(), head.hash).await?;
            Ok(route.is_some_and(|route| route.book.ours >= reserve))
        })
        .await?;
    }
    Ok(())
}

/// A header.
pub async fn header(rpc: &Rpc, hash: H256) -> Result<Header> {
    let header = rpc.call("chain_getHeader", vec![json!(hash)]).await?;
    let header: Option<Header> = serde_json::from_value(header)?;
    header.context("the node has no such header")
}

/// Reads two chains at final blocks, and proves that between them nothing was made and nothing was lost.
pub struct Auditor {
    /// The two chains.
    pub ends: [End; 2],
    /// How much each has issued, if that never changes.
    issuance: [Option<Balance>; 2],
    audits: AtomicU32,
}

impl Auditor {
    /// An auditor of two chains by proof of authority, which make no new money.
    pub async fn new(a: End, b: End) -> Result<Self> {
        let mut auditor = Self::of([a, b]);
        for (end, issued) in auditor.ends.iter().zip(&mut auditor.issuance) {
            let rpc = end.rpc().await?;
            let head = rpc.finalized().await?;
            *issued = Some(total_issuance(&rpc, head.hash).await?);
        }
        Ok(auditor)
    }

    /// An auditor of chains that make new money, of which there is one at least: a hub rewards its validators.
    pub fn of(ends: [End; 2]) -> Self {
        Self {
            ends,
            issuance: [None; 2],
            audits: AtomicU32::new(0),
        }
    }

    /// How many pairs of states it has compared.
    pub fn audits(&self) -> u32 {
        self.audits.load(Ordering::Relaxed)
    }

    /// Compare the chains at the last final block of each, with the last block of the other that it knows.
    ///
    /// Such two blocks are a cut: the other chain's block was final before this one was made, so it knows
    /// nothing of this chain that comes after.
    ///
    /// # Errors
    ///
    /// A chain cannot be read.
    ///
    /// # Panics
    ///
    /// If something was made or lost: whoever tries again after an error must not miss that.
    pub async fn audit(&self) -> Result<()> {
        let [a, b] = &self.ends;
        let [issued_a, issued_b] = self.issuance;
        self.cut_once((a, issued_a), (b, issued_b)).await?;
        self.cut_once((b, issued_b), (a, issued_a)).await
    }

    /// Compare them as soon as both can be read: nodes come and go.
    async fn cut_once(
        &self,
        at: (&End, Option<Balance>),
        to: (&End, Option<Balance>),
    ) -> Result<()> {
        wait_for("both chains to be read", || async {
            self.cut(at, to).await?;
            Ok(true)
        })
        .await
    }

    async fn cut(
        &self,
        (at, issued): (&End, Option<Balance>),
        (to, others): (&End, Option<Balance>),
    ) -> Result<()> {
        let rpc = at.rpc().await?;
        let head = rpc.finalized().await?;
        let view: Option<ClientView> = rpc
            .runtime("InterchainApi_client", &to.id().encode(), Some(head.hash))
            .await?;
        let known = view.context("there is no route")?.state.latest;
        let other = to.rpc().await?;
        // The node that is asked may be a moment behind.
        wait_for("a node to have the other chain's block", || async {
            Ok(other.block_hash(known.height).await? == Some(known.hash))
        })
        .await?;
        let Some(theirs) = side(to, &other, at.id(), known.hash).await? else {
            // It knows a block in which the other chain had no route yet.
            return Ok(());
        };
        let ours = side(at, &rpc, to.id(), head.hash).await?;
        let ours = ours.context("there is no route")?;
        if let Err(error) = audit(&ours, &theirs) {
            panic!(
                "{error:#}: {:x} at {}, {:x} at {}: {ours:?} {theirs:?}",
                at.id(),
                head.number,
                to.id(),
                known.height
            );
        }
        check_chain(&rpc, head.hash, &ours, issued).await?;
        check_chain(&other, known.hash, &theirs, others).await?;
        self.audits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Wait until nothing is in flight and no result is kept, auditing all the time.
    pub async fn settle(&self) -> Result<()> {
        wait_for("all packets to be settled", || async {
            self.audit().await?;
            let [a, b] = &self.ends;
            Ok(quiet(a, b).await? && quiet(b, a).await?)
        })
        .await
    }
}

async fn quiet(at: &End, to: &End) -> Result<bool> {
    let rpc = at.rpc().await?;
    let head = rpc.finalized().await?;
    let side = side(at, &rpc, to.id(), head.hash).await?;
    Ok(side.is_some_and(|side| side.in_flight.is_empty() && side.results.is_empty()))
}

/// What of a chain is its own: no money is made, and what other chains have with it is there.
async fn check_chain(rpc: &Rpc, at: H256, side: &Side, issued: Option<Balance>) -> Result<()> {
    let now = total_issuance(rpc, at).await?;
    let is_as_before = issued.is_none_or(|issued| now == issued);
    assert!(is_as_before, "{issued:?} were issued, now {now} are");
    let mut account = RESERVES.to_vec();
    account.resize(32, 0);
    let mut key = [twox_128(b"System"), twox_128(b"Account")].concat();
    key.extend(blake2_128(&account));
    key.extend(&account);
    let record = storage_at(rpc, &key, at).await?;
    let record = record.context("the account of reserves does not exist")?;
    let (_, free): ([u32; 4], Balance) = Decode::decode(&mut &record[..])?;
    let needed = side.book.theirs.saturating_add(EXISTENTIAL_DEPOSIT);
    assert_eq!(
        free, needed,
        "the reserves have the first, and owe the other"
    );
    Ok(())
}

async fn total_issuance(rpc: &Rpc, at: H256) -> Result<Balance> {
    let key = [twox_128(b"Balances"), twox_128(b"TotalIssuance")].concat();
    let value = storage_at(rpc, &key, at).await?;
    Ok(Decode::decode(&mut &value.context("no issuance")?[..])?)
}

/// The value under a storage key in the state of a block.
async fn storage_at(rpc: &Rpc, key: &[u8], at: H256) -> Result<Option<Vec<u8>>> {
    let params = vec![json!(hex(key)), json!(at)];
    let answer = rpc.call("state_getStorage", params).await?;
    (!answer.is_null()).then(|| bytes_of(&answer)).transpose()
}

/// The key of a packet that is sent and not settled.
fn outbound_key(peer: ChainId, lane: LaneId, nonce: Nonce) -> Vec<u8> {
    let mut key = [twox_128(b"Interchain"), twox_128(b"Outbound")].concat();
    for part in [peer.encode(), lane.encode(), nonce.encode()] {
        key.extend(twox_64(&part));
        key.extend(part);
    }
    key
}

/// A chain's half of a route in the state of a block; none if there is no route.
async fn side(end: &End, rpc: &Rpc, peer: ChainId, at: H256) -> Result<Option<Side>> {
    let Some(route) = end.route(rpc, peer, at).await? else {
        return Ok(None);
    };
    let mut side = Side {
        book: route.book,
        ..Default::default()
    };
    for view in &route.lanes {
        side.outbound.push(view.outbound);
        side.inbound.push(view.inbound);
    }
    for lane in 0..LANES {
        let arguments = (peer, lane, 0u64, PAGE).encode();
        let packets: Vec<PacketView> = rpc
            .runtime("InterchainApi_packets", &arguments, Some(at))
            .await?;
        for view in packets {
            let value = storage_at(rpc, &outbound_key(peer, lane, view.nonce), at).await?;
            let value = value.context("a packet without its record")?;
            let record: OutboundPacket<AccountId> = DecodeAll::decode_all(&mut &value[..])?;
            let topped_up = match view.packet.payload {
                Payload::Book(Entry::ToppedUp { amount }) => amount,
                _ => 0,
            };
            let in_flight = InFlight {
                claim: record.claim,
                refunded: record.refunded,
                topped_up,
            };
            side.in_flight.insert((lane, view.nonce), in_flight);
        }
        let results: Vec<(Nonce, PacketResult)> = rpc
            .runtime("InterchainApi_results", &arguments, Some(at))
            .await?;
        for (nonce, result) in results {
            side.results.insert((lane, nonce), result);
        }
    }
    Ok(Some(side))
}
