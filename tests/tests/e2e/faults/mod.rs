// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Faults, each an end-to-end test with real processes: crashes, vote logs, a bad network.
//!
//! In every test clients watch what is final on each node, and an auditor reads every consensus
//! message and every vote log: see [`scene`].
//!
//! What is random follows from a seed, which is printed; `HANSA_SEED=<number>` runs a test with that
//! one. (What the machine does meanwhile it does not repeat.)

mod catch_up;
mod crashes;
mod dappchains;
mod hosts;
mod lost_votes;
mod partition;
mod power_cut;
mod quorum_lost;
mod retirement;
mod scene;
