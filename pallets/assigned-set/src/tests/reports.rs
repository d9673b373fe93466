// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub is told of who made blocks.

use crate::{mock::*, Event, Unreported};
use frame_support::assert_ok;
use hansa_dappchain_primitives::{ChainPacket, MAX_SET};

fn last_report() -> (u32, Vec<(AccountId, u32)>) {
    let sent = Sent::get();
    match sent.last() {
        Some((HUB, ChainPacket::Authored { session, blocks })) => {
            (*session, blocks.clone().into_inner())
        }
        other => panic!("no report to the hub: {other:?}"),
    }
}

#[test]
fn each_session_is_reported_once_with_who_made_blocks_in_it() {
    with_hub(|| {
        for author in [3, 1, 1] {
            block_by(author, || {});
        }
        assert_eq!(Sent::get(), []);
        end_session();
        let (session, blocks) = last_report();
        assert_eq!(session, 0);
        let made = System::block_number();
        // Node 3 made none.
        assert_eq!(blocks, [(1, made - 3), (2, 2), (4, 1)]);
        assert!(events().contains(&Event::BlocksReported {
            session: 0,
            blocks: made
        }));
        end_session();
        assert_eq!(Sent::get().len(), 2);
        assert_eq!(last_report(), (1, vec![(1, System::block_number() - made)]));
    });
}

/// The block that hands over is made by the old set, and counts for it.
#[test]
fn every_block_is_reported_across_a_change_of_the_set() {
    with_hub(|| {
        assert_ok!(take(HUB, set(1, &[5, 6, 7, 8])));
        end_session();
        block_by(3, || {});
        assert_eq!(members(), [5, 6, 7, 8]);
        block_by(1, || {});
        end_session();
        let mut sum = 0;
        let mut of_4 = 0;
        let mut of_6 = 0;
        for (_, ChainPacket::Authored { blocks, .. }) in Sent::get() {
            for (node, made) in blocks {
                sum += made;
                of_4 += if node == 4 { made } else { 0 };
                of_6 += if node == 6 { made } else { 0 };
            }
        }
        assert_eq!((sum, of_4, of_6), (System::block_number(), 1, 1));
    });
}

#[test]
fn what_cannot_be_sent_goes_with_the_next_report() {
    with_hub(|| {
        Sends::set(false);
        block_by(2, || {});
        end_session();
        let first = System::block_number();
        assert_eq!(Sent::get(), []);
        assert_eq!(
            Unreported::<Test>::get().into_inner(),
            [(1, first - 1), (3, 1)]
        );
        Sends::set(true);
        end_session();
        assert_eq!(
            last_report(),
            (1, vec![(1, System::block_number() - 1), (3, 1)])
        );
        assert!(Unreported::<Test>::get().is_empty());
    });
}

#[test]
fn more_than_fits_a_packet_goes_with_two() {
    with_hub(|| {
        let many = (0..u64::from(MAX_SET) + 5).map(|node| (1_000 + node, 1));
        Unreported::<Test>::put(crate::Made::truncate_from(many.collect()));
        end_session();
        assert_eq!(last_report().1.len() as u32, MAX_SET);
        assert_eq!(Unreported::<Test>::get().len(), 6);
        end_session();
        assert_eq!(last_report().1.len(), 7);
        assert!(Unreported::<Test>::get().is_empty());
    });
}

#[test]
fn a_chain_that_stands_alone_reports_nothing() {
    ExtBuilder { hub: false }.run(|| {
        end_session();
        assert_eq!(Sent::get(), []);
        assert!(Unreported::<Test>::get().is_empty());
    });
}
