"""The Polyglot benchmark: 225 exercises in six languages, as the Darwin Gödel Machine met them.

Source: Aider's polyglot benchmark, exercises of Exercism's tracks; arXiv 2505.22954, appendix.
"""

from pathlib import Path

from dgm.benchmarks.polyglot.benchmark import NAME, Polyglot
from dgm.benchmarks.polyglot.prepare import prepare
from dgm.benchmarks.preparing import Choice, Suite
from dgm.benchmarks.protocol import Benchmark
from dgm.workspaces import Workspaces

__all__ = ["SUITE", "Polyglot"]


def _open(home: Path, workspaces: Workspaces) -> Benchmark:
    benchmark = Polyglot(home, workspaces)
    benchmark.tasks()  # refuses what is not prepared
    return benchmark


def _choose(benchmark: Benchmark, choice: Choice) -> Benchmark:
    return benchmark.narrowed(choice) if isinstance(benchmark, Polyglot) else benchmark


SUITE = Suite(
    NAME,
    "exercises in C++, Go, Java, JavaScript, Python and Rust (Aider's polyglot benchmark)",
    open=_open,
    prepare=prepare,
    takes=frozenset({"from", "languages", "images"}),
    choose=_choose,
)
