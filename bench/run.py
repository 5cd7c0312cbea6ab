#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures sennit-bench beside the same workloads in Go, and the HTTP hello server beside Go's and
nginx, where those are installed. Prints the tables; a full run writes docs/performance.md.

usage: bench/run.py [--runs N] [--quick] [--only NAME,...] [--no-write] [--build DIR]
"""
import argparse
import glob
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import measure  # noqa: E402
import servers  # noqa: E402
import simulation  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name, count (None: the workload's own), cores, the figure that is compared, its unit, what it is
WORKLOADS = [
    ("yield", None, 1, "ns_op", "ns", "switch of two coroutines that yield"),
    ("spawn1", None, 1, "ns_op", "ns", "start one and wait for it"),
    ("spawn1", None, 2, "ns_op", "ns", "the same"),
    ("spawn10k", None, 1, "ns_op", "ns", "start in bursts of 10,000"),
    ("spawn10k", None, 2, "ns_op", "ns", "the same"),
    ("spawn1m", None, 1, "ns_op", "ns", "start a million at once"),
    ("spawn1m", None, 2, "ns_op", "ns", "the same"),
    ("pingpong", None, 1, "ns_op", "ns", "round trip, two unbuffered channels"),
    ("pingpong", None, 2, "ns_op", "ns", "the same"),
    ("pc11", None, 1, "ns_op", "ns", "value, 1 producer, 1 consumer, channel of 128"),
    ("pc11", None, 2, "ns_op", "ns", "the same"),
    ("pc44", None, 1, "ns_op", "ns", "value, 4 producers, 4 consumers"),
    ("pc44", None, 2, "ns_op", "ns", "the same"),
    ("sel4", None, 1, "ns_op", "ns", "value, select over four unbuffered channels"),
    ("sel4", None, 2, "ns_op", "ns", "the same"),
    ("mutex8", None, 1, "ns_op", "ns", "lock and unlock, 8 coroutines"),
    ("mutex8", None, 2, "ns_op", "ns", "the same"),
    ("mutex8w", None, 2, "ns_op", "ns", "the same with 100 ns of other work between"),
    ("skynet", None, 1, "ms", "ms", "a tree of a million coroutines"),
    ("skynet", None, 2, "ms", "ms", "the same"),
    ("skynet", None, 1, "hwm_kb", "kB", "its memory at most"),
    ("idle", 1000000, 1, "rss_b", "bytes", "memory of a coroutine that waits, of 1,000,000"),
    ("idle", 1000000, 1, "create_ns", "ns", "starting it"),
    ("timers", 10000, 1, "cpu_ns", "ns", "CPU of one wake-up, 10,000 sleepers of 1 to 100 ms"),
    ("timers", 10000, 1, "p99_us", "µs", "how late it is, p99"),
    ("timers", 100000, 1, "cpu_ns", "ns", "CPU of one wake-up of 100,000, which is too many"),
    ("timers", 100000, 1, "p99_us", "µs", "how late it is, p99; both count to 200,000"),
    ("readfile", None, 1, "ns_op", "ns", "read of 4 KiB of a cached file, 100 coroutines"),
    ("readfile", None, 2, "ns_op", "ns", "the same"),
    ("blocksys", None, 2, "ns_op", "ns", "system call that blocks for 1 ms, 100 coroutines"),
    ("blockhint", None, 2, "ns_op", "ns", "the same, by `sn_blocking`"),
    ("preempt", None, 1, "p99_us", "µs", "how late a 1 ms sleeper is beside a hog, p99"),
]
# The CPU time that belongs to a figure, of all cores together.
CPU_OF = {"ns_op": "cpu_op", "ms": "cpu_op"}
QUICK = {"yield": 500000, "spawn1": 50000, "spawn10k": 50000, "spawn1m": 50000,
         "pingpong": 100000, "pc11": 500000, "pc44": 500000, "sel4": 100000, "mutex8": 400000,
         "mutex8w": 200000, "idle": 10000, "timers": 1000, "readfile": 100000,
         "blocksys": 10000, "blockhint": 20000}


def find_go():
    """The newest Go here."""
    found = [g for g in [shutil.which("go"), *sorted(glob.glob("/usr/lib/go-*/bin/go"))] if g]
    return found[-1] if found else None


def build_go(go, folder):
    env = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
           "GOCACHE": os.path.join(folder, "cache"), "GOFLAGS": "-buildvcs=false"}
    for name, flags in (("bench", []), ("hello", ["-ldflags=-s -w"])):
        subprocess.run([go, "build", *flags, "-o", os.path.join(folder, "go" + name), "./" + name],
                       cwd=os.path.join(ROOT, "bench", "go"), env=env, check=True)


def number(x):
    if x >= 1000:
        return f"{x:,.0f}"
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}"


def cell(s, noisy=False):
    if s is None:
        return "–"
    return f"{number(s[0])}{' ~' if noisy else ''} [{number(s[1])} – {number(s[2])}]"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def ratio(ours, theirs):
    return f"{ours[0] / theirs[0]:.2f}" if ours and theirs and theirs[0] > 0 else "–"


def figure_workload(name, n, cores, bin_dir, go_dir, args):
    """Both programs on one workload: {who: [figures]}, and who was disturbed."""
    count = [str(QUICK[name])] if args.quick and name in QUICK else [str(n)] if n else []
    commands = {"sennit": ([os.path.join(bin_dir, "sennit-bench"), name, *count],
                           {"SENNIT_PROCS": str(cores)})}
    if go_dir:
        commands["go"] = ([os.path.join(go_dir, "gobench"), name, *count],
                          {"GOMAXPROCS": str(cores)})
    return measure.run_many(commands, cores, args.runs)


def runtime_table(bin_dir, go_dir, args):
    lines = [row(["workload", "cores", "unit", "Sennit", "Go", "Sennit ÷ Go", "CPU ÷ Go's",
                  "what one is"]), row(["---", "--:", "---", "--:", "--:", "--:", "--:", "---"])]
    done = {}
    for name, n, cores, key, unit, what in WORKLOADS:
        if args.only and name not in args.only or cores > len(measure.CPUS):
            continue
        if (name, n, cores) not in done:
            done[name, n, cores] = figure_workload(name, n, cores, bin_dir, go_dir, args)
        rows, noisy = done[name, n, cores]
        ours, theirs = measure.spread(rows["sennit"], key), measure.spread(rows.get("go", []), key)
        lines.append(row([name, str(cores), unit, cell(ours, "sennit" in noisy),
                          cell(theirs, "go" in noisy), ratio(ours, theirs),
                          ratio(*(measure.spread(rows.get(who, []), CPU_OF.get(key, ""))
                                  for who in ("sennit", "go"))), what]))
        print(lines[-1], flush=True)
    return lines


def server_makers(bin_dir, go_dir):
    """{name: function of (folder, port) giving (argv, environment)}."""
    def sennit(_folder, port):
        return ([os.path.join(bin_dir, "sennit-hello"), f"127.0.0.1:{port}"],
                {"SENNIT_PROCS": "1"})

    def go(_folder, port):
        return [os.path.join(go_dir, "gohello"), f"127.0.0.1:{port}"], {"GOMAXPROCS": "1"}

    def nginx(folder, port):
        return servers.nginx_command(folder, port), {}
    makers = {"Sennit": sennit}
    if go_dir:
        makers["Go net/http"] = go
    if servers.find_nginx():
        makers["nginx"] = nginx
    return makers


def http_table(makers, args):
    lines = [row(["server", "connections", "CPU µs a request", "p50 µs", "p99 µs", "requests/s",
                  "RSS MB"]), row(["---"] + ["--:"] * 6)]
    for connections in (64, 1000):
        for name, rows in servers.under_load(makers, connections, args.runs,
                                             1 if args.quick else 3).items():
            if not rows:
                continue
            cells = [cell(measure.spread(rows, k))
                     for k in ("cpu_us", "p50_us", "p99_us", "req_s", "rss_mb")]
            broken = sum(r["errors"] for r in rows)
            lines.append(row([name + (" (errors)" if broken else ""), str(connections), *cells]))
            print(lines[-1], flush=True)
    return lines


def product_table(makers, args):
    lines = [row(["server", "program, bytes", "first answer, ms", "idle RSS, kB",
                  "of it anonymous, kB"]), row(["---"] + ["--:"] * 4)]
    for name, make in makers.items():
        p = servers.as_product(make, max(args.runs, 3))
        lines.append(row([name, f"{p['bytes']:,}", f"{p['first_ms']:.1f}", f"{p['rss_kb']:,.0f}",
                          f"{p['anon_kb']:,.0f}"]))
        print(lines[-1], flush=True)
    return lines


def first_line(argv):
    try:
        p = subprocess.run(argv, capture_output=True, text=True, check=False)
        return (p.stdout + p.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {len(measure.CPUS)} CPUs, Linux {platform.release()}"


TABLES = (("fair", "Beside those who do not come back"), ("mutex", "1,000 that want one mutex"),
          ("cancel", "Cancelling"), ("timers", "A million timers"),
          ("ring", "From a real-time thread"))


def more_tables(bin_dir, go_dir, args):
    import echo  # noqa: E402 (all need what is above)
    import instructions
    import tables
    lines = []
    for name, title in TABLES:
        if wanted(args, "tables"):
            part = [f"## {title}", "", *tables.table(name, bin_dir, go_dir, args.runs), ""]
            lines += part
            print("\n".join(part), flush=True)
    if go_dir and wanted(args, "echo"):
        lines += ["## TCP echo of 64 bytes", "", *echo.table(bin_dir, go_dir, args.runs, 2), ""]
    if shutil.which("valgrind") and wanted(args, "instructions"):
        lines += ["## Instructions of a request, in user space", "",
                  "Counted by callgrind, 64 connections; *bare* is an epoll loop without a runtime.",
                  "", *instructions.table(bin_dir), ""]
    return lines


def document(runtime, http, product, more, simulated, args, go):
    commit = first_line(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"])
    versions = [first_line(["cc", "--version"])]
    if go:
        versions.append(first_line([go, "version"]))
    if servers.find_nginx():
        versions.append(first_line([servers.find_nginx(), "-v"]))
    return "\n".join([
        "<!-- SPDX-License-Identifier: MIT OR Apache-2.0 -->",
        "# Performance", "",
        "Written by `make bench`; nothing here is typed by hand. Figures are medians of "
        f"{args.runs} runs [least – most], the programs taking turns. Look at the ratios: the "
        "machine and its neighbours change from day to day. A ~ marks a figure for which the "
        "machine was not quiet long enough. Differences under 1.3 × are ties.", "",
        f"- {time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit}", f"- {machine()}",
        *[f"- {v}" for v in versions],
        f"- load average of the machine at the end of the run: {os.getloadavg()[0]:.1f} (well "
        "above 1, latencies of both sides are mostly those of waiting for a CPU)",
        "- *1 core*: both programs pinned to one CPU with one P; *2 cores*: to two, with two Ps.",
        "", "## Runtime, beside Go", "",
        "Less is better in every row. `bench/` holds both programs; the operations are the same, "
        "one for one. *CPU* is the process's time on all cores, which other load on the machine "
        "disturbs less than the clock on the wall.", "", *runtime, "",
        "## HTTP/1.1 hello", "",
        "Plain HTTP with keep-alive over loopback, 13 bytes of body, `wrk -t1` for 3 s. Server on "
        "one CPU, load on another. CPU is the server process's own time, user and system; the "
        "kernel charges part of the receive work to the sender.", "", *http, "",
        "## The hello server as a product", "",
        "Sennit's is linked statically and stripped; Go's with `-s -w`; nginx as packaged, with "
        "shared libraries beside it. The first answer is counted from the start of the process.", "",
        *product, "", *more, *simulated])


def parse_args():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--runs", type=int, default=5)
    p.add_argument("--quick", action="store_true", help="small counts, one run; writes nothing")
    p.add_argument("--only", type=lambda s: s.split(","), help="these workloads (or http, product, tables, echo, instructions, sim)")
    p.add_argument("--no-write", action="store_true")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    args = p.parse_args()
    if args.quick:
        args.runs = 1
    return args


def wanted(args, part):
    return not args.only or part in args.only


def main():
    args = parse_args()
    bin_dir = os.path.join(args.build, "bin")
    if not os.path.exists(os.path.join(bin_dir, "sennit-bench")):
        sys.exit("bench: no sennit-bench in the build; run `make` first")
    go = find_go()
    print(f"{machine()}; Go: {go or 'not installed'}; nginx: "
          f"{servers.find_nginx() or 'not installed'}; wrk: {shutil.which('wrk') or 'missing'}\n")
    with tempfile.TemporaryDirectory() as folder:
        if go:
            build_go(go, folder)
        go_dir = folder if go else None
        makers = server_makers(bin_dir, go_dir)
        runtime = runtime_table(bin_dir, go_dir, args)
        http = ["Not measured: wrk is not installed."]
        if wanted(args, "http") and shutil.which("wrk"):
            http = http_table(makers, args)
        product = product_table(makers, args) if wanted(args, "product") else []
        more = more_tables(bin_dir, go_dir, args)
        simulated = []
        if wanted(args, "sim"):
            scales = [100] if args.quick else [100, 1000, 10000]
            simulated = simulation.section(bin_dir, args.runs, scales)
    if not (args.quick or args.only or args.no_write):
        with open(os.path.join(ROOT, "docs", "performance.md"), "w") as f:
            f.write(document(runtime, http, product, more, simulated, args, go))
        print("\nwritten: docs/performance.md")


if __name__ == "__main__":
    main()
