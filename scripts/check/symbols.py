#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shared libraries export what the public headers declare, each name once, and no more.

What only a simulated program can call is in libsennit-sim.a, which has no shared form: it is the
program's own scheduler and takes the place of some of libc."""
import subprocess

import common
import headers


def exported(library):
    """Names that a shared library defines for others."""
    out = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True,
                         capture_output=True, text=True).stdout
    words = [line.split() for line in out.splitlines()]
    return {w[2].split("@")[0] for w in words if len(w) == 3 and w[1] != "A"}


# Headers whose names are in the static library of the simulation.
SIMULATED = {"include/sennit/sim.h", "include/sennit/scenario.h", "include/sennit/plan.h"}


def archived(library):
    """Names that the objects of a static library define for others; none if it was not built."""
    if not library.exists():
        return set()
    out = subprocess.run(["nm", "--defined-only", "-g", str(library)], check=True,
                         capture_output=True, text=True).stdout
    words = [line.split() for line in out.splitlines()]
    return {w[2] for w in words if len(w) == 3}


def check(tree):
    libraries = sorted((tree.build / "lib").glob("libsennit*.so"))
    if not libraries:
        yield str(tree.build / "lib"), 1, "no shared library was built"
        return
    declared = {name: (path, line) for path, line, name in headers.declarations(tree)}
    homes = {}
    for library in libraries:
        for name in sorted(exported(library)):
            if name not in declared:
                yield library.name, 1, f"exports {name}, which no public header declares"
            elif name in homes:
                yield library.name, 1, f"exports {name}, and so does {homes[name]}"
            homes.setdefault(name, library.name)
    simulated = archived(tree.build / "lib" / "libsennit-sim.a")
    for name, (path, line) in declared.items():
        if path in SIMULATED:
            if name not in simulated:
                yield path, line, f"{name} is declared SN_API, but libsennit-sim.a has it not"
        elif name not in homes:
            yield path, line, f"{name} is declared SN_API, but no shared library exports it"


if __name__ == "__main__":
    common.run(check, __doc__)
