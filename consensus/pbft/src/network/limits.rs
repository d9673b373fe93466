// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Every limit of the network in one place, and what they come to together.
//!
//! What peers can make a node hold at most, whoever they are and whatever they send; `n` is the
//! number of authorities:
//!
//! | what | how much at most | by |
//! | --- | --- | --- |
//! | votes that wait | 128 MiB | [`MAX_QUEUED_VOTE_BYTES`] |
//! | proposals that wait | 128 MiB, and one in passing | [`MAX_QUEUED_PROPOSAL_BYTES`] |
//! | one message while it is decoded | 44 MiB | [`MAX_PROPOSAL_BYTES`] × [`DECODE_MEMORY_FACTOR`] |
//! | answers on their way to authorities | n × 5.5 MiB, to those that read slowly | [`MAX_UNSENT_BYTES_PER_PEER`] |
//! | answers on their way to all others | 22 MiB | [`MAX_UNSENT_BYTES_TO_STRANGERS`] |
//! | connection state | some KiB each of 1,280 peers | [`MAX_PEERS`] |
//!
//! [`MAX_INBOX_BYTES`] is the sum of the first three. What the state machine keeps is counted in
//! `hansa_pbft_core::limits`, what the worker keeps (some proposed and some executed blocks) in its
//! module `round`. What waits in the SDK's network, before us and behind us, the SDK bounds by
//! numbers of messages (4,096 that came in all, 2,048 for each peer).
//!
//! What peers can make a node *do* is bounded as well: a signature check takes some 60 µs, so an
//! authority costs 6 % of a core at most ([`CHECKS_REFILL_INTERVAL`]), all others together 1.5 %
//! ([`STRANGERS_CHECKS_REFILL_INTERVAL`]); what goes beyond is dropped unread. In a peer's turn one
//! message is taken, so one that is cheap waits for at most one of each other peer.

use std::time::Duration;

/// The largest message of the vote protocol. A view-change with the certificate of the largest set
/// fits.
pub const MAX_VOTE_BYTES: usize = 64 * 1024;

/// The largest body of a block, in bytes; the runtime's limit is not above it.
pub const MAX_BLOCK_BODY_BYTES: usize = 5 * 1024 * 1024;

/// What a proposal has beside the body: header (with the hand-over to a set of the largest size),
/// the parent's certificate, and the new-view proof of the largest set.
pub const PROPOSAL_MARGIN_BYTES: usize = 512 * 1024;

/// The largest message of the proposal protocol.
pub const MAX_PROPOSAL_BYTES: usize = MAX_BLOCK_BODY_BYTES + PROPOSAL_MARGIN_BYTES;

/// Memory that decoding may allocate, per byte of the encoding: what small transactions cost as
/// values of their own, and some more.
pub const DECODE_MEMORY_FACTOR: usize = 8;

/// Memory that decoding may allocate whatever the size of the message, in bytes.
pub const DECODE_MEMORY_MIN_BYTES: usize = 64 * 1024;

/// How many peers the engine knows at once; further ones are refused. The largest authority set
/// and some followers.
pub const MAX_PEERS: usize = 1_280;

/// How many messages of the vote protocol wait for the worker, per peer; beyond it new ones are
/// dropped. (The oldest may be the Hello, and all that is current is said again.)
pub const MAX_QUEUED_VOTES_PER_PEER: usize = 512;

/// How many bytes of the vote protocol wait for the worker, per peer.
pub const MAX_QUEUED_VOTE_BYTES_PER_PEER: usize = 1024 * 1024;

/// What a waiting message of the vote protocol is counted as, beside its bytes: its place in the
/// queue and in the allocator.
pub const QUEUED_MESSAGE_OVERHEAD_BYTES: usize = 64;

/// How many bytes of the vote protocol wait for the worker, over all peers; then the peer that has
/// most waiting loses its newest.
pub const MAX_QUEUED_VOTE_BYTES: usize = 128 * 1024 * 1024;

/// How many proposals wait for the worker, per peer; then the oldest goes.
pub const MAX_QUEUED_PROPOSALS_PER_PEER: usize = 8;

/// How many bytes of proposals wait for the worker, per peer; then the oldest goes.
pub const MAX_QUEUED_PROPOSAL_BYTES_PER_PEER: usize = 2 * MAX_PROPOSAL_BYTES;

/// How many bytes of proposals wait for the worker, over all peers; then the peer that has most
/// waiting loses its oldest.
pub const MAX_QUEUED_PROPOSAL_BYTES: usize = 128 * 1024 * 1024;

/// What the waiting messages of all peers, and the one that is being decoded, take at most.
pub const MAX_INBOX_BYTES: usize = MAX_QUEUED_VOTE_BYTES
    + MAX_QUEUED_PROPOSAL_BYTES
    + MAX_PROPOSAL_BYTES * (1 + DECODE_MEMORY_FACTOR)
    + DECODE_MEMORY_MIN_BYTES;

/// How many signature checks an authority's messages may ask for at once: those of the largest
/// proposal, and as much again …
pub const CHECKS_BURST: u32 = 4_096;

/// … and after which time they may ask for one more.
pub const CHECKS_REFILL_INTERVAL: Duration = Duration::from_millis(1);

/// How many signature checks the messages of all those together may ask for at once that hold no
/// key of the current set: some of them will in the next …
pub const STRANGERS_CHECKS_BURST: u32 = 1_024;

/// … and after which time they may ask for one more.
pub const STRANGERS_CHECKS_REFILL_INTERVAL: Duration = Duration::from_millis(4);

/// How many bytes of a proposal cost as much to decode as a signature does to check.
pub const PROPOSAL_BYTES_PER_CHECK: usize = 16 * 1024;

/// How many changes of one peer's connection wait for the worker before its queue is cleared.
pub const MAX_QUEUED_CONNECTION_EVENTS_PER_PEER: usize = 8;

/// Out of how many turns those that hold a key of the current set have all but one, if both they
/// and others wait.
pub const AUTHORITY_TURNS: u32 = 4;

/// How many bad messages are thrown away in one go before the worker's task yields.
pub const MAX_DROPS_PER_POLL: usize = 64;

/// Up to how many connected peers a broadcast also goes to those with the role of an authority
/// that hold no key of the current set (yet, or as far as is known).
pub const SMALL_NETWORK_PEERS: usize = 32;

/// A Hello is said again after this time, in case one was lost.
pub const HELLO_REPEAT_INTERVAL: Duration = Duration::from_secs(30);

/// How many Hellos a peer may say at once …
pub const HELLO_BURST: u32 = 8;

/// … and after which time it may say one more.
pub const HELLO_REFILL_INTERVAL: Duration = Duration::from_secs(10);

/// How many hashes of blocks that went to a peer whole are remembered, per connection.
pub const SENT_BLOCKS_REMEMBERED: usize = 8;

/// How many bytes of blocks may go to a peer from which nothing has come since.
pub const MAX_UNHEARD_PROPOSAL_BYTES: usize = 32 * 1024 * 1024;

/// How many messages of the vote protocol may go to a peer from which nothing has come since. Less
/// than the SDK's queue holds: if that is full the SDK drops what does not fit without a word, and
/// closes the connection. Who is alive says a Hello after [`HELLO_REPEAT_INTERVAL`] at the latest.
pub const MAX_UNHEARD_VOTES: usize = 1_024;

/// The same certificate goes to the same peer at most once in this time.
pub const CATCH_UP_INTERVAL: Duration = Duration::from_millis(500);

/// How many certificates go to one peer in [`CATCH_UP_INTERVAL`].
pub const CATCH_UP_BURST: usize = 16;

/// The largest request for a block, in bytes.
pub const MAX_BLOCK_REQUEST_BYTES: u64 = 64;

/// The largest response to a request for a block: a proposed block and one byte.
pub const MAX_BLOCK_RESPONSE_BYTES: u64 = (MAX_PROPOSAL_BYTES + 1) as u64;

/// After this time a request for a block has failed.
pub const BLOCK_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// After this time without an answer the next peer is asked as well.
pub const BLOCK_REQUEST_HEDGE_DELAY: Duration = Duration::from_millis(750);

/// How many peers are asked for one block.
pub const MAX_BLOCK_REQUEST_PEERS: usize = 6;

/// How many requests of others wait; further ones are refused by the network.
pub const BLOCK_REQUEST_QUEUE: usize = 64;

/// How many blocks a peer may ask for at once …
pub const BLOCK_REQUEST_BURST: u32 = 16;

/// … and after which time it may ask for one more.
pub const BLOCK_REQUEST_REFILL_INTERVAL: Duration = Duration::from_millis(250);

/// How many bytes of answers may be on their way to one peer.
pub const MAX_UNSENT_BYTES_PER_PEER: usize = MAX_BLOCK_RESPONSE_BYTES as usize;

/// How many bytes of answers may be on their way to all those together that hold no key of the
/// current set.
pub const MAX_UNSENT_BYTES_TO_STRANGERS: usize = 4 * MAX_BLOCK_RESPONSE_BYTES as usize;

/// Of how many peers the server of blocks remembers how many they asked for.
pub const MAX_TRACKED_REQUESTERS: usize = 2 * MAX_PEERS;
