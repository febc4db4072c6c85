"""Measure the gateway: what it adds to a call, its calls a second, its CPU time and its memory.

How the requirement (p50 < 1 ms and p99 < 5 ms at 200 agents at once; 1,000 calls a second on two
cores; memory flat over 100,000 calls) is read:

- Overhead: 200 agents are connected, each with a session, a socket and a transcript of its own.
  Each asks, waits for the model, asks again with one more turn in its history. The model takes as
  long as models take (4 s: 50 calls/s in all; and 1 s: 200 calls/s), so the gateway is far from
  busy. Overhead is what an agent waits for its answer beyond the time the model was told to take:
  for a thread, for the interpreter, for the CPU, and by how much the model's timer oversleeps.
  Calls begin at random times, not in step.
- Throughput: the same agents, and a model that takes no time: everything is busy. The agents are
  a process of their own on the same cores; the CPU time of each process is shown apart. What the
  gateway alone could do is one second over its CPU time a call.
- Memory: resident, and what of it the interpreter holds, at every 10,000 of 100,000 calls in the
  same 200 sessions.

A history begins with the bytes that the table says, and grows by a turn of 0.3 kB with each call;
after 50 turns an agent begins again. The provider is one of this file: what a vendor's SDK costs on
top is not the gateway's. Each row is followed by that of a plain server: the same library for HTTP,
which reads what it is sent, waits in a thread for as long as the model, and answers. On a machine
with other work it says how much of the overhead is the machine's.

    bench_gateway.py            # overhead and throughput
    bench_gateway.py memory     # memory
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.gateway.heap import settled_heap
from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import CallContext, SessionSpec
from dgm.gateway.server import GatewayServer
from dgm.gateway.wire import Reply, Request, StopReason, Text

REPETITIONS = 3
AGENTS_SCRIPT = Path(__file__).with_name("agents_on_sockets.py")
PRICES = Prices({"model": Price(1e-6, 5e-6)})
CASES: tuple[tuple[int, int, float, int], ...] = (  # agents, history, seconds of model, calls each
    (200, 0, 4.0, 10),
    (200, 50_000, 4.0, 10),
    (200, 0, 1.0, 15),
    (200, 50_000, 1.0, 15),
    (200, 0, 0.0, 25),
    (200, 50_000, 0.0, 25),
    (1, 0, 0.0, 1000),
)


class Model:
    """A provider that takes `seconds` for every answer."""

    name = "model"

    def __init__(self) -> None:
        self.seconds = 0.0

    def complete(self, request: Request, context: CallContext) -> Reply:
        """Answer."""
        if self.seconds:
            time.sleep(self.seconds)
        id = f"msg_{context.index}"
        return Reply((Text("hello"),), StopReason.END_TURN, 10, 5, request.model, id)


@contextmanager
def sockets_of(gateway: GatewayServer, place: Path, agents: int) -> Iterator[None]:
    """Open a session for each agent."""
    with ExitStack() as stack:
        for number in range(agents):
            path = place / f"{number}.sock"
            accounts = (f"rollout/{number}", f"agent/{number % 10}", "step/evaluate", "run")
            transcript = path.with_suffix(".jsonl")
            spec = SessionSpec(path.stem, "model", "1", accounts, transcript)
            stack.enter_context(gateway.open(spec)).listen(path)
        yield


@contextmanager
def plain_sockets(model: Model, place: Path, agents: int) -> Iterator[None]:
    """Serve each agent by a server that reads what it is sent, waits in a thread, and answers."""
    pool = ThreadPoolExecutor(256)

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        await asyncio.get_running_loop().run_in_executor(pool, time.sleep, model.seconds)
        return web.Response(body=b"{}", content_type="application/json")

    async def serve() -> None:
        for number in range(agents):
            server = web.Server(answer, access_log=None)
            await asyncio.get_running_loop().create_unix_server(server, f"{place}/{number}.sock")

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(serve(), loop).result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        pool.shutdown()


def call(
    serving: Callable[[Path, int], AbstractContextManager[None]],
    agents: int,
    calls: int,
    history: int,
    model_s: float,
) -> Any:
    """Let agents call side by side; return what they report and this process's CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="dgm-b-") as folder, serving(Path(folder), agents):
        command = [sys.executable, AGENTS_SCRIPT, folder, calls, history, model_s]
        before_s = time.process_time()
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout) | {"server_cpu_s": time.process_time() - before_s}


def measure(gateway: GatewayServer, model: Model, case: tuple[int, int, float, int]) -> None:
    """Print a row of the table for the gateway, and one for the plain server."""
    agents, history, model.seconds, calls_each = case
    calls = agents * calls_each
    servings = {
        "gateway": partial(sockets_of, gateway),
        "plain": partial(plain_sockets, model),
    }
    for name, serving in servings.items():
        report = call(serving, agents, calls, history, model.seconds)
        percent = quantiles([1e3 * each for each in report["added_s"]], n=100)
        rate, cpu_ms = calls / report["seconds"], 1e3 * report["server_cpu_s"] / calls
        agents_ms = 1e3 * report["cpu_s"] / calls
        print(
            f"| {name} | {agents} | {history // 1000} | {1e3 * model.seconds:.0f} | {rate:.0f} "
            f"| {percent[49]:.2f} | {percent[98]:.2f} | {cpu_ms:.2f} | {agents_ms:.2f} "
            f"| {os.getloadavg()[0]:.1f} |",
            flush=True,
        )


def memory_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def watch_memory(gateway: GatewayServer) -> None:
    """Make 100,000 calls in the same 200 sessions; print the memory on the way."""
    print("\n| calls | resident MB | blocks of the interpreter |\n|---|---|---|")
    done = threading.Event()

    def watch() -> None:
        shown = 0
        while not done.wait(0.1):
            if (calls := gateway.spent("run").calls) >= shown:
                blocks = sys.getallocatedblocks()
                print(f"| {calls} | {memory_mb():.1f} | {blocks} |", flush=True)
                shown = calls - calls % 10_000 + 10_000

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call(partial(sockets_of, gateway), 200, 100_000, 0, 0.0)
    finally:
        done.set()
        watcher.join()
    calls, blocks = gateway.spent("run").calls, sys.getallocatedblocks()
    print(f"| {calls} (sessions closed) | {memory_mb():.1f} | {blocks} |")


def main() -> None:
    """Measure every case a few times, or the memory."""
    model = Model()
    with settled_heap(), GatewayServer({"model": model}, PRICES, random=Random(1)) as gateway:
        call(partial(sockets_of, gateway), 200, 1000, 0, 0.0)  # by now the throttle has opened
        if sys.argv[1:] == ["memory"]:
            watch_memory(gateway)
            return
        print(
            "\n| server | agents | history kB | model ms | calls/s | added p50 ms | p99 ms "
            "| its CPU ms/call | agents' CPU ms/call | load |\n"
            "|---|---|---|---|---|---|---|---|---|---|"
        )
        wanted = [CASES[int(number)] for number in sys.argv[1:]] or CASES
        for case in wanted:
            for _ in range(REPETITIONS if wanted is CASES else 1):
                measure(gateway, model, case)


if __name__ == "__main__":
    main()
