// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The vote logs of this node's keys that do not sign now: keys that will be in a set, and keys that
//! were.
//!
//! A log that is made when its key joins the set cannot know what the key signed before, so its key
//! would have to be silent until another block is final; and if more than `T` weight changed its
//! keys at one height, no block would ever be. So each key has its log from when it is in the
//! keystore, which is sessions before it is in a set. What makes any log complete makes these
//! complete: a final block that was proposed after the log was opened.
//!
//! What is final is noted in them, without the blocks, and made durable now and then: so that an old
//! copy is told from the log itself. If the end of that is lost in a power cut the log takes itself
//! for an old copy, and is complete again with the next block.

use super::unix_ms;
use crate::{
    vote_log::{file_name, Condition, OsDisk, Permission, VoteLog, VoteLogError},
    LOG_TARGET,
};
use hansa_pbft_primitives::{AuthorityId, Certificate, Hash, Height};
use hansa_vote_log::Occasion;
use log::{debug, error, info, warn};
use std::{
    cmp::Reverse,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How many logs are kept open beside that of the key that signs.
pub(super) const MAX_STANDBY_LOGS: usize = 8;

/// After how many heights it is made durable that they are final.
const SYNC_HEIGHTS: Height = 256;

/// An open log.
pub(super) struct Opened {
    pub log: VoteLog,
    /// When it was opened, by the local clock, in milliseconds since 1970.
    pub at_ms: u64,
}

impl Opened {
    /// Open the log of `key`, with `height` under way, and say in which condition it is.
    pub fn open(
        dir: &Path,
        genesis: Hash,
        key: &AuthorityId,
        height: Height,
    ) -> Result<Self, VoteLogError> {
        let at_ms = unix_ms();
        let (log, recovered) = VoteLog::open_at(OsDisk, dir, genesis, key, height)?;
        match recovered.condition {
            Condition::Fresh | Condition::Intact => {}
            Condition::TornTail { removed_bytes } => info!(
                target: LOG_TARGET,
                "The last {removed_bytes} bytes of the vote log were cut off while they were \
                 written; they never took effect."
            ),
            Condition::Damaged { offset_bytes } => error!(
                target: LOG_TARGET,
                "The vote log is damaged from byte {offset_bytes} on; the file was put aside."
            ),
        }
        Ok(Self { log, at_ms })
    }
}

/// The logs that stand by.
pub(super) struct Standby {
    dir: PathBuf,
    genesis: Hash,
    logs: Vec<Opened>,
    /// The keys for which it was seen to that they have a log.
    keys: Vec<AuthorityId>,
}

impl Standby {
    /// No logs yet.
    pub fn new(dir: PathBuf, genesis: Hash) -> Self {
        Self {
            dir,
            genesis,
            logs: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// The logs that are open here.
    pub fn logs(&self) -> impl Iterator<Item = &VoteLog> {
        self.logs.iter().map(|opened| &opened.log)
    }

    /// Take out the log of `key`, if it is here.
    pub fn take(&mut self, key: &AuthorityId) -> Option<Opened> {
        let at = self.logs.iter().position(|o| o.log.key() == Some(key))?;
        Some(self.logs.remove(at))
    }

    /// Put in the log of a key that signs no more.
    pub fn put(&mut self, opened: Opened) {
        self.logs.push(opened);
        if self.logs.len() > MAX_STANDBY_LOGS {
            self.logs.remove(0);
        }
    }

    /// See to it that each of `keys` but `signing` has its log, as far as there is room. Those that
    /// have none yet come first, then those that were in use last. Does nothing while the keys
    /// stay the same.
    pub fn open_for(&mut self, keys: &[AuthorityId], signing: &AuthorityId, height: Height) {
        if self.keys == keys {
            return;
        }
        self.keys = keys.to_vec();
        let is_open = |key: &AuthorityId| self.logs().any(|log| log.key() == Some(key));
        let mut missing: Vec<_> = keys
            .iter()
            .filter(|key| *key != signing && !is_open(key))
            .collect();
        missing.sort_by_cached_key(|key| Reverse(self.last_use(key)));
        for key in missing {
            if self.logs.len() >= MAX_STANDBY_LOGS {
                debug!(target: LOG_TARGET, "Too many session keys: {key} has no vote log yet");
                break;
            }
            match Opened::open(&self.dir, self.genesis, key, height) {
                Ok(opened) => self.logs.push(opened),
                // The node can do without, and says so again if the key is needed.
                Err(error) => warn!(
                    target: LOG_TARGET,
                    "The vote log of session key {key} cannot be opened: {error}"
                ),
            }
        }
    }

    /// When the log of `key` was written last; now, if there is none.
    fn last_use(&self, key: &AuthorityId) -> SystemTime {
        let path = self.dir.join(file_name(self.genesis, Some(key)));
        std::fs::metadata(path)
            .and_then(|data| data.modified())
            .unwrap_or_else(|_| SystemTime::now())
    }

    /// The height of `occasion` begins above a block which `certificate` made final. A log that was
    /// opened more than `drift_ms` before that block was proposed is complete.
    pub fn follow(
        &mut self,
        occasion: &Occasion,
        certificate: Option<&Certificate>,
        drift_ms: u64,
    ) -> Result<(), VoteLogError> {
        for Opened { log, at_ms } in &mut self.logs {
            let news = certificate.filter(|c| log.last_decided().is_none_or(|l| l < c.height));
            if let Some(certificate) = news {
                log.note_decided(certificate, SYNC_HEIGHTS)?;
            }
            let safe_after_ms = at_ms.saturating_add(drift_ms);
            if log.permission(occasion, safe_after_ms)? == Permission::GrantedNow {
                if let Some(key) = log.key() {
                    debug!(target: LOG_TARGET, "The vote log of session key {key} is complete");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        authorities::HeightState,
        block::import::DecidedLog,
        crypto::KeystoreCrypto,
        metrics::Metrics,
        recoveries::TakeOver,
        test_support::{commit, pre_header, take_over, GENESIS},
        types::ProposedBlock,
        worker::voting::{Mandate, Voting},
    };
    use hansa_pbft_primitives::{
        Authority, AuthorityId, AuthoritySet, ConsensusState, Hash, Height, PreDigest, SetId,
        Timing, KEY_TYPE,
    };
    use hansa_primitives::Block;
    use sc_keystore::LocalKeystore;
    use sp_consensus::BlockOrigin;
    use sp_keystore::Keystore;
    use std::{path::Path, sync::Arc};

    /// A time that no clock shows while the test runs.
    const LATER_MS: u64 = u64::MAX / 2;

    struct Node {
        keystore: Arc<LocalKeystore>,
        voting: Voting,
    }

    impl Node {
        /// A node that starts, with the keys of these seeds.
        fn start(dir: &Path, seeds: &[&str]) -> (Self, Vec<AuthorityId>) {
            let keystore = Arc::new(LocalKeystore::in_memory());
            let crypto = KeystoreCrypto::new(keystore.clone());
            let metrics = Metrics::register(None).unwrap();
            let voting = Voting::new(dir.to_path_buf(), GENESIS, crypto, metrics);
            let mut node = Self { keystore, voting };
            let keys = seeds.iter().map(|seed| node.insert(seed)).collect();
            (node, keys)
        }

        fn insert(&mut self, seed: &str) -> AuthorityId {
            self.keystore
                .ed25519_generate_new(KEY_TYPE, Some(seed))
                .unwrap()
                .into()
        }

        fn mandate(&mut self, height: Height, key: &AuthorityId, parent_ms: u64) -> Mandate {
            let state = alone(key);
            let parent = commit(&state, height - 1, 0, Hash::zero(), []);
            self.voting
                .mandate(height, &state, Some(parent_ms), Some(&parent))
                .unwrap()
        }
    }

    /// `key` decides alone.
    fn alone(key: &AuthorityId) -> HeightState {
        let authority = Authority {
            key: key.clone(),
            weight: 1,
        };
        let state = ConsensusState {
            set: AuthoritySet::new(SetId::MIN, vec![authority]).unwrap(),
            seed: [0; 32],
            timing: Timing::default(),
        };
        HeightState::new(GENESIS, state)
    }

    #[test]
    fn a_key_that_joins_the_set_signs_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (mut node, keys) = Node::start(dir.path(), &["//Old"]);
        let old = &keys[0];
        assert_eq!(node.mandate(2, old, 1).local, None, "the log is new");
        assert_eq!(node.mandate(3, old, LATER_MS).local, Some(0));
        // Its key is changed: the next session's is in the keystore, not yet in the set.
        let new = node.insert("//New");
        assert_eq!(node.mandate(4, old, LATER_MS + 1).local, Some(0));
        let joined = node.mandate(5, &new, LATER_MS + 2);
        assert_eq!((joined.local, joined.key), (Some(0), Some(new.clone())));
        // And back again: the old log was followed all the time.
        assert_eq!(node.mandate(6, old, LATER_MS + 3).local, Some(0));
        // One that is in the set from the first block on at which the node has it is silent.
        let sudden = node.insert("//Sudden");
        assert_eq!(node.mandate(7, &sudden, 1).local, None);
        assert_eq!(node.mandate(8, &sudden, LATER_MS).local, Some(0));
    }

    #[test]
    fn a_key_that_was_no_authority_for_long_is_not_trusted_blindly() {
        let dir = tempfile::tempdir().unwrap();
        let (mut node, keys) = Node::start(dir.path(), &["//Old", "//New"]);
        let (old, new) = (&keys[0], &keys[1]);
        for height in 2..6 {
            node.mandate(height, old, LATER_MS);
        }
        drop(node);
        // While the node was down others decided, and a copy of it may have signed.
        let (mut node, _) = Node::start(dir.path(), &["//Old", "//New"]);
        let after = node.mandate(300, new, LATER_MS);
        assert_eq!(after.local, Some(0), "a block after the start");
        node.mandate(301, new, LATER_MS);
        node.mandate(302, old, LATER_MS);
        drop(node);
        let (mut node, _) = Node::start(dir.path(), &["//Old", "//New"]);
        assert_eq!(node.mandate(900, new, 1).local, None, "an old copy");
        assert_eq!(node.mandate(901, new, LATER_MS).local, Some(0));
    }

    /// `key` decides alone above block 3, since set `set_id` took over there.
    fn taken_over(key: &AuthorityId, set_id: SetId, made_after_ms: Option<u64>) -> HeightState {
        let authority = Authority {
            key: key.clone(),
            weight: 1,
        };
        alone(key).under(Arc::new(TakeOver {
            set: Arc::new(AuthoritySet::new(set_id, vec![authority]).unwrap()),
            made_after_ms,
            ..take_over(3, set_id)
        }))
    }

    #[test]
    fn a_set_that_takes_over_signs_at_once_and_the_one_before_never_again() {
        let dir = tempfile::tempdir().unwrap();
        let (mut node, keys) = Node::start(dir.path(), &["//Old", "//New"]);
        let (old, new) = (&keys[0], &keys[1]);
        node.mandate(3, old, LATER_MS);
        assert_eq!(node.mandate(4, old, LATER_MS).local, Some(0));
        // A record comes. Nothing was decided since.
        let begin = |node: &mut Node, state: &HeightState| {
            let voting = &mut node.voting;
            voting.mandate(4, state, Some(LATER_MS), None).unwrap()
        };
        let again = begin(&mut node, &taken_over(old, 8, None));
        assert_eq!((again.local, again.restored.len()), (Some(0), 0));
        let joined = begin(&mut node, &taken_over(new, 9, None));
        assert_eq!((joined.local, joined.key), (Some(0), Some(new.clone())));
        drop(node);
        // It starts again and is not told: both logs know that the sets before are over.
        let (mut node, keys) = Node::start(dir.path(), &["//Old", "//New"]);
        for (state, local) in [
            (alone(&keys[0]), None),
            (taken_over(&keys[0], 8, None), None),
            (alone(&keys[1]), None),
            (taken_over(&keys[1], 9, None), Some(0)),
        ] {
            let mandate = begin(&mut node, &state);
            assert_eq!(mandate.local, local, "{state:?}");
        }
    }

    #[test]
    fn a_log_that_is_older_than_the_record_is_complete_under_it() {
        for (made_after_ms, local) in [(None, None), (Some(1), None), (Some(LATER_MS), Some(0))] {
            let dir = tempfile::tempdir().unwrap();
            let (mut node, keys) = Node::start(dir.path(), &["//Drawn"]);
            assert_eq!(node.mandate(4, &keys[0], 1).local, None, "the log is new");
            let state = taken_over(&keys[0], 8, made_after_ms);
            let mandate = node.voting.mandate(4, &state, Some(1), None).unwrap();
            assert_eq!(mandate.local, local, "{made_after_ms:?}");
        }
    }

    fn block(height: Height, parent: Hash) -> ProposedBlock {
        let pre = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: 1,
        };
        ProposedBlock {
            block: Block {
                header: pre_header(height, parent, pre),
                extrinsics: Vec::new(),
            },
            parent_certificate: None,
        }
    }

    #[test]
    fn a_block_is_not_logged_with_the_certificate_of_another_parent() {
        for is_parent in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let (mut node, keys) = Node::start(dir.path(), &["//Old"]);
            let state = alone(&keys[0]);
            node.mandate(4, &keys[0], LATER_MS);
            // Decided, and then another set took over: the block above is of that.
            let decided = block(4, Hash::zero());
            let certificate = commit(&state, 4, 0, decided.hash(), []);
            let voting = &node.voting;
            voting.decided(&certificate, &state.set, &decided).unwrap();
            let parent = if is_parent {
                decided.hash()
            } else {
                Hash::repeat_byte(7)
            };
            let next = block(5, parent);
            let above = commit(&state, 5, 0, next.hash(), []);
            let origin = BlockOrigin::NetworkBroadcast;
            let log = voting.log();
            log.record(&next.block, &above, &state.set, origin).unwrap();
            let logged = voting.block(&next.hash()).unwrap();
            let expected = is_parent.then_some(certificate);
            assert_eq!(logged.parent_certificate, expected);
        }
    }

    #[test]
    fn what_was_decided_under_the_old_key_is_replayed() {
        let dir = tempfile::tempdir().unwrap();
        let (mut node, keys) = Node::start(dir.path(), &["//Old", "//New"]);
        for (height, key) in [(1, &keys[0]), (2, &keys[0]), (3, &keys[1])] {
            node.mandate(height, key, LATER_MS);
            let (state, block) = (alone(key), block(height, Hash::zero()));
            let certificate = commit(&state, height, 0, block.hash(), []);
            node.voting
                .decided(&certificate, &state.set, &block)
                .unwrap();
        }
        drop(node);
        let (mut node, keys) = Node::start(dir.path(), &["//Old", "//New"]);
        node.voting.open(1, &alone(&keys[0]).set).unwrap();
        let replayed = node.voting.decided_above(0).unwrap();
        let heights: Vec<_> = replayed.iter().map(|(c, _)| c.height).collect();
        assert_eq!(heights, [1, 2, 3]);
        // A height that the log holds as decided is not voted on again.
        assert_eq!(node.mandate(2, &keys[0], LATER_MS).local, None);
        assert_eq!(node.mandate(4, &keys[1], LATER_MS).local, Some(0));
    }
}
