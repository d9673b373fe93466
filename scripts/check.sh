#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Everything that can be said of the code without running it; stops at the first fault, the quick steps
# first. `make check` calls it, after set-up; `check.sh quick` takes the quick steps only, `check.sh code` the others.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

# step <name> <what to do if it fails> <command…>
step() {
    echo "check: $1"
    if ! "${@:3}"; then
        echo "check: $1 failed. $2" >&2
        exit 1
    fi
}

# Not `advisories`: its database comes from the network, and its verdict changes without a change of
# ours, so it would fail a commit for what the commit did not do. `make audit` asks for it.
cargo_deny() {
    cargo deny --log-level error --locked check bans licenses sources
}

# The flags are those of the build (see the Makefile), which so shares its build scripts and macros.
# Clippy runs our build scripts once more, apart from the build's, and needs no runtime: none is built.
clippy() {
    SKIP_WASM_BUILD=1 cargo clippy --release --workspace --locked --all-targets -- --deny warnings
}

# Benchmarks and try-runtime are built by nothing else that is run here. Of the whole workspace, as everywhere: packages picked
# out need other features of what builds Binaryen, which takes longer than all of this. Libraries alone have these features.
runtime_features() {
    SKIP_WASM_BUILD=1 cargo clippy --release --workspace --locked --lib --examples --features \
        hansa-runtime-hub/runtime-benchmarks,hansa-runtime-hub/try-runtime,hansa-runtime-dappchain/runtime-benchmarks,hansa-runtime-dappchain/try-runtime,runtime-names/runtime-benchmarks,runtime-names/try-runtime \
        -- --deny warnings
}

documentation() {
    RUSTDOCFLAGS="--deny warnings" cargo doc --release --workspace --locked --no-deps --lib --bins --examples
}

part=${1:-all}
case "$part" in
    all | quick | code) ;;
    *)
        echo "usage: check.sh [quick|code]" >&2
        exit 2
        ;;
esac

if [ "$part" != code ]; then
    step "format of Rust" "Run \`make fmt\`." cargo fmt --all --check
    step "format of TOML" "Run \`make fmt\`." env RUST_LOG=warn taplo format --check
    step "dependencies" "deny.toml says what is allowed, and why." cargo_deny
fi
if [ "$part" != quick ]; then
    step "lints" "Mend the code; if a lint is wrong, allow it where it is wrong and say why." clippy
    step "benchmarks and try-runtime" "Mend what stands behind these features." runtime_features
    step "documentation" "Mend the comments." documentation
fi
echo "check: all is well"
