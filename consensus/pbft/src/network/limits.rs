// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Every limit of the network in one place.

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

/// How many proposals wait for the worker, per peer; then the oldest goes.
pub const MAX_QUEUED_PROPOSALS_PER_PEER: usize = 8;

/// How many bytes of proposals wait for the worker, per peer; then the oldest goes.
pub const MAX_QUEUED_PROPOSAL_BYTES_PER_PEER: usize = 2 * MAX_PROPOSAL_BYTES;

/// How many bytes of proposals wait for the worker, over all peers; then the peer that has most
/// waiting loses its oldest.
pub const MAX_QUEUED_PROPOSAL_BYTES: usize = 128 * 1024 * 1024;

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

/// Of how many peers the server of blocks remembers how many they asked for.
pub const MAX_TRACKED_REQUESTERS: usize = 2 * MAX_PEERS;
