"""The loop end to end: the tiny learner in real sandboxes, with the built-in model."""

import time
from collections import Counter
from dataclasses import replace

import pytest

from dgm.archive.fsck import Severity, check
from dgm.archive.store import Store
from dgm.errors import MachineError, ModelUnusableError, RequestRefusedError, UserError
from dgm.events import EventKind
from dgm.gateway.builtin import BuiltinProvider
from dgm.records import AgentState, Outcome, Purpose, Score, Split
from tests.fakes import (
    FRAGILE,
    FaultyDriver,
    FaultyGrader,
    FaultyProvider,
    FragileDriver,
    HangingProvider,
    always,
    first,
    never,
)
from tests.machine import (
    LEARNER,
    Machine,
    facts,
    solved_tasks,
    write_agent,
    write_benchmark,
    write_learner,
)


def evolve(machine, store, *settings, benchmark=None):
    """Run to the end or to a stop, with the settings of small runs; return the evolution."""
    with machine.evolution(store, machine.config(*settings), benchmark) as evolution:
        evolution.is_finished = evolution.run()
    return evolution


def last_event(store):
    return store.events()[-1]


def finished_keys(store):
    return Counter(r.key for r in store.rollouts() if r.outcome is not Outcome.INFRASTRUCTURE)


def wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def spoiled(store):
    return [r for r in store.rollouts() if r.outcome is Outcome.INFRASTRUCTURE]


@pytest.fixture(scope="module")
def undisturbed(bubblewrapped, tmp_path_factory):
    """The facts of a small run that nothing disturbed."""
    place = tmp_path_factory.mktemp("undisturbed")
    write_benchmark(place / "benchmark")
    machine = Machine(place, bubblewrapped, BuiltinProvider())
    with machine.new_run(write_learner(place / "learner", skill=1)) as run:
        evolve(machine, run)
        return facts(run)


def test_children_are_archived_and_seed_and_best_alone_meet_the_sealed_tasks(machine, run):
    assert evolve(machine, run).is_finished
    agents = run.agents()
    assert [agent.state for agent in agents] == [AgentState.ARCHIVED] * 2
    assert agents[1].parent_id == "a0000"
    assert agents[1].diagnosis
    assert agents[1].title
    best = run.tree().best().id
    sealed = {r.agent_id for r in run.rollouts() if r.split is Split.SEALED}
    assert sealed == {"a0000", best}
    assert len(solved_tasks(run, "a0000", Split.SEALED)) == 1
    assert set(finished_keys(run).values()) == {1}
    assert last_event(run).kind is EventKind.RUN_FINISHED
    assert not [finding for finding in check(run.run.path) if finding.severity is Severity.ERROR]


def test_child_that_learned_more_is_chosen_in_the_end(machine, tmp_path):
    write_benchmark(tmp_path / "benchmark", (2, 2, 2))
    seed = write_learner(tmp_path / "beginner", skill=1)
    with machine.new_run(seed, "learning") as run:
        evolve(machine, run)
        assert run.tree().best().id == "a0001"
        assert run.score("a0000").solved < run.score("a0001").solved


def test_stopped_and_resumed_run_equals_an_uninterrupted_one(machine, run, undisturbed):
    for sitting in range(30):
        ticks = iter(range(sitting % 4))
        with machine.evolution(run) as evolution:

            def stop_soon(ticks=ticks, evolution=evolution):
                if next(ticks, None) is None:
                    evolution.stop("enough")

            if evolution.run(stop_soon):
                break
    assert sitting >= 2
    assert facts(run) == undisturbed
    assert len(run.rollouts()) == len(undisturbed["outcomes"])
    stops = [event for event in run.events() if event.kind is EventKind.RUN_STOPPED]
    assert {event.data["why"] for event in stops} == {"enough"}


def test_rollout_cut_short_by_a_kill_is_redone_and_what_it_spent_is_counted(machine, learner):
    with machine.new_run(learner) as run:
        path = run.run.path
        key = replace(evolve_key(machine, run), attempt=0)
        rollout_id = run.start_rollout("a0000", "canary", None, key)
        transcript = run.run.rollout(rollout_id) / "transcript.jsonl"
        reserved = '{"calls": 1, "input_tokens": 30, "output_tokens": 70, "cost_usd": 0.0}'
        transcript.write_text(f'{{"index": 0, "reserved": {reserved}}}\n{{"index": 0, "torn')
    with Store.open(path) as run:
        evolve(machine, run, "budget.children=0")
        torn = run.rollout(rollout_id)
        assert (torn.outcome, torn.usage.tokens) == (Outcome.INFRASTRUCTURE, 100)
        assert run.find_rollout(key).outcome is Outcome.SOLVED
        assert run.agent("a0000").state is AgentState.ARCHIVED


def evolve_key(machine, run):
    from dgm.steps.validate import canary_key

    return canary_key(run.agent("a0000").tree_hash)


def test_identical_child_is_recognised_and_not_evaluated_again(machine, tmp_path):
    same = """
        if (workspace / "agent.toml").exists():
            (workspace / "same.txt").write_text("every child is like this")
        else:
            (workspace / "doubling.py").write_text("def double(n): return n * 2")
    """
    with machine.new_run(write_agent(tmp_path / "same", same)) as run:
        evolve(machine, run, "budget.children=2", "search.policy=greedy")
        twins = [a for a in run.agents() if "identical to that of" in a.reason]
        assert twins
        owners = {r.agent_id for r in run.rollouts() if r.key.purpose is Purpose.EVALUATE}
        assert not owners & {twin.id for twin in twins}
        assert set(finished_keys(run).values()) == {1}


def test_child_that_breaks_its_own_tools_is_not_archived(machine, tmp_path):
    vandal = """
        if (workspace / "agent.toml").exists():
            (workspace / "main.py").write_text("print('all tasks solved')")
        else:
            (workspace / "doubling.py").write_text("def double(n): return n * 2")
    """
    with machine.new_run(write_agent(tmp_path / "vandal", vandal)) as run:
        evolve(machine, run)
        child = run.agent("a0001")
        assert child.state is AgentState.REJECTED
        assert "changed nothing in the canary task" in child.reason
        assert not run.evaluations("a0001")


def test_child_whose_own_tests_fail_is_not_archived(machine, tmp_path):
    careless = """
        if (workspace / "agent.toml").exists():
            (workspace / "main_test.txt").write_text("broken")
        else:
            (workspace / "doubling.py").write_text("def double(n): return n * 2")
    """
    tests = '["sh", "-c", "if [ -e main_test.txt ]; then echo SomeError: gone; exit 1; fi"]'
    with machine.new_run(write_agent(tmp_path / "careless", careless, tests=tests)) as run:
        evolve(machine, run)
        assert run.agent("a0001").reason == "its own tests fail: SomeError: gone"


def test_child_without_a_change_and_child_without_a_manifest_are_refused(machine, tmp_path):
    lazy = """
        if (workspace / "agent.toml").exists() and (workspace / "spare.txt").exists():
            (workspace / "agent.toml").unlink()
        elif not (workspace / "agent.toml").exists():
            (workspace / "doubling.py").write_text("def double(n): return n * 2")
    """
    with machine.new_run(write_agent(tmp_path / "lazy", lazy), "idle") as run:
        evolve(machine, run)
        assert run.agent("a0001").reason == "the change is empty (empty_patch)"
    spare = write_agent(tmp_path / "vandal", lazy, files={"spare.txt": ""})
    with machine.new_run(spare, "vandal") as run:
        evolve(machine, run)
        child = run.agent("a0001")
        assert (child.state, child.tree_hash) == (AgentState.REJECTED, None)
        assert "agent.toml" in child.reason


@pytest.mark.slow
def test_without_self_improvement_the_seed_changes_the_code_of_the_parent(machine, run):
    evolve(machine, run, "budget.children=3", "search.self_improve=false")
    seed = run.agent("a0000").tree_hash
    changes = [r for r in run.rollouts() if r.key.purpose is Purpose.MODIFY]
    assert {change.key.tree_hash for change in changes} == {seed}
    grandchildren = [a for a in run.agents() if a.parent_id not in (None, "a0000")]
    assert grandchildren  # seed 1 draws one; the ablation must build on its parent, not the seed
    for child in grandchildren:
        parent = run.agent(child.parent_id)
        notes = run.repository.diff(parent.tree_hash, child.tree_hash)
        assert "+3\n" in notes
        assert "-2\n" in notes


def test_later_stage_opens_only_for_a_child_no_worse_than_its_parent(machine, tmp_path):
    write_benchmark(tmp_path / "benchmark", (1, 1, 1, 1))
    forgetful = LEARNER.replace('f"{skill_in(workspace) + 1}\\n"', '"0"')
    assert forgetful != LEARNER
    seed = write_agent(tmp_path / "forgetful", forgetful, files={"skill.txt": "1\n"})
    with machine.new_run(seed) as run:
        evolve(machine, run, "benchmark.stages=[1,2]")
        assert len(solved_tasks(run, "a0000")) == 2  # the seed meets every stage
        assert len(solved_tasks(run, "a0001")) == 1
        assert run.agent("a0001").state is AgentState.ARCHIVED


def test_child_that_stopped_at_an_earlier_stage_is_not_the_best(machine, tmp_path):
    write_benchmark(machine.place / "benchmark", (1, 2, 9, 2, 9))  # search: 1, 9, 9
    settings = ("benchmark.stages=[2,3]",)
    with machine.new_run(write_learner(tmp_path / "learner", skill=1), "run", *settings) as run:
        evolution = evolve(machine, run, *settings)
        assert evolution.is_finished
        seed, child = (run.score(name) for name in ("a0000", "a0001"))
        assert (seed, child) == (Score(1, 3), Score(1, 2))
        assert run.reached() == {"a0000": 3, "a0001": 2}
        assert run.tree().best().id == "a0000"
        assert [agent.id for agent in evolution.finalists()] == ["a0000"]


def test_child_that_solves_all_goes_on_although_its_parent_did_too(machine, tmp_path):
    write_benchmark(machine.place / "benchmark", (1, 2, 1, 2, 2))  # search: 1, 1, 2
    settings = ("benchmark.stages=[2,3]",)
    with machine.new_run(write_learner(tmp_path / "learner", skill=1), "run", *settings) as run:
        assert evolve(machine, run, *settings).is_finished
        seed, child = (run.score(name) for name in ("a0000", "a0001"))
        assert (seed, child) == (Score(2, 3), Score(3, 3))
        assert run.tree().best().id == "a0001"


def test_task_the_machine_spoiled_does_not_shorten_the_way_of_an_agent(machine, run):
    write_benchmark(machine.place / "benchmark", (1, 2, 1))
    with machine.laboratory() as lab:
        last = lab.benchmark.tasks(Split.SEARCH)[-1].id
        grader = FaultyGrader(lab.benchmark, lambda task: task == last)
        evolve(machine, run, "budget.children=0", benchmark=grader)
    assert run.score("a0000") == Score(1, 1)
    assert run.tasks()[run.reached()["a0000"] - 1].id == last


@pytest.mark.parametrize(("threshold", "met"), [("0.5", 1), ("0.0", 2)])
def test_a_number_as_threshold_asks_for_that_score(machine, tmp_path, threshold, met):
    write_benchmark(tmp_path / "benchmark", (9, 9, 9))
    with machine.new_run(write_learner(tmp_path / "beginner")) as run:
        settings = ("benchmark.stages=[1,2]", f"benchmark.promote={threshold}")
        evolve(machine, run, *settings)
        assert len(solved_tasks(run, "a0001")) == met


def test_keeping_the_better_rejects_a_child_far_below_the_seed(machine, tmp_path):
    forgetful = LEARNER.replace('f"{skill_in(workspace) + 1}\\n"', '"0"')
    seed = write_agent(tmp_path / "forgetful", forgetful, files={"skill.txt": "3\n"})
    with machine.new_run(seed) as run:
        evolve(machine, run, "search.keep=better")
        child = run.agent("a0001")
        assert child.state is AgentState.REJECTED
        assert "below the seed's" in child.reason
        assert run.tree().best().id == "a0000"


def test_child_is_compared_with_the_seed_on_the_tasks_both_have_met(machine, tmp_path):
    write_benchmark(tmp_path / "benchmark", (1, 5, 2, 5, 9, 5, 9))
    forgetful = LEARNER.replace('f"{skill_in(workspace) + 1}\\n"', '"1"')
    assert forgetful != LEARNER
    seed = write_agent(tmp_path / "forgetful", forgetful, files={"skill.txt": "2\n"})
    with machine.new_run(seed) as run:
        evolve(machine, run, "search.keep=better", "benchmark.stages=[2,4]")
        # Two of four tasks against one of two: no worse by the raw share, but it lost one of two.
        assert run.score("a0000").mean == run.score("a0001").mean == 0.5
        assert run.agent("a0001").state is AgentState.REJECTED
        assert "0.50 below the seed's" in run.agent("a0001").reason


def test_no_time_left_begins_no_child_but_ends_what_there_is(machine, run):
    assert evolve(machine, run, "budget.hours=0.0000001").is_finished
    assert [agent.state for agent in run.agents()] == [AgentState.ARCHIVED]
    assert run.score("a0000", Split.SEALED).attempted == 1


def test_spent_budget_of_the_run_stops_it_and_gives_no_evidence(machine, run):
    evolution = evolve(machine, run, "budget.tokens=600")
    assert not evolution.is_finished
    assert "budget" in evolution.why_stopped
    assert not [r for r in run.rollouts() if r.outcome is Outcome.OVER_BUDGET]
    assert len(spoiled(run)) == 1
    assert run.usage().tokens <= 600
    before = finished_keys(run)
    assert evolve(machine, run, "budget.tokens=1000000").is_finished
    assert before <= finished_keys(run)
    assert set(finished_keys(run).values()) == {1}


@pytest.mark.parametrize("limit", ["calls=0", "tokens=300", "seconds=0"])
def test_spent_budget_of_a_step_stops_the_run_and_gives_no_evidence(machine, run, limit):
    evolution = evolve(machine, run, f"steps.diagnose.{limit}")
    assert not evolution.is_finished
    assert evolution.why_stopped == "the budget of the step diagnose is spent"
    assert run.agent("a0001").state is AgentState.DIAGNOSING
    assert not [r for r in run.rollouts() if r.outcome is Outcome.OVER_BUDGET]
    assert evolve(machine, run).is_finished


@pytest.mark.parametrize("limit", ["calls=0", "seconds=0", "usd=0"])
def test_each_kind_of_ceiling_of_a_rollout_ends_it_over_budget(machine, run, limit):
    if limit == "usd=0":  # the built-in model is free: nothing to spend, nothing to refuse
        assert evolve(machine, run, f"rollout.{limit}").is_finished
        return
    with pytest.raises(UserError, match="the seed agent does not work"):
        evolve(machine, run, f"rollout.{limit}")
    (canary,) = run.rollouts(purpose=Purpose.CANARY)
    assert canary.outcome is Outcome.OVER_BUDGET


def test_spent_budget_of_one_agent_ends_its_rollouts_and_not_the_run(machine, run):
    assert evolve(machine, run, "agent.tokens=200").is_finished
    over = [r for r in run.rollouts() if r.outcome is Outcome.OVER_BUDGET]
    assert Purpose.EVALUATE in {rollout.key.purpose for rollout in over}
    assert all(agent.usage.tokens <= 200 for agent in run.agents())


def test_parent_that_solved_all_it_met_still_has_a_child(machine, tmp_path):
    with machine.new_run(write_learner(tmp_path / "master", skill=9)) as run:
        assert evolve(machine, run).is_finished
        assert run.score("a0000").mean == 1.0
        assert run.agent("a0001").diagnosis.target == "nothing_failed"
        assert run.agent("a0001").state is AgentState.ARCHIVED


def test_diagnosis_dearer_than_a_rollout_may_be_ends_its_child_and_not_the_run(machine, tmp_path):
    thrifty = LEARNER.replace("ask(problem)", "(200, None)")
    seed = write_agent(tmp_path / "thrifty", thrifty, files={"skill.txt": "1\n"})
    with machine.new_run(seed) as run:
        assert evolve(machine, run, "rollout.tokens=100").is_finished
        (diagnosis,) = [r for r in run.rollouts() if r.key.purpose is Purpose.DIAGNOSE]
        assert diagnosis.outcome is Outcome.OVER_BUDGET
        assert "the budget of rollout/" in run.agent("a0001").reason


def test_work_the_machine_spoiled_is_done_again_and_lowers_no_score(machine, run, undisturbed):
    spoiled_once = {name: first(1) for name in ("r000001-tests", "r000003-grade", "r000006")}

    def spoils(name):
        return name in spoiled_once and spoiled_once[name](name)

    broken = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, spoils))
    evolve(broken, run)
    assert len(spoiled(run)) == 2
    assert facts(run) == undisturbed


def test_unreachable_model_lowers_no_score(machine, run, undisturbed):
    fails = first(8)  # two calls, each with its retries
    outage = replace(
        machine,
        provider=FaultyProvider(machine.provider, lambda seed: "evaluate" in seed and fails(seed)),
    )
    evolve(outage, run)
    assert len(spoiled(run)) == 2
    assert facts(run) == undisturbed


def test_unusable_model_stops_the_run_which_can_be_resumed(machine, run, undisturbed):
    error = ModelUnusableError("wrong key; see OPENAI_API_KEY")
    locked = FaultyProvider(machine.provider, lambda seed: "evaluate" in seed, error=error)
    with pytest.raises(ModelUnusableError, match=r"wrong key; .*then: dgm resume run"):
        evolve(replace(machine, provider=locked), run)
    assert not spoiled(run)
    evolve(machine, run)
    assert facts(run) == undisturbed


def test_diagnosis_that_the_model_refuses_is_the_end_of_that_child_alone(machine, run):
    error = RequestRefusedError("too long", is_overflow=True)
    strict = FaultyProvider(machine.provider, lambda seed: "diagnose" in seed, error=error)
    assert evolve(replace(machine, provider=strict), run).is_finished
    assert "the model refused the diagnosis: too long" in run.agent("a0001").reason


@pytest.fixture
def breaker(tmp_path):
    """A seed agent that loses its sandbox wherever it would fail."""
    breaks = LEARNER + f"    else: print({FRAGILE.decode()!r})\n"
    return write_agent(tmp_path / "breaker", breaks, files={"skill.txt": "1\n"})


def test_agent_that_loses_its_sandbox_every_time_has_failed(machine, breaker):
    fragile = replace(machine, sandboxes=FragileDriver(machine.sandboxes, never))
    with machine.new_run(breaker) as run:
        assert evolve(fragile, run, "budget.children=0").is_finished
        assert sorted(solved_tasks(run, "a0000").values()) == ["agent_error", "solved"]
        assert (run.score("a0000").solved, run.score("a0000").attempted) == (1, 2)
        (lost,) = [r for r in run.evaluations("a0000") if r.outcome is Outcome.AGENT_ERROR]
        assert "its sandbox was lost 3 times, never without it" in lost.detail
        assert lost.usage.calls == 1
        assert [r.task_id for r in spoiled(run) if r.split is Split.SEARCH] == [lost.task_id] * 2


def test_agent_that_lost_its_sandbox_by_chance_has_another_try(machine, run, undisturbed):
    lost_once = first(1)
    shaky = FaultyDriver(machine.sandboxes, lambda name: name == "r000003" and lost_once(name))
    evolve(replace(machine, sandboxes=shaky), run)
    assert facts(run) == undisturbed
    assert len(spoiled(run)) == 1


def test_sandbox_lost_where_none_works_is_missing_data(machine, breaker):
    broken = FragileDriver(machine.sandboxes, lambda name: name.endswith("-control"))
    with machine.new_run(breaker) as run:
        evolve(replace(machine, sandboxes=broken), run, "budget.children=0")
        assert list(solved_tasks(run, "a0000").values()) == ["solved"]
        assert (run.score("a0000").solved, run.score("a0000").attempted) == (1, 1)
        assert len([r for r in spoiled(run) if r.split is Split.SEARCH]) == 3


@pytest.mark.parametrize(("without_patch", "attempted"), [("works", 2), ("fails", 1)])
def test_patch_that_breaks_its_grading_has_failed(machine, run, without_patch, attempted):
    """Of two tasks the seed leaves one without a patch: nothing is graded there."""

    def breaks(name):
        return "-grade" in name and ("control" not in name or without_patch == "fails")

    fragile = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, breaks))
    evolve(fragile, run, "budget.children=0")
    assert run.score("a0000").attempted == attempted
    assert run.score("a0000").solved == 0


def test_losing_sandboxes_never_ends_a_run_however_often_they_may_be_tried(machine, breaker):
    fragile = replace(machine, sandboxes=FragileDriver(machine.sandboxes, never))
    with machine.new_run(breaker) as run:
        assert evolve(fragile, run, "budget.children=0", "rollout.retries=10").is_finished
        assert run.score("a0000").attempted == 2


def test_interrupted_run_ends_what_is_cheap_and_starts_nothing_more(machine, run):
    hanging = HangingProvider(machine.provider, lambda seed: "evaluate" in seed)
    with replace(machine, provider=hanging).evolution(run, grace_s=600) as evolution:

        def interrupt():
            if hanging.waits.is_set() and not evolution.why_stopped:
                evolution.interrupt()
                hanging.released.set()

        assert not evolution.run(interrupt)
        assert not evolution.in_flight
    assert [rollout.task_id for rollout in run.rollouts()] == ["canary", "t0-wants-1"]
    assert not spoiled(run)


def test_interrupted_run_cuts_off_what_hangs_and_is_resumed_whole(machine, run, undisturbed):
    hanging = HangingProvider(machine.provider, lambda seed: "evaluate" in seed)
    with replace(machine, provider=hanging).evolution(run, grace_s=0.5) as evolution:

        def interrupt_once():
            if hanging.waits.is_set() and not evolution.why_stopped:
                evolution.interrupt()

        assert not evolution.run(interrupt_once)
        assert evolution.why_stopped == "interrupted"
        assert evolution.in_flight == (("a0000", "t0-wants-1"),)
        (cut,) = run.running_rollouts()
        hanging.released.set()
        wait_for(run.run.rollout(cut) / "grading.txt")  # its thread would end with the process
    assert run.running_rollouts() == (cut,)
    assert evolve(machine, run).is_finished
    assert facts(run) == undisturbed
    assert len(spoiled(run)) == 1


def test_stop_for_another_reason_waits_for_what_is_under_way(machine, run):
    hanging = HangingProvider(machine.provider, lambda seed: "evaluate" in seed)
    ticks = iter(range(4))
    with replace(machine, provider=hanging).evolution(run) as evolution:

        def stop_then_release():
            if hanging.waits.is_set():
                evolution.stop("enough")
                if next(ticks, None) is None:
                    hanging.released.set()

        assert not evolution.run(stop_then_release)
        assert not evolution.in_flight
    assert not run.running_rollouts()
    assert not spoiled(run)


def test_broken_grader_leaves_missing_data_that_counts_neither_way(machine, run):
    with machine.laboratory() as lab:
        tasks = [task.id for task in lab.benchmark.tasks(Split.SEARCH)]
        grader = FaultyGrader(lab.benchmark, lambda task: task == tasks[0])
        evolve(machine, run, "budget.children=0", "rollout.retries=1", benchmark=grader)
    assert tasks[0] not in solved_tasks(run, "a0000")
    assert run.score("a0000").attempted == 1
    assert [r.task_id for r in spoiled(run)] == [tasks[0]] * 2
    assert run.agent("a0000").state is AgentState.ARCHIVED


def test_machine_that_always_fails_ends_the_run_which_can_be_resumed(machine, run):
    broken = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, always))
    with pytest.raises(MachineError, match=r"in a row.*dgm resume run"):
        evolve(broken, run, "rollout.retries=10")
    assert not run.running_rollouts()
    assert run.agent("a0000").state is AgentState.VALIDATING
    told = last_event(run)
    assert told.kind is EventKind.RUN_STOPPED
    assert "in a row" in told.data["why"]
    assert evolve(machine, run, "budget.children=0").is_finished
    assert last_event(run).kind is EventKind.RUN_FINISHED


def test_seed_the_machine_never_let_start_is_not_called_broken(machine, run):
    broken = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, always))
    with pytest.raises(MachineError, match="the seed agent could not be tried"):
        evolve(broken, run, "rollout.retries=1")
    assert run.agent("a0000").state is not AgentState.REJECTED
    assert evolve(machine, run, "budget.children=0").is_finished


@pytest.mark.parametrize(
    ("script", "tests", "reason"),
    [
        ("pass", '["true"]', "changed nothing in the canary"),
        ("import no_such_module", '["true"]', "canary .*: .*'no_such_module'; mend"),
        (LEARNER, '["false"]', "its own tests fail.*; mend it, then start a new run"),
    ],
)
def test_seed_that_does_not_work_is_one_clear_error(machine, tmp_path, script, tests, reason):
    seed = write_agent(tmp_path / "broken", script, tests=tests, files={"skill.txt": "1"})
    with machine.new_run(seed) as run:
        with pytest.raises(UserError, match=f"the seed agent does not work: .*{reason}"):
            evolve(machine, run)
        with pytest.raises(UserError, match="the seed agent does not work"):
            evolve(machine, run)


def test_agent_that_hangs_is_a_timeout_and_the_run_goes_on(machine, tmp_path):
    sleepy = LEARNER + "    if wanted == 3: time.sleep(600)\n"
    write_benchmark(tmp_path / "benchmark", (1, 1, 3))
    task = next((tmp_path / "benchmark").glob("*wants-3")) / "task.toml"
    task.write_text(task.read_text().replace("20.0", "0.7"))
    seed = write_agent(tmp_path / "sleepy", sleepy, files={"skill.txt": "1\n"})
    with machine.new_run(seed) as run:
        assert evolve(machine, run).is_finished
        assert sorted(solved_tasks(run, "a0000").values()) == ["solved", "timeout"]
        assert run.agent("a0001").state is AgentState.ARCHIVED


def test_several_workers_finish_every_unit_once(machine, run):
    assert evolve(machine, run, "workers=3", "budget.children=2").is_finished
    assert set(finished_keys(run).values()) == {1}
    assert [agent.state for agent in run.agents()] == [AgentState.ARCHIVED] * 3
