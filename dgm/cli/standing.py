"""How a run stands at a moment: what the live view shows, as facts and short lines."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf
from typing import TYPE_CHECKING

from dgm.cli.output import one_line, seconds, thousands
from dgm.records import AgentState

if TYPE_CHECKING:
    from dgm.archive.reader import RunReader
    from dgm.config import Config
    from dgm.evolve import Evolution
    from dgm.report import RunReport

SEED = "a0000"
_WORK_LINES = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """A run right now. `in_flight` holds an agent and a task for each unit of work under way.

    `patience_s` is how long a run that is stopping still waits for them.
    """

    report: RunReport
    elapsed_s: float
    children_wanted: int
    in_flight: tuple[tuple[str, str], ...]
    stopping: str
    patience_s: float = inf

    @property
    def status(self) -> str:
        """What the run is about: running, or why it stops."""
        return f"stopping ({self.stopping})" if self.stopping else "running"

    def headlines(self) -> tuple[str, str, str]:
        """Time, counts, and what was spent."""
        report = self.report
        return (
            self._time(),
            f"{report.children} of {self.children_wanted} children, "
            f"{report.count(AgentState.ARCHIVED)} archived, "
            f"{report.count(AgentState.REJECTED)} rejected",
            f"{thousands(report.usage.tokens)} tokens, {report.usage.cost_usd:.2f} USD",
        )

    def scores(self) -> str:
        """The best agent's score beside the seed's."""
        from dgm.report import describe_score

        report = self.report
        if report.best_id is None:
            return "measuring the seed agent"
        best = describe_score(report.line(report.best_id).search).strip()
        seed = describe_score(report.line(SEED).search).strip()
        return f"best {report.best_id} {best}, seed {seed}"

    @property
    def doing(self) -> str:
        """What the run has to do with the work under way."""
        if not self.stopping:
            return "now"
        return "waiting for" if isinf(self.patience_s) else f"{seconds(self.patience_s)} left for"

    def work(self) -> tuple[str, ...]:
        """What the workers do, one each; the first few."""
        lines = [f"{agent} on {one_line(task, 60)}" for agent, task in self.in_flight]
        if len(lines) > _WORK_LINES:
            lines[_WORK_LINES - 1 :] = [f"and {len(lines) - _WORK_LINES + 1} more"]
        return tuple(lines) or ("nothing",)

    def _time(self) -> str:
        if not self.stopping:
            return f"running for {seconds(self.elapsed_s)}{self._remaining()}"
        hint = "; Ctrl-C again ends it at once" if self.stopping == "interrupted" else ""
        return f"{self.status} after {seconds(self.elapsed_s)}{hint}"

    def _remaining(self) -> str:
        """Guess the time to the last child from the time that the others took."""
        ended = sum(line.agent.state.is_final for line in self.report.agents) - 1
        left = self.children_wanted - ended
        if ended < 1 or left < 1:
            return ""
        return f", about {seconds(self.elapsed_s / (ended + 1) * left)} left"


def take_standing(reader: RunReader, evolution: Evolution, config: Config) -> Standing:
    """Look at a run while it is evolved."""
    from dgm.report import summarise

    return Standing(
        report=summarise(reader),
        elapsed_s=evolution.elapsed_s,
        children_wanted=config.budget.children,
        in_flight=evolution.in_flight,
        stopping=evolution.why_stopped,
        patience_s=evolution.patience_s,
    )
