"""Children that cannot work are refused: by their own tests, then by the canary."""

from pathlib import Path

import pytest

from dgm.records import AgentCode, AgentManifest, Outcome
from dgm.steps import validate
from dgm.steps.validate import Validate
from tests.machine import LEARNER, write_agent

EDIT = '(workspace / "doubling.py").write_text("any change will do")\n'


@pytest.fixture
def check(machine, tmp_path):
    """Validate an agent of one script."""

    def work(script, tests=("true",)):
        folder = write_agent(tmp_path / "agent", script, files={"skill.txt": "1\n"})
        manifest = AgentManifest(("python3", "-S", "main.py"), tests)
        with machine.laboratory() as lab:
            unit = Validate("r000001", "a0001", AgentCode("tree", folder, manifest))
            return unit.perform(lab), lab.rollout_folder("r000001")

    return work


@pytest.mark.parametrize("script", [LEARNER, EDIT, EDIT + "sys.exit(1)"])
def test_agent_that_edits_a_file_is_valid(check, script):
    rollout, _ = check(script)
    assert rollout.outcome is Outcome.SOLVED


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("print('done')", Outcome.EMPTY_PATCH),
        ("import no_such_module", Outcome.AGENT_ERROR),
        ("def broken(:", Outcome.AGENT_ERROR),
    ],
)
def test_agent_that_edits_nothing_is_refused_with_the_reason(check, script, outcome):
    rollout, _ = check(script)
    assert rollout.outcome is outcome
    assert f"it changed nothing in the canary task ({outcome})" in rollout.detail


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        (("false",), "exit code 1"),
        (("sh", "-c", "echo one; echo TwoError: three >&2; exit 1"), "TwoError: three"),
        (("sh", "-c", "kill -9 $$"), "exit code -9"),
        (("no-such-program",), "no-such-program"),
    ],
)
def test_agent_whose_own_tests_fail_is_refused_before_it_runs(check, tests, reason):
    rollout, folder = check(EDIT, tests)
    assert rollout.outcome is Outcome.AGENT_ERROR
    assert rollout.detail.startswith("its own tests fail")
    assert reason in rollout.detail
    assert (folder / "own-tests.txt").exists()
    assert not (folder / "output.txt").exists()


def test_own_tests_that_hang_are_stopped(check, monkeypatch):
    monkeypatch.setattr("dgm.rollout._SELF_TEST_TIMEOUT_S", 0.5)
    rollout, _ = check(EDIT, ("sleep", "4715"))
    assert "they did not end in time" in rollout.detail


def test_own_tests_get_no_model_and_flood_nobody(check):
    is_alone = 'test ! -e /run/dgm/model.sock && test -z "$ANTHROPIC_BASE_URL"'
    rollout, folder = check(EDIT, ("sh", "-c", f"{is_alone} && yes | head -c 9000000"))
    assert rollout.outcome is Outcome.SOLVED
    assert (folder / "own-tests.txt").stat().st_size <= 20_000


def test_canary_is_a_task_that_fails_as_it_stands():
    canary = Path(validate.__file__).with_name("canary")
    assert "double(4)" in (canary / "instruction.md").read_text()
    assert "number + 2" in (canary / "repo" / "doubling.py").read_text()
