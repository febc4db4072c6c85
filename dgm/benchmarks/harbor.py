"""One task in the Harbor format, read from its folder.

`instruction.md`, `task.toml`, `environment/` (Dockerfile and files), `tests/test.sh` and
`solution/solve.sh`. A Dockerfile is understood as far as it lays files into the working folder
(ARG, FROM, WORKDIR, one COPY); whatever asks for more is refused by name.
"""

from __future__ import annotations

import hashlib
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dgm.errors import BenchmarkError
from dgm.records import Environment, Split, Task


@dataclass(frozen=True, slots=True)
class HarborTask:
    """A task and where its parts lie: `workspace` is seen by agents, `tests` and `solution` not.

    Agents meet it in `environment`; hidden tests run in `grading_environment`.
    """

    task: Task
    workspace: Path
    tests: Path
    solution: Path
    environment: Environment = field(default_factory=Environment)
    grading_environment: Environment = field(default_factory=Environment)


def read_task(folder: Path, benchmark: str, split: Split) -> HarborTask:
    """Read one task folder. Raises: BenchmarkError naming the folder and what is wrong."""
    settings = _settings(folder)
    for needed in ("instruction.md", "environment/Dockerfile", "tests/test.sh"):
        if not (folder / needed).is_file():
            raise BenchmarkError(f"task {folder.name}: {needed} is missing")
    task = Task(
        id=folder.name,
        benchmark=benchmark,
        split=split,
        digest=digest_of(folder),
        statement=(folder / "instruction.md").read_text(encoding="utf-8").strip(),
        timeout_s=_seconds(settings, folder, "agent", 120.0),
        grading_timeout_s=_seconds(settings, folder, "verifier", 60.0),
        difficulty=str(settings.get("metadata", {}).get("difficulty", "")),
    )
    workspace = _workspace(folder / "environment")
    return HarborTask(task, workspace, folder / "tests", folder / "solution")


def digest_of(folder: Path) -> str:
    """Hash every path, executable bit and byte below `folder` (SHA-256, hex)."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            executable = bool(path.stat().st_mode & 0o100)
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder)}\0{executable}\0{content}\n".encode())
    return digest.hexdigest()


def _settings(folder: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads((folder / "task.toml").read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"task {folder.name}: task.toml: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"task {folder.name}: task.toml is not valid TOML: {error}") from None
    for section in ("agent", "verifier", "metadata"):
        if not isinstance(settings.get(section, {}), dict):
            raise BenchmarkError(f"task {folder.name}: task.toml: [{section}] must be a section")
    return settings


def _seconds(settings: dict[str, Any], folder: Path, section: str, default: float) -> float:
    value = settings.get(section, {}).get("timeout_sec", default)
    if not isinstance(value, int | float) or value <= 0:
        raise BenchmarkError(
            f"task {folder.name}: [{section}] timeout_sec = {value!r}; give seconds above 0"
        )
    return float(value)


def _workspace(environment: Path) -> Path:
    """Find the one folder that the Dockerfile copies into its working folder."""
    dockerfile = environment / "Dockerfile"
    copied: list[Path] = []
    for line in dockerfile.read_text(encoding="utf-8").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction.upper() == "COPY":
            copied.append((environment / _first_word(rest)).resolve())
        elif instruction and instruction.upper() not in {"ARG", "FROM", "WORKDIR", "#"}:
            raise BenchmarkError(
                f"task {environment.parent.name}: its Dockerfile needs a container build "
                f"({instruction}), which this benchmark loader cannot do yet"
            )
    if len(copied) != 1 or not copied[0].is_dir() or environment.resolve() not in copied[0].parents:
        raise BenchmarkError(
            f"task {environment.parent.name}: its Dockerfile must COPY exactly one folder of "
            "environment/ into the working folder"
        )
    return copied[0]


def _first_word(text: str) -> str:
    """Return what a COPY copies; nothing that could be a folder's name if it cannot be read."""
    try:
        return (shlex.split(text) or [""])[0]
    except ValueError:  # a quotation that does not end
        return ""
