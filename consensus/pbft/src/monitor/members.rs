// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The metrics of each authority of the current set.

use crate::metrics::Metrics;
use hansa_pbft_primitives::{AuthorityId, AuthoritySet, Height};
use std::collections::{HashMap, HashSet};
use substrate_prometheus_endpoint::{Counter, Gauge, U64};

/// The series of one authority.
struct Member {
    label: String,
    last_vote_height: Gauge<U64>,
    missed_heights: Counter<U64>,
    silent_views: Counter<U64>,
    connected: Gauge<U64>,
}

impl Member {
    fn new(metrics: &Metrics, key: &AuthorityId) -> Self {
        let label = key.to_string();
        let labels = [label.as_str()];
        Self {
            last_vote_height: metrics
                .authority_last_vote_height
                .with_label_values(&labels),
            missed_heights: metrics.authority_missed_heights.with_label_values(&labels),
            silent_views: metrics.authority_silent_views.with_label_values(&labels),
            connected: metrics.authority_connected.with_label_values(&labels),
            label,
        }
    }

    fn remove(self, metrics: &Metrics) {
        let labels = [self.label.as_str()];
        // An error means that the series is not there.
        let _ = metrics
            .authority_last_vote_height
            .remove_label_values(&labels);
        let _ = metrics
            .authority_missed_heights
            .remove_label_values(&labels);
        let _ = metrics.authority_silent_views.remove_label_values(&labels);
        let _ = metrics.authority_connected.remove_label_values(&labels);
    }
}

/// The series of the authorities of the current set, and of no others.
pub(crate) struct Members {
    metrics: Metrics,
    members: HashMap<AuthorityId, Member>,
}

impl Members {
    /// Of no set yet.
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            members: HashMap::new(),
        }
    }

    /// `set` decides from now on.
    pub fn set(&mut self, set: &AuthoritySet) {
        let same = set.len() == self.members.len()
            && set.authorities().iter().all(|a| self.contains(&a.key));
        if same {
            return;
        }
        let keys: HashSet<_> = set.authorities().iter().map(|a| &a.key).collect();
        let gone: Vec<_> = self
            .members
            .keys()
            .filter(|key| !keys.contains(key))
            .cloned()
            .collect();
        for key in gone {
            if let Some(member) = self.members.remove(&key) {
                member.remove(&self.metrics);
            }
        }
        for key in keys {
            if !self.contains(key) {
                let member = Member::new(&self.metrics, key);
                self.members.insert(key.clone(), member);
            }
        }
    }

    /// Whether `key` is in the current set.
    pub fn contains(&self, key: &AuthorityId) -> bool {
        self.members.contains_key(key)
    }

    /// A statement of `key` at `height` came.
    pub fn heard(&self, key: &AuthorityId, height: Height) {
        if let Some(member) = self.members.get(key) {
            let height = u64::from(height).max(member.last_vote_height.get());
            member.last_vote_height.set(height);
        }
    }

    /// A height is over without a Commit of `key`.
    pub fn missed(&self, key: &AuthorityId) {
        if let Some(member) = self.members.get(key) {
            member.missed_heights.inc();
        }
    }

    /// A view of `key` ended without its proposal.
    pub fn silent_view(&self, key: &AuthorityId) {
        if let Some(member) = self.members.get(key) {
            member.silent_views.inc();
        }
    }

    /// Show who is connected.
    pub fn set_connected(&self, is_connected: impl Fn(&AuthorityId) -> bool) {
        for (key, member) in &self.members {
            member.connected.set(u64::from(is_connected(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{height_state, pair};
    use sp_core::Pair;
    use substrate_prometheus_endpoint::Registry;

    /// The labels of a metric of the registry, sorted.
    fn labels(registry: &Registry, name: &str) -> Vec<String> {
        let mut labels: Vec<_> = registry
            .gather()
            .iter()
            .filter(|family| family.get_name() == name)
            .flat_map(|family| family.get_metric().to_vec())
            .map(|metric| metric.get_label()[0].get_value().to_owned())
            .collect();
        labels.sort();
        labels
    }

    #[test]
    fn there_are_series_of_the_current_set_only() {
        let registry = Registry::new();
        let metrics = Metrics::register(Some(&registry)).unwrap();
        let mut members = Members::new(metrics.clone());
        let keys = |n: u16| {
            let mut keys: Vec<_> = (0..n).map(|i| pair(i).public().to_string()).collect();
            keys.sort();
            keys
        };
        for n in [4, 7, 2] {
            members.set(&height_state(n).set);
            for name in [
                "hansa_pbft_authority_last_vote_height",
                "hansa_pbft_authority_missed_heights_total",
                "hansa_pbft_authority_silent_views_total",
                "hansa_pbft_authority_connected",
            ] {
                assert_eq!(
                    labels(&registry, name),
                    keys(n),
                    "{name} of {n} authorities"
                );
            }
        }
        members.missed(&pair(6).public());
        assert_eq!(
            labels(&registry, "hansa_pbft_authority_missed_heights_total"),
            keys(2),
            "one that left is not counted"
        );
    }

    #[test]
    fn the_last_vote_never_falls() {
        let metrics = Metrics::register(None).unwrap();
        let mut members = Members::new(metrics.clone());
        members.set(&height_state(4).set);
        let key = pair(1).public();
        let shown = || {
            metrics
                .authority_last_vote_height
                .with_label_values(&[&key.to_string()])
                .get()
        };
        for (height, expected) in [(5, 5), (7, 7), (6, 7)] {
            members.heard(&key, height);
            assert_eq!(shown(), expected);
        }
    }
}
