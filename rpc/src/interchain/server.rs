// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The server of the methods about other chains.

use super::{
    AddressText, AmountText, ChainInfo, ClientInfo, InterchainApiServer, PacketInfo, PacketProof,
    QuoteInfo, ResultInfo, RouteInfo,
};
use crate::{
    hub::{block_of, ChainIdText, Error},
    pbft::to_proof,
};
use codec::Decode;
use hansa_consensus_pbft::{
    authorities::ConsensusStates, block::randomness::NoOutputs, justification::finality_proof,
};
use hansa_interchain_primitives::{
    api::{InterchainApi as InterchainRuntimeApi, ProofOf},
    LaneId, Nonce, StorageProof,
};
use hansa_pbft_primitives::PbftApi as PbftRuntimeApi;
use hansa_primitives::{AccountId, Block, Hash};
use jsonrpsee::core::RpcResult;
use sc_client_api::{BlockBackend, ProofProvider};
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use std::sync::Arc;

/// Serves [`InterchainApiServer`].
pub struct Interchain<C> {
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
}

impl<C> Interchain<C>
where
    C: HeaderBackend<Block>
        + ProvideRuntimeApi<
            Block,
            Api: InterchainRuntimeApi<Block, AccountId> + PbftRuntimeApi<Block> + ApiExt<Block>,
        > + 'static,
{
    /// A server of the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        // No headers are checked here.
        let states = Arc::new(ConsensusStates::new(client.clone(), Arc::new(NoOutputs)));
        Self { client, states }
    }

    fn block(&self, at: Option<Hash>) -> Result<Hash, Error> {
        let has_api = |api: &C::Api, at| {
            let version = api.api_version::<dyn InterchainRuntimeApi<Block, AccountId>>(at);
            version.map(|version| version.is_some())
        };
        block_of(&*self.client, at, has_api).map_err(|error| match error {
            Error::NoHub => Error::NoInterchain,
            other => other,
        })
    }
}

impl<C> Interchain<C>
where
    C: HeaderBackend<Block>
        + BlockBackend<Block>
        + ProofProvider<Block>
        + ProvideRuntimeApi<
            Block,
            Api: InterchainRuntimeApi<Block, AccountId> + PbftRuntimeApi<Block> + ApiExt<Block>,
        > + 'static,
{
    fn proof_of(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        nonce: Nonce,
        at: Option<Hash>,
    ) -> Result<PacketProof, Error> {
        let at = self.block(at)?;
        let api = self.client.runtime_api();
        let no_packet = || Error::NoPacket { peer, lane, nonce };
        let packets = api.packets(at, peer.0, lane, nonce, 1)?;
        let packet = packets
            .into_iter()
            .find(|view| view.nonce == nonce)
            .ok_or_else(no_packet)?;
        let of = ProofOf::Packets {
            first: nonce,
            count: 1,
        };
        let mut keys = api.proof_keys(at, peer.0, lane, of)?;
        let key = keys.pop().ok_or_else(no_packet)?;
        let internal = |error: sp_blockchain::Error| Error::Internal(error.to_string());
        let nodes = self
            .client
            .read_proof(at, &mut std::iter::once(&key[..]))
            .map_err(internal)?;
        let justification = finality_proof(&*self.client, at)
            .map_err(internal)?
            .ok_or(Error::NotCertified(at))?;
        let finality = to_proof(&self.states, &justification);
        // In the one form that proofs have, and with what it proves.
        let nodes: Vec<_> = nodes.into_iter_nodes().collect();
        let proof = StorageProof::new(nodes)
            .ok_or_else(|| Error::Internal("the proof is too large".into()))?;
        let values = proof
            .read(&finality.header.state_root, std::slice::from_ref(&key))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let value = values.into_iter().flatten().next().ok_or_else(no_packet)?;
        let commitment =
            Hash::decode(&mut &value[..]).map_err(|error| Error::Internal(error.to_string()))?;
        let nodes = proof.nodes().map(<[u8]>::to_vec).collect();
        Ok(PacketProof::new(packet, commitment, key, nodes, finality))
    }
}

impl<C> InterchainApiServer for Interchain<C>
where
    C: HeaderBackend<Block>
        + BlockBackend<Block>
        + ProofProvider<Block>
        + ProvideRuntimeApi<
            Block,
            Api: InterchainRuntimeApi<Block, AccountId> + PbftRuntimeApi<Block> + ApiExt<Block>,
        > + Send
        + Sync
        + 'static,
{
    fn chain(&self, at: Option<Hash>) -> RpcResult<ChainInfo> {
        let at = self.block(at)?;
        let chain = self.client.runtime_api().chain(at).map_err(Error::from)?;
        Ok(chain.into())
    }

    fn routes(&self, at: Option<Hash>) -> RpcResult<Vec<ChainIdText>> {
        let at = self.block(at)?;
        let routes = self.client.runtime_api().routes(at).map_err(Error::from)?;
        Ok(routes.into_iter().map(ChainIdText).collect())
    }

    fn route(&self, peer: ChainIdText, at: Option<Hash>) -> RpcResult<RouteInfo> {
        let at = self.block(at)?;
        let route = self.client.runtime_api().route(at, peer.0);
        Ok(route
            .map_err(Error::from)?
            .ok_or(Error::NoRoute(peer))?
            .into())
    }

    fn client(&self, peer: ChainIdText, at: Option<Hash>) -> RpcResult<ClientInfo> {
        let at = self.block(at)?;
        let view = self.client.runtime_api().client(at, peer.0);
        Ok(view
            .map_err(Error::from)?
            .ok_or(Error::NoRoute(peer))?
            .into())
    }

    fn packets(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        from: Nonce,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<PacketInfo>> {
        let at = self.block(at)?;
        let api = self.client.runtime_api();
        let packets = api.packets(at, peer.0, lane, from, limit);
        let packets = packets.map_err(Error::from)?;
        Ok(packets.into_iter().map(PacketInfo::from).collect())
    }

    fn results(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        from: Nonce,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<ResultInfo>> {
        let at = self.block(at)?;
        let api = self.client.runtime_api();
        let results = api.results(at, peer.0, lane, from, limit);
        let results = results.map_err(Error::from)?;
        Ok(results.into_iter().map(ResultInfo::from).collect())
    }

    fn quote(
        &self,
        peer: ChainIdText,
        amount: AmountText,
        at: Option<Hash>,
    ) -> RpcResult<Option<QuoteInfo>> {
        let at = self.block(at)?;
        let quote = self.client.runtime_api().quote(at, peer.0, amount.0);
        Ok(quote.map_err(Error::from)?.map(QuoteInfo::from))
    }

    fn proof(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        nonce: Nonce,
        at: Option<Hash>,
    ) -> RpcResult<PacketProof> {
        Ok(self.proof_of(peer, lane, nonce, at)?)
    }

    fn address_of(&self, account: AccountId, at: Option<Hash>) -> RpcResult<AddressText> {
        let at = self.block(at)?;
        let address = self.client.runtime_api().address_of(at, account);
        let address = address.map_err(Error::from)?.ok_or(Error::NoInterchain)?;
        Ok(AddressText(address))
    }

    fn account_of(&self, address: AddressText, at: Option<Hash>) -> RpcResult<AccountId> {
        let at = self.block(at)?;
        let chain = ChainIdText(address.0.chain);
        let account = self.client.runtime_api().account_of(at, address.0);
        Ok(account.map_err(Error::from)?.ok_or(Error::NoRoute(chain))?)
    }
}
