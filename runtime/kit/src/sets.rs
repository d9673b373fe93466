// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Where the nodes of the set get their keys, what they made, and what follows when one lies.

/// Makes the module `sets` for the runtime `Runtime` of the calling module.
#[macro_export]
macro_rules! impl_sets {
    () => {
        pub mod sets {
            use super::*;
            use frame_support::{dispatch::DispatchResult, traits::Get};
            use hansa_dappchain_primitives::{FounderKeys, InstallKeys, SessionBlocks};
            use hansa_interchain_primitives::packet::ChainRef;
            use hansa_pbft_primitives::{Conviction, OnOffence};
            use pallet_session::SessionInterface;

            /// The chain itself, by the id that the hub gave it.
            pub struct OwnChain;

            impl Get<ChainRef> for OwnChain {
                fn get() -> ChainRef {
                    Interchain::own()
                }
            }

            /// The session keys of nodes, as the hub says them. The nodes need no account with tokens here.
            pub struct KeysOfHub;

            impl InstallKeys<AccountId> for KeysOfHub {
                fn install(account: &AccountId, keys: &FounderKeys) -> DispatchResult {
                    let pbft = keys.pbft.clone();
                    <Session as SessionInterface>::set_keys(account, SessionKeys { pbft })
                }

                fn remove(account: &AccountId) {
                    // It fails if there are none, which is as good.
                    let _ = <Session as SessionInterface>::purge_keys(account);
                }
            }

            /// The blocks of a session, as the consensus counts them.
            pub struct BlocksOfSession;

            impl SessionBlocks<AccountId> for BlocksOfSession {
                fn authored() -> Vec<(AccountId, u32)> {
                    Pbft::authored()
                }
            }

            /// Who lies is struck off the list by which a chain without a hub runs. With a hub the set is the hub's to change: it takes
            /// the same evidence, slashes, and orders a set without the offender.
            pub struct OffenceByMode;

            impl OnOffence<AccountId> for OffenceByMode {
                fn on_offence(conviction: &Conviction<AccountId>) {
                    if !AssignedSet::has_hub() {
                        Pbft::on_offence(conviction);
                    }
                }
            }
        }
    };
}
