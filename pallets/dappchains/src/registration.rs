// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! Registering, giving up and handing over chains.

use crate::{
    cost, name, states, Chain, ChainActivity, ChainVotes, Chains, Config, Deployed, Due, Error,
    Event, FrozenRecords, GoneReason, HardLimit, Name, Names, NextChainId, Notice, Pallet, Said,
    Spec, Specs, StandardCode, StandardRuntimes,
};
use frame_support::{
    ensure,
    traits::{Get, QueryPreimage},
};
use hansa_allocation_primitives::{Allocation, AllocationError, Phase, Term};
use hansa_dappchain_primitives::{
    Balance, ChainId, ChainState, Hash, PatchBytes, PropertiesBytes, RuntimeSource,
    RuntimeVersionId, Seconds, MAX_NODES, MIN_NODES,
};
use sp_runtime::{traits::BlockNumberProvider, DispatchError, DispatchResult};
use states::{Next, Step};

/// What an entry of [`Due`] is called: in the order of time.
pub(crate) fn due_key(at: Seconds, chain: ChainId) -> [u8; 8] {
    (u64::from(at) << 32 | u64::from(chain)).to_be_bytes()
}

/// The time and the chain of an entry of [`Due`].
pub(crate) fn read_due_key(key: [u8; 8]) -> (Seconds, ChainId) {
    let both = u64::from_be_bytes(key);
    ((both >> 32) as Seconds, both as ChainId)
}

impl<T: Config> Pallet<T> {
    /// The service time.
    pub(crate) fn now() -> Seconds {
        T::ServiceClock::current_block_number()
    }

    /// A chain.
    pub(crate) fn chain_of(chain: ChainId) -> Result<Chain<T::AccountId>, DispatchError> {
        Ok(Chains::<T>::get(chain).ok_or(Error::<T>::NoSuchChain)?)
    }

    /// A chain of which `who` is the owner.
    pub(crate) fn ensure_owner(
        who: &T::AccountId,
        chain: ChainId,
    ) -> Result<Chain<T::AccountId>, DispatchError> {
        let record = Self::chain_of(chain)?;
        ensure!(record.owner == *who, Error::<T>::NotOwner);
        Ok(record)
    }

    /// Take a step in the life of a chain, as far as its record says: the caller does the rest, and
    /// stores it. None if it is gone.
    pub(crate) fn step(
        chain: ChainId,
        record: &mut Chain<T::AccountId>,
        step: Step,
    ) -> Result<Option<ChainState>, DispatchError> {
        let next = states::next(record.state, step).map_err(|_| Error::<T>::WrongState)?;
        Self::set_due(chain, record, None);
        match next {
            Next::State(state) => {
                record.state = state;
                Ok(Some(state))
            }
            Next::Gone => Ok(None),
        }
    }

    /// When the chain is to be looked at next.
    pub(crate) fn set_due(
        chain: ChainId,
        record: &mut Chain<T::AccountId>,
        due_at: Option<Seconds>,
    ) {
        if let Some(at) = record.due_at {
            Due::<T>::remove(due_key(at, chain));
        }
        if let Some(at) = due_at {
            Due::<T>::insert(due_key(at, chain), ());
        }
        record.due_at = due_at;
    }

    /// The most nodes that can be asked for now.
    pub(crate) fn most_nodes() -> u32 {
        HardLimit::<T>::get()
            .min(T::Allocation::max_nodes())
            .min(MAX_NODES)
    }

    /// k of the next chain of `deployer`.
    pub(crate) fn nth(deployer: &T::AccountId) -> u32 {
        Deployed::<T>::get(deployer).saturating_add(1)
    }

    /// The deployment stake now.
    pub(crate) fn stake_for(deployer: &T::AccountId, nodes: u32) -> Option<Balance> {
        cost::deployment_stake(
            nodes,
            T::StakePerNode::get(),
            Self::nth(deployer),
            T::Allocation::open_pending_places(),
            &T::PlacesCurve::get(),
        )
    }

    pub(crate) fn do_register(
        who: T::AccountId,
        name: Name,
        nodes: u32,
        runtime: RuntimeSource,
        (patch, properties): (PatchBytes, PropertiesBytes),
        term: Option<Term>,
        max_stake: Balance,
    ) -> DispatchResult {
        Self::check_name(&name)?;
        ensure!(nodes >= MIN_NODES, Error::<T>::TooFewNodes);
        ensure!(nodes <= Self::most_nodes(), Error::<T>::TooManyNodes);
        let term = term.unwrap_or(T::Terms::get().default);
        ensure!(T::Terms::get().allow(&term), Error::<T>::TermOutOfBounds);
        for text in [&patch[..], &properties[..]] {
            ensure!(core::str::from_utf8(text).is_ok(), Error::<T>::NotText);
        }
        let stake = Self::stake_for(&who, nodes).ok_or(Error::<T>::StakeTooHigh)?;
        ensure!(stake <= max_stake, Error::<T>::StakeTooHigh);
        let (code, code_bytes) = Self::code_of(runtime)?;
        let bytes = [name.len(), patch.len(), properties.len()]
            .iter()
            .fold(code_bytes, |sum, len| sum.saturating_add(*len as u64));
        let deposit = Self::deposit_for(bytes);

        let chain = NextChainId::<T>::get().max(1);
        NextChainId::<T>::put(chain.checked_add(1).ok_or(Error::<T>::NoMoreIds)?);
        Self::hold_for_chain(&who, stake, deposit)?;
        T::Allocation::open(chain, nodes, term).map_err(Self::refused)?;
        T::Codes::request(&code);
        Deployed::<T>::mutate(&who, |count| *count = count.saturating_add(1));
        Names::<T>::insert(&name, chain);
        Specs::<T>::insert(
            chain,
            Spec {
                code,
                patch,
                properties,
            },
        );
        let record = Chain {
            name: name.clone(),
            deployer: who.clone(),
            owner: who.clone(),
            offered_to: None,
            payer: who.clone(),
            stake,
            deposit,
            state: ChainState::Pending,
            need: nodes,
            term,
            registered_at: Self::now(),
            due_at: None,
            live_at: None,
            attempt: 0,
            runtime,
            genesis: None,
        };
        Chains::<T>::insert(chain, record);
        Self::deposit_event(Event::Registered {
            chain,
            name,
            deployer: who,
            need: nodes,
            stake,
            deposit,
        });
        Ok(())
    }

    fn check_name(name: &Name) -> DispatchResult {
        name::check(name).map_err(|error| match error {
            name::NameError::Length => Error::<T>::NameLength,
            name::NameError::Character => Error::<T>::NameCharacter,
            name::NameError::LooksLikeId => Error::<T>::NameLooksLikeId,
            name::NameError::Reserved => Error::<T>::NameReserved,
        })?;
        ensure!(!Names::<T>::contains_key(name), Error::<T>::NameTaken);
        Ok(())
    }

    /// The hash of a code whose bytes are on the hub, and how many of them the deployer pays for.
    fn code_of(runtime: RuntimeSource) -> Result<(Hash, u64), DispatchError> {
        match runtime {
            RuntimeSource::Standard(version) => {
                let standard =
                    StandardRuntimes::<T>::get(version).ok_or(Error::<T>::NoSuchRuntime)?;
                Ok((standard.code, 0))
            }
            RuntimeSource::Stored(code) => {
                let bytes = T::Codes::len(&code).ok_or(Error::<T>::CodeMissing)?;
                Ok((code, bytes.into()))
            }
        }
    }

    /// The deposit for a spec, a code of the deployer's own included, of so many bytes.
    pub(crate) fn deposit_for(bytes: u64) -> Balance {
        T::DepositPerByte::get()
            .saturating_mul(bytes.into())
            .saturating_add(T::DepositBase::get())
    }

    pub(crate) fn do_add_runtime(version: RuntimeVersionId, code: Hash) -> DispatchResult {
        ensure!(
            !StandardRuntimes::<T>::contains_key(version),
            Error::<T>::RuntimeExists
        );
        ensure!(T::Codes::len(&code).is_some(), Error::<T>::CodeMissing);
        T::Codes::request(&code);
        StandardRuntimes::<T>::insert(version, StandardCode { code });
        Self::deposit_event(Event::StandardRuntimeAdded { version, code });
        Ok(())
    }

    pub(crate) fn do_cancel(who: T::AccountId, chain: ChainId) -> DispatchResult {
        let mut record = Self::ensure_owner(&who, chain)?;
        Self::step(chain, &mut record, Step::Cancel)?;
        Self::give_up(chain, record, GoneReason::Cancelled)
    }

    /// Forget a chain that was never live: its nodes go back to the pool, the stake back to its payer
    /// less the fee, and its name may be used again.
    pub(crate) fn give_up(
        chain: ChainId,
        record: Chain<T::AccountId>,
        reason: GoneReason,
    ) -> DispatchResult {
        T::Allocation::close(chain).map_err(Self::refused)?;
        let fee = T::GoneFee::get().mul_ceil(record.stake);
        Self::forfeit(&record.payer, fee);
        let returned = record.stake.saturating_sub(fee);
        Self::release_stake(&record.payer, returned)?;
        Self::release_deposit(&record.owner, record.deposit)?;
        Self::drop_spec(chain);
        Names::<T>::remove(&record.name);
        Deployed::<T>::mutate_exists(&record.deployer, |count| {
            let left = count.unwrap_or_default().saturating_sub(1);
            *count = (left > 0).then_some(left);
        });
        Chains::<T>::remove(chain);
        Self::deposit_event(Event::Gone {
            chain,
            reason,
            returned,
            fee,
        });
        Ok(())
    }

    /// Remove all that only a chain that has not ended needs.
    pub(crate) fn drop_spec(chain: ChainId) {
        if let Some(spec) = Specs::<T>::take(chain) {
            T::Codes::unrequest(&spec.code);
        }
        FrozenRecords::<T>::remove(chain);
        Said::<T>::remove(chain);
        ChainActivity::<T>::remove(chain);
        ChainVotes::<T>::remove(chain);
    }

    /// Announce the end of a live or degraded chain, in the allocation too.
    pub(crate) fn begin_retirement(chain: ChainId) -> DispatchResult {
        Self::announce_end(chain)?;
        T::Allocation::set_phase(chain, Phase::Retiring).map_err(Self::refused)
    }

    /// The part of [`begin_retirement`](Self::begin_retirement) that is the registry's.
    pub(crate) fn announce_end(chain: ChainId) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        Self::step(chain, &mut record, Step::Retire)?;
        let due_at = Self::now().saturating_add(Notice::<T>::get());
        Self::set_due(chain, &mut record, Some(due_at));
        Chains::<T>::insert(chain, record);
        Self::deposit_event(Event::Retiring { chain, due_at });
        Ok(())
    }

    pub(crate) fn do_offer(
        who: T::AccountId,
        chain: ChainId,
        to: Option<T::AccountId>,
    ) -> DispatchResult {
        let mut record = Self::ensure_owner(&who, chain)?;
        ensure!(record.state != ChainState::Retired, Error::<T>::WrongState);
        record.offered_to.clone_from(&to);
        Chains::<T>::insert(chain, record);
        Self::deposit_event(Event::OwnershipOffered { chain, to });
        Ok(())
    }

    pub(crate) fn do_accept(who: T::AccountId, chain: ChainId) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        ensure!(
            record.offered_to.as_ref() == Some(&who),
            Error::<T>::NotOffered
        );
        ensure!(record.state != ChainState::Retired, Error::<T>::WrongState);
        record.offered_to = None;
        let from = core::mem::replace(&mut record.owner, who.clone());
        Self::hand_over_deposit(&from, &who, record.deposit)?;
        if record.state.is_unborn() {
            Self::hand_over_stake(&record.payer, &who, record.stake)?;
            record.payer = who.clone();
        }
        Chains::<T>::insert(chain, record);
        Self::deposit_event(Event::OwnershipTransferred {
            chain,
            from,
            to: who,
        });
        Ok(())
    }

    /// What the allocation refuses, as an error of this pallet.
    pub(crate) fn refused(error: AllocationError) -> DispatchError {
        match error {
            AllocationError::TooManyChains => Error::<T>::TooManyChains,
            AllocationError::BadNeed => Error::<T>::TooManyNodes,
            _ => Error::<T>::WrongState,
        }
        .into()
    }
}
