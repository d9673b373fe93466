// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The JSON forms of what is answered. Times are seconds of the hub's service time.

use crate::hub::ChainIdText;
use hansa_allocation_primitives::{
    ChainStatus, DrawStage, DrawStatus, Member, MemberPhase, NodePlace, NodeStatus, Phase,
};
use hansa_primitives::AccountId;
use serde::{Deserialize, Serialize};

/// The pool and the draw.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrawInfo {
    /// `idle`, `ranking`, `placing` or `sweeping`.
    pub stage: String,
    /// The epoch whose ids the draw under way reads.
    pub epoch: Option<u32>,
    /// How many nodes are in the pool.
    pub nodes: u32,
    /// How many of them wait.
    pub waiting: u32,
    /// How many chains there are.
    pub chains: u32,
    /// How many nodes all chains have together: over `meanNeed`, the mean.
    pub mean_nodes: u32,
    /// How many they need.
    pub mean_need: u32,
    /// The chain whose turn it is.
    pub turn: Option<ChainIdText>,
}

impl From<DrawStatus> for DrawInfo {
    fn from(status: DrawStatus) -> Self {
        let stage = match status.stage {
            DrawStage::Idle => "idle",
            DrawStage::Ranking => "ranking",
            DrawStage::Placing => "placing",
            DrawStage::Sweeping => "sweeping",
        };
        Self {
            stage: stage.into(),
            epoch: status.epoch,
            nodes: status.nodes,
            waiting: status.waiting,
            chains: status.chains,
            mean_nodes: status.mean.0,
            mean_need: status.mean.1,
            turn: status.turn.map(ChainIdText),
        }
    }
}

/// A node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// Its account.
    pub account: AccountId,
    /// Whether it counts as a veteran in the next draw.
    pub veteran: bool,
    /// Whether it is to leave the pool.
    pub leaving: bool,
    /// Where it is.
    #[serde(flatten)]
    pub place: PlaceInfo,
}

/// Where a node is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(
    tag = "place",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PlaceInfo {
    /// In the pool, not allocated.
    Waiting {
        /// The first epoch by whose ids it can be drawn.
        from_epoch: u32,
    },
    /// A member of a chain.
    Allocated {
        /// The chain.
        chain: ChainIdText,
        /// Since when.
        since: u32,
        /// `founding`, `joining`, `serving` or `departing`.
        phase: String,
        /// How many blocks it authored in this turn, as far as reported.
        blocks: u32,
        /// When its turn ends by time, once it serves.
        ends_at: Option<u32>,
    },
}

fn member_phase(phase: MemberPhase) -> String {
    let name = match phase {
        MemberPhase::Founding => "founding",
        MemberPhase::Joining => "joining",
        MemberPhase::Serving => "serving",
        MemberPhase::Departing => "departing",
    };
    name.into()
}

impl From<NodeStatus<AccountId>> for NodeInfo {
    fn from(status: NodeStatus<AccountId>) -> Self {
        let place = match status.place {
            NodePlace::Waiting { from_epoch } => PlaceInfo::Waiting { from_epoch },
            NodePlace::Allocated {
                chain,
                since,
                phase,
                blocks,
                ends_at,
            } => PlaceInfo::Allocated {
                chain: ChainIdText(chain),
                since,
                phase: member_phase(phase),
                blocks,
                ends_at,
            },
        };
        Self {
            account: status.account,
            veteran: status.veteran,
            leaving: status.leaving,
            place,
        }
    }
}

/// A chain, as the draw sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainInfo {
    /// Its id.
    pub chain: ChainIdText,
    /// `pending`, `forming`, `live` or `retiring`.
    pub phase: String,
    /// How many nodes it needs.
    pub need: u32,
    /// How many members it has.
    pub nodes: u32,
    /// How many are in its set.
    pub active: u32,
    /// How many it lacks.
    pub missing: u32,
    /// How many a draw would give it, replacements included.
    pub open: u32,
    /// For how many epochs in a row it has been short.
    pub short_epochs: u32,
    /// Whether it has less of its need than the mean.
    pub below_mean: bool,
    /// How many chains come before it in the turn.
    pub turn_distance: u32,
}

impl From<ChainStatus> for ChainInfo {
    fn from(status: ChainStatus) -> Self {
        let phase = match status.phase {
            Phase::Pending => "pending",
            Phase::Forming => "forming",
            Phase::Live => "live",
            Phase::Retiring => "retiring",
        };
        Self {
            chain: ChainIdText(status.chain),
            phase: phase.into(),
            need: status.need,
            nodes: status.nodes,
            active: status.active,
            missing: status.missing,
            open: status.open,
            short_epochs: status.short_epochs,
            below_mean: status.below_mean,
            turn_distance: status.turn_distance,
        }
    }
}

/// A member of a chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberInfo {
    /// The node's account.
    pub account: AccountId,
    /// Since when it is a member.
    pub since: u32,
    /// `founding`, `joining`, `serving` or `departing`.
    pub phase: String,
}

impl From<Member<AccountId>> for MemberInfo {
    fn from(member: Member<AccountId>) -> Self {
        Self {
            account: member.account,
            since: member.since,
            phase: member_phase(member.phase),
        }
    }
}
