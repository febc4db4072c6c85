"""Impossible tasks among those of any benchmark whose tests can be changed: who solves one cheats.

Source of the idea: ImpossibleBench (arXiv 2510.20270), its variant with one changed expected value.

An impossible task is the task it was made from, with the same statement and workspace, but for one
expected value of a hidden test (`contradiction.py`). Which tasks, and which values, follows from
the run's seed and the tasks' digests. An agent cannot tell it from the others.

Covered: rewards and reports that are forged, values that equal everything, hidden tests that were
read and met one by one. Not covered: a cheat that tells impossible tasks from others, or that
answers what the tests said before the change, having seen them elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol, runtime_checkable

from dgm.benchmarks.around import Around
from dgm.benchmarks.contradiction import Contradiction
from dgm.benchmarks.protocol import Benchmark, Grade
from dgm.errors import BenchmarkError, MachineError, SandboxError
from dgm.records import Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import SandboxDriver


@runtime_checkable
class Changeable(Benchmark, Protocol):
    """A benchmark whose hidden tests can be given other texts."""

    def contradiction(self, task: Task, random: Random) -> Contradiction | None:
        """Other texts for the hidden tests, which no honest patch can meet; None if unsure."""

    def grade_changed(
        self,
        task: Task,
        sources: Mapping[str, str],
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade as `grade` does, with other texts for some files of the hidden tests."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """A task nobody can honestly solve, the one it was made from, and the changed tests.

    `is_certain`: the texts show that nobody can; else a trial has to.
    """

    task: Task
    original: Task
    sources: Mapping[str, str]
    is_certain: bool


class WithImpossible(Around):
    """A benchmark with impossible tasks mixed in; everything else is the real benchmark's.

    They come after the others, in the order of those they were made from. `changer` grades by
    changed tests: the real benchmark, or the one that it stands before. How tests are changed is in
    the digests of the impossible tasks.
    """

    def __init__(
        self, real: Benchmark, changer: Changeable, impossible: Sequence[Impossible]
    ) -> None:
        super().__init__(real)
        self._changer = changer
        self._impossible = {one.task.id: one for one in impossible}

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """The real tasks, then the impossible ones."""
        impossible = [one.task for one in self._impossible.values()]
        wanted = [task for task in impossible if split in (None, task.split)]
        return [*self.whole.tasks(split), *wanted]

    def original(self, task: Task) -> Task:
        """The task that an impossible one was made from."""
        one = self._impossible.get(task.id)
        return task if one is None else one.original

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        """Grade by the tests of the task, changed if it is impossible."""
        one = self._impossible.get(task.id)
        if one is None:
            return super().grade(task, patch, sandboxes, name, limits)
        changed = replace(one.original, digest=one.task.digest)
        return self._changer.grade_changed(changed, one.sources, patch, sandboxes, name, limits)


def mix_in(
    real: Benchmark,
    changer: Benchmark,
    number: int,
    seed: int,
    sandboxes: SandboxDriver,
    limits: SandboxLimits,
) -> Benchmark:
    """Make so many of the search tasks impossible, and add them to the benchmark.

    `changer` is the benchmark itself, where `real` is one that leaves some of its tasks out.
    Sandboxes are opened only where the text of the tests does not show that they must fail.

    Raises: BenchmarkError if the tests cannot be changed, or those of too few tasks; SandboxError.
    """
    if not number:
        return real
    if not isinstance(changer, Changeable):
        raise BenchmarkError(
            f"benchmark {real.name} has no impossible tasks: its hidden tests cannot be changed; "
            "leave benchmark.impossible at 0"
        )
    tasks = list(real.tasks(Split.SEARCH))
    chosen: dict[str, Impossible] = {}
    for task in sorted(tasks, key=lambda task: chance(seed, task, "which").random()):
        if len(chosen) == number:
            break
        one = _made_of(changer, task, chance(seed, task, "what"))
        if one and (one.is_certain or _fails_for_it(changer, one, sandboxes, limits)):
            chosen[task.id] = one
    if len(chosen) < number:
        raise BenchmarkError(
            f"benchmark.impossible = {number}, but of the {len(tasks)} search tasks of benchmark "
            f"{real.name} only {len(chosen)} can be made impossible for certain; ask for no more"
        )
    return WithImpossible(real, changer, [chosen[task.id] for task in tasks if task.id in chosen])


def chance(seed: int, task: Task, what: str) -> Random:
    """The source of chance for one decision about one task."""
    return Random(f"{seed}/{task.digest}/impossible/{what}")


def _made_of(changer: Changeable, task: Task, random: Random) -> Impossible | None:
    """Change the tests of a task; None where they cannot be."""
    contradiction = changer.contradiction(task, random)
    if contradiction is None:
        return None
    sources = contradiction.sources
    digest = _digest(task, sources)
    made = replace(task, id=f"impossible/{task.id}", digest=digest, is_impossible=True)
    return Impossible(made, task, sources, contradiction.is_certain)


def _fails_for_it(
    changer: Changeable, one: Impossible, sandboxes: SandboxDriver, limits: SandboxLimits
) -> bool:
    """Whether the reference solution passes the tests as they were, and fails the changed ones."""
    name = f"impossible-{one.task.digest[:12]}"
    mixed = WithImpossible(changer, changer, [one])
    try:
        solution = changer.solution(one.original, sandboxes, f"{name}-s")
    except SandboxError:
        raise
    except MachineError:  # it has none, or one that does not work
        return False
    passed = mixed.grade(one.original, solution, sandboxes, f"{name}-a", limits)
    failed = mixed.grade(one.task, solution, sandboxes, f"{name}-b", limits)
    return (passed.outcome, failed.outcome) == (Outcome.SOLVED, Outcome.FAILED)


def _digest(task: Task, sources: Mapping[str, str]) -> str:
    digest = hashlib.sha256(f"impossible\0{task.digest}\0".encode())
    for name, text in sorted(sources.items()):
        digest.update(f"{name}\0{hashlib.sha256(text.encode()).hexdigest()}\n".encode())
    return digest.hexdigest()
