// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the beacon asks of other pallets, and they of it, so that none names another's `Config`.

use crate::{Author, Beacon, BeaconId, Clock, EpochIndex, OwnId};
use sp_weights::Weight;

/// The pool of nodes that may commit.
pub trait Pool<AccountId> {
    /// The key with which the node of `account` commits; none if the account has no node in the pool.
    fn key_of(account: &AccountId) -> Option<BeaconId>;

    /// The account whose node commits with `key`; none if there is none in the pool.
    fn account_of(key: &BeaconId) -> Option<AccountId>;

    /// Put a node into the pool.
    #[cfg(feature = "runtime-benchmarks")]
    fn put(account: &AccountId, key: &BeaconId);
}

/// The session, by whose time the parts of an epoch go.
pub trait EpochClock {
    /// The session under way, as of the parent of the block under execution.
    fn clock() -> Clock;
}

/// Who made the block under execution.
pub trait BlockAuthor {
    /// The author; none if the header names none. Asked in `on_initialize`.
    fn block_author() -> Option<Author>;
}

/// The set that decides the next block.
pub trait NextSet<AccountId> {
    /// Whether these accounts, in this order, are the set that decides the next block. Asked when the
    /// session pallet hands over validators, after the consensus pallet was, which may refuse them.
    fn is_next_set(accounts: &[AccountId]) -> bool;
}

/// Is told that the inputs of the next epoch's beacon are frozen.
pub trait OnFreeze {
    /// From now on the next beacon may become known at any time: fix now whatever a draw or a proposer
    /// schedule under it is to read. `epoch` is the one whose inputs are frozen.
    fn on_freeze(epoch: EpochIndex) -> Weight;
}

/// Is told of each new beacon.
pub trait OnBeacon {
    /// `beacon` is the one of `epoch`, which begins; a draw under it reads the ids of `epoch - 1`.
    fn on_beacon(epoch: EpochIndex, beacon: &Beacon) -> Weight;
}

macro_rules! impl_hooks {
    ($($member:ident)*) => {
        impl<$($member: OnFreeze),*> OnFreeze for ($($member,)*) {
            fn on_freeze(_epoch: EpochIndex) -> Weight {
                Weight::zero()$(.saturating_add($member::on_freeze(_epoch)))*
            }
        }

        impl<$($member: OnBeacon),*> OnBeacon for ($($member,)*) {
            fn on_beacon(_epoch: EpochIndex, _beacon: &Beacon) -> Weight {
                Weight::zero()$(.saturating_add($member::on_beacon(_epoch, _beacon)))*
            }
        }
    };
}

impl_hooks!();
impl_hooks!(A);
impl_hooks!(A B);
impl_hooks!(A B C);
impl_hooks!(A B C D);

/// Is told of each reveal.
pub trait OnReveal<AccountId> {
    /// The node of `account` revealed the id that it had committed to in `epoch`, which is under way.
    fn on_reveal(epoch: EpochIndex, account: &AccountId);

    /// What that takes at most.
    fn weight() -> Weight;
}

impl<AccountId> OnReveal<AccountId> for () {
    fn on_reveal(_: EpochIndex, _: &AccountId) {}

    fn weight() -> Weight {
        Weight::zero()
    }
}

/// Who draws by the beacon.
pub trait Draws {
    /// Whether the draw that reads the ids of `epoch` is still to be made, or under way. Until it is
    /// over, who leaves the pool pays as who withholds.
    fn is_open(epoch: EpochIndex) -> bool;
}

/// Nobody draws.
impl Draws for () {
    fn is_open(_: EpochIndex) -> bool {
        false
    }
}

/// Is to be told of each node that leaves the pool, for whatever cause.
pub trait Leaving<AccountId> {
    /// The node of `account` leaves. Free before the freeze; from then on, until the draw is over, it
    /// costs what a withheld reveal costs, and the place in the draw. Returns its weight.
    fn on_leave(account: &AccountId) -> Weight;
}

impl<AccountId> Leaving<AccountId> for () {
    fn on_leave(_: &AccountId) -> Weight {
        Weight::zero()
    }
}

/// The ids of an epoch, for the draw. They are kept until the epoch after it ends.
pub trait CommittedIds<AccountId> {
    /// How many places there are, one for each node that committed. Fixed from the freeze on.
    fn places(epoch: EpochIndex) -> u32;

    /// The node at `place` and its id; none if it revealed none, or has left.
    fn id_at(epoch: EpochIndex, place: u32) -> Option<(AccountId, OwnId)>;

    /// The id of the node of `account`; none if it revealed none, or has left.
    fn id_of(epoch: EpochIndex, account: &AccountId) -> Option<OwnId>;
}
