"""Measure the gateway: calls a second and their latency, over Unix sockets, one session a client.

The provider answers at once, so what is measured is HTTP, budget and transcript. Clients are
threads of this process, which share its one interpreter with the gateway.
"""

from __future__ import annotations

import http.client
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import CallContext, SessionSpec
from dgm.gateway.server import GatewayServer
from dgm.gateway.wire import Reply, Request, StopReason, Text
from tests.bench.figures import repeat

CALLS = 1000
REPETITIONS = 3
PRICES = Prices({"instant": Price(1e-6, 5e-6)})
BODY = b'{"model": "any", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}'


class Instant:
    """A provider that needs no time."""

    name = "instant"

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer."""
        id = f"msg_{context.index}"
        return Reply((Text("hello"),), StopReason.END_TURN, 10, 5, request.model, id)


def call_often(path: Path, calls: int) -> list[float]:
    """Make calls over one connection; return the seconds of each."""
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))

        def call() -> None:
            connection.request("POST", "/v1/messages", BODY)
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"the gateway answered {answer.status}: {answer.read()!r}")
            answer.read()

        return repeat(calls, call)


def measure(gateway: GatewayServer, clients: int, place: Path) -> None:
    """Let clients call side by side; print a row."""
    paths = [place / f"{number}.sock" for number in range(clients)]
    with ExitStack() as stack:
        for path in paths:
            transcript = path.with_suffix(".jsonl")
            spec = SessionSpec(path.stem, "instant", "1", (f"rollout/{path.stem}",), transcript)
            stack.enter_context(gateway.open(spec)).listen(path)
        pool = stack.enter_context(ThreadPoolExecutor(clients))
        started = time.perf_counter()
        lists = list(pool.map(call_often, paths, [CALLS // clients] * clients))
        seconds = time.perf_counter() - started
    times_ms = [1e3 * call_s for times_s in lists for call_s in times_s]
    percent = quantiles(times_ms, n=100)
    rate = len(times_ms) / seconds
    print(f"| {clients} | {rate:.0f} | {percent[49]:.2f} | {percent[98]:.2f} |", flush=True)


def main() -> None:
    """Measure one client and twenty, a few times each."""
    print("\n| clients | calls/s | p50 ms | p99 ms |\n|---|---|---|---|")
    with GatewayServer({"instant": Instant()}, PRICES, random=Random(1)) as gateway:
        for clients in (1, 20):
            for _ in range(REPETITIONS):
                with tempfile.TemporaryDirectory() as scratch:
                    measure(gateway, clients, Path(scratch))


if __name__ == "__main__":
    main()
