#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures pallets in a runtime and writes their weights into it: `weights.sh [pallet…]`; without names,
# all that have benchmarks. RUNTIME=hub is the folder under runtime/; STEPS and REPEAT say how often is
# measured. Numbers are worth keeping only from a machine that does nothing else meanwhile.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

# The release that goes with the SDK's of Cargo.toml (same frame-benchmarking).
omni_bencher_version=0.28.0
runtime=${RUNTIME:-hub}
tools="$HANSA_HOME/tools"

if [ "$(frame-omni-bencher --version 2>/dev/null)" != "frame-omni-bencher $omni_bencher_version" ]; then
    echo "weights: installing frame-omni-bencher $omni_bencher_version (cargo, takes long, once)"
    CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$tools" --version "$omni_bencher_version" frame-omni-bencher
    rm -rf "$tools/build"
fi

# In a target folder of its own: the wasm builder keeps one blob per crate, and the node's build must not
# find one with benchmarks in it.
export CARGO_TARGET_DIR="$CARGO_TARGET_DIR/benchmarks"
cargo build --release --locked -p "hansa-$runtime-wasm" --features runtime-benchmarks

blob="$CARGO_TARGET_DIR/release/wbuild/hansa-runtime-$runtime/hansa_runtime_$runtime.compact.compressed.wasm"
output="runtime/$runtime/src/weights"
measure=(frame-omni-bencher v1 benchmark pallet --runtime "$blob")
mkdir -p "$output"
if [ $# -eq 0 ]; then
    # frame_benchmarking measures the machine, no pallet.
    mapfile -t pallets < <("${measure[@]}" --list=pallets --no-csv-header 2>/dev/null | grep -v '^frame_benchmarking$')
    set -- "${pallets[@]}"
fi
for pallet in "$@"; do
    "${measure[@]}" --pallet "$pallet" --extrinsic '*' --steps "${STEPS:-20}" --repeat "${REPEAT:-10}" \
        --template scripts/weights.hbs --output "$output/$pallet.rs" --quiet
done
