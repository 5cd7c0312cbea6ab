#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs console_logic.mjs on the console's modules with node, where there is one (else 77)."""
import pathlib
import shutil
import subprocess
import sys
import tempfile


def main():
    node = shutil.which("node")
    if not node:
        print("skipped: no node")
        return 77
    folder = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as copy:
        for script in folder.glob("*.js"):
            shutil.copy(script, copy)
            subprocess.run([node, "--check", script.name], cwd=copy, check=True)
        # browsers take .js as a module because the page says so; node wants to be told
        (pathlib.Path(copy) / "package.json").write_text('{"type": "module"}')
        test = pathlib.Path(__file__).with_suffix(".mjs")
        return subprocess.run([node, str(test), copy], timeout=60).returncode


if __name__ == "__main__":
    sys.exit(main())
