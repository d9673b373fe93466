// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! A replica that keeps the rules is never convicted, whatever the others sign and however what was
//! signed is put together, relabelled and damaged.

use crate::fixture::{block, certificate, change, proof, set, signed, CONTEXT, HEIGHT, PROOF};
use codec::{Decode, Encode};
use hansa_pbft_primitives::{
    offence::statements_of, statement::NO_PROOF, AuthorityIndex, Certificate, Evidence, Hash,
    NewViewProof, Offence, Prepared, SignedStatement, Statement, View, VoteKind,
};
use proptest::{collection::vec, prelude::*, sample::Index};

/// The correct replica.
const HONEST: AuthorityIndex = 0;
/// The others, who say anything.
const LIARS: [AuthorityIndex; 3] = [1, 2, 3];
/// How many blocks there are.
const BLOCKS: u8 = 3;
/// How far views go.
const VIEWS: View = 5;

/// What the correct replica does next, if the rules let it.
#[derive(Clone, Debug)]
enum Act {
    /// The timer fires, or others take it so many views further.
    ChangeView(View),
    /// As the primary of its view it proposes; in a view above 0 with these liars' view-changes.
    Propose(u8, [Option<Prepared>; 2]),
    /// Another primary's proposal is accepted and valid.
    Accept(u8, u8),
    /// It votes for what it accepted.
    Prepare,
    /// Two liars voted likewise: it locks, and says Commit.
    Commit,
}

/// The correct replica at one height.
#[derive(Default)]
struct Replica {
    view: View,
    lock: Option<Certificate>,
    accepted: Option<(Hash, Hash)>,
    prepared: bool,
    committed: bool,
    said: Vec<SignedStatement>,
    proofs: Vec<NewViewProof>,
    certificates: Vec<Certificate>,
}

impl Replica {
    fn say(&mut self, statement: Statement) {
        self.said.push(signed(HONEST, self.view, statement));
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::ChangeView(by) if self.view + by < VIEWS => {
                let (lock, said, proofs) = (
                    self.lock.take(),
                    std::mem::take(&mut self.said),
                    std::mem::take(&mut self.proofs),
                );
                *self = Self {
                    view: self.view + by,
                    lock,
                    said,
                    proofs,
                    certificates: std::mem::take(&mut self.certificates),
                    ..Self::default()
                };
                let prepared = self.lock.as_ref().map(Certificate::prepared);
                self.say(Statement::ViewChange { prepared });
            }
            Act::Propose(hash, named) if self.accepted.is_none() => self.propose(hash, named),
            Act::Accept(hash, digest) if self.accepted.is_none() => {
                self.accepted = Some((block(hash), block(digest)));
            }
            Act::Prepare if !self.prepared => self.vote(VoteKind::Prepare),
            Act::Commit if self.prepared && !self.committed => self.vote(VoteKind::Commit),
            _ => {}
        }
    }

    /// Rules N2 and V5: fresh in view 0 and where nobody is locked, else the very block that the
    /// view-changes force.
    fn propose(&mut self, hash: u8, named: [Option<Prepared>; 2]) {
        let (mut hash, mut digest) = (block(hash), NO_PROOF);
        if self.view > 0 {
            let Some(opening) = self.opening(named) else {
                return;
            };
            if let Some(certificate) = &opening.prepared {
                hash = certificate.hash;
            }
            digest = opening.digest();
            self.proofs.push(opening);
        }
        self.say(Statement::Proposal {
            hash,
            proof: digest,
        });
        self.accepted = Some((hash, digest));
    }

    /// The proof of this view: its own view-change, and two of liars. Rule V2 takes those only that
    /// show the certificate which they name; liars can make one for any block with an honest vote.
    fn opening(&self, named: [Option<Prepared>; 2]) -> Option<NewViewProof> {
        let view = self.view;
        let mut shown = vec![self.lock.clone()];
        for prepared in named {
            let good = prepared
                .filter(|prepared| prepared.view < view)
                .map(|p| certificate(VoteKind::Prepare, p.view, p.hash, &set(&[1; 4]), &[1, 2, 3]));
            shown.push(good);
        }
        let changes = (0u16..3)
            .zip(&shown)
            .map(|(who, certificate)| change(who, view, certificate.as_ref()))
            .collect();
        let mut highest: Option<&Certificate> = None;
        for certificate in shown.iter().flatten() {
            if highest.is_none_or(|h| certificate.view > h.view) {
                highest = Some(certificate);
            }
        }
        Some(proof(changes, highest))
    }

    /// Rules N3 and N4.
    fn vote(&mut self, kind: VoteKind) {
        let Some((hash, digest)) = self.accepted else {
            return;
        };
        self.say(kind.statement(hash, digest));
        if kind == VoteKind::Prepare {
            self.prepared = true;
            return;
        }
        self.committed = true;
        let vote = kind_votes(VoteKind::Prepare, self.view, hash, digest);
        self.lock = Some(vote.clone());
        self.certificates.push(vote);
        self.certificates
            .push(kind_votes(VoteKind::Commit, self.view, hash, digest));
    }
}

/// A certificate of the correct replica and two liars.
fn kind_votes(kind: VoteKind, view: View, hash: Hash, digest: Hash) -> Certificate {
    let votes = (0..3).map(|who| {
        let vote = signed(who, view, kind.statement(hash, digest));
        (who, vote.signature)
    });
    Certificate::new(kind, HEIGHT, view, hash, digest, &set(&[1; 4]), votes)
}

fn prepared() -> impl Strategy<Value = Option<Prepared>> {
    proptest::option::of((0..VIEWS, 0..BLOCKS).prop_map(|(view, hash)| Prepared {
        view,
        hash: block(hash),
    }))
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (1..3u32).prop_map(Act::ChangeView),
        2 => (0..BLOCKS, [prepared(), prepared()]).prop_map(|(hash, named)| Act::Propose(hash, named)),
        1 => (0..BLOCKS, 0..BLOCKS).prop_map(|(hash, digest)| Act::Accept(hash, digest)),
        4 => Just(Act::Prepare),
        4 => Just(Act::Commit),
    ]
}

/// What a liar signs.
fn lie() -> impl Strategy<Value = SignedStatement> {
    let digest = prop_oneof![Just(NO_PROOF), Just(PROOF), (0..BLOCKS).prop_map(block)];
    let statement = (0..4u8, 0..BLOCKS, digest, prepared()).prop_map(|(kind, hash, proof, p)| {
        let hash = block(hash);
        match kind {
            0 => Statement::Proposal { hash, proof },
            1 => Statement::Prepare { hash, proof },
            2 => Statement::Commit { hash, proof },
            _ => Statement::ViewChange { prepared: p },
        }
    });
    (proptest::sample::select(&LIARS[..]), 0..VIEWS, statement)
        .prop_map(|(who, view, statement)| signed(who, view, statement))
}

/// All evidence that can be put together of two statements and of a proposal with a proof.
fn accusations(statements: &[SignedStatement], proofs: &[NewViewProof]) -> Vec<Offence> {
    let mut all = Vec::new();
    for a in statements {
        for b in statements {
            all.push(Offence::Equivocation {
                first: a.clone(),
                second: b.clone(),
            });
            all.push(Offence::Amnesia {
                commit: a.clone(),
                view_change: b.clone(),
            });
        }
        for proof in proofs.iter().cloned().map(Some).chain([None]) {
            all.push(Offence::UnjustifiedProposal {
                proposal: a.clone(),
                proof,
            });
        }
    }
    all
}

fn convicts_honest(evidence: &Evidence) -> bool {
    evidence.verify(CONTEXT.genesis, &set(&[1; 4])) == Ok(HONEST)
}

/// Proofs with something taken out, put in or exchanged.
fn altered(proofs: &[NewViewProof], lies: &[SignedStatement]) -> Vec<NewViewProof> {
    let mut all = proofs.to_vec();
    for good in proofs {
        let mut stripped = good.clone();
        stripped.prepared = None;
        let mut short = good.clone();
        short.view_changes.truncate(2);
        let mut mixed = good.clone();
        if let (Some(last), Some(lie)) = (mixed.view_changes.iter_mut().last(), lies.first()) {
            *last = lie.clone();
        }
        all.extend([stripped, short, mixed]);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_can_convict_who_keeps_the_rules(
        acts in vec(act(), 1..24),
        lies in vec(lie(), 1..6),
        damage in vec((any::<Index>(), any::<Index>(), any::<u8>()), 24),
    ) {
        let mut replica = Replica::default();
        for act in acts {
            replica.act(act);
        }
        let certified = replica.certificates.iter().flat_map(statements_of);
        let shown = replica.proofs.iter().flat_map(|p| p.view_changes.iter().cloned());
        let mut statements: Vec<_> = replica.said.iter().cloned().chain(certified).chain(shown).collect();
        statements.extend(lies.iter().cloned());
        // The liars' statements in the name of the correct replica.
        statements.extend(lies.iter().cloned().map(|lie| SignedStatement { authority: HONEST, ..lie }));
        let proofs = altered(&replica.proofs, &lies);

        let offences = accusations(&statements, &proofs);
        for offence in &offences {
            for set_id in [CONTEXT.set_id, CONTEXT.set_id + 1] {
                let evidence = Evidence { set_id, offence: offence.clone() };
                prop_assert!(!convicts_honest(&evidence), "{evidence:?}");
            }
        }
        for (which, at, by) in damage {
            let offence = which.get(&offences).clone();
            let mut bytes = Evidence { set_id: CONTEXT.set_id, offence }.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            if let Ok(evidence) = Evidence::decode(&mut &bytes[..]) {
                prop_assert!(!convicts_honest(&evidence), "{evidence:?}");
            }
        }
    }

    /// What two statements amount to is told alike from either side, and holds before a judge if
    /// and only if it is found.
    #[test]
    fn offences_are_found_if_and_only_if_they_convict(a in lie(), b in lie()) {
        let found = Offence::between(&a, &b);
        prop_assert_eq!(&found, &Offence::between(&b, &a));
        let judge = |offence: Offence| {
            let evidence = Evidence { set_id: CONTEXT.set_id, offence };
            evidence.verify(CONTEXT.genesis, &set(&[1; 4]))
        };
        if let Some(offence) = &found {
            prop_assert_eq!(judge(offence.clone()), Ok(a.authority));
        }
        let convicted = accusations(&[a, b], &[])
            .into_iter()
            .filter(|offence| !matches!(offence, Offence::UnjustifiedProposal { .. }))
            .any(|offence| judge(offence).is_ok());
        prop_assert_eq!(found.is_some(), convicted);
    }
}

/// The judge of these tests does convict: a replica that skips one rule is found out.
#[test]
fn who_breaks_a_rule_is_convicted() {
    let mut replica = Replica::default();
    for act in [Act::Accept(1, 1), Act::Prepare, Act::Commit] {
        replica.act(act);
    }
    replica.lock = None;
    replica.act(Act::ChangeView(1));
    let convicted = accusations(&replica.said, &[]).into_iter().any(|offence| {
        convicts_honest(&Evidence {
            set_id: CONTEXT.set_id,
            offence,
        })
    });
    assert!(convicted);
}
