#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Clock, entropy, files and sockets only through their seams.

What a test must be able to replace (and a simulation to own) is asked for in one place:
sn_now and sn_utc_ms, sn_random, sn_file_* and sn_path_*, sn_dial and sn_listen. Below src/port
and in the files listed here the real calls are made. Single exceptions, with their reasons, are
in seams.allow.
"""
import re

import common

CALLS = {
    "clock": "clock_gettime clock_getres gettimeofday time times clock ftime timespec_get "
             "localtime localtime_r nanosleep clock_nanosleep usleep sleep alarm setitimer",
    "entropy": "rand srand rand_r random srandom drand48 lrand48 getrandom getentropy arc4random "
               "RAND_bytes RAND_priv_bytes",
    "file": "open openat creat fopen freopen fdopen opendir fdopendir stat lstat fstatat access "
            "unlink unlinkat remove rename renameat mkdir mkdirat rmdir truncate mkstemp mkdtemp "
            "tmpfile scandir fsync fdatasync pread pwrite preadv pwritev sendfile",
    "socket": "socket socketpair connect bind listen accept accept4 getaddrinfo gethostbyname "
              "recv recvfrom recvmsg send sendto sendmsg epoll_create epoll_create1 epoll_ctl "
              "epoll_wait poll select ppoll shutdown",
}
KIND = {call: kind for kind, calls in CALLS.items() for call in calls.split()}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(KIND) + r")[ \t]*\(")
# Where a seam's other side lives: folder or file -> kinds of call that belong there.
SEAMS = {
    "src/port": {"clock", "entropy", "file", "socket"},
    "src/io": {"file", "socket"},
}
OURS = ("src", "tools", "fleet", "bench", "examples")


def allowed_kinds(path):
    kinds = set()
    for place, here in SEAMS.items():
        if path == place or path.startswith(place + "/"):
            kinds |= here
    return kinds


def is_definition(code, m):
    """A name after a type is a declaration or definition of ours (static int open(...))."""
    before = code[:m.start()].rstrip(" \t")
    word = re.search(r"([A-Za-z_]\w*|\*)$", before)
    return bool(word) and word.group(1) not in ("return", "else", "do", "case", "sizeof")


def check(tree):
    listed = common.Allowed(tree, "scripts/check/seams.allow")
    for path in tree.under(*OURS):
        code = common.code_only(tree.text(path))
        kinds = allowed_kinds(path)
        calls = list(CALL.finditer(code))
        own = {m.group(1) for m in calls if is_definition(code, m)}  # functions of the file's own
        for m in calls:
            name = m.group(1)
            if KIND[name] in kinds or name in own or listed.has(path, name):
                continue
            yield (path, common.line_of(code, m.start()),
                   f"{name}() goes past the {KIND[name]} seam")
    yield from listed.findings()


if __name__ == "__main__":
    common.run(check, __doc__)
