// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who authored the block, by its header.

use crate::{mock::*, CurrentBlock, Participation, SessionParticipation};
use frame_support::assert_ok;

#[test]
fn author_and_view_are_those_of_the_digest() {
    ExtBuilder::default().run(|| {
        Draft {
            author: 2,
            view: 7,
            ..Default::default()
        }
        .make_with(|| {
            let block = Pbft::current_block().expect("the header names an author");
            assert_eq!((block.author, block.account, block.view), (2, 3, 7));
            assert_eq!(Authorship::author(), Some(3));
        });
        assert_eq!(
            CurrentBlock::<Test>::get(),
            None,
            "nothing stays in the state"
        );
    });
}

/// In the block that ends a session the index is one into the set that goes.
#[test]
fn the_author_of_a_handing_over_block_is_of_the_old_set() {
    ExtBuilder::default().run(|| {
        block();
        Draft::default().make_with(|| {
            assert_ok!(Pbft::remove_authority(RuntimeOrigin::root(), 1));
        });
        end_session();
        Draft {
            author: 3,
            ..Default::default()
        }
        .make_with(|| {
            assert_eq!(members(), [2, 3, 4], "the block hands over");
            assert_eq!(Authorship::author(), Some(4));
            assert_eq!(Pbft::current_block().map(|b| b.account), Some(4));
        });
        Draft {
            author: 0,
            ..Default::default()
        }
        .make_with(|| assert_eq!(Authorship::author(), Some(2)));
    });
}

#[test]
fn authored_and_signed_blocks_are_counted_for_the_session() {
    ExtBuilder::default().run(|| {
        Draft {
            author: 1,
            ..Default::default()
        }
        .make();
        Draft {
            author: 1,
            signers: Some(vec![0, 1, 3]),
            ..Default::default()
        }
        .make();
        Draft {
            author: 0,
            signers: Some(vec![1, 2, 3]),
            ..Default::default()
        }
        .make();
        let count = |authored, signed| Participation { authored, signed };
        assert_eq!(
            SessionParticipation::<Test>::get().into_inner(),
            [count(1, 1), count(2, 2), count(0, 1), count(0, 2)]
        );
        end_session();
        let sum = |f: fn(&Participation) -> u32| -> u32 {
            SessionParticipation::<Test>::get().iter().map(f).sum()
        };
        assert_eq!(
            sum(|p| p.authored),
            0,
            "the handing-over block counts for the old session"
        );
        assert!(sum(|p| p.signed) <= 4);
    });
}

#[test]
#[should_panic(expected = "one pre-runtime digest of pBFT")]
#[cfg(not(feature = "runtime-benchmarks"))]
fn a_block_without_digest_is_invalid() {
    ExtBuilder::default().run(|| {
        begin_with(vec![]);
        let _ = Timestamp::set(RuntimeOrigin::none(), FIRST_MS);
    });
}

#[test]
#[should_panic(expected = "one pre-runtime digest of pBFT")]
#[cfg(not(feature = "runtime-benchmarks"))]
fn a_block_with_two_digests_is_invalid() {
    ExtBuilder::default().run(|| {
        let item = hansa_pbft_primitives::PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: FIRST_MS,
        }
        .to_digest_item();
        begin_with(vec![item.clone(), item]);
        let _ = Timestamp::set(RuntimeOrigin::none(), FIRST_MS);
    });
}

#[test]
#[should_panic(expected = "names an authority")]
#[cfg(not(feature = "runtime-benchmarks"))]
fn a_block_by_nobody_is_invalid() {
    ExtBuilder::default().run(|| {
        let draft = Draft {
            author: 4,
            ..Default::default()
        };
        draft.make();
    });
}
