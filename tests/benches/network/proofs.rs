// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What proofs and updates of a light client cost, by the number of authorities: `make bench ARGS="proofs"`.
//!
//! Native: the functions of the primitives, as the node runs them. In the runtime: what a node's pool asks it
//! of such a call, in wasm, less what an empty call of the runtime takes; a dev chain is started for that,
//! with a route to a chain of each size that exists in this program only.

use crate::micros;
use anyhow::{ensure, Context, Result};
use codec::{Decode, Encode};
use hansa_e2e::{
    client,
    interchain::{open_route, sudo},
    rpc::Rpc,
    Node, NodeConfig,
};
use hansa_interchain_primitives::{
    api::Submission,
    claims,
    client::{self as light_client, Clock},
    keys,
    packet::{ChainRef, Passage},
    rate::Terms,
    route::NewRoute,
    Amounts, Balance, ChainId, ClientState, Hash, Height, Moment, Packet, Payload, Rate,
    SignedHeader, StorageProof, TrustedHeader, TRANSFER_LANE,
};
use hansa_pallet_interchain::weights::WeightInfo;
use hansa_pbft_primitives::{
    statement::{verify_signature, NO_PROOF},
    Authority, AuthorityIndex, AuthorityPair, AuthoritySet, Certificate, ConsensusLog, PreDigest,
    SigningContext, VoteKind,
};
use hansa_primitives::Header;
use sp_core::{Blake2Hasher, Pair, H256};
use sp_runtime::{
    traits::Header as _,
    transaction_validity::{TransactionSource, TransactionValidity},
    Digest, OpaqueExtrinsic, StateVersion,
};
use sp_state_machine::{prove_read, InMemoryBackend};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The costs in the runtime; all of Hansa's chains have the same.
type Weights = ();

/// Picoseconds of weight in a microsecond.
const WEIGHT_PER_MICRO: f64 = 1e6;

/// The height of the header that is known.
const KNOWN: Height = 10;

/// For how long headers are trusted, in milliseconds: an hour.
const TRUSTED_MS: Moment = 3_600_000;

/// How many times something is done until the fastest one is taken: what disturbs makes slower only.
const BATCHES: u32 = 5;

/// How to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// The numbers of authorities.
    #[arg(long, value_delimiter = ',', default_value = "4,32,100")]
    authorities: Vec<u16>,
    /// How many other things are in the state of the chain that proves.
    #[arg(long, default_value_t = 100_000)]
    entries: u32,
    /// How many times the runtime is asked, per batch.
    #[arg(long, default_value_t = 40)]
    calls: u32,
}

/// A chain that exists in this program only.
struct Peer {
    chain: ChainRef,
    keys: Vec<AuthorityPair>,
    set: AuthoritySet,
    known: TrustedHeader,
    now: Moment,
}

impl Peer {
    fn new(authorities: u16, now: Moment) -> Result<Self> {
        let seed = |i: AuthorityIndex| sp_crypto_hashing::blake2_256(&(authorities, i).encode());
        let keys = (0..authorities).map(|i| AuthorityPair::from_seed(&seed(i)));
        let keys: Vec<_> = keys.collect();
        let list = keys.iter().map(|pair| Authority {
            key: pair.public(),
            weight: 1,
        });
        let set = AuthoritySet::new(0, list.collect()).context("so many can be no set")?;
        let chain = ChainRef {
            id: 0xbe00 + ChainId::from(authorities),
            genesis: Hash::repeat_byte(0xbe),
        };
        let known = TrustedHeader {
            height: KNOWN,
            hash: Hash::repeat_byte(1),
            state_root: Hash::repeat_byte(1),
            timestamp: now - 1_000,
        };
        Ok(Self {
            chain,
            keys,
            set,
            known,
            now,
        })
    }

    /// The next header, which hands over to `next` if there is one, with the signatures of a quorum and no
    /// more.
    fn signed(&self, next: Option<&AuthoritySet>) -> Result<SignedHeader> {
        let digest = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: self.now,
        };
        let mut logs = vec![digest.to_digest_item()];
        logs.extend(next.map(|set| ConsensusLog::SetChange(set.clone()).to_digest_item()));
        let (root, height) = (Hash::repeat_byte(2), KNOWN + 1);
        let header = Header::new(height, root, root, self.known.hash, Digest { logs });
        let context = SigningContext {
            genesis: self.chain.genesis,
            set_id: self.set.id,
        };
        let statement = VoteKind::Commit.statement(header.hash(), NO_PROOF);
        let payload = context.payload(height, 0, &statement);
        let votes = (0..).zip(&self.keys).take(self.quorum());
        let votes = votes.map(|(i, pair)| (i, pair.sign(&payload)));
        let kind = VoteKind::Commit;
        let certificate =
            Certificate::new(kind, height, 0, header.hash(), NO_PROOF, &self.set, votes);
        SignedHeader::new(&header, certificate).context("the header is too large")
    }

    fn quorum(&self) -> usize {
        self.keys.len() - (self.keys.len() - 1) / 3
    }

    fn route(&self) -> NewRoute {
        NewRoute {
            chain: self.chain,
            header: self.known,
            set: self.set.clone(),
            trusting_period: TRUSTED_MS,
            terms: Terms {
                rate: Rate::PAR,
                low_charge: 1_000_000_000,
                high_charge: 1_000_000_000,
            },
            limit: Balance::MAX / 4,
            hub: false,
            entries: Default::default(),
        }
    }
}

/// How long something takes: the mean of as many times as fit 100 ms, the fastest of some such batches.
fn time<T>(work: impl Fn() -> T) -> Duration {
    let batch = || {
        let (start, mut count) = (Instant::now(), 0u32);
        while start.elapsed() < Duration::from_millis(100) {
            std::hint::black_box(work());
            count += 1;
        }
        start.elapsed() / count
    };
    (0..BATCHES).map(|_| batch()).min().unwrap_or_default()
}

/// Measure, and print.
pub async fn measure(arguments: Arguments) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as Moment;
    let peers = arguments
        .authorities
        .iter()
        .map(|count| Peer::new(*count, now));
    let peers = peers.collect::<Result<Vec<_>>>()?;
    let signature = signature()?;
    println!("One ed25519 verification: {:.1} µs\n", micros(signature));
    let in_runtime = in_runtime(&peers, arguments.calls).await?;
    println!("| authorities | signatures | certificate | header with it | update | × one verification | in the runtime | × native | its weight | hand-over to as many | update |");
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (peer, in_runtime) in peers.iter().zip(in_runtime) {
        println!("{}", updates(peer, signature, in_runtime)?);
    }
    println!(
        "\n| packets in a proof | nodes | bytes | verified in | × one verification | weight |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for count in [1, 16, 64] {
        println!("{}", proof(arguments.entries, count, signature)?);
    }
    Ok(())
}

/// How long one signature of an authority takes to verify.
fn signature() -> Result<Duration> {
    let pair = AuthorityPair::from_seed(&[1; 32]);
    let (message, key) = ([7; 120], pair.public());
    let signed = pair.sign(&message);
    ensure!(verify_signature(&key, &message, &signed), "it is good");
    Ok(time(|| verify_signature(&key, &message, &signed)))
}

/// A row about updates of a light client.
fn updates(peer: &Peer, signature: Duration, in_runtime: Duration) -> Result<String> {
    let state = ClientState::new(peer.chain.genesis, peer.known, peer.set.id, TRUSTED_MS);
    let clock = Clock {
        now: peer.now,
        drift: None,
    };
    let update = |headers: &[SignedHeader]| {
        light_client::update(&state, &peer.set, headers, clock, verify_signature)
    };
    let plain = [peer.signed(None)?];
    let next = AuthoritySet::new(1, peer.set.authorities().to_vec()).context("it is a set")?;
    let hand_over = [peer.signed(Some(&next))?];
    ensure!(update(&plain)?.set.is_none() && update(&hand_over)?.set == Some(next));
    let took = time(|| update(&plain));
    let signatures = plain[0].certificate.signatures.len();
    let weight = Weights::authorize_header(signatures as u32)
        .saturating_add(Weights::update_client())
        .ref_time();
    let ratio = |long: Duration, short: Duration| long.as_secs_f64() / short.as_secs_f64();
    Ok(format!(
        "| {} | {signatures} | {} B | {} B | {:.0} µs | {:.1} | {:.0} µs | {:.1} | {:.0} µs | {} B | {:.0} µs |",
        peer.keys.len(),
        plain[0].certificate.encoded_size(),
        plain[0].encoded_size(),
        micros(took),
        ratio(took, signature),
        micros(in_runtime),
        ratio(in_runtime, took),
        weight as f64 / WEIGHT_PER_MICRO,
        hand_over[0].encoded_size(),
        micros(time(|| update(&hand_over))),
    ))
}

/// A row about the proof of consecutive packets in a state with so many other things.
fn proof(entries: u32, count: u64, signature: Duration) -> Result<String> {
    let chain = |id: ChainId| ChainRef {
        id,
        genesis: Hash::repeat_byte(id as u8),
    };
    let place = |nonce| Passage {
        source: chain(1),
        destination: chain(2),
        lane: TRANSFER_LANE,
        nonce,
    };
    let packet = |nonce: u64| Packet {
        sender: Default::default(),
        timeout: nonce,
        payload: Payload::Transfer {
            to: Default::default(),
            amounts: Amounts {
                source: 1,
                destination: 1,
            },
        },
    };
    // The window of a lane, and everything else.
    let mut items: Vec<_> = (0..512u64)
        .map(|nonce| {
            let commitment = packet(nonce).commitment(&place(nonce));
            (
                keys::commitment(2, TRANSFER_LANE, nonce),
                commitment.encode(),
            )
        })
        .collect();
    items.extend((0..entries).map(|i| {
        let key = sp_crypto_hashing::blake2_256(&i.encode());
        (key.to_vec(), vec![0; 80])
    }));
    let items = items.into_iter().map(|(key, value)| (key, Some(value)));
    let state = InMemoryBackend::<Blake2Hasher>::default()
        .update(vec![(None, items.collect())], StateVersion::V1);
    let (root, first) = (*state.root(), 100);
    let keys = claims::packet_keys(2, TRANSFER_LANE, first, count as usize);
    let nodes = prove_read(state, keys).map_err(|e| anyhow::anyhow!("{e}"))?;
    let proof = StorageProof::new(nodes.into_iter_nodes()).context("the proof is too large")?;
    let packets: Vec<_> = (first..first + count).map(packet).collect();
    let verify = || claims::verify_packets(&root, &place(first), &packets, &proof);
    verify()?;
    let took = time(verify);
    let weight = Weights::authorize_proof(proof.len()).ref_time();
    Ok(format!(
        "| {count} | {} | {} | {:.0} µs | {:.1} | {:.0} µs |",
        proof.len(),
        proof.encoded_size(),
        micros(took),
        took.as_secs_f64() / signature.as_secs_f64(),
        weight as f64 / WEIGHT_PER_MICRO,
    ))
}

/// How long the runtime of a node takes to check an update of each of these chains, in wasm.
async fn in_runtime(peers: &[Peer], calls: u32) -> Result<Vec<Duration>> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(NodeConfig::new("bench", folder.path()).dev()).await?;
    let (rpc, api) = (node.rpc().await?, node.client().await?);
    let alice = subxt_signer::sr25519::dev::alice();
    for peer in peers {
        let call = sudo(&api, &open_route(peer.route())).await?;
        client::submit(&api, &call, &alice).await?;
    }
    let at = rpc.finalized().await?.hash;
    let idle = runtime_call(&rpc, "Core_version", &[], at, calls).await?;
    let mut times = Vec::new();
    for peer in peers {
        let submission = Submission::UpdateClient {
            peer: peer.chain.id,
            headers: vec![peer.signed(None)?]
                .try_into()
                .ok()
                .context("one fits")?,
        };
        let (method, arguments) = ("InterchainApi_extrinsic", submission.encode());
        let call: OpaqueExtrinsic = rpc.runtime(method, &arguments, Some(at)).await?;
        let arguments = (TransactionSource::Local, call, at).encode();
        let method = "TaggedTransactionQueue_validate_transaction";
        let validity: TransactionValidity = rpc.runtime(method, &arguments, Some(at)).await?;
        ensure!(validity.is_ok(), "the runtime refuses it: {validity:?}");
        let took = runtime_call(&rpc, method, &arguments, at, calls).await?;
        times.push(took.saturating_sub(idle));
    }
    Ok(times)
}

/// How long a call of the runtime takes, as a client on this machine sees it: the mean of so many, the fastest of
/// some such batches.
async fn runtime_call(
    rpc: &Rpc,
    method: &str,
    arguments: &[u8],
    at: H256,
    calls: u32,
) -> Result<Duration> {
    /// Whatever comes back.
    struct Anything;
    impl Decode for Anything {
        fn decode<I: codec::Input>(input: &mut I) -> Result<Self, codec::Error> {
            let left = input.remaining_len()?.unwrap_or_default();
            input.read(&mut vec![0u8; left])?;
            Ok(Self)
        }
    }
    let mut fastest = Duration::MAX;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..calls {
            let Anything = rpc.runtime(method, arguments, Some(at)).await?;
        }
        fastest = fastest.min(start.elapsed() / calls);
    }
    Ok(fastest)
}
