// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Which sets are ordered, and which hand-overs are allowed.

use crate::{mock::*, Chains, Event, Round, Sets, MAX_OUTSTANDING};
use hansa_allocation_primitives::MemberPhase;
use hansa_beacon_primitives::OnBeacon;
use hansa_interchain_primitives::traits::HandOvers;
use hansa_pbft_primitives::{Authority, AuthoritySet};

#[test]
fn a_chain_whose_nodes_are_others_gets_another_set_in_the_next_epoch() {
    with_chain(|| {
        assert_eq!(epoch(), []);
        serve(CHAIN, &[1, 2, 3, 5]);
        block_after(10);
        assert_eq!(sent(), []);
        assert_eq!(
            epoch(),
            [Event::SetOrdered {
                chain: CHAIN,
                ordinal: 1,
                members: 4
            }]
        );
        assert_eq!(sent(), [(1, vec![1, 2, 3, 5])]);
        let (_, next) = Sent::get().remove(0);
        assert_eq!(next.seed, EpochSeed::get());
        assert_eq!(next.members.into_inner(), nodes(&[1, 2, 3, 5]));
        // Ordered already.
        assert_eq!(epoch(), []);
    });
}

#[test]
fn new_keys_and_another_order_are_another_set() {
    with_chain(|| {
        OtherKeys::mutate(|keys| keys.insert(4, 14));
        epoch();
        assert_eq!(sent().len(), 1);
        serve(CHAIN, &[2, 1, 3, 4]);
        epoch();
        assert_eq!(sent().len(), 2);
    });
}

#[test]
fn who_joins_is_not_in_the_set_and_who_departs_is() {
    with_chain(|| {
        let members = vec![
            (1, MemberPhase::Serving),
            (2, MemberPhase::Departing),
            (3, MemberPhase::Serving),
            (5, MemberPhase::Joining),
            (4, MemberPhase::Serving),
            (6, MemberPhase::Serving),
        ];
        Rosters::mutate(|all| all.insert(CHAIN, members));
        epoch();
        assert_eq!(sent(), [(1, vec![1, 2, 3, 4, 6])]);
    });
}

#[test]
fn a_node_without_keys_is_left_out_and_fewer_than_four_are_no_set() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 4, 5]);
        OtherKeys::mutate(|keys| keys.insert(2, 0));
        epoch();
        assert_eq!(sent(), [(1, vec![1, 3, 4, 5])]);
        OtherKeys::mutate(|keys| keys.insert(3, 0));
        let too_few = Event::TooFewNodes {
            chain: CHAIN,
            nodes: 3,
        };
        assert_eq!(epoch(), [too_few]);
        assert_eq!(sent().len(), 1);
    });
}

#[test]
fn what_cannot_be_sent_is_tried_again() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 5]);
        Sends::set(false);
        assert_eq!(epoch(), [Event::SetNotSent { chain: CHAIN }]);
        assert!(!DappChainSets::may_hand_over(CHAIN, &set(1, &[1, 2, 3, 5])));
        Sends::set(true);
        epoch();
        assert_eq!(sent(), [(1, vec![1, 2, 3, 5])]);
    });
}

#[test]
fn only_a_set_that_was_ordered_may_be_handed_over_to() {
    with_chain(|| {
        serve(CHAIN, &[1, 2, 3, 5]);
        epoch();
        let not = |set: AuthoritySet| assert!(!DappChainSets::may_hand_over(CHAIN, &set));
        not(set(1, &[1, 2, 3, 6]));
        // Nor the same members in another order, with another weight, one more, or one less.
        not(set(1, &[2, 1, 3, 5]));
        not(set(1, &[1, 2, 3, 5, 6]));
        not(set(1, &[1, 2, 3]));
        let mut heavy: Vec<Authority> = set(1, &[1, 2, 3, 5]).authorities().to_vec();
        heavy[0].weight = 2;
        not(AuthoritySet::new(1, heavy).unwrap());
        // Nor back to the founders.
        not(set(1, &[1, 2, 3, 4]));
        assert!(hand_over(1, &[1, 2, 3, 5]));
        assert_eq!(
            events().last(),
            Some(&Event::SetInForce {
                chain: CHAIN,
                ordinal: 1,
                set: 1
            })
        );
        not(set(2, &[1, 2, 3, 5]));
    });
}

#[test]
fn chains_of_which_the_hub_orders_nothing_hand_over_as_they_like() {
    with_chain(|| {
        assert!(DappChainSets::may_hand_over(77, &set(1, &[7])));
        DappChainSets::on_hand_over(77, &set(1, &[7]));
        assert_eq!(events(), []);
    });
}

#[test]
fn a_chain_may_pass_over_sets_but_not_go_back() {
    with_chain(|| {
        for fourth in [5, 6, 7] {
            serve(CHAIN, &[1, 2, 3, fourth]);
            epoch();
        }
        assert!(hand_over(1, &[1, 2, 3, 6]));
        assert!(!Sets::<Test>::contains_key(CHAIN, 1));
        assert!(!hand_over(2, &[1, 2, 3, 5]));
        assert!(hand_over(2, &[1, 2, 3, 7]));
        let view = DappChainSets::sets_of(CHAIN).unwrap();
        assert_eq!((view.in_force, view.set_id, view.latest), (3, Some(2), 3));
        let ordinal = |set| DappChainSets::ordinal_of(CHAIN, set);
        assert_eq!(
            [ordinal(0), ordinal(1), ordinal(2), ordinal(3)],
            [Some(0), Some(2), Some(3), None]
        );
    });
}

#[test]
fn no_more_sets_are_ordered_than_a_hand_over_is_compared_with() {
    with_chain(|| {
        for fourth in 0..u64::from(MAX_OUTSTANDING) {
            serve(CHAIN, &[1, 2, 3, 10 + fourth]);
            epoch();
        }
        assert_eq!(sent().len() as u32, MAX_OUTSTANDING);
        serve(CHAIN, &[1, 2, 3, 99]);
        assert_eq!(epoch(), [Event::TooManySets { chain: CHAIN }]);
        assert!(hand_over(1, &[1, 2, 3, 10]));
        epoch();
        assert_eq!(
            sent().last(),
            Some(&(MAX_OUTSTANDING + 1, vec![1, 2, 3, 99]))
        );
    });
}

#[test]
fn no_more_sets_are_remembered_than_may_be() {
    with_chain(|| {
        let mut ordered = 1;
        for i in 1..u64::from(MAX_SETS) + 5 {
            let members = [1, 2, 3, 10 + i];
            serve(CHAIN, &members);
            if epoch() == [Event::TooManySets { chain: CHAIN }] {
                break;
            }
            ordered += 1;
            assert!(hand_over(i, &members));
        }
        assert_eq!(ordered, MAX_SETS);
        // Those whose stakes are out of reach make room, some at a time.
        block_after(KEEP);
        epoch();
        assert_eq!(
            Sets::<Test>::iter_prefix(CHAIN).count() as u32,
            MAX_SETS - 4 + 1
        );
        assert_eq!(
            Forgotten::get(),
            [(CHAIN, 0), (CHAIN, 1), (CHAIN, 2), (CHAIN, 3)]
        );
        for _ in 0..10 {
            epoch();
        }
        // What decides, or may, stays.
        assert_eq!(Sets::<Test>::iter_prefix(CHAIN).count(), 2);
        assert_eq!(Chains::<Test>::get(CHAIN).unwrap().first, MAX_SETS - 1);
    });
}

#[test]
fn a_round_looks_at_all_chains_a_few_a_block() {
    ExtBuilder.run(|| {
        for chain in 1..=5 {
            go_live(chain, &[1, 2, 3, 4]);
            serve(chain, &[1, 2, 3, 5]);
        }
        DappChainSets::on_beacon(1, &Default::default());
        let mut counts = Vec::new();
        while Round::<Test>::exists() {
            block_after(0);
            counts.push(Sent::get().len());
        }
        assert_eq!(counts, [2, 4, 5]);
        let mut chains: Vec<_> = Sent::get().into_iter().map(|(chain, _)| chain).collect();
        chains.sort_unstable();
        assert_eq!(chains, [1, 2, 3, 4, 5]);
        // An epoch that comes while a round is under way does not begin it anew.
        DappChainSets::on_beacon(2, &Default::default());
        block_after(0);
        let at = Round::<Test>::get();
        DappChainSets::on_beacon(3, &Default::default());
        assert_eq!(Round::<Test>::get(), at);
    });
}
