"""A scheduler for jobs with priorities, earliest start times and dependencies."""

import heapq
from dataclasses import dataclass
from typing import Dict, List, Optional, Set, Tuple


@dataclass(frozen=True)
class Job:
    """A unit of work; a higher priority is more urgent."""

    name: str
    priority: int = 0
    not_before: int = 0
    needs: Tuple[str, ...] = ()


class Scheduler:
    """Hands out jobs: the most urgent one that may start; among equals the one added first."""

    def __init__(self) -> None:
        self._heap: List[Tuple[int, int, Job]] = []
        self._added = 0
        self._done: Set[str] = set()
        self._running: Dict[str, Job] = {}

    def add(self, job: Job) -> None:
        """Queue a job."""
        heapq.heappush(self._heap, (-job.priority, self._added, job))
        self._added += 1

    def _may_start(self, job: Job, now: int) -> bool:
        return job.not_before <= now and self._done.issuperset(job.needs)

    def next(self, now: int) -> Optional[Job]:
        """Start and return the best job at the time `now`, or None if none may start yet."""
        passed_over = []
        chosen = None
        while self._heap:
            entry = heapq.heappop(self._heap)
            if self._may_start(entry[2], now):
                chosen = entry[2]
                break
            passed_over.append(entry)
        for entry in passed_over:
            heapq.heappush(self._heap, entry)
        if chosen is not None:
            self._running[chosen.name] = chosen
        return chosen

    def finish(self, name: str, success: bool = True) -> None:
        """Report the end of a running job; one that failed is queued again.

        Raises KeyError if no such job is running.
        """
        job = self._running.pop(name)
        if success:
            self._done.add(name)
        else:
            self.add(job)

    def waiting(self) -> List[str]:
        """The names of the queued jobs, most urgent first."""
        return [entry[2].name for entry in sorted(self._heap, key=lambda entry: entry[:2])]

    def is_idle(self) -> bool:
        """Whether nothing is queued and nothing is running."""
        return not self._heap and not self._running
