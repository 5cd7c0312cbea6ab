#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Plants a bug: writes a copy of a source file with some of its text replaced.

    plant.py BUG.bug SOURCE_ROOT OUT     writes the copy to the file OUT
    plant.py --field NAME BUG.bug        prints a field of its head

A .bug file has a head of "name: value" lines (kind, events, file, scenario, and what goes wrong;
"suite: no" for one that takes seconds to find), an empty line, and one or more replacements. Each
text must be in the file exactly once:

    --- is
    the true lines
    --- becomes
    the lines of the bug
    --- end
"""
import sys

FIELDS = ("kind", "events", "file", "scenario", "bug")  # all needed
MORE = ("suite",)


def fail(where, why):
    sys.exit(f"{where}: {why}")


def read_head(path, lines):
    head = {}
    name = None
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            break
        if line[0] == " " and name:
            head[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if not colon or name not in FIELDS + MORE:
            fail(f"{path}:{number}", f"not one of the fields {', '.join(FIELDS)}")
        head[name] = value.strip()
    for name in FIELDS:
        if name not in head:
            fail(path, f"has no field {name}")
    return head


def read_replacements(path, lines):
    found, part = [], None
    for number, line in enumerate(lines, 1):
        if line == "--- is":
            old, new, part = [], [], "is"
        elif line == "--- becomes" and part == "is":
            part = "becomes"
        elif line == "--- end" and part == "becomes":
            found.append(("".join(old), "".join(new)))
            part = None
        elif line.startswith("---"):
            fail(f"{path}:{number}", f"{line} does not belong here")
        elif part:
            (old if part == "is" else new).append(line + "\n")
    if part or not found:
        fail(path, "has no replacement that ends")
    return found


def read_bug(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    return read_head(path, lines), read_replacements(path, lines)


def plant(path, root, out):
    head, replacements = read_bug(path)
    with open(f"{root}/{head['file']}", encoding="utf-8") as f:
        text = f.read()
    for number, (old, new) in enumerate(replacements, 1):
        times = text.count(old)
        if times != 1:
            fail(path, f"replacement {number}: its text is {times} times in {head['file']}, not once")
        text = text.replace(old, new)
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)


def main(args):
    if len(args) == 3 and args[0] == "--field":
        print(read_bug(args[2])[0][args[1]])
    elif len(args) == 3:
        plant(*args)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
