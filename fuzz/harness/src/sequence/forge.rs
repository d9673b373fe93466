// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What the adversary says: bytes, messages of others that it altered, and messages that it signs
//! in the names of the faulty, with certificates and proofs of what the correct ones have said.

use super::Game;
use crate::{
    input::Input,
    world::{self, SEED},
};
use codec::DecodeAll;
use hansa_pbft_primitives::{
    primary::primary, statement::NO_PROOF, AuthorityIndex, Certificate, Hash, Height, Message,
    NewViewProof, Prepared, SignedStatement, Statement, View, VoteKind,
};

/// Views that the adversary speaks of, mostly.
const NEAR_VIEWS: usize = 6;

/// Whatever the next bytes decode to.
pub fn decoded(input: &mut Input) -> Option<Message> {
    Message::decode_all(&mut input.bytes()).ok()
}

/// A message that was said, with something changed.
pub fn mutated(input: &mut Input, pool: &[Message]) -> Option<Message> {
    let mut message = input.pick(pool)?.clone();
    let change = input.byte();
    let value = input.byte();
    if change % 8 == 7 {
        strip(&mut message);
        return Some(message);
    }
    let signed = match &mut message {
        Message::Proposal { statement, .. } | Message::ViewChange { statement, .. } => statement,
        Message::Vote(statement) => statement,
        Message::Decided(certificate) => {
            certificate.view = View::from(value);
            return Some(message);
        }
    };
    match change % 8 {
        0 => signed.authority = AuthorityIndex::from(value),
        1 => signed.view = View::from(value),
        2 => signed.view = View::MAX - View::from(value),
        3 => signed.height = Height::from(value),
        4 => signed.height = signed.height.wrapping_add(1),
        5 => signed.statement = Statement::ViewChange { prepared: None },
        _ => {
            let mut bytes = <[u8; 64]>::try_from(AsRef::<[u8]>::as_ref(&signed.signature)).ok()?;
            bytes[usize::from(value) % 64] ^= 1;
            signed.signature = sp_core::ed25519::Signature::from_raw(bytes).into();
        }
    }
    Some(message)
}

/// Take away what a message shows: the attack in which a lock is hidden.
fn strip(message: &mut Message) {
    match message {
        Message::Proposal { proof, .. } => match proof {
            Some(shown) if shown.prepared.is_some() => shown.prepared = None,
            other => *other = None,
        },
        Message::ViewChange { certificate, .. } => *certificate = None,
        Message::Vote(_) => {}
        Message::Decided(certificate) => certificate.signatures = Default::default(),
    }
}

/// Something in the name of a faulty authority, at `height`.
pub(super) fn signed(input: &mut Input, game: &Game, height: Height) -> Option<Message> {
    let who = *input.pick(&game.faulty)?;
    let view = view(input);
    let sign = |view, statement| world::signed(&game.set, who, height, view, statement);
    Some(match input.byte() % 6 {
        0 | 1 => {
            let (hash, proof) = choice(input, game, height);
            let kind = kind(input);
            Message::Vote(sign(view, kind.statement(hash, proof)))
        }
        2 => {
            let certificate = certificate(input, game, height, VoteKind::Prepare);
            let certificate = certificate.filter(|_| !input.byte().is_multiple_of(4));
            let prepared = certificate.as_ref().map(Certificate::prepared);
            let prepared = prepared.filter(|_| !input.byte().is_multiple_of(8));
            Message::ViewChange {
                statement: sign(view, Statement::ViewChange { prepared }),
                certificate,
            }
        }
        3 | 4 => proposal(input, game, height, view)?,
        _ => Message::Decided(certificate(input, game, height, VoteKind::Commit)?),
    })
}

fn view(input: &mut Input) -> View {
    match input.byte() {
        255 => View::MAX,
        254 => 1_000,
        near => View::from(near % NEAR_VIEWS as u8),
    }
}

fn kind(input: &mut Input) -> VoteKind {
    if input.bool() {
        VoteKind::Prepare
    } else {
        VoteKind::Commit
    }
}

/// A proposal in the name of the primary, if that is faulty: with the view-changes that there are,
/// and those that the faulty make up.
fn proposal(input: &mut Input, game: &Game, height: Height, view: View) -> Option<Message> {
    let primary = primary(&game.set, &SEED, height, view).filter(|p| game.faulty.contains(p))?;
    let (hash, _) = choice(input, game, height);
    let proof =
        (view > 0 || input.byte().is_multiple_of(16)).then(|| proof(input, game, height, view));
    let statement = Statement::Proposal {
        hash,
        proof: proof.as_ref().map_or(NO_PROOF, NewViewProof::digest),
    };
    let statement = world::signed(&game.set, primary, height, view, statement);
    Some(Message::Proposal { statement, proof })
}

fn proof(input: &mut Input, game: &Game, height: Height, view: View) -> NewViewProof {
    let mut changes: Vec<SignedStatement> = Vec::new();
    for message in &game.pool {
        if let Message::ViewChange { statement, .. } = message {
            let fits = (statement.height, statement.view) == (height, view);
            if fits && changes.iter().all(|c| c.authority != statement.authority) {
                changes.push(statement.clone());
            }
        }
    }
    for who in &game.faulty {
        if changes.iter().all(|c| c.authority != *who) {
            let statement = Statement::ViewChange { prepared: None };
            changes.push(world::signed(&game.set, *who, height, view, statement));
        }
    }
    changes.sort_by_key(|c| c.authority);
    let named: Vec<Prepared> = changes
        .iter()
        .filter_map(|c| match c.statement {
            Statement::ViewChange { prepared } => prepared,
            _ => None,
        })
        .collect();
    let shown = certificates(game, height, VoteKind::Prepare);
    let highest = shown
        .into_iter()
        .filter(|c| named.contains(&c.prepared()))
        .max_by_key(|c| c.view);
    NewViewProof {
        view_changes: changes.try_into().unwrap_or_default(),
        prepared: highest.filter(|_| !input.byte().is_multiple_of(4)),
    }
}

/// A block with the digest of a proof: one that was spoken of, or a made-up one.
fn choice(input: &mut Input, game: &Game, height: Height) -> (Hash, Hash) {
    let known = choices(game, height);
    match input.pick(&known) {
        Some((_, choice)) if !input.byte().is_multiple_of(4) => *choice,
        _ => (Hash::repeat_byte(0x80 | (input.byte() % 4)), NO_PROOF),
    }
}

/// What was voted for or proposed at `height`, and in which view.
fn choices(game: &Game, height: Height) -> Vec<(View, (Hash, Hash))> {
    let mut found = Vec::new();
    for message in &game.pool {
        let (Message::Vote(signed)
        | Message::Proposal {
            statement: signed, ..
        }) = message
        else {
            continue;
        };
        if let Statement::Proposal { hash, proof }
        | Statement::Prepare { hash, proof }
        | Statement::Commit { hash, proof } = signed.statement
        {
            let choice = (signed.view, (hash, proof));
            if signed.height == height && !found.contains(&choice) {
                found.push(choice);
            }
        }
    }
    found
}

fn certificate(
    input: &mut Input,
    game: &Game,
    height: Height,
    kind: VoteKind,
) -> Option<Certificate> {
    input.pick(&certificates(game, height, kind)).cloned()
}

/// For each choice what certificate can be made of the votes of the correct and the faulty ones:
/// of a quorum or not.
fn certificates(game: &Game, height: Height, kind: VoteKind) -> Vec<Certificate> {
    let make = |(view, (hash, proof)): (View, (Hash, Hash))| {
        let voted = kind.statement(hash, proof);
        let correct = game.pool.iter().filter_map(move |message| match message {
            Message::Vote(vote) => {
                let fits = (vote.height, vote.view) == (height, view) && vote.statement == voted;
                fits.then_some(vote.authority)
            }
            _ => None,
        });
        let signers = correct.chain(game.faulty.iter().copied());
        world::certificate(&game.set, kind, (height, view), (hash, proof), signers)
    };
    choices(game, height).into_iter().map(make).collect()
}
