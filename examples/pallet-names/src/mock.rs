// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A chain of this pallet and the balances.

use crate as pallet_names;
use frame_support::{derive_impl, traits::ConstU64};
use sp_runtime::BuildStorage;

pub type AccountId = u64;

/// Accounts with funds.
pub const ANN: AccountId = 1;
pub const BEN: AccountId = 2;
/// One that does not exist.
pub const NOBODY: AccountId = 3;

/// What each of them has.
pub const FUNDS: u64 = 1_000;
/// What is on hold for a name.
pub const BASE: u64 = 100;
/// And for each byte of its record.
pub const PER_BYTE: u64 = 2;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Names = pallet_names::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

impl pallet_names::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type DepositBase = ConstU64<BASE>;
    type DepositPerByte = ConstU64<PER_BYTE>;
    type WeightInfo = ();
}

/// Makes chains for tests.
pub struct ExtBuilder;

impl ExtBuilder {
    /// A chain in which Ann and Ben have funds.
    pub fn build(self) -> sp_io::TestExternalities {
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig {
                balances: vec![(ANN, FUNDS), (BEN, FUNDS)],
                ..Default::default()
            },
            ..Default::default()
        };
        let storage = genesis.build_storage().expect("the genesis is well-formed");
        let mut ext = sp_io::TestExternalities::from(storage);
        // There are no events in block 0.
        ext.execute_with(|| System::set_block_number(1));
        ext
    }

    /// Run a test, and check the invariants after it.
    pub fn build_and_execute(self, test: impl FnOnce()) {
        self.build().execute_with(|| {
            test();
            Names::do_try_state().expect("the invariants hold");
        });
    }
}

/// What the pallet told since the last time.
pub fn events() -> Vec<pallet_names::Event<Test>> {
    let events = System::events().into_iter();
    let events = events.filter_map(|record| match record.event {
        RuntimeEvent::Names(event) => Some(event),
        _ => None,
    });
    let events = events.collect();
    System::reset_events();
    events
}
