// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Bugs put in on purpose, to show that the simulation finds them.
//!
//! They are there with the feature `seeded-bugs` only, and even then none is on until a test
//! switches it on for its thread with [`with`]. Without the feature [`bug`] is the constant
//! `false`, so that nothing of them is compiled, and [`SEEDED_BUGS`](crate::SEEDED_BUGS), which
//! the node asserts to be off, tells so.

use crate::{
    round::{vote_of, Round},
    step::Step,
    tally::{Choice, Tally},
    Crypto, HeightConfig, Output, Record,
};
use hansa_pbft_primitives::{
    CertificateError, Hash, Message, NewViewProof, Offence, Prepared, SignedStatement, VoteKind,
    Weight,
};

/// A bug that can be switched on. Each is a rule of the protocol left out or done wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// A quorum is one less than it should be.
    QuorumMinusOne,
    /// A view-change names no prepared block though there is one.
    ForgottenLock,
    /// The new primary shows the lowest prepared certificate in place of the highest.
    LowerCertificate,
    /// A statement leaves before it is durable.
    SendBeforePersist,
    /// Prepare is said before the block is executed.
    VoteWithoutExecution,
    /// A new-view proof in which one signer stands for several is accepted.
    RepeatedSigner,
    /// A vote that comes twice counts twice.
    RepeatedVote,
    /// A view-change that names a prepared block without showing its certificate is kept.
    StrippedCertificate,
    /// Prepare is said a second time in a view, for another proposal.
    PrepareTwice,
    /// Commit is said without a quorum of Prepare.
    CommitWithoutPrepared,
    /// Commit is said in a view that was given up.
    CommitInOldView,
    /// The new primary proposes a fresh block in spite of a prepared one.
    ReproposalIgnored,
    /// A proposal of another block than the prepared one is accepted.
    ReproposalUnchecked,
    /// A proposal is accepted with another proof than it names, or with none.
    ProofUnchecked,
    /// Anyone's proposal is accepted as the primary's.
    WrongPrimary,
    /// The lock is forgotten at a restart.
    LockNotRestored,
    /// What was said is forgotten at a restart.
    OwnNotRestored,
    /// Prepares of different views for one block count together.
    ViewsTogether,
    /// Votes for different blocks count together.
    HashesTogether,
    /// The timer does not start upon a quorum of view-changes.
    TimerNotRestarted,
    /// More than `T` weight in higher views is not joined.
    HigherViewNotJoined,
    /// A view-change is sent once and never again.
    ViewChangeNotResent,
    /// The set id of the first height is signed and checked for ever.
    StaleSetId,
    /// A commit certificate is believed without a look at it.
    DecidedUnchecked,
    /// A vote for the same block in another view is taken for an offence.
    FalseEvidence,
}

impl Bug {
    /// All of them.
    #[cfg(feature = "seeded-bugs")]
    pub const ALL: [Self; 25] = [
        Self::QuorumMinusOne,
        Self::ForgottenLock,
        Self::LowerCertificate,
        Self::SendBeforePersist,
        Self::VoteWithoutExecution,
        Self::RepeatedSigner,
        Self::RepeatedVote,
        Self::StrippedCertificate,
        Self::PrepareTwice,
        Self::CommitWithoutPrepared,
        Self::CommitInOldView,
        Self::ReproposalIgnored,
        Self::ReproposalUnchecked,
        Self::ProofUnchecked,
        Self::WrongPrimary,
        Self::LockNotRestored,
        Self::OwnNotRestored,
        Self::ViewsTogether,
        Self::HashesTogether,
        Self::TimerNotRestarted,
        Self::HigherViewNotJoined,
        Self::ViewChangeNotResent,
        Self::StaleSetId,
        Self::DecidedUnchecked,
        Self::FalseEvidence,
    ];
}

#[cfg(feature = "seeded-bugs")]
thread_local! {
    /// The bug of this thread.
    static SEEDED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Whether `bug` is on in this thread.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn bug(bug: Bug) -> bool {
    SEEDED.get() == Some(bug)
}

/// Whether `bug` is on: never.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn bug(_: Bug) -> bool {
    false
}

/// Run `f` in this thread with `bug` on.
#[cfg(feature = "seeded-bugs")]
pub fn with<T>(bug: Bug, f: impl FnOnce() -> T) -> T {
    /// Switches back, also where `f` panics.
    struct Restore(Option<Bug>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SEEDED.set(self.0);
        }
    }
    let _restore = Restore(SEEDED.replace(Some(bug)));
    f()
}

/// [`Bug::SendBeforePersist`]: what was pushed last, record and message, in the wrong order.
pub(crate) fn send_first(out: &mut [Output]) {
    if let [.., record, message] = out {
        std::mem::swap(record, message);
    }
}

/// [`Bug::RepeatedSigner`]: a proof in which a signer stands twice is as good as any other.
pub(crate) fn repeated_signer(
    error: CertificateError,
    proof: &NewViewProof,
) -> Result<Option<Prepared>, CertificateError> {
    match error {
        CertificateError::DuplicateSigner if bug(Bug::RepeatedSigner) => Ok(proof
            .prepared
            .as_ref()
            .map(|certificate| certificate.prepared())),
        error => Err(error),
    }
}

/// [`Bug::LockNotRestored`], [`Bug::OwnNotRestored`]: whether `record` is lost on the way from the
/// log.
pub(crate) fn is_lost(record: &Record) -> bool {
    match record {
        Record::Prepared(_) => bug(Bug::LockNotRestored),
        Record::Sent(_) => bug(Bug::OwnNotRestored),
        Record::Heard(_) => false,
    }
}

/// [`Bug::StaleSetId`]: the context of the height before.
pub(crate) fn stale_set_id(config: &mut HeightConfig, before: Option<&Round>) {
    if let Some(before) = before {
        config.context.set_id = before.config.context.set_id;
    }
}

/// [`Bug::HashesTogether`]: all choices are counted as one.
pub(crate) fn counted_as(choice: Choice) -> Choice {
    if !bug(Bug::HashesTogether) {
        return choice;
    }
    Choice {
        hash: Hash::zero(),
        proof: Hash::zero(),
    }
}

/// [`Bug::ViewsTogether`]: what the votes for a block weigh, those of all views added up.
pub(crate) fn weight_of_all_views(tally: &Tally, kind: VoteKind, choice: &Choice) -> Weight {
    tally
        .ballots
        .iter()
        .filter(|((_, k), _)| *k == kind)
        .flat_map(|(_, ballot)| &ballot.weights)
        .filter(|(counted, _)| counted.hash == choice.hash)
        .fold(0, |sum, (_, weight)| sum.saturating_add(*weight))
}

/// [`Bug::FalseEvidence`]: two votes for one block in different views are shown as an offence.
pub(crate) fn false_offence(
    kept: &SignedStatement,
    statement: &SignedStatement,
) -> Option<Offence> {
    let repeats = kept.view != statement.view
        && kept.statement.block().is_some()
        && kept.statement.block() == statement.statement.block();
    (repeats && bug(Bug::FalseEvidence)).then(|| Offence::Equivocation {
        first: kept.clone(),
        second: statement.clone(),
    })
}

/// [`Bug::ViewChangeNotResent`]: whether `message` is said again.
pub(crate) fn is_said_again(message: &Message) -> bool {
    !(bug(Bug::ViewChangeNotResent) && matches!(message, Message::ViewChange { .. }))
}

impl<C: Crypto> Step<'_, C> {
    /// [`Bug::CommitInOldView`]: upon a Prepare that makes a quorum in a lower view, go back there
    /// to say Commit.
    pub(crate) fn commit_in_old_view(&mut self, vote: &SignedStatement) {
        let Some((VoteKind::Prepare, choice)) = vote_of(&vote.statement) else {
            return;
        };
        let (current, old) = (self.round.view, vote.view);
        self.round.view = old;
        if old < current
            && self.round.own_vote(VoteKind::Prepare) == Some(choice)
            && self.round.own_vote(VoteKind::Commit).is_none()
            && self.round.tally.weight(old, VoteKind::Prepare, &choice) >= self.round.quorum
        {
            self.say_vote(VoteKind::Commit, choice);
        }
        self.round.view = current;
    }
}
