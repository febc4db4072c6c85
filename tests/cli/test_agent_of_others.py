"""An agent that others wrote, from a package index, is evolved as it is: mini-swe-agent."""

import shutil
import tomllib

import pytest

from dgm.archive.reader import RunReader
from dgm.records import AgentState, Outcome, Split
from tests.cli.conftest import CHECKOUT, Place

AGENT = CHECKOUT / "agents" / "mini-swe-agent"
QUICK = CHECKOUT / "dgm" / "benchmarks" / "quick" / "tasks"
SHORT = (
    *("--seed-agent", str(AGENT), "--benchmark", "tasks", "--children", "1"),
    *("--sandbox", "bubblewrap", "--set", "benchmark.stages=[1]"),
)


@pytest.fixture
def place(tmp_path, bubblewrapped):
    """A folder with two tasks; by their names, the second is sealed."""
    for name in ("roman-numerals", "version-compare"):
        shutil.copytree(QUICK / name, tmp_path / "tasks" / name)
    return Place(tmp_path)


@pytest.mark.slow
def test_unmodified_mini_swe_agent_solves_a_task_and_is_evolved(place):
    done = place.dgm("evolve", "--name", "mini", *SHORT, timeout_s=900)
    assert done.returncode == 0, done.stdout + done.stderr
    run = place.path / "archive" / "mini"
    packages = tomllib.loads((run / "run.toml").read_text())["sandbox"]["packages"]
    assert "mini-swe-agent==2.4.6" in packages
    assert not [pin for pin in packages if pin.startswith(("datasets", "pandas"))]
    with RunReader.open(run) as reader:
        seed, child = reader.agents()
        assert seed.state is AgentState.ARCHIVED
        assert child.state is AgentState.ARCHIVED or "infrastructure" not in child.reason
        assert reader.repository.changed_files(seed.tree_hash, child.tree_hash)
        (solved,) = reader.evaluations(seed.id, Split.SEARCH)
        rollouts = reader.rollouts()
    assert solved.outcome is Outcome.SOLVED
    assert Outcome.INFRASTRUCTURE not in {rollout.outcome for rollout in rollouts}
    said = (run / "rollouts" / solved.id / "output.txt").read_text()
    assert said == f"[calls: {solved.usage.calls}] [stopped: Submitted]\n"
