#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""disk_same.py REAL SIM SEEDS N: random file operations give the same results on the machine's
files and on a simulated disk."""
import subprocess
import sys
import tempfile


def lines(program, seed, n, folder):
    run = subprocess.run([program, str(seed), str(n)], cwd=folder, capture_output=True, text=True,
                         check=False)
    if run.returncode:
        sys.exit(f"{program} {seed}: status {run.returncode}\n{run.stderr}")
    return run.stdout.splitlines()


def main():
    real, sim, seeds, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    told = 0
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            a = lines(real, seed, n, folder)
        with tempfile.TemporaryDirectory() as folder:
            b = lines(sim, seed, n, folder)
        for i, (want, got) in enumerate(zip(a, b)):
            if want != got:
                before = "\n".join(a[max(0, i - 5):i])
                sys.exit(f"seed {seed}, line {i + 1}:\n{before}\nreal: {want}\nsim:  {got}")
        if len(a) != len(b):
            sys.exit(f"seed {seed}: {len(a)} lines, and {len(b)} simulated")
        told += len(a)
    if told < seeds * n // 2:
        sys.exit(f"only {told} lines were compared")
    print(f"{told} lines of {seeds} seeds: the same")


if __name__ == "__main__":
    main()
