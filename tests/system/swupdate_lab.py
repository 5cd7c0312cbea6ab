# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the trials with the stock SWUpdate client are made of: our server, the client, and a
proxy between them that watches, delays and cuts. Standard library only; loopback only; every
port is chosen by the kernel. Nothing here sleeps to synchronise: waits poll a condition and name
it when it does not come."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import uuid

SKIP = 77


def why_skip(build):
    """A reason why the trials cannot run here, or None."""
    if not shutil.which("swupdate"):
        return "swupdate is not installed"
    if os.geteuid() != 0:
        return "swupdate wants root"
    for name in ("fw-v1.swu", "fw-v2.swu", "fw-v2-tampered.swu", "signing-cert.pem"):
        if not (build / "firmware" / name).exists():
            return f"firmware/{name} was not built"
    return None


def wait_for(what, condition, seconds=60):
    """The first true value of condition(), asked often; names `what` if the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def stop(process):
    """Ends a process that we started, politely first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def with_us(command):
    """The command, to be killed when we are: a test that is cut off leaves nothing running."""
    return ["setpriv", "--pdeathsig", "KILL", *command] if shutil.which("setpriv") else command


class Server:
    """sennit-fleet with a data folder of its own, and an operator's way to speak to it."""

    def __init__(self, build, folder, tls=None):
        """tls: a folder of fleet_tls.make_certificates. Then both listeners speak HTTPS and a
        device needs a certificate."""
        self.log = folder / "server.log"
        self.token_file = folder / "admin-token"
        self.context = ssl.create_default_context(cafile=tls / "ca.pem") if tls else None
        listen = ["--listen", "127.0.0.1:0"] if not tls else [
            "--devices", "127.0.0.1:0", "--operators", "127.0.0.1:0", "--tls-cert",
            tls / "server.pem", "--tls-key", tls / "server.key", "--tls-client-ca", tls / "ca.pem"]
        command = [build / "bin" / "sennit-fleet", "serve", *listen, "--data", folder / "data",
                   "--admin-token-file", self.token_file, "--poll", "1", "--tick-ms", "100"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(with_us(command), stdout=log, stderr=log)
        try:
            self.port, self.operators = wait_for("the server's ports in its log", self._ports, 30)
            self.token = wait_for("the admin token", self._token, 30)
        except BaseException:
            stop(self.process)
            raise

    def end(self):
        """It must end well when asked to: a sanitizer's findings come out as its status."""
        stop(self.process)
        if self.process.returncode != 0:
            raise AssertionError(f"the server ended with {self.process.returncode}")

    def _ports(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()}")
        found = re.search(r'"event":"server\.started","devices":"127\.0\.0\.1:(\d+)",'
                          r'"operators":"127\.0\.0\.1:(\d+)"', self.log.read_text())
        return [int(port) for port in found.groups()] if found else None

    def _token(self):
        return self.token_file.exists() and self.token_file.read_text().strip()

    def call(self, method, path, body=None, headers=None, expect=(200, 201)):
        """The JSON of an answer, None if it has none."""
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        where = {"host": "127.0.0.1", "port": self.operators, "timeout": 30}
        connection = (http.client.HTTPSConnection(**where, context=self.context) if self.context
                      else http.client.HTTPConnection(**where))
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status not in expect:
            raise AssertionError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else None

    def upload(self, module, image):
        """An image as a multipart form, as hawkBit takes it."""
        edge = uuid.uuid4().hex
        head = (f'--{edge}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="{image.name}"\r\nContent-Type: application/octet-stream\r\n\r\n')
        body = head.encode() + image.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        return self.call("POST", f"/rest/v1/softwaremodules/{module}/artifacts", body, kind)

    def offer_set(self, image, version):
        """A distribution set with this image; its id."""
        module = self.call("POST", "/rest/v1/softwaremodules",
                           [{"name": "blinkd", "version": version, "type": "os"}])[0]["id"]
        self.upload(module, image)
        return self.call("POST", "/rest/v1/distributionsets",
                         [{"name": "blinkd", "version": version, "type": "os",
                           "modules": [{"id": module}]}])[0]["id"]

    def add_device(self, name):
        """Its token."""
        return self.call("POST", "/rest/v1/targets",
                         [{"controllerId": name, "name": name}])[0]["securityToken"]

    def action(self, device):
        """The newest action of a device, or None."""
        actions = self.call("GET", f"/api/v1/devices/{device}/actions")["actions"]
        return actions[0] if actions else None

    def messages(self, device, action):
        """Everything the device has said about an action, as one text."""
        path = f"/rest/v1/targets/{device}/actions/{action}/status?limit=200"
        rows = self.call("GET", path)["content"]
        return "\n".join(line for row in rows for line in row["messages"])

    def verb(self, rollout, verb):
        version = self.call("GET", f"/api/v1/rollouts/{rollout}")["version"]
        return self.call("POST", f"/api/v1/rollouts/{rollout}/{verb}", {},
                         {"If-Match": f'"{version}"'})

    def roll_out(self, name, set_id, policy):
        """Creates, approves and starts a roll-out of one stage; its id."""
        body = {"name": name, "set": set_id, "stages": [1.0], "policy": policy, "forced": True}
        rollout = self.call("POST", "/api/v1/rollouts", body)["id"]
        self.verb(rollout, "approve")
        self.verb(rollout, "start")
        return rollout


class Device:
    """A stock SWUpdate in a working folder of its own: its images unpack there."""

    def __init__(self, build, folder, name, port, token=None, tls=None):
        """It shows a token, or with tls the certificate "device" of that folder."""
        self.folder, self.name = folder, name
        self.server = (f"-u https://127.0.0.1:{port}" if tls
                       else f"-u http://127.0.0.1:{port} -k {token}")
        self.process = None
        self.runs = 0
        folder.mkdir()
        certificate = build / "firmware" / "signing-cert.pem"
        (folder / "swupdate.cfg").write_text(
            f'globals: {{ loglevel = 5; public-key-file = "{certificate}"; '
            'bootloader = "none"; };\n'
            f'identify: ( {{ name = "VIN"; value = "{name}"; }},'
            ' { name = "hwRevision"; value = "1.0"; } );\n'
            + (f'suricatta: {{ sslkey = "{tls}/device.key"; sslcert = "{tls}/device.pem"; '
               f'cafile = "{tls}/ca.pem"; }};\n' if tls else ""))

    def start(self, outcome=None):
        """outcome 2: it comes back from the restart after an update, which went well."""
        self.runs += 1
        scratch = self.folder / f"tmp{self.runs}"
        scratch.mkdir()
        suricatta = (f"-t DEFAULT {self.server} -i {self.name} -p 1"
                     + (f" -c {outcome}" if outcome else ""))
        command = ["swupdate", "-f", "swupdate.cfg", "-H", "demo:1.0", "-e", "stable,main",
                   "-u", suricatta]
        with open(self.folder / f"client{self.runs}.log", "wb") as log:
            # SIGPIPE stays ignored, as under systemd: else one lost write between its own
            # processes kills SWUpdate 2022.12 now and then
            self.process = subprocess.Popen(
                with_us(command), cwd=self.folder, stdout=log, stderr=log, restore_signals=False,
                env={**os.environ, "TMPDIR": str(scratch)})

    def stop(self):
        if self.process:
            stop(self.process)

    def installed(self):
        """What the installed program says it is; None if there is none."""
        program = self.folder / "opt" / "blinkd" / "blinkd"
        if not program.exists():
            return None
        run = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        return run.stdout.strip()


class Proxy:
    """Passes bytes between a client and the server. Knows each request's line and headers:
    before_request(proxy, line, headers) may delay it; cuts[i] is how many bytes of the i-th
    artifact's download pass before both sides are cut off."""

    def __init__(self, port, before_request=None, cuts=()):
        self.upstream, self.before_request = port, before_request
        self.cuts = list(cuts)
        self.requests = []  # (line, headers) in order
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def lines(self, pattern):
        """Requests whose line matches, as (line, headers)."""
        return [r for r in list(self.requests) if re.search(pattern, r[0])]

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.upstream))
            pair = Pair(self, client, server)
            threading.Thread(target=pair.up, daemon=True).start()
            threading.Thread(target=pair.down, daemon=True).start()


class Pair:
    """One connection through the proxy."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.left = None  # bytes of this download until the cut

    def shut(self):
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def up(self):
        """Client to server, a request head at a time where one begins."""
        try:
            while data := self.client.recv(65536):
                head = re.match(rb"([A-Z]+ \S+ HTTP/1\.1)\r\n(.*?)\r\n\r\n", data, re.S)
                if head:
                    self._request(head.group(1).decode(), head.group(2).decode())
                self.server.sendall(data)
        except OSError:
            pass
        self.shut()

    def _request(self, line, headers):
        with self.proxy.lock:
            self.proxy.requests.append((line, headers))
            if line.startswith("GET") and "/artifacts/" in line and self.proxy.cuts:
                self.left = self.proxy.cuts.pop(0)
        if self.proxy.before_request:
            self.proxy.before_request(self.proxy, line, headers)

    def down(self):
        try:
            while data := self.server.recv(16384):
                if self.left is not None:
                    data = data[: self.left]
                    self.left -= len(data)
                self.client.sendall(data)
                if self.left == 0:
                    break
        except OSError:
            pass
        self.shut()
