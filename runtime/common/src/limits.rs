// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! How much fits a block.
//!
//! A replica executes a block before it votes for it, so the worst block must be executed well
//! within the timeout of a view (2 s by default), on a machine slower than the reference one and
//! with the messages' delays beside it. A full block takes half a second on reference hardware;
//! that is also far more than what arrives in the 200 ms between two blocks.

use frame_support::{
    dispatch::DispatchClass,
    parameter_types,
    weights::{
        constants::{BlockExecutionWeight, ExtrinsicBaseWeight, WEIGHT_REF_TIME_PER_MILLIS},
        Weight,
    },
};
use frame_system::limits::{BlockLength, BlockWeights as Weights};
use sp_runtime::Perbill;

/// How long a full block may take to execute on reference hardware.
pub const MAX_BLOCK_MS: u64 = 500;

/// The share of a block that transactions may fill; the rest is for the chain's own operations.
pub const NORMAL_RATIO: Perbill = Perbill::from_percent(75);

/// The share of a block that hooks are thought to take before any transaction.
const AVERAGE_ON_INITIALIZE_RATIO: Perbill = Perbill::from_percent(5);

/// The longest block, in bytes.
pub const MAX_BLOCK_BYTES: u32 = 5 * 1024 * 1024;

/// The weight of a full block. The size of proofs does not count: nobody sends any with a block.
pub const MAX_BLOCK_WEIGHT: Weight =
    Weight::from_parts(MAX_BLOCK_MS * WEIGHT_REF_TIME_PER_MILLIS, u64::MAX);

parameter_types! {
    /// The limits of a block's weight.
    pub BlockWeights: Weights = block_weights();
    /// The limits of a block's length.
    pub MaxBlockLength: BlockLength = BlockLength::builder()
        .max_length(MAX_BLOCK_BYTES)
        .modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_RATIO * MAX_BLOCK_BYTES)
        .build();
}

fn block_weights() -> Weights {
    Weights::builder()
        .base_block(BlockExecutionWeight::get())
        .for_class(DispatchClass::all(), |class| {
            class.base_extrinsic = ExtrinsicBaseWeight::get()
        })
        .for_class(DispatchClass::Normal, |class| {
            class.max_total = Some(NORMAL_RATIO * MAX_BLOCK_WEIGHT);
        })
        .for_class(DispatchClass::Operational, |class| {
            class.max_total = Some(MAX_BLOCK_WEIGHT);
            class.reserved = Some(MAX_BLOCK_WEIGHT.saturating_sub(NORMAL_RATIO * MAX_BLOCK_WEIGHT));
        })
        .avg_block_initialization(AVERAGE_ON_INITIALIZE_RATIO)
        .build_or_panic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_sound_and_leave_room_for_operations() {
        let weights = block_weights();
        assert!(weights.clone().validate().is_ok());
        let ms = |w: Option<Weight>| w.map(|w| w.ref_time() / WEIGHT_REF_TIME_PER_MILLIS);
        assert_eq!(ms(weights.get(DispatchClass::Normal).max_total), Some(375));
        assert_eq!(
            ms(weights.get(DispatchClass::Operational).reserved),
            Some(125)
        );
        let length = MaxBlockLength::get();
        assert_eq!(
            *length.max.get(DispatchClass::Normal),
            MAX_BLOCK_BYTES / 4 * 3
        );
        assert_eq!(*length.max.get(DispatchClass::Operational), MAX_BLOCK_BYTES);
    }

    /// A runtime upgrade is the largest single call.
    #[test]
    fn a_runtime_upgrade_fits() {
        use frame_system::WeightInfo;
        let weights = block_weights();
        let limit = weights.get(DispatchClass::Operational).max_extrinsic;
        let call = <() as WeightInfo>::set_code();
        assert!(
            limit.is_some_and(|limit| call.all_lt(limit)),
            "{call:?} {limit:?}"
        );
    }
}
