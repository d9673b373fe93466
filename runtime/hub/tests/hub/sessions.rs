// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Sets that change, with real keys, calls and digests.

use crate::common::*;
use hansa_pbft_primitives::ConsensusLog;
use hansa_runtime_hub::{
    genesis_presets::{DEV, POA},
    Multisig, Pbft, RuntimeCall, RuntimeEvent, Session, System,
};
use sp_keyring::Sr25519Keyring::{self, Alice, Bob, Charlie, Dave};

fn set_keys(owner: Sr25519Keyring, seed: &str) -> RuntimeCall {
    let proof = proof(&owner.to_account_id(), seed);
    pallet_session::Call::set_keys {
        keys: keys(seed),
        proof,
    }
    .into()
}

fn sudo(call: impl Into<RuntimeCall>) -> RuntimeCall {
    pallet_sudo::Call::sudo {
        call: Box::new(call.into()),
    }
    .into()
}

#[test]
fn a_validator_joins_and_leaves() {
    let mut chain = Chain::new(DEV);
    let bob = Bob.to_account_id();
    let add = hansa_pallet_pbft::Call::add_authority {
        account: bob.clone(),
    };
    let (_, results) = chain.block(200, || {
        vec![
            sign(Bob, 0, set_keys(Bob, "//Bob")),
            sign(Alice, 0, sudo(add)),
        ]
    });
    assert_eq!(results, [Ok(Ok(())), Ok(Ok(()))]);

    let headers = chain.end_session();
    let changes: Vec<_> = headers
        .iter()
        .filter_map(|h| ConsensusLog::find_set_change(&h.digest))
        .collect();
    let set = chain.state(|| Pbft::consensus_state().set);
    assert_eq!(
        changes,
        std::slice::from_ref(&set),
        "one digest announces the set"
    );
    assert_eq!((set.id, set.len()), (1, 2));
    assert_eq!(set.get(1).map(|a| a.key.clone()), Some(keys("//Bob").pbft));
    chain.state(|| assert_eq!(Session::validators(), [Alice.to_account_id(), bob.clone()]));
    chain.block(200, Vec::new);

    let remove = hansa_pallet_pbft::Call::remove_authority {
        account: Alice.to_account_id(),
    };
    assert_eq!(chain.apply(|| sign(Alice, 1, sudo(remove))), Ok(Ok(())));
    chain.end_session();
    let set = chain.state(|| Pbft::consensus_state().set);
    assert_eq!((set.id, set.len()), (2, 1));
    for _ in 0..3 {
        chain.block(200, Vec::new);
    }
    chain.try_state();
}

#[test]
fn keys_need_a_proof_of_their_owner() {
    let mut chain = Chain::new(DEV);
    let stolen = pallet_session::Call::set_keys {
        keys: keys("//Charlie"),
        proof: proof(&Charlie.to_account_id(), "//Charlie"),
    };
    let result = chain.apply(|| sign(Bob, 0, stolen));
    assert!(result.expect("it is valid").is_err());
    assert_eq!(
        chain.apply(|| sign(Bob, 1, set_keys(Bob, "//Bob"))),
        Ok(Ok(()))
    );
}

/// Without sudo three of the four operators together change the set.
#[test]
fn operators_of_a_proof_of_authority_chain_act_together() {
    let mut chain = Chain::new(POA);
    let mut operators: Vec<_> = [Alice, Bob, Charlie, Dave]
        .iter()
        .map(|who| who.to_account_id())
        .collect();
    operators.sort();
    let admin = Multisig::multi_account_id(&operators, 3);
    chain.state(|| {
        assert_eq!(
            hansa_pallet_pbft::Admin::<hansa_runtime_hub::Runtime>::get(),
            Some(admin)
        )
    });
    let account = Dave.to_account_id();
    let remove = RuntimeCall::from(hansa_pallet_pbft::Call::remove_authority { account });

    // One alone cannot, not even with root's help: there is no sudo key.
    for call in [remove.clone(), sudo(remove.clone())] {
        let nonce = chain.state(|| System::account_nonce(Alice.to_account_id()));
        let result = chain.apply(|| sign(Alice, nonce, call));
        assert!(result.expect("it is valid").is_err());
    }
    let mut timepoint = None;
    for (who, nonce) in [(Alice, 2), (Bob, 0), (Charlie, 0)] {
        let others = operators
            .iter()
            .filter(|o| **o != who.to_account_id())
            .cloned()
            .collect();
        let call = pallet_multisig::Call::as_multi {
            threshold: 3,
            other_signatories: others,
            maybe_timepoint: timepoint,
            call: Box::new(remove.clone()),
            max_weight: frame_support::weights::Weight::from_parts(10_000_000_000, 1_000_000),
        };
        assert_eq!(chain.apply(|| sign(who, nonce, call)), Ok(Ok(())), "{who}");
        timepoint = timepoint.or_else(|| {
            chain.state(|| {
                System::events().into_iter().find_map(|e| match e.event {
                    RuntimeEvent::Multisig(pallet_multisig::Event::NewMultisig { .. }) => {
                        let index = match e.phase {
                            frame_system::Phase::ApplyExtrinsic(index) => index,
                            _ => return None,
                        };
                        let height = System::block_number();
                        Some(pallet_multisig::Timepoint { height, index })
                    }
                    _ => None,
                })
            })
        });
    }
    chain.state(|| {
        let listed = hansa_pallet_pbft::Listed::<hansa_runtime_hub::Runtime>::get();
        assert_eq!(listed.len(), 3);
        assert!(!listed.contains(&Dave.to_account_id()));
    });
    chain.try_state();
}
