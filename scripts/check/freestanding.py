#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""src/core compiles for a Cortex-M4 or M7 (thumbv7em) with no C library at all, and asks its
platform for nothing but the verbs of sched.h and the functions that compilers want themselves.

The inline verbs of sched.h come from tests/static/freestanding/sched_inline.h, a scheduler for
one core without preemption.
"""
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile

import common

FLAGS = ["--target=thumbv7em-none-eabi", "-ffreestanding", "-nostdlibinc", "-std=c11", "-Os",
         "-Wall", "-Wextra", "-Werror"]
STUB = "tests/static/freestanding"
OF_SCHEDULER = {"sn_now"}  # public functions that a scheduler has, not core
COMPILER_WANTS = re.compile(r"^(memcpy|memset|memmove|memcmp|__aeabi_\w+)$")


def symbols(path):
    """(defined, undefined) global names of an ELF32 little-endian object."""
    b = pathlib.Path(path).read_bytes()
    shoff, = struct.unpack_from("<I", b, 32)
    size, count = struct.unpack_from("<HH", b, 46)
    sections = [struct.unpack_from("<10I", b, shoff + i * size) for i in range(count)]
    defined, undefined = set(), set()
    for s in (s for s in sections if s[1] == 2):  # SHT_SYMTAB
        strings = sections[s[6]][4]
        for at in range(s[4], s[4] + s[5], 16):
            name, _, _, info, _, index = struct.unpack_from("<IIIBBH", b, at)
            if info >> 4 == 0 or name == 0:  # local
                continue
            text = b[strings + name:b.index(b"\0", strings + name)].decode()
            (undefined if index == 0 else defined).add(text)
    return defined, undefined


def declared(tree):
    """Functions that sched.h declares: what a scheduler has to supply."""
    path = "src/core/sched.h"
    code = common.code_only(tree.text(path)) if tree.exists(path) else ""
    return set(re.findall(r"\b(sn__\w+)\s*\([^;{]*\)\s*;", code))


def check(tree):
    if not shutil.which("clang"):
        raise common.Skip("clang is not installed")
    sources = tree.under("src/core", ext=(".c",))
    defined, undefined = set(), {}
    with tempfile.TemporaryDirectory() as folder:
        for n, path in enumerate(sources):
            out = pathlib.Path(folder) / f"{n}.o"
            run = subprocess.run(["clang", *FLAGS, "-I", STUB, "-I", "src", "-I", "include", "-c",
                                  path, "-o", str(out)], cwd=tree.root, capture_output=True,
                                 text=True)
            if run.returncode:
                m = re.search(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", run.stderr, re.M)
                yield (m[1], m[2], m[3]) if m else (path, 1, run.stderr.strip())
                continue
            d, u = symbols(out)
            defined |= d
            undefined.update({name: path for name in u})
    supplied = defined | declared(tree) | OF_SCHEDULER
    for name, path in sorted(undefined.items()):
        if name not in supplied and not COMPILER_WANTS.match(name):
            yield path, 1, f"needs {name}, which neither core nor sched.h has"


if __name__ == "__main__":
    common.run(check, __doc__)
