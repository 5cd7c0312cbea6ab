#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""sennit-chaos against live processes: each fault does what it says, and all is undone: at its end,
when it is stopped, and when it is killed itself. Nothing is judged that a loaded machine could
make late: what a fault prevents may happen once it is over, and what happens again is waited for.

chaos_live.py SENNIT_CHAOS"""
import concurrent.futures
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

CHAOS = sys.argv[1]
HERE = pathlib.Path(__file__).resolve().parent
ECHO = HERE / "echo_server.py"
failed = []
started = []
passed = 0
PATIENCE = 60


def check(what, ok, more=""):
    global passed
    passed += bool(ok)
    if not ok:
        failed.append(what)
        print(f"FAIL {what} {more}")


def wait_for(what, look, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):
            found = look()
            if found:
                return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience} s for {what}")


class Echo:
    """The echo server, and where to find it."""

    def __init__(self, folder, name="echo"):
        self.file = folder / f"{name}.port"
        self.command = f"{sys.executable} {ECHO} {self.file}"
        process = subprocess.Popen(self.command.split())  # only to get a port that is free
        self.port = wait_for("the echo's port", lambda: int(self.file.read_text()))
        process.kill()
        process.wait()

    def pid(self):
        return int(self.file.with_suffix(".pid").read_text())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Chaos:
    """A running sennit-chaos, with a client's link to the echo server."""

    def __init__(self, folder, plan, *more, echo=None, host=None):
        self.plan = folder / "plan.faults"
        self.plan.write_text(plan)
        self.echo = echo or Echo(folder)
        self.port = free_port()
        self.log = folder / "chaos.log"
        command = [CHAOS, "run", str(self.plan), "--host", host or f"server=run:{self.echo.command}",
                   "--host", "client=none", "--link",
                   f"client-server=127.0.0.1:{self.port}:127.0.0.1:{self.echo.port}", "--for",
                   "1h", *more]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        started.append(self.process)

    def text(self):
        return self.log.read_text()

    def said(self, pattern):
        return wait_for(f"'{pattern}' in:\n{self.text()}",
                        lambda: re.search(pattern, self.text()))

    def end(self, status=0):
        """Stops it, if nobody has yet; all must be undone and nothing else have happened."""
        self.process.send_signal(signal.SIGINT)
        got = self.process.wait(PATIENCE)
        check(f"sennit-chaos ends with {status}", got == status, f"({got})\n{self.text()}")

    def dial(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        s.settimeout(PATIENCE)
        return s

    def over(self, number):
        return f"#{number} is over" in self.text()

    def ask(self, word=b"hello"):
        """One exchange on a connection of its own; None: it broke or there was no answer."""
        try:
            with self.dial() as s:
                s.settimeout(3)  # it may have begun while another fault was there
                s.sendall(word)
                return s.recv(100) == word or None
        except OSError:
            return None


def exchange(s, word):
    s.sendall(word)
    got = b""
    while len(got) < len(word):
        more = s.recv(65536)
        if not more:
            return None
        got += more
    return got


def silent(s, seconds=0.3):
    """Nothing comes for so long."""
    s.settimeout(seconds)
    try:
        s.recv(1, socket.MSG_PEEK)
        return False
    except TimeoutError:
        return True
    finally:
        s.settimeout(PATIENCE)


# ---- what is refused ----

def refusals(folder):
    plan = folder / "refused.faults"

    def try_plan(text, *options):
        plan.write_text(text)
        return subprocess.run([CHAOS, *options[:1], str(plan), *options[1:]], capture_output=True,
                              text=True, timeout=PATIENCE)

    other = subprocess.Popen(["sleep", "1000"])
    named = ("run", "--host", "a=none", "--host", f"b=pid:{other.pid}", "--dry-run")
    for text, says in [
            ("fault kill nobody at 1s for 1s", "1:12: there is no host 'nobody'"),
            ("fault kill b at 1s for 1s", "1: kill: nobody here would start"),
            ("fault freeze a at 1s for 1s", "freeze: the host has no process"),
            ("\nfault power b at 1s for 1s", ":2: power: what was not synced"),
            ("fault clock-jump b at 1s by 1h", "clock-jump: the clock is the whole machine's"),
            ("fault clock-drift b at 1s for 1s by 5ppm", "clock-drift: the clock is"),
            ("fault disk-slow b at 1s for 1s by 5ms", "disk-slow: disks of live processes"),
            ("fault disk-full b at 1s for 1s", "disk-full: needs --disk"),
            ("fault reorder from a to b at 1s for 1s share 1%", "reorder: is for datagrams"),
            ("fault partition from a to b at 1s for 1s", "partition: needs a --link"),
            ("fault memory b at 1s for 1s size 900TiB", "memory: that is more than half"),
            ("fault kill b at 1s", "1:0: kill needs 'for'")]:
        out = try_plan(text, *named)
        check(f"refused: {text}", out.returncode == 2 and says in out.stderr, out.stderr)
    out = try_plan("fault kill b at 1s for 1s\nfault freeze b at 1s..9s for 1s times 3", *named,
                   "--may-kill")
    check("a dry run tells the plan", out.returncode == 0
          and "kill b for 1s (line 1)" in out.stdout and "4 faults, 0 left out" in out.stdout,
          out.stdout + out.stderr)
    check("and does nothing", other.poll() is None)
    other.kill()
    other.wait()
    for options, says in [((), "usage:"), (("run",), "needs a --host"),
                          (("run", "--host", "a=pid:1"), "is no process id"),
                          (("run", "--host", f"a=pid:{os.getpid()}"), "is this program's own"),
                          (("run", "--host", "a"), "needs NAME="),
                          (("run", "--host", "a=none", "--host", "a=none"), "is there already"),
                          (("run", "--host", "a=none", "--link", "a-b=x:1:y:2"), "no two hosts"),
                          (("run", "--host", "a=none", "--disk", "a=/tmp"), "needs NAME=FOLDER"),
                          (("run", "--host", "a=none", "--seed", "x"), "--seed needs"),
                          (("run", "--host", "a=none", "--for", "9"), "--for needs a time"),
                          (("run", "--sabotage", "x"), "no such option")]:
        out = try_plan("", *options) if options else subprocess.run(
            [CHAOS], capture_output=True, text=True)
        check(f"refused: {' '.join(options)}", out.returncode == 2 and says in out.stderr,
              out.stderr)
    out = try_plan("fault kill x at 1s for 1s", "check")
    check("check reads without hosts", out.returncode == 0 and "1 lines" in out.stdout, out.stdout)


# ---- processes ----

def kill_and_freeze(folder):
    c = Chaos(folder, "fault kill server at 500ms for 300ms\n"
                      "fault freeze server at 2s for 1500ms\n")
    wait_for("an answer", c.ask)
    first = int(c.said(r"host server runs as process (\d+)").group(1))
    c.said(r"#1 .*kill")
    wait_for("another process", lambda: c.echo.pid() != first)
    wait_for("an answer after the kill", c.ask)
    check("the first one is gone", not pathlib.Path(f"/proc/{first}").exists())
    c.said(r"#2 .*freeze")
    with c.dial() as s:
        s.sendall(b"x")
        check("nobody answers while it is frozen", silent(s) or c.over(2), c.text())
        check("but afterwards", s.recv(1) == b"x")
    c.end()
    check("the command does not outlive the plan",
          not pathlib.Path(f"/proc/{c.echo.pid()}").exists())


def hogs(folder):
    c = Chaos(folder, "fault hog client at 50ms for 50ms\n"
                      "fault hog server at 100ms for 1h cpus 2\n"
                      "fault memory server at 100ms for 1h size 8MiB\n")
    c.said("#1 is over")
    c.said("#3 at")

    def children():
        out = subprocess.run(["ps", "-o", "pid=,ni=", "--ppid", str(c.process.pid)],
                             capture_output=True, text=True).stdout
        return [line.split() for line in out.splitlines()]

    mine = wait_for("the server, two hogs and who takes memory",
                    lambda: len(children()) == 4 and children())
    wait_for("two of them are nice",
             lambda: sum(int(nice) > os.nice(0) for _, nice in children()) == 2)
    c.end()
    check("they are gone", not any(pathlib.Path(f"/proc/{pid}").exists() for pid, _ in mine))


def ends_by_itself(folder):
    c = Chaos(folder, "fault delay between client and server at 1s for 3s by 1ms\n",
              host="server=run:sh -c 'sleep 0.2; exit 3'")
    c.said("host server ended by itself")
    c.said("(?s)host server runs as process.*host server runs as process")
    c.end(1)


# ---- links ----

def partition_and_delay(folder):
    c = Chaos(folder, "fault partition between client and server at 600ms for 700ms\n"
                      "fault delay from client to server at 1500ms for 1s by 300ms\n"
                      "fault partition from server to client at 2700ms for 700ms\n")
    wait_for("an answer", c.ask)
    big = bytes(range(256)) * 4000
    with c.dial() as s:
        check("a megabyte there and back", exchange(s, big) == big)
        c.said(r"#1 .*partition")
        s.sendall(b"during")
        check("nothing passes", silent(s) or c.over(1), c.text())
        check("and all of it afterwards", s.recv(100) == b"during")
        c.said(r"#2 .*delay")
        before = time.monotonic()
        check("it comes", exchange(s, b"late") == b"late")
        check("but later", time.monotonic() - before >= 0.3 or c.over(2))
        c.said(r"#3 .*partition")
        s.sendall(b"one way")
        check("nothing comes back", silent(s) or c.over(3), c.text())
        check("till it heals", s.recv(100) == b"one way")
    c.end()


def breaks(s, seconds):
    """Whether the connection is reset within so long."""
    s.settimeout(seconds)
    try:
        while s.recv(100):
            pass
        return False
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def resets(folder):
    c = Chaos(folder, "fault reset between client and server at 500ms every 500ms times 100\n")
    wait_for("an answer", c.ask)
    with c.dial() as s:
        check("a reset is an error", breaks(s, PATIENCE), c.text())
    wait_for("an answer after it", c.ask)
    c.end()


def refused_and_broken(folder):
    c = Chaos(folder, "fault refuse from client to server at 500ms for 600ms share 100%\n"
                      "fault half-open from client to server at 1500ms for 600ms share 100%\n"
                      "fault reset from client to server at 2500ms for 1s share 100%\n")
    c.said(r"#1 .*refuse")
    check("a dial is refused", c.ask() is None or c.over(1), c.text())
    c.said("#1 is over")
    wait_for("an answer after that", c.ask)
    c.said(r"#2 .*half-open")
    with c.dial() as s:
        s.sendall(b"anybody?")
        quiet = silent(s)
        check("one side is silent", quiet or c.over(2))
        c.said("#2 is over")
        wait_for("new ones are sound", c.ask)
        check("the old one stays silent", not quiet or silent(s))
    c.said(r"#3 .*reset")
    with c.dial() as s:
        check("it breaks", breaks(s, 1) or c.over(3), c.text())
    c.end()


# ---- disks ----

def disk_full(folder):
    disk = folder / "disk"
    disk.mkdir()
    c = Chaos(folder, "fault disk-full server at 100ms for 500ms\n", "--disk",
              f"server={disk}:64KiB")
    c.said("65536 bytes taken")
    check("the file has no name", not list(disk.iterdir()), list(disk.iterdir()))
    c.said("is not full: its bound is too low")
    c.end(1)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)],
                           capture_output=True)
    if mount.returncode:
        print("a disk that is full: not tried, since nothing may be mounted here")
        return
    try:
        c = Chaos(folder, "fault disk-full server at 100ms for 1s\n", "--disk", f"server={disk}:64MiB")
        c.said("it is full")
        try:
            (disk / "more").write_bytes(b"x" * 65536)
            full = c.over(1)
        except OSError as e:
            full = e.errno == 28
        check("nothing more can be written", full, c.text())
        c.said("#1 is over")
        (disk / "more").write_bytes(b"x" * 65536)
        c.end()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


# ---- the end ----

def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def when_it_is_stopped(folder):
    echo = Echo(folder)
    theirs = subprocess.Popen(echo.command.split())
    plan = "fault freeze server at 100ms for 1h\nfault hog client at 100ms for 1h cpus 1\n"
    try:
        for how, status in ((signal.SIGINT, 0), (signal.SIGKILL, -9)):
            c = Chaos(folder, plan, echo=echo, host=f"server=pid:{theirs.pid}")
            c.said("#2 at")
            wait_for("it is frozen", lambda: state_of(theirs.pid) == "T")
            hog = wait_for("the hog", lambda: subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(c.process.pid)], capture_output=True,
                text=True).stdout.split())
            c.process.send_signal(how)
            check(f"{how.name} ends it", c.process.wait(PATIENCE) == status, c.text())
            wait_for(f"after {how.name}: it goes on", lambda: state_of(theirs.pid) != "T")
            wait_for(f"after {how.name}: no child is left", lambda: not any(
                pathlib.Path(f"/proc/{pid}").exists() for pid in hog))
        with socket.create_connection(("127.0.0.1", echo.port), timeout=PATIENCE) as s:
            check("and answers", exchange(s, b"well") == b"well")
    finally:
        theirs.kill()
        theirs.wait()
    out = subprocess.run([CHAOS, "run", str(folder / "plan.faults"), "--host", "server=none",
                          "--host", "client=none", "--link", f"client-server=127.0.0.1:{echo.port}:"
                          "127.0.0.1:1"], capture_output=True, text=True, timeout=PATIENCE)
    check("a plan that does not fit", out.returncode == 2, out.stderr)
    c = Chaos(folder, "fault freeze server at 100ms for 1h\n", echo=echo)
    c.said("#1 at")
    pid = wait_for("the command", lambda: int(re.search(r"process (\d+)", c.text()).group(1)))
    c.process.kill()
    c.process.wait()
    wait_for("its own command dies with it, frozen or not",
             lambda: not pathlib.Path(f"/proc/{pid}").exists() or state_of(pid) == "Z")


def attempt(trial):
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        try:
            trial(pathlib.Path(folder))
        except (AssertionError, OSError) as e:
            check(trial.__name__, False, e)
    print(f"{trial.__name__}: {time.monotonic() - began:.1f} s")


def main():
    trials = (refusals, kill_and_freeze, hogs, ends_by_itself, partition_and_delay, resets,
              refused_and_broken, disk_full, when_it_is_stopped)
    with concurrent.futures.ThreadPoolExecutor(len(trials)) as all_at_once:
        list(all_at_once.map(attempt, trials))
    for process in started:
        if process.poll() is None:  # a trial gave up
            process.kill()
            process.wait()
    print(f"{passed} passed, {len(failed)} failed")
    return bool(failed)


sys.exit(main())
