"""How long a neighbour's calls take while one sandbox floods its socket of the gateway.

    python tests/bench/bench_floods.py [--driver bubblewrap] [--seconds 1.5]

The floods are those of `tests/security/test_gateway_floods.py`, each from a sandbox against a
gateway in a process of its own. The first row is no flood: as many processes in the sandbox that
compute and touch no socket. What it costs is the price of the processors, not of the gateway.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.sandbox.protocol import SandboxDriver, SandboxSpec
from tests.bench.trivial import DRIVERS, make_driver
from tests.sandbox.conftest import Inside
from tests.security.test_gateway_floods import FLOODS, ROOM, Flood, serving, timed

COMPUTE = "while time.monotonic() < end: pass\n"
KINDS = {"none, but computing": COMPUTE, **FLOODS}


def measured(driver: SandboxDriver, code: str, seconds: float) -> tuple[list[float], list[float]]:
    """The times of a neighbour's calls, in seconds: before a flood, and during it."""
    spec = SandboxSpec("flood", "bench", limits=ROOM, wants_model=True)
    with (
        driver.open(spec) as sandbox,
        tempfile.TemporaryDirectory() as place,
        serving("gateway", sandbox.model_socket, Path(place)) as server,
    ):
        timed(server.call)  # the first of all brings up what the others find there
        quiet, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            quiet.append(timed(server.call))
        return quiet, Flood(Inside(sandbox), code, seconds).meanwhile(lambda: timed(server.call))


def row(name: str, quiet: Sequence[float], beside: Sequence[float]) -> str:
    """A row of the table."""
    (p50, p99), (p50_beside, p99_beside) = map(_cuts_ms, (quiet, beside))
    return (
        f"| {name} | {len(quiet)} | {p50:.1f} | {p99:.1f} | {len(beside)} | {p50_beside:.1f} "
        f"| {p99_beside:.1f} | {p50_beside / p50:.1f} | {p99_beside / p99:.1f} |"
    )


def _cuts_ms(times_s: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(times_s, n=100, method="inclusive")
    return 1e3 * cuts[49], 1e3 * cuts[98]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", choices=DRIVERS, default="bubblewrap")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each flood (1.5)")
    options = parser.parse_args()
    print(f"load {Path('/proc/loadavg').read_text().strip()}\n")
    print("| flood | calls before | p50 ms | p99 ms | calls beside | p50 ms | p99 ms ", end="")
    print("| ratio of p50 | of p99 |\n|---|---|---|---|---|---|---|---|---|")
    with make_driver(options.driver) as driver:
        for name, code in KINDS.items():
            print(row(name, *measured(driver, code, options.seconds)), flush=True)
    print(f"\nload {Path('/proc/loadavg').read_text().strip()}")


if __name__ == "__main__":
    main()
