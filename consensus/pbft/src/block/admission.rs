// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is to be done with a block before it is imported, told from the block itself.

use super::{checks::check_form, import::other};
use crate::{
    authorities::{ConsensusClient, ConsensusStates},
    justification::{self, check_place, CommitError},
};
use hansa_pbft_primitives::{Certificate, Hash, PreDigest};
use hansa_primitives::{Block, Header};
use sc_consensus::BlockImportParams;
use sp_blockchain::Info;
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_runtime::traits::{Block as BlockT, Header as HeaderT};

/// What is to be done with a block that comes through the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Treatment {
    /// It is in the chain.
    Known,
    /// It comes with its whole state.
    State,
    /// It is a header of a warp proof, or older than the state that this node began with.
    History,
    /// An ordinary block: it needs a certificate.
    Certified,
}

impl Treatment {
    /// The treatment of a block that is `in_chain` or not.
    pub(super) fn of(
        params: &BlockImportParams<Block>,
        in_chain: bool,
        info: &Info<Block>,
    ) -> Self {
        let number = *params.header.number();
        let in_gap = info
            .block_gap
            .is_some_and(|gap| number >= gap.start && number <= gap.end);
        let warp_header =
            params.origin == BlockOrigin::WarpSync && params.state_action.skip_execution_checks();
        match () {
            _ if params.with_state() => Self::State,
            _ if in_chain => Self::Known,
            _ if in_gap || warp_header => Self::History,
            _ => Self::Certified,
        }
    }
}

/// The body of a block that is to be executed.
///
/// A final block without its state would be the end of the chain here: nothing could be executed on
/// it, and the set that decides its child could not be read.
pub(super) fn executable_body(
    params: &BlockImportParams<Block>,
) -> Result<&[<Block as BlockT>::Extrinsic], ConsensusError> {
    match &params.body {
        Some(body) if !params.state_action.skip_execution_checks() => Ok(body),
        _ => Err(ConsensusError::ClientImport(
            "blocks are imported with their body and executed; sync modes that skip this are not \
             supported, use full or warp sync"
                .into(),
        )),
    }
}

/// Find the certificate of a block and verify it under the state of the block's parent.
pub(super) fn verify_params<C: ConsensusClient>(
    params: &BlockImportParams<Block>,
    hash: Hash,
    states: &ConsensusStates<C>,
) -> Result<Certificate, CommitError> {
    let certificate = justification::find(params.justifications.as_ref())?;
    let view = PreDigest::find(params.header.digest()).map(|pre| pre.view);
    let height = *params.header.number();
    // The cheap part before the runtime is asked.
    check_place(&certificate, hash, height, view)?;
    let state = states.for_child_of(*params.header.parent_hash())?;
    justification::verify(&certificate, hash, height, view, &state)?;
    Ok(certificate)
}

/// Of a block whose set is not known keep a certificate that could be the block's, and nothing
/// else. It is served as it is: who asks for it knows the set.
pub(super) fn keep_plausible_certificate(
    params: &mut BlockImportParams<Block>,
    hash: Hash,
) -> Option<Certificate> {
    let view = PreDigest::find(params.header.digest()).map(|pre| pre.view);
    let certificate = justification::find(params.justifications.take().as_ref())
        .ok()
        .filter(|c| check_place(c, hash, *params.header.number(), view).is_ok())?;
    params.justifications = Some(justification::to_justification(&certificate).into());
    Some(certificate)
}

/// The parameters of a sealed block.
pub(super) fn sealed_params(
    block: Block,
    origin: BlockOrigin,
) -> Result<BlockImportParams<Block>, ConsensusError> {
    let (header, body) = block.deconstruct();
    let checked = check_form(header).map_err(other)?;
    let mut params = BlockImportParams::new(origin, checked.pre_header);
    params.post_digests.push(checked.seal);
    params.body = Some(body);
    Ok(params)
}

/// Whether blocks of this origin come in bulk, so that nobody is told of each.
pub(super) fn is_bulk(origin: BlockOrigin) -> bool {
    match origin {
        BlockOrigin::Own | BlockOrigin::ConsensusBroadcast | BlockOrigin::NetworkBroadcast => false,
        BlockOrigin::Genesis
        | BlockOrigin::NetworkInitialSync
        | BlockOrigin::File
        | BlockOrigin::WarpSync
        | BlockOrigin::GapSync => true,
    }
}

/// How old a block of bulk sync may be, in milliseconds by its timestamp, that is announced as one that comes by itself.
const RECENT_MS: u64 = 120_000;

/// The origin by which a block is announced. The client tells nobody of blocks that come in bulk, for speed. A node that was away
/// for seconds gets a few of them, while clients use it already: its transaction pool would not learn that a transaction is
/// in one of them, and call it invalid later, and `chainHead_v1_follow` would end.
pub(super) fn announced_as(origin: BlockOrigin, header: &Header, now_ms: u64) -> BlockOrigin {
    let made_ms = PreDigest::find(header.digest()).map_or(0, |pre| pre.timestamp_ms);
    match origin {
        BlockOrigin::NetworkInitialSync if now_ms.abs_diff(made_ms) <= RECENT_MS => {
            BlockOrigin::NetworkBroadcast
        }
        origin => origin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{commit, height_state, pre_header, seal, GENESIS};
    use hansa_pbft_primitives::Height;
    use sc_consensus::{ImportedState, StateAction, StorageChanges};
    use sp_blockchain::{BlockGap, BlockGapType};
    use sp_runtime::Justifications;
    use sp_state_machine::KeyValueStates;

    fn params(origin: BlockOrigin, number: Height) -> BlockImportParams<Block> {
        let pre = PreDigest {
            view: 1,
            author: 0,
            timestamp_ms: 1,
        };
        BlockImportParams::new(origin, pre_header(number, GENESIS, pre))
    }

    fn info(gap: Option<(Height, Height)>) -> Info<Block> {
        let gap_type = BlockGapType::MissingHeaderAndBody;
        Info {
            best_hash: GENESIS,
            best_number: 100,
            genesis_hash: GENESIS,
            finalized_hash: GENESIS,
            finalized_number: 100,
            finalized_state: None,
            number_leaves: 1,
            block_gap: gap.map(|(start, end)| BlockGap {
                start,
                end,
                gap_type,
            }),
        }
    }

    #[test]
    fn of_blocks_in_bulk_recent_ones_are_announced() {
        use BlockOrigin::*;
        // Its timestamp is 1.
        let header = params(NetworkInitialSync, 5).header;
        for (origin, now_ms, expected) in [
            (NetworkInitialSync, 1 + RECENT_MS, NetworkBroadcast),
            (NetworkInitialSync, 2 + RECENT_MS, NetworkInitialSync),
            // A clock that is behind the author's.
            (NetworkInitialSync, 0, NetworkBroadcast),
            (Own, 2 + RECENT_MS, Own),
            (File, 1, File),
        ] {
            let announced = announced_as(origin, &header, now_ms);
            assert_eq!(announced, expected, "{origin:?} {now_ms}");
        }
        let undated = Header::new(5, GENESIS, GENESIS, GENESIS, sp_runtime::Digest::default());
        let announced = announced_as(NetworkInitialSync, &undated, 2 + RECENT_MS);
        assert_eq!(announced, NetworkInitialSync);
    }

    #[test]
    fn only_state_history_and_known_blocks_do_without_a_certificate() {
        use BlockOrigin::*;
        use Treatment::*;
        let gap = Some((10, 50));
        for (origin, number, in_chain, gap, expected) in [
            (NetworkBroadcast, 101, false, None, Certified),
            (NetworkInitialSync, 101, false, None, Certified),
            (ConsensusBroadcast, 101, false, None, Certified),
            (File, 101, false, None, Certified),
            (File, 20, false, None, Certified),
            (NetworkBroadcast, 101, true, None, Known),
            (GapSync, 10, false, gap, History),
            (GapSync, 50, false, gap, History),
            (GapSync, 51, false, gap, Certified),
            (GapSync, 9, false, gap, Certified),
            (GapSync, 20, false, None, Certified),
            (WarpSync, 101, false, None, History),
        ] {
            let treatment = Treatment::of(&params(origin, number), in_chain, &info(gap));
            assert_eq!(
                treatment, expected,
                "{origin:?} {number} {in_chain} {gap:?}"
            );
        }
        // The origin alone does not excuse a block that is to be executed.
        let mut executed = params(WarpSync, 101);
        executed.state_action = StateAction::Execute;
        assert_eq!(Treatment::of(&executed, false, &info(None)), Certified);
        let mut with_state = params(NetworkBroadcast, 101);
        let state = ImportedState {
            block: GENESIS,
            state: KeyValueStates(Vec::new()),
        };
        with_state.state_action = StateAction::ApplyChanges(StorageChanges::Import(state));
        assert_eq!(Treatment::of(&with_state, false, &info(None)), State);
    }

    #[test]
    fn of_history_only_what_could_be_a_certificate_is_kept() {
        let state = height_state(4);
        let mut block = params(BlockOrigin::GapSync, 20);
        let hash = block.header.hash();
        let good = commit(&state, 20, 1, hash, 0..3);
        let bad = [
            commit(&state, 20, 0, hash, 0..3),
            commit(&state, 21, 1, hash, 0..3),
        ];
        for certificate in bad {
            block.justifications = Some(justification::to_justification(&certificate).into());
            assert_eq!(keep_plausible_certificate(&mut block, hash), None);
            assert_eq!(block.justifications, None);
        }
        let mut both = Justifications::from((*b"FRNK", vec![1]));
        both.append(justification::to_justification(&good));
        block.justifications = Some(both);
        assert_eq!(
            keep_plausible_certificate(&mut block, hash),
            Some(good.clone())
        );
        assert_eq!(
            block.justifications,
            Some(justification::to_justification(&good).into())
        );
    }

    #[test]
    fn a_block_that_cannot_be_executed_is_refused() {
        let mut block = params(BlockOrigin::NetworkBroadcast, 101);
        assert!(executable_body(&block).is_err(), "no body");
        block.body = Some(Vec::new());
        assert!(executable_body(&block).is_ok());
        block.state_action = StateAction::Skip;
        assert!(executable_body(&block).is_err(), "not to be executed");
    }

    #[test]
    fn a_sealed_block_is_split_for_the_client() {
        let pre = PreDigest {
            view: 1,
            author: 0,
            timestamp_ms: 1,
        };
        let header = seal(pre_header(3, GENESIS, pre), 0, 1);
        let params = sealed_params(Block::new(header.clone(), vec![]), BlockOrigin::Own).unwrap();
        assert_eq!(params.post_header(), header);
        assert_eq!(params.post_digests.len(), 1);
        assert_eq!(params.header, pre_header(3, GENESIS, pre));
        let unsealed = Block::new(pre_header(3, GENESIS, pre), vec![]);
        assert!(sealed_params(unsealed, BlockOrigin::Own).is_err());
    }
}
