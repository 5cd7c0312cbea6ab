#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""search_cli.py SENNIT_SIM: the command line of a program of scenarios, as people and scripts see it."""
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
SCENARIOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios")
FAILED = re.compile(r"^seed (\d+) failed at (\S+), hash ([0-9a-f]{16}): (.*)$", re.M)


def call(*words, env=None):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False,
                          timeout=120, env={**os.environ, **(env or {})})


def mishap(how, *words, seeds="1..6"):
    return call("run", "mishap", "--set", "how=" + how, "--set", "every=3", "--seeds", seeds, *words)


def last_hash(text):
    last = text.splitlines()[-1]
    assert re.fullmatch(r"hash=[0-9a-f]{16}", last), text
    return last


class Usage(unittest.TestCase):
    def refuses(self, message, *words):
        run = call(*words)
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn(message, run.stderr)

    def test_bad_words(self):
        self.refuses("usage:")
        self.refuses("'walk' is not a command", "walk")
        self.refuses("needs a scenario or a file", "run")
        self.refuses("no scenario 'nobody'", "run", "nobody")
        self.refuses("no scenario 'relax'", "run", "relax", "--seeds", "1..2")
        self.refuses("'--fast' is not an option", "run", "relay", "--fast")
        self.refuses("--seeds needs a value", "run", "relay", "--seeds")
        self.refuses("--calm takes no value", "run", "relay", "--calm=1")
        self.refuses("--gdb is not for this command", "run", "relay", "--gdb")
        self.refuses("needs --seed N", "replay", "relay")
        self.refuses("needs --seed N", "minimise", "relay")

    def test_bad_values(self):
        for option, value in (("--seeds", "5..1"), ("--seeds", "0..3"), ("--seeds", "1..x"),
                              ("--seeds", "1..99999999999999999999"), ("--jobs", "0"),
                              ("--jobs", "1000"), ("--mode", "pet"), ("--depth", "65"),
                              ("--limit", "60"), ("--limit", "-1s"), ("--max-time", "1y"),
                              ("--order", "7"), ("--order", "3:1,2:1"), ("--order", "3+300:1"),
                              ("--without", "3,2"), ("--without", "0"), ("--without", "1..200000"),
                              ("--set", "steps"), ("--set", "=3")):
            self.refuses(f"{option} '{value}'", "run", "relay", option, value)

    def test_parameters(self):
        self.refuses("asks for no parameter 'colour'", "run", "relay", "--seeds", "1..3", "--set",
                     "colour=red")
        for command in ("replay", "minimise"):
            self.refuses("asks for no parameter 'colour'", command, "relay" if command == "replay"
                         else "counter", "--seed", "1", "--set", "colour=red")
        self.refuses("parameter values: 'many' is not a whole number", "run", "relay", "--seeds",
                     "1..3", "--set", "values=many")

    def test_list(self):
        run = call("list")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, r"(?m)^relay +values through a chain")


class Files(unittest.TestCase):
    def run_text(self, text, *words):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.scn")
            with open(path, "w", encoding="utf-8", newline="") as f:
                f.write(text)
            run = call("run", path, *words)
            run.stderr = run.stderr.replace(path, "x.scn")
            return run

    def refuses(self, text, message):
        run = self.run_text(text)
        self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
        self.assertIn(message, run.stderr)

    def test_errors_say_where(self):
        top = "scenario relay\n"
        self.refuses(top + "sceds 1..2\n", "x.scn:2:1: 'sceds' is not a word that a line begins with")
        self.refuses(top + "  seeds 2..1\n", "x.scn:2:9: '2..1' is not a range")
        self.refuses(top + "seeds 1..2 3\n", "x.scn:2:12: '3' is more than belongs here")
        self.refuses(top + "scenario relay\n", "x.scn:2:1: 'scenario' stands in line 1 already")
        self.refuses(top + "set values 3\nset values 4\n", "x.scn:3:5: 'values' is set twice")
        self.refuses(top + "shrink values 3\n", "x.scn:2:8: 'values' is not set above")
        self.refuses(top + "set values 3\nshrink values few\n", "x.scn:3:15: '3' and 'few' are not")
        self.refuses(top + "mode pct depth 99\n", "x.scn:2:16: '99' is not a number from 1 to 64")
        self.refuses(top + "mode pct width 9\n", "x.scn:2:10: 'width' is neither depth nor steps")
        self.refuses(top + "expect luck\n", "x.scn:2:8: 'luck' is neither pass nor fail")
        self.refuses(top + "about a\0b\n", "x.scn:2:8: a zero byte")
        self.refuses(top + "about a\x07b\n", "x.scn:2:8: a control character (0x07)")
        self.refuses(top + "about " + "x" * 1000 + "\n", "x.scn:2:1001: line longer than 1000 bytes")
        self.refuses(top + "fault kill\n", "x.scn:2:")
        self.refuses("seeds 1..2\n", "x.scn: names no scenario")
        self.refuses("scenario nobody\n", "no scenario 'nobody'")
        self.refuses("", "x.scn: names no scenario")

    def test_words_win_over_the_file(self):
        run = self.run_text("scenario relay # a chain\r\nseeds 1..5\r\nset values 3\r\n")
        self.assertIn("5 seeds, 0 failed", run.stdout)
        other = self.run_text("scenario relay\nseeds 1..5\nset values 3\n", "--set", "values=4")
        self.assertNotEqual(last_hash(run.stdout), last_hash(other.stdout))
        same = call("run", "relay", "--seeds", "1..5", "--set", "values=3")
        self.assertEqual(last_hash(run.stdout), last_hash(same.stdout))

    def test_expected_failure(self):
        path = os.path.join(SCENARIOS, "counter.scn")
        self.assertEqual(call("run", path, "--brief").returncode, 0)
        fixed = call("run", path, "--seeds", "1..20", "--set", "hands=1")
        self.assertEqual(fixed.returncode, 1)
        self.assertIn("a failure was expected, and no seed failed", fixed.stdout)
        other = self.run_text("scenario counter\nseeds 1..50\nexpect fail the moon is blue\n")
        self.assertEqual(other.returncode, 1)
        self.assertIn("another reason was expected: the moon is blue", other.stdout)

    def test_no_file(self):
        run = call("run", "nowhere/x.scn")
        self.assertEqual(run.returncode, 2)
        self.assertIn("nowhere/x.scn: No such file", run.stderr)


class Search(unittest.TestCase):
    def test_the_hash_knows_no_jobs(self):
        for words in (("relay", "--seeds", "1..150"), ("counter", "--seeds", "1..60")):
            one = call("run", *words, "--jobs", "1")
            for more in (("--jobs", "2"), ("--jobs", "5"), ("--jobs", "3", "--twice")):
                many = call("run", *words, *more)
                self.assertEqual(last_hash(one.stdout), last_hash(many.stdout))
                self.assertEqual(one.returncode, many.returncode)
                self.assertEqual(sorted(FAILED.findall(one.stdout)),
                                 sorted(FAILED.findall(many.stdout)))

    def test_seeds_and_modes_differ(self):
        hashes = {last_hash(call("run", "relay", *words).stdout)
                  for words in (("--seeds", "1..10"), ("--seeds", "2..11"), ("--seeds", "1..11"),
                                ("--seeds", "1..10", "--mode", "pct"),
                                ("--seeds", "1..10", "--mode", "mixed"),
                                ("--seeds", "1..10", "--calm"),
                                ("--seeds", "1..10", "--calm-after", "100"))}
        self.assertEqual(len(hashes), 7)

    def test_mixed_is_both(self):
        def failing(mode):
            run = call("run", "counter", "--seeds", "1..100", "--mode", mode)
            return {f for f in FAILED.findall(run.stdout)}
        uniform, pct, mixed = failing("uniform"), failing("pct"), failing("mixed")
        self.assertEqual(mixed, {f for f in uniform if int(f[0]) % 2} |
                         {f for f in pct if int(f[0]) % 2 == 0})

    def test_failing_seeds_are_told(self):
        run = call("run", "counter", "--seeds", "1..60", "--jobs", "1")
        self.assertEqual(run.returncode, 1)
        found = FAILED.findall(run.stdout)
        self.assertTrue(found)
        self.assertIn(f"60 seeds, {len(found)} failed", run.stdout)
        for seed, at, digest, why in found[:3]:
            self.assertRegex(why, r"^\d+ steps of 20 are lost$")
            again = call("replay", "counter", "--seed", seed)
            self.assertEqual(again.returncode, -6)
            self.assertIn(f"seed {seed} failed at {at}: {why}\nhash={digest}\n", again.stdout)
            self.assertIn("coroutine", again.stderr)
        repeat = re.search(r"^repeat: (.*)$", run.stdout, re.M).group(1)
        shell = subprocess.run(repeat, shell=True, capture_output=True, text=True, check=False)
        self.assertIn(f"seed {found[0][0]} failed", shell.stdout)

    def test_stop_after(self):
        run = call("run", "counter", "--seeds", "1..1000", "--jobs", "1", "--stop-after", "2")
        self.assertEqual(len(FAILED.findall(run.stdout)), 2)
        self.assertNotIn("1000 seeds", run.stdout)

    def test_mishaps(self):
        for how, why, words in (
                ("crash", "(killed by signal 11|.*SEGV|.*null pointer)", ()),
                ("abort", "killed by signal 6", ()),
                ("hang", "no end within the limit of real time", ("--limit", "200ms")),
                ("spin", "the run does not come to its end", ("--max-choices", "10000")),
                ("oversleep", "the run does not come to its end in the time", ("--max-time", "9d")),
                ("deadlock", "all coroutines are asleep", ()),
                ("exit", "the process ended with status [01]", ()),
                ("error", "the scenario returned", ()),
                ("overflow", "(stack overflow of coroutine 2|.*stack-overflow)", ()),
                ("unsteady", "not deterministic: hash", ("--twice",))):
            with self.subTest(how):
                run = mishap(how, *words)
                self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
                found = FAILED.findall(run.stdout)
                self.assertEqual(sorted(f[0] for f in found), ["2", "3", "4"], run.stdout)
                for f in found:
                    self.assertRegex(f[3], why)
                self.assertIn("6 seeds, 3 failed", run.stdout)
                if how == "abort":
                    self.assertIn("    it says this and aborts\n", run.stdout)

    def test_unsteady_runs_are_compared(self):
        run = mishap("unsteady", "--twice")
        self.assertRegex(run.stdout, r"(?m)^1 .* mishap\.runs +1 0\n2 .* mishap\.runs +2 0$")
        self.assertIn(" --twice", re.search(r"^repeat: (.*)$", run.stdout, re.M).group(1))

    def test_an_interrupt_ends_it_with_what_there_is(self):
        with subprocess.Popen([PROGRAM, "run", "relay", "--seeds", "1..1000000000"],
                              stdout=subprocess.PIPE, text=True) as running:
            self.assertIsNone(running.poll())
            # it is ready for it once its workers are there
            with open(f"/proc/{running.pid}/task/{running.pid}/children", encoding="ascii") as f:
                while not f.read():
                    f.seek(0)
            running.send_signal(signal.SIGINT)
            out = running.communicate(timeout=60)[0]
        self.assertEqual(running.returncode, 1)
        self.assertIn("interrupted: not all seeds were run", out)
        last_hash(out)

    def test_reasons_are_counted(self):
        run = call("run", "mishap", "--set", "how=either", "--seeds", "1..30")
        found = [re.sub(r"\d+", "#", f[3]) for f in FAILED.findall(run.stdout)]
        self.assertEqual(set(found), {"# is odd", "# is even"})
        for kind in set(found):
            self.assertRegex(run.stdout,
                             f"(?m)^{found.count(kind)} times, first in seed \\d+: {kind}$")

    def test_no_failure_no_word(self):
        run = mishap("none", "--twice")
        self.assertEqual(run.returncode, 0)
        self.assertEqual(len(run.stdout.splitlines()), 2)
        self.assertEqual(run.stderr, "")


class Replay(unittest.TestCase):
    def test_trace(self):
        plain = call("replay", "relay", "--seed", "7")
        self.assertEqual(plain.returncode, 0)
        self.assertIn("seed 7 passed", plain.stdout)
        traced = call("replay", "relay", "--seed", "7", "--trace")
        lines = traced.stdout.splitlines()
        self.assertEqual("\n".join(lines[-2:]), plain.stdout.strip())
        events = int(re.search(r"(\d+) events", plain.stdout).group(1))
        self.assertEqual(len(lines) - 2, events)
        self.assertEqual([int(line.split()[0]) for line in lines[:-2]], list(range(1, events + 1)))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "trace")
            filed = call("replay", "relay", "--seed", "7", "--trace=" + path)
            self.assertEqual(filed.stdout, plain.stdout)
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.read().splitlines(), lines[:-2])

    def test_a_trace_survives_a_crash(self):
        run = call("replay", "mishap", "--seed", "1", "--set", "how=abort", "--trace")
        self.assertRegex(run.stdout, r"(?m)^ +4 .* ready +2 0$")

    def test_twice(self):
        run = call("replay", "relay", "--seed", "7", "--twice")
        self.assertEqual(run.returncode, 0)
        self.assertIn("both runs did the same", run.stdout)

    def test_gdb_is_started_at_the_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            gdb = os.path.join(folder, "gdb")
            with open(gdb, "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\nfor w; do echo \"<$w>\"; done\n")
            os.chmod(gdb, os.stat(gdb).st_mode | stat.S_IXUSR)
            run = call("replay", "counter", "--gdb", "--seed", "3", "--set", "steps=4",
                       env={"PATH": folder + ":" + os.environ["PATH"]})
        words = re.findall(r"<(.*)>", run.stdout)
        self.assertIn("break sn__fatal", words)
        start = words.index("--args")
        self.assertEqual(os.path.realpath(words[start + 1]), os.path.realpath(PROGRAM))
        self.assertEqual(words[start + 2:], ["replay", "counter", "--seed", "3", "--set", "steps=4"])


    @unittest.skipUnless(shutil.which("gdb"), "gdb is not installed")
    def test_gdb_stands_at_the_failure(self):
        seed = FAILED.findall(call("run", "counter", "--seeds", "1..60").stdout)[0][0]
        run = subprocess.run([PROGRAM, "replay", "counter", "--seed", seed, "--gdb"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             check=False, timeout=100)
        if "ptrace" in run.stderr:
            self.skipTest("processes may not be traced here")
        self.assertRegex(run.stdout, r"#\d+ .*sn_sim_fail")
        self.assertRegex(run.stdout, r"#\d+ .*counter_scenario")


class Minimise(unittest.TestCase):
    def test_smaller_world(self):
        path = os.path.join(SCENARIOS, "counter.scn")
        seed = FAILED.findall(call("run", path, "--seeds", "1..60").stdout)[0][0]
        run = call("minimise", path, "--seed", seed)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("hands is 2, was 4", run.stdout)
        self.assertIn("steps is 1, was 3", run.stdout)
        self.assertRegex(run.stdout, "coroutines run in turn, with [123] exceptions")
        repeat = re.search(r"^repeat: (.*)$", run.stdout, re.M).group(1)
        again = subprocess.run(repeat, shell=True, capture_output=True, text=True, check=False)
        self.assertRegex(again.stdout, r"seed \d+ failed at .*: 1 steps of 2 are lost")

    def test_both_modes(self):
        for mode in ("uniform", "pct"):
            words = ("counter", "--mode", mode, "--set", "steps=5")
            seed = FAILED.findall(call("run", *words, "--seeds", "1..100").stdout)[0][0]
            run = call("minimise", *words, "--seed", seed)
            repeat = re.search(r"^repeat: (.*)$", run.stdout, re.M).group(1)
            self.assertIn(" --order ", repeat)
            again = subprocess.run(repeat, shell=True, capture_output=True, text=True, check=False)
            self.assertIn(f"seed {seed} failed", again.stdout)
            calm = call("replay", *words, "--seed", seed, "--order", "none")
            self.assertEqual(calm.returncode, 0)

    def test_fewer_faults(self):
        path = os.path.join(SCENARIOS, "office.scn")
        seed = FAILED.findall(call("run", path, "--brief").stdout)[0][0]
        shown = call("replay", path, "--seed", seed).stdout
        self.assertRegex(shown, r"(?m)^  \(and \d+ before\)\n  #\d+ at ")
        run = call("minimise", path, "--seed", seed)
        kept, of = map(int, re.search(r"(\d+) of (\d+) faults", run.stdout).groups())
        self.assertLess(kept, 4)
        self.assertGreater(of, 20)
        self.assertRegex(run.stdout, r"(?m)^  #\d+ at .* power office for 20s \(line \d+\)$")
        repeat = re.search(r"^repeat: (.*)$", run.stdout, re.M).group(1)
        self.assertIn(" --without ", repeat)
        again = subprocess.run(repeat, shell=True, capture_output=True, text=True, check=False)
        self.assertRegex(again.stdout, r"failed at .* stamped letters are forgotten")
        self.assertEqual(len(re.findall(r"(?m)^  #\d+ at ", again.stdout)), kept)

    def test_the_fix(self):
        path = os.path.join(SCENARIOS, "office.scn")
        fixed = call("run", path, "--set", "sync=1", "--seeds", "1..30")
        self.assertIn("no seed failed", fixed.stdout)

    def test_tries_are_bounded(self):
        run = call("minimise", "counter", "--seed", "33", "--tries", "5")
        self.assertIn("5 runs; more might make it smaller", run.stdout)

    def test_a_crash(self):
        run = call("minimise", "mishap", "--seed", "2", "--set", "how=abort")
        self.assertIn("killed by signal 6", run.stdout)
        self.assertIn("with 0 exceptions", run.stdout)
        self.assertIn(" --order none", run.stdout)

    def test_a_seed_that_passes(self):
        run = call("minimise", "relay", "--seed", "1")
        self.assertEqual(run.returncode, 1)
        self.assertIn("seed 1 does not fail", run.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
