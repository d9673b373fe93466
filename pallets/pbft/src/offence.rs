// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Offences: which session and account they are laid to, and what follows in authority mode.

use crate::{
    types::commitment, Call, ChangeQueued, Config, Convicted, CurrentSet, DecidingSet, Error,
    Event, KeyOwnershipProof, Listed, OldestSession, OutgoingSet, Pallet, ParentSet, SessionRecord,
    SessionRecords, WeightInfo, LOG_TARGET,
};
use alloc::boxed::Box;
use codec::Encode;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    traits::Get,
    weights::Weight,
};
use frame_system::{
    offchain::{CreateAuthorizedTransaction, SubmitTransaction},
    pallet_prelude::BlockNumberFor,
};
use hansa_pbft_primitives::{
    AuthorityId, AuthorityIndex, AuthoritySet, Conviction, Evidence, Height, OffenceKind,
    OnOffence, OpaqueKeyOwnershipProof, SetId, SignerBitmap,
};
use sp_runtime::{
    traits::Zero,
    transaction_validity::{
        InvalidTransaction, TransactionLongevity, TransactionPriority, TransactionSource,
    },
    SaturatedConversion,
};
use sp_staking::SessionIndex;

/// For how many blocks a report that is in no block yet is taken for valid without being looked at
/// again.
const REPORT_LONGEVITY: TransactionLongevity = 64;

/// How many records of old sessions are removed at most when a session begins: more than one only
/// after [`Config::EvidenceSessions`] was lowered.
const MAX_RECORDS_PRUNED: u32 = 4;

impl<T: Config> Pallet<T> {
    /// Note which set decides in `session`, which begins now, and forget the oldest.
    pub(crate) fn note_session(session: SessionIndex, deciding: &DecidingSet<T::AccountId>) {
        let record = SessionRecord {
            set_id: deciding.set.id,
            commitment: deciding.commitment(),
            first_height: Self::first_height(),
        };
        SessionRecords::<T>::insert(session, record);
        let goes_on = session
            .checked_sub(1)
            .is_some_and(SessionRecords::<T>::contains_key);
        if !goes_on {
            OldestSession::<T>::put(session);
        }
        let kept_from = session.saturating_sub(T::EvidenceSessions::get());
        OldestSession::<T>::mutate(|oldest| {
            for _ in 0..MAX_RECORDS_PRUNED {
                if *oldest >= kept_from {
                    break;
                }
                SessionRecords::<T>::remove(*oldest);
                Convicted::<T>::remove(*oldest);
                *oldest = oldest.saturating_add(1);
            }
        });
    }

    /// Whether a report may enter the pool, or stand in a block: the whole proof is checked here.
    pub(crate) fn authorize_report(
        source: TransactionSource,
        evidence: &Evidence,
        set: &AuthoritySet,
        proof: &KeyOwnershipProof<T::AccountId>,
    ) -> TransactionValidityWithRefund {
        // From anywhere else it would be work for nothing that anybody could ask for.
        if matches!(source, TransactionSource::External) {
            return Err(InvalidTransaction::Call.into());
        }
        let conviction = Self::judge(evidence, set, proof).map_err(invalid)?;
        let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
        evidence.verify(genesis, set).map_err(|error| {
            log::debug!(target: LOG_TARGET, "a report of an offence is refused: {error}");
            invalid(Error::<T>::NotProven)
        })?;
        let validity = ValidTransaction::with_tag_prefix("hansa/pbft/offence")
            .priority(TransactionPriority::MAX)
            .longevity(REPORT_LONGEVITY)
            .and_provides((conviction.session, evidence.offence.offender()))
            // Other nodes take no reports from outside.
            .propagate(false)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// The weight of [`authorize_report`](Self::authorize_report). A proof with more signatures
    /// than two of each authority is refused before they are looked at.
    pub(crate) fn weight_of_authorize_report(evidence: &Evidence, set: &AuthoritySet) -> Weight {
        let members = set.len() as u32;
        match evidence.offence.kind() {
            OffenceKind::UnjustifiedProposal => {
                <T as Config>::WeightInfo::authorize_report_of_proposal(members)
            }
            OffenceKind::Equivocation | OffenceKind::Amnesia => {
                <T as Config>::WeightInfo::authorize_report_of_statements(members)
            }
        }
    }

    /// Convict the accused. Its signatures are verified already.
    pub(crate) fn convict(
        evidence: &Evidence,
        set: &AuthoritySet,
        proof: &KeyOwnershipProof<T::AccountId>,
    ) -> Result<(), Error<T>> {
        let conviction = Self::judge(evidence, set, proof)?;
        let (session, offender) = (conviction.session, evidence.offence.offender());
        let convicted = Convicted::<T>::get(session).unwrap_or_default();
        let convicted = convicted.iter().chain(core::iter::once(offender));
        Convicted::<T>::insert(session, SignerBitmap::new(set.len(), convicted));
        Self::deposit_event(Event::OffenceProven {
            account: conviction.offender.clone(),
            session,
            height: conviction.height,
            kind: conviction.kind,
        });
        T::OnOffence::on_offence(&conviction);
        Ok(())
    }

    /// Whom and which session the offence is to be laid to, if it was committed at all, is recent
    /// enough, and the accused was not convicted in that session before. Verifies no signature.
    fn judge(
        evidence: &Evidence,
        set: &AuthoritySet,
        proof: &KeyOwnershipProof<T::AccountId>,
    ) -> Result<Conviction<T::AccountId>, Error<T>> {
        let offence = &evidence.offence;
        let (height, offender) = (offence.height(), offence.offender());
        // Of later heights it is not certain yet which session will decide them, and one offence
        // must not count in two.
        ensure!(height <= Self::height(), Error::<T>::EvidenceAhead);
        let session = Self::session_of(height).ok_or(Error::<T>::EvidenceTooOld)?;
        let record = SessionRecords::<T>::get(session).ok_or(Error::<T>::EvidenceTooOld)?;
        ensure!(
            record.set_id == evidence.set_id,
            Error::<T>::EvidenceOfAnotherSet
        );
        ensure!(
            !Self::is_convicted(session, offender),
            Error::<T>::AlreadyConvicted
        );
        ensure!(
            record.commitment == commitment(set, &proof.accounts),
            Error::<T>::EvidenceOfAnotherSet
        );
        let account = proof
            .accounts
            .get(usize::from(offender))
            .ok_or(Error::<T>::NotProven)?;
        Ok(Conviction {
            offender: account.clone(),
            session,
            height,
            kind: offence.kind(),
            weight: set.weight(offender),
            total_weight: set.total_weight(),
        })
    }

    /// Whether `authority` of the set of `session` is convicted of an offence in it.
    pub fn is_convicted(session: SessionIndex, authority: AuthorityIndex) -> bool {
        Convicted::<T>::get(session).is_some_and(|convicted| convicted.contains(authority))
    }

    /// For the runtime API: as [`is_convicted`](Self::is_convicted), in the session that decides
    /// `height`; none if that has no record.
    pub fn is_convicted_at(height: Height, authority: AuthorityIndex) -> Option<bool> {
        let session = Self::session_of(height)?;
        Some(Self::is_convicted(session, authority))
    }

    /// The session that decides `height`, if it has a record.
    fn session_of(height: Height) -> Option<SessionIndex> {
        let newest = pallet_session::Pallet::<T>::current_index();
        last_begun(OldestSession::<T>::get(), newest, |session| {
            SessionRecords::<T>::get(session).is_some_and(|record| record.first_height <= height)
        })
    }

    /// The height of the block under execution; between blocks, of the last.
    pub(crate) fn height() -> Height {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// For the runtime API: a proof of whose key `key` is in the set `set_id`, if that is one that
    /// decides this block or its child.
    pub fn key_ownership_proof(
        set_id: SetId,
        key: &AuthorityId,
    ) -> Option<OpaqueKeyOwnershipProof> {
        let deciding = [
            Some(CurrentSet::<T>::get()),
            OutgoingSet::<T>::get(),
            ParentSet::<T>::get(),
        ]
        .into_iter()
        .flatten()
        .find(|deciding| deciding.set.id == set_id)?;
        deciding.set.index_of(key)?;
        let proof = KeyOwnershipProof {
            accounts: deciding.accounts,
        };
        Some(OpaqueKeyOwnershipProof::new(proof.encode()))
    }

    /// For the runtime API: put a report into the pool of the node that asks.
    pub fn submit_report(
        evidence: Evidence,
        set: AuthoritySet,
        proof: OpaqueKeyOwnershipProof,
    ) -> Option<()>
    where
        T: CreateAuthorizedTransaction<Call<T>>,
    {
        let call = Call::report_offence {
            evidence: Box::new(evidence),
            set,
            key_owner_proof: proof.decode()?,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// Authority mode: the offender is struck off the list, and leaves as soon as sets can change.
impl<T: Config> OnOffence<T::AccountId> for Pallet<T> {
    fn on_offence(conviction: &Conviction<T::AccountId>) {
        let account = &conviction.offender;
        let removed = Listed::<T>::mutate(|listed| {
            let at = listed.iter().position(|a| a == account)?;
            let last = listed.len() <= 1;
            if !last {
                listed.remove(at);
            }
            Some(!last)
        });
        let account = account.clone();
        match removed {
            Some(true) => {
                // A liar must not vote on for what may be an hour. Nobody can end sessions at will
                // by this: each time costs an authority.
                ChangeQueued::<T>::put(true);
                Self::deposit_event(Event::AuthorityRemoved { account });
            }
            // Without it the chain would stand still for ever.
            Some(false) => Self::deposit_event(Event::OffenderStays { account }),
            None => {}
        }
    }
}

/// The last session of `oldest..=newest` that has begun, if `begun` is true up to it and false
/// above.
fn last_begun(
    oldest: SessionIndex,
    newest: SessionIndex,
    begun: impl Fn(SessionIndex) -> bool,
) -> Option<SessionIndex> {
    if !begun(oldest) {
        return None;
    }
    let (mut low, mut high) = (oldest, newest);
    while low < high {
        let middle = low.saturating_add(high.saturating_sub(low).div_ceil(2));
        if begun(middle) {
            low = middle;
        } else {
            high = middle.saturating_sub(1);
        }
    }
    Some(low)
}

/// What the pool and a block's author are told of a report that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::EvidenceAhead => InvalidTransaction::Future,
        Error::EvidenceTooOld | Error::AlreadyConvicted => InvalidTransaction::Stale,
        _ => InvalidTransaction::BadProof,
    }
}

#[cfg(test)]
mod tests {
    use super::last_begun;

    #[test]
    fn the_session_of_a_height_is_the_last_that_has_begun() {
        for oldest in 0..4 {
            for newest in oldest..oldest + 9 {
                assert_eq!(last_begun(oldest, newest, |_| false), None);
                for last in oldest..=newest {
                    let found = last_begun(oldest, newest, |session| session <= last);
                    assert_eq!(found, Some(last), "{oldest}..={newest}");
                }
            }
        }
    }
}
