// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What freezes a client, and what does not.

use crate::fixture::*;
use hansa_interchain_primitives::{
    client::{set_hash, PastSet},
    ClientError, Hash, Misbehaviour, Moment,
};
use hansa_pbft_primitives::{statement::verify_signature, CertificateError, VoteKind};

const ONE: Hash = Hash::repeat_byte(1);
const TWO: Hash = Hash::repeat_byte(2);

fn judge(
    misbehaviour: &Misbehaviour,
    past: Option<&PastSet>,
    now: Moment,
) -> Result<(), ClientError> {
    let (state, set) = client();
    misbehaviour.verify(&state, &set_hash(&set), past, now, verify_signature)
}

#[test]
fn certificates_of_different_blocks_of_one_height_freeze() {
    let (_, set) = client();
    let certificate = |place, hash| certify(&set, 1, place, hash, &[0, 1, 2]);
    let pair = |first, second| Misbehaviour {
        set: set.clone(),
        first,
        second,
    };
    // Of one view or of two.
    for view in [0, 7] {
        let fork = pair(certificate((11, 0), ONE), certificate((11, view), TWO));
        assert_eq!(judge(&fork, None, START), Ok(()));
    }
    // Two of one block: other view, other signers.
    let again = certify(&set, 1, (11, 3), ONE, &[1, 2, 3]);
    let same = pair(certificate((11, 0), ONE), again);
    assert_eq!(judge(&same, None, START), Err(ClientError::NoConflict));
    // Of two heights.
    let heights = pair(certificate((11, 0), ONE), certificate((12, 0), TWO));
    assert_eq!(judge(&heights, None, START), Err(ClientError::NoConflict));
    // One that does not hold, on either side.
    let thin = certify(&set, 1, (11, 0), TWO, &[0, 1]);
    let no_quorum = ClientError::Certificate(CertificateError::NoQuorum {
        weight: 2,
        quorum: 3,
    });
    let good = certificate((11, 0), ONE);
    assert_eq!(
        judge(&pair(good.clone(), thin.clone()), None, START),
        Err(no_quorum)
    );
    assert_eq!(
        judge(&pair(thin, good.clone()), None, START),
        Err(no_quorum)
    );
    // Prepared is not committed.
    let mut prepared = certificate((11, 0), TWO);
    prepared.kind = VoteKind::Prepare;
    let wrong = ClientError::Certificate(CertificateError::WrongKind);
    assert_eq!(judge(&pair(good, prepared), None, START), Err(wrong));
}

#[test]
fn only_the_set_of_that_height_can_contradict_itself() {
    let (_, current) = client();
    let old = set(2, 50);
    let fork = |set: &hansa_pbft_primitives::AuthoritySet, seed, height| Misbehaviour {
        set: set.clone(),
        first: certify(set, seed, (height, 0), ONE, &[0, 1, 2]),
        second: certify(set, seed, (height, 0), TWO, &[0, 1, 2]),
    };
    let past = PastSet {
        id: 2,
        hash: set_hash(&old),
        first: 5,
        last: 10,
        until: START - 100,
    };
    // The current set speaks of its own heights only.
    assert_eq!(
        judge(&fork(&current, 1, 10), None, START),
        Err(ClientError::OtherSet)
    );
    assert_eq!(judge(&fork(&current, 1, 11), None, START), Ok(()));
    // An earlier one of its own, if it is known …
    for (height, result) in [
        (4, Err(ClientError::OtherSet)),
        (5, Ok(())),
        (10, Ok(())),
        (11, Err(ClientError::OtherSet)),
    ] {
        assert_eq!(judge(&fork(&old, 50, height), Some(&past), START), result);
    }
    assert_eq!(
        judge(&fork(&old, 50, 7), None, START),
        Err(ClientError::OtherSet)
    );
    // … and its keys are not long unbonded.
    let last = past.until + TRUST;
    assert_eq!(judge(&fork(&old, 50, 7), Some(&past), last), Ok(()));
    assert_eq!(
        judge(&fork(&old, 50, 7), Some(&past), last + 1),
        Err(ClientError::TooOld)
    );
    // Another set under its id is somebody else.
    let forged = set(2, 90);
    assert_eq!(
        judge(&fork(&forged, 90, 7), Some(&past), START),
        Err(ClientError::OtherSet)
    );
    let forged = set(3, 90);
    assert_eq!(
        judge(&fork(&forged, 90, 11), None, START),
        Err(ClientError::OtherSet)
    );
}
