#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The same seed is the same run whatever compiled it: gcc or clang, with or without optimisation.

Takes BUILD as it is, builds the simulated library, all scenarios and some test programs in the other
ways (folders in BUILD/same-hash, kept for the next time), runs the same seeds with each, and compares
the hashes of all events. Where they differ it shows the first event that does.
"""
import argparse
import itertools
import os
import pathlib
import shutil
import subprocess
import sys

WAYS = [("gcc", "-O0"), ("clang", "-O0"), ("clang", "-O2")]
PROGRAM = "bin/sennit-sim"
# Test programs that tell their hashes ($SENNIT_HASHES), and how many seeds of each case are run.
TESTS = {"unit_program": 300, "unit_scope_sim": 30, "conform_select_sim": 30,
         "test_http_life_sim": 10, "test_http_limits_sim": 10, "sim_freeze_test": 50}
# Not a scenario of what we build, but of what the search must tell apart.
LEFT_OUT = {"mishap"}


def run(*command, env=None, check=True):
    out = subprocess.run([str(c) for c in command], text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         env={**os.environ, **(env or {})}, check=False)
    if check and out.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {out.returncode}:\n{out.stdout}")
    return out.stdout


def build(root, folder, compiler, optimise):
    plus = {"gcc": "g++", "clang": "clang++"}[compiler]
    run("cmake", "-S", root, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None",
        f"-DCMAKE_C_COMPILER={compiler}", f"-DCMAKE_CXX_COMPILER={plus}",
        f"-DCMAKE_C_FLAGS={optimise} -DNDEBUG", "-DSENNIT_WERROR=OFF", "-DSENNIT_INSTALL=OFF")
    run("cmake", "--build", folder, "--target", "sennit-sim-program", *TESTS)


def scenarios(folder, root):
    """What to run: (name, arguments of `sennit-sim run`)."""
    for line in run(folder / PROGRAM, "list").splitlines():
        name = line.split()[0]
        if name not in LEFT_OUT:
            seeds = "1..2" if name.startswith("fleet") else "1..20"
            for mode in ("uniform", "pct"):
                yield f"{name} {mode}", [name, "--seeds", seeds, "--mode", mode]
    for path in sorted((root / "tests" / "sim" / "scenarios").glob("*.scn")):
        yield path.name, [str(path), "--brief"]


def hash_of(folder, arguments):
    text = run(folder / PROGRAM, "run", *arguments, "--jobs", "1", check=False)
    last = text.splitlines()[-1] if text else ""
    if not last.startswith("hash="):
        raise SystemExit(f"{folder / PROGRAM} run {' '.join(arguments)}: no hash:\n{text}")
    return last


def hashes_of_tests(folder):
    """{test and case: its line with the hash}"""
    lines = {}
    for name, seeds in TESTS.items():
        text = run(folder / "tests" / name,
                   env={"SENNIT_HASHES": "1", "SENNIT_SEEDS": str(seeds)}, check=False)
        for line in text.splitlines():
            case, found, value = line.rpartition(": seeds=")
            if found:
                lines[f"{name}: {case}"] = value
    return lines


def first_difference(one, other, arguments):
    """The first event of the first seed that differs, as text."""
    name, options = arguments[0], [a for a in arguments[1:] if a != "--brief"]
    if "--seeds" in options:
        at = options.index("--seeds")
        first, last = map(int, options[at + 1].split(".."))
        del options[at:at + 2]
    else:
        first, last = 1, 60
    for seed in range(first, last + 1):
        traces = [run(f / PROGRAM, "replay", name, "--seed", seed, *options, "--trace",
                      check=False).splitlines() for f in (one, other)]
        for a, b in itertools.zip_longest(*traces, fillvalue="(no more)"):
            if a != b and a.strip()[:1].isdigit():
                return f"  seed {seed}:\n    {one.name}: {a}\n    {other.name}: {b}"
    return "  (no single seed differs)"


def compare(folders, root):
    """How many things were compared, and how many differ."""
    same = differ = 0
    first = folders[0]
    for name, arguments in scenarios(first, root):
        hashes = [hash_of(f, arguments) for f in folders]
        same += 1
        for folder, value in zip(folders[1:], hashes[1:]):
            if value != hashes[0]:
                differ += 1
                print(f"{name}: {first.name} {hashes[0]}, {folder.name} {value}")
                print(first_difference(first, folder, arguments))
                break
    tests = [hashes_of_tests(f) for f in folders]
    for case, value in tests[0].items():
        same += 1
        for folder, other in zip(folders[1:], tests[1:]):
            if other.get(case) != value:
                differ += 1
                print(f"{case}: {first.name} {value}, {folder.name} {other.get(case)}")
    return same, differ


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--root", required=True, type=pathlib.Path)
    args.add_argument("--build", required=True, type=pathlib.Path)
    opts = args.parse_args()
    folders = [opts.build.resolve()]
    for compiler, optimise in WAYS:
        if not shutil.which(compiler):
            print(f"{compiler} is not installed: {compiler} {optimise} skipped")
            continue
        folder = folders[0] / "same-hash" / f"{compiler}{optimise}"
        build(opts.root.resolve(), folder, compiler, optimise)
        folders.append(folder)
    same, differ = compare(folders, opts.root)
    print(f"{same} hashes, {len(folders)} builds ({', '.join(f.name for f in folders)}): "
          f"{differ} differ")
    return differ != 0 or same == 0


if __name__ == "__main__":
    sys.exit(main())
