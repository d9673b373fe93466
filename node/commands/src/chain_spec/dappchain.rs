// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What tells the short spec of a DappChain that stands alone from that of a hub: it has no beacon, no staking and no
//! sudo.

use super::short::{FieldError, HubGenesis};
use serde_json::{json, Value};
use sp_core::crypto::Ss58Codec;

impl HubGenesis {
    /// A hub has a beacon, in which all of its validators take part.
    pub(super) fn check_beacon_keys(&self) -> Result<(), FieldError> {
        match self.validators.iter().position(|v| v.beacon.is_none()) {
            Some(i) => Err(FieldError::new(
                format!("genesis.validators[{i}].beacon"),
                "is missing",
            )),
            None => Ok(()),
        }
    }

    /// Refuse what a DappChain has not.
    pub(super) fn check_dappchain(&self) -> Result<(), FieldError> {
        let validator =
            |what: &str, at: Option<usize>| at.map(|i| format!("genesis.validators[{i}].{what}"));
        let field = |name: &str, given: bool| given.then(|| format!("genesis.{name}"));
        let validators = || self.validators.iter();
        let surplus = [
            validator("beacon", validators().position(|v| v.beacon.is_some())),
            validator("bond", validators().position(|v| v.bond.is_some())),
            field("beacon", self.beacon.entropy.is_some()),
            field("validatorCount", self.validator_count.is_some()),
            field("periods", self.periods.is_some()),
            field("retireNoticeSeconds", self.retire_notice.is_some()),
            field("stallPeriods", self.stall_periods.is_some()),
            field("sudo", self.sudo.is_some()),
        ];
        match surplus.into_iter().flatten().next() {
            Some(path) => Err(FieldError::new(
                path,
                "a DappChain has no such thing: leave it out",
            )),
            None => Ok(()),
        }
    }
}

/// The patch of a DappChain's `RuntimeGenesisConfig`.
pub fn genesis_patch(genesis: &HubGenesis) -> Value {
    let keys = genesis.validators.iter().map(|v| {
        let account = v.account.0.to_ss58check();
        json!([account, account, { "pbft": v.pbft.0.to_ss58check() }])
    });
    let keys: Vec<_> = keys.collect();
    json!({
        "balances": super::genesis::balances(genesis),
        "session": { "keys": keys },
        "pbft": super::genesis::consensus(genesis),
        "interchain": super::genesis::interchain(genesis),
    })
}
