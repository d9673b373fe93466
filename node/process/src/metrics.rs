// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The metrics of a DappChain's service at the endpoint of the process.
//!
//! A service registers its metrics under their usual names, so each needs a registry of its own; the label
//! `dappchain` tells them apart. The process has one endpoint, with one registry: a collector there gathers the others,
//! and the registry adds its own label `chain`, the hub's, to all of them. So theirs must have another name: Prometheus
//! takes nothing from an endpoint at which a sample has a label twice.

use hansa_dappchain_primitives::ChainId;
use std::collections::HashMap;
use substrate_prometheus_endpoint::{
    prometheus::{
        core::{Collector, Desc},
        proto::MetricFamily,
    },
    PrometheusError, Registry,
};

/// The label with the chain's name.
const LABEL: &str = "dappchain";

/// A service's metrics, at the endpoint of the process for as long as this lives.
pub struct ServiceMetrics {
    of_process: Registry,
    collector: Gather,
}

#[derive(Clone)]
struct Gather {
    registry: Registry,
    /// Stands for what is gathered: the outer registry tells collectors apart by it.
    desc: Desc,
}

impl Collector for Gather {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }
}

impl ServiceMetrics {
    /// Make a registry for the service of the chain called `name`, shown by the one of the process.
    pub fn new(of_process: Registry, chain: ChainId, name: &str) -> Result<Self, PrometheusError> {
        let labels = HashMap::from([(LABEL.to_owned(), name.to_owned())]);
        let collector = Gather {
            registry: Registry::new_custom(None, Some(labels))?,
            desc: Desc::new(
                format!("hansa_dappchain_{chain:x}"),
                "The metrics of a DappChain's service".into(),
                Vec::new(),
                HashMap::new(),
            )?,
        };
        of_process.register(Box::new(collector.clone()))?;
        Ok(Self {
            of_process,
            collector,
        })
    }

    /// The service's registry.
    pub fn registry(&self) -> &Registry {
        &self.collector.registry
    }
}

impl Drop for ServiceMetrics {
    fn drop(&mut self) {
        if let Err(error) = self.of_process.unregister(Box::new(self.collector.clone())) {
            log::warn!("the metrics of a DappChain that is gone are still shown: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use substrate_prometheus_endpoint::{register, Gauge, U64};

    fn gauge(registry: &Registry, value: u64) {
        let gauge = Gauge::<U64>::new("height", "of the chain").unwrap();
        register(gauge.clone(), registry).unwrap().set(value);
    }

    /// The registry of a node of the hub, as the SDK makes it.
    fn of_hub() -> Registry {
        let labels = HashMap::from([("chain".to_owned(), "hub".to_owned())]);
        Registry::new_custom(None, Some(labels)).unwrap()
    }

    /// The DappChains of all samples, and what they say.
    fn shown(registry: &Registry) -> Vec<(String, f64)> {
        let families = registry.gather();
        let family = families.iter().find(|family| family.get_name() == "height");
        family.map_or(Vec::new(), |family| {
            let metrics = family.get_metric().iter();
            metrics
                .map(|metric| {
                    let labels = metric.get_label().iter();
                    let labels: Vec<_> = labels.map(|l| (l.get_name(), l.get_value())).collect();
                    let names: BTreeSet<_> = labels.iter().map(|(name, _)| name).collect();
                    assert_eq!(names.len(), labels.len(), "a label is there twice");
                    assert!(labels.contains(&("chain", "hub")));
                    let own = labels.iter().find(|(name, _)| *name == LABEL);
                    let own = own.map_or_else(String::new, |(_, value)| (*value).to_owned());
                    (own, metric.get_gauge().get_value())
                })
                .collect()
        })
    }

    #[test]
    fn same_names_of_several_services_are_told_apart_and_go_with_them() {
        let process = of_hub();
        gauge(&process, 1);
        let game = ServiceMetrics::new(process.clone(), 1, "game").unwrap();
        let shop = ServiceMetrics::new(process.clone(), 2, "shop").unwrap();
        gauge(game.registry(), 2);
        gauge(shop.registry(), 3);
        let mut all = shown(&process);
        all.sort_by(|a, b| a.1.total_cmp(&b.1));
        let expected = [("", 1.), ("game", 2.), ("shop", 3.)].map(|(l, v)| (l.to_owned(), v));
        assert_eq!(all, expected);
        drop(game);
        assert_eq!(shown(&process).len(), 2);
        // And it can come back.
        ServiceMetrics::new(process.clone(), 1, "game").unwrap();
    }
}
