#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""echo.py [--bin DIR] [--runs N] [--seconds S]: TCP echo of 64 bytes, the servers side by side.

Each server is on the first CPU, the load on the second. What counts is the server's CPU time for a
request: rates on loopback are as much the client's. Servers take turns, figures are medians.
"""
import argparse
import os
import socket
import statistics
import subprocess
import tempfile
import time

import measure
import run
import servers

CONNECTIONS = (64, 1000)


def makers(bin_dir, go_dir):
    def sennit(poller):
        return lambda port: ([os.path.join(bin_dir, "sennit-bench"), "echo", f"127.0.0.1:{port}"],
                             {"SENNIT_PROCS": "1", "SENNIT_POLLER": poller})

    def go(port):
        return [os.path.join(go_dir, "gobench"), "echo", f"127.0.0.1:{port}"], {"GOMAXPROCS": "1"}
    return {"Sennit": sennit("auto"), "Sennit, io_uring": sennit("io_uring"), "Go": go}


def wait_for(port, limit=10):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing answers on port {port}")


def load(pid, port, connections, go_dir, seconds):
    """CPU of the server, in microseconds a request, and requests a second."""
    client = subprocess.Popen([os.path.join(go_dir, "gobench"), "load", f"127.0.0.1:{port}",
                               str(connections), str(seconds)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "GOMAXPROCS": "1"},
                              preexec_fn=measure.pinned(measure.CPUS[1:2] or measure.CPUS[:1]))
    if client.stdout.readline().strip() != "warm":
        raise RuntimeError("the load did not begin")
    before = measure.process_cpu(pid)
    answers = int(client.stdout.readline().strip().split("=")[1])
    used = measure.process_cpu(pid) - before
    client.wait()
    return used * 1e6 / max(answers, 1), answers / seconds


def one(make, connections, go_dir, seconds):
    port = servers.free_port()
    argv, env = make(port)
    server = servers.start(argv, env)
    try:
        wait_for(port)
        return load(server.pid, port, connections, go_dir, seconds)
    finally:
        servers.stop(server)


def table(bin_dir, go_dir, runs, seconds):
    """Its lines, which are also printed as they come."""
    who = makers(bin_dir, go_dir)
    lines = [run.row(["server", "connections", "CPU of a request, µs", "÷ Go",
                      "requests a second"]), run.row(["---", "--:", "--:", "--:", "--:"])]
    for connections in CONNECTIONS:
        rows = {name: [] for name in who}
        for _ in range(runs):
            for name, make in who.items():
                rows[name].append(one(make, connections, go_dir, seconds))
        cpu = {name: statistics.median(r[0] for r in rows[name]) for name in who}
        for name in who:
            rate = statistics.median(r[1] for r in rows[name])
            lines.append(run.row([name, str(connections), f"{cpu[name]:.2f}",
                                  f"{cpu[name] / max(cpu['Go'], 0.01):.2f}", f"{rate:,.0f}"]))
            print(lines[-1], flush=True)
    return lines


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--bin", default=os.path.join(run.ROOT, "build", "bin"))
    args.add_argument("--runs", type=int, default=3)
    args.add_argument("--seconds", type=int, default=2)
    args = args.parse_args()
    go = run.find_go()
    if not go:
        raise SystemExit("echo.py: Go is not here: it is the peer, and makes the load")
    with tempfile.TemporaryDirectory() as folder:
        run.build_go(go, folder)
        table(args.bin, folder, args.runs, args.seconds)


if __name__ == "__main__":
    main()
