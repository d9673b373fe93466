// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whatever happens, in whatever order, the invariants hold after each block.

use crate::{mock::*, Rosters};
use hansa_allocation_primitives::{
    tolerated, Allocation, AuthoredBlocks, OnShort, Phase, RollCall,
};
use proptest::prelude::*;
use sp_core::Pair;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Action {
    Join(AccountId, bool),
    Leave(AccountId),
    Confirm(u32),
    Authored(u32, AccountId),
    Open(u32),
    Advance(u32),
    SetNeed(u32, u32),
    Close(u32),
    Unfit(AccountId),
    Hold(u32, bool),
    CallRoll(u32),
    Answer(AccountId),
    CloseRoll(u32),
    EndRoll(u32),
    Freeze,
    Beacon,
    Blocks(u8),
    Epoch,
}

fn action() -> impl Strategy<Value = Action> {
    let chain = 1u32..7;
    prop_oneof![
        6 => (1u64..60, any::<bool>()).prop_map(|(a, v)| Action::Join(a, v)),
        2 => (1u64..60).prop_map(Action::Leave),
        6 => chain.clone().prop_map(Action::Confirm),
        2 => (chain.clone(), 1u64..60).prop_map(|(c, a)| Action::Authored(c, a)),
        2 => (4u32..9).prop_map(Action::Open),
        4 => chain.clone().prop_map(Action::Advance),
        1 => (chain.clone(), 4u32..9).prop_map(|(c, n)| Action::SetNeed(c, n)),
        1 => chain.clone().prop_map(Action::Close),
        1 => (chain.clone(), any::<bool>()).prop_map(|(c, held)| Action::Hold(c, held)),
        2 => chain.clone().prop_map(Action::CallRoll),
        6 => (1u64..60).prop_map(Action::Answer),
        2 => chain.clone().prop_map(Action::CloseRoll),
        1 => chain.prop_map(Action::EndRoll),
        1 => (1u64..60).prop_map(Action::Unfit),
        1 => Just(Action::Freeze),
        1 => Just(Action::Beacon),
        2 => (1u8..6).prop_map(Action::Blocks),
        6 => Just(Action::Epoch),
    ]
}

/// What goes on around chain 1, which is live.
fn busy() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1u64..40).prop_map(|account| Action::Authored(1, account)),
        4 => Just(Action::Confirm(1)),
        1 => (4u32..12).prop_map(|need| Action::SetNeed(1, need)),
        1 => (1u64..40).prop_map(Action::Leave),
        1 => (1u64..40).prop_map(Action::Unfit),
        1 => (1u64..40).prop_map(|account| Action::Join(account, true)),
        4 => Just(Action::Epoch),
    ]
}

/// What is refused is refused.
fn apply_action(action: Action, next: &mut u32) {
    match action {
        Action::Join(account, veteran) => {
            let _ = NodePool::join(RuntimeOrigin::signed(account));
            if veteran {
                NodePool::note_veteran(&account);
            }
        }
        Action::Leave(account) => {
            let _ = NodePool::leave(RuntimeOrigin::signed(account));
        }
        Action::Confirm(chain) => {
            for account in in_phase(chain, hansa_allocation_primitives::MemberPhase::Joining) {
                confirm(chain, account);
            }
        }
        Action::Authored(chain, account) => {
            NodePool::on_authored(chain, &account, TERM.blocks);
        }
        Action::Open(need) => {
            if NodePool::open(*next, need, TERM).is_ok() {
                *next += 1;
            }
        }
        Action::Advance(chain) => {
            for phase in [Phase::Forming, Phase::Live] {
                let _ = NodePool::set_phase(chain, phase);
            }
        }
        Action::SetNeed(chain, need) => {
            let _ = NodePool::set_need(chain, need);
        }
        Action::Close(chain) => {
            let _ = NodePool::close(chain);
        }
        Action::Unfit(account) => set_unfit(account),
        Action::Hold(chain, held) => NodePool::hold(chain, held),
        Action::CallRoll(chain) => {
            NodePool::call_roll(chain, Now::get(), Now::get() + ANSWER_SECONDS);
        }
        Action::Answer(account) => {
            if let Some(owed) = NodePool::roll_call(&pair(account).public()) {
                let answer = answer_call(owed.chain, account, owed.since);
                apply(answer).expect("what is owed is taken");
            }
        }
        Action::CloseRoll(chain) => {
            NodePool::close_roll(chain);
        }
        Action::EndRoll(chain) => NodePool::end_roll(chain),
        Action::Freeze => freeze(),
        Action::Beacon => beacon(),
        Action::Blocks(blocks) => (0..blocks).for_each(|_| block()),
        Action::Epoch => epoch(),
    }
}

/// Who is in the set of each live chain.
fn sets() -> Vec<(u32, BTreeSet<AccountId>)> {
    let live = Rosters::<Test>::iter().filter(|(_, roster)| roster.phase == Phase::Live);
    live.map(|(chain, roster)| {
        let active = roster.seats.iter().filter(|seat| seat.phase.is_active());
        (chain, active.map(|seat| seat.account).collect())
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_invariants_hold(actions in prop::collection::vec(action(), 1..60)) {
        ExtBuilder.run(|| {
            PerBlock::set(3);
            Answer::set(OnShort::Shrink(4));
            let mut next = 1;
            for action in actions {
                apply_action(action, &mut next);
                NodePool::do_try_state().expect("the invariants hold");
            }
        });
    }

    #[test]
    fn of_no_chain_more_than_t_go_in_an_epoch(actions in prop::collection::vec(busy(), 1..60)) {
        ExtBuilder.run(|| {
            PerBlock::set(50);
            live_chain(7);
            join_veterans(10..40);
            let mut next = 2;
            let (mut epoch, mut begin) = (Epoch::get(), sets());
            for action in actions {
                apply_action(action, &mut next);
                if Epoch::get() != epoch {
                    (epoch, begin) = (Epoch::get(), sets());
                    continue;
                }
                for (chain, now) in sets() {
                    let Some((_, then)) = begin.iter().find(|(c, _)| *c == chain) else {
                        continue;
                    };
                    let gone = then.difference(&now).count() as u32;
                    assert!(gone <= tolerated(then.len() as u32), "{gone} of {}", then.len());
                }
            }
        });
    }
}
