"""A prepared task as it lies in its folder, read and written; it is whole, or not there.

<task>/prepared.json     what it was made of and what agents may not see of it alone
<task>/workspace/        what agents may see
<task>/workspace.noise   the files of it that the image made, not the repository
<task>/hidden/           the row, the script, the patches, and the files the tests come to
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dgm.benchmarks.harbor import digest_of
from dgm.benchmarks.swebench.rows import Row, parse_row
from dgm.benchmarks.swebench.subsets import SUBSETS, split_of, subset
from dgm.errors import BenchmarkError
from dgm.records import Environment, Task
from dgm.workspaces import noise_list

_FORMAT = 1
_FACTS, _ROW, _SCRIPT = "prepared.json", "hidden/row.json", "hidden/eval.sh"
_LEFT_OUT = "left_out.json"
_TIMEOUT_S = 1800.0
_ACTIVATING = ("source ", "conda activate ")
_NEEDS = Environment(
    memory_mb=4096, workspace_mb=1024, tmp_mb=512, processes=512, inodes=200_000, open_files=4096
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a prepared task was made of. `source` is the digest of the row as it was given.

    `image` is what sandboxes start, `folder` where its scripts expect the repository. `digest` is
    that of all that decides the result. `setup` are the files the image's makers changed.
    """

    source: str
    image: str
    folder: str
    variables: tuple[tuple[str, str], ...]
    digest: str
    setup: tuple[str, ...]
    format: int = _FORMAT


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared task and where its parts lie."""

    task: Task
    row: Row
    script: str
    workspace: Path
    hidden: Path
    environment: Environment

    @property
    def tests(self) -> Path:
        """The files that the test patch changes, as it leaves them."""
        return self.hidden / "tests"


def source_of(row: Row) -> str:
    """Return the digest of a row as it was given."""
    return hashlib.sha256(json.dumps(row.as_json(), sort_keys=True).encode()).hexdigest()


def write(draft: Path, row: Row, script: str, facts: Mapping[str, Any]) -> None:
    """Complete a draft that holds the workspace, its noise and the hidden tests."""
    hidden = draft / "hidden"
    hidden.mkdir(exist_ok=True)
    (draft / _ROW).write_text(json.dumps(row.as_json(), indent=1), encoding="utf-8")
    (draft / _SCRIPT).write_text(script, encoding="utf-8")
    (hidden / "solution.patch").write_text(row.patch, encoding="utf-8")
    (hidden / "test.patch").write_text(row.test_patch, encoding="utf-8")
    decisive = (
        *(digest_of(draft / "workspace"), digest_of(hidden), facts["image"], facts["folder"]),
        noise_list(draft / "workspace").read_bytes().hex(),
        (_FORMAT, _TIMEOUT_S),
    )
    digest = hashlib.sha256(repr(decisive).encode()).hexdigest()
    whole = Facts(digest=digest, **facts)
    (draft / _FACTS).write_text(json.dumps(asdict(whole), indent=1), encoding="utf-8")


def facts_in(folder: Path) -> Facts | None:
    """Return what a task's folder says of itself; None if it is not whole or of another format."""
    try:
        facts = Facts(**json.loads((folder / _FACTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return facts if facts.format == _FORMAT else None


def record(home: Path, troubles: Mapping[str, str]) -> None:
    """Keep why rows could not be prepared, beside the tasks that could."""
    kept = {**recorded(home), **troubles}
    left = {name: line for name, line in kept.items() if facts_in(home / name) is None}
    home.mkdir(parents=True, exist_ok=True)
    (home / _LEFT_OUT).write_text(json.dumps(left, indent=1), encoding="utf-8")


def recorded(home: Path) -> Mapping[str, str]:
    """Return what `record` has kept."""
    try:
        found = json.loads((home / _LEFT_OUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(line) for name, line in found.items()}


def move(draft: Path, folder: Path) -> None:
    """Put a draft in its place."""
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)


def read(folder: Path, benchmark: str) -> Prepared:
    """Read a task's folder. Raises: BenchmarkError if it is not whole."""
    facts = facts_in(folder)
    if facts is None:
        raise BenchmarkError("it is not prepared, or by another version; dgm bench prepare")
    try:
        row = parse_row(json.loads((folder / _ROW).read_text(encoding="utf-8")))
        script = (folder / _SCRIPT).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{folder} is damaged ({error}); remove it and prepare") from error
    statement = _statement(row, facts.folder)
    variables = tuple((name, value) for name, value in facts.variables)
    environment = replace(_NEEDS, image=facts.image, folder=facts.folder, variables=variables)
    task = Task(
        id=row.instance_id,
        benchmark=benchmark,
        split=split_of(row.instance_id),
        digest=hashlib.sha256(repr((facts.digest, statement, environment)).encode()).hexdigest(),
        statement=statement,
        timeout_s=_TIMEOUT_S,
        grading_timeout_s=_TIMEOUT_S,
        difficulty=next((name for name in SUBSETS if row.instance_id in subset(name)), ""),
    )
    return Prepared(task, row, script, folder / "workspace", folder / "hidden", environment)


def folder_of(script: str) -> str:
    """Return where a script expects the repository: the first place it goes to."""
    places = (line.split(maxsplit=1)[1] for line in script.splitlines() if line.startswith("cd /"))
    return next(places, "/testbed").strip()


def _statement(row: Row, folder: str) -> str:
    """Return what the agent is told: the problem, and how to have the repository's own Python."""
    head = row.eval_script.split("\ngit ", 1)[0]
    lines = dict.fromkeys(line for line in head.splitlines() if line.startswith(_ACTIVATING))
    note = f"The repository is also found at {folder}."
    if lines:
        note += f" Its own environment is entered in bash by: {' && '.join(lines)}"
    return f"{row.problem_statement.strip()}\n\n{note}"
