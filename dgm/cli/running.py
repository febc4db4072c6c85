"""What `dgm evolve` and `dgm resume` share: the live view, Ctrl-C, and the closing report."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from dgm.cli.closing import closing_report
from dgm.cli.live import live_view
from dgm.cli.output import say

if TYPE_CHECKING:
    from dgm.archive.store import Store
    from dgm.config import Config
    from dgm.evolve import Evolution


def evolve_store(config: Config, store: Store) -> int:
    """Evolve an open run to its end, or until it is stopped; 130 after Ctrl-C."""
    from dgm.wiring import open_evolution

    with open_evolution(config, store) as evolution:
        say(f"run {store.run.name} in {store.run.path}")
        with stopped_by_ctrl_c(evolution), live_view(store, evolution, sys.stdout) as show:
            is_finished = evolution.run(show)
    for line in closing_report(store):
        say(line)
    if not is_finished:
        say(f"stopped: {evolution.why_stopped}; go on with: dgm resume {store.run.name}")
    return 130 if evolution.was_interrupted else 0


@contextmanager
def stopped_by_ctrl_c(evolution: Evolution) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) stops what is new, the second everything at once."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        if evolution.was_interrupted:
            raise KeyboardInterrupt
        evolution.interrupt()

    before = {name: signal.signal(name, on_signal) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
