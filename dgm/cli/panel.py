"""The live view's panel, drawn to fit the height of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgm.cli.output import clean
from dgm.cli.tree import tree_lines
from dgm.titles import shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dgm.cli.standing import Standing
    from dgm.report import RunReport

_BORDERS = 2
_SIDES = 4
_LEGEND = "* best  + ancestors  … left out"
_STYLES = {"*": "bold green", "+": "green"}


def draw(standing: Standing, width: int, height: int) -> RenderableType:
    """Draw the head, as much of the tree as there is room for, and what the workers do."""
    from rich.panel import Panel
    from rich.text import Text

    head = [*standing.headlines(), standing.scores(), ""]
    first, *others = standing.work()
    work = ["", f"{standing.doing} {first}", *(f"    {line}" for line in others)]
    room = height - _BORDERS - len(head) - len(work) - 1
    tree = _fitting(standing.report, room)
    text = Text(no_wrap=True, overflow="ellipsis")
    for line in (*head, *tree, *work):
        text.append(shortened(clean(line), width - _SIDES) + "\n", style=_STYLES.get(line[:1], ""))
    text.rstrip()
    return Panel(
        text, title=Text(clean(f"run {standing.report.run}")), title_align="left", subtitle=_LEGEND
    )


def _fitting(report: RunReport, room: int) -> list[str]:
    """Return at most `room` lines: the best lineage, what is under way, and the newest."""
    if len(report.agents) <= room:
        return tree_lines(report)
    by_weight = sorted(
        report.agents,
        key=lambda line: (
            line.agent.id not in report.best_lineage,
            line.agent.state.is_final,
            -line.agent.number,
        ),
    )
    shown = {line.agent.id for line in by_weight[: max(room - 1, 1)]}
    return [*tree_lines(report, shown), f"  ... and {len(report.agents) - len(shown)} more"]
