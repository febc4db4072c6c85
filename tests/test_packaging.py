"""What is installed, and how: the wheel, the Makefile, and the README's own words."""

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from dgm import __main__ as program
from tests.machine import write_benchmark

CHECKOUT = Path(__file__).resolve().parents[1]
SEED, RUNTIME = "dgm/_data/agents/seed", "dgm/_data/sandbox"


def run(*words, cwd, **environment):
    """Run a program to its end."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=180,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this checkout without asking any registry."""
    pytest.importorskip("hatchling", reason="the build backend is not installed here")
    folder = tmp_path_factory.mktemp("wheel")
    words = (
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        ".",
    )
    done = run(sys.executable, *words, cwd=CHECKOUT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("dgm-*.whl")
    return built


@pytest.mark.slow
def test_wheel_holds_all_that_runs_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    own = [name for name in names if ".dist-info/" not in name]
    assert all(name.startswith("dgm/") for name in own)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert {
        f"{SEED}/agent.toml",
        f"{RUNTIME}/Dockerfile",
        f"{RUNTIME}/seccomp.json",
        f"{RUNTIME}/seccomp-shared.json",
        f"{RUNTIME}/runtime/runner.py",
    } <= set(names)
    tasks = {name.split("/")[4] for name in names if name.startswith("dgm/benchmarks/quick/tasks/")}
    assert tasks == {
        path.name for path in (CHECKOUT / "dgm/benchmarks/quick/tasks").iterdir() if path.is_dir()
    }
    tracked = run("git", "ls-files", "-co", "--exclude-standard", "dgm", cwd=CHECKOUT)
    assert {name for name in own if "/_data/" not in name} == set(tracked.stdout.split())


@pytest.mark.slow
def test_wheel_in_an_empty_folder_evolves_just_the_same(wheel, tmp_path, bubblewrapped):
    home = tmp_path / "installed"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    site = run(python, "-c", "import site; print(site.getsitepackages()[0])", cwd=tmp_path)
    zipfile.ZipFile(wheel).extractall(site.stdout.strip())
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    Path(site.stdout.strip(), "others.pth").write_text(ours + "\n")  # its dependencies
    empty = tmp_path / "empty"
    empty.mkdir()
    where = run(python, "-c", "import dgm; print(dgm.__file__)", cwd=empty)
    assert where.stdout.startswith(str(home))
    write_benchmark(empty / "tasks")
    words = ("--children", "1", "--benchmark", "tasks", "--set", "benchmark.stages=[1]")
    done = run(python, "-m", "dgm", "evolve", *words, cwd=empty)
    assert done.returncode == 0, done.stderr
    assert "the seed agent" in done.stdout
    listed = run(python, "-m", "dgm", "bench", "list", "--json", cwd=empty)
    assert sum(json.loads(listed.stdout)[0][split] for split in ("search", "sealed")) >= 48


def test_old_python_is_refused_by_the_package_and_in_one_line_by_make(tmp_path):
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && { echo Python 3.10.12; exit 0; }\nexit 1\n')
    old.chmod(0o755)
    path = f"{old.parent}:{os.environ['PATH']}"
    done = run("make", "-f", CHECKOUT / "Makefile", "evolve", cwd=tmp_path, PATH=path)
    assert done.returncode != 0
    assert (
        "Python 3.11 or newer is needed, python3 is Python 3.10.12; "
        "say which to take: make PYTHON=python3.12" in done.stdout
    )
    assert not (tmp_path / ".venv").exists()


def test_old_python_is_refused_in_one_line_by_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    assert program.main() == 2
    told = capsys.readouterr().err
    assert told.startswith("dgm: Python 3.11 or newer is needed, ")
    assert "is 3.10.12; make a virtual environment" in told


def test_make_help_names_every_target_people_call():
    told = run("make", "help", cwd=CHECKOUT).stdout
    for target in ("evolve", "test", "check", "test-fast", "bench", "bench-evolve"):
        assert f"make {target} " in told


def test_readme_names_commands_and_files_that_exist():
    readme = (CHECKOUT / "README.md").read_text()
    from dgm.cli import COMMANDS

    assert set(re.findall(r"(?:^| )dgm ([a-z]+)\b", readme, re.MULTILINE)) <= set(COMMANDS)
    assert set(re.findall(r"^    make ([a-z-]+)", readme, re.MULTILINE)) >= {"evolve", "test"}
    for link in re.findall(r"\]\((docs/[^)]+)\)", readme):
        assert (CHECKOUT / link).is_file(), link
