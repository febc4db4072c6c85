"""What a run amounts to: one reduction of its rows, for the terminal, `--json`, and any page.

Every number can be recomputed from `run.db`; nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dgm.archive.lock import is_locked
from dgm.archive.reader import RunReader
from dgm.archive.tree import ArchiveTree
from dgm.estimates import wilson_interval
from dgm.events import EventKind
from dgm.records import Agent, AgentState, Conduct, Score, Split, Usage
from dgm.titles import counted

_NO_SCORE = Score()
_TURNS = (EventKind.RUN_STARTED, EventKind.RUN_STOPPED, EventKind.RUN_FINISHED)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One agent as reports show it. `gained` and `lost` count tasks against its parent."""

    agent: Agent
    search: Score
    sealed: Score
    gained: int
    lost: int
    conduct: Conduct = field(default_factory=Conduct)


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run in numbers. `best_lineage` goes from the seed to the best; empty before the seed.

    `status` is `empty`, `running`, `stopped` (`why` tells the reason) or `finished`. Scores count
    the results of the grader `graded_by` alone; `graders` counts those of every version.
    """

    run: str
    status: str
    why: str
    elapsed_s: float
    usage: Usage
    agents: tuple[AgentLine, ...]
    best_lineage: tuple[str, ...]
    graded_by: str | None = None
    graders: Mapping[str, int] = field(default_factory=dict)

    @property
    def best_id(self) -> str | None:
        """The agent to take, None until one is archived."""
        return self.best_lineage[-1] if self.best_lineage else None

    def line(self, agent_id: str) -> AgentLine:
        """The line of one agent."""
        return next(line for line in self.agents if line.agent.id == agent_id)

    def conduct_of(self, agent_ids: Iterable[str]) -> Conduct:
        """What speaks of cheating in some agents together, as along a lineage."""
        wanted = set(agent_ids)
        found = (line.conduct for line in self.agents if line.agent.id in wanted)
        return sum(found, Conduct())

    @property
    def children(self) -> int:
        """How many children were begun."""
        return max(len(self.agents) - 1, 0)

    def count(self, state: AgentState) -> int:
        """How many children are in a state."""
        return sum(line.agent.state is state for line in self.agents[1:])


def summarise(reader: RunReader) -> RunReport:
    """Reduce a run, live or finished, to its report."""
    tree = reader.tree()
    sealed = reader.scores(Split.SEALED)
    matrix = reader.outcome_matrix(Split.SEARCH)
    conduct = reader.conduct()
    lines = tuple(
        replace(_line(agent, tree, sealed, matrix), conduct=conduct.get(agent.id, Conduct()))
        for agent in tree
    )
    status, why = _status(reader)
    best = tree.lineage(tree.best().id) if tree.candidates else ()
    return RunReport(
        run=reader.run.name,
        status=status,
        why=why,
        elapsed_s=float(reader.recall("elapsed_s") or 0),
        usage=reader.usage(),
        agents=lines,
        best_lineage=tuple(agent.id for agent in best),
        graded_by=reader.graded_by(),
        graders=reader.graders(),
    )


def _status(reader: RunReader) -> tuple[str, str]:
    """Tell how a run stands, and why it stopped.

    What `dgm eval` adds changes neither. A run that says it goes on, but whose lock nobody holds,
    was killed.
    """
    last = reader.last_event(*_TURNS)
    if last is not None and last.kind is EventKind.RUN_FINISHED:
        return "finished", ""
    if last is not None and last.kind is EventKind.RUN_STOPPED:
        return "stopped", str(last.data.get("why", ""))
    if is_locked(reader.run.lock):
        return "running", ""
    return ("stopped", "it ended without a word") if reader.agents() else ("empty", "")


def _line(
    agent: Agent,
    tree: ArchiveTree,
    sealed: Mapping[str, Score],
    matrix: Mapping[str, Mapping[str, Score]],
) -> AgentLine:
    own, parents = matrix.get(agent.id, {}), matrix.get(agent.parent_id or "", {})
    both = own.keys() & parents.keys()
    return AgentLine(
        agent=agent,
        search=tree.score(agent.id),
        sealed=sealed.get(agent.id, _NO_SCORE),
        gained=sum(own[task].mean > parents[task].mean for task in both),
        lost=sum(own[task].mean < parents[task].mean for task in both),
    )


def describe_score(score: Score) -> str:
    """A score with its 95 % Wilson interval, as text; `-` when nothing was attempted."""
    if not score.attempted:
        return "-"
    low, high = wilson_interval(score)
    share = f"{score.solved}/{score.attempted}"
    return f"{score.mean:4.0%} [{low:.0%}, {high:.0%}] {share}"


def describe_conduct(conduct: Conduct) -> str:
    """What speaks of cheating, as text: the share of impossible tasks passed, and tampering."""
    parts = []
    if conduct.impossible.attempted:
        parts.append(f"impossible tasks passed {describe_score(conduct.impossible).strip()}")
    if conduct.tampered or not parts:
        parts.append(f"{counted(conduct.tampered, 'rollout')} tampered")
    return ", ".join(parts)


def conduct_as_json(conduct: Conduct) -> dict[str, Any]:
    """The same in numbers; the rate is null where no impossible task was met."""
    met = conduct.impossible.attempted
    return {
        "impossible": score_as_json(conduct.impossible),
        "tampered": conduct.tampered,
        "cheat_rate": conduct.impossible.mean if met else None,
        "cheat_interval": list(wilson_interval(conduct.impossible)) if met else None,
    }


def score_as_json(score: Score) -> dict[str, int]:
    """What was solved of what was attempted."""
    return {"solved": score.solved, "attempted": score.attempted}


def describe_graders(report: RunReport) -> str:
    """Say whose results count where there are several graders'; empty where there is one."""
    others = [
        f"{counted(results, 'result')} by version {version}"
        for version, results in report.graders.items()
        if version != report.graded_by
    ]
    if not others:
        return ""
    return (
        f"scores count version {report.graded_by} of the grader; kept beside them: "
        f"{', '.join(others)}"
    )


def tree_as_json(report: RunReport) -> dict[str, Any]:
    """The archive as `dgm tree --json` prints it."""
    return {
        "run": report.run,
        "status": report.status,
        "why": report.why,
        "best": report.best_id,
        "elapsed_s": report.elapsed_s,
        "cost_usd": report.usage.cost_usd,
        "tokens": report.usage.tokens,
        "grader": {"counted": report.graded_by, "results": dict(report.graders)},
        "agents": _agents_as_json(report.agents),
    }


def _agents_as_json(lines: Iterable[AgentLine]) -> list[dict[str, Any]]:
    """Describe agents, each after its parent, with what each lineage amounts to."""
    lineages: dict[str | None, Conduct] = {}
    agents = []
    for line in lines:
        above = lineages.get(line.agent.parent_id, Conduct())
        lineages[line.agent.id] = above + line.conduct
        agents.append(_agent_as_json(line, lineages[line.agent.id]))
    return agents


def _agent_as_json(line: AgentLine, lineage: Conduct) -> dict[str, Any]:
    agent = line.agent
    return {
        "id": agent.id,
        "parent": agent.parent_id,
        "state": str(agent.state),
        "title": agent.title,
        "reason": agent.reason,
        "solved": line.search.solved,
        "attempted": line.search.attempted,
        "sealed_solved": line.sealed.solved,
        "sealed_attempted": line.sealed.attempted,
        "gained": line.gained,
        "lost": line.lost,
        "conduct": conduct_as_json(line.conduct),
        "lineage_conduct": conduct_as_json(lineage),
        "cost_usd": agent.usage.cost_usd,
        "tokens": agent.usage.tokens,
        "tree": agent.tree_hash,
        "selection_probability": agent.selection_probability,
    }
