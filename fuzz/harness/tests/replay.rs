// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Each target on the corpus that is kept in the repository, and on some bytes by chance.

use hansa_fuzz::{seeds, sequence, TARGETS};
use std::{collections::BTreeSet, fs, path::PathBuf};

/// How many sequences of bytes by chance each target gets, and how long they are at most.
const RANDOM_INPUTS: u64 = 2_000;
const RANDOM_BYTES_MAX: usize = 600;

fn corpus(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "corpus", target]
        .iter()
        .collect()
}

#[test]
fn the_corpus_is_good() {
    for (name, run) in TARGETS {
        let mut files = 0;
        for file in fs::read_dir(corpus(name)).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(path).unwrap());
            files += 1;
        }
        assert!(files > 0, "{name} has no corpus");
    }
}

/// Set `HANSA_WRITE_SEEDS` to write them.
#[test]
fn the_seeds_are_those_that_are_made() {
    let known: BTreeSet<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    for (target, name, bytes) in seeds::all() {
        assert!(known.contains(target));
        let path = corpus(target).join(name);
        if std::env::var_os("HANSA_WRITE_SEEDS").is_some() {
            fs::create_dir_all(corpus(target)).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let kept = fs::read(&path).unwrap_or_default();
        assert_eq!(
            kept,
            bytes,
            "{}: run with HANSA_WRITE_SEEDS=1",
            path.display()
        );
    }
}

/// The games of the seeds go through all that matters, so that a fuzzer begins with something.
#[test]
fn the_games_of_the_seeds_go_far() {
    let of = |name: &str| {
        let mut seeds = seeds::all().into_iter();
        let seed = seeds.find(|(target, n, _)| (*target, *n) == ("sequence", name));
        let reached = sequence::play(&seed.unwrap().2);
        println!("{name}: {reached:?}");
        reached
    };
    assert!(of("seed-normal").heights >= 3);
    assert!(of("seed-one-faulty").heights >= 1);
    assert!(of("seed-view-change").view >= 2);
    let caught = of("seed-equivocation");
    assert!(caught.convictions > 0 && caught.heights > 0);
    assert!(of("seed-liars").view >= 1);
}

/// A generator of numbers that is the same everywhere (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn bytes_by_chance_do_no_harm() {
    let mut numbers = Numbers(1);
    for (name, run) in TARGETS {
        println!("{name}");
        for _ in 0..RANDOM_INPUTS {
            let len = numbers.next() as usize % RANDOM_BYTES_MAX;
            let bytes: Vec<u8> = (0..len).map(|_| numbers.next() as u8).collect();
            run(&bytes);
        }
    }
}

/// Real messages with one byte changed, or cut short.
#[test]
fn seeds_that_are_altered_do_no_harm() {
    let mut numbers = Numbers(2);
    for (target, _, seed) in seeds::all() {
        let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
        for _ in 0..200 {
            let mut bytes = seed.clone();
            let at = numbers.next() as usize % bytes.len().max(1);
            if numbers.next().is_multiple_of(4) {
                bytes.truncate(at);
            } else if let Some(byte) = bytes.get_mut(at) {
                *byte = numbers.next() as u8;
            }
            run(&bytes);
        }
    }
}
