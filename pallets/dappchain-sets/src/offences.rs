// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Offences on DappChains: in which set and by whom, and that they are told to staking.

use crate::{
    types::{commitment, Accounts, OrderedSet},
    Call, Chains, Config, Error, Event, Pallet, Sets, WeightInfo, LOG_TARGET,
};
use alloc::boxed::Box;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    weights::Weight,
};
use frame_system::offchain::{CreateAuthorizedTransaction, SubmitTransaction};
use hansa_dappchain_primitives::{ChainId, Hash, SetOrdinal};
use hansa_pbft_primitives::{
    AuthoritySet, Evidence, ForeignConviction, ForeignOffences, OffenceKind, SignerBitmap,
};
use sp_runtime::transaction_validity::{
    InvalidTransaction, TransactionLongevity, TransactionPriority,
};

/// For how many blocks a report that is in no block yet is taken for valid without being looked at again.
const LONGEVITY: TransactionLongevity = 64;

impl<T: Config> Pallet<T> {
    /// Whether a report may enter the pool, or stand in a block: the whole proof is checked here.
    ///
    /// It is taken from everybody and handed on: who sees an offence on a chain need not be an author of the hub. What
    /// is bad is refused before, or by, the second signature that is verified, as a transaction is by its first.
    pub(crate) fn authorize_report(
        chain: ChainId,
        ordinal: SetOrdinal,
        evidence: &Evidence,
        set: &AuthoritySet,
        accounts: &Accounts<T::AccountId>,
    ) -> TransactionValidityWithRefund {
        let (genesis, _) = Self::judge(chain, ordinal, evidence, set, accounts).map_err(invalid)?;
        evidence.verify(genesis, set).map_err(|error| {
            log::debug!(target: LOG_TARGET, "a report of an offence is refused: {error}");
            invalid(Error::<T>::NotProven)
        })?;
        let validity = ValidTransaction::with_tag_prefix("hansa/dappchain-sets/offence")
            .priority(TransactionPriority::MAX)
            .longevity(LONGEVITY)
            .and_provides((chain, ordinal, evidence.offence.offender()))
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// The weight of [`authorize_report`](Self::authorize_report).
    pub(crate) fn weight_of_authorize_report(evidence: &Evidence, set: &AuthoritySet) -> Weight {
        let members = set.len() as u32;
        match evidence.offence.kind() {
            OffenceKind::UnjustifiedProposal => {
                T::WeightInfo::authorize_report_of_proposal(members)
            }
            OffenceKind::Equivocation | OffenceKind::Amnesia => {
                T::WeightInfo::authorize_report_of_statements(members)
            }
        }
    }

    /// Check all of a report but its signatures. Returns the chain's genesis, and what is remembered of the set.
    ///
    /// The set must be known to decide under the id that the evidence names: whether a proposal is justified depends on
    /// the set, so evidence must not be held against another one that was ordered as well.
    fn judge(
        chain: ChainId,
        ordinal: SetOrdinal,
        evidence: &Evidence,
        set: &AuthoritySet,
        accounts: &Accounts<T::AccountId>,
    ) -> Result<(Hash, OrderedSet), Error<T>> {
        let record = Chains::<T>::get(chain).ok_or(Error::<T>::NoSuchChain)?;
        let ordered = Sets::<T>::get(chain, ordinal).ok_or(Error::<T>::NoSuchSet)?;
        let set_id = ordered.set_id.ok_or(Error::<T>::NotInForce)?;
        let offender = evidence.offence.offender();
        ensure!(
            !ordered.convicted.contains(offender),
            Error::<T>::AlreadyConvicted
        );
        ensure!(
            evidence.set_id == set_id
                && set.id == set_id
                && ordered.commitment == commitment(set, accounts),
            Error::<T>::EvidenceOfAnotherSet
        );
        ensure!(
            usize::from(offender) < accounts.len(),
            Error::<T>::NotProven
        );
        Ok((record.genesis, ordered))
    }

    /// Convict the accused. Its signatures are verified already.
    pub(crate) fn convict(
        chain: ChainId,
        ordinal: SetOrdinal,
        evidence: &Evidence,
        set: &AuthoritySet,
        accounts: &Accounts<T::AccountId>,
    ) -> Result<(), Error<T>> {
        let (_, mut ordered) = Self::judge(chain, ordinal, evidence, set, accounts)?;
        let offence = &evidence.offence;
        let index = offence.offender();
        let offender = accounts
            .get(usize::from(index))
            .ok_or(Error::<T>::NotProven)?;
        let convicted = ordered.convicted.iter().chain(core::iter::once(index));
        ordered.convicted = SignerBitmap::new(set.len(), convicted);
        let stake = ordered.stake;
        Sets::<T>::insert(chain, ordinal, ordered);
        Self::deposit_event(Event::OffenceProven {
            node: offender.clone(),
            chain,
            set: set.id,
            height: offence.height(),
            kind: offence.kind(),
        });
        T::Offences::on_foreign_offence(&ForeignConviction {
            chain,
            set: set.id,
            offender: offender.clone(),
            weight: set.weight(index),
            total_weight: set.total_weight(),
            stake,
        });
        Ok(())
    }
}

impl<T: Config + CreateAuthorizedTransaction<Call<T>>> Pallet<T> {
    /// For the runtime API: put a report into the pool of the node that asks.
    pub fn submit_report(
        chain: ChainId,
        ordinal: SetOrdinal,
        evidence: Evidence,
        set: AuthoritySet,
        accounts: alloc::vec::Vec<T::AccountId>,
    ) -> Option<()> {
        let call = Call::report_offence {
            chain,
            ordinal,
            evidence: Box::new(evidence),
            set,
            accounts: accounts.try_into().ok()?,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// What the pool and a block's author are told of a report that is refused.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        // The hub may only not know of the hand-over yet.
        Error::NotInForce => InvalidTransaction::Future,
        Error::NoSuchChain | Error::NoSuchSet | Error::AlreadyConvicted => {
            InvalidTransaction::Stale
        }
        _ => InvalidTransaction::BadProof,
    }
}
