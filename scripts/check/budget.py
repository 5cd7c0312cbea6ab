#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Platform is chosen by file, not by #if: at most 5 conditionals in 1000 lines of each part.

Include guards and __cplusplus do not count, nor do the files that budget.allow lists because
telling compilers or platforms apart is their only task.
"""
import re

import common

PER_1000 = 5
AT_LEAST = 2  # what a part may have however short it is
CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b(.*)$", re.M)


def conditions(code):
    """Line numbers of conditionals that count."""
    for m in CONDITION.finditer(code):
        guard = m.group(1) == "ifndef" and re.match(
            r"\s*#\s*define\s+" + re.escape(m.group(2).strip()) + r"\s*\n", code[m.end():])
        if not guard and "__cplusplus" not in m.group(2):
            yield common.line_of(code, m.start())


def parts(tree):
    """Part -> its paths: a folder of src/ or a program's folder."""
    found = {}
    for path in tree.under("include", "src", "tools", "fleet", "bench", "examples"):
        words = path.split("/")
        part = "/".join(words[:2]) if words[0] == "src" else words[0]
        found.setdefault(part, []).append(path)
    return found


def check(tree):
    listed = common.Allowed(tree, "scripts/check/budget.allow")
    for part, paths in parts(tree).items():
        lines, hits = 0, []
        for path in paths:
            if listed.has(path, "#if"):
                continue
            text = tree.text(path)
            lines += text.count("\n")
            hits += [(path, n) for n in conditions(common.code_only(text))]
        allowed = max(AT_LEAST, PER_1000 * lines // 1000)
        if len(hits) > allowed:
            for path, n in hits:
                yield path, n, f"one of {len(hits)} #if in the {lines} lines of {part}, " \
                               f"which may have {allowed}"
    yield from listed.findings()


if __name__ == "__main__":
    common.run(check, __doc__)
