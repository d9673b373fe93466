// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who may do what. There is no sudo.
//!
//! The **admin** is an account that the genesis names. On a chain that a hub has founded it is, unless the patch
//! of its genesis says otherwise, the account from which the calls of the chain's owner on the hub are executed: so a
//! DappChain is governed from the hub, by `interchain.send_call`, by whoever pays for it there. It may have dispatched as root what
//! [`Administration`] lists, and hand its office on, or give it up for good (`pbft.set_admin`).

/// Makes the module `governance` for the runtime `Runtime` of the calling module. `foreign` says which calls foreign accounts may make
/// beside the standard ones.
#[macro_export]
macro_rules! impl_governance {
    (foreign_calls: $foreign:ty $(,)?) => {
        pub mod governance {
            use super::*;
            use frame_support::traits::Contains;
            use frame_system::Call as SystemCall;
            use hansa_pallet_assigned_set::Call as AssignedSetCall;
            use hansa_pallet_interchain::Call as InterchainCall;
            use hansa_pallet_pbft::Call as PbftCall;
            use pallet_assets::Call as AssetsCall;
            use pallet_balances::Call as BalancesCall;
            use pallet_session::Call as SessionCall;
            use pallet_utility::Call as UtilityCall;

            /// What the admin may do as root: authorise an upgrade, whose code anybody may then apply, and have remarks. What else it
            /// may do, it does as itself: the consensus' timing, routes and their limits.
            pub struct Administration;

            impl Contains<RuntimeCall> for Administration {
                fn contains(call: &RuntimeCall) -> bool {
                    matches!(
                        call,
                        RuntimeCall::System(
                            SystemCall::<Runtime>::authorize_upgrade { .. }
                                | SystemCall::<Runtime>::set_code { .. }
                                | SystemCall::<Runtime>::remark { .. }
                                | SystemCall::<Runtime>::remark_with_event { .. }
                        )
                    )
                }
            }

            /// Refuses calls that would have no effect, or break what the hub relies on: where the hub orders the sets nobody lists authorities, or
            /// changes session keys, without which a hand-over would be to a set that the hub did not order. And as on the
            /// hub nobody takes its keys away while it is in a set.
            pub struct CallsInForce;

            impl Contains<RuntimeCall> for CallsInForce {
                fn contains(call: &RuntimeCall) -> bool {
                    match call {
                        RuntimeCall::Pbft(
                            PbftCall::<Runtime>::add_authority { .. }
                            | PbftCall::<Runtime>::remove_authority { .. },
                        )
                        | RuntimeCall::Session(SessionCall::<Runtime>::set_keys { .. }) => {
                            !AssignedSet::has_hub()
                        }
                        RuntimeCall::Session(SessionCall::<Runtime>::purge_keys {}) => false,
                        _ => true,
                    }
                }
            }

            /// The calls that foreign accounts may make: move tokens and assets that they have here, make remarks, and, for the
            /// admin's account on the hub, administer. An explicit list, so that a new pallet is not in it by default. Batches
            /// in batches are not: what is looked into has one level.
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

            /// Whether foreign accounts may make this single call. Those of administration look at who calls.
            fn is_foreign(call: &RuntimeCall) -> bool {
                match call {
                    RuntimeCall::Balances(
                        BalancesCall::<Runtime>::transfer_allow_death { .. }
                        | BalancesCall::<Runtime>::transfer_keep_alive { .. }
                        | BalancesCall::<Runtime>::transfer_all { .. },
                    )
                    | RuntimeCall::Assets(
                        AssetsCall::<Runtime>::transfer { .. }
                        | AssetsCall::<Runtime>::transfer_keep_alive { .. }
                        | AssetsCall::<Runtime>::transfer_approved { .. }
                        | AssetsCall::<Runtime>::approve_transfer { .. }
                        | AssetsCall::<Runtime>::cancel_approval { .. },
                    )
                    | RuntimeCall::Interchain(
                        InterchainCall::<Runtime>::transfer { .. }
                        | InterchainCall::<Runtime>::set_limit { .. }
                        | InterchainCall::<Runtime>::suspend_route { .. }
                        | InterchainCall::<Runtime>::set_entries { .. }
                        | InterchainCall::<Runtime>::propose_terms { .. }
                        | InterchainCall::<Runtime>::accept_terms { .. },
                    )
                    | RuntimeCall::Pbft(
                        PbftCall::<Runtime>::set_timing { .. }
                        | PbftCall::<Runtime>::set_session_length { .. }
                        | PbftCall::<Runtime>::set_admin { .. },
                    )
                    | RuntimeCall::System(
                        SystemCall::<Runtime>::remark { .. }
                        | SystemCall::<Runtime>::remark_with_event { .. },
                    ) => true,
                    RuntimeCall::AssignedSet(AssignedSetCall::<Runtime>::administer { call }) => {
                        <Administration as Contains<RuntimeCall>>::contains(call)
                    }
                    call => <$foreign as Contains<RuntimeCall>>::contains(call),
                }
            }
        }
    };
}
