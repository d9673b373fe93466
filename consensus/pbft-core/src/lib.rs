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
//!                                     witness.rs (evidence)
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
//! that came early are processed. A height may begin anew: with the same set, when the replica may
//! sign at last; or with another one that takes its place. Nothing that was said under the set before
//! counts then, or convicts.
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
//! *Evidence*. Nothing of it changes what the replica says.
//!
//! - **E1.** Upon a statement with a good signature, heard, said, or in a certificate or a proof that
//!   verified: keep it, the first of its signer, view and kind. Of view-changes far below a wider
//!   one only the wider is kept: it convicts beside every Commit beside which they do.
//! - **E2.** Upon a statement that makes an offence together with one that is kept: two different
//!   ones of one view and kind; a Commit for something else than the Prepare of its view
//!   (*equivocation*); a Commit beside a ViewChange to a higher view that names none or a lower one
//!   (*amnesia*): report the signer, once a height.
//! - **E3.** Upon a proposal by the primary of its view that its own proof does not justify, or that
//!   names one in view 0 or none above: report the primary. If the proof is not the one that the
//!   proposal names, whoever passed it on is to blame.
//! - **E4.** Upon a statement for a height that is decided: E2 if it would convict, else nothing.
//!   What was kept is remembered for [`limits::HEIGHTS_REMEMBERED`] heights.
//! - **E5.** Upon a commit certificate that verifies, for another block than the one that was
//!   decided: E1 and E2 for its votes, and tell the driver of the fork, which sends both
//!   certificates to all. Once there is a fork, E1 and E2 for every other certificate, too.
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
//! - **No correct replica is convicted**, whatever the others send and however often it crashes.
//!   Two statements of one view and kind: S1. A Commit for something else than the Prepare: N4 says
//!   Commit for what the replica itself said Prepare for, or, restored, is locked on in that view,
//!   and it locked upon N4. Amnesia: S2 and S3. An unjustified proposal: N2 is the only place that
//!   says Proposal, with no proof in view 0, else with one that V5 made, of view-changes that V2 let
//!   pass, of a quorum, with the highest certificate that they name, and of its block. A signature
//!   covers the digest of the proof, so no other can be put under it; and chain, set, height, view
//!   and kind, so it convicts nowhere else. A restarted replica is bound by its log, and one without
//!   its log is silent: it signs nothing that could contradict.
//! - **A fork convicts more than `T` weight**, unless a whole quorum is faulty. *Let A be committed
//!   in view `v` and B in `v' ≥ v`.* If `v' = v`, more than `T` weight signed both Commits, which
//!   whoever sees both certificates notices (E5). Else let `w > v` be the lowest view with a
//!   prepared certificate for another block than A; there is one, at the latest in `v'`, where a
//!   correct replica said Commit. A correct replica `R` said Prepare in `w`, so it verified a proof
//!   with ViewChanges to `w` of a quorum, and kept them (E1). More than `T` weight signed one of
//!   these and Commit for A in `v`. If the highest block that they name is of a view below `v`, or
//!   they name none, all of these are amnesiacs. If it is of `v` itself, it is not A (it is what `w`
//!   prepared), and its certificate stands in the proof: more than `T` weight signed Prepare for it
//!   and Commit for A in `v`. If it were of a view between, `w` would not be the lowest. So `R` has
//!   the evidence as soon as it sees the certificate for A, which E5 sends to all. What is kept per
//!   authority is bounded ([`limits::MAX_STATEMENTS_PER_KIND`]) and not on disk, so this holds for
//!   an `R` that was not restarted since, and if fewer than that many views were prepared in
//!   between.
//! - **Bounds.** At most one statement of each authority, kind and view is counted, in
//!   [`limits::MAX_VIEWS_AHEAD`] + [`limits::MAX_VIEWS_BEHIND`] + 1 views; one ViewChange each; for
//!   evidence [`limits::MAX_STATEMENTS_PER_KIND`] each, of this height and the
//!   [`limits::HEIGHTS_REMEMBERED`] before; [`limits::MAX_BUFFERED_PER_KIND`] messages each for the next height.
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
//! - Give back at [`Input::Start`] *all* records of the height under its set, or make the replica
//!   silent (`local: None`); and none of another set. After the first start of a height under a set
//!   never start it under an older one.
//! - Repeat [`Input::Work`] after [`Input::Start`] if the reason still holds, and in any case when the
//!   idle interval is over; give [`Input::Resend`] at intervals, also to a chain that is idle.
//! - Answer a peer's message of a lower height with the commit certificate
//!   ([`Message::Decided`](hansa_pbft_primitives::Message::Decided)) or by sync: a height that is
//!   decided says nothing again.
//! - Hand over messages of lower heights, too (E4), and commit certificates for other blocks than
//!   those that are final, by whatever way they come (E5).
//! - Report to the runtime what [`Output::Report`] says, unless the key is the node's own.
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

#[cfg(feature = "seeded-bugs")]
pub mod bugs;
pub mod io;
pub mod limits;

mod buffer;
#[cfg(not(feature = "seeded-bugs"))]
mod bugs;
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
mod witness;

pub use io::{Crypto, HeightConfig, Input, Output, Record, Rejection, RoundState};
pub use machine::Core;
pub use witness::evidence_of_fork;

/// Whether this crate is built with the bugs of its feature `seeded-bugs`, for the test that the
/// simulation finds them. A node asserts that it is not.
pub const SEEDED_BUGS: bool = cfg!(feature = "seeded-bugs");
