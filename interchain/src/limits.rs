// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Every bound of what other nodes can make this one hold or do, and every time.

use std::time::Duration;

/// The most bytes of a question: all but what is handed on among a chain's own nodes.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;

/// The most bytes of an answer: four headers of the largest set (some 250 KiB), packets up to
/// [`MAX_SHOWN_BYTES`], and their proofs.
pub const MAX_RESPONSE_BYTES: usize = 2 * 1024 * 1024;

/// The most bytes of packets, results and proofs in an answer.
pub const MAX_SHOWN_BYTES: usize = 512 * 1024;

/// How much is read at a time: memory is taken as bytes come, not as they are announced.
pub const READ_CHUNK_BYTES: usize = 16 * 1024;

/// The most bytes of questions that are being read, from all peers together.
pub const MAX_READING_BYTES: usize = 32 * 1024 * 1024;

/// How deep what peers send may be nested.
pub const MAX_DECODE_DEPTH: u32 = 16;

/// The most chains that a peer says it serves.
pub const MAX_SERVED: u32 = 32;

/// The most addresses of a node in a chain's own network that it tells.
pub const MAX_OWN_ADDRESSES: u32 = 8;

/// The most bytes of such an address.
pub const MAX_ADDRESS_BYTES: u32 = 128;

/// The most lanes that a standing tells of.
pub const MAX_LANES: u32 = 16;

/// The most things that are asked for at once.
pub const MAX_WANTS: u32 = 8;

/// The most submissions that are handed on at once: a header, what it proves, and a contradiction.
pub const MAX_FORWARDED: u32 = MAX_WANTS + 2;

/// How long a question may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How many streams of questions a connection may have at once.
pub const MAX_STREAMS: usize = 16;

/// How many questions of other nodes wait for one chain; more are told that it is busy.
pub const MAX_INBOUND_WAITING: usize = 64;

/// How many questions of other nodes are being answered in all.
pub const MAX_INBOUND: usize = 256;

/// How many own questions are on their way in all.
pub const MAX_OUTBOUND: usize = 256;

/// How many commands wait for the host.
pub const MAX_COMMANDS: usize = 256;

/// Connections: on the way in, on the way out, established in, established in all, to one peer.
pub const MAX_PENDING_INCOMING: u32 = 32;
/// See [`MAX_PENDING_INCOMING`].
pub const MAX_PENDING_OUTGOING: u32 = 32;
/// See [`MAX_PENDING_INCOMING`].
pub const MAX_ESTABLISHED_INCOMING: u32 = 96;
/// See [`MAX_PENDING_INCOMING`].
pub const MAX_ESTABLISHED: u32 = 160;
/// See [`MAX_PENDING_INCOMING`]. Two, as both may dial at once.
pub const MAX_ESTABLISHED_PER_PEER: u32 = 2;

/// After how long a connection that nobody uses is closed.
pub const IDLE_CONNECTION_TIMEOUT: Duration = Duration::from_secs(180);

/// How often peers say again what they serve; it also keeps connections.
pub const HELLO_INTERVAL: Duration = Duration::from_secs(60);

/// How many connected peers of a chain are enough: no more are looked for.
pub const ENOUGH_PEERS: usize = 8;

/// The same for the own chain: all that are in the next sets ought to be handed what comes.
pub const ENOUGH_OWN_PEERS: usize = 100;

/// How many nodes that were found are dialled at once.
pub const MAX_DIALS: usize = 20;

/// How often others are told at most what is served here, when new ones became known.
pub const PROVIDE_INTERVAL: Duration = Duration::from_secs(5);

/// How often peers are looked for while there are not enough: at first, growing to the second.
pub const FIND_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// See [`FIND_INTERVAL_MIN`].
pub const FIND_INTERVAL_MAX: Duration = Duration::from_secs(60);

/// The most addresses that are known of a chain.
pub const MAX_ADDRESSES: usize = 32;

/// The most addresses that are believed of a peer.
pub const MAX_PEER_ADDRESSES: usize = 8;

/// What a peer may ask in a second, in units of the smallest question, and at once.
pub const PEER_UNITS_PER_SECOND: u32 = 60;
/// See [`PEER_UNITS_PER_SECOND`].
pub const PEER_UNITS_BURST: u32 = 240;

/// The most peers that are remembered for what they did.
pub const MAX_REMEMBERED_PEERS: usize = 1_024;

/// For how long a peer is shunned the first time; twice as long each time.
pub const BAN_MIN: Duration = Duration::from_secs(10);
/// The longest that a peer is shunned.
pub const BAN_MAX: Duration = Duration::from_secs(3_600);

/// After how long without an offence the last one is forgiven.
pub const FORGIVEN_AFTER: Duration = Duration::from_secs(600);

/// Each how many questions it does not matter who was of use before.
pub const EXPLORE_EVERY: usize = 8;

/// How many stalls in a row are as bad as a lie.
pub const STALLS_PER_BAN: u32 = 3;

/// How often a courier looks what is due.
pub const TICK: Duration = Duration::from_millis(200);

/// How often a route asks the other chain how it stands, without being offered anything.
pub const PULL_INTERVAL_MS: u64 = 4_000;

/// How much later a node steps in for each authority that comes before it, in milliseconds.
pub const STEP_IN_MS: u64 = 2_000;

/// The most steps that a node waits.
pub const MAX_STEPS: u32 = 5;

/// For how long what was submitted counts as done, in milliseconds; then it is asked for again.
pub const CLAIM_MS: u64 = 3_000;

/// The back-off of a route after a failure: at first, growing to the second; in milliseconds.
pub const BACK_OFF_MIN_MS: u64 = 500;
/// See [`BACK_OFF_MIN_MS`].
pub const BACK_OFF_MAX_MS: u64 = 30_000;

/// How soon is asked again when the other node, or this one, was only a moment behind; in milliseconds.
pub const RETRY_MS: u64 = 50;

/// The most submissions of a route that wait for their header to be known.
pub const MAX_WAITING: usize = 32;

/// The most certificates of a route that are remembered to find contradictions.
pub const MAX_CERTIFICATES: usize = 64;

/// How many nodes are asked for their certificate of a height of which two blocks may be certified.
pub const MAX_DOUBT_QUESTIONS: u32 = 16;

/// The pause between two such questions, in milliseconds.
pub const DOUBT_INTERVAL_MS: u64 = 500;

/// How many sets of each other chain are kept, the last ones: what the hubs remember by hash.
pub const MAX_KEPT_SETS: u64 = 256;

/// To how many peers an offer is made until one takes note.
pub const OFFER_TRIES: usize = 3;

/// To how many nodes of the own chain submissions are handed on.
pub const MAX_FORWARD_PEERS: usize = 128;

/// How many of the own blocks are looked at one by one after a pause.
pub const MAX_BLOCKS_BEHIND: u32 = 8;

/// How many headers are looked at in one go for hand-overs.
pub const SCAN_STEP: u32 = 4_096;

/// How long a courier waits for an answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// The most offers of a route that are on their way.
pub const MAX_OFFERS: usize = 4;

/// The most sent packets of a route whose time until they are settled is measured.
pub const MAX_TRACKED: usize = 64;

/// How often the host is told where nodes of a route's chain may be, in milliseconds.
pub const SEEK_INTERVAL_MS: u64 = 10_000;

/// How often a hub is asked for its record of a chain of which nothing was heard for longer than it is trusted, in
/// milliseconds. If a node of the chain said that there is one, it is asked each [`PULL_INTERVAL_MS`], until a node of the hub
/// has shown none of use.
pub const RECOVERY_INTERVAL_MS: u64 = if cfg!(test) { 20_000 } else { 60_000 };

/// How many records that a chain's own headers bring are found again: each is the end of a set, so there are few. The lowest
/// gives way.
pub const MAX_KEPT_RECORDS: usize = 256;

/// How many times [`SCAN_STEP`] headers are looked at before somebody is told to come again.
pub const SCAN_STEPS: u32 = 8;
