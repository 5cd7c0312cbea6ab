#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Installs the build into a folder of its own and uses it as a stranger would.

1. The README's program, exactly as printed, through pkg-config: gcc and clang, as C11 and as
   C++17, against the shared and the static library, without a warning; it runs and prints what
   the README says. So do the programs of the guide, as C and as C++.
2. The example of the guide's page on simulation: its bug is found, and not with the page's fix.
3. find_package from a project of its own, and add_subdirectory, which builds no programs.
4. The installation moved to another place still works: nothing in it knows where it was.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
LANGUAGES = {
    "gcc": ("c", "-std=c11"), "clang": ("c", "-std=c11"),
    "g++": ("cpp", "-std=c++17"), "clang++": ("cpp", "-std=c++17"),
}


def run(*command, env=None, cwd=None):
    """Output of a command that must succeed."""
    command = [str(c) for c in command]
    out = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    if out.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {out.returncode}:\n{out.stdout}")
    return out.stdout


def blocks_of(path):
    """(language, text) of the fenced blocks of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(), re.M | re.S)


def readme_program(root):
    """The first C block with a main, and the text block after it: what it prints."""
    blocks = blocks_of(root / "README.md")
    for (language, text), (after, output) in zip(blocks, blocks[1:]):
        if language == "c" and "SN_MAIN(" in text:
            if after != "text":
                raise SystemExit("README.md: the program is not followed by what it prints")
            return text, output
    raise SystemExit("README.md: no program with SN_MAIN was found")


class Install:
    def __init__(self, build, prefix):
        run("cmake", "--install", build, "--prefix", prefix)
        self.prefix = prefix

    def moved(self, prefix):
        shutil.move(self.prefix, prefix)
        self.prefix = prefix

    @property
    def libdir(self):
        return next(self.prefix.rglob("libsennit.a")).parent

    def pkg_config(self, *args):
        return run("pkg-config", *args,
                   env={"PKG_CONFIG_PATH": str(self.libdir / "pkgconfig")}).split()


def compile_and_run(install, folder, compiler, source, static):
    """Builds as a user with pkg-config would, runs, returns the output."""
    suffix, standard = LANGUAGES[compiler]
    path = folder / f"program.{suffix}"
    path.write_text(source)
    program = folder / "program"
    flags = install.pkg_config("--cflags", "--libs", *(["--static"] if static else []), "sennit")
    if static:
        flags = [str(install.libdir / "libsennit.a") if f == "-lsennit" else f for f in flags]
    run(compiler, standard, *WARNINGS, path, "-o", program, *flags)
    return run(program, env={"LD_LIBRARY_PATH": str(install.libdir)})


def check_readme(install, root, folder):
    source, printed = readme_program(root)
    for compiler in LANGUAGES:
        if not shutil.which(compiler):
            print(f"README's program: {compiler} is not installed, skipped")
            continue
        for static in (False, True):
            got = compile_and_run(install, folder, compiler, source, static)
            if got != printed:
                raise SystemExit(f"README.md says that its program prints\n{printed}\n"
                                 f"built by {compiler} it printed\n{got}")
        print(f"README's program: {compiler} {LANGUAGES[compiler][1]}, shared and static: ok")


def check_guide(install, root, folder):
    for page in sorted((root / "docs" / "guide").glob("*.md")):
        programs = [t for language, t in blocks_of(page) if language == "c" and "SN_MAIN(" in t]
        for source in programs:
            for compiler in ("gcc", "g++"):
                compile_and_run(install, folder, compiler, source, static=False)
        print(f"{page.name}: {len(programs)} programs: ok")


def seeds_of(program, folder, *args):
    """(exit status, output) of a program of scenarios."""
    out = subprocess.run([program, "run", *args], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return out.returncode, out.stdout


def check_simulation(install, root, folder):
    """Follows docs/guide/simulation.md: the bug is found, and is gone with the patch there."""
    here = folder / "simulation"
    here.mkdir()
    for name in ("10-till.c", "10-till.scn"):
        shutil.copy(root / "examples" / name, here / name)
    patches = [t for language, t in blocks_of(root / "docs/guide/simulation.md")
               if language == "diff"]
    if len(patches) != 1:
        raise SystemExit(f"simulation.md: {len(patches)} patches, not one")
    flags = install.pkg_config("--cflags", "--libs", "sennit-sim")
    for program, status, words in (("till", 1, "were booked"), ("fixed", 0, " 0 failed")):
        if program == "fixed":
            subprocess.run(["patch", "-p1"], cwd=here, input=patches[0], text=True, check=True,
                           stdout=subprocess.DEVNULL)
        run("cc", "-std=c11", *WARNINGS, "10-till.c", "-o", program, *flags, cwd=here)
        got, text = seeds_of(here / program, here, "10-till.scn", "--seeds", "1..1000", "--twice")
        if got != status or words not in text:
            raise SystemExit(f"simulation.md: {program} ended with {got}:\n{text}")
    print("simulation.md: the bug is found in 1,000 seeds, and not with the fix: ok")


def check_versions(install, root):
    version = re.search(r"project\(sennit VERSION (\S+)", (root / "CMakeLists.txt").read_text())[1]
    for pc in sorted((install.libdir / "pkgconfig").glob("*.pc")):
        found = install.pkg_config("--modversion", pc.stem)[0]
        if found != version:
            raise SystemExit(f"{pc.name} says version {found}, the project {version}")
        run("pkg-config", "--exists", "--print-errors", pc.stem,
            env={"PKG_CONFIG_PATH": str(install.libdir / "pkgconfig")})
        print(f"{pc.name}: {found}")


def consume(name, source, build, *options):
    """Configures and builds the consumer, runs its programs; returns the build folder."""
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", *options)
    run("cmake", "--build", build)
    programs = sorted(p for p in build.glob("use-*") if os.access(p, os.X_OK) and p.is_file())
    if len(programs) < 2:
        raise SystemExit(f"{name}: built only {programs}")
    for program in programs:
        run(program)
    print(f"{name}: {', '.join(p.name for p in programs)}: ok")


def check_cmake(install, root, folder, here):
    parts = [p for p in ("tls", "http", "sqlite") if (install.libdir / f"libsennit-{p}.a").exists()]
    components = ";".join(["COMPONENTS", *parts]) if parts else ""
    consume("find_package", here / "consumer", folder / "found",
            f"-DCMAKE_PREFIX_PATH={install.prefix}", f"-DSENNIT_COMPONENTS={components}")
    added = folder / "added"
    consume("add_subdirectory", here / "consumer", added, f"-DSENNIT_FROM={root}")
    extra = [p.name for p in (added / "sennit").rglob("sennit-*")
             if p.is_file() and os.access(p, os.X_OK) and ".so" not in p.name]
    if extra:
        raise SystemExit(f"add_subdirectory built programs that nobody asked for: {extra}")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--root", required=True, type=pathlib.Path)
    args.add_argument("--build", required=True, type=pathlib.Path)
    opts = args.parse_args()
    here = pathlib.Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        install = Install(opts.build.resolve(), folder / "first")
        install.moved(folder / "second")
        check_versions(install, opts.root)
        check_readme(install, opts.root, folder)
        check_guide(install, opts.root, folder)
        check_simulation(install, opts.root, folder)
        check_cmake(install, opts.root.resolve(), folder, here)
    print("install: ok")


if __name__ == "__main__":
    sys.exit(main())
