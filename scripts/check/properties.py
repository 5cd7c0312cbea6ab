#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the port's assembly says of itself: landing pads (IBT, BTI) yes, shadow stacks (SHSTK, GCS)
no, no executable stack, a type and a size for each function. And libsennit.so asks for no shadow
stack, whatever its C was compiled with."""
import struct

import common

X86_64, AARCH64 = 62, 183
FEATURES = {X86_64: 0xc0000002, AARCH64: 0xc0000000}  # GNU_PROPERTY_…_FEATURE_1_AND
LANDING = {X86_64: 1, AARCH64: 1}                     # IBT, BTI
SHADOW = {X86_64: 2, AARCH64: 4}                      # SHSTK, GCS
FUNCTIONS = {"sn__ctx_switch", "sn__ctx_leave", "sn__ctx_start", "sn__tls_get", "sn__tls_set"}
FUNC, EXECUTES = 2, 4


class Elf:
    """A little-endian ELF file: `machine`, and sections as {name: (flags, bytes)}."""

    def __init__(self, path):
        b = path.read_bytes()
        self.wide = b[4] == 2
        self.machine, = struct.unpack_from("<H", b, 18)
        shoff, = struct.unpack_from("<Q" if self.wide else "<I", b, 40 if self.wide else 32)
        size, count, names = struct.unpack_from("<HHH", b, 58 if self.wide else 46)
        form = "<IIQQQQII" if self.wide else "<10I"
        heads = [struct.unpack_from(form, b, shoff + i * size) for i in range(count)]
        self.sections = {}
        for h in heads:
            at = heads[names][4] + h[0]
            name = b[at:b.index(b"\0", at)].decode()
            self.sections[name] = (h[2], b[h[4]:h[4] + h[5]] if h[1] != 8 else b"")

    def features(self):
        """The bits of the feature property; 0 without one."""
        note = self.sections.get(".note.gnu.property", (0, b""))[1]
        step = 8 if self.wide else 4
        at = 16  # after the head: sizes, type, "GNU"
        while at + 8 <= len(note):
            kind, n = struct.unpack_from("<II", note, at)
            if kind == FEATURES.get(self.machine) and n == 4:
                return struct.unpack_from("<I", note, at + 8)[0]
            at += 8 + (n + step - 1) // step * step
        return 0

    def functions(self):
        """{name: size} of what .symtab has as functions."""
        table, names = self.sections[".symtab"][1], self.sections[".strtab"][1]
        found = {}
        for at in range(0, len(table), 24 if self.wide else 16):
            if self.wide:
                name, info, _, _, _, size = struct.unpack_from("<IBBHQQ", table, at)
            else:
                name, _, size, info, _, _ = struct.unpack_from("<IIIBBH", table, at)
            if info & 0xf == FUNC:
                found[names[name:names.index(b"\0", name)].decode()] = size
        return found


def in_assembly(elf, path):
    landing = LANDING.get(elf.machine)
    if landing and not elf.features() & landing:
        yield path, 1, "is not marked for landing pads (IBT, BTI)"
    if elf.features() & SHADOW.get(elf.machine, 0):
        yield path, 1, "is marked for shadow stacks, which its switch does not know"
    stack = elf.sections.get(".note.GNU-stack")
    if stack is None or stack[0] & EXECUTES:
        yield path, 1, "asks for an executable stack"
    functions = elf.functions()
    for name in sorted(FUNCTIONS):
        if not functions.get(name):
            yield path, 1, f"{name} has no type or no size"


def check(tree):
    objects = sorted(tree.build.glob("src/port/**/switch.S.o"))
    if not objects:
        yield str(tree.build / "src" / "port"), 1, "no switch was built"
    for path in objects:
        yield from in_assembly(Elf(path), path.name)
    for path in sorted((tree.build / "lib").glob("libsennit.so.[0-9]*.*")):
        elf = Elf(path)
        if elf.features() & SHADOW.get(elf.machine, 0):
            yield path.name, 1, "is marked for shadow stacks"


if __name__ == "__main__":
    common.run(check, __doc__)
