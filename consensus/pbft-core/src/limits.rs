// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Bounds on what is kept. Whatever is dropped for them comes again: correct replicas repeat what
//! is current until the height is decided.

use hansa_pbft_primitives::View;

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
