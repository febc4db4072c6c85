"""Refuse children that cannot work.

Their own tests must pass, and they must still edit a file in a canary task.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dgm.records import AgentCode, Outcome, Purpose, Rollout, RolloutKey, Usage
from dgm.rollout import RolloutOrder, Work
from dgm.sandbox.protocol import ExecResult
from dgm.steps.laboratory import Laboratory, Unit

CANARY = Path(__file__).resolve().parent / "canary"
_CANARY_TIMEOUT_S = 120.0  # as tasks have: importing packages of others takes its time
_OUTPUT_BYTES = 20_000
_NOTHING = Work(b"", Outcome.AGENT_ERROR, "", None, Usage(), 0.0, 0.0, ())


def canary_key(tree_hash: str) -> RolloutKey:
    """The identity of a validation."""
    return RolloutKey(Purpose.CANARY, tree_hash, "canary")


@dataclass(frozen=True, slots=True)
class Validate(Unit):
    """Check one agent before it is measured; valid means outcome `solved`."""

    agent: AgentCode

    @property
    def key(self) -> RolloutKey:
        """One per code."""
        return canary_key(self.agent.tree_hash)

    @property
    def task_id(self) -> str:
        """The step's name."""
        return "canary"

    def order(self, lab: Laboratory) -> RolloutOrder:
        """Order the canary: a file with an obvious mistake and a test that shows it."""
        return lab.order(
            self,
            agent=self.agent,
            statement=(CANARY / "instruction.md").read_text(encoding="utf-8"),
            workspace=CANARY / "repo",
            timeout_s=_CANARY_TIMEOUT_S,
            seed="canary",
        )

    def perform(self, lab: Laboratory) -> Rollout:
        """Run the agent's own tests, then the canary.

        Any change to the canary's files will do: this asks whether the agent works, not how well.
        Raises: MachineError.
        """
        if reason := _broken_tests(lab, self):
            return self.record(_NOTHING, Outcome.AGENT_ERROR, detail=reason)
        work = lab.runner.run(self.order(lab))
        if work.patch and work.cause is not Outcome.INFRASTRUCTURE:
            return self.record(work, Outcome.SOLVED)
        detail = f"it changed nothing in the canary task ({work.cause})"
        words = _last_words(lab.rollout_folder(self.rollout_id) / "output.txt")
        if words and work.cause is not Outcome.EMPTY_PATCH:
            detail = f"{detail}: {words}"
        return self.record(work, work.cause, detail=detail)


def _broken_tests(lab: Laboratory, unit: Validate) -> str:
    """Run the agent's own tests; say what is wrong, or nothing."""
    name, limits = f"{unit.rollout_id}-tests", lab.config.sandbox.limits.as_limits()
    tests = lab.runner.run_own_tests(unit.agent, name, lab.run, limits)
    folder = lab.rollout_folder(unit.rollout_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own-tests.txt").write_bytes((tests.stdout + tests.stderr)[-_OUTPUT_BYTES:])
    return "" if tests.exit_code == 0 else f"its own tests fail: {_explain(tests)}"


def _explain(tests: ExecResult) -> str:
    if tests.timed_out:
        return "they did not end in time"
    return _telling_line(tests.stdout + tests.stderr) or f"exit code {tests.exit_code}"


def _last_words(output: Path) -> str:
    """What an agent that did not work said in the end."""
    return _telling_line(output.read_bytes()) if output.is_file() else ""


def _telling_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    telling = [line for line in lines if "Error" in line]
    return (telling or lines or [""])[-1].strip()[:200]
