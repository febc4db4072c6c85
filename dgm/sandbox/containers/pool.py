"""Started containers that nobody has used yet, so that a rollout need not wait for a start.

An engine starts few containers a second, however many it is asked for at once. All starts
therefore go through a few threads, and whoever needs a container takes the next one of its kind
that is ready, wherever it was meant to go. A container is leased once and then ended: all that ran
in it at once, while the engine removes what is left of it beside the next work.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Condition

from dgm.errors import MachineError, SandboxError
from dgm.sandbox.containers.container import Container
from dgm.sandbox.containers.settings import Kind

logger = logging.getLogger(__name__)

AHEAD = 4
_AHEAD_OF_TASKS = 1  # an image of one task's own is seldom asked for again at once
MOST_IDLE = 8
MOST_STARTS = 4
MOST_REMOVALS = 8
OLDEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Idle:
    """A container in waiting; closing `ending` removes it."""

    container: Container
    ending: ExitStack
    since_s: float


class Pool:
    """Containers by kind; `start` makes one. Thread-safe; as a context manager it drains itself.

    `ahead` of each kind that was asked for are kept ready, `most_idle` in all.
    """

    def __init__(
        self,
        start: Callable[[Kind], AbstractContextManager[Container]],
        *,
        ahead: int = AHEAD,
        most_idle: int = MOST_IDLE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._ahead, self._most_idle, self._clock = ahead, most_idle, clock
        self._starters = ThreadPoolExecutor(MOST_STARTS, thread_name_prefix="containers")
        self._removers = ThreadPoolExecutor(MOST_STARTS, thread_name_prefix="containers")
        self._removals = 0
        self._idle: dict[Kind, deque[_Idle]] = {}  # the kind leased last comes last
        self._starting: Counter[Kind] = Counter()
        self._waiting: defaultdict[Kind, deque[object]] = defaultdict(deque)  # first come first
        self._errors: dict[Kind, deque[BaseException]] = {}
        self._told = ""
        self._is_closed = False
        self._changed = Condition()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._starters.shutdown(cancel_futures=True)
        self._removers.shutdown()
        with ExitStack() as endings:
            for each in [each for idle in self._idle.values() for each in idle]:
                each.container.channel.close()  # they end side by side, and are then removed
                endings.push(each.ending)
            self._idle.clear()
            for kind in self._errors:
                self._report(kind)

    @contextmanager
    def lease(self, kind: Kind) -> Iterator[Container]:
        """Take a container that answers and that nobody has used.

        On leaving, nothing runs in it any more. Raises: SandboxError if none can be started.
        """
        while True:
            idle = self._next(kind)
            with ExitStack() as stack:
                stack.callback(self._end, idle)
                is_fresh = self._clock() - idle.since_s < OLDEST_S
                if is_fresh and idle.container.answers():
                    yield idle.container
                    return

    def _next(self, kind: Kind) -> _Idle:
        """Wait for a container of this kind, and have others started in its place."""
        with self._changed:
            self._idle[kind] = self._idle.pop(kind, deque())
            self._report(kind)
            me, queue = object(), self._waiting[kind]
            queue.append(me)
            try:
                self._top_up(kind)
                while not self._idle[kind] or queue[0] is not me:
                    self._raise_if_in_vain(kind)
                    self._changed.wait()
                return self._idle[kind].popleft()
            finally:
                queue.remove(me)
                self._changed.notify_all()

    def _top_up(self, kind: Kind) -> None:
        """Start what is needed now and what will be needed next."""
        if self._is_closed:
            raise SandboxError("the driver is closed")
        ready = len(self._idle[kind]) + self._starting[kind]
        ahead = min(self._ahead, _AHEAD_OF_TASKS) if kind.image else self._ahead
        for _ in range(len(self._waiting[kind]) + ahead - ready):
            self._starting[kind] += 1
            future = self._starters.submit(self._one_more, kind)
            future.add_done_callback(partial(self._absorb, kind))

    def _one_more(self, kind: Kind) -> _Idle:
        with ExitStack() as stack:
            container = stack.enter_context(self._start(kind))
            return _Idle(container, stack.pop_all(), self._clock())

    def _absorb(self, kind: Kind, start: Future[_Idle]) -> None:
        """Take what a start came to, a container or an error."""
        with self._changed:
            self._starting[kind] -= 1
            if not start.cancelled():
                error = start.exception()
                if error is None:
                    self._idle.setdefault(kind, deque()).append(start.result())
                    self._make_room()
                else:
                    self._errors.setdefault(kind, deque()).append(error)
            self._changed.notify_all()

    def _make_room(self) -> None:
        """End what is idle beyond the bound, of the kind that was last leased longest ago."""
        idle_soon = sum(map(len, self._idle.values())) - sum(map(len, self._waiting.values()))
        surplus = idle_soon - self._most_idle
        for kind, idle in self._idle.items():
            while surplus > 0 and idle and not self._waiting[kind] and not self._is_closed:
                self._remove_later(idle.popleft())
                surplus -= 1

    def _end(self, idle: _Idle) -> None:
        """End all that runs in a container; have the rest removed, or wait for that."""
        is_over = idle.container.end()
        with self._changed:
            if is_over and self._removals < MOST_REMOVALS and not self._is_closed:
                self._remove_later(idle)
                return
        idle.ending.close()

    def _remove_later(self, idle: _Idle) -> None:
        self._removals += 1
        removal = self._removers.submit(idle.ending.close)
        removal.add_done_callback(partial(self._note_removal, idle.container.kind))

    def _note_removal(self, kind: Kind, removal: Future[None]) -> None:
        with self._changed:
            self._removals -= 1
            error = removal.exception()
            if error is not None:
                self._errors.setdefault(kind, deque()).append(error)

    def _raise_if_in_vain(self, kind: Kind) -> None:
        """Raise what a start failed of when there are fewer under way than there are waiting."""
        if self._is_closed:
            raise SandboxError("the driver is closed")
        to_come = len(self._idle[kind]) + self._starting[kind]
        if to_come < len(self._waiting[kind]) and self._errors.get(kind):
            raise self._errors[kind].popleft()

    def _report(self, kind: Kind) -> None:
        """Tell of what failed while nobody waited for it, once each; a defect is raised."""
        errors = self._errors.get(kind, deque())
        while errors and not self._waiting[kind]:
            error = errors.popleft()
            if not isinstance(error, MachineError):
                raise error
            if (reason := str(error)) != self._told:
                logger.warning("beside the work: %s", reason)
            self._told = reason
