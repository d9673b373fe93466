// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Whatever is done, in whatever order, both pallets keep their invariants, and no token is made or lost.

use super::{invariants::check, mock::*};
use crate::Chains;
use hansa_allocation_primitives::{AuthoredBlocks, MemberPhase, Term};
use hansa_dappchain_primitives::{ChainState, Hash};
use hansa_pallet_node_allocation::Nodes;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
enum Action {
    Join(AccountId),
    Author(AccountId),
    Leave(AccountId),
    Unbond(AccountId),
    Slash(usize, usize),
    Register(AccountId, u32, Option<u32>),
    Cancel(usize),
    Retire(usize),
    HandOver(usize, AccountId),
    Word(usize, u32, Option<u8>),
    GoLive(usize),
    Confirm(usize, bool),
    Authored(usize, usize, u32),
    Claim(usize, usize),
    Ballot(usize, bool),
    Freeze,
    Beacon,
    Blocks(u32, u32),
    Epoch,
}

fn action() -> impl Strategy<Value = Action> {
    let (chain, node) = (|| 0..4usize, || 10..40u64);
    let deployer = || 1..4u64;
    let found = || prop_oneof![1 => Just(None), 9 => (0..8u8).prop_map(|h| Some(h / 7))];
    prop_oneof![
        8 => node().prop_map(Action::Join),
        6 => node().prop_map(Action::Author),
        2 => node().prop_map(Action::Leave),
        1 => node().prop_map(Action::Unbond),
        4 => (chain(), 0..8usize).prop_map(|(chain, member)| Action::Slash(chain, member)),
        // A deployer may run a node, too.
        1 => deployer().prop_map(Action::Join),
        4 => (deployer(), 4..8u32, prop::option::of(1..2_000u32))
            .prop_map(|(who, nodes, term)| Action::Register(who, nodes, term)),
        1 => chain().prop_map(Action::Cancel),
        1 => chain().prop_map(Action::Retire),
        1 => (chain(), deployer()).prop_map(|(chain, to)| Action::HandOver(chain, to)),
        3 => (chain(), 0..7u32, found())
            .prop_map(|(chain, seat, hash)| Action::Word(chain, seat, hash)),
        6 => chain().prop_map(Action::GoLive),
        8 => (chain(), any::<bool>()).prop_map(|(chain, all)| Action::Confirm(chain, all)),
        4 => (chain(), 0..8usize, 1..200u32)
            .prop_map(|(chain, member, blocks)| Action::Authored(chain, member, blocks)),
        2 => (chain(), 0..8usize).prop_map(|(chain, member)| Action::Claim(chain, member)),
        1 => (chain(), any::<bool>()).prop_map(|(chain, aye)| Action::Ballot(chain, aye)),
        1 => Just(Action::Freeze),
        1 => Just(Action::Beacon),
        3 => (1..6u32, 1..120u32).prop_map(|(blocks, seconds)| Action::Blocks(blocks, seconds)),
        10 => Just(Action::Epoch),
    ]
}

/// The `i`-th of the latest chains.
fn pick(i: usize) -> u32 {
    let mut chains: Vec<_> = Chains::<Test>::iter_keys().collect();
    chains.sort_unstable_by(|a, b| b.cmp(a));
    chains.get(i).copied().unwrap_or_default()
}

fn member(chain: u32, i: usize) -> AccountId {
    members(chain).get(i).copied().unwrap_or_default()
}

/// Do it; what is refused is refused.
fn act(action: Action) {
    match action {
        Action::Join(node) => {
            MockStaking::bond(node, MIN_BOND);
            let _ = NodePool::join(signed(node));
        }
        Action::Author(node) => author([node]),
        Action::Leave(node) => {
            let _ = NodePool::leave(signed(node));
        }
        Action::Unbond(node) => {
            let _ = MockStaking::unbond(node);
        }
        Action::Slash(chain, i) => MockStaking::slash(member(pick(chain), i)),
        Action::Register(who, nodes, seconds) => {
            let term = seconds.map(|seconds| Term {
                blocks: 50,
                seconds,
            });
            let _ = register(who, nodes, term);
        }
        Action::Claim(chain, i) => {
            let chain = pick(chain);
            let _ = DappChains::claim(signed(9), chain, member(chain, i));
        }
        Action::Authored(chain, i, blocks) => {
            let chain = pick(chain);
            let node = member(chain, i);
            <(NodePool, DappChains)>::on_authored(chain, &node, blocks);
        }
        Action::Freeze => freeze(),
        Action::Beacon => beacon(),
        Action::Blocks(blocks, seconds) => (0..blocks).for_each(|_| block(seconds)),
        Action::Epoch => epoch(),
        others => act_on_chain(others),
    }
}

fn act_on_chain(action: Action) {
    match action {
        Action::Cancel(i) | Action::Retire(i) => {
            let Some(owner) = Chains::<Test>::get(pick(i)).map(|record| record.owner) else {
                return;
            };
            let _ = match action {
                Action::Cancel(_) => DappChains::cancel(signed(owner), pick(i)),
                _ => DappChains::retire(signed(owner), pick(i)),
            };
        }
        Action::HandOver(i, to) => {
            if let Some(record) = Chains::<Test>::get(pick(i)) {
                let _ = DappChains::offer_ownership(signed(record.owner), pick(i), Some(to));
                let _ = DappChains::accept_ownership(signed(to), pick(i));
            }
        }
        Action::Word(i, seat, hash) if state(pick(i)) == Some(ChainState::Forming) => {
            let _ = confirm_genesis(pick(i), seat, hash.map(Hash::repeat_byte));
        }
        Action::Word(..) => {}
        Action::GoLive(i) => {
            for seat in 0..8 {
                if state(pick(i)) == Some(ChainState::Forming) {
                    let _ = confirm_genesis(pick(i), seat, Some(Hash::zero()));
                }
            }
        }
        Action::Confirm(i, all) => {
            let joining = in_phase(pick(i), MemberPhase::Joining);
            for node in joining.into_iter().take(if all { 100 } else { 1 }) {
                confirm(pick(i), node).expect("who joins can confirm");
            }
        }
        Action::Ballot(i, aye) => {
            let Some(owner) = Chains::<Test>::get(pick(i)).map(|record| record.owner) else {
                return;
            };
            let limit = DappChains::hard_limit();
            let limit = if aye { limit + 1 } else { limit - 1 };
            let _ = DappChains::propose_limit(signed(owner), pick(i), limit);
            if let Some(ballot) = DappChains::ballot() {
                let _ = DappChains::vote(signed(owner), pick(i), ballot.index, aye);
            }
        }
        _ => {}
    }
}

/// Where walks begin: twelve veterans, and a live chain with four of them.
fn begin() {
    join(10..=21);
    author(10..=21);
    register(1, 4, Some(TERM)).expect("the first chain can be registered");
    epoch();
    go_live(1);
}

/// How far a walk comes: how often it saw each state of a chain, and replacements.
#[derive(Default)]
struct Seen {
    states: BTreeSet<String>,
    chains: u32,
}

impl Seen {
    fn look(&mut self) {
        for (chain, record) in Chains::<Test>::iter() {
            self.states.insert(format!("{:?}", record.state));
            self.chains = self.chains.max(chain);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_keep_their_invariants(actions in prop::collection::vec(action(), 1..90)) {
        run(|| {
            begin();
            for action in actions {
                act(action);
                check();
            }
            // Whoever waits can leave, and has what it came with, less what it paid.
            let waiting = Nodes::<Test>::iter().filter(|(_, node)| node.chain.is_none());
            for (node, _) in waiting.collect::<Vec<_>>() {
                NodePool::leave(signed(node)).expect("who waits can leave");
            }
        });
    }
}

/// The walks are worth something: together they see each state of a chain.
#[test]
fn walks_reach_each_state() {
    use proptest::{
        strategy::ValueTree,
        test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut seen = Seen::default();
    for _ in 0..32 {
        let actions = prop::collection::vec(action(), 90).new_tree(&mut runner);
        let actions = actions.expect("actions can be made").current();
        run(|| {
            begin();
            for action in actions {
                act(action);
                seen.look();
            }
        });
    }
    let all = ChainState::ALL.map(|state| format!("{state:?}"));
    assert_eq!(seen.states, all.into());
    assert!(seen.chains > 3);
}
