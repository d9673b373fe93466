#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures pallets in a runtime and writes their weights into it: `weights.sh [pallet…]`; without names,
# all of ours. RUNTIME=hub is the folder under runtime/. Numbers are worth keeping only from a machine
# that does nothing else meanwhile.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

# The release that goes with the SDK's of Cargo.toml (same frame-benchmarking).
omni_bencher_version=0.28.0
runtime=${RUNTIME:-hub}
tools="$HANSA_HOME/tools"

if ! grep -qs "\"frame-omni-bencher $omni_bencher_version " "$tools/.crates.toml"; then
    echo "weights: installing frame-omni-bencher $omni_bencher_version (cargo, takes long, once)"
    CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$tools" --version "$omni_bencher_version" frame-omni-bencher
    rm -rf "$tools/build"
fi

# In a target folder of its own: the wasm builder keeps one blob per crate, and the node's build must not
# find one with benchmarks in it.
export CARGO_TARGET_DIR="$CARGO_TARGET_DIR/benchmarks"
cargo build --release --locked -p "hansa-runtime-$runtime" --features runtime-benchmarks

blob="$CARGO_TARGET_DIR/release/wbuild/hansa-runtime-$runtime/hansa_runtime_$runtime.compact.compressed.wasm"
output="runtime/$runtime/src/weights"
mkdir -p "$output"
if [ $# -eq 0 ]; then
    mapfile -t pallets < <(sed -n 's/^\(hansa-pallet-[a-z-]*\).*/\1/p' "runtime/$runtime/Cargo.toml" | tr - _)
    set -- "${pallets[@]}"
fi
for pallet in "$@"; do
    frame-omni-bencher v1 benchmark pallet --runtime "$blob" --pallet "$pallet" --extrinsic '*' --output "$output/$pallet.rs"
done
