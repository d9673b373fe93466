// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The light client of another chain.
//!
//! It knows the set that decides the other chain's next height, and follows it from hand-over to
//! hand-over. Rules, in the order in which [`update`] checks them:
//!
//! 1. A frozen or expired client learns nothing more. Only governance gives it a new beginning; one that is not frozen may
//!    be kept trusted without headers by whoever assigns the chain's sets ([`ClientState::renewed`]).
//! 2. A header is above the highest that is known, and later; not later than the own clock allows.
//! 3. A quorum of the set has committed to it: of *the* set. A header that an earlier or a later set
//!    has signed is refused, so no hand-over can be left out, and no set decides once it has handed over.
//! 4. All headers of an update but the last hand over: they are there for nothing else.
//! 5. A hand-over is to the set with the next id, and the set is valid. From the next height on it
//!    decides.
//!
//! Two certificates that both hold for *different* blocks of one height are misbehaviour
//! ([`Misbehaviour`]): more than `T` of that set has lied, and the client freezes. Two certificates of one
//! block, of different views or signers, are none. It counts only while those who signed can be held to
//! it, within the trusting period after their set ceased to decide; later their keys may be anybody's.
//!
//! One exception there is to the rule that a set hands over itself: whoever assigns the sets of a chain may have recorded
//! that above the highest header another set decides, as the one that decided lost its quorum ([`recover`]). Whether that
//! is recorded, and by whom, the caller must know; it stands in place of the hand-over. Such a set need not have the next
//! id: others may have been recorded above that very header before, and have lost their quorum without deciding anything.

use crate::{header::HeaderError, Hash, Height, Moment, SignedHeader};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use hansa_pbft_primitives::{
    AuthorityId, AuthoritySet, AuthoritySignature, Certificate, CertificateError, SetId,
    SigningContext, VoteKind,
};
use scale_info::TypeInfo;

/// The most headers of an update. All but the last are hand-overs; a longer chain of them comes in
/// several updates.
pub const MAX_HEADERS: u32 = 4;

/// Why a client refuses what it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClientError {
    /// The client is frozen.
    #[error("the light client is frozen; governance must reopen the route")]
    Frozen,
    /// The client has heard nothing for longer than the trusting period.
    #[error("the light client has expired; governance must reopen the route")]
    Expired,
    /// There is no header.
    #[error("there is no header")]
    Empty,
    /// The header is not above the highest that is known.
    #[error("height {height} is not above {known}")]
    Stale {
        /// The header's.
        height: Height,
        /// The highest that is known.
        known: Height,
    },
    /// The header is not later than the one before, or too far ahead of the clock.
    #[error("the header's time is not between the one before and the own clock")]
    Time,
    /// A header that is not the last hands over to nobody.
    #[error("a header before the last hands over to nobody")]
    NoHandOver,
    /// The hand-over, or what is recorded in its place, is to a set that does not follow.
    #[error("set {next} does not follow set {current}, which decides")]
    SetId {
        /// The set that decides.
        current: SetId,
        /// The set that shall decide.
        next: SetId,
    },
    /// The header, or its certificate, is bad.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The certificates are no misbehaviour: of different heights, or of the same block.
    #[error("the certificates do not contradict each other")]
    NoConflict,
    /// The set is not the one that decided that height, as far as is known.
    #[error("that set did not decide that height")]
    OtherSet,
    /// The set ceased to decide longer ago than the trusting period.
    #[error("the set ceased to decide longer ago than the trusting period")]
    TooOld,
    /// The head above which another set shall decide is not the highest that is known.
    #[error("the head above which another set shall decide is not the highest that is known")]
    OtherHead,
    /// A certificate does not hold.
    #[error("a certificate does not hold: {0}")]
    Certificate(#[from] CertificateError),
}

/// What is kept of a header.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct TrustedHeader {
    /// The block's number.
    pub height: Height,
    /// The block's hash.
    pub hash: Hash,
    /// The root of the state after it.
    pub state_root: Hash,
    /// The block's time.
    pub timestamp: Moment,
}

/// What a client knows of the other chain, its set apart, which is large.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct ClientState {
    /// The genesis of the chain, which every signature covers.
    pub genesis: Hash,
    /// The id of the set that decides the next height.
    pub set_id: SetId,
    /// The first height that this set decides, as far as is known.
    pub set_since: Height,
    /// The highest header.
    pub latest: TrustedHeader,
    /// For how long after its time a header is trusted, in milliseconds.
    pub trusting_period: Moment,
    /// Whether the chain has contradicted itself.
    pub frozen: bool,
    /// When trust began anew without a header, in milliseconds: a set was recorded in place of one that lost its quorum
    /// ([`recover`]), or whoever assigns the chain's sets has found that it seems to stand still, and keeps it trusted. 0 if
    /// it never did.
    pub renewed: Moment,
}

/// A set that decides no more.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct PastSet {
    /// Its id.
    pub id: SetId,
    /// A hash of it.
    pub hash: Hash,
    /// The first height that it decided, as far as is known.
    pub first: Height,
    /// The last height that it decided.
    pub last: Height,
    /// The time of that block, or, if it was later, when trust began anew before it was shown: until then those in the set could
    /// be held to what they sign.
    pub until: Moment,
}

impl PastSet {
    /// Whether the set decided a height, as far as is known.
    pub fn decided(&self, height: Height) -> bool {
        (self.first..=self.last).contains(&height)
    }

    /// Whether the set ceased to decide longer ago than `trusting_period`, both in milliseconds: who was in
    /// it cannot be held to it any more.
    pub fn is_over(&self, trusting_period: Moment, now: Moment) -> bool {
        is_over(self.until, trusting_period, now)
    }
}

/// What an update changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Update {
    /// The client after it.
    pub state: ClientState,
    /// The set that decides the next height, if it is another one.
    pub set: Option<AuthoritySet>,
    /// All sets that were handed over to, that one last.
    pub handed_over: Vec<AuthoritySet>,
    /// The sets that decide no more.
    pub past: Vec<PastSet>,
    /// The headers, from the lowest on.
    pub headers: Vec<TrustedHeader>,
}

/// The own clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// The time of the own block.
    pub now: Moment,
    /// By how much another chain's clock may be ahead; none if that is not to be checked, as in a pool,
    /// which knows only the time of the last block.
    pub drift: Option<Moment>,
}

impl ClientState {
    /// A client that begins with a header, which somebody must have vouched for, and with the set that
    /// decides the height after it.
    pub fn new(
        genesis: Hash,
        latest: TrustedHeader,
        set_id: SetId,
        trusting_period: Moment,
    ) -> Self {
        Self {
            genesis,
            set_id,
            set_since: latest.height.saturating_add(1),
            latest,
            trusting_period,
            frozen: false,
            renewed: 0,
        }
    }

    /// Since when the client is trusted: the time of the highest header, or, if it was later, when trust began anew.
    fn trusted_since(&self) -> Moment {
        self.latest.timestamp.max(self.renewed)
    }

    /// Whether the client has heard nothing for longer than the trusting period.
    pub fn is_expired(&self, now: Moment) -> bool {
        is_over(self.trusted_since(), self.trusting_period, now)
    }

    /// Whether a header is due, packets or not: a third of the trusting period has passed.
    pub fn is_update_due(&self, now: Moment) -> bool {
        is_over(self.trusted_since(), self.trusting_period / 3, now)
    }

    /// Whether the client may be relied on.
    pub fn check(&self, now: Moment) -> Result<(), ClientError> {
        if self.frozen {
            return Err(ClientError::Frozen);
        }
        if self.is_expired(now) {
            return Err(ClientError::Expired);
        }
        Ok(())
    }
}

fn is_over(since: Moment, period: Moment, now: Moment) -> bool {
    now > since.saturating_add(period)
}

/// A hash of a set, by which it is known later.
pub fn set_hash(set: &AuthoritySet) -> Hash {
    Hash::from(sp_crypto_hashing::blake2_256(&set.encode()))
}

/// What `headers` teach a client that knows `set`. Nothing changes if any of them is bad.
///
/// `verify` checks a signature: `hansa_pbft_primitives::statement::verify_signature`.
pub fn update(
    state: &ClientState,
    set: &AuthoritySet,
    headers: &[SignedHeader],
    clock: Clock,
    verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
) -> Result<Update, ClientError> {
    state.check(clock.now)?;
    if headers.is_empty() {
        return Err(ClientError::Empty);
    }
    let mut update = Update {
        state: *state,
        set: None,
        handed_over: Vec::new(),
        past: Vec::new(),
        headers: Vec::new(),
    };
    let last = headers.len().saturating_sub(1);
    for (i, header) in headers.iter().enumerate() {
        let facts = header.facts()?;
        check_place(&update.state, &facts.trusted, clock)?;
        let deciding = update.set.as_ref().unwrap_or(set);
        let context = SigningContext {
            genesis: state.genesis,
            set_id: deciding.id,
        };
        header.verify_with(&context, deciding, &verify)?;
        if i < last && facts.hands_over_to.is_none() {
            return Err(ClientError::NoHandOver);
        }
        update.state.latest = facts.trusted;
        update.headers.push(facts.trusted);
        if let Some(next) = facts.hands_over_to {
            hand_over(&mut update, set, next, &facts.trusted)?;
        }
    }
    Ok(update)
}

/// Rule 2.
fn check_place(
    state: &ClientState,
    header: &TrustedHeader,
    clock: Clock,
) -> Result<(), ClientError> {
    let known = state.latest.height;
    if header.height <= known {
        return Err(ClientError::Stale {
            height: header.height,
            known,
        });
    }
    let ahead = clock
        .drift
        .is_some_and(|drift| header.timestamp > clock.now.saturating_add(drift));
    if header.timestamp <= state.latest.timestamp || ahead {
        return Err(ClientError::Time);
    }
    Ok(())
}

/// Rule 5.
fn hand_over(
    update: &mut Update,
    first: &AuthoritySet,
    next: AuthoritySet,
    header: &TrustedHeader,
) -> Result<(), ClientError> {
    let deciding = update.set.as_ref().unwrap_or(first);
    if deciding.id.checked_add(1) != Some(next.id) {
        return Err(ClientError::SetId {
            current: deciding.id,
            next: next.id,
        });
    }
    let past = replace(&mut update.state, deciding, &next, header);
    update.past.push(past);
    update.handed_over.push(next.clone());
    update.set = Some(next);
    Ok(())
}

/// From the height above `header` on `next` decides. Returns what is to be remembered of the set that decided until
/// then.
fn replace(
    state: &mut ClientState,
    deciding: &AuthoritySet,
    next: &AuthoritySet,
    header: &TrustedHeader,
) -> PastSet {
    let past = PastSet {
        id: deciding.id,
        hash: set_hash(deciding),
        first: state.set_since,
        last: header.height,
        until: header.timestamp.max(state.renewed),
    };
    state.set_id = next.id;
    state.set_since = header.height.saturating_add(1);
    past
}

/// What a client that knows `set` becomes when it is recorded that above `head`, a height and a hash, `next` decides.
///
/// A client that has expired lives again: its trust begins anew at `now`, in milliseconds. What the set before has
/// decided it has decided; of what it decides above the head nothing is believed. Nobody hands over, so
/// [`Update::handed_over`] is empty.
///
/// # Errors
///
/// The client is frozen, the head is not the highest header that it knows, or the set is not valid, or not a later
/// one.
pub fn recover(
    state: &ClientState,
    set: &AuthoritySet,
    head: (Height, Hash),
    next: AuthoritySet,
    now: Moment,
) -> Result<Update, ClientError> {
    if state.frozen {
        return Err(ClientError::Frozen);
    }
    if (state.latest.height, state.latest.hash) != head {
        return Err(ClientError::OtherHead);
    }
    // Those between them were recorded above the same head, and decided nothing.
    if next.id <= set.id {
        return Err(ClientError::SetId {
            current: set.id,
            next: next.id,
        });
    }
    // What was decoded may be empty, or have a member twice.
    let next =
        AuthoritySet::new(next.id, next.authorities().to_vec()).map_err(HeaderError::BadSet)?;
    let mut renewed = *state;
    let past = replace(&mut renewed, set, &next, &state.latest);
    // Whom the new trust is for is the new set, and not the one before.
    renewed.renewed = now;
    Ok(Update {
        state: renewed,
        set: Some(next),
        handed_over: Vec::new(),
        past: alloc::vec![past],
        headers: Vec::new(),
    })
}

/// Two certificates of one set that contradict each other.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Misbehaviour {
    /// The set that decided the height.
    pub set: AuthoritySet,
    /// A certificate of a block.
    pub first: Certificate,
    /// A certificate of another block of that height.
    pub second: Certificate,
}

impl Misbehaviour {
    /// Whether this proves that the chain has contradicted itself.
    ///
    /// `current` is the hash of the set that decides the next height, `past` what is known of the set
    /// of which the certificates are, if it is an earlier one.
    pub fn verify(
        &self,
        state: &ClientState,
        current: &Hash,
        past: Option<&PastSet>,
        now: Moment,
        verify: impl Fn(&AuthorityId, &[u8], &AuthoritySignature) -> bool,
    ) -> Result<(), ClientError> {
        state.check(now)?;
        let (first, second) = (&self.first, &self.second);
        if first.height != second.height || first.hash == second.hash {
            return Err(ClientError::NoConflict);
        }
        let height = first.height;
        let known = if self.set.id == state.set_id {
            (*current, height >= state.set_since)
        } else {
            let past = past.filter(|past| past.id == self.set.id);
            let past = past.ok_or(ClientError::OtherSet)?;
            if past.is_over(state.trusting_period, now) {
                return Err(ClientError::TooOld);
            }
            (past.hash, past.decided(height))
        };
        if known != (set_hash(&self.set), true) {
            return Err(ClientError::OtherSet);
        }
        let context = SigningContext {
            genesis: state.genesis,
            set_id: self.set.id,
        };
        for certificate in [first, second] {
            certificate.verify_with(VoteKind::Commit, &context, &self.set, &verify)?;
        }
        Ok(())
    }
}
