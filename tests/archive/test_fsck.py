import gzip
import shutil

import pytest

from dgm.archive.fsck import Severity, check
from dgm.archive.snapshot import take_snapshot
from dgm.archive.store import Store
from dgm.records import Outcome, Purpose, Rollout, RolloutKey, Split, Usage


@pytest.fixture
def run(tmp_path, agent_folder):
    """A finished run: a seed, a child, and a rollout with a transcript; nobody holds it."""
    folder = tmp_path / "archive" / "demo"
    with Store.create(folder, "seed = 1\n") as store:
        seed = store.archive(store.add_seed(agent_folder).id)
        child = store.start_child(seed.id)
        (agent_folder / "main.py").write_text("print(2)\n")
        store.archive(store.commit_child(child.id, agent_folder).id)
        finish_one(store, seed, "t1")
    return folder


def finish_one(store, agent, task, outcome=Outcome.SOLVED):
    key = RolloutKey(Purpose.EVALUATE, agent.tree_hash, task)
    rollout_id = store.start_rollout(agent.id, task, Split.SEARCH, key)
    (store.run.rollout(rollout_id) / "transcript.jsonl").write_text('{"call": 1}\n{"call": 2}\n')
    return store.finish_rollout(
        Rollout(rollout_id, agent.id, task, Split.SEARCH, key, outcome, usage=Usage(1, 1, 1, 0.1))
    )


def found(folder):
    return [(finding.severity.value, finding.where) for finding in check(folder)]


def test_sound_run_has_no_findings(run):
    assert check(run) == ()


def test_checking_changes_nothing(run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    check(run)
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert after.items() >= before.items()
    # SQLite makes its two companions, empty, to share the database with a writer.
    assert {path.name for path in after.keys() - before.keys()} <= {"run.db-wal", "run.db-shm"}


def test_run_being_written_is_sound(run, agent_folder):
    with Store.open(run) as store:
        seed = store.agent("a0000")
        key = RolloutKey(Purpose.EVALUATE, seed.tree_hash, "t2")
        store.start_rollout(seed.id, "t2", Split.SEARCH, key)
        assert check(run) == ()
    assert found(run) == [("note", "r000002")]


def test_missing_branch_is_an_error(run):
    (run / "agents.git/refs/heads/agents/a0001").unlink()
    assert ("error", "a0001") in found(run)


def test_branch_with_other_code_is_an_error(run):
    branches = run / "agents.git/refs/heads/agents"
    shutil.copy(branches / "a0000", branches / "a0001.new")
    (branches / "a0001.new").replace(branches / "a0001")
    messages = [finding.message for finding in check(run) if finding.where == "a0001"]
    assert any("other code" in message for message in messages)
    assert any("does not build on its parent" in message for message in messages)


def test_branch_without_row_is_a_note(run, agent_folder):
    with Store.open(run) as store:
        child = store.start_child("a0000")
        store.repository.commit(
            take_snapshot(agent_folder), agent_id=child.id, parent="a0000", message="m", at=1.0
        )
    assert found(run) == [("note", "a0002")]


def test_any_damaged_object_is_an_error(run):
    for path in (run / "agents.git/objects").glob("??/*"):
        sound = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(b"damage")
        assert ("error", "agents.git") in found(run)
        path.write_bytes(sound)
    assert check(run) == ()


def test_missing_repository_is_an_error(run):
    shutil.rmtree(run / "agents.git")
    assert found(run) == [("error", "demo")]


def test_damaged_database_is_an_error(run):
    data = bytearray((run / "run.db").read_bytes())
    data[4096 : 4096 * 4] = b"\xa5" * (4096 * 3)
    (run / "run.db").write_bytes(data)
    assert Severity.ERROR in {finding.severity for finding in check(run)}


def test_row_that_refers_to_nothing_is_an_error(run):
    with Store.open(run) as store:
        store._connection.execute("PRAGMA foreign_keys = OFF")
        store._connection.execute("UPDATE rollouts SET agent_id = 'a0099'")
    assert ("error", "run.db") in found(run)


def test_folder_without_row_is_a_note_and_evidence_without_folder_an_error(run):
    (run / "rollouts" / "r000077").mkdir()
    assert found(run) == [("note", "r000077")]
    shutil.rmtree(run / "rollouts")
    assert found(run) == [("error", "r000001")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("transcript.jsonl", b'{"call": 1}\n{"ca'),
        ("transcript.jsonl", b'{"call": 1}\nnonsense\n'),
        ("transcript.jsonl", b"\xff\xfe\n"),
        ("transcript.jsonl.gz", gzip.compress(b'{"call": 1}\n' * 500)[:-12]),
        ("transcript.jsonl.gz", b"no gzip at all"),
    ],
)
def test_torn_transcript_of_evidence_is_an_error(run, name, content):
    (run / "rollouts/r000001" / name).write_bytes(content)
    assert found(run) == [("error", f"r000001/{name}")]


def test_torn_transcript_of_an_abandoned_rollout_is_a_note(run):
    with Store.open(run) as store:
        seed = store.agent("a0000")
        key = RolloutKey(Purpose.EVALUATE, seed.tree_hash, "t2")
        lost = store.start_rollout(seed.id, "t2", Split.SEARCH, key)
        (store.run.rollout(lost) / "transcript.jsonl").write_bytes(b'{"ca')
        store.close_abandoned(lambda _: Usage())
    assert found(run) == [("note", "r000002/transcript.jsonl")]


def test_changed_settings_are_noted(run):
    (run / "run.toml").write_text("seed = 2\n")
    assert found(run) == [("note", "run.toml")]
    (run / "run.toml").unlink()
    assert found(run) == [("note", "run.toml")]


def test_compressed_transcript_is_sound(run):
    (run / "rollouts/r000001/transcript.jsonl.gz").write_bytes(gzip.compress(b'{"call": 1}\n'))
    assert check(run) == ()
