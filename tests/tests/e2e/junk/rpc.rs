// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Junk over a WebSocket. (What is wrong with single requests, and over HTTP, is in the tests of
//! `e2e/bad_rpc.rs`.)

use crate::junk::load;
use anyhow::{ensure, Context, Result};
use hansa_e2e::{rpc::Rpc, Node, NodeConfig};
use std::time::Duration;
use subxt_signer::sr25519::dev;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How many connections a client opens: more than the node takes (`--rpc-max-connections`).
const MANY_CONNECTIONS: usize = 200;

/// How many subscriptions a client asks for on one connection: more than the node takes
/// (`--rpc-max-subscriptions-per-connection`).
const MANY_SUBSCRIPTIONS: usize = 3_000;

/// How long the node may take to answer or to close a connection.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A connection on which frames of any form can be sent.
struct WebSocket(TcpStream);

impl WebSocket {
    /// Connect; none if the node takes no more connections.
    async fn open(port: u16) -> Result<Option<Self>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 1_024];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer));
        let len = read.await.context("no answer to the handshake")??;
        let accepted = answer[..len].starts_with(b"HTTP/1.1 101");
        Ok(accepted.then_some(Self(stream)))
    }

    /// Send bytes as they are; whether the connection still takes them.
    async fn raw(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Send a frame with this payload.
    async fn frame(&mut self, kind: u8, payload: &[u8]) -> bool {
        let mut frame = vec![0x80 | kind, 0x80 | 127];
        frame.extend((payload.len() as u64).to_be_bytes());
        // A mask of zeros leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.raw(&frame).await
    }

    /// Read until the node has said something or closed the connection; the beginning of what it said.
    async fn answer(&mut self) -> Result<Vec<u8>> {
        // A ping without a payload, with which the node begins, and of which it sends more.
        const PINGED: [u8; 2] = [0x80 | PING, 0];
        // The header of a frame, which may come by itself, and an answer up to what kind it is; none is shorter.
        const ENOUGH: usize = 64;
        let mut said = Vec::new();
        loop {
            let mut bytes = vec![0; 1 << 16];
            let read = tokio::time::timeout(PATIENCE, self.0.read(&mut bytes));
            let len = read
                .await
                .context("neither an answer nor an end")?
                .unwrap_or(0);
            said.extend(&bytes[..len]);
            let mut rest = &said[..];
            while let Some(after) = rest.strip_prefix(&PINGED) {
                rest = after;
            }
            let has_ended = len == 0 || is_close(rest);
            if has_ended || rest.len() >= ENOUGH {
                return Ok(rest.to_vec());
            }
        }
    }
}

/// Whether a frame ends the connection.
fn is_close(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 0x0f == CLOSE)
}

/// Each on a connection of its own: the node answers with an error, or closes it.
#[tokio::test(flavor = "multi_thread")]
async fn frames_that_make_no_sense() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    let port = node.config.rpc_port;
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"system_name","params":[]}"#;
    let batch = format!("[{}]", vec![call; 20_000].join(","));
    let params = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"chain_getBlock","params":{}}}"#,
        deep(50_000)
    );
    let frames: Vec<(&str, Vec<u8>)> = vec![
        ("no JSON", b"\x01\x02hello".to_vec()),
        ("no UTF-8", vec![0xff; 100]),
        ("nested", deep(200_000).into_bytes()),
        ("nested parameters", params.into_bytes()),
        ("a large batch", batch.into_bytes()),
        ("an empty frame", Vec::new()),
    ];
    for (what, payload) in &frames {
        let mut socket = WebSocket::open(port).await?.context("room for one")?;
        socket.frame(TEXT, payload).await;
        let answer = socket.answer().await.with_context(|| what.to_string());
        // Nothing need be said of an empty frame.
        if *what != "an empty frame" {
            let answer = answer?;
            let said = String::from_utf8_lossy(&answer);
            let is_answer = said.contains("error") || said.contains("result");
            ensure!(
                answer.is_empty() || is_close(&answer) || is_answer,
                "{what}: {said}"
            );
        }
    }
    // Frames that lie about their length, are not masked, or of a kind that does not exist.
    for bytes in [
        [&[0x81, 0xff][..], &[0x7f; 8], &[0; 4]].concat(),
        [&[0x81, 0xff][..], &[0xff; 8], &[0; 4]].concat(),
        vec![0x81, 0x05, b'h', b'e', b'l', b'l', b'o'],
        vec![0xff; 4_096],
        vec![0; 4_096],
    ] {
        let mut socket = WebSocket::open(port).await?.context("room for one")?;
        socket.raw(&bytes).await;
        socket.answer().await?;
    }
    // One that is larger than the node takes, as far as it takes it; and many pings.
    let mut socket = WebSocket::open(port).await?.context("room for one")?;
    socket.frame(TEXT, &vec![b' '; 40 * 1024 * 1024]).await;
    let mut socket = WebSocket::open(port).await?.context("room for one")?;
    for _ in 0..10_000 {
        if !socket.frame(PING, b"ping").await {
            break;
        }
    }
    load::transfers_become_final(&node, &dev::alice(), 1).await?;
    load::check(&mut node)
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_and_subscriptions_than_there_are() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut node = Node::start(NodeConfig::new("dev", folder.path()).dev()).await?;
    // Subscriptions without end, on one connection that goes on to work.
    let rpc = node.rpc().await?;
    let mut subscriptions = Vec::new();
    let mut refused = 0;
    for _ in 0..MANY_SUBSCRIPTIONS {
        let subscribed = rpc
            .subscribe(
                "chain_subscribeAllHeads",
                vec![],
                "chain_unsubscribeAllHeads",
            )
            .await;
        match subscribed {
            Ok(subscription) => subscriptions.push(subscription),
            Err(_) => refused += 1,
        }
    }
    ensure!(refused > 0, "{MANY_SUBSCRIPTIONS} subscriptions were taken");
    rpc.call("system_name", vec![]).await?;

    // Connections without end, none of which says anything.
    let mut sockets = Vec::new();
    for _ in 0..MANY_CONNECTIONS {
        match WebSocket::open(node.config.rpc_port).await {
            Ok(Some(socket)) => sockets.push(socket),
            Ok(None) | Err(_) => break,
        }
    }
    ensure!(
        sockets.len() < MANY_CONNECTIONS,
        "{MANY_CONNECTIONS} connections were taken"
    );
    // Who is connected is served.
    rpc.call("chain_getHeader", vec![]).await?;
    drop((sockets, subscriptions, rpc));
    // And so is a newcomer, once there is room.
    let url = node.url();
    hansa_e2e::wait_for("room for a connection", || async {
        let rpc = Rpc::connect(&url).await?;
        Ok(rpc.call("system_name", vec![]).await.is_ok())
    })
    .await?;
    load::transfers_become_final(&node, &dev::alice(), 1).await?;
    load::check(&mut node)
}
