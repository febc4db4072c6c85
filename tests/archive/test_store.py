import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from dgm.archive.database import open_for_writing
from dgm.archive.layout import runs_below
from dgm.archive.reader import RunReader
from dgm.archive.snapshot import take_snapshot
from dgm.archive.store import Store
from dgm.errors import AgentFormatError, ArchiveError, ChildRefusedError
from dgm.events import EventKind
from dgm.records import (
    AgentState,
    Conduct,
    Diagnosis,
    Outcome,
    Purpose,
    Rollout,
    RolloutKey,
    Score,
    Split,
    Task,
    Usage,
)
from tests.bench.bench_archive import fill

DIAGNOSIS = Diagnosis(
    "t1", "log", ("one", "two"), "Show line numbers\nin detail", "edit tools", "it cannot see"
)


def key_for(agent, task="t1", attempt=0, purpose=Purpose.EVALUATE):
    return RolloutKey(purpose, agent.tree_hash, f"digest-of-{task}", attempt, "g1")


def work(store, agent, task="t1", outcome=Outcome.SOLVED, split=Split.SEARCH, usage=Usage()):  # noqa: B008
    return finish(store, agent, task, key_for(agent, task), outcome, split, usage)


def diagnose(store, agent, usage, attempt=0):
    key = RolloutKey(Purpose.DIAGNOSE, "tree", f"child/{agent.id}", attempt)
    return finish(store, agent, "diagnosis", key, Outcome.SOLVED, None, usage)


def finish(store, agent, task, key, outcome, split, usage):
    rollout_id = store.start_rollout(agent.id, task, split, key)
    return store.finish_rollout(
        Rollout(rollout_id, agent.id, task, split, key, outcome, usage=usage)
    )


def child_of(store, agent_folder, body, parent="a0000"):
    child = store.start_child(parent, 0.25)
    (agent_folder / "main.py").write_text(body)
    return store.commit_child(child.id, agent_folder)


def test_run_is_laid_out_as_documented(store):
    assert {path.name for path in store.run.path.iterdir()} >= {
        "run.toml",
        "agents.git",
        "run.db",
        "rollouts",
    }
    assert store.settings == store.run.settings.read_text() == "seed = 1\n"
    assert [path.name for path in store.run.path.parent.iterdir()] == ["demo"]


def test_run_is_not_created_over_another(store):
    with (
        pytest.raises(ArchiveError, match="exists already"),
        Store.create(store.run.path, "x"),
    ):
        pass


def test_seed_is_the_first_agent_and_adding_it_again_is_harmless(store, agent_folder):
    seed = store.add_seed(agent_folder)
    assert (seed.id, seed.number, seed.parent_id) == ("a0000", 0, None)
    assert store.add_seed(agent_folder) == seed
    (agent_folder / "main.py").write_text("other\n")
    with pytest.raises(ArchiveError, match="another seed"):
        store.add_seed(agent_folder)


def test_seed_that_is_no_agent_changes_nothing(store, tmp_path):
    with pytest.raises(AgentFormatError):
        store.add_seed(tmp_path)
    assert store.agents() == ()


def test_title_is_the_first_line_of_the_proposal_cut_between_words(seeded):
    proposal = "Show the model every failing test with its traceback before it edits any file\nso"
    child = seeded.start_child("a0000")
    child = seeded.set_diagnosis(child.id, replace(DIAGNOSIS, proposal=proposal))
    assert child.title == "Show the model every failing test with its traceback before it edits…"


def test_child_goes_its_way_into_the_archive(seeded, agent_folder):
    child = seeded.start_child("a0000", 0.25)
    assert (child.id, child.state) == ("a0001", AgentState.DIAGNOSING)
    child = seeded.set_diagnosis(child.id, DIAGNOSIS)
    diagnose(seeded, child, Usage(1, 10, 5, 0.5))
    assert (child.state, child.title) == (AgentState.MODIFYING, "Show line numbers")
    (agent_folder / "main.py").write_text("print(2)\n")
    child = seeded.commit_child(child.id, agent_folder, "change")
    seeded.set_state(child.id, AgentState.EVALUATING)
    child = seeded.archive(child.id)
    assert child.diagnosis == DIAGNOSIS
    assert child.selection_probability == 0.25
    assert child.usage == Usage(1, 10, 5, 0.5)
    assert child.finished_at > child.created_at
    kinds = [event.kind for event in seeded.events() if event.agent_id == "a0001"]
    assert kinds == [
        EventKind.AGENT_STARTED,
        EventKind.AGENT_DIAGNOSED,
        EventKind.ROLLOUT_STARTED,
        EventKind.ROLLOUT_FINISHED,
        EventKind.AGENT_COMMITTED,
        EventKind.AGENT_MOVED,
        EventKind.AGENT_ARCHIVED,
    ]


def test_identical_children_are_recognised(seeded, agent_folder):
    first = child_of(seeded, agent_folder, "print(2)\n")
    second = seeded.start_child("a0000")
    with pytest.raises(ChildRefusedError, match=r"identical to that of a0001"):
        seeded.commit_child(second.id, agent_folder)
    assert seeded.commit_child(first.id, agent_folder) == first
    assert {branch.agent_id for branch in seeded.repository.branches()} == {"a0000", "a0001"}


def test_child_that_changes_nothing_is_identical_to_its_parent(seeded, agent_folder):
    child = seeded.start_child("a0000")
    with pytest.raises(ChildRefusedError, match="identical to that of a0000"):
        seeded.commit_child(child.id, agent_folder)


def test_child_without_manifest_is_refused_and_can_be_rejected(seeded, agent_folder):
    child = seeded.start_child("a0000")
    (agent_folder / "agent.toml").unlink()
    with pytest.raises(ChildRefusedError, match=r"no agent\.toml") as refusal:
        seeded.commit_child(child.id, agent_folder)
    rejected = seeded.reject(child.id, refusal.value.reason)
    assert (rejected.state, rejected.reason) == (AgentState.REJECTED, refusal.value.reason)


def test_committed_code_of_an_agent_cannot_be_exchanged(seeded, agent_folder):
    child = child_of(seeded, agent_folder, "print(2)\n")
    (agent_folder / "main.py").write_text("print(3)\n")
    with pytest.raises(ArchiveError, match="already holds other code"):
        seeded.commit_child(child.id, agent_folder)


def test_branch_left_by_a_crash_is_replaced(seeded, agent_folder):
    child = seeded.start_child("a0000")
    (agent_folder / "main.py").write_text("before the crash\n")
    seeded.repository.commit(
        take_snapshot(agent_folder), agent_id=child.id, parent="a0000", message="m", at=1.0
    )
    (agent_folder / "main.py").write_text("after it\n")
    child = seeded.commit_child(child.id, agent_folder)
    assert seeded.repository.branch(child.id).tree_hash == child.tree_hash


def test_final_states_are_final(seeded, agent_folder):
    child = seeded.start_child("a0000")
    with pytest.raises(ArchiveError, match="no code"):
        seeded.archive(child.id)
    rejected = seeded.reject(child.id, "why")
    assert seeded.reject(child.id, "again") == rejected
    with pytest.raises(ArchiveError, match="cannot become"):
        seeded.set_state(child.id, AgentState.MODIFYING)
    with pytest.raises(ArchiveError, match="cannot become"):
        seeded.reject("a0000", "no")


def test_text_that_is_no_unicode_is_kept_readable(seeded, agent_folder):
    child = seeded.start_child("a0000")
    odd = Diagnosis("t1", "log \ud800", ("\udfff",), "title \ud800", "i", "p\0")
    child = seeded.set_diagnosis(child.id, odd)
    assert (child.title, child.diagnosis.log_summary) == ("title ?", "log ?")
    (agent_folder / "main.py").write_text("print(2)\n")
    assert seeded.commit_child(child.id, agent_folder, odd.title).tree_hash
    assert seeded.reject(child.id, "because \ud800").reason == "because ?"
    assert all(str(event.data).isprintable() for event in seeded.events())


def test_unknown_agent_is_one_clear_line(seeded):
    with pytest.raises(ArchiveError, match="no agent 'a0009'"):
        seeded.start_child("a0009")


def test_tasks_are_fixed_for_the_run(store):
    task = Task("t1", "quick", Split.SEARCH, "d1", "mend it", 10.0, 5.0, "easy")
    sealed = Task("t2", "quick", Split.SEALED, "d2", "mend that")
    store.add_tasks([task, sealed])
    store.add_tasks([task])
    assert store.tasks() == (task, sealed)
    assert store.tasks(Split.SEALED) == (sealed,)
    assert store.task("t2") == sealed
    with pytest.raises(ArchiveError, match="no task 't3'"):
        store.task("t3")
    with pytest.raises(ArchiveError, match="t1 is not what it was"):
        store.add_tasks([Task("t1", "quick", Split.SEARCH, "d9", "mend it")])


def test_finished_rollout_is_read_back_as_it_was(seeded):
    seed = seeded.agent("a0000")
    rollout_id = seeded.start_rollout(seed.id, "t1", Split.SEARCH, key_for(seed))
    assert seeded.running_rollouts() == (rollout_id,)
    assert seeded.run.rollout(rollout_id).is_dir()
    started = seeded.events()[-1].at - 1
    rollout = Rollout(
        id=rollout_id,
        agent_id=seed.id,
        task_id="t1",
        split=Split.SEARCH,
        key=key_for(seed),
        outcome=Outcome.FAILED,
        detail="2 of 3",
        exit_code=-9,
        patch_bytes=77,
        usage=Usage(3, 100, 50, 0.125),
        agent_s=1.5,
        total_s=2.5,
        started_at=started,
        limits_in_force=("memory:cgroup", "pids: rlimit"),
        tests_passed=2,
        tests_total=3,
    )
    assert seeded.finish_rollout(rollout) == rollout
    assert seeded.rollouts() == (rollout,)
    assert seeded.evaluations("a0000") == (rollout,)
    assert seeded.running_rollouts() == ()


def test_rollout_finished_twice_is_counted_once(seeded):
    seed = seeded.agent("a0000")
    first = work(seeded, seed, usage=Usage(1, 1, 1, 1.0))
    assert seeded.finish_rollout(first) == first
    assert seeded.usage() == Usage(1, 1, 1, 1.0)
    assert seeded.score("a0000") == Score(1, 1)


def test_same_work_under_another_id_is_no_second_evidence_but_its_cost_counts(seeded):
    seed = seeded.agent("a0000")
    first = work(seeded, seed, outcome=Outcome.FAILED, usage=Usage(1, 1, 1, 1.0))
    standing = work(seeded, seed, outcome=Outcome.SOLVED, usage=Usage(1, 1, 1, 2.0))
    assert standing == first
    assert seeded.score("a0000") == Score(0, 1)
    assert seeded.usage() == Usage(2, 2, 2, 3.0)
    assert seeded.rollout("r000002").outcome is Outcome.INFRASTRUCTURE


def test_finished_evidence_is_found_by_its_key(seeded):
    seed = seeded.agent("a0000")
    assert seeded.find_rollout(key_for(seed)) is None
    done = work(seeded, seed)
    assert seeded.find_rollout(key_for(seed)) == done
    assert seeded.find_rollout(key_for(seed, attempt=1)) is None
    assert seeded.find_rollout(key_for(seed, purpose=Purpose.CANARY)) is None


def test_broken_machine_is_no_evidence_and_does_not_block_a_retry(seeded):
    seed = seeded.agent("a0000")
    work(seeded, seed, outcome=Outcome.INFRASTRUCTURE)
    assert seeded.find_rollout(key_for(seed)) is None
    assert seeded.scores(Split.SEARCH) == {}
    work(seeded, seed, outcome=Outcome.INFRASTRUCTURE)
    assert work(seeded, seed).outcome is Outcome.SOLVED
    assert seeded.scores(Split.SEARCH) == {"a0000": Score(1, 1)}


def test_scores_keep_splits_purposes_and_agents_apart(seeded, agent_folder):
    seed = seeded.agent("a0000")
    child = child_of(seeded, agent_folder, "print(2)\n")
    for task, outcome in (("t1", Outcome.SOLVED), ("t2", Outcome.TIMEOUT), ("t3", Outcome.SOLVED)):
        work(seeded, seed, task, outcome)
    work(seeded, child, "t1", Outcome.FAILED)
    work(seeded, seed, "t9", Outcome.SOLVED, Split.SEALED)
    key = key_for(seed, "canary", purpose=Purpose.CANARY)
    canary = seeded.start_rollout(seed.id, "canary", Split.SEARCH, key)
    seeded.finish_rollout(Rollout(canary, seed.id, "canary", Split.SEARCH, key, Outcome.SOLVED))
    assert seeded.scores(Split.SEARCH) == {"a0000": Score(2, 3), "a0001": Score(0, 1)}
    assert seeded.scores(Split.SEALED) == {"a0000": Score(1, 1)}
    assert seeded.score("a0000", Split.SEALED) == Score(1, 1)
    assert seeded.outcome_matrix(Split.SEARCH) == {
        "a0000": {"t1": Score(1, 1), "t2": Score(0, 1), "t3": Score(1, 1)},
        "a0001": {"t1": Score(0, 1)},
    }
    assert len(seeded.rollouts(agent_id="a0000", purpose=Purpose.CANARY)) == 1


def graded_by(store, agent, version, task, outcome, purpose=Purpose.EVALUATE, came_from=None):
    key = replace(key_for(agent, task, purpose=purpose), grader_version=version)
    name = store.start_rollout(agent.id, task, Split.SEARCH, key)
    row = Rollout(name, agent.id, task, Split.SEARCH, key, outcome, regraded_from=came_from)
    return store.finish_rollout(row)


def test_scores_count_one_grader_and_change_over_at_once(seeded):
    seed = seeded.agent("a0000")
    assert (seeded.graded_by(), seeded.graders(), seeded.graded()) == (None, {}, ())
    old = [graded_by(seeded, seed, "10", task, Outcome.SOLVED) for task in ("t1", "t2")]
    new = graded_by(seeded, seed, "9", "t1", Outcome.TAMPERED, came_from=old[0].id)
    assert (seeded.graded_by(), seeded.graders()) == ("10", {"10": 2, "9": 1})
    assert seeded.scores(Split.SEARCH) == {"a0000": Score(2, 2)}
    assert (seeded.score("a0000"), seeded.conduct()) == (Score(2, 2), {})
    assert seeded.evaluations("a0000") == tuple(old)
    seeded.count_grader("9")
    assert (seeded.graded_by(), seeded.graders()) == ("9", {"10": 2, "9": 1})
    assert (seeded.score("a0000"), seeded.conduct()) == (
        Score(0, 1),
        {"a0000": Conduct(Score(), 1)},
    )
    assert seeded.outcome_matrix(Split.SEARCH) == {"a0000": {"t1": Score(0, 1)}}
    assert seeded.evaluations("a0000") == (new,)
    assert seeded.graded() == (*old, new)
    assert (new.work_id, old[0].work_id) == (old[0].id, old[0].id)
    assert seeded.events()[-1].kind is EventKind.RUN_REGRADED


def test_impossible_tasks_are_conduct_and_no_score(seeded):
    seed = seeded.agent("a0000")
    for task, outcome in (("i1", Outcome.SOLVED), ("i2", Outcome.FAILED), ("i3", Outcome.TAMPERED)):
        graded_by(seeded, seed, "v", task, outcome, Purpose.IMPOSSIBLE)
    assert seeded.conduct() == {"a0000": Conduct(Score(1, 3), 1)}
    assert seeded.score("a0000") == Score()
    assert seeded.evaluations("a0000") == ()
    key = key_for(seed, "i4", purpose=Purpose.IMPOSSIBLE)
    name = seeded.start_rollout(seed.id, "i4", Split.SEARCH, key)
    assert seeded.running_work() == ((name, "a0000", "evaluate"),)


def test_every_cent_is_counted_once_by_agent_step_and_run(seeded, agent_folder):
    child = seeded.start_child("a0000")
    diagnose(seeded, child, Usage(1, 10, 5, 0.5))
    diagnose(seeded, child, Usage(1, 1, 1, 0.25), attempt=1)
    work(seeded, seeded.agent("a0000"), usage=Usage(2, 2, 2, 2.0))
    assert seeded.usage() == Usage(4, 13, 8, 2.75)
    assert seeded.usage_by_agent() == {
        "a0000": Usage(2, 2, 2, 2.0),
        "a0001": Usage(2, 11, 6, 0.75),
    }
    assert seeded.usage_by_step() == {
        "diagnose": Usage(2, 11, 6, 0.75),
        "evaluate": Usage(2, 2, 2, 2.0),
    }
    assert [agent.usage for agent in seeded.agents()] == list(seeded.usage_by_agent().values())


def test_abandoned_rollouts_are_closed_and_their_spending_stays_counted(seeded):
    seed = seeded.agent("a0000")
    lost = seeded.start_rollout(seed.id, "t1", Split.SEARCH, key_for(seed))
    (closed,) = seeded.close_abandoned(lambda _: Usage(4, 40, 20, 1.5))
    assert (closed.id, closed.outcome) == (lost, Outcome.INFRASTRUCTURE)
    assert seeded.usage() == closed.usage == Usage(4, 40, 20, 1.5)
    assert seeded.close_abandoned(lambda _: Usage(9)) == ()
    assert work(seeded, seed).id == "r000002"


def test_what_fails_halfway_leaves_no_trace(seeded, monkeypatch):
    events = seeded.events()
    with monkeypatch.context() as patch:
        patch.setattr(seeded, "_tell", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seeded.start_child("a0000")
    assert [agent.id for agent in seeded.agents()] == ["a0000"]
    assert seeded.events() == events
    assert seeded.start_child("a0000").id == "a0001"


def block(path):
    """Put a file where a folder has to be: as unwritable as a full disk, for root as well."""
    shutil.rmtree(path)
    path.touch()


def test_disk_that_takes_nothing_is_one_clear_line_and_harms_nothing(seeded, agent_folder):
    child, seed = seeded.start_child("a0000"), seeded.agent("a0000")
    (agent_folder / "main.py").write_text("print(2)\n")
    block(seeded.run.agents / "refs" / "heads" / "agents")
    block(seeded.run.rollouts)
    for attempt in (
        lambda: seeded.commit_child(child.id, agent_folder),
        lambda: seeded.start_rollout(seed.id, "t1", Split.SEARCH, key_for(seed)),
        lambda: Store.create(agent_folder / "main.py" / "run", "").__enter__(),
    ):
        with pytest.raises(ArchiveError) as error:
            attempt()
        assert "\n" not in str(error.value)
    assert seeded.agent(child.id) == child
    assert seeded.running_rollouts() == ()


def test_second_writer_is_told_who_writes(store):
    program = (
        "import sys; from pathlib import Path; from dgm.archive.store import Store\n"
        "from dgm.errors import ArchiveError\n"
        "try:\n    Store.open(Path(sys.argv[1])).__enter__()\n"
        "except ArchiveError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(store.run.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert "run demo is being evolved by process" in done.stdout
    assert done.stdout.count("\n") == 1


def test_run_can_be_opened_again_when_its_writer_has_gone(tmp_path, agent_folder):
    with Store.create(tmp_path / "run", "") as store:
        seed = store.add_seed(agent_folder)
        store.remember("random_state", "42")
    with Store.open(tmp_path / "run") as store:
        assert store.agents() == (seed,)
        assert store.recall("random_state") == "42"
        assert store.recall("unknown") is None


def test_reader_works_while_the_run_is_written_and_sees_it_grow(seeded, agent_folder):
    with RunReader.open(seeded.run.path) as reader:
        seen = reader.events()[-1].id
        child_of(seeded, agent_folder, "print(2)\n")
        assert [agent.id for agent in reader.agents()] == ["a0000", "a0001"]
        assert [event.kind for event in reader.events(since=seen)] == [
            EventKind.AGENT_STARTED,
            EventKind.AGENT_COMMITTED,
        ]


def test_threads_share_a_store(seeded):
    seed = seeded.agent("a0000")
    threads = [
        threading.Thread(
            target=lambda name: [work(seeded, seed, f"{name}-{n}") for n in range(20)], args=(name,)
        )
        for name in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seeded.score("a0000") == Score(80, 80)
    assert len({rollout.id for rollout in seeded.rollouts()}) == 80


def test_run_made_with_a_seed_has_it_from_the_first_moment(tmp_path, agent_folder, monkeypatch):
    monkeypatch.setattr(Store, "add_seed", _killed)
    with pytest.raises(KeyboardInterrupt), Store.create(tmp_path / "run", "", seed=agent_folder):
        pass
    assert runs_below(tmp_path) == ()
    monkeypatch.undo()
    with Store.create(tmp_path / "run", "", seed=agent_folder) as store:
        assert store.agent("a0000").tree_hash


def test_part_of_a_run_that_a_killed_process_left_is_no_run_and_is_removed(tmp_path):
    stale = tmp_path / ".run.4194999.part"
    stale.mkdir()
    (stale / "run.db").touch()
    assert runs_below(tmp_path) == ()
    with Store.create(tmp_path / "run", ""):
        assert not stale.exists()


def _killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("line", ['packages = ["openai"]', 'without = ["openai"]'])
def test_child_with_packages_of_its_own_choice_is_refused(seeded, agent_folder, line):
    child = seeded.start_child("a0000")
    with (agent_folder / "agent.toml").open("a") as manifest:
        manifest.write(f"{line}\n")
    with pytest.raises(ChildRefusedError, match=r"other packages in agent\.toml"):
        seeded.commit_child(child.id, agent_folder)


def test_run_that_is_made_up_to_be_measured_opens(tmp_path):
    fill(tmp_path / "big", agents=30)
    with RunReader.open(tmp_path / "big") as reader:
        assert len(reader.tree().candidates.ranks()) > 1
        assert reader.score("a0029").attempted == 20


def test_score_counts_the_tasks_behind_several_attempts(tmp_path):
    fill(tmp_path / "big", agents=1)
    with open_for_writing(tmp_path / "big" / "run.db") as connection:
        connection.execute(
            "UPDATE rollouts SET task_id = 'one', attempt = number, outcome = 'failed'"
        )
    with RunReader.open(tmp_path / "big") as reader:
        assert (
            reader.score("a0000") == reader.scores(Split.SEARCH)["a0000"] == Score(0, 20, tasks=1)
        )
