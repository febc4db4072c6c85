"""Recorded rollouts run again: the same ones come out the same, others say where they differ."""

import gzip
import json
import shutil
from dataclasses import replace

import pytest

from dgm.archive.reader import RunReader
from dgm.errors import ArchiveError, BenchmarkError
from dgm.records import Outcome, Purpose
from dgm.replay import Replayer
from dgm.wiring import checkouts
from tests.fakes import FaultyProvider, always
from tests.machine import Machine

pytestmark = pytest.mark.slow


@pytest.fixture
def replaying(finished, tmp_path):
    """A replayer over a copy of the finished run, whose model must never be asked."""
    machine, path = finished
    shutil.copytree(path, tmp_path / "copy")
    provider = FaultyProvider(machine.provider, always)
    machine = Machine(machine.place, machine.sandboxes, provider)
    with (
        RunReader.open(tmp_path / "copy") as reader,
        machine.laboratory(folder=tmp_path / "copy") as lab,
        checkouts(reader.repository) as code_of,
    ):
        yield Replayer(lab, reader, code_of)
    assert not provider.asked


def one(replayer, purpose, outcome=Outcome.SOLVED):
    """The first rollout of some purpose that ended so."""
    rollouts = replayer.reader.rollouts()
    return next(r for r in rollouts if r.key.purpose is purpose and r.outcome is outcome)


def edit_transcript(replayer, rollout, change):
    """Rewrite the lines of a recording."""
    path = replayer.lab.rollout_folder(rollout.id) / "transcript.jsonl.gz"
    with gzip.open(path) as file:
        lines = [json.loads(line) for line in file]
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in change(lines))


def test_every_rollout_of_a_run_comes_out_the_same(replaying):
    rollouts = [r for r in replaying.reader.rollouts() if replaying.can_replay(r)]
    purposes = {r.key.purpose for r in rollouts}
    assert purposes == {Purpose.CANARY, Purpose.EVALUATE, Purpose.MODIFY}
    assert {replaying.replay(r).divergence for r in rollouts} == {""}


def test_diagnosis_and_spoiled_rollouts_cannot_be_replayed(replaying):
    rollouts = replaying.reader.rollouts()
    diagnosis = next(r for r in rollouts if r.key.purpose is Purpose.DIAGNOSE)
    assert not replaying.can_replay(diagnosis)
    spoiled = replace(one(replaying, Purpose.EVALUATE), outcome=Outcome.INFRASTRUCTURE)
    assert not replaying.can_replay(spoiled)


def test_changed_agent_diverges_and_the_first_difference_is_named(replaying, tmp_path):
    def chatty(tree_hash):
        code = replaying.code_of(tree_hash)
        folder = shutil.copytree(code.folder, tmp_path / "chatty")
        script = (folder / "main.py").read_text().replace("ask(problem)", "ask('Hm. ' + problem)")
        (folder / "main.py").write_text(script)
        return replace(code, folder=folder)

    replayer = replace(replaying, code_of=chatty)
    result = replayer.replay(one(replaying, Purpose.EVALUATE))
    assert not result.is_same
    assert result.divergence.startswith("call 0: request.messages[0]")
    assert "Hm." in result.divergence


def test_agent_that_asks_less_diverges(replaying, tmp_path):
    def silent(tree_hash):
        code = replaying.code_of(tree_hash)
        folder = shutil.copytree(code.folder, tmp_path / "silent")
        script = (folder / "main.py").read_text().replace("ask(problem)", "(200, {})")
        (folder / "main.py").write_text(script)
        return replace(code, folder=folder)

    result = replace(replaying, code_of=silent).replay(one(replaying, Purpose.EVALUATE))
    assert "the recording has 1 calls" in result.divergence


def test_changed_recording_diverges(replaying):
    rollout = one(replaying, Purpose.EVALUATE)

    def change(lines):
        for line in lines:
            if "request" in line:
                line["request"]["messages"][0]["content"][0]["text"] = "another question"
        return lines

    edit_transcript(replaying, rollout, change)
    assert "another question" in replaying.replay(rollout).divergence


def test_changed_patch_or_outcome_diverges(replaying):
    rollout = one(replaying, Purpose.EVALUATE)
    wrong = replace(rollout, outcome=Outcome.FAILED)
    assert replaying.replay(wrong).divergence == "the outcome differs: failed recorded, solved now"
    (replaying.lab.rollout_folder(rollout.id) / "patch.diff").write_bytes(b"something else")
    assert "the patch differs: 14 bytes recorded" in replaying.replay(rollout).divergence


def test_replay_leaves_the_run_as_it_was(replaying):
    def contents():
        folder = replaying.lab.folder / "rollouts"
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    (replaying.lab.folder / "rollouts" / "r000002" / "grading.txt").write_text("as it was")
    before = contents()
    replaying.replay(replaying.reader.rollout("r000002"))
    assert contents() == before


def test_lost_transcript_and_changed_task_are_one_clear_line(replaying):
    rollout = one(replaying, Purpose.EVALUATE)
    changed = replace(rollout, key=replace(rollout.key, task_digest="other"))
    with pytest.raises(BenchmarkError, match=f"{rollout.task_id} has changed since"):
        replaying.replay(changed)
    with pytest.raises(BenchmarkError, match="no longer in this benchmark"):
        replaying.replay(replace(rollout, task_id="gone"))
    for path in replaying.lab.rollout_folder(rollout.id).glob("transcript*"):
        path.unlink()
    with pytest.raises(ArchiveError, match="no transcript"):
        replaying.replay(rollout)
