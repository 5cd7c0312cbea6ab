#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the program given under valgrind: it must say nothing."""
import shutil
import subprocess
import sys


def main():
    if not shutil.which("valgrind"):
        print("skipped: valgrind is not here")
        return 0
    run = subprocess.run(["valgrind", "-q", "--error-exitcode=9", sys.argv[1]],
                         capture_output=True, text=True, timeout=240, check=False)
    print(run.stdout + run.stderr)
    return run.returncode != 0 or run.stderr != ""


if __name__ == "__main__":
    sys.exit(main())
