"""Self-modification: the repository is the parent's code, the agent is whoever writes."""

import pytest

from dgm.records import Diagnosis, Outcome
from dgm.steps.modify import Modify
from dgm.workspaces import touched_files
from tests.machine import code_of, write_agent

DIAGNOSIS = Diagnosis("t1", "", (), "Write more.", "In notes.txt.", "It writes too little.")
NOTE = '(workspace / "notes.txt").write_text("by " + pathlib.Path("name.txt").read_text())\n'


@pytest.fixture
def modify(machine, tmp_path):
    """Let one agent write a child of another, and lay the child out."""

    def write(script, writer="writer", parent="parent"):
        agents = [
            code_of(write_agent(tmp_path / name, script, files={"name.txt": name}))
            for name in (writer, parent)
        ]
        with machine.laboratory() as lab:
            rollout = Modify("r000001", "a0001", 1, *agents, DIAGNOSIS).perform(lab)
            patch = (lab.rollout_folder("r000001") / "patch.diff").read_bytes()
            child = tmp_path / "child"
            child.mkdir()
            lab.runner.workspaces.of(agents[1].folder).apply(patch, child)
        return rollout, touched_files(patch), child

    return write


def test_writer_changes_the_code_of_the_parent_not_its_own(modify, tmp_path):
    rollout, touched, child = modify(NOTE)
    assert rollout.outcome is Outcome.SOLVED
    assert touched == ("notes.txt",)
    assert (child / "notes.txt").read_text() == "by writer"
    assert (child / "name.txt").read_text() == "parent"
    assert not (tmp_path / "parent" / "notes.txt").exists()


def test_writer_is_told_the_diagnosis(modify):
    _, _, child = modify('(workspace / "notes.txt").write_text(problem)')
    told = (child / "notes.txt").read_text()
    assert "Write more." in told
    assert "It writes too little." in told
    assert "In notes.txt." in told


@pytest.mark.parametrize("end", ["sys.exit(1)", "raise ValueError", "os.kill(os.getpid(), 9)"])
def test_change_counts_however_the_writer_ended(modify, end):
    rollout, touched, _ = modify(NOTE + end)
    assert rollout.outcome is Outcome.SOLVED
    assert touched == ("notes.txt",)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [("pass", Outcome.EMPTY_PATCH), ("sys.exit(1)", Outcome.AGENT_ERROR)],
)
def test_no_change_tells_why(modify, script, outcome):
    rollout, touched, _ = modify(script)
    assert (rollout.outcome, touched) == (outcome, ())


def test_own_code_is_read_only(modify):
    _, _, child = modify(
        'try: open("name.txt", "w")\n'
        'except OSError as error: (workspace / "notes.txt").write_text(type(error).__name__)'
    )
    assert (child / "notes.txt").read_text() in ("OSError", "PermissionError")
