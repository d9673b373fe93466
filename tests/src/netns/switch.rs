// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What happens to a packet between two hosts.
//!
//! Each direction of each pair of hosts is a link of its own. A packet that enters it is lost, or it
//! leaves after the link's delay, give or take its jitter; not before those that entered earlier,
//! unless it is one of those that are let out of turn. All this is drawn from a generator of the
//! link's own that follows from the seed: the nth packet of a link always meets the same fate.

use super::host_of;
use anyhow::Result;
use rand::{rngs::StdRng, Rng, SeedableRng};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fs::File,
    io::{self, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{io::unix::AsyncFd, runtime::Runtime, sync::mpsc};

/// The largest packet that a device hands out, in bytes.
const MAX_PACKET_BYTES: usize = 65_536;

/// How many packets wait between a device and the switch before the device has to wait.
const QUEUE_PACKETS: usize = 4_096;

/// How many packets are under way at most; what comes beyond is lost, as in a full queue.
const MAX_UNDER_WAY: usize = 65_536;

/// Where the destination stands in an IPv4 packet.
const DESTINATION: std::ops::Range<usize> = 16..20;

/// How good a link is.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Quality {
    /// How long a packet takes.
    pub delay: Duration,
    /// By how much the delay may be shorter or longer.
    pub jitter: Duration,
    /// The share of packets that are lost, between 0 and 1.
    pub loss: f64,
    /// The share of packets that do not wait for those before them, between 0 and 1.
    pub reordering: f64,
}

/// What has happened to packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// They arrived.
    pub delivered: u64,
    /// They were lost by chance, or in a full queue.
    pub lost: u64,
    /// They arrived before one that was sent earlier on the same link.
    pub reordered: u64,
    /// They would have crossed from one part of the network to another.
    pub parted: u64,
}

/// The rules, which the test changes while packets fly.
#[derive(Default)]
struct Rules {
    quality: Quality,
    /// The part of the network in which each host is; none: the network is whole.
    parts: Option<HashMap<usize, usize>>,
    counts: Counts,
}

impl Rules {
    fn is_open(&self, from: usize, to: usize) -> bool {
        match &self.parts {
            None => true,
            Some(parts) => parts
                .get(&from)
                .is_some_and(|part| parts.get(&to) == Some(part)),
        }
    }
}

/// One direction between two hosts.
struct Link {
    generator: StdRng,
    /// When the last packet that keeps to its turn leaves.
    last: Instant,
}

/// A packet that is under way: (when it arrives, its number, to whom, what it is).
type UnderWay = Reverse<(Instant, u64, usize, Vec<u8>)>;

/// The switch. It stops when it is dropped.
pub(super) struct Switch {
    rules: Arc<Mutex<Rules>>,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl Switch {
    /// Join these devices, those of hosts 0, 1 and so on.
    pub fn start(devices: Vec<File>, seed: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let rules = Arc::<Mutex<Rules>>::default();
        let (sender, packets) = mpsc::channel(QUEUE_PACKETS);
        let mut ends = Vec::new();
        for (host, device) in devices.into_iter().enumerate() {
            let reader = device.try_clone()?;
            let sender = sender.clone();
            runtime.spawn(async move {
                if let Err(error) = read(host, reader, sender).await {
                    println!("host {host} is cut off: {error}");
                }
            });
            ends.push(device);
        }
        let task = Task {
            rules: rules.clone(),
            ends,
            links: HashMap::new(),
            under_way: BinaryHeap::new(),
            next: 0,
            seed,
        };
        runtime.spawn(task.run(packets));
        Ok(Self {
            rules,
            runtime: Some(runtime),
        })
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_quality(&self, quality: Quality) {
        self.rules().quality = quality;
    }

    pub fn part(&self, groups: &[&[usize]]) {
        let parts = groups.iter().enumerate();
        let parts = parts.flat_map(|(part, hosts)| hosts.iter().map(move |host| (*host, part)));
        self.rules().parts = Some(parts.collect());
    }

    pub fn heal(&self) {
        self.rules().parts = None;
    }

    pub fn counts(&self) -> Counts {
        self.rules().counts
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A test drops this within its own runtime, where one must not wait for another.
            runtime.shutdown_background();
        }
    }
}

/// Hand on what leaves a host.
async fn read(host: usize, device: File, sender: mpsc::Sender<(usize, Vec<u8>)>) -> io::Result<()> {
    // SAFETY: a `File` owns its descriptor, which stays open, and the same, until it is dropped.
    #[allow(unsafe_code)]
    let device = unsafe { AsyncFd::register(device) }.map_err(io::Error::from)?;
    let mut buffer = vec![0; MAX_PACKET_BYTES];
    loop {
        let mut ready = device.readable().await?;
        let read = ready.try_io(|device| device.get_ref().read(&mut buffer));
        let Ok(length) = read else {
            continue;
        };
        if sender
            .send((host, buffer[..length?].to_vec()))
            .await
            .is_err()
        {
            return Ok(());
        }
    }
}

/// The task that owns the packets.
struct Task {
    rules: Arc<Mutex<Rules>>,
    ends: Vec<File>,
    links: HashMap<(usize, usize), Link>,
    under_way: BinaryHeap<UnderWay>,
    next: u64,
    seed: u64,
}

impl Task {
    async fn run(mut self, mut packets: mpsc::Receiver<(usize, Vec<u8>)>) {
        loop {
            let due = self.under_way.peek().map(|Reverse((due, ..))| *due);
            let wait = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                packet = packets.recv() => match packet {
                    Some((from, packet)) => self.take(from, packet),
                    None => return,
                },
                () = wait => {}
            }
            self.deliver();
        }
    }

    /// Decide what happens to a packet.
    fn take(&mut self, from: usize, packet: Vec<u8>) {
        // What is not IPv4 (such as IPv6's search for neighbours), or for no host, is for nobody.
        let is_ipv4 = packet.first().is_some_and(|first| first >> 4 == 4);
        let destination = packet.get(DESTINATION).filter(|_| is_ipv4);
        let destination = destination.and_then(|d| d.try_into().ok());
        let Some(to) = destination
            .and_then(host_of)
            .filter(|to| *to < self.ends.len())
        else {
            return;
        };
        let now = Instant::now();
        let seed = self.seed;
        let link = self.links.entry((from, to)).or_insert_with(|| Link {
            generator: StdRng::seed_from_u64(seed ^ ((from as u64) << 40 | (to as u64) << 32)),
            last: now,
        });
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if !rules.is_open(from, to) {
            rules.counts.parted += 1;
            return;
        }
        let quality = rules.quality;
        let (lost, out_of_turn) = (
            link.generator.gen_bool(quality.loss),
            link.generator.gen_bool(quality.reordering),
        );
        let spread = link.generator.gen_range(-1.0..=1.0);
        if lost || self.under_way.len() >= MAX_UNDER_WAY {
            rules.counts.lost += 1;
            return;
        }
        let delay = quality.delay.as_secs_f64() + spread * quality.jitter.as_secs_f64();
        let mut due = now + Duration::from_secs_f64(delay.max(0.0));
        if !out_of_turn {
            due = due.max(link.last);
            link.last = due;
        } else if due < link.last {
            rules.counts.reordered += 1;
        }
        self.next += 1;
        self.under_way.push(Reverse((due, self.next, to, packet)));
    }

    /// Write to their hosts what is due. A part of the network that was cut off meanwhile gets
    /// nothing that is still under way from elsewhere for at most the delay, which is as it is in
    /// the world.
    fn deliver(&mut self) {
        let now = Instant::now();
        while self
            .under_way
            .peek()
            .is_some_and(|Reverse((due, ..))| *due <= now)
        {
            let Some(Reverse((_, _, to, packet))) = self.under_way.pop() else {
                return;
            };
            // A device whose queue is full refuses: lost as well.
            let arrived = self.ends[to].write(&packet).is_ok();
            let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
            match arrived {
                true => rules.counts.delivered += 1,
                false => rules.counts.lost += 1,
            }
        }
    }
}
