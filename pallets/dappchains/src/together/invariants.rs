// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of both pallets together, beside the invariants of each.

use super::mock::*;
use crate::{Chains, Seats};
use frame_support::traits::fungible::InspectHold;
use hansa_allocation_primitives::{Allocation, MemberPhase, Phase};
use hansa_dappchain_primitives::ChainState;
use hansa_pallet_node_allocation::{Nodes, Rosters};
use std::collections::BTreeMap;

/// Check it.
pub fn check() {
    NodePool::do_try_state().expect("the allocation keeps its invariants");
    DappChains::do_try_state().expect("the registry keeps its invariants");
    let mut running = 0;
    for (chain, record) in Chains::<Test>::iter() {
        let roster = Rosters::<Test>::get(chain);
        if record.state == ChainState::Retired {
            assert!(roster.is_none(), "a chain that has ended has nodes");
            continue;
        }
        running += 1;
        let roster = roster.expect("the allocation knows each chain");
        let phase = match record.state {
            ChainState::Pending => Phase::Pending,
            ChainState::Forming => Phase::Forming,
            ChainState::Live | ChainState::Degraded => Phase::Live,
            ChainState::Retiring | ChainState::Retired => Phase::Retiring,
        };
        assert_eq!(roster.phase, phase, "chain {chain} is {:?}", record.state);
        assert_eq!((roster.need, roster.term), (record.need, record.term));
        if roster.phase == Phase::Live {
            let enough = roster.active() >= record.need;
            assert_eq!(record.state == ChainState::Live, enough, "chain {chain}");
        }
        // Who is to be paid is in the set, and is none of the deployer's.
        for (node, _) in Seats::<Test>::iter_prefix(chain) {
            let seat = roster.seat(&node).expect("only members are paid");
            assert!(seat.phase.is_active() && node != record.deployer);
        }
    }
    assert_eq!(Rosters::<Test>::iter_keys().count(), running);
    check_money();
}

/// No token is made or lost, and all that is on hold is accounted for.
fn check_money() {
    let issued = Balances::total_issuance();
    assert_eq!(issued + Burnt::get(), u128::from(ACCOUNTS) * FUNDS);
    let mut held = BTreeMap::<AccountId, u128>::new();
    for (node, entry) in Nodes::<Test>::iter() {
        *held.entry(node).or_default() += entry.deposit;
    }
    for record in Chains::<Test>::iter_values() {
        *held.entry(record.payer).or_default() += record.stake;
        *held.entry(record.owner).or_default() += record.deposit;
    }
    for account in 1..=ACCOUNTS {
        let expected = held.get(&account).copied().unwrap_or_default();
        assert_eq!(Balances::total_balance_on_hold(&account), expected);
    }
}

/// How many of a chain are in its set, as the allocation says.
pub fn active(chain: u32) -> u32 {
    let active = NodePool::active_count(chain);
    let listed =
        in_phase(chain, MemberPhase::Serving).len() + in_phase(chain, MemberPhase::Departing).len();
    assert_eq!(active as usize, listed);
    active
}
