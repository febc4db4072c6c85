"""Where the parts are put together: the only file that names concrete classes."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from dgm.archive.branches import AgentRepository
from dgm.archive.store import Store
from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.protocol import Benchmark
from dgm.benchmarks.quick import quick
from dgm.config import Config, read_config
from dgm.errors import BenchmarkError, ConfigError, SandboxError, SandboxUnavailableError
from dgm.evolve import Evolution
from dgm.fanout import ThreadFanOut
from dgm.gateway.builtin import BuiltinProvider
from dgm.gateway.prices import Prices
from dgm.gateway.server import GatewayServer
from dgm.gateway.transcript import usage_of
from dgm.records import AgentCode, Rollout, Usage
from dgm.resources import cache_folder, data_folder, package_folder
from dgm.rollout import AgentRunner
from dgm.sandbox import bubblewrap, images
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.containers import driver as containers
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.packages import Shelf
from dgm.sandbox.process import Process
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import Probe, SandboxDriver
from dgm.steps.laboratory import Laboratory
from dgm.steps.select_parents import find_policy
from dgm.workspaces import Workspaces

logger = logging.getLogger(__name__)

BENCHMARKS = ("quick",)
BUILTIN = "builtin"
MODELS = (BUILTIN,)


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
        if model not in MODELS:
            raise ConfigError(f"unknown model {model!r}; known: {', '.join(MODELS)}")


def seed_folder(config: Config) -> Path:
    """Where the first agent comes from."""
    return config.seed_agent or data_folder("agents/seed")


@contextmanager
def open_sandboxes(config: Config, tell: Say = logger.info) -> Iterator[SandboxDriver]:
    """Open the strongest sandbox that works here, or the one that was asked for, and tell which.

    The weak `process` sandbox is never taken in silence, and a real model is let into it only if
    that was asked for and accepted.

    Raises: SandboxUnavailableError with the remedy.
    """
    with ExitStack() as stack:
        sandboxes, trouble = _open_strongest(stack, config)
        tell(f"sandbox: {sandboxes.name}" + (f" (not docker: {trouble})" if trouble else ""))
        if isinstance(sandboxes, Process):
            weaknesses = "\n  - ".join(sandboxes.what_does_not_hold())
            logger.warning(
                "agents run in the weak `process` sandbox; one that means harm could reach\n  - %s",
                weaknesses,
            )
        yield sandboxes


def _open_strongest(
    stack: ExitStack, config: Config, *, may_build: bool = True
) -> tuple[SandboxDriver, str]:
    """Open what is wanted and works; with it goes why that is not Docker, where that was tried."""
    wanted, trouble = config.sandbox.driver, ""
    if wanted in ("auto", "docker"):
        try:
            return stack.enter_context(_docker(may_build)), ""
        except SandboxError as error:
            if wanted == "docker":
                raise
            trouble = str(error)
    return stack.enter_context(_without_engine(config, trouble)), trouble


def _docker(may_build: bool) -> Docker:
    """Return the driver over the engine here, with an image that is built if need be."""
    client = connect(os.environ.get("DOCKER_HOST", ""))
    try:
        image = images.ensure(client, logger.warning) if may_build else images.there(client)
        return Docker(client, image)
    except BaseException:
        client.close()
        raise


def _without_engine(config: Config, trouble: str = "") -> SandboxDriver:
    """Return bubblewrap, or what is asked for; the weak sandbox only where that is right.

    `trouble` is why an engine could not be had.
    """
    wanted = config.sandbox.driver
    if wanted != "process":
        reason = bubblewrap.check()
        if reason is None:
            return Bubblewrap(hidden=[package_folder()])
        if wanted == "bubblewrap":
            raise SandboxUnavailableError(reason)
        trouble = f"{reason}; {trouble}"
    is_accepted = wanted == "process" and config.sandbox.accept_weak
    if not is_accepted and not all(map(_is_builtin, _models(config))):
        raise SandboxUnavailableError(
            f"{trouble or 'the process sandbox is weak'}; a real model is let into the weak "
            "process sandbox only by: --sandbox process --yes-i-know"
        )
    if trouble:
        logger.warning("no strong sandbox: %s", trouble)
    return Process()


@dataclass(frozen=True, slots=True)
class Examined:
    """What the attacks on one kind of sandbox came to, or why it cannot work here."""

    sandbox: str
    is_strong: bool = False
    probes: tuple[Probe, ...] = ()
    trouble: str = ""


def examine(sandbox: str) -> Examined:
    """Try every limit of one kind of sandbox by a small attack; no image is built for that."""
    config = read_config("", [f"sandbox.driver={sandbox}"])
    with ExitStack() as stack:
        try:
            sandboxes, _ = _open_strongest(stack, config, may_build=False)
            return Examined(sandboxes.name, sandboxes.is_strong, sandboxes.probe())
        except SandboxError as error:
            return Examined(sandbox, trouble=str(error))


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many sandboxes of one kind were removed, or why none could be looked for."""

    sandbox: str
    removed: int = 0
    trouble: str = ""


def clean() -> tuple[Cleaned, ...]:
    """Remove what dead processes left, in every kind of sandbox."""
    try:
        with closing(connect(os.environ.get("DOCKER_HOST", ""))) as client:
            docker = Cleaned("docker", containers.reap(client))
    except SandboxError as error:
        docker = Cleaned("docker", trouble=str(error))
    return docker, *(Cleaned(driver.name, driver.reap()) for driver in (Bubblewrap(), Process()))


@contextmanager
def open_laboratory(
    config: Config, run_folder: Path, tell: Say = logger.info
) -> Iterator[Laboratory]:
    """Build what the steps of a run need, and take it down afterwards; the run may not exist yet.

    `tell` is told which sandbox agents run in, and of packages that are fetched. The laboratory's
    settings name the exact versions of these.

    Raises: UserError if a setting names what there is not, SandboxUnavailableError.
    """
    check_config(config)
    with (
        tempfile.TemporaryDirectory(prefix="dgm-work-") as work,
        open_sandboxes(config, tell) as sandboxes,
        open_gateway(config) as gateway,
    ):
        sandboxes.reap()
        config, packages = _with_packages(config, sandboxes, tell)
        workspaces = Workspaces(Path(work))
        benchmark = open_benchmark(config.benchmark.name, workspaces)
        benchmark.tasks()  # refuses what is no benchmark
        runner = AgentRunner(sandboxes, gateway, workspaces, packages)
        yield Laboratory(run_folder.name, run_folder, config, benchmark, runner)


def _with_packages(
    config: Config, sandboxes: SandboxDriver, tell: Say
) -> tuple[Config, Path | None]:
    """Provide the packages agents import; the settings returned name their exact versions."""
    if not config.sandbox.packages:
        return config, None
    shelf = Shelf(cache_folder(os.environ), os.environ, tell)
    packages = shelf.provide(config.sandbox.packages, sandboxes)
    pinned = config.sandbox.model_copy(update={"packages": packages.pins})
    return config.model_copy(update={"sandbox": pinned}), packages.folder


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

        yield Evolution(lab, store, fanout, code_of, settle(lab, store))


def settle(lab: Laboratory, store: Store) -> Callable[[str], Usage]:
    """Close what a killed process left running, and bound the run by what is left of its budget.

    Returns what reads a rollout's spending from its transcript, by its id.
    """

    def usage_of(rollout_id: str) -> Usage:
        return spent_in(lab.rollout_folder(rollout_id))

    store.close_abandoned(usage_of)
    lab.bound_run(store.usage())
    return usage_of


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
