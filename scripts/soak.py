#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs all scenarios and all tests on the simulated scheduler over new seeds, each for about as long
as the others, for $SOAK_MINUTES (10). Failing seeds are told as they are found and again at the end, each with the
command that repeats it; the last line is a hash over all that was run.

usage: scripts/soak.py [--build DIR] [--from SEED] [--jobs N]
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Scenarios that fail on purpose: only their files, which say so, are run.
ON_PURPOSE = {"counter", "mishap", "office"}
# Seeds of a turn. A seed of the fleet is seconds; one of a test is each of its cases twice.
FEW, SOME, MANY = 1, 500, 200


class Item:
    """Something that has seeds: where it is, how far it has got, what failed."""

    def __init__(self, name, turn):
        self.name, self.turn, self.done, self.failed = name, turn, 0, []
        self.spent = 0.0  # seconds

    def run(self, first, jobs):
        """Runs seeds from `first` on; (seeds run, [(what failed, how to repeat it)], hash)."""
        raise NotImplementedError


def output(command, env=None):
    p = subprocess.run([str(c) for c in command], text=True, stdin=subprocess.DEVNULL, cwd=ROOT,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                       env={**os.environ, **(env or {})}, check=False)
    return p.returncode, p.stdout


class Scenario(Item):
    def __init__(self, program, what, mode=None):
        few = "fleet" in str(what)
        super().__init__(f"{what} {mode or ''}".strip(), FEW if few else MANY)
        self.program, self.arguments = program, [what] + (["--mode", mode] if mode else [])

    def run(self, first, jobs):
        last = first + self.turn - 1
        code, text = output([self.program, "run", *self.arguments, "--jobs", jobs,
                             "--seeds", f"{first}..{last}"])
        lines = text.splitlines()
        told = lines[-1] if lines and lines[-1].startswith("hash=") else "hash=?"
        if code == 0:
            return [], told
        failed = [(m[0], f"{self.program} replay {' '.join(map(str, self.arguments))} "
                   f"--seed {m[1]}") for m in re.finditer(r"^seed (\d+) failed.*$", text, re.M)]
        return failed or [(text[-2000:], f"{self.program} run --seeds {first}..{last}")], told


class Test(Item):
    def __init__(self, name, program):
        super().__init__(name, SOME)
        self.program = program

    def run(self, first, jobs):
        code, text = output([self.program], {"SENNIT_FIRST_SEED": str(first),
                                             "SENNIT_SEEDS": str(self.turn), "SENNIT_HASHES": "1"})
        told = " ".join(re.findall(r"hash=\w+", text))
        if code == 0:
            return [], told
        seeds = re.findall(r"SENNIT_SEED=(\d+)|^seed (\d+), ", text, re.M)
        seed = next((a or b for a, b in seeds), first)
        return [(text[-2000:], f"SENNIT_SEED={seed} {self.program}")], told


def relative(path):
    path = pathlib.Path(path).resolve()
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def items(build):
    program = relative(build / "bin" / "sennit-sim")
    found = []
    for line in output([program, "list"])[1].splitlines():
        name = line.split()[0]
        if name not in ON_PURPOSE:
            found += [Scenario(program, name, mode) for mode in ("uniform", "pct")]
    for path in sorted((ROOT / "tests" / "sim" / "scenarios").glob("*.scn")):
        if "\nexpect fail" not in path.read_text():
            found.append(Scenario(program, relative(path)))
    shown = json.loads(subprocess.run(["ctest", "--test-dir", build, "-L", "^seeds$",
                                       "--show-only=json-v1"], check=True, capture_output=True,
                                      text=True).stdout)
    found += [Test(t["name"], relative(t["command"][0])) for t in shown["tests"]]
    return found


def soak(found, first, jobs, until):
    """Whoever had the least time is next; what failed is not run again."""
    every = hashlib.sha256()
    while time.monotonic() < until and not all(i.failed for i in found):
        item = min((i for i in found if not i.failed), key=lambda i: i.spent)
        began, at = time.monotonic(), first + item.done
        item.failed, told = item.run(at, jobs)
        item.done += item.turn
        item.spent += time.monotonic() - began
        every.update(f"{item.name} {at} {told}\n".encode())
        for text, repeat in item.failed[:5]:
            print(f"{item.name}: {text}\n  repeat: {repeat}", flush=True)
    return every.hexdigest()[:16]


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    args.add_argument("--from", dest="first", type=int, default=1000001,
                      help="the first seed; those of the suite begin at 1 (1000001)")
    args.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    opts = args.parse_args()
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    found = items(opts.build)
    print(f"{len(found)} scenarios and tests, seeds from {opts.first} on, {minutes:g} minutes",
          flush=True)
    told = soak(found, opts.first, opts.jobs, time.monotonic() + 60 * minutes)
    for item in found:
        end = "FAILED" if item.failed else "ok" if item.done else "not run"
        print(f"{item.done:9} seeds  {end:7}  {item.name}")
    failed = [i for i in found if i.failed]
    for item in failed:
        print(f"failed: {item.name}\n  repeat: {item.failed[0][1]}")
    print(f"{sum(i.done for i in found)} seeds, {len(failed)} of {len(found)} failed")
    print(f"hash={told}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
