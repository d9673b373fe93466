// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The first run of a deployer's own runtime is in a process of its own.
//!
//! Founders run a runtime that nobody has looked at to find out its genesis. Wasm can neither reach out of its memory nor have more of it
//! than the executor gives; but it can go on for ever, and the SDK's executor cannot be told to stop. A thread that
//! hangs would keep a core busy until the node ends. A process can be killed.
//!
//! The child is this program, with the subcommand [`SUBCOMMAND`]: it reads a record and a code from its standard input, and writes the
//! hash of the genesis, or why there is none. The node builds the same once more when it starts the chain; by then
//! it is known to end.

use crate::executor;
use codec::{Decode, DecodeAll, Encode};
use hansa_dappchain_genesis::{build, record_hash, Record};
use hansa_primitives::Hash;
use hansa_supervisor::launcher::GenesisError;
use std::{
    collections::BTreeSet,
    ffi::OsString,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        mpsc::{self, RecvTimeoutError},
        Mutex, PoisonError,
    },
    thread,
    time::{Duration, Instant},
};

/// What the child is told to do.
pub const SUBCOMMAND: &str = "build-dappchain-genesis";

/// How much CPU time a genesis may take, unless the operator says otherwise. The standard one takes three seconds, nearly all of
/// it to compile the runtime. Time by the clock would say more of how busy the machine is.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How many times as long it may take by the clock. If it has not had its CPU time by then, the machine is too busy, which says
/// nothing of the runtime; unless the system does not tell CPU time.
pub const PATIENCE: u32 = 20;

/// How much a child gives way to whatever else wants the cores: it has about a tenth of what the node has, which has
/// votes to cast. Nothing at all would be too little: on a machine that is never idle it would not come to its end.
const NICENESS: &str = "10";

/// How often the child is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The unit in which Linux tells CPU time, on all of its platforms.
const TICK: Duration = Duration::from_millis(10);

/// The most bytes of a request: the largest code that the hub stores, and the largest record.
const MAX_REQUEST_BYTES: u64 = 8 * 1024 * 1024;

/// The most bytes of an answer: a hash, or why there is none.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// The most characters of why there is none.
const MAX_REASON_CHARS: usize = 1_000;

/// What the child answers.
type Answer = Result<Hash, String>;

/// Runs runtimes that nobody has looked at.
pub struct Sandbox {
    program: PathBuf,
    arguments: Vec<OsString>,
    /// How much CPU time a child has, and how much time by the clock.
    limit: Duration,
    patience: Duration,
    /// The records, by their hashes, whose genesis is known to be built in time.
    known: Mutex<BTreeSet<Hash>>,
}

impl Sandbox {
    /// One whose children are this program, have so much CPU time, and keep compiled runtimes in `wasm_cache`: what
    /// is tried out there is compiled for the node, too.
    pub fn new(limit: Duration, wasm_cache: Option<&Path>) -> io::Result<Self> {
        let parent = std::process::id().to_string();
        let mut arguments: Vec<OsString> =
            vec![SUBCOMMAND.into(), "--parent".into(), parent.clone().into()];
        if let Some(folder) = wasm_cache {
            arguments.extend(["--wasm-cache".into(), folder.into()]);
        }
        let program = match cfg!(target_os = "linux") {
            // It is there, too, when the file was replaced by a newer version since the start.
            true => format!("/proc/{parent}/exe").into(),
            false => std::env::current_exe()?,
        };
        Ok(Self::of(program, arguments, limit))
    }

    /// One whose children are another program.
    pub fn of(program: PathBuf, arguments: Vec<OsString>, limit: Duration) -> Self {
        Self {
            program,
            arguments,
            limit,
            patience: limit.saturating_mul(PATIENCE),
            known: Mutex::default(),
        }
    }

    /// Find out whether the genesis of this record is built in time. Blocks the thread for as long.
    pub fn try_out(&self, record: &Record, code: &[u8]) -> Result<(), GenesisError> {
        if self.known().contains(&record_hash(record)) {
            return Ok(());
        }
        self.hash(record, code).map(drop)
    }

    /// The hash of the genesis of this record. Blocks the thread until it is known, or takes too much time.
    pub fn hash(&self, record: &Record, code: &[u8]) -> Result<Hash, GenesisError> {
        let here = |error: io::Error| {
            GenesisError::Here(format!(
                "{} cannot be run to build it: {error}",
                self.program.display()
            ))
        };
        let mut child = self.spawn().map_err(here)?;
        let answer = self.ask(&mut child, (record, code).encode());
        // It has ended, or must.
        let _ = child.kill();
        let status = child.wait().map_err(here)?;
        let answer = answer?.map_err(here)?;
        let answer = Answer::decode_all(&mut &answer[..]).map_err(|_| {
            GenesisError::Here(format!("the process that builds it ended with {status}"))
        })?;
        let genesis = answer.map_err(GenesisError::Record)?;
        self.known().insert(record_hash(record));
        Ok(genesis)
    }

    /// Start a child with [`NICENESS`].
    fn spawn(&self) -> io::Result<Child> {
        let mut last = Command::new("nice");
        last.args(["-n", NICENESS]).arg(&self.program);
        match self.piped(last) {
            // A system without that program.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.piped(Command::new(&self.program))
            }
            spawned => spawned,
        }
    }

    fn piped(&self, mut command: Command) -> io::Result<Child> {
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What a runtime has to say is not for the node's log.
            .stderr(Stdio::null())
            .spawn()
    }

    /// What a child answers to a request; an error if that takes too much time.
    fn ask(
        &self,
        child: &mut Child,
        request: Vec<u8>,
    ) -> Result<io::Result<Vec<u8>>, GenesisError> {
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        // These threads end at the latest when the child is killed, as its pipes are closed then.
        thread::spawn(move || {
            // If it does not listen, it does not answer either.
            stdin.and_then(|mut stdin| stdin.write_all(&request).ok())
        });
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = stdout.map_or(Ok(0), |stdout| {
                stdout.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)
            });
            tell.send(read.map(|_| answer))
        });
        let begun = Instant::now();
        loop {
            match told.recv_timeout(POLL_INTERVAL) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Ok(Err(io::ErrorKind::BrokenPipe.into()))
                }
            }
            if let Some(error) = self.too_long(begun.elapsed(), cpu_time(child.id())) {
                return Err(error);
            }
        }
    }

    /// What to say of a child that has not answered after so much time, by the clock and of the CPU; none if it has more time.
    fn too_long(&self, elapsed: Duration, cpu: Option<Duration>) -> Option<GenesisError> {
        let (limit, patience) = (self.limit.as_secs(), self.patience);
        match cpu {
            Some(cpu) if cpu > self.limit => Some(GenesisError::Record(format!(
                "its runtime did not build it in {limit} s of CPU time"
            ))),
            Some(cpu) if elapsed > patience => Some(GenesisError::Here(format!(
                "this machine is too busy to build it: in {} s its runtime had {} s of CPU time",
                elapsed.as_secs(),
                cpu.as_secs()
            ))),
            None if elapsed > patience => Some(GenesisError::Record(format!(
                "its runtime did not build it in {} s",
                patience.as_secs()
            ))),
            _ => None,
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeSet<Hash>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The CPU time that a process has taken, where the system tells.
fn cpu_time(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, which may have anything in it, is in parentheses; the times are the 14th and the 15th field.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u32>().ok();
    Some(TICK.saturating_mul(next()?.saturating_add(next()?)))
}

/// What the child does.
pub fn run_child(wasm_cache: Option<&Path>) -> Result<(), String> {
    let mut request = Vec::new();
    io::stdin()
        .take(MAX_REQUEST_BYTES)
        .read_to_end(&mut request)
        .map_err(|error| format!("no request: {error}"))?;
    let (record, code) = <(Record, Vec<u8>)>::decode(&mut &request[..])
        .map_err(|error| format!("no record and code: {error}"))?;
    let executor = executor::of_tool(wasm_cache);
    let answer: Answer = build(&record, &code, &executor)
        .map(|genesis| genesis.hash)
        .map_err(|error| error.to_string());
    // A runtime can make an error of any length.
    let answer: Answer = answer.map_err(|error| error.chars().take(MAX_REASON_CHARS).collect());
    io::stdout()
        .write_all(&answer.encode())
        .map_err(|error| format!("no answer: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_dappchain_primitives::{HubCheckpoint, GENESIS_FORMAT};
    use hansa_pbft_primitives::{Authority, AuthoritySet};
    use hansa_primitives::AccountId;
    use sp_core::{ed25519, Pair};

    fn record() -> Record {
        let key = ed25519::Pair::from_seed(&[1; 32]).public().into();
        let set = AuthoritySet::new(0, vec![Authority { key, weight: 1 }]);
        Record {
            format: GENESIS_FORMAT,
            chain: 5,
            name: b"shop".to_vec(),
            attempt: 1,
            code: Hash::repeat_byte(3),
            patch: Vec::new(),
            properties: Vec::new(),
            owner: AccountId::new([8; 32]),
            founders: Vec::new(),
            hub: HubCheckpoint {
                chain: 1,
                genesis: Hash::repeat_byte(1),
                height: 1,
                header: Hash::repeat_byte(2),
                timestamp: 1,
                set: set.expect("it is a set"),
            },
            frozen_at: 1,
        }
    }

    /// A sandbox whose children run a script.
    fn sandbox(script: &str, limit: Duration) -> Sandbox {
        Sandbox::of("sh".into(), vec!["-c".into(), script.into()], limit)
    }

    /// Prints these bytes.
    fn printing(bytes: &[u8]) -> String {
        let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("cat >/dev/null; printf '{octal}'")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_the_child_answers_is_believed_and_remembered() {
        let hash = Hash::repeat_byte(7);
        let good = sandbox(&printing(&Answer::Ok(hash).encode()), LONG);
        assert_eq!(good.hash(&record(), b"code"), Ok(hash));
        assert!(good.known().contains(&record_hash(&record())));

        let bad = sandbox(
            &printing(&Answer::Err("no such pallet".into()).encode()),
            LONG,
        );
        let why = GenesisError::Record("no such pallet".into());
        assert_eq!(bad.try_out(&record(), b"code"), Err(why));
        assert!(bad.known().is_empty());
    }

    #[test]
    fn a_runtime_that_goes_on_for_ever_is_killed_and_has_no_genesis() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        // A shell that neither reads nor ends.
        let script = format!("echo $$ >{}; while :; do :; done", pid.display());
        let mut hangs = sandbox(&script, Duration::from_secs(1));
        // Other tests may have the processors for long.
        hangs.patience = LONG * 10;
        let result = hangs.hash(&record(), &vec![0; 1 << 20]);
        assert!(
            matches!(&result, Err(GenesisError::Record(why)) if why.contains("in 1 s of CPU time")),
            "{result:?}"
        );
        let pid = std::fs::read_to_string(pid).unwrap();
        let process = PathBuf::from("/proc").join(pid.trim());
        assert!(!process.exists(), "it still runs");
    }

    #[test]
    fn one_that_gets_no_cpu_time_says_nothing_of_the_record() {
        let sleeps = sandbox("exec sleep 1000", Duration::from_millis(50));
        let result = sleeps.hash(&record(), b"code");
        assert!(
            matches!(&result, Err(GenesisError::Here(why)) if why.contains("too busy")),
            "{result:?}"
        );
    }

    #[test]
    fn the_clock_decides_where_cpu_time_is_not_told() {
        let sandbox = sandbox("exit", Duration::from_secs(1));
        let all = Duration::from_secs(1) * PATIENCE;
        let (more, little) = (all + TICK, Duration::from_millis(1));
        assert_eq!(sandbox.too_long(all, None), None);
        assert_eq!(sandbox.too_long(all, Some(little)), None);
        let result = sandbox.too_long(more, None);
        assert!(
            matches!(result, Some(GenesisError::Record(_))),
            "{result:?}"
        );
        let result = sandbox.too_long(more, Some(little));
        assert!(matches!(result, Some(GenesisError::Here(_))), "{result:?}");
        let result = sandbox.too_long(little, Some(more));
        assert!(
            matches!(result, Some(GenesisError::Record(_))),
            "{result:?}"
        );
    }

    #[test]
    fn cpu_time_is_told_of_processes_that_run() {
        let begun = Instant::now();
        let own = || cpu_time(std::process::id()).unwrap();
        let before = own();
        while own() < before + 5 * TICK {
            assert!(begun.elapsed() < LONG, "it takes none");
        }
        assert_eq!(cpu_time(u32::MAX), None);
    }

    #[test]
    fn a_child_that_fails_says_nothing_of_the_record() {
        for script in ["exit 3", "kill -9 $$", "cat >/dev/null; echo gibberish"] {
            let result = sandbox(script, LONG).hash(&record(), b"code");
            assert!(
                matches!(result, Err(GenesisError::Here(_))),
                "{script}: {result:?}"
            );
        }
        let none = Sandbox::of("/no/such/program".into(), Vec::new(), LONG);
        let result = none.hash(&record(), b"code");
        assert!(matches!(result, Err(GenesisError::Here(_))), "{result:?}");
    }

    #[test]
    fn what_is_known_to_end_is_not_run_again() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let answer = printing(&Answer::Ok(Hash::repeat_byte(7)).encode());
        let counted = sandbox(&format!("echo >>{}; {answer}", runs.display()), LONG);
        for _ in 0..3 {
            counted.try_out(&record(), b"code").unwrap();
        }
        let lines = std::fs::read_to_string(runs).unwrap();
        assert_eq!(lines.lines().count(), 1);
    }
}
