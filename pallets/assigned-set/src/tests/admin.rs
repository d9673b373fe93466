// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the admin may do.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use hansa_dappchain_primitives::Hash;
use sp_runtime::DispatchError;

fn upgrade() -> Box<RuntimeCall> {
    Box::new(RuntimeCall::System(frame_system::Call::authorize_upgrade {
        code_hash: Hash::repeat_byte(5),
    }))
}

#[test]
fn the_admin_upgrades_as_root() {
    with_hub(|| {
        block_by(0, || {
            let admin = RuntimeOrigin::signed(ADMIN);
            assert_ok!(AssignedSet::administer(admin, upgrade()));
        });
        assert_eq!(events(), [Event::Administered { result: Ok(()) }]);
        assert!(System::authorized_upgrade().is_some());
    });
}

#[test]
fn nobody_else_does() {
    with_hub(|| {
        assert_noop!(
            AssignedSet::administer(RuntimeOrigin::signed(1), upgrade()),
            DispatchError::BadOrigin
        );
        assert_noop!(
            AssignedSet::administer(RuntimeOrigin::none(), upgrade()),
            DispatchError::BadOrigin
        );
    });
}

#[test]
fn the_admin_is_not_sudo() {
    with_hub(|| {
        let call = RuntimeCall::Balances(pallet_balances::Call::force_set_balance {
            who: ADMIN,
            new_free: 1_000_000,
        });
        assert_noop!(
            AssignedSet::administer(RuntimeOrigin::signed(ADMIN), Box::new(call)),
            Error::<Test>::NotAdministration
        );
    });
}
