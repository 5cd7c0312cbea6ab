#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Joins the tests of several build trees into one, so that one ctest runs them all and its
closing lines speak for all of them.

    merge_ctest.py [--timeout=S] OUTPUT_DIR NAME=TREE[:CTEST_OPTION...] ...

Each test gets its tree's NAME in front ("asan/unit.chan"). Fixtures, resource locks and
dependencies keep within their tree, except that locks stay common: what is locked (the machine)
is the same for all. With --timeout every test may take S seconds, whatever it asks for itself.
"""
import json
import pathlib
import subprocess
import sys

# A time limit is there to end what hangs; instrumented code is that much slower before it does.
SLOWER = {"asan": 2, "tsan": 4}
NAMES_OF_TREE = {"DEPENDS", "FIXTURES_SETUP", "FIXTURES_CLEANUP", "FIXTURES_REQUIRED"}


def quote(text):
    fence = "="
    while f"]{fence}]" in text:
        fence += "="
    return f"[{fence}[{text}]{fence}]"


def value_of(tree_name, prop):
    """The text of a property as set_tests_properties wants it."""
    value = prop["value"]
    if prop["name"] in NAMES_OF_TREE:
        value = [f"{tree_name}/{v}" for v in value]
    if prop["name"] == "TIMEOUT":
        value = str(int(value) * SLOWER.get(tree_name, 1))
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, list):
        if all(isinstance(v, str) for v in value):
            return ";".join(value)
        raise SystemExit(f"merge_ctest: no way to write property {prop['name']}: {value!r}")
    return str(value)


def tests_of(tree, options):
    out = subprocess.run(["ctest", "--show-only=json-v1", *options], cwd=tree, check=True,
                         capture_output=True, text=True).stdout
    return json.loads(out)["tests"]


def write_tree(out, name, tree, options, timeout):
    count = 0
    for test in tests_of(tree, options):
        if "command" not in test:
            raise SystemExit(f"merge_ctest: {tree}: test {test['name']} has no program; build it")
        full = f"{name}/{test['name']}"
        out.write(f"add_test({quote(full)} {' '.join(quote(c) for c in test['command'])})\n")
        for prop in test.get("properties", []):
            if timeout and prop["name"] == "TIMEOUT":
                prop["value"] = timeout
            out.write(f"set_tests_properties({quote(full)} PROPERTIES {prop['name']} "
                      f"{quote(value_of(name, prop))})\n")
        count += 1
    if count == 0:
        raise SystemExit(f"merge_ctest: {tree} has no tests with {' '.join(options)}")
    return count


def main(argv):
    timeout = None
    if len(argv) > 1 and argv[1].startswith("--timeout="):
        timeout = argv.pop(1).partition("=")[2]
    if len(argv) < 3:
        raise SystemExit(__doc__)
    folder = pathlib.Path(argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "CTestTestfile.cmake", "w", encoding="utf-8") as out:
        for spec in argv[2:]:
            name, _, rest = spec.partition("=")
            tree, *options = rest.split(":")
            count = write_tree(out, name, tree, options, timeout)
            print(f"{name}: {count} tests of {tree}")


if __name__ == "__main__":
    main(sys.argv)
