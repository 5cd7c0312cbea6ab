# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pinned runs of a program, judged by whether the machine left them alone."""
import os
import statistics
import subprocess
import time

HZ = os.sysconf("SC_CLK_TCK")
CPUS = sorted(os.sched_getaffinity(0))


def machine_busy():
    """CPU seconds the whole machine has used."""
    with open("/proc/stat") as f:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / HZ


def process_cpu(pid):
    """CPU seconds of a process, all its threads."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def status_kb(pid, key):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return -1


def pinned(cpus):
    """A preexec_fn: on these CPUs, before other load where we are allowed to."""
    def prepare():
        os.sched_setaffinity(0, cpus)
        try:
            os.setpriority(os.PRIO_PROCESS, 0, -20)
        except PermissionError:
            pass
    return prepare


def pairs(text):
    """The key=value pairs of the last line."""
    lines = text.strip().splitlines() or [""]
    return {k: float(v) for k, v in (t.split("=", 1) for t in lines[-1].split() if "=" in t)}


def run_once(command, cores, env, timeout):
    """Runs a workload on `cores` CPUs. Returns its figures and whether it was left alone."""
    busy, start = machine_busy(), time.monotonic()
    p = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **env},
                         preexec_fn=pinned(CPUS[:cores]), start_new_session=True)
    try:
        out = p.stdout.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        p.kill()
        raise
    if p.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {p.returncode}")
    wall = time.monotonic() - start
    own = usage.ru_utime + usage.ru_stime
    others = (machine_busy() - busy - own) / wall
    clean = own / wall >= 0.93 * cores or others <= len(CPUS) - cores + 0.15
    return pairs(out), clean


def run_many(commands, cores, runs):
    """Runs the commands {name: (argv, env)} in turn until each has `runs` undisturbed results, or
    a third more tries than that. Returns {name: [figures]} and the names that stayed disturbed."""
    kept = {name: [] for name in commands}
    spare = {name: [] for name in commands}
    for _ in range(runs + (runs + 1) // 3):
        for name, (argv, env) in commands.items():
            if len(kept[name]) < runs:
                figures, clean = run_once(argv, cores, env, 300)
                (kept if clean else spare)[name].append(figures)
        if all(len(k) >= runs for k in kept.values()):
            break
    noisy = {n for n in kept if len(kept[n]) < min(3, runs)}
    return {n: kept[n] if n not in noisy else kept[n] + spare[n] for n in kept}, noisy


def spread(rows, key):
    """Median, least and most of a figure."""
    values = [r[key] for r in rows if key in r]
    return (statistics.median(values), min(values), max(values)) if values else None
