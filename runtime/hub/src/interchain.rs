// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How the hub talks to other chains: the bounds of what they may bring and do, and why.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU128, ConstU32, ConstU64, Contains, EitherOf},
    weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
    PalletId,
};
use frame_system::EnsureRoot;
use hansa_pallet_interchain::{weights::SubstrateWeight, Call as InterchainCall};
use hansa_pallet_pbft::EnsureAdmin;
use hansa_pallet_staking::AuthorFees;
use hansa_primitives::Moment;
use hansa_runtime_common::{
    currency::{MICRO, MILLI, UNIT},
    fees::WeightToFee,
};
use pallet_balances::Call as BalancesCall;
use pallet_utility::Call as UtilityCall;
use sp_runtime::Perbill;

const SECOND: Moment = 1_000;
const MINUTE: Moment = 60 * SECOND;
const DAY: Moment = 24 * 60 * MINUTE;

/// How long a packet has to be taken: longer than a change of the view or a restart takes, and no longer
/// than somebody would wait for the money to come back.
const TIMEOUT: Moment = 15 * MINUTE;

/// How long before they hold terms must be agreed on. The acceptance must get to the other chain meanwhile.
const TERMS_NOTICE: Moment = DAY;

/// The longest that headers of another chain are trusted. A hub takes evidence of offences for a week of
/// sessions of an hour; this leaves two days to find out and to report. Where a chain's periods
/// are shorter, the routes to it must say so.
pub const TRUSTING_PERIOD: Moment = 5 * DAY;

/// The most sets of a chain that are remembered. With sessions of an hour there are 120 in a trusting
/// period; the rest is for sets that change in between because somebody was convicted.
const MAX_PAST_SETS: u32 = 256;

/// The most that calls of foreign accounts may take of a block, both before its transactions and after
/// them: a fifth.
pub const SERVICE_MS: u64 = 100;

/// The most weight that such a call may have: half of that, so that it fits with the queue's overhead.
/// The size of proofs has no meaning here; but it must be bounded, or the sum of two would overflow,
/// and the call would wait for ever.
pub const MAX_CALL: Weight =
    Weight::from_parts(SERVICE_MS / 2 * WEIGHT_REF_TIME_PER_MILLIS, 2 * 1024 * 1024);

parameter_types! {
    /// Names the account of reserves.
    pub const InterchainPalletId: PalletId = PalletId(*b"hnsa/int");
    /// By how much the amounts of a packet may differ from the rate.
    pub const RateTolerance: Perbill = Perbill::from_percent(1);
    /// See [`MAX_CALL`].
    pub const MaxCallWeight: Weight = MAX_CALL;
    /// See [`SERVICE_MS`].
    pub const ServiceWeight: Option<Weight> =
        Some(Weight::from_parts(SERVICE_MS * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX));
}

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

impl hansa_pallet_interchain::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeCall = RuntimeCall;
    type Clock = Timestamp;
    type AdminOrigin = EitherOf<EnsureRoot<AccountId>, EnsureAdmin<Runtime>>;
    // What transactions pay goes the same way.
    type Fees = AuthorFees<Runtime>;
    type CallQueue = MessageQueue;
    type CallFilter = ForeignCalls;
    // The base price, whatever blocks cost now: who sends a call cannot know that, and the queue has a part
    // of blocks of its own.
    type WeightPrice = WeightToFee;
    type SystemPackets = ();
    type HandOvers = ();
    type ReserveLimits = ();
    type PalletId = InterchainPalletId;
    type MaxRoutes = ConstU32<1_024>;
    // What is on its way in a second or two at the rate below, there and back.
    type Window = ConstU32<512>;
    type MaxBatch = ConstU32<16>;
    // At least six seconds of headers, which is how long a delivery may be on its way.
    type MaxStoredHeaders = ConstU32<64>;
    type MaxPastSets = ConstU32<MAX_PAST_SETS>;
    type TrustingPeriod = ConstU64<TRUSTING_PERIOD>;
    type MaxClockDrift = ConstU64<{ 10 * SECOND }>;
    type Timeout = ConstU64<TIMEOUT>;
    type TermsNotice = ConstU64<TERMS_NOTICE>;
    type RateTolerance = RateTolerance;
    // Some three transfers: the result comes at no fee.
    type PacketPrice = ConstU128<{ 5 * MILLI }>;
    // Ten times what a byte of a transaction costs: it is kept until the result is there.
    type BytePrice = ConstU128<{ 10 * MICRO }>;
    type MinTopUp = ConstU128<UNIT>;
    type PacketsPerSecond = ConstU32<200>;
    type PacketBurst = ConstU32<256>;
    // Twice as many as blocks come at 200 ms.
    type HeadersPerSecond = ConstU32<10>;
    type HeaderBurst = ConstU32<50>;
    // Of packets, the costliest: less than half of what transactions may take of a block.
    type MaxBlockItems = ConstU32<96>;
    type MaxCallWeight = MaxCallWeight;
    type MaxQueuedCalls = ConstU32<256>;
    type WeightInfo = SubstrateWeight<Runtime>;
}

impl pallet_message_queue::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_message_queue::weights::SubstrateWeight<Runtime>;
    #[cfg(not(feature = "runtime-benchmarks"))]
    type MessageProcessor = hansa_pallet_interchain::ExecuteCalls<Runtime>;
    // Its benchmarks ask for one that does nothing.
    #[cfg(feature = "runtime-benchmarks")]
    type MessageProcessor = pallet_message_queue::mock_helpers::NoopMessageProcessor<
        hansa_interchain_primitives::ChainId,
    >;
    type Size = u32;
    type QueueChangeHandler = ();
    type QueuePausedQuery = ();
    // Some calls of the largest size, or some hundred usual ones.
    type HeapSize = ConstU32<{ 16 * 1024 }>;
    // No call is too heavy for the queue, so no page becomes stale.
    type MaxStale = ConstU32<8>;
    type ServiceWeight = ServiceWeight;
    // In the block that delivers them, if there is room left.
    type IdleMaxServiceWeight = ServiceWeight;
}
