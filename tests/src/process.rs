// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! Child processes that never outlive the test.

use nix::{
    sys::{
        prctl,
        signal::{kill, Signal},
    },
    unistd::Pid,
};
use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc, OnceLock,
    },
    time::{Duration, Instant},
};

/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(40);

/// How often the end of a process is looked for.
const POLL: Duration = Duration::from_millis(50);

/// How many lines of a log are printed when its process stops.
const LOG_TAIL_LINES: usize = 60;

/// How long a command that should end by itself may run.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

type Job = (Command, mpsc::Sender<io::Result<Child>>);

/// Start `command` such that the kernel kills it when this test process ends, however it ends.
///
/// The kernel ties that to the *thread* that forks, and a test's threads come and go; so one thread
/// that lives as long as the process starts all children.
fn spawn(mut command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        std::thread::spawn(move || {
            for (mut command, reply) in jobs {
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    die_with_parent(&mut command);
    let (sender, reply) = mpsc::channel();
    keeper.send((command, sender)).map_err(io::Error::other)?;
    reply.recv().map_err(io::Error::other)?
}

/// Ask the kernel to kill the process when the thread that starts it ends.
fn die_with_parent(command: &mut Command) {
    let ask = || prctl::set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from);
    // SAFETY: between fork and exec only async-signal-safe functions may run; `prctl` is one, and
    // the closure allocates nothing.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(ask);
    }
}

/// A running process whose output goes to a file.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
    quiet: bool,
}

impl Process {
    /// Start `command`; its standard error goes to `log` (appended), its standard output too
    /// unless `stdout` is given.
    pub fn start(
        name: &str,
        mut command: Command,
        log: &Path,
        stdout: Option<Stdio>,
    ) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stderr(file.try_clone()?);
        command.stdout(stdout.unwrap_or_else(|| file.into()));
        Ok(Self {
            name: name.into(),
            child: spawn(command)?,
            log: log.into(),
            ended: None,
            quiet: false,
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The standard output, if it was piped; only once.
    pub fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Do not print the log when it is dropped: another process goes on with it.
    pub fn hand_on_log(&mut self) {
        self.quiet = true;
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Send a signal; no error if it has ended.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            let _ = kill(Pid::from_raw(self.pid() as i32), signal);
        }
    }

    /// Kill it at once (SIGKILL), as a power cut would, and wait until it is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }

    /// Ask it to end (SIGTERM) and wait until it has; after a grace period, kill it. Returns its
    /// status if it ended by itself.
    pub fn terminate(&mut self) -> Option<ExitStatus> {
        self.signal(Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                println!("{} did not end {GRACE:?} after SIGTERM; killed", self.name);
                self.kill();
                return None;
            }
            std::thread::sleep(POLL);
        }
        self.ended
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if !self.quiet {
            print_tail(&self.name, &self.log());
        }
    }
}

/// Whether logs are printed when their processes stop.
static PRINT_LOGS: AtomicBool = AtomicBool::new(true);

/// Print no logs from now on: for programs that are no tests.
pub fn print_no_logs() {
    PRINT_LOGS.store(false, Ordering::Relaxed);
}

/// Print the end of a log. The test harness shows it only if the test fails.
pub fn print_tail(name: &str, log: &str) {
    if !PRINT_LOGS.load(Ordering::Relaxed) {
        return;
    }
    // Messages in full are for the auditor.
    let lines = log
        .lines()
        .filter(|l| !l.contains(crate::auditor::WIRE_MARK));
    let lines: Vec<_> = lines.collect();
    let from = lines.len().saturating_sub(LOG_TAIL_LINES);
    println!(
        "---- {name}: the last {} of {} lines logged",
        lines.len() - from,
        lines.len()
    );
    for line in &lines[from..] {
        println!("{line}");
    }
}

/// Run the node's binary with `arguments` until it ends.
///
/// # Panics
///
/// If it does not end within [`COMMAND_TIMEOUT`].
pub fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(crate::binary::hansa());
    command.args(arguments);
    run_command(command, COMMAND_TIMEOUT)
}

/// The same of a command that executes runtimes, which it finds compiled where nodes of tests leave them.
pub fn run_on_chain(arguments: &[&str]) -> Output {
    let mut command = Command::new(crate::binary::hansa());
    command
        .args(arguments)
        .arg("--wasm-cache")
        .arg(crate::binary::wasm_cache());
    run_command(command, COMMAND_TIMEOUT)
}

/// Run a command until it ends, and return what it said.
///
/// # Panics
///
/// If it cannot be started, or does not end within `timeout`.
pub fn run_command(mut command: Command, timeout: Duration) -> Output {
    let shown = format!("{command:?}");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = spawn(command).unwrap_or_else(|e| panic!("cannot start {shown}: {e}"));
    let pid = Pid::from_raw(child.id() as i32);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(timeout) {
        Ok(output) => output.unwrap_or_else(|e| panic!("cannot read from {shown}: {e}")),
        Err(_) => {
            let _ = kill(pid, Signal::SIGKILL);
            let output = receiver.recv().ok().and_then(Result::ok);
            let said = output.map(|o| String::from_utf8_lossy(&o.stderr).into_owned());
            panic!(
                "still running after {timeout:?}: {shown}\n{}",
                said.unwrap_or_default()
            )
        }
    }
}

/// Whether a process of this id runs (a zombie that nobody waited for does not count).
pub fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    // The state follows the name, which stands in parentheses and may contain anything.
    status.is_ok_and(|s| {
        s.rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim().starts_with('Z'))
    })
}

/// User and system time that a process has used, in clock ticks.
pub fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name: state is the 1st field, utime the 12th, stime the 13th.
    let fields: Vec<_> = stat.rsplit(')').next()?.split_whitespace().collect();
    let utime: u64 = fields.get(11)?.parse().ok()?;
    let stime: u64 = fields.get(12)?.parse().ok()?;
    Some(utime + stime)
}
