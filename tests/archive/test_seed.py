import os
import subprocess
import sys

import pytest

from dgm.archive.seed import import_seed
from dgm.archive.snapshot import MAX_BYTES, MAX_FILES, take_snapshot
from dgm.errors import AgentFormatError


def git(*words, cwd):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, env=environment)


def test_plain_folder_is_copied_without_caches(agent_folder, tmp_path):
    tree = take_snapshot(agent_folder).tree_hash
    (agent_folder / "tools" / "__pycache__").mkdir()
    (agent_folder / "tools" / "__pycache__" / "bash.pyc").touch()
    assert import_seed(agent_folder, tmp_path / "into").name == "tiny"
    assert take_snapshot(tmp_path / "into").tree_hash == tree


def test_only_tracked_files_of_a_repository_are_copied(agent_folder, tmp_path):
    tree = take_snapshot(agent_folder).tree_hash
    git("init", "-q", cwd=agent_folder)
    git("add", "-A", cwd=agent_folder)
    (agent_folder / "secret.env").write_text("KEY=1")
    import_seed(agent_folder, tmp_path / "into")
    assert take_snapshot(tmp_path / "into").tree_hash == tree
    assert not (tmp_path / "into" / "secret.env").exists()


def test_repository_of_the_user_runs_nothing(agent_folder, tmp_path):
    git("init", "-q", cwd=agent_folder)
    git("add", "-A", cwd=agent_folder)
    marker = tmp_path / "marker"
    script = tmp_path / "monitor.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    git("config", "core.fsmonitor", str(script), cwd=agent_folder)
    import_seed(agent_folder, tmp_path / "into")
    assert not marker.exists()
    git("ls-files", "-m", cwd=agent_folder)  # control: plain git runs it
    assert marker.exists()


@pytest.mark.parametrize("is_repository", [False, True])
def test_seed_with_a_link_is_refused_and_leaves_nothing(agent_folder, tmp_path, is_repository):
    (agent_folder / "link").symlink_to("/etc/passwd")
    if is_repository:
        git("init", "-q", cwd=agent_folder)
        git("add", "-A", cwd=agent_folder)
    with pytest.raises(AgentFormatError, match="link"):
        import_seed(agent_folder, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_link_to_a_folder_is_refused(agent_folder, tmp_path):
    (agent_folder / "linked").symlink_to("/etc")
    with pytest.raises(AgentFormatError, match="link"):
        import_seed(agent_folder, tmp_path / "into")


def test_what_is_no_agent_is_refused_with_one_line(agent_folder, tmp_path):
    for path, complaint in (
        (agent_folder / "main.py", "is a file"),
        (tmp_path / "none", "does not exist"),
        (agent_folder / "tools", r"no agent\.toml"),
    ):
        with pytest.raises(AgentFormatError, match=complaint):
            import_seed(path, tmp_path / "into")


def test_seed_too_large_is_refused_and_leaves_nothing(agent_folder, tmp_path):
    (agent_folder / "big").write_bytes(bytes(9 * 2**20))
    with pytest.raises(AgentFormatError, match="8 MiB"):
        import_seed(agent_folder, tmp_path / "into")
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize("is_repository", [False, True])
def test_seed_without_bounds_is_refused_before_it_is_copied(agent_folder, tmp_path, is_repository):
    if is_repository:
        git("init", "-q", cwd=agent_folder)
        (agent_folder / "sparse").touch()
        git("add", "-A", cwd=agent_folder)
    with (agent_folder / "sparse").open("wb") as file:
        file.truncate(3 << 30)
    code = "import sys; from pathlib import Path; from dgm.archive.seed import import_seed; "
    code += "import_seed(Path(sys.argv[1]), Path(sys.argv[2]))"
    said = subprocess.run(
        ["prlimit", f"--fsize={MAX_BYTES}", sys.executable, "-c", code, agent_folder, "into"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "its files exceed 8 MiB" in said.stderr
    assert not (tmp_path / "into").exists()


def test_seed_of_too_many_files_is_refused_before_it_is_copied(agent_folder, tmp_path):
    for number in range(MAX_FILES):
        (agent_folder / f"{number}.txt").touch()
    with pytest.raises(AgentFormatError, match="more than 2000 files"):
        import_seed(agent_folder, tmp_path / "into")
    assert not (tmp_path / "into").exists()
