#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Shows that the static checks can fail: each is run on small planted trees, one clean and some
with a violation that it has to name with file and line."""
import pathlib
import platform
import subprocess
import sys
import tempfile

CHECKS = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check"
SPDX = "/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n"
SKIP = 77

# check -> [(what, {path: text}, expected in the output, or None when it must find nothing)]
CASES = {
    "layers": [
        ("downward includes", {
            "src/core/sched.h": "", "src/core/chan.c": '#include <stdint.h>\n#include "core/sched.h"\n',
            "src/http/h.c": '#include "core/sched.h"\n#include <string.h>\n',
            "fleet/a.c": '#include <sennit/go.h>\n#include "b.h"\n', "fleet/b.h": ""}, None),
        ("core includes the scheduler", {
            "src/sched/smp/m.h": "", "src/core/chan.c": '\n#include "sched/smp/m.h"\n'},
         "src/core/chan.c:2: core may not include"),
        ("core includes the C library", {"src/core/a.c": "#include <stdio.h>\n"},
         "src/core/a.c:1: <stdio.h>: core includes freestanding"),
        ("the port looks up", {"src/core/sched.h": "", "src/port/p.c": '#include "core/sched.h"\n'},
         "src/port/p.c:1: port may not include"),
        ("io includes http by a relative path", {
            "src/http/msg.h": "", "src/io/n.c": '#include "../http/msg.h"\n'},
         "src/io/n.c:1: io may not include"),
        ("a program reaches into src", {
            "src/core/chan.h": "", "fleet/a.c": '#include "core/chan.h"\n'},
         "fleet/a.c:1: programs use <sennit/...> only"),
        ("an example reaches out", {"examples/a.c": '#include "../fleet/x.h"\n'},
         'examples/a.c:1: "../fleet/x.h" leads out'),
        ("a public header wants errno.h", {"include/sennit/a.h": "#include <errno.h>\n"},
         "include/sennit/a.h:1: <errno.h> has no place"),
        ("an unknown layer", {"src/new/a.c": "#include <stdint.h>\n"}, "src/new is not a layer"),
        ("a file that is not there", {"src/io/a.c": '#include "io/gone.h"\n'},
         "src/io/a.c:1: \"io/gone.h\" is not a file"),
    ],
    "spdx": [
        ("a licensed file", {"src/a.c": SPDX}, None),
        ("no licence", {"src/a.c": "int x;\n"}, "src/a.c:1: no line 'SPDX"),
        ("a script without", {"scripts/a.py": "#!/usr/bin/env python3\n"}, "scripts/a.py:1:"),
        ("unfinished work", {"src/a.c": SPDX + "/* TO" "DO: later */\n"}, "src/a.c:2: TO" "DO"),
    ],
    "draws": [
        ("draws in order", {
            "tests/a.c": "void f(void) { int a = draw(2), b = draw(3); g(a ? draw(4) : draw(5), b);\n"
                         "for (a = draw(1); a; b = draw(2)) g(draw(3)); g(1, draw(4) && draw(5)); }\n"},
         None),
        ("two arguments", {"tests/a.c": "\nvoid f(void) { g(draw(2), 1 + draw(3)); }\n"},
         "tests/a.c:2: two draws of chance"),
        ("two initialisers", {"src/a.c": "link l = {.a = one_in(2),\n.b = some_time(3)};\n"},
         "src/a.c:1: two draws of chance"),
    ],
    "seams": [
        ("calls through the seams, and names like them", {
            "src/http/a.c": "/* open(2) */ int f(void) { return x->open(1) + my_open(2); }\n"
                            'char *s = "time(now)"; struct o { int (*read)(int); };\n',
            "src/port/os/clock.c": "int f(void) { return clock_gettime(1, 0); }\n"}, None),
        ("a function of its own with such a name", {
            "fleet/a.c": "static int send(int x) { return x; }\nint f(void) { return send(1); }\n"},
         None),
        ("the clock", {"fleet/a.c": "\nlong f(void) { return time(0); }\n"},
         "fleet/a.c:2: time() goes past the clock seam"),
        ("entropy", {"src/http/a.c": "int f(void) { return rand(); }\n"},
         "src/http/a.c:1: rand() goes past the entropy seam"),
        ("files", {"fleet/a.c": 'int f(void) { return !fopen("x", "r"); }\n'},
         "fleet/a.c:1: fopen() goes past the file seam"),
        ("sockets", {"bench/a.c": "int f(void) { return socket(1, 2, 3); }\n"},
         "bench/a.c:1: socket() goes past the socket seam"),
        ("the clock in the netpoller", {"src/io/a.c": "int f(void) { return clock_gettime(1, 0); }\n"},
         "src/io/a.c:1: clock_gettime()"),
        ("a listed exception", {
            "scripts/check/seams.allow": "fleet/a.c time the reason\n",
            "fleet/a.c": "long f(void) { return time(0); }\n"}, None),
        ("an exception that nothing needs", {
            "scripts/check/seams.allow": "\nfleet/a.c time the reason\n", "fleet/a.c": "int x;\n"},
         "scripts/check/seams.allow:2: the exception for fleet/a.c time is not needed"),
    ],
    "apidocs": [
        ("documented, alone and in a group", {
            "include/sennit/a.h": "/** Does. */\nSN_API int sn_a(void);\nSN_API int sn_b(void);\n"},
         None),
        ("not documented", {"include/sennit/a.h": "/* no */\n\nSN_API int\nsn_a(int x,\n int y);\n"},
         "include/sennit/a.h:3: sn_a has no doc comment"),
        ("a comment that is none for readers", {
            "include/sennit/a.h": "/* internal */\nSN_API SN_MUST int sn_a(void);\n"},
         "include/sennit/a.h:2: sn_a has no doc comment"),
    ],
    "budget": [
        ("guards and C++", {
            "src/core/a.h": "#ifndef A_H\n#define A_H\n#ifdef __cplusplus\n#endif\n#endif\n"}, None),
        ("too many", {"src/core/a.c": "#if A\n#elif B\n#else\n#endif\n#ifdef C\n#endif\n" + "\n" * 50},
         "src/core/a.c:5: one of 3 #if in the 56 lines of src/core"),
    ],
    "functions": [
        ("a short one", {"src/core/a.c": "int f(void) {\n" + "    x();\n" * 78 + "}\n"}, None),
        ("a long one", {"src/core/a.c": "\nint f(void) {\n" + "    x();\n" * 79 + "}\n"},
         "src/core/a.c:2: f has 81 lines"),
        ("a long one, excused", {
            "scripts/check/functions.allow": "src/core/a.c f a table\n",
            "src/core/a.c": "int f(void) {\n" + "    x();\n" * 80 + "}\n"}, None),
        ("an excuse without a reason", {
            "scripts/check/functions.allow": "src/core/a.c f\n",
            "src/core/a.c": "int f(void) {\n" + "    x();\n" * 80 + "}\n"}, "gives no reason"),
    ],
    "layout": [
        ("laid out", {".clang-format": "BasedOnStyle: LLVM\n", "src/a.c": "int x;\n"}, None),
        ("not laid out", {".clang-format": "BasedOnStyle: LLVM\n", "src/a.c": "int y;\nint   x;\n"},
         "src/a.c:2: not as clang-format"),
    ],
    "docs": [
        ("links and targets that exist", {
            "Makefile": "run:\n", "README.md": "[a](docs/a.md#x) [b](https://example.org) `make run`\n",
            "docs/a.md": "[up](../README.md)\n"}, None),
        ("a dead link", {"docs/a.md": "\n[x](gone.md)\n"}, "docs/a.md:2: the link to gone.md"),
        ("a make target that is not", {"Makefile": "run:\n", "a.md": "`make walk`\n"},
         "a.md:1: the Makefile has no 'walk'"),
        ("a package without a reason", {
            "scripts/setup.sh": "build required cmd:gcc gcc C compiler\n",
            "docs/dependencies.md": "| `zlib1g-dev` | x |\n"},
         "scripts/setup.sh:1: gcc has no line"),
    ],
    "selfcontained": [
        ("a good header", {
            "include/sennit/a.h": "#ifndef A\n#define A\n#include <stdint.h>\nstatic const int a = 1;"
                                  "\ntypedef uint8_t b;\nint f(int x);\n#endif\n"}, None),
        ("leans on another", {"include/sennit/a.h": "\ntypedef uint8_t b;\n"},
         "include/sennit/a.h:2: gcc:"),
        ("not C++", {"include/sennit/a.h": "int f(int class);\n"}, "include/sennit/a.h:1: g++:"),
    ],
    "freestanding": [
        ("by itself", {
            "src/core/sched.h": "void sn__ready(int g);\n",
            "src/core/a.c": '#include "core/sched.h"\nvoid f(void);\nvoid f(void) { sn__ready(1); }\n'},
         None),
        ("wants stdio", {"src/core/a.c": "\n#include <stdio.h>\n"}, "src/core/a.c:2:"),
        ("calls the C library", {
            "src/core/a.c": "int strcoll(const char *, const char *);\nint f(const char *a);\n"
                            "int f(const char *a) { return strcoll(a, a); }\n"},
         "src/core/a.c:1: needs strcoll"),
    ],
    "symbols": [
        ("no library", {"include/sennit/a.h": ""}, "no shared library was built"),
    ],
    "properties": [
        ("no object", {"src/a.c": ""}, "no switch was built"),
    ],
}


def run(check, root):
    out = subprocess.run([sys.executable, str(CHECKS / f"{check}.py"), "--root", str(root)],
                         capture_output=True, text=True)
    return out.returncode, out.stdout + out.stderr


def plant(root, files):
    for path, text in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")


def failure(check, files, expected):
    """Why the check did not do as expected; "" when it did; None when it cannot run here."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        plant(root, files)
        rc, out = run(check, root)
    if rc == SKIP:
        return None
    if expected is None:
        return "" if rc == 0 else f"found something in a clean tree:\n{out}"
    if rc == 1 and expected in out:
        return ""
    return f"ended with {rc}, without '{expected}':\n{out}"


def symbols_cases():
    """The symbol check on libraries that are built here."""
    header = "#define SN_API __attribute__((visibility(\"default\")))\n"
    cases = [
        ("exports what is declared", header + "SN_API int sn_a(void);\n",
         "int sn_a(void) { return 1; }\n", None),
        ("exports more", header + "SN_API int sn_a(void);\n",
         "int sn_a(void) { return 1; } int sn__b(void) { return 2; }\n", "exports sn__b"),
        ("declares more", header + "SN_API int sn_a(void);\nSN_API int sn_b(void);\n",
         "int sn_a(void) { return 1; }\n", "include/sennit/a.h:3: sn_b is declared SN_API"),
    ]
    for what, declared, source, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            plant(root, {"include/sennit/a.h": declared, "build/lib/a.c": source})
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", "libsennit.so", "a.c"],
                           cwd=root / "build" / "lib", check=True)
            rc, out = run("symbols", root)
        good = rc == 0 if expected is None else rc == 1 and expected in out
        yield what, "" if good else f"ended with {rc}:\n{out}"


def properties_cases():
    """The property check on the switch of this machine, changed here."""
    source = CHECKS.parents[1] / "src/port/arch" / platform.machine() / "switch.S"
    if platform.machine() != "x86_64":
        return
    text = source.read_text()
    mark = "0xc0000002, 4, 1, 0"
    cases = [
        ("as it is", text, None),
        ("no property", text.replace(".note.gnu.property", ".note.other"), "is not marked for landing"),
        ("a shadow stack", text.replace(mark, "0xc0000002, 4, 3, 0"), "is marked for shadow stacks"),
        ("no size", text.replace(".size   sn__tls_set", "// "), "sn__tls_set has no type or no size"),
        ("no stack note", text.replace(".note.GNU-stack", ".note.none"), "an executable stack"),
    ]
    for what, changed, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            plant(root, {"build/src/port/switch.S": changed})
            subprocess.run(["gcc", "-c", "-o", "switch.S.o", "switch.S"],
                           cwd=root / "build/src/port", check=True)
            rc, out = run("properties", root)
        good = rc == 0 if expected is None else rc == 1 and expected in out
        yield what, "" if good else f"ended with {rc}:\n{out}"


def main():
    passed, failed, skipped = 0, 0, 0
    results = [(check, what, failure(check, files, expected))
               for check, cases in CASES.items() for what, files, expected in cases]
    results += [("symbols", what, why) for what, why in symbols_cases()]
    results += [("properties", what, why) for what, why in properties_cases()]
    for check, what, why in results:
        if why is None:
            skipped += 1
        elif why:
            failed += 1
            print(f"FAIL {check}: {what}: {why}")
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
