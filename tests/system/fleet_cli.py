# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_cli.py BUILD: the program's words, exit statuses and files, as people, scripts and service
managers use them."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

import swupdate_lab as lab


def run(program, *words, env=None):
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})})


def expect(result, status, text):
    said = result.stdout + result.stderr
    assert result.returncode == status, f"{result.args}: {result.returncode}, not {status}: {said}"
    assert re.search(text, said), f"{result.args}: no \"{text}\" in: {said}"


def words(program, folder):
    expect(run(program, "--version"), 0, r"^sennit-fleet \d+\.\d+\.\d+\n$")
    expect(run(program, "--help"), 0, "serve devices and operators")
    expect(run(program), 2, "usage: ")
    expect(run(program, "frobnicate"), 2, 'unknown command "frobnicate"')
    for command in ("serve", "demo", "drive", "backup", "restore", "check"):
        expect(run(program, command, "--help"), 0, f"usage: sennit-fleet {command}")
        expect(run(program, command, "--no-such"), 2, "unknown option --no-such")
    expect(run(program, "record"), 2, "usage: ")
    expect(run(program, "serve", "word"), 2, 'unexpected word "word"')
    expect(run(program, "serve", "--poll", "soon"), 2, 'poll wants TIME, not "soon"')
    expect(run(program, "serve", "--listen", "0.0.0.0:0"), 2, "plain HTTP beyond loopback")
    expect(run(program, "serve", "--listen", "127.0.0.1:0", "--devices", "127.0.0.1:0"), 2,
           "--listen does not go with")
    expect(run(program, "drive", "--server", "http://127.0.0.1:1"), 2, "--gateway-token or")
    expect(run(program, "check", "--data", folder / "none"), 1, "none")
    expect(run(program, "record", "verify", folder / "none"), 1, "none")


def config_file(program, folder):
    conf = folder / "fleet.conf"
    conf.write_text("# ours\nlisten = 127.0.0.1:0\nlisen = 127.0.0.1:0\n")
    expect(run(program, "serve", "--config", conf), 2, r'fleet\.conf:3: unknown key "lisen"')
    conf.write_text("listen = 127.0.0.1:0\nsync = maybe\n")
    expect(run(program, "serve", "--config", conf), 2, "--sync is full or normal")
    expect(run(program, "serve", env={"SENNIT_FLEET_CONFIG": str(folder / "none")}), 2, "none: ")
    expect(run(program, "serve", "--config", conf, "--sync", "full",
               env={"SENNIT_FLEET_LOG_LEVEL": "loud"}), 2, "--log-level is debug")


class Serve:
    """A server with two listeners in a folder of its own."""

    def __init__(self, program, folder, *extra, command=None, **popen):
        self.log = folder / "serve.log"
        command = command or [program, "serve", "--devices", "127.0.0.1:0", "--operators",
                              "127.0.0.1:0", "--data", str(folder / "data"), *extra]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **popen)
        self.devices, self.operators = lab.wait_for("the ports in the log", self.ports, 30)

    def ports(self):
        assert self.process.poll() is None, self.log.read_text()
        found = re.search(r'"event":"server\.started","devices":"[^"]*:(\d+)",'
                          r'"operators":"[^"]*:(\d+)"', self.log.read_text())
        return tuple(map(int, found.groups())) if found else None

    def token(self):
        return re.search(r"admin token \(shown this once\): (\w+)", self.log.read_text())


def get(port, path, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path,
                           headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def a_life(program, folder, stack):
    """Start, one-time token, backup of the running server, drain, second start, restore."""
    server = Serve(program, folder)
    stack.callback(lambda: lab.stop(server.process))
    token = server.token().group(1)
    assert get(server.devices, "/healthz")[0] == get(server.operators, "/healthz")[0] == 200
    assert get(server.devices, "/api/v1/server", token)[0] == 404
    assert get(server.operators, "/api/v1/server", token)[0] == 200
    assert token not in "".join(line for line in server.log.read_text().splitlines()
                                if line.startswith("{"))
    expect(run(program, "serve", "--listen", f"127.0.0.1:{server.devices}", "--data",
               folder / "other"), 1, "cannot listen on .*: address in use")
    expect(run(program, "backup", "--data", folder / "data", "--to", folder / "backup"), 0, "")
    expect(run(program, "backup", "--data", folder / "data", "--to", folder / "backup"), 1, "backup")
    export = folder / "record.ndjson"
    export.write_bytes(get(server.operators, "/api/v1/records/export", token)[1])
    expect(run(program, "record", "verify", export), 0, r"^\d+ records, chain and signatures hold")
    text = export.read_text()
    assert all(json.loads(line) for line in text.splitlines())
    export.write_text(re.sub(r'"utc_ms":(\d+)', r'"utc_ms":1\1', text, count=1))
    expect(run(program, "record", "verify", export), 1, "record verify|line|hash")
    export.write_text("\n".join(text.splitlines()[:-1]) + "\n")
    expect(run(program, "record", "verify", export), 1, "")
    events = http.client.HTTPConnection("127.0.0.1", server.operators, timeout=30)
    stack.callback(events.close)
    events.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
    stream = events.getresponse()
    while stream.readline() != b"event: ready\n":
        pass
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    log = server.log.read_text()
    assert '"event":"server.stopped","result":0' in log
    assert "server.cut_off" not in log, "an open console was not drained but cut off"
    again = Serve(program, folder)
    stack.callback(lambda: lab.stop(again.process))
    assert not again.token(), "the token was shown twice"
    assert get(again.operators, "/api/v1/server", token)[0] == 200
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(20) == 0
    expect(run(program, "check", "--data", folder / "data"), 0, "ok ")
    expect(run(program, "restore", "--from", folder / "backup", "--data", folder / "restored"), 0,
           "")
    expect(run(program, "check", "--data", folder / "restored"), 0, "ok ")


def a_poll_waits_for_a_restart(program, folder, stack):
    """Socket activation: the sockets outlive the server, so a poll in between is answered by the
    next one and never refused."""
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(2)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        stack.callback(s.close)

    def start():
        script = ('exec 3<&%d 4<&%d; LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"' %
                  tuple(s.fileno() for s in sockets))
        server = Serve(program, folder, command=[
            "sh", "-c", script, "sh", program, "serve", "--data", str(folder / "data")],
            pass_fds=[s.fileno() for s in sockets])
        stack.callback(lambda: lab.stop(server.process))
        return server

    first = start()
    assert [first.devices, first.operators] == ports
    assert get(ports[0], "/healthz")[0] == 200
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(20) == 0
    waiting = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=30)
    stack.callback(waiting.close)
    waiting.request("GET", "/healthz")
    start()
    assert waiting.getresponse().status == 200


def a_lost_log_is_no_end(program, folder, stack):
    """Whoever reads the log may die: the server goes on."""
    command = [program, "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data"),
               "--admin-token-file", str(folder / "token")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    stack.callback(lambda: lab.stop(server))
    stack.callback(server.stdout.close)
    port = int(re.search(r":(\d+)$", server.stdout.readline())[1])
    assert "server.started" in server.stderr.readline()
    server.stderr.close()
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"GET / HTTP/9.9\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 505 ")
    assert get(port, "/healthz")[0] == 200
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    program = str(build / "bin" / "sennit-fleet")
    for trial in (words, config_file):
        with tempfile.TemporaryDirectory() as folder:
            trial(program, pathlib.Path(folder))
    for trial in (a_life, a_poll_waits_for_a_restart, a_lost_log_is_no_end):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            trial(program, pathlib.Path(folder), stack)


if __name__ == "__main__":
    main()
