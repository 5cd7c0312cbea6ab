# SPDX-License-Identifier: MIT OR Apache-2.0
"""fleet_tls.py BUILD: HTTPS on both listeners, and devices known by their certificates alone."""
import contextlib
import http.client
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile

import fleet_cli
import swupdate_lab as lab


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """An authority, a server at 127.0.0.1, a device called veh-1, and a stranger's veh-1."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    for ca in ("ca", "other-ca"):
        openssl(folder, "req", "-x509", *key, "-subj", f"/CN={ca}", "-keyout", f"{ca}.key",
                "-out", f"{ca}.pem")
    (folder / "server.ext").write_text("subjectAltName = IP:127.0.0.1\n")
    (folder / "device.ext").write_text("extendedKeyUsage = clientAuth\n")
    for name, subject, ca, extension in (("server", "fleet", "ca", "server"),
                                         ("device", "veh-1", "ca", "device"),
                                         ("stranger", "veh-1", "other-ca", "device")):
        openssl(folder, "req", *key, "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out",
                f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey",
                f"{ca}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{extension}.ext",
                "-out", f"{name}.pem")


def ask(folder, port, path, cert=None, token=None):
    """Status and body over TLS."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    if cert:
        context.load_cert_chain(folder / f"{cert}.pem", folder / f"{cert}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    with contextlib.closing(connection):
        connection.request("GET", path,
                           headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def refused(folder, port, path, cert):
    try:
        ask(folder, port, path, cert)
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        return True
    return False


def trial(program, folder, stack):
    make_certificates(folder)
    server = fleet_cli.Serve(program, folder, "--tls-cert", folder / "server.pem", "--tls-key",
                             folder / "server.key", "--tls-client-ca", folder / "ca.pem")
    stack.callback(lambda: lab.stop(server.process))
    poll = "/DEFAULT/controller/v1/veh-1"
    status, body = ask(folder, server.devices, poll, "device")
    assert status == 200, body
    link = json.loads(body)["_links"]["configData"]["href"]
    assert link == f"https://127.0.0.1:{server.devices}{poll}/configData", link
    assert ask(folder, server.devices, "/DEFAULT/controller/v1/veh-2", "device")[0] == 401
    assert refused(folder, server.devices, poll, None), "a device without a certificate"
    assert refused(folder, server.devices, poll, "stranger"), "a certificate of another authority"
    token = server.token().group(1)
    assert ask(folder, server.operators, "/api/v1/server", token=token)[0] == 200
    assert ask(folder, server.operators, "/api/v1/devices/veh-1", token=token)[0] == 200
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.devices,
                                                       timeout=30)) as plain:
        plain.request("GET", "/healthz")
        try:
            assert plain.getresponse().status >= 400, "plain HTTP was answered"
        except (ConnectionError, http.client.HTTPException):
            pass  # it was cut off, as it should be


def main():
    if not shutil.which("openssl"):
        print("skipped: openssl is not installed")
        sys.exit(lab.SKIP)
    program = str(pathlib.Path(sys.argv[1]).resolve() / "bin" / "sennit-fleet")
    fleet_cli.expect(fleet_cli.run(program, "serve", "--tls-cert", "x"), 2, "go together")
    fleet_cli.expect(fleet_cli.run(program, "serve", "--tls-client-ca", "x"), 2, "wants --tls-cert")
    fleet_cli.expect(fleet_cli.run(program, "serve", "--listen", "127.0.0.1:0", "--data", "/none/x",
                                   "--tls-cert", "/none/c", "--tls-key", "/none/k"), 1, "TLS: ")
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        trial(program, pathlib.Path(folder), stack)


if __name__ == "__main__":
    main()
