"""What `dgm evolve` and `dgm resume` share: the live view, Ctrl-C, and the closing report."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from dgm.cli.bounds import warn_if_run_is_unbounded
from dgm.cli.closing import closing_report
from dgm.cli.invocation import command, how_to_go_on, named
from dgm.cli.live import live_view
from dgm.cli.output import say
from dgm.cli.refusals import FULL
from dgm.cli.standing import take_standing
from dgm.errors import ArchiveError, MachineError

if TYPE_CHECKING:
    from dgm.archive.layout import RunFolder
    from dgm.archive.reader import RunReader
    from dgm.archive.store import Store
    from dgm.evolve import Evolution
    from dgm.steps.laboratory import Laboratory

_SIGNALLED = 128
_NOTHING_CAME_OF_IT = 1


def evolve_store(lab: Laboratory, store: Store) -> int:
    """Evolve an open run to its end, or until it is stopped.

    Returns 0 also when the budget the user set is spent; 1 if that was too little to archive any
    agent; 128 + the signal that stopped it.
    """
    from dgm.wiring import open_evolution

    warn_if_run_is_unbounded(lab.config)
    say(f"run {store.run.name} in {store.run.path}")
    with (
        _telling_how_to_go_on(store.run),
        open_evolution(lab, store) as evolution,
        _signals(evolution) as received,
        live_view(store, evolution, lab.config) as show,
    ):
        is_finished = evolution.run(show)
        cut_short = (
            take_standing(store, evolution, lab.config).work() if evolution.in_flight else ()
        )
    for line in closing_report(store):
        say(line)
    if cut_short:
        say(f"\ncut short, to be done again: {'; '.join(cut_short)}")
    if not is_finished:
        why = evolution.why_stopped
        say(f"\nstopped: {why}; {how_to_go_on(store.run, why)}")
    if received:
        return _SIGNALLED + received[0]
    return 0 if store.tree().candidates else _NOTHING_CAME_OF_IT


@contextmanager
def _telling_how_to_go_on(run: RunFolder) -> Iterator[None]:
    """Where the disk gives out, add the command to go on with when there is room."""
    again = command("resume", named(run))
    try:
        yield
    except ArchiveError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise ArchiveError(f"{error}: {again}") from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        where = error.filename or run.path
        raise MachineError(f"{where}: {FULL[error.errno]}; make room, then: {again}") from error


def tell_differences(
    recorded: RunReader, replayed: RunReader, divergences: Mapping[str, str]
) -> int:
    """Say how a replay went against its recording; 1 if it went otherwise."""
    from dgm.replay import differences

    for rollout_id, where in divergences.items():
        say(f"{rollout_id}  {where}")
    graders = recorded.graded_by(), replayed.graded_by()
    if graders[0] != graders[1]:
        say(
            f"{recorded.run.name} was graded by version {graders[0]} of the grader, the replay by "
            f"version {graders[1]}: outcomes may differ for that"
        )
    found = differences(recorded, replayed)
    for line in found:
        say(line)
    verdict = "the trees differ" if found else "the tree is the same"
    say(
        f"replay of {recorded.run.name}: {verdict}, "
        f"{len(divergences)} of {len(replayed.rollouts())} rollouts left their recording, 0.00 USD"
    )
    return 1 if found or divergences else 0


@contextmanager
def _signals(evolution: Evolution) -> Iterator[list[int]]:
    """The first Ctrl-C starts nothing more, the second ends everything at once.

    SIGTERM and a closed terminal (unless `nohup` is in force) do the same. Yields what came.
    """
    received: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        evolution.interrupt()

    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    stopping = (signal.SIGINT, signal.SIGTERM, *(() if is_kept else (signal.SIGHUP,)))
    before = {name: signal.signal(name, on_signal) for name in stopping}
    try:
        yield received
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
