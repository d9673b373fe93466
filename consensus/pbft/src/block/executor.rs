// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Executes proposals, without importing them.

use super::{
    checks::{check_clock, check_header, CheckedHeader, ViewRule},
    inherents::{describe_errors, inherent_data},
    randomness::check_author_output,
    BlockError, HeldBlock, PbftClient, MAX_BLOCK_BYTES,
};
use crate::{
    authorities::{ConsensusStates, HeightState},
    justification::check_place,
    types::ProposedBlock,
};
use codec::Encode;
use hansa_pbft_primitives::{Certificate, PreDigest, View, VoteKind};
use hansa_primitives::{Block, Header};
use sc_client_api::{Backend, TrieCacheContext};
use sp_api::{ApiExt, Core, StorageChanges};
use sp_block_builder::BlockBuilder as BlockBuilderApi;
use sp_core::traits::CallContext;
use sp_runtime::{
    generic::LazyBlock,
    traits::{Block as BlockT, Header as HeaderT},
};
use std::{sync::Arc, time::Instant};

/// How a proposal came, as far as its validity depends on it.
#[derive(Clone, Copy, Debug)]
pub struct ProposalRules<'a> {
    /// Which view the header may name.
    pub view: ViewRule,
    /// The local clock, in milliseconds since 1970. None excuses from the clock check: a block that
    /// is proposed again, or that is known to be final.
    pub now_ms: Option<u64>,
    /// A certificate of the parent that is known to be good. The proposal's is not verified again
    /// if it is this very one.
    pub known_certificate: Option<&'a Certificate>,
}

impl<'a> ProposalRules<'a> {
    /// The rules for a proposal in a view. If it is not fresh, the clock does not matter.
    pub fn of_proposal(
        view: View,
        reproposal: bool,
        now_ms: u64,
        known_certificate: Option<&'a Certificate>,
    ) -> Self {
        let now_ms = (!reproposal).then_some(now_ms);
        Self {
            view: ViewRule::of_proposal(view, reproposal),
            now_ms,
            known_certificate,
        }
    }
}

/// Executes proposals on a parent that is in the database, and keeps what they change.
pub struct Executor<C, B> {
    client: Arc<C>,
    backend: Arc<B>,
    states: Arc<ConsensusStates<C>>,
}

impl<C, B> Clone for Executor<C, B> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            backend: self.backend.clone(),
            states: self.states.clone(),
        }
    }
}

impl<C, B> Executor<C, B>
where
    C: PbftClient,
    B: Backend<Block>,
{
    /// An executor over `client`'s runtime and `backend`'s states.
    pub fn new(client: Arc<C>, backend: Arc<B>, states: Arc<ConsensusStates<C>>) -> Self {
        Self {
            client,
            backend,
            states,
        }
    }

    /// Check and execute a proposal on `parent`, of which the child is decided under `state`.
    ///
    /// Cheap checks first. Blocks the thread for as long as the execution takes.
    pub fn execute(
        &self,
        parent: &Header,
        proposal: ProposedBlock,
        state: &HeightState,
        rules: &ProposalRules<'_>,
    ) -> Result<HeldBlock, BlockError> {
        let started = Instant::now();
        check_size(&proposal.block)?;
        let checked = check_header(proposal.block.header().clone(), parent, state, rules.view)?;
        if let Some(now_ms) = rules.now_ms {
            check_clock(&checked.pre_digest, now_ms, &state.timing)?;
        }
        // The header is good, so its author is the primary: nobody else causes this arithmetic.
        let (author, output) = (checked.pre_digest.author, checked.output.as_ref());
        check_author_output(&self.states, &checked.pre_header, author, output)?;
        let certificate = proposal.parent_certificate.as_ref();
        self.check_parent_certificate(parent, certificate, rules.known_certificate)?;
        self.check_inherents(&checked, &proposal)?;
        let changes = self.run(&checked, &proposal)?;
        Ok(HeldBlock {
            hash: proposal.hash(),
            block: proposal,
            pre_digest: checked.pre_digest,
            changes,
            executed_in: started.elapsed(),
        })
    }

    /// Check that the parent is final by `certificate`.
    fn check_parent_certificate(
        &self,
        parent: &Header,
        certificate: Option<&Certificate>,
        known: Option<&Certificate>,
    ) -> Result<(), BlockError> {
        let Some(certificate) = parent_certificate_of(parent, certificate)? else {
            return Ok(());
        };
        if known == Some(certificate) {
            return Ok(());
        }
        let (context, set) = self
            .states
            .that_decided(parent)
            .map_err(|e| BlockError::ParentCertificate(e.into()))?;
        certificate
            .verify(VoteKind::Commit, &context, &set)
            .map_err(|e| BlockError::ParentCertificate(e.into()))
    }

    /// Check that the inherents say what header and parent certificate say. Execution does not.
    fn check_inherents(
        &self,
        checked: &CheckedHeader,
        proposal: &ProposedBlock,
    ) -> Result<(), BlockError> {
        let data = inherent_data(
            checked.pre_digest.timestamp_ms,
            proposal.parent_certificate.as_ref(),
        )
        .map_err(|e| BlockError::Inherents(e.to_string()))?;
        let parent = *checked.pre_header.parent_hash();
        let result =
            self.client
                .runtime_api()
                .check_inherents(parent, lazy(checked, proposal), data)?;
        describe_errors(result).map_or(Ok(()), |errors| Err(BlockError::Inherents(errors)))
    }

    /// Execute, and compare the state root.
    fn run(
        &self,
        checked: &CheckedHeader,
        proposal: &ProposedBlock,
    ) -> Result<StorageChanges<Block>, BlockError> {
        let parent = *checked.pre_header.parent_hash();
        let mut api = self.client.runtime_api();
        api.set_call_context(CallContext::Onchain { import: true });
        api.execute_block(parent, lazy(checked, proposal))?;
        // Trusted: what this block touches is warm for the next.
        let state = self.backend.state_at(parent, TrieCacheContext::Trusted)?;
        let changes = api
            .into_storage_changes(&state, parent)
            .map_err(BlockError::Changes)?;
        let (executed, header) = (
            changes.transaction_storage_root,
            *checked.pre_header.state_root(),
        );
        if executed != header {
            return Err(BlockError::StateRoot { executed, header });
        }
        Ok(changes)
    }
}

/// The block without its seal, as the runtime takes it. The extrinsics' bytes are shared.
fn lazy(checked: &CheckedHeader, proposal: &ProposedBlock) -> <Block as BlockT>::LazyBlock {
    LazyBlock::new(
        checked.pre_header.clone(),
        proposal.block.extrinsics().to_vec(),
    )
}

/// Refuse a block that is too large before anything is done with it.
fn check_size(block: &Block) -> Result<(), BlockError> {
    let bytes = block.encoded_size();
    if bytes > MAX_BLOCK_BYTES {
        return Err(BlockError::TooLarge { bytes });
    }
    Ok(())
}

/// The certificate of `parent` that a proposal must show, none on genesis, checked for its place.
fn parent_certificate_of<'a>(
    parent: &Header,
    certificate: Option<&'a Certificate>,
) -> Result<Option<&'a Certificate>, BlockError> {
    match (*parent.number(), certificate) {
        (0, None) => Ok(None),
        (0, Some(_)) => Err(BlockError::ParentCertificateOfGenesis),
        (_, None) => Err(BlockError::NoParentCertificate),
        (height, Some(certificate)) => {
            let view = PreDigest::find(parent.digest()).map(|pre| pre.view);
            check_place(certificate, parent.hash(), height, view)
                .map_err(BlockError::ParentCertificate)?;
            Ok(Some(certificate))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{commit, height_state, pre_header, GENESIS};
    use sp_runtime::OpaqueExtrinsic;

    fn header(number: u32) -> Header {
        let pre = PreDigest {
            view: 1,
            author: 0,
            timestamp_ms: 5,
        };
        pre_header(number, GENESIS, pre)
    }

    #[test]
    fn oversized_blocks_are_refused() {
        let with = |bytes| Block::new(header(1), vec![OpaqueExtrinsic::from_blob(vec![0; bytes])]);
        check_size(&with(1_000)).unwrap();
        let overhead = with(MAX_BLOCK_BYTES).encoded_size() - MAX_BLOCK_BYTES;
        check_size(&with(MAX_BLOCK_BYTES - overhead)).unwrap();
        assert!(matches!(
            check_size(&with(MAX_BLOCK_BYTES - overhead + 1)),
            Err(BlockError::TooLarge { .. })
        ));
    }

    #[test]
    fn only_the_child_of_genesis_has_no_parent_certificate() {
        let state = height_state(4);
        let (genesis, parent) = (header(0), header(7));
        let good = commit(&state, 7, 1, parent.hash(), 0..3);
        assert_eq!(parent_certificate_of(&genesis, None).unwrap(), None);
        assert_eq!(
            parent_certificate_of(&parent, Some(&good)).unwrap(),
            Some(&good)
        );
        assert!(matches!(
            parent_certificate_of(&genesis, Some(&good)),
            Err(BlockError::ParentCertificateOfGenesis)
        ));
        assert!(matches!(
            parent_certificate_of(&parent, None),
            Err(BlockError::NoParentCertificate)
        ));
        let early = commit(&state, 7, 0, parent.hash(), 0..3);
        let other = commit(&state, 7, 1, GENESIS, 0..3);
        for bad in [early, other] {
            let error = parent_certificate_of(&parent, Some(&bad)).unwrap_err();
            assert!(matches!(error, BlockError::ParentCertificate(_)) && error.blames_author());
        }
    }

    #[test]
    fn a_proposal_again_is_excused_from_the_clock() {
        assert_eq!(
            ProposalRules::of_proposal(2, false, 9, None).now_ms,
            Some(9)
        );
        assert_eq!(ProposalRules::of_proposal(2, true, 9, None).now_ms, None);
    }
}
