// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Ids, commitments and signatures, from the keystore and what the chain says. No state.

use hansa_beacon_primitives::{
    commitment::{commit_payload, commitment, own_id, secret_input},
    BeaconId, BeaconSignature, Digest, Duty, OwnId, KEY_TYPE,
};
use hansa_primitives::{AccountId, Hash};
use sp_keystore::Keystore;

/// Why a duty cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// The key is not in the keystore (any more).
    #[error(
        "the keystore has no beacon key {0}: put its secret back with `hansa key insert --key-type hbcn \
         --scheme sr25519`. An old key is needed until what was committed to with it is revealed"
    )]
    NoKey(BeaconId),
    /// The keystore fails.
    #[error("the keystore cannot use beacon key {key}: {source}")]
    Keystore {
        /// The key.
        key: BeaconId,
        /// What went wrong.
        source: sp_keystore::Error,
    },
    /// The chain has a commitment that is not of the id which follows from the key.
    #[error(
        "the commitment on the chain was not made by a node of this kind with beacon key {0}: whoever \
         made it must reveal it. If that was not you, the key is no secret any more: change it"
    )]
    ForeignCommitment(BeaconId),
}

/// A commitment and what proves whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCommitment {
    /// The commitment.
    pub commitment: Digest,
    /// The signature of the node's key.
    pub signature: BeaconSignature,
}

/// The id of the node with `key` in the epoch of `duty`: the same whenever it is computed.
fn id_of(
    keystore: &dyn Keystore,
    genesis: &Hash,
    duty: &Duty<AccountId>,
    key: &BeaconId,
) -> Result<OwnId, DutyError> {
    let input = secret_input(genesis, duty.epoch, &duty.beacon);
    let pre_output = keystore
        .sr25519_vrf_pre_output(KEY_TYPE, key.as_ref(), &input)
        .map_err(|source| DutyError::Keystore {
            key: key.clone(),
            source,
        })?
        .ok_or_else(|| DutyError::NoKey(key.clone()))?;
    Ok(own_id(&pre_output))
}

/// The commitment that `duty` asks for, by `key`.
pub fn commit(
    keystore: &dyn Keystore,
    genesis: &Hash,
    duty: &Duty<AccountId>,
    key: &BeaconId,
) -> Result<SignedCommitment, DutyError> {
    let id = id_of(keystore, genesis, duty, key)?;
    let commitment = commitment(genesis, duty.epoch, &duty.account, &id);
    let payload = commit_payload(genesis, duty.epoch, &duty.account, &commitment);
    let signature = keystore
        .sr25519_sign(KEY_TYPE, key.as_ref(), &payload)
        .map_err(|source| DutyError::Keystore {
            key: key.clone(),
            source,
        })?
        .ok_or_else(|| DutyError::NoKey(key.clone()))?;
    Ok(SignedCommitment {
        commitment,
        signature: signature.into(),
    })
}

/// The id that `duty` asks for, if it is what `committed` was made of with `key`.
pub fn reveal(
    keystore: &dyn Keystore,
    genesis: &Hash,
    duty: &Duty<AccountId>,
    committed: &Digest,
    key: &BeaconId,
) -> Result<OwnId, DutyError> {
    let id = id_of(keystore, genesis, duty, key)?;
    // Another id would not be taken, and tell it for nothing.
    if commitment(genesis, duty.epoch, &duty.account, &id) != *committed {
        return Err(DutyError::ForeignCommitment(key.clone()));
    }
    Ok(id)
}
