# SPDX-License-Identifier: MIT OR Apache-2.0
"""The call graph as gcc writes it with -fcallgraph-info=su: one .ci file an object. Knows no more
than the compiler did: what assembly and libraries do is not in it."""
import os
import re

from frames import INDIRECT, VARIABLE, Function

NODE = re.compile(r'node: \{ title: "((?:[^"\\]|\\.)*)" label: "((?:[^"\\]|\\.)*)"')
EDGE = re.compile(r'edge: \{ sourcename: "((?:[^"\\]|\\.)*)" targetname: "((?:[^"\\]|\\.)*)"')
RED_ZONE = 128  # below the stack pointer, on x86-64, by functions that call nothing
USAGE = re.compile(r"(\d+) bytes \(([a-z,]+)\)")


def files_in(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, _, names in os.walk(path):
            for name in sorted(names):
                if name.endswith(".ci"):
                    yield os.path.join(folder, name)


def read_file(path, functions, edges):
    with open(path, encoding="utf-8", errors="replace") as f:
        text = f.read()
    for title, label in NODE.findall(text):
        usage = USAGE.search(label)
        if not usage:
            continue
        f = functions.setdefault(title, Function(title, []))
        f.frame = max(f.own, int(usage[1]))
        f.own = f.frame + RED_ZONE
        if usage[2] == "dynamic":
            f.blame(VARIABLE)
    edges += EDGE.findall(text)


def read(paths):
    """{name: Function}; a static function is called FILE:NAME, as gcc has it."""
    functions, edges = {}, []
    for path in files_in(paths):
        read_file(path, functions, edges)
    if not functions:
        raise SystemExit("stack-report: no .ci file with stack usage there: compile with "
                         "-fcallgraph-info=su")
    for source, target in edges:
        f = functions.get(source)
        if f and target == "__indirect_call":
            f.blame(INDIRECT)
        elif f:
            f.call(target, f.frame)
    return functions
