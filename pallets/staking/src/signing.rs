// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Who signs: counted from the certificates that blocks report, corrected by Commits that were left
//! out.
//!
//! A certificate is closed when it has a quorum, so who is far away is missing from many, and no
//! harm is done. What counts against a node is that an author has it in *no* certificate of a whole
//! session; and such an author may be a liar, so it takes several different ones, and more than a
//! third of the weight.

use crate::{
    types::{CertificateRecord, Elected, Tallies},
    ActiveSet, Certificates, ChillReason, Config, Error, Event, Pallet, SeenBy, SessionTallies,
    WeightInfo,
};
use alloc::vec::Vec;
use frame_support::{
    dispatch::DispatchClass, ensure, pallet_prelude::TransactionValidityWithRefund, traits::Get,
};
use hansa_pbft_primitives::{
    AuthorityIndex, Height, OnCertificate, SignedStatement, SignerBitmap, VerifyCommit,
};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionSource, ValidTransaction},
    SaturatedConversion,
};

impl<T: Config> OnCertificate<T::AccountId> for Pallet<T> {
    fn on_certificate<'a>(
        reporter: Option<&'a T::AccountId>,
        members: impl Iterator<Item = (&'a T::AccountId, bool)>,
    ) where
        T::AccountId: 'a,
    {
        // Each block forgets one, so that none is left over.
        let forgotten = Self::height().saturating_sub(T::CommitWindow::get().saturating_add(1));
        Certificates::<T>::remove(forgotten);
        let Some(reporter) = reporter else { return };
        let active = ActiveSet::<T>::get();
        frame_system::Pallet::<T>::register_extra_weight_unchecked(
            T::WeightInfo::on_certificate(active.members.len() as u32),
            DispatchClass::Mandatory,
        );
        let (accounts, signed): (Vec<_>, Vec<_>) = members.unzip();
        // A certificate of a set that is gone belongs to a session that is over, and one of a set
        // that staking did not elect is nobody's here.
        if accounts.is_empty()
            || !accounts
                .into_iter()
                .eq(active.members.iter().map(|m| &m.node))
        {
            return;
        }
        let signers = signed
            .iter()
            .enumerate()
            .filter(|(_, signed)| **signed)
            .map(|(i, _)| i as AuthorityIndex);
        let signers = SignerBitmap::new(signed.len(), signers);
        Self::note_certificate(reporter, &active, signers);
    }
}

impl<T: Config> Pallet<T> {
    /// Credit the signers of a certificate that `reporter` reports.
    pub(crate) fn note_certificate(
        reporter: &T::AccountId,
        active: &Elected<T::AccountId>,
        signers: SignerBitmap,
    ) {
        let first = !SeenBy::<T>::contains_key(reporter);
        SessionTallies::<T>::mutate(|tallies| {
            tallies.certificates = tallies.certificates.saturating_add(1);
            if first {
                SeenBy::<T>::insert(reporter, SignerBitmap::default());
                Self::note_reporter(reporter, active, tallies);
            }
            for signer in signers.iter() {
                if let Some(tally) = tallies.members.get_mut(usize::from(signer)) {
                    tally.signed = tally.signed.saturating_add(1);
                }
            }
            Self::note_seen(reporter, active, &signers, tallies);
        });
        let height = Self::height().saturating_sub(1);
        let record = CertificateRecord {
            reporter: reporter.clone(),
            election: active.election,
            signers,
        };
        Certificates::<T>::insert(height, record);
    }

    fn note_reporter(
        reporter: &T::AccountId,
        active: &Elected<T::AccountId>,
        tallies: &mut Tallies,
    ) {
        tallies.reporters = tallies.reporters.saturating_add(1);
        let Some(at) = active.position(reporter) else {
            return;
        };
        let weight = active.weight(at);
        tallies.reporters_weight = tallies.reporters_weight.saturating_add(weight);
        if let Some(tally) = tallies.members.get_mut(at) {
            tally.reported = true;
        }
    }

    /// Note whom `reporter` has seen sign. Its own signature is no news.
    fn note_seen(
        reporter: &T::AccountId,
        active: &Elected<T::AccountId>,
        signers: &SignerBitmap,
        tallies: &mut Tallies,
    ) {
        let seen = SeenBy::<T>::get(reporter).unwrap_or_default();
        let new: Vec<_> = signers.iter().filter(|s| !seen.contains(*s)).collect();
        if new.is_empty() {
            return;
        }
        let author = active.position(reporter);
        let weight = author.map_or(0, |at| active.weight(at));
        for signer in new.iter().map(|signer| usize::from(*signer)) {
            let Some(tally) = tallies.members.get_mut(signer) else {
                continue;
            };
            if Some(signer) != author {
                tally.seen_by = tally.seen_by.saturating_add(1);
                tally.seen_weight = tally.seen_weight.saturating_add(weight);
            }
        }
        let all = SignerBitmap::new(active.members.len(), seen.iter().chain(new));
        SeenBy::<T>::insert(reporter, all);
    }

    /// Chill the members that are in no certificate of several others, who together weigh too much
    /// to be all liars.
    pub(crate) fn chill_silent(active: &Elected<T::AccountId>, tallies: &Tallies) {
        let enough = T::ChillShare::get().mul_floor(active.total_weight());
        for (member, tally) in active.members.iter().zip(&tallies.members) {
            let own = if tally.reported { member.weight } else { 0 };
            let authors = tallies
                .reporters
                .saturating_sub(u32::from(tally.reported))
                .saturating_sub(tally.seen_by);
            let weight = tallies
                .reporters_weight
                .saturating_sub(own)
                .saturating_sub(tally.seen_weight);
            if authors >= T::ChillReporters::get() && weight > enough {
                Self::chill_node(&member.node, ChillReason::Silent);
            }
        }
    }

    /// Whether a Commit that was left out may enter the pool, or stand in a block.
    pub(crate) fn authorize_commit(
        _: TransactionSource,
        commit: &SignedStatement,
    ) -> TransactionValidityWithRefund {
        // First what costs little.
        let (_, at) = Self::left_out(commit).map_err(|_| InvalidTransaction::Stale)?;
        ensure!(
            T::Commits::verify_commit(commit),
            InvalidTransaction::BadProof
        );
        let validity = ValidTransaction::with_tag_prefix("hansa/staking/commit")
            .and_provides((commit.height, at))
            .longevity(T::CommitWindow::get().into())
            .propagate(true)
            .build()?;
        Ok((validity, Default::default()))
    }

    /// Credit a Commit whose signature is verified.
    pub(crate) fn do_add_commit(commit: &SignedStatement) -> Result<(), Error<T>> {
        let (record, at) = Self::left_out(commit)?;
        let active = ActiveSet::<T>::get();
        let added = SignerBitmap::new(active.members.len(), [at]);
        SessionTallies::<T>::mutate(|tallies| {
            if let Some(tally) = tallies.members.get_mut(usize::from(at)) {
                tally.signed = tally.signed.saturating_add(1);
            }
            Self::note_seen(&record.reporter, &active, &added, tallies);
        });
        let signers = record.signers.iter().chain([at]);
        let signers = SignerBitmap::new(active.members.len(), signers);
        Certificates::<T>::insert(commit.height, CertificateRecord { signers, ..record });
        if let Some(member) = active.members.get(usize::from(at)) {
            Self::deposit_event(Event::CommitAdded {
                node: member.node.clone(),
                height: commit.height,
            });
        }
        Ok(())
    }

    /// The certificate that left a Commit out, and the position of its signer in the elected set.
    /// Does not look at the signature.
    fn left_out(
        commit: &SignedStatement,
    ) -> Result<(CertificateRecord<T::AccountId>, AuthorityIndex), Error<T>> {
        let signer = T::Commits::commit_signer(commit).ok_or(Error::<T>::NotACommit)?;
        let record = Certificates::<T>::get(commit.height).ok_or(Error::<T>::CertificateUnknown)?;
        let active = ActiveSet::<T>::get();
        ensure!(
            record.election == active.election,
            Error::<T>::CertificateUnknown
        );
        let at = active.position(&signer).ok_or(Error::<T>::NotACommit)? as AuthorityIndex;
        ensure!(!record.signers.contains(at), Error::<T>::NotLeftOut);
        Ok((record, at))
    }

    /// The height of the block under execution.
    pub(crate) fn height() -> Height {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }
}
