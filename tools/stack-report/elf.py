# SPDX-License-Identifier: MIT OR Apache-2.0
"""Just enough of a 64-bit little-endian ELF file to find the proofs that it asks for, and to write
them."""
import struct

SHT_SYMTAB, SHT_RELA, SHT_NOBITS, R_RELATIVE, EM_X86_64 = 2, 4, 8, 8, 62
PROOF, STAMP = struct.Struct("<QII"), 0x736D616C


class Elf:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
        d = self.data
        if len(d) < 64 or d[:4] != b"\x7fELF" or d[4] != 2 or d[5] != 1:
            raise SystemExit(f"stack-report: {path}: not a 64-bit little-endian ELF file")
        self.machine = struct.unpack_from("<H", d, 18)[0]
        if self.machine != EM_X86_64:
            raise SystemExit(f"stack-report: {path}: machine {self.machine}; only x86-64 is read "
                             "(elsewhere: compile with -fcallgraph-info=su and use --ci)")
        self.sections = self.read_sections()

    def read_sections(self):
        d = self.data
        off, = struct.unpack_from("<Q", d, 40)
        size, n, names = struct.unpack_from("<HHH", d, 58)
        if size != 64 or off + n * size > len(d) or names >= n:
            raise SystemExit(f"stack-report: {self.path}: damaged section headers")
        raw = [struct.unpack_from("<IIQQQQIIQQ", d, off + i * size) for i in range(n)]
        strings = raw[names][4]
        out = []
        for name, kind, _, addr, at, length, _, _, _, _ in raw:
            if kind != SHT_NOBITS and at + length > len(d):
                raise SystemExit(f"stack-report: {self.path}: a section beyond the end of the file")
            end = d.index(0, strings + name)
            out.append((d[strings + name:end].decode(errors="replace"), kind, addr, at, length))
        return out

    def relative(self):
        """{address: value that the loader puts there}, in a program that can lie anywhere."""
        found = {}
        for _, kind, _, at, length in self.sections:
            if kind != SHT_RELA:
                continue
            for o in range(at, at + length - 23, 24):
                where, info, value = struct.unpack_from("<QQq", self.data, o)
                if info & 0xFFFFFFFF == R_RELATIVE:
                    found[where] = value
        return found

    def proofs(self):
        """[(offset in the file, address of the function)] of the section that SN_SMALL_PROOF makes."""
        found, moved = [], self.relative()
        for name, _, addr, at, length in self.sections:
            if name != "sennit_small":
                continue
            for o in range(0, length - PROOF.size + 1, PROOF.size):
                fn = PROOF.unpack_from(self.data, at + o)[0]
                found.append((at + o, moved.get(addr + o, fn)))
        return found

    def stamp(self, at, depth):
        struct.pack_into("<II", self.data, at + 8, depth, (depth ^ STAMP) if depth else 0)

    def write(self):
        with open(self.path, "r+b") as f:
            f.write(self.data)
