#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What simulation costs: the runtime's workloads under a seed beside the threaded scheduler, and a
fleet's week by scale. A part of bench/run.py; alone it writes its section of docs/performance.md
anew and leaves the others.

usage: bench/simulation.py [--runs N] [--devices N,...] [--no-write] [--build DIR]
"""
import argparse
import os
import re
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TITLE = "## Simulation"
# name, operations, what one is
WORKLOADS = [
    ("pingpong", 1000000, "round trip, two unbuffered channels"),
    ("yield", 4000000, "switch of two coroutines that yield"),
    ("pc11", 4000000, "value, 1 producer, 1 consumer, channel of 128"),
    ("sel4", 1000000, "value, select over four unbuffered channels"),
    ("mutex8", 4000000, "lock and unlock, 8 coroutines"),
    ("spawn10k", 1000000, "start in bursts of 10,000"),
]
MODES = ("uniform", "pct", "calm")
WEEK = os.path.join("tests", "sim", "scenarios", "fleet-week.scn")
DAYS = 7


def number(x):
    if x >= 1e6:
        return f"{x / 1e6:,.1f} M"
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def smp(bin_dir, name, n, runs):
    """CPU ns of an operation on threads, one core: the median."""
    rows = [measure.run_once([os.path.join(bin_dir, "sennit-bench"), name, str(n)], 1,
                             {"SENNIT_PROCS": "1"}, 300)[0] for _ in range(runs)]
    return measure.spread(rows, "cpu_op")[0]


def sim(bin_dir, name, mode, n, runs):
    """The figures of a mode, each run another seed."""
    return [measure.run_once([os.path.join(bin_dir, "sennit-bench-sim"), name, mode, str(n),
                              str(seed)], 1, {}, 300)[0] for seed in range(1, runs + 1)]


def runtime_table(bin_dir, runs):
    lines = [row(["workload", "smp ns", *(f"sim {m} ns" for m in MODES),
                  *(f"{m} ÷ smp" for m in MODES), "events/s", "what one is"]),
             row(["---"] + ["--:"] * 8 + ["---"])]
    for name, n, what in WORKLOADS:
        ours = smp(bin_dir, name, n, runs)
        figures = {m: sim(bin_dir, name, m, n // 4, runs) for m in MODES}
        cpu = {m: measure.spread(figures[m], "cpu_op") for m in MODES}
        lines.append(row([
            name, number(ours),
            *(f"{number(c[0])} [{number(c[1])} – {number(c[2])}]" for c in cpu.values()),
            *(f"{c[0] / ours:.1f}" for c in cpu.values()),
            number(measure.spread(figures["uniform"], "events_s")[0]), what]))
        print(lines[-1], flush=True)
    return lines


def week(bin_dir, devices):
    """One seed of the week: events, virtual seconds, CPU seconds, peak MB; None if it failed."""
    command = [os.path.join(bin_dir, "sennit-sim"), "replay", WEEK, "--seed", "1", "--set",
               f"devices={devices}", "--set", f"days={DAYS}", "--limit", "3600s"]
    p = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True)
    text = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"passed: (\S+) of virtual time, (\d+) events", text)
    if p.returncode or not found:
        print(text[-2000:], file=sys.stderr)
        return None
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    virtual = sum(float(v) * units[u]
                  for v, u in re.findall(r"([0-9.]+)(d|h|ms|us|ns|m|s)", found[1]))
    return int(found[2]), virtual, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def week_table(bin_dir, scales):
    lines = [row(["devices", "events", "CPU s", "events/s", "virtual ÷ CPU time", "peak MB"]),
             row(["--:"] * 6)]
    for devices in scales:
        got = week(bin_dir, devices)
        if got is None:
            lines.append(row([f"{devices:,}", "failed", "–", "–", "–", "–"]))
        else:
            events, virtual, cpu, peak = got
            lines.append(row([f"{devices:,}", f"{events:,}", f"{cpu:,.1f}", number(events / cpu),
                              f"{virtual / cpu:,.0f}", f"{peak:,.0f}"]))
        print(lines[-1], flush=True)
    return lines


def section(bin_dir, runs, scales):
    """The lines of the document's part."""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], text=True,
                            capture_output=True, check=False).stdout.strip() or "unknown"
    runtime = runtime_table(bin_dir, runs)
    fleet = week_table(bin_dir, scales)
    return [
        TITLE, "",
        f"Measured on {time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit}, by "
        "`bench/simulation.py`. CPU time, one core, since time in a simulation is virtual; medians "
        f"of {runs} runs [least – most], each of another seed: how often a seed interrupts is its "
        "own decision. *calm* interrupts nobody.", "", *runtime, "",
        f"A fleet's week: the real server, its database and HTTP, and so many devices that poll "
        f"every hour, with one roll-out and the faults of `{WEEK}`, {DAYS} days, one seed, calm. "
        "Virtual ÷ CPU time: how much faster than real.", "", *fleet, ""]


def write(lines):
    """Puts the section in the place of the one that the document has, or at its end."""
    path = os.path.join(ROOT, "docs", "performance.md")
    with open(path) as f:
        text = f.read()
    old = re.search(rf"^{TITLE}\n.*?(?=^## |\Z)", text, re.M | re.S)
    new = "\n".join(lines) + "\n"
    if old:
        text = text[:old.start()] + new + text[old.end():]
    else:
        text = text.rstrip("\n") + "\n\n" + new
    with open(path, "w") as f:
        f.write(text.rstrip("\n") + "\n")
    print("\nwritten: docs/performance.md")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--devices", type=lambda s: [int(d) for d in s.split(",")],
                   default=[100, 1000, 10000])
    p.add_argument("--no-write", action="store_true")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    args = p.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lines = section(os.path.join(args.build, "bin"), args.runs, args.devices)
    if not args.no_write:
        write(lines)


if __name__ == "__main__":
    main()
