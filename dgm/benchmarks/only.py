"""Some tasks of a benchmark and no others: those that a run began with."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dgm.benchmarks.around import Around
from dgm.benchmarks.protocol import Benchmark
from dgm.records import Split, Task


class Only(Around):
    """A benchmark without the tasks that are not named."""

    def __init__(self, whole: Benchmark, ids: Collection[str]) -> None:
        super().__init__(whole)
        self._ids = frozenset(ids)

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        """The tasks that are named."""
        return [task for task in self.whole.tasks(split) if task.id in self._ids]
