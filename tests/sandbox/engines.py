"""The engine of this machine, and a stand-in for others that answers what a test tells it."""

import json
import os
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from docker import DockerClient

from dgm.errors import SandboxUnavailableError
from dgm.sandbox.engine import connect

DIES, HANGS = 0, 1
VERSION = {"ApiVersion": "1.41", "Version": "20.10.24"}
KERNEL = os.uname().release
GOOD = {  # what an engine says of itself that can hold a sandbox
    "ServerVersion": "27.5.1",
    "OSType": "linux",
    "KernelVersion": KERNEL,
    "Driver": "overlay2",
    "CgroupDriver": "systemd",
    "CgroupVersion": "2",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
}
Answers = Mapping[str, tuple[int, object]]


@contextmanager
def engine_of_this_machine() -> Iterator[DockerClient]:
    """A client of the real engine; the test is left out where there is none."""
    try:
        client = connect(os.environ.get("DOCKER_HOST", ""))
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    with closing(client):
        yield client


@contextmanager
def engine_that_answers(
    path: Path, answers: Answers, asked: list[str] | None = None
) -> Iterator[str]:
    """Serve at the socket `path`; yields what DOCKER_HOST is then; `asked` gets what is asked for.

    Each answer, a status and JSON or bytes, is for the requests whose path contains its key; DIES
    closes the connection without a word, HANGS sets its event and waits until the caller has gone.
    What is not told is answered like by a good engine without images.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if asked is not None:
                asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            known = {"/version": (200, VERSION), "/info": (200, GOOD), **answers}
            key = max((key for key in known if key in self.path), key=len, default="")
            status, body = known.get(key, (404, {"message": f"No such image: {self.path}"}))
            self.close_connection = True
            if status == HANGS:
                body.set()
                self.rfile.read(1)
            if status in (DIES, HANGS):
                return
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))

        def do_POST(self):
            self.do_GET()

        def log_message(self, *words):
            """Say nothing."""

    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
