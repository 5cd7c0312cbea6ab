#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which error branches of core, scheduler and port the tests reach, by gcov.

    coverage.py TREE

TREE is a build of the preset `coverage` in which the tests have run. An error branch is a line that
returns an error or NULL, or stops the program. Prints each that no test has reached, then the
numbers of a file and of all; ends with 1 if one of them should have been. A line counts as reached
when all its parts have run, in any of the programs that it is part of, also those that are stopped.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PARTS = ("src/core/", "src/sched/", "src/port/os/")
# The simulated scheduler is tested by its own seeds.
NOT = ("src/sched/sim/",)
ERROR = re.compile(r"\breturn (SN_E\w+|NULL|rc|err)\b|sn__fatal\(|= SN_E\w+;")
ERROR_OF_PORT = re.compile(ERROR.pattern + r"|\breturn false;|\babort\(\)")
# What no test reaches for certain, and why. A line here that is no more is an error.
ALLOWED = {
    "src/core/scope.c: return rc ? rc : SN_ECANCELED;":
        "takes a cancel and a shield at one instant",
    "src/port/os/linux/memory.c: if (atomic_fetch_add_explicit(&splits, 1, memory_order_relaxed) >= "
    "most) return false;":
        "two threads at the last one",
    "src/port/os/linux/symbol.c: if (!dladdr((void *)pc, &info) || !info.dli_sname) return NULL;":
        "code of a library between its symbols",
    "src/sched/stack.c: if (n == SLABS_MAX) return NULL;":
        "takes a terabyte of stacks",
    "src/sched/stack_use.c: return NULL;":
        "takes a thousand places that start coroutines",
}


def counts(tree):
    """{file: {line: [times, times that all parts of it have run]}}"""
    found = collections.defaultdict(lambda: collections.defaultdict(lambda: [0, 0]))
    for data in sorted(tree.rglob("*.gcda")):
        if not any(p in str(data) for p in ("sn_core_smp", "sn_sched_smp", "sn_port")):
            continue
        out = subprocess.run(["gcov", "--json-format", "--stdout", str(data)], cwd=tree,
                             capture_output=True, text=True, check=True).stdout
        for doc in out.splitlines():
            for entry in json.loads(doc)["files"]:
                path = (tree / entry["file"]).resolve()
                if not path.is_relative_to(ROOT):
                    continue
                name = str(path.relative_to(ROOT))
                if name.startswith(PARTS) and not name.startswith(NOT):
                    for line in entry["lines"]:
                        # `if (a) return b;` on one line: each part of it has run, or none counts
                        whole = 0 if line["unexecuted_block"] else line["count"]
                        at = found[name][line["line_number"]]
                        at[0] += line["count"]
                        at[1] += whole
    return found


def main():
    tree = pathlib.Path(sys.argv[1]).resolve()
    total = reached = unexpected = 0
    present, rows = set(), []
    for name, lines in sorted(counts(tree).items()):
        text = (ROOT / name).read_text(encoding="utf-8").splitlines()
        error = ERROR_OF_PORT if name.startswith("src/port/") else ERROR
        present.update(f"{name}: {line.strip()}" for line in text)
        errors = [n for n in lines if n <= len(text) and error.search(text[n - 1])]
        missed = [n for n in errors if not lines[n][1]]
        for n in missed:
            key = f"{name}: {text[n - 1].strip()}"
            unexpected += key not in ALLOWED
            print(f"{name}:{n}: not reached ({ALLOWED.get(key, 'UNEXPECTED')}): {text[n - 1].strip()}")
        total += len(errors)
        reached += len(errors) - len(missed)
        ran = sum(1 for n in lines if lines[n][0])
        rows.append((name, len(errors) - len(missed), len(errors), ran, len(lines)))
    if not total:
        sys.exit(f"coverage.py: no counts in {tree}: build the preset coverage and run its tests")
    print(f"\n{'file':34} {'error branches':>15} {'lines':>12}")
    for name, have, of, ran, lines in rows:
        print(f"{name:34} {have:7} of {of:4} {ran:5} of {lines:4}")
    print(f"{'all':34} {reached:7} of {total:4}")
    gone = [key for key in ALLOWED if key not in present]
    for key in gone:
        print(f"coverage.py: no such line any more: {key}")
    sys.exit(1 if unexpected or gone else 0)


if __name__ == "__main__":
    main()
