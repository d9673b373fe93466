// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What clients ask about pBFT.

mod error;
mod server;
mod types;

pub use error::{Error, BASE_ERROR, CERTIFICATE_MISSING, INTERNAL, UNKNOWN_BLOCK};
pub(crate) use server::to_proof;
pub use server::Pbft;
pub use types::{
    AuthorityInfo, BlockRef, FinalityProof, PreparedInfo, ProofWeights, RoundStateInfo, Signer,
    ViewChangeInfo,
};

use jsonrpsee::{core::RpcResult, proc_macros::rpc};

/// Methods about pBFT.
#[rpc(client, server)]
pub trait PbftApi {
    /// The height that is being decided, as this node sees it.
    #[method(name = "pbft_roundState")]
    fn round_state(&self) -> RpcResult<RoundStateInfo>;

    /// The proof that a block, named by its number or its hash, is final.
    #[method(name = "pbft_proveFinality")]
    fn prove_finality(&self, block: BlockRef) -> RpcResult<FinalityProof>;

    /// The proof of each block as it becomes final.
    #[subscription(
        name = "pbft_subscribeJustifications" => "pbft_justifications",
        unsubscribe = "pbft_unsubscribeJustifications",
        item = FinalityProof
    )]
    fn subscribe_justifications(&self);
}
