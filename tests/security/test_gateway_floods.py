"""Row 19: one sandbox floods its socket; its neighbour's calls are answered all the same.

The gateway runs in a process of its own with few descriptors, and the flood in a real sandbox.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dgm.records import SandboxLimits
from tests.gateway.fakes import body, connect, post

DESCRIPTORS = 64
ROOM = SandboxLimits(memory_mb=512, processes=40, open_files=1024)

# Serves two sockets until its input ends; then says the most descriptors and memory it held.
# `naive` is a server of the standard library, as one would write it without an attacker in mind.
SERVER = """
import asyncio, os, resource, sys, threading, time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import SessionSpec
from dgm.gateway.server import GatewayServer
from tests.gateway.fakes import FakeProvider
kind, descriptors, *sockets = sys.argv[1:]
most = 0

def watch():
    global most
    while True:
        with suppress(OSError):
            most = max(most, len(os.listdir("/proc/self/fd")))
        time.sleep(0.001)

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\n{}")
    await writer.drain()
    writer.close()

async def serve():
    for path in sockets:
        await asyncio.start_unix_server(answer, path)
    await asyncio.Event().wait()

with ExitStack() as stack:
    if kind == "naive":
        threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
        while not all(map(os.path.exists, sockets)):
            time.sleep(0.01)
    else:
        prices = Prices({"fake/one": Price(0.0, 0.0)})
        server = GatewayServer({"fake": FakeProvider()}, prices, random=Random(1), grace_s=0.2)
        stack.enter_context(server)
        for number, path in enumerate(sockets):
            record = Path(sockets[-1] + f".{number}.jsonl")
            spec = SessionSpec(f"s{number}", "fake/one", "seed", (), record)
            stack.enter_context(server.open(spec)).listen(Path(path))
    for path in sockets:
        os.chmod(path, 0o666)
    threading.Thread(target=watch, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(descriptors), int(descriptors)))
    Path("/proc/self/clear_refs").write_text("5")
    print("ready", flush=True)
    sys.stdin.read()
    status = Path("/proc/self/status").read_text()
    print(most, int(status.split("VmHWM:")[1].split()[0]) // 1024, flush=True)
    os._exit(0)
"""


@dataclass
class Server:
    """A running server; `most` and `peak_mib` are known once it has ended."""

    process: subprocess.Popen
    neighbour: Path
    most: int = 0
    peak_mib: int = 0

    def call(self) -> bool:
        """Make a call as the neighbour."""
        return post(self.neighbour, body()).status == 200

    def answers_within(self, seconds: float) -> bool:
        """Whether the neighbour gets any answer at all."""
        try:
            with connect(self.neighbour, seconds) as link:
                link.sendall(b"GET /v1/budget HTTP/1.1\r\nhost: x\r\n\r\n")
                return link.recv(8) == b"HTTP/1.1"
        except (TimeoutError, ConnectionError):
            return False


@contextmanager
def serving(kind, flooded, place):
    neighbour = place / "neighbour.sock"
    words = [sys.executable, "-c", SERVER, kind, str(DESCRIPTORS), str(flooded), str(neighbour)]
    complaints = place / "complaints"
    with (
        complaints.open("wb") as stderr,
        subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        ) as process,
    ):
        try:
            assert process.stdout.readline() == b"ready\n", complaints.read_text()
            server = Server(process, neighbour)
            yield server
            said, _ = process.communicate(timeout=20)
            if kind != "naive":  # which has no descriptor left to look anything up
                server.most, server.peak_mib = map(int, said.split())
        finally:
            process.kill()


PREAMBLE = """
import array, os, socket, sys, time
path, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
HEAD = b"POST /v1/messages HTTP/1.1\\r\\nhost: x\\r\\n"

def connected():
    while time.monotonic() < end:
        link = socket.socket(socket.AF_UNIX)
        try:
            link.settimeout(0.5)
            link.connect(path)
            return link
        except OSError:
            link.close()
    sys.exit()

def sent(link, data):
    try:
        link.sendall(data)
    except OSError:
        return False
    return time.monotonic() < end

print("begun", flush=True)
for _ in range(4):
    if os.fork() == 0:
        break
"""
FLOODS = {
    "idle connections": """
links = [connected() for _ in range(250)]
time.sleep(max(0.0, end - time.monotonic()))
""",
    "connections that come and go": """
while time.monotonic() < end:
    links = [connected() for _ in range(100)]
""",
    "bodies byte by byte": """
links = [connected() for _ in range(8)]
for link in links:
    sent(link, HEAD + b"content-length: 1000000\\r\\n\\r\\n")
while time.monotonic() < end:
    for link in links:
        sent(link, b"x")
    time.sleep(0.005)
""",
    "heads byte by byte": """
links = [connected() for _ in range(8)]
while time.monotonic() < end:
    for link in links:
        sent(link, b"x")
    time.sleep(0.005)
""",
    "a gigabyte of body": """
while time.monotonic() < end:
    link = connected()
    if sent(link, HEAD + b"content-length: 1073741824\\r\\n\\r\\n"):
        for _ in range(1024):
            if not sent(link, bytes(1 << 20)):
                break
""",
    "a body without end": """
while time.monotonic() < end:
    link = connected()
    if sent(link, HEAD + b"transfer-encoding: chunked\\r\\n\\r\\n"):
        while sent(link, b"100000\\r\\n" + bytes(1 << 20) + b"\\r\\n"):
            continue
""",
    "a body of crumbs": """
crumbs = b"1\\r\\nx\\r\\n" * 100_000
while time.monotonic() < end:
    link = connected()
    if sent(link, HEAD + b"transfer-encoding: chunked\\r\\n\\r\\n"):
        while sent(link, crumbs):
            continue
""",
    "questions that are refused": """
blocks = b", ".join([b'{"type": "text", "text": "x"}'] * 900 + [b"7"])
start = b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": ['
ask = start + blocks + b"]}]}"
while time.monotonic() < end:
    link = connected()
    while sent(link, HEAD + b"content-length: %d\\r\\n\\r\\n" % len(ask) + ask):
        if not link.recv(65536):
            break
""",
    "a head without end": """
while time.monotonic() < end:
    link = connected()
    if sent(link, HEAD + b"x-long: "):
        while sent(link, b"x" * (1 << 20)):
            continue
""",
    "questions without reading answers": """
while time.monotonic() < end:
    link = connected()
    while sent(link, b"GET /v1/budget HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n" * 1000):
        continue
""",
    "descriptors": """
null = array.array("i", [os.open("/dev/null", os.O_RDONLY) for _ in range(100)])
while time.monotonic() < end:
    link = connected()
    try:
        for _ in range(100):
            link.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, null)])
    except OSError:
        time.sleep(0.01)
""",
    "noise": """
while time.monotonic() < end:
    link = connected()
    sent(link, os.urandom(100_000))
""",
}


class Flood(threading.Thread):
    """A flood from inside a sandbox, for some seconds; calls are made until it has ended."""

    def __init__(self, inside, code, seconds=2.0):
        super().__init__()
        self.inside, self.words = inside, (PREAMBLE + code, str(seconds))

    def run(self):
        path = f"{self.inside.sandbox.paths.control}/model.sock"
        code, seconds = self.words
        words = ("python3", "-I", "-S", "-c", code, path, seconds)
        self.said = self.inside.run(*words, timeout_s=30)

    def meanwhile(self, call):
        """Call again and again until the flood has ended; return how each call went."""
        answers = []
        self.start()
        while self.is_alive():
            answers.append(call())
        assert self.said.stdout.startswith(b"begun\n"), self.said.stderr
        return answers


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FLOODS))
def test_neighbour_is_answered_while_a_sandbox_floods(driver, spec, enter, tmp_path, name):
    with driver.open(spec(wants_model=True, limits=ROOM)) as sandbox:
        with serving("gateway", sandbox.model_socket, tmp_path) as server:
            answers = Flood(enter(sandbox), FLOODS[name]).meanwhile(server.call)
        assert len(answers) > 10
        assert set(answers) == {True}
        assert server.most < DESCRIPTORS
        assert server.peak_mib < 200


@contextmanager
def idle_connections(path, number):
    with ExitStack() as stack:
        yield [stack.enter_context(connect(path)) for _ in range(number)]


def test_idle_connections_starve_the_neighbour_of_a_naive_server(tmp_path):
    flooded = tmp_path / "flooded.sock"
    with serving("naive", flooded, tmp_path) as server:
        assert server.answers_within(5)
        with idle_connections(flooded, 100):  # what its queue takes, and more than it has room for
            assert not server.answers_within(0.5)


def test_idle_connections_leave_the_neighbour_as_quick_as_before(tmp_path):
    """Compared in many short turns, by the calls that nothing else on the machine held up.

    Were connections looked through at each call, or waited for, no call would be spared that.
    """
    flooded = tmp_path / "flooded.sock"
    with serving("gateway", flooded, tmp_path) as server:
        quiet, beside = [], []
        for _ in range(40):
            quiet += [timed(server.call) for _ in range(5)]
            with idle_connections(flooded, 250):
                beside += [timed(server.call) for _ in range(5)]
    assert undisturbed(beside) < 2 * undisturbed(quiet)


def undisturbed(times):
    """The time that one in ten calls stayed below."""
    return statistics.quantiles(times, n=10)[0]


def timed(call):
    start = time.perf_counter()
    assert call()
    return time.perf_counter() - start
