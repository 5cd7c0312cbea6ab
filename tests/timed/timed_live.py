#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""sennit-timed against the live brake. What a loaded machine may do to time is not judged: the
slack is 20 s; order and what the runner says are.

timed_live.py SENNIT_TIMED BRAKE BRAKE.TIMED"""
import pathlib
import subprocess
import sys
import tempfile

TIMED, BRAKE, SCRIPT = sys.argv[1:4]
failed = []
checks = 0


def run(*args):
    return subprocess.run([TIMED, *args], capture_output=True, text=True, timeout=100)


def check(what, ok, out):
    global checks
    checks += 1
    if not ok:
        failed.append(what)
        print(f"FAIL {what}\n{out.stdout}{out.stderr}")


with tempfile.TemporaryDirectory() as folder:
    here = pathlib.Path(folder)
    out = run("run", SCRIPT, "--run", f"{BRAKE} --record {here}/record", "--slack", "20s")
    check("the brake keeps its promises", out.returncode == 0, out)
    check("four brakings were measured",
          'within 80ms "brake on"  -- min ' in out.stdout and "of 80ms (4)" in out.stdout, out)
    check("each was recorded",
          (here / "record").read_text() == "brake on\nbrake off\n" * 4, out)

    bad = here / "bad.timed"
    bad.write_text('run 1s\nsend "pedal 90" at 1ms\nnever "brake on"\n'
                   'after "pedal 90" within 10ms "brake off"\nafter "horn" within 1s "x"\n')
    out = run("run", str(bad), "--run", BRAKE)
    check("what does not hold is told", out.returncode == 1
          and 'FAIL  never "brake on"' in out.stdout
          and 'FAIL  after "pedal 90" within 10ms "brake off"' in out.stdout
          and '"horn" never came' in out.stdout and "failed: 1 run" in out.stdout, out)

    bad.write_text('run 1s\nafter "a" within 80 "b"\n')
    out = run("check", str(bad))
    check("a wrong file is named with its line", out.returncode == 2
          and f"{bad}:2:18: '80': within needs a time" in out.stderr, out)
    out = run("run", SCRIPT, "--run", "true")
    check("a program that does not listen", out.returncode == 2
          and "before it said where it listens" in out.stderr, out)
    out = run("run", SCRIPT)
    check("nothing to run against", out.returncode == 2 and "--connect" in out.stderr, out)

    early = here / "early.timed"
    early.write_text('run 60s\nsend "pedal 90" at 1ms\nnever "x"\n')
    stops = here / "stops.py"
    stops.write_text("import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
                     "print('listening on 127.0.0.1:%d' % s.getsockname()[1], flush=True)\n"
                     "c, _ = s.accept()\nc.recv(100)\nc.close()\n")
    out = run("run", str(early), "--run", f"{sys.executable} {stops}")
    check("a program that goes away breaks the run", out.returncode == 1
          and "broken: " in out.stdout, out)

print(f"{checks - len(failed)} passed, {len(failed)} failed")
sys.exit(bool(failed))
