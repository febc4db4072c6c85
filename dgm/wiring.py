"""Where the parts are put together: the only file that names concrete classes."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from dgm.archive.branches import AgentRepository
from dgm.archive.store import Store
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.protocol import Benchmark
from dgm.benchmarks.quick import quick
from dgm.config import Config
from dgm.errors import BenchmarkError, ConfigError, SandboxUnavailableError
from dgm.evolve import Evolution
from dgm.fanout import ThreadFanOut
from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.prices import Prices
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import usage_of
from dgm.records import AgentCode, Ceiling, Rollout, Usage
from dgm.resources import data_folder, package_folder
from dgm.rollout import AgentRunner
from dgm.sandbox import bubblewrap
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.process import Process
from dgm.sandbox.protocol import SandboxDriver
from dgm.steps.laboratory import RUN_ACCOUNT, Laboratory
from dgm.steps.select_parents import find_policy
from dgm.workspaces import Workspaces

logger = logging.getLogger(__name__)

BENCHMARKS = ("quick",)
BUILTIN = "builtin"


def open_benchmark(name: str, workspaces: Workspaces) -> Benchmark:
    """Return a benchmark by name, or a folder of Harbor tasks. Raises: BenchmarkError."""
    if name == "quick":
        return quick(workspaces)
    folder = Path(name)
    if folder.is_dir():
        return DirectoryBenchmark(folder.resolve().name, folder.resolve(), workspaces)
    raise BenchmarkError(
        f"unknown benchmark {name!r}; choose {', '.join(BENCHMARKS)} or a folder of Harbor tasks"
    )


def check_config(config: Config) -> None:
    """Refuse what cannot work, before anything is stored. Raises: ConfigError, BenchmarkError."""
    find_policy(config.search.policy)
    for model in (config.model.name, config.model.diagnosis_name):
        if model.split("/")[0] != BUILTIN:
            raise ConfigError(f"unknown model {model!r}; known: {BUILTIN}")
    with tempfile.TemporaryDirectory(prefix="dgm-check-") as cache:
        benchmark = open_benchmark(config.benchmark.name, Workspaces(Path(cache)))
        tasks = len(benchmark.tasks())
    if not tasks:
        raise BenchmarkError(f"benchmark {config.benchmark.name!r} has no tasks")


def seed_folder(config: Config) -> Path:
    """Where the first agent comes from."""
    return config.seed_agent or data_folder("agents/seed")


def choose_sandboxes(config: Config) -> SandboxDriver:
    """Return the strongest sandbox that works here, or the one that was asked for.

    Raises: SandboxUnavailableError with the remedy. A real model is refused the weak `process`
        sandbox unless that was accepted.
    """
    wanted = config.sandbox.driver
    if wanted == "docker":
        raise SandboxUnavailableError(
            "the docker sandbox is not built yet; use --sandbox bubblewrap"
        )
    if wanted in ("auto", "bubblewrap"):
        trouble = bubblewrap.check()
        if trouble is None:
            return Bubblewrap(hidden=[package_folder()])
        if wanted == "bubblewrap":
            raise SandboxUnavailableError(trouble)
        logger.warning("no bubblewrap sandbox: %s", trouble)
    return _weak_sandboxes(config)


def _weak_sandboxes(config: Config) -> SandboxDriver:
    models = {config.model.name, config.model.diagnosis_name}
    if models != {BUILTIN} and not config.sandbox.accept_weak:
        raise SandboxUnavailableError(
            "a real model is not let into the weak `process` sandbox; install bubblewrap or "
            "Docker, or say --sandbox process --yes-i-know"
        )
    with Process() as driver:
        for line in driver.what_does_not_hold():
            logger.warning("the `process` sandbox is weak: %s", line)
    return Process()


@contextmanager
def open_laboratory(config: Config, run_folder: Path) -> Iterator[Laboratory]:
    """Build what the steps of a run need, and take it down afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="dgm-work-") as work,
        choose_sandboxes(config) as sandboxes,
        open_gateway(config) as gateway,
    ):
        sandboxes.reap(run_folder.name)
        workspaces = Workspaces(Path(work))
        benchmark = open_benchmark(config.benchmark.name, workspaces)
        runner = AgentRunner(sandboxes, gateway, workspaces)
        yield Laboratory(run_folder.name, run_folder, config, benchmark, runner)


def open_gateway(config: Config) -> GatewayServer:
    """Return the gateway with every provider there is."""
    return GatewayServer({BUILTIN: BuiltinProvider()}, Prices(), random=Random(config.seed))


@contextmanager
def open_evolution(config: Config, store: Store) -> Iterator[Evolution]:
    """Build the loop over an open run."""
    with (
        open_laboratory(config, store.run.path) as lab,
        ThreadFanOut[Rollout](config.workers) as fanout,
        checkouts(store.repository) as code_of,
    ):
        store.add_tasks(lab.benchmark.tasks())
        budget = config.budget
        ceiling = Ceiling(tokens=budget.tokens, cost_usd=budget.usd)
        lab.runner.gateway.set_ceiling(RUN_ACCOUNT, ceiling, store.usage())
        yield Evolution(
            lab, store, fanout, code_of, lambda rollout: spent_in(lab.rollout_folder(rollout))
        )


@contextmanager
def checkouts(repository: AgentRepository) -> Iterator[Callable[[str], AgentCode]]:
    """Lay agents out by tree hash, each once, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dgm-agents-") as folder:

        def code_of(tree_hash: str) -> AgentCode:
            return repository.checkout(tree_hash, Path(folder) / tree_hash)

        yield code_of


def spent_in(rollout_folder: Path) -> Usage:
    """What a rollout spent, by its transcript, whole or torn."""
    return usage_of(rollout_folder / "transcript.jsonl")
