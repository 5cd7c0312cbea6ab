#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The shared libraries export what the public headers declare, each name once, and no more."""
import subprocess

import common
import headers


def exported(library):
    """Names that a shared library defines for others."""
    out = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True,
                         capture_output=True, text=True).stdout
    words = [line.split() for line in out.splitlines()]
    return {w[2].split("@")[0] for w in words if len(w) == 3 and w[1] != "A"}


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
    for name, (path, line) in declared.items():
        if name not in homes:
            yield path, line, f"{name} is declared SN_API, but no shared library exports it"


if __name__ == "__main__":
    common.run(check, __doc__)
