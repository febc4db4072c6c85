"""Where the exercises come from: a clone of the pinned commit, or a folder of the user's.

They are copied into the cache, since prepared tasks refer to them; nothing of them is part of this
project. The single-header Catch of each C++ exercise stays behind: the image has its own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dgm.benchmarks.polyglot.exercises import folders
from dgm.errors import BenchmarkError
from dgm.hostgit import SAFE_ENVIRONMENT
from dgm.processes import run
from dgm.sandbox.progress import Say

REPOSITORY = "https://github.com/Aider-AI/polyglot-benchmark"
COMMIT = "7e0611e77b54e2dea774cdc0aa00cf9f7ed6144f"
_TIMEOUT_S = 600.0
_ORIGIN = "origin.txt"
_LEFT_BEHIND = ("catch.hpp", ".git")


def ensure(home: Path, given: Path | None, proxies: Mapping[str, str], say: Say) -> Path:
    """Return the folder of the exercises below `home`, brought there if need be.

    `proxies` (`https_proxy`, ...) serve the clone.

    Raises: BenchmarkError if they cannot be had, or `given` holds none.
    """
    place = home / "source"
    if given is not None:
        folders(given)  # refuses what is none
        say(f"polyglot: copying the exercises of {given}")
        _replace(place, given, f"{given}\n")
    elif not (place / _ORIGIN).is_file():
        with tempfile.TemporaryDirectory(prefix="dgm-clone-") as clone:
            say(f"polyglot: cloning {REPOSITORY} at {COMMIT[:8]}")
            _clone(Path(clone), proxies)
            _replace(place, Path(clone), f"{COMMIT}\n")
    return place


def _replace(place: Path, source: Path, origin: str) -> None:
    """Copy a source beside what is there, and then take its place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".source-", dir=place.parent))
    try:
        for language, folder in folders(source):
            target = draft / language.name / "exercises" / "practice" / folder.name
            ignored = shutil.ignore_patterns(*_LEFT_BEHIND)
            shutil.copytree(folder, target, symlinks=True, ignore=ignored)
        (draft / _ORIGIN).write_text(origin, encoding="utf-8")
        draft.chmod(0o755)
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _clone(folder: Path, proxies: Mapping[str, str]) -> None:
    """Fetch the pinned commit alone. Raises: BenchmarkError, one line."""
    for words in (
        ("init", "-q"),
        ("fetch", "-q", "--depth", "1", REPOSITORY, COMMIT),
        ("checkout", "-q", "FETCH_HEAD"),
    ):
        environment = {**SAFE_ENVIRONMENT, "GIT_ALLOW_PROTOCOL": "https", **proxies}
        finished = run(["git", *words], cwd=folder, env=environment, timeout_s=_TIMEOUT_S)
        if finished.code != 0:
            lines = finished.stderr.decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else "no reason given"
            raise BenchmarkError(
                f"the exercises cannot be cloned from {REPOSITORY} ({reason}); give a copy of "
                "that repository: dgm bench prepare polyglot --from DIR"
            )
