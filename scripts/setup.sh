#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing to build and run (`setup.sh`), or also to test and check (`setup.sh test`),
# and says what and why. Does nothing, quickly, when nothing is missing. Safe to run again at any time.
#
# The Makefile calls it; it is also the way in where `make` itself is missing.
set -euo pipefail

purpose=${1:-build}
case "$purpose" in
    build | test) ;;
    *)
        echo "usage: setup.sh [build|test]" >&2
        exit 2
        ;;
esac

# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$hansa_root"

# Versions of the tools that `make check` uses: fixed, so that it judges alike everywhere.
cargo_deny_version=0.20.2
taplo_version=0.7.0
node_major_min=18
# The first Rust that has the target of the runtimes.
wasm_rust_min=1.84

say() {
    echo "setup: $*"
}

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null
}

# is_at_least <version> <version that is there>
is_at_least() {
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# ---- The distribution's packages ----

packages=()
reasons=()

# need <package> <why> <command…>: the package is missing if the command fails. We look for what the
# package is for, not for the package: who has clang or node from elsewhere needs no second one.
need() {
    if ! "${@:3}" >/dev/null 2>&1; then
        packages+=("$1")
        reasons+=("$1: $2")
    fi
}

# The names that crate clang-sys links with. A system may have the library (`libclang-14.so.1`) without them.
has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return
    local folder name
    for folder in '/usr/lib/llvm-*/lib' '/usr/lib*' '/usr/lib/*'; do
        for name in 'libclang.so' 'libclang-*.so'; do
            compgen -G "$folder/$name" && return
        done
    done
    return 1
}

# On some systems `ip` is in a folder that only the administrator has on PATH.
has_ip() {
    PATH="$PATH:/usr/sbin:/sbin" command -v ip
}

list_missing_packages() {
    need protobuf-compiler "protoc, for the messages of the network crates" have protoc
    need clang "reads RocksDB's headers for bindgen" have clang
    need libclang-dev "reads RocksDB's headers for bindgen" has_libclang
    need g++ "compiles RocksDB and wasm-opt, and links" have g++
    need make "builds OpenSSL" have make
    need perl "configures OpenSSL" perl -MIPC::Cmd -e 1
    need pkg-config "finds C libraries" have pkg-config
    if [ "$purpose" = test ]; then
        need iproute2 "ip and tc, for tests on bad networks" has_ip
        need nodejs "runs the JavaScript client test and taplo" have node
        need npm "installs the JavaScript client and taplo" have npm
    fi
}

# Debian and its kin, Ubuntu among them. (The variable is for tests of this script.)
is_debian() (
    ID='' ID_LIKE=''
    # shellcheck disable=SC1090
    . "${HANSA_OS_RELEASE:-/etc/os-release}" 2>/dev/null
    case " $ID $ID_LIKE " in
        *" debian "* | *" ubuntu "*) have apt-get ;;
        *) false ;;
    esac
)

apt_log=
apt_get() {
    local root=()
    if [ "$(id -u)" != 0 ]; then
        root=(sudo)
        # Without a terminal, a question for the password would hang for ever.
        [ -t 0 ] || root+=(-n)
    fi
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >>"$apt_log" 2>&1
}

require_root() {
    [ "$(id -u)" = 0 ] || have sudo ||
        fail "packages are missing, this is not root, and there is no sudo. As root, run this, then try again:" "  apt-get install $*"
}

update_package_lists() {
    if [ -z "$apt_log" ]; then
        apt_log=$(mktemp)
        trap 'rm -f "$apt_log"' EXIT
        # Not fatal: one broken third-party source must not hinder packages that can be had.
        apt_get update || say "apt-get update failed; trying with the lists of packages that are here"
    fi
}

install_packages() {
    update_package_lists
    # Nothing may be removed: if a package conflicts with one that is here, its owner decides.
    if ! apt_get install -y --no-remove --no-install-recommends "$@"; then
        tail -n 20 "$apt_log" >&2
        fail "apt-get could not install it, see above. Do it by hand, then try again:" "  apt-get install $*"
    fi
}

ensure_packages() {
    list_missing_packages
    if [ ${#packages[@]} -gt 0 ]; then
        is_debian || fail "this script installs packages on Debian and Ubuntu only. Missing here, by their Debian names:" \
            "${reasons[@]/#/  }" "Install what your system calls them, then try again."
        require_root "${packages[@]}"
        for reason in "${reasons[@]}"; do
            say "installing $reason"
        done
        install_packages "${packages[@]}"
    fi
    if [ "$purpose" = test ] && [ "$(node -p 'process.versions.node.split(".")[0]')" -lt "$node_major_min" ]; then
        fail "node $(node --version) is too old, $node_major_min or newer is needed for the JavaScript client test." \
            "Install one (https://nodejs.org), then try again."
    fi
}

# ---- Rust ----

# A server that does not answer must not hang the set-up.
rustup_timeout_s=${HANSA_RUSTUP_TIMEOUT_S:-180}

# rustup_add <component|target> <name>
rustup_add() {
    timeout "$rustup_timeout_s" rustup "$1" add "$2" >/dev/null 2>&1 </dev/null
}

ensure_rust() {
    local version wanted sysroot
    have rustup || fail "rustup is missing. Install Rust with it (https://rustup.rs), then try again." \
        "(The Rust in Debian's and Ubuntu's own packages is not enough.)"
    version=$(rustc --version 2>&1) ||
        fail "rustup has no toolchain that works. Run \`rustup default stable\`, then try again. It says:" "$version"
    version=$(cut -d ' ' -f 2 <<<"$version")
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    is_at_least "$wanted" "${version%%-*}" ||
        fail "Rust $version is too old, $wanted or newer is needed. Run \`rustup update stable\`, then try again."
    [ "$purpose" = test ] || return 0
    sysroot=$(rustc --print sysroot)
    # rustup's names of the components are those of the programs but for clippy's.
    for component in rustfmt:rustfmt clippy:clippy-driver; do
        [ -x "$sysroot/bin/${component#*:}" ] && continue
        component=${component%:*}
        say "installing $component (rustup): for \`make check\`"
        rustup_add component "$component" ||
            fail "rustup could not install it. Run \`rustup component add $component\`, see why, then try again."
    done
}

# ---- The wasm target of the runtimes ----

has_wasm_linker() {
    compgen -G '/usr/bin/wasm-ld*' >/dev/null
}

# For the substitute of wasm-toolchain.sh: a compiler with its library's sources, and a linker.
install_substitute_packages() {
    local wanted
    if [ -e /usr/lib/rustlib/src/rust/library/core ] && has_wasm_linker &&
        is_at_least "$wasm_rust_min" "$(/usr/bin/rustc --version 2>/dev/null | cut -d ' ' -f 2)"; then
        return
    fi
    require_root cargo-web rustc-web rust-web-src lld
    update_package_lists
    # Debian 12 has a current Rust under the names of `…-web`; other releases use the plain ones.
    if apt-cache show rustc-web >/dev/null 2>&1; then
        wanted=(cargo-web rustc-web rust-web-src)
    else
        wanted=(cargo rustc rust-src)
    fi
    is_at_least "$wasm_rust_min" "$(apt-cache policy "${wanted[1]}" | sed -n 's/^ *Candidate: \([0-9]\)/\1/p')" ||
        fail "but this system's packages have no Rust of $wasm_rust_min or newer to make one of." \
            "Run \`rustup target add wasm32v1-none\`, see why it fails, then try again."
    # The newest linker: it must know what a compiler newer than the distribution emits.
    has_wasm_linker || wanted+=("$(apt-cache pkgnames lld | grep -E '^lld(-[0-9]+)?$' | sort -V | tail -n 1)")
    say "installing ${wanted[*]}: a compiler and a linker for wasm32v1-none"
    install_packages "${wanted[@]}"
}

ensure_wasm_target() {
    local substitute="$HANSA_HOME/wasm-toolchain/stamp"
    if [ "${HANSA_WASM:-}" != substitute ]; then
        if hansa_has_wasm_target; then
            return
        fi
        # With a substitute from an earlier run, the download is not tried again each time.
        if [ ! -f "$substitute" ]; then
            say "installing wasm32v1-none (rustup): the target that runtimes are compiled for"
            if rustup_add target wasm32v1-none && hansa_has_wasm_target; then
                return
            fi
            say "rustup could not download it: making a substitute of the distribution's packages"
        fi
    fi
    if [ ! -f "$substitute" ]; then
        is_debian || fail "the substitute is for Debian and Ubuntu only." \
            "Run \`rustup target add wasm32v1-none\`, see why it fails, then try again."
        install_substitute_packages
    fi
    bash scripts/wasm-toolchain.sh
}

# ---- The tools of `make check` ----

ensure_check_tools() {
    local tools="$HANSA_HOME/tools"
    if ! grep -qs "\"version\": \"$taplo_version\"" "$tools/lib/node_modules/@taplo/cli/package.json"; then
        say "installing taplo $taplo_version (npm): checks the format of TOML files"
        npm install --silent --no-fund --no-audit --ignore-scripts --global --prefix "$tools" "@taplo/cli@$taplo_version" ||
            fail "npm could not install @taplo/cli."
    fi
    if ! grep -qs "\"cargo-deny $cargo_deny_version " "$tools/.crates.toml"; then
        say "installing cargo-deny $cargo_deny_version (cargo, a minute or two, once): checks licences and sources of dependencies"
        # Not optimised as for a release of it: that doubles the time and gains nothing here.
        CARGO_TARGET_DIR="$tools/build" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
            CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
            cargo install --quiet --locked --root "$tools" --version "$cargo_deny_version" cargo-deny ||
            fail "cargo could not install cargo-deny."
        rm -rf "$tools/build"
    fi
}

ensure_packages
ensure_rust
ensure_wasm_target
if [ "$purpose" = test ]; then
    ensure_check_tools
fi
