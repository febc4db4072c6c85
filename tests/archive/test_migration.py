"""A run written by the first version of the schema opens, keeps its facts, and goes on."""

import pytest

from dgm.archive.database import open_for_writing
from dgm.archive.reader import RunReader
from dgm.archive.schema import MIGRATIONS
from dgm.archive.store import Store
from dgm.errors import ArchiveError
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Usage

OLD_ROWS = """
INSERT INTO rollouts (number, id, agent_id, task_id, split, purpose, tree_hash, task_digest,
                      attempt, grader_version, outcome, started_at)
VALUES (1, 'r000001', 'a0000', 't', 'search', 'evaluate', 'tree', 'd', 0, 'v', 'solved', 1.0),
       (2, 'r000002', 'a0000', 't', 'search', 'evaluate', 'tree', 'd', 1, 'v', NULL, 2.0);
INSERT INTO spending (agent_id, step, rollout_id, calls, input_tokens, output_tokens, cost_usd)
VALUES ('a0000', 'evaluate', 'r000001', 3, 100, 50, 0.25);
"""


@pytest.fixture
def old_run(tmp_path, agent_folder):
    with Store.create(tmp_path / "run", "seed = 7\n") as store:
        store.add_seed(agent_folder)
        tables = ("meta", "agents", "events")
        kept = {t: [tuple(row) for row in store._rows(f"SELECT * FROM {t}")] for t in tables}
    for path in (tmp_path / "run").glob("run.db*"):
        path.unlink()
    with open_for_writing(tmp_path / "run" / "run.db", MIGRATIONS[:1]) as connection:
        for table, rows in kept.items():
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        connection.executescript(OLD_ROWS)
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    return tmp_path / "run"


def test_old_run_is_read_once_it_was_opened_for_writing(old_run):
    with pytest.raises(ArchiveError, match="dgm resume"), RunReader.open(old_run):
        pass
    with Store.open(old_run):
        pass
    with RunReader.open(old_run) as reader:
        assert reader.settings == "seed = 7\n"
        assert reader.usage() == Usage(3, 100, 50, 0.25)
        assert reader.rollout("r000001").usage == Usage(3, 100, 50, 0.25)


def test_old_run_goes_on_with_what_is_new(old_run):
    used = Usage(2, 10, 5, 0.5, 40, 20, 1, 3.5)
    with Store.open(old_run) as store:
        store.close_abandoned(lambda _: used)
        key = RolloutKey(Purpose.EVALUATE, "tree", "d", 2, "v")
        name = store.start_rollout("a0000", "t", Split.SEARCH, key)
        done = Rollout(name, "a0000", "t", Split.SEARCH, key, Outcome.SOLVED, usage=used)
        kept = store.finish_rollout(done).usage
        assert (kept, kept.seconds) == (used, 3.5)
        total = store.usage()
        assert total == Usage(7, 120, 60, 1.25, 80, 40, 2)
        assert total.tokens == 300
        assert total.seconds == 7.0
    with Store.open(old_run) as store:
        assert store._connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
