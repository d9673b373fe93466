// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What is printed of a local network once it is up.

use serde::Serialize;
use std::{fmt, fmt::Write, path::PathBuf};

/// A network that is up, in the form that `--json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Its chains.
    pub chains: Vec<ChainReport>,
    /// The development accounts that have anything.
    pub accounts: Vec<AccountReport>,
}

/// A chain of the network.
#[derive(Clone, Debug, Serialize)]
pub struct ChainReport {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Its id among chains, as it stands in chain addresses, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// The hash of its genesis block.
    pub genesis: String,
    /// Its nodes.
    pub nodes: Vec<NodeReport>,
}

/// A node of a chain.
#[derive(Clone, Debug, Serialize)]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// The address of its JSON-RPC server.
    pub rpc: String,
    /// Its peer-to-peer address.
    pub p2p: String,
    /// The address at which nodes of other chains reach it, if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interchain: Option<String>,
    /// Its log file.
    pub log: PathBuf,
    /// Its process id.
    pub pid: u32,
    /// Its base path.
    pub base_path: PathBuf,
    /// The secret URI of its account and its pBFT key.
    #[serde(skip)]
    pub seed: String,
    /// Its public pBFT key.
    #[serde(skip)]
    pub pbft_key: String,
}

/// An account that has something.
#[derive(Clone, Debug, Serialize)]
pub struct AccountReport {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its free balance in the smallest unit, as a string of digits.
    pub free: String,
    /// The same, for people.
    #[serde(skip)]
    pub free_in_tokens: String,
    /// The secret URI.
    #[serde(skip)]
    pub seed: String,
}

impl Report {
    /// One line of JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for chain in &self.chains {
            let count = chain.nodes.len();
            writeln!(f, "{} ({}) is up: {count} validators", chain.name, chain.id)?;
            writeln!(f, "genesis {}", chain.genesis)?;
            if let Some(id) = &chain.chain_id {
                writeln!(f, "addresses {id}x…, as other chains write them")?;
            }
            writeln!(f)?;
            for node in &chain.nodes {
                writeln!(f, "{}", node.name)?;
                writeln!(f, "    rpc   {}", node.rpc)?;
                writeln!(f, "    p2p   {}", node.p2p)?;
                if let Some(address) = &node.interchain {
                    writeln!(f, "    inter {address}")?;
                }
                writeln!(f, "    log   {}", node.log.display())?;
                writeln!(f, "    pid   {}", node.pid)?;
                writeln!(f, "    pbft  {} (secret: {})", node.pbft_key, node.seed)?;
            }
            if let Some(first) = chain.nodes.first() {
                write!(f, "\nLook at it with\n{}", links(&first.rpc))?;
            }
        }
        writeln!(
            f,
            "\nAccounts (development keys: everybody knows the secrets)"
        )?;
        for account in &self.accounts {
            let AccountReport {
                name,
                address,
                free_in_tokens,
                seed,
                ..
            } = account;
            writeln!(
                f,
                "    {name:<12} {address}  {free_in_tokens:>24}  secret: {seed}"
            )?;
        }
        write!(f, "\nCtrl-C stops all of it.")
    }
}

/// Where to look at a chain with this address of its JSON-RPC: a line each.
pub fn links(rpc: &str) -> String {
    let endpoint = percent_encode(rpc);
    format!(
        "    https://polkadot.js.org/apps/?rpc={endpoint}\n    \
         https://dev.papi.how/explorer#networkId=custom&endpoint={endpoint}\n"
    )
}

/// `text` with all but letters, digits and `-._~` percent-encoded.
fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// An amount of the smallest unit in tokens of `decimals` places.
pub fn in_tokens(amount: u128, decimals: u8, symbol: &str) -> String {
    let Some(unit) = 10u128.checked_pow(decimals.into()) else {
        return format!("{amount} of {symbol}'s smallest unit");
    };
    let (whole, rest) = (amount / unit, amount % unit);
    let rest = match rest {
        0 => String::new(),
        _ => {
            let places = format!("{rest:0width$}", width = usize::from(decimals));
            format!(".{}", places.trim_end_matches('0'))
        }
    };
    format!("{whole}{rest} {symbol}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            chains: vec![ChainReport {
                name: "Hansa \"Local\"".into(),
                id: "hansa_local".into(),
                chain_id: None,
                genesis: "0x00".into(),
                nodes: vec![NodeReport {
                    name: "Alice".into(),
                    rpc: "ws://127.0.0.1:9944".into(),
                    p2p: "/ip4/127.0.0.1/tcp/9945/p2p/x".into(),
                    interchain: None,
                    log: "/tmp/alice.log".into(),
                    pid: 7,
                    base_path: "/tmp/alice".into(),
                    seed: "//Alice".into(),
                    pbft_key: "5FA9".into(),
                }],
            }],
            accounts: vec![AccountReport {
                name: "Alice".into(),
                address: "5Grw".into(),
                free: "1000".into(),
                free_in_tokens: "0.001 HANSA".into(),
                seed: "//Alice".into(),
            }],
        }
    }

    #[test]
    fn the_json_is_one_line_of_exactly_these_fields() {
        assert_eq!(
            report().to_json().unwrap(),
            r#"{"chains":[{"name":"Hansa \"Local\"","id":"hansa_local","genesis":"0x00","nodes":[{"name":"Alice","rpc":"ws://127.0.0.1:9944","p2p":"/ip4/127.0.0.1/tcp/9945/p2p/x","log":"/tmp/alice.log","pid":7,"base_path":"/tmp/alice"}]}],"accounts":[{"name":"Alice","address":"5Grw","free":"1000"}]}"#
        );
    }

    #[test]
    fn people_see_addresses_keys_and_links() {
        let text = report().to_string();
        for part in [
            "ws://127.0.0.1:9944",
            "/tmp/alice.log",
            "//Alice",
            "0.001 HANSA",
            "https://polkadot.js.org/apps/?rpc=ws%3A%2F%2F127.0.0.1%3A9944",
            "#networkId=custom&endpoint=ws%3A%2F%2F127.0.0.1%3A9944",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn amounts_are_shown_in_tokens() {
        for (amount, decimals, expected) in [
            (1_000_000_000_000, 12, "1 X"),
            (1_500_000_000_000, 12, "1.5 X"),
            (1, 12, "0.000000000001 X"),
            (0, 12, "0 X"),
            (7, 0, "7 X"),
            (7, 40, "7 of X's smallest unit"),
        ] {
            assert_eq!(in_tokens(amount, decimals, "X"), expected);
        }
    }

    #[test]
    fn a_chain_among_others_has_an_id_and_its_nodes_an_address() {
        let mut report = report();
        report.chains[0].chain_id = Some("e2e4".into());
        report.chains[0].nodes[0].interchain = Some("/ip4/127.0.0.1/tcp/9947/p2p/x".into());
        let json: serde_json::Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        assert_eq!(json["chains"][0]["chain_id"], "e2e4");
        let node = &json["chains"][0]["nodes"][0];
        assert_eq!(node["interchain"], "/ip4/127.0.0.1/tcp/9947/p2p/x");
        let text = report.to_string();
        assert!(
            text.contains("e2e4x") && text.contains("tcp/9947"),
            "{text}"
        );
    }
}
