#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every source file names its licence near its top; no markers of unfinished work are left in.

Files that cannot hold a comment (JSON, images, data, corpora) and the licences are exempt.
"""
import re

import common

TEXTS = (".c", ".h", ".S", ".cpp", ".py", ".sh", ".cmake", ".cmake.in", ".map", ".js", ".ts",
         ".css", ".html", ".sql", ".yaml", ".yml", ".go", "CMakeLists.txt", "Makefile", ".ci/run",
         ".clang-format", ".clang-tidy", ".supp")
DATA = ("tests/golden/", "tests/fuzz/corpus/")
LICENCE = "SPDX-License-Identifier: MIT OR Apache-2.0"
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def check(tree):
    for path in tree.paths:
        if not path.endswith(TEXTS) or path.startswith(DATA) or "/corpus/" in path:
            continue
        lines = tree.text(path).splitlines()
        if not any(LICENCE in line for line in lines[:3]):
            yield path, 1, f"no line '{LICENCE}' among the first three"
        for n, line in enumerate(lines, 1):
            m = UNFINISHED.search(line)
            if m:
                yield path, n, f"{m.group(0)}: finish it, or open an issue"


if __name__ == "__main__":
    common.run(check, __doc__)
