"""The live view of a run: a panel that redraws itself, or plain lines where there is no terminal.

Never silent for more than ten seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dgm.cli.output import say
from dgm.cli.panel import draw
from dgm.cli.standing import Standing, take_standing
from dgm.cli.tree import describe

if TYPE_CHECKING:
    from rich.console import Console

    from dgm.archive.store import Store
    from dgm.config import Config
    from dgm.evolve import Evolution

_REDRAW_S = 0.5
_SILENCE_S = 5.0
_MIN_WIDTH, _MIN_HEIGHT = 40, 16


@contextmanager
def live_view(store: Store, evolution: Evolution, config: Config) -> Iterator[Callable[[], None]]:
    """Yield a function that shows how the run stands now; call it often."""

    def look() -> Standing:
        return take_standing(store, evolution, config)

    if (console := _terminal()) is None:
        yield _seldom(PlainLines(look))
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield _seldom(lambda: live.update(draw(look(), *console.size), refresh=True))


def _terminal() -> Console | None:
    """Return the terminal if a panel can be drawn on it."""
    if not sys.stdout.isatty():
        return None
    from rich.console import Console

    console = Console(file=sys.stdout)
    is_large = console.width >= _MIN_WIDTH and console.height >= _MIN_HEIGHT
    return None if console.is_dumb_terminal or not is_large else console


def _seldom(show: Callable[[], None]) -> Callable[[], None]:
    """Let calls through that come after a pause."""
    shown_at = 0.0

    def show_seldom() -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= _REDRAW_S:
            show()
            shown_at = time.monotonic()

    return show_seldom


class PlainLines:
    """Prints each agent when its way has ended, and a sign of life in between."""

    def __init__(
        self, look: Callable[[], Standing], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._clock = clock
        self._told: set[str] = set()
        self._status = ""
        self._spoke_at = 0.0

    def __call__(self) -> None:
        """Print what is new, or that the run goes on if nothing was for some seconds."""
        standing = self._look()
        for line in standing.report.agents:
            if line.agent.state.is_final and line.agent.id not in self._told:
                self._told.add(line.agent.id)
                self._say(describe(line))
        is_news = standing.status != self._status
        self._status = standing.status
        if is_news or self._clock() - self._spoke_at >= _SILENCE_S:
            self._say(
                ", ".join((*standing.headlines(), f"{standing.doing} {'; '.join(standing.work())}"))
            )

    def _say(self, text: str) -> None:
        self._spoke_at = self._clock()
        say(text)
        sys.stdout.flush()
