"""Can an agent read the answer? Everything its sandbox shows is compared with what is hidden.

A task that leaks is refused, never warned about. What counts:

- the bytes of a hidden file (SHA-256), anywhere;
- a file beside the workspace with half of the lines that the solution adds, or of a hidden test's,
  and 80 characters of them at least (one line that stands alone: 40); lines that the workspace
  shows say nothing there. In the workspace itself, and in the language's own library, from which
  tests borrow, it is four fifths of them;
- as many of the hidden tests' names, in the workspace or in what tools leave behind;
- a repository: in the workspace one fresh commit alone, elsewhere no object with such lines;
- caches of tests and compilers in the workspace;
- the task's own package, installed or packed, in a newer version than the workspace's, or in one
  that cannot be compared; what merely points to the workspace is none;
- a way out of the sandbox.

Not covered: an answer in other words, compressed or encrypted; solutions and tests of fewer
characters than that; lines in texts of more than 64 MiB; packages of other languages than Python.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dgm.benchmarks.hidden import Needles, needles_of, shown_answers
from dgm.benchmarks.projects import Project, project_of
from dgm.benchmarks.protocol import Benchmark
from dgm.errors import MachineError
from dgm.records import Environment, SandboxLimits, Task
from dgm.resources import data_folder
from dgm.sandbox.protocol import Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspaces

VERSION = "4"
_SCAN_TIMEOUT_S = 600.0
_SOLE_LINE, _FEW_CHARACTERS, _SOLE_NAME = 40, 80, 16
_ROOTS = ("/",)
_NEEDS = Environment(memory_mb=1024, workspace_mb=512)
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Suspect:
    """A task whose sandbox is looked into, and its solution as a patch."""

    task: Task
    solution: bytes


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known before the look: needles and packages by task id."""

    needles: Mapping[str, Needles]
    projects: Mapping[str, Project]
    leaks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def find_leaks(
    benchmark: Benchmark,
    suspects: Sequence[Suspect],
    sandboxes: SandboxDriver,
    workspaces: Workspaces,
    roots: Sequence[str] = _ROOTS,
) -> Mapping[str, tuple[str, ...]]:
    """Return task id to what gives its answer away, in words; a sound task is not in it.

    Tasks with the same environment share a sandbox, in which every task has a folder that holds
    what its agent would find. Raises: MachineError if the look itself fails.
    """
    leaks: dict[str, tuple[str, ...]] = {}
    for environment, group in _by_environment(benchmark, suspects).items():
        leaks.update(_look(benchmark, environment, group, sandboxes, workspaces, roots))
    return leaks


def _by_environment(
    benchmark: Benchmark, suspects: Iterable[Suspect]
) -> Mapping[Environment, list[Suspect]]:
    groups: dict[Environment, list[Suspect]] = defaultdict(list)
    for suspect in suspects:
        groups[benchmark.environment(suspect.task)].append(suspect)
    return groups


def _look(
    benchmark: Benchmark,
    environment: Environment,
    group: Sequence[Suspect],
    sandboxes: SandboxDriver,
    workspaces: Workspaces,
    roots: Sequence[str],
) -> Mapping[str, tuple[str, ...]]:
    look = _prepared(benchmark, group)
    limits = environment.raised(_NEEDS.raised(SandboxLimits()))
    spec = SandboxSpec("leaks", "verify", limits, environment=environment)
    with sandboxes.open(spec) as sandbox:
        places = {}
        for suspect in group:
            workspace = workspaces.of(benchmark.workspace(suspect.task))
            places[suspect.task.id] = place = f"{sandbox.paths.workspace}/{suspect.task.id}"
            sandbox.put(pack(workspace.source, git_folder=workspace.given_git_folder), place)
        order = {
            **_order(look),
            "workspaces": places,
            "roots": roots,
            "network": sandboxes.is_strong,
        }
        for kind, task_id, path, what in _scan(sandbox, order):
            _judge(look, kind, task_id, path, what)
    for suspect in group:
        workspace_of, hidden = benchmark.workspace, benchmark.hidden_files
        shown = shown_answers(workspace_of(suspect.task), hidden(suspect.task), suspect.solution)
        look.leaks[suspect.task.id] += shown
    every = {task_id: tuple(dict.fromkeys(found)) for task_id, found in look.leaks.items()}
    return {task_id: found for task_id, found in every.items() if found}


def _prepared(benchmark: Benchmark, group: Sequence[Suspect]) -> _Look:
    needles, projects = {}, {}
    for suspect in group:
        workspace = benchmark.workspace(suspect.task)
        hidden = benchmark.hidden_files(suspect.task)
        needles[suspect.task.id] = needles_of(workspace, hidden, suspect.solution)
        if (project := project_of(workspace)) is not None:
            projects[suspect.task.id] = project
    return _Look(needles, projects)


def _order(look: _Look) -> dict[str, object]:
    """Put what is looked for into the words of the scan."""
    files: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for task_id, needles in look.needles.items():
        for hidden in needles.files:
            files[str(hidden.size)][hidden.digest].append((task_id, hidden.name))
    return {
        "files": files,
        "lines": {t: {g: list(lines) for g, lines in n.lines} for t, n in look.needles.items()},
        "names": {t: list(n.names) for t, n in look.needles.items()},
        "needed": {t: _needed(n) for t, n in look.needles.items()},
        "projects": [project.name for project in look.projects.values()],
    }


def _needed(needles: Needles) -> Mapping[str, tuple[int, int]]:
    """Say by group of lines, and under "" for names, what is enough to be a leak."""
    lines = {group: _enough(found, _SOLE_LINE, _FEW_CHARACTERS) for group, found in needles.lines}
    return {**lines, "": _enough(needles.names, _SOLE_NAME, 2 * _SOLE_NAME)}


def _script() -> str:
    return (data_folder("sandbox/grader") / "leakscan.py").read_text(encoding="utf-8")


def _scan(sandbox: Sandbox, order: Mapping[str, object]) -> list[tuple[str, str, str, object]]:
    result = sandbox.exec(
        ["python3", "-I", "-S", "-c", _script()],
        cwd=sandbox.paths.tmp,
        env={},
        timeout_s=_SCAN_TIMEOUT_S,
        stdin=json.dumps(order).encode(),
    )
    found = [json.loads(line) for line in result.stdout.splitlines() if line.startswith(b"[")]
    if result.exit_code != 0 or result.dropped or not found or found[-1][0] != "done":
        raise MachineError(f"the search for leaks failed: {result.stderr[-300:]!r}")
    if found[-1][3] > len(found) - 1:
        raise MachineError(f"of {found[-1][3]} findings {len(found) - 1} could be read")
    return [(kind, task_id, path, what) for kind, task_id, path, what in found[:-1]]


def _judge(look: _Look, kind: str, task_id: str, path: str, what: object) -> None:
    """Note a finding with the tasks it is a leak of."""
    match kind, what:
        case "package", [str(name), str(version), bool(is_link)]:
            if not is_link:
                _judge_package(look, path, name, version)
        case "network", _:
            for each in look.needles:
                look.leaks[each].append(f"its sandbox has a way out: {what}")
        case _:
            look.leaks[task_id].append(_said(kind, path, what))


def _said(kind: str, path: str, what: object) -> str:
    """Put one finding into words."""
    match kind, what:
        case "file", str(name):
            return f"{name} can be read as {path}"
        case "lines", str(group):
            return f"lines of its {group} can be read in {path}"
        case "names", _:
            return f"names of its hidden tests can be read in {path}"
        case "cache", _:
            return f"a cache lies in its workspace: {path}"
        case "history", str(trouble):
            return f"its history can be read in {path}: {trouble}"
    raise MachineError(f"the search for leaks said {kind!r}, which is not understood")


def _judge_package(look: _Look, path: str, name: str, version: str) -> None:
    for task_id, project in look.projects.items():
        if canonicalize_name(name) != project.name:
            continue
        if project.version is None or not _is_at_most(version, project.version):
            known = project.version or "a version it does not tell"
            look.leaks[task_id].append(
                f"its own package lies in {path} as {version}, its workspace has {known}"
            )


def _enough(items: Sequence[str], sole: int, few: int) -> tuple[int, int]:
    """Return how many of some items one file must hold, and how many characters in all."""
    return (1, sole) if len(items) == 1 else (max(2, -(-len(items) // 2)), few)


def _is_at_most(found: str, known: str) -> bool:
    try:
        return Version(found) <= Version(known)
    except InvalidVersion:
        return found == known
