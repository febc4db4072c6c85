import shutil
import subprocess

import pytest

from dgm.workspaces import Workspaces, noise_list, touched_files


@pytest.fixture
def workspace(tmp_path):
    source = tmp_path / "source"
    (source / "pkg").mkdir(parents=True)
    (source / "main.py").write_text("print(1)\n")
    (source / "pkg" / "part.py").write_text("x = 1\n")
    (source / "test_main.py").write_text("assert True\n")
    return Workspaces(tmp_path / "cache").of(source)


@pytest.fixture
def edited(workspace, tmp_path):
    """A copy of the base, as it comes back from a sandbox."""
    folder = tmp_path / "edited"
    folder.mkdir()
    workspace.apply(b"", folder)
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def applied(workspace, patch, tmp_path, **options):
    target = tmp_path / "applied"
    target.mkdir()
    workspace.apply(patch, target, **options)
    return contents(target)


def test_unchanged_files_give_an_empty_patch(workspace, edited):
    assert workspace.diff(edited) == b""


def test_patch_reproduces_every_change(workspace, edited, tmp_path):
    (edited / "main.py").write_text("print(2)\n")
    (edited / "pkg" / "part.py").unlink()
    (edited / "data.bin").write_bytes(bytes(range(256)) * 3)
    patch = workspace.diff(edited)
    assert set(touched_files(patch)) == {"main.py", "pkg/part.py", "data.bin"}
    assert applied(workspace, patch, tmp_path) == contents(edited)


def test_patch_without_new_files_reproduces_every_change(workspace, edited, tmp_path):
    (edited / "main.py").write_text("print(2)\n")
    (edited / "pkg" / "part.py").unlink()
    (edited / "test_main.py").chmod(0o755)
    patch = workspace.diff(edited)
    assert set(touched_files(patch)) == {"main.py", "pkg/part.py", "test_main.py"}
    assert applied(workspace, patch, tmp_path) == contents(edited)
    assert (tmp_path / "applied" / "test_main.py").stat().st_mode & 0o100


def test_patch_is_the_same_with_and_without_a_new_file_beside_it(workspace, edited):
    (edited / "main.py").write_bytes(b"print(2)\r\n\0")
    alone = workspace.diff(edited)
    (edited / "zz.py").write_text("new = 1\n")
    assert workspace.diff(edited).startswith(alone)


def test_patch_whose_last_file_is_new_and_ends_without_newline_applies(workspace, edited, tmp_path):
    (edited / "zz.py").write_text("last = 1")
    assert applied(workspace, workspace.diff(edited), tmp_path)["zz.py"] == b"last = 1"


def test_parts_on_protected_files_are_left_out(workspace, edited, tmp_path):
    (edited / "main.py").write_text("print(2)\n")
    (edited / "test_main.py").write_text("assert 1\n")
    (edited / "pkg" / "test_more.py").write_text("assert 1\n")
    patterns = ("test_*.py", "*/test_*.py")
    files = applied(workspace, workspace.diff(edited), tmp_path, leave_out=patterns)
    assert files["main.py"] == b"print(2)\n"
    assert files["test_main.py"] == b"assert True\n"
    assert "pkg/test_more.py" not in files


@pytest.mark.parametrize("name", ["git~1", ".git ", ".gi\u200ct"])
def test_names_that_only_look_like_git_are_ordinary_files(workspace, edited, tmp_path, name):
    (edited / name).write_text("x\n")
    assert applied(workspace, workspace.diff(edited), tmp_path)[name] == b"x\n"


def test_what_python_compiles_by_the_way_is_no_change(workspace, edited):
    (edited / "__pycache__").mkdir()
    (edited / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"x")
    assert workspace.diff(edited) == b""


def test_what_building_leaves_behind_is_no_change(workspace, edited):
    noise = ("target/*", "*.class", "Cargo.lock")
    for name in ("target/debug/main.o", "pkg/target/x", "pkg/A.class", "Cargo.lock"):
        (edited / name).parent.mkdir(parents=True, exist_ok=True)
        (edited / name).write_bytes(b"x")
    assert workspace.diff(edited, noise) == b""
    assert len(touched_files(workspace.diff(edited))) == 4

    (edited / "targets.py").write_text("y = 1\n")
    assert touched_files(workspace.diff(edited, noise)) == ("targets.py",)


def test_files_an_ignore_rule_hides_are_part_of_the_patch(workspace, edited):
    (edited / ".gitignore").write_text("*\n")
    (edited / "hidden.py").write_text("y = 1\n")
    assert "hidden.py" in touched_files(workspace.diff(edited))


def test_attributes_of_the_agent_run_no_filter_and_change_no_byte(workspace, edited, tmp_path):
    marker = tmp_path / "marker"
    (edited / ".gitattributes").write_text("* filter=evil text eol=crlf ident\n")
    (edited / "main.py").write_bytes(b"a\r\nb $Id$\n")
    evil = ["-c", f"filter.evil.clean=touch {marker}; cat", "-c", f"core.fsmonitor=touch {marker}"]
    patch = workspace.diff(edited)
    assert applied(workspace, patch, tmp_path)["main.py"] == b"a\r\nb $Id$\n"
    assert not marker.exists()
    control = tmp_path / "control"
    subprocess.run(["git", "init", "-q", str(control)], check=True)
    (control / ".gitattributes").write_text("* filter=evil\n")
    subprocess.run(["git", "-C", str(control), *evil[:2], "add", "."], check=True)
    assert marker.exists(), "the attack works where attributes are believed"


def test_repository_given_to_an_agent_is_one_commit_without_a_past(workspace, edited):
    given = edited / ".git"
    shutil.copytree(workspace.given_git_folder, given)

    def git(*arguments):
        command = ["git", "-C", str(edited), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert git("rev-list", "--all", "--count").strip() == "1"
    assert git("status", "--porcelain") == ""
    assert git("remote") == ""
    assert git("reflog") == ""
    assert git("fsck", "--unreachable", "--no-reflogs").strip() == ""
    assert not (given / "ORIG_HEAD").exists()
    assert not list(given.glob("hooks/*"))


class TestNoise:
    """A base whose image has built things beside its sources, which nobody's patch is about."""

    @pytest.fixture
    def workspace(self, tmp_path):
        source = tmp_path / "source"
        (source / "lib.egg-info").mkdir(parents=True)
        (source / "lib.egg-info" / "PKG-INFO").write_text("Version: 1\n")
        (source / "fast.so").write_bytes(b"\x7fELF")
        (source / "main.py").write_text("print(1)\n")
        (source / ".gitignore").write_text("*.so\nbuild/\n.cache\n")
        noise_list(source).write_bytes(b"lib.egg-info/PKG-INFO\0fast.so\0")
        return Workspaces(tmp_path / "cache").of(source)

    def test_what_an_image_changes_by_itself_is_no_change(self, workspace, edited):
        (edited / "fast.so").write_bytes(b"\x7fELF, built again")
        (edited / "lib.egg-info" / "PKG-INFO").unlink()
        (edited / "build").mkdir()
        (edited / "build" / "log.txt").write_text("built\n")
        (edited / ".cache").write_text("x")
        assert workspace.diff(edited) == b""

    def test_all_else_is_part_of_the_patch(self, workspace, edited, tmp_path):
        (edited / "main.py").write_text("print(2)\n")
        (edited / "new.py").write_text("x = 1\n")
        (edited / "fast.so").write_bytes(b"other")
        patch = workspace.diff(edited)
        assert touched_files(patch) == ("main.py", "new.py")
        assert applied(workspace, patch, tmp_path)["fast.so"] == b"\x7fELF"

    def test_ignore_rules_of_the_agent_hide_nothing(self, workspace, edited):
        (edited / ".gitignore").write_text("*\n")
        (edited / "new.py").write_text("x = 1\n")
        assert touched_files(workspace.diff(edited)) == (".gitignore", "new.py")

    def test_names_with_odd_letters_are_taken_literally(self, workspace, edited):
        (edited / "*.py").write_text("x = 1\n")
        (edited / "new\nline.so").write_text("x")
        assert touched_files(workspace.diff(edited)) == ("*.py",)
