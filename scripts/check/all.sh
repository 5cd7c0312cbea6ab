#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Every static check, one after the other; the result is that of the worst. A check that cannot
# run here (77) says why and does not fail.
set -u
cd "$(dirname "$0")/../.."
failed=
for check in layers spdx seams draws apidocs budget functions layout docs selfcontained freestanding \
    symbols properties models inlining tidy; do
    echo "== $check"
    scripts/check/$check.py "$@"
    rc=$?
    if [ $rc -ne 0 ] && [ $rc -ne 77 ]; then failed="$failed $check"; fi
done
echo "== self-test of the checks"
tests/static/selftest.py || failed="$failed selftest"
if [ -n "$failed" ]; then
    echo "check: failed:$failed" >&2
    exit 1
fi
echo "check: all passed"
