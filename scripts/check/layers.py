#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Includes point downward only.

programs -> http -> tls -> io -> core -> sched.h; sched -> port.h; diag reads core. Programs
(fleet, bench, examples) see <sennit/...> and themselves, never src/. core sees nothing of the
platform but the headers that C promises without one; public headers even less.
"""
import posixpath
import re

import common

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.M)

# Part of src/ -> the parts whose headers it may include besides its own.
BELOW = {
    "core": set(),
    "port": set(),
    "sched": {"core", "port"},
    "diag": {"core", "sched", "port"},
    "io": {"core", "sched", "port"},
    "plan": set(),
    "world": {"io", "core", "sched", "port"},
    "search": {"plan", "world", "io", "core", "sched", "port"},
    "tls": {"io", "core"},
    "http": {"tls", "io", "core"},
    "sqlite": set(),
}
# Found by include path: the scheduler's inline verbs are part of sched.h, the CPU's of port.h,
# where a signal struck and how the kernel is called is told by the system and the CPU together.
BY_PATH = {"sched_inline.h", "cpu.h", "frame_of.h", "kernel_call.h"}
FREESTANDING = {"float.h", "iso646.h", "limits.h", "stdalign.h", "stdarg.h", "stdatomic.h",
                "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h"}
PUBLIC = {"stddef.h", "stdint.h", "stdarg.h", "type_traits"}
PROGRAMS = ("fleet", "bench", "examples", "firmware", "systems", "tools")


def resolve(tree, path, quoted):
    """The project's file that #include "quoted" in `path` means, or None."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), quoted))
    if tree.exists(beside):
        return beside
    for base in ("src", "include", path.split("/")[0]):
        found = posixpath.normpath(posixpath.join(base, quoted))
        if tree.exists(found):
            return found
    return None


def part_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def public_header(path, quoted, system):
    if quoted:
        return f'public headers include <sennit/...>, not "{quoted}"'
    if not system.startswith("sennit/") and system not in PUBLIC:
        return f"<{system}> has no place in a public header"
    return None


def in_src(tree, path, quoted, system):
    part = part_of(path)
    if part not in BELOW:
        return f"src/{part} is not a layer that scripts/check/layers.py knows"
    if system:
        if part == "core" and system not in FREESTANDING and not system.startswith("sennit/"):
            return f"<{system}>: core includes freestanding C headers only"
        return None
    target = resolve(tree, path, quoted)
    if target is None:
        return None if quoted in BY_PATH else f'"{quoted}" is not a file of the project'
    other = part_of(target)
    if quoted in BY_PATH or other == part or other in BELOW[part]:
        return None
    return f'{part} may not include "{quoted}" of {other or target.split("/")[0]}'


def in_program(tree, path, quoted):
    if not quoted:
        return None
    target = resolve(tree, path, quoted)
    if target is not None and target.split("/")[0] in ("src", "include"):
        return f'programs use <sennit/...> only, not "{quoted}"'
    if target is None and (quoted.startswith("../") or part_of("src/" + quoted) in BELOW):
        return f'"{quoted}" leads out of {path.split("/")[0]}'
    return None


def verdict(tree, path, quoted, system):
    if path.startswith("include/"):
        return public_header(path, quoted, system)
    if path.startswith("src/"):
        return in_src(tree, path, quoted, system)
    return in_program(tree, path, quoted)


def check(tree):
    for path in tree.under("include", "src", *PROGRAMS, ext=(".c", ".h", ".S")):
        text = tree.text(path)
        for m in INCLUDE.finditer(text):
            message = verdict(tree, path, m.group(1), m.group(2))
            if message:
                yield path, common.line_of(text, m.start()), message


if __name__ == "__main__":
    common.run(check, __doc__)
