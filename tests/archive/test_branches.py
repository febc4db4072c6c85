import os
import subprocess
from pathlib import Path

import pytest

from dgm.archive.branches import AgentRepository
from dgm.archive.snapshot import take_snapshot
from dgm.errors import ArchiveError, ChildRefusedError


def git(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@t", *words],
        cwd=cwd,
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": os.devnull},
    )
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path):
    AgentRepository.create(tmp_path / "agents.git")
    with AgentRepository.open(tmp_path / "agents.git") as repository:
        yield repository


def commit(repository, folder, agent_id="a0000", parent=None, replace=False):
    snapshot = take_snapshot(folder)
    repository.commit(
        snapshot, agent_id=agent_id, parent=parent, message="m", at=1e9, replace=replace
    )
    return snapshot.tree_hash


def environments_of_children(process):
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == process and (folder / "cmdline").read_bytes().startswith(b"git"):
                yield (folder / "environ").read_text()
        except OSError:
            continue


def test_git_is_given_no_key_of_the_host(tmp_path, agent_folder, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "canary-1234")
    AgentRepository.create(tmp_path / "keys.git")
    with AgentRepository.open(tmp_path / "keys.git") as repository:
        repository.checkout(commit(repository, agent_folder), tmp_path / "out")
        environments = list(environments_of_children(os.getpid()))
    assert environments
    assert any("MY_API_KEY" in each for each in environments)  # they began with the host's own
    assert not any("canary-1234" in each for each in environments)


def test_tree_hash_is_the_one_git_computes(agent_folder):
    ours = take_snapshot(agent_folder).tree_hash
    git("init", "-q", cwd=agent_folder)
    git("add", "-A", cwd=agent_folder)
    assert git("write-tree", cwd=agent_folder) == ours


def test_commits_are_reproducible_and_git_finds_them_sound(repository, agent_folder, tmp_path):
    commit(repository, agent_folder)
    first = repository.branch("a0000")
    AgentRepository.create(tmp_path / "other.git")
    with AgentRepository.open(tmp_path / "other.git") as other:
        commit(other, agent_folder)
        assert other.branch("a0000") == first
    assert repository.problems() == ()
    assert git("rev-list", "--all", "--count", cwd=tmp_path / "agents.git") == "1"


def test_branch_of_a_child_builds_on_its_parent(repository, agent_folder):
    commit(repository, agent_folder)
    (agent_folder / "main.py").write_text("print(2)\n")
    commit(repository, agent_folder, "a0001", parent="a0000")
    seed, child = repository.branches()
    assert (child.agent_id, child.parent_commit) == ("a0001", seed.commit)


def test_checkout_gives_back_the_very_tree(repository, agent_folder, tmp_path):
    (agent_folder / "crlf.txt").write_bytes(b"a\r\nb\r\n")
    (agent_folder / "bytes.bin").write_bytes(bytes(range(256)) * 300)
    tree = commit(repository, agent_folder)
    code = repository.checkout(tree, tmp_path / "deep" / "out")
    assert take_snapshot(code.folder).tree_hash == tree == code.tree_hash
    assert code.manifest.command == ("python3", "main.py")
    assert os.access(code.folder / "main.py", os.X_OK)
    assert not os.access(code.folder / "tools.md", os.X_OK) or os.geteuid() == 0
    assert code.folder.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


def test_checkout_works_from_a_packed_repository(repository, agent_folder, tmp_path):
    tree = commit(repository, agent_folder)
    git("gc", "-q", "--prune=now", cwd=tmp_path / "agents.git")
    assert not (tmp_path / "agents.git/refs/heads/agents/a0000").exists()
    assert repository.branch("a0000").tree_hash == tree
    assert take_snapshot(repository.checkout(tree, tmp_path / "out").folder).tree_hash == tree


def test_unknown_tree_is_one_clear_line(repository, tmp_path):
    for name in ("0" * 40, "nonsense"):
        with pytest.raises(ArchiveError, match="there is no tree"):
            repository.checkout(name, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


def test_attributes_of_an_agent_change_nothing_in_its_tree(repository, agent_folder, tmp_path):
    # Control: a git that reads the agent's .gitattributes stores other bytes.
    (agent_folder / ".gitattributes").write_text("*.txt text eol=crlf\nmain.py export-ignore\n")
    (agent_folder / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    tree = commit(repository, agent_folder)
    code = repository.checkout(tree, tmp_path / "out")
    assert (code.folder / "a.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert (code.folder / "main.py").exists()
    git("init", "-q", cwd=agent_folder)
    git("add", "-A", cwd=agent_folder)
    assert git("write-tree", cwd=agent_folder) != tree


def test_odd_attributes_of_an_agent_are_no_damage(repository, agent_folder):
    (agent_folder / ".gitattributes").write_text("x" * 5_000 + " text\n")
    commit(repository, agent_folder)
    assert repository.problems() == ()


def test_write_cut_off_by_a_kill_is_neither_branch_nor_damage(
    repository, agent_folder, tmp_path, monkeypatch
):
    commit(repository, agent_folder)
    (agent_folder / "main.py").write_text("print(2)\n")
    with monkeypatch.context() as patch:  # a killed process neither renames nor cleans up
        patch.setattr(Path, "replace", lambda *_: None)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        commit(repository, agent_folder, "a0001", parent="a0000")
    assert list(tmp_path.rglob("tmp_obj_*"))
    assert [branch.agent_id for branch in repository.branches()] == ["a0000"]
    assert repository.problems() == ()
    commit(repository, agent_folder, "a0001", parent="a0000")
    assert repository.problems() == ()
    assert len(repository.branches()) == 2


def test_same_tree_again_is_harmless_and_another_is_refused(repository, agent_folder):
    commit(repository, agent_folder)
    before = repository.branch("a0000")
    commit(repository, agent_folder)
    assert repository.branch("a0000") == before
    (agent_folder / "main.py").write_text("other\n")
    with pytest.raises(ArchiveError, match="already holds other code"):
        commit(repository, agent_folder)
    assert repository.branch("a0000") == before
    commit(repository, agent_folder, replace=True)
    assert repository.branch("a0000").tree_hash == take_snapshot(agent_folder).tree_hash


def test_child_of_an_unknown_parent_is_not_committed(repository, agent_folder):
    with pytest.raises(ArchiveError, match="a0007"):
        commit(repository, agent_folder, "a0008", parent="a0007")
    assert repository.branches() == ()


def test_diff_shows_changes_and_runs_no_program_of_the_environment(
    repository, agent_folder, tmp_path, monkeypatch
):
    marker = tmp_path / "marker"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    (agent_folder / ".gitattributes").write_text("*.py diff=evil\n")
    first = commit(repository, agent_folder)
    (agent_folder / "main.py").write_text("print(2)\n")
    second = commit(repository, agent_folder, "a0001", parent="a0000")

    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(script))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    with AgentRepository.open(tmp_path / "agents.git") as again:
        assert "-print(1)\n+print(2)" in again.diff(first, second)
        assert again.changed_files(first, second) == ("main.py",)
        assert again.diff(first, first) == ""
    assert not marker.exists()
    monkeypatch.delenv("GIT_DIR")
    subprocess.run(  # control: the attack works on a git that inherits this environment
        ["git", "--git-dir", str(tmp_path / "agents.git"), "diff", first, second],
        check=True,
        capture_output=True,
    )
    assert marker.exists()


def test_export_fills_an_empty_folder_only(repository, agent_folder, tmp_path):
    tree = commit(repository, agent_folder)
    (tmp_path / "empty").mkdir()
    repository.export(tree, tmp_path / "empty")
    assert take_snapshot(tmp_path / "empty").tree_hash == tree
    with pytest.raises(ArchiveError, match="not empty"):
        repository.export(tree, tmp_path / "empty")
    with pytest.raises(ArchiveError, match="not empty"):
        repository.export(tree, agent_folder / "main.py")


def test_missing_repository_is_one_clear_line(tmp_path):
    with (
        pytest.raises(ArchiveError, match="missing or no git repository"),
        AgentRepository.open(tmp_path / "none.git"),
    ):
        pass


def make_link(folder):
    (folder / "link").symlink_to("/etc/passwd")


def make_folder_link(folder):
    (folder / "linked").symlink_to("/etc")


def make_nested_repository(folder):
    git("init", "-q", "inner", cwd=folder)


def make_disguised_repository(folder):
    (folder / ".GIT").mkdir()
    (folder / ".GIT" / "config").write_text("[core]\n")


def make_submodule(folder):
    (folder / ".gitmodules").write_text('[submodule "x"]\n')


def make_pipe(folder):
    os.mkfifo(folder / "pipe")


def make_odd_name(folder):
    (folder / "a\nb").write_text("")


def make_name_that_is_no_text(folder):
    (folder / os.fsdecode(b"\xff\xfe")).write_text("")


def make_terminal_escape(folder):
    (folder / "\x1b[2J").write_text("")


def make_much(folder):
    with (folder / "big").open("wb") as big:
        big.truncate(9 * 2**20)


def make_many(folder):
    for number in range(2_001):
        (folder / f"f{number}").touch()


def make_deep(folder):
    (folder / "/".join(["d"] * 40)).mkdir(parents=True)
    (folder / "/".join(["d"] * 40) / "f").touch()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (make_link, "holds a link"),
        (make_folder_link, "holds a link"),
        (make_nested_repository, "nested repository"),
        (make_disguised_repository, "nested repository"),
        (make_submodule, "submodule"),
        (make_pipe, "neither file nor folder"),
        (make_odd_name, "unusable name"),
        (make_name_that_is_no_text, "unusable name"),
        (make_terminal_escape, "unusable name"),
        (make_much, "8 MiB"),
        (make_many, "2000 files"),
        (make_deep, "nested deeper"),
    ],
)
def test_folder_that_breaks_a_limit_is_refused_with_the_reason(
    repository, agent_folder, spoil, reason
):
    spoil(agent_folder)
    with pytest.raises(ChildRefusedError, match=reason) as refusal:
        commit(repository, agent_folder)
    assert refusal.value.reason.isprintable()
    assert repository.branches() == ()
