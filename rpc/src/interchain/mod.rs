// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What clients ask about routes to other chains, and about packets on their way.

mod packets;
mod routes;
mod server;

pub use packets::{OutcomeInfo, PacketInfo, PacketProof, PacketStateInfo, PayloadInfo, ResultInfo};
pub use routes::{
    AccountsInfo, AddressText, AmountText, ChainInfo, ClientInfo, DatedTerms, LaneInfo, QuoteInfo,
    ReputationInfo, RouteInfo, RouteState, TermsInfo,
};
pub use server::Interchain;

use crate::hub::ChainIdText;
use hansa_interchain_primitives::{LaneId, Nonce};
use hansa_primitives::{AccountId, Hash};
use jsonrpsee::{core::RpcResult, proc_macros::rpc};

/// Methods about other chains. Each answers for the block `at`, the last final one if that is left out;
/// chains are named by their ids, in lower-case hex.
#[rpc(client, server)]
pub trait InterchainApi {
    /// This chain, as others know it.
    #[method(name = "interchain_chain")]
    fn chain(&self, at: Option<Hash>) -> RpcResult<ChainInfo>;

    /// The chains to which there is a route.
    #[method(name = "interchain_routes")]
    fn routes(&self, at: Option<Hash>) -> RpcResult<Vec<ChainIdText>>;

    /// The route to a chain.
    #[method(name = "interchain_route")]
    fn route(&self, peer: ChainIdText, at: Option<Hash>) -> RpcResult<RouteInfo>;

    /// What is known of a chain's consensus.
    #[method(name = "interchain_client")]
    fn client(&self, peer: ChainIdText, at: Option<Hash>) -> RpcResult<ClientInfo>;

    /// The packets of a lane to a chain that have no result yet, from nonce `from` on, at most `limit`.
    #[method(name = "interchain_packets")]
    fn packets(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        from: Nonce,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<PacketInfo>>;

    /// The results of packets of a chain that are kept, from nonce `from` on, at most `limit`.
    #[method(name = "interchain_results")]
    fn results(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        from: Nonce,
        limit: u32,
        at: Option<Hash>,
    ) -> RpcResult<Vec<ResultInfo>>;

    /// What a transfer of `amount` to a chain would come to now; null if it cannot be made.
    #[method(name = "interchain_quote")]
    fn quote(
        &self,
        peer: ChainIdText,
        amount: AmountText,
        at: Option<Hash>,
    ) -> RpcResult<Option<QuoteInfo>>;

    /// The proof that this chain sent a packet, for anybody who knows its authorities.
    #[method(name = "interchain_proof")]
    fn proof(
        &self,
        peer: ChainIdText,
        lane: LaneId,
        nonce: Nonce,
        at: Option<Hash>,
    ) -> RpcResult<PacketProof>;

    /// The chain address of an account of this chain.
    #[method(name = "interchain_addressOf")]
    fn address_of(&self, account: AccountId, at: Option<Hash>) -> RpcResult<AddressText>;

    /// The account that a chain address names here: for one of this chain the account itself, for a foreign
    /// one that from which its calls are executed.
    #[method(name = "interchain_accountOf")]
    fn account_of(&self, address: AddressText, at: Option<Hash>) -> RpcResult<AccountId>;
}
