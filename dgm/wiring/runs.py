"""A run's benchmark, laboratory and loop, built from its settings."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.archive.branches import AgentRepository
from dgm.archive.store import Store
from dgm.benchmarks.impossible import mix_in
from dgm.benchmarks.protocol import Benchmark
from dgm.config import Config
from dgm.errors import SandboxUnavailableError
from dgm.evolve import Evolution
from dgm.fanout import ThreadFanOut
from dgm.gateway.transcript import usage_of
from dgm.records import AgentCode, AgentManifest, Rollout, Usage
from dgm.regrade import check_grader, kept_to
from dgm.replay import recorded_run
from dgm.requirements import laid_over
from dgm.resources import cache_folder, data_folder
from dgm.rollout import AgentRunner
from dgm.sandbox.packages import Shelf
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import SandboxDriver
from dgm.steps.laboratory import Laboratory
from dgm.steps.select_parents import find_policy
from dgm.titles import counted
from dgm.wiring.benchmarks import choice_of, find_suite, open_benchmark
from dgm.wiring.models import check_keys, check_models, closed_gateway, open_gateway, priced
from dgm.wiring.sandboxes import open_sandboxes
from dgm.workspaces import Workspaces

logger = logging.getLogger(__name__)
_MOST_TOLD = 10


def check_config(config: Config) -> None:
    """Refuse what no machine could do, before anything is stored. Raises: ConfigError."""
    find_policy(config.search.policy)
    check_models(config)


def seed_folder(config: Config) -> Path:
    """Where the first agent comes from."""
    return config.seed_agent or data_folder("agents/seed")


def importing(config: Config, manifest: AgentManifest) -> Config:
    """Add the packages that a seed agent names to the settings, which have the last word."""
    packages = laid_over(manifest.packages, config.sandbox.packages)
    without = dict.fromkeys((*manifest.without, *config.sandbox.without))
    update = {"packages": packages, "without": tuple(without)}
    sandbox = config.sandbox.model_copy(update=update)
    return config.model_copy(update={"sandbox": sandbox})


@contextmanager
def open_laboratory(
    config: Config,
    run_folder: Path,
    tell: Say = logger.info,
    *,
    tell_sandbox: Say | None = None,
    asks_models: bool = True,
    verifies: bool = False,
) -> Iterator[Laboratory]:
    """Build what the steps of a run need, and take it down afterwards; the run may not exist yet.

    `tell` is told of packages that are fetched and of tasks that are left out, and `tell_sandbox`,
    or else `tell`, which sandbox agents run in. The laboratory's settings name the exact versions
    of packages. Without `asks_models` no key is needed: a replay
    answers from its transcripts. With `verifies` no task is met that was not found sound.

    Raises: UserError if a setting names what there is not, SandboxUnavailableError.
    """
    check_config(config)
    recordings = recorded_run(config.model.replay) if config.model.replay else None
    if asks_models and recordings is None:
        check_keys(config)
        config = priced(config)
    gateways = open_gateway(config, run_folder.parent) if recordings is None else closed_gateway()
    with (
        tempfile.TemporaryDirectory(prefix="dgm-work-") as work,
        open_sandboxes(config, tell_sandbox or tell) as sandboxes,
        gateways as gateway,
    ):
        sandboxes.reap()
        config, packages = _with_packages(config, sandboxes, tell)
        workspaces = Workspaces(Path(work))
        sound = open_benchmark(config.benchmark.name, workspaces, choice_of(config))
        _check_images(sound, sandboxes)
        if verifies and not find_suite(config.benchmark.name).is_vouched:
            sound = sound.completed(sandboxes, workspaces, tell)
        _tell_left_out(sound, tell)
        limits = config.sandbox.limits.as_limits()
        number = config.benchmark.impossible
        benchmark = mix_in(sound, sound.whole, number, config.seed, sandboxes, limits)
        runner = AgentRunner(sandboxes, gateway, workspaces, packages)
        yield Laboratory(run_folder.name, run_folder, config, benchmark, runner, recordings)


def _check_images(benchmark: Benchmark, sandboxes: SandboxDriver) -> None:
    """Raises: BenchmarkError without tasks, SandboxUnavailableError if they cannot be met here."""
    tasks = benchmark.tasks()
    in_images = [task.id for task in tasks if benchmark.environment(task).image]
    if in_images and sandboxes.name != "docker":
        raise SandboxUnavailableError(
            f"{counted(len(in_images), 'task')} of {benchmark.name}, as {in_images[0]}, run in "
            f"images, which the {sandboxes.name} sandbox cannot start; --sandbox docker"
        )


def _tell_left_out(benchmark: Benchmark, tell: Say) -> None:
    """Tell which tasks are none. Raises: BenchmarkError if there are no others."""
    benchmark.tasks()
    left_out = benchmark.left_out
    for task_id, reason in list(left_out.items())[:_MOST_TOLD]:
        tell(f"left out: {task_id}: {reason.removeprefix(f'task {task_id}: ')}")
    if (more := len(left_out) - _MOST_TOLD) > 0:
        tell(f"left out: {more} more; dgm bench verify shows them all")


def _with_packages(
    config: Config, sandboxes: SandboxDriver, tell: Say
) -> tuple[Config, Path | None]:
    """Provide the packages agents import; the settings returned name their exact versions."""
    if not config.sandbox.packages:
        return config, None
    shelf = Shelf(cache_folder(os.environ), os.environ, tell)
    settings = config.sandbox
    packages = shelf.provide(settings.packages, sandboxes, settings.without)
    pinned = config.sandbox.model_copy(update={"packages": packages.pins})
    return config.model_copy(update={"sandbox": pinned}), packages.folder


@contextmanager
def open_evolution(lab: Laboratory, store: Store) -> Iterator[Evolution]:
    """Build the loop over an open run, which keeps the tasks that it began with.

    Raises: ArchiveError if another grader's results count, BenchmarkError if tasks changed.
    """
    check_grader(lab, store)
    lab = kept_to(lab, store)
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

    def usage_of_rollout(rollout_id: str) -> Usage:
        return spent_in(lab.rollout_folder(rollout_id))

    store.close_abandoned(usage_of_rollout)  # before asking what has been spent
    lab.bound_shared(store.usage(), store.usage_by_step())
    return usage_of_rollout


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
