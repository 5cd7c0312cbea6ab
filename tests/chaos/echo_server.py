# SPDX-License-Identifier: MIT OR Apache-2.0
"""echo_server.py PORT_FILE [PORT]: sends back what comes. Keeps its port over restarts by writing
it to PORT_FILE, and its process id beside it."""
import os
import pathlib
import socket
import sys
import threading

file = pathlib.Path(sys.argv[1])
port = int(file.read_text()) if file.exists() else 0
listener = socket.create_server(("127.0.0.1", port))
file.write_text(str(listener.getsockname()[1]))
file.with_suffix(".pid").write_text(str(os.getpid()))


def serve(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
    except OSError:
        pass
    connection.close()


while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
