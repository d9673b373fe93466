// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The ballot on the hard limit.

use crate::{
    ballot::{counted, may_propose, passes},
    Ballot, Cast, Chain, ChainActivity, ChainVotes, Config, CurrentBallot, DeployerVotes, Error,
    Event, HardLimit, LastBallot, Pallet, TotalActivity,
};
use frame_support::{ensure, traits::Get};
use hansa_dappchain_primitives::{BallotIndex, ChainId, ChainState, Seconds};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The number of the period in which blocks count together.
    pub(crate) fn activity_period(now: Seconds) -> u32 {
        now.checked_div(T::ActivityPeriod::get()).unwrap_or(0)
    }

    /// A live chain of which `who` is the owner.
    fn ensure_voter(
        who: &T::AccountId,
        chain: ChainId,
    ) -> Result<Chain<T::AccountId>, DispatchError> {
        let record = Self::ensure_owner(who, chain)?;
        ensure!(record.state == ChainState::Live, Error::<T>::WrongState);
        Ok(record)
    }

    pub(crate) fn do_propose(who: T::AccountId, chain: ChainId, limit: u32) -> DispatchResult {
        Self::ensure_voter(&who, chain)?;
        ensure!(CurrentBallot::<T>::get().is_none(), Error::<T>::BallotOpen);
        ensure!(
            may_propose(HardLimit::<T>::get(), limit, T::LimitStep::get()),
            Error::<T>::LimitOutOfBounds
        );
        let now = Self::now();
        // The last full period; there is none in the first.
        let period = Self::activity_period(now)
            .checked_sub(1)
            .ok_or(Error::<T>::NoWeight)?;
        ensure!(
            ChainActivity::<T>::get(chain).of(period) > 0,
            Error::<T>::NoWeight
        );
        let index = LastBallot::<T>::get().saturating_add(1);
        let ballot = Ballot {
            index,
            proposed: limit,
            proposer: chain,
            ends_at: now.saturating_add(T::VotingPeriod::get()),
            period,
            total: TotalActivity::<T>::get().of(period),
            ayes: 0,
            nays: 0,
        };
        LastBallot::<T>::put(index);
        CurrentBallot::<T>::put(ballot);
        Self::deposit_event(Event::BallotOpened {
            ballot: index,
            proposed: limit,
            proposer: chain,
            ends_at: ballot.ends_at,
        });
        Ok(())
    }

    pub(crate) fn do_vote(
        who: T::AccountId,
        chain: ChainId,
        index: BallotIndex,
        aye: bool,
    ) -> DispatchResult {
        let record = Self::ensure_voter(&who, chain)?;
        let mut ballot = CurrentBallot::<T>::get()
            .filter(|ballot| ballot.index == index)
            .ok_or(Error::<T>::NoBallot)?;
        ensure!(
            ChainVotes::<T>::get(chain) < index,
            Error::<T>::AlreadyVoted
        );
        let mut cast = DeployerVotes::<T>::get(&record.deployer);
        if cast.ballot != index {
            cast = Cast {
                ballot: index,
                weight: 0,
            };
        }
        let weight = counted(
            ChainActivity::<T>::get(chain).of(ballot.period),
            cast.weight,
            ballot.total,
            T::DeployerCap::get(),
        );
        ensure!(weight > 0, Error::<T>::NoWeight);
        cast.weight = cast.weight.saturating_add(weight);
        let side = if aye {
            &mut ballot.ayes
        } else {
            &mut ballot.nays
        };
        *side = side.saturating_add(weight);
        DeployerVotes::<T>::insert(&record.deployer, cast);
        ChainVotes::<T>::insert(chain, index);
        CurrentBallot::<T>::put(ballot);
        Self::deposit_event(Event::Voted {
            ballot: index,
            chain,
            aye,
            weight,
        });
        Ok(())
    }

    /// Carry out a ballot that is over.
    pub(crate) fn close_ballot(now: Seconds) {
        let Some(ballot) = CurrentBallot::<T>::get().filter(|ballot| ballot.ends_at <= now) else {
            return;
        };
        CurrentBallot::<T>::kill();
        let passed = passes(ballot.ayes, ballot.nays, ballot.total, T::Turnout::get());
        if passed {
            HardLimit::<T>::put(ballot.proposed);
        }
        Self::deposit_event(Event::BallotClosed {
            ballot: ballot.index,
            passed,
            limit: HardLimit::<T>::get(),
        });
    }
}
