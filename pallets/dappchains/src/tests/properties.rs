// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Properties that hold whatever is done, in whatever order.

use crate::mock::*;
use hansa_dappchain_primitives::{ChainState, Hash};
use proptest::prelude::*;

/// What can be done.
#[derive(Clone, Debug)]
enum Action {
    Register(u64, u32),
    Cancel(u64, u32),
    Retire(u64, u32),
    Offer(u32, u64),
    Found(u32),
    Fill(u32),
    Confirm(u32, u32, Option<u8>),
    ConfirmAll(u32),
    Join(u32, bool),
    Leave(u32),
    Short(u32),
    Claim(u32),
    Wait(u32),
}

fn action() -> impl Strategy<Value = Action> {
    let chain = || 0..4u32;
    prop_oneof![
        2 => (1..4u64, 4..7u32).prop_map(|(who, nodes)| Action::Register(who, nodes)),
        1 => (1..4u64, chain()).prop_map(|(who, chain)| Action::Cancel(who, chain)),
        1 => (1..4u64, chain()).prop_map(|(who, chain)| Action::Retire(who, chain)),
        1 => (chain(), 1..4u64).prop_map(|(chain, who)| Action::Offer(chain, who)),
        4 => chain().prop_map(Action::Found),
        4 => chain().prop_map(Action::Fill),
        4 => chain().prop_map(Action::ConfirmAll),
        6 => (chain(), 0..6u32, prop_oneof![
            1 => Just(None), 9 => (0..10u8).prop_map(|hash| Some(hash / 9)),
        ]).prop_map(|(chain, seat, hash)| Action::Confirm(chain, seat, hash)),
        3 => (chain(), any::<bool>()).prop_map(|(chain, replaces)| Action::Join(chain, replaces)),
        2 => chain().prop_map(Action::Leave),
        1 => chain().prop_map(Action::Short),
        3 => chain().prop_map(Action::Claim),
        4 => (0..400u32).prop_map(Action::Wait),
    ]
}

fn is_set(chain: u32) -> bool {
    matches!(
        state(chain),
        Some(ChainState::Live | ChainState::Degraded | ChainState::Retiring)
    )
}

fn first_member(chain: u32) -> Option<u64> {
    allocated(chain)?.members.first().map(|m| m.account)
}

/// The `i`-th of the latest chains.
fn pick(i: u32) -> u32 {
    let mut chains: Vec<_> = crate::Chains::<Test>::iter_keys().collect();
    chains.sort_unstable_by(|a, b| b.cmp(a));
    chains.get(i as usize).copied().unwrap_or_default()
}

/// The action with the chain's id in place of its number.
fn on(action: Action) -> Action {
    use Action::*;
    match action {
        Cancel(who, chain) => Cancel(who, pick(chain)),
        Retire(who, chain) => Retire(who, pick(chain)),
        Offer(chain, who) => Offer(pick(chain), who),
        Found(chain) => Found(pick(chain)),
        Fill(chain) => Fill(pick(chain)),
        ConfirmAll(chain) => ConfirmAll(pick(chain)),
        Confirm(chain, seat, hash) => Confirm(pick(chain), seat, hash),
        Join(chain, replaces) => Join(pick(chain), replaces),
        Leave(chain) => Leave(pick(chain)),
        Short(chain) => Short(pick(chain)),
        Claim(chain) => Claim(pick(chain)),
        Register(..) | Wait(_) => action,
    }
}

/// Do it, if the allocation could. What the pallet refuses is refused.
fn act(action: Action, fresh: &mut u64) {
    let mut node = || {
        *fresh += 1;
        99 + *fresh
    };
    match on(action) {
        Action::Register(who, nodes) => {
            let next = crate::NextChainId::<Test>::get();
            let _ = register(who, &format!("shop-{next}"), nodes);
        }
        Action::Cancel(who, chain) => {
            let _ = DappChains::cancel(signed(who), chain);
        }
        Action::Retire(who, chain) => {
            // Mostly its owner.
            let owner = state(chain).map(|_| record(chain).owner);
            let who = owner.filter(|_| who > 1).unwrap_or(who);
            let _ = DappChains::retire(signed(who), chain);
        }
        Action::Offer(chain, to) => {
            if state(chain).is_some() {
                let owner = record(chain).owner;
                let _ = DappChains::offer_ownership(signed(owner), chain, Some(to));
                let _ = DappChains::accept_ownership(signed(to), chain);
            }
        }
        Action::Found(chain) => {
            if state(chain) == Some(ChainState::Pending) {
                found(chain, node());
            }
        }
        Action::Fill(chain) => {
            while state(chain) == Some(ChainState::Pending) {
                found(chain, node());
                wait(3);
            }
        }
        Action::ConfirmAll(chain) => {
            for seat in 0..6 {
                if state(chain) == Some(ChainState::Forming) {
                    let _ = confirm(chain, seat, Some(genesis()));
                }
            }
        }
        Action::Confirm(chain, seat, hash) => {
            if state(chain) == Some(ChainState::Forming) {
                let _ = confirm(chain, seat, hash.map(Hash::repeat_byte));
            }
        }
        Action::Join(chain, replaces) => {
            if is_set(chain) {
                let replaced = first_member(chain).filter(|_| replaces);
                join(chain, node(), replaced);
            }
        }
        Action::Leave(chain) => {
            if let (true, Some(member)) = (is_set(chain), first_member(chain)) {
                leave(chain, member);
            }
        }
        Action::Short(chain) => {
            if matches!(state(chain), Some(ChainState::Live | ChainState::Degraded)) {
                short(chain, 3);
            }
        }
        Action::Claim(chain) => {
            if let Some(member) = first_member(chain) {
                let _ = DappChains::claim(signed(7), chain, member);
            }
        }
        Action::Wait(seconds) => block_after(seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The invariants hold after each action, and no token is made or lost: `run` checks that.
    #[test]
    fn invariants_hold(actions in proptest::collection::vec(action(), 1..150)) {
        ExtBuilder::default().run(|| {
            let mut fresh = 0;
            for action in actions {
                let said = format!("{action:?}");
                act(action, &mut fresh);
                DappChains::do_try_state().unwrap_or_else(|e| panic!("after {said}: {e:?}"));
            }
        });
    }
}
