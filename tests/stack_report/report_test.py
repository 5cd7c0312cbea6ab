#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The stack report on functions that have a bound and on those that have none: by each compiler
and level of optimisation from the machine code, and from gcc's own call graph. And on files that
are no programs."""
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "../../tools/stack-report/stack_report.py")
SAMPLES = os.path.join(HERE, "samples.c")
WHY = {"no_recursion": "recursion", "no_even": "recursion", "no_pointer": "indirect call",
       "no_pointer_at_the_end": "indirect call", "no_alloca": "variable", "no_library": "not in the",
       "no_variable_array": "variable", "no_far_below": "not in the", "no_sort": "not in the"}
passed = failed = 0


def check(what, ok, seen=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"FAIL {what}\n{seen}", file=sys.stderr)


def tool(*args):
    run = subprocess.run([sys.executable, TOOL, *args], capture_output=True, text=True, timeout=100,
                         check=False)
    return run.returncode, run.stdout, run.stderr


def names(kind):
    with open(SAMPLES, encoding="utf-8") as f:
        return sorted(set(re.findall(rf"\b{kind}_\w+", f.read())))


def answers(out):
    """{function: its lines}."""
    found, current = {}, None
    for line in out.splitlines():
        if not line.startswith(" "):
            current = line.split(":")[0]
        found[current] = found.get(current, "") + line + "\n"
    return found


def check_bounds(title, *where):
    rc, out, err = tool(*where, *names("yes"))
    check(f"{title}: all that have a bound", rc == 0, out + err)
    for name, text in answers(out).items():
        depth = int((re.search(r": (\d+) bytes", text) or [0, -1])[1])
        least = int((re.search(r"_(\d+)$", name) or [0, 0])[1])
        check(f"{title}: {name} has a bound", least <= depth <= least + 900, text)
    rc, out, err = tool(*where, *names("no"))
    check(f"{title}: those that have none", rc == 1, out + err)
    for name, text in answers(out).items():
        check(f"{title}: {name} has none", "no bound" in text and WHY.get(name, "") in text, text)


def machine_code(folder):
    if platform.machine() != "x86_64":
        print("skipped: machine code: the tool reads x86-64 only")
        return
    for compiler in ("gcc", "clang"):
        if not shutil.which(compiler):
            print(f"skipped: {compiler}: not here")
            continue
        for flags in ("-O2 -fno-omit-frame-pointer -fstack-clash-protection", "-O0", "-Os -fPIE -pie"):
            program = os.path.join(folder, "samples")
            subprocess.run([compiler, *flags.split(), "-w", SAMPLES, "-o", program], check=True)
            check_bounds(f"{compiler} {flags}", program)


def call_graph(folder):
    program = os.path.join(folder, "ci", "samples")
    os.mkdir(os.path.dirname(program))
    run = subprocess.run(["gcc", "-O1", "-w", "-fcallgraph-info=su", SAMPLES, "-o", program],
                         cwd=os.path.dirname(program), capture_output=True, text=True, check=False)
    if run.returncode:
        print("skipped: gcc's call graph: this gcc has no -fcallgraph-info")
        return
    check_bounds("-fcallgraph-info", "--ci", os.path.dirname(program))


def bad_files(folder):
    path = os.path.join(folder, "bad")
    with open(TOOL, "rb") as f, open(path, "wb") as out:
        out.write(f.read())
    rc, _, err = tool(path)
    check("a text is no program", rc == 2 and "not a 64-bit" in err, err)
    rc, _, err = tool(os.path.join(folder, "nothing"))
    check("a file that is not there", rc == 2 and "nothing" in err, err)
    with open(sys.executable, "rb") as f, open(path, "wb") as out:
        out.write(f.read(3000))
    rc, _, err = tool(path)
    check("a program cut off", rc == 2 and "Traceback" not in err, err)
    rc, _, err = tool("--ci", folder + "/empty")
    check("no call graph there", rc == 2 and "-fcallgraph-info=su" in err, err)


def main():
    if not shutil.which("objdump") or not shutil.which("gcc"):
        print("skipped: objdump or gcc is not here")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        machine_code(folder)
        call_graph(folder)
        bad_files(folder)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
