// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Makes blocks and statements that a correct validator would not make, and signs them with the
//! validator's own key.

use hansa_beacon_primitives::BlockVrf;
use hansa_consensus_pbft::{
    authorities::{ConsensusStates, HeightState},
    block::{
        builder::{BuildLimits, BuildRequest, Builder},
        randomness::is_output,
        MAX_BLOCK_BYTES,
    },
    crypto::KeystoreCrypto,
    justification::finality_proof,
    types::ProposedBlock,
};
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    digest::seal_item, Certificate, Hash, Height, PreDigest, SignedStatement, Statement, View,
};
use hansa_primitives::{Block, Header};
use hansa_service::{FullClient, FullEngine, FullPool};
use sp_blockchain::HeaderBackend;
use sp_runtime::{
    traits::{Block as BlockT, Header as HeaderT},
    OpaqueExtrinsic,
};
use std::sync::Arc;

/// By how many bytes a block that is too large is larger than allowed. A proposal with it still is
/// a message of the protocol.
const OVERSIZE_BYTES: usize = 64 * 1024;

/// Makes what is not so. Each thing is none if the validator is not in the set, or the chain went on
/// meanwhile.
#[derive(Clone)]
pub struct Forge {
    client: Arc<FullClient>,
    pool: Arc<FullPool>,
    states: Arc<ConsensusStates<FullClient>>,
    crypto: KeystoreCrypto,
}

impl Forge {
    /// With the parts and the keys of a validator's engine.
    pub fn new(engine: &FullEngine) -> Self {
        Self {
            client: engine.client.clone(),
            pool: engine.pool.clone(),
            states: engine.states.clone(),
            crypto: KeystoreCrypto::new(engine.keystore.clone()),
        }
    }

    /// The header of the best block.
    pub fn head(&self) -> Option<Header> {
        self.client.header(self.client.info().best_hash).ok()?
    }

    /// Under what `height` is decided.
    fn state(&self, height: Height) -> Option<HeightState> {
        let parent = self.client.hash(height.checked_sub(1)?).ok()??;
        self.states.for_child_of(parent).ok()
    }

    /// Whether the validator is a member of the set, and not the primary of (`height`, 0).
    pub fn is_not_primary(&self, height: Height) -> bool {
        let Some(state) = self.state(height) else {
            return false;
        };
        let local = self.crypto.local_authority(&state.set);
        local.is_some_and(|(index, _)| state.primary(height, 0) != Some(index))
    }

    /// Sign a statement.
    pub fn sign(
        &self,
        height: Height,
        view: View,
        statement: Statement,
    ) -> Option<SignedStatement> {
        let state = self.state(height)?;
        let (authority, key) = self.crypto.local_authority(&state.set)?;
        let payload = state.context.payload(height, view, &statement);
        let signature = self.crypto.sign(&key, &payload)?;
        Some(SignedStatement {
            height,
            view,
            statement,
            authority,
            signature,
        })
    }

    /// A block whose header names a state that execution does not lead to.
    pub fn bad_state_root(&self, block: &ProposedBlock) -> Option<ProposedBlock> {
        self.altered(block, |header, _| {
            header.set_state_root(Hash::repeat_byte(0xbd))
        })
    }

    /// A block that is larger than blocks may be.
    pub fn oversized(&self, block: &ProposedBlock) -> Option<ProposedBlock> {
        self.altered(block, |_, body| {
            let blob = vec![0; MAX_BLOCK_BYTES.saturating_add(OVERSIZE_BYTES)];
            body.push(OpaqueExtrinsic::from_blob(blob));
        })
    }

    /// A block whose author's output for the beacon has a proof of something else; none if there is no
    /// output.
    pub fn bad_output(&self, block: &ProposedBlock) -> Option<ProposedBlock> {
        let digest = block.block.header().digest();
        let mut output = BlockVrf::find(digest).ok().flatten()?;
        output.proof[0] ^= 1;
        let at = digest.logs().iter().position(is_output)?;
        self.altered(block, |header, _| {
            header.digest.logs[at] = output.to_digest_item()
        })
    }

    /// A block without its author's output for the beacon.
    pub fn no_output(&self, block: &ProposedBlock) -> Option<ProposedBlock> {
        self.altered(block, |header, _| {
            header.digest.logs.retain(|item| !is_output(item))
        })
    }

    /// A block with a seal that is its author's signature of something else.
    pub fn bad_seal(&self, block: &ProposedBlock) -> Option<ProposedBlock> {
        let (mut header, body) = block.block.clone().deconstruct();
        header.digest_mut().pop()?;
        self.sealed(block, header, body, &Hash::zero())
    }

    /// A block with something changed, sealed again.
    fn altered(
        &self,
        block: &ProposedBlock,
        alter: impl FnOnce(&mut Header, &mut Vec<OpaqueExtrinsic>),
    ) -> Option<ProposedBlock> {
        let (mut header, mut body) = block.block.clone().deconstruct();
        header.digest_mut().pop()?;
        alter(&mut header, &mut body);
        let pre_hash = header.hash();
        self.sealed(block, header, body, &pre_hash)
    }

    /// `block` with this header and body, and a seal of `pre_hash`.
    fn sealed(
        &self,
        block: &ProposedBlock,
        mut header: Header,
        body: Vec<OpaqueExtrinsic>,
        pre_hash: &Hash,
    ) -> Option<ProposedBlock> {
        let height = *header.number();
        let state = self.state(height)?;
        let (_, key) = self.crypto.local_authority(&state.set)?;
        let view = PreDigest::find(header.digest())?.view;
        let payload = state.context.seal_payload(height, view, pre_hash);
        let signature = self.crypto.sign(&key, &payload)?;
        header.digest_mut().push(seal_item(&signature));
        Some(ProposedBlock {
            block: Block::new(header, body),
            parent_certificate: block.parent_certificate.clone(),
        })
    }

    /// Another valid block for the place of `block`, proposed in `view`: a millisecond later.
    pub fn twin(&self, block: &ProposedBlock, view: View) -> Option<ProposedBlock> {
        let parent = *block.block.header().parent_hash();
        let parent = self.client.header(parent).ok()??;
        let pre = PreDigest::find(block.block.header().digest())?;
        let timestamp_ms = pre.timestamp_ms.saturating_add(1);
        self.build(
            &parent,
            block.parent_certificate.clone(),
            view,
            timestamp_ms,
        )
    }

    /// A block of the validator above `parent`, whoever the primary is.
    pub fn block_above(&self, parent: &Header, timestamp_ms: u64) -> Option<ProposedBlock> {
        let proof = finality_proof(&*self.client, parent.hash()).ok()?;
        self.build(
            parent,
            proof.map(|proof| proof.certificate),
            0,
            timestamp_ms,
        )
    }

    fn build(
        &self,
        parent: &Header,
        parent_certificate: Option<Certificate>,
        view: View,
        timestamp_ms: u64,
    ) -> Option<ProposedBlock> {
        let state = self.states.for_child_of(parent.hash()).ok()?;
        let (author, _) = self.crypto.local_authority(&state.set)?;
        let request = BuildRequest {
            parent,
            parent_certificate,
            state: &state,
            view,
            author,
            timestamp_ms,
            limits: BuildLimits::default(),
        };
        let builder = Builder::new(
            self.client.clone(),
            self.states.clone(),
            self.crypto.clone(),
        );
        let built = futures::executor::block_on(builder.build(&*self.pool, request));
        built.ok().map(|built| built.held.block)
    }
}
