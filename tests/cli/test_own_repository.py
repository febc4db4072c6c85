"""`dgm run`: an agent at work on a repository of the user's; only `--apply` changes that."""

import subprocess
import sys

import pytest

from dgm.cli.repository import apply_patch, copy_repository

pytestmark = pytest.mark.slow

PROBLEM = ("--problem", "VALUE should be 1")


def git(folder, *words):
    """Call git in a folder."""
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(params=["git repository", "plain folder", "folder inside a repository"])
def repository(request, tmp_path):
    """A user's folder with a link, an ignored file, and odd line ends."""
    folder = tmp_path / "outer" / "mine"
    folder.mkdir(parents=True)
    (folder / "answer.py").write_bytes(b"VALUE = 0\r\n")
    (folder / "page.txt").write_bytes(b"one\x0ctwo\xff\r\n")
    (folder / ".gitignore").write_text("secret.txt\n")
    (folder / "secret.txt").write_text("mine")
    (folder / "link").symlink_to("/etc")
    if request.param != "plain folder":
        top = folder if request.param == "git repository" else folder.parent
        git(top, "init", "-q")
        git(top, "add", ".")
        git(top, "commit", "-q", "-m", "mine")
    return folder


def state(folder):
    """Every path below a folder, and what the files hold."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if "/.git/" not in f"{path}/" and not path.is_symlink()
    }


def test_patch_is_printed_applies_and_changes_nothing_by_itself(finished, repository):
    before = state(repository)
    words = [sys.executable, "-m", "dgm", "run", "seed", "--repo", str(repository), *PROBLEM]
    settings = {**finished.settings, "text": False}
    done = subprocess.run(words, capture_output=True, check=True, **settings)
    assert state(repository) == before
    sandbox, verdict, *_ = done.stderr.splitlines()
    assert sandbox.startswith(b"dgm: sandbox: bubblewrap (not docker: ")
    assert verdict.startswith(b"dgm: a0000: a patch of ")
    apply_patch(repository, done.stdout)
    assert state(repository) == {**before, "answer.py": b"VALUE = 1\n"}


def test_apply_changes_the_files_of_the_patch_and_no_other(finished, repository):
    before = state(repository)
    done = finished.dgm("run", "seed", "--repo", str(repository), *PROBLEM, "--apply")
    assert done.returncode == 0, done.stderr
    assert f"dgm: applied to {repository}" in done.stderr
    assert state(repository) == {**before, "answer.py": b"VALUE = 1\n"}


def test_agent_that_changes_nothing_is_said_so(finished, repository):
    before = state(repository)
    words = ("--repo", str(repository), "--problem", "VALUE should be 99", "--apply")
    done = finished.dgm("run", "seed", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no change (empty_patch)" in done.stderr
    assert "dgm: the agent's last words: asked for 99" in done.stderr
    assert state(repository) == before


def test_runs_beside_a_folder_without_git_are_not_copied(tmp_path):
    for name in ("archive/one/run.db", "archive/one/agents.git/HEAD", "run.db", "src/main.py"):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text("x")
    copy_repository(tmp_path / "mine", tmp_path / "copy")
    copied = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    names = {str(path.relative_to(tmp_path / "copy")) for path in copied}
    assert names == {"run.db", "src/main.py"}


def test_problem_that_is_empty_is_one_line(finished, repository, tmp_path):
    (tmp_path / "problem.md").write_text(" \n")
    words = ("--repo", str(repository), "--problem", f"@{tmp_path / 'problem.md'}")
    done = finished.dgm("run", "seed", *words)
    assert done.returncode == 2
    assert done.stderr.endswith("problem.md is empty; say what is to be done\n")


def test_problem_can_be_read_from_a_file(finished, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "answer.py").write_text("VALUE = 0\n")
    (tmp_path / "problem.md").write_text("VALUE should be 1")
    words = ("--repo", str(tmp_path / "mine"), "--problem", f"@{tmp_path / 'problem.md'}")
    assert "+VALUE = 1" in finished.dgm("run", "seed", *words).stdout
