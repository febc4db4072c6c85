"""`make` says what it installs, and what to type where it may not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import CHECKOUT


@pytest.fixture
def make_sandbox(tmp_path):
    """Call `make sandbox` where bwrap is missing; the words tell who calls, and how apt ends."""

    def call(uid: int, *, sudo: str | None = None, has_apt: bool = True) -> tuple[str, list[str]]:
        for program in ("make", "sh"):
            (tmp_path / program).symlink_to(shutil.which(program))
        log = tmp_path / "apt.log"
        write_program(tmp_path / "id", f"echo {uid}")
        if has_apt:
            write_program(tmp_path / "apt-get", f'echo "$*" >> {log}; echo noise of apt')
        if sudo:
            write_program(tmp_path / "sudo", sudo)
        done = subprocess.run(
            ["make", "--no-print-directory", "sandbox"],
            cwd=CHECKOUT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout, log.read_text().splitlines() if log.exists() else []

    return call


@pytest.fixture
def make_setup(tmp_path):
    """Call `make setup` in a folder of its own with a Python that makes no environment."""

    def call(uid: int, sudo: str) -> tuple[str, list[str]]:
        for program in ("make", "sh", "touch", "mkdir"):
            (tmp_path / program).symlink_to(shutil.which(program))
        log = tmp_path / "apt.log"
        write_program(tmp_path / "id", f"echo {uid}")
        write_program(tmp_path / "apt-get", f'echo "$*" >> {log}')
        write_program(tmp_path / "sudo", sudo)
        write_program(tmp_path / "python3", '[ "$1" != -m ]')
        (tmp_path / "clone").mkdir()
        done = subprocess.run(
            ["make", "--no-print-directory", "-f", CHECKOUT / "Makefile", "setup"],
            cwd=tmp_path / "clone", env={"PATH": str(tmp_path)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode != 0
        return done.stdout, log.read_text().splitlines() if log.exists() else []

    return call


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


REMEDY = "no sandbox yet; type: sudo apt-get install -y bubblewrap\n"


def test_root_is_told_what_is_installed(make_sandbox):
    said, calls = make_sandbox(0)
    assert said == f"installing bubblewrap through apt ...\n{REMEDY}"
    assert calls == ["install -y bubblewrap"]


def test_sudo_without_a_password_is_used_and_told(make_sandbox):
    said, calls = make_sandbox(1000, sudo='[ "$1" = -n ] || "$@"')
    assert said == f"installing bubblewrap through apt, with sudo ...\n{REMEDY}"
    assert calls == ["install -y bubblewrap"]


def test_sudo_with_a_password_is_left_to_the_user(make_sandbox):
    assert make_sandbox(1000, sudo="exit 1") == (REMEDY, [])


def test_machine_without_apt_is_told_what_is_missing(make_sandbox):
    said, calls = make_sandbox(0, has_apt=False)
    assert said.startswith("please install bubblewrap (bwrap)\n")
    assert not calls


NO_VENV = (
    "no virtual environment can be made; "
    "on Debian or Ubuntu: sudo apt-get install -y python3-venv\n"
)


def test_what_python_lacks_is_installed_by_root(make_setup):
    said, calls = make_setup(0, "exit 1")
    assert said == f"installing python3-venv through apt ...\n{NO_VENV}"
    assert calls == ["install -y python3-venv"]


def test_what_python_lacks_is_installed_by_sudo_without_a_password(make_setup):
    said, calls = make_setup(1000, '[ "$1" = -n ] || "$@"')
    assert said == f"installing python3-venv through apt, with sudo ...\n{NO_VENV}"
    assert calls == ["install -y python3-venv"]


def test_what_python_lacks_is_left_to_the_user_where_sudo_asks(make_setup):
    assert make_setup(1000, "exit 1") == (NO_VENV, [])
