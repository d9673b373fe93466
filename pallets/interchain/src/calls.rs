// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Calls of foreign accounts, as the message queue executes them.

use crate::{
    types::{CallOutcome, QueuedCall},
    Config, Event, Pallet, WeightInfo,
};
use codec::DecodeAll;
use core::marker::PhantomData;
use frame_support::{
    dispatch::{extract_actual_weight, GetDispatchInfo},
    traits::{ProcessMessage, ProcessMessageError},
    weights::WeightMeter,
};
use hansa_interchain_primitives::ChainId;
use sp_runtime::traits::Dispatchable;

/// Executes the calls of foreign accounts. The message queue's processor.
///
/// A call that fails is done: it was paid for. Nothing that a call does can stop the queue.
pub struct ExecuteCalls<T>(PhantomData<T>);

impl<T: Config> ProcessMessage for ExecuteCalls<T> {
    type Origin = ChainId;

    fn process_message(
        message: &[u8],
        _: ChainId,
        meter: &mut WeightMeter,
        _: &mut [u8; 32],
    ) -> Result<bool, ProcessMessageError> {
        let queued = QueuedCall::<T::AccountId>::decode_all(&mut &message[..])
            .map_err(|_| ProcessMessageError::Corrupt)?;
        let overhead = <T as Config>::WeightInfo::execute_call();
        let most = queued.weight.saturating_add(overhead);
        if !meter.can_consume(most) {
            return Err(ProcessMessageError::Overweight(most));
        }
        let (used, outcome) = Pallet::<T>::execute_call(&queued);
        meter.consume(used.min(queued.weight).saturating_add(overhead));
        Pallet::<T>::deposit_event(Event::CallExecuted {
            peer: queued.peer,
            nonce: queued.nonce,
            account: queued.account,
            outcome,
        });
        Ok(true)
    }
}

impl<T: Config> Pallet<T> {
    /// Execute a call. Returns the weight that it used and what came of it.
    fn execute_call(queued: &QueuedCall<T::AccountId>) -> (sp_runtime::Weight, CallOutcome) {
        // It was checked when it was queued; but the runtime may be another one now.
        let Ok(call) = Self::read_call(queued) else {
            return (queued.weight, CallOutcome::Dropped);
        };
        let info = call.get_dispatch_info();
        let origin = frame_system::RawOrigin::Signed(queued.account.clone());
        let result = call.dispatch(origin.into());
        let used = extract_actual_weight(&result, &info);
        let outcome = match result {
            Ok(_) => CallOutcome::Succeeded,
            Err(error) => CallOutcome::Failed(error.error),
        };
        (used, outcome)
    }
}
