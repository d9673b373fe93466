// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whatever happens in whatever order, what is remembered is what was ordered.

use crate::{mock::*, Sets};
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
