"""What the tests of containers share: the engine, a driver over it, and an engine that can die."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
import time

import pytest

from dgm.sandbox import images
from dgm.sandbox.containers import labels
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from tests.sandbox.conftest import docker, engine, no_docker

ENGINE_SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


@pytest.fixture(scope="session")
def client():
    """A client of this machine's engine."""
    if reason := no_docker():
        pytest.skip(reason)
    with contextlib.closing(engine()) as opened:
        yield opened


@pytest.fixture(scope="session")
def image(client):
    return images.find(client)


@pytest.fixture(scope="module")
def driver(client):
    """A driver for the tests of one file."""
    with docker() as opened:
        yield opened


class Watch:
    """Looks at a driver's containers from outside."""

    def __init__(self, client):
        self.client = client

    def of(self, driver):
        """Ids of the containers of an open driver."""
        return self.owned_by(driver._dock.folder.path)

    def owned_by(self, folder, *, are_running=False):
        chosen = {"label": f"{labels.OWNER}={folder}"}
        found = self.client.api.containers(all=not are_running, filters=chosen)
        return {each["Id"] for each in found}

    def idle(self, driver, at_least=1):
        """Ids of the containers that wait in the pool, once there are so many."""
        wait_until(lambda: len(self._waiting(driver)) >= at_least)
        return self._waiting(driver)

    def _waiting(self, driver):
        return {each.container.id for idle in driver._pool._idle.values() for each in idle}

    def used_by(self, sandbox):
        """The id of the container of an open sandbox."""
        return sandbox._place.count_oom_kills.container


@pytest.fixture
def watch(client):
    return Watch(client)


def wait_until(holds, within_s=20.0):
    give_up_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up_at, "it never came to be"
        time.sleep(0.02)


class Forwarder:
    """Stands between a client and the engine, and can be cut off and mended."""

    def __init__(self, path):
        self.path = path
        self._lock = threading.Lock()
        self._listener = None
        self._ends = []

    def mend(self):
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def cut(self):
        """Break every connection and take no new ones, as when an engine is killed."""
        self.path.unlink()
        with self._lock:
            ends, self._ends, self._listener = [self._listener, *self._ends], [], None
        for each in ends:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self, listener):
        with contextlib.suppress(OSError):
            while True:
                caller, _ = listener.accept()
                called = socket.socket(socket.AF_UNIX)
                with self._lock:
                    if listener is not self._listener:
                        caller.close()
                        called.close()
                        return
                    self._ends += [caller, called]
                called.connect(ENGINE_SOCKET)
                for words in ((caller, called), (called, caller)):
                    threading.Thread(target=self._carry, args=words, daemon=True).start()

    def _carry(self, source, target):
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def forwarder(client, tmp_path):
    """A way to the engine that can be cut; it is whole at first, and in the end."""
    opened = Forwarder(tmp_path / "engine.sock")
    opened.mend()
    yield opened
    if opened.path.exists():
        opened.cut()


@pytest.fixture
def through(forwarder, image):
    """A driver whose engine can die."""
    with Docker(connect(f"unix://{forwarder.path}"), image, patience_s=0.5) as opened:
        yield opened
    gc.collect()


# When the SDK cannot connect, it leaves its socket to the garbage collector.
leaves_sockets = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
