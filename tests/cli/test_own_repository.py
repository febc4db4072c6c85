"""`dgm run`: an agent at work on a repository of the user's; only `--apply` changes that."""

import shutil
import subprocess
import sys

import pytest

from dgm.cli.repository import apply_patch
from dgm.errors import UserError

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
    assert done.stderr.startswith(b"dgm: a0000: a patch of ")
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
    assert state(repository) == before


def test_problem_can_be_read_from_a_file(finished, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "answer.py").write_text("VALUE = 0\n")
    (tmp_path / "problem.md").write_text("VALUE should be 1")
    words = ("--repo", str(tmp_path / "mine"), "--problem", f"@{tmp_path / 'problem.md'}")
    assert "+VALUE = 1" in finished.dgm("run", "seed", *words).stdout


NEW_FILE = (
    "diff --git a/{0} b/{0}\nnew file mode 100644\n--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n"
)


@pytest.mark.parametrize("path", ["link/passwd", "../outside.txt", ".git/hooks/post-checkout"])
def test_patch_that_leaves_the_repository_is_refused(tmp_path, path):
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "mine"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    shutil.rmtree(folder / ".git" / "hooks", ignore_errors=True)
    with pytest.raises(UserError, match="not applied, nothing is changed"):
        apply_patch(folder, NEW_FILE.format(path).encode())
    assert not (folder / path).exists()
    apply_patch(folder, NEW_FILE.format("new.txt").encode())
    assert (folder / "new.txt").read_text() == "x\n"


def test_patch_that_does_not_fit_changes_nothing(tmp_path):
    (tmp_path / "answer.py").write_text("something else\n")
    wrong = "--- a/answer.py\n+++ b/answer.py\n@@ -1 +1 @@\n-VALUE = 0\n+VALUE = 1\n"
    both = NEW_FILE.format("new.txt") + wrong
    with pytest.raises(UserError, match="not applied"):
        apply_patch(tmp_path, both.encode())
    assert state(tmp_path) == {"answer.py": b"something else\n"}
