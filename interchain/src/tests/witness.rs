// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is remembered of certificates, and what is seen by that.

use super::mock::*;
use crate::{
    limits::{DOUBT_INTERVAL_MS, MAX_CERTIFICATES, MAX_DOUBT_QUESTIONS},
    witness::{Seen, Witness},
};
use hansa_interchain_primitives::{Hash, Height, Misbehaviour};
use hansa_pbft_primitives::Certificate;

const GENESIS: Hash = Hash::repeat_byte(0xa);
const ONE: Hash = Hash::repeat_byte(1);
const TWO: Hash = Hash::repeat_byte(2);

fn certificate(height: Height, hash: Hash) -> Certificate {
    certify(GENESIS, &make_set(0, 1), 1, height, hash)
}

#[test]
fn two_certified_blocks_of_one_height_contradict_each_other() {
    let (mut witness, set) = (Witness::default(), make_set(0, 1));
    let (one, two) = (certificate(5, ONE), certificate(5, TWO));
    let again = certify_in(GENESIS, &set, 1, (5, 7), ONE);
    assert_eq!(witness.see(GENESIS, &set, &one), Seen::Agrees);
    assert_eq!(witness.see(GENESIS, &set, &one), Seen::Agrees);
    assert_eq!(witness.see(GENESIS, &set, &again), Seen::Agrees);
    assert_eq!(
        witness.see(GENESIS, &set, &certificate(6, TWO)),
        Seen::Agrees
    );
    let misbehaviour = Misbehaviour {
        set: set.clone(),
        first: one,
        second: two.clone(),
    };
    let found = Seen::Contradicts(Box::new(misbehaviour));
    assert_eq!(witness.see(GENESIS, &set, &two), found);
    assert_eq!(
        witness.see(GENESIS, &set, &two),
        found,
        "until it is believed"
    );
}

#[test]
fn what_no_quorum_of_that_set_signed_is_not_remembered() {
    let (mut witness, set) = (Witness::default(), make_set(0, 1));
    let mut forged = certificate(5, ONE);
    forged.hash = TWO;
    assert_eq!(witness.see(GENESIS, &set, &forged), Seen::NotCertified);
    let other = make_set(0, 50);
    let one = certificate(5, ONE);
    assert_eq!(witness.see(GENESIS, &other, &one), Seen::NotCertified);
    let later = make_set(1, 1);
    assert_eq!(witness.see(GENESIS, &later, &one), Seen::NotCertified);
    assert_eq!(witness.see(ONE, &set, &one), Seen::NotCertified);
    // None of it stands in the way of what is true.
    assert_eq!(witness.see(GENESIS, &set, &one), Seen::Agrees);
}

#[test]
fn the_certificates_that_were_seen_last_are_remembered() {
    let (mut witness, set) = (Witness::default(), make_set(0, 1));
    let last = MAX_CERTIFICATES as Height;
    for height in 0..=last {
        witness.see(GENESIS, &set, &certificate(height, ONE));
    }
    let contradicts = |witness: &mut Witness, height| {
        let seen = witness.see(GENESIS, &set, &certificate(height, TWO));
        matches!(seen, Seen::Contradicts(_))
    };
    assert!(contradicts(&mut witness, last));
    assert!(contradicts(&mut witness, 1));
    assert!(!contradicts(&mut witness, 0), "it was forgotten");
    // A low one is not forgotten for being low.
    assert_eq!(
        witness.see(GENESIS, &set, &certificate(0, TWO)),
        Seen::Agrees
    );
    let seen = witness.see(GENESIS, &set, &certificate(0, ONE));
    assert!(matches!(seen, Seen::Contradicts(_)));
}

#[test]
fn who_doubts_asks_a_bounded_number_of_others_one_after_another() {
    let mut witness = Witness::default();
    assert_eq!(witness.question(0), None);
    witness.doubt(5, TWO, 10);
    // One doubt at a time.
    witness.doubt(6, ONE, 10);
    assert_eq!(witness.question(9), None);
    let mut now = 10;
    for turn in 0..MAX_DOUBT_QUESTIONS as usize {
        assert_eq!(witness.question(now), Some((5, TWO, turn)));
        assert_eq!(witness.question(now), None);
        now += DOUBT_INTERVAL_MS;
    }
    assert_eq!(witness.question(now), None);
    witness.doubt(7, ONE, now);
    assert_eq!(witness.question(now), Some((7, ONE, 0)));
    witness.settle();
    assert_eq!(witness.question(now + DOUBT_INTERVAL_MS), None);
}
