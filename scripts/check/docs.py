#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Documents agree with the tree: links lead somewhere, named make targets exist, and every
package that scripts/setup.sh installs has its line in docs/dependencies.md, and the reverse."""
import posixpath
import re

import common

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"`make ([a-z-]+)")
DEPENDENCY = re.compile(r"^\| `([a-z0-9.+-]+)`", re.M)


def links(tree, path, text):
    for m in LINK.finditer(text):
        target = m.group(1).split("#")[0]
        if not target or re.match(r"[a-z]+:", target):
            continue
        full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if not (tree.root / full).exists():
            yield path, common.line_of(text, m.start()), f"the link to {target} leads nowhere"


def targets(tree, path, text, known):
    for m in TARGET.finditer(text):
        if m.group(1) not in known:
            yield path, common.line_of(text, m.start()), f"the Makefile has no '{m.group(1)}'"


def packages(tree):
    """Package -> line, of the table in scripts/setup.sh."""
    found = {}
    for n, line in enumerate(tree.text("scripts/setup.sh").splitlines(), 1):
        words = line.split()
        if len(words) > 4 and words[1] in ("required", "wanted") and ":" in words[2]:
            found.setdefault(words[3], n)
    return found


def dependencies(tree):
    setup, page = "scripts/setup.sh", "docs/dependencies.md"
    if not (tree.exists(setup) and tree.exists(page)):
        return
    text = tree.text(page)
    told = {m.group(1): common.line_of(text, m.start()) for m in DEPENDENCY.finditer(text)}
    installed = packages(tree)
    for name, n in installed.items():
        if name not in told:
            yield setup, n, f"{name} has no line in {page}"
    for name, n in told.items():
        if name not in installed:
            yield page, n, f"{name} is not installed by {setup}"


def check(tree):
    known = set()
    if tree.exists("Makefile"):
        known = set(re.findall(r"^([a-z-]+):", tree.text("Makefile"), re.M))
    for path in [p for p in tree.paths if p.endswith(".md")]:
        text = tree.text(path)
        yield from links(tree, path, text)
        yield from targets(tree, path, text, known)
    yield from dependencies(tree)


if __name__ == "__main__":
    common.run(check, __doc__)
