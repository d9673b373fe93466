// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The members of one chain: who comes, who confirms, whose turn is over, who goes. Without storage.
//!
//! ## Departures
//!
//! A member of a live chain goes in two steps. It is **marked** when its turn is over, its operator leaves,
//! or it is unfit; then its place is open for a replacement, and it serves on. It **goes** when there are
//! more in the set than the chain needs, which is when a replacement has confirmed; who is unfit goes
//! in the next epoch though nobody was drawn for it. Never more than `T` are
//! marked, and never more than `T` go in an epoch, for whatever cause; `T` is that of the set at the
//! epoch's beginning. Marks are given anew in each sweep, so that who is unfit or absent need not wait until those
//! are replaced whose turn is over. Members that have not confirmed are not in the set: when they go, that is no departure.
//!
//! ## Absence
//!
//! A member of the set whose node is dead, or never came, costs the chain one of the `T` that it can do without, and its turn
//! may be long. The hub sees it by what the chain reports: each member is the primary of its share of heights, so one that
//! works makes blocks. A **round** is over in the first sweep at which the chain has made [`ROUND_BLOCKS`] a member. Who has
//! made none in [`ABSENT_ROUNDS`] rounds, one after the other, is absent: it is marked, before those who want to go. One who
//! works is taken for absent with a probability of e^-32. Rounds are so many since a member is in the chain's set only when
//! the chain has handed over: that takes an epoch, a session, and the report.
//!
//! A chain that makes no blocks at all reports nothing. Of its set whoever does not answer when the roll is called goes at
//! once ([`Roster::remove_absent`]), within `T` or not.
//!
//! ## Chains that stand still
//!
//! Such a chain is **held** ([`Hold`]), and for a while one of which it is not known yet whether it has handed over. Who is
//! released from the set that decides is missed there, whoever has come for it: nobody is, and nobody is marked anew. It is not its members' fault, nor its own, that it is short: those
//! epochs do not count. Nor, once the roll is called, that who joins finds nobody to catch up with. But who joins and is late
//! goes then, too, for nothing: else those who are dead would keep the places of those who are not for as long as the chain
//! stands. Before that it may only have been slow to show its headers, and who is late pays as ever.

use crate::{
    draw::{Kind, Slot},
    rollcall::GONE_AT_ONCE,
};
use alloc::vec::Vec;
use frame_support::{traits::ConstU32, BoundedVec};
use hansa_allocation_primitives::{
    tolerated, ChainId, Departure, EpochIndex, Member, MemberPhase, Phase, Seconds, Term,
};

/// The most members of a chain: the largest set that pBFT takes.
pub const MAX_MEMBERS: u32 = 1_000;

/// How many blocks for each member a chain makes in a round.
pub const ROUND_BLOCKS: u32 = 8;

/// After how many rounds without a block a member is absent.
pub const ABSENT_ROUNDS: u32 = 4;

/// Why members are marked, in the order in which they come first.
const CAUSES: [Departure; 4] = [
    Departure::Unfit,
    Departure::Absent,
    Departure::Left,
    Departure::TurnOver,
];

/// A member.
#[frame_support::stored]
pub struct Seat<AccountId> {
    /// The node's account.
    pub account: AccountId,
    /// Since when it is a member.
    pub since: Seconds,
    /// In which epoch it was drawn.
    pub epoch: EpochIndex,
    /// What it is.
    pub phase: MemberPhase,
    /// Since when it serves.
    pub serving_since: Option<Seconds>,
    /// How many blocks of the chain it authored in this turn.
    pub blocks: u32,
    /// How many of them by the end of the last round.
    pub blocks_before: u32,
    /// In how many rounds it made none, one after the other.
    pub idle_rounds: u32,
    /// Whether it was new when it was drawn.
    pub new: bool,
    /// Why it goes, once it is marked.
    pub cause: Option<Departure>,
    /// Whether its operator wants it to go.
    pub leaving: bool,
}

/// The departures of an epoch.
#[frame_support::stored]
#[derive(Copy, Default)]
pub struct Departures {
    /// The epoch.
    pub epoch: EpochIndex,
    /// How many were in the set when it began.
    pub of: u32,
    /// How many have gone.
    pub gone: u32,
}

/// Who stays while the chain stands still, whatever else is said of it.
#[frame_support::stored]
#[derive(Copy, Default)]
pub enum Hold {
    /// It does not stand still, as far as is known.
    #[codec(index = 0)]
    #[default]
    None,
    /// Whoever is in the set: the chain may stand still, or has not shown that it handed over. There is no roll.
    #[codec(index = 1)]
    Early,
    /// Whoever is in the set: each may be one that the chain needs to go on, and is to answer, as the roll is called.
    #[codec(index = 2)]
    All,
    /// Whoever is in the set and may serve: the roll is closed, so who could go on is known, and another set is recorded of
    /// those who are there.
    #[codec(index = 3)]
    Fit,
}

impl Hold {
    /// Whether there is a roll: the chain is known to stand still.
    pub fn by_roll(self) -> bool {
        matches!(self, Hold::All | Hold::Fit)
    }
}

/// The members of a chain.
#[frame_support::stored]
pub struct Roster<AccountId> {
    /// What the draw may do with the chain.
    pub phase: Phase,
    /// How many it needs.
    pub need: u32,
    /// When turns end.
    pub term: Term,
    /// The members, in the order in which they came.
    pub seats: BoundedVec<Seat<AccountId>, ConstU32<MAX_MEMBERS>>,
    /// The departures of the last epoch that saw any change.
    pub departures: Departures,
    /// For how many sweeps in a row the chain has been short.
    pub short_epochs: u32,
    /// How many blocks the chain has made in this round, as it says.
    pub made: u32,
    /// Who stays as the chain stands still.
    pub hold: Hold,
}

/// What a sweep looks at.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The epoch under way.
    pub epoch: EpochIndex,
    /// The service time.
    pub seconds: Seconds,
    /// For how many epochs a member may take to confirm. At least 1.
    pub confirm_epochs: EpochIndex,
}

/// Who is no member any more, and why.
pub type Gone<AccountId> = (Seat<AccountId>, Departure);

impl<AccountId: Clone + PartialEq> Roster<AccountId> {
    /// That of a chain that was just registered.
    pub fn new(need: u32, term: Term) -> Self {
        Self {
            phase: Phase::Pending,
            need,
            term,
            seats: BoundedVec::new(),
            departures: Departures::default(),
            short_epochs: 0,
            made: 0,
            hold: Hold::None,
        }
    }

    /// The chain says that a node, a member or one that was, made so many blocks.
    pub fn note_blocks(&mut self, account: &AccountId, blocks: u32) {
        self.made = self.made.saturating_add(blocks);
        if let Some(seat) = self.seat_mut(account) {
            seat.blocks = seat.blocks.saturating_add(blocks);
        }
    }

    /// End the round, if the chain has made enough blocks.
    fn end_round(&mut self) {
        if self.made < self.active().saturating_mul(ROUND_BLOCKS) {
            return;
        }
        self.made = 0;
        for seat in self.seats.iter_mut().filter(|s| s.phase.is_active()) {
            seat.idle_rounds = match seat.blocks > seat.blocks_before {
                true => 0,
                false => seat.idle_rounds.saturating_add(1),
            };
            seat.blocks_before = seat.blocks;
        }
    }

    /// The chain, as the draw sees it.
    pub fn slot(&self, chain: ChainId) -> Slot {
        Slot {
            chain,
            phase: self.phase,
            need: self.need,
            nodes: self.members_total(),
            departing: self.count(|seat| seat.phase == MemberPhase::Departing),
            new_nodes: self.count(|seat| seat.new),
            below_mean: false,
        }
    }

    /// How many members there are.
    pub fn members_total(&self) -> u32 {
        self.seats.len() as u32
    }

    /// How many are in the set.
    pub fn active(&self) -> u32 {
        self.count(|seat| seat.phase.is_active())
    }

    fn count(&self, is: impl Fn(&Seat<AccountId>) -> bool) -> u32 {
        self.seats.iter().filter(|seat| is(seat)).count() as u32
    }

    /// The seat of a member.
    pub fn seat(&self, account: &AccountId) -> Option<&Seat<AccountId>> {
        self.seats.iter().find(|seat| seat.account == *account)
    }

    /// The seat of a member, to be changed.
    pub fn seat_mut(&mut self, account: &AccountId) -> Option<&mut Seat<AccountId>> {
        self.seats.iter_mut().find(|seat| seat.account == *account)
    }

    /// The members, as others see them.
    pub fn members(&self) -> impl Iterator<Item = Member<AccountId>> + '_ {
        self.seats.iter().map(|seat| Member {
            account: seat.account.clone(),
            since: seat.since,
            phase: seat.phase,
        })
    }

    /// Take in a node that was drawn; false if there is no place for it any more.
    pub fn admit(&mut self, account: AccountId, kind: Kind, now: &Now) -> bool {
        let phase = match self.phase {
            Phase::Pending => MemberPhase::Founding,
            Phase::Live => MemberPhase::Joining,
            Phase::Forming | Phase::Retiring => return false,
        };
        if self.slot(0).open() == 0 {
            return false;
        }
        let seat = Seat {
            account,
            since: now.seconds,
            epoch: now.epoch,
            phase,
            serving_since: None,
            blocks: 0,
            blocks_before: 0,
            idle_rounds: 0,
            new: kind == Kind::New,
            cause: None,
            leaving: false,
        };
        self.seats.try_push(seat).is_ok()
    }

    /// The chain goes live: the founders' turns begin.
    pub fn go_live(&mut self, now: &Now) {
        self.phase = Phase::Live;
        for seat in self.seats.iter_mut() {
            seat.phase = MemberPhase::Serving;
            seat.serving_since = Some(now.seconds);
            seat.blocks = 0;
            seat.blocks_before = 0;
        }
        self.departures = Departures {
            epoch: now.epoch,
            of: self.active(),
            gone: 0,
        };
    }

    /// A member has confirmed: it serves. Returns who goes for it, if anybody; none if it is no member
    /// that joins.
    pub fn confirm(&mut self, account: &AccountId, now: &Now) -> Option<Option<Gone<AccountId>>> {
        self.begin_epoch(now.epoch);
        let seat = self.seat_mut(account)?;
        if seat.phase != MemberPhase::Joining {
            return None;
        }
        seat.phase = MemberPhase::Serving;
        seat.serving_since = Some(now.seconds);
        Some(self.release_departing())
    }

    /// Remove a member that is not in the set of a live chain, without more.
    pub fn remove(&mut self, account: &AccountId) -> Option<Seat<AccountId>> {
        let at = self.position(|seat| seat.account == *account)?;
        Some(self.seats.remove(at))
    }

    /// Once an epoch: who is overdue goes, whose turn is over is marked. `is_fit` says who may serve.
    /// Returns who is no member any more.
    pub fn sweep(
        &mut self,
        now: &Now,
        is_fit: impl Fn(&AccountId) -> bool,
    ) -> Vec<Gone<AccountId>> {
        let mut gone = Vec::new();
        match self.phase {
            Phase::Pending => {
                self.remove_if(&mut gone, |seat| {
                    if is_fit(&seat.account) {
                        seat.leaving.then_some(Departure::Left)
                    } else {
                        Some(Departure::Unfit)
                    }
                });
            }
            Phase::Live if self.hold != Hold::None => {
                self.begin_epoch(now.epoch);
                let late = match self.hold.by_roll() {
                    true => Departure::Absent,
                    false => Departure::Unconfirmed,
                };
                self.remove_joining(&mut gone, now, &is_fit, late);
                if self.hold == Hold::Fit {
                    let unfit = |seat: &Seat<AccountId>| {
                        (!is_fit(&seat.account)).then_some(Departure::Unfit)
                    };
                    gone.extend(self.remove_active(GONE_AT_ONCE, unfit));
                }
                // Before the roll the count stands: the chain may be short, and only seem to stand still.
                if self.hold.by_roll() || self.active() >= self.need {
                    self.short_epochs = 0;
                }
            }
            Phase::Live => {
                self.begin_epoch(now.epoch);
                self.end_round();
                self.remove_joining(&mut gone, now, &is_fit, Departure::Unconfirmed);
                while let Some(surplus) = self.release_departing().or_else(|| self.release_last()) {
                    gone.push(surplus);
                }
                while let Some(unfit) = self.release_unfit() {
                    gone.push(unfit);
                }
                self.mark(now, is_fit);
                self.short_epochs = if self.active() < self.need {
                    self.short_epochs.saturating_add(1)
                } else {
                    0
                };
            }
            Phase::Forming | Phase::Retiring => {}
        }
        gone
    }

    /// Hold the chain's members, or not any more. If there is no roll any more, who joins has as much time as one that is drawn
    /// now.
    pub fn set_hold(&mut self, hold: Hold, epoch: EpochIndex) {
        if self.hold.by_roll() && !hold.by_roll() {
            for seat in self.seats.iter_mut() {
                if seat.phase == MemberPhase::Joining {
                    seat.epoch = epoch;
                }
            }
        }
        self.hold = hold;
    }

    /// Whoever is in the set and not there goes, `limit` of them at most.
    pub fn remove_absent(
        &mut self,
        limit: u32,
        is_there: impl Fn(&Seat<AccountId>) -> bool,
    ) -> Vec<Gone<AccountId>> {
        self.remove_active(limit, |seat| (!is_there(seat)).then_some(Departure::Absent))
    }

    /// Of the set of a chain that stands still some go, `limit` of them at most, whatever `T` is: they stop nothing any more.
    /// Others may go in this epoch within what the set that is left can do without.
    fn remove_active(
        &mut self,
        limit: u32,
        why: impl Fn(&Seat<AccountId>) -> Option<Departure>,
    ) -> Vec<Gone<AccountId>> {
        let (mut gone, mut left) = (Vec::new(), limit);
        self.remove_if(&mut gone, |seat| {
            if left == 0 || !seat.phase.is_active() {
                return None;
            }
            let cause = why(seat)?;
            left = left.saturating_sub(1);
            Some(cause)
        });
        let of = self.departures.of.min(self.active());
        self.departures.of = of;
        self.departures.gone = self.departures.gone.min(tolerated(of));
        gone
    }

    /// Who joins and is unfit, or late, goes; `late` is why, if it is late.
    fn remove_joining(
        &mut self,
        gone: &mut Vec<Gone<AccountId>>,
        now: &Now,
        is_fit: impl Fn(&AccountId) -> bool,
        late: Departure,
    ) {
        self.remove_if(gone, |seat| {
            let joins = seat.phase == MemberPhase::Joining;
            let due = seat.epoch.saturating_add(now.confirm_epochs);
            if joins && !is_fit(&seat.account) {
                Some(Departure::Unfit)
            } else if joins && due <= now.epoch {
                Some(late)
            } else {
                None
            }
        });
    }

    /// Nobody is replaced any more: remove those that join, and let the marked serve on.
    pub fn retire(&mut self) -> Vec<Gone<AccountId>> {
        self.phase = Phase::Retiring;
        self.hold = Hold::None;
        let mut gone = Vec::new();
        self.remove_if(&mut gone, |seat| {
            (seat.phase == MemberPhase::Joining).then_some(Departure::NotNeeded)
        });
        for seat in self.seats.iter_mut() {
            if seat.phase == MemberPhase::Departing {
                seat.phase = MemberPhase::Serving;
                seat.cause = None;
            }
        }
        gone
    }

    /// How many may still go in this epoch.
    fn allowance(&self) -> u32 {
        tolerated(self.departures.of).saturating_sub(self.departures.gone)
    }

    fn begin_epoch(&mut self, epoch: EpochIndex) {
        if self.departures.epoch != epoch {
            self.departures = Departures {
                epoch,
                of: self.active(),
                gone: 0,
            };
        }
    }

    /// Mark those who are to go, at most `T` at a time: the unfit first, then the absent, then who wants to, then whose
    /// turn is over; among equals who was marked already, then who came first. Who was marked may serve on
    /// for one that comes before it; there are never fewer marks than before, as replacements are on
    /// their way.
    fn mark(&mut self, now: &Now, is_fit: impl Fn(&AccountId) -> bool) {
        let marked = self.count(|seat| seat.phase == MemberPhase::Departing);
        let mut left = self.allowance().max(marked);
        let term = self.term;
        let causes: Vec<_> = self
            .seats
            .iter_mut()
            .map(|seat| {
                if !seat.phase.is_active() {
                    return None;
                }
                let before = seat.cause.take();
                seat.phase = MemberPhase::Serving;
                let cause = cause(seat, &term, now, &is_fit).or(before)?;
                Some((cause, before.is_some()))
            })
            .collect();
        for wanted in CAUSES
            .into_iter()
            .flat_map(|cause| [(cause, true), (cause, false)])
        {
            for (seat, cause) in self.seats.iter_mut().zip(&causes) {
                if left > 0 && *cause == Some(wanted) {
                    seat.phase = MemberPhase::Departing;
                    seat.cause = Some(wanted.0);
                    left = left.saturating_sub(1);
                }
            }
        }
    }

    /// Let the first that is marked go, if the set has one more than the chain needs, another may go in this epoch, and
    /// nobody is held.
    fn release_departing(&mut self) -> Option<Gone<AccountId>> {
        if self.hold != Hold::None || self.active() <= self.need || self.allowance() == 0 {
            return None;
        }
        let at = CAUSES
            .iter()
            .find_map(|cause| self.position(|seat| seat.cause == Some(*cause)))?;
        let seat = self.seats.remove(at);
        self.departures.gone = self.departures.gone.saturating_add(1);
        let cause = seat.cause.unwrap_or(Departure::TurnOver);
        Some((seat, cause))
    }

    /// Let the first go that was marked as unfit in an epoch before, if nobody was drawn for it, and
    /// another may go in this epoch. The chain is short then, and comes first in the next draw.
    fn release_unfit(&mut self) -> Option<Gone<AccountId>> {
        let joining = self.count(|seat| seat.phase == MemberPhase::Joining);
        let unfit = |seat: &Seat<AccountId>| seat.cause == Some(Departure::Unfit);
        if self.count(unfit) <= joining || self.allowance() == 0 {
            return None;
        }
        let at = self.position(unfit)?;
        self.departures.gone = self.departures.gone.saturating_add(1);
        Some((self.seats.remove(at), Departure::Unfit))
    }

    /// Let the last that came go, if the chain needs fewer by now.
    fn release_last(&mut self) -> Option<Gone<AccountId>> {
        let slot = self.slot(0);
        if slot.nodes <= slot.need.saturating_add(slot.departing) {
            return None;
        }
        if let Some(at) = self.last_position(|seat| seat.phase == MemberPhase::Joining) {
            return Some((self.seats.remove(at), Departure::NotNeeded));
        }
        if self.active() <= self.need || self.allowance() == 0 {
            return None;
        }
        let at = self.last_position(|seat| seat.phase.is_active())?;
        self.departures.gone = self.departures.gone.saturating_add(1);
        Some((self.seats.remove(at), Departure::NotNeeded))
    }

    fn position(&self, is: impl Fn(&Seat<AccountId>) -> bool) -> Option<usize> {
        self.seats.iter().position(is)
    }

    fn last_position(&self, is: impl Fn(&Seat<AccountId>) -> bool) -> Option<usize> {
        self.seats.iter().rposition(is)
    }

    fn remove_if(
        &mut self,
        gone: &mut Vec<Gone<AccountId>>,
        mut why: impl FnMut(&Seat<AccountId>) -> Option<Departure>,
    ) {
        self.seats.retain(|seat| {
            let cause = why(seat);
            if let Some(cause) = cause {
                gone.push((seat.clone(), cause));
            }
            cause.is_none()
        });
    }
}

/// Why a member that serves is to go; none if it is not.
fn cause<AccountId>(
    seat: &Seat<AccountId>,
    term: &Term,
    now: &Now,
    is_fit: impl Fn(&AccountId) -> bool,
) -> Option<Departure> {
    if !is_fit(&seat.account) {
        return Some(Departure::Unfit);
    }
    if seat.idle_rounds >= ABSENT_ROUNDS {
        return Some(Departure::Absent);
    }
    if seat.leaving {
        return Some(Departure::Left);
    }
    let since = seat.serving_since?;
    let served = now.seconds.saturating_sub(since);
    (seat.blocks >= term.blocks || served >= term.seconds).then_some(Departure::TurnOver)
}
