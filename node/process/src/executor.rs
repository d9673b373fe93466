// Copyright (C) Hansa developers
// SPDX-License-Identifier: GPL-3.0-or-later WITH Classpath-exception-2.0

//! What executes runtimes, and keeps them compiled.
//!
//! To compile a runtime takes all cores for seconds. What comes of it is kept in a folder, under a key that the compiler
//! (wasmtime) makes of the code, its own version, its settings and the processor. So a node compiles a runtime once in its
//! life, the services of its DappChains do not compile what another one has, and the nodes of a local network can share one
//! folder. Who can write there can have a node execute what he likes, as with its binary and its database.

use sc_executor::{
    error::Error, HeapAllocStrategy, RuntimeVersionOf, WasmExecutor, DEFAULT_HEAP_ALLOC_STRATEGY,
};
use sc_service::{config::ExecutorConfiguration, Configuration};
use sp_core::traits::{CallContext, CodeExecutor, Externalities, ReadRuntimeVersion, RuntimeCode};
use sp_version::RuntimeVersion;
use std::path::{Path, PathBuf};

/// The SDK's executor, with the host functions of all chains.
type Inner = WasmExecutor<sp_io::SubstrateHostFunctions>;

/// Executes runtimes: always the wasm, never a native copy.
///
/// A type of its own, as each crate that used the SDK's generic one would compile all host functions once more.
#[derive(Clone)]
pub struct Executor(Inner);

impl CodeExecutor for Executor {
    type Error = Error;

    fn call(
        &self,
        ext: &mut dyn Externalities,
        runtime_code: &RuntimeCode,
        method: &str,
        data: &[u8],
        context: CallContext,
    ) -> (Result<Vec<u8>, Error>, bool) {
        self.0.call(ext, runtime_code, method, data, context)
    }
}

impl ReadRuntimeVersion for Executor {
    fn read_runtime_version(
        &self,
        wasm_code: &[u8],
        ext: &mut dyn Externalities,
    ) -> Result<Vec<u8>, String> {
        self.0.read_runtime_version(wasm_code, ext)
    }
}

impl RuntimeVersionOf for Executor {
    fn runtime_version(
        &self,
        ext: &mut dyn Externalities,
        runtime_code: &RuntimeCode,
    ) -> Result<RuntimeVersion, Error> {
        self.0.runtime_version(ext, runtime_code)
    }
}

/// The folder of compiled runtimes, in a node's base path if it is not chosen otherwise.
const FOLDER: &str = "wasm-cache";

/// Where a node keeps compiled runtimes: where the operator wants, or in `base`.
pub fn wasm_cache(chosen: Option<&Path>, base: &Path) -> PathBuf {
    absolute(&chosen.map_or_else(|| base.join(FOLDER), Path::to_owned))
}

/// The compiler takes absolute paths only. Without a current folder it says so, and compiles each time.
pub fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The executor of a node, which keeps compiled runtimes where the operator wants, or in its base path.
pub fn of_node(config: &Configuration, chosen: Option<&Path>) -> Executor {
    let cache = wasm_cache(chosen, config.base_path.path());
    of_chain(&config.executor, &cache)
}

/// The executor of a chain's service, set up as in the SDK's `new_wasm_executor`, which knows of no cache.
pub fn of_chain(config: &ExecutorConfiguration, cache: &Path) -> Executor {
    let strategy = match config.default_heap_pages {
        Some(extra_pages) => HeapAllocStrategy::Static {
            extra_pages: u32::try_from(extra_pages).unwrap_or(u32::MAX),
        },
        None => DEFAULT_HEAP_ALLOC_STRATEGY,
    };
    let inner = Inner::builder()
        .with_execution_method(config.wasm_method)
        .with_onchain_heap_alloc_strategy(strategy)
        .with_offchain_heap_alloc_strategy(strategy)
        .with_max_runtime_instances(config.max_runtime_instances)
        .with_runtime_cache_size(config.runtime_cache_size)
        .with_cache_path(cache)
        .build();
    Executor(inner)
}

/// An executor for a few calls outside of a node. Without a folder it keeps nothing.
pub fn of_tool(cache: Option<&Path>) -> Executor {
    let builder = Inner::builder();
    let builder = match cache {
        Some(cache) => builder.with_cache_path(cache),
        None => builder,
    };
    Executor(builder.build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_state_machine::BasicExternalities;
    use std::time::SystemTime;

    /// The compiled runtimes in `folder`, and when each was written.
    fn kept(folder: &Path) -> Vec<(PathBuf, SystemTime)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let meta = entry.metadata().unwrap();
                if meta.is_dir() {
                    folders.push(entry.path());
                } else if meta.len() > 100_000 {
                    found.push((entry.path(), meta.modified().unwrap()));
                }
            }
        }
        found
    }

    fn spec_version(executor: &Executor) -> u32 {
        let code = hansa_hub_wasm::WASM_BINARY.unwrap();
        let code = sp_core::traits::WrappedRuntimeCode(code.into());
        let runtime = RuntimeCode {
            code_fetcher: &code,
            heap_pages: None,
            hash: vec![1],
        };
        let mut state = BasicExternalities::default();
        let version = executor.runtime_version(&mut state, &runtime).unwrap();
        version.spec_version
    }

    #[test]
    fn a_runtime_is_compiled_once_for_all_that_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let config = ExecutorConfiguration::default();
        let expected = spec_version(&of_tool(Some(folder.path())));
        let first = kept(folder.path());
        assert_eq!(first.len(), 1, "{first:?}");
        // Settings of a node's own would make another key.
        assert_eq!(spec_version(&of_chain(&config, folder.path())), expected);
        assert_eq!(kept(folder.path()), first);
    }

    #[test]
    fn a_folder_is_absolute_and_in_the_base_path_unless_chosen() {
        let base = Path::new("some/base");
        let own = wasm_cache(None, base);
        assert!(own.is_absolute() && own.ends_with("some/base/wasm-cache"));
        let chosen = wasm_cache(Some(Path::new("/shared")), base);
        assert_eq!(chosen, Path::new("/shared"));
    }
}
