#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""No compiler and no link-time optimiser looks through the switch or keeps a thread's variable over
it. Disassembles the library, as it was built and as gcc and clang make it at -O2 and with link-time
optimisation: the accessors are called each time, and nothing else reads the thread pointer.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import common

ACCESSORS = ("sn__tls_get", "sn__tls_set")
SWITCH = "sn__ctx_switch"
# Functions that may read a thread's variable themselves, since they run on threads that are not
# ours and never change theirs.
FOREIGN = ("sn__enter_foreign", "foreign_gone")
PARTS = ("sn_port.dir", "sn_core_smp.dir", "sn_sched_smp.dir")
# Two looks with a park between them: both must be calls.
PROBE = """
void *sn__tls_get(void);
int sn_yield(void);
__attribute__((visibility("default"))) int probe_twice(void);
int probe_twice(void) {
    void *a = sn__tls_get();
    int rc = sn_yield();
    void *b = sn__tls_get();
    return rc + (a == b);
}
"""
# What the check must find: an accessor in C, inlined, its address kept over the park.
PLANTED = """
int sn_yield(void);
static _Thread_local int counter;
__attribute__((visibility("default"))) int planted(void);
int planted(void) {
    counter++;
    int rc = sn_yield();
    counter++;
    return rc;
}
"""
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
CALL = re.compile(r"\b(?:call|jmp)q?\s+[0-9a-f]+ <([^>+@]+)")
THREAD = re.compile(r"%fs:(?!0x28\b)|__tls_get_addr")  # 0x28: the stack protector's


def disassemble(library):
    """{function: [instruction, …]}"""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(library)], check=True,
                         capture_output=True, text=True).stdout
    code, lines = {}, None
    for line in out.splitlines():
        begin = FUNCTION.match(line)
        if begin:
            lines = code.setdefault(begin.group(1).split(".")[0], [])
        elif lines is not None:
            lines.append(line)
    return code


def calls(lines, name):
    return sum(1 for l in lines if (m := CALL.search(l)) and m.group(1) == name)


def findings(code, what, probe):
    for name in (*ACCESSORS, SWITCH):
        if name not in code:
            yield what, 1, f"{name} is no function of its own"
    for name, lines in code.items():
        bad = [l for l in lines if THREAD.search(l)]
        if bad and not name.endswith("@plt") and name not in ACCESSORS + FOREIGN:
            yield what, 1, f"{name} reads the thread's own memory:{bad[0].split(':', 1)[1]}"
    if not any(calls(lines, SWITCH) for lines in code.values()):
        yield what, 1, f"nobody calls {SWITCH}"
    if probe and calls(code.get("probe_twice", []), "sn__tls_get") != 2:
        yield what, 1, "a second look at the thread's pointer, after a park, is no second call"


def sources(tree):
    """[(source, include options)] of the scheduler, as the build compiles them."""
    path = tree.build / "compile_commands.json"
    if not path.exists():
        raise common.Skip(f"no {path}: configure first")
    found = []
    for entry in json.loads(path.read_text()):
        words = entry["command"].split()
        if not any(p in entry.get("output", words[words.index("-o") + 1]) for p in PARTS):
            continue
        found.append((entry["file"], [w for w in words if w.startswith(("-I", "-D"))]))
    return found


def compile_all(cc, options, files, folder):
    """Objects of `files`, as many at once as there are CPUs; an Exception says what failed."""
    jobs, objects = [], []
    base = ["-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-omit-frame-pointer", "-c"]
    for i, (source, flags) in enumerate(files):
        objects.append(str(pathlib.Path(folder) / f"{i}.o"))
        jobs.append([cc, *base, *options, *flags, source, "-o", objects[-1]])
    running = []
    while jobs or running:
        while jobs and len(running) < (os.cpu_count() or 1):
            running.append(subprocess.Popen(jobs.pop()))
        if running.pop(0).wait():
            raise RuntimeError(f"{cc} {' '.join(options)} failed")
    return objects


def link(cc, options, objects, library):
    subprocess.run([cc, "-O2", "-shared", "-pthread", *options, *objects, "-o", str(library)],
                   check=True, capture_output=True)


def variants():
    """Compilers and options besides those of the build, which are gcc's or clang's at -O2."""
    for cc, options, tool in (("gcc", ["-flto"], "gcc"), ("clang", [], "clang"),
                              ("clang", ["-flto", "-fuse-ld=lld"], "ld.lld")):
        if shutil.which(cc) and shutil.which(tool):
            yield cc, options
        else:
            print(f"inlining: without {' '.join([cc, *options])}: no {tool}")


def check_variant(cc, options, files):
    what = " ".join([cc, "-O2", *options])
    with tempfile.TemporaryDirectory() as folder:
        own = pathlib.Path(folder) / "probe.c"
        own.write_text(PROBE)
        bad = pathlib.Path(folder) / "planted.c"
        bad.write_text(PLANTED)
        compiling = [o for o in options if not o.startswith("-fuse-ld")]
        objects = compile_all(cc, compiling, [*files, (str(own), []), (str(bad), [])], folder)
        library = pathlib.Path(folder) / "libsennit.so"
        link(cc, options, objects[:-1], library)
        yield from findings(disassemble(library), what, True)
        link(cc, options, objects, library)
        if not any("planted" in message for _, _, message in findings(disassemble(library), what,
                                                                      True)):
            yield what, 1, "the check does not see a planted read of a thread's variable"


def check(tree):
    if os.uname().machine != "x86_64":
        raise common.Skip("it reads x86-64 only")
    if not shutil.which("objdump"):
        raise common.Skip("no objdump")
    library = tree.build / "lib" / "libsennit.so"
    if not library.exists():
        raise common.Skip(f"no {library}: build first")
    files = sources(tree)
    code = {n: l for n, l in disassemble(library).items() if n.startswith("sn_")}
    yield from findings(code, library.name, False)
    for cc, options in variants():
        yield from check_variant(cc, options, files)


if __name__ == "__main__":
    common.run(check, __doc__)
