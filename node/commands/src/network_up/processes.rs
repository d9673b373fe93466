// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! The processes of a local network: started, watched, and stopped without a trace.

use super::UpError;
use futures::{future::select_all, FutureExt};
use nix::{
    sys::signal::{kill, Signal},
    unistd::Pid,
};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, Command};

/// How long a node has to end after it was asked to, before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How many lines of the log of a node that died are shown.
const SHOWN_LOG_LINES: usize = 20;

/// How much of the end of a log is read for them, in bytes.
const LOG_TAIL_BYTES: u64 = 64 * 1024;

/// A node's process.
struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

/// All processes of a network.
///
/// Dropping it kills those that still run; [`stop`](Self::stop) asks them first. Should this
/// process itself be killed, each node notices (`--parent-process`).
#[derive(Default)]
pub struct Processes(Vec<Process>);

impl Processes {
    /// Start `executable` with `args`, both its outputs going to the end of `log`.
    ///
    /// The process is in a group of its own, so that Ctrl-C in a terminal reaches it through
    /// [`stop`](Self::stop) only. Returns its id.
    pub fn start(
        &mut self,
        name: &str,
        executable: &Path,
        args: &[String],
        log: &Path,
    ) -> Result<u32, UpError> {
        let io_error = |source| UpError::Start {
            name: name.to_owned(),
            source,
        };
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(io_error)?;
        let err = out.try_clone().map_err(io_error)?;
        let child = Command::new(executable)
            .args(args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(io_error)?;
        let id = child.id().unwrap_or_default();
        self.0.push(Process {
            name: name.to_owned(),
            log: log.to_owned(),
            child,
        });
        Ok(id)
    }

    /// Wait until any process ends, which none should.
    pub async fn first_death(&mut self) -> UpError {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        let waits = self.0.iter_mut().map(|process| {
            let Process { name, log, child } = process;
            async move {
                let status = match child.wait().await {
                    Ok(status) => describe_exit(status),
                    Err(error) => format!("can no longer be watched: {error}"),
                };
                UpError::Died {
                    name: name.clone(),
                    status,
                    log: tail(log),
                }
            }
            .boxed()
        });
        select_all(waits).await.0
    }

    /// Ask all processes to end, and kill those that do not in time.
    pub async fn stop(mut self) {
        for process in &self.0 {
            // One that ended already has no id any more.
            let id = process.child.id().and_then(|id| i32::try_from(id).ok());
            if let Some(id) = id {
                let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
            }
        }
        let deadline = tokio::time::Instant::now() + STOP_LIMIT;
        for process in &mut self.0 {
            if tokio::time::timeout_at(deadline, process.child.wait())
                .await
                .is_err()
            {
                eprintln!("{} does not stop: killing it", process.name);
                let _ = process.child.kill().await;
            }
        }
    }
}

fn describe_exit(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".into(),
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match read() {
        Ok(text) => last_lines(&text, SHOWN_LOG_LINES),
        Err(error) => format!("(cannot read {}: {error})", log.display()),
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(count);
    lines.get(from..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_shown() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
        assert_eq!(last_lines("", 2), "");
        assert!(tail(Path::new("/nonexistent/log")).contains("/nonexistent/log"));
    }

    fn shell(script: &str) -> [String; 2] {
        ["-c".into(), script.into()]
    }

    #[tokio::test]
    async fn a_death_is_reported_with_the_log_and_the_rest_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let (good, bad) = (dir.path().join("good"), dir.path().join("bad"));
        let sh = Path::new("/bin/sh");
        let mut processes = Processes::default();
        let id = processes
            .start("good", sh, &shell("exec sleep 600"), &good)
            .unwrap();
        processes
            .start("bad", sh, &shell("echo too bad; exit 7"), &bad)
            .unwrap();
        let UpError::Died { name, status, log } = processes.first_death().await else {
            panic!("another error")
        };
        assert_eq!(
            (name.as_str(), status.as_str()),
            ("bad", "ended with code 7")
        );
        assert_eq!(log, "too bad");
        processes.stop().await;
        let id = Pid::from_raw(id as i32);
        assert!(kill(id, None).is_err(), "the other process is gone");
    }
}
