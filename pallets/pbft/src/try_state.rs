// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The invariants of the pallet's storage, as they hold between blocks.

use crate::{
    service_time, CertificateNoted, Config, Convicted, CurrentBlock, CurrentSet, CurrentTiming,
    DecidingSet, Listed, OldestSession, OutgoingSet, Pallet, ParentSet, Recovering, ServiceTime,
    SessionLength, SessionParticipation, SessionRecord, SessionRecords, SessionStart,
};
use alloc::collections::BTreeSet;
use frame_support::ensure;
use hansa_pbft_primitives::AuthoritySet;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check all invariants.
    ///
    /// 1. The current set is valid, and has as many accounts as authorities.
    /// 2. So has the set that decided the last block, and its id is the one before.
    /// 3. Nothing is left of the block that was executed: no author, no outgoing set, no note of a
    ///    certificate or of a recovery.
    /// 4. The list of authority mode is not empty and has no account twice.
    /// 5. Participation is counted for each authority of the current set.
    /// 6. Timing and session length are within their bounds.
    /// 7. The session began no later than now.
    /// 8. There is a record of each session from the oldest that is kept to the current one, and of
    ///    no other; they begin one after the other, or at one height under sets of which the second is later,
    ///    if a recovery ended the first; and the last one's set is the current set.
    /// 9. Convictions are of sessions with a record, and none is empty.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let current = CurrentSet::<T>::get();
        Self::check_set(&current)?;
        if let Some(parent) = ParentSet::<T>::get() {
            Self::check_set(&parent)?;
            ensure!(
                parent.set.id.checked_add(1) == Some(current.set.id),
                "2: the set ids do not follow each other"
            );
        }
        ensure!(
            !OutgoingSet::<T>::exists(),
            "3: an outgoing set between blocks"
        );
        ensure!(!CurrentBlock::<T>::exists(), "3: an author between blocks");
        ensure!(
            !CertificateNoted::<T>::exists(),
            "3: a noted certificate between blocks"
        );
        ensure!(!Recovering::<T>::exists(), "3: a recovery between blocks");
        let listed = Listed::<T>::get();
        ensure!(!listed.is_empty(), "4: no authority is listed");
        ensure!(
            listed.iter().collect::<BTreeSet<_>>().len() == listed.len(),
            "4: an authority is listed twice"
        );
        ensure!(
            SessionParticipation::<T>::get().len() == current.set.len(),
            "5: participation is not counted for each authority"
        );
        CurrentTiming::<T>::get().check()?;
        service_time::check_session_length(SessionLength::<T>::get())?;
        ensure!(
            SessionStart::<T>::get() <= ServiceTime::<T>::get(),
            "7: the session begins in the future"
        );
        Self::check_sessions(&current)
    }

    fn check_sessions(current: &DecidingSet<T::AccountId>) -> Result<(), TryRuntimeError> {
        let (oldest, newest) = (
            OldestSession::<T>::get(),
            pallet_session::Pallet::<T>::current_index(),
        );
        let mut last: Option<SessionRecord> = None;
        for session in oldest..=newest {
            let record =
                SessionRecords::<T>::get(session).ok_or("8: a session has no record of its set")?;
            let follows = last.is_none_or(|last| {
                let replaced =
                    last.first_height == record.first_height && last.set_id < record.set_id;
                last.first_height < record.first_height || replaced
            });
            ensure!(follows, "8: a session does not begin after the one before");
            last = Some(record);
            if session == newest {
                ensure!(
                    record.set_id == current.set.id && record.commitment == current.commitment(),
                    "8: the current session's record is of another set"
                );
            }
        }
        ensure!(
            SessionRecords::<T>::iter_keys().all(|session| session >= oldest && session <= newest),
            "8: there is a record of a session that is forgotten or to come"
        );
        for (session, convicted) in Convicted::<T>::iter() {
            ensure!(
                SessionRecords::<T>::contains_key(session),
                "9: a conviction is of a session without a record"
            );
            ensure!(convicted.count() > 0, "9: a conviction is of nobody");
        }
        Ok(())
    }

    fn check_set(deciding: &DecidingSet<T::AccountId>) -> Result<(), TryRuntimeError> {
        let set = &deciding.set;
        ensure!(
            AuthoritySet::new(set.id, set.authorities().to_vec()).as_ref() == Ok(set),
            "1: an authority set is not valid"
        );
        ensure!(
            deciding.accounts.len() == set.len(),
            "1: a set has not as many accounts as authorities"
        );
        Ok(())
    }
}
