import random

import pytest

from dgm.archive.candidates import Candidates, ParentCandidate, Rank
from dgm.archive.tree import ArchiveTree
from dgm.errors import ArchiveError
from dgm.records import Agent, AgentState, Score

ARCHIVED, REJECTED = AgentState.ARCHIVED, AgentState.REJECTED


def agent(number, parent=None, state=ARCHIVED):
    name = None if parent is None else f"a{parent:04d}"
    tree_hash = f"{number:04x}" * 10
    return Agent(f"a{number:04d}", number, name, state, tree_hash=tree_hash)


@pytest.fixture
def tree():
    """a0 -> a1 -> a3 -> a4, a0 -> a2 (rejected), a0 -> a5."""
    agents = [
        agent(0),
        agent(1, 0),
        agent(2, 0, REJECTED),
        agent(3, 1),
        agent(4, 3, AgentState.EVALUATING),
        agent(5, 0),
    ]
    scores = {"a0000": Score(2, 10), "a0001": Score(6, 10), "a0003": Score(1, 1)}
    return ArchiveTree(agents, scores)


def ids(agents):
    return [agent.id for agent in agents]


def test_family_of_an_agent(tree):
    assert ids(tree.children("a0000")) == ["a0001", "a0002", "a0005"]
    assert ids(tree.lineage("a0004")) == ["a0000", "a0001", "a0003", "a0004"]


def test_graph_is_a_tree_for_networkx(tree):
    import networkx as nx

    assert nx.is_arborescence(tree.graph)
    assert set(tree.graph.edges) == {
        ("a0000", "a0001"),
        ("a0000", "a0002"),
        ("a0000", "a0005"),
        ("a0001", "a0003"),
        ("a0003", "a0004"),
    }


def test_only_archived_agents_are_candidates_and_only_archived_children_count(tree):
    assert {(c.agent_id, c.children) for c in tree.candidates} == {
        ("a0000", 2),
        ("a0001", 1),
        ("a0003", 0),
        ("a0005", 0),
    }


def test_tree_grown_step_by_step_equals_one_built_at_once(tree):
    _ = tree.graph  # a view computed before a change must not outlive it
    grown = ArchiveTree([agent(0, state=AgentState.VALIDATING)], {})
    _ = grown.graph
    for known in tree:
        if known.number:
            grown.put(agent(known.number, int(known.parent_id[1:]), AgentState.MODIFYING), Score())
    for known in tree:
        grown.put(known, tree.score(known.id))
    assert list(grown) == list(tree)
    assert list(grown.candidates) == list(tree.candidates)
    assert set(grown.graph.edges) == set(tree.graph.edges)


def test_best_is_most_surely_good_not_luckiest(tree):
    assert tree.best().id == "a0001"


def test_best_is_one_of_those_measured_as_far_as_any():
    agents = [agent(0), agent(1, 0), agent(2, 0)]
    scores = {"a0000": Score(9, 16), "a0001": Score(8, 8), "a0002": Score(10, 16)}
    assert ArchiveTree(agents, scores).best().id == "a0001"  # the rate alone
    tree = ArchiveTree(agents, scores, {"a0000": 16, "a0001": 8, "a0002": 16})
    assert tree.best().id == "a0002"
    tree.put(agent(1, 0), Score(15, 16), 16)
    assert tree.best().id == "a0001"


def test_missing_data_pushes_nobody_out_of_the_comparison():
    scores = {"a0000": Score(5, 16), "a0001": Score(12, 15)}
    tree = ArchiveTree([agent(0), agent(1, 0)], scores, {"a0000": 16, "a0001": 16})
    assert tree.best().id == "a0001"


def test_oldest_of_equals_is_best():
    tree = ArchiveTree([agent(0), agent(1, 0)], {"a0000": Score(3, 5), "a0001": Score(3, 5)})
    assert tree.best().id == "a0000"


def test_names_resolve(tree):
    assert tree.resolve("best").id == "a0001"
    assert tree.resolve("seed").id == "a0000"
    assert tree.resolve("a0003").id == "a0003"
    assert tree.resolve("00040004").id == "a0004"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("a0077", "there is no agent 'a0077'"),
        ("", "there is no agent ''"),
        ("a00", "may be any of 6 agents: a0000, a0001"),
    ],
)
def test_unknown_and_ambiguous_names_are_one_clear_line(tree, name, complaint):
    with pytest.raises(ArchiveError, match=complaint):
        tree.resolve(name)


def test_best_of_an_empty_archive_is_one_clear_line():
    with pytest.raises(ArchiveError, match="no agent has been archived"):
        ArchiveTree([], {}).best()


def test_exact_id_wins_over_being_a_prefix():
    agents = [agent(0), agent(1000, 0), agent(10000, 0)]
    tree = ArchiveTree(agents, {})
    assert tree.resolve("a1000").number == 1000


def test_candidates_keep_canonical_order_whatever_happened_before():
    rng = random.Random(4)
    final = [ParentCandidate(f"a{n:04d}", Score(n % 3, 3), n % 2, n) for n in range(40)]
    pool = Candidates()
    for _ in range(3):
        for candidate in rng.sample(final, 40):
            noise = ParentCandidate(
                candidate.agent_id, Score(rng.randrange(4), 4), rng.randrange(5), candidate.number
            )
            pool.put(noise)
    for candidate in rng.sample(final, 40):
        pool.put(candidate)
    pool.put(ParentCandidate("a9999", Score(), 9, 9999))
    pool.discard("a9999")
    pool.discard("never there")
    assert pool.ranks() == Candidates(final).ranks()
    assert list(pool) == list(Candidates(final))
    assert pool.size(Rank(0.0, 0)) == 7
    assert len(pool) == 40
