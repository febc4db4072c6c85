"""Measure the gateway: what it adds to a call, its calls a second, its CPU time and its memory.

Every agent has a session and a socket of its own and asks one call after the other. The agents are
another process, so that their cost is not the gateway's. The model is a provider that sleeps and
answers: what a call takes beyond that sleep is what the gateway adds, the wait for the interpreter
and for the CPU included.

    bench_gateway.py            # the table
    bench_gateway.py memory     # 100,000 calls, and the memory at every 10,000
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.gateway.prices import Price, Prices
from dgm.gateway.protocol import CallContext, SessionSpec
from dgm.gateway.server import GatewayServer
from dgm.gateway.wire import Reply, Request, StopReason, Text

REPETITIONS = 3
CALLS_EACH = 25
AGENTS_SCRIPT = Path(__file__).with_name("agents_on_sockets.py")
PRICES = Prices({"model": Price(1e-6, 5e-6)})
CASES: tuple[tuple[int, int, float], ...] = (  # agents, bytes of history, seconds of the model
    (1, 0, 0.0),
    (200, 0, 1.0),
    (200, 0, 0.2),
    (200, 50_000, 1.0),
    (200, 50_000, 0.2),
    (200, 0, 0.0),
    (200, 50_000, 0.0),
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


def call(gateway: GatewayServer, agents: int, calls: int, history: int, model_s: float) -> Any:
    """Let agents call side by side; return what they report and the gateway's CPU seconds."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dgm-b-")))
        for number in range(agents):
            path = place / f"{number}.sock"
            accounts = (f"rollout/{number}", f"agent/{number % 10}", "step/evaluate", "run")
            transcript = path.with_suffix(".jsonl")
            spec = SessionSpec(path.stem, "model", "1", accounts, transcript)
            stack.enter_context(gateway.open(spec)).listen(path)
        command = [sys.executable, AGENTS_SCRIPT, place, calls, history, model_s]
        before_s = time.process_time()
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout) | {"gateway_cpu_s": time.process_time() - before_s}


def measure(gateway: GatewayServer, model: Model, case: tuple[int, int, float]) -> None:
    """Print a row of the table."""
    agents, history, model.seconds = case
    calls = agents * CALLS_EACH if agents > 1 else 1000
    report = call(gateway, agents, calls, history, model.seconds)
    added_ms = [1e3 * each for each in report["added_s"]]
    percent = quantiles(added_ms, n=100)
    rate, cpu_ms = calls / report["seconds"], 1e3 * report["gateway_cpu_s"] / calls
    agents_ms = 1e3 * report["cpu_s"] / calls
    print(
        f"| {agents} | {history // 1000} | {1e3 * model.seconds:.0f} | {rate:.0f} "
        f"| {percent[49]:.2f} | {percent[98]:.2f} | {cpu_ms:.2f} | {agents_ms:.2f} |",
        flush=True,
    )


def memory_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def watch_memory(gateway: GatewayServer) -> None:
    """Make 100,000 calls in the same 200 sessions; print the memory on the way."""
    print("\n| calls | resident MB |\n|---|---|")
    done = threading.Event()

    def watch() -> None:
        shown = 0
        while not done.wait(0.1):
            if (calls := gateway.spent("run").calls) >= shown:
                print(f"| {calls} | {memory_mb():.1f} |", flush=True)
                shown = calls - calls % 10_000 + 10_000

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        call(gateway, 200, 100_000, 0, 0.0)
    finally:
        done.set()
        watcher.join()
    print(f"| {gateway.spent('run').calls} (sessions closed) | {memory_mb():.1f} |")


def main() -> None:
    """Measure every case a few times, or the memory."""
    model = Model()
    with GatewayServer({"model": model}, PRICES, random=Random(1)) as gateway:
        call(gateway, 200, 1000, 0, 0.0)  # by now the throttle has opened
        if sys.argv[1:] == ["memory"]:
            watch_memory(gateway)
            return
        print(
            "\n| agents | history kB | model ms | calls/s | added p50 ms | p99 ms "
            "| gateway CPU ms/call | agents' CPU ms/call |\n|---|---|---|---|---|---|---|---|"
        )
        for case in CASES:
            for _ in range(REPETITIONS):
                measure(gateway, model, case)


if __name__ == "__main__":
    main()
