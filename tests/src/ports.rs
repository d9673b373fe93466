// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Ports that are free.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// Ports are taken from here up to [`LAST`]: below the range from which the kernel takes the ports
/// of outgoing connections, so that no connection takes one between the probe and its use.
const FIRST: u16 = 20_000;

/// See [`FIRST`].
const LAST: u16 = 31_900;

/// How many ports lie between the starting points of two processes that run at the same time.
const STRIDE: u16 = 350;

/// A port that nobody listens at, and that this process hands out only once per round.
pub fn free_port() -> u16 {
    free_ports(1)
}

/// The first of `count` consecutive ports that nobody listens at.
///
/// # Panics
///
/// If there are none: then something is wrong with the machine.
pub fn free_ports(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let range = LAST - FIRST;
    let start = (std::process::id() as u16 % (range / STRIDE)) * STRIDE;
    for _ in 0..range / count {
        let offset = start.wrapping_add(NEXT.fetch_add(count, Ordering::Relaxed)) % range;
        let first = FIRST + offset;
        if (first..first + count).all(is_free) {
            return first;
        }
    }
    panic!("no {count} consecutive free ports between {FIRST} and {LAST}")
}

/// Whether one can listen at this port of every address.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}
