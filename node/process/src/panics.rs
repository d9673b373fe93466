// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! A panic in the service of a DappChain ends that service, not the process.
//!
//! The SDK's hook ends the process at any panic. The threads of a DappChain's service are those of a tokio runtime
//! of its own, so that their names tell whose panic it is.

use hansa_dappchain_primitives::ChainId;
use std::{
    backtrace::Backtrace,
    collections::BTreeMap,
    panic::{self, PanicHookInfo},
    sync::{Mutex, Once, PoisonError},
    thread,
};
use tokio::sync::oneshot;

/// Begins the names of a service's threads. The kernel keeps 15 characters of a name: this and an id fit.
const THREADS: &str = "dapp-";

/// Who is to hear of the first panic of each chain's service.
static WATCHERS: Mutex<BTreeMap<ChainId, oneshot::Sender<String>>> = Mutex::new(BTreeMap::new());

/// The name of all threads of a chain's service.
pub fn thread_name(chain: ChainId) -> String {
    format!("{THREADS}{chain:x}")
}

fn chain_of(thread_name: &str) -> Option<ChainId> {
    let id = thread_name.strip_prefix(THREADS)?;
    ChainId::from_str_radix(id, 16).ok()
}

/// Resolves at the first panic of the chain's service, to what it said.
pub fn watch(chain: ChainId) -> oneshot::Receiver<String> {
    let (tell, told) = oneshot::channel();
    WATCHERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(chain, tell);
    told
}

/// Take panics of services out of what the present hook does. Once in a process, after the command line's hook is
/// there.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let of_the_process = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            match thread::current().name().and_then(chain_of) {
                Some(chain) => on_panic(chain, info),
                None => of_the_process(info),
            }
        }));
    });
}

fn on_panic(chain: ChainId, info: &PanicHookInfo) {
    let message = message_of(info);
    log::error!(
        "⛓ The service of DappChain {chain:x} panicked: {message}\n{}",
        Backtrace::force_capture()
    );
    let watcher = WATCHERS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(&chain);
    if let Some(watcher) = watcher {
        let _ = watcher.send(format!("it panicked: {message}"));
    }
}

fn message_of(info: &PanicHookInfo) -> String {
    let payload = info.payload();
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)");
    match info.location() {
        Some(location) => format!("{text}, at {location}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_thread_it_is() {
        for chain in [1, 0xe2e4, ChainId::MAX] {
            let name = thread_name(chain);
            assert!(name.len() <= 15, "{name}");
            assert_eq!(chain_of(&name), Some(chain));
        }
        for other in ["tokio-rt-worker", "dapp-", "dapp-x", "main"] {
            assert_eq!(chain_of(other), None);
        }
    }

    #[test]
    fn a_panic_of_a_service_is_told_and_ends_nothing_else() {
        install();
        let mut told = watch(0xabc);
        let thread = thread::Builder::new().name(thread_name(0xabc));
        let ended = thread.spawn(|| panic!("out of ideas")).unwrap().join();
        assert!(ended.is_err());
        let message = told.try_recv().unwrap();
        assert!(message.contains("out of ideas"), "{message}");
    }
}
