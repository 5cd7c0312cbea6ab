#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""C files are laid out as clang-format 14 lays them out (versions differ, so only that one)."""
import re
import shutil
import subprocess

import common

VERSION = "14"
FINDING = re.compile(r"^(.*?):(\d+):\d+: error: (.*)$", re.M)


def formatter():
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            out = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if re.search(rf"version {VERSION}\.", out):
                return name
    raise common.Skip(f"clang-format {VERSION} is not installed")


def check(tree):
    name = formatter()
    paths = tree.under("include", "src", "tools", "fleet", "bench", "examples", "firmware", "tests")
    paths = [p for p in paths if "/golden/" not in p]
    if not paths:
        return
    out = subprocess.run([name, "--dry-run", "-Werror", "--style=file", *paths], cwd=tree.root,
                         capture_output=True, text=True)
    seen = set()
    for m in FINDING.finditer(out.stderr):
        if m.group(1) not in seen:
            seen.add(m.group(1))
            yield m.group(1), int(m.group(2)), "not as clang-format lays it out (make format)"
    if out.returncode and not seen:
        yield ".clang-format", 1, out.stderr.strip().splitlines()[-1]


if __name__ == "__main__":
    common.run(check, __doc__)
