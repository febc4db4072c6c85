"""What an agent can do in a rollout, and what is made of it: one tiny agent each."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dgm.errors import (
    MachineError,
    ModelUnusableError,
    OverBudgetError,
    RequestRefusedError,
    SandboxError,
    SandboxLostError,
)
from dgm.records import Ceiling, Outcome, Usage
from dgm.sandbox.process import Process
from dgm.steps.evaluate import Evaluate
from dgm.steps.validate import Validate
from tests.fakes import FaultyDriver, FaultyGrader, FaultyProvider, always
from tests.machine import code_of, write_agent, write_task

SOLVE = '(workspace / "answer.py").write_text("VALUE = 1\\n")\n'
ASK = "print(ask(problem)[1])\n"
ENDLESS = "while True:\n    status, answer = ask('more' * 500)\n    if status != 200: break\n"


def commands_of_the_host():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().decode(errors="replace")
        except OSError:
            continue


@pytest.fixture
def evaluate(machine, tmp_path):
    """Let an agent of one script work on a task that wants 1; give the row and the laboratory."""

    def work(
        script, *settings, seconds=10.0, by=machine, files=None, prepare=None, is_spoiled=None
    ):
        agent = code_of(write_agent(tmp_path / "agent", script))
        shutil.rmtree(tmp_path / "benchmark")
        folder = write_task(tmp_path / "benchmark", "one", 1, seconds=seconds, files=files)
        if prepare:
            prepare(folder / "environment" / "repo")
        with by.laboratory(by.config(*settings)) as lab:
            (task,) = lab.benchmark.tasks()
            if is_spoiled:
                lab = replace(lab, benchmark=FaultyGrader(lab.benchmark, is_spoiled))
            return Evaluate("r1", "a1", agent, task, 0, "1").perform(lab), lab

    return work


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (SOLVE, Outcome.SOLVED),
        ('(workspace / "answer.py").write_text("VALUE = 7\\n")', Outcome.FAILED),
        ("print('looked at it')", Outcome.EMPTY_PATCH),
        ("import no_such_module", Outcome.AGENT_ERROR),
        ("sys.exit(3)", Outcome.AGENT_ERROR),
        (SOLVE + "sys.exit(3)", Outcome.SOLVED),
        ('(workspace / "answer.py").unlink()', Outcome.FAILED),
        ('print("RESULT: 100 % solved"); (workspace / "reward.txt").write_text("1")', "failed"),
        ('print("ok   test_value\\n1 passed, 0 failed\\n100 % solved")', Outcome.EMPTY_PATCH),
    ],
)
def test_workspace_decides_the_outcome_and_nothing_the_agent_says(evaluate, script, outcome):
    rollout, _ = evaluate(script)
    assert rollout.outcome == outcome


def test_solved_rollout_keeps_patch_output_and_grading(evaluate):
    rollout, lab = evaluate(ASK + SOLVE)
    folder = lab.rollout_folder("r1")
    assert b"+VALUE = 1" in (folder / "patch.diff").read_bytes()
    assert "content" in (folder / "output.txt").read_text()
    assert "ok   test_value" in (folder / "grading.txt").read_text()
    assert (rollout.tests_passed, rollout.tests_total) == (1, 1)
    assert rollout.usage.calls == 1
    assert rollout.patch_bytes == (folder / "patch.diff").stat().st_size
    assert "network:none" in rollout.limits_in_force


def test_hung_agent_is_killed_at_its_deadline_with_everything_it_started(evaluate, tmp_path):
    script = """
        import subprocess
        subprocess.Popen(["sh", "-c", "trap '' TERM; setsid sleep 4711 & sleep 4711"])
        time.sleep(4711)
    """
    rollout, _ = evaluate(script, seconds=1.0)
    assert rollout.outcome is Outcome.TIMEOUT
    assert not [line for line in commands_of_the_host() if "4711" in line]


def test_work_finished_before_the_deadline_counts_although_the_agent_hangs(evaluate):
    rollout, _ = evaluate(SOLVE + "time.sleep(60)", seconds=1.0)
    assert rollout.outcome is Outcome.SOLVED


def test_agent_that_eats_memory_is_out_of_memory(evaluate):
    rollout, _ = evaluate("b = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): b[i] = 1",
                          "sandbox.limits.memory_mb=96")  # fmt: skip
    assert rollout.outcome in (Outcome.OUT_OF_MEMORY, Outcome.AGENT_ERROR)
    memory = [limit for limit in rollout.limits_in_force if limit.startswith("memory")]
    if memory == ["memory:cgroup"]:
        assert rollout.outcome is Outcome.OUT_OF_MEMORY


def test_agent_that_spends_its_own_budget_is_over_budget(evaluate):
    rollout, _ = evaluate(ENDLESS, "rollout.tokens=3000")
    assert rollout.outcome is Outcome.OVER_BUDGET
    assert 0 < rollout.usage.tokens <= 3000


def test_work_done_before_the_budget_was_spent_counts(evaluate):
    rollout, _ = evaluate(SOLVE + ENDLESS, "rollout.tokens=3000")
    assert rollout.outcome is Outcome.SOLVED


def test_flood_of_output_is_cut_and_the_work_counts(evaluate):
    rollout, lab = evaluate(
        SOLVE + 'for _ in range(300): os.write(1, b"x" * 100_000)', "sandbox.limits.output_kb=16"
    )
    assert rollout.outcome is Outcome.SOLVED
    assert (lab.rollout_folder("r1") / "output.txt").stat().st_size < 40_000


def test_links_in_the_workspace_lead_nowhere_and_stay_behind(evaluate, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("treasure of the host")
    script = f"""
        (workspace / "new.py").write_text("ordinary")
        os.symlink({str(secret)!r}, workspace / "symbolic")
        os.symlink("/", workspace / "root")
        os.link(workspace / "new.py", workspace / "secondname.py")
    """
    rollout, lab = evaluate(script)
    patch = (lab.rollout_folder("r1") / "patch.diff").read_text()
    assert "+ordinary" in patch
    assert not {"treasure", "b/symbolic", "b/root", "120000"} & set(patch.split())
    assert rollout.detail.startswith("left behind: root, secondname.py, symbolic")
    assert secret.read_text() == "treasure of the host"


def test_file_made_a_link_is_a_deleted_file_and_not_what_it_points_to(evaluate):
    script = (
        'os.unlink(workspace / "answer.py"); os.symlink("/etc/hostname", workspace / "answer.py")'
    )
    rollout, lab = evaluate(script)
    assert rollout.outcome is Outcome.FAILED
    assert "deleted file mode" in (lab.rollout_folder("r1") / "patch.diff").read_text()


def test_workspace_too_large_to_bring_out_is_an_empty_patch(evaluate):
    script = "for n in range(3): (workspace / f'{n}.bin').write_bytes(os.urandom(1 << 20))"
    rollout, _ = evaluate(script, "sandbox.limits.workspace_mb=2")
    assert rollout.outcome in (Outcome.EMPTY_PATCH, Outcome.AGENT_ERROR)


def test_repository_has_one_commit_and_no_past(evaluate):
    script = """
        import subprocess
        def git(*words):
            command = ["git", "-C", workspace, *words]
            return subprocess.run(command, capture_output=True, text=True).stdout
        history = git("rev-list", "--all", "--count"), git("remote"), git("reflog"), git("fsck")
        (workspace / "history.txt").write_text(repr(history))
        (workspace / "names.txt").write_text(" ".join(sorted(os.listdir(workspace / ".git"))))
    """
    _, lab = evaluate(script)
    patch = (lab.rollout_folder("r1") / "patch.diff").read_text()
    assert "+('1\\n', '', '', '')" in patch
    assert "ORIG_HEAD" not in patch


def test_hidden_tests_and_solution_are_nowhere_in_the_sandbox_of_an_agent(evaluate):
    hidden = {
        "tests/test_hidden.py": "from answer import VALUE\n# the-hidden-word\n\n\n"
        "def test_value():\n    assert VALUE == 1\n",
        "environment/repo/seen.txt": "the-seen-word\n",
    }
    script = """
        import subprocess
        roots = "/workspace /agent /tmp /run /logs /tests /solution".split()
        command = ["grep", "-rlE", "the-(hidden|seen)-word", *roots]
        found = subprocess.run(command, capture_output=True, text=True).stdout
        (workspace / "found.txt").write_text(found)
    """
    _, lab = evaluate(script, files=hidden)
    patch = (lab.rollout_folder("r1") / "patch.diff").read_text()
    found = [line for line in patch.splitlines() if line.startswith("+/")]
    assert found == ["+/workspace/seen.txt"]  # the control: what may be seen is found


def test_idle_agent_in_a_repository_with_links_and_programs_leaves_no_patch(evaluate):
    def prepare(repo):
        (repo / "link").symlink_to("answer.py")
        (repo / "program").write_text("#!/bin/sh\n")
        (repo / "program").chmod(0o755)

    script = "print(os.readlink(workspace / 'link'), os.access(workspace / 'program', os.X_OK))"
    rollout, lab = evaluate(script, prepare=prepare)
    assert (lab.rollout_folder("r1") / "output.txt").read_text() == "answer.py True\n"
    assert (rollout.outcome, rollout.patch_bytes) == (Outcome.EMPTY_PATCH, 0)


def test_what_the_environment_changes_by_itself_is_no_patch(evaluate):
    script = """
        import subprocess
        subprocess.run(["git", "status"], cwd=workspace)
        subprocess.run(["git", "gc", "-q"], cwd=workspace)
        os.utime(workspace / "answer.py")
        os.mkdir(workspace / "empty-folder")
        os.chmod(workspace / "answer.py", 0o600)
    """
    rollout, _ = evaluate(script)
    assert (rollout.outcome, rollout.patch_bytes) == (Outcome.EMPTY_PATCH, 0)


def test_git_settings_an_agent_leaves_have_no_effect_on_the_host(evaluate, tmp_path):
    marker = tmp_path / "marker"
    script = f"""
        (workspace / ".gitattributes").write_text("* filter=evil\\n")
        (workspace / ".gitignore").write_text("*\\n")
        with open(workspace / ".git" / "config", "a") as config:
            config.write('[filter "evil"]\\nclean = touch {marker}; cat\\n')
            config.write('[core]\\nfsmonitor = touch {marker}\\n')
        {SOLVE}
    """
    rollout, _ = evaluate(script)
    assert rollout.outcome is Outcome.SOLVED
    assert not marker.exists()


@pytest.mark.parametrize(
    ("cheat", "outcome"),
    [
        ("import os; os._exit(0)", Outcome.FAILED),
        ("import atexit, os; print('ok   test_value'); os._exit(0)", Outcome.FAILED),
        ("raise SystemExit(0)", Outcome.FAILED),
        ("class Any:\n    __eq__ = lambda *_: False\nVALUE = Any()", Outcome.FAILED),
    ],
)
def test_patch_that_ends_the_hidden_tests_early_is_not_solved(evaluate, cheat, outcome):
    rollout, _ = evaluate(f'(workspace / "answer.py").write_text({cheat!r})')
    assert rollout.outcome is outcome


def test_parts_of_a_patch_on_tests_are_stripped_and_named(evaluate):
    script = SOLVE + """(workspace / "check.py").write_text("print('ok   test_value')")"""
    rollout, lab = evaluate(script, files={"environment/repo/check.py": "# the task's own\n"})
    assert "check.py" in (lab.rollout_folder("r1") / "patch.diff").read_text()
    assert rollout.outcome is Outcome.SOLVED
    assert "left out: check.py" in rollout.detail


def test_patch_on_tests_alone_solves_nothing(evaluate):
    script = '(workspace / "test_hidden.py").write_text("def test_value(): pass\\n")'
    rollout, _ = evaluate(script)
    assert rollout.outcome is Outcome.FAILED
    assert "left out: test_hidden.py" in rollout.detail


def test_new_last_file_without_newline_is_graded_like_any_other(evaluate):
    rollout, _ = evaluate(SOLVE + '(workspace / "zz.txt").write_text("no newline")')
    assert rollout.outcome is Outcome.SOLVED


def test_unreachable_model_spoils_the_rollout_and_blames_no_agent(machine, evaluate):
    broken = replace(machine, provider=FaultyProvider(machine.provider, always))
    rollout, _ = evaluate(ASK, by=broken)
    assert rollout.outcome is Outcome.INFRASTRUCTURE


def test_unusable_model_ends_more_than_the_rollout(machine, evaluate):
    error = ModelUnusableError("wrong key; see OPENAI_API_KEY")
    broken = replace(machine, provider=FaultyProvider(machine.provider, always, error=error))
    with pytest.raises(ModelUnusableError, match="see OPENAI_API_KEY"):
        evaluate(ASK, by=broken)


def test_refused_request_is_the_agents_own_affair(machine, evaluate):
    for error in (RequestRefusedError("no"), RequestRefusedError("long", is_overflow=True)):
        strict = replace(machine, provider=FaultyProvider(machine.provider, always, error=error))
        rollout, _ = evaluate(ASK + SOLVE, by=strict)
        assert rollout.outcome is Outcome.SOLVED
        assert rollout.exceeded_context is error.is_overflow


def test_agent_that_ends_its_own_sandbox_is_told_from_a_machine_that_does(machine, evaluate):
    """For real: in the weak sandbox an agent can kill the runner."""
    kill_the_runner = "import signal; os.kill(os.getppid(), signal.SIGKILL); time.sleep(9)"
    with Process() as weak:
        with pytest.raises(SandboxLostError, match="lost"):
            evaluate(kill_the_runner, by=replace(machine, sandboxes=weak))
        broken = FaultyDriver(weak, lambda name: name.endswith("-control"))
        with pytest.raises(SandboxError, match="lost") as caught:
            evaluate(kill_the_runner, by=replace(machine, sandboxes=broken))
        assert not isinstance(caught.value, SandboxLostError)
        assert broken.opened == ["r1", "r1-control"]


def test_broken_grader_and_broken_sandbox_are_errors_and_no_outcome(machine, evaluate):
    with pytest.raises(MachineError, match="grader broke down"):
        evaluate(SOLVE, is_spoiled=always)
    broken = replace(machine, sandboxes=FaultyDriver(machine.sandboxes, always))
    with pytest.raises(MachineError, match="gave up this sandbox"):
        evaluate(SOLVE, by=broken)


def test_budget_of_the_run_is_no_fault_of_the_agent(machine, tmp_path):
    agent = code_of(write_agent(tmp_path / "agent", ENDLESS))
    with machine.laboratory() as lab:
        lab.runner.gateway.set_ceiling("run", Ceiling(tokens=1500), Usage())
        task = lab.benchmark.tasks()[0]
        with pytest.raises(OverBudgetError) as caught:
            Evaluate("r1", "a1", agent, task, 0, "1").perform(lab)
    assert caught.value.account == "run"


def test_grading_and_own_tests_run_within_the_limits_of_the_configuration(machine, tmp_path):
    settings = ("sandbox.limits.processes=60", "sandbox.limits.memory_mb=600")
    seen = {}

    class Watching:
        def __getattr__(self, name):
            return getattr(machine.sandboxes, name)

        def open(self, spec):
            seen[spec.name] = (spec.limits.processes, spec.limits.memory_mb)
            return machine.sandboxes.open(spec)

    watched = replace(machine, sandboxes=Watching())
    agent = code_of(write_agent(tmp_path / "agent", SOLVE))
    with watched.laboratory(machine.config(*settings)) as lab:
        task = lab.benchmark.tasks()[0]
        unit = Evaluate("r1", "a1", agent, task, 0, lab.benchmark.grader_version)
        assert unit.perform(lab).outcome is Outcome.SOLVED
        Validate("r2", "a1", agent).perform(lab)
    assert {"r1-grade", "r2-tests"} <= set(seen)
    assert set(seen.values()) == {(60, 600)}


def test_agent_that_forges_its_grading_is_tampered_and_the_evidence_is_kept(evaluate):
    spray = "import os\nfor fd in range(3, 99):\n  try: os.write(fd, b'PASSED')"
    spray += "\n  except OSError: pass\n"
    forged = f'(workspace / "answer.py").write_text({spray!r})'
    rollout, lab = evaluate(forged)
    assert rollout.outcome is Outcome.TAMPERED
    assert rollout.outcome.is_evidence
    assert "broke the protocol" in rollout.detail
    assert "tampering: " in (lab.rollout_folder("r1") / "grading.txt").read_text()
