"""Row 20: the socket that is a sandbox's identity at the gateway."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from contextlib import contextmanager
from random import Random
from socketserver import BaseRequestHandler, ThreadingUnixStreamServer

import pytest

from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.server import GatewayServer
from tests.gateway.fakes import FakeProvider

ASK = """
import json, sys, urllib.request
message = {"model": "any", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
request = urllib.request.Request("http://127.0.0.1:%s/v1/messages" % sys.argv[1],
                                 json.dumps(message).encode(), {"content-type": "application/json"})
print(json.load(urllib.request.urlopen(request, timeout=10))["id"])
"""
# Each does away with the socket in `sys.argv[1]`, or puts something else in its place.
CHANGES = {
    "removed": "os.unlink(path)",
    "renamed": "os.rename(path, path + '.old')",
    "replaced": "os.unlink(path); socket.socket(socket.AF_UNIX).bind(path)",
    "replaced by a link": "os.symlink('/tmp/other', path + '.new'); os.rename(path + '.new', path)",
    "given away": "os.link(path, '/workspace/model.sock')",
    "closed to others": "os.chmod(path, 0)",
    "beside it": "socket.socket(socket.AF_UNIX).bind(os.path.dirname(path) + '/other.sock')",
    "folder moved": "os.rename(os.path.dirname(path), '/tmp/moved')",
}
CHANGE = "import os, socket, sys\npath = sys.argv[1]\n"


@pytest.fixture
def gateway():
    prices = Prices({"fake/one": Price(0.0, 0.0)})
    with GatewayServer({"fake": FakeProvider()}, prices, random=Random(1), grace_s=0.2) as server:
        yield server


@contextmanager
def served(gateway, sandbox, place, name="s"):
    spec = SessionSpec(name, "fake/one", "seed", (), place / f"{name}.jsonl")
    with gateway.open(spec) as session:
        session.listen(sandbox.model_socket)
        yield session


def ask(inside):
    return inside.run("python3", "-c", ASK, str(inside.sandbox.model_port))


@pytest.mark.parametrize("name", list(CHANGES))
def test_socket_stays_what_it_is(gateway, driver, spec, enter, tmp_path, name):
    with driver.open(spec(wants_model=True)) as sandbox, served(gateway, sandbox, tmp_path):
        inside = enter(sandbox)
        before = sandbox.model_socket.stat()
        said = inside.run("python3", "-c", CHANGE + CHANGES[name], "/run/dgm/model.sock")
        assert said.exit_code == 1
        assert b"Error" in said.stderr
        after = sandbox.model_socket.stat()
        assert (before.st_ino, before.st_mode) == (after.st_ino, after.st_mode)
        assert [path.name for path in sandbox.model_socket.parent.iterdir()] == ["model.sock"]
        assert ask(inside).stdout == b"msg_0\n"


@pytest.mark.parametrize("name", ["removed", "renamed", "replaced", "replaced by a link"])
def test_socket_in_a_folder_one_may_write_to_is_replaced(tmp_path, name):
    path = tmp_path / "model.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        before = path.lstat().st_ino
        words = ["python3", "-c", CHANGE + CHANGES[name], str(path)]
        subprocess.run(words, check=True, timeout=20)
        assert not path.exists() or path.lstat().st_ino != before or path.is_symlink()


def test_sandbox_reaches_the_server_that_took_the_place_of_another(
    gateway, driver, spec, enter, tmp_path
):
    with driver.open(spec(wants_model=True)) as sandbox:
        inside = enter(sandbox)
        for name in ("first", "second"):
            with served(gateway, sandbox, tmp_path, name) as session:
                assert ask(inside).stdout == b"msg_0\n"
            assert session.usage.calls == 1
            assert ask(inside).exit_code == 1


class _Greeting(BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"hello")


@contextmanager
def greeting(path):
    path.unlink(missing_ok=True)
    with ThreadingUnixStreamServer(str(path), _Greeting) as server:
        path.chmod(0o666)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


LISTEN = """
import socket, sys
for _ in range(2):
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect("/run/model/model.sock" if sys.argv[1] == "folder" else "/run/model.sock")
        print(link.recv(9).decode(), flush=True)
    except OSError:
        print("nobody", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.parametrize(("mounted", "second"), [("folder", b"hello\n"), ("file", b"nobody\n")])
def test_socket_mounted_as_a_file_would_not_outlive_its_server(tmp_path, mounted, second):
    """Why it is the folder that sandboxes see."""
    path = tmp_path / "model.sock"
    source, target = (tmp_path, "/run/model") if mounted == "folder" else (path, "/run/model.sock")
    with greeting(path):
        words = ["bwrap", "--ro-bind", "/", "/", "--tmpfs", "/run"]
        words += ["--bind", str(source), target, "python3", "-c", LISTEN, mounted]
        inside = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert inside.stdout.readline() == b"hello\n"
    with inside, greeting(path):
        inside.stdin.write(b"again\n")
        inside.stdin.flush()
        assert inside.stdout.readline() == second
        inside.kill()


def test_neighbour_cannot_be_spoken_for(gateway, driver, spec, enter, tmp_path):
    """A sandbox sees its own socket alone: the calls it makes are its own."""
    with (
        driver.open(spec(wants_model=True)) as one,
        driver.open(spec(wants_model=True)) as other,
        served(gateway, one, tmp_path, "one") as mine,
        served(gateway, other, tmp_path, "other") as theirs,
    ):
        look = f"find / -xdev -type s; ls /run/dgm; ls {other.model_socket.parent}"
        said = enter(one).sh(look)
        assert said.stdout == b"model.sock\n"
        assert ask(enter(one)).exit_code == 0
        assert (mine.usage.calls, theirs.usage.calls) == (1, 0)
