#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which of the bugs planted in the core do the tests on threads find?

Links the core's tests (unit, conformance) as they are built in BUILD with each bug in place of the
true object, runs each with 1, 2 and 8 Ps, and prints a line a bug. For comparison with table.py.
"""
import argparse
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plant  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SECONDS = 60  # a run that takes longer hangs


def compile_command(build, source):
    """The words that compile a core file for threads."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        for entry in json.load(f):
            if entry["file"] == source and "sn_core_smp" in entry["command"]:
                return shlex.split(entry["command"])
    sys.exit(f"{build} does not compile {source} for threads")


def compile_bug(build, name, folder):
    bug = os.path.join(HERE, name + ".bug")
    head, _ = plant.read_bug(bug)
    copy, out = os.path.join(folder, name + ".c"), os.path.join(folder, name + ".o")
    plant.plant(bug, ROOT, copy)
    source = os.path.join(ROOT, head["file"])
    words = compile_command(build, source)
    words[words.index("-o") + 1] = out
    words[words.index(source)] = copy
    subprocess.run(words, cwd=build, check=True)
    return out


def link(build, target, planted, folder):
    objects = glob.glob(os.path.join(build, "tests", "*", "CMakeFiles", target + ".dir", "**", "*.o"),
                        recursive=True)
    if not objects:
        sys.exit(f"{target} is not built")
    program = os.path.join(folder, target)
    subprocess.run(["cc", "-o", program, planted, *objects, os.path.join(build, "lib/libsennit.a"),
                    "-lpthread", "-lm"], check=True)
    return program


def ends_well(program, procs):
    env = {**os.environ, "SENNIT_PROCS": str(procs)}
    try:
        done = subprocess.run([program], env=env, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def targets(build):
    names = (os.path.basename(d)[:-4] for d in
             glob.glob(os.path.join(build, "tests", "unit", "CMakeFiles", "*_smp.dir")) +
             glob.glob(os.path.join(build, "tests", "conformance", "CMakeFiles", "*_smp.dir")))
    return sorted(names)


def core_bugs():
    for path in sorted(glob.glob(os.path.join(HERE, "*.bug"))):
        if plant.read_bug(path)[0]["file"].startswith("src/core/"):
            yield os.path.basename(path)[:-4]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--build", default="build", help="the build folder")
    build = os.path.abspath(p.parse_args().build)
    with tempfile.TemporaryDirectory() as folder:
        for name in core_bugs():
            planted = compile_bug(build, name, folder)
            found = [f"{t} ({procs})" for t in targets(build)
                     for procs in (1, 2, 8)
                     if not ends_well(link(build, t, planted, folder), procs)]
            print(f"{name}: {', '.join(found) or 'not found'}", flush=True)


if __name__ == "__main__":
    main()
