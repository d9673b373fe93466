// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The output that a block's author adds to the beacon.
//!
//! The author applies the VRF of schnorrkel with its key to (genesis, beacon, height). The view is not
//! in it, so that a second attempt at a height gives an author no second output. The header carries the
//! pre-output with its proof. Every replica verifies the proof before it votes, and every follower when
//! it imports, as they do with the seal ([`BlockVrf::verify`]); the runtime takes the pre-output alone.
//!
//! **One map from pre-output to randomness.** The runtime hashes the 32 bytes of the pre-output with
//! the author's position and the height ([`fold`]). A pre-output has one encoding (compressed Ristretto
//! is canonical, and verification decodes it), the proof binds it to key and input, and input and key
//! follow from height, beacon and position: so one block has one contribution, whatever computes it.
//! The SDK's own map (`make_bytes`) needs curve arithmetic in the runtime and yields no more.

use crate::{hash_of, AuthorityIndex, Beacon, BeaconId, Digest, Height};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{
    crypto::VrfPublic,
    sr25519::vrf::{VrfInput, VrfPreOutput, VrfSignature, VrfTranscript},
    H256,
};

/// Separates the VRF inputs of blocks from other uses of the key.
const BLOCK_LABEL: &[u8] = b"hansa/beacon/block/1";
/// Separates the chain of outputs from other hashes.
const FOLD_DOMAIN: &[u8] = b"hansa/beacon/fold/1";

/// What an author's key is applied to. `beacon` is the one in the state of the block's parent.
pub fn block_input(genesis: &H256, beacon: &Beacon, height: Height) -> VrfInput {
    VrfTranscript::new(
        BLOCK_LABEL,
        &[
            (b"genesis", genesis.as_bytes()),
            (b"beacon", beacon),
            (b"height", &height.to_le_bytes()),
        ],
    )
}

/// A VRF pre-output and its proof, as a header carries them. The bytes are checked when they are
/// verified, not when they are decoded.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct BlockVrf {
    /// The pre-output: a compressed Ristretto point.
    pub pre_output: [u8; 32],
    /// The proof that it is the key's over the input.
    pub proof: [u8; 64],
}

impl BlockVrf {
    /// Whether this is the output of `key` for the block at `height` on the chain with this genesis
    /// hash. `beacon` is the one in the state of the block's parent.
    pub fn verify(&self, key: &BeaconId, genesis: &H256, beacon: &Beacon, height: Height) -> bool {
        let Ok(signature) = VrfSignature::decode_all(&mut &self.encode()[..]) else {
            return false;
        };
        let data = block_input(genesis, beacon, height).into_sign_data();
        sp_core::sr25519::Public::from(key.clone()).vrf_verify(&data, &signature)
    }
}

impl From<&VrfSignature> for BlockVrf {
    fn from(signature: &VrfSignature) -> Self {
        Self {
            pre_output: pre_output_bytes(&signature.pre_output),
            proof: signature.proof.0.to_bytes(),
        }
    }
}

/// The one encoding of a pre-output.
pub(crate) fn pre_output_bytes(pre_output: &VrfPreOutput) -> [u8; 32] {
    pre_output.0.to_bytes()
}

/// Add the pre-output of the block at `height` to those of the blocks before it.
pub fn fold(
    so_far: &Digest,
    height: Height,
    author: AuthorityIndex,
    pre_output: &[u8; 32],
) -> Digest {
    hash_of(&(FOLD_DOMAIN, so_far, height, author, pre_output))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BeaconPair;
    use sp_application_crypto::Pair;
    use sp_core::crypto::VrfSecret;

    fn pair(seed: u8) -> BeaconPair {
        BeaconPair::from_seed(&[seed; 32])
    }

    fn sign(seed: u8, beacon: &Beacon, height: Height) -> BlockVrf {
        let data = block_input(&H256::zero(), beacon, height).into_sign_data();
        BlockVrf::from(&pair(seed).into_inner().vrf_sign(&data))
    }

    #[test]
    fn an_output_holds_for_its_key_and_block_only() {
        let (beacon, key) = ([5; 32], pair(1).public());
        let vrf = sign(1, &beacon, 9);
        assert!(vrf.verify(&key, &H256::zero(), &beacon, 9));
        assert!(!vrf.verify(&key, &H256::zero(), &beacon, 10));
        assert!(!vrf.verify(&key, &H256::zero(), &[6; 32], 9));
        assert!(!vrf.verify(&key, &H256::repeat_byte(1), &beacon, 9));
        assert!(!vrf.verify(&pair(2).public(), &H256::zero(), &beacon, 9));
    }

    #[test]
    fn an_author_has_one_output_however_often_it_proves_it() {
        let (first, second) = (sign(1, &[5; 32], 9), sign(1, &[5; 32], 9));
        assert_ne!(first.proof, second.proof, "proofs have a nonce");
        assert_eq!(first.pre_output, second.pre_output);
    }

    #[test]
    fn bytes_that_are_no_output_are_refused() {
        let (beacon, key) = ([5; 32], pair(1).public());
        let good = sign(1, &beacon, 9);
        for bad in [
            BlockVrf {
                pre_output: [0; 32],
                ..good
            },
            BlockVrf {
                pre_output: [255; 32],
                ..good
            },
            BlockVrf {
                proof: [255; 64],
                ..good
            },
            BlockVrf {
                pre_output: sign(2, &beacon, 9).pre_output,
                ..good
            },
        ] {
            assert!(!bad.verify(&key, &H256::zero(), &beacon, 9));
        }
    }

    #[test]
    fn the_chain_of_outputs_depends_on_each() {
        let one = fold(&[0; 32], 1, 0, &[1; 32]);
        assert_ne!(one, fold(&[0; 32], 1, 0, &[2; 32]));
        assert_ne!(one, fold(&[0; 32], 1, 1, &[1; 32]));
        assert_ne!(one, fold(&[0; 32], 2, 0, &[1; 32]));
        assert_ne!(one, fold(&one, 1, 0, &[1; 32]));
    }
}
