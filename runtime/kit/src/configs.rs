// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How each pallet of a DappChain is configured, and why.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// What a proxy may do for the account that it stands in for.
#[derive(
    Copy,
    Clone,
    Eq,
    PartialEq,
    Ord,
    PartialOrd,
    Debug,
    Default,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    scale_info::TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    #[codec(index = 0)]
    Any,
    /// Everything but what moves the account's own tokens, assets or its proxies.
    #[codec(index = 1)]
    NonTransfer,
    /// Reject what another proxy announced.
    #[codec(index = 2)]
    CancelProxy,
}

/// Configures all standard pallets for the runtime `Runtime` of the calling module, which has the modules `governance` and
/// `sets`, the types of transactions and blocks, and the constant `VERSION`.
#[macro_export]
macro_rules! impl_configs {
    () => {
        pub mod configs {
            use super::*;
            use frame_support::{
                derive_impl, parameter_types,
                traits::{
                    fungible::{Balanced, Credit},
                    AsEnsureOriginWithArg, ConstBool, ConstU128, ConstU16, ConstU32, ConstU64,
                    ConstU8, EitherOf, InstanceFilter, OnUnbalanced, VariantCountOf,
                },
            };
            use frame_system::{EnsureRoot, EnsureSigned};
            use governance::{Administration, CallsInForce, ForeignCalls};
            use hansa_pallet_assigned_set::HubSeed;
            use hansa_pallet_pbft::{EnsureAdmin, NoIdentification};
            use hansa_primitives::{BlockNumber, Hash, Hashing, Moment};
            use hansa_runtime_common::{
                currency::{deposit, EXISTENTIAL_DEPOSIT, SS58_PREFIX, UNIT},
                fees::{FeeAdjustment, LengthToFee, WeightToFee},
                limits::{BlockWeights, MaxBlockLength},
                DbWeight,
            };
            use pallet_session::historical::NoteHistoricalRoot;
            use sets::{BlocksOfSession, KeysOfHub, OffenceByMode, OwnChain};
            use sp_runtime::traits::{AccountIdLookup, ConvertInto, OpaqueKeys};
            use $crate::configs::ProxyType;

            /// For how many sessions before the current one evidence of offences is taken: a week of sessions of an hour.
            /// With a hub it is the hub's reach that counts; here it says whether a liar is known.
            const EVIDENCE_SESSIONS: u32 = 168;

            parameter_types! {
                /// The runtime's version.
                pub const Version: RuntimeVersion = VERSION;
                /// How many block hashes the state keeps, and so how long a mortal transaction can live: at
                /// 200 ms a block a quarter of an hour, on an idle chain hours.
                pub const BlockHashCount: BlockNumber = 4_096;
            }

            #[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
            impl frame_system::Config for Runtime {
                type AccountId = AccountId;
                type AccountData = pallet_balances::AccountData<Balance>;
                type BaseCallFilter = CallsInForce;
                type Block = Block;
                type BlockHashCount = BlockHashCount;
                type BlockLength = MaxBlockLength;
                type BlockWeights = BlockWeights;
                type DbWeight = DbWeight;
                type Hash = Hash;
                type Hashing = Hashing;
                type Lookup = AccountIdLookup<AccountId, ()>;
                type Nonce = Nonce;
                type SS58Prefix = ConstU16<{ SS58_PREFIX as u16 }>;
                type SingleBlockMigrations = Migrations;
                type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
                type Version = Version;
            }

            impl pallet_timestamp::Config for Runtime {
                type Moment = Moment;
                type OnTimestampSet = Pbft;
                // The least that makes time go on; how fast blocks follow each other is in pBFT's timing.
                type MinimumPeriod = ConstU64<1>;
                type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
            }

            /// Who administers the chain: the admin's account, and what it has dispatched as root.
            type Admin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;

            impl hansa_pallet_pbft::Config for Runtime {
                type AdminOrigin = Admin;
                // One node, one vote.
                type VotingWeight = ();
                type NextSeed = HubSeed<Runtime>;
                type EpochGate = ();
                type OnCertificate = ();
                type OnOffence = OffenceByMode;
                // The hub's word.
                type Recovery = AssignedSet;
                type EvidenceSessions = ConstU32<EVIDENCE_SESSIONS>;
                type PromptChanges = ConstBool<true>;
                type WeightInfo = hansa_pallet_pbft::weights::SubstrateWeight<Runtime>;
            }

            impl hansa_pallet_assigned_set::Config for Runtime {
                type RuntimeCall = RuntimeCall;
                type AdminOrigin = Admin;
                type AdminCalls = Administration;
                type Own = OwnChain;
                type InstallKeys = KeysOfHub;
                type Blocks = BlocksOfSession;
                type Packets = Interchain;
                type Routes = Interchain;
                type Alone = Pbft;
                type WeightInfo = hansa_pallet_assigned_set::weights::SubstrateWeight<Runtime>;
            }

            // The bounds are those of all chains.
            hansa_runtime_common::impl_interchain! {
                admin: Admin,
                // What transactions pay goes the same way.
                fees: ToAuthor,
                call_filter: ForeignCalls,
                system_packets: AssignedSet,
                hand_overs: (),
                reserve_limits: (),
                // The hub, and those with which an application deals.
                max_routes: 128,
            }

            hansa_runtime_common::impl_transactions!();

            impl pallet_authorship::Config for Runtime {
                type FindAuthor = Pbft;
                type EventHandler = ();
            }

            impl pallet_session::Config for Runtime {
                type RuntimeEvent = RuntimeEvent;
                type ValidatorId = AccountId;
                type ValidatorIdOf = ConvertInto;
                type ShouldEndSession = Pbft;
                type NextSessionRotation = Pbft;
                type SessionManager = NoteHistoricalRoot<Self, AssignedSet>;
                type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
                type Keys = SessionKeys;
                // Who is found faulty leaves with a change of the set; see pBFT's `on_disabled`.
                type DisablingStrategy = ();
                type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
                type Currency = Balances;
                // The keys, and of each its owner: two items, of 32 bytes each with keys of about as much.
                type KeyDeposit = ConstU128<{ deposit(2, 128) }>;
            }

            impl pallet_session::historical::Config for Runtime {
                type RuntimeEvent = RuntimeEvent;
                type FullIdentification = ();
                type FullIdentificationOf = NoIdentification;
            }

            impl pallet_balances::Config for Runtime {
                type RuntimeEvent = RuntimeEvent;
                type RuntimeHoldReason = RuntimeHoldReason;
                type RuntimeFreezeReason = RuntimeFreezeReason;
                type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
                type Balance = Balance;
                // What is left of an account that ceases to exist is burnt.
                type DustRemoval = ();
                type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
                type AccountStore = System;
                type ReserveIdentifier = [u8; 8];
                type FreezeIdentifier = RuntimeFreezeReason;
                type MaxLocks = ConstU32<50>;
                type MaxReserves = ConstU32<50>;
                type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
                type DoneSlashHandler = ();
            }

            /// Gives fees and tips to the author of the block: that is what nodes are paid for by the users of a DappChain. What nobody
            /// can be paid is burnt.
            pub struct ToAuthor;

            impl OnUnbalanced<Credit<AccountId, Balances>> for ToAuthor {
                fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
                    if let Some(author) = Authorship::author() {
                        // It fails if the author's account would not exist with so little; what is dropped is burnt.
                        drop(Balances::resolve(&author, credit));
                    }
                }
            }

            impl pallet_transaction_payment::Config for Runtime {
                type RuntimeEvent = RuntimeEvent;
                type OnChargeTransaction =
                    pallet_transaction_payment::FungibleAdapter<Balances, ToAuthor>;
                type WeightToFee = WeightToFee;
                type LengthToFee = LengthToFee;
                type FeeMultiplierUpdate = FeeAdjustment<Runtime>;
                type OperationalFeeMultiplier = ConstU8<5>;
                type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
            }

            impl InstanceFilter<RuntimeCall> for ProxyType {
                // An explicit list of what is allowed, so that a new pallet is not by default. The calls of
                // `Utility` are in it because what they dispatch is filtered again.
                fn filter(&self, call: &RuntimeCall) -> bool {
                    match self {
                        Self::Any => true,
                        Self::NonTransfer => matches!(
                            call,
                            RuntimeCall::System(..)
                                | RuntimeCall::Timestamp(..)
                                | RuntimeCall::Pbft(..)
                                | RuntimeCall::AssignedSet(..)
                                | RuntimeCall::Session(..)
                                | RuntimeCall::Utility(..)
                                | RuntimeCall::Multisig(..)
                        ),
                        Self::CancelProxy => matches!(
                            call,
                            RuntimeCall::Proxy(pallet_proxy::Call::reject_announcement { .. })
                                | RuntimeCall::Utility(..)
                        ),
                    }
                }

                fn is_superset(&self, other: &Self) -> bool {
                    self == other || *self == Self::Any
                }
            }

            hansa_runtime_common::impl_wallets! {
                proxies: ProxyType,
                utility_weights: pallet_utility::weights::SubstrateWeight<Runtime>,
                multisig_weights: pallet_multisig::weights::SubstrateWeight<Runtime>,
                proxy_weights: pallet_proxy::weights::SubstrateWeight<Runtime>,
            }

            impl pallet_assets::Config for Runtime {
                type RuntimeEvent = RuntimeEvent;
                type Balance = Balance;
                type RemoveItemsLimit = ConstU32<1_000>;
                type AssetId = u32;
                type AssetIdParameter = $crate::codec::Compact<u32>;
                type ReserveData = ();
                type Currency = Balances;
                // Anybody, for the deposit.
                type CreateOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
                type ForceOrigin = EnsureRoot<AccountId>;
                // It keeps out whoever would fill the list of ids for nothing.
                type AssetDeposit = ConstU128<{ 10 * UNIT }>;
                type AssetAccountDeposit = ConstU128<{ deposit(1, 16) }>;
                type MetadataDepositBase = ConstU128<{ deposit(1, 68) }>;
                type MetadataDepositPerByte = ConstU128<{ deposit(0, 1) }>;
                type ApprovalDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
                type StringLimit = ConstU32<50>;
                type Freezer = ();
                type Holder = ();
                type Extra = ();
                type CallbackHandle = ();
                type AssetIdAllocator = ();
                type WeightInfo = pallet_assets::weights::SubstrateWeight<Runtime>;
                #[cfg(feature = "runtime-benchmarks")]
                type BenchmarkHelper = ();
            }
        }
    };
}
