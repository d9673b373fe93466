// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What comes over the wire: bounded before it is read, decoded to the last byte.

use crate::{
    limits::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES},
    message::{decode, Known, Proven, Reason, Request, Response, Shown, Want},
    wire::Codec,
};
use codec::Encode;
use futures::{
    io::{AllowStdIo, Cursor},
    AsyncRead,
};
use hansa_interchain_primitives::{
    api::ProofOf, packet::ChainRef, recovery::MAX_RECORD_BYTES, Hash, RecoveryView, StorageProof,
};
use libp2p::{request_response::Codec as _, StreamProtocol};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

const PROTOCOL: StreamProtocol = StreamProtocol::new(crate::message::PROTOCOL);

fn chain(id: u32) -> ChainRef {
    ChainRef {
        id,
        genesis: Hash::repeat_byte(1),
    }
}

fn question() -> Request {
    let want = Want {
        lane: 1,
        of: ProofOf::Packets { first: 7, count: 3 },
    };
    Request::Prove {
        of: chain(1),
        by: chain(2),
        known: Known {
            height: 9,
            hash: Hash::zero(),
            set_id: 3,
        },
        wants: vec![want; 8].try_into().unwrap(),
    }
}

fn framed(length: u32, bytes: &[u8]) -> Vec<u8> {
    [&length.to_le_bytes()[..], bytes].concat()
}

async fn read_request(bytes: Vec<u8>) -> io::Result<Request> {
    Codec::default()
        .read_request(&PROTOCOL, &mut Cursor::new(bytes))
        .await
}

#[tokio::test]
async fn messages_survive_the_way() {
    let mut written = AllowStdIo::new(Vec::new());
    let mut codec = Codec::default();
    codec
        .write_request(&PROTOCOL, &mut written, question())
        .await
        .unwrap();
    assert_eq!(
        read_request(written.into_inner()).await.unwrap(),
        question()
    );

    let answer = Response::Proven(Box::new(Proven {
        headers: Default::default(),
        head: 3,
        shown: Default::default(),
    }));
    let record = Response::Proven(Box::new(Proven {
        headers: Default::default(),
        head: 3,
        shown: vec![shown_record(MAX_RECORD_BYTES as usize)]
            .try_into()
            .unwrap(),
    }));
    let recovered = Response::Recovered(Default::default());
    for answer in [answer, record, recovered, Response::Refused(Reason::Busy)] {
        let mut written = AllowStdIo::new(Vec::new());
        codec
            .write_response(&PROTOCOL, &mut written, answer.clone())
            .await
            .unwrap();
        let mut read = Cursor::new(written.into_inner());
        assert_eq!(
            codec.read_response(&PROTOCOL, &mut read).await.unwrap(),
            answer
        );
    }
}

/// A record of so many bytes.
fn shown_record(bytes: usize) -> Shown {
    Shown::Recovery {
        chain: 7,
        recovery: RecoveryView {
            record: vec![1; bytes].try_into().unwrap(),
            set: 3,
            at: 9,
        },
        proof: StorageProof::default(),
    }
}

#[test]
fn a_record_that_is_too_long_is_not_decoded() {
    let most = MAX_RECORD_BYTES as usize;
    let framed = |bytes: usize| {
        // The same bytes as those of a good one, up to the record's length.
        let good = shown_record(most).encode();
        let mut message = good[..5].to_vec();
        message.extend(vec![1u8; bytes].encode());
        message.extend((3u64, 9u64, StorageProof::default()).encode());
        message
    };
    assert_eq!(framed(most), shown_record(most).encode());
    assert!(decode::<Shown>(&framed(most)).is_ok());
    assert!(decode::<Shown>(&framed(most + 1)).is_err());
}

/// A reader that counts what is read of it.
struct Endless(usize);

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        buffer.fill(0xff);
        self.0 += buffer.len();
        Poll::Ready(Ok(buffer.len()))
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let mut endless = Endless(0);
    let error = Codec::default()
        .read_request(&PROTOCOL, &mut endless)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(endless.0, 4, "nothing but the length");
    for (most, of_request) in [(MAX_REQUEST_BYTES, true), (MAX_RESPONSE_BYTES, false)] {
        let mut read = Cursor::new(framed(most as u32 + 1, &[]));
        let mut codec = Codec::default();
        let kind = match of_request {
            true => codec.read_request(&PROTOCOL, &mut read).await.err(),
            false => codec.read_response(&PROTOCOL, &mut read).await.err(),
        };
        assert_eq!(kind.unwrap().kind(), io::ErrorKind::InvalidData);
    }
}

#[tokio::test]
async fn what_ends_early_or_late_is_no_message() {
    let good = question().encode();
    let short = framed(good.len() as u32, &good[..good.len() - 1]);
    let error = read_request(short).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let long = [&good[..], &[0]].concat();
    let error = read_request(framed(long.len() as u32, &long))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    let error = read_request(framed(0, &[])).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn lists_that_are_too_long_are_not_decoded() {
    // Nine wants, where eight fit.
    let mut bytes = question().encode();
    let want = Want {
        lane: 1,
        of: ProofOf::Inbound,
    };
    let wants = vec![want; 9].encode();
    bytes.truncate(1 + 2 * 36 + 4 + 32 + 8);
    bytes.extend(wants);
    assert!(decode::<Request>(&bytes).is_err());
    let mut eight = question().encode();
    eight.truncate(1 + 2 * 36 + 4 + 32 + 8);
    eight.extend(vec![want; 8].encode());
    assert!(decode::<Request>(&eight).is_ok(), "the offset is right");
}

#[test]
fn whatever_nests_is_bounded_in_depth() {
    #[derive(codec::Encode, codec::Decode, Debug)]
    struct Nest(Option<Box<Nest>>);
    let nest = |depth: usize| {
        let mut bytes = vec![1; depth];
        bytes.push(0);
        bytes
    };
    let most = crate::limits::MAX_DECODE_DEPTH as usize;
    assert!(decode::<Nest>(&nest(most - 2)).is_ok());
    assert!(decode::<Nest>(&nest(most * 4)).is_err());
}
