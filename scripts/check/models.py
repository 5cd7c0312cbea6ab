#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The models of the scheduler's protocols: the rules hold in every execution, and each planted
mistake is found. What cannot run here is named and skipped.

    scripts/check/models.py [--full]        --full: larger sizes, minutes instead of one
"""
import pathlib
import subprocess
import sys

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"


def main():
    failed = []
    for name in ("handover", "sleep"):
        args = [] if "--full" in sys.argv else ["--quick"]
        rc = subprocess.run([sys.executable, str(MODELS / f"{name}.py"), *args], check=False).returncode
        if rc not in (0, 77):
            failed.append(name)
    if failed:
        print("models: broken: " + " ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
