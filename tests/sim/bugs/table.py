#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How many seeds it takes to find each planted bug, in each search mode.

Runs build/tests/bugs/NAME over disjoint ranges of seeds until the first that fails, in both modes,
and prints a table for Markdown: the median and the most seeds of all ranges. --into puts it into a
document, between two comments: docs/simulation-bugs.md has its figures from there. Ends with 1 when
a bug that must be found was not.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plant  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = (("uniform", []), ("pct", ["--depth", "3"]))
# Runs that go round in circles for ever are failures too, and are to be told from long ones.
BOUNDS = ["--max-choices", "3000000", "--limit", "20s"]


HEADER = ("| bug | kind | events | scenario | uniform: median | most | PCT: median | most |",
          "|---|---|---:|---|---:|---:|---:|---:|")


def all_names():
    return sorted(f[:-4] for f in os.listdir(HERE) if f.endswith(".bug"))


def seeds_until_found(program, scenario, mode, options, first, most):
    """None when `most` seeds have passed."""
    command = [program, "run", scenario, "--seeds", f"{first}..{first + most - 1}", "--jobs", "1",
               "--stop-after", "1", "--brief", "--mode", mode, *options, *BOUNDS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = re.search(r"^seed (\d+) (?:failed|died)", done.stdout, re.MULTILINE)
    if done.returncode == 1 and failed:
        return int(failed.group(1)) - first + 1
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return None


def measure(name, args):
    """For each mode, the seeds that each range took."""
    head, _ = plant.read_bug(os.path.join(HERE, name + ".bug"))
    program = os.path.join(args.build, "tests", "bugs", name)
    found = {}
    for mode, options in MODES:
        found[mode] = [
            seeds_until_found(program, head["scenario"], mode, options, 1 + i * args.seeds,
                              args.seeds) for i in range(args.ranges)]
    return head, found


def figures(found, most):
    """Median and most as text; a range that found nothing counts as more than all seeds."""
    numbers = sorted(n if n is not None else most + 1 for n in found)
    middle = statistics.median_high(numbers)
    return tuple(f"{n:,}" if n <= most else f"> {most:,}" for n in (middle, numbers[-1]))


def row(name, head, found, most):
    cells = [f"`{name}`", head["kind"], head["events"], f"`{head['scenario']}`"]
    for mode, _ in MODES:
        cells += figures(found[mode], most)
    return "| " + " | ".join(cells) + " |"


def put_into(path, rows):
    """Replaces what stands between the two comments."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, begin, rest = text.partition("<!-- table: begin -->\n")
    _, end, after = rest.partition("<!-- table: end -->")
    if not begin or not end:
        sys.exit(f"{path}: has no place for a table")
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + begin + "\n".join([*HEADER, *rows]) + "\n" + end + after)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    p.add_argument("--build", default="build", help="the build folder")
    p.add_argument("--seeds", type=int, default=10000, help="most seeds of a range")
    p.add_argument("--ranges", type=int, default=5, help="how many ranges, one after the other")
    p.add_argument("--must-find", action="store_true", help="fail when a range finds nothing")
    p.add_argument("--into", metavar="FILE", help="put the table into this document")
    p.add_argument("names", nargs="*", help="bugs; all")
    args = p.parse_args()
    if args.into and args.names:
        p.error("--into is for the whole table")
    return args


def main():
    args = arguments()
    missed, rows = [], []
    print("\n".join(HEADER), flush=True)
    for name in args.names or all_names():
        head, found = measure(name, args)
        rows.append(row(name, head, found, args.seeds))
        print(rows[-1], flush=True)
        missed += [f"{name} ({mode})" for mode, _ in MODES if None in found[mode]]
    if missed:
        print(f"not found in {args.seeds} seeds: {', '.join(missed)}", file=sys.stderr)
    if args.into:
        put_into(args.into, rows)
    return 1 if missed and args.must_find else 0


if __name__ == "__main__":
    sys.exit(main())
