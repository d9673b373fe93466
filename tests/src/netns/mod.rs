// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Hosts on a bad network, on one machine: each node in a network namespace of its own, joined by a
//! switch in user space that delays, loses and reorders packets, and parts the network.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`namespace`] | a namespace with one network device whose other end the test holds |
//! | [`switch`] | what happens to a packet between two hosts |
//!
//! The kernel's own emulator (`tc … netem`) is a module that many machines lack; what is here
//! needs `/dev/net/tun` and the right to make network namespaces, as root has it. The namespaces
//! have no names and belong to the test's process: nothing is left behind, however it ends.

pub mod namespace;
pub mod switch;

pub use namespace::Namespace;
pub use switch::Quality;

use anyhow::{Context, Result};
use std::{net::Ipv4Addr, sync::Arc};
use switch::Switch;

/// Set to `1`, this environment variable lets tests that need network namespaces pass without
/// having run.
pub const SKIP_VARIABLE: &str = "HANSA_SKIP_NETNS";

/// What to do where namespaces are not to be had.
const NEEDED: &str = "these tests need network namespaces and TUN devices: run them as root (or with \
     CAP_SYS_ADMIN and CAP_NET_ADMIN), with /dev/net/tun (`modprobe tun`; in a container \
     `--privileged --device /dev/net/tun`) and the command `ip` (package iproute2). To leave them out \
     set HANSA_SKIP_NETNS=1";

/// Hosts, numbered from 0, and the network between them.
pub struct Hosts {
    namespaces: Vec<Arc<Namespace>>,
    switch: Switch,
}

impl Hosts {
    /// `count` hosts on a good network; none if the environment says that these tests are to be
    /// left out. What happens to packets follows from `seed`.
    pub fn new(count: u8, seed: u64) -> Result<Option<Self>> {
        if std::env::var_os(SKIP_VARIABLE).is_some_and(|value| value == "1") {
            println!("SKIPPED: {SKIP_VARIABLE} is set");
            return Ok(None);
        }
        Self::build(count, seed).context(NEEDED).map(Some)
    }

    fn build(count: u8, seed: u64) -> Result<Self> {
        let mut namespaces = Vec::new();
        let mut devices = Vec::new();
        for host in 0..count {
            let (namespace, device) = Namespace::new(address(host))?;
            namespaces.push(Arc::new(namespace));
            devices.push(device);
        }
        let switch = Switch::start(devices, seed)?;
        Ok(Self { namespaces, switch })
    }

    /// A host's namespace.
    pub fn namespace(&self, host: usize) -> &Arc<Namespace> {
        &self.namespaces[host]
    }

    /// Make all links like this, from now on.
    pub fn set_quality(&self, quality: Quality) {
        self.switch.set_quality(quality);
    }

    /// Part the network: packets pass only within each of these groups. Who is in none is alone.
    pub fn part(&self, groups: &[&[usize]]) {
        self.switch.part(groups);
    }

    /// Undo [`part`](Self::part).
    pub fn heal(&self) {
        self.switch.heal();
    }

    /// What has happened to packets so far.
    pub fn counts(&self) -> switch::Counts {
        self.switch.counts()
    }
}

/// The address of a host.
fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, host.saturating_add(1))
}

/// The host of an address, if it is that of one.
fn host_of(address: [u8; 4]) -> Option<usize> {
    let [10, 77, 0, host] = address else {
        return None;
    };
    usize::from(host).checked_sub(1)
}
