# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The environment that everything is built and run in. Source it (`. scripts/env.sh`); do not run it.
# The Makefile does so before each command; with a plain `cargo`, do it once per shell, so that both
# use the same build instead of compiling a thousand crates twice.
#
#   HANSA_HOME        tools and build output, outside the checkout so that checkouts share them
#   CARGO_TARGET_DIR  build output
#   HANSA_BIN         the node that end-to-end tests start
#   HANSA_WASM        `substitute`: use the wasm toolchain made of the distribution's packages (see
#                     wasm-toolchain.sh) even if rustup's wasm target is installed

hansa_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

export HANSA_HOME="${HANSA_HOME:-$HOME/.cache/hansa}"

# rustup's cargo goes before a distribution's in /usr/bin, which the substitute wasm toolchain installs.
# (This file may be sourced more than once.)
hansa_path="${CARGO_HOME:-$HOME/.cargo}/bin:$HANSA_HOME/tools/bin:"
case "$PATH" in
    "$hansa_path"*) ;;
    *) export PATH="$hansa_path$PATH" ;;
esac
unset hansa_path

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HANSA_HOME/target}"
# A relative path would mean another folder to each test, which cargo runs in its crate's own folder.
case "$CARGO_TARGET_DIR" in
    /*) ;;
    *) CARGO_TARGET_DIR="$PWD/$CARGO_TARGET_DIR" ;;
esac
export HANSA_BIN="${HANSA_BIN:-$CARGO_TARGET_DIR/release/hansa}"

# The target folder is not inside the workspace, so the wasm builder must be told where Cargo.lock is:
# otherwise it resolves the runtime's dependencies afresh, to versions that nobody has tested.
export WASM_BUILD_WORKSPACE_HINT="$hansa_root"

# Whether rustup's toolchain has the wasm target of the runtimes.
hansa_has_wasm_target() {
    local sysroot
    sysroot=$(cd "$hansa_root" && rustc --print sysroot) || return 1
    compgen -G "$sysroot/lib/rustlib/wasm32v1-none/lib/libcore-*.rlib" >/dev/null
}

# Where there is a substitute and no wasm target, the wasm builder is pointed to the substitute.
if [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] && [ -x "$HANSA_HOME/wasm-toolchain/bin/cargo" ]; then
    if [ "${HANSA_WASM:-}" = substitute ] || ! hansa_has_wasm_target; then
        export WASM_BUILD_TOOLCHAIN=hansa-wasm
    fi
fi
