"""A repository of the tests' own with a past and a future, the image that holds it, and its row.

The repository has a bug at its base commit; the next commit mends it and brings the tests. The
image is as those of SWE-bench are: the repository at `/testbed` with everything git remembers, an
environment to activate, and what building it has left beside the sources.
"""

from __future__ import annotations

import io
import os
import subprocess
import sysconfig
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dgm.benchmarks.swebench.rows import Row
from dgm.sandbox import builds

TESTBED = "/testbed"
FIX_LINE = "    return sum(price * (100 - percent) for price in prices) / 100\n"
_PYTEST = ("pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments")
_BASE = {
    "shop/__init__.py": "",
    "shop/total.py": (
        '"""Sums."""\n\n\ndef total(prices, percent=0):\n'
        '    """Add up prices, less a discount."""\n'
        "    return sum(prices)\n"
    ),
    "tests/test_total.py": (
        "from shop.total import total\n\n\ndef test_sum():\n    assert total([1, 2]) == 3\n"
    ),
    "setup.cfg": "[metadata]\nname = shop\n",
    ".gitignore": "*.egg-info\n*.so\n__pycache__\n",
}
_FIX = {
    "shop/total.py": _BASE["shop/total.py"].replace("    return sum(prices)\n", FIX_LINE),
    "tests/test_total.py": _BASE["tests/test_total.py"]
    + "\n\ndef test_discount():\n    assert total([100, 50], percent=10) == 135\n",
}
_NOISE = {"shop.egg-info/PKG-INFO": "Version: 0.1\n", "shop/fast.so": "built\n"}
_ACTIVATE = "conda() {\n    export PYTHONPATH=/opt/packages\n}\n"
_SCRIPT = """#!/bin/bash
set -uxo pipefail
source /opt/miniconda3/bin/activate
conda activate testbed
cd {testbed}
git config --global --add safe.directory {testbed}
cd {testbed}
git status
git show
git -c core.fileMode=false diff {base}
source /opt/miniconda3/bin/activate
conda activate testbed
python -m pip install -e .
git checkout {base} tests/test_total.py
git apply -v - <<'EOF_114329324912'
{test_patch}
EOF_114329324912
: '>>>>> Start Test Output'
{command} tests/test_total.py
: '>>>>> End Test Output'
git checkout {base} tests/test_total.py
"""


@dataclass(frozen=True)
class Told:
    """A repository on the host, and what is known of its commits."""

    folder: Path
    base: str
    fix: str
    patch: str
    test_patch: str


def write_repository(folder: Path) -> Told:
    """Make the repository: at the base commit, the fix only a memory of git's."""
    folder.mkdir()
    _git(folder, "init", "-q", "-b", "main")
    _write(folder, {**_BASE, "shop/total.py": "def total(prices):\n    return 0\n"})
    _commit(folder, "First words")
    _write(folder, _BASE)
    base = _commit(folder, "Add up")
    _write(folder, _FIX)
    fix = _commit(folder, "Mend the discount")
    patch = _git(folder, "diff", base, fix, "--", "shop")
    test_patch = _git(folder, "diff", base, fix, "--", "tests")
    _git(folder, "tag", "v2")
    _git(folder, "reset", "-q", "--hard", base)
    _git(folder, "tag", "-d", "v2")
    (folder / ".git" / "ORIG_HEAD").write_text(f"{fix}\n")
    _write(folder, _NOISE)
    return Told(folder, base, fix, patch, test_patch)


def row_of(told: Told, image: str, **changes: object) -> Row:
    """Return the row of a repository in an image."""
    command = "python -m pytest -rA -p no:cacheprovider"
    script = _SCRIPT.format(
        testbed=TESTBED, base=told.base, test_patch=told.test_patch, command=command
    )
    fields = {
        "instance_id": "shop__shop-7",
        "repo": "shop/shop",
        "version": "0.1",
        "base_commit": told.base,
        "problem_statement": "total() takes no account of the discount.",
        "patch": told.patch,
        "test_patch": told.test_patch,
        "fail_to_pass": ("tests/test_total.py::test_discount",),
        "pass_to_pass": ("tests/test_total.py::test_sum",),
        "image": image,
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        "eval_script": script,
    }
    return Row(**{**fields, **changes})  # type: ignore[arg-type]


def context_of(told: Told, base_image: str) -> bytes:
    """Return what an engine builds the image of."""
    dockerfile = (
        f"FROM {base_image}\nUSER root\nCOPY testbed {TESTBED}\n"
        "COPY packages /opt/packages\nCOPY activate /opt/miniconda3/bin/activate\n"
        f"WORKDIR {TESTBED}\n"
    )
    site = Path(sysconfig.get_path("purelib"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, "Dockerfile", dockerfile)
        _add(tar, "activate", _ACTIVATE)
        tar.add(told.folder, "testbed", filter=_timeless)
        for name in _PYTEST:
            tar.add(site / name, f"packages/{name}", filter=_timeless)
            for info in site.glob(f"{name}-*.dist-info"):
                tar.add(info, f"packages/{info.name}", filter=_timeless)
    return buffer.getvalue()


def build_image(client, told: Told, base_image: str, tag: str) -> None:
    """Build the image of a row."""
    builds.run(client, builds.Build(tag, context_of(told, base_image), {}), lambda _: None)


def patched(told: Told, changes: Mapping[str, str]) -> bytes:
    """Return a patch against the base that writes some files."""
    _write(told.folder, changes)
    _git(told.folder, "add", "-A", "-f", *changes)
    patch = _git(told.folder, "diff", "--cached", "--binary", told.base, "--", *changes)
    _git(told.folder, "reset", "-q", "--hard", told.base)
    return patch.encode()


def fixed(text: str = "") -> dict[str, str]:
    """Return the file with the right answer, and something after it."""
    return {"shop/total.py": _FIX["shop/total.py"] + text}


def wrong(text: str) -> dict[str, str]:
    """Return the file with the wrong answer, and something after it."""
    return {"shop/total.py": _BASE["shop/total.py"] + text}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _commit(folder: Path, message: str) -> str:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", message)
    return _git(folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "gc.auto=0")
    when = {f"GIT_{each}_DATE": "2020-01-01T00:00:00Z" for each in ("AUTHOR", "COMMITTER")}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **when}
    command = ("git", *who, *words)
    finished = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    return finished.stdout


def _add(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o755
    tar.addfile(entry, io.BytesIO(text.encode()))


def _timeless(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what differs from one making to the next, so that an engine finds it again."""
    if "__pycache__" in entry.name or entry.name == "testbed/.git/index":
        return None
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    return entry
