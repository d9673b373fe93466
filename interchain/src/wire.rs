// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How questions and answers are written: their length in four bytes, little-endian, then SCALE.
//!
//! The length is checked before anything is read, memory is taken as bytes come, and what is read
//! is decoded with a limit of depth and to the last byte.

use crate::{
    limits::{MAX_READING_BYTES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, READ_CHUNK_BYTES},
    message::{self, Request, Response},
};
use async_trait::async_trait;
use codec::{Decode, Encode};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{request_response, StreamProtocol};
use std::{io, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Reads and writes questions and answers.
#[derive(Clone)]
pub struct Codec {
    /// Room for what is being read of strangers' questions, in bytes.
    room: Arc<Semaphore>,
}

impl Default for Codec {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(MAX_READING_BYTES)),
        }
    }
}

fn decode<T: Decode>(bytes: &[u8]) -> io::Result<T> {
    message::decode(bytes).map_err(|error| invalid(error.to_string()))
}

/// What is wrong with the other side, not with the line.
fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// Read a message of at most `most` bytes. `room`: from what its memory is taken, if it is limited.
async fn read<T>(io: &mut T, most: usize, room: Option<&Arc<Semaphore>>) -> io::Result<Vec<u8>>
where
    T: AsyncRead + Unpin + Send,
{
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = u32::from_le_bytes(length) as usize;
    if length > most {
        return Err(invalid(format!("{length} bytes are more than {most}")));
    }
    let mut bytes = Vec::new();
    let mut held: Vec<OwnedSemaphorePermit> = Vec::new();
    while bytes.len() < length {
        let start = bytes.len();
        let step = length.saturating_sub(start).min(READ_CHUNK_BYTES);
        if let Some(room) = room {
            let permit = room.clone().try_acquire_many_owned(step as u32);
            held.push(permit.map_err(|_| io::Error::other("too much is being read"))?);
        }
        bytes.resize(start.saturating_add(step), 0);
        io.read_exact(&mut bytes[start..]).await?;
    }
    Ok(bytes)
}

async fn write<T>(io: &mut T, bytes: Vec<u8>, most: usize) -> io::Result<()>
where
    T: AsyncWrite + Unpin + Send,
{
    let length = u32::try_from(bytes.len())
        .ok()
        .filter(|length| *length as usize <= most)
        .ok_or_else(|| io::Error::other(format!("a message of {} bytes", bytes.len())))?;
    io.write_all(&length.to_le_bytes()).await?;
    io.write_all(&bytes).await?;
    io.close().await
}

#[async_trait]
impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Response;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        decode(&read(io, MAX_REQUEST_BYTES, Some(&self.room)).await?)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Response>
    where
        T: AsyncRead + Unpin + Send,
    {
        decode(&read(io, MAX_RESPONSE_BYTES, None).await?)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Request,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, request.encode(), MAX_REQUEST_BYTES).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        response: Response,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, response.encode(), MAX_RESPONSE_BYTES).await
    }
}
