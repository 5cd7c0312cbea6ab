# SPDX-License-Identifier: MIT OR Apache-2.0
"""The deepest way through a program from a function on, and what stands against a proof of it."""

from frames import INDIRECT

# Functions of the C library that call nothing else of note, and bytes that they need at most, with
# room to spare. What is not here counts as unknown.
LEAVES = {name: 128 for name in """
    memcpy memmove memset memcmp memchr memrchr mempcpy strlen strnlen strcmp strncmp strchr strrchr
    strchrnul stpcpy strcpy strncpy strcat __memcpy_chk __memmove_chk __memset_chk __strcpy_chk
    __errno_location syscall ffs abs labs sched_yield getpid""".split()}
LEAVES |= {"clock_gettime": 256, "__clock_gettime": 256, "write": 128, "read": 128, "madvise": 128}

# Neither comes back: nobody minds what they overwrite.
ENDS = {"abort", "__stack_chk_fail", "_exit", "__assert_fail"}
# Of the runtime. These go on on the thread's own stack (sched/smp/far.c) ...
FAR = {"sn__far"}
# ... these are for others than packed coroutines, which is checked where it can happen ...
NEVER = {"sn__enter_foreign", "park_thread", "recv_and_drop", "sn__locals_end",
         "sn__guess"}
# ... and the switch comes back to where it left.
SWITCHES = {"sn__ctx_switch": 64, "sn__ctx_leave": 64}

# Pointers of the runtime, and all that they can point at.
POINTERS = {"each_in_tree": ("mark", "wake")}


def base(name):
    """Without what compilers and versions put behind it."""
    for mark in ("@", ".constprop", ".isra", ".part", ".lto_priv"):
        name = name.split(mark)[0]
    return name


class Answer:
    """depth in bytes, way: names from the function on, refusals: [(way, reason)]."""

    def __init__(self, depth, way, refusals):
        self.depth, self.way, self.refusals = depth, way, refusals


class Graph:
    MOST_REFUSALS = 20

    def __init__(self, functions):
        self.functions = functions
        for name, f in functions.items():
            if base(name) in POINTERS and INDIRECT in f.trouble:
                self.follow(f, POINTERS[base(name)])
        self.known, self.open = {}, []

    def follow(self, f, targets):
        """There may be more functions of those names than are meant: all are counted."""
        f.trouble.remove(INDIRECT)
        for name in self.functions:
            if base(name) in targets:
                f.call(name, f.by_pointer)

    def answer(self, name):
        if name not in self.known:
            self.known[name] = self.unknown(name)
        return self.known[name]

    def special(self, name):
        plain = base(name)
        if plain in SWITCHES:
            return Answer(SWITCHES[plain], [name], [])
        if plain in ENDS or plain in NEVER:
            return Answer(0, [name], [])
        if plain in FAR and name in self.functions:
            return Answer(self.functions[name].own, [name], [])
        if plain in LEAVES:
            return Answer(LEAVES[plain], [name], [])
        if name.endswith("@plt") or name not in self.functions:
            return Answer(0, [name], [([name], "not in the program and not in the list")])
        return None

    def unknown(self, name):
        known = self.special(name)
        if known:
            return known
        if name in self.open:
            return Answer(0, [name], [([name], "recursion")])
        self.open.append(name)
        f = self.functions[name]
        best = Answer(f.own, [name], [([name], why) for why in f.trouble])
        for callee, depth in f.calls.items():
            below = self.answer(callee) if callee not in self.open else self.unknown(callee)
            if depth + below.depth > best.depth:
                best.depth, best.way = depth + below.depth, [name] + below.way
            best.refusals += [([name] + way, why) for way, why in below.refusals]
        best.refusals = best.refusals[:self.MOST_REFUSALS]
        self.open.pop()
        return best

    def coroutine(self, name, start="sn__g_start"):
        """What a coroutine that runs `name` needs, with what the runtime does before and after."""
        first = self.functions.get(start)
        if not first:
            return Answer(0, [name], [([name], "the program holds no libsennit.a: it must be linked "
                                               "statically")])
        around, inside = self.answer(start), self.answer(name)
        refusals = [(way, why) for way, why in around.refusals if (way, why) != ([start], INDIRECT)]
        best = Answer(around.depth, around.way, refusals + inside.refusals)
        if first.by_pointer + inside.depth > best.depth:
            best.depth, best.way = first.by_pointer + inside.depth, [start] + inside.way
        return best
