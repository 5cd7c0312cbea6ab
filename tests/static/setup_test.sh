#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# scripts/setup.sh on systems that lack things, played by a PATH that leads to chosen tools only.
# It never gets as far as installing: that needs apt-get, which is left out or forbidden.
set -u
setup=$(cd "$(dirname "$0")/../.." && pwd)/scripts/setup.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

# The tools that setup.sh itself uses, and the named ones, each a program that succeeds.
system_with() {
    rm -rf "${folder:?}/bin"
    mkdir "$folder/bin"
    for tool in sh cat id tr find head ls env tee rm chmod grep; do
        ln -s "$(command -v $tool)" "$folder/bin/$tool"
    done
    for tool in "$@"; do
        printf '#!/bin/sh\nexit 0\n' >"$folder/bin/$tool"
        chmod +x "$folder/bin/$tool"
    done
}

# expect WHAT RESULT TEXT COMMAND…: the result and a piece of the output ("" : silent)
expect() {
    what=$1 result=$2 text=$3
    shift 3
    out=$(PATH="$folder/bin" "$@" 2>&1)
    rc=$?
    case $out in
    *"$text"*) found=yes ;;
    *) found=no ;;
    esac
    if [ -z "$text" ] && [ -n "$out" ]; then found=no; fi
    if [ $rc -eq "$result" ] && [ $found = yes ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $what: ended with $rc, not $result, and wrote: $out"
    fi
}

build="gcc g++ cmake ninja pkg-config openssl cpio"
# shellcheck disable=SC2086 # lists of words
system_with $build
expect "all there: silent" 0 "" sh "$setup" build
expect "all there: the check too" 0 "" sh "$setup" --check build
expect "no apt, clang is required" 1 "this system has no apt" sh "$setup" test
expect "it names what it cannot go on without" 1 "cannot go on without: python3 clang" \
    sh "$setup" test
expect "NO_INSTALL prints the exact list" 1 \
    "apt-get install --no-install-recommends python3 clang swupdate valgrind curl lld binutils git" \
    env NO_INSTALL=1 sh "$setup" test
expect "what is only wanted does not fail" 0 "swupdate (wanted)" env NO_INSTALL=1 sh "$setup" run
expect "the check does not mind it" 0 "" sh "$setup" --check run
# shellcheck disable=SC2086
system_with $build apt-get
expect "NO_INSTALL forbids apt" 1 "NO_INSTALL is set" env NO_INSTALL=1 sh "$setup" test
rm "$folder/bin/cmake"
expect "the check names a missing tool" 1 "cmake (required)" sh "$setup" --check build
expect "an unknown goal" 2 "usage:" sh "$setup" walk
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
