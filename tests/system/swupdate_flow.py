#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""swupdate_flow.py BUILD CASE: trials of the server with the stock SWUpdate client, which knows
nothing of us. 77 where SWUpdate is not there or may not run."""
import contextlib
import pathlib
import sys
import tempfile
import threading
import time

import fleet_tls
import swupdate_lab as lab

VEHICLE = "veh-1"
QUICK = {"threshold": 0.5, "confidence": 0.5, "min_sample": 1, "soak_s": 0,
         "action_timeout_s": 600}


class Trial(contextlib.ExitStack):
    """A server, one device, and the proxy between them."""

    def __init__(self, build, before_request=None, cuts=(), tls=False):
        super().__init__()
        self.build = build
        with contextlib.ExitStack() as made:  # undone if one of them cannot be made
            self._make(made, build, before_request, cuts, tls)
            self.enter_context(made.pop_all())

    def _make(self, made, build, before_request, cuts, tls):
        self.folder = pathlib.Path(made.enter_context(
            tempfile.TemporaryDirectory(prefix="sennit-swupdate-")))
        certificates = self.folder if tls else None
        if tls:
            fleet_tls.make_certificates(self.folder)
        self.server = lab.Server(build, self.folder, certificates)
        made.callback(lab.stop, self.server.process)
        self.proxy = lab.Proxy(self.server.port, before_request, cuts)
        made.callback(self.proxy.close)
        token = None if tls else self.server.add_device(VEHICLE)
        self.device = lab.Device(build, self.folder / VEHICLE, VEHICLE, self.proxy.port, token,
                                 certificates)
        made.callback(self.device.stop)

    def image(self, name):
        return self.build / "firmware" / name

    def status_is(self, *wanted):
        action = self.server.action(VEHICLE)
        return action if action and action["status"] in wanted else None

    def explain(self):
        """What a failed trial leaves for a person to read."""
        for log in sorted(self.folder.rglob("*.log")):
            print(f"---- {log.name}\n{log.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        for line, headers in self.proxy.requests:
            span = [h for h in headers.split("\r\n") if h.lower().startswith("range")]
            print("request:", line, *span, file=sys.stderr)


def installed_all(trial, action):
    """The client has installed everything and waits for its restart. It says so by feedback."""
    return "All Chunks Installed" in trial.server.messages(VEHICLE, action["id"])


def restart_well(trial):
    """What the device's boot does: the client is started anew and told that all went well."""
    trial.device.stop()
    trial.device.start(outcome=2)
    return lab.wait_for("closed with success", lambda: trial.status_is("finished"))


def stage_counts(trial, rollout):
    return trial.server.call("GET", f"/api/v1/rollouts/{rollout}")["stages"][0]["counts"]


def case_update(trial):
    """poll, install, restart, closed/success; the roll-out counts it and ends."""
    for version in ("1", "2"):
        set_id = trial.server.offer_set(trial.image(f"fw-v{version}.swu"), f"{version}.0.0")
        rollout = trial.server.roll_out(f"blinkd {version}", set_id, QUICK)
        began = time.monotonic()
        trial.device.start()
        action = lab.wait_for("an action", lambda: trial.status_is("pending", "running"))
        lab.wait_for("installed", lambda: installed_all(trial, action))
        took = time.monotonic() - began
        assert trial.device.installed() == f"blinkd {version}.0.0", trial.device.installed()
        assert trial.status_is("running"), "an action is open until the device has restarted"
        restart_well(trial)
        lab.wait_for("the roll-out done", lambda: trial.server.call(
            "GET", f"/api/v1/rollouts/{rollout}")["state"] == "done")
        assert stage_counts(trial, rollout)["succeeded"] == 1
        print(f"swupdate_update version={version} installed_s={took:.1f} "
              f"closed_s={time.monotonic() - began:.1f}")
        trial.device.stop()
    device = trial.server.call("GET", f"/api/v1/devices/{VEHICLE}")["device"]
    assert device["installed_version"] == "2.0.0", device


def case_mtls(trial):
    """Over mutual TLS, with no token at all: the certificate makes the device known, and the
    update goes through."""
    set_id = trial.server.offer_set(trial.image("fw-v1.swu"), "1.0.0")
    trial.device.start()
    lab.wait_for("the device registered", lambda: trial.server.call(
        "GET", f"/api/v1/devices?search={VEHICLE}")["total"] == 1)
    rollout = trial.server.roll_out("over mutual TLS", set_id, QUICK)
    action = lab.wait_for("an action", lambda: trial.status_is("pending", "running"))
    lab.wait_for("installed", lambda: installed_all(trial, action))
    assert trial.device.installed() == "blinkd 1.0.0"
    restart_well(trial)
    assert stage_counts(trial, rollout)["succeeded"] == 1
    print("swupdate_mtls closed=success")


def case_resume(trial):
    """Two cuts in the middle of the download: each time the client goes on where it was."""
    set_id = trial.server.offer_set(trial.image("fw-v1.swu"), "1.0.0")
    rollout = trial.server.roll_out("over a bad line", set_id, QUICK)
    began = time.monotonic()
    trial.device.start()
    action = lab.wait_for("an action", lambda: trial.status_is("pending", "running"))
    lab.wait_for("installed", lambda: installed_all(trial, action))
    took = time.monotonic() - began
    downloads = trial.proxy.lines("^GET .*/artifacts/")
    ranges = [headers.lower().partition("range: bytes=")[2].split("-")[0]
              for _, headers in downloads]
    assert len(downloads) == 3 and ranges[0] == "", ranges
    assert 0 < int(ranges[1]) < int(ranges[2]) < trial.image("fw-v1.swu").stat().st_size, ranges
    assert trial.device.installed() == "blinkd 1.0.0"
    restart_well(trial)
    assert stage_counts(trial, rollout)["failed"] == 0
    print(f"swupdate_resume cuts=2 resumed_at={ranges[1]},{ranges[2]} installed_s={took:.1f}")


class CancelAtSecondPoll:
    """Asks the server to cancel between the client's learning of the job and its next poll, so
    that the cancel always comes before the installation."""

    def __init__(self):
        self.trial, self.known, self.done = None, threading.Event(), threading.Event()

    def __call__(self, proxy, line, headers):
        if "/deploymentBase/" in line:
            self.known.set()
        elif line.startswith(f"GET /DEFAULT/controller/v1/{VEHICLE} ") and self.known.is_set() \
                and not self.done.is_set():
            action = self.trial.server.action(VEHICLE)
            self.trial.server.call("DELETE", f"/rest/v1/targets/{VEHICLE}/actions/{action['id']}",
                                   expect=(200, 204))
            self.done.set()


def case_cancel(trial):
    """An update that is called off is given up, acknowledged, and not installed."""
    trial.proxy.before_request.trial = trial
    set_id = trial.server.offer_set(trial.image("fw-v1.swu"), "1.0.0")
    trial.server.call("POST", f"/rest/v1/distributionsets/{set_id}/assignedTargets",
                      [{"id": VEHICLE, "type": "forced"}])
    began = time.monotonic()
    trial.device.start()
    action = lab.wait_for("cancelled", lambda: trial.status_is("canceled"))
    took = time.monotonic() - began
    assert "cancellation acknowledged" in trial.server.messages(VEHICLE, action["id"])
    polls = len(trial.proxy.lines("^GET .*controller/v1/[^/]* "))
    lab.wait_for("two polls more",
                 lambda: len(trial.proxy.lines("^GET .*controller/v1/[^/]* ")) >= polls + 2)
    assert len(trial.proxy.lines("/cancelAction/")) == 2, "asked once, answered once"
    assert not trial.proxy.lines("/artifacts/") and trial.device.installed() is None
    print(f"swupdate_cancel acknowledged_s={took:.1f}")


def case_tampered(trial):
    """One byte is wrong: the client refuses the image, the roll-out counts a failure, and the
    device's reason stands in the API."""
    set_id = trial.server.offer_set(trial.image("fw-v2-tampered.swu"), "2.0.0")
    policy = {**QUICK, "threshold": 0.01, "confidence": 0.9, "on_fail": "stop"}
    rollout = trial.server.roll_out("a spoilt image", set_id, policy)
    began = time.monotonic()
    trial.device.start()
    action = lab.wait_for("failed", lambda: trial.status_is("error"))
    took = time.monotonic() - began
    said = trial.server.messages(VEHICLE, action["id"])
    assert "HASH mismatch" in said, said
    ended = lab.wait_for("the roll-out stopped", lambda: (
        lambda r: r if r["state"] in ("stopped", "held") else None)(
            trial.server.call("GET", f"/api/v1/rollouts/{rollout}")))
    counts = ended["stages"][0]["counts"]
    assert (counts["failed"], counts["succeeded"]) == (1, 0), counts
    assert ended["reason"], "a roll-out that stands says why"
    assert trial.device.installed() is None
    print(f"swupdate_tampered refused_s={took:.1f} state={ended['state']} "
          f"reason=\"{ended['reason']}\"")


CASES = {"update": (case_update, lambda: {}),
         "resume": (case_resume, lambda: {"cuts": (200_000, 150_000)}),
         "cancel": (case_cancel, lambda: {"before_request": CancelAtSecondPoll()}),
         "tampered": (case_tampered, lambda: {}),
         "mtls": (case_mtls, lambda: {"tls": True})}


def main():
    build, name = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    reason = lab.why_skip(build)
    if reason:
        print(f"skipped: {reason}")
        return lab.SKIP
    case, settings = CASES[name]
    with Trial(build, **settings()) as trial:
        try:
            case(trial)
            trial.device.stop()
            trial.server.end()
        except BaseException:
            trial.explain()
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
