#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How deep the stack gets below a function: the deepest way, and why there may be none. Writes the
proofs that SN_SMALL asks for into the program. See docs/guide/stacks.md."""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
for folder in (HERE, os.path.join(HERE, "..", "share", "sennit", "stack-report")):
    if os.path.exists(os.path.join(folder, "frames.py")):
        sys.path.insert(0, folder)
        break

import ci  # pylint: disable=wrong-import-position
import elf
import frames
from graph import Graph


def options():
    p = argparse.ArgumentParser(
        prog="sennit-stack-report",
        description="How much stack functions need, with all that they call. Exit status: 0 if all "
                    "that were asked for are proven, 1 if one is not, 2 for an error.")
    p.add_argument("program", nargs="?", help="a linked x86-64 program")
    p.add_argument("function", nargs="*", help="functions; not given: those with SN_SMALL_PROOF")
    p.add_argument("--stamp", action="store_true", help="write the proofs into the program")
    p.add_argument("--quiet", action="store_true",
                   help="with --stamp: say nothing, and a function that is not proven is no failure")
    p.add_argument("--all", action="store_true", help="every function, the deepest first")
    p.add_argument("--refusals", type=int, default=5, metavar="N", help="reasons shown for each")
    p.add_argument("--ci", action="append", metavar="PATH", default=[],
                   help="read gcc's .ci files (-fcallgraph-info=su) here instead of a program")
    o = p.parse_args()
    if o.ci and o.program:
        o.function.insert(0, o.program)
        o.program = None
    if not o.ci and not o.program:
        p.error("a program, or --ci")
    if o.stamp and o.ci:
        p.error("--stamp needs a program")
    return o


def show(name, answer, most):
    if not answer.refusals:
        print(f"{name}: {answer.depth} bytes")
        print(f"    {' -> '.join(answer.way)}")
        return
    print(f"{name}: no bound (at least {answer.depth} bytes)")
    for way, why in answer.refusals[:most]:
        print(f"    {' -> '.join(way)}: {why}")
    if len(answer.refusals) > most:
        print("    ...")


def proofs(program, graph):
    """[(name, answer, offset of its proof)]."""
    names = {f.insns[0].at: n for n, f in graph.functions.items() if f.insns}
    out = []
    for offset, at in program.proofs():
        if at not in names:
            raise SystemExit(f"stack-report: {program.path}: a proof is asked for 0x{at:x}, which is "
                             "no function (stripped?)")
        out.append((names[at], graph.coroutine(names[at]), offset))
    return out


def stamp(program, found):
    for _, answer, offset in found:
        program.stamp(offset, 0 if answer.refusals else answer.depth)
    program.write()


def report(o):
    program = elf.Elf(o.program) if o.program else None
    graph = Graph(ci.read(o.ci) if o.ci else frames.read(o.program))
    found = []
    if o.all:
        every = [(n, graph.answer(n), 0) for n in graph.functions]
        found = sorted(every, key=lambda x: (bool(x[1].refusals), -x[1].depth, x[0]))
    elif o.function:
        for name in o.function:
            if name not in graph.functions:
                raise SystemExit(f"stack-report: no function '{name}'")
            found.append((name, graph.answer(name), 0))
    elif program:
        found = proofs(program, graph)
    if not found:
        raise SystemExit("stack-report: nothing to report: no function named, no SN_SMALL_PROOF in "
                         "the program")
    if o.stamp:
        stamp(program, proofs(program, graph))
    if o.stamp and o.quiet:
        return False
    for name, answer, _ in found:
        show(name, answer, o.refusals)
    return any(answer.refusals for _, answer, _ in found)


def main():
    sys.setrecursionlimit(100000)
    try:
        return int(report(options()))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as e:
        print(f"stack-report: {e.filename}: {e.strerror}", file=sys.stderr)
    except SystemExit as e:
        if isinstance(e.code, str):
            print(e.code, file=sys.stderr)
            return 2
        raise
    return 2


if __name__ == "__main__":
    sys.exit(main())
