# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a version cost before it was stopped: sums up the lines that fleet scenarios write.

    sennit-sim run tests/sim/scenarios/fleet-bad.scn --set report=FILE
    fleet_exposure.py FILE --fail 0.05 --threshold 0.01 [--confidence 0.9] [--then 0.05]

Beside what was measured it draws what nobody could do better by: a judge with the same policy who
looks after each report, in a world where a device reports before the next one is asked (`reports`),
and where devices come at the pace of their polls and need the time of an update (`pace`).
"""
import argparse
import math
import random
import statistics

STAGES = (0.05, 0.2, 0.5, 1.0)


def lines(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("fleet "):
                text, _, reason = line[6:].strip().partition(" reason=")
                row = dict(part.split("=", 1) for part in text.split())
                row["reason"] = reason
                yield row


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def show(name, values):
    if values:
        print(f"  {name:<28} median {statistics.median(values):g}, 95 % {quantile(values, .95):g}, "
              f"max {max(values):g}  ({len(values)} runs)")


def at_least(k, n, p):
    """P(X >= k) of n trials at rate p."""
    below = 0.0
    for i in range(k):
        below += math.comb(n, i) * p ** i * (1 - p) ** (n - i)
    return 1 - below


class Judge:
    """FAIL as soon as the lower bound is above the threshold: the most reports that so many
    failures may have."""

    def __init__(self, threshold, confidence):
        self.threshold, self.doubt, self.most = threshold, 1 - confidence, [0]

    def fails(self, k, n):
        while len(self.most) <= k:
            j, m = len(self.most), self.most[-1]
            while at_least(j, m + 1, self.threshold) < self.doubt:
                m += 1
            self.most.append(m)
        return k > 0 and n <= self.most[k]


def one_by_one(judge, rate, size, rng):
    """Devices asked until the judge says FAIL; all of the stage if it does not."""
    failures = 0
    for n in range(1, size + 1):
        failures += rng.random() < rate
        if judge.fails(failures, n):
            return n
    return size


def at_pace(judge, rate, size, poll_s, report_s, rng):
    """As many as have polled by the time of the report that decides."""
    asked = sorted(rng.uniform(0, poll_s) for _ in range(size))
    reports = sorted((t + rng.uniform(*report_s), rng.random() < rate) for t in asked)
    failures = 0
    for n, (at, bad) in enumerate(reports, 1):
        failures += bad
        if judge.fails(failures, n):
            return sum(t <= at for t in asked)
    return size


def theory(a, devices, rate):
    judge, rng = Judge(a.threshold, a.confidence), random.Random(1)
    size = max(1, round(devices * STAGES[0]))
    runs = range(400 if size <= 100 else 100)
    print(f"  a stage of {size}, devices that fail in {rate:.2%}:")
    show("least, by reports", [one_by_one(judge, rate, size, rng) for _ in runs])
    show("least, at the pace of polls",
         [at_pace(judge, rate, size, a.poll, (a.update / 1.0, a.update * 2.2), rng) for _ in runs])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("file")
    p.add_argument("--fail", type=float, required=True)
    p.add_argument("--then", type=float)
    p.add_argument("--threshold", type=float, required=True)
    p.add_argument("--confidence", type=float, default=0.9)
    p.add_argument("--poll", type=float, default=3600, help="seconds")
    p.add_argument("--update", type=float, default=200, help="seconds, at least, to a report")
    a = p.parse_args()
    rows = list(lines(a.file))
    states = {}
    for r in rows:
        key = (r["state"], r["stage"])
        states[key] = states.get(key, 0) + 1
    print(f"{a.file}: {len(rows)} runs of {rows[0]['devices']} devices")
    for (state, stage), n in sorted(states.items()):
        print(f"  {state} in stage {stage}: {n} ({n / len(rows):.1%})")
    ended = [r for r in rows if r["state"] in ("held", "stopped")]
    show("devices asked", [int(r["exposed"]) for r in ended])
    show("of them had booted it", [int(r["installed"]) for r in ended])
    show("hours until decided", [float(r["decided_h"]) for r in ended])
    theory(a, int(rows[0]["devices"]), a.fail)
    if a.then:
        a_then = argparse.Namespace(**vars(a))
        theory(a_then, int(int(rows[0]["devices"]) * (STAGES[1] - STAGES[0]) / STAGES[0]), a.then)


main()
