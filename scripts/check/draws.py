#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""No two draws of chance whose order the compiler may choose.

f(draw(2), draw(3)) and {draw(2), draw(3)} are evaluated in another order by gcc than by clang, so
that one seed would be two runs. What is drawn is put into a variable first. (Of operands of one
operator, draw(2) - draw(3), this knows nothing: tests/sim/same_hash.py may.)
"""
import re

import common

DRAW = re.compile(r"\b(?:sn_sim_draw|one_in|some_time|some_ms|draw|pick|sn__sim_random|"
                  r"sn__sim_world_random|sn__sim_draw_time|sn__sim_chance|sn__rand)[ \t]*\(")
OPEN, CLOSE = "([{", ")]}"


class Bracket:
    """One that is open: in how many of its parts, apart by commas, something is drawn."""

    def __init__(self, at):
        self.at, self.parts, self.ordered = at, [0], False

    def unordered(self):
        return not self.ordered and sum(1 for p in self.parts if p) > 1


def unordered_draws(code):
    """Offsets of brackets with two draws in no order."""
    draws = {m.start() for m in DRAW.finditer(code)}
    stack = []
    for i, c in enumerate(code):
        if i in draws:
            for b in stack:
                b.parts[-1] += 1
        if c in OPEN:
            stack.append(Bracket(i))
        elif c in CLOSE and stack:
            b = stack.pop()
            if b.unordered():
                yield b.at
        elif c == "," and stack:
            stack[-1].parts.append(0)
        elif c == ";" and stack:
            stack[-1].ordered = True  # statements, or the head of a for


def check(tree):
    for path in tree.under("src", "tests", "examples", "fleet", "bench", "tools"):
        code = common.code_only(tree.text(path))
        for at in unordered_draws(code):
            yield path, common.line_of(code, at), "two draws of chance in no order"


if __name__ == "__main__":
    common.run(check, __doc__)
