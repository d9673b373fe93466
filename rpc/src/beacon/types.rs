// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of what is answered about the beacon.

use hansa_beacon_primitives::{BeaconId, Duty, DutyKind, EpochIndex, EpochInfo, Phase};
use hansa_primitives::{AccountId, BlockNumber, Hash};
use serde::{Deserialize, Serialize};

/// A part of an epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PhaseName {
    /// Nodes commit to ids.
    Commit,
    /// They reveal them.
    Reveal,
    /// Only authors' outputs are taken.
    Mix,
}

impl From<Phase> for PhaseName {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Commit => Self::Commit,
            Phase::Reveal => Self::Reveal,
            Phase::Mix => Self::Mix,
        }
    }
}

/// The epoch under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeaconEpoch {
    /// The block as of which this is said: the last final one.
    pub block: BlockNumber,
    /// The epoch's number.
    pub epoch: EpochIndex,
    /// Its beacon.
    pub beacon: Hash,
    /// The part that it is in.
    pub phase: PhaseName,
    /// When the time of this part ends, in milliseconds of service time. It may last longer.
    pub phase_end_ms: u64,
    /// How many nodes committed.
    pub committed: u32,
    /// How many of them revealed.
    pub revealed: u32,
}

impl BeaconEpoch {
    /// The JSON form of `info`, of the state after `block`.
    pub fn new(block: BlockNumber, info: EpochInfo) -> Self {
        Self {
            block,
            epoch: info.epoch,
            beacon: info.beacon.into(),
            phase: info.phase.into(),
            phase_end_ms: info.phase_end_ms,
            committed: info.committed,
            revealed: info.revealed,
        }
    }
}

/// What a node can owe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DutyName {
    /// A commitment.
    Commit,
    /// A reveal.
    Reveal,
}

/// What a node owes the beacon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeaconDuty {
    /// The node's account, as an SS58 address.
    pub account: AccountId,
    /// The epoch.
    pub epoch: EpochIndex,
    /// What is owed.
    pub kind: DutyName,
    /// Of a reveal: the commitment.
    pub commitment: Option<Hash>,
    /// Of a reveal: the key with which the node committed, as an SS58 address.
    pub key: Option<BeaconId>,
}

impl From<Duty<AccountId>> for BeaconDuty {
    fn from(duty: Duty<AccountId>) -> Self {
        let (kind, commitment, key) = match duty.kind {
            DutyKind::Commit => (DutyName::Commit, None, None),
            DutyKind::Reveal { commitment, key } => {
                (DutyName::Reveal, Some(commitment.into()), Some(key))
            }
        };
        Self {
            account: duty.account,
            epoch: duty.epoch,
            kind,
            commitment,
            key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_forms_are_those_of_the_page() {
        let info = EpochInfo {
            epoch: 7,
            beacon: [1; 32],
            phase: Phase::Mix,
            phase_end_ms: 5,
            committed: 4,
            revealed: 3,
        };
        let epoch = serde_json::to_value(BeaconEpoch::new(9, info)).unwrap();
        let expected = json!({
            "block": 9, "epoch": 7, "beacon": Hash::repeat_byte(1), "phase": "mix",
            "phaseEndMs": 5, "committed": 4, "revealed": 3,
        });
        assert_eq!(epoch, expected);

        let duty = |kind| Duty {
            account: AccountId::new([2; 32]),
            epoch: 7,
            beacon: [1; 32],
            kind,
        };
        let commit = serde_json::to_value(BeaconDuty::from(duty(DutyKind::Commit))).unwrap();
        let account = serde_json::to_value(AccountId::new([2; 32])).unwrap();
        let expected = json!({
            "account": account, "epoch": 7, "kind": "commit", "commitment": null, "key": null,
        });
        assert_eq!(commit, expected);

        let key = BeaconId::from(sp_core::sr25519::Public::from_raw([3; 32]));
        let commitment = [4; 32];
        let reveal = DutyKind::Reveal { commitment, key };
        let reveal = serde_json::to_value(BeaconDuty::from(duty(reveal))).unwrap();
        assert_eq!(reveal["kind"], "reveal");
        assert_eq!(reveal["commitment"], json!(Hash::repeat_byte(4)));
        assert!(reveal["key"]
            .as_str()
            .is_some_and(|key| key.starts_with('5')));
    }
}
