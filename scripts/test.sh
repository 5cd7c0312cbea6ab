#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The whole suite: builds as users get it, with ASan and UBSan, and with TSan; then one ctest runs
# the tests of all three. Its closing lines are the last of the output, its result is ours.
#
# Labels that a test may carry: static and install (not built from our code: once is enough),
# slow (not under sanitizers), notsan (cannot run under ThreadSanitizer; its reason is beside it).
#   SENNIT_TEST_TREES="release asan tsan"   which builds to test
#   CTEST_ARGS="-R chan"                    more options for ctest
set -eu
cd "$(dirname "$0")/.."
trees=${SENNIT_TEST_TREES:-release asan tsan}
jobs=${JOBS:-$(nproc)}

specs=
for t in $trees; do
    case $t in
    release) spec="release=build" ;;
    asan) spec="asan=build-asan:-LE:^(static|install|slow)$" ;;
    tsan) spec="tsan=build-tsan:-LE:^(static|install|slow|notsan)$" ;;
    *)
        echo "test.sh: SENNIT_TEST_TREES names '$t': it may be release, asan, tsan" >&2
        exit 2
        ;;
    esac
    echo "== build: $t"
    scripts/configure.sh "$t"
    cmake --build --preset "$t" --parallel "$jobs"
    specs="$specs $spec"
done

echo "== test: $trees"
# shellcheck disable=SC2086 # lists of words, none with a space
python3 scripts/merge_ctest.py build/all-tests $specs
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=0:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
# shellcheck disable=SC2086
exec ctest --test-dir build/all-tests --output-on-failure --parallel "$jobs" \
    --timeout 120 ${CTEST_ARGS:-}
