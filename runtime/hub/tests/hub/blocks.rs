// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Blocks with transactions in them, built and executed again.

use crate::common::*;
use codec::{Decode, Encode};
use frame_support::assert_ok;
use hansa_primitives::AccountId;
use hansa_runtime_common::currency::{EXISTENTIAL_DEPOSIT, MICRO, UNIT};
use hansa_runtime_hub::{
    genesis_presets::{DEV, LOCAL},
    Block, Executive, Runtime, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave, Eve};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
    DigestItem, DispatchError, DispatchResult, MultiAddress, MultiSignature,
};

fn transfer(to: AccountId, value: u128) -> RuntimeCall {
    pallet_balances::Call::transfer_allow_death {
        dest: MultiAddress::Id(to),
        value,
    }
    .into()
}

fn to(who: Sr25519Keyring, value: u128) -> RuntimeCall {
    transfer(who.to_account_id(), value)
}

#[test]
fn a_transfer_moves_tokens_and_pays_the_author() {
    let mut chain = Chain::new(DEV);
    let (before, author) = chain.state(|| (free(Bob), free(Alice)));
    let result = chain.apply(|| sign(Bob, 0, to(Charlie, 5 * UNIT)));
    assert_eq!(result, Ok(Ok(())));
    chain.state(|| {
        let fee = before - 5 * UNIT - free(Bob);
        assert!(fee > 100 * MICRO && fee < UNIT / 100, "the fee is {fee}");
        assert_eq!(free(Alice), author + fee, "Alice made the block");
        assert_eq!(System::account_nonce(Bob.to_account_id()), 1);
    });
    chain.try_state();
}

#[test]
fn a_batch_is_all_or_nothing() {
    let mut chain = Chain::new(LOCAL);
    let batch =
        |calls: Vec<RuntimeCall>| RuntimeCall::from(pallet_utility::Call::batch_all { calls });
    let good = batch(vec![to(Charlie, UNIT), to(Dave, 2 * UNIT)]);
    let bad = batch(vec![to(Charlie, UNIT), to(Dave, u128::MAX)]);
    let (charlie, dave) = chain.state(|| (free(Charlie), free(Dave)));
    let (_, results) = chain.block(200, || vec![sign(Eve, 0, good), sign(Eve, 1, bad)]);
    assert_ok!(results[0].expect("it is valid"));
    assert!(results[1].expect("it is valid").is_err());
    chain.state(|| {
        assert_eq!(
            (free(Charlie), free(Dave)),
            (charlie + UNIT, dave + 2 * UNIT)
        )
    });
}

#[test]
fn wrong_transactions_are_refused_for_the_right_reason() {
    let mut chain = Chain::new(DEV);
    chain.block(200, Vec::new);
    let poor = Sr25519Keyring::One;
    let bad_signature = || {
        let mut xt = sign(Alice, 0, to(Bob, UNIT));
        if let sp_runtime::generic::Preamble::Signed(_, signature, _) = &mut xt.preamble {
            *signature = MultiSignature::Sr25519(Alice.sign(b"something else"));
        }
        xt
    };
    chain.block(200, || vec![sign(Alice, 0, to(Bob, UNIT))]);
    type Case = (
        &'static str,
        Box<dyn Fn() -> UncheckedExtrinsic>,
        InvalidTransaction,
    );
    let cases: [Case; 4] = [
        (
            "used nonce",
            Box::new(|| sign(Alice, 0, to(Bob, UNIT))),
            InvalidTransaction::Stale,
        ),
        (
            "bad signature",
            Box::new(bad_signature),
            InvalidTransaction::BadProof,
        ),
        (
            "no balance",
            Box::new(move || sign(poor, 0, to(Bob, 1))),
            InvalidTransaction::Payment,
        ),
        (
            "a tip beyond the balance",
            Box::new(|| sign_with_tip(Bob, 0, u128::MAX / 2, to(Alice, 1))),
            InvalidTransaction::Payment,
        ),
    ];
    let at = chain.head.hash();
    for (what, make, reason) in cases {
        let validity = chain
            .state(|| Executive::validate_transaction(TransactionSource::External, make(), at));
        assert_eq!(
            validity,
            Err(TransactionValidityError::Invalid(reason)),
            "{what}"
        );
        let result = chain.apply(make);
        assert_eq!(
            result,
            Err(TransactionValidityError::Invalid(reason)),
            "{what}"
        );
    }
    // A nonce that is not due yet waits in the pool, but is no part of a block.
    let future = || sign(Alice, 7, to(Bob, UNIT));
    let validity =
        chain.state(|| Executive::validate_transaction(TransactionSource::External, future(), at));
    assert!(validity.is_ok());
    assert_eq!(chain.apply(future), Err(InvalidTransaction::Future.into()));
    // Too low a balance for the amount is an error of the call: the fee is paid.
    let result = chain.apply(|| sign(Bob, 0, to(Alice, u128::MAX / 2)));
    assert!(result.expect("it is valid").is_err());
    chain.try_state();
}

/// Nobody can send what only an author can put into a block.
#[test]
fn inherents_are_refused_as_transactions() {
    let mut chain = Chain::new(DEV);
    chain.block(200, Vec::new);
    let now = RuntimeCall::from(pallet_timestamp::Call::set { now: 1 });
    let at = chain.head.hash();
    let validity = chain.state(|| {
        Executive::validate_transaction(
            TransactionSource::External,
            UncheckedExtrinsic::new_bare(now),
            at,
        )
    });
    assert!(validity.is_err());
}

/// What became of the last call by sudo.
fn sudo_result(chain: &mut Chain) -> Option<DispatchResult> {
    chain.state(|| {
        System::events()
            .into_iter()
            .find_map(|record| match record.event {
                RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result }) => Some(sudo_result),
                _ => None,
            })
    })
}

#[test]
fn sudo_can_change_the_code_and_others_cannot() {
    let mut chain = Chain::new(DEV);
    // A code of the size of a real one; its first byte is by how much it is newer.
    let upgrade = |newer: u8| {
        let code = [vec![newer], vec![7; 2_000_000]].concat();
        let call = Box::new(frame_system::Call::set_code { code }.into());
        RuntimeCall::from(pallet_sudo::Call::sudo { call })
    };
    assert_eq!(chain.apply(|| sign(Alice, 0, upgrade(0))), Ok(Ok(())));
    let old = frame_system::Error::<Runtime>::SpecVersionNeedsToIncrease;
    assert_eq!(
        sudo_result(&mut chain),
        Some(Err(DispatchError::from(old).stripped()))
    );

    let (header, results) = chain.block(200, || vec![sign(Alice, 1, upgrade(1))]);
    assert_eq!(results, [Ok(Ok(()))]);
    assert_eq!(sudo_result(&mut chain), Some(Ok(())));
    assert!(header
        .digest
        .logs
        .contains(&DigestItem::RuntimeEnvironmentUpdated));

    let result = chain.apply(|| sign(Bob, 0, upgrade(2)));
    assert!(result.expect("it is valid").is_err(), "Bob has no sudo");
}

#[test]
fn a_block_is_encoded_as_the_node_expects_it() {
    let mut chain = Chain::new(DEV);
    let xt = chain.state(|| {
        System::initialize(&1, &Default::default(), &Default::default());
        sign(Alice, 0, to(Bob, EXISTENTIAL_DEPOSIT))
    });
    let header = hansa_primitives::Header {
        parent_hash: Default::default(),
        number: 1,
        state_root: Default::default(),
        extrinsics_root: Default::default(),
        digest: Default::default(),
    };
    let bare = UncheckedExtrinsic::new_bare(pallet_timestamp::Call::set { now: 1 }.into());
    let block = Block {
        header,
        extrinsics: vec![bare, xt],
    };
    let bytes = block.encode();
    let opaque = hansa_primitives::Block::decode(&mut &bytes[..]).expect("it is a block");
    assert_eq!(opaque.extrinsics.len(), 2);
    assert_eq!(opaque.encode(), bytes);
    assert_eq!(
        Block::decode(&mut &opaque.encode()[..]).as_ref(),
        Ok(&block)
    );
}

#[test]
fn all_metadata_versions_are_there() {
    let versions = Runtime::metadata_versions();
    for version in [14, 15, 16] {
        assert!(versions.contains(&version), "{versions:?}");
        let metadata = Runtime::metadata_at_version(version).expect("it is listed");
        // A length, the magic `meta`, then the version.
        let bytes: &[u8] = &metadata;
        assert_eq!(&bytes[..5], [b"meta".as_slice(), &[version as u8]].concat());
    }
    assert!(Runtime::metadata_at_version(13).is_none());
}

#[test]
fn a_scheduled_call_runs_when_its_second_of_service_time_has_come() {
    let mut chain = Chain::new(DEV);
    chain.block(200, Vec::new);
    let remark = RuntimeCall::from(frame_system::Call::remark_with_event { remark: vec![1] });
    let call = RuntimeCall::from(pallet_scheduler::Call::schedule_after {
        after: 10,
        maybe_periodic: None,
        priority: 0,
        call: Box::new(remark),
    });
    let sudo = RuntimeCall::from(pallet_sudo::Call::sudo {
        call: Box::new(call),
    });
    assert_eq!(chain.apply(|| sign(Alice, 0, sudo)), Ok(Ok(())));
    let ran = |chain: &mut Chain| {
        chain.state(|| {
            System::events().iter().any(|e| {
                matches!(
                    e.event,
                    RuntimeEvent::Scheduler(pallet_scheduler::Event::Dispatched { .. })
                )
            })
        })
    };
    let mut blocks = 0;
    while !ran(&mut chain) {
        blocks += 1;
        assert!(blocks < 20, "it never ran");
        chain.block(3_000, Vec::new);
    }
    assert_eq!(
        blocks, 5,
        "four blocks of three seconds pass the tenth, the fifth runs it"
    );
}
