#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The stress tests over and over for STRESS_MINUTES, in one build: SANITIZE=address or thread, or
# none; MIGRATE=1: every park ends on another thread. Ends at the first failure, else says how many
# test programs came through.
set -eu
cd "$(dirname "$0")/.."
minutes=${STRESS_MINUTES:-8}
case ${SANITIZE:-} in
'') preset=release tree=build ;;
address) preset=asan tree=build-asan ;;
thread) preset=tsan tree=build-tsan ;;
*)
    echo "stress.sh: SANITIZE is '$SANITIZE': it may be address or thread" >&2
    exit 2
    ;;
esac
if [ -z "${STRESS_TREE:-}" ]; then
    scripts/configure.sh "$preset"
    cmake --build --preset "$preset" --parallel "${JOBS:-$(nproc)}"
else
    tree=$STRESS_TREE
fi
leave='^(static|install|slow|sim)$'
[ "${SANITIZE:-}" = thread ] && leave='^(static|install|slow|sim|notsan)$'
# its own tests of that mode set it themselves
[ -n "${MIGRATE:-}" ] && export SENNIT_MIGRATE=always
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=0:strict_string_checks=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
end=$(($(date +%s) + minutes * 60)) rounds=0 programs=0
while [ "$(date +%s)" -lt "$end" ]; do
    rounds=$((rounds + 1))
    out=$(ctest --test-dir "$tree" -L '^(stress|race|migrate)$' -LE "$leave" --output-on-failure \
        --timeout 3600 --stop-on-failure) || {
        echo "$out" | tail -100
        echo "stress: failed in round $rounds, after $programs programs" >&2
        exit 1
    }
    programs=$((programs + $(echo "$out" | sed -n 's/.* out of \([0-9]*\)$/\1/p')))
done
echo "stress: ${SANITIZE:-no sanitizer}${MIGRATE:+, always migrating}: $programs programs in" \
    "$rounds rounds, $minutes minutes, nothing found"
