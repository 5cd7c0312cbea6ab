# SPDX-License-Identifier: MIT OR Apache-2.0
"""HTTP hello: the servers side by side, each on the first CPU with the load on the second."""
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

import measure

REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"
NGINX = """worker_processes 1;
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ default_type text/plain; return 200 "Hello, World!"; }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def find_nginx():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def nginx_command(folder, port):
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w") as f:
        f.write(NGINX.format(dir=folder, port=port))
    return [find_nginx(), "-p", folder, "-c", conf]


def ask(port):
    """One request on a new connection; None while nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(REQUEST)
            return s.recv(4096)
    except ConnectionRefusedError:
        return None


def wait_for(port, limit=10):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        answer = ask(port)
        if answer:
            return answer
        time.sleep(0.01)
    raise RuntimeError(f"nothing answers on port {port}")


def start(argv, env):
    return subprocess.Popen(argv, env={**os.environ, **env}, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, preexec_fn=measure.pinned(measure.CPUS[:1]))


def stop(server):
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def microseconds(text):
    found = re.match(r"([\d.]+)(us|ms|s|m)$", text)
    if not found:
        raise RuntimeError(f"wrk measured no latency: {text}")
    return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}[found[2]]


def load(pid, port, connections, seconds):
    """One run of wrk: rate, latency and the server's CPU time for each request."""
    cpu = measure.process_cpu(pid)
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
            f"http://127.0.0.1:{port}/"]
    client = measure.CPUS[1:2] or measure.CPUS[:1]
    out = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         check=True, preexec_fn=measure.pinned(client)).stdout
    cpu = measure.process_cpu(pid) - cpu
    done = int(re.search(r"(\d+) requests in", out)[1])
    return {
        "req_s": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
        "p50_us": microseconds(re.search(r"50%\s+(\S+)", out)[1]),
        "p99_us": microseconds(re.search(r"99%\s+(\S+)", out)[1]),
        "cpu_us": cpu * 1e6 / max(done, 1),
        "errors": float("Socket errors" in out or "Non-2xx" in out),
        "rss_mb": measure.status_kb(pid, "VmRSS") / 1024,
    }


def under_load(makers, connections, runs, seconds):
    """{name: [figures]}: the servers take turns, so that drift meets all of them."""
    rows = {name: [] for name in makers}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for name, make in makers.items():
                port = free_port()
                argv, env = make(folder, port)
                server = start(argv, env)
                try:
                    wait_for(port)
                    try:
                        rows[name].append(load(server.pid, port, connections, seconds))
                    except RuntimeError as e: # one run of several: a starved client
                        print(f"{name}, {connections} connections: {e}", flush=True)
                finally:
                    stop(server)
    return rows


def first_answer(argv, env, port):
    """Milliseconds from the start of the process to its first complete answer; memory after."""
    begin = time.monotonic()
    pid = os.posix_spawn(argv[0], argv, {**os.environ, **env})
    try:
        while not ask(port):
            if os.waitpid(pid, os.WNOHANG)[0]:
                raise RuntimeError(f"{argv[0]} ended before it answered")
            if time.monotonic() - begin > 10:
                raise RuntimeError(f"{argv[0]} does not answer")
        took = (time.monotonic() - begin) * 1e3
        time.sleep(0.3)
        return {"first_ms": took, "rss_kb": measure.status_kb(pid, "VmRSS"),
                "anon_kb": measure.status_kb(pid, "RssAnon")}
    finally:
        try:
            os.kill(pid, 15)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


def as_product(make, runs):
    """Size of the program, time to the first answer and idle memory: medians."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            port = free_port()
            argv, env = make(folder, port)
            rows.append(first_answer(argv, env, port))
    size = os.path.getsize(os.path.realpath(argv[0]))
    return {"bytes": size, **{k: statistics.median(r[k] for r in rows) for k in rows[0]}}
