#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Configures the build tree of a preset; speaks only when that fails.
set -eu
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$1" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
