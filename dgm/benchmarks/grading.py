"""Grade a patch: base repository + patch + hidden tests, in a fresh sandbox without a model.

Covered: the agent's own sandbox never holds the tests; parts of a patch on test files are dropped
and named; a reward counts only if exactly the expected tests were reported as passed. Not covered
yet: a patch that takes over the test process and forges a complete report.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dgm.benchmarks.harbor import HarborTask
from dgm.benchmarks.protocol import Grade
from dgm.errors import PatchRefusedError
from dgm.records import Outcome
from dgm.sandbox.protocol import ExecResult, Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspace, touched_files

_LOG_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Grader:
    """How hidden tests are run.

    `protected` are git path patterns of files a patch may not change; `expected` names the tests
    that must be reported as `ok <name>`, or None where a task's tests report in no known form.
    """

    protected: tuple[str, ...]
    label: str

    def grade(
        self,
        harbor: HarborTask,
        workspace: Workspace,
        patch: bytes,
        expected: frozenset[str] | None,
        sandboxes: SandboxDriver,
        name: str,
    ) -> Grade:
        """Apply, run, and judge. Raises: MachineError when the machine fails, not the patch."""
        with tempfile.TemporaryDirectory(prefix="dgm-grade-") as folder:
            tree = Path(folder)
            try:
                dropped = self._dropped(patch)
                workspace.apply(patch, tree, leave_out=self.protected)
            except PatchRefusedError as error:
                return Grade(Outcome.FAILED, str(error))
            spec = SandboxSpec(name=name, run=self.label)
            with sandboxes.open(spec) as sandbox:
                result, reward = _run_tests(sandbox, harbor, pack(tree))
        return _judge(result, reward, expected, dropped)

    def _dropped(self, patch: bytes) -> tuple[str, ...]:
        return tuple(
            path
            for path in touched_files(patch)
            if any(fnmatch(path, pattern) for pattern in self.protected)
        )


def _run_tests(
    sandbox: Sandbox, harbor: HarborTask, workspace: bytes
) -> tuple[ExecResult, bytes | None]:
    paths = sandbox.paths
    sandbox.put(workspace, paths.workspace)
    sandbox.put(pack(harbor.tests), paths.tests)
    result = sandbox.exec(
        ["bash", f"{paths.tests}/test.sh"],
        cwd=paths.workspace,
        env={"DGM_WORKSPACE": paths.workspace, "DGM_TESTS": paths.tests, "DGM_LOGS": paths.logs},
        timeout_s=harbor.task.grading_timeout_s,
    )
    return result, sandbox.read_file(f"{paths.logs}/verifier/reward.txt", max_bytes=64)


def _judge(
    result: ExecResult,
    reward: bytes | None,
    expected: frozenset[str] | None,
    dropped: tuple[str, ...],
) -> Grade:
    log = (result.stdout + result.stderr).decode(errors="replace")
    passed = frozenset(line[5:].strip() for line in log.splitlines() if line.startswith("ok   "))
    reported = len(passed & expected) if expected is not None else None
    solved = _is_one(reward) and not result.timed_out and (expected is None or passed == expected)
    details = [
        "the hidden tests did not end in time" if result.timed_out else "",
        "the hidden tests ran out of memory" if result.out_of_memory else "",
        "the reward was claimed without all tests passing"
        if _is_one(reward) and not solved
        else "",
        f"parts of the patch on tests were left out: {', '.join(dropped)}" if dropped else "",
    ]
    return Grade(
        outcome=Outcome.SOLVED if solved else Outcome.FAILED,
        detail="; ".join(filter(None, details)),
        tests_passed=reported,
        tests_total=len(expected) if expected is not None else None,
        log=log[-_LOG_BYTES:],
    )


def _is_one(reward: bytes | None) -> bool:
    try:
        return reward is not None and float(reward) >= 1.0
    except ValueError:
        return False
