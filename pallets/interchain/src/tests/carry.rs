// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! What a pair of nodes carries between two chains.

use super::world::{submit, Chain, Refused};
use crate::{mock::*, Call, ClientSets};
use hansa_interchain_primitives::{
    claims, keys, ChainId, Height, LaneId, Nonce, Packet, PacketResult, SignedHeader, LANES,
    TRANSFER_LANE,
};
use hansa_pbft_primitives::{AuthoritySet, ConsensusLog};

/// The headers that the light client of `from` at `to` needs: hand-overs and the last.
pub fn headers(from: &Chain, known: Height) -> Vec<Vec<SignedHeader>> {
    let mut chain = Vec::new();
    for (height, block) in from.blocks.range(known + 1..) {
        let hands_over = ConsensusLog::find_set_change(&block.header.digest).is_some();
        if hands_over || *height == from.height() {
            chain.push(block.signed.clone());
        }
    }
    chain.chunks(4).map(|chunk| chunk.to_vec()).collect()
}

pub fn update(from: &Chain, to: &mut Chain) -> Vec<Call<Test>> {
    let peer = from.id;
    let known = to.read(|| crate::Clients::<Test>::get(peer).unwrap().latest.height);
    headers(from, known)
        .into_iter()
        .map(|headers| Call::update_client {
            peer,
            headers: headers.try_into().unwrap(),
        })
        .collect()
}

/// The packets from `from` that `to` has not taken, of one lane.
pub fn waiting(from: &mut Chain, to: &mut Chain, lane: LaneId) -> (Nonce, Vec<Packet>) {
    let next = to.read(|| crate::InboundLanes::<Test>::get((from.id, lane)).next);
    let peer = to.id;
    let packets = from.read(|| Interchain::packets(peer, lane, next, BATCH));
    (next, packets.into_iter().map(|view| view.packet).collect())
}

/// A delivery, proven at the last final block of `from`.
pub fn delivery(
    from: &Chain,
    to: ChainId,
    lane: LaneId,
    first: Nonce,
    packets: Vec<Packet>,
) -> Call<Test> {
    let proof = from.prove(claims::packet_keys(to, lane, first, packets.len()));
    let packets = packets.try_into().unwrap();
    Call::deliver {
        peer: from.id,
        lane,
        first,
        packets,
        height: from.height(),
        proof,
    }
}

/// An acknowledgement, proven at the last final block of `from`, of packets of `to`.
pub fn acknowledgement(
    from: &Chain,
    to: ChainId,
    lane: LaneId,
    first: Nonce,
    results: Vec<PacketResult>,
) -> Call<Test> {
    let proof = from.prove(claims::result_keys(to, lane, first, results.len()));
    let results = results.try_into().unwrap();
    Call::acknowledge {
        peer: from.id,
        lane,
        first,
        results,
        height: from.height(),
        proof,
    }
}

pub fn pruning(from: &Chain, to: ChainId, lane: LaneId, acknowledged: Nonce) -> Call<Test> {
    let proof = from.prove(vec![keys::outbound_lane(to, lane)]);
    Call::prune {
        peer: from.id,
        lane,
        acknowledged,
        height: from.height(),
        proof,
    }
}

/// A refund of `count` packets of `to` that `from` has not taken.
pub fn timeout(from: &Chain, to: ChainId, lane: LaneId, first: Nonce, count: u32) -> Call<Test> {
    let proof = from.prove(vec![keys::inbound_lane(to, lane)]);
    Call::time_out {
        peer: from.id,
        lane,
        first,
        count,
        height: from.height(),
        proof,
    }
}

/// What a node of `to` puts into its next block, of all that it can prove of `from`.
pub fn cargo(from: &Chain, to: &mut Chain) -> Vec<Call<Test>> {
    let (peer, own) = (from.id, to.id);
    let mut calls = update(from, to);
    // The state of the last final block of `from`, read as anybody can.
    let mut state = sp_io::TestExternalities::from(sp_runtime::Storage::default());
    state.backend = from.last().state.clone();
    for lane in 0..LANES {
        let (inbound, outbound) = to.read(|| {
            let inbound = crate::InboundLanes::<Test>::get((peer, lane));
            (inbound, crate::OutboundLanes::<Test>::get((peer, lane)))
        });
        let (packets, results, acknowledged) = state.execute_with(|| {
            let packets = Interchain::packets(own, lane, inbound.next, BATCH);
            let results = Interchain::results(own, lane, outbound.acknowledged, BATCH);
            let end = crate::OutboundLanes::<Test>::get((own, lane));
            (packets, results, end.acknowledged)
        });
        let room = u64::from(WINDOW) - inbound.kept();
        let packets: Vec<_> = packets
            .into_iter()
            .map(|v| v.packet)
            .take(room as usize)
            .collect();
        if !packets.is_empty() {
            calls.push(delivery(from, own, lane, inbound.next, packets));
        }
        let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
        if !results.is_empty() {
            calls.push(acknowledgement(
                from,
                own,
                lane,
                outbound.acknowledged,
                results,
            ));
        }
        if acknowledged > inbound.pruned {
            calls.push(pruning(from, own, lane, acknowledged));
        }
    }
    calls
}

/// Carry all that can be proven of `from` to `to`, in one block. All of it must be taken.
pub fn carry(from: &Chain, to: &mut Chain) {
    // Never ahead of each other's clocks.
    to.now = to.now.max(from.now);
    let calls = cargo(from, to);
    to.block(|| {
        for call in calls {
            submit(call).unwrap();
        }
    });
}

/// Only tell `to` of the last header of `from`.
pub fn tell(from: &Chain, to: &mut Chain) {
    to.now = to.now.max(from.now);
    let calls = update(from, to);
    to.block(|| calls.into_iter().for_each(|call| submit(call).unwrap()));
}

/// Deliver the transfers that wait, and nothing else.
pub fn deliver_transfers(from: &mut Chain, to: &mut Chain) -> Result<(), Refused> {
    tell(from, to);
    let (first, packets) = waiting(from, to, TRANSFER_LANE);
    to.submit(delivery(from, to.id, TRANSFER_LANE, first, packets))
}

pub fn set_of(chain: &mut Chain, peer: ChainId) -> AuthoritySet {
    chain.read(|| ClientSets::<Test>::get(peer).unwrap())
}
