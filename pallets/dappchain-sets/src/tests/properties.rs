// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whatever happens in whatever order, what is remembered is what was ordered.

use crate::{mock::*, Sets};
use hansa_interchain_primitives::traits::LightClients;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Serve(u64),
    Epoch,
    /// The chain hands over to the set that was sent so many before the last.
    HandOver(usize),
    Wait(u32),
    SendsFail(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (5u64..12).prop_map(Step::Serve),
        6 => Just(Step::Epoch),
        4 => (0usize..4).prop_map(Step::HandOver),
        1 => (1u32..KEEP).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::SendsFail),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The mock checks the invariants after each step.
    #[test]
    fn an_honest_chain_is_never_suspended_and_never_goes_back(
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        with_chain(|| {
            let (mut at, mut id) = (0, 0);
            for step in steps {
                match step {
                    Step::Serve(fourth) => serve(CHAIN, &[1, 2, 3, fourth]),
                    Step::Epoch => {
                        epoch();
                    }
                    Step::Wait(seconds) => block_after(seconds),
                    Step::SendsFail(fail) => Sends::set(!fail),
                    Step::HandOver(back) => {
                        let Some((ordinal, nodes)) = sent().into_iter().rev().nth(back) else {
                            continue;
                        };
                        if ordinal <= at {
                            continue;
                        }
                        id += 1;
                        assert!(hand_over(id, &nodes), "set {ordinal} was ordered");
                        let view = DappChainSets::sets_of(CHAIN).expect("it is live");
                        // Of equal sets the first counts: which one the chain meant makes no difference.
                        assert!(at < view.in_force && view.in_force <= ordinal);
                        at = view.in_force;
                        assert_eq!(view.set_id, Some(id));
                    }
                }
                let remembered = Sets::<Test>::iter_prefix(CHAIN).count() as u32;
                assert!(remembered <= MAX_SETS);
            }
        });
    }
}

#[derive(Clone, Debug)]
enum Fate {
    Epoch,
    Wait(u32),
    /// The chain decides another block.
    Decide,
    /// A block of so many seconds ago is proven.
    Show(u32),
    /// These do not answer from now on.
    Silent(Vec<u64>),
    /// These serve the chain from now on.
    Serve(Vec<u64>),
}

fn fate() -> impl Strategy<Value = Fate> {
    let nodes = |least| proptest::sample::subsequence((1u64..12).collect::<Vec<_>>(), least..8);
    prop_oneof![
        8 => Just(Fate::Epoch),
        4 => (1u32..PERIODS.stall_seconds).prop_map(Fate::Wait),
        1 => Just(Fate::Decide),
        2 => (1u32..2 * PERIODS.stall_seconds).prop_map(Fate::Show),
        2 => nodes(0).prop_map(Fate::Silent),
        2 => nodes(2).prop_map(Fate::Serve),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The mock checks the invariants after each step.
    #[test]
    fn a_set_is_recorded_above_the_head_and_only_if_that_before_has_no_quorum(
        fates in proptest::collection::vec(fate(), 1..120),
    ) {
        with_chain(|| {
            prove(1, set(0, &[1, 2, 3, 4]));
            let mut head_since = Now::get();
            for fate in fates {
                let before = Clients::head(CHAIN).expect("it is known");
                let decided = Clients::deciding_set(CHAIN).expect("it is known");
                match fate {
                    Fate::Wait(seconds) => block_after(seconds),
                    Fate::Silent(nodes) => Silent::set(nodes),
                    Fate::Serve(nodes) => serve(CHAIN, &nodes),
                    Fate::Decide => {
                        prove(before.height + 1, decided);
                        head_since = Now::get();
                    }
                    // Not older than the one before: times of blocks rise.
                    Fate::Show(seconds) => {
                        let most = Now::get() - head_since;
                        prove_late(before.height + 1, decided, seconds.min(most));
                    }
                    Fate::Epoch => {
                        let stall = DappChainSets::stall_of(CHAIN);
                        epoch();
                        let now = Clients::head(CHAIN).expect("it is known");
                        if now.set_id == before.set_id {
                            continue;
                        }
                        let record = DappChainSets::recovery(CHAIN).expect("it is recorded");
                        assert_eq!((record.head.height, record.head.hash), (before.height, before.hash));
                        assert_eq!((record.set_id, now.set_id), (before.set_id + 1, before.set_id + 1));
                        assert!(record.next.members.len() >= 4);
                        let stayed = record.next.members.iter().filter(|member| {
                            decided.index_of(&member.keys.pbft).is_some()
                        });
                        assert!((stayed.count() as u64) < decided.quorum());
                        // One that was old when it came did not prolong the challenge.
                        let stall = stall.expect("it stood still");
                        assert!(stall.roll_closed);
                        assert!(Now::get() >= stall.opened_at + PERIODS.challenge_seconds);
                        assert!(Now::get() >= head_since + PERIODS.stall_seconds);
                        head_since = Now::get();
                    }
                }
            }
        });
    }
}
