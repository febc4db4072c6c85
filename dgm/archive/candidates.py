"""The agents that may become parents, kept ready for selection.

A parent's weight depends on its score and its number of children alone, so candidates are kept
in groups of equals: choosing among 10,000 agents then looks at some hundred groups. All orders
are canonical (by number), so that a resumed run draws what an uninterrupted one would.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dgm.records import Score


@dataclass(frozen=True, slots=True)
class ParentCandidate:
    """An archived agent; `children` counts its archived children, `number` its age."""

    agent_id: str
    score: Score
    children: int
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Rank:
    """What candidates of one group have in common."""

    mean: float
    children: int


class Candidates:
    """A changing set of candidates. Reading it changes nothing."""

    def __init__(self, candidates: Iterable[ParentCandidate] = ()) -> None:
        self._by_id: dict[str, ParentCandidate] = {}
        self._groups: dict[Rank, list[tuple[int, str]]] = {}
        self._ranks: list[Rank] = []
        for candidate in candidates:
            self.put(candidate)

    def put(self, candidate: ParentCandidate) -> None:
        """Add a candidate, or replace what was known of it."""
        self.discard(candidate.agent_id)
        self._by_id[candidate.agent_id] = candidate
        rank = _rank(candidate)
        if rank not in self._groups:
            self._groups[rank] = []
            insort(self._ranks, rank)
        insort(self._groups[rank], (candidate.number, candidate.agent_id))

    def discard(self, agent_id: str) -> None:
        """Remove a candidate; an unknown one is no error."""
        if (known := self._by_id.pop(agent_id, None)) is None:
            return
        rank = _rank(known)
        members = self._groups[rank]
        del members[bisect_left(members, (known.number, agent_id))]
        if not members:
            del self._groups[rank]
            del self._ranks[bisect_left(self._ranks, rank)]

    def ranks(self) -> tuple[Rank, ...]:
        """The ranks that occur, lowest score first, then fewest children."""
        return tuple(self._ranks)

    def size(self, rank: Rank) -> int:
        """How many candidates have that rank."""
        return len(self._groups[rank])

    def member(self, rank: Rank, index: int) -> ParentCandidate:
        """The candidate at `index` among those of that rank, oldest first."""
        return self._by_id[self._groups[rank][index][1]]

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._by_id

    def __getitem__(self, agent_id: str) -> ParentCandidate:
        return self._by_id[agent_id]

    def __iter__(self) -> Iterator[ParentCandidate]:
        for rank in self._ranks:
            for _, agent_id in self._groups[rank]:
                yield self._by_id[agent_id]

    def __len__(self) -> int:
        return len(self._by_id)


def _rank(candidate: ParentCandidate) -> Rank:
    return Rank(candidate.score.mean, candidate.children)
