// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the registry tells the allocation, it tells the registry, and both ask of others.

use crate::{AllocationError, BeaconId, ChainId, Departure, Head, Member, Phase, Seconds, Term};
use alloc::vec::Vec;
use sp_weights::Weight;

/// What the allocation does for the registry. Implemented by the allocation pallet.
///
/// What is told between a freeze and the end of the draw by it counts from the next draw on; a node that
/// was drawn for a chain that has no place any more stays in the pool.
///
/// The registry must not call this within a [`ChainEvents`] handler, but where a handler says so.
pub trait Allocation<AccountId> {
    /// The most nodes that a chain can have here.
    fn max_nodes() -> u32;

    /// The most chains that there can be at once.
    fn max_chains() -> u32;

    /// A chain was registered: pending, without nodes. `chain` must be above all ids before.
    fn open(chain: ChainId, need: u32, term: Term) -> Result<(), AllocationError>;

    /// The chain's phase changes: pending to forming, forming to pending or live, live to retiring.
    /// When it becomes live, its founders begin their turns.
    fn set_phase(chain: ChainId, phase: Phase) -> Result<(), AllocationError>;

    /// The chain needs another number of nodes. Those whom it does not need any more go, the last
    /// come first, within `T` an epoch. May be called of a pending chain that then has its
    /// nodes: the registry looks for that itself.
    fn set_need(chain: ChainId, need: u32) -> Result<(), AllocationError>;

    /// A chain is no more: all its nodes return to the pool, for nothing. Returns the weight, which
    /// grows with the number of its nodes.
    fn close(chain: ChainId) -> Result<Weight, AllocationError>;

    /// A founder of a forming chain did not confirm its genesis: it loses its place, pays the fee, and is
    /// out of the pool. The registry then sets the phase back to pending, and the place is drawn for.
    fn remove_founder(chain: ChainId, account: &AccountId) -> Result<Weight, AllocationError>;

    /// The chain's members, in the order in which they came; empty if there is no such chain.
    fn members(chain: ChainId) -> Vec<Member<AccountId>>;

    /// How many members it has, joining ones included. O(1) items read.
    fn member_count(chain: ChainId) -> u32;

    /// How many members are in its set, serving or departing. O(1) items read.
    fn active_count(chain: ChainId) -> u32;

    /// How many nodes it needs; 0 if there is no such chain. O(1) items read.
    fn need(chain: ChainId) -> u32;

    /// How many places of pending chains are open, all together.
    fn open_pending_places() -> u64;

    /// How many nodes wait in the pool, not allocated.
    fn waiting_nodes() -> u32;
}

/// What the registry is told. Implemented by the registry.
///
/// Each returns its weight. The allocation's storage is complete when they are called.
pub trait ChainEvents<AccountId> {
    /// A pending chain has all its nodes. The registry freezes its record and sets the phase to forming,
    /// in this handler or later; until then the chain takes no more nodes.
    fn on_complete(chain: ChainId) -> Weight;

    /// A node confirmed that it is ready, and is in the chain's set from now on. `replaced` is who went
    /// for it, and why, if anybody did.
    fn on_joined(
        chain: ChainId,
        joined: &AccountId,
        replaced: Option<(&AccountId, Departure)>,
    ) -> Weight;

    /// A member of the set went without a replacement, or a founder of a pending chain did.
    fn on_left(chain: ChainId, left: &AccountId, cause: Departure) -> Weight;

    /// A live chain has had fewer members than it needs for `epochs` draws; asked in each sweep for
    /// as long as it is short. The answer is carried out by the allocation but for
    /// [`OnShort::WindUp`], which the registry does by itself, later.
    ///
    /// `active` is how many are in its set.
    fn on_short(chain: ChainId, active: u32, need: u32, epochs: u32) -> (OnShort, Weight);
}

/// What becomes of a chain that stays short of nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnShort {
    /// It goes on, and waits for nodes.
    Wait,
    /// It needs so many from now on; not below [`MIN_NODES`](crate::MIN_NODES).
    Shrink(u32),
    /// The registry winds it up: nobody is drawn for it any more. It is retiring from now on.
    WindUp,
}

/// Nobody is told; chains wait.
impl<AccountId> ChainEvents<AccountId> for () {
    fn on_complete(_: ChainId) -> Weight {
        Weight::zero()
    }

    fn on_joined(_: ChainId, _: &AccountId, _: Option<(&AccountId, Departure)>) -> Weight {
        Weight::zero()
    }

    fn on_left(_: ChainId, _: &AccountId, _: Departure) -> Weight {
        Weight::zero()
    }

    fn on_short(_: ChainId, _: u32, _: u32, _: u32) -> (OnShort, Weight) {
        (OnShort::Wait, Weight::zero())
    }
}

/// Is told who authored blocks of DappChains. Implemented by the allocation pallet; called by whoever
/// takes the chains' reports.
pub trait AuthoredBlocks<AccountId> {
    /// The node authored `blocks` blocks of the chain since the last report. Returns its weight.
    fn on_authored(chain: ChainId, account: &AccountId, blocks: u32) -> Weight;
}

/// Both are told, one after the other.
impl<AccountId, A: AuthoredBlocks<AccountId>, B: AuthoredBlocks<AccountId>>
    AuthoredBlocks<AccountId> for (A, B)
{
    fn on_authored(chain: ChainId, account: &AccountId, blocks: u32) -> Weight {
        let first = A::on_authored(chain, account, blocks);
        first.saturating_add(B::on_authored(chain, account, blocks))
    }
}

/// What becomes of the members of a chain that stands still, and whether they are there. Implemented by the allocation
/// pallet; called by whoever watches the chains.
pub trait RollCall<AccountId> {
    /// Whether nodes are drawn for the chain: it is live, and does not retire. There are no rolls of others.
    fn is_live(chain: ChainId) -> bool;

    /// The chain seems to stand still, or needs its members until it has handed over; or does not any more. While it does,
    /// nobody is released from its set, as nobody can take its place there before the chain has handed over, and epochs in which
    /// it is short do not count. Nothing happens if the chain is held, or not held, already.
    fn hold(chain: ChainId, held: bool);

    /// Call the roll: who is in the chain's set is to answer, from `since`, which is now, until `until`, both in seconds of
    /// service time. `since` is a part of what nodes sign. The chain is held from now on; until the roll is ended who is late
    /// to confirm loses its place, and pays nothing. A roll that was called before is none any more.
    fn call_roll(chain: ChainId, since: Seconds, until: Seconds);

    /// The time to answer is over: whoever was to and did not loses its place, whatever `T` is ([`Departure::Absent`]). A
    /// bounded number goes at once: returns whether those were all, so that the roll is closed, and the weight. If not, ask
    /// again. From then on members go that may not serve, too. Nothing happens if no roll was called.
    fn close_roll(chain: ChainId) -> (bool, Weight);

    /// Who is there, as far as is known: whoever has answered, member or not by now, and whoever came into the set since, and
    /// so was not to. Each once. Nobody if no roll was called, or it is ended.
    fn there(chain: ChainId) -> Vec<AccountId>;

    /// There is no roll any more, open or closed: nobody has to answer, and nobody goes for that, or as it may not serve.
    /// Whoever joins has its time to confirm anew. If the chain is held it stays so.
    fn end_roll(chain: ChainId);
}

/// Whether a node's stake is needed: asked by staking before it lets a bond go.
pub trait Serving<AccountId> {
    /// The chain that the node is a member of, in whatever phase.
    fn chain_of(account: &AccountId) -> Option<ChainId>;

    /// Whether the node is in the pool, serving or waiting.
    fn is_pooled(account: &AccountId) -> bool;
}

impl<AccountId> Serving<AccountId> for () {
    fn chain_of(_: &AccountId) -> Option<ChainId> {
        None
    }

    fn is_pooled(_: &AccountId) -> bool {
        false
    }
}

/// Whether a node may be in the pool: asked of staking, when it joins and before each draw.
pub trait NodeStanding<AccountId> {
    /// Whether it has bonded enough and is neither chilled for an offence nor convicted.
    fn may_serve(account: &AccountId) -> bool;
}

/// The beacon keys of nodes: asked of the session keys.
pub trait NodeKeys<AccountId> {
    /// The beacon key of the account's node.
    fn key_of(account: &AccountId) -> Option<BeaconId>;

    /// The account whose node has the key.
    fn account_of(key: &BeaconId) -> Option<AccountId>;

    /// Give the account's node a key.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_key(account: &AccountId, key: &BeaconId);
}

/// What the hub knows of the heads of DappChains.
pub trait ChainHeads {
    /// Whether `head` is final on the chain, and recent.
    fn is_recent_final(chain: ChainId, head: &Head) -> bool;
}

/// For a hub that does not follow its chains: the node's signed word is taken for it.
pub struct TrustSigned;

impl ChainHeads for TrustSigned {
    fn is_recent_final(_: ChainId, _: &Head) -> bool {
        true
    }
}
