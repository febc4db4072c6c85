"""Temporary files: below one folder a process, and gone with it, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dgm.scratch import reap, scratch_folder

HOLD = """
import tempfile, time
from dgm.scratch import scratch_folder
with scratch_folder() as folder:
    print(tempfile.mkdtemp(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def holder(base):
    """Another process that holds a scratch folder with something in it."""
    environment = {"TMPDIR": str(base), "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        made = Path(process.stdout.readline().strip())
        yield process, made
        process.kill()


def test_temporary_files_lie_below_it_and_go_with_it(base):
    with scratch_folder() as folder:
        made = Path(tempfile.mkdtemp())
        assert made.parent == folder
        assert folder.parent == base
    assert tempfile.gettempdir() == str(base)
    assert not list(base.iterdir())


def test_folder_of_a_living_process_is_left_alone(base, holder):
    _, made = holder
    assert reap(base) == 0
    assert made.is_dir()


def test_folder_of_a_killed_process_is_removed_by_the_next(base, holder):
    process, made = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert made.is_dir()
    with scratch_folder() as folder:
        assert list(base.iterdir()) == [folder]


@pytest.mark.parametrize("marker", [None, b"", b"mine\n"])
def test_folder_with_such_a_name_and_no_marker_is_left_alone(base, marker):
    with scratch_folder() as folder:
        name, told = folder.name, (folder / ".owner").read_bytes()
    holiday = base / name.replace(name[-8:], "-holiday")
    holiday.mkdir()
    (holiday / "photo.jpg").touch()
    if marker is not None:
        (holiday / ".owner").write_bytes(marker)
    assert reap(base) == 0
    assert (holiday / "photo.jpg").exists()
    (holiday / ".owner").write_bytes(told)  # control: with the marker it is a dead one's
    assert reap(base) == 1
    assert not holiday.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_left_alone(base):
    with scratch_folder() as folder:
        name, told = folder.name, (folder / ".owner").read_bytes()
    (base / name).mkdir()
    (base / name / ".owner").write_bytes(told)
    os.chown(base / name, 65534, 65534)
    assert reap(base) == 0
    os.chown(base / name, 0, 0)
    assert reap(base) == 1


def test_link_that_looks_like_one_is_not_followed(base, tmp_path_factory):
    treasure = tmp_path_factory.mktemp("elsewhere")
    (treasure / "file").touch()
    with scratch_folder() as folder:
        name = folder.name
    (base / name).symlink_to(treasure)
    assert reap(base) == 0
    assert (treasure / "file").exists()
