// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What must hold of the pallet's storage between blocks.

use crate::{
    registration::due_key, Ballot, Chain, ChainActivity, ChainVotes, Chains, Config, CurrentBallot,
    Deployed, Due, FrozenRecords, HardLimit, HoldReason, LastBallot, Names, NextChainId, Pallet,
    RoutesToClose, Said, Seats, Specs, Vacant,
};
use alloc::collections::BTreeMap;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, QueryPreimage},
};
use hansa_dappchain_primitives::{Balance, ChainId, ChainState, MAX_NODES, MIN_NODES};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check the invariants:
    ///
    /// 1. Each chain has a name, and each name one chain; all ids are below the next one.
    /// 2. A chain needs at least four nodes, and at most as many as any may ever have.
    /// 3. What is stored of a chain fits its state: a spec, with its code's bytes, until it ends; a frozen
    ///    record from forming on until it ends; founders' words while it is forming, one for each founder
    ///    at most; a genesis and a time since when it is live from then on; a time at which the state ends
    ///    if it is forming or retiring, or at which its route is to be closed once it has ended; no deposit or stake
    ///    then.
    /// 4. The entries of what ends by itself are those of the chains.
    /// 5. The number of an account's deployments is that of its chains.
    /// 6. What is on hold in each account is what its chains say: stakes, and deposits.
    /// 7. The stake of a chain that has been live is what its seats, taken and vacant, are still to get;
    ///    no seat was paid more than its share, and no other chain has any.
    /// 8. Nothing is stored of votes, blocks or specs of chains that there are not.
    /// 9. The hard limit, and the one that a ballot proposes, are within the bounds; the ballot is the
    ///    last one, and no more was cast than there is.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let mut sums = Sums::default();
        for (chain, record) in Chains::<T>::iter() {
            Self::check_chain(chain, &record)?;
            Self::check_state(chain, &record)?;
            Self::check_seats(chain, &record)?;
            sums.add(&record);
        }
        ensure!(
            Names::<T>::iter().count() == Chains::<T>::iter_keys().count(),
            "1: there is a name without a chain"
        );
        let due = Chains::<T>::iter().filter(|(_, record)| record.due_at.is_some());
        ensure!(
            Due::<T>::iter_keys().count() == due.count(),
            "4: there is an entry that is no chain's"
        );
        ensure!(
            Deployed::<T>::iter().collect::<BTreeMap<_, _>>() == sums.deployed,
            "5: an account has another number of chains than is counted"
        );
        Self::check_holds(&sums)?;
        Self::check_orphans()?;
        Self::check_ballot(CurrentBallot::<T>::get())
    }

    fn check_chain(chain: ChainId, record: &Chain<T::AccountId>) -> Result<(), TryRuntimeError> {
        ensure!(
            chain > 0 && chain < NextChainId::<T>::get(),
            "1: an id is out of bounds"
        );
        ensure!(
            Names::<T>::get(&record.name) == Some(chain),
            "1: a chain's name is not its own"
        );
        ensure!(
            (MIN_NODES..=MAX_NODES).contains(&record.need),
            "2: a chain needs too few nodes, or too many"
        );
        if let Some(at) = record.due_at {
            ensure!(
                Due::<T>::contains_key(due_key(at, chain)),
                "4: a chain's state does not end by itself as it says"
            );
        }
        Ok(())
    }

    fn check_state(chain: ChainId, record: &Chain<T::AccountId>) -> Result<(), TryRuntimeError> {
        use ChainState::{Forming, Pending, Retired, Retiring};
        let state = record.state;
        let ended = state == Retired;
        let spec = Specs::<T>::get(chain);
        ensure!(
            spec.is_some() != ended,
            "3: a spec is missing, or left over"
        );
        ensure!(
            spec.is_none_or(|spec| T::Codes::len(&spec.code).is_some()),
            "3: the bytes of a chain's code are not on the hub"
        );
        let frozen = FrozenRecords::<T>::get(chain);
        ensure!(
            frozen.is_some() != (ended || state == Pending),
            "3: a frozen record is missing, or left over"
        );
        let said = Said::<T>::get(chain).map(|said| said.len());
        let founders = frozen.map(|frozen| frozen.founders.len());
        ensure!(
            said == founders.filter(|_| state == Forming),
            "3: the words of founders are missing, or left over"
        );
        ensure!(
            record.live_at.is_some() != state.is_unborn()
                && record.genesis.is_some() != state.is_unborn(),
            "3: a genesis is missing, or there too early"
        );
        let closing = RoutesToClose::<T>::contains_key(chain);
        ensure!(
            ended || !closing,
            "3: the route of a chain that has not ended is closed"
        );
        ensure!(
            record.due_at.is_some() == (matches!(state, Forming | Retiring) || closing),
            "3: a state that ends by itself has no time, or another one has"
        );
        ensure!(
            !ended || (record.deposit == 0 && record.stake == 0 && record.offered_to.is_none()),
            "3: a chain that has ended has something still"
        );
        ensure!(
            !state.is_unborn() || record.payer == record.owner,
            "3: the stake of a chain that is not live is not its owner's"
        );
        Ok(())
    }

    fn check_seats(chain: ChainId, record: &Chain<T::AccountId>) -> Result<(), TryRuntimeError> {
        let taken = Seats::<T>::iter_prefix_values(chain);
        let mut rest: Balance = 0;
        for seat in taken.chain(Vacant::<T>::get(chain)) {
            ensure!(
                seat.paid < seat.share,
                "7: a seat was paid its share or more, and is there still"
            );
            rest = rest.saturating_add(seat.rest());
        }
        let expected = if record.state.is_unborn() {
            0
        } else {
            record.stake
        };
        ensure!(rest == expected, "7: the seats are not the stake");
        Ok(())
    }

    fn check_holds(sums: &Sums<T::AccountId>) -> Result<(), TryRuntimeError> {
        for (reason, held) in [
            (HoldReason::Stake, &sums.stakes),
            (HoldReason::Spec, &sums.deposits),
        ] {
            let reason = reason.into();
            for (account, amount) in held {
                ensure!(
                    T::Currency::balance_on_hold(&reason, account) == *amount,
                    "6: another amount is on hold than the chains say"
                );
            }
        }
        Ok(())
    }

    fn check_orphans() -> Result<(), TryRuntimeError> {
        let stored = |chain: &ChainId| Specs::<T>::contains_key(chain);
        ensure!(
            Specs::<T>::iter_keys().all(Chains::<T>::contains_key)
                && FrozenRecords::<T>::iter_keys().all(|chain| stored(&chain))
                && Said::<T>::iter_keys().all(|chain| stored(&chain))
                && ChainActivity::<T>::iter_keys().all(|chain| stored(&chain))
                && ChainVotes::<T>::iter_keys().all(|chain| stored(&chain))
                && RoutesToClose::<T>::iter_keys().all(Chains::<T>::contains_key)
                && Vacant::<T>::iter_keys().all(|chain| stored(&chain))
                && Seats::<T>::iter_keys().all(|(chain, _)| stored(&chain)),
            "8: something is stored of a chain that there is not"
        );
        Ok(())
    }

    fn check_ballot(ballot: Option<Ballot>) -> Result<(), TryRuntimeError> {
        let bounds = MIN_NODES..=MAX_NODES;
        ensure!(
            bounds.contains(&HardLimit::<T>::get()),
            "9: the hard limit is out of bounds"
        );
        if let Some(ballot) = ballot {
            ensure!(
                bounds.contains(&ballot.proposed),
                "9: the limit that is proposed is out of bounds"
            );
            ensure!(
                ballot.index == LastBallot::<T>::get(),
                "9: the ballot is not the last one"
            );
            ensure!(
                ballot.ayes.saturating_add(ballot.nays) <= ballot.total,
                "9: more was cast than there is"
            );
        }
        Ok(())
    }
}

/// What the chains say of accounts.
pub(crate) struct Sums<AccountId> {
    deployed: BTreeMap<AccountId, u32>,
    stakes: BTreeMap<AccountId, Balance>,
    deposits: BTreeMap<AccountId, Balance>,
}

impl<AccountId> Default for Sums<AccountId> {
    fn default() -> Self {
        Self {
            deployed: BTreeMap::new(),
            stakes: BTreeMap::new(),
            deposits: BTreeMap::new(),
        }
    }
}

impl<AccountId: Ord + Clone> Sums<AccountId> {
    fn add(&mut self, record: &Chain<AccountId>) {
        let count = self.deployed.entry(record.deployer.clone()).or_default();
        *count = count.saturating_add(1);
        let stake = self.stakes.entry(record.payer.clone()).or_default();
        *stake = stake.saturating_add(record.stake);
        let deposit = self.deposits.entry(record.owner.clone()).or_default();
        *deposit = deposit.saturating_add(record.deposit);
    }
}
