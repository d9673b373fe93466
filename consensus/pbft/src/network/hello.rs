// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! How a peer shows which authority it is.
//!
//! The session key signs the chain, the sender's peer id, its set and its height. The peer id is
//! that of the connection, which the transport has authenticated; it does not travel. So nobody can
//! say another's Hello as its own. A Hello gives no right: votes are checked by their own
//! signatures. It tells whom to send to and whose messages to look at first.

use super::wire::Hello;
use codec::Encode;
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{AuthorityId, Hash, Height, SetId};
use sc_network_types::PeerId;

/// Separates Hellos from everything else that a session key signs.
const HELLO_DOMAIN: &[u8] = b"hansa/pbft/hello/1";

/// What a peer has shown to be, or what the local node says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HelloInfo {
    /// The set under which it decides its current height.
    pub set_id: SetId,
    /// The height that it is about to decide.
    pub height: Height,
    /// Its session key; none for a follower.
    pub authority: Option<AuthorityId>,
}

impl HelloInfo {
    /// Whether whoever says this is at `height` or above it, under a later set than `set`. Two that are at the same height
    /// differ in its set only if one of them knows a record that the other does not; above it there may have been one.
    pub fn has_later_set(&self, height: Height, set: SetId) -> bool {
        self.height >= height && self.set_id > set
    }
}

/// Why a Hello is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HelloError {
    /// It is for another chain.
    #[error("it is for another chain")]
    WrongGenesis,
    /// The signature is not the key's over this peer's Hello.
    #[error("its signature is bad")]
    BadSignature,
}

/// The bytes that the session key signs.
fn payload(genesis: Hash, peer: &PeerId, info: &HelloInfo, key: &AuthorityId) -> Vec<u8> {
    (
        HELLO_DOMAIN,
        genesis,
        peer.to_bytes(),
        info.set_id,
        info.height,
        key,
    )
        .encode()
}

/// The Hello of the local node `peer`. If the keystore does not sign, it is that of a follower.
pub fn make(genesis: Hash, peer: &PeerId, info: &HelloInfo, crypto: &dyn Crypto) -> Hello {
    let authority = info.authority.as_ref().and_then(|key| {
        let signature = crypto.sign(key, &payload(genesis, peer, info, key))?;
        Some((key.clone(), signature))
    });
    Hello {
        genesis,
        set_id: info.set_id,
        height: info.height,
        authority,
    }
}

/// Check a Hello that came from `peer`.
pub fn verify(
    hello: &Hello,
    genesis: Hash,
    peer: &PeerId,
    crypto: &dyn Crypto,
) -> Result<HelloInfo, HelloError> {
    if hello.genesis != genesis {
        return Err(HelloError::WrongGenesis);
    }
    let mut info = HelloInfo {
        set_id: hello.set_id,
        height: hello.height,
        authority: None,
    };
    if let Some((key, signature)) = &hello.authority {
        if !crypto.verify(key, &payload(genesis, peer, &info, key), signature) {
            return Err(HelloError::BadSignature);
        }
        info.authority = Some(key.clone());
    }
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_set_is_heard_of_at_the_same_height_or_above() {
        let says = HelloInfo {
            set_id: 5,
            height: 9,
            authority: None,
        };
        for (height, set, expected) in [
            (9, 4, true),
            (9, 5, false),
            (9, 6, false),
            (8, 4, true),
            (8, 5, false),
            (10, 4, false),
        ] {
            assert_eq!(says.has_later_set(height, set), expected, "{height}, {set}");
        }
    }
}
