# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_demo.py BUILD good|bad: the demonstration as `make run` starts it, made short. A good
version walks all stages; a bad one is held in the first, and the record says why."""
import pathlib
import re
import subprocess
import sys
import tempfile


def play(build, data, *extra):
    command = [str(build / "bin" / "sennit-fleet"), "demo", "--data", str(data), "--operators",
               "127.0.0.1:0", "--device-listener", "127.0.0.1:0", "--exit-when-done",
               "--soak", "1", "--install-ms", "100", *extra]
    run = subprocess.run(command, capture_output=True, text=True, timeout=110)
    print(run.stdout[-1500:])
    assert run.returncode in (0, 3), f"status {run.returncode}: {run.stderr}"
    assert "console   http://127.0.0.1:" in run.stdout
    return run


def good(build, data):
    run = play(build, data)
    assert run.returncode == 0, run.stderr
    assert re.search(r"stage 4 of 4 \(100 %\) +done", run.stdout)
    assert re.search(r" successes=1000 failures=0 .*corrupt=0$", run.stdout, re.M)


def bad(build, data):
    run = play(build, data, "--fail-rate", "0.05", "--no-swupdate")
    assert run.returncode == 3, run.stderr
    assert re.search(r"stage 1 of 4 \(5 %\) +held", run.stdout)
    assert re.search(r"roll-out held: .* failed .*allowed 5 %", run.stdout)
    again = subprocess.run([build / "bin" / "sennit-fleet", "check", "--data", data / "fleet"],
                           capture_output=True, text=True)
    assert again.returncode == 0, again.stdout + again.stderr


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        {"good": good, "bad": bad}[sys.argv[2]](build, pathlib.Path(folder) / "demo")


if __name__ == "__main__":
    main()
