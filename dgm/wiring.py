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
    if not folder.is_dir():
        raise BenchmarkError(
            f"unknown benchmark {name!r}; choose {', '.join(BENCHMARKS)} or a folder of Harbor "
            "tasks"
        )
    return DirectoryBenchmark(folder.resolve().name, folder.resolve(), workspaces)


def check_config(config: Config) -> None:
    """Refuse what no machine could do, before anything is stored. Raises: ConfigError."""
    find_policy(config.search.policy)
    for model in _models(config):
        if not _is_builtin(model):
            raise ConfigError(f"unknown model {model!r}; known: {BUILTIN}")


def seed_folder(config: Config) -> Path:
    """Where the first agent comes from."""
    return config.seed_agent or data_folder("agents/seed")


def choose_sandboxes(config: Config) -> SandboxDriver:
    """Return the strongest sandbox that works here, or the one that was asked for.

    The weak `process` sandbox is never taken in silence, and a real model is let into it only if
    that was asked for and accepted.

    Raises: SandboxUnavailableError with the remedy.
    """
    wanted = config.sandbox.driver
    if wanted == "docker":
        raise SandboxUnavailableError("docker sandboxes are not built yet; --sandbox bubblewrap")
    trouble = None if wanted == "process" else bubblewrap.check()
    if wanted != "process" and trouble is None:
        return Bubblewrap(hidden=[package_folder()])
    if wanted == "bubblewrap":
        raise SandboxUnavailableError(trouble)
    is_accepted = wanted == "process" and config.sandbox.accept_weak
    if not is_accepted and not all(map(_is_builtin, _models(config))):
        raise SandboxUnavailableError(
            f"{trouble or 'the process sandbox is weak'}; a real model is let into the weak "
            "process sandbox only by: --sandbox process --yes-i-know"
        )
    if trouble:
        logger.warning("no strong sandbox: %s", trouble)
    return Process()


@contextmanager
def open_sandboxes(config: Config) -> Iterator[SandboxDriver]:
    """Open the chosen driver; what a weak one does not hold is said in a warning."""
    with choose_sandboxes(config) as sandboxes:
        if isinstance(sandboxes, Process):
            weaknesses = "\n  - ".join(sandboxes.what_does_not_hold())
            logger.warning(
                "agents run in the weak `process` sandbox; one that means harm could reach\n  - %s",
                weaknesses,
            )
        yield sandboxes


@contextmanager
def open_laboratory(config: Config, run_folder: Path) -> Iterator[Laboratory]:
    """Build what the steps of a run need, and take it down afterwards; the run may not exist yet.

    Raises: UserError if a setting names what there is not, SandboxUnavailableError.
    """
    check_config(config)
    with (
        tempfile.TemporaryDirectory(prefix="dgm-work-") as work,
        open_sandboxes(config) as sandboxes,
        open_gateway(config) as gateway,
    ):
        sandboxes.reap()
        workspaces = Workspaces(Path(work))
        benchmark = open_benchmark(config.benchmark.name, workspaces)
        benchmark.tasks()  # refuses what is no benchmark
        runner = AgentRunner(sandboxes, gateway, workspaces)
        yield Laboratory(run_folder.name, run_folder, config, benchmark, runner)


def open_gateway(config: Config) -> GatewayServer:
    """Return the gateway with every provider there is."""
    return GatewayServer({BUILTIN: BuiltinProvider()}, Prices(), random=Random(config.seed))


@contextmanager
def open_evolution(lab: Laboratory, store: Store) -> Iterator[Evolution]:
    """Build the loop over an open run."""
    with (
        ThreadFanOut[Rollout](lab.config.workers) as fanout,
        checkouts(store.repository) as code_of,
    ):
        store.add_tasks(lab.benchmark.tasks())

        def usage_of_rollout(rollout_id: str) -> Usage:
            return spent_in(lab.rollout_folder(rollout_id))

        store.close_abandoned(usage_of_rollout)  # before asking what has been spent
        budget = lab.config.budget
        ceiling = Ceiling(tokens=budget.tokens, cost_usd=budget.usd)
        lab.runner.gateway.set_ceiling(RUN_ACCOUNT, ceiling, store.usage())
        yield Evolution(lab, store, fanout, code_of, usage_of_rollout)


@contextmanager
def checkouts(repository: AgentRepository) -> Iterator[Callable[[str], AgentCode]]:
    """Lay agents out by tree hash, each once, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dgm-agents-") as folder:

        def code_of(tree_hash: str) -> AgentCode:
            return repository.checkout(tree_hash, Path(folder) / tree_hash)

        yield code_of


def _models(config: Config) -> tuple[str, str]:
    return config.model.name, config.model.diagnosis_name


def _is_builtin(model: str) -> bool:
    return model.split("/", maxsplit=1)[0] == BUILTIN


def spent_in(rollout_folder: Path) -> Usage:
    """What a rollout spent, by its transcript, whole or torn."""
    return usage_of(rollout_folder / "transcript.jsonl")
