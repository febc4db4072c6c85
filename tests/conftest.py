"""What the tests of the loop share: one real driver a session, and a small machine around it."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from dgm.archive.store import Store
from dgm.gateway.builtin import BuiltinProvider
from dgm.resources import package_folder
from dgm.sandbox import bubblewrap
from dgm.sandbox.bubblewrap import Bubblewrap
from tests.machine import Machine, write_benchmark, write_learner

NO_SKIPS = "DGM_NO_SKIPS"
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def pytest_configure() -> None:
    """Let programs be stopped by signals that a shell in the background, or nohup, has ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what would be skipped, where the environment says that nothing may be missing."""
    report = yield
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for whole files."""
    report = yield
    return _failed_if_skipped(report)


def _failed_if_skipped(report: _Report) -> _Report:
    if os.environ.get(NO_SKIPS) and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS} is set, and this would be skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def bubblewrapped() -> Iterator[Bubblewrap]:
    """A bubblewrap driver that hides the package, as in a run."""
    if reason := bubblewrap.check():
        pytest.skip(reason)
    with Bubblewrap(hidden=[package_folder()]) as driver:
        yield driver


@pytest.fixture(scope="session")
def finished(
    bubblewrapped: Bubblewrap, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Machine, Path]:
    """A finished run of the learner with two children and all outcomes in it, to look at only."""
    place = tmp_path_factory.mktemp("finished")
    write_benchmark(place / "benchmark", (1, 2, 2, 2, 3))
    machine = Machine(place, bubblewrapped, BuiltinProvider())
    seed = write_learner(place / "learner", skill=1)
    settings = ("benchmark.stages=[2,3]", "budget.children=2", "search.policy=greedy")
    with machine.new_run(seed, "finished", *settings) as store:
        with machine.evolution(store, machine.config(*settings)) as evolution:
            assert evolution.run()
        return machine, store.run.path


@pytest.fixture
def machine(tmp_path: Path, bubblewrapped: Bubblewrap) -> Machine:
    """Real parts in a fresh place; the search tasks want 1 and 3, the sealed one 2."""
    write_benchmark(tmp_path / "benchmark")
    return Machine(tmp_path, bubblewrapped, BuiltinProvider())


@pytest.fixture
def learner(tmp_path: Path) -> Path:
    """A seed agent that can evolve."""
    return write_learner(tmp_path / "learner", skill=1)


@pytest.fixture
def run(machine: Machine, learner: Path) -> Iterator[Store]:
    """A new run of the learner."""
    with machine.new_run(learner) as store:
        yield store
