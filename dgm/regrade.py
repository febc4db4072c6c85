"""Grade a run's stored patches again by the benchmark's present grader.

The rows of older graders stay. Each patch gets a row more, with the present grader in its key, the
rollout it came from, and nothing spent. Scores go on counting the older grader's rows until the
last patch is graded: then the run changes over in one transaction (`Store.count_grader`). So a run
whose regrading was stopped or killed still compares all its agents by one grader, and what was done
is found by its key when the command is given again.

What was decided while the older grader counted (parents, promotions, who was archived) stays as it
was decided; the best agent is chosen anew, as scores are read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from dgm.archive.reader import RunReader
from dgm.benchmarks.only import Only
from dgm.errors import ArchiveError, BenchmarkError, MachineError
from dgm.fanout import FanOut
from dgm.records import Rollout, RolloutKey
from dgm.steps.laboratory import Laboratory
from dgm.steps.regrade import Regrade, lost_patch

_WAIT_S = 3600.0
_NAMED_TASKS = 5


@dataclass(frozen=True, slots=True)
class Stale:
    """A result by another grader than the present one, and the unit that grades its patch."""

    result: Rollout
    unit: Regrade


@dataclass(frozen=True, slots=True)
class Plan:
    """What a regrading has to do: `lost` are patches that are gone, with the reason."""

    before: str | None
    now: str
    stale: tuple[Stale, ...]
    done: int
    lost: tuple[tuple[Rollout, str], ...]

    @property
    def is_idle(self) -> bool:
        """Whether the present grader's results count already, and none is missing."""
        return not self.stale and self.before in (None, self.now)


def plan_regrading(lab: Laboratory, reader: RunReader) -> Plan:
    """Find what the present grader has not graded yet; of several older results the newest counts.

    Raises: BenchmarkError if the run's tasks are not those of the benchmark any more.
    """
    check_tasks(lab, reader)
    now = lab.benchmark.grader_version
    newest: dict[RolloutKey, Rollout] = {}
    present: set[RolloutKey] = set()
    for rollout in _graded(lab, reader):
        key = replace(rollout.key, grader_version=now)
        if rollout.key == key:
            present.add(key)
        else:
            newest[key] = rollout
    missing = [rollout for key, rollout in newest.items() if key not in present]
    stale, lost = _sorted_out(lab, reader, missing)
    return Plan(reader.graded_by(), now, stale, len(present & newest.keys()), lost)


def plan_again(lab: Laboratory, reader: RunReader) -> Plan:
    """List what the present grader has graded, to be graded once more by the same.

    Raises: BenchmarkError as `plan_regrading` does; ArchiveError if another grader counts.
    """
    check_tasks(lab, reader)
    check_grader(lab, reader)
    now = lab.benchmark.grader_version
    results = [each for each in _graded(lab, reader) if each.key.grader_version == now]
    stale, lost = _sorted_out(lab, reader, results)
    return Plan(reader.graded_by(), now, stale, 0, lost)


def grade_again(
    lab: Laboratory, fanout: FanOut[Rollout], stale: Iterable[Stale]
) -> Iterator[tuple[Rollout, Rollout]]:
    """Grade by the same grader; yield each stored result and the one of now. Nothing is stored.

    Raises: MachineError as soon as the machine fails.
    """
    results: dict[int, Rollout] = {}
    with tempfile.TemporaryDirectory(prefix="dgm-regrade-") as place:
        for one in stale:
            folder = Path(place, one.result.id)
            folder.mkdir()
            unit = replace(one.unit, rollout_id=f"{one.result.id}-again")
            ticket = fanout.submit(partial(unit.graded_into, folder, lab))
            results[ticket] = one.result
        while results:
            if (done := fanout.wait(_WAIT_S)) is None:
                continue
            if done.result is None:
                raise done.error or MachineError("a grading ended without a result")
            yield results.pop(done.ticket), done.result


def check_grader(lab: Laboratory, reader: RunReader) -> None:
    """Refuse to go on with a run by another grader than its scores count.

    Raises: ArchiveError.
    """
    counted, now = reader.graded_by(), lab.benchmark.grader_version
    if counted not in (None, now):
        raise ArchiveError(
            f"run {reader.run.name} was graded by version {counted} of the grader, and this is "
            f"version {now}; first grade its patches again, which runs no agent: "
            f"dgm regrade {reader.run.name}"
        )


def kept_to(lab: Laboratory, reader: RunReader) -> Laboratory:
    """Return a laboratory that meets just the tasks that a run began with; all if it has none yet.

    Raises: BenchmarkError if one of them changed or is gone.
    """
    tasks = reader.tasks()
    if not tasks:
        return lab
    check_tasks(lab, reader)
    return replace(lab, benchmark=Only(lab.benchmark, [task.id for task in tasks]))


def check_tasks(lab: Laboratory, reader: RunReader) -> None:
    """Refuse to go on where a task of a run changed or is gone. Raises: BenchmarkError."""
    digests = {task.id: task.digest for task in lab.benchmark.tasks()}
    left_out = {name: f"{name} (left out: {why})" for name, why in lab.benchmark.left_out.items()}
    recorded = (task for task in reader.tasks() if digests.get(task.id) != task.digest)
    changed = [left_out.get(task.id, task.id) for task in recorded]
    if not changed:
        return
    some = ", ".join(changed[:_NAMED_TASKS])
    more = f" and {len(changed) - _NAMED_TASKS} more" if len(changed) > _NAMED_TASKS else ""
    raise BenchmarkError(
        f"the tasks of benchmark {lab.benchmark.name} are not those that run {reader.run.name} was "
        f"graded on: {some}{more} changed or gone; bring them back, or start a new run"
    )


def _graded(lab: Laboratory, reader: RunReader) -> list[Rollout]:
    """Return the evidence on the benchmark's own tasks; `dgm eval` may have made other."""
    digests = {task.digest for task in lab.benchmark.tasks()}
    return [rollout for rollout in reader.graded() if rollout.key.task_digest in digests]


def _sorted_out(
    lab: Laboratory, reader: RunReader, results: Iterable[Rollout]
) -> tuple[tuple[Stale, ...], tuple[tuple[Rollout, str], ...]]:
    tasks = {task.id: task for task in lab.benchmark.tasks()}
    stale: list[Stale] = []
    lost: list[tuple[Rollout, str]] = []
    for result in results:
        work = reader.rollout(result.work_id)
        if trouble := lost_patch(lab.rollout_folder(work.id), work):
            lost.append((result, trouble))
            continue
        version = lab.benchmark.grader_version
        unit = Regrade("", work.agent_id, work, tasks[work.task_id], version)
        stale.append(Stale(result, unit))
    return tuple(stale), tuple(lost)
