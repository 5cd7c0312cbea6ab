#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every exported function has a doc comment: its own, or that of the group it stands in.

A group is declarations without a blank line between them; its first one carries the comment.
"""
import common
import headers


def documented(lines, at):
    """Whether the declaration on line index `at` has a comment above it, or above its group."""
    while at > 0:
        at -= 1
        line = lines[at].strip()
        if line.endswith("*/"):
            while at > 0 and "/*" not in lines[at]:
                at -= 1
            return "/**" in lines[at]
        if line == "" or line.startswith("#") or line.endswith("}"):
            return False
    return False


def check(tree):
    for path, line, name in headers.declarations(tree):
        if not documented(tree.text(path).splitlines(), line - 1):
            yield path, line, f"{name} has no doc comment"


if __name__ == "__main__":
    common.run(check, __doc__)
