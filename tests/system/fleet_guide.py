#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_guide.py BUILD: runs the shell blocks of docs/guide/fleet.md, as printed, one after the
other in one shell that stops at the first failure. Only the port is another one: the kernel
chooses it."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "guide" / "fleet.md"
PORT = "127.0.0.1:8080"
WAIT = r"""
serve=$!
for i in $(seq 300); do
    port=$(sed -n 's/.*"event":"server.started","devices":"127.0.0.1:\([0-9]*\)".*/\1/p' fleet.log)
    if [ -n "$port" ] && [ -s admin-token ]; then break; fi
    sleep 0.1
done
[ -n "$port" ]
"""


def script():
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.S | re.M)
    start = [i for i, block in enumerate(blocks) if "sennit-fleet serve" in block]
    assert start == [0], "the guide starts the server first, and once"
    blocks[0] = blocks[0].replace(PORT, "127.0.0.1:0") + "{ set +x; } 2>/dev/null\n" + WAIT
    rest = [block.replace(PORT, "127.0.0.1:$port") for block in blocks[1:]]
    # what the blocks leave running ends with the shell, and the shell waits for it
    head = "set -eu\ntrap 'kill $(jobs -p) || true; wait || true' EXIT\n"
    last = 'kill "$serve"\nwait "$serve"\n'  # it ends well, or the test fails
    return head + "\n".join(f"echo\nset -x\n{b}\n{{ set +x; }} 2>/dev/null\n"
                            for b in [blocks[0], *rest, last])


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    missing = [tool for tool in ("bash", "curl") if not shutil.which(tool)]
    if not (build / "firmware" / "fw-v1.swu").exists():
        missing.append("the firmware images")
    if missing:
        print("skipped: there is no", ", no ".join(missing))
        return 77
    with tempfile.TemporaryDirectory(prefix="sennit-guide-") as folder:
        (pathlib.Path(folder) / "build").symlink_to(build)
        shell = subprocess.Popen(["bash", "-c", script()], cwd=folder, start_new_session=True)
        try:
            code = shell.wait(120)
        except BaseException:
            os.killpg(shell.pid, signal.SIGKILL)
            raise
        if code:
            for log in ("fleet.log", "drive.log"):
                path = pathlib.Path(folder) / log
                print(f"---- {log}\n{path.read_text()[-3000:] if path.exists() else 'none'}")
    return 1 if code else 0


if __name__ == "__main__":
    sys.exit(main())
