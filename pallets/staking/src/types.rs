// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the pallet stores.

use crate::{
    liability::{Chunks, Parts},
    pool::Pool,
};
use frame_support::{traits::ConstU32, BoundedVec, DefaultNoBound};
use hansa_pbft_primitives::{SetId, SignerBitmap, Weight, MAX_AUTHORITIES};
use hansa_staking_primitives::{Balance, ElectionIndex, Seconds};
use sp_arithmetic::Perbill;
use sp_staking::SessionIndex;

/// How many deposits, for different elections of which offences can still be reported, one stake
/// may consist of. Older ones are merged.
pub const MAX_PARTS: u32 = 16;

/// How many portions of one stake can be on their way out.
pub const MAX_CHUNKS: u32 = 32;

/// For how many elections a pool counts the shares that came for it.
pub const MAX_RECENT: u32 = 512;

/// How many slashes of one node are applied to exactly those who were at stake; all further ones
/// are applied to its whole pool.
pub const MAX_SLASHES: u32 = 32;

/// Funds that are at stake from one election on: an amount of the token, or of a pool's shares.
#[frame_support::stored]
#[derive(Copy)]
pub struct Part {
    /// The first election that counts them.
    pub since: ElectionIndex,
    /// How much.
    pub amount: Balance,
}

/// Funds on their way out.
#[frame_support::stored]
#[derive(Copy)]
pub struct Chunk {
    /// The first election that counted them.
    pub since: ElectionIndex,
    /// The last election that counted them.
    pub until: ElectionIndex,
    /// The service time from which on they can be withdrawn.
    pub unlocks_at: Seconds,
    /// How much, in the smallest unit.
    pub amount: Balance,
}

/// What an operator has bonded. It is on hold in its own account.
#[frame_support::stored]
#[derive(Default)]
pub struct Ledger {
    /// What is at stake.
    pub active: Parts,
    /// What is on its way out.
    pub unlocking: Chunks,
}

/// What a delegator has behind one node. The money is on hold in the pallet's account.
#[frame_support::stored]
#[derive(Default)]
pub struct Position {
    /// The shares of the node's pool.
    pub shares: Parts,
    /// What is on its way out: no shares, but an amount.
    pub unlocking: Chunks,
    /// How many of the node's slashes have been applied to this position.
    pub slashes: u32,
}

impl Position {
    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty() && self.unlocking.is_empty()
    }
}

/// What is known of a node, whether it stands for election or not.
#[frame_support::stored]
#[derive(Default)]
pub struct Node {
    /// What delegators have put behind it.
    pub pool: Pool,
    /// What of its delegators is on its way out, before the slashes that are not applied yet.
    pub unlocking: Balance,
    /// What it earned in sessions that are over, and that is not shared out yet.
    pub earned: Balance,
    /// What the operator takes of a reward before the rest is shared.
    pub commission: Perbill,
    /// How many slashes wait to be applied.
    pub pending: u32,
    /// The oldest election that a waiting slash is about; without meaning if none waits.
    pub pending_since: ElectionIndex,
}

impl Node {
    /// Whether nothing is to be known of it.
    pub fn is_idle(&self) -> bool {
        *self
            == Self {
                commission: self.commission,
                pending_since: self.pending_since,
                ..Self::default()
            }
    }
}

/// A slash of a node, for its delegators to be applied to their positions.
#[frame_support::stored]
#[derive(Copy)]
pub struct SlashRecord {
    /// The election whose set the node offended in.
    pub election: ElectionIndex,
    /// The part that is lost of what was at stake then.
    pub lost: Perbill,
}

/// The slashes of a node, in the order in which they were applied.
pub type SlashLog = BoundedVec<SlashRecord, ConstU32<MAX_SLASHES>>;

/// The set in which a node offended. Who offends in one set adds up to a share of it.
#[frame_support::stored]
#[derive(Copy)]
pub enum Scope {
    /// That of a session of this chain.
    #[codec(index = 0)]
    Session(SessionIndex),
    /// One of another chain, which got its nodes from here.
    #[codec(index = 1)]
    Chain {
        /// The chain.
        chain: u32,
        /// The set's id there.
        set: SetId,
    },
}

/// A slash that waits for its time.
#[frame_support::stored]
pub struct PendingSlash<AccountId> {
    /// The offender.
    pub node: AccountId,
    /// The set in which it offended.
    pub scope: Scope,
    /// The election of which the stakes are liable.
    pub election: ElectionIndex,
    /// The offender's weight in that set.
    pub weight: Weight,
    /// The service time from which on it is applied.
    pub due_at: Seconds,
}

/// Who offended in one set, all together.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Offending {
    /// The weight of those who are convicted, and not pardoned.
    pub weight: Weight,
    /// The weight of the whole set.
    pub total: Weight,
    /// How many of their slashes wait.
    pub pending: u32,
    /// Whether nobody else can be convicted in this set: it is forgotten with the last slash.
    pub closed: bool,
}

/// A member of an elected set.
#[frame_support::stored]
pub struct Member<AccountId> {
    /// The node.
    pub node: AccountId,
    /// Its weight in votes.
    pub weight: Weight,
}

/// The members of an elected set, in the order of their accounts.
pub type Members<AccountId> = BoundedVec<Member<AccountId>, ConstU32<MAX_AUTHORITIES>>;

/// A set that was elected.
#[frame_support::stored]
#[derive(DefaultNoBound)]
pub struct Elected<AccountId> {
    /// The number of the election.
    pub election: ElectionIndex,
    /// The session that it was elected for.
    pub session: SessionIndex,
    /// Its members.
    pub members: Members<AccountId>,
}

/// What an election came to that was held when the inputs of the next beacon were frozen.
#[frame_support::stored]
#[derive(DefaultNoBound)]
pub struct Frozen<AccountId> {
    /// The number of the election, if it succeeded.
    pub election: ElectionIndex,
    /// How many candidates with keys there were, up to as many as fit.
    pub candidates: u32,
    /// Whom it elected; nobody, if it failed.
    pub members: Members<AccountId>,
    /// Whether the session for which it was held is to be planned now.
    pub due: bool,
}

impl<AccountId: Ord> Elected<AccountId> {
    /// The position of a node, if it is a member.
    pub fn position(&self, node: &AccountId) -> Option<usize> {
        self.members
            .binary_search_by(|member| member.node.cmp(node))
            .ok()
    }

    /// The weight of the member at a position; 0 if there is none.
    pub fn weight(&self, at: usize) -> Weight {
        self.members.get(at).map_or(0, |member| member.weight)
    }

    /// What all members weigh together.
    pub fn total_weight(&self) -> Weight {
        self.members
            .iter()
            .fold(0, |sum: Weight, member| sum.saturating_add(member.weight))
    }
}

/// What a member of the set did in the session.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Tally {
    /// In how many certificates it stands, with those to which its Commit was added.
    pub signed: u32,
    /// How many different other authors have it in a certificate of theirs.
    pub seen_by: u32,
    /// What these weigh together.
    pub seen_weight: Weight,
    /// Whether it has itself authored a block that reported a certificate.
    pub reported: bool,
}

/// What the set did in the session.
#[frame_support::stored]
#[derive(Default)]
pub struct Tallies {
    /// How many certificates were reported.
    pub certificates: u32,
    /// How many different authors reported them.
    pub reporters: u32,
    /// What these weigh together.
    pub reporters_weight: Weight,
    /// What each member did, in the order of the elected set.
    pub members: BoundedVec<Tally, ConstU32<MAX_AUTHORITIES>>,
}

/// A certificate that a block reported.
#[frame_support::stored]
pub struct CertificateRecord<AccountId> {
    /// The author of the block that reported it.
    pub reporter: AccountId,
    /// The election of the set that signed it.
    pub election: ElectionIndex,
    /// Who stands in it, by position in the elected set, with those who were added.
    pub signers: SignerBitmap,
}
