// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What the hub recorded of a chain that lost its quorum, in place of a hand-over.
//!
//! The light client of such a chain goes on by the record: on a proof, under a stored header of this chain's hub, that the
//! hub has made it, and when. A chain without a hub, the hub itself among them, takes none.

use crate::{
    authorize::{bad_proof, in_block, invalid, valid},
    Clients, Config, Error, Pallet, Routes, WeightInfo,
};
use frame_support::{ensure, pallet_prelude::TransactionValidityWithRefund, weights::Weight};
use hansa_interchain_primitives::{
    claims,
    recovery::{Record, Recovered, Recoveries},
    ChainId, Height, Moment, StorageProof,
};
use sp_runtime::transaction_validity::TransactionSource;

impl<T: Config> Pallet<T> {
    pub(crate) fn authorize_recovery(
        source: TransactionSource,
        peer: &ChainId,
        record: &Record,
        hub: &ChainId,
        at: &Moment,
        height: &Height,
        proof: &StorageProof,
    ) -> TransactionValidityWithRefund {
        in_block(&source)?;
        let (peer, hub, at) = (*peer, *hub, *at);
        let facts = Self::check_recovery(peer, hub, record).map_err(invalid)?;
        Self::check_block(1).map_err(invalid)?;
        let header = Self::known_header(hub, *height).map_err(invalid)?;
        let (set, hash) = (facts.set.id, facts.hash);
        let update = Self::learn_recovery(peer, facts.head, facts.set, at).map_err(invalid)?;
        // Whoever was in the set when it was recorded may have left it since.
        ensure!(
            !update.state.is_expired(Self::now()),
            invalid(Error::<T>::NotTrusted)
        );
        claims::verify_recovery(&header.state_root, peer, set, &hash, at, proof)
            .map_err(|error| bad_proof::<T>(hub, error))?;
        let validity = valid("hansa/interchain/recovery")
            .and_provides((peer, set))
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// All that can be said of a record without its proof. Returns what it says.
    fn check_recovery(peer: ChainId, hub: ChainId, record: &Record) -> Result<Recovered, Error<T>> {
        let route = Routes::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        let to_hub = Routes::<T>::get(hub).ok_or(Error::<T>::NoRoute)?;
        ensure!(to_hub.hub && !route.hub, Error::<T>::NotOurHub);
        ensure!(!to_hub.suspended, Error::<T>::Suspended);
        let client = Clients::<T>::get(peer).ok_or(Error::<T>::NoRoute)?;
        ensure!(!client.frozen, Error::<T>::NotTrusted);
        let facts = T::Recoveries::facts(record).ok_or(Error::<T>::BadRecord)?;
        ensure!(
            (facts.chain, facts.genesis) == (peer, client.genesis),
            Error::<T>::BadRecord
        );
        // Any later one: records of the same head that came before may never have been shown here.
        ensure!(facts.set.id > client.set_id, Error::<T>::AlreadyDone);
        // The set before may have decided more, as this chain knows, or less, as far as it knows yet.
        let (height, hash) = facts.head;
        ensure!(height >= client.latest.height, Error::<T>::AlreadyDone);
        ensure!(height == client.latest.height, Error::<T>::Ahead);
        ensure!(hash == client.latest.hash, Error::<T>::BadRecord);
        Ok(facts)
    }

    pub(crate) fn do_recover_client(
        peer: ChainId,
        record: &Record,
        at: Moment,
    ) -> Result<(), Error<T>> {
        let facts = T::Recoveries::facts(record).ok_or(Error::<T>::BadRecord)?;
        Self::use_block(1)?;
        Self::do_recover(peer, facts.head, facts.set, at)
    }

    /// What checking a record costs: its proof, and as much as taking it.
    pub(crate) fn weight_of_authorize_recovery(proof: &StorageProof) -> Weight {
        Self::weight_of_proof(proof).saturating_add(<T as Config>::WeightInfo::recover_client())
    }
}
