# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_kill9.py BUILD [DEVICES KILLS]: the server is killed with SIGKILL again and again during a
roll-out to driven devices. Afterwards: every feedback that a device got an answer to is stored as
it was; no device has two actions of the roll-out; none is counted twice; the roll-out ended; and
`check` and `record verify` find nothing."""
import collections
import contextlib
import pathlib
import random
import signal
import subprocess
import sys
import tempfile

import swupdate_lab as lab

SEED = 7
GATEWAY = "gateway-token-of-the-trial-0001"
PACE = {"threshold": 0.3, "confidence": 0.8, "soak_s": 0, "max_in_flight": 20}


class Server:
    """One data folder and one pair of ports through many processes."""

    def __init__(self, build, folder):
        self.program, self.folder = build / "bin" / "sennit-fleet", folder
        self.token_file, self.gateway_file = folder / "admin-token", folder / "gateway-token"
        self.gateway_file.write_text(GATEWAY + "\n")
        self.address, self.runs = "127.0.0.1:0", 0
        self.start()
        self.address = f"127.0.0.1:{self.port}"
        self.token = lab.wait_for("the admin token", self._token, 30)

    def _token(self):
        return self.token_file.exists() and self.token_file.read_text().strip()

    context = None
    call, _ports, upload = lab.Server.call, lab.Server._ports, lab.Server.upload
    offer_set, verb = lab.Server.offer_set, lab.Server.verb

    def start(self):
        self.runs += 1
        self.log = self.folder / f"server{self.runs}.log"
        command = [str(self.program), "serve", "--listen", self.address, "--data",
                   str(self.folder / "data"), "--admin-token-file", str(self.token_file),
                   "--poll", "1", "--tick-ms", "50"]
        if self.runs == 1:
            command += ["--gateway-token-file", str(self.gateway_file)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self.port, self.operators = lab.wait_for("the ports in the log", self._ports, 60)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def start_drive(server, devices, folder):
    command = [str(server.program), "drive", "--server", f"http://{server.address}", "--devices",
               str(devices), "--fail-rate", "0.02", "--seed", str(SEED), "--gateway-token",
               GATEWAY, "--journal", str(folder / "journal"), "--install-ms", "300", "--poll-max",
               "1", "--ramp", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def rollout_now(server, rollout):
    return server.call("GET", f"/api/v1/rollouts/{rollout}")


def kill_again_and_again(server, rollout, kills, dice):
    """Kills while the roll-out runs; how many there were in all."""
    done = 0
    while done < kills:
        wait = dice.uniform(0.05, 0.9)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(wait)
            raise AssertionError(f"the server ended by itself: {server.log.read_text()}")
        server.kill()
        server.start()
        done += 1
    return rollout_now(server, rollout)["state"]


def all_actions(server, rollout):
    rows, total = [], 1
    while len(rows) < total:
        page = server.call("GET",
                           f"/api/v1/rollouts/{rollout}/devices?limit=500&offset={len(rows)}")
        total = page["total"]
        rows += page["actions"]
        assert page["actions"] or len(rows) >= total
    return rows


def judge(server, rollout, devices, journal):
    actions = all_actions(server, rollout)
    per_device = collections.Counter(row["device"] for row in actions)
    assert len(per_device) == devices, f"{len(per_device)} devices of {devices} have an action"
    twice = [d for d, n in per_device.items() if n > 1]
    assert not twice, f"more than one action: {twice[:5]}"
    status = {str(row["id"]): (row["device"], row["status"]) for row in actions}
    acknowledged = [line.split() for line in journal.read_text().splitlines()]
    for device, action, result in acknowledged:
        want = (device, "finished" if result == "success" else "error")
        assert status.get(action) == want, f"{device} {action}: {status.get(action)}, not {want}"
    counts = collections.Counter(row["status"] for row in actions)
    told = collections.Counter()
    for stage in rollout_now(server, rollout)["stages"]:
        told.update(stage["counts"])
    assert told["total"] == told["assigned"] == devices, told
    assert told["succeeded"] == counts["finished"] and told["failed"] == counts["error"], told
    assert told["succeeded"] + told["failed"] + told["silent"] == devices, told
    return len(acknowledged), counts


def trial(build, devices, kills, folder, stack):
    dice = random.Random(SEED)
    server = Server(build, folder)
    stack.callback(lambda: lab.stop(server.process))
    image = folder / "image.bin"
    image.write_bytes(dice.randbytes(100_000))
    set_id = server.offer_set(image, "2.0.0")
    drive = start_drive(server, devices, folder)
    stack.callback(lambda: lab.stop(drive))
    lab.wait_for("all devices registered",
                 lambda: server.call("GET", "/api/v1/server")["devices"] == devices)
    rollout = server.call("POST", "/api/v1/rollouts", {
        "name": "under fire", "set": set_id, "stages": [0.05, 0.2, 0.5, 1], "policy": PACE})["id"]
    server.verb(rollout, "approve")
    server.verb(rollout, "start")
    state = kill_again_and_again(server, rollout, kills, dice)
    lab.wait_for("the roll-out's end", lambda: rollout_now(server, rollout)["state"] == "done",
                 120)
    drive.send_signal(signal.SIGTERM)
    summary = drive.communicate(timeout=60)[0].strip()
    acknowledged, counts = judge(server, rollout, devices, folder / "journal")
    export = folder / "record.ndjson"
    export.write_bytes(get_raw(server, "/api/v1/records/export"))
    lab.stop(server.process)
    for command in (["check", "--data", str(folder / "data")], ["record", "verify", str(export)]):
        run = subprocess.run([server.program, *command], capture_output=True, text=True)
        assert run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
    print(f"fleet_kill9 devices={devices} kills={kills} state_after_kills={state} "
          f"acknowledged={acknowledged} finished={counts['finished']} error={counts['error']}")
    print(summary)


def get_raw(server, path):
    import http.client
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        return connection.getresponse().read()


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    devices, kills = (int(a) for a in sys.argv[2:4]) if len(sys.argv) > 3 else (1000, 20)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = pathlib.Path(folder)
        try:
            trial(build, devices, kills, folder, stack)
        except AssertionError:
            for log in sorted(folder.glob("server*.log"))[-2:]:
                print(f"---- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            raise


if __name__ == "__main__":
    main()
