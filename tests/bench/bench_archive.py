"""Measure the archive at 10,000 agents with 20 rollouts each.

Rows are written past the store, in one transaction, since growing them honestly takes minutes.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dgm.archive.database import open_for_writing, transaction
from dgm.archive.reader import RunReader
from dgm.archive.store import Store
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Score, Split, Usage
from dgm.steps.select_parents import POLICIES, select_parent

AGENTS, TASKS = 10_000, 20


@contextmanager
def stopwatch(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what:48} {1_000 * (time.perf_counter() - start):9.2f} ms")


def fill(folder: Path, agents: int = AGENTS) -> None:
    """Make a run of so many agents."""
    rng = random.Random(0)
    with Store.create(folder, ""):
        pass
    with open_for_writing(folder / "run.db") as connection, transaction(connection):
        rollout = 0
        for number in range(agents):
            parent = f"a{rng.randrange(number):04d}" if number else None
            tree = f"{number:040x}"
            connection.execute(
                "INSERT INTO agents VALUES (?, ?, ?, 'archived', ?, 'a title of a change', '', "
                "NULL, 0.01, 0, 1)",
                (number, f"a{number:04d}", parent, tree),
            )
            for task in range(TASKS):
                rollout += 1
                connection.execute(
                    "INSERT INTO rollouts (number, id, agent_id, task_id, split, purpose, "
                    "tree_hash, task_digest, attempt, grader_version, outcome, exit_code, "
                    "patch_bytes, agent_s, total_s, started_at, limits_in_force) "
                    "VALUES (?, ?, ?, ?, 'search', 'evaluate', ?, ?, 0, "
                    "'1', ?, 0, 100, 1, 1, 0, 'memory:cgroup pids:cgroup')",
                    (
                        *(rollout, f"r{rollout:06d}", f"a{number:04d}", f"task-{task}", tree),
                        *(f"{task:064x}", rng.choice(("solved", "failed", "timeout"))),
                    ),
                )
                connection.execute(
                    "INSERT INTO spending (agent_id, step, rollout_id, calls, input_tokens, "
                    "output_tokens, cost_usd) VALUES (?, 'evaluate', ?, 9, 900, 90, 0.01)",
                    (f"a{number:04d}", f"r{rollout:06d}"),
                )


def measure_reading(folder: Path) -> None:
    import git

    print(f"python {sys.version.split()[0]}, GitPython {git.__version__}")
    with stopwatch("open run"):
        opened = RunReader.open(folder)
        reader = opened.__enter__()
    with stopwatch("agents with usage"):
        reader.agents()
    with stopwatch("scores"):
        reader.scores(Split.SEARCH)
    with stopwatch("tree, ready for selection (all of the above)"):
        tree = reader.tree()
    with stopwatch("best agent"):
        tree.best()
    with stopwatch("networkx graph, with its import"):
        _ = tree.graph
    print(f"{'groups of equal candidates':48} {len(tree.candidates.ranks()):9}")
    rng = random.Random(1)
    for policy in POLICIES:
        times = []
        for _ in range(200):
            start = time.perf_counter()
            select_parent(policy, tree.candidates, rng)
            times.append(time.perf_counter() - start)
        worst = max(times)
        median = statistics.median(times)
        print(f"{'choose a parent, ' + policy:48} {1e3 * median:9.3f} ms  (max {1e3 * worst:.3f})")
    with stopwatch("put one agent into the tree"):
        tree.put(tree["a5000"], Score(10, 21))
    opened.__exit__(None, None, None)


def measure_writing(folder: Path, agent_folder: Path) -> None:
    (agent_folder / "tools").mkdir(parents=True)
    (agent_folder / "agent.toml").write_text('[agent]\ncommand = ["a"]\ntests = ["b"]\n')
    for number in range(30):
        (agent_folder / "tools" / f"tool_{number}.py").write_text(f"x = {number}\n" * 200)
    with Store.create(folder, "") as store:
        seed = store.archive(store.add_seed(agent_folder).id)
        with stopwatch("20 children committed"):
            for number in range(20):
                (agent_folder / "tools" / "tool_1.py").write_text(f"x = {number}\n" * 100)
                store.commit_child(store.start_child(seed.id).id, agent_folder)
        with stopwatch("one checkout (31 files)"):
            store.repository.checkout(seed.tree_hash or "", agent_folder.parent / "out")
        with stopwatch("200 rollouts started and finished"):
            for number in range(200):
                key = RolloutKey(Purpose.EVALUATE, seed.tree_hash or "", f"{number}")
                name = store.start_rollout(seed.id, "t", Split.SEARCH, key)
                store.finish_rollout(
                    Rollout(name, seed.id, "t", Split.SEARCH, key, Outcome.SOLVED, usage=Usage(1))
                )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        with stopwatch(f"fill with {AGENTS} agents, {AGENTS * TASKS} rollouts"):
            fill(Path(scratch, "big"))
        measure_reading(Path(scratch, "big"))
        measure_writing(Path(scratch, "small"), Path(scratch, "agent"))
