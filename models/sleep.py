#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs spin on sleep.pml, as it is and with each mistake planted. 77: there is no spin.

    models/sleep.py [--quick]
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).with_name("sleep.pml")
HOG = ("MS=2", "PS=2", "FOREIGN=0", "HANDLERS=2", "CHILDREN=0", "HOG")
MISTAKES = {"RELY": (), "NO_LAST_LOOK": (), "BLIND_POLLER": (), "NO_POKE": HOG, "DROP": ()}


def search(folder, defines):
    """(number of states, whether a rule was broken, whether all were seen)"""
    subprocess.run(["spin", "-a", *[f"-D{d}" for d in defines], str(MODEL)], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan", "pan.c"],
                   cwd=folder, check=True)
    said = subprocess.run(["./pan", "-m200000", "-w24"], cwd=folder, check=False, text=True,
                          capture_output=True).stdout
    states = int(float(re.search(r"([\d.e+]+) states, stored", said).group(1)))
    errors = int(re.search(r"errors: (\d+)", said).group(1))
    return states, errors > 0, "Search not completed" not in said and "max search depth" not in said


def main():
    if not shutil.which("spin"):
        print("sleep: skipped, there is no spin here")
        return 77
    sizes = [("MS=2", "PS=2", "FOREIGN=1")]
    if "--quick" not in sys.argv:
        sizes += [("MS=2", "PS=1", "FOREIGN=2"), HOG]
    ok = True
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            states, broken, whole = search(folder, size)
            ok &= not broken and whole
            verdict = "BROKEN" if broken else "holds" if whole else "NOT SEARCHED"
            print(f"{verdict:>9}  sleep and wake, {' '.join(size)}: {states} states", flush=True)
        for mistake, size in MISTAKES.items():
            states, broken, _ = search(folder, (*(size or ("MS=2", "PS=1", "FOREIGN=2")), mistake))
            ok &= broken
            verdict = "found" if broken else "NOT FOUND"
            print(f"{verdict:>9}  planted: {mistake} (after {states} states)", flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
