// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The rules of the draw, a property each.

use crate::draw::{draw, freeze, is_below, mean, Draw, Kind, Reason, Slot, Turns};
use hansa_allocation_primitives::{tolerated, ChainId, Phase};
use proptest::prelude::*;

/// What was known before a node was drawn, and where it went.
#[derive(Clone, Debug)]
struct Step {
    before: Vec<Slot>,
    turns: Turns,
    kind: Kind,
    to: Option<(ChainId, Reason)>,
}

impl Step {
    fn slot(&self, chain: ChainId) -> Slot {
        *self.before.iter().find(|slot| slot.chain == chain).unwrap()
    }

    /// Whether a chain may be given this node, by the words of the design.
    fn fits(&self, slot: &Slot) -> bool {
        let live = self.before.iter().any(|slot| slot.phase == Phase::Live);
        slot.open() > 0
            && match (self.kind, slot.phase) {
                (Kind::Veteran, Phase::Pending | Phase::Live) | (Kind::New, Phase::Live) => true,
                (Kind::New, Phase::Pending) => !live && slot.new_nodes < tolerated(slot.need),
                _ => false,
            }
    }

    fn by(&self, reason: Reason) -> Option<Slot> {
        let (chain, by) = self.to?;
        (by == reason).then(|| self.slot(chain))
    }
}

fn trace(mut slots: Vec<Slot>, mut turns: Turns, kinds: Vec<Kind>) -> Vec<Step> {
    freeze(&mut slots);
    let mut steps = Vec::new();
    for kind in kinds {
        let (before, at) = (slots.clone(), turns);
        let to = Draw::new(&mut slots, &mut turns).place(kind);
        steps.push(Step {
            before,
            turns: at,
            kind,
            to,
        });
    }
    steps
}

fn phase() -> impl Strategy<Value = Phase> {
    prop_oneof![
        5 => Just(Phase::Pending),
        1 => Just(Phase::Forming),
        4 => Just(Phase::Live),
        1 => Just(Phase::Retiring),
    ]
}

fn slot() -> impl Strategy<Value = Slot> {
    (phase(), 4u32..14, 0u32..=100, 0u32..4, 0u32..3).prop_map(
        |(phase, need, filled, departing, new)| {
            let live = phase == Phase::Live;
            let nodes = if phase == Phase::Forming {
                need
            } else {
                need * filled / 100
            };
            Slot {
                chain: 0,
                phase,
                need,
                nodes,
                departing: if live { departing.min(nodes) } else { 0 },
                new_nodes: new.min(nodes),
                below_mean: false,
            }
        },
    )
}

/// Chains with gaps between their ids.
fn slots() -> impl Strategy<Value = Vec<Slot>> {
    prop::collection::vec((slot(), 1u32..4), 0..9).prop_map(|slots| {
        let mut chain = 0;
        slots
            .into_iter()
            .map(|(slot, gap)| {
                chain += gap;
                Slot { chain, ..slot }
            })
            .collect()
    })
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![Just(Kind::New), Just(Kind::Veteran), Just(Kind::Veteran)];
    prop::collection::vec(kind, 0..80)
}

fn turns() -> impl Strategy<Value = Turns> {
    (0u32..25, 0u32..25, prop::option::of(0u32..25)).prop_map(|(veteran, new, begun)| Turns {
        veteran,
        new,
        begun,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    (slots(), turns(), kinds()).prop_map(|(slots, turns, kinds)| trace(slots, turns, kinds))
}

/// The oldest of the chains that are so and may be given the node.
fn oldest(step: &Step, is: impl Fn(&Slot) -> bool) -> Option<ChainId> {
    let mut all = step.before.iter();
    all.find(|slot| step.fits(slot) && is(slot))
        .map(|slot| slot.chain)
}

fn lacks_live(slot: &Slot) -> bool {
    slot.phase == Phase::Live && slot.missing() > 0
}

/// The chain that is being filled, if it may be given the node: the one remembered, or the oldest that has
/// some of its nodes.
fn begun(step: &Step) -> Option<Slot> {
    let unfinished = |slot: &&Slot| slot.phase == Phase::Pending && slot.missing() > 0;
    let mut all = step.before.iter().filter(unfinished);
    let remembered = all
        .clone()
        .find(|slot| Some(slot.chain) == step.turns.begun);
    let slot = *remembered.or_else(|| all.find(|slot| slot.nodes > 0))?;
    step.fits(&slot).then_some(slot)
}

proptest! {
    #[test]
    fn only_chains_with_open_places_take_part(steps in steps()) {
        for step in &steps {
            if let Some((chain, _)) = step.to {
                prop_assert!(step.slot(chain).open() > 0);
            }
        }
    }

    #[test]
    fn no_node_waits_while_a_chain_could_take_it(steps in steps()) {
        for step in &steps {
            let some = step.before.iter().any(|slot| step.fits(slot));
            prop_assert_eq!(step.to.is_some(), some);
        }
    }

    #[test]
    fn a_new_node_goes_to_a_live_chain_only(steps in steps()) {
        for step in steps.iter().filter(|step| step.kind == Kind::New) {
            let live = step.before.iter().any(|slot| slot.phase == Phase::Live);
            if let (true, Some((chain, _))) = (live, step.to) {
                prop_assert_eq!(step.slot(chain).phase, Phase::Live);
            }
        }
    }

    #[test]
    fn while_none_is_live_new_nodes_take_t_places_of_a_pending_one(steps in steps()) {
        for step in steps.iter().filter(|step| step.kind == Kind::New) {
            let live = step.before.iter().any(|slot| slot.phase == Phase::Live);
            if let (false, Some((chain, _))) = (live, step.to) {
                let slot = step.slot(chain);
                prop_assert!(slot.new_nodes < tolerated(slot.need));
            }
        }
    }

    #[test]
    fn a_live_chain_that_lacks_nodes_comes_first_the_oldest_before_others(steps in steps()) {
        for step in &steps {
            let short = oldest(step, lacks_live);
            prop_assert_eq!(step.by(Reason::Short).map(|slot| slot.chain), short);
        }
    }

    #[test]
    fn a_pending_chain_is_filled_before_the_next_is_begun(steps in steps()) {
        let mut filling: Option<ChainId> = None;
        for step in &steps {
            if oldest(step, lacks_live).is_none() {
                if let Some(begun) = begun(step) {
                    prop_assert_eq!(step.to, Some((begun.chain, Reason::Begun)));
                }
            }
            // Told without the draw's own memory: veterans never go to two pending chains that both
            // lack nodes.
            let Some((chain, _)) = step.to else { continue };
            if step.kind == Kind::New || step.slot(chain).phase != Phase::Pending {
                continue;
            }
            if let Some(last) = filling.filter(|last| *last != chain) {
                prop_assert_eq!(step.slot(last).missing(), 0);
            }
            filling = Some(chain);
        }
    }

    #[test]
    fn chains_below_the_mean_come_before_the_turn_the_oldest_first(steps in steps()) {
        for step in &steps {
            if oldest(step, lacks_live).is_some() || begun(step).is_some() {
                continue;
            }
            let below = oldest(step, |slot| slot.below_mean && slot.missing() > 0);
            prop_assert_eq!(step.by(Reason::BelowMean).map(|slot| slot.chain), below);
        }
    }

    #[test]
    fn the_mean_is_nodes_by_need_of_all_chains(slots in slots()) {
        let mut frozen = slots.clone();
        freeze(&mut frozen);
        let counted = || slots.iter().filter(|slot| slot.phase != Phase::Retiring);
        let nodes: u32 = counted().map(|slot| slot.nodes).sum();
        let need: u32 = counted().map(|slot| slot.need).sum();
        prop_assert_eq!(mean(&slots), (nodes, need));
        for slot in &frozen {
            let below = f64::from(slot.nodes) / f64::from(slot.need)
                < f64::from(nodes) / f64::from(need) - 1e-9;
            prop_assert_eq!(slot.below_mean, below);
        }
    }

    #[test]
    fn whose_turn_it_is_comes_in_the_order_of_registration(steps in steps()) {
        for step in &steps {
            let Some(slot) = step.by(Reason::Turn) else { continue };
            let turn = match step.kind {
                Kind::New => step.turns.new,
                Kind::Veteran => step.turns.veteran,
            };
            let next = oldest(step, |slot| slot.chain >= turn).or_else(|| oldest(step, |_| true));
            prop_assert_eq!(Some(slot.chain), next);
        }
    }

    #[test]
    fn nobody_has_a_second_turn_before_all_others_had_one(steps in steps()) {
        let mut by_turn = Vec::new();
        for step in steps.iter().filter(|step| step.kind == Kind::Veteran) {
            let Some(slot) = step.by(Reason::Turn) else { continue };
            let last = by_turn.iter().rposition(|(chain, _)| *chain == slot.chain);
            if let Some(last) = last {
                // Who could have been given a node by turn all the time since must have been.
                for other in &step.before {
                    if step.fits(other) && other.chain != slot.chain {
                        let since = &by_turn[last..];
                        prop_assert!(since.iter().any(|(chain, _)| *chain == other.chain));
                    }
                }
            }
            by_turn.push((slot.chain, ()));
        }
    }

    #[test]
    fn new_nodes_use_up_no_turn_of_veterans(steps in steps()) {
        for pair in steps.windows(2) {
            if pair[0].kind == Kind::New {
                prop_assert_eq!(pair[0].turns.veteran, pair[1].turns.veteran);
            }
        }
    }

    #[test]
    fn the_draw_can_stop_and_go_on(slots in slots(), turns in turns(), kinds in kinds(), cut in 0usize..80) {
        let (mut whole, mut whole_turns) = (slots.clone(), turns);
        let at_once = draw(&mut whole, &mut whole_turns, kinds.clone());
        let (mut parts, mut part_turns) = (slots, turns);
        freeze(&mut parts);
        let mut stepwise = Vec::new();
        let cut = cut.min(kinds.len());
        for part in [&kinds[..cut], &kinds[cut..]] {
            let mut draw = Draw::new(&mut parts, &mut part_turns);
            stepwise.extend(part.iter().map(|kind| draw.place(*kind)));
        }
        prop_assert_eq!(at_once, stepwise);
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(whole_turns, part_turns);
    }

    #[test]
    fn large_numbers_do_no_harm(nodes: u32, need: u32, departing: u32, kind in kinds()) {
        for phase in [Phase::Pending, Phase::Live] {
            let slot = Slot {
                chain: u32::MAX, phase, need, nodes, departing, new_nodes: u32::MAX, below_mean: false,
            };
            let mut slots = vec![Slot { chain: 0, ..slot }, slot];
            is_below(nodes, need, mean(&slots));
            draw(&mut slots, &mut Turns::default(), kind.clone());
        }
    }
}
