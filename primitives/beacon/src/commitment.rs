// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A node's random id, its commitment, and how both follow from a key.
//!
//! The id is a hash of the VRF pre-output of the node's key over (genesis, epoch, beacon). Nobody
//! without the key can compute it, and with the key it can be computed again at any time: there is
//! nothing to store between commit and reveal, and a node that restarts, even on another machine with
//! the same key, reveals what it committed to. (A signature would not do: sr25519 signatures differ
//! each time.) The runtime does not ask that an id be made that way; any 32 bytes may be committed to.

use crate::{hash_of, vrf::pre_output_bytes, Beacon, Digest, EpochIndex, OwnId};
use alloc::vec::Vec;
use codec::Encode;
use sp_core::{
    sr25519::vrf::{VrfInput, VrfPreOutput, VrfTranscript},
    H256,
};

/// Separates commitments from other hashes.
const COMMIT_DOMAIN: &[u8] = b"hansa/beacon/commit/1";
/// Separates what a commitment's sender signs from other messages of its key.
const COMMIT_SIGNATURE_DOMAIN: &[u8] = b"hansa/beacon/commit-signature/1";
/// Separates ids from other hashes.
const ID_DOMAIN: &[u8] = b"hansa/beacon/id/1";
/// Separates the VRF inputs of ids from those of blocks. The pre-output over this input is the node's
/// secret until it reveals; it never leaves the node.
const SECRET_LABEL: &[u8] = b"hansa/beacon/secret/1";

/// What the node's key is applied to for its id of an epoch. `beacon` is the epoch's, which does not
/// change while the epoch lasts.
pub fn secret_input(genesis: &H256, epoch: EpochIndex, beacon: &Beacon) -> VrfInput {
    VrfTranscript::new(
        SECRET_LABEL,
        &[
            (b"genesis", genesis.as_bytes()),
            (b"epoch", &epoch.to_le_bytes()),
            (b"beacon", beacon),
        ],
    )
}

/// The node's id, of the pre-output of its key over [`secret_input`].
pub fn own_id(pre_output: &VrfPreOutput) -> OwnId {
    hash_of(&(ID_DOMAIN, pre_output_bytes(pre_output)))
}

/// The commitment of `account` to `id` in `epoch`.
///
/// It binds account, epoch and chain, so that nobody can commit to what another committed to and open
/// it with the other's reveal.
pub fn commitment<AccountId: Encode>(
    genesis: &H256,
    epoch: EpochIndex,
    account: &AccountId,
    id: &OwnId,
) -> Digest {
    hash_of(&(COMMIT_DOMAIN, genesis, epoch, account, id))
}

/// What the node's key signs to commit.
pub fn commit_payload<AccountId: Encode>(
    genesis: &H256,
    epoch: EpochIndex,
    account: &AccountId,
    commitment: &Digest,
) -> Vec<u8> {
    (COMMIT_SIGNATURE_DOMAIN, genesis, epoch, account, commitment).encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BeaconPair, KEY_TYPE};
    use sp_application_crypto::Pair;
    use sp_keystore::{testing::MemoryKeystore, Keystore};

    fn id_with(keystore: &MemoryKeystore, seed: &str, epoch: EpochIndex, beacon: u8) -> OwnId {
        let key = keystore
            .sr25519_generate_new(KEY_TYPE, Some(seed))
            .expect("the keystore makes keys");
        let input = secret_input(&H256::repeat_byte(1), epoch, &[beacon; 32]);
        let pre_output = keystore
            .sr25519_vrf_pre_output(KEY_TYPE, &key, &input)
            .expect("the keystore works")
            .expect("the keystore has the key");
        own_id(&pre_output)
    }

    #[test]
    fn a_restarted_node_finds_its_id_again() {
        let before = id_with(&MemoryKeystore::new(), "//Alice", 7, 2);
        let after = id_with(&MemoryKeystore::new(), "//Alice", 7, 2);
        assert_eq!(before, after);
    }

    #[test]
    fn ids_differ_by_key_epoch_and_beacon() {
        let keystore = MemoryKeystore::new();
        let ids = [
            id_with(&keystore, "//Alice", 7, 2),
            id_with(&keystore, "//Bob", 7, 2),
            id_with(&keystore, "//Alice", 8, 2),
            id_with(&keystore, "//Alice", 7, 3),
        ];
        for (i, one) in ids.iter().enumerate() {
            assert!(ids.iter().skip(i + 1).all(|other| one != other));
        }
    }

    #[test]
    fn a_secret_is_no_output_of_a_block() {
        let pair = BeaconPair::from_seed(&[3; 32]);
        let genesis = H256::repeat_byte(1);
        let secret = secret_input(&genesis, 5, &[2; 32]);
        let block = crate::vrf::block_input(&genesis, &[2; 32], 5);
        use sp_core::crypto::VrfSecret;
        let pair = pair.into_inner();
        assert_ne!(pair.vrf_pre_output(&secret), pair.vrf_pre_output(&block));
    }

    #[test]
    fn a_commitment_binds_everything() {
        let (genesis, id) = (H256::repeat_byte(1), [9; 32]);
        let good = commitment(&genesis, 3, &1u64, &id);
        assert_eq!(good, commitment(&genesis, 3, &1u64, &id));
        assert_ne!(good, commitment(&H256::zero(), 3, &1u64, &id));
        assert_ne!(good, commitment(&genesis, 4, &1u64, &id));
        assert_ne!(good, commitment(&genesis, 3, &2u64, &id));
        assert_ne!(good, commitment(&genesis, 3, &1u64, &[8; 32]));
    }
}
