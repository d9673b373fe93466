// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Where a node is, in words.

use hansa_allocation_primitives::{
    Admission, ChainId, EpochIndex, MemberPhase, NodePlace, NodeStatus, Seconds,
};
use hansa_primitives::AccountId;
use std::fmt;

/// Where a node is. What changes from block to block without the node's going anywhere is not in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Out of the pool.
    Outside(Outside),
    /// In the pool, not allocated.
    Waiting {
        /// The first epoch by whose ids it can be drawn.
        from_epoch: EpochIndex,
    },
    /// A member of a DappChain.
    Member {
        /// The chain.
        chain: ChainId,
        /// Since when, in seconds of the hub's service time.
        since: Seconds,
        /// What it is there.
        phase: MemberPhase,
        /// Whether the chain's genesis waits for its founders.
        forming: bool,
    },
}

/// Why a node is out of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// Nothing keeps it out.
    Open,
    /// It has not the stake, or was convicted or chilled.
    MayNotServe,
    /// It left the pool, or was put out.
    LeftBefore,
    /// The account cannot pay the deposit.
    NoDeposit,
    /// The pool is full.
    PoolFull,
}

impl State {
    /// The labels of all states in metrics.
    pub const LABELS: [&'static str; 6] = [
        "outside",
        "waiting",
        "founding",
        "joining",
        "serving",
        "departing",
    ];

    /// What the runtime says of a node; `forming` tells whether a chain is.
    pub fn of(admission: &Admission<AccountId>, forming: impl FnOnce(ChainId) -> bool) -> Self {
        match admission {
            Admission::Pooled(NodeStatus { place, .. }) => match *place {
                NodePlace::Waiting { from_epoch } => Self::Waiting { from_epoch },
                NodePlace::Allocated {
                    chain,
                    since,
                    phase,
                    ..
                } => Self::Member {
                    chain,
                    since,
                    phase,
                    forming: phase == MemberPhase::Founding && forming(chain),
                },
            },
            Admission::Open { .. } => Self::Outside(Outside::Open),
            Admission::MayNotServe => Self::Outside(Outside::MayNotServe),
            Admission::LeftBefore => Self::Outside(Outside::LeftBefore),
            Admission::NoDeposit => Self::Outside(Outside::NoDeposit),
            Admission::PoolFull => Self::Outside(Outside::PoolFull),
        }
    }

    /// The label in metrics, one of [`LABELS`](Self::LABELS).
    pub fn label(&self) -> &'static str {
        match self {
            Self::Outside(_) => "outside",
            Self::Waiting { .. } => "waiting",
            Self::Member { phase, .. } => match phase {
                MemberPhase::Founding => "founding",
                MemberPhase::Joining => "joining",
                MemberPhase::Serving => "serving",
                MemberPhase::Departing => "departing",
            },
        }
    }

    /// Whether the node is in the pool.
    pub fn is_pooled(&self) -> bool {
        !matches!(self, Self::Outside(_))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Outside(why) => write!(f, "is not in the pool{why}"),
            Self::Waiting { from_epoch } => {
                write!(
                    f,
                    "waits in the pool, to be drawn by the ids of epoch {from_epoch}"
                )
            }
            Self::Member {
                chain,
                since,
                phase,
                forming,
            } => {
                match phase {
                    MemberPhase::Founding if *forming => write!(
                        f,
                        "is a founder of DappChain {chain:x}, of which the genesis waits to be confirmed"
                    ),
                    MemberPhase::Founding => {
                        write!(f, "is a founder of DappChain {chain:x}, which waits for its other nodes")
                    }
                    MemberPhase::Joining => write!(
                        f,
                        "was drawn for DappChain {chain:x}, and is to catch up and to confirm that it has"
                    ),
                    MemberPhase::Serving => write!(f, "serves DappChain {chain:x}"),
                    MemberPhase::Departing => write!(
                        f,
                        "serves DappChain {chain:x} until its replacement has confirmed"
                    ),
                }?;
                write!(f, " (a member since {since} s of service time)")
            }
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "",
            Self::MayNotServe => {
                ", and may not be: its account does not stand for election (bond, then `staking.validate`), \
                 or was convicted or chilled"
            }
            Self::LeftBefore => {
                ": it left, or was put out. Only its operator can put it back, by `nodePool.join`"
            }
            Self::NoDeposit => ": its account cannot pay the deposit, see `nodePool.deposit`",
            Self::PoolFull => ": the pool is full",
        })
    }
}
