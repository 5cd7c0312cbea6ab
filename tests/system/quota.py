#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""quota.py QUOTA_LOAD [SECONDS]: a program in a control group whose CPU quota changes while it runs,
with the number of its Ps fixed, and following. The number must follow and the CPU time stay within the
quota; the table shows what the kernel's throttling does to a sleeper of 1 ms in both cases.

Needs a CPU controller (v1 or v2) in which groups can be made, that is, mostly, to be root; else 77."""
import os
import pathlib
import subprocess
import sys
import time

PERIOD = 100_000


class Group:
    """A control group with a CPU quota, of either version."""

    def __init__(self, folder, v2):
        self.folder, self.v2 = folder, v2
        folder.mkdir()

    def allow(self, cpus):
        quota = None if cpus is None else int(cpus * PERIOD)
        if self.v2:
            (self.folder / "cpu.max").write_text(f"{quota or 'max'} {PERIOD}")
        else:
            (self.folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self.folder / "cpu.cfs_quota_us").write_text(str(quota or -1))

    def stat(self):
        words = (line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
        found = {w[0]: int(w[1]) for w in words}
        ns = found["throttled_usec"] * 1000 if self.v2 else found["throttled_time"]
        return found["nr_throttled"], ns / 1e9

    def remove(self):
        for _ in range(100):
            try:
                return self.folder.rmdir()
            except OSError:
                time.sleep(0.05)  # its last process is still going
        return None


def make_group():
    """A group below ours, or None and why not."""
    name = f"sennit-quota-{os.getpid()}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        head, tail = line.split(" - ")
        where, kind = pathlib.Path(head.split()[4]), tail.split()
        v2 = kind[0] == "cgroup2"
        if v2 and "cpu" not in (where / "cgroup.subtree_control").read_text().split():
            continue
        if v2 or (kind[0] == "cgroup" and "cpu" in kind[2].split(",")):
            try:
                return Group(where / name, v2), ""
            except OSError as e:
                return None, f"no group can be made in {where}: {e.strerror}"
    return None, "no CPU controller is mounted"


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Load:
    def __init__(self, program, group, procs):
        env = {k: v for k, v in os.environ.items() if k != "SENNIT_PROCS"}
        if procs:
            env["SENNIT_PROCS"] = str(procs)
        inside = (group.folder / "cgroup.procs").open("w")
        def enter():
            inside.write(str(os.getpid()))
            inside.close()
        self.child = subprocess.Popen([program], env=env, stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE, preexec_fn=enter)
        inside.close()

    def phase_ends(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        return [int(w) for w in self.child.stdout.readline().split()]

    def end(self):
        self.child.stdin.close()
        return self.child.wait(timeout=60)


def phase(load, group, cpus, seconds):
    """Lets the change be noticed (the monitor looks once a second), then measures."""
    group.allow(cpus)
    time.sleep(1.5)
    load.phase_ends()
    throttled, held = group.stat()
    cpu, began = cpu_of(load.child.pid), time.monotonic()
    time.sleep(seconds)
    procs, median, p99, most = load.phase_ends()
    took, used = time.monotonic() - began, cpu_of(load.child.pid) - cpu
    now_throttled, now_held = group.stat()
    return {"procs": procs, "cpu": used / took, "times": now_throttled - throttled,
            "held": now_held - held, "late": (median, p99, most)}


def row(how, cpus, r):
    quota = "none" if cpus is None else f"{cpus:.2f}"
    late = " ".join(f"{v:8d}" for v in r["late"])
    print(f"{how:9} {quota:>5} {r['procs']:3d} {r['cpu']:6.2f} {r['times']:9d} "
          f"{r['held']:9.3f} {late}", flush=True)


def wrong(procs, cpus, allowed, r):
    """What is not as it must be, with Ps that follow."""
    want = allowed if cpus is None else min(allowed, -int(-cpus // 1))
    if r["procs"] != (procs or want):
        return f"{r['procs']} Ps, not {procs or want}"
    if cpus is not None and r["cpu"] > cpus * 1.1 + 0.05:
        return f"{r['cpu']:.2f} CPUs used of {cpus}"
    return None


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    allowed = len(os.sched_getaffinity(0))
    group, why = make_group()
    if not group:
        print(f"quota: skipped: {why}")
        return 77
    bad = []
    print("Ps        quota  Ps   CPUs throttled   held, s  late, us: p50      p99      max")
    try:
        for how, procs in (("fixed", allowed), ("following", 0)):
            group.allow(None)
            load = Load(sys.argv[1], group, procs)
            for cpus in (None, 1.0, 0.5, None):
                r = phase(load, group, cpus, seconds)
                row(how, cpus, r)
                problem = wrong(procs, cpus, allowed, r)
                if problem:
                    bad.append(f"{how}, quota {cpus}: {problem}")
            if load.end():
                bad.append(f"{how}: the program failed")
    finally:
        group.remove()
    for line in bad:
        print("quota:", line, file=sys.stderr)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
