// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Messages for the next height, which come while the current one is not yet decided here.
//!
//! The set that decides the next height is not known for sure yet. Messages whose signature is good
//! under the current set (almost always the next one, too) have room of their own, so that nobody
//! can displace them by messages in another's name. The others are kept as well, as far as there is
//! room, for the first height of a new set.

use crate::{
    limits::{MAX_BUFFERED_PER_KIND, MAX_BUFFERED_VIEW},
    own::{statement_of, Kind},
};
use codec::Encode;
use hansa_pbft_primitives::{
    AuthorityIndex, Message, SignedStatement, SigningContext, MAX_AUTHORITIES,
};
use std::collections::BTreeMap;

/// A message that waits, and whether the signature of its statement was found good.
#[derive(Debug)]
pub(crate) struct Buffered {
    /// The message.
    pub message: Message,
    /// Whether its statement's signature is good under the context that it was buffered in.
    pub verified: bool,
}

/// Messages of one height, bounded per authority and kind.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct Buffer {
    /// The context in which `verified` holds.
    #[codec(skip)]
    context: Option<SigningContext>,
    slots: BTreeMap<(bool, AuthorityIndex, Kind), Vec<Message>>,
}

impl Buffer {
    /// Empty the buffer; what comes next is verified under `context`.
    pub fn reset(&mut self, context: SigningContext) {
        self.context = Some(context);
        self.slots.clear();
    }

    /// Whether `message` is of a sort that is kept at all: a statement of an authority that can
    /// exist, without a certificate or a proof, which nobody can check yet and which may be large.
    /// They come again once this replica is there.
    pub fn takes(&self, message: &Message) -> bool {
        let Some(signed) = statement_of(message) else {
            return false;
        };
        let near = match message {
            Message::Proposal { proof, .. } => signed.view == 0 && proof.is_none(),
            Message::Vote(_) => signed.view <= MAX_BUFFERED_VIEW,
            Message::ViewChange { certificate, .. } => certificate.is_none(),
            Message::Decided(_) => false,
        };
        near && u32::from(signed.authority) < MAX_AUTHORITIES
    }

    /// Whether there is room for `message` among the verified ones.
    pub fn has_room(&self, message: &Message) -> bool {
        let Some(signed) = statement_of(message) else {
            return false;
        };
        self.slot(true, signed)
            .is_none_or(|slot| slot.len() < MAX_BUFFERED_PER_KIND)
    }

    /// Whether `message` is kept already.
    pub fn holds(&self, message: &Message) -> bool {
        let Some(signed) = statement_of(message) else {
            return false;
        };
        [true, false]
            .into_iter()
            .filter_map(|verified| self.slot(verified, signed))
            .any(|slot| slot.contains(message))
    }

    /// Keep `message` if there is room.
    pub fn push(&mut self, message: Message, verified: bool) {
        let Some(signed) = statement_of(&message) else {
            return;
        };
        let key = (verified, signed.authority, Kind::of(&signed.statement));
        let slot = self.slots.entry(key).or_default();
        if slot.len() < MAX_BUFFERED_PER_KIND {
            slot.push(message);
        }
    }

    fn slot(&self, verified: bool, signed: &SignedStatement) -> Option<&Vec<Message>> {
        self.slots
            .get(&(verified, signed.authority, Kind::of(&signed.statement)))
    }

    /// Take out all messages, to be processed under `context`.
    pub fn take(&mut self, context: &SigningContext) -> Vec<Buffered> {
        let same = self.context.as_ref() == Some(context);
        std::mem::take(&mut self.slots)
            .into_iter()
            .flat_map(|((verified, _, _), slot)| {
                slot.into_iter().map(move |message| Buffered {
                    message,
                    verified: verified && same,
                })
            })
            .collect()
    }
}
