// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! View-changes kept: the highest of each authority, however far it is, and the prepared
//! certificates that they name. Pure bookkeeping; whoever puts one in has checked it.

use crate::bugs::{bug, Bug};
use codec::Encode;
use hansa_pbft_primitives::{
    AuthorityIndex, AuthoritySet, Certificate, Hash, NewViewProof, Prepared, SignedStatement,
    Statement, View, Weight,
};
use std::collections::{BTreeMap, BTreeSet};

/// The highest view-change of each authority.
///
/// Memory is bounded by the set: one statement an authority. A certificate is kept once for each
/// block and view that a kept statement names, and correct replicas can make one a view at most.
#[derive(Clone, Default, Debug, Encode)]
pub(crate) struct ViewChanges {
    highest: BTreeMap<AuthorityIndex, SignedStatement>,
    certificates: BTreeMap<(View, Hash), Certificate>,
}

impl ViewChanges {
    /// The view-change that is kept of `authority`.
    pub fn of(&self, authority: AuthorityIndex) -> Option<&SignedStatement> {
        self.highest.get(&authority)
    }

    /// Whether a verified certificate for `prepared` is at hand.
    pub fn proves(&self, prepared: &Prepared) -> bool {
        self.certificates
            .contains_key(&(prepared.view, prepared.hash))
    }

    /// Keep `statement`, with the certificate that it names, if it is higher than what is kept of
    /// its authority.
    pub fn insert(&mut self, statement: SignedStatement, certificate: Option<Certificate>) {
        if self
            .of(statement.authority)
            .is_some_and(|kept| kept.view >= statement.view)
        {
            return;
        }
        self.highest.insert(statement.authority, statement);
        if let Some(certificate) = certificate {
            let Prepared { view, hash } = certificate.prepared();
            self.certificates.entry((view, hash)).or_insert(certificate);
        }
        let named: BTreeSet<_> = self
            .highest
            .values()
            .filter_map(|change| prepared_of(change).map(|p| (p.view, p.hash)))
            .collect();
        self.certificates.retain(|key, _| named.contains(key));
    }

    /// The weight of the authorities that ask for `view` or a higher one.
    pub fn weight_from(&self, view: View, set: &AuthoritySet) -> Weight {
        self.weight(set, |asked| asked >= view)
    }

    /// The weight of the authorities that ask for exactly `view`.
    pub fn weight_at(&self, view: View, set: &AuthoritySet) -> Weight {
        self.weight(set, |asked| asked == view)
    }

    fn weight(&self, set: &AuthoritySet, counts: impl Fn(View) -> bool) -> Weight {
        self.highest
            .values()
            .filter(|change| counts(change.view))
            .fold(0, |sum, change| {
                sum.saturating_add(set.weight(change.authority))
            })
    }

    /// The greatest view above `above` for which, or for more, authorities of more weight than
    /// `faults` ask: at least one correct replica among them has given up all lower views.
    pub fn join_target(&self, above: View, faults: Weight, set: &AuthoritySet) -> Option<View> {
        let mut higher: Vec<_> = self
            .highest
            .values()
            .filter(|change| change.view > above)
            .map(|change| (change.view, set.weight(change.authority)))
            .collect();
        higher.sort_unstable_by(|a, b| b.cmp(a));
        let mut sum: Weight = 0;
        higher.into_iter().find_map(|(view, weight)| {
            sum = sum.saturating_add(weight);
            (sum > faults).then_some(view)
        })
    }

    /// The proof that opens `view`: all view-changes to exactly this view, in ascending order of
    /// the signers, and the highest prepared certificate that they name. None if the certificate
    /// is not at hand, which cannot be, or there are too many, which cannot be either.
    pub fn proof(&self, view: View) -> Option<NewViewProof> {
        let changes: Vec<_> = self
            .highest
            .values()
            .filter(|change| change.view == view)
            .cloned()
            .collect();
        let mut highest: Option<Prepared> = None;
        for prepared in changes.iter().filter_map(prepared_of) {
            if highest.is_none_or(|h| (prepared.view > h.view) != bug(Bug::LowerCertificate)) {
                highest = Some(prepared);
            }
        }
        let prepared = match highest {
            None => None,
            Some(p) => Some(self.certificates.get(&(p.view, p.hash))?.clone()),
        };
        Some(NewViewProof {
            view_changes: changes.try_into().ok()?,
            prepared,
        })
    }

    /// Which view each authority asks for.
    pub fn views(&self) -> Vec<(AuthorityIndex, View)> {
        self.highest
            .iter()
            .map(|(authority, change)| (*authority, change.view))
            .collect()
    }
}

/// What a view-change says is prepared.
fn prepared_of(change: &SignedStatement) -> Option<Prepared> {
    match change.statement {
        Statement::ViewChange { prepared } => prepared,
        _ => None,
    }
}
