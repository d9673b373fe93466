#!/usr/bin/env bash
# Run one of the client tests against a node: run.sh clients WEBSOCKET_URL [NEXT_RUNTIME.wasm]
#                                             run.sh papi WEBSOCKET_URL
# or any other script with the same packages: run.sh examples/names.mjs ARGUMENTS
#
# The packages go into a folder outside the checkout, one a lock file, so that they are installed
# once.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=${1:-}
if [ ! -f "$source" ]; then
    source="$here/$source.mjs"
fi
if [ ! -f "$source" ]; then
    echo "usage: run.sh clients|papi|SCRIPT.mjs WEBSOCKET_URL [NEXT_RUNTIME.wasm]" >&2
    exit 2
fi
name=$(basename "$source" .mjs)
shift

for tool in node npm; do
    if ! command -v "$tool" >/dev/null; then
        echo "tests/js needs Node.js 18 or later with npm ($tool is missing): apt-get install nodejs npm" >&2
        exit 1
    fi
done
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
    echo "tests/js needs Node.js 18 or later; this is $(node --version)" >&2
    exit 1
fi

lock=$(sha256sum "$here/package-lock.json" | cut -c 1-16)
cache="${HANSA_JS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hansa/js}/$lock"
mkdir -p "$cache"

# Several tests may come here at once: one installs, the others wait.
exec 9>"$cache/.lock"
flock 9
if [ ! -e "$cache/.installed" ]; then
    cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$cache/"
    (cd "$cache" && npm ci --no-progress --ignore-scripts >&2)
    touch "$cache/.installed"
fi
flock -u 9

# Node looks for packages beside the script.
script="$cache/$name.$$.mjs"
trap 'rm -f "$script"' EXIT
cp "$source" "$script"
node "$script" "$@"
