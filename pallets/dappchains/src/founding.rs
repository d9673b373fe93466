// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! From complete nodes to a live chain, and the states that end by themselves.

use crate::{
    forming::{verdict, Outcome, Verdict},
    payout::{shares, Wait},
    states::Step,
    Call, Chain, Chains, Config, Due, Error, Event, Frozen, FrozenRecords, GoneReason, Pallet,
    RoutesToClose, Said, Seat, Seats, Vacant, WeightInfo, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionValidityWithRefund, ValidTransaction},
    storage::with_storage_layer,
    traits::Get,
    weights::Weight,
};
use frame_system::{
    offchain::{CreateAuthorizedTransaction, SubmitTransaction},
    pallet_prelude::BlockNumberFor,
};
use hansa_allocation_primitives::{Allocation, Phase};
use hansa_dappchain_primitives::{
    genesis::confirm_payload, AssignedNode, ChainId, ChainLives, ChainState, CheckpointOf, Founder,
    Hash, KeysOf, OwnNodes, Seconds, GENESIS_FORMAT,
};
use hansa_interchain_primitives::traits::{CloseRoute, Closing};
use hansa_pbft_primitives::AuthoritySignature;
use sp_runtime::{
    traits::Zero,
    transaction_validity::{InvalidTransaction, TransactionLongevity, TransactionPriority},
    DispatchError, DispatchResult, RuntimeAppPublic,
};

/// For how many blocks a confirmation that is in no block yet is taken for valid without being looked at
/// again.
const LONGEVITY: TransactionLongevity = 64;

/// Confirmations come before transactions that pay: a chain waits for them, and a founder has one.
const PRIORITY: TransactionPriority = TransactionPriority::MAX / 2;

/// After how many seconds it is looked again whether all value of a chain that has ended has come home.
pub(crate) const ROUTE_LOOK_INTERVAL: Seconds = 3_600;

impl<T: Config> Pallet<T> {
    /// The hash of the hub's genesis block.
    pub(crate) fn hub_genesis() -> Hash {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
    }

    /// A pending chain has its nodes: freeze what its genesis is made of.
    pub(crate) fn freeze(chain: ChainId) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        let now = Self::now();
        let founders: Vec<_> = T::Allocation::members(chain)
            .into_iter()
            .map(|member| Founder {
                keys: T::Keys::keys_of(&member.account),
                node: member.account,
                since: member.since,
            })
            .collect();
        let complete = founders.iter().all(|founder| founder.keys.is_some());
        let said = alloc::vec![None; founders.len()];
        let frozen = Frozen {
            format: GENESIS_FORMAT,
            owner: record.owner.clone(),
            founders: founders.try_into().map_err(|_| Error::<T>::TooManyNodes)?,
            hub: T::Checkpoint::checkpoint(),
            at: now,
        };
        Self::step(chain, &mut record, Step::Complete)?;
        // Without all keys there is no genesis to wait for.
        let due_at = if complete {
            now.saturating_add(T::FormingTime::get())
        } else {
            now
        };
        Self::set_due(chain, &mut record, Some(due_at));
        record.attempt = record.attempt.wrapping_add(1);
        Self::deposit_event(Event::Forming {
            chain,
            attempt: record.attempt,
            founders: frozen.founders.len() as u32,
            due_at,
        });
        Said::<T>::insert(
            chain,
            crate::Confirmations::try_from(said).map_err(|_| Error::<T>::TooManyNodes)?,
        );
        FrozenRecords::<T>::insert(chain, frozen);
        Chains::<T>::insert(chain, record);
        T::Allocation::set_phase(chain, Phase::Forming).map_err(Self::refused)
    }

    /// Whether a confirmation may enter the pool, or stand in a block. All that can fail in the call is
    /// looked at here: a call without a fee must not fail in a block.
    pub(crate) fn authorize_confirm(
        chain: ChainId,
        attempt: u16,
        seat: u32,
        outcome: &Option<Hash>,
        signature: &AuthoritySignature,
    ) -> TransactionValidityWithRefund {
        let founder = Self::check_confirm(chain, attempt, seat).map_err(invalid)?;
        let keys = founder
            .keys
            .ok_or(Error::<T>::FounderWithoutKeys)
            .map_err(invalid)?;
        let payload = confirm_payload(&Self::hub_genesis(), chain, attempt, *outcome);
        if !keys.pbft.verify(&payload, signature) {
            return Err(invalid(Error::<T>::BadSignature).into());
        }
        let validity = ValidTransaction::with_tag_prefix("hansa/dappchains/confirm")
            .and_provides((chain, attempt, seat))
            .priority(PRIORITY)
            .longevity(LONGEVITY)
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    /// Check all of a confirmation but its signature; returns whose it is.
    fn check_confirm(
        chain: ChainId,
        attempt: u16,
        seat: u32,
    ) -> Result<Founder<T::AccountId>, Error<T>> {
        let record = Chains::<T>::get(chain).ok_or(Error::<T>::NoSuchChain)?;
        ensure!(record.state == ChainState::Forming, Error::<T>::WrongState);
        ensure!(record.attempt == attempt, Error::<T>::WrongAttempt);
        let frozen = FrozenRecords::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
        ensure!(
            frozen.founders.iter().all(|founder| founder.keys.is_some()),
            Error::<T>::FounderWithoutKeys
        );
        let said = Said::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
        let index = usize::try_from(seat).unwrap_or(usize::MAX);
        let word = said.get(index).ok_or(Error::<T>::NoSuchFounder)?;
        ensure!(word.is_none(), Error::<T>::AlreadyConfirmed);
        let founder = frozen.founders.get(index);
        founder.cloned().ok_or(Error::<T>::NoSuchFounder)
    }

    pub(crate) fn do_confirm(
        chain: ChainId,
        attempt: u16,
        seat: u32,
        outcome: Outcome,
    ) -> DispatchResult {
        let founder = Self::check_confirm(chain, attempt, seat)?;
        let mut said = Said::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
        let index = usize::try_from(seat).unwrap_or(usize::MAX);
        if let Some(word) = said.get_mut(index) {
            *word = Some(outcome);
        }
        let verdict = verdict(&said, false);
        Said::<T>::insert(chain, said);
        Self::deposit_event(Event::GenesisConfirmed {
            chain,
            node: founder.node,
            outcome,
        });
        Self::carry_out(chain, verdict)
    }

    /// Do what follows from what founders said.
    fn carry_out(chain: ChainId, verdict: Verdict) -> DispatchResult {
        match verdict {
            Verdict::Wait => Ok(()),
            Verdict::Live(genesis) => Self::go_live(chain, genesis),
            Verdict::Dissolve => {
                let mut record = Self::chain_of(chain)?;
                Self::step(chain, &mut record, Step::Dissolve)?;
                Self::give_up(chain, record, GoneReason::Dissolved)
            }
            Verdict::Redraw(seats) => Self::redraw(chain, &seats),
        }
    }

    fn go_live(chain: ChainId, genesis: Hash) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        Self::step(chain, &mut record, Step::Confirm)?;
        record.genesis = Some(genesis);
        record.live_at = Some(Self::now());
        Said::<T>::remove(chain);
        Self::seat_founders(chain, &mut record)?;
        Chains::<T>::insert(chain, record);
        T::Allocation::set_phase(chain, Phase::Live).map_err(Self::refused)?;
        Self::deposit_event(Event::WentLive { chain, genesis });
        Self::tell_of_life(chain, genesis)
    }

    /// Tell who keeps the sets of chains that this one has its first.
    fn tell_of_life(chain: ChainId, genesis: Hash) -> DispatchResult {
        let frozen = FrozenRecords::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
        let founders = frozen.founders.into_iter().map(|founder| {
            let keys = founder.keys.ok_or(Error::<T>::FounderWithoutKeys)?;
            Ok::<_, Error<T>>(AssignedNode {
                node: founder.node,
                keys,
            })
        });
        let founders = founders.collect::<Result<Vec<_>, _>>()?;
        T::Lives::on_live(chain, genesis, &founders, frozen.hub.timestamp);
        Ok(())
    }

    /// Divide the stake among the founders.
    fn seat_founders(chain: ChainId, record: &mut Chain<T::AccountId>) -> DispatchResult {
        let frozen = FrozenRecords::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
        let waits: Vec<_> = frozen
            .founders
            .iter()
            .map(|founder| Wait {
                waited: frozen.at.saturating_sub(founder.since),
                own: Self::is_own(record, &founder.node),
            })
            .collect();
        let shares = shares(record.stake, T::PayoutDivision::get(), &waits);
        let given = shares.iter().fold(0u128, |sum, s| sum.saturating_add(*s));
        for (founder, share) in frozen.founders.iter().zip(shares) {
            Self::put_seat(chain, &founder.node, Seat { share, paid: 0 });
        }
        // All founders are the deployer's own: what it staked is for nobody.
        let rest = record.stake.saturating_sub(given);
        if rest > 0 {
            Self::forfeit(&record.payer, rest);
            record.stake = given;
        }
        Ok(())
    }

    /// Whether a node is to be paid nothing for this chain.
    pub(crate) fn is_own(record: &Chain<T::AccountId>, node: &T::AccountId) -> bool {
        [&record.deployer, &record.owner, &record.payer]
            .iter()
            .any(|account| T::OwnNodes::is_own(account, node) || *account == node)
    }

    /// Let the nodes in these seats go, and wait for others.
    fn redraw(chain: ChainId, seats: &[u32]) -> DispatchResult {
        let mut record = Self::chain_of(chain)?;
        Self::step(chain, &mut record, Step::Redraw)?;
        Chains::<T>::insert(chain, record);
        let frozen = FrozenRecords::<T>::take(chain).ok_or(Error::<T>::WrongState)?;
        Said::<T>::remove(chain);
        for (seat, founder) in (0u32..).zip(&frozen.founders) {
            if seats.binary_search(&seat).is_ok() {
                T::Allocation::remove_founder(chain, &founder.node).map_err(Self::refused)?;
            }
        }
        T::Allocation::set_phase(chain, Phase::Pending).map_err(Self::refused)?;
        Self::deposit_event(Event::FoundersRedrawn {
            chain,
            silent: seats.len() as u32,
        });
        Ok(())
    }

    /// Look at chains whose state has ended by itself. Returns the weight.
    pub(crate) fn handle_due(now: Seconds) -> Weight {
        let mut weight = Weight::zero();
        for _ in 0..T::DuePerBlock::get() {
            let Some(key) = Due::<T>::iter_keys().next() else {
                break;
            };
            let (at, chain) = crate::registration::read_due_key(key);
            if at > now {
                break;
            }
            match with_storage_layer(|| Self::end_state(chain)) {
                Ok(taken) => weight.saturating_accrue(taken),
                Err(error) => {
                    weight.saturating_accrue(T::WeightInfo::handle_due());
                    // It would come again in each block, and hold up all others.
                    Due::<T>::remove(key);
                    log::error!(target: LOG_TARGET, "chain {chain} is overdue since {at}: {error:?}");
                    Self::forget_due(chain, now);
                }
            }
        }
        weight
    }

    /// Look again at a chain that could not be dealt with, after a while.
    fn forget_due(chain: ChainId, now: Seconds) {
        if let Some(mut record) = Chains::<T>::get(chain) {
            let again = now.saturating_add(T::FormingTime::get());
            Self::set_due(chain, &mut record, Some(again));
            Chains::<T>::insert(chain, record);
        }
    }

    /// Returns the weight.
    fn end_state(chain: ChainId) -> Result<Weight, DispatchError> {
        let record = Self::chain_of(chain)?;
        let done = match record.state {
            ChainState::Retired => return Ok(Self::close_route(chain, record)),
            ChainState::Forming => {
                let keyless = Self::keyless(chain);
                if keyless.is_empty() {
                    let said = Said::<T>::get(chain).ok_or(Error::<T>::WrongState)?;
                    Self::carry_out(chain, verdict(&said, true))
                } else {
                    Self::redraw(chain, &keyless)
                }
            }
            ChainState::Retiring => Self::end(chain, record),
            _ => Err(Error::<T>::WrongState.into()),
        };
        done?;
        Ok(T::WeightInfo::handle_due())
    }

    /// Take a step to close the route of a chain that has ended. Returns the weight.
    fn close_route(chain: ChainId, mut record: Chain<T::AccountId>) -> Weight {
        let now = Self::now();
        let late = RoutesToClose::<T>::get(chain).is_none_or(|late_at| late_at <= now);
        let (closing, weight) = T::Routes::close_route(chain, late);
        let again = match closing {
            Closing::Done => {
                RoutesToClose::<T>::remove(chain);
                None
            }
            // Behind all others that are due now.
            Closing::GoesOn => Some(now.saturating_add(1)),
            Closing::Waits => Some(now.saturating_add(ROUTE_LOOK_INTERVAL)),
        };
        Self::set_due(chain, &mut record, again);
        Chains::<T>::insert(chain, record);
        weight.saturating_add(T::DbWeight::get().reads_writes(4, 4))
    }

    /// The seats of founders without keys.
    fn keyless(chain: ChainId) -> Vec<u32> {
        let founders = FrozenRecords::<T>::get(chain).map(|frozen| frozen.founders);
        (0u32..)
            .zip(founders.unwrap_or_default())
            .filter(|(_, founder)| founder.keys.is_none())
            .map(|(seat, _)| seat)
            .collect()
    }

    /// A chain's notice is over: its nodes return to the pool, what is vested is paid, the rest is for
    /// nobody, and the deposit goes back.
    fn end(chain: ChainId, mut record: Chain<T::AccountId>) -> DispatchResult {
        Self::step(chain, &mut record, Step::End)?;
        let now = Self::now();
        let seats: Vec<_> = Seats::<T>::drain_prefix(chain).collect();
        for (node, seat) in seats {
            let amount = Self::claimable(&record, &seat, now);
            if amount > 0 && Self::pay_seat(chain, &record.payer, &node, amount).is_ok() {
                record.stake = record.stake.saturating_sub(amount);
            }
        }
        Vacant::<T>::remove(chain);
        let forfeited = core::mem::take(&mut record.stake);
        Self::forfeit(&record.payer, forfeited);
        Self::release_deposit(&record.owner, core::mem::take(&mut record.deposit))?;
        record.offered_to = None;
        Self::drop_spec(chain);
        RoutesToClose::<T>::insert(chain, now.saturating_add(T::RouteLinger::get()));
        Self::set_due(chain, &mut record, Some(now.saturating_add(1)));
        Chains::<T>::insert(chain, record);
        T::Allocation::close(chain).map_err(Self::refused)?;
        T::Lives::on_ended(chain);
        Self::deposit_event(Event::Retired { chain, forfeited });
        Ok(())
    }
}

impl<T: Config + CreateAuthorizedTransaction<Call<T>>> Pallet<T> {
    /// Put a confirmation into the local pool: for the runtime API.
    pub fn submit_confirm(
        chain: ChainId,
        attempt: u16,
        seat: u32,
        outcome: Outcome,
        signature: AuthoritySignature,
    ) -> Option<()> {
        let call = Call::confirm_genesis {
            chain,
            attempt,
            seat,
            outcome,
            signature,
        };
        let transaction = T::create_authorized_transaction(call.into());
        SubmitTransaction::<T, Call<T>>::submit_transaction(transaction).ok()
    }
}

/// Why a confirmation is not taken. What may hold later, or held before, is told apart from what never
/// does.
fn invalid<T>(error: Error<T>) -> InvalidTransaction {
    match error {
        Error::<T>::AlreadyConfirmed | Error::<T>::WrongState => InvalidTransaction::Stale,
        Error::<T>::BadSignature => InvalidTransaction::BadProof,
        _ => InvalidTransaction::Call,
    }
}
