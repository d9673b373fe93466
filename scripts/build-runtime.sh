#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the wasm of a runtime, with the toolchain of this repository: `build-runtime.sh <folder>`, where the folder is that
# of a crate of this workspace, e.g. examples/runtime-names. Prints the path of the blob, and the hash by which a DappChain
# is registered with it. Only the wasm is built: a chain needs nothing else of its runtime.
set -euo pipefail

if [ ! -f "${1:-}/Cargo.toml" ]; then
    echo "usage: build-runtime.sh <folder of a runtime>, e.g. examples/runtime-names" >&2
    exit 2
fi
HANSA_RUNTIME=$(cd "$1" && pwd)
export HANSA_RUNTIME

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

# The wasm builder has a target folder for each runtime. Nearly all of this one's crates are those of the standard runtime, compiled alike: if
# that is built already, its folder serves both.
name=$(sed -nE 's/^name = "(.*)"/\1/p' "$HANSA_RUNTIME/Cargo.toml" | head -1)
wbuild="$CARGO_TARGET_DIR/release/wbuild"
if [ -d "$wbuild/hansa-runtime-dappchain/target" ] && [ ! -e "$wbuild/$name/target" ]; then
    mkdir -p "$wbuild/$name"
    ln -sfn ../hansa-runtime-dappchain/target "$wbuild/$name/target"
fi

# The flags are those of all builds (see the Makefile), so that nothing is compiled again.
flags=(--release --workspace --locked --examples)
cargo build "${flags[@]}" --bin hansa-runtime-blob --features hansa-runtime-blob/build >&2
blob=$("$CARGO_TARGET_DIR/release/hansa-runtime-blob")
echo "$blob"
echo "0x$(b2sum --length 256 "$blob" | cut -d ' ' -f 1)"
