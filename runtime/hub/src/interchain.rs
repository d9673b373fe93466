// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How the hub talks to other chains: the bounds of what they may bring and do, and why.

use crate::*;
use frame_support::traits::{Contains, EitherOf};
use frame_system::EnsureRoot;
use hansa_dappchain_primitives::Recovery;
use hansa_interchain_primitives::{
    recovery::{Recovered, Recoveries},
    ChainId,
};
use hansa_pallet_interchain::Call as InterchainCall;
use hansa_pallet_pbft::EnsureAdmin;
use hansa_pallet_staking::AuthorFees;
pub use hansa_runtime_common::interchain::{MAX_CALL, SERVICE_MS, TIMEOUT, TRUSTING_PERIOD};
use pallet_balances::Call as BalancesCall;
use pallet_utility::Call as UtilityCall;

/// The calls that foreign accounts may make: move the tokens that they have here, also back to where they
/// come from, and make remarks; several of these at once. An explicit list, so that a new pallet is not in
/// it by default. Batches in batches are not: what is looked into has one level.
pub struct ForeignCalls;

impl Contains<RuntimeCall> for ForeignCalls {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Utility(
                UtilityCall::<Runtime>::batch { calls }
                | UtilityCall::<Runtime>::batch_all { calls }
                | UtilityCall::<Runtime>::force_batch { calls },
            ) => calls.iter().all(is_foreign),
            call => is_foreign(call),
        }
    }
}

/// Whether foreign accounts may make this single call.
fn is_foreign(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::Balances(
            BalancesCall::<Runtime>::transfer_allow_death { .. }
                | BalancesCall::<Runtime>::transfer_keep_alive { .. }
                | BalancesCall::<Runtime>::transfer_all { .. }
        ) | RuntimeCall::Interchain(InterchainCall::<Runtime>::transfer { .. })
            | RuntimeCall::System(
                frame_system::Call::<Runtime>::remark { .. }
                    | frame_system::Call::<Runtime>::remark_with_event { .. }
            )
    )
}

/// What the hub has recorded of DappChains that lost their quorum. Their light clients on other chains ask for it; the one of
/// the hub goes on when it is recorded.
pub struct HubRecords;

impl Recoveries for HubRecords {
    fn facts(record: &[u8]) -> Option<Recovered> {
        Recovery::<AccountId>::facts(record)
    }

    fn last(chain: ChainId) -> Option<Vec<u8>> {
        DappChainSets::recovery(chain).map(|record| record.to_bytes())
    }
}

// The bounds are those of all chains.
hansa_runtime_common::impl_interchain! {
    admin: EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>,
    // What transactions pay goes the same way.
    fees: AuthorFees<Runtime>,
    call_filter: ForeignCalls,
    system_packets: DappChainSets,
    hand_overs: DappChainSets,
    recoveries: HubRecords,
    reserve_limits: DappChainSets,
    // All DappChains that there can be, and some that are none.
    max_routes: 1_024,
}
