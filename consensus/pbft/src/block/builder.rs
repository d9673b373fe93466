// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Builds and seals a block from the transactions that are ready in the pool.
//!
//! In place of the SDK's proposer, which waits for the pool for up to an eighth of its time, writes
//! two log lines a block, and encodes the whole body again to learn its size before each
//! transaction. Here the size is a running sum, and the caller says how long to wait and logs.

use super::{
    inherents::inherent_data,
    randomness::{author_digest, OutputKeyError},
    HeldBlock, PbftClient, HEADER_RESERVE_BYTES, MAX_BLOCK_BYTES,
};
use crate::{
    authorities::{ConsensusStateError, ConsensusStates, HeightState},
    crypto::KeystoreCrypto,
    recoveries::push_record,
    types::ProposedBlock,
    LOG_TARGET,
};
use codec::{Compact, CompactLen, Encode};
use hansa_pbft_core::Crypto;
use hansa_pbft_primitives::{
    digest::seal_item, AuthorityId, AuthorityIndex, Certificate, PreDigest, View,
};
use hansa_primitives::{Block, Header};
use log::debug;
use sc_block_builder::{BlockBuilder, BlockBuilderBuilder};
use sc_transaction_pool_api::{
    InPoolTransaction, ReadyTransactions, TransactionPool, TxHash, TxInvalidityReportMap,
};
use sp_blockchain::{ApplyExtrinsicFailed, Error as ClientError};
use sp_inherents::InherentData;
use sp_runtime::{
    traits::{Block as BlockT, Header as HeaderT},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ExtrinsicInclusionMode,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How many transactions that do not fit are passed over, in search of smaller ones, before the
/// block counts as full.
const MAX_PASSED_OVER: u32 = 16;

/// Why no block was built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The local authority is not in the set.
    #[error("authority {0} is not in the set")]
    UnknownAuthor(AuthorityIndex),
    /// The keystore has no key of the author, or cannot sign.
    #[error("the keystore cannot seal for {0}")]
    CannotSeal(AuthorityId),
    /// The keystore has no beacon key of the author, or cannot apply it.
    #[error(transparent)]
    NoOutput(#[from] OutputKeyError),
    /// Whether the author needs a beacon key is not known.
    #[error(transparent)]
    UnknownOutput(#[from] ConsensusStateError),
    /// The inherents' data could not be put together.
    #[error("cannot make the inherents' data: {0}")]
    InherentData(#[from] sp_inherents::Error),
    /// The runtime refuses its own inherent.
    #[error("the runtime refuses an inherent: {0}")]
    Inherent(ClientError),
    /// The runtime or the database failed.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What is taken into a block, and how long that may last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuildLimits {
    /// The largest encoded block, in bytes; never above [`MAX_BLOCK_BYTES`].
    pub max_bytes: usize,
    /// How long to wait for the pool to have processed the parent. Most often it has already.
    pub pool_wait: Duration,
    /// How long to apply transactions. One that is under way is finished.
    pub time: Duration,
}

impl Default for BuildLimits {
    fn default() -> Self {
        Self {
            max_bytes: MAX_BLOCK_BYTES,
            pool_wait: Duration::from_millis(50),
            time: Duration::from_millis(500),
        }
    }
}

/// Which block to build.
#[derive(Clone, Debug)]
pub struct BuildRequest<'a> {
    /// The last final block.
    pub parent: &'a Header,
    /// What makes it final; none if it is genesis.
    pub parent_certificate: Option<Certificate>,
    /// Under what the new block's height is decided.
    pub state: &'a HeightState,
    /// The view in which it is proposed.
    pub view: View,
    /// The local authority, which is the primary of the view.
    pub author: AuthorityIndex,
    /// The block's time, in milliseconds since 1970: after the parent's, and by the minimum
    /// interval later.
    pub timestamp_ms: u64,
    /// Size and time.
    pub limits: BuildLimits,
}

/// Why no more transactions were taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndReason {
    /// The pool has no more.
    PoolEmpty,
    /// The time is over.
    Time,
    /// The block is as large as it may be.
    Size,
    /// The block is as heavy as the runtime lets it be.
    Weight,
    /// The runtime wants inherents only in this block.
    OnlyInherents,
}

/// A block and what there is to say of it.
#[derive(Debug)]
pub struct Built {
    /// The block, sealed.
    pub held: HeldBlock,
    /// How many extrinsics are inherents.
    pub inherents: usize,
    /// How many are transactions.
    pub transactions: usize,
    /// How many bytes the block has, about (the header is estimated).
    pub bytes: usize,
    /// Why there are no more.
    pub end: EndReason,
}

/// The running size of a block's encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct BlockSize {
    extrinsics: u32,
    extrinsic_bytes: usize,
    max: usize,
}

impl BlockSize {
    fn new(max: usize) -> Self {
        Self {
            extrinsics: 0,
            extrinsic_bytes: 0,
            max,
        }
    }

    /// The size with an upper bound for the header.
    fn bytes(&self) -> usize {
        HEADER_RESERVE_BYTES
            .saturating_add(<Compact<u32> as CompactLen<u32>>::compact_len(
                &self.extrinsics,
            ))
            .saturating_add(self.extrinsic_bytes)
    }

    fn with(self, bytes: usize) -> Self {
        Self {
            extrinsics: self.extrinsics.saturating_add(1),
            extrinsic_bytes: self.extrinsic_bytes.saturating_add(bytes),
            ..self
        }
    }

    /// The size with one more extrinsic of `bytes`, if that is not too much.
    fn checked_with(self, bytes: usize) -> Option<Self> {
        let with = self.with(bytes);
        (with.bytes() <= with.max).then_some(with)
    }
}

/// What becomes of a transaction that the runtime did not apply.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Refused {
    /// It does not fit any more.
    Full,
    /// It is in the chain already, and the pool does not know yet: pass it over, as those that
    /// depend on it may be good. To report it would tell its sender that it is invalid.
    Known,
    /// It depends on one that is not in the chain yet.
    Early,
    /// It will never be good: the pool is told.
    Invalid(Option<TransactionValidityError>),
}

impl Refused {
    fn of(error: ClientError) -> Self {
        let ClientError::ApplyExtrinsicFailed(ApplyExtrinsicFailed::Validity(validity)) = error
        else {
            return Self::Invalid(None);
        };
        match validity {
            validity if validity.exhausted_resources() => Self::Full,
            TransactionValidityError::Invalid(InvalidTransaction::Stale) => Self::Known,
            TransactionValidityError::Invalid(InvalidTransaction::Future) => Self::Early,
            validity => Self::Invalid(Some(validity)),
        }
    }
}

/// Builds blocks.
pub struct Builder<C> {
    client: Arc<C>,
    states: Arc<ConsensusStates<C>>,
    crypto: KeystoreCrypto,
}

impl<C> Clone for Builder<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            states: self.states.clone(),
            crypto: self.crypto.clone(),
        }
    }
}

impl<C: PbftClient> Builder<C> {
    /// A builder over `client`'s runtime that seals with `crypto`'s keys.
    pub fn new(client: Arc<C>, states: Arc<ConsensusStates<C>>, crypto: KeystoreCrypto) -> Self {
        Self {
            client,
            states,
            crypto,
        }
    }

    /// Build, seal and hold a block of what is ready in `pool`.
    ///
    /// Blocks the thread while the runtime works: to be called where that is allowed.
    pub async fn build<P>(&self, pool: &P, request: BuildRequest<'_>) -> Result<Built, BuildError>
    where
        P: TransactionPool<Block = Block>,
    {
        let started = Instant::now();
        let parent = request.parent.hash();
        let ready = pool
            .ready_at_with_timeout(parent, request.limits.pool_wait)
            .await;
        let mut invalid = TxInvalidityReportMap::<TxHash<P>>::default();
        let built = self.build_of::<P>(ready, request, started, &mut invalid);
        if !invalid.is_empty() {
            pool.report_invalid(Some(parent), invalid).await;
        }
        built
    }

    /// The part that does not wait.
    fn build_of<P: TransactionPool<Block = Block>>(
        &self,
        ready: Ready<P>,
        request: BuildRequest<'_>,
        started: Instant,
        invalid: &mut TxInvalidityReportMap<TxHash<P>>,
    ) -> Result<Built, BuildError> {
        let BuildRequest {
            parent,
            parent_certificate,
            state,
            view,
            author,
            timestamp_ms,
            limits,
        } = request;
        let pre_digest = PreDigest {
            view,
            author,
            timestamp_ms,
        };
        let mut digest = author_digest(&self.states, &self.crypto, parent, &pre_digest)?;
        push_record(&mut digest, state.recovery.as_deref());
        let mut builder = BlockBuilderBuilder::new(&*self.client)
            .on_parent_block(parent.hash())
            .with_parent_block_number(*parent.number())
            .with_inherent_digests(digest)
            .build()?;
        let mut size = BlockSize::new(limits.max_bytes.min(MAX_BLOCK_BYTES));
        let data = inherent_data(timestamp_ms, parent_certificate.as_ref())?;
        push_inherents(&mut builder, data, &mut size)?;
        let inherents = size.extrinsics as usize;
        let end = match builder.extrinsic_inclusion_mode() {
            ExtrinsicInclusionMode::OnlyInherents => EndReason::OnlyInherents,
            ExtrinsicInclusionMode::AllExtrinsics => {
                push_transactions::<P, C>(&mut builder, ready, limits.time, &mut size, invalid)
            }
        };
        let (block, changes) = builder.build()?.into_inner();
        let (header, extrinsics) = block.deconstruct();
        let header = seal(&self.crypto, header, state, &pre_digest)?;
        let block = ProposedBlock {
            block: Block::new(header, extrinsics),
            parent_certificate,
        };
        Ok(Built {
            held: HeldBlock {
                hash: block.hash(),
                block,
                pre_digest,
                changes,
                executed_in: started.elapsed(),
            },
            inherents,
            transactions: (size.extrinsics as usize).saturating_sub(inherents),
            bytes: size.bytes(),
            end,
        })
    }
}

/// Seal a header as the runtime made it.
fn seal(
    crypto: &KeystoreCrypto,
    mut header: Header,
    state: &HeightState,
    pre: &PreDigest,
) -> Result<Header, BuildError> {
    let author = state
        .set
        .get(pre.author)
        .ok_or(BuildError::UnknownAuthor(pre.author))?;
    let payload = state
        .context
        .seal_payload(*header.number(), pre.view, &header.hash());
    let signature = crypto
        .sign(&author.key, &payload)
        .ok_or_else(|| BuildError::CannotSeal(author.key.clone()))?;
    header.digest_mut().push(seal_item(&signature));
    Ok(header)
}

/// What a pool has ready.
type Ready<P> =
    Box<dyn ReadyTransactions<Item = Arc<<P as TransactionPool>::InPoolTransaction>> + Send>;

/// Put the inherents in. They come first, and a block without them is not valid.
fn push_inherents<C: PbftClient>(
    builder: &mut BlockBuilder<'_, Block, C>,
    data: InherentData,
    size: &mut BlockSize,
) -> Result<(), BuildError> {
    for inherent in builder.create_inherents(data)? {
        let with = size.with(inherent.encoded_size());
        match builder.push(inherent) {
            Ok(()) => *size = with,
            // One that is not mandatory, in a block that is overweight already.
            Err(ClientError::ApplyExtrinsicFailed(ApplyExtrinsicFailed::Validity(error)))
                if error.exhausted_resources() =>
            {
                debug!(target: LOG_TARGET, "An inherent does not fit the block and is left out");
            }
            Err(error) => return Err(BuildError::Inherent(error)),
        }
    }
    Ok(())
}

/// Put transactions in until something is full.
fn push_transactions<P, C>(
    builder: &mut BlockBuilder<'_, Block, C>,
    mut ready: Ready<P>,
    time: Duration,
    size: &mut BlockSize,
    invalid: &mut TxInvalidityReportMap<TxHash<P>>,
) -> EndReason
where
    P: TransactionPool<Block = Block>,
    C: PbftClient,
{
    let started = Instant::now();
    let mut passed_over = PassedOver::default();
    while let Some(transaction) = ready.next() {
        if started.elapsed() >= time {
            return EndReason::Time;
        }
        let extrinsic = &**transaction.data();
        let Some(with) = size.checked_with(extrinsic.encoded_size()) else {
            // What depends on it is skipped, too; the pool keeps it.
            ready.report_invalid(&transaction);
            match passed_over.count(EndReason::Size) {
                Some(end) => return end,
                None => continue,
            }
        };
        let Err(error) = builder.push(extrinsic.clone()) else {
            *size = with;
            continue;
        };
        let hash = transaction.hash();
        debug!(target: LOG_TARGET, "Transaction {hash:?} is not taken: {error}");
        match Refused::of(error) {
            Refused::Known => {}
            Refused::Early => ready.report_invalid(&transaction),
            Refused::Full => {
                ready.report_invalid(&transaction);
                if let Some(end) = passed_over.count(EndReason::Weight) {
                    return end;
                }
            }
            Refused::Invalid(reason) => {
                ready.report_invalid(&transaction);
                invalid.insert(hash.clone(), reason);
            }
        }
    }
    passed_over.last.unwrap_or(EndReason::PoolEmpty)
}

/// Counts the transactions that did not fit.
#[derive(Default, Debug)]
struct PassedOver {
    count: u32,
    last: Option<EndReason>,
}

impl PassedOver {
    /// One more did not fit; the reason to stop, if it was one too many.
    fn count(&mut self, reason: EndReason) -> Option<EndReason> {
        self.count = self.count.saturating_add(1);
        self.last = Some(reason);
        (self.count > MAX_PASSED_OVER).then_some(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        block::{
            checks::{check_header, ViewRule},
            randomness::pre_runtime_digest,
        },
        test_support::{beacon_output, height_state, pair, pre_header, GENESIS},
    };
    use hansa_pbft_primitives::KEY_TYPE;
    use sc_keystore::LocalKeystore;
    use sp_core::Pair;
    use sp_keystore::Keystore;
    use sp_runtime::OpaqueExtrinsic;

    #[test]
    fn the_running_size_is_the_size_of_the_body() {
        let mut size = BlockSize::new(usize::MAX);
        let mut body = Vec::new();
        // Beyond 63 the number of extrinsics takes two bytes, beyond 63 bytes so does a length.
        for i in 0..200usize {
            let extrinsic = OpaqueExtrinsic::from_blob(vec![0; i]);
            size = size.checked_with(extrinsic.encoded_size()).unwrap();
            body.push(extrinsic);
            assert_eq!(
                size.bytes() - HEADER_RESERVE_BYTES,
                body.encoded_size(),
                "{i}"
            );
        }
        assert_eq!(size.extrinsics, 200);
    }

    #[test]
    fn the_limit_is_reached_and_not_passed() {
        let size = BlockSize::new(HEADER_RESERVE_BYTES + 1 + 100);
        let full = size.checked_with(100).unwrap();
        assert_eq!(full.bytes(), full.max);
        assert_eq!(size.checked_with(101), None);
        assert_eq!(full.checked_with(0), Some(full.with(0)));
        assert_eq!(full.checked_with(1), None);
        assert_eq!(size.checked_with(usize::MAX), None, "no overflow");
    }

    #[test]
    fn a_full_header_fits_its_reserve() {
        use hansa_pbft_primitives::{
            recovery::{recovery_item, MAX_RECOVERY_BYTES},
            Authority, AuthorityId, AuthoritySet, ConsensusLog, MAX_AUTHORITIES,
        };
        use sp_core::ByteArray;
        let authority = |i: u32| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&i.to_le_bytes());
            Authority {
                key: AuthorityId::from_slice(&key).unwrap(),
                weight: 1,
            }
        };
        let set = AuthoritySet::new(u64::MAX, (0..MAX_AUTHORITIES).map(authority).collect());
        let pre = PreDigest {
            view: 1,
            author: 0,
            timestamp_ms: 1,
        };
        let mut header = pre_header(1, GENESIS, pre);
        header.digest = pre_runtime_digest(&pre, Some(beacon_output(0, [0; 32], 1)));
        header
            .digest
            .push(recovery_item(&vec![0; MAX_RECOVERY_BYTES]));
        header
            .digest
            .push(ConsensusLog::SetChange(set.unwrap()).to_digest_item());
        header.digest.push(seal_item(&pair(0).sign(b"")));
        assert!(
            header.encoded_size() < HEADER_RESERVE_BYTES,
            "{}",
            header.encoded_size()
        );
    }

    #[test]
    fn what_becomes_of_refused_transactions() {
        let refused = |e: TransactionValidityError| {
            Refused::of(ClientError::ApplyExtrinsicFailed(
                ApplyExtrinsicFailed::Validity(e),
            ))
        };
        for (error, expected) in [
            (InvalidTransaction::ExhaustsResources, Refused::Full),
            (InvalidTransaction::Stale, Refused::Known),
            (InvalidTransaction::Future, Refused::Early),
            (
                InvalidTransaction::Payment,
                Refused::Invalid(Some(InvalidTransaction::Payment.into())),
            ),
        ] {
            assert_eq!(refused(error.into()), expected);
        }
        let panicked = ClientError::Backend("the runtime panicked".into());
        assert_eq!(Refused::of(panicked), Refused::Invalid(None));
    }

    #[test]
    fn a_full_block_is_given_up_after_some_tries() {
        let mut passed_over = PassedOver::default();
        for _ in 0..MAX_PASSED_OVER {
            assert_eq!(passed_over.count(EndReason::Size), None);
        }
        assert_eq!(
            passed_over.count(EndReason::Weight),
            Some(EndReason::Weight)
        );
    }

    #[test]
    fn what_is_sealed_passes_the_checks() {
        let state = height_state(4);
        let parent = pre_header(
            1,
            GENESIS,
            PreDigest {
                view: 0,
                author: 0,
                timestamp_ms: 1,
            },
        );
        let author = state.primary(2, 3).unwrap();
        let pre = PreDigest {
            view: 3,
            author,
            timestamp_ms: 1 + u64::from(state.timing.min_interval_ms),
        };
        let unsealed = || pre_header(2, parent.hash(), pre);

        let empty = KeystoreCrypto::new(Arc::new(LocalKeystore::in_memory()));
        let error = seal(&empty, unsealed(), &state, &pre);
        assert!(
            matches!(error, Err(BuildError::CannotSeal(_))),
            "no key, no seal"
        );

        let (public, seed) = (pair(author).public(), [author as u8 + 1; 32]);
        let suri = format!("0x{}", sp_core::hexdisplay::HexDisplay::from(&seed));
        let keystore = LocalKeystore::in_memory();
        let made = keystore.ed25519_generate_new(KEY_TYPE, Some(&suri));
        assert_eq!(made.unwrap(), public.into_inner());
        let crypto = KeystoreCrypto::new(Arc::new(keystore));
        let header = seal(&crypto, unsealed(), &state, &pre).unwrap();
        check_header(header, &parent, &state, ViewRule::Exactly(3)).unwrap();

        let output = beacon_output(author, [5; 32], 2);
        let mut with_output = unsealed();
        with_output.digest = pre_runtime_digest(&pre, Some(output));
        let header = seal(&crypto, with_output, &state, &pre).unwrap();
        let checked = check_header(header, &parent, &state, ViewRule::Exactly(3)).unwrap();
        assert_eq!(checked.output, Some(output));
        assert_eq!(checked.record, None);
    }
}
