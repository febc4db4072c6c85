"""What an agent's sandbox holds of a task, attacked the way the reference code could be."""

import json

import pytest

from dgm.records import SandboxLimits
from dgm.sandbox.protocol import SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces, touched_files
from tests.benchmarks.swebench.rows import FIX_LINE, TESTBED

pytestmark = pytest.mark.slow

# Whatever git remembers, as text: every object there is, reachable or not.
EVERY_OBJECT = (
    "git cat-file --batch-all-objects --batch-check | cut -d' ' -f1 | "
    "while read name; do git cat-file -p $name; done"
)
ATTACKS = {
    "show": "git show {fix}",
    "log": "git log --all -p",
    "reflog": "git log -g -p; git reflog --all",
    "orig head": "git show ORIG_HEAD",
    "dangling": "git fsck --lost-found --no-reflogs; cat .git/lost-found/other/* ; git show $(git "
    "fsck --no-reflogs --lost-found | cut -d' ' -f3)",
    "objects": EVERY_OBJECT,
    "remote": "git fetch --all -v; git remote -v | grep .",
}
FIX_WORDS = FIX_LINE.strip()


@pytest.fixture(scope="module")
def inside(benchmark, task, dockered, tmp_path_factory):
    """A shell where an agent would be, on the task as an agent gets it."""
    workspace = Workspaces(tmp_path_factory.mktemp("given")).of(benchmark.workspace(task))
    files = pack(workspace.source, git_folder=workspace.given_git_folder)
    limits = benchmark.environment(task).raised(SandboxLimits())
    spec = SandboxSpec("swe-inside", "tests", limits, environment=benchmark.environment(task))
    with dockered.open(spec) as sandbox:
        sandbox.put(files, sandbox.paths.workspace)

        def run(script, cwd=TESTBED):
            result = sandbox.exec(["bash", "-c", script], cwd=cwd, env={}, timeout_s=60)
            return (result.stdout + result.stderr).decode(errors="replace")

        yield run


@pytest.mark.parametrize("attack", ATTACKS)
def test_git_remembers_nothing_but_the_base(inside, told, attack):
    said = inside(ATTACKS[attack].format(fix=told.fix))
    assert FIX_WORDS not in said
    assert "Mend the discount" not in said


def test_the_same_attacks_find_the_answer_in_the_image_of_the_row(client, image, told):
    """Control: what is hidden is there to be found."""
    script = f"git config --global --add safe.directory '*'; {EVERY_OBJECT}; git show ORIG_HEAD"
    said = client.containers.run(
        image, ["bash", "-c", script], network_mode="none", remove=True, user="root"
    ).decode()
    assert FIX_WORDS in said
    assert "Mend the discount" in said


def test_workspace_is_one_commit_and_the_folder_of_the_task_leads_to_it(inside):
    assert inside("git rev-list --all --count").strip() == "1"
    assert inside("git status --porcelain") == ""
    assert inside("pwd -P").strip() == "/workspace"


def test_answer_is_in_no_file_that_can_be_read(inside, row):
    words = "|".join(("def test_discount", "100 - percent", row.base_commit))
    command = (
        "find / -xdev -type f -readable -size -4M 2>/dev/null | "
        f"grep -v -E '^/(proc|sys)/' | xargs -d '\\n' grep -l -a -E '{words}' 2>/dev/null"
    )
    assert inside(command) == ""


def test_newer_release_cannot_be_had(inside):
    said = inside("PIP_RETRIES=0 python3 -m pip download shop 2>&1; python3 -m pip install shop")
    assert "Successfully" not in said


def test_noise_of_the_image_is_there_and_in_no_patch(benchmark, task, inside, tmp_path):
    assert inside("cat shop.egg-info/PKG-INFO shop/fast.so").split() == ["Version:", "0.1", "built"]
    workspace = Workspaces(tmp_path / "cache").of(benchmark.workspace(task))
    tree = tmp_path / "tree"
    tree.mkdir()
    workspace.apply(b"", tree)
    (tree / "shop" / "fast.so").write_text("built again")
    (tree / "shop.egg-info" / "SOURCES.txt").write_text("new")
    assert workspace.diff(tree) == b""
    (tree / "shop" / "total.py").write_text("x = 1\n")
    assert touched_files(workspace.diff(tree)) == ("shop/total.py",)


def test_hidden_files_are_all_that_must_not_be_seen(benchmark, task):
    hidden = {path.name: path for path in benchmark.hidden_files(task)}
    assert {"row.json", "eval.sh", "solution.patch", "test.patch", "test_total.py"} <= set(hidden)
    assert "hints_text" not in json.loads(hidden["row.json"].read_text())
    seen = {path.name for path in benchmark.workspace(task).rglob("*")}
    assert not {"row.json", "eval.sh", "solution.patch", "test.patch", ".git"} & seen
    assert "test_discount" not in (benchmark.workspace(task) / "tests/test_total.py").read_text()


def test_statement_says_how_to_enter_the_environment_and_no_more(task, row):
    assert task.statement.startswith(row.problem_statement)
    assert "source /opt/miniconda3/bin/activate && conda activate testbed" in task.statement
    assert "pytest" not in task.statement
