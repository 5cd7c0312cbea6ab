#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""No function is longer than 80 lines, but for those that functions.allow lists with a reason.

Prints the median, the 90th percentile and what is above 50 lines. Needs universal-ctags.
"""
import json
import shutil
import subprocess

import common

LIMIT = 80
LOOK = 50


def functions(tree, paths):
    """(path, line, name, lines) of every C function."""
    if not shutil.which("ctags"):
        raise common.Skip("ctags (package universal-ctags) is not installed")
    out = subprocess.run(
        ["ctags", "--output-format=json", "--languages=C", "--langmap=C:+.h", "--kinds-C=f",
         "--fields=+ne", "-f", "-", *paths], cwd=tree.root, capture_output=True, text=True)
    if out.returncode:
        raise common.Skip("this ctags is not universal-ctags with JSON")
    for line in out.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["path"], tag["line"], tag["name"], tag["end"] - tag["line"] + 1


def report(found):
    sizes = sorted(f[3] for f in found)
    if sizes:
        print(f"functions: {len(sizes)}, median {sizes[len(sizes) // 2]} lines, "
              f"90th percentile {sizes[len(sizes) * 9 // 10]}, longest {sizes[-1]}")
    for path, line, name, size in sorted(found, key=lambda f: -f[3]):
        if size > LOOK:
            print(f"  {size} lines: {name} ({path}:{line})")


def check(tree):
    listed = common.Allowed(tree, "scripts/check/functions.allow")
    paths = tree.under("src", "tools", "fleet", "bench", "examples", "include")
    found = list(functions(tree, paths)) if paths else []
    report(found)
    for path, line, name, size in found:
        if size > LIMIT and not listed.has(path, name):
            yield path, line, f"{name} has {size} lines; the limit is {LIMIT}"
    yield from listed.findings()


if __name__ == "__main__":
    common.run(check, __doc__)
