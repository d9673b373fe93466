// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is remembered of other nodes: what they serve, how much they ask, what they did wrong. Times
//! are milliseconds since the host began, and arguments, so that they can be tested.

use super::merit::Merit;
use crate::{
    limits::{
        BAN_MAX, BAN_MIN, EXPLORE_EVERY, FORGIVEN_AFTER, MAX_REMEMBERED_PEERS, PEER_UNITS_BURST,
        PEER_UNITS_PER_SECOND, STALLS_PER_BAN,
    },
    message::Served,
};
use hansa_interchain_primitives::{packet::ChainRef, Throttle};
use libp2p::PeerId;
use std::{collections::HashMap, time::Duration};

/// What a node did wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offence {
    /// What it showed is not true, or what it sent is no message: no honest node does that.
    Lie,
    /// It does not answer, or answers what helps nobody.
    Stall,
    /// It says that it cannot, or is behind. Nobody is shunned for that; others are asked first.
    Refusal,
}

/// What is remembered of a node.
#[derive(Clone, Debug, Default)]
struct Peer {
    connected: bool,
    serves: Served,
    asked: Throttle,
    stalls: u32,
    /// How useful it was lately.
    merit: Merit,
    /// How often it was shunned lately.
    bans: u32,
    banned_until: u64,
    /// When it last did something that is remembered.
    at: u64,
}

/// All nodes that are remembered; bounded.
#[derive(Debug, Default)]
pub struct Peers(HashMap<PeerId, Peer>);

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Peers {
    /// The entry of a peer, if there is room: who is neither connected nor shunned makes room, the
    /// oldest first.
    fn entry(&mut self, peer: PeerId, now: u64) -> &mut Peer {
        if self.0.len() >= MAX_REMEMBERED_PEERS && !self.0.contains_key(&peer) {
            let rank = |peer: &Peer| (peer.connected, peer.banned_until > now, peer.at);
            let oldest = self.0.iter().min_by_key(|(_, peer)| rank(peer));
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.0.remove(&oldest);
            }
        }
        let entry = self.0.entry(peer).or_default();
        entry.at = now;
        entry
    }

    /// A connection is there.
    pub fn connected(&mut self, peer: PeerId, now: u64) {
        self.entry(peer, now).connected = true;
    }

    /// The last connection is gone.
    pub fn disconnected(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.connected = false;
        }
    }

    /// A peer says what it serves.
    pub fn serves(&mut self, peer: PeerId, chains: Served, now: u64) {
        self.entry(peer, now).serves = chains;
    }

    /// Whether a peer may ask something of so many units now; if so, it counts.
    pub fn may_ask(&mut self, peer: PeerId, units: u32, now: u64) -> bool {
        let asked = &mut self.entry(peer, now).asked;
        let room = asked.has_room(units, now, PEER_UNITS_PER_SECOND, PEER_UNITS_BURST);
        if room {
            asked.spend(units, now, PEER_UNITS_PER_SECOND);
        }
        room
    }

    /// A peer has answered what brings nothing by itself.
    pub fn answered(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.stalls = 0;
        }
    }

    /// A peer was of use.
    pub fn helped(&mut self, peer: &PeerId, now: u64) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.stalls = 0;
            peer.merit.helped(now);
        }
    }

    /// A peer did something wrong. Returns for how long it is shunned, if it is now.
    pub fn note(&mut self, peer: PeerId, offence: Offence, now: u64) -> Option<Duration> {
        let entry = self.entry(peer, now);
        if now < entry.banned_until {
            return None;
        }
        entry.merit.failed(offence, now);
        match offence {
            Offence::Refusal => return None,
            Offence::Stall => {
                entry.stalls = entry.stalls.saturating_add(1);
                if entry.stalls < STALLS_PER_BAN {
                    return None;
                }
            }
            Offence::Lie => {}
        }
        entry.stalls = 0;
        let quiet = now.saturating_sub(entry.banned_until) / ms(FORGIVEN_AFTER).max(1);
        let forgiven = u32::try_from(quiet).unwrap_or(u32::MAX);
        entry.bans = entry.bans.saturating_sub(forgiven);
        let factor = 1u32.checked_shl(entry.bans).unwrap_or(u32::MAX);
        let ban = BAN_MIN.saturating_mul(factor).min(BAN_MAX);
        entry.bans = entry.bans.saturating_add(1).min(31);
        entry.banned_until = now.saturating_add(ms(ban));
        Some(ban)
    }

    /// Whether a peer is shunned.
    pub fn is_banned(&self, peer: &PeerId, now: u64) -> bool {
        self.0.get(peer).is_some_and(|peer| now < peer.banned_until)
    }

    /// Peers whose time of being shunned ended between these times.
    pub fn pardoned(&self, from: u64, to: u64) -> Vec<PeerId> {
        let ended = |peer: &Peer| peer.banned_until > from && peer.banned_until <= to;
        self.0
            .iter()
            .filter(|(_, peer)| ended(peer))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The connected peers that serve a chain and are not shunned, by id.
    pub fn of_chain(&self, chain: &ChainRef, now: u64) -> Vec<PeerId> {
        let serve =
            |peer: &Peer| peer.connected && now >= peer.banned_until && peer.serves.contains(chain);
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|(_, peer)| serve(peer))
            .map(|(id, _)| *id)
            .collect();
        found.sort();
        found
    }

    /// The same in the order in which to ask them: who was of use first, and of those who were of the same use
    /// another one each turn. Each [`EXPLORE_EVERY`]th turn goes round all, so that who came later, or refused
    /// once, can show what it is good for.
    pub fn in_turn(&self, chain: &ChainRef, turn: usize, now: u64) -> Vec<PeerId> {
        let mut found = self.of_chain(chain, now);
        let explores = turn.is_multiple_of(EXPLORE_EVERY);
        // Each kind of turn is counted by itself, so that all get the same number of both.
        let explored = turn / EXPLORE_EVERY;
        let first = match explores {
            true => explored,
            false => turn.saturating_sub(explored).saturating_sub(1),
        };
        let count = found.len().max(1);
        found.rotate_left(first % count);
        if !explores {
            let merit = |id: &PeerId| self.0.get(id).map_or(0, |peer| peer.merit.at(now));
            found.sort_by_cached_key(|id| core::cmp::Reverse(merit(id)));
        }
        found
    }

    /// The connected peers.
    pub fn all_connected(&self) -> Vec<PeerId> {
        let connected = self.0.iter().filter(|(_, peer)| peer.connected);
        connected.map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_interchain_primitives::Hash;

    fn chain(id: u32) -> ChainRef {
        ChainRef {
            id,
            genesis: Hash::repeat_byte(id as u8),
        }
    }

    #[test]
    fn who_asks_too_much_must_wait() {
        let (mut peers, peer) = (Peers::default(), PeerId::random());
        assert!(peers.may_ask(peer, PEER_UNITS_BURST, 0));
        assert!(!peers.may_ask(peer, 1, 0));
        assert!(peers.may_ask(PeerId::random(), 1, 0), "others need not");
        assert!(peers.may_ask(peer, PEER_UNITS_PER_SECOND, 1_000));
        assert!(!peers.may_ask(peer, 1, 1_000));
    }

    #[test]
    fn lies_are_punished_at_once_and_longer_each_time() {
        let (mut peers, peer) = (Peers::default(), PeerId::random());
        assert_eq!(peers.note(peer, Offence::Lie, 0), Some(BAN_MIN));
        assert!(peers.is_banned(&peer, 1));
        assert_eq!(
            peers.note(peer, Offence::Lie, 1),
            None,
            "it is shunned already"
        );
        let end = ms(BAN_MIN);
        assert!(!peers.is_banned(&peer, end));
        assert_eq!(peers.pardoned(0, end), [peer]);
        assert_eq!(peers.note(peer, Offence::Lie, end), Some(BAN_MIN * 2));
        let mut now = end + ms(BAN_MIN * 2);
        let mut last = None;
        for _ in 0..40 {
            // As soon as it may again.
            last = peers.note(peer, Offence::Lie, now);
            now += last.map_or(0, ms);
        }
        assert_eq!(last, Some(BAN_MAX));
        let much_later = now + 40 * ms(FORGIVEN_AFTER);
        assert_eq!(peers.note(peer, Offence::Lie, much_later), Some(BAN_MIN));
    }

    #[test]
    fn stalls_count_in_a_row_only() {
        let (mut peers, peer) = (Peers::default(), PeerId::random());
        let between: [fn(&mut Peers, &PeerId); 3] = [
            |peers, peer| peers.helped(peer, 0),
            |peers, peer| peers.answered(peer),
            |_, _| {},
        ];
        for between in between {
            for _ in 1..STALLS_PER_BAN {
                assert_eq!(peers.note(peer, Offence::Stall, 0), None);
            }
            between(&mut peers, &peer);
        }
        assert_eq!(peers.note(peer, Offence::Stall, 0), Some(BAN_MIN));
    }

    #[test]
    fn peers_of_a_chain_are_connected_and_not_shunned() {
        let mut peers = Peers::default();
        let (a, b, c) = (PeerId::random(), PeerId::random(), PeerId::random());
        for peer in [a, b, c] {
            peers.serves(peer, vec![chain(1)].try_into().unwrap(), 0);
        }
        peers.connected(a, 0);
        peers.connected(b, 0);
        let mut both = vec![a, b];
        both.sort();
        assert_eq!(peers.of_chain(&chain(1), 0), both);
        assert!(peers.of_chain(&chain(2), 0).is_empty());
        peers.note(a, Offence::Lie, 0);
        assert_eq!(peers.of_chain(&chain(1), 0), [b]);
        peers.disconnected(&b);
        assert!(peers.of_chain(&chain(1), 0).is_empty());
    }

    #[test]
    fn nobody_is_shunned_for_a_refusal() {
        let (mut peers, peer) = (Peers::default(), PeerId::random());
        for now in 0..100 {
            assert_eq!(peers.note(peer, Offence::Refusal, now), None);
        }
        assert!(!peers.is_banned(&peer, 100));
    }

    /// How often each of these is the first to be asked in a number of turns.
    fn firsts(peers: &Peers, of: &[PeerId], turns: usize, now: u64) -> Vec<usize> {
        let first = |turn| peers.in_turn(&chain(1), turn, now).first().copied();
        let firsts: Vec<_> = (0..turns).map(first).collect();
        of.iter()
            .map(|id| firsts.iter().filter(|first| **first == Some(*id)).count())
            .collect()
    }

    #[test]
    fn who_was_of_use_is_asked_before_who_refuses_or_stalls() {
        let mut peers = Peers::default();
        let mut all: Vec<_> = (0..4).map(|_| PeerId::random()).collect();
        all.sort();
        for peer in &all {
            peers.serves(*peer, vec![chain(1)].try_into().unwrap(), 0);
            peers.connected(*peer, 0);
        }
        let turns = 64 * EXPLORE_EVERY;
        // Nothing is known of any: they take turns.
        assert_eq!(firsts(&peers, &all, turns, 0), [turns / 4; 4]);
        peers.helped(&all[1], 0);
        peers.helped(&all[3], 0);
        peers.note(all[0], Offence::Stall, 0);
        peers.note(all[2], Offence::Refusal, 0);
        // Now the useful ones do, but for a few times, so that others get another chance.
        let chances = turns / EXPLORE_EVERY / 4;
        let asked = firsts(&peers, &all, turns, 0);
        assert_eq!((asked[0], asked[2]), (chances, chances));
        assert!(
            asked[1].abs_diff(asked[3]) <= turns / EXPLORE_EVERY,
            "{asked:?}"
        );
        let order = peers.in_turn(&chain(1), 1, 0);
        assert_eq!(order.len(), 4, "nobody is left out");
        assert_eq!(order[2..], [all[2], all[0]]);
        // After a while nothing of this counts any more.
        assert_eq!(firsts(&peers, &all, turns, 3_600_000), [turns / 4; 4]);
    }

    #[test]
    fn memory_is_bounded_and_keeps_who_matters() {
        let mut peers = Peers::default();
        let (friend, liar) = (PeerId::random(), PeerId::random());
        peers.connected(friend, 0);
        peers.note(liar, Offence::Lie, 0);
        for i in 0..2 * MAX_REMEMBERED_PEERS as u64 {
            peers.may_ask(PeerId::random(), 1, 1 + i / 1_000);
        }
        assert_eq!(peers.0.len(), MAX_REMEMBERED_PEERS);
        assert!(peers.is_banned(&liar, 10));
        assert_eq!(peers.all_connected(), [friend]);
    }
}
