"""What `dgm evolve` and `dgm resume` share: the live view, Ctrl-C, and the closing report."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from dgm.cli.closing import closing_report
from dgm.cli.invocation import command, named
from dgm.cli.live import live_view
from dgm.cli.output import say
from dgm.cli.standing import take_standing

if TYPE_CHECKING:
    from dgm.archive.store import Store
    from dgm.evolve import Evolution
    from dgm.steps.laboratory import Laboratory

_SIGNALLED = 128


def evolve_store(lab: Laboratory, store: Store) -> int:
    """Evolve an open run to its end, or until it is stopped; 128 + the signal that did it."""
    from dgm.wiring import open_evolution

    say(f"run {store.run.name} in {store.run.path}")
    with (
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
        say(
            f"\nstopped: {evolution.why_stopped}; go on with: {command('resume', named(store.run))}"
        )
    return _SIGNALLED + received[0] if received else 0


@contextmanager
def _signals(evolution: Evolution) -> Iterator[list[int]]:
    """The first Ctrl-C (or SIGTERM) starts nothing more, the second ends everything at once.

    Yields the signals received so far.
    """
    received: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        evolution.interrupt()

    before = {name: signal.signal(name, on_signal) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
