"""Is a benchmark what it claims to be?

Every solution passes, every untouched task fails, no hidden file can be reached from a sandbox.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.benchmarks.protocol import Benchmark
from dgm.errors import MachineError
from dgm.records import Outcome, Task
from dgm.sandbox.protocol import Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack

_SCAN_TIMEOUT_S = 300.0
# Looks at every file it can reach and names those whose bytes are those of a hidden file.
_SCAN = """
import hashlib, json, os, sys
wanted = json.load(sys.stdin)
for folder, folders, files in os.walk("/"):
    if folder in ("/proc", "/sys"):
        folders[:] = []
        continue
    for name in files:
        path = os.path.join(folder, name)
        try:
            if os.path.islink(path) or str(os.path.getsize(path)) not in wanted:
                continue
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        except OSError:
            continue
        if digest in wanted[str(os.path.getsize(path))]:
            print(json.dumps([path, digest]))
"""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one task; sound if `problems` is empty."""

    task: Task
    problems: tuple[str, ...]


def verify_task(benchmark: Benchmark, task: Task, sandboxes: SandboxDriver) -> Verified:
    """Grade the solution and the untouched workspace. Raises: MachineError of the sandbox."""
    problems = []
    name = f"verify-{task.id}"[:50]
    try:
        solution = benchmark.solution(task, sandboxes, f"{name}-s")
    except MachineError as error:
        return Verified(task, (f"its solution cannot be made: {error}",))
    solved = benchmark.grade(task, solution, sandboxes, f"{name}-a")
    if solved.outcome is not Outcome.SOLVED:
        why = f"{solved.detail}: " if solved.outcome is Outcome.TAMPERED else ""
        problems.append(f"its solution does not pass: {why}{_last_lines(solved.log)}")
    untouched = benchmark.grade(task, b"", sandboxes, f"{name}-b")
    if untouched.outcome is not Outcome.FAILED:
        problems.append("it passes untouched")
    elif "reward was claimed" in untouched.detail:
        problems.append("it is rewarded untouched, whatever its tests say")
    return Verified(task, tuple(problems))


def find_leaks(
    benchmark: Benchmark, tasks: Sequence[Task], sandboxes: SandboxDriver
) -> Mapping[str, tuple[str, ...]]:
    """Return task id to the hidden files that an agent's sandbox can read.

    One sandbox holds the workspaces of all the tasks, and every file in it that can be read is
    compared with every hidden file, byte for byte (by SHA-256).
    """
    owners = dict(_hidden(benchmark, tasks))
    sizes: dict[str, list[str]] = {}
    for digest, (_, path) in owners.items():
        sizes.setdefault(str(path.stat().st_size), []).append(digest)
    with sandboxes.open(SandboxSpec(name="verify-leaks", run="verify")) as sandbox:
        for task in tasks:
            folder = f"{sandbox.paths.workspace}/{task.id}"
            sandbox.put(pack(benchmark.workspace(task)), folder)
        found = _scan(sandbox, sizes)
    leaks: dict[str, tuple[str, ...]] = {}
    for reached, digest in found:
        task_id, hidden = owners[digest]
        leaks[task_id] = (*leaks.get(task_id, ()), f"{hidden.name} can be read as {reached}")
    return leaks


def _hidden(benchmark: Benchmark, tasks: Iterable[Task]) -> Iterator[tuple[str, tuple[str, Path]]]:
    for task in tasks:
        seen = {_digest(path) for path in benchmark.workspace(task).rglob("*") if path.is_file()}
        for path in benchmark.hidden_files(task):
            digest = _digest(path)
            if digest not in seen and path.stat().st_size:
                yield digest, (task.id, path)


def _scan(sandbox: Sandbox, sizes: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    result = sandbox.exec(
        ["python3", "-c", _SCAN],
        cwd=sandbox.paths.workspace,
        env={},
        timeout_s=_SCAN_TIMEOUT_S,
        stdin=json.dumps(sizes).encode(),
    )
    if result.exit_code != 0:
        raise MachineError(f"the search for leaks failed: {result.stderr[-300:]!r}")
    return [(path, digest) for path, digest in map(json.loads, result.stdout.splitlines())]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _last_lines(log: str) -> str:
    return " | ".join(log.strip().splitlines()[-3:])[:300]
