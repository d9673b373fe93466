// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The output that a block's author adds for the randomness beacon: what a header must carry, how it
//! is checked, and how it is made.
//!
//! The output is that of a VRF, over the beacon in the state of the block's parent and the height, with
//! a key that the same state names. Not over the view: a block that is proposed again in a later view
//! keeps an output that holds. The runtime takes the output as it is, so here is the only place where
//! its proof is verified: before a vote, and before a block of sync is imported.
//!
//! All that the engine knows of the beacon is in this file. A chain without one has [`NoOutputs`], and
//! its headers must carry none.

use super::{builder::BuildError, checks::HeaderError, BlockError};
use crate::{
    authorities::{ConsensusClient, ConsensusStateError, ConsensusStates},
    crypto::KeystoreCrypto,
    LOG_TARGET,
};
use hansa_beacon_primitives::{
    api::BeaconApi,
    digest::{DigestError, BEACON_ENGINE_ID},
    vrf::block_input,
    Beacon, BeaconId, BeaconPair, BlockVrf,
};
use hansa_pbft_primitives::{AuthorityIndex, Hash, Height, PreDigest};
use hansa_primitives::{AccountId, Block, Header};
use log::trace;
use parking_lot::Mutex;
use sp_api::{ApiError, ApiExt, ProvideRuntimeApi};
use sp_core::crypto::{VrfSecret, Wraps};
use sp_runtime::{traits::Header as HeaderT, Digest, DigestItem};
use std::{collections::VecDeque, sync::Arc, time::Instant};

/// At which place of the digest the output stands: right after the item that names the author.
const PLACE: usize = 1;

/// How many parents are cached. The driver asks for the current one, sync for some near the head.
const CACHED_PARENTS: usize = 16;

/// How many authors' keys are cached for one parent. A second one is asked for only after a view
/// change.
const CACHED_KEYS: usize = 8;

/// Why a header is refused for its author's output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutputError {
    /// The author has a key, and the header no output.
    #[error("the header carries no VRF output, though authority {0} has a beacon key")]
    Missing(AuthorityIndex),
    /// The author has no key, or the chain no beacon, and the header an output.
    #[error("the header carries a VRF output, though authority {0} has no beacon key")]
    Unwanted(AuthorityIndex),
    /// The output's bytes are none.
    #[error("the VRF output in the header is malformed")]
    Malformed,
    /// There is more than one.
    #[error("the header carries more than one VRF output")]
    Doubled,
    /// It does not stand right after the item that names the author.
    #[error("the VRF output in the header does not stand right after the author's item")]
    Misplaced,
    /// It is not that of the author's key for this height and the beacon of the parent's state.
    #[error("the VRF output in the header is not authority {0}'s for this height and beacon")]
    Wrong(AuthorityIndex),
}

impl From<DigestError> for OutputError {
    fn from(error: DigestError) -> Self {
        match error {
            DigestError::Malformed => Self::Malformed,
            DigestError::Doubled => Self::Doubled,
        }
    }
}

/// With what an author's output is made and verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputTerms {
    /// The author's key.
    pub key: BeaconId,
    /// The beacon in the state of the block's parent.
    pub beacon: Beacon,
}

/// Tells who must add an output.
pub trait AuthorOutputs: Send + Sync {
    /// With what the output of `author` is made in the child of `parent`; none if there must be none.
    fn terms(
        &self,
        parent: Hash,
        author: AuthorityIndex,
    ) -> Result<Option<OutputTerms>, ConsensusStateError>;
}

/// For a chain without a beacon: nobody adds an output.
pub struct NoOutputs;

impl AuthorOutputs for NoOutputs {
    fn terms(
        &self,
        _: Hash,
        _: AuthorityIndex,
    ) -> Result<Option<OutputTerms>, ConsensusStateError> {
        Ok(None)
    }
}

/// What is known of one parent.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    parent: Hash,
    /// None if the runtime has no beacon.
    beacon: Option<Beacon>,
    keys: Vec<(AuthorityIndex, Option<BeaconId>)>,
}

impl Known {
    /// The answer for `author`, if it is known.
    fn terms(&self, author: AuthorityIndex) -> Option<Option<OutputTerms>> {
        let Some(beacon) = self.beacon else {
            return Some(None);
        };
        let (_, key) = self.keys.iter().find(|(index, _)| *index == author)?;
        Some(key.clone().map(|key| OutputTerms { key, beacon }))
    }
}

/// For a chain whose runtime may have a beacon: asks the state of the parent, and keeps the answers.
///
/// A block costs two calls of the runtime, one for the beacon and one for the author's key, whether it
/// is built, executed or imported, and one more for each other author that proposes at its height.
pub struct BeaconOutputs<C> {
    client: Arc<C>,
    recent: Mutex<VecDeque<Known>>,
}

impl<C> BeaconOutputs<C>
where
    C: ProvideRuntimeApi<Block, Api: BeaconApi<Block, AccountId>> + Send + Sync,
{
    /// For the chain of `client`.
    pub fn new(client: Arc<C>) -> Self {
        Self {
            client,
            recent: Mutex::default(),
        }
    }

    /// The beacon in the state of `parent`; none if its runtime has none.
    fn beacon(&self, parent: Hash) -> Result<Option<Beacon>, ApiError> {
        let api = self.client.runtime_api();
        if !api.has_api::<dyn BeaconApi<Block, AccountId>>(parent)? {
            return Ok(None);
        }
        Ok(Some(api.epoch(parent)?.beacon))
    }

    /// What is known of `parent`, asked for if need be, with the answer for `author`.
    fn ask(&self, parent: Hash, author: AuthorityIndex) -> Result<Known, ApiError> {
        let cached = (self.recent.lock().iter())
            .find(|known| known.parent == parent)
            .cloned();
        let mut known = match cached {
            Some(known) => known,
            None => Known {
                parent,
                beacon: self.beacon(parent)?,
                keys: Vec::new(),
            },
        };
        if known.beacon.is_some() {
            let key = self.client.runtime_api().author_key(parent, author)?;
            if known.keys.len() >= CACHED_KEYS {
                known.keys.remove(0);
            }
            known.keys.push((author, key));
        }
        Ok(known)
    }
}

impl<C> AuthorOutputs for BeaconOutputs<C>
where
    C: ProvideRuntimeApi<Block, Api: BeaconApi<Block, AccountId>> + Send + Sync,
{
    fn terms(
        &self,
        parent: Hash,
        author: AuthorityIndex,
    ) -> Result<Option<OutputTerms>, ConsensusStateError> {
        let cached = (self.recent.lock().iter())
            .find(|known| known.parent == parent)
            .and_then(|known| known.terms(author));
        if let Some(terms) = cached {
            return Ok(terms);
        }
        // Not under the lock: the runtime calls take their time, and doing them twice harms nobody.
        let started = Instant::now();
        let known = self.ask(parent, author).map_err(|source| {
            let block = parent;
            ConsensusStateError::Runtime { block, source }
        })?;
        let took = started.elapsed();
        trace!(target: LOG_TARGET, "Beacon and key of authority {author}: read in {took:?}");
        let terms = known.terms(author).flatten();
        let mut recent = self.recent.lock();
        recent.retain(|known| known.parent != parent);
        recent.push_front(known);
        recent.truncate(CACHED_PARENTS);
        Ok(terms)
    }
}

/// The output in a header, checked for its form and place only; none if there is none.
pub fn read_output(digest: &Digest) -> Result<Option<BlockVrf>, OutputError> {
    let output = BlockVrf::find(digest)?;
    let at = digest.logs().iter().position(is_output);
    match at {
        Some(at) if at != PLACE => Err(OutputError::Misplaced),
        _ => Ok(output),
    }
}

/// Whether an item of a digest is an output, well-formed or not.
pub fn is_output(item: &DigestItem) -> bool {
    matches!(item, DigestItem::PreRuntime(BEACON_ENGINE_ID, _))
}

/// Check the output that the header of `author`'s block at `height` carries. Some 100 microseconds of
/// curve arithmetic, if there is one: to be called when all that is cheaper is checked.
pub fn check_output(
    output: Option<&BlockVrf>,
    author: AuthorityIndex,
    terms: Option<&OutputTerms>,
    genesis: &Hash,
    height: Height,
) -> Result<(), OutputError> {
    match (output, terms) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(OutputError::Missing(author)),
        (Some(_), None) => Err(OutputError::Unwanted(author)),
        (Some(output), Some(terms)) => output
            .verify(&terms.key, genesis, &terms.beacon, height)
            .then_some(())
            .ok_or(OutputError::Wrong(author)),
    }
}

/// Check the output that `header`, of a block by `author`, carries, against the state of its parent.
pub fn check_author_output<C: ConsensusClient>(
    states: &ConsensusStates<C>,
    header: &Header,
    author: AuthorityIndex,
    output: Option<&BlockVrf>,
) -> Result<(), BlockError> {
    let terms = states.output_terms(*header.parent_hash(), author)?;
    let (genesis, height) = (states.genesis(), *header.number());
    let started = Instant::now();
    check_output(output, author, terms.as_ref(), &genesis, height).map_err(HeaderError::from)?;
    trace!(target: LOG_TARGET, "Output of #{height}: checked in {:?}", started.elapsed());
    Ok(())
}

/// Why an output cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutputKeyError {
    /// The key is not there.
    #[error(
        "the keystore has no beacon key {0}, which the chain names as this authority's: put its secret \
         back with `hansa key insert --key-type hbcn --scheme sr25519`, or make new session keys with \
         author_rotateKeysWithOwner and register them with session.setKeys. Until then this node \
         proposes nothing"
    )]
    NoKey(BeaconId),
    /// The keystore fails.
    #[error("the keystore cannot apply beacon key {key}: {source}")]
    Keystore {
        /// The key.
        key: BeaconId,
        /// What went wrong.
        source: sc_keystore::Error,
    },
}

/// Make the output of the block at `height` with the author's key.
pub fn make_output(pair: &BeaconPair, beacon: &Beacon, genesis: &Hash, height: Height) -> BlockVrf {
    let data = block_input(genesis, beacon, height).into_sign_data();
    BlockVrf::from(&pair.as_inner_ref().vrf_sign(&data))
}

/// What the header of a block on `parent` carries before the runtime sees it: `pre`, and the author's
/// output if there must be one.
pub(super) fn author_digest<C: ConsensusClient>(
    states: &ConsensusStates<C>,
    crypto: &KeystoreCrypto,
    parent: &Header,
    pre: &PreDigest,
) -> Result<Digest, BuildError> {
    let output = match states.output_terms(parent.hash(), pre.author)? {
        Some(terms) => {
            let height = parent.number().saturating_add(1);
            Some(crypto.output(&terms, &states.genesis(), height)?)
        }
        None => None,
    };
    Ok(pre_runtime_digest(pre, output))
}

/// `pre` and an output, each in its place.
pub(super) fn pre_runtime_digest(pre: &PreDigest, output: Option<BlockVrf>) -> Digest {
    let mut logs = vec![pre.to_digest_item()];
    logs.extend(output.map(|output| output.to_digest_item()));
    Digest { logs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        block::test_chain::Chain,
        test_support::{beacon_pair, GENESIS},
    };
    use codec::Encode;
    use hansa_beacon_primitives::KEY_TYPE;
    use sc_keystore::LocalKeystore;
    use sp_application_crypto::Pair;
    use sp_keystore::Keystore;
    use std::sync::Arc;

    const BEACON: Beacon = [9; 32];
    const HEIGHT: Height = 12;

    fn terms(author: AuthorityIndex) -> OutputTerms {
        OutputTerms {
            key: beacon_pair(author).public(),
            beacon: BEACON,
        }
    }

    fn crypto(author: AuthorityIndex) -> KeystoreCrypto {
        let keystore = LocalKeystore::in_memory();
        let suri = format!("0x{}", array_bytes::bytes2hex("", [author as u8 + 1; 32]));
        let made = keystore
            .sr25519_generate_new(KEY_TYPE, Some(&suri))
            .unwrap();
        assert_eq!(BeaconId::from(made), beacon_pair(author).public());
        KeystoreCrypto::new(Arc::new(keystore))
    }

    fn output(author: AuthorityIndex, height: Height) -> BlockVrf {
        crypto(author)
            .output(&terms(author), &GENESIS, height)
            .unwrap()
    }

    fn first_item() -> DigestItem {
        let pre = PreDigest {
            view: 0,
            author: 2,
            timestamp_ms: 1,
        };
        pre.to_digest_item()
    }

    #[test]
    fn what_the_keystore_makes_passes_the_check_in_every_view() {
        // The view is no part of it, so there is nothing to vary.
        let good = output(2, HEIGHT);
        let check = check_output(Some(&good), 2, Some(&terms(2)), &GENESIS, HEIGHT);
        assert_eq!(check, Ok(()));
    }

    #[test]
    fn each_fault_has_its_name() {
        let good = output(2, HEIGHT);
        let beacon = [8; 32];
        let late = OutputTerms { beacon, ..terms(2) };
        let swapped = BlockVrf {
            pre_output: output(2, HEIGHT + 1).pre_output,
            ..good
        };
        let no_point = BlockVrf {
            pre_output: [0xff; 32],
            ..good
        };
        let check = |output: Option<&BlockVrf>, terms: Option<&OutputTerms>| {
            check_output(output, 2, terms, &GENESIS, HEIGHT)
        };
        for (name, output, terms, error) in [
            ("none", None, Some(terms(2)), OutputError::Missing(2)),
            ("no key", Some(good), None, OutputError::Unwanted(2)),
            (
                "another's",
                Some(output(1, HEIGHT)),
                Some(terms(2)),
                OutputError::Wrong(2),
            ),
            (
                "another height's",
                Some(output(2, HEIGHT + 1)),
                Some(terms(2)),
                OutputError::Wrong(2),
            ),
            (
                "another beacon's",
                Some(good),
                Some(late),
                OutputError::Wrong(2),
            ),
            (
                "another pre-output",
                Some(swapped),
                Some(terms(2)),
                OutputError::Wrong(2),
            ),
            (
                "no point",
                Some(no_point),
                Some(terms(2)),
                OutputError::Wrong(2),
            ),
        ] {
            assert_eq!(check(output.as_ref(), terms.as_ref()), Err(error), "{name}");
        }
        assert_eq!(check(None, None), Ok(()), "no beacon, no output");
        let elsewhere = check_output(Some(&good), 2, Some(&terms(2)), &Hash::zero(), HEIGHT);
        assert_eq!(elsewhere, Err(OutputError::Wrong(2)), "another chain's");
    }

    #[test]
    fn the_place_in_the_digest_is_checked() {
        let good = output(2, HEIGHT);
        let item = good.to_digest_item();
        let other = DigestItem::Other(vec![]);
        let short = DigestItem::PreRuntime(BEACON_ENGINE_ID, good.encode()[1..].to_vec());
        for (name, logs, expected) in [
            ("none", vec![first_item()], Ok(None)),
            (
                "second",
                vec![first_item(), item.clone(), other.clone()],
                Ok(Some(good)),
            ),
            (
                "third",
                vec![first_item(), other, item.clone()],
                Err(OutputError::Misplaced),
            ),
            (
                "first",
                vec![item.clone(), first_item()],
                Err(OutputError::Misplaced),
            ),
            (
                "twice",
                vec![first_item(), item.clone(), item],
                Err(OutputError::Doubled),
            ),
            (
                "short",
                vec![first_item(), short],
                Err(OutputError::Malformed),
            ),
        ] {
            assert_eq!(read_output(&Digest { logs }), expected, "{name}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        let error = crypto(1).output(&terms(2), &GENESIS, HEIGHT).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, OutputKeyError::NoKey(key) if key == terms(2).key));
        assert!(
            text.contains("hansa key insert") && text.contains("setKeys"),
            "{text}"
        );
    }

    #[test]
    fn the_runtime_is_asked_twice_a_parent_and_once_more_for_another_author() {
        let chain = Arc::new(Chain::default());
        chain.set_beacon(BEACON, vec![Some(terms(0).key), None]);
        let outputs = BeaconOutputs::new(chain.clone());
        let parent = Hash::repeat_byte(1);
        for _ in 0..3 {
            assert_eq!(outputs.terms(parent, 0).unwrap(), Some(terms(0)));
            assert_eq!(chain.beacon_calls(), 2);
        }
        for _ in 0..3 {
            assert_eq!(outputs.terms(parent, 1).unwrap(), None, "it has no key");
            assert_eq!(chain.beacon_calls(), 3);
        }
        outputs.terms(Hash::repeat_byte(2), 0).unwrap();
        assert_eq!(
            chain.beacon_calls(),
            5,
            "another parent may have another beacon"
        );
    }

    #[test]
    fn the_cache_is_bounded() {
        let chain = Arc::new(Chain::default());
        chain.set_beacon(BEACON, vec![Some(terms(0).key); 100]);
        let outputs = BeaconOutputs::new(chain.clone());
        for i in 0..100 {
            outputs.terms(Hash::from_low_u64_be(i), 0).unwrap();
            outputs.terms(Hash::zero(), i as AuthorityIndex).unwrap();
        }
        let recent = outputs.recent.lock();
        assert_eq!(recent.len(), CACHED_PARENTS);
        assert!(recent.iter().all(|known| known.keys.len() <= CACHED_KEYS));
    }

    #[test]
    fn a_chain_without_a_beacon_wants_no_output() {
        assert_eq!(NoOutputs.terms(GENESIS, 0).unwrap(), None);
    }
}
