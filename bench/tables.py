#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tables of the runtime that compare more than one figure, as rows of Markdown.

    bench/tables.py [fair mutex cancel timers ring] [--runs N] [--build DIR]

fair     a sleeper of 1 ms beside hogs, on one P, beside Go
mutex    normal and starvation mode at 1000 contenders, beside Go
cancel   from a cancel to the return of 1, 100, 10,000 coroutines, beside Go
timers   a million armed at once, beside Go
ring     a real-time thread that hands over by a ring, a channel, a condition
Each takes less than two minutes. Without a name: all of them.
"""
import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def row(cells):
    return "| " + " | ".join(cells) + " |"


def head(cells, left=1):
    return [row(cells), row(["---"] * left + ["--:"] * (len(cells) - left))]


def number(x):
    if x >= 1000:
        return f"{x:,.0f}"
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 1 else f"{x:.2f}"


def median(rows, key):
    values = [r[key] for r in rows if key in r]
    return statistics.median(values) if values else None


def cell(rows, key):
    m = median(rows, key)
    return "–" if m is None else number(m)


def ratio(ours, theirs, key):
    a, b = median(ours, key), median(theirs, key)
    return f"{a / b:.3f}" if a is not None and b else "–"


class Programs:
    """Where the programs are, and how often each runs."""

    def __init__(self, bin_dir, go_dir, runs):
        self.bin_dir, self.go_dir, self.runs = bin_dir, go_dir, runs

    def commands(self, words, cores, barging=False):
        def ours(name):
            return [os.path.join(self.bin_dir, name), *words], {"SENNIT_PROCS": str(cores)}
        found = {"Sennit": ours("sennit-bench")}
        if barging:
            found["barging"] = ours("sennit-bench-barging")
        if self.go_dir:
            found["Go"] = ([os.path.join(self.go_dir, "gobench"), *words],
                           {"GOMAXPROCS": str(cores)})
        return found

    def run(self, words, cores, barging=False):
        """{who: [figures]}, the programs taking turns."""
        rows, _noisy = measure.run_many(self.commands(words, cores, barging), cores, self.runs)
        return rows

    def run_lines(self, words, cores, ours_only=False):
        """{who: [the lines of each run]}: for workloads that print more than one."""
        commands = self.commands(words, cores)
        if ours_only:
            commands.pop("Go", None)
        found = {who: [] for who in commands}
        for _ in range(self.runs):
            for who, (argv, env) in commands.items():
                done = subprocess.run(argv, env={**os.environ, **env}, stdout=subprocess.PIPE,
                                      text=True, check=True,
                                      preexec_fn=measure.pinned(measure.CPUS[:cores]))
                found[who].append(done.stdout.strip().splitlines())
        return found


def words_of(line):
    return dict(t.split("=", 1) for t in line.split() if "=" in t)


def figures(line, skip=("shape", "way")):
    return {k: float(v) for k, v in words_of(line).items() if k not in skip}


def fair(p):
    lines = head(["beside the sleeper", "Sennit p50, µs", "p99", "max", "Go p50, µs", "p99", "max",
                  "p50 ÷ Go's", "p99 ÷ Go's"])
    for name, what in (("preempt", "one that never stops"), ("preempt32", "32 that never stop"),
                       ("compute8", "8 that compute 5 ms and yield")):
        rows = p.run([name], 1)
        ours, theirs = rows["Sennit"], rows.get("Go", [])
        lines.append(row([what, *(cell(r, k) for r in (ours, theirs)
                                  for k in ("p50_us", "p99_us", "max_us")),
                          ratio(ours, theirs, "p50_us"), ratio(ours, theirs, "p99_us")]))
    return lines


def mutex(p):
    cores = min(2, len(measure.CPUS))
    lines = head(["mutex", "locked, a second", "wait p50, µs", "p90", "p99", "max",
                  "turns of the unluckiest", "of the luckiest"])
    names = {"Sennit": "with starvation mode, as it is", "barging": "without starvation mode",
             "Go": "Go's `sync.Mutex`"}
    for who, rows in p.run(["contend", "1000"], cores, barging=True).items():
        keys = ("ops_s", "wait_p50_us", "wait_p90_us", "wait_p99_us", "wait_max_us", "least", "most")
        lines.append(row([names[who], *(cell(rows, k) for k in keys)]))
    return lines


def cancel(p):
    cores = min(2, len(measure.CPUS))
    lines = head(["coroutines", "shape", "Sennit p50, µs", "p90", "p99", "max", "Go p50, µs", "p90",
                  "p99", "max", "p50 ÷ Go's"], left=2)
    runs = p.run_lines(["cancel"], cores)
    for i, first in enumerate(runs["Sennit"][0]):
        rows = {who: [figures(lines_[i]) for lines_ in of] for who, of in runs.items()}
        ours, theirs = rows["Sennit"], rows.get("Go", [])
        keys = ["each_p50_us", "each_p90_us", "each_p99_us", "each_max_us"]
        w = words_of(first)
        lines.append(row([f"{int(w['n']):,}", w["shape"], *(cell(r, k) for r in (ours, theirs)
                                                            for k in keys),
                          ratio(ours, theirs, "each_p50_us")]))
    return lines


def timers(p):
    lines = head(["1,000,000 timers, one core", "Sennit", "Go", "÷ Go's"])
    rows = p.run(["armed", "1000000"], 1)
    ours, theirs = rows["Sennit"], rows.get("Go", [])
    for key, what in (("arm_ns", "arming one, ns (a scope's deadline; Go: `time.AfterFunc`)"),
                      ("cancel_ns", "taking it back, ns"),
                      ("fire_cpu_ns", "CPU of firing, and of the coroutine it wakes, ns"),
                      ("late_p50_us", "how late, p50, µs"), ("late_p99_us", "p99, µs"),
                      ("hwm_kb", "memory with as many coroutines asleep, kB")):
        lines.append(row([what, cell(ours, key), cell(theirs, key), ratio(ours, theirs, key)]))
    return lines


def ring(p):
    lines = head(["hand-over by", "real-time", "holds the thread up: p50, µs", "p99", "max",
                  "period late: p99", "max", "age on arrival: p50", "p99", "max"], left=2)
    runs = p.run_lines(["jitter"], 1, ours_only=True)["Sennit"]
    keys = ("held_p50_ns", "held_p99_ns", "held_max_ns", "late_p99_ns", "late_max_ns",
            "age_p50_ns", "age_p99_ns", "age_max_ns")
    for i, first in enumerate(runs[0]):
        rows = [{k: v / 1000 for k, v in figures(lines_[i]).items()} for lines_ in runs]
        w = words_of(first)
        lines.append(row([w["way"], "yes" if w["fifo"] == "1" else "not allowed",
                          *(cell(rows, k) for k in keys)]))
    return lines


TABLES = {"fair": (fair, 3), "mutex": (mutex, 5), "cancel": (cancel, 3), "timers": (timers, 3),
          "ring": (ring, 3)}


def table(name, bin_dir, go_dir, runs=None):
    """The lines of one table. go_dir: where gobench is; None: without Go."""
    make, usual = TABLES[name]
    return make(Programs(bin_dir, go_dir, runs or usual))


def build_go(folder):
    """gobench into the folder; None where there is no Go."""
    found = [g for g in [shutil.which("go"), *sorted(glob.glob("/usr/lib/go-*/bin/go"))] if g]
    if not found:
        return None
    env = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
           "GOCACHE": os.path.join(folder, "cache"), "GOFLAGS": "-buildvcs=false"}
    subprocess.run([found[-1], "build", "-o", os.path.join(folder, "gobench"), "./bench"],
                   cwd=os.path.join(ROOT, "bench", "go"), env=env, check=True)
    return folder


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("names", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    p.add_argument("--runs", type=int, help="of each program; the table's own number")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    args = p.parse_args()
    for name in args.names:
        if name not in TABLES:
            p.error(f"no table '{name}'; there are {', '.join(TABLES)}")
    with tempfile.TemporaryDirectory() as folder:
        go_dir = build_go(folder)
        for name in args.names or TABLES:
            print(f"{name}\n")
            print("\n".join(table(name, os.path.join(args.build, "bin"), go_dir, args.runs)), "\n",
                  flush=True)


if __name__ == "__main__":
    main()
