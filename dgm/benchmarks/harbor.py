"""One task in the Harbor format, read from its folder.

`instruction.md`, `task.toml`, `environment/` (Dockerfile and files), `tests/test.sh` and
`solution/solve.sh`. Where the Dockerfile is plain (`dockerfile.py`) the task runs on the sandboxes'
own base, on every driver, and nothing is pulled or built; every other task, and one whose tests
want packages, has first to be prepared (`harborprepare.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dgm.benchmarks.dockerfile import Dockerfile
from dgm.benchmarks.harborsettings import HarborSettings, read_settings
from dgm.benchmarks.preparedtask import PreparedTask
from dgm.benchmarks.shellwords import Wanted, fetching_words, wanted_by
from dgm.errors import BenchmarkError
from dgm.records import Environment, Split, Task
from dgm.sandbox.surroundings import folder_problem
from dgm.titles import shortened


@dataclass(frozen=True, slots=True)
class HarborTask:
    """A task and where its parts lie: `workspace` is seen by agents, `tests` and `solution` not.

    Agents meet it in `environment`; hidden tests run in `grading_environment`, with `packages` to
    import from, and what `offered` names standing in for what `test.sh` would fetch. `name` is
    what `task.toml` calls it, if it does.
    """

    task: Task
    workspace: Path
    tests: Path
    solution: Path
    environment: Environment = field(default_factory=Environment)
    grading_environment: Environment = field(default_factory=Environment)
    solution_variables: Mapping[str, str] = field(default_factory=dict)
    packages: Path | None = None
    offered: tuple[str, ...] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a folder asks for: to be read as it is, or to be prepared first, and why.

    `grader` is the Dockerfile of the tests' own environment, None where they share the agents'.
    """

    folder: Path
    digest: str
    settings: HarborSettings
    dockerfile: Dockerfile
    grader: Dockerfile | None
    wanted: Wanted

    @property
    def fetching(self) -> tuple[str, ...]:
        """The words of `test.sh` that reach for a network, and for which nothing stands in."""
        return fetching_words(_text(self.folder / "tests" / "test.sh"))

    @property
    def requirements(self) -> tuple[str, ...]:
        """The Python packages that the tests want."""
        named = [*(self.grader.requirements if self.grader else ()), *self.wanted.requirements]
        return tuple(dict.fromkeys(named))

    @property
    def image_reason(self) -> str:
        """Why agents need an image of this task's own, "" if they do not."""
        if self.settings.image:
            return f"docker_image = {self.settings.image}"
        if self.dockerfile.requirements:
            return f"it installs {self.dockerfile.requirements[0]}"
        return self.dockerfile.problem or _unplain_copies(self.dockerfile)

    @property
    def grader_image_reason(self) -> str:
        """Why the tests need an image of their own, "" if they do not."""
        return self.grader.problem if self.grader else ""

    @property
    def needs_preparing(self) -> str:
        """Why it has to be prepared, "" if it can be used as it lies there."""
        if reason := self.image_reason or self.grader_image_reason:
            return f"it needs an image ({shortened(reason, 80)})"
        if self.requirements or not self.wanted.is_nothing:
            names = ", ".join((*self.requirements, *self.wanted.apt))
            return f"its tests fetch {shortened(names, 60) or 'uv'}"
        return "" if _sole_folder(self) else "its workspace has to be laid out"


def plan_of(folder: Path) -> Plan:
    """Read what a folder asks for. Raises: BenchmarkError naming the folder and what is wrong."""
    settings = read_settings(folder)
    for needed in ("instruction.md", "tests/test.sh"):
        if not (folder / needed).is_file():
            raise BenchmarkError(f"task {folder.name}: {needed} is missing")
    if not (folder / "environment/Dockerfile").is_file() and not settings.image:
        raise BenchmarkError(f"task {folder.name}: environment/Dockerfile is missing")
    if any((folder / "environment").glob("docker-compose.y*ml")):
        raise BenchmarkError(f"task {folder.name}: docker-compose: one container is all there is")
    own = folder / "tests" / "Dockerfile"
    is_separate = settings.is_separate and own.is_file()
    return Plan(
        folder,
        digest_of(folder),
        settings,
        _dockerfile(folder / "environment" / "Dockerfile"),
        _dockerfile(own) if is_separate else None,
        wanted_by(_text(folder / "tests" / "test.sh")),
    )


def read_task(
    folder: Path, benchmark: str, split: Split, prepared: PreparedTask | None = None
) -> HarborTask:
    """Read one task folder; what was prepared of it is told by `prepared`.

    Raises: BenchmarkError naming the folder and what is wrong.
    """
    plan = plan_of(folder)
    settings = plan.settings
    if not plan.image_reason:
        plain_environment(plan)  # what is wrong with it is told first
    if prepared is None and plan.needs_preparing:
        raise BenchmarkError(f"task {folder.name}: {plan.needs_preparing}; dgm bench prepare")
    if prepared is not None and prepared.problem:
        raise BenchmarkError(f"task {folder.name}: {prepared.problem}")
    task = Task(
        id=folder.name,
        benchmark=benchmark,
        split=split,
        digest=_whole_digest(plan, prepared),
        statement=(folder / "instruction.md").read_text(encoding="utf-8").strip(),
        timeout_s=settings.agent_s,
        grading_timeout_s=settings.verifier_s,
        difficulty=settings.difficulty,
    )
    if prepared is None:
        environment = grading = plain_environment(plan)
        workspace = _sole_folder(plan) or folder
    else:
        environment, grading = prepared.environment, prepared.grading_environment
        workspace = prepared.workspace
    return HarborTask(
        task,
        workspace,
        folder / "tests",
        folder / "solution",
        environment,
        _with(grading, settings.verifier_variables),
        settings.solution_variables,
        prepared.packages if prepared else None,
        prepared.offered if prepared else None,
        settings.name,
    )


def plain_environment(plan: Plan) -> Environment:
    """Return what agents meet on the sandboxes' own base. Raises: BenchmarkError."""
    if problem := folder_problem(plan.dockerfile.folder):
        raise BenchmarkError(f"task {plan.folder.name}: {problem}")
    found = {**plan.dockerfile.variables, **plan.settings.variables}
    return Environment(
        folder=plan.dockerfile.folder,
        variables=tuple(found.items()),
        memory_mb=plan.settings.memory_mb,
        cpus=plan.settings.cpus,
    )


def digest_of(folder: Path) -> str:
    """Hash every path, executable bit, byte and link's target below `folder` (SHA-256, hex)."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        if path.is_symlink():
            digest.update(f"{path.relative_to(folder)}\0link\0{path.readlink()}\n".encode())
        elif path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder)}\0{executable}\0{content}\n".encode())
    return digest.hexdigest()


def _whole_digest(plan: Plan, prepared: PreparedTask | None) -> str:
    """Cover what was prepared too: images, and the packages that graders import."""
    if prepared is None or not prepared.decisive:
        return plan.digest
    return hashlib.sha256(f"{plan.digest}{json.dumps(prepared.decisive)}".encode()).hexdigest()


def _with(environment: Environment, variables: Mapping[str, str]) -> Environment:
    return replace(environment, variables=(*environment.variables, *variables.items()))


def _dockerfile(path: Path) -> Dockerfile:
    return Dockerfile.read(_text(path)) if path.is_file() else Dockerfile()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _unplain_copies(dockerfile: Dockerfile) -> str:
    """Return the first COPY to a place outside of the working folder, "" if there is none."""
    folder = dockerfile.folder.rstrip("/")
    for copy in dockerfile.copies:
        if copy.target.rstrip("/") != folder and not copy.target.startswith(folder + "/"):
            return f"COPY {' '.join(copy.sources)} {copy.target}"
    return ""


def _sole_folder(plan: Plan) -> Path | None:
    """Return the one folder that a Dockerfile copies as its working folder, if it does that."""
    environment = (plan.folder / "environment").resolve()
    match plan.dockerfile.copies:
        case [copy] if len(copy.sources) == 1 and copy.target.rstrip("/") == plan.dockerfile.folder:
            source = (environment / copy.sources[0]).resolve()
            return source if source.is_dir() and environment in source.parents else None
    return None
