# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_chaos.py BUILD [DEVICES]: a roll-out to driven devices under the fault plan fleet.faults,
done to the live server by sennit-chaos; the devices reach it through its link. And the disk is
full for a while, where a disk of its own can be mounted. Afterwards what fleet_kill9.py asks:
nothing acknowledged is lost, nothing counted twice, the roll-out ended, `check` and `record verify`
find nothing."""
import contextlib
import http.client
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile

import fleet_kill9 as kill9
import swupdate_lab as lab

HERE = pathlib.Path(__file__).resolve().parent
DISK_FULL = "fault disk-full server at 8700ms for 800ms\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Server(kill9.Server):
    """As that one, but in the hands of sennit-chaos once it is prepared."""

    def serve(self):
        return [str(self.program), "serve", "--listen", self.address, "--data",
                str(self.folder / "data"), "--admin-token-file", str(self.token_file),
                "--gateway-token-file", str(self.gateway_file), "--poll", "1", "--tick-ms", "50"]

    def hand_over(self, build, plan, disk):
        """Stops it, and starts it again as a host of the plan."""
        lab.stop(self.process)
        self.door = free_port()
        self.chaos_log = self.folder / "chaos.log"
        command = [str(build / "bin" / "sennit-chaos"), "run", str(plan), "--host",
                   "server=run:" + " ".join(self.serve()), "--host", "field=none", "--link",
                   f"field-server=127.0.0.1:{self.door}:{self.address}", "--for", "1h"]
        if disk:
            command += ["--disk", f"server={disk}:256MiB"]
        with open(self.chaos_log, "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def told(self):
        """What sennit-chaos itself says, without the server's log."""
        return "".join(line for line in self.chaos_log.read_text().splitlines(True)
                       if not line.startswith("{"))

    def ask(self, method, path):
        """As call, but None when nobody answers in time."""
        try:
            return self.call(method, path)
        except (OSError, http.client.HTTPException, AssertionError, ValueError):
            return None


def drive(server, devices, folder, port):
    command = [str(server.program), "drive", "--server", f"http://127.0.0.1:{port}", "--devices",
               str(devices), "--fail-rate", "0.02", "--seed", str(kill9.SEED), "--gateway-token",
               kill9.GATEWAY, "--journal", str(folder / "journal"), "--install-ms", "300",
               "--poll-max", "1", "--ramp", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def prepare(build, folder, devices, dice):
    """A server with registered devices and a roll-out that is about to begin."""
    server = Server(build, folder)
    image = folder / "image.bin"
    image.write_bytes(dice.randbytes(100_000))
    set_id = server.offer_set(image, "2.0.0")
    first = drive(server, devices, folder, server.port)
    try:
        lab.wait_for("all devices registered",
                     lambda: server.call("GET", "/api/v1/server")["devices"] == devices)
    finally:
        lab.stop(first)
    rollout = server.call("POST", "/api/v1/rollouts", {
        "name": "in bad weather", "set": set_id, "stages": [0.05, 0.2, 0.5, 1],
        "policy": kill9.PACE})["id"]
    server.verb(rollout, "approve")
    server.verb(rollout, "start")
    return server, rollout


def own_disk(folder, stack):
    """A small disk for the server's data, or None where nothing may be mounted."""
    disk = folder / "data"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(disk)],
                           capture_output=True)
    if mount.returncode:
        print("fleet_chaos: no disk may be mounted here: it is not filled")
        return None
    stack.callback(subprocess.run, ["umount", "-l", str(disk)], check=True)
    return disk


def trial(build, devices, folder, stack):
    disk = own_disk(folder, stack)
    server, rollout = prepare(build, folder, devices, random.Random(kill9.SEED))
    stack.callback(lambda: lab.stop(server.process))
    plan = folder / "fleet.faults"
    plan.write_text((HERE / "fleet.faults").read_text() + (DISK_FULL if disk else ""))
    server.hand_over(build, plan, disk)
    field = drive(server, devices, folder, server.door)
    stack.callback(lambda: lab.stop(field))
    lab.wait_for("all faults", lambda: len(re.findall(r"#\d+ is over", server.told()))
                 == len(re.findall(r" for .*\(line", server.told())) > (12 if disk else 11), 120)
    during = server.ask("GET", f"/api/v1/rollouts/{rollout}")
    lab.wait_for("the roll-out's end", lambda: (
        server.ask("GET", f"/api/v1/rollouts/{rollout}") or {}).get("state") == "done", 120)
    field.send_signal(signal.SIGTERM)
    summary = field.communicate(timeout=60)[0].strip()
    acknowledged, counts = kill9.judge(server, rollout, devices, folder / "journal")
    export = folder / "record.ndjson"
    export.write_bytes(kill9.get_raw(server, "/api/v1/records/export"))
    server.process.send_signal(signal.SIGINT)
    status = server.process.wait(60)
    assert status == 0, f"sennit-chaos ended with {status}"
    for command in (["check", "--data", str(folder / "data")], ["record", "verify", str(export)]):
        run = subprocess.run([server.program, *command], capture_output=True, text=True)
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
    print(server.told())
    print(f"fleet_chaos devices={devices} state_after_faults={during and during['state']} "
          f"acknowledged={acknowledged} finished={counts['finished']} error={counts['error']}")
    print(summary)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    devices = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        try:
            trial(build, devices, folder, stack)
        except AssertionError:
            for log in [*sorted(folder.glob("server*.log"))[-1:], *folder.glob("chaos.log")]:
                print(f"---- {log.name}\n{log.read_text()[-6000:]}", file=sys.stderr)
            raise


if __name__ == "__main__":
    main()
