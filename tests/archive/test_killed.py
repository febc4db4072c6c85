"""A writing process is killed at random moments; what it had reported done must still be there."""

import random
import subprocess
import sys
import time
from pathlib import Path

from dgm.archive.fsck import Severity, check
from dgm.archive.store import Store
from dgm.records import Outcome, Usage

WRITER = """
import sys
from pathlib import Path
from dgm.archive.store import Store
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Usage

folder, agent_folder, spent = Path(sys.argv[1]), Path(sys.argv[2]), Usage(1, 10, 5, 0.5)
with Store.open(folder) as store:
    store.close_abandoned(lambda _: spent)
    print("open", flush=True)
    while True:
        child = store.start_child("a0000")
        (agent_folder / "main.py").write_text(f"print({child.number})")
        child = store.commit_child(child.id, agent_folder)
        for attempt in range(3):
            key = RolloutKey(Purpose.EVALUATE, child.tree_hash, "t1", attempt)
            name = store.start_rollout(child.id, "t1", Split.SEARCH, key)
            rollout = Rollout(name, child.id, "t1", Split.SEARCH, key, Outcome.SOLVED, usage=spent)
            store.finish_rollout(rollout)
            print(name, flush=True)
        store.archive(child.id)
        print(child.id, flush=True)
"""


def kill_a_writer(folder: Path, agent_folder: Path, after: int, pause_s: float) -> list[str]:
    """Let a writer report `after` things and go on for a moment; return all it reported."""
    command = [sys.executable, "-c", WRITER, str(folder), str(agent_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "open\n"
        reported = [writer.stdout.readline() for _ in range(after)]
        time.sleep(pause_s)
        writer.kill()
        return [line.strip() for line in (*reported, *writer.stdout)]


def test_killed_writer_loses_nothing_it_reported(tmp_path, write_agent):
    folder, agent_folder = tmp_path / "run", write_agent(tmp_path / "agent")
    with Store.create(folder, "") as store:
        store.archive(store.add_seed(agent_folder).id)
    rng, reported = random.Random(1), set()
    for _ in range(10):
        after, pause_s = rng.randrange(8), rng.uniform(0.0, 0.01)
        reported |= set(kill_a_writer(folder, agent_folder, after, pause_s))
        assert not [found for found in check(folder) if found.severity is Severity.ERROR]

    with Store.open(folder) as store:
        store.close_abandoned(lambda _: Usage(1, 10, 5, 0.5))
        rollouts = store.rollouts()
        solved = {rollout.id for rollout in rollouts if rollout.outcome is Outcome.SOLVED}
        archived = {candidate.agent_id for candidate in store.tree().candidates}
        assert reported <= solved | archived
        assert len(reported) > 20
        assert store.usage().calls == len(rollouts)
        numbers = [agent.number for agent in store.agents()]
        assert numbers == list(range(len(numbers)))
