"""Row 12: nothing in a repository of a stranger's acts when the host touches it.

Traps leave a marker: hooks, filters, monitors, textconv, includes, nested repositories, remotes.
"""

from __future__ import annotations

import inspect
import shutil

import pytest

from dgm.archive.seed import import_seed
from dgm.cli.repository import apply_patch, copy_repository
from dgm.errors import AgentFormatError
from dgm.records import Outcome, Split
from dgm.steps.evaluate import Evaluate
from tests.cli.conftest import furnish
from tests.machine import code_of, write_agent, write_learner
from tests.security.poison import forge_index, git, make_evil, make_fetching, poison

CHANGE = b"--- a/skill.txt\n+++ b/skill.txt\n@@ -1 +1 @@\n-1\n+2\n"
FORMS = pytest.mark.parametrize("form", ["folder", "file"])


@pytest.fixture
def marker(tmp_path):
    """What a trap leaves behind."""
    return tmp_path / "marker"


@pytest.fixture
def agent(tmp_path):
    """An agent's folder, not yet a repository."""
    return write_learner(tmp_path / "agent", skill=1)


@FORMS
def test_seed_import_springs_no_trap(agent, marker, tmp_path, form):
    make_evil(agent, marker, form)
    import_seed(agent, tmp_path / "into")
    assert (tmp_path / "into" / "main.py").is_file()
    assert not list((tmp_path / "into").rglob(".git"))
    assert not marker.exists()


@FORMS
def test_copy_for_an_agent_and_patch_spring_no_trap(agent, marker, tmp_path, form):
    make_evil(agent, marker, form)
    copy_repository(agent, tmp_path / "copy")
    apply_patch(agent, CHANGE)
    assert (tmp_path / "copy" / "skill.txt").read_text() == "1\n"
    assert (agent / "skill.txt").read_text() == "2\n"
    assert not list((tmp_path / "copy").rglob(".git"))
    assert not marker.exists()


@FORMS
@pytest.mark.parametrize(
    "words", [("status",), ("add", "-A"), ("diff",), ("checkout", "-f"), ("apply", "../change")]
)
def test_plain_git_springs_a_trap(agent, marker, tmp_path, form, words):
    """The control: each of these commands leaves the marker."""
    make_evil(agent, marker, form)
    (tmp_path / "change").write_bytes(CHANGE)
    (agent / "main.py").write_text("changed\n")
    git(agent, *words)
    assert marker.exists()


def test_plain_folder_with_a_repository_below_springs_no_trap(agent, marker, tmp_path):
    make_evil(agent, marker)
    copy_repository(agent.parent / "agent", tmp_path / "copy")
    shutil.rmtree(agent / ".git")
    copy_repository(agent, tmp_path / "plain")
    assert (tmp_path / "plain" / "nested" / "file.txt").is_file()
    assert not list((tmp_path / "plain").rglob(".git"))
    assert not marker.exists()


def test_repository_that_lacks_objects_is_not_fetched(agent, marker, tmp_path):
    make_fetching(agent, marker)
    import_seed(agent, tmp_path / "into")
    copy_repository(agent, tmp_path / "copy")
    assert not marker.exists()
    git(agent, "ls-files")  # the control: plain git asks the remote
    assert marker.exists()


def test_what_lies_behind_a_link_is_no_file_of_the_repository(agent, tmp_path):
    (agent / "keys").mkdir()
    (agent / "keys" / "id").write_text("public\n")
    make_evil(agent, tmp_path / "marker")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "id").write_text("secret\n")
    shutil.rmtree(agent / "keys")
    (agent / "keys").symlink_to(tmp_path / "secrets")
    with pytest.raises(AgentFormatError, match="keys/id is a link"):
        import_seed(agent, tmp_path / "into")
    copy_repository(agent, tmp_path / "copy")
    assert not (tmp_path / "copy" / "keys").exists()
    assert "keys/id" in git(agent, "ls-files"), "the control: git does name it"
    assert (agent / "keys" / "id").read_text() == "secret\n"


@pytest.mark.parametrize("forged", [b"../../secret", b".git//config", b"//etc/passwd"])
def test_index_that_names_what_is_elsewhere_is_not_followed(agent, tmp_path, forged):
    (agent / "aa").mkdir()
    (agent / "aa" / "harmless1").write_text("harmless\n")
    (tmp_path / "secret").write_text("secret\n")
    git(agent, "init", "-q")
    git(agent, "add", "-A")
    forge_index(agent, b"aa/harmless1", forged)
    shutil.rmtree(agent / "aa")
    assert forged.decode() in git(agent, "ls-files", "-z"), "the control: git names it"
    place = tmp_path / "deep" / "er"
    copy_repository(agent, place / "copy")
    assert sorted(path.name for path in place.parent.rglob("*") if path.is_file()) == [
        *("agent.toml", "main.py", "skill.txt"),
    ]
    assert not (place / "secret").exists()


POISONER = """
import shutil, subprocess
{poison}
HOOKS = {hooks!r}
shutil.rmtree(workspace / ".git")
(workspace / ".git").mkdir()
poison(workspace, {marker!r})
modules = "[submodule \\"x\\"]\\n\\tpath = x\\n\\tupdate = !touch {marker}\\n"
(workspace / ".gitmodules").write_text(modules)
(workspace / "answer.py").write_text("VALUE = 1\\n")
"""


def test_repository_that_an_agent_left_springs_no_trap(machine, marker, tmp_path):
    from tests.security.poison import HOOKS

    source = POISONER.format(poison=inspect.getsource(poison), hooks=HOOKS, marker=str(marker))
    evil = code_of(write_agent(tmp_path / "evil", source))
    with machine.laboratory() as lab:
        task = lab.benchmark.tasks(Split.SEARCH)[0]
        rollout = Evaluate("r000001", "a0000", evil, task, 0, "1").perform(lab)
        patch = (lab.rollout_folder("r000001") / "patch.diff").read_text()
    assert rollout.outcome is Outcome.SOLVED
    assert "b/.gitattributes" in patch
    assert "b/.git/" not in patch
    assert not marker.exists()


@pytest.mark.slow
@FORMS
def test_evil_repository_goes_through_everything(tmp_path, marker, bubblewrapped, form):
    place = furnish(tmp_path)
    make_evil(tmp_path / "learner", marker, form)
    repository = tmp_path / "mine"
    repository.mkdir()
    (repository / "answer.py").write_text("VALUE = 0\n")
    make_evil(repository, marker, form)
    work = ("--repo", "mine", "--problem", "VALUE should be 1", "--apply")
    for words in (
        ("evolve", "--name", "evil", "--benchmark", "tasks", "--seed-agent", "learner",
         "--workers", "1", "--children", "1", "--set", "benchmark.stages=[3]"),
        ("run", "seed", *work),
        *(("tree",), ("show", "best"), ("diff", "best", "seed"), ("log", "seed", "canary")),
        ("export", "best", "--to", "out"),
        ("fsck",),
    ):  # fmt: skip
        done = place.dgm(*words, timeout_s=300)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert (repository / "answer.py").read_text() == "VALUE = 1\n"
    assert (tmp_path / "out" / "main.py").is_file()
    assert not marker.exists()
    git(repository, "status")
    assert marker.exists(), "the control: the traps were set all the time"
