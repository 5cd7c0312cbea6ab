#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""clang-tidy, with .clang-tidy's choice of checks, over the library and the programs.

Reads build/compile_commands.json. Takes minutes, so `make check` runs it and the suite does not.
False alarms are in tidy.allow: file, check, why it is one.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import common

FINDING = re.compile(r"^(/\S+?):(\d+):\d+: (?:warning|error): (.*?)(?: \[([\w.,-]+)\])?$", re.M)
GCC_ONLY = {"-fno-reorder-functions"}
OURS = ("src/", "tools/", "fleet/", "bench/", "examples/")


def database_for_clang(tree, folder):
    """Writes our part of the compilation database, without what only gcc understands; returns
    its files."""
    database = tree.build / "compile_commands.json"
    if not database.is_file():
        raise common.Skip(f"{database} is missing: build first")
    known = {str(tree.root / p) for p in tree.under(*OURS, ext=(".c",))}
    entries = {e["file"]: e for e in json.loads(database.read_text()) if e["file"] in known}
    for entry in entries.values():
        words = entry["command"].split(" ")
        entry["command"] = " ".join(w for w in words if w not in GCC_ONLY)
    (folder / "compile_commands.json").write_text(json.dumps(list(entries.values())))
    return sorted(entries)


def analyse(folder, path):
    return subprocess.run(["clang-tidy", "-p", str(folder), "--quiet", path], cwd=folder,
                          capture_output=True, text=True)


def check(tree):
    if not shutil.which("clang-tidy"):
        raise common.Skip("clang-tidy is not installed")
    listed = common.Allowed(tree, "scripts/check/tidy.allow")
    seen = set()
    with tempfile.TemporaryDirectory() as name, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(name)
        files = database_for_clang(tree, folder)
        for path, out in zip(files, pool.map(lambda f: analyse(folder, f), files)):
            for m in FINDING.finditer(out.stdout):
                where = (os.path.relpath(m[1], tree.root), int(m[2]), f"{m[3]} [{m[4]}]")
                if where not in seen and not listed.has(where[0], m[4]):
                    seen.add(where)
                    yield where
            if out.returncode and not FINDING.search(out.stdout):
                yield os.path.relpath(path, tree.root), 1, out.stderr.strip()[-300:]
    yield from listed.findings()
    print(f"tidy: {len(files)} files")


if __name__ == "__main__":
    common.run(check, __doc__)
