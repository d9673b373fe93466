#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds a runtime for release, with the hash of its metadata in it, so that offline signers can check
# what they sign (CheckMetadataHash, RFC 78): `release-runtime.sh`. RUNTIME=hub is the folder under
# runtime/. The chain must be given this blob, in its genesis or by an upgrade; the node's own build
# leaves the hash out, because it takes a second build of the runtime and one of an executor.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

runtime=${RUNTIME:-hub}

# In a target folder of its own: the wasm builder keeps one blob per crate, and the node's build must
# find its own.
export CARGO_TARGET_DIR="$CARGO_TARGET_DIR/release-runtime"
cargo build --release --locked -p "hansa-$runtime-wasm" --features metadata-hash

blob="$CARGO_TARGET_DIR/release/wbuild/hansa-runtime-$runtime/hansa_runtime_$runtime.compact.compressed.wasm"
echo "$blob"
sha256sum "$blob" | cut -d ' ' -f 1
