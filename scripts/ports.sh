#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The library's suite on the other targets, in its short form: AArch64, ARMv7 and RISC-V 64 in qemu's
# user mode, and musl, linked statically. A target whose compiler or emulator is not here is skipped,
# by name.
#
#   scripts/ports.sh [--smoke] [aarch64|armv7|riscv64|musl|lto|debug …]
#
# lto and debug are builds for this machine: optimised when linking, and not optimised. Only when named.
# --smoke: a few tests of each kind, instead of all. Ends with 0 when all that ran passed, 77 when
# nothing could run.
set -u
cd "$(dirname "$0")/.." || exit
smoke=
if [ "${1:-}" = --smoke ]; then
    smoke=yes
    shift
fi
names=${*:-aarch64 armv7 riscv64 musl}
jobs=${JOBS:-$(nproc)}
smoke_targets="sennit_shared unit_port unit_sync_smp conform_chan_smp conform_select_smp stress_sched
    fatal unit_without"
smoke_tests="^(unit_port(_[0-9]+)?|unit_sync_smp|conform_(chan|select)_smp|stress_sched(_p8)?|fatal)$|unit_without"
export SENNIT_STRESS_SECONDS="${SENNIT_STRESS_SECONDS:-0.1}"
export SENNIT_SEEDS="${SENNIT_SEEDS:-10}"
ran=
failed=

# For this machine: more of the library, on its smallest number of programs, since each is linked with
# all of it.
smoke_here="unit_sync_smp unit_mutex_smp unit_scope_smp unit_local_smp unit_migrate unit_port
    conform_chan_smp conform_select_smp conform_close_smp stress_sched stress_chan fair fatal"
smoke_for() {
    case $1 in
    lto | debug)
        smoke_targets=$smoke_here
        # shellcheck disable=SC2086 # a list of words
        smoke_tests="^($(echo $smoke_here | tr ' ' '|'))(_p8)?$"
        ;;
    esac
}

# What a target needs, on one line.
needs() {
    case $1 in
    aarch64) echo "aarch64-linux-gnu-gcc qemu-aarch64" ;;
    armv7) echo "arm-linux-gnueabihf-gcc qemu-arm" ;;
    riscv64) echo "riscv64-linux-gnu-gcc qemu-riscv64" ;;
    musl) echo "musl-gcc" ;;
    lto | debug) echo "cc" ;;
    *)
        echo "ports.sh: '$1' is no target: aarch64, armv7, riscv64, musl, lto, debug" >&2
        exit 2
        ;;
    esac
}

# Why a target cannot run here; nothing if it can.
missing() {
    for program in $(needs "$1"); do
        command -v "$program" >/dev/null 2>&1 || echo "$program is not installed"
    done | head -n 1
}

# Builds quietly; what the compiler says is shown when it fails.
build() {
    log=build-$1/ports-build.log
    scripts/configure.sh "$1" || return 1
    # shellcheck disable=SC2086 # a list of words
    cmake --build --preset "$1" --parallel "$jobs" ${smoke:+--target $smoke_targets} >"$log" 2>&1 ||
        {
            tail -n 40 "$log"
            return 1
        }
}

run() {
    echo "== ports: $1"
    smoke_for "$1"
    start=$(date +%s)
    build "$1" || return 1
    built=$(date +%s)
    # shellcheck disable=SC2086 # options
    ctest --preset "$1" --parallel "$jobs" --timeout 300 ${smoke:+-R "$smoke_tests"} \
        -LE '^static$' >"build-$1/ports-test.log" 2>&1
    rc=$?
    scripts/check/properties.py --build "build-$1" || rc=1
    if [ $rc -ne 0 ]; then cat "build-$1/ports-test.log"; fi
    echo "ports: $1: $(grep 'tests passed' "build-$1/ports-test.log")" \
        "(built in $((built - start)) s, run in $(($(date +%s) - built)) s)"
    return $rc
}

for name in $names; do
    needs "$name" >/dev/null || exit 2
done
for name in $names; do
    why=$(missing "$name")
    if [ -n "$why" ]; then
        echo "ports: $name: skipped: $why"
        continue
    fi
    ran="$ran $name"
    run "$name" || failed="$failed $name"
done
if [ -n "$failed" ]; then
    echo "ports: failed:$failed" >&2
    exit 1
fi
[ -n "$ran" ] || exit 77
