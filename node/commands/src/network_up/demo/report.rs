// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What came of the demo: for machines one line of JSON, for people lines as they come and links at the end.

use super::steps::Step;
use crate::network_up::report::{links, AccountReport, NodeReport};
use serde::Serialize;
use std::{
    fmt,
    io::{IsTerminal, Write},
    path::PathBuf,
    time::Duration,
};

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Account {
    /// Whether all of it happened.
    pub ok: bool,
    /// What did not happen, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// How long all of it took.
    pub seconds: f64,
    /// The steps that were done.
    pub steps: Vec<Done>,
    /// The hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubReport>,
    /// The DappChains.
    pub chains: Vec<DappReport>,
    /// What was paid.
    pub transfers: Vec<Transfer>,
    /// How the nodes of a DappChain changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// What the processes need.
    pub processes: Vec<ProcessReport>,
    /// Where the logs are.
    pub folder: PathBuf,
}

/// A step that did not happen.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// Which.
    pub step: Step,
    /// What was waited for last, or went wrong.
    pub why: String,
}

/// A step that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// Which.
    pub step: Step,
    /// How long it took.
    pub seconds: f64,
    /// What happened.
    pub what: String,
}

/// The hub.
#[derive(Clone, Debug, Serialize)]
pub struct HubReport {
    /// Its id among chains.
    pub chain_id: String,
    /// The hash of its genesis block.
    pub genesis: String,
    /// The length of its epochs.
    pub epoch_ms: u64,
    /// Its nodes.
    pub nodes: Vec<NodeReport>,
    /// Accounts that have something.
    pub accounts: Vec<AccountReport>,
}

/// A DappChain.
#[derive(Clone, Debug, Serialize)]
pub struct DappReport {
    /// Its name.
    pub name: String,
    /// Its id among chains.
    pub chain_id: String,
    /// The hash of its genesis block.
    pub genesis: String,
    /// The nodes that founded it.
    pub founders: Vec<String>,
    /// In which epoch it was registered.
    pub registered_in: u32,
    /// In which epoch its first block was final.
    pub first_block_in: u32,
    /// The time from its registration, as its deployer submitted it, until its first block, as that says.
    pub seconds_to_first_block: f64,
    /// Its height at the end.
    pub height: u32,
    /// Where clients reach it, at the end.
    pub rpc: Vec<String>,
}

/// A payment that arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Transfer {
    /// On or from which chain.
    pub from: String,
    /// To which.
    pub to: String,
    /// To whom.
    pub recipient: String,
    /// How much, in the smallest unit, as a string of digits.
    pub amount: String,
    /// How long it took until it was there.
    pub seconds: f64,
}

/// How the nodes of a DappChain changed.
#[derive(Clone, Debug, Serialize)]
pub struct Rotation {
    /// Of which.
    pub chain: String,
    /// The ids of the first set and of the last one.
    pub sets: (u64, u64),
    /// Who decides no more.
    pub left: Vec<String>,
    /// Who decides now.
    pub arrived: Vec<String>,
    /// The heights of its last final block, before and after.
    pub heights: (u32, u32),
    /// The longest time between two of its blocks meanwhile, in milliseconds.
    pub longest_pause_ms: u64,
    /// The id of the set that the hub knows to be in force.
    pub hub_knows_set: Option<u64>,
    /// The id of the set that the other DappChain's light client knows.
    pub peer_knows_set: Option<u64>,
    /// Whether the process of each that left has stopped the chain.
    pub stopped: bool,
}

/// What a process needs.
#[derive(Clone, Debug, Serialize)]
pub struct ProcessReport {
    /// The node.
    pub name: String,
    /// How many DappChains run in it, beside the hub.
    pub dappchains: usize,
    /// The memory that it has, in MiB.
    pub rss_mib: Option<u64>,
    /// The time on a processor that it took so far.
    pub cpu_seconds: Option<f64>,
}

impl Account {
    /// One line of JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "\nAll of it took {:.0} s. Look at it:", self.seconds)?;
        if let Some(hub) = &self.hub {
            writeln!(
                f,
                "\nHub (chain id {}), {} nodes",
                hub.chain_id,
                hub.nodes.len()
            )?;
            for node in &hub.nodes {
                writeln!(
                    f,
                    "    {:<12} rpc {}  log {}",
                    node.name,
                    node.rpc,
                    node.log.display()
                )?;
            }
            if let Some(first) = hub.nodes.first() {
                write!(f, "{}", links(&first.rpc))?;
            }
        }
        for chain in &self.chains {
            let DappReport {
                name,
                chain_id,
                height,
                ..
            } = chain;
            writeln!(
                f,
                "\nDappChain {name} (chain id {chain_id}), at block {height}"
            )?;
            for rpc in &chain.rpc {
                writeln!(f, "    rpc {rpc}")?;
            }
            if let Some(first) = chain.rpc.first() {
                write!(f, "{}", links(first))?;
            }
        }
        let accounts = self.hub.iter().flat_map(|hub| &hub.accounts);
        writeln!(
            f,
            "\nAccounts, with what they have on the hub; Alice to Ferdie have something on the DappChains, too \
             (development keys: everybody knows the secrets)"
        )?;
        for account in accounts {
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
        Ok(())
    }
}

/// The memory that a process has, in MiB, as the kernel says.
pub fn rss_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}

/// The time on a processor that a process took so far, as the kernel says.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    // Its name, in parentheses, may hold anything.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    // User and system time are the 14th and 15th fields; the first after the name is the third.
    let mut fields = rest.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user.saturating_add(system) as f64 / TICKS_PER_SECOND)
}

/// How many ticks the kernel counts in a second, on all that Linux runs on today.
const TICKS_PER_SECOND: f64 = 100.0;

/// Shows what is under way: lines that are overwritten on a terminal, finished ones elsewhere.
pub struct Progress {
    out: Box<dyn Write>,
    terminal: bool,
    number: usize,
    of: usize,
}

/// How much of a line is shown while one waits: a narrow terminal's.
const COLUMNS: usize = 100;

impl Progress {
    /// To the standard output, or, if that is for a machine, to the standard error.
    pub fn new(json: bool, of: usize) -> Self {
        let (out, terminal): (Box<dyn Write>, bool) = match json {
            true => (Box::new(std::io::stderr()), std::io::stderr().is_terminal()),
            false => (Box::new(std::io::stdout()), std::io::stdout().is_terminal()),
        };
        Self::to(out, terminal, of)
    }

    fn to(out: Box<dyn Write>, terminal: bool, of: usize) -> Self {
        Self {
            out,
            terminal,
            number: 0,
            of,
        }
    }

    /// A step begins.
    pub fn begin(&mut self) {
        self.number = self.number.saturating_add(1);
    }

    /// A step is under way.
    pub fn waiting(&mut self, title: &str, elapsed: Duration, why: &str) {
        if self.terminal {
            let line = format!("{} {title} … {} s  {why}", self.count(), elapsed.as_secs());
            let shown: String = line.chars().take(COLUMNS).collect();
            self.write(format_args!("\r\x1b[2K{shown}"));
        }
    }

    /// A step is done, or failed.
    pub fn end(&mut self, mark: &str, what: &str, elapsed: Duration) {
        let clear = if self.terminal { "\r\x1b[2K" } else { "" };
        let (count, seconds) = (self.count(), elapsed.as_secs_f64());
        self.write(format_args!(
            "{clear}{count} {mark} {seconds:6.1} s  {what}\n"
        ));
    }

    /// Something beside the steps.
    pub fn line(&mut self, text: &str) {
        self.write(format_args!("{text}\n"));
    }

    fn count(&self) -> String {
        format!("[{:>2}/{}]", self.number, self.of)
    }

    /// Whoever reads no more does not stop the demo.
    fn write(&mut self, text: fmt::Arguments) {
        let _ = self.out.write_fmt(text);
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn shown(terminal: bool) -> String {
        let page = Page::default();
        let mut progress = Progress::to(Box::new(page.clone()), terminal, 10);
        progress.begin();
        progress.waiting("something happens", Duration::from_secs(3), "not yet");
        progress.end("ok", "it happened", Duration::from_millis(3_250));
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_is_no_terminal_gets_plain_lines() {
        assert_eq!(shown(false), "[ 1/10] ok    3.2 s  it happened\n");
        let terminal = shown(true);
        assert!(terminal.contains("something happens … 3 s  not yet"));
        assert!(terminal.ends_with("\x1b[2K[ 1/10] ok    3.2 s  it happened\n"));
    }

    #[test]
    fn what_failed_is_in_the_json_and_what_did_not_happen_is_not() {
        let account = Account {
            failed: Some(Failed {
                step: Step::Rotation,
                why: "nobody left".into(),
            }),
            ..Default::default()
        };
        let json: serde_json::Value = serde_json::from_str(&account.to_json().unwrap()).unwrap();
        assert_eq!(json["ok"], false);
        assert_eq!(json["failed"]["step"], "rotation");
        assert!(json.get("rotation").is_none());
    }
}
