// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What nodes export to Prometheus.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One sample.
#[derive(Clone, PartialEq, Debug)]
struct Sample {
    labels: BTreeMap<String, String>,
    value: f64,
}

/// The metrics of a node at one moment.
#[derive(Clone, Default, Debug)]
pub struct Metrics {
    families: BTreeSet<String>,
    samples: BTreeMap<String, Vec<Sample>>,
}

impl Metrics {
    /// Ask the node that serves its metrics at `port`.
    pub async fn scrape(port: u16) -> Result<Self> {
        let fetch = async {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
            let request = format!(
                "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = tokio::time::timeout(crate::wait::DEADLINE, fetch)
            .await
            .context("no metrics")??;
        let (_, text) = answer
            .split_once("\r\n\r\n")
            .context("the metrics are no HTTP")?;
        Ok(Self::parse(text))
    }

    /// Read Prometheus's text format; lines of another form are left out.
    fn parse(text: &str) -> Self {
        let mut metrics = Self::default();
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let name = family.split(' ').next().unwrap_or_default();
                metrics.families.insert(name.to_owned());
            } else if let Some((name, sample)) = sample(line) {
                metrics.samples.entry(name).or_default().push(sample);
            }
        }
        metrics
    }

    /// The names of all metrics; a histogram counts once.
    pub fn families(&self) -> &BTreeSet<String> {
        &self.families
    }

    /// The sum of all series of `name` that have these labels; none if there are none. An empty label is one that a series
    /// has not, as Prometheus has it.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &&Sample| {
            labels.iter().all(|(label, value)| {
                sample.labels.get(*label).map_or("", String::as_str) == *value
            })
        };
        let found: Vec<_> = self.samples.get(name)?.iter().filter(has).collect();
        (!found.is_empty()).then(|| found.iter().map(|sample| sample.value).sum())
    }

    /// As [`get`](Self::get), of a metric that must be there.
    pub fn expect(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64> {
        self.get(name, labels)
            .with_context(|| format!("the node exports no {name} with {labels:?}"))
    }
}

/// The name and the sample of a line like `name{label="value"} 1`.
fn sample(line: &str) -> Option<(String, Sample)> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    // No label that a node exports has a comma or a quote in its value.
    let labels = labels
        .split(',')
        .filter_map(|label| label.split_once('='))
        .map(|(label, value)| (label.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    Some((name.to_owned(), Sample { labels, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_format_is_read() {
        let metrics = Metrics::parse(
            "# HELP a_total x y\n# TYPE a_total counter\na_total{k=\"v\",chain=\"c\"} 3\n\
             a_total{k=\"w\",chain=\"c\"} 4\n# TYPE b gauge\nb 0.5\nrubbish\n",
        );
        assert_eq!(metrics.get("a_total", &[("k", "v")]), Some(3.0));
        assert_eq!(metrics.get("a_total", &[]), Some(7.0));
        assert_eq!(metrics.get("a_total", &[("k", "u")]), None);
        assert_eq!(metrics.get("a_total", &[("k", "v"), ("j", "")]), Some(3.0));
        assert_eq!(metrics.get("a_total", &[("k", "")]), None);
        assert_eq!(metrics.get("b", &[]), Some(0.5));
        assert_eq!(metrics.get("rubbish", &[]), None);
        let families: Vec<_> = metrics.families().iter().collect();
        assert_eq!(families, ["a_total", "b"]);
    }
}
