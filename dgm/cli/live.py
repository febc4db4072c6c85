"""The live view of a run: a panel that redraws itself, or plain lines where there is no terminal.

Never silent for more than ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from dgm.cli.output import clean, seconds, thousands
from dgm.cli.tree import describe, tree_lines
from dgm.records import AgentState

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dgm.archive.store import Store
    from dgm.evolve import Evolution
    from dgm.report import RunReport

_REDRAW_S = 0.5
_SILENCE_S = 5.0
_TREE_ROWS = 24


@contextmanager
def live_view(store: Store, evolution: Evolution, stream: TextIO) -> Iterator[Callable[[], None]]:
    """Yield a function that shows how the run stands now; call it often."""
    if not stream.isatty():
        yield _PlainLines(store, evolution, stream)
        return
    from rich.console import Console
    from rich.live import Live

    from dgm.report import summarise

    with Live(console=Console(file=stream), auto_refresh=False, transient=True) as live:
        shown_at = 0.0

        def show() -> None:
            nonlocal shown_at
            if time.monotonic() - shown_at >= _REDRAW_S:
                shown_at = time.monotonic()
                live.update(_panel(summarise(store), evolution), refresh=True)

        yield show


class _PlainLines:
    """Prints each agent when its way has ended, and a sign of life in between."""

    def __init__(self, store: Store, evolution: Evolution, stream: TextIO) -> None:
        self._store = store
        self._evolution = evolution
        self._stream = stream
        self._seen: set[str] = set()
        self._looked_at = 0.0
        self._spoke_at = 0.0

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < _REDRAW_S:
            return
        self._looked_at = now
        from dgm.report import summarise

        report = summarise(self._store)
        for line in report.agents:
            if line.agent.state.is_final and line.agent.id not in self._seen:
                self._seen.add(line.agent.id)
                self._say(describe(line, is_best=line.agent.id == report.best_id))
        if now - self._spoke_at >= _SILENCE_S:
            self._say(_status(report, self._evolution))

    def _say(self, text: str) -> None:
        self._spoke_at = time.monotonic()
        self._stream.write(clean(text) + "\n")
        self._stream.flush()


def _status(report: RunReport, evolution: Evolution) -> str:
    busy = ", ".join(f"{agent} on {task}" for agent, task in evolution.in_flight) or "idle"
    return (
        f"[{seconds(evolution.elapsed_s)}] {report.children} children, "
        f"{report.count(AgentState.ARCHIVED)} archived, "
        f"{report.count(AgentState.REJECTED)} rejected, "
        f"{thousands(report.usage.tokens)} tokens, {report.usage.cost_usd:.2f} USD; now: {busy}"
    )


def _panel(report: RunReport, evolution: Evolution) -> RenderableType:
    from rich.panel import Panel
    from rich.text import Text

    rows = tree_lines(report)
    hidden = len(rows) - _TREE_ROWS
    shown = [f"... {hidden} agents above", *rows[hidden:]] if hidden > 0 else rows
    text = Text(clean("\n".join([*shown, "", _status(report, evolution)])), no_wrap=True)
    text.overflow = "ellipsis"
    return Panel(text, title=f"run {report.run}", title_align="left")
