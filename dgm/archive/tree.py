"""The archive in memory: parents, children, and the candidates for the next parent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from dgm.archive.candidates import Candidates, ParentCandidate
from dgm.errors import ArchiveError
from dgm.estimates import cautious_rate
from dgm.records import Agent, AgentState, Score

if TYPE_CHECKING:
    import networkx as nx

_UNKNOWN = Score()


class ArchiveTree:
    """All agents of a run with their scores on the search split.

    `reached` tells how far along the search tasks each agent was measured: any number that grows
    from stage to stage. Built once, then kept true by `put`; it never looks at the disk.
    """

    def __init__(
        self,
        agents: Iterable[Agent],
        scores: Mapping[str, Score],
        reached: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._agents: dict[str, Agent] = {}
        self._scores: dict[str, Score] = {}
        self._reached: dict[str, int] = {}
        self._children: dict[str, list[str]] = {}
        self.candidates = Candidates()
        """The archived agents, ready for selection."""
        for agent in agents:
            self.put(agent, scores.get(agent.id, _UNKNOWN), reached.get(agent.id, 0))

    def put(self, agent: Agent, score: Score, reached: int = 0) -> None:
        """Add an agent after its parent, or replace what was known of it."""
        if agent.id not in self._agents:
            self._children[agent.id] = []
            if agent.parent_id is not None:
                self._children[agent.parent_id].append(agent.id)
            self.__dict__.pop("graph", None)
        self._agents[agent.id] = agent
        self._scores[agent.id] = score
        self._reached[agent.id] = reached
        self._refresh(agent.id)
        if agent.parent_id is not None and agent.state is AgentState.ARCHIVED:
            self._refresh(agent.parent_id)

    def __getitem__(self, agent_id: str) -> Agent:
        return self._agents[agent_id]

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._agents

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)

    def score(self, agent_id: str) -> Score:
        """The agent's score on the search split."""
        return self._scores[agent_id]

    def children(self, agent_id: str) -> tuple[Agent, ...]:
        """All children, also those that were rejected."""
        return tuple(self._agents[child] for child in self._children[agent_id])

    def archived_children(self, agent_id: str) -> int:
        """How many children are in the archive: the paper's n_i."""
        return sum(child.state is AgentState.ARCHIVED for child in self.children(agent_id))

    def lineage(self, agent_id: str) -> tuple[Agent, ...]:
        """From the seed down to the agent itself."""
        line = [self._agents[agent_id]]
        while (parent_id := line[-1].parent_id) is not None:
            line.append(self._agents[parent_id])
        return tuple(reversed(line))

    @cached_property
    def graph(self) -> nx.DiGraph[str]:
        """The tree for networkx: nodes are agent ids, edges go from parent to child."""
        import networkx as nx  # 0.3 s that only those who need it should pay

        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self._agents)
        graph.add_edges_from(
            (agent.parent_id, agent.id) for agent in self if agent.parent_id is not None
        )
        return graph

    def best(self) -> Agent:
        """The archived agent whose true rate is most surely high; the oldest of equals.

        Only those measured as far as any are compared: who stopped at an earlier stage met other
        tasks, and did no better than its parent on them.

        Raises: ArchiveError if none is archived yet.
        """
        if not self.candidates:
            raise ArchiveError("no agent has been archived yet")
        end = max(self._reached[c.agent_id] for c in self.candidates)
        compared = [c for c in self.candidates if self._reached[c.agent_id] == end]
        rates = {score: cautious_rate(score) for score in {c.score for c in compared}}
        chosen = max(compared, key=lambda c: (rates[c.score], -c.number))
        return self._agents[chosen.agent_id]

    def resolve(self, name: str) -> Agent:
        """Find an agent by `best`, `seed`, its id, or the beginning of its id or tree hash.

        Raises: ArchiveError if that names none, or several.
        """
        if name == "best":
            return self.best()
        if name == "seed":
            name = "a0000"
        if name in self._agents:
            return self._agents[name]
        found = [agent for agent in self if _starts(agent, name)] if name else []
        if not found:
            raise ArchiveError(f"there is no agent {name!r}; list them with: dgm tree")
        if len(found) > 1:
            some = ", ".join(agent.id for agent in found[:4]) + (" ..." if len(found) > 4 else "")
            raise ArchiveError(f"{name!r} may be any of {len(found)} agents: {some}")
        return found[0]

    def _refresh(self, agent_id: str) -> None:
        agent = self._agents[agent_id]
        if agent.state is not AgentState.ARCHIVED:
            self.candidates.discard(agent_id)
            return
        children = self.archived_children(agent_id)
        score = self._scores[agent_id]
        self.candidates.put(ParentCandidate(agent_id, score, children, agent.number))


def _starts(agent: Agent, name: str) -> bool:
    return agent.id.startswith(name) or (agent.tree_hash or "").startswith(name)
