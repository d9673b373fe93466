// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The bounds of what other chains may bring and do, and why. The same on all of Hansa's chains, so that two that
//! talk to each other agree on how long things take.

use crate::fees::WeightToFee;
use frame_support::{
    parameter_types,
    weights::{constants::WEIGHT_REF_TIME_PER_MILLIS, Weight},
    PalletId,
};
use hansa_primitives::Moment;
use sp_runtime::Perbill;

const SECOND: Moment = 1_000;
const MINUTE: Moment = 60 * SECOND;
const DAY: Moment = 24 * 60 * MINUTE;

/// How long a packet has to be taken: longer than a change of the view or a restart takes, and no longer
/// than somebody would wait for the money to come back.
pub const TIMEOUT: Moment = 15 * MINUTE;

/// How long before they hold terms must be agreed on. The acceptance must get to the other chain meanwhile.
pub const TERMS_NOTICE: Moment = DAY;

/// The longest that headers of another chain are trusted. A hub takes evidence of offences for a week of
/// sessions of an hour; this leaves two days to find out and to report. Where a chain's periods
/// are shorter, the routes to it must say so.
pub const TRUSTING_PERIOD: Moment = 5 * DAY;

/// By how much other chains' clocks may be ahead.
pub const MAX_CLOCK_DRIFT: Moment = 10 * SECOND;

/// The most sets of a chain that are remembered. With sessions of an hour there are 120 in a trusting
/// period; the rest is for sets that change in between because somebody was convicted.
pub const MAX_PAST_SETS: u32 = 256;

/// The most that calls of foreign accounts may take of a block, both before its transactions and after
/// them: a fifth.
pub const SERVICE_MS: u64 = 100;

/// The most weight that such a call may have: half of that, so that it fits with the queue's overhead.
/// The size of proofs has no meaning here; but it must be bounded, or the sum of two would overflow,
/// and the call would wait for ever.
pub const MAX_CALL: Weight =
    Weight::from_parts(SERVICE_MS / 2 * WEIGHT_REF_TIME_PER_MILLIS, 2 * 1024 * 1024);

/// What the weight of a foreign account's call costs: the base price, whatever blocks cost now. Who sends a call cannot
/// know that, and the queue has a part of blocks of its own.
pub type WeightPrice = WeightToFee;

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

/// Configures `hansa_pallet_interchain` and `pallet_message_queue` for the runtime `Runtime` of the calling crate, with the
/// bounds that all chains share. What differs is named: who may take part, who pays whom, and who knows what of the others.
#[macro_export]
macro_rules! impl_interchain {
    (
        admin: $admin:ty,
        fees: $fees:ty,
        call_filter: $filter:ty,
        system_packets: $packets:ty,
        hand_overs: $hand_overs:ty,
        recoveries: $recoveries:ty,
        reserve_limits: $limits:ty,
        max_routes: $routes:expr $(,)?
    ) => {
        impl hansa_pallet_interchain::Config for Runtime {
            type Currency = Balances;
            type RuntimeHoldReason = RuntimeHoldReason;
            type RuntimeCall = RuntimeCall;
            type Clock = Timestamp;
            type AdminOrigin = $admin;
            type Fees = $fees;
            type CallQueue = MessageQueue;
            type CallFilter = $filter;
            type WeightPrice = $crate::interchain::WeightPrice;
            type SystemPackets = $packets;
            type HandOvers = $hand_overs;
            type Recoveries = $recoveries;
            type ReserveLimits = $limits;
            type PalletId = $crate::interchain::InterchainPalletId;
            type MaxRoutes = frame_support::traits::ConstU32<{ $routes }>;
            // What is on its way in a second or two at the rate below, there and back.
            type Window = frame_support::traits::ConstU32<512>;
            type MaxBatch = frame_support::traits::ConstU32<16>;
            // At least six seconds of headers, which is how long a delivery may be on its way.
            type MaxStoredHeaders = frame_support::traits::ConstU32<64>;
            type MaxPastSets =
                frame_support::traits::ConstU32<{ $crate::interchain::MAX_PAST_SETS }>;
            type TrustingPeriod =
                frame_support::traits::ConstU64<{ $crate::interchain::TRUSTING_PERIOD }>;
            type MaxClockDrift =
                frame_support::traits::ConstU64<{ $crate::interchain::MAX_CLOCK_DRIFT }>;
            type Timeout = frame_support::traits::ConstU64<{ $crate::interchain::TIMEOUT }>;
            type TermsNotice =
                frame_support::traits::ConstU64<{ $crate::interchain::TERMS_NOTICE }>;
            type RateTolerance = $crate::interchain::RateTolerance;
            // Some three transfers: the result comes at no fee.
            type PacketPrice = frame_support::traits::ConstU128<{ 5 * $crate::currency::MILLI }>;
            // Ten times what a byte of a transaction costs: it is kept until the result is there.
            type BytePrice = frame_support::traits::ConstU128<{ 10 * $crate::currency::MICRO }>;
            type MinTopUp = frame_support::traits::ConstU128<{ $crate::currency::UNIT }>;
            type PacketsPerSecond = frame_support::traits::ConstU32<200>;
            type PacketBurst = frame_support::traits::ConstU32<256>;
            // Twice as many as blocks come at 200 ms.
            type HeadersPerSecond = frame_support::traits::ConstU32<10>;
            type HeaderBurst = frame_support::traits::ConstU32<50>;
            // Of packets, the costliest: less than half of what transactions may take of a block.
            type MaxBlockItems = frame_support::traits::ConstU32<96>;
            type MaxCallWeight = $crate::interchain::MaxCallWeight;
            type MaxQueuedCalls = frame_support::traits::ConstU32<256>;
            type WeightInfo = hansa_pallet_interchain::weights::SubstrateWeight<Runtime>;
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
            type HeapSize = frame_support::traits::ConstU32<{ 16 * 1024 }>;
            // No call is too heavy for the queue, so no page becomes stale.
            type MaxStale = frame_support::traits::ConstU32<8>;
            type ServiceWeight = $crate::interchain::ServiceWeight;
            // In the block that delivers them, if there is room left.
            type IdleMaxServiceWeight = $crate::interchain::ServiceWeight;
        }
    };
}
