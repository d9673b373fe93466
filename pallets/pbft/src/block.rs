// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Author, view and time of the block under execution, and who signed its parent.

use crate::{
    service_time, BlockInfo, CertificateNoted, Config, CurrentBlock, CurrentTiming, DecidingSet,
    Error, LastTimestamp, OutgoingSet, Pallet, ParentSet, ServiceTime, SessionParticipation,
};
use codec::DecodeAll;
use frame_support::{
    ensure,
    traits::{FindAuthor, OnTimestampSet},
};
use hansa_pbft_primitives::{OnCertificate, ParentCertificate, PreDigest, PBFT_ENGINE_ID};
use sp_runtime::{traits::One, ConsensusEngineId, Digest, DispatchError};

impl<T: Config> Pallet<T> {
    /// Note author and view of the block that begins, by its header's digest; `deciding` decides it.
    pub(crate) fn note_block(digest: &Digest, deciding: DecidingSet<T::AccountId>) {
        let Some(digest) = PreDigest::find(digest) else {
            return;
        };
        let Some(account) = deciding.accounts.get(usize::from(digest.author)).cloned() else {
            return;
        };
        CurrentBlock::<T>::put(BlockInfo {
            view: digest.view,
            author: digest.author,
            account,
            timestamp_ms: digest.timestamp_ms,
        });
        SessionParticipation::<T>::mutate(|all| {
            if let Some(one) = all.get_mut(usize::from(digest.author)) {
                one.authored = one.authored.saturating_add(1);
            }
        });
    }

    /// Check a certificate's form and weight, and credit its signers. Returns the number of
    /// authorities of the set that decided the parent.
    pub(crate) fn do_note_parent_certificate(
        certificate: &ParentCertificate,
    ) -> Result<u32, DispatchError> {
        ensure!(
            frame_system::Pallet::<T>::block_number() > One::one(),
            Error::<T>::CertificateUnexpected
        );
        ensure!(!CertificateNoted::<T>::get(), Error::<T>::CertificateTwice);
        let parent = Self::parent_set();
        certificate
            .signers
            .check_quorum(&parent.set)
            .map_err(|_| Error::<T>::NoQuorum)?;
        CertificateNoted::<T>::put(true);

        let signed = |index: usize| {
            u16::try_from(index).is_ok_and(|index| certificate.signers.contains(index))
        };
        // A certificate of a set that is gone belongs to a session that is over.
        if !ParentSet::<T>::exists() && !OutgoingSet::<T>::exists() {
            SessionParticipation::<T>::mutate(|all| {
                for (_, one) in all.iter_mut().enumerate().filter(|(i, _)| signed(*i)) {
                    one.signed = one.signed.saturating_add(1);
                }
            });
        }
        let reporter = CurrentBlock::<T>::get().map(|block| block.account);
        T::OnCertificate::on_certificate(
            reporter.as_ref(),
            parent
                .accounts
                .iter()
                .enumerate()
                .map(|(i, account)| (account, signed(i))),
        );
        Ok(parent.accounts.len() as u32)
    }
}

/// Holds the timestamp against the header's, and lets the service time run.
impl<T: Config> OnTimestampSet<u64> for Pallet<T> {
    fn on_timestamp_set(now_ms: u64) {
        match CurrentBlock::<T>::get() {
            Some(block) => assert_eq!(
                block.timestamp_ms, now_ms,
                "the timestamp must be the one in the pre-runtime digest"
            ),
            // Benchmarks set the time without a header.
            None if cfg!(feature = "runtime-benchmarks") => {}
            None => panic!(
                "the header must have one pre-runtime digest of pBFT, which names an authority"
            ),
        }
        if let Some(last_ms) = LastTimestamp::<T>::get() {
            let step = service_time::step_ms(last_ms, now_ms, &CurrentTiming::<T>::get());
            ServiceTime::<T>::mutate(|time| *time = time.saturating_add(step));
        }
        LastTimestamp::<T>::put(now_ms);
    }
}

/// The author by the pre-runtime digest, in the set that decides the block.
impl<T: Config> FindAuthor<T::AccountId> for Pallet<T> {
    fn find_author<'a, I>(digests: I) -> Option<T::AccountId>
    where
        I: 'a + IntoIterator<Item = (ConsensusEngineId, &'a [u8])>,
    {
        let mut bytes = digests
            .into_iter()
            .find_map(|(id, bytes)| (id == PBFT_ENGINE_ID).then_some(bytes))?;
        let digest = PreDigest::decode_all(&mut bytes).ok()?;
        Self::deciding_set()
            .accounts
            .get(usize::from(digest.author))
            .cloned()
    }
}
