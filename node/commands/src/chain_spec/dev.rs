// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Development accounts and keys. Everybody knows their secrets.

use super::{
    short::Validator,
    value::{Account, BeaconKey, PbftKey},
};
use hansa_beacon_primitives::{BeaconId, BeaconPair};
use hansa_pbft_primitives::{AuthorityId, AuthorityPair};
use hansa_primitives::AccountId;
use sp_core::Pair;
use sp_keyring::Sr25519Keyring;

/// The development accounts that have names, in the order in which they become validators.
const NAMED: [Sr25519Keyring; 6] = [
    Sr25519Keyring::Alice,
    Sr25519Keyring::Bob,
    Sr25519Keyring::Charlie,
    Sr25519Keyring::Dave,
    Sr25519Keyring::Eve,
    Sr25519Keyring::Ferdie,
];

/// A development identity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DevIdentity {
    /// Its name.
    pub name: String,
    /// The secret URI of its account (sr25519), of its pBFT key (ed25519) and of its beacon key
    /// (sr25519).
    pub seed: String,
}

impl DevIdentity {
    /// The identity at `index`: Alice to Ferdie, then `//Validator//6` and so on without end.
    pub fn at(index: usize) -> Self {
        match NAMED.get(index) {
            Some(named) => Self {
                name: named.to_string(),
                seed: named.to_seed(),
            },
            None => Self {
                name: format!("Validator-{index}"),
                seed: format!("//Validator//{index}"),
            },
        }
    }

    /// The account; none if the seed is no secret URI.
    pub fn account(&self) -> Option<AccountId> {
        let pair = sp_core::sr25519::Pair::from_string(&self.seed, None).ok()?;
        Some(pair.public().into())
    }

    /// The public pBFT key; none if the seed is no secret URI.
    pub fn pbft_key(&self) -> Option<AuthorityId> {
        Some(AuthorityPair::from_string(&self.seed, None).ok()?.public())
    }

    /// The public beacon key; none if the seed is no secret URI.
    pub fn beacon_key(&self) -> Option<BeaconId> {
        Some(BeaconPair::from_string(&self.seed, None).ok()?.public())
    }

    /// As a validator of a chain spec.
    pub fn validator(&self) -> Option<Validator> {
        Some(Validator {
            account: Account(self.account()?),
            pbft: PbftKey(self.pbft_key()?),
            beacon: Some(BeaconKey(self.beacon_key()?)),
            bond: None,
        })
    }
}

/// The development accounts that a local network reports.
pub fn named() -> impl Iterator<Item = DevIdentity> {
    (0..NAMED.len()).map(DevIdentity::at)
}
