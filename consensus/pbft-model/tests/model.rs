// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The model within bounds: small ones, and, if asked for (`make model`), larger ones.

use hansa_pbft_model::{world::statement_of, Bounds, Delivery, PbftModel, State};
use hansa_pbft_primitives::{Hash, View};
use stateright::{Checker, Model};
use std::{collections::BTreeSet, time::Instant};

/// Four replicas, in view 0.
const BASE: Bounds = Bounds {
    authorities: 4,
    faulty_turns: &[],
    last_view: 0,
    crashes: 0,
    delivery: Delivery::Bundles,
};

/// Walk through all states, and fail if a property does not hold.
fn check(bounds: Bounds) {
    let begin = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let model = PbftModel::new(bounds).checker().threads(threads);
    let checker = model.spawn_bfs().join();
    println!(
        "n = {}, faulty: primary of views {:?}, views 0 to {}, {} crashes: {} states, depth {}, \
         {:.1} s",
        bounds.authorities,
        bounds.faulty_turns,
        bounds.last_view,
        bounds.crashes,
        checker.unique_state_count(),
        checker.max_depth(),
        begin.elapsed().as_secs_f32(),
    );
    checker.assert_properties();
}

#[test]
fn a_faulty_backup_through_a_view_change() {
    check(Bounds {
        faulty_turns: &[2],
        last_view: 1,
        ..BASE
    });
}

#[test]
fn a_faulty_new_primary() {
    check(Bounds {
        faulty_turns: &[1],
        last_view: 1,
        ..BASE
    });
}

#[test]
fn a_faulty_authority_and_crashes() {
    for faulty_turns in [&[0], &[1]] {
        check(Bounds {
            faulty_turns,
            crashes: 2,
            ..BASE
        });
    }
}

#[test]
fn two_faulty_authorities_leave_evidence() {
    for faulty_turns in [&[0, 1], &[0, 2]] {
        check(Bounds {
            faulty_turns,
            crashes: 1,
            ..BASE
        });
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_faulty_first_primary() {
    check(Bounds {
        faulty_turns: &[0],
        last_view: 1,
        ..BASE
    });
}

#[test]
#[ignore = "takes minutes"]
fn two_faulty_authorities_leave_evidence_through_a_view_change() {
    for faulty_turns in [&[2, 3], &[1, 2], &[0, 2], &[0, 1]] {
        check(Bounds {
            faulty_turns,
            last_view: 1,
            ..BASE
        });
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_crash_through_a_view_change() {
    check(Bounds {
        faulty_turns: &[2],
        last_view: 1,
        crashes: 1,
        ..BASE
    });
}

/// What others can see of a replica: the statements it made, and what it decided.
type Seen = (BTreeSet<String>, Option<(View, Hash)>);

/// What can be seen of all correct replicas at once, in each state that is reached.
fn seen(bounds: Bounds) -> (usize, BTreeSet<Vec<Seen>>) {
    let model = PbftModel::new(bounds);
    let mut open = model.init_states();
    let mut known: BTreeSet<Vec<u128>> = BTreeSet::new();
    let mut all = BTreeSet::new();
    while let Some(state) = open.pop() {
        if !known.insert(state.nodes.iter().map(|node| node.id).collect()) {
            continue;
        }
        all.insert(visible(&state));
        open.extend(model.next_states(&state));
    }
    (known.len(), all)
}

fn visible(state: &State) -> Vec<Seen> {
    let of = |node: &hansa_pbft_model::node::Node| {
        let said = node.sent.iter().filter_map(|e| statement_of(&e.message));
        let said = said.map(|s| format!("{} {:?}", s.view, s.statement));
        let decided = node.decided.as_ref().map(|c| (c.view, c.hash));
        (said.collect(), decided)
    };
    state.nodes.iter().map(|node| of(node)).collect()
}

/// Messages that arrive in bundles show all that messages show that arrive one by one, but the
/// states between two statements that a replica makes upon one message.
fn bundles_leave_nothing_out(bounds: Bounds) {
    let (few, bundles) = seen(bounds);
    let (many, single) = seen(Bounds {
        delivery: Delivery::Single,
        ..bounds
    });
    println!("{few} states in bundles, {many} one by one");
    let lost: Vec<_> = single.difference(&bundles).collect();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn bundles_leave_nothing_out_with_a_faulty_backup() {
    bundles_leave_nothing_out(Bounds {
        faulty_turns: &[1],
        ..BASE
    });
}

#[test]
#[ignore = "takes minutes"]
fn bundles_leave_nothing_out_with_a_faulty_primary() {
    bundles_leave_nothing_out(Bounds {
        faulty_turns: &[0],
        ..BASE
    });
}
