#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""instructions.py [--bin DIR] [--only NAME,...] [--by FOLDER]: what a request costs in user space.

Counts instructions by callgrind, which sees no kernel: of each server those of a long run less
those of a short one, divided by the requests between. Server and load share a CPU, and the server
does not go before the load when it wakes; so all connections of a round are ready when it looks.
The runtime's monitor, a thread that looks every 10 ms and which callgrind slows down, is left out.
--by keeps callgrind's files, for callgrind_annotate.
"""
import argparse
import collections
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402
import run  # noqa: E402
import servers  # noqa: E402

CONNECTIONS = 64
ROUNDS = (20, 220)
BYTES = b"x" * 64
LEAST = 3  # instructions, to be named


def makers(bin_dir):
    def sennit(workload):
        return lambda folder, port: ([os.path.join(bin_dir, "sennit-bench"), workload,
                                      f"127.0.0.1:{port}"], {"SENNIT_PROCS": "1"})
    return {
        "echo, bare": (lambda folder, port: ([os.path.join(bin_dir, "sennit-bare"), str(port)],
                                             {}), BYTES),
        "echo, Sennit": (sennit("echo"), BYTES),
        "hello, nginx": (lambda folder, port: (servers.nginx_command(folder, port), {}),
                         servers.REQUEST),
        "hello, Sennit": (sennit("hello"), servers.REQUEST),
    }


def behind():
    """A preexec_fn: on the load's CPU, and never before the load."""
    os.sched_setaffinity(0, measure.CPUS[:1])
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def connect(port, limit=30):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            return socket.create_connection(("127.0.0.1", port), limit)
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")


def ask(all_of_them, request, rounds):
    for _ in range(rounds):
        for s in all_of_them:
            s.sendall(request)
        for s in all_of_them:
            if not s.recv(4096):
                raise RuntimeError("the server closed a connection")


def costs(folder):
    """Instructions of each function itself, of all threads but the monitor."""
    total = collections.Counter()
    for path in glob.glob(os.path.join(folder, "callgrind.out*")):
        own = of_thread(path)
        if "sn__handover" not in own:
            total += own
    return total


def of_thread(path):
    """A name stands beside its number once; the line after calls= is another function's cost."""
    names, own, at, callee = {}, collections.Counter(), None, False
    with open(path) as f:
        for line in f:
            found = re.match(r"(c?fn)=\((\d+)\)(?: (\S+))?", line)
            if found:
                if found[3]:
                    names[found[2]] = re.sub(r"'\d+$", "", found[3])
                if found[1] == "fn":
                    at = names[found[2]]
            elif line.startswith("calls="):
                callee = True
            elif at and re.match(r"[+\-*\d]", line):
                if not callee:
                    own[at] += int(line.split()[1])
                callee = False
    return own


def one(make, request, rounds, folder):
    port = servers.free_port()
    argv, env = make(folder, port)
    argv = ["valgrind", "--tool=callgrind", "--separate-threads=yes", "-q",
            f"--callgrind-out-file={folder}/callgrind.out"] + argv
    p = subprocess.Popen(argv, env={**os.environ, **env}, preexec_fn=behind,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first = connect(port)
        conns = [first] + [connect(port) for _ in range(CONNECTIONS - 1)]
        ask(conns, request, rounds)
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait(30)
    for s in conns:
        s.close()
    return costs(folder)


def count(make, request, keep):
    """{function: instructions of a request}"""
    seen = []
    os.sched_setaffinity(0, measure.CPUS[:1])
    for rounds in ROUNDS:
        folder = os.path.join(keep, str(rounds))
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        seen.append(one(make, request, rounds, folder))
    os.sched_setaffinity(0, measure.CPUS)
    n = CONNECTIONS * (ROUNDS[1] - ROUNDS[0])
    return {name: (seen[1][name] - seen[0][name]) / n for name in seen[1]}


def shown(lines, line):
    lines.append(line)
    print(line, flush=True)


def table(bin_dir, keep=None, only=None):
    """Its lines, which are also printed as they come. What follows tells where the echo's are."""
    lines, echo = [], {}
    shown(lines, run.row(["server", "instructions of a request"]))
    shown(lines, run.row(["---", "--:"]))
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, request) in makers(bin_dir).items():
            if (only and name not in only) or ("nginx" in name and not servers.find_nginx()):
                continue
            by = count(make, request, os.path.join(keep or folder, re.sub(r"\W+", "-", name)))
            shown(lines, run.row([name, f"{sum(by.values()):.0f}"]))
            echo = by if name == "echo, Sennit" else echo
    top = sorted(((n, name) for name, n in echo.items() if n >= LEAST), reverse=True)
    if top:
        shown(lines, "")
        shown(lines, "Of the echo's: " + ", ".join(f"`{name}` {n:.0f}" for n, name in top) + ".")
    return lines


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--bin", default=os.path.join(run.ROOT, "build", "bin"))
    args.add_argument("--only", help="these, with semicolons between")
    args.add_argument("--by")
    args = args.parse_args()
    if not shutil.which("valgrind"):
        raise SystemExit("instructions.py: valgrind is not installed")
    table(args.bin, args.by, args.only.split(";") if args.only else None)


if __name__ == "__main__":
    main()
