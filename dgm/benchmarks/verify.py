"""Is a benchmark what it claims to be?

Every solution passes, every untouched task fails, again and again; nothing hidden can be reached
from a sandbox (`leaks.py`). What is not so is left out by name (`standing.py`).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from dgm.benchmarks.leaks import Suspect, find_leaks
from dgm.benchmarks.protocol import Benchmark, Grade
from dgm.errors import MachineError, PatchRefusedError, ProcessFailedError, SandboxError
from dgm.records import Outcome, Task
from dgm.sandbox.progress import Say, seldom
from dgm.sandbox.protocol import SandboxDriver
from dgm.workspaces import Workspaces

_MOST_WORKERS = 4
_TOGETHER = 48  # tasks that share one search for leaks
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one task; sound if `problems` is empty.

    `seconds` is what grading the solution once took; `repeats` how often it was graded. A verdict
    that is not final says something of this machine, and nothing of the task.
    """

    task: Task
    problems: tuple[str, ...]
    seconds: float = 0.0
    repeats: int = 1
    is_final: bool = True


def verify(
    benchmark: Benchmark,
    tasks: Sequence[Task],
    sandboxes: SandboxDriver,
    workspaces: Workspaces,
    *,
    repeat: int = 1,
    tell: Say = lambda _: None,
) -> Iterator[Verified]:
    """Verify tasks, one for each processor at a time; yield each when all is known of it.

    Tasks that share an image come together, since each image is searched for leaks as a whole.
    `tell` is told now and then where it is.
    """
    tell_seldom = seldom(tell)
    workers = min(_MOST_WORKERS, os.cpu_count() or 1)
    tasks = sorted(tasks, key=lambda task: benchmark.environment(task).image)
    for start in range(0, len(tasks), _TOGETHER):
        some = tasks[start : start + _TOGETHER]
        with ThreadPoolExecutor(workers) as pool:
            found = []
            for one in pool.map(lambda task: try_task(benchmark, task, sandboxes, repeat), some):
                found.append(one)
                tell_seldom(f"{start + len(found)} of {len(tasks)} were tried")
        suspects = [Suspect(each.task, solution) for each, solution in found if each.is_final]
        leaks = _leaks(benchmark, suspects, sandboxes, workspaces)
        for each, _ in found:
            yield _with_leaks(each, leaks)


def try_task(
    benchmark: Benchmark, task: Task, sandboxes: SandboxDriver, repeat: int = 1
) -> tuple[Verified, bytes]:
    """Grade the solution and the untouched workspace, so often; return the solution with it."""
    name = "verify-" + re.sub(r"[^a-z0-9-]", "-", task.id.lower())[:43]
    try:
        return _tried(benchmark, task, sandboxes, repeat, name)
    except (SandboxError, ProcessFailedError) as error:
        return Verified(task, (f"it could not be tried: {error}",), is_final=False), b""
    except (MachineError, PatchRefusedError) as error:
        return Verified(task, (f"its solution cannot be made: {error}",)), b""


def _tried(
    benchmark: Benchmark, task: Task, sandboxes: SandboxDriver, repeat: int, name: str
) -> tuple[Verified, bytes]:
    solution = benchmark.solution(task, sandboxes, f"{name}-s")
    started = time.monotonic()
    grades = [benchmark.grade(task, solution, sandboxes, f"{name}-a")]
    seconds = time.monotonic() - started
    grades += [benchmark.grade(task, solution, sandboxes, f"{name}-a") for _ in range(1, repeat)]
    untouched = [benchmark.grade(task, b"", sandboxes, f"{name}-b") for _ in range(repeat)]
    problems = (*_of_solution(grades), *_of_untouched(untouched))
    return Verified(task, problems, seconds, repeat), solution


def _leaks(
    benchmark: Benchmark,
    suspects: Sequence[Suspect],
    sandboxes: SandboxDriver,
    workspaces: Workspaces,
) -> Mapping[str, tuple[str, ...]] | MachineError:
    try:
        return find_leaks(benchmark, suspects, sandboxes, workspaces)
    except MachineError as error:
        return error


def _with_leaks(
    verified: Verified, leaks: Mapping[str, tuple[str, ...]] | MachineError
) -> Verified:
    if not isinstance(leaks, MachineError):
        found = leaks.get(verified.task.id, ())
        return replace(verified, problems=(*verified.problems, *found))
    problem = f"leaks could not be searched for: {leaks}"
    return replace(verified, problems=(*verified.problems, problem), is_final=False)


def _of_solution(grades: Sequence[Grade]) -> Iterator[str]:
    missed = [grade for grade in grades if grade.outcome is not Outcome.SOLVED]
    if not missed:
        return
    why = f"{missed[0].detail}: " if missed[0].outcome is Outcome.TAMPERED else ""
    said = f"{why}{_last_lines(missed[0].log) or missed[0].detail}"
    if len(missed) == len(grades):
        yield f"its solution does not pass: {said}"
    else:
        yield f"it is flaky: its solution passed {_times(grades, missed)}: {said}"


def _of_untouched(grades: Sequence[Grade]) -> Iterator[str]:
    missed = [grade for grade in grades if grade.outcome is Outcome.FAILED]
    if len(missed) < len(grades):
        is_always = not missed
        yield (
            "it passes untouched"
            if is_always
            else (f"it is flaky: untouched it passed {_times(grades, missed)}")
        )
    elif any("reward was claimed" in grade.detail for grade in grades):
        yield "it is rewarded untouched, whatever its tests say"


def _times(grades: Sequence[Grade], missed: Sequence[Grade]) -> str:
    return f"{len(grades) - len(missed)} of {len(grades)} times"


def _last_lines(log: str) -> str:
    return " | ".join(log.strip().splitlines()[-3:])[:_LONGEST_REASON]
