#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each public header compiles alone, twice included, as C11 and as C++17, by gcc and clang,
without a warning."""
import re
import shutil
import subprocess

import common

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"]
LANGUAGES = {
    "gcc": ["-x", "c", "-std=c11", "-Wstrict-prototypes"],
    "clang": ["-x", "c", "-std=c11", "-Wstrict-prototypes"],
    "g++": ["-x", "c++", "-std=c++17"],
    "clang++": ["-x", "c++", "-std=c++17"],
}


def check(tree):
    compilers = [c for c in LANGUAGES if shutil.which(c)]
    if not compilers:
        raise common.Skip("no compiler is installed")
    for path in tree.under("include/sennit", ext=(".h",)):
        name = path[len("include/"):]
        program = f"#include <{name}>\n#include <{name}>\nint x_;\n"
        for compiler in compilers:
            run = subprocess.run([compiler, *LANGUAGES[compiler], *WARNINGS, "-I", "include", "-"],
                                 input=program, cwd=tree.root, capture_output=True, text=True)
            if run.returncode:
                m = re.search(r"^(\S+?):(\d+):\d+: (?:fatal )?(?:error|warning): (.*)$",
                              run.stderr, re.M)
                yield (m[1], m[2], f"{compiler}: {m[3]}") if m else (path, 1, run.stderr.strip())


if __name__ == "__main__":
    common.run(check, __doc__)
