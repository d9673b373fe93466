// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the consensus pallet asks of other pallets, so that none names another's `Config`.

use crate::{AuthoritySet, Hash, Height, OffenceKind, SetId, SignedStatement, Weight};
use alloc::vec::Vec;
use codec::Encode;

/// Separates the chained seed from other hashes.
const SEED_DOMAIN: &[u8] = b"hansa/pbft/seed/1";

/// How much an authority's vote weighs in the next set.
pub trait VotingWeight<AccountId> {
    /// The weight of `account`. An authority without weight makes the set invalid.
    fn voting_weight(account: &AccountId) -> Weight;

    /// The weight that `account` will have in the set that is planned for the next session, as far as
    /// it is known when a session begins. Where it differs the new set takes effect as promptly as one
    /// with other members.
    fn planned_weight(account: &AccountId) -> Weight {
        Self::voting_weight(account)
    }
}

/// Every authority weighs 1.
impl<AccountId> VotingWeight<AccountId> for () {
    fn voting_weight(_: &AccountId) -> Weight {
        1
    }
}

/// Is told who signed the certificate that a block reports of its parent.
pub trait OnCertificate<AccountId> {
    /// `reporter` is the author of the block that reports; `members` are all authorities of the
    /// set that decided the parent, each with whether it stands in the certificate.
    fn on_certificate<'a>(
        reporter: Option<&'a AccountId>,
        members: impl Iterator<Item = (&'a AccountId, bool)>,
    ) where
        AccountId: 'a;
}

impl<AccountId> OnCertificate<AccountId> for () {
    fn on_certificate<'a>(_: Option<&'a AccountId>, _: impl Iterator<Item = (&'a AccountId, bool)>)
    where
        AccountId: 'a,
    {
    }
}

/// An offence that is proven: whom it is to be laid to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conviction<AccountId> {
    /// The account whose key signed.
    pub offender: AccountId,
    /// The session that decided the height in question, not the one in which it is reported.
    pub session: u32,
    /// The height in question.
    pub height: Height,
    /// What was done.
    pub kind: OffenceKind,
    /// The offender's weight in the set of that session.
    pub weight: Weight,
    /// The weight of that whole set. A session has one set, so the weights of those who offend in
    /// one session add up to a share of it.
    pub total_weight: Weight,
}

/// Is told of each conviction, once for each offender and session.
pub trait OnOffence<AccountId> {
    /// Lay the offence to its author.
    fn on_offence(conviction: &Conviction<AccountId>);
}

impl<AccountId> OnOffence<AccountId> for () {
    fn on_offence(_: &Conviction<AccountId>) {}
}

/// Both are told, the first one first.
impl<AccountId, A, B> OnOffence<AccountId> for (A, B)
where
    A: OnOffence<AccountId>,
    B: OnOffence<AccountId>,
{
    fn on_offence(conviction: &Conviction<AccountId>) {
        A::on_offence(conviction);
        B::on_offence(conviction);
    }
}

/// An offence that was committed on another chain, in a set whose members' stake is here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ForeignConviction<AccountId> {
    /// The id of the chain.
    pub chain: u32,
    /// The set in which it was committed. Who offends in one set of a chain adds up to a share of it.
    pub set: SetId,
    /// The account whose key signed.
    pub offender: AccountId,
    /// Its weight in the set.
    pub weight: Weight,
    /// The weight of the whole set.
    pub total_weight: Weight,
    /// What was at stake when the set was assigned, as [`ForeignOffences::stake_index`] had it then.
    pub stake: u32,
}

/// Lays offences on other chains to nodes whose stake is here. Implemented by staking.
pub trait ForeignOffences<AccountId> {
    /// A number for what is at stake now: what is liable for what nodes do that are assigned now.
    fn stake_index() -> u32;

    /// Lay the offence to its author. Told once for each set and author.
    fn on_foreign_offence(conviction: &ForeignConviction<AccountId>);

    /// No offences in that set are told any more.
    fn forget_set(chain: u32, set: SetId);
}

impl<AccountId> ForeignOffences<AccountId> for () {
    fn stake_index() -> u32 {
        0
    }

    fn on_foreign_offence(_: &ForeignConviction<AccountId>) {}

    fn forget_set(_: u32, _: SetId) {}
}

/// Says whose a Commit is.
pub trait VerifyCommit<AccountId> {
    /// The account that `commit` names as its signer, if it is a Commit for a final block that the
    /// session under way has decided, by a member of its set. Does not look at the signature.
    fn commit_signer(commit: &SignedStatement) -> Option<AccountId>;

    /// Whether the signature is that of the member of the current set that `commit` names.
    fn verify_commit(commit: &SignedStatement) -> bool;
}

impl<AccountId> VerifyCommit<AccountId> for () {
    fn commit_signer(_: &SignedStatement) -> Option<AccountId> {
        None
    }

    fn verify_commit(_: &SignedStatement) -> bool {
        false
    }
}

/// Ends sessions before their time.
pub trait EndSession {
    /// End the session with the next block, so that a changed set can take effect.
    fn end_session();
}

impl EndSession for () {
    fn end_session() {}
}

/// Keeps a session from ending by time before the next one's randomness is there.
pub trait EpochGate {
    /// Whether a session whose time is over may end in the block under execution. Asked in the session
    /// pallet's `on_initialize`. Sessions that end early, for an offender, do not ask.
    fn session_may_end() -> bool;
}

/// Chains without a beacon: time alone ends sessions.
impl EpochGate for () {
    fn session_may_end() -> bool {
        true
    }
}

/// Where the seed of the proposer schedule of a session comes from.
pub trait NextSeed {
    /// The seed of session `session`; `last` is that of the session before.
    fn next_seed(last: &[u8; 32], session: u32) -> [u8; 32];
}

/// Hashes the last seed.
///
/// Nobody can influence it, and everybody can compute it for all sessions to come: it spreads the
/// proposals by weight, but does not hide who will propose. A chain with a beacon takes its
/// randomness instead.
pub struct ChainedSeed;

impl NextSeed for ChainedSeed {
    fn next_seed(last: &[u8; 32], session: u32) -> [u8; 32] {
        sp_crypto_hashing::blake2_256(&(SEED_DOMAIN, last, session).encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chained_seeds_differ_by_session_and_by_predecessor() {
        let seed = ChainedSeed::next_seed(&[0; 32], 1);
        assert_eq!(seed, ChainedSeed::next_seed(&[0; 32], 1));
        assert_ne!(seed, ChainedSeed::next_seed(&[0; 32], 2));
        assert_ne!(seed, ChainedSeed::next_seed(&[1; 32], 1));
    }
}

/// A set that takes the place of one that lost its quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecoveredSet<AccountId> {
    /// The set, with the id that it has on this chain: later than that of the set before, by more than one if a set between
    /// them was recorded and lost its quorum, too, before it decided anything.
    pub set: AuthoritySet,
    /// The accounts of its members, in its order.
    pub accounts: Vec<AccountId>,
}

/// Takes the record of such a set ([`recovery`](crate::recovery)). Implemented by whatever is told who decides.
pub trait TakeRecovery<AccountId> {
    /// Take the record in the header of the block under execution, whose parent is the block `parent` at `height`;
    /// `before` is the id of the set that loses its place: that of the new one must be later. Called before anything else of
    /// the block is done. None if the record is no good here; then nothing has changed, and the block is refused.
    ///
    /// The caller ends the session then. So the session manager, which is asked anew next, must plan the set's members,
    /// in its order, and they must have their keys: the block is refused if anything else comes of it.
    fn take_recovery(
        record: &[u8],
        height: Height,
        parent: Hash,
        before: SetId,
    ) -> Option<RecoveredSet<AccountId>>;
}

/// No record is any good: on a chain to which nobody assigns sets.
impl<AccountId> TakeRecovery<AccountId> for () {
    fn take_recovery(_: &[u8], _: Height, _: Hash, _: SetId) -> Option<RecoveredSet<AccountId>> {
        None
    }
}
