# SPDX-License-Identifier: MIT OR Apache-2.0
"""What each function of an x86-64 program does to its stack, read from its machine code.

A function is followed along its jumps with the depth of the stack pointer below the address that
its caller had before the call. So nothing is asked of the compiler, and assembly and libraries that
are linked in are read like everything else. `objdump` does the disassembly.
"""
import re
import subprocess

SYMBOL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSN = re.compile(r"^\s+([0-9a-f]+):\s+(.*?)\s*$")
PREFIXES = ("bnd ", "notrack ", "data16 ", "lock ", "rep ", "repz ", "cs ", "addr32 ")
NUMBER = re.compile(r"\$(-?0x[0-9a-f]+)$")
BELOW = re.compile(r"-0x([0-9a-f]+)\(%(rsp|rbp)[,)]")
TARGET = re.compile(r"^([0-9a-f]+) <([^>+]+)(\+0x[0-9a-f]+)?>")
VIA_GOT = re.compile(r"# [0-9a-f]+ <([^>@+]+)@")
WORD, ROUNDS, INDIRECT = 8, 64, "indirect call"
VARIABLE = "frame of variable size (alloca or a variable-length array)"


class Insn:
    __slots__ = ("at", "op", "args", "raw", "next")

    def __init__(self, at, text):
        self.at, self.raw, self.next = at, text, None
        while text.startswith(PREFIXES):
            text = text.split(" ", 1)[1].lstrip()
        self.op, _, args = text.partition(" ")
        self.args = args.strip()


class Function:
    """own: the deepest byte that it touches itself; calls: {callee: depth there}; trouble: what
    stands against any bound; by_pointer: depth at its deepest indirect call; frame: its depth at any
    call, if that is all that is known."""

    def __init__(self, name, insns):
        self.name, self.insns = name, insns
        self.own = self.frame = WORD
        self.calls, self.trouble, self.by_pointer = {}, [], 0

    def call(self, name, depth):
        self.calls[name] = max(self.calls.get(name, 0), depth)

    def blame(self, why):
        if why not in self.trouble:
            self.trouble.append(why)


def disassemble(path):
    """{name: Function} and {address: Insn} of all code in the program."""
    run = subprocess.run(["objdump", "-d", "-w", "--no-show-raw-insn", path],
                         capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"stack-report: {path}: {run.stderr.strip() or 'objdump cannot read it'}")
    functions, code, current, last = {}, {}, None, None
    for line in run.stdout.splitlines():
        head = SYMBOL.match(line)
        if head:
            # a static function of the same name in another file: told apart by its address
            name = head[2] if head[2] not in functions else f"{head[2]}@{head[1]}"
            current, last = Function(name, []), None
            functions[name] = current
            continue
        insn = INSN.match(line)
        if not insn or not current or not insn[2]:
            continue
        i = Insn(int(insn[1], 16), insn[2])
        if last:
            last.next = i
        last = i
        current.insns.append(i)
        code[i.at] = i
    return functions, code


class Walk:
    """One function, followed from its entry."""

    def __init__(self, f, code, entries):
        self.f, self.code, self.entries = f, code, entries
        self.seen, self.todo, self.parted = {}, [], []

    def go(self, i, depth, frame):
        """On to an instruction, with the stack so deep and the frame pointer at `frame`."""
        if i is None:
            return
        was, rounds = self.seen.get(i.at, (0, 0))
        if depth <= was:
            return
        if rounds == ROUNDS:
            self.f.blame(VARIABLE)
            return
        self.seen[i.at] = (depth, rounds + 1)
        self.todo.append((i, depth, frame))

    def run(self):
        if not self.f.insns:
            return
        self.go(self.f.insns[0], WORD, None)
        while self.todo or self.more_from_tables():
            self.step(*self.todo.pop())

    def more_from_tables(self):
        """The targets of jump tables are whatever has not been reached otherwise."""
        if not self.parted:
            return False
        depth, frame = max(self.parted, key=lambda p: p[0])
        for i in self.f.insns:
            if i.at not in self.seen and i.op not in ("nop", "nopw", "nopl", "int3", "xchg"):
                self.go(i, depth, frame)
                return True
        return False

    def step(self, i, depth, frame):
        f = self.f
        f.own = max(f.own, depth)
        for n, base in BELOW.findall(i.args):
            start = depth if base == "rsp" else frame
            if start is not None and i.op != "lea":
                f.own = max(f.own, start + int(n, 16))
        if i.op.startswith("call"):
            self.callee(i, depth)
            self.go(i.next, depth, frame)
        elif i.op.startswith("j"):
            self.jump(i, depth, frame)
        elif i.op not in ("ret", "retq", "ud2", "hlt"):
            self.go(i.next, *self.moved(i, depth, frame))

    def callee(self, i, depth):
        """Of a call, or of a jump that ends the function."""
        target, got = TARGET.match(i.args), VIA_GOT.search(i.raw)
        if target and target[3] and not target[2].endswith("@plt"):
            self.f.blame(f"call into the middle of {target[2]}")
        elif target:
            self.f.call(self.entries.get(int(target[1], 16), target[2]), depth)
        elif got:
            self.f.call(got[1], depth)
        else:
            self.f.blame(INDIRECT)
            self.f.by_pointer = max(self.f.by_pointer, depth)

    def jump(self, i, depth, frame):
        target = TARGET.match(i.args)
        if not target:
            if self.is_table(i, depth):
                self.parted.append((depth, frame))
            else:
                self.callee(i, depth - WORD)
            return
        at = int(target[1], 16)
        whole = at in self.entries and ".cold" not in self.entries[at]
        if whole and at != self.f.insns[0].at:
            self.callee(i, depth - WORD)
        elif not self.is_probe_loop(i, at):
            self.go(self.code.get(at), depth, frame)
        if i.op not in ("jmp", "jmpq"):
            self.go(i.next, depth, frame)

    def is_table(self, i, depth):
        """A switch, not a call through a pointer: that leaves no frame behind."""
        if "notrack" in i.raw or "(," in i.args or depth > WORD and i.args.startswith("*%"):
            return True
        before = [k for k in self.f.insns if i.at - 24 <= k.at < i.at]
        return any(k.op == "movslq" and "(" in k.args for k in before)

    def is_probe_loop(self, i, at):
        """The loop with which compilers touch each page of a large frame ends at a known depth,
        which `moved` has taken already."""
        back = [k for k in self.f.insns if at <= k.at < i.at]
        return at < i.at and len(back) <= 4 and any(
            k.op.startswith("cmp") and k.args in ("%r11,%rsp", "%rsp,%r11") for k in back)

    def moved(self, i, depth, frame):
        op, args = i.op.rstrip("q"), i.args
        if op.startswith("push"):
            return depth + WORD, frame
        if op.startswith("pop"):
            return max(depth - WORD, 0), None if args == "%rbp" else frame
        if op == "leave":
            return (frame if frame is not None else depth) - WORD, None
        if args == "%rsp,%rbp" and op == "mov":
            return depth, depth
        if args == "%rbp,%rsp" and op == "mov" and frame is not None:
            return frame, frame
        probe = re.fullmatch(r"-0x([0-9a-f]+)\(%rsp\),%r11", args) if op == "lea" else None
        if probe:
            self.f.own = max(self.f.own, depth + int(probe[1], 16))
            return depth + int(probe[1], 16) - 0x1000, frame
        if not args.endswith(",%rsp") or op in ("cmp", "test"):
            return depth, frame
        return self.moved_rsp(op, args, depth, frame)

    def moved_rsp(self, op, args, depth, frame):
        number = NUMBER.match(args.split(",")[0])
        n = int(number[1], 16) if number else None
        lea = re.fullmatch(r"(-?)0x([0-9a-f]+)\(%(rsp|rbp)\),%rsp", args)
        if n is not None and n >= 1 << 63:
            n -= 1 << 64
        if op == "sub" and n is not None:
            return depth + n, frame
        if op == "add" and n is not None:
            return max(depth - n, 0), frame
        if op == "and" and n is not None and n < 0:
            return depth - n, frame
        if op == "lea" and lea and (lea[3] == "rsp" or frame is not None):
            n = int(lea[2], 16) * (1 if lea[1] else -1)
            return (depth if lea[3] == "rsp" else frame) + n, frame
        if op == "sub" or op == "mov" and args.startswith("%"):
            self.f.blame(VARIABLE)
        else:
            self.f.blame(f"stack pointer set by `{op} {args}`")
        return depth, frame


def read(path):
    """{name: Function} of the program at `path`, each with its depth and what it calls."""
    functions, code = disassemble(path)
    entries = {f.insns[0].at: f.name for f in functions.values() if f.insns}
    for f in functions.values():
        if f.name.endswith("@plt") or ".cold" in f.name:
            continue
        Walk(f, code, entries).run()
    return functions
