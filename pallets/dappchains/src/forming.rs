// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whether the founders of a chain agree on its genesis.

use alloc::vec::Vec;
use hansa_dappchain_primitives::{quorum, tolerated, Hash};

/// What a founder found: the hash of the genesis, or none if it cannot be built.
pub type Outcome = Option<Hash>;

/// What follows from what the founders said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing yet.
    Wait,
    /// A quorum found this genesis.
    Live(Hash),
    /// No quorum can come about any more for one genesis, whoever takes the place of the silent, or
    /// more than `T` say that there is none, one of whom at least is honest.
    Dissolve,
    /// It is too late, and these seats were silent: they are to be drawn anew.
    Redraw(Vec<u32>),
}

/// What follows, `said` being what each founder said, in their order, and none of the silent.
///
/// A quorum by count: of `n` founders, `n - T`. Two quorums share an honest founder, so no two
/// genesis hashes ever have one.
pub fn verdict(said: &[Option<Outcome>], too_late: bool) -> Verdict {
    let founders = u32::try_from(said.len()).unwrap_or(u32::MAX);
    let silent = count(said, |s| s.is_none());
    let (best, votes) = leader(said);
    if votes >= quorum(founders) {
        if let Some(hash) = best {
            return Verdict::Live(hash);
        }
    }
    let impossible = count(said, |s| *s == Some(None));
    if impossible > tolerated(founders) || votes.saturating_add(silent) < quorum(founders) {
        return Verdict::Dissolve;
    }
    if too_late {
        return Verdict::Redraw(silent_seats(said));
    }
    Verdict::Wait
}

fn count(said: &[Option<Outcome>], what: impl Fn(&Option<Outcome>) -> bool) -> u32 {
    u32::try_from(said.iter().filter(|s| what(s)).count()).unwrap_or(u32::MAX)
}

/// The hash that most founders found, and how many did.
fn leader(said: &[Option<Outcome>]) -> (Option<Hash>, u32) {
    let mut hashes: Vec<Hash> = said.iter().copied().flatten().flatten().collect();
    hashes.sort_unstable();
    let (mut best, mut last, mut run) = ((None, 0u32), None, 0u32);
    for hash in hashes {
        run = if last == Some(hash) {
            run.saturating_add(1)
        } else {
            1
        };
        last = Some(hash);
        if run > best.1 {
            best = (Some(hash), run);
        }
    }
    best
}

fn silent_seats(said: &[Option<Outcome>]) -> Vec<u32> {
    (0u32..)
        .zip(said)
        .filter(|(_, s)| s.is_none())
        .map(|(seat, _)| seat)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(byte: u8) -> Hash {
        Hash::repeat_byte(byte)
    }

    /// A founder that found this hash; 0 for none, `.` for silent.
    fn said(text: &str) -> Vec<Option<Outcome>> {
        text.bytes()
            .map(|byte| match byte {
                b'.' => None,
                b'0' => Some(None),
                _ => Some(Some(hash(byte))),
            })
            .collect()
    }

    #[test]
    fn examples() {
        let live = |byte| Verdict::Live(hash(byte));
        // What was said; what follows in time; what follows at the deadline.
        for (text, in_time, late) in [
            ("....", Verdict::Wait, Verdict::Redraw(vec![0, 1, 2, 3])),
            ("aa..", Verdict::Wait, Verdict::Redraw(vec![2, 3])),
            ("aaa.", live(b'a'), live(b'a')),
            ("aaab", live(b'a'), live(b'a')),
            ("a0aa", live(b'a'), live(b'a')),
            // A liar alone dissolves nothing.
            ("0...", Verdict::Wait, Verdict::Redraw(vec![1, 2, 3])),
            ("00..", Verdict::Dissolve, Verdict::Dissolve),
            ("aabb", Verdict::Dissolve, Verdict::Dissolve),
            ("ab..", Verdict::Wait, Verdict::Redraw(vec![2, 3])),
            ("abc.", Verdict::Dissolve, Verdict::Dissolve),
            ("aaaaa..", live(b'a'), live(b'a')),
            ("aaaa.00", Verdict::Wait, Verdict::Redraw(vec![4])),
            ("aaaa000", Verdict::Dissolve, Verdict::Dissolve),
        ] {
            assert_eq!(verdict(&said(text), false), in_time, "{text}");
            assert_eq!(verdict(&said(text), true), late, "{text}, late");
        }
    }

    proptest! {
        #[test]
        fn honest_founders_always_get_there(
            n in 4usize..60, liars in proptest::collection::vec("[.0b-d]", 20), rotate in 0usize..60,
        ) {
            let t = tolerated(n as u32) as usize;
            let mut text: String = liars.into_iter().take(t).collect();
            text.push_str(&"a".repeat(n - t));
            let mut said = said(&text);
            let len = said.len();
            said.rotate_left(rotate % len);
            prop_assert_eq!(verdict(&said, false), Verdict::Live(hash(b'a')));
        }

        #[test]
        fn liars_alone_neither_found_nor_dissolve(
            n in 4usize..60, liars in proptest::collection::vec("[0b-d]", 20),
        ) {
            let t = tolerated(n as u32) as usize;
            let mut text: String = liars.into_iter().take(t).collect();
            text.push_str(&".".repeat(n - t));
            prop_assert_eq!(verdict(&said(&text), false), Verdict::Wait);
        }

        #[test]
        fn late_is_never_for_ever(text in "[.0ab]{4,60}") {
            let verdict = verdict(&said(&text), true);
            prop_assert_ne!(&verdict, &Verdict::Wait);
            if let Verdict::Redraw(seats) = verdict {
                prop_assert!(!seats.is_empty());
            }
        }
    }
}
