// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! An allocation that does what a test says.

use crate::mock::AccountId;
use frame_support::weights::Weight;
use hansa_allocation_primitives::{Allocation, AllocationError, Member, MemberPhase, Phase, Term};
use hansa_dappchain_primitives::ChainId;
use std::{cell::RefCell, collections::BTreeMap};

/// A chain, as the allocation of the mock knows it.
#[derive(Clone, Debug)]
pub struct MockChain {
    pub phase: Phase,
    pub need: u32,
    pub members: Vec<Member<AccountId>>,
}

thread_local! {
    static ALLOCATED: RefCell<BTreeMap<ChainId, MockChain>> = const { RefCell::new(BTreeMap::new()) };
}

/// Begin without chains.
pub fn forget_allocated() {
    ALLOCATED.take();
}

/// A chain in the allocation; none if it is closed.
pub fn allocated(chain: ChainId) -> Option<MockChain> {
    ALLOCATED.with_borrow(|chains| chains.get(&chain).cloned())
}

pub fn with_allocated<R>(
    chain: ChainId,
    what: impl FnOnce(&mut MockChain) -> R,
) -> Result<R, AllocationError> {
    ALLOCATED.with_borrow_mut(|chains| {
        chains
            .get_mut(&chain)
            .map(what)
            .ok_or(AllocationError::NoSuchChain)
    })
}

/// Does what a test says, and refuses what the true one would.
pub struct MockAllocation;
impl Allocation<AccountId> for MockAllocation {
    fn max_nodes() -> u32 {
        200
    }

    fn max_chains() -> u32 {
        20
    }

    fn open(chain: ChainId, need: u32, _: Term) -> Result<(), AllocationError> {
        ALLOCATED.with_borrow_mut(|chains| {
            if chains.len() >= 20 {
                return Err(AllocationError::TooManyChains);
            }
            let phase = Phase::Pending;
            let members = Vec::new();
            let last = chains.insert(
                chain,
                MockChain {
                    phase,
                    need,
                    members,
                },
            );
            // Benchmarks begin anew with storage, and not with what the mock remembers.
            let anew = cfg!(feature = "runtime-benchmarks");
            assert!(anew || last.is_none(), "an id is used twice");
            Ok(())
        })
    }

    fn set_phase(chain: ChainId, phase: Phase) -> Result<(), AllocationError> {
        with_allocated(chain, |record| {
            let allowed = matches!(
                (record.phase, phase),
                (Phase::Pending, Phase::Forming)
                    | (Phase::Forming, Phase::Pending | Phase::Live)
                    | (Phase::Live, Phase::Retiring)
            );
            if !allowed {
                return Err(AllocationError::WrongPhase);
            }
            if phase == Phase::Live {
                for member in &mut record.members {
                    member.phase = MemberPhase::Serving;
                }
            }
            record.phase = phase;
            Ok(())
        })?
    }

    fn set_need(chain: ChainId, need: u32) -> Result<(), AllocationError> {
        with_allocated(chain, |record| record.need = need)
    }

    fn close(chain: ChainId) -> Result<Weight, AllocationError> {
        let gone = ALLOCATED.with_borrow_mut(|chains| chains.remove(&chain));
        gone.map(|_| Weight::zero())
            .ok_or(AllocationError::NoSuchChain)
    }

    fn remove_founder(chain: ChainId, account: &AccountId) -> Result<Weight, AllocationError> {
        with_allocated(chain, |record| {
            if record.phase != Phase::Forming {
                return Err(AllocationError::WrongPhase);
            }
            let before = record.members.len();
            record.members.retain(|member| member.account != *account);
            if record.members.len() == before {
                return Err(AllocationError::NotMember);
            }
            Ok(Weight::zero())
        })?
    }

    fn members(chain: ChainId) -> Vec<Member<AccountId>> {
        allocated(chain).map_or_else(Vec::new, |record| record.members)
    }

    fn member_count(chain: ChainId) -> u32 {
        Self::members(chain).len() as u32
    }

    fn need(chain: ChainId) -> u32 {
        allocated(chain).map_or(0, |record| record.need)
    }

    fn active_count(chain: ChainId) -> u32 {
        let members = Self::members(chain);
        members.iter().filter(|m| m.phase.is_active()).count() as u32
    }

    fn open_pending_places() -> u64 {
        ALLOCATED.with_borrow(|chains| {
            let pending = chains.values().filter(|c| c.phase == Phase::Pending);
            pending
                .map(|c| u64::from(c.need).saturating_sub(c.members.len() as u64))
                .sum()
        })
    }

    fn waiting_nodes() -> u32 {
        0
    }
}
