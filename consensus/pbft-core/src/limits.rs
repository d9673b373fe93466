// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Bounds on what is kept. Whatever is dropped for them comes again: correct replicas repeat what
//! is current until the height is decided.

use hansa_pbft_primitives::{View, MAX_AUTHORITIES};

/// How many views ahead of the current one votes and proposals are kept. A replica that is further
/// behind hears from the view-changes of the others, which are kept however far, and joins them.
pub const MAX_VIEWS_AHEAD: View = 8;

/// How many views below the current one votes are kept, so that a quorum of Commit that comes late
/// still decides.
pub const MAX_VIEWS_BEHIND: View = 16;

/// How many messages of one authority and kind are kept for the next height.
pub const MAX_BUFFERED_PER_KIND: usize = 2;

/// Up to which view votes for the next height are kept.
pub const MAX_BUFFERED_VIEW: View = MAX_VIEWS_AHEAD;

/// How many statements of one kind are kept of an authority and height, so that it can be convicted
/// of a contradiction: more than votes are kept for in any case ([`MAX_VIEWS_AHEAD`] +
/// [`MAX_VIEWS_BEHIND`] + 1 views). With four kinds of some 150 bytes that is below 40 KB for an
/// authority that does its worst; a correct one that decides at once costs 300 bytes a height.
pub const MAX_STATEMENTS_PER_KIND: usize = 64;

/// Of how many decided heights the statements are remembered, so that who made a fork there is
/// convicted when that comes to light.
pub const HEIGHTS_REMEMBERED: usize = 8;

/// How many commit certificates of one decided height are looked at, once there is a fork.
pub const MAX_COMMIT_CERTIFICATES: usize = 8;

/// The kinds of statement.
const KINDS: usize = 4;

/// A statement, encoded, and the key under which it is kept; rounded up.
const STATEMENT_BYTES: usize = 176;

/// What the state has of single values.
const FIXED_BYTES: usize = 4 * 1024;

/// A certificate of `authorities` signers, encoded; rounded up.
const fn certificate_bytes(authorities: usize) -> usize {
    256usize.saturating_add(authorities.saturating_mul(65))
}

/// The most that the machine's state takes, encoded, with a set of so many authorities, after it
/// entered so many views, whatever came. (In memory it takes some two to three times as much.)
///
/// With the largest set of 1,000, all of whom do their worst, it is below 0.5 GB, nine tenths of it
/// to convict them; with 100 it is 46 MB, with four 5 MB. Without liars it is some hundred KB.
pub const fn max_state_bytes(authorities: usize, views_entered: usize) -> usize {
    let views = (MAX_VIEWS_AHEAD + MAX_VIEWS_BEHIND + 1) as usize;
    let certificate = certificate_bytes(authorities);
    // Of each view: both votes of each authority, and a proposal.
    let votes = views.saturating_mul(authorities.saturating_mul(2).saturating_add(1));
    // A view-change of each authority, each with a certificate of its own.
    let changes = authorities.saturating_mul(STATEMENT_BYTES.saturating_add(certificate));
    // A proof of a new view: one's own, and the one that it was said with.
    let proof = authorities
        .saturating_mul(STATEMENT_BYTES)
        .saturating_add(certificate);
    // The next height: in the name of whoever can exist, verified and not.
    let early = (MAX_AUTHORITIES as usize)
        .saturating_mul(2 * KINDS)
        .saturating_mul(MAX_BUFFERED_PER_KIND);
    // The witnesses of this height and the last ones.
    let testimony = MAX_STATEMENTS_PER_KIND.saturating_mul(KINDS);
    let witness = authorities
        .saturating_mul(testimony)
        .saturating_mul(STATEMENT_BYTES)
        .saturating_add(MAX_COMMIT_CERTIFICATES.saturating_mul(certificate));
    let witnesses = witness.saturating_mul(HEIGHTS_REMEMBERED.saturating_add(1));
    // What was said itself.
    let own = views_entered.saturating_mul(KINDS);
    let statements = votes.saturating_add(early).saturating_add(own);
    statements
        .saturating_mul(STATEMENT_BYTES)
        .saturating_add(changes)
        .saturating_add(proof.saturating_mul(3))
        .saturating_add(certificate.saturating_mul(4))
        .saturating_add(witnesses)
        .saturating_add(FIXED_BYTES)
}
