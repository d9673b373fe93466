// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Hansa's pBFT as a pure state machine: [`Core::step`] takes an [`Input`] and returns the
//! [`Output`]s that the driver must carry out, in their order. Time, keys, blocks, disk and network
//! are the driver's; the same crate runs in the node, in the simulation of its tests, and under a
//! model checker.
//!
//! The protocol is that of Castro and Liskov, *Practical Byzantine Fault Tolerance* (OSDI 1999),
//! one instance a block height, as IBFT and QBFT run it: the request is a block, and its parent is
//! final. Weights are those of the authority set: `W` in all, `T = floor((W - 1) / 3)` of it may be
//! faulty in any way, a quorum is `W - T`.
//!
//! ```text
//!   Input ──► machine ──► step: messages, verdicts, timers ──► rules until none fires ──► Output
//!               │            normal.rs       view_change.rs
//!            buffer          tally.rs        changes.rs        own.rs (what was said)
//!         (next height)      (votes)         (view-changes)    restore.rs (the vote log)
//! ```
//!
//! # The protocol, by event
//!
//! A replica *says* a statement by making it durable, then sending it to all; what it says counts
//! at once for itself. A *follower* is a replica that signs nothing: it is no member, must be
//! silent at this height, or its key is gone. It keeps to the rules that say nothing: N1 (without
//! validating), N5, N6, N7, V2, V3.
//!
//! **S. Start of a height.** Take in what the log holds: be in the view of the highest own
//! statement, locked on the highest own prepared certificate, and say again what was said last. If
//! the local authority is the primary of view 0 and has not proposed: have a block built. Messages
//! that came early are processed.
//!
//! *Normal case*
//!
//! - **N1.** Upon the first proposal of view `v`, not below the current one, signed by the primary
//!   of `(h, v)`, with no proof in view 0, and above with a proof that verifies and that allows
//!   this block: enter `v` if it is higher (V1), accept the proposal, start the timer unless it
//!   runs, have the block validated.
//! - **N2.** Upon the block that it may propose, built or validated, the primary proposes it.
//! - **N3.** Upon the verdict that the accepted proposal is valid: say Prepare, if no Prepare was
//!   said in this view.
//! - **N4.** Upon a quorum of Prepare in the current view for what the replica itself said Prepare
//!   for: make the prepared certificate durable, lock on it, say Commit.
//! - **N5.** Upon a vote for a view in the window that is kept: count it, if it is the signer's
//!   first of that view and kind.
//! - **N6.** Upon a quorum of Commit for the same block and proof in one view, whichever: the block
//!   is final.
//! - **N7.** Upon a commit certificate that verifies: the block is final.
//!
//! *View change*
//!
//! - **V1.** To enter view `v`: leave all lower views for good, and say ViewChange(v) with the
//!   highest prepared certificate.
//! - **V2.** Upon a ViewChange that shows the certificate which it names: keep it, if it is its
//!   signer's highest.
//! - **V3.** Upon ViewChanges of more than `T` weight to views above the current one: enter the
//!   greatest view for which, or for more, that much weight asks.
//! - **V4.** Upon ViewChanges of a quorum to the current view or higher ones: start the timer.
//! - **V5.** Upon ViewChanges of a quorum to exactly the current view, at its primary: if one names
//!   a prepared block, have the very block of the highest certificate validated, else have one
//!   built; then propose it with the proof (N2).
//!
//! *Time*
//!
//! - **T1.** Upon a reason to expect a block ([`Input::Work`]), in view 0: start the timer unless it
//!   runs. A primary that was silent lately has less time; its proposal gives it all of it back.
//! - **T2.** Upon the timer of the current view: enter the next (V1).
//! - **T3.** Upon the resend interval: say the statements of the current view again.
//!
//! # Invariants, and why they hold
//!
//! - **S1.** *A replica says at most one statement of a kind in a view of a height.* One function
//!   signs; it refuses if one was said. What was said is restored from the log after a crash, since
//!   it was durable before it was sent.
//! - **S2.** *After ViewChange(v) it says nothing in a view below `v`.* It says things in the current
//!   view only, which never falls, and which after a crash is that of the highest statement.
//! - **S3.** *It says Commit in `v` only with a prepared certificate of `v`, durable before, and each
//!   later ViewChange names a prepared view not below `v`.* N4 is the only place that says Commit,
//!   and the lock only rises.
//! - **Agreement.** *If block B is committed by a quorum in view `v`, then every prepared certificate
//!   of a view `v' ≥ v` is for B, so nothing else is ever final.* In `v` itself: two quorums share a
//!   correct replica, which says one Prepare (S1). For `v' > v`, by induction: a correct replica
//!   says Prepare in `v'` only upon a proof with ViewChanges to `v'` of a quorum. That quorum shares
//!   a correct replica with the one that committed, which said Commit in `v` before its ViewChange
//!   (S2), so this names a prepared view of at least `v` (S3). Thus the highest named view `u` has
//!   `v ≤ u < v'`, its certificate is shown in the proof, is for B by induction, and binds the
//!   primary to B.
//! - **V.** *The highest ViewChange of a correct replica names the view that it is in* (none in view
//!   0), by V1, also where a proposal took it there. So view-changes, which are repeated, tell
//!   everyone where everyone is.
//! - **Liveness.** Once messages arrive in time, let `v` be the lowest view of a correct replica. If
//!   `v > 0`, a quorum asks for `v` or more, so all that are in `v` have a running timer (V4) and
//!   move up, or decide. As soon as more than `T` weight is higher, all join (V3); so the correct
//!   replicas meet in one view within a timeout, and its primary, if correct, has the ViewChanges
//!   of a quorum for exactly it (V5). Timeouts grow to a cap above the worst block plus three
//!   delays, and after at most as many views as there are faulty authorities the primary is correct.
//!   In view 0, the driver gives every replica a reason to expect a block after the idle interval.
//! - **Bounds.** At most one statement of each authority, kind and view is kept, in
//!   [`limits::MAX_VIEWS_AHEAD`] + [`limits::MAX_VIEWS_BEHIND`] + 1 views; one ViewChange each; one
//!   conflict each; [`limits::MAX_BUFFERED_PER_KIND`] messages each for the next height.
//!
//! # Deviations from the paper
//!
//! - No client requests, sequence numbers, watermarks or checkpoints: a height is one instance, and
//!   the chain of final blocks is the checkpoint.
//! - All messages are signed (the paper's first form, without MAC vectors), since certificates are
//!   shown to others.
//! - The primary says Prepare as all others do, and a prepared certificate is a quorum of Prepare;
//!   in the paper it is the pre-prepare and `2f` prepares. So certificates are of one form.
//! - New-view and pre-prepare are one message. Prepare and Commit name the digest of its proof, so a
//!   vote commits to the reason for which the view was opened.
//! - A ViewChange names one prepared block, as there is one sequence number; its certificate
//!   travels beside it, and the proof shows the highest one only, which suffices: view-changes are
//!   signed, so none can be altered, and one that names a higher block than is shown makes the proof
//!   void.
//! - A replica that enters a view by its proposal says ViewChange, too (invariant V).
//! - A replica joins the *greatest* view that more than `T` weight vouches for; in the paper the
//!   smallest that anyone of them names. Both are views that a correct replica has reached.
//! - Timeouts grow linearly to a cap, in the paper exponentially without one.
//! - Several replicas may decide in different views; the certificates differ, the block does not.
//!
//! # What the driver must do
//!
//! - Carry out the outputs of a step in their order; [`Output::Persist`] is durable before the next.
//! - Give back at [`Input::Start`] *all* records of the height, or make the replica silent
//!   (`local: None`).
//! - Repeat [`Input::Work`] after [`Input::Start`] if the reason still holds, and in any case when the
//!   idle interval is over; give [`Input::Resend`] at intervals, also to a chain that is idle.
//! - Answer a peer's message of a lower height with the commit certificate
//!   ([`Message::Decided`](hansa_pbft_primitives::Message::Decided)) or by sync: a height that is
//!   decided says nothing again.
//! - Stop the timer at [`Output::Finalise`]. Timers of other heights and views are ignored anyway.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod io;
pub mod limits;

mod buffer;
mod changes;
mod machine;
mod normal;
mod own;
mod restore;
mod round;
mod silent;
mod step;
mod tally;
mod view_change;

pub use io::{Crypto, HeightConfig, Input, Output, Record, Rejection, RoundState};
pub use machine::Core;
pub use round::Conflict;
