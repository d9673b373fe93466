#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Fuzzes: `fuzz.sh <seconds> [target]` runs one target, or each, for so long. New inputs that reach new
# code are kept beside the build output; the seeds in fuzz/corpus are read only. An input that makes a
# target panic is kept in fuzz/artifacts, and the command that runs it again is printed.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

seconds=${1:?usage: fuzz.sh <seconds> [target]}
cargo_fuzz_version=0.13.1
# How much memory one input may take: what the targets hold is far below.
rss_limit_mb=2048

# Coverage counters are an option of nightly compilers; this lets a stable one have it, for this build.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR="$CARGO_TARGET_DIR/fuzz"

tools="$HANSA_HOME/tools"
if ! grep -qs "\"cargo-fuzz $cargo_fuzz_version " "$tools/.crates.toml"; then
    echo "fuzz: installing cargo-fuzz $cargo_fuzz_version (cargo, once)"
    CARGO_TARGET_DIR="$tools/build" cargo install --quiet --locked --root "$tools" \
        --version "$cargo_fuzz_version" cargo-fuzz
    rm -rf "$tools/build"
fi

if [ -n "${2:-}" ]; then
    targets=("$2")
else
    mapfile -t targets < <(cargo fuzz list)
fi

for target in "${targets[@]}"; do
    echo "fuzz: $target, $seconds s"
    found="$CARGO_TARGET_DIR/corpus/$target"
    mkdir -p "$found"
    # There is no unsafe code to check the addresses of, and without that it is twice as fast.
    cargo fuzz run --release --debug-assertions --sanitizer none "$target" "$found" "fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -rss_limit_mb="$rss_limit_mb" -print_final_stats=1
done
