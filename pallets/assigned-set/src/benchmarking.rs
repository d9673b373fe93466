// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Benchmarks of the call, and of the packets of the hub.

use super::*;
use alloc::{boxed::Box, vec::Vec};
use codec::{Decode, Encode};
use frame_benchmarking::v2::*;
use frame_support::traits::EnsureOrigin;
use hansa_dappchain_primitives::{AssignedNode, ChainId, FounderKeys, HubPacket, NextSet, MAX_SET};
use hansa_interchain_primitives::traits::SystemPackets as _;
use sp_runtime::traits::{BlakeTwo256, Hash as _, TrailingZeroInput};

/// The hub of benchmarks.
const HUB: ChainId = 0x6b;

fn members<T: Config>(n: u32) -> Result<Vec<AssignedNode<T::AccountId>>, BenchmarkError> {
    let member = |i: u32| {
        let bytes = BlakeTwo256::hash(&i.encode());
        let pbft = Decode::decode(&mut TrailingZeroInput::new(bytes.as_ref()))
            .map_err(|_| BenchmarkError::Stop("32 bytes are no key"))?;
        let keys = FounderKeys { pbft, beacon: None };
        let node = account("node", i, 0);
        Ok(AssignedNode { node, keys })
    };
    (0..n).map(member).collect()
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn administer() -> Result<(), BenchmarkError> {
        let origin =
            T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let remark = frame_system::Call::remark { remark: Vec::new() };
        let call = Box::new(<T as Config>::RuntimeCall::from(remark));

        #[block]
        {
            // A runtime may not list remarks: then it is refused one look earlier.
            let _ = Pallet::<T>::administer(origin, call);
        }
        Ok(())
    }

    #[benchmark]
    fn take_set(n: Linear<1, MAX_SET>) -> Result<(), BenchmarkError> {
        Hub::<T>::put(HUB);
        let members = members::<T>(n)?
            .try_into()
            .map_err(|_| BenchmarkError::Stop("too many members"))?;
        let packet = HubPacket::NextSet(NextSet {
            ordinal: 1,
            seed: [0; 32],
            members,
        })
        .encode();

        #[block]
        {
            Pallet::<T>::take(HUB, &packet).map_err(|_| BenchmarkError::Stop("refused"))?;
        }

        assert_eq!(LastOrdinal::<T>::get(), 1);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, mock::ExtBuilder { hub: false }.build(), mock::Test,);
}
