#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""clang-tidy, with .clang-tidy's choice of checks, over the library and the programs.

Reads build/compile_commands.json. Takes minutes, so `make check` runs it and the suite does not.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess

import common

FINDING = re.compile(r"^(/\S+?):(\d+):\d+: (?:warning|error): (.*)$", re.M)
OURS = ("src/", "fleet/", "bench/", "examples/")


def sources(tree):
    database = tree.build / "compile_commands.json"
    if not database.is_file():
        raise common.Skip(f"{database} is missing: build first")
    files = {e["file"] for e in json.loads(database.read_text())}
    known = {str(tree.root / p) for p in tree.under(*OURS, ext=(".c",))}
    return sorted(files & known)


def analyse(tree, path):
    # the compiler that made the database may be gcc: its own flags mean nothing to clang
    return subprocess.run(
        ["clang-tidy", "-p", str(tree.build), "--quiet",
         "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Qunused-arguments",
         "--extra-arg=-Wno-ignored-optimization-argument", path],
        cwd=tree.root, capture_output=True, text=True)


def check(tree):
    if not shutil.which("clang-tidy"):
        raise common.Skip("clang-tidy is not installed")
    files = sources(tree)
    seen = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, out in zip(files, pool.map(lambda f: analyse(tree, f), files)):
            for m in FINDING.finditer(out.stdout):
                where = (os.path.relpath(m[1], tree.root), int(m[2]), m[3])
                if where not in seen:
                    seen.add(where)
                    yield where
            if out.returncode and not FINDING.search(out.stdout):
                yield os.path.relpath(path, tree.root), 1, out.stderr.strip()[-300:]
    print(f"tidy: {len(files)} files")


if __name__ == "__main__":
    common.run(check, __doc__)
