# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the static checks share: the project's files, comment-free text, findings.

A check is a function `check(tree)` that yields (path, line, message). Run as a program it ends
with 0 (nothing found), 1 (findings, one a line on stdout) or 77 (cannot run here, says why).
"""
import argparse
import pathlib
import re
import subprocess
import sys

SKIP = 77
NOT_OURS = ("build", ".git", ".cache")


class Skip(Exception):
    """The check cannot run here; the text says why."""


class Tree:
    """The project's files below a root folder."""

    def __init__(self, root, build=None):
        self.root = pathlib.Path(root).resolve()
        self.build = pathlib.Path(build).resolve() if build else self.root / "build"
        self.paths = sorted(self._find())

    def _find(self):
        """Paths as git knows them; where there is no git, what the folders hold."""
        if (self.root / ".git").exists():
            try:
                out = subprocess.run(
                    ["git", "-C", str(self.root), "ls-files", "--cached", "--others",
                     "--exclude-standard"], check=True, capture_output=True, text=True).stdout
                return [p for p in out.splitlines() if (self.root / p).is_file()]
            except (OSError, subprocess.CalledProcessError):
                pass
        return [str(p.relative_to(self.root)) for p in self.root.rglob("*")
                if p.is_file() and not p.relative_to(self.root).parts[0].startswith(NOT_OURS)]

    def under(self, *prefixes, ext=(".c", ".h")):
        """Paths below one of the folders (or equal to it) that end in one of ext."""
        return [p for p in self.paths if p.endswith(tuple(ext))
                and any(p == f or p.startswith(f.rstrip("/") + "/") for f in prefixes)]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def exists(self, path):
        return (self.root / path).is_file()


COMMENT_OR_STRING = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_only(text):
    """C text with comments and the inside of strings blanked; lines stay where they are."""
    def blank(m):
        s = m.group(0)
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[0]
        return re.sub(r"[^\n]", " ", s)
    return COMMENT_OR_STRING.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class Allowed:
    """Listed exceptions, one a line: `path name reason…` (a line with # in front is a comment).
    One without a reason is a finding, and so is one that nothing needs."""

    def __init__(self, tree, path):
        self.path = path
        self.entries = {}
        if tree.exists(path):
            for n, line in enumerate(tree.text(path).splitlines(), 1):
                words = line.split(None, 2)
                if words and not line.startswith("#"):
                    self.entries[tuple(words[:2])] = [n, len(words) == 3, False]

    def has(self, path, name):
        entry = self.entries.get((path, name))
        if entry:
            entry[2] = True
        return bool(entry)

    def findings(self):
        for (path, name), (n, reason, used) in self.entries.items():
            if not reason:
                yield self.path, n, f"the exception for {path} {name} gives no reason"
            if not used:
                yield self.path, n, f"the exception for {path} {name} is not needed (any more)"


def run(check, doc):
    """main() of a check."""
    args = argparse.ArgumentParser(description=doc,
                                   formatter_class=argparse.RawDescriptionHelpFormatter)
    here = pathlib.Path(__file__).resolve().parents[2]
    args.add_argument("--root", default=here, help="the project's root folder")
    args.add_argument("--build", default=None, help="the build folder (default: ROOT/build)")
    opts = args.parse_args()
    name = pathlib.Path(sys.argv[0]).stem
    try:
        found = list(check(Tree(opts.root, opts.build)))
    except Skip as why:
        print(f"{name}: skipped: {why}")
        sys.exit(SKIP)
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    if found:
        print(f"{name}: {len(found)} findings")
    sys.exit(1 if found else 0)
