// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the supervisor asks of the hub, and the real one.

use crate::{launcher::Recorded, witness::Accusation};
use hansa_allocation_primitives::{
    api::{AllocationApi, NodePlace, NodeStatus, OwedAnswer, ROLL_CALL_API_VERSION},
    BeaconId, BeaconSignature, Head, MemberPhase, Seconds,
};
use hansa_dappchain_primitives::{
    api::{ChainView, DappChainSetsApi, DappChainsApi, GenesisRecord, RECOVERY_API_VERSION},
    ChainId, SetOrdinal,
};
use hansa_interchain_primitives::api::{self as interchain, InterchainApi};
use hansa_local_chain::LocalChain;
use hansa_pbft_primitives::{AuthoritySignature, PbftApi, PreDigest, SetId};
use hansa_primitives::{AccountId, Block, Hash};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::{Error, HeaderBackend};

/// A chain that may be a hub. Blocks are named by their hashes.
pub trait Hub: Send + Sync + 'static {
    /// The hash of the genesis block.
    fn genesis(&self) -> Hash;

    /// The last final block.
    fn head(&self) -> Hash;

    /// When this block was made, by its own time, in milliseconds since 1970; none of genesis, and of one that is not known.
    fn made_at_ms(&self, at: Hash) -> Result<Option<u64>, Error>;

    /// Whether the runtime at this block has a node pool and a registry of DappChains.
    fn is_hub(&self, at: Hash) -> Result<bool, Error>;

    /// The node with `key`; none if it is not in the pool.
    fn node(&self, at: Hash, key: &BeaconId) -> Result<Option<NodeStatus<AccountId>>, Error>;

    /// A DappChain; none if there is no such chain.
    fn chain(&self, at: Hash, chain: ChainId) -> Result<Option<ChainView<AccountId>>, Error>;

    /// What a chain's genesis is made of; none before its nodes are complete.
    fn genesis_record(
        &self,
        at: Hash,
        chain: ChainId,
    ) -> Result<Option<GenesisRecord<AccountId>>, Error>;

    /// Whether the founder in `seat` of a forming chain has said what it found.
    fn has_confirmed(&self, at: Hash, chain: ChainId, seat: u32) -> Result<bool, Error>;

    /// Put a founder's word into the own pool of transactions; false if that does not take it.
    fn submit_genesis(
        &self,
        at: Hash,
        record: &GenesisRecord<AccountId>,
        seat: u32,
        outcome: Option<Hash>,
        signature: AuthoritySignature,
    ) -> Result<bool, Error>;

    /// Put the word of a node that is ready to serve a chain into the own pool of transactions; false if that
    /// does not take it.
    fn submit_ready(
        &self,
        at: Hash,
        chain: ChainId,
        account: &AccountId,
        head: Head,
        signature: BeaconSignature,
    ) -> Result<bool, Error>;

    /// The answer that the node with `key` owes, as the roll of its chain is called; none if it owes none.
    fn owed_answer(&self, at: Hash, key: &BeaconId)
        -> Result<Option<OwedAnswer<AccountId>>, Error>;

    /// Put such an answer into the own pool of transactions; false if that does not take it.
    fn submit_answer(
        &self,
        at: Hash,
        chain: ChainId,
        account: &AccountId,
        signature: BeaconSignature,
    ) -> Result<bool, Error>;

    /// The highest block of a chain that was proven to the hub; none if it has no route to the chain.
    fn proven_head(&self, at: Hash, chain: ChainId) -> Result<Option<Head>, Error>;

    /// The last record of a set in place of one of the chain's that lost its quorum; none if there is none.
    fn recovery(&self, at: Hash, chain: ChainId) -> Result<Option<Recorded>, Error>;

    /// The hash of the record by which the set with this id came to decide on a chain; none if there is none.
    fn recovery_hash(&self, at: Hash, chain: ChainId, set: SetId) -> Result<Option<Hash>, Error>;

    /// Whether a chain stands still, as the hub sees it, so that there may soon be such a record.
    fn stands_still(&self, at: Hash, chain: ChainId) -> Result<bool, Error>;

    /// How old the last head of a chain must be before the hub calls the roll, and for how long nodes may answer; none if it
    /// watches no chain. An older hub cannot be asked.
    fn stall_periods(&self, at: Hash) -> Result<Option<(Seconds, Seconds)>, Error>;

    /// The number of the set that has this id on a chain; none if the hub does not know.
    fn ordinal(&self, at: Hash, chain: ChainId, set: SetId) -> Result<Option<SetOrdinal>, Error>;

    /// Put a report of an offence on a chain into the own pool of transactions; false if that does not take it.
    fn submit_offence(
        &self,
        at: Hash,
        chain: ChainId,
        ordinal: SetOrdinal,
        accusation: &Accusation,
    ) -> Result<bool, Error>;
}

/// Where a node is, if it is a member of a chain.
pub fn membership(status: &NodeStatus<AccountId>) -> Option<(ChainId, MemberPhase, Seconds)> {
    match status.place {
        NodePlace::Allocated {
            chain,
            phase,
            since,
            ..
        } => Some((chain, phase, since)),
        NodePlace::Waiting { .. } => None,
    }
}

impl<C> Hub for LocalChain<C>
where
    C: HeaderBackend<Block> + ProvideRuntimeApi<Block> + Send + Sync + 'static,
    C::Api: AllocationApi<Block, AccountId>
        + DappChainsApi<Block, AccountId>
        + DappChainSetsApi<Block, AccountId>
        + InterchainApi<Block, AccountId>
        + PbftApi<Block>,
{
    fn genesis(&self) -> Hash {
        self.genesis()
    }

    fn head(&self) -> Hash {
        self.head().hash
    }

    fn made_at_ms(&self, at: Hash) -> Result<Option<u64>, Error> {
        let header = self.header(at)?;
        let pre_digest = header.and_then(|header| PreDigest::find(&header.digest));
        Ok(pre_digest.map(|pre_digest| pre_digest.timestamp_ms))
    }

    fn is_hub(&self, at: Hash) -> Result<bool, Error> {
        let api = self.api();
        let pool = api.api_version::<dyn AllocationApi<Block, AccountId>>(at)?;
        Ok(pool.is_some() && api.has_api::<dyn DappChainsApi<Block, AccountId>>(at)?)
    }

    fn node(&self, at: Hash, key: &BeaconId) -> Result<Option<NodeStatus<AccountId>>, Error> {
        Ok(self.api().node_of_key(at, key.clone())?)
    }

    fn chain(&self, at: Hash, chain: ChainId) -> Result<Option<ChainView<AccountId>>, Error> {
        Ok(DappChainsApi::chain(&*self.api(), at, chain)?)
    }

    fn genesis_record(
        &self,
        at: Hash,
        chain: ChainId,
    ) -> Result<Option<GenesisRecord<AccountId>>, Error> {
        Ok(self.api().genesis_record(at, chain)?)
    }

    fn has_confirmed(&self, at: Hash, chain: ChainId, seat: u32) -> Result<bool, Error> {
        let said = self.api().confirmation(at, chain, seat)?;
        Ok(said.is_some())
    }

    fn submit_genesis(
        &self,
        at: Hash,
        record: &GenesisRecord<AccountId>,
        seat: u32,
        outcome: Option<Hash>,
        signature: AuthoritySignature,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
        let (chain, attempt) = (record.chain, record.attempt);
        let taken =
            DappChainsApi::submit_confirm(&*api, at, chain, attempt, seat, outcome, signature)?;
        Ok(taken.is_some())
    }

    fn submit_ready(
        &self,
        at: Hash,
        chain: ChainId,
        account: &AccountId,
        head: Head,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
        let account = account.clone();
        let taken = AllocationApi::submit_confirm(&*api, at, chain, account, head, signature)?;
        Ok(taken.is_some())
    }

    fn owed_answer(
        &self,
        at: Hash,
        key: &BeaconId,
    ) -> Result<Option<OwedAnswer<AccountId>>, Error> {
        let api = self.api();
        // A hub that is older calls no rolls.
        let version = api.api_version::<dyn AllocationApi<Block, AccountId>>(at)?;
        if version < Some(ROLL_CALL_API_VERSION) {
            return Ok(None);
        }
        Ok(api.roll_call(at, key.clone())?)
    }

    fn submit_answer(
        &self,
        at: Hash,
        chain: ChainId,
        account: &AccountId,
        signature: BeaconSignature,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
        Ok(api
            .submit_answer(at, chain, account.clone(), signature)?
            .is_some())
    }

    fn proven_head(&self, at: Hash, chain: ChainId) -> Result<Option<Head>, Error> {
        let client = InterchainApi::client(&*self.api(), at, chain)?;
        Ok(client.map(|client| Head {
            height: client.state.latest.height,
            hash: client.state.latest.hash,
        }))
    }

    fn recovery(&self, at: Hash, chain: ChainId) -> Result<Option<Recorded>, Error> {
        let api = self.api();
        // A hub that is older makes no records.
        let version = api.api_version::<dyn DappChainSetsApi<Block, AccountId>>(at)?;
        if version < Some(RECOVERY_API_VERSION) {
            return Ok(None);
        }
        let Some(record) = api.recovery(at, chain)? else {
            return Ok(None);
        };
        let version = api.api_version::<dyn InterchainApi<Block, AccountId>>(at)?;
        let shown = match version < Some(interchain::RECOVERY_API_VERSION) {
            true => None,
            false => api.recovery_of(at, chain)?,
        };
        let shown = shown.filter(|shown| shown.record.to_vec() == record.to_bytes());
        let made_after_ms = match shown {
            // That block of the hub is proposed with a clock that may be ahead by so much, and nobody knows the record before.
            Some(shown) => {
                let drift = api.consensus_state(at)?.timing.max_clock_drift_ms;
                Some(shown.at.saturating_sub(drift.into()))
            }
            None => None,
        };
        Ok(Some(Recorded {
            record,
            made_after_ms,
        }))
    }

    fn recovery_hash(&self, at: Hash, chain: ChainId, set: SetId) -> Result<Option<Hash>, Error> {
        let api = self.api();
        let version = api.api_version::<dyn DappChainSetsApi<Block, AccountId>>(at)?;
        if version < Some(RECOVERY_API_VERSION) {
            return Ok(None);
        }
        Ok(api.recovery_hash(at, chain, set)?)
    }

    fn stands_still(&self, at: Hash, chain: ChainId) -> Result<bool, Error> {
        let api = self.api();
        let version = api.api_version::<dyn DappChainSetsApi<Block, AccountId>>(at)?;
        if version < Some(RECOVERY_API_VERSION) {
            return Ok(false);
        }
        Ok(api.stall(at, chain)?.is_some())
    }

    fn stall_periods(&self, at: Hash) -> Result<Option<(Seconds, Seconds)>, Error> {
        Ok(self.api().stall_periods(at)?)
    }

    fn ordinal(&self, at: Hash, chain: ChainId, set: SetId) -> Result<Option<SetOrdinal>, Error> {
        let api = self.api();
        // A hub may have got DappChains before it took offences on them.
        let version = api.api_version::<dyn DappChainSetsApi<Block, AccountId>>(at)?;
        if version.is_none() {
            return Ok(None);
        }
        Ok(api.ordinal(at, chain, set)?)
    }

    fn submit_offence(
        &self,
        at: Hash,
        chain: ChainId,
        ordinal: SetOrdinal,
        accusation: &Accusation,
    ) -> Result<bool, Error> {
        let api = self.submitting_api(at);
        let Accusation {
            evidence,
            set,
            accounts,
        } = accusation.clone();
        let taken = api.submit_offence(at, chain, ordinal, evidence, set, accounts)?;
        Ok(taken.is_some())
    }
}
