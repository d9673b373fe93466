// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What chains report of who made blocks.

use crate::{mock::*, Event};
use codec::Encode;
use hansa_dappchain_primitives::{ChainId, ChainLives, ChainPacket, MAX_SET};
use hansa_interchain_primitives::traits::{SystemPacketRefused, SystemPackets};

fn report(from: ChainId, blocks: &[(AccountId, u32)]) -> Result<(), SystemPacketRefused> {
    let packet = ChainPacket::Authored {
        session: 3,
        blocks: blocks.to_vec().try_into().expect("they fit"),
    };
    DappChainSets::take(from, &packet.encode()).map(|_| ())
}

#[test]
fn nodes_are_credited_with_their_blocks() {
    with_chain(|| {
        block_after(10);
        assert_eq!(report(CHAIN, &[(1, 20), (4, 30)]), Ok(()));
        assert_eq!(Credited::get(), [(CHAIN, 1, 20), (CHAIN, 4, 30)]);
        assert_eq!(
            events(),
            [Event::BlocksReported {
                chain: CHAIN,
                session: 3,
                blocks: 50
            }]
        );
    });
}

#[test]
fn a_chain_is_not_believed_more_blocks_than_it_can_have_made() {
    with_chain(|| {
        block_after(9);
        // Ten a second, and a second more for what was rounded.
        assert_eq!(report(CHAIN, &[(1, 60), (2, u32::MAX), (3, 5)]), Ok(()));
        assert_eq!(Credited::take(), [(CHAIN, 1, 60), (CHAIN, 2, 40)]);
        assert_eq!(report(CHAIN, &[(1, 60)]), Ok(()));
        assert_eq!(Credited::take(), [(CHAIN, 1, 10)]);
    });
}

#[test]
fn who_has_no_node_is_credited_with_nothing() {
    with_chain(|| {
        block_after(10);
        assert_eq!(report(CHAIN, &[(1_000, 5), (2, 1), (3, 0)]), Ok(()));
        assert_eq!(Credited::get(), [(CHAIN, 2, 1)]);
    });
}

#[test]
fn only_live_chains_report() {
    with_chain(|| {
        block_after(10);
        assert_eq!(report(77, &[(1, 1)]), Err(SystemPacketRefused));
        DappChainSets::on_ended(CHAIN);
        assert_eq!(report(CHAIN, &[(1, 1)]), Err(SystemPacketRefused));
        assert_eq!(Credited::get(), []);
    });
}

#[test]
fn what_is_no_report_is_refused() {
    with_chain(|| {
        for bytes in [&[][..], &[1], &[0, 0, 0, 0, 0, 0, 0]] {
            let taken = DappChainSets::take(CHAIN, bytes).map(|_| ());
            assert_eq!(taken, Err(SystemPacketRefused), "{bytes:?}");
        }
    });
}

/// What is paid for before a packet is read is what its entries can cost, and no more: or reports that have waited for
/// an outage would not fit a block together.
#[test]
fn the_weight_of_a_report_follows_its_length() {
    with_chain(|| {
        let report = |nodes: u32| {
            let blocks: Vec<_> = (0..nodes).map(|i| (u64::from(i), 1u32)).collect();
            let packet = ChainPacket::Authored {
                session: 3,
                blocks: blocks.try_into().expect("they are few"),
            };
            packet.encode()
        };
        let most = |bytes: u32| <DappChainSets as SystemPackets>::max_weight(bytes);
        for nodes in [0, 1, 4, 100, MAX_SET] {
            let bytes = report(nodes);
            let taken = DappChainSets::take(CHAIN, &bytes).expect("it is a report");
            let most = most(bytes.len() as u32);
            assert!(taken.all_lte(most), "{nodes}: {taken:?} {most:?}");
        }
        assert!(most(report(4).len() as u32).ref_time() * 10 < most(u32::MAX).ref_time());
        assert_eq!(most(u32::MAX), most(report(MAX_SET).len() as u32));
    });
}
