#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a Rust toolchain that compiles for wasm32v1-none where rustup cannot download that target, and
# links it into rustup as `hansa-wasm`. Called by setup.sh, once the packages that it needs are there.
#
# The compiler is the distribution's. Its packages have the sources of `core` and `alloc` but no build
# of them for this target, so they are compiled once, into a sysroot of our own; the rest of that
# sysroot is links to the distribution's, which stays as it is. (The SDK's wasm builder can compile the
# two itself, but before that it compiles a probe without doing so, and gives up if that fails.)
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

target=wasm32v1-none
toolchain="$HANSA_HOME/wasm-toolchain"
system=/usr

fail() {
    echo "setup: wasm toolchain: $*" >&2
    exit 1
}

# The empty crate that the wasm builder compiles as a probe; with link-time optimisation in its release
# profile, as in that of a runtime.
write_probe() {
    mkdir -p "$1/src"
    cat >"$1/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[profile.release]
panic = "abort"
codegen-units = 1
lto = "fat"

[workspace]
TOML
    cat >"$1/src/lib.rs" <<'RUST'
#![no_std]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
RUST
}

# Compiles the probe in the way of the wasm builder, then in that of a runtime. Needs no network.
verify() {
    local profile
    write_probe "$work/probe"
    for profile in dev release; do
        (cd "$work/probe" && rustup run hansa-wasm cargo build --quiet --offline --profile "$profile" --target "$target") || return 1
    done
}

for tool in rustc cargo; do
    [ -x "$system/bin/$tool" ] || fail "no $tool in $system/bin"
done
version=$("$system/bin/rustc" -vV)

# Made already, by this very compiler (an upgrade of the distribution's makes it anew), and linked?
# The number stands for what this script makes: raise it with a change that matters.
stamp="1 $version"
if [ "$(cat "$toolchain/stamp" 2>/dev/null)" = "$stamp" ] &&
    [ "$(readlink -f "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/hansa-wasm")" = "$(readlink -f "$toolchain")" ]; then
    exit 0
fi

release=$(sed -n 's/^release: //p' <<<"$version")
host=$(sed -n 's/^host: //p' <<<"$version")
[ -e "$system/lib/rustlib/src/rust/library/core" ] || fail "no library sources in $system/lib/rustlib/src/rust"
linker=$(compgen -G "$system/bin/wasm-ld*" | sort -V | tail -n 1) || fail "no wasm-ld in $system/bin"

echo "setup: compiling core and alloc for $target (half a minute, once)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nothing of the caller's build may reach the ones here.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTUP_TOOLCHAIN

rm -rf "$toolchain"
mkdir -p "$toolchain/bin" "$toolchain/lib/rustlib/$host/bin" "$toolchain/lib/rustlib/$target/lib"

# rustc takes for its sysroot the place of its library, where links lead to, hence it must be told.
for tool in rustc rustdoc; do
    printf '#!/bin/sh\nexec %s/bin/%s --sysroot "%s" "$@"\n' "$system" "$tool" "$toolchain" >"$toolchain/bin/$tool"
done
# Under `cargo clippy`, the build script of a runtime inherits clippy's driver, of rustup's version.
printf '#!/bin/sh\nunset RUSTC_WORKSPACE_WRAPPER\nexec %s/bin/cargo "$@"\n' "$system" >"$toolchain/bin/cargo"
chmod +x "$toolchain/bin/"*
ln -s "$system/lib/rustlib/$host/lib" "$toolchain/lib/rustlib/$host/lib"
ln -s "$system/lib/rustlib/src" "$toolchain/lib/rustlib/src"
# rustc looks for the linker here before it looks on PATH.
ln -s "$linker" "$toolchain/lib/rustlib/$host/bin/rust-lld"

# With bitcode in them, which fat link-time optimisation reads.
write_probe "$work/std"
(cd "$work/std" && RUSTC="$toolchain/bin/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" CARGO_PROFILE_RELEASE_LTO=off \
    "$system/bin/cargo" build --quiet --release -Zbuild-std=core,alloc --target "$target") ||
    fail "core and alloc of Rust $release do not compile for $target, see above"
for crate in core alloc compiler_builtins; do
    cp "$work/std/target/$target/release/deps/lib$crate"-*.rlib "$toolchain/lib/rustlib/$target/lib/"
done

rustup toolchain link hansa-wasm "$toolchain"
verify || fail "the toolchain in $toolchain does not compile for $target, see above"
# Last: without it, the next run starts afresh.
echo "$stamp" >"$toolchain/stamp"
