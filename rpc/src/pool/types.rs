// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of what is answered.

use crate::allocation::NodeInfo;
use hansa_allocation_primitives::{Admission, BeaconId, OwnNode};
use hansa_primitives::AccountId;
use serde::{Deserialize, Serialize};

/// This node and the pool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolInfo {
    /// Whether it was told to join by itself.
    pub join_pool: bool,
    /// Of each beacon key in its keystore, whose it is and where that node is.
    pub nodes: Vec<OwnNodeInfo>,
}

/// The node of one beacon key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnNodeInfo {
    /// The key, as an SS58 address.
    pub key: BeaconId,
    /// The account that registered it; null if none has.
    pub account: Option<AccountId>,
    /// `pooled`; or out of the pool, and why: `open` (nothing keeps it out), `unregistered` (no account has
    /// registered the key), `mayNotServe`, `leftBefore`, `noDeposit`, `poolFull`.
    pub admission: String,
    /// Where it is in the pool, as `allocation_node` has it.
    pub node: Option<NodeInfo>,
}

impl OwnNodeInfo {
    /// What the runtime says of the node of a key.
    pub fn new(key: BeaconId, own: Option<OwnNode<AccountId>>) -> Self {
        let Some(OwnNode { account, admission }) = own else {
            return Self {
                key,
                account: None,
                admission: "unregistered".into(),
                node: None,
            };
        };
        let (name, node) = match admission {
            Admission::Pooled(status) => ("pooled", Some(status.into())),
            Admission::Open { .. } => ("open", None),
            Admission::MayNotServe => ("mayNotServe", None),
            Admission::LeftBefore => ("leftBefore", None),
            Admission::NoDeposit => ("noDeposit", None),
            Admission::PoolFull => ("poolFull", None),
        };
        Self {
            key,
            account: Some(account),
            admission: name.into(),
            node,
        }
    }
}
