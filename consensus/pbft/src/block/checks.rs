// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What a header must fulfil. Pure: no state, no clock.

use super::randomness::{is_output, read_output, OutputError};
use crate::{
    authorities::HeightState,
    recoveries::{check_record, is_record, read_record, RecordError},
};
use hansa_beacon_primitives::BlockVrf;
use hansa_pbft_primitives::{
    digest::seal_signature, statement::verify_signature, AuthorityIndex, AuthoritySignature, Hash,
    Height, PreDigest, Timing, View, PBFT_ENGINE_ID,
};
use hansa_primitives::Header;
use sp_runtime::{traits::Header as HeaderT, DigestItem};

/// Why a header is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// The first item of the digest is not a well-formed pre-runtime digest of pBFT.
    #[error("the digest does not begin with a pre-runtime digest of pBFT")]
    NoPreDigest,
    /// There is another pre-runtime digest than that, the author's output and the record of a recovery;
    /// the runtime would take it over unread.
    #[error("there is more than one pre-runtime digest")]
    ExtraPreDigest,
    /// The author's output for the beacon is not as it must be.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// It does not bring the record of a recovery where it must, or brings one where it must not.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The last item of the digest is not a well-formed seal of pBFT.
    #[error("the digest does not end with a seal of pBFT")]
    NoSeal,
    /// There is a second seal.
    #[error("there is more than one seal")]
    ExtraSeal,
    /// The block is not on the parent that it should be on.
    #[error("the parent is {got}, it should be {expected}")]
    WrongParent {
        /// The parent in the header.
        got: Hash,
        /// The last final block.
        expected: Hash,
    },
    /// The number is not the parent's plus one.
    #[error("the number is {got}, it should be {expected}")]
    WrongNumber {
        /// The number in the header.
        got: Height,
        /// The parent's plus one.
        expected: Height,
    },
    /// The header names a view that it cannot have.
    #[error("the header names view {got}, which does not fit {rule:?}")]
    WrongView {
        /// The view in the header.
        got: View,
        /// What was asked for.
        rule: ViewRule,
    },
    /// The author is not the primary of the view that the header names.
    #[error("authority {got} is the author, but {expected:?} is the primary")]
    WrongAuthor {
        /// The author.
        got: AuthorityIndex,
        /// The primary.
        expected: Option<AuthorityIndex>,
    },
    /// The timestamp is not after the parent's by the minimum interval.
    #[error(
        "the timestamp is {got}, {due} is the earliest: the parent's and the minimum interval"
    )]
    TooEarly {
        /// The block's, in milliseconds since 1970.
        got: u64,
        /// The earliest.
        due: u64,
    },
    /// The timestamp is ahead of the local clock by more than the drift that is allowed.
    #[error("the timestamp is {ahead_ms} ms ahead of the local clock, {allowed_ms} are allowed")]
    AheadOfClock {
        /// By how much.
        ahead_ms: u64,
        /// By how much at most.
        allowed_ms: u64,
    },
    /// The seal is not the author's signature.
    #[error("the seal is not the author's")]
    BadSeal,
}

/// Which view a header may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewRule {
    /// This one: a fresh proposal.
    Exactly(View),
    /// A lower one: a block that was prepared in an earlier view and is proposed again.
    Below(View),
    /// This or a lower one: a block with a commit certificate of this view.
    UpTo(View),
}

impl ViewRule {
    /// The rule for a proposal in `view`.
    pub fn of_proposal(view: View, reproposal: bool) -> Self {
        if reproposal {
            Self::Below(view)
        } else {
            Self::Exactly(view)
        }
    }

    /// Whether a header may name `view`.
    pub fn admits(self, view: View) -> bool {
        match self {
            Self::Exactly(rule) => view == rule,
            Self::Below(rule) => view < rule,
            Self::UpTo(rule) => view <= rule,
        }
    }
}

/// A header taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckedHeader {
    /// What it says of view, author and time.
    pub pre_digest: PreDigest,
    /// The author's output for the beacon: its form is checked, no more.
    pub output: Option<BlockVrf>,
    /// The record of a recovery that it brings: its form is checked, no more.
    pub record: Option<Vec<u8>>,
    /// The header without the seal: as the runtime makes it and executes it.
    pub pre_header: Header,
    /// The hash of the header without the seal: what the author signed.
    pub pre_hash: Hash,
    /// The seal as an item of the digest.
    pub seal: DigestItem,
    /// The author's signature.
    pub signature: AuthoritySignature,
}

/// Check the form of a digest and take it apart. Neither parent nor set is needed.
pub fn check_form(header: Header) -> Result<CheckedHeader, HeaderError> {
    let mut pre_header = header;
    let seal = pre_header.digest_mut().pop().ok_or(HeaderError::NoSeal)?;
    let signature = seal_signature(&seal).ok_or(HeaderError::NoSeal)?;

    let (first, rest) = pre_header
        .digest()
        .logs()
        .split_first()
        .ok_or(HeaderError::NoPreDigest)?;
    if !matches!(first, DigestItem::PreRuntime(PBFT_ENGINE_ID, _)) {
        return Err(HeaderError::NoPreDigest);
    }
    for item in rest {
        match item {
            // Checked below.
            item if is_output(item) || is_record(item) => {}
            DigestItem::PreRuntime(..) => return Err(HeaderError::ExtraPreDigest),
            DigestItem::Seal(..) => return Err(HeaderError::ExtraSeal),
            // The runtime writes these itself and refuses a block that has others.
            DigestItem::Consensus(..)
            | DigestItem::Other(_)
            | DigestItem::RuntimeEnvironmentUpdated => {}
        }
    }
    let pre_digest = PreDigest::find(pre_header.digest()).ok_or(HeaderError::NoPreDigest)?;
    let output = read_output(pre_header.digest())?;
    let authors_items = usize::from(output.is_some()).saturating_add(1);
    let record = read_record(pre_header.digest(), authors_items)?;
    let pre_hash = pre_header.hash();
    Ok(CheckedHeader {
        pre_digest,
        output,
        record,
        pre_header,
        pre_hash,
        seal,
        signature,
    })
}

/// Check a header against its parent and against the set that decides its height.
///
/// What is not checked here: the clock ([`check_clock`]), the author's output
/// ([`check_output`](super::randomness::check_output)), and what only execution can tell.
pub fn check_header(
    header: Header,
    parent: &Header,
    state: &HeightState,
    view: ViewRule,
) -> Result<CheckedHeader, HeaderError> {
    let checked = check_form(header)?;
    let pre = checked.pre_digest;
    check_parent(&checked, parent, &state.timing)?;
    check_record(checked.record.as_deref(), state.recovery.as_deref())?;
    if !view.admits(pre.view) {
        return Err(HeaderError::WrongView {
            got: pre.view,
            rule: view,
        });
    }
    let height = *checked.pre_header.number();
    let primary = state.primary(height, pre.view);
    if primary != Some(pre.author) {
        return Err(HeaderError::WrongAuthor {
            got: pre.author,
            expected: primary,
        });
    }
    // The signature last: it costs most.
    let payload = state
        .context
        .seal_payload(height, pre.view, &checked.pre_hash);
    let sealed = state
        .set
        .get(pre.author)
        .is_some_and(|author| verify_signature(&author.key, &payload, &checked.signature));
    if !sealed {
        return Err(HeaderError::BadSeal);
    }
    Ok(checked)
}

/// Check parent hash, number and time against the parent.
///
/// The interval is the primary's to keep; were it not checked, one could fill the chain faster than
/// it was set up for, up to the clock drift that is allowed.
fn check_parent(
    checked: &CheckedHeader,
    parent: &Header,
    timing: &Timing,
) -> Result<(), HeaderError> {
    let header = &checked.pre_header;
    let (got, expected) = (*header.parent_hash(), parent.hash());
    if got != expected {
        return Err(HeaderError::WrongParent { got, expected });
    }
    let (got, expected) = (*header.number(), parent.number().saturating_add(1));
    if got != expected {
        return Err(HeaderError::WrongNumber { got, expected });
    }
    // Genesis has no time.
    if let Some(parent) = PreDigest::find(parent.digest()) {
        let got = checked.pre_digest.timestamp_ms;
        let due = parent
            .timestamp_ms
            .saturating_add(u64::from(timing.min_interval_ms));
        if got < due {
            return Err(HeaderError::TooEarly { got, due });
        }
    }
    Ok(())
}

/// Check that a block is not too far ahead of the local clock.
///
/// Only for fresh proposals. A block that is proposed again passed this at a quorum, and must not
/// fail now at a replica whose clock is behind; a block with a certificate is final, whatever the
/// clock says.
pub fn check_clock(pre: &PreDigest, now_ms: u64, timing: &Timing) -> Result<(), HeaderError> {
    let ahead_ms = pre.timestamp_ms.saturating_sub(now_ms);
    let allowed_ms = u64::from(timing.max_clock_drift_ms);
    if ahead_ms > allowed_ms {
        return Err(HeaderError::AheadOfClock {
            ahead_ms,
            allowed_ms,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{height_state, pre_header, seal, GENESIS};
    use codec::Encode;
    use sp_runtime::Digest;

    const HEIGHT: Height = 10;
    const VIEW: View = 2;
    const TIME: u64 = 1_000_000;

    fn parent() -> Header {
        let pre = PreDigest {
            view: 0,
            author: 0,
            timestamp_ms: TIME - u64::from(Timing::default().min_interval_ms),
        };
        pre_header(HEIGHT - 1, GENESIS, pre)
    }

    fn author(view: View) -> AuthorityIndex {
        height_state(4).primary(HEIGHT, view).unwrap()
    }

    fn pre() -> PreDigest {
        PreDigest {
            view: VIEW,
            author: author(VIEW),
            timestamp_ms: TIME,
        }
    }

    fn sealed(pre: PreDigest) -> Header {
        seal(
            pre_header(HEIGHT, parent().hash(), pre),
            author(VIEW),
            pre.view,
        )
    }

    /// A well-sealed header after `change` to it while it had no seal.
    fn changed(change: impl FnOnce(&mut Header)) -> Header {
        let mut header = pre_header(HEIGHT, parent().hash(), pre());
        change(&mut header);
        seal(header, author(VIEW), VIEW)
    }

    fn check(header: Header) -> Result<CheckedHeader, HeaderError> {
        check_header(header, &parent(), &height_state(4), ViewRule::Exactly(VIEW))
    }

    #[test]
    fn a_good_header_is_taken_apart() {
        let header = sealed(pre());
        let checked = check(header.clone()).unwrap();
        assert_eq!(checked.pre_digest, pre());
        assert_eq!(checked.pre_hash, checked.pre_header.hash());
        let mut again = checked.pre_header;
        again.digest_mut().push(checked.seal);
        assert_eq!(again, header);
    }

    #[test]
    fn items_of_the_runtime_are_let_through() {
        let header = changed(|h| {
            h.digest
                .push(DigestItem::Consensus(PBFT_ENGINE_ID, vec![1]));
            h.digest.push(DigestItem::RuntimeEnvironmentUpdated);
            h.digest.push(DigestItem::Other(vec![]));
        });
        check(header).unwrap();
    }

    #[test]
    fn the_form_of_the_digest_is_checked() {
        let item = pre().to_digest_item();
        let foreign = DigestItem::PreRuntime(*b"aura", vec![]);
        let long = DigestItem::PreRuntime(PBFT_ENGINE_ID, (pre(), 0u8).encode());
        let no_seal = pre_header(HEIGHT, parent().hash(), pre());
        let mut second_seal = sealed(pre());
        second_seal.digest.push(second_seal.digest.logs[1].clone());
        let mut after_seal = sealed(pre());
        after_seal.digest.push(DigestItem::Other(vec![]));
        let mut empty = no_seal.clone();
        empty.digest = Digest::default();
        let cases = [
            ("empty digest", empty, HeaderError::NoSeal),
            ("no seal", no_seal, HeaderError::NoSeal),
            ("something after the seal", after_seal, HeaderError::NoSeal),
            ("two seals", second_seal, HeaderError::ExtraSeal),
            (
                "no pre-digest",
                changed(|h| h.digest.logs.clear()),
                HeaderError::NoPreDigest,
            ),
            (
                "pre-digest not first",
                changed(|h| h.digest.logs.insert(0, DigestItem::Other(vec![]))),
                HeaderError::NoPreDigest,
            ),
            (
                "pre-digest of another engine first",
                changed(|h| h.digest.logs.insert(0, foreign.clone())),
                HeaderError::NoPreDigest,
            ),
            (
                "left-over bytes",
                changed(|h| h.digest.logs[0] = long),
                HeaderError::NoPreDigest,
            ),
            (
                "twice",
                changed(|h| h.digest.push(item)),
                HeaderError::ExtraPreDigest,
            ),
            (
                "a foreign one",
                changed(|h| h.digest.push(foreign)),
                HeaderError::ExtraPreDigest,
            ),
        ];
        for (name, header, error) in cases {
            assert_eq!(check(header).unwrap_err(), error, "{name}");
        }
    }

    #[test]
    fn place_author_and_time_are_checked() {
        let wrong_author = (author(VIEW) + 1) % 4;
        let other_seal = seal(
            pre_header(HEIGHT, parent().hash(), pre()),
            wrong_author,
            VIEW,
        );
        let mut other_content = sealed(pre());
        other_content.state_root = Hash::zero();
        let seal_of_other_view = seal(
            pre_header(HEIGHT, parent().hash(), pre()),
            author(VIEW),
            VIEW + 1,
        );
        let cases = [
            (
                changed(|h| h.parent_hash = GENESIS),
                HeaderError::WrongParent {
                    got: GENESIS,
                    expected: parent().hash(),
                },
            ),
            (
                changed(|h| h.number = HEIGHT + 1),
                HeaderError::WrongNumber {
                    got: HEIGHT + 1,
                    expected: HEIGHT,
                },
            ),
            (
                sealed(PreDigest {
                    view: VIEW + 1,
                    ..pre()
                }),
                HeaderError::WrongView {
                    got: VIEW + 1,
                    rule: ViewRule::Exactly(VIEW),
                },
            ),
            (
                sealed(PreDigest {
                    author: wrong_author,
                    ..pre()
                }),
                HeaderError::WrongAuthor {
                    got: wrong_author,
                    expected: Some(author(VIEW)),
                },
            ),
            (
                sealed(PreDigest {
                    timestamp_ms: TIME - 1,
                    ..pre()
                }),
                HeaderError::TooEarly {
                    got: TIME - 1,
                    due: TIME,
                },
            ),
            (other_seal, HeaderError::BadSeal),
            (other_content, HeaderError::BadSeal),
            (seal_of_other_view, HeaderError::BadSeal),
        ];
        for (header, error) in cases {
            assert_eq!(check(header).unwrap_err(), error);
        }
    }

    #[test]
    fn a_seal_does_not_hold_on_another_chain_or_in_another_set() {
        for change in [
            |state: &mut HeightState| state.context.genesis = Hash::zero(),
            |state: &mut HeightState| state.context.set_id += 1,
        ] {
            let mut state = height_state(4);
            change(&mut state);
            let result = check_header(sealed(pre()), &parent(), &state, ViewRule::Exactly(VIEW));
            assert_eq!(result.unwrap_err(), HeaderError::BadSeal);
        }
    }

    #[test]
    fn the_first_block_has_no_earlier_time() {
        let genesis = Header::new(
            HEIGHT - 1,
            Hash::zero(),
            Hash::zero(),
            Hash::zero(),
            Digest::default(),
        );
        let first = PreDigest {
            timestamp_ms: 0,
            ..pre()
        };
        let header = seal(
            pre_header(HEIGHT, genesis.hash(), first),
            author(VIEW),
            VIEW,
        );
        check_header(header, &genesis, &height_state(4), ViewRule::Exactly(VIEW)).unwrap();
    }

    #[test]
    fn view_rules() {
        for (rule, admitted) in [
            (ViewRule::of_proposal(2, false), [false, false, true, false]),
            (ViewRule::of_proposal(2, true), [true, true, false, false]),
            (ViewRule::UpTo(2), [true, true, true, false]),
        ] {
            assert_eq!(
                [0, 1, 2, 3].map(|view| rule.admits(view)),
                admitted,
                "{rule:?}"
            );
        }
        assert!(!ViewRule::Below(0).admits(0));
    }

    #[test]
    fn the_clock_check_has_the_drift_as_its_bound() {
        let timing = Timing {
            max_clock_drift_ms: 1_000,
            ..Timing::default()
        };
        let at = |timestamp_ms| {
            check_clock(
                &PreDigest {
                    timestamp_ms,
                    ..pre()
                },
                5_000,
                &timing,
            )
        };
        assert_eq!(at(0), Ok(()), "the past is no matter");
        assert_eq!(at(6_000), Ok(()));
        assert_eq!(
            at(6_001),
            Err(HeaderError::AheadOfClock {
                ahead_ms: 1_001,
                allowed_ms: 1_000
            })
        );
        assert!(at(u64::MAX).is_err());
    }
}
