// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Certificates: what makes one good, and each way to be bad.

use crate::fixture::{block, certificate, set, vote, CONTEXT, HEIGHT, PROOF};
use codec::{Decode, Encode};
use hansa_pbft_primitives::{
    AuthorityIndex, Certificate, CertificateError as Error, Hash, SignerBitmap, SigningContext,
    VoteKind,
};
use proptest::prelude::*;
use VoteKind::{Commit, Prepare};

/// A bitmap of raw bytes, as it may come from the wire.
fn bitmap(bytes: &[u8]) -> SignerBitmap {
    SignerBitmap::decode(&mut &bytes.to_vec().encode()[..]).unwrap()
}

#[test]
fn a_quorum_of_the_right_kind_verifies() {
    let set = set(&[1; 4]);
    for kind in [Prepare, Commit] {
        for signers in [&[0, 1, 2][..], &[1, 2, 3], &[3, 0, 2], &[0, 1, 2, 3]] {
            let good = certificate(kind, 5, block(1), &set, signers);
            assert_eq!(good.verify(kind, &CONTEXT, &set), Ok(()));
            let other = if kind == Prepare { Commit } else { Prepare };
            assert_eq!(good.verify(other, &CONTEXT, &set), Err(Error::WrongKind));
        }
    }
}

#[test]
fn signers_below_the_quorum_do_not_do() {
    let even = set(&[1; 4]);
    let no_quorum = |weight, quorum| Err(Error::NoQuorum { weight, quorum });
    for (signers, weight) in [(&[][..], 0), (&[2], 1), (&[1, 3], 2)] {
        let thin = certificate(Commit, 0, block(1), &even, signers);
        assert_eq!(thin.verify(Commit, &CONTEXT, &even), no_quorum(weight, 3));
    }
    // Weight counts, not heads: T = 3, quorum 7 of 10.
    let uneven = set(&[4, 3, 1, 1, 1]);
    let heads = certificate(Commit, 0, block(1), &uneven, &[1, 2, 3, 4]);
    assert_eq!(heads.verify(Commit, &CONTEXT, &uneven), no_quorum(6, 7));
    let weight = certificate(Commit, 0, block(1), &uneven, &[0, 1]);
    assert_eq!(weight.verify(Commit, &CONTEXT, &uneven), Ok(()));
}

#[test]
fn a_signer_counts_once() {
    let set = set(&[1; 4]);
    // Assembling leaves the repetition out …
    let repeated = certificate(Commit, 0, block(1), &set, &[0, 1, 1, 1]);
    assert_eq!(repeated.signers.iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(repeated.signatures.len(), 2);
    assert_eq!(
        repeated.verify(Commit, &CONTEXT, &set),
        Err(Error::NoQuorum {
            weight: 2,
            quorum: 3
        })
    );
    // … and forging it changes the number of signatures.
    let mut forged = repeated.clone();
    let again = forged.signatures[1].clone();
    forged.signatures.try_push(again.clone()).unwrap();
    assert!(forged.verify(Commit, &CONTEXT, &set).is_err());
    forged.signers = SignerBitmap::new(4, [0, 1, 2]);
    assert_eq!(
        forged.verify(Commit, &CONTEXT, &set),
        Err(Error::BadSignature(2))
    );
    let mut long = certificate(Commit, 0, block(1), &set, &[0, 1, 2]);
    long.signatures.try_push(again).unwrap();
    assert_eq!(
        long.verify(Commit, &CONTEXT, &set),
        Err(Error::SignatureCount {
            signatures: 4,
            signers: 3
        })
    );
    long.signatures.truncate(2);
    assert_eq!(
        long.verify(Commit, &CONTEXT, &set),
        Err(Error::SignatureCount {
            signatures: 2,
            signers: 3
        })
    );
}

#[test]
fn signers_outside_the_set_and_long_or_short_bitmaps_are_refused() {
    let set = set(&[1; 4]);
    // Assembling leaves strangers out.
    let with_stranger = certificate(Commit, 0, block(1), &set, &[0, 1, 2, 4, 99]);
    assert_eq!(with_stranger.signers.iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(with_stranger.verify(Commit, &CONTEXT, &set), Ok(()));
    for bytes in [
        &[][..],
        &[0b0001_0111],
        &[0b1000_0111],
        &[0b0000_0111, 0],
        &[0b111, 1],
    ] {
        let mut bad = with_stranger.clone();
        bad.signers = bitmap(bytes);
        assert_eq!(
            bad.verify(Commit, &CONTEXT, &set),
            Err(Error::UnknownSigner),
            "{bytes:?}"
        );
    }
    // More bytes than any set needs do not even decode.
    assert!(SignerBitmap::decode(&mut &vec![0u8; 126].encode()[..]).is_err());
    assert!(SignerBitmap::decode(&mut &vec![0u8; 125].encode()[..]).is_ok());
}

#[test]
fn a_certificate_speaks_of_one_chain_set_place_block_and_proof_only() {
    let set = set(&[1; 4]);
    let good = certificate(Commit, 5, block(1), &set, &[0, 1, 3]);
    let genesis = SigningContext {
        genesis: block(9),
        ..CONTEXT
    };
    let set_id = SigningContext {
        set_id: CONTEXT.set_id + 1,
        ..CONTEXT
    };
    for context in [genesis, set_id] {
        assert_eq!(
            good.verify(Commit, &context, &set),
            Err(Error::BadSignature(0))
        );
    }
    for altered in [
        Certificate {
            height: HEIGHT + 1,
            ..good.clone()
        },
        Certificate {
            view: 6,
            ..good.clone()
        },
        Certificate {
            hash: block(2),
            ..good.clone()
        },
        Certificate {
            proof: Hash::zero(),
            ..good.clone()
        },
        Certificate {
            kind: Prepare,
            ..good.clone()
        },
    ] {
        let kind = altered.kind;
        assert_eq!(
            altered.verify(kind, &CONTEXT, &set),
            Err(Error::BadSignature(0))
        );
    }
}

#[test]
fn an_empty_set_certifies_nothing() {
    // Such a set can only be decoded.
    let empty = hansa_pbft_primitives::AuthoritySet::decode(
        &mut &(CONTEXT.set_id, Vec::<u8>::new()).encode()[..],
    )
    .unwrap();
    let nothing = certificate(Commit, 0, block(1), &empty, &[]);
    assert_eq!(
        nothing.verify(Commit, &CONTEXT, &empty),
        Err(Error::NoQuorum {
            weight: 0,
            quorum: 0
        })
    );
}

#[test]
fn signatures_belong_to_their_signers() {
    let set = set(&[1; 4]);
    let mut swapped = certificate(Commit, 0, block(1), &set, &[0, 1, 2]);
    let mut signatures = swapped.signatures.into_inner();
    signatures.swap(1, 2);
    swapped.signatures = signatures.try_into().unwrap();
    assert_eq!(
        swapped.verify(Commit, &CONTEXT, &set),
        Err(Error::BadSignature(1))
    );
    let votes = [vote(Commit, 0, 0, block(1)), vote(Commit, 1, 0, block(2))];
    let mixed = votes.into_iter().chain([vote(Commit, 2, 0, block(1))]);
    let mixed = Certificate::new(Commit, HEIGHT, 0, block(1), PROOF, &set, mixed);
    assert_eq!(
        mixed.verify(Commit, &CONTEXT, &set),
        Err(Error::BadSignature(1))
    );
}

proptest! {
    /// A bitmap holds exactly the members among its signers, whatever the set's size.
    #[test]
    fn bitmaps_hold_the_members(
        len in 0usize..1_100,
        signers in prop::collection::btree_set(0u16..1_200, 0..60),
    ) {
        let bitmap = SignerBitmap::new(len, signers.iter().copied());
        let members: Vec<AuthorityIndex> =
            signers.into_iter().filter(|s| usize::from(*s) < len.min(1_000)).collect();
        prop_assert_eq!(bitmap.iter().collect::<Vec<_>>(), members.clone());
        prop_assert_eq!(bitmap.count() as usize, members.len());
        prop_assert!(members.iter().all(|m| bitmap.contains(*m)));
        prop_assert_eq!(SignerBitmap::decode(&mut &bitmap.encode()[..]).unwrap(), bitmap);
    }

    /// Whatever bytes come for a bitmap, checking is total, and it passes only what a correct node
    /// would have made of the same signers.
    #[test]
    fn accepted_bitmaps_are_canonical(
        bytes in prop::collection::vec(any::<u8>(), 0..4),
        weights in prop::collection::vec(1u64..5, 1..20),
    ) {
        let (set, bitmap) = (set(&weights), bitmap(&bytes));
        if bitmap.check_quorum(&set).is_ok() {
            prop_assert_eq!(SignerBitmap::new(set.len(), bitmap.iter()), bitmap.clone());
            let weight: u64 = bitmap.iter().map(|i| set.weight(i)).sum();
            prop_assert!(weight >= set.quorum());
        }
    }
}
