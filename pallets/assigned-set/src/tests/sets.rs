// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Sets that the hub orders: from whom they are taken, and when they decide.

use crate::{mock::*, Event, Seed, Waiting};
use codec::Encode;
use frame_support::assert_ok;
use hansa_dappchain_primitives::HubPacket;
use hansa_interchain_primitives::traits::{SystemPacketRefused, SystemPackets};
use hansa_pbft_primitives::{ChainedSeed, ConsensusLog, KEY_TYPE};
use sp_core::crypto::ByteArray;

#[test]
fn a_set_decides_after_the_end_of_the_session_in_which_it_came() {
    with_hub(|| {
        block_by(0, || {
            assert_ok!(take(HUB, set(1, &[3, 5, 6, 1])));
        });
        assert_eq!(
            events(),
            [Event::SetTaken {
                ordinal: 1,
                members: 4
            }]
        );
        for _ in 0..3 {
            assert_eq!(ConsensusLog::find_set_change(&block().digest), None);
            assert_eq!(members(), [1, 2, 3, 4]);
        }
        end_session();
        assert!(events().contains(&Event::SetPlanned { ordinal: 1 }));
        // The session that begins now is cut: the next block hands over.
        let header = block();
        let next = ConsensusLog::find_set_change(&header.digest).expect("it hands over");
        let keys: Vec<_> = next.authorities().iter().map(|a| a.key.clone()).collect();
        assert_eq!(keys, [key(3), key(5), key(6), key(1)]);
        assert!(next.authorities().iter().all(|a| a.weight == 1));
        assert_eq!((next.id, members()), (1, vec![3, 5, 6, 1]));
        end_session();
        end_session();
        assert_eq!(members(), [3, 5, 6, 1]);
    });
}

#[test]
fn only_the_last_of_several_sets_decides() {
    with_hub(|| {
        assert_ok!(take(HUB, set(1, &[1, 2, 3, 5])));
        assert_ok!(take(HUB, set(4, &[1, 2, 5, 6])));
        end_session();
        block();
        assert_eq!(members(), [1, 2, 5, 6]);
        assert_eq!(Waiting::<Test>::get(), None);
    });
}

#[test]
fn nobody_but_the_hub_orders_sets() {
    with_hub(|| {
        let set = set(1, &[1, 2, 3, 5]);
        assert_eq!(take(HUB + 1, set.clone()), Err(SystemPacketRefused));
        assert_eq!(take(0, set.clone()), Err(SystemPacketRefused));
        assert_ok!(take(HUB, set));
    });
    ExtBuilder { hub: false }.run(|| {
        assert_eq!(take(HUB, set(1, &[1, 2, 3, 5])), Err(SystemPacketRefused));
        assert_eq!(take(0, set(1, &[1, 2, 3, 5])), Err(SystemPacketRefused));
    });
}

#[test]
fn no_set_is_taken_out_of_order() {
    with_hub(|| {
        // The founders are number 0.
        assert_eq!(take(HUB, set(0, &[1, 2, 3, 5])), Err(SystemPacketRefused));
        assert_ok!(take(HUB, set(5, &[1, 2, 3, 5])));
        assert_eq!(take(HUB, set(5, &[1, 2, 3, 6])), Err(SystemPacketRefused));
        assert_eq!(take(HUB, set(4, &[1, 2, 3, 6])), Err(SystemPacketRefused));
        assert_eq!(Waiting::<Test>::get(), Some(set(5, &[1, 2, 3, 5])));
        end_session();
        assert_eq!(take(HUB, set(5, &[1, 2, 3, 6])), Err(SystemPacketRefused));
        assert_ok!(take(HUB, set(6, &[1, 2, 3, 6])));
    });
}

#[test]
fn what_is_no_set_is_refused() {
    with_hub(|| {
        assert_eq!(take(HUB, set(1, &[])), Err(SystemPacketRefused));
        assert_eq!(take(HUB, set(1, &[1, 2, 2, 3])), Err(SystemPacketRefused));
        let same_key = [node_with_key(1, 7), node_with_key(2, 7)];
        let refused = take(HUB, set_of(1, same_key.into_iter()));
        assert_eq!(refused, Err(SystemPacketRefused));
        let mut packet = HubPacket::NextSet(set(1, &[1, 2, 3, 5])).encode();
        packet.push(0);
        let refused = AssignedSet::take(HUB, &packet).map(|_| ());
        assert_eq!(refused, Err(SystemPacketRefused));
        end_session();
        block();
        assert_eq!(members(), [1, 2, 3, 4]);
    });
}

#[test]
fn keys_go_with_the_set() {
    with_hub(|| {
        let owner = |number| Session::key_owner(KEY_TYPE, key(number).as_slice());
        assert_eq!(owner(4), Some(4));
        assert_ok!(take(HUB, set(1, &[1, 2, 3, 5])));
        end_session();
        assert_eq!((owner(4), owner(5)), (None, Some(5)));
        assert_eq!(Session::load_keys(&4), None);
        // One that comes again is given its keys again.
        assert_ok!(take(HUB, set(2, &[1, 2, 4, 5])));
        end_session();
        block();
        assert_eq!(members(), [1, 2, 4, 5]);
        assert_eq!((owner(3), owner(4)), (None, Some(4)));
    });
}

#[test]
fn members_may_have_each_others_keys_of_before() {
    with_hub(|| {
        let swapped = [(1, 2), (2, 1), (3, 3), (4, 14)].map(|(node, n)| node_with_key(node, n));
        assert_ok!(take(HUB, set_of(1, swapped.into_iter())));
        end_session();
        block();
        let set = hansa_pallet_pbft::CurrentSet::<Test>::get();
        let keys: Vec<_> = set
            .set
            .authorities()
            .iter()
            .map(|a| a.key.clone())
            .collect();
        assert_eq!(keys, [key(2), key(1), key(3), key(14)]);
        assert_eq!(set.accounts.into_inner(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_set_whose_keys_are_anothers_is_dropped_as_a_whole() {
    with_hub(|| {
        // Key 9 belongs to account 9, which is in no set.
        let nodes = [(1, 11), (2, 2), (3, 3), (5, 9)].map(|(node, n)| node_with_key(node, n));
        assert_ok!(take(HUB, set_of(1, nodes.into_iter())));
        end_session();
        assert!(events().contains(&Event::SetDropped { ordinal: 1 }));
        block();
        assert_eq!(members(), [1, 2, 3, 4]);
        assert_eq!(Session::load_keys(&1), Some(MockKeys { pbft: key(1) }));
        assert_eq!(Session::load_keys(&4), Some(MockKeys { pbft: key(4) }));
        assert_ok!(take(HUB, set(2, &[1, 2, 3, 5])));
        end_session();
        block();
        assert_eq!(members(), [1, 2, 3, 5]);
    });
}

#[test]
fn the_hubs_randomness_seeds_the_schedule() {
    with_hub(|| {
        use hansa_pbft_primitives::NextSeed;
        let last = hansa_pallet_pbft::Seed::<Test>::get();
        assert_eq!(last, ChainedSeed::next_seed(&[0; 32], 0));
        assert_ok!(take(HUB, set(1, &[1, 2, 3, 5])));
        end_session();
        assert_eq!(Seed::<Test>::get(), Some([1; 32]));
        let seed = hansa_pallet_pbft::Seed::<Test>::get();
        assert_ne!(seed, ChainedSeed::next_seed(&last, 1));
        // It goes on to differ from session to session.
        let of = |last: &[u8; 32], session| crate::HubSeed::<Test>::next_seed(last, session);
        assert_eq!(seed, of(&last, 1));
        assert_ne!(of(&seed, 2), seed);
    });
}

#[test]
fn a_chain_that_stands_alone_has_the_set_that_its_admin_lists() {
    ExtBuilder { hub: false }.run(|| {
        block_by(0, || {
            assert_ok!(Pbft::add_authority(RuntimeOrigin::signed(ADMIN), 9));
            assert_ok!(Pbft::remove_authority(RuntimeOrigin::signed(ADMIN), 2));
        });
        end_session();
        block();
        assert_eq!(members(), [1, 3, 4, 9]);
    });
}
