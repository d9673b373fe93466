// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Proposes when it is not its turn: at each height, as soon as the parent is there.

use crate::{forge::Forge, note};
use hansa_consensus_pbft::{network::PbftNetworkHandle, types::ProposedBlock};
use hansa_pbft_primitives::{statement::NO_PROOF, Message, PreDigest, Statement};
use hansa_primitives::Header;
use sp_runtime::traits::Header as HeaderT;
use std::{thread, time::Duration};

/// How often a new head is looked for.
const POLL: Duration = Duration::from_millis(10);

/// The least time from a block to its child in the chains of the tests, in milliseconds.
const STEP_MS: u64 = 200;

/// Start to usurp, on a thread of its own, as long as the process lives.
pub fn start(forge: Forge, network: PbftNetworkHandle) {
    thread::spawn(move || {
        let mut last = None;
        loop {
            thread::sleep(POLL);
            let Some(head) = forge.head().filter(|head| last != Some(*head.number())) else {
                continue;
            };
            last = Some(*head.number());
            propose_above(&forge, &network, &head);
        }
    });
}

fn propose_above(forge: &Forge, network: &PbftNetworkHandle, head: &Header) {
    let height = head.number().saturating_add(1);
    let Some(time_ms) = PreDigest::find(head.digest()).map(|pre| pre.timestamp_ms) else {
        return;
    };
    if !forge.is_not_primary(height) {
        return;
    }
    let Some(block) = forge.block_above(head, time_ms.saturating_add(STEP_MS)) else {
        return;
    };
    if let Some(message) = proposal(forge, &block) {
        note(height, 0, Some(block.hash()));
        network.broadcast_proposal(&message, &block);
    }
}

fn proposal(forge: &Forge, block: &ProposedBlock) -> Option<Message> {
    let signed = Statement::Proposal {
        hash: block.hash(),
        proof: NO_PROOF,
    };
    let statement = forge.sign(block.height(), 0, signed)?;
    Some(Message::Proposal {
        statement,
        proof: None,
    })
}
