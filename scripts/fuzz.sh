#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs each libFuzzer target for FUZZ_SECONDS, starting from its corpus. New inputs go to
# build-fuzz/found/NAME, a crash to build-fuzz/crash-NAME-*: it becomes a file of the corpus.
#   scripts/fuzz.sh [NAME ...]   only these
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
scripts/configure.sh fuzz
cmake --build --preset fuzz
failed=
while read -r name corpus; do
    if [ $# -gt 0 ]; then
        case " $* " in *" $name "*) ;; *) continue ;; esac
    fi
    echo "== $name: $seconds s"
    mkdir -p "build-fuzz/found/$name"
    "build-fuzz/fuzz/$name" -max_total_time="$seconds" -verbosity=0 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/crash-$name-" \
        "build-fuzz/found/$name" "$corpus" </dev/null || failed="$failed $name"
done <build-fuzz/fuzz/corpora
if [ -n "$failed" ]; then
    echo "fuzz: these found something:$failed" >&2
    exit 1
fi
