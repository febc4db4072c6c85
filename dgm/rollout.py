"""One agent at work in one sandbox. The only place where an agent runs.

The agent's own words are never believed: what counts is the state of its workspace after everything
in the sandbox has been stopped, compared with the base by the host.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dgm.blame import blaming
from dgm.errors import (
    ModelUnusableError,
    OverBudgetError,
    PatchRefusedError,
    SandboxError,
    UnsafeArchiveError,
)
from dgm.gateway.protocol import Gateway, Session, SessionEnd, SessionSpec
from dgm.records import (
    CONTEXT_EXCEEDED,
    AgentCode,
    Ceiling,
    Environment,
    Outcome,
    SandboxLimits,
    Usage,
)
from dgm.sandbox.protocol import Collected, ExecResult, Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack
from dgm.workspaces import Workspace, Workspaces

DUMMY_KEY = "no-key-is-needed-here"
_MAX_FILES = 20_000
_SELF_TEST_TIMEOUT_S = 60.0
_CONTROL_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class RolloutOrder:
    """What to do: which agent, on what, with which model, within which bounds.

    `workspace` is a host folder with the repository to work on; `folder` receives the transcript,
    the patch and the agent's output. `accounts` are the budgets drawn on, from narrow to wide;
    `ceiling` bounds the first. `recorded` is a transcript to answer from instead of a model;
    `work` names the unit of work for the response cache; `environment` is that of the task, with
    the needs of which `limits` have been raised.
    """

    id: str
    run: str
    agent: AgentCode
    statement: str
    workspace: Path
    folder: Path
    model: str
    seed: str
    accounts: tuple[str, ...]
    timeout_s: float
    ceiling: Ceiling = field(default_factory=Ceiling)
    limits: SandboxLimits = field(default_factory=SandboxLimits)
    recorded: Path | None = None
    work: str = ""
    environment: Environment = field(default_factory=Environment)

    def within(self, environment: Environment) -> RolloutOrder:
        """Return the same order for a task's environment, with limits raised to its needs."""
        return replace(self, environment=environment, limits=environment.raised(self.limits))


@dataclass(frozen=True, slots=True)
class Work:
    """What an agent left behind.

    `cause` is the outcome if the patch turns out to be worth nothing: why it is empty or failed.
    `divergence` is set by a replay that asked for something else than the recording.
    """

    patch: bytes
    cause: Outcome
    detail: str
    exit_code: int | None
    usage: Usage
    agent_s: float
    total_s: float
    limits_in_force: tuple[str, ...]
    divergence: str = ""


@dataclass(frozen=True, slots=True)
class AgentRunner:
    """Runs agents: the machine's parts that every rollout needs.

    `packages` is a folder of Python packages that agents may import.
    """

    sandboxes: SandboxDriver
    gateway: Gateway
    workspaces: Workspaces
    packages: Path | None = None

    def run(self, order: RolloutOrder) -> Work:
        """Put an agent to work until it ends or its time is over.

        Raises: MachineError if the machine failed, SandboxLostError if it did so with this agent
            alone, OverBudgetError if a budget was spent that the rollout shares with others,
            ModelUnusableError if no call to the model can work; whatever else the agent does is in
            the result.
        """
        with blaming(lambda: self._rehearse(order)):
            return self._run(order)

    def _run(self, order: RolloutOrder) -> Work:
        started = time.monotonic()
        order.folder.mkdir(parents=True, exist_ok=True)
        workspace = self.workspaces.of(order.workspace)
        spec = self._spec(order, order.id, order.agent.folder)
        session_spec = SessionSpec(
            order.id, order.model, order.seed, order.accounts,
            order.folder / "transcript.jsonl", order.ceiling, order.recorded, order.timeout_s,
            order.work,
        )  # fmt: skip
        with (
            tempfile.TemporaryDirectory(prefix="dgm-tree-") as scratch,
            self.sandboxes.open(spec) as sandbox,
        ):
            tree = Path(scratch)
            files = pack(workspace.source, git_folder=workspace.given_git_folder)
            sandbox.put(files, sandbox.paths.workspace)
            with self.gateway.open(session_spec) as session:
                result = _start(sandbox, session, order)
            _check(session)
            (order.folder / "output.txt").write_bytes(result.stdout + result.stderr)
            detail, patch = _collect(sandbox, result, tree, order.limits)
            if patch is None:
                detail, patch = _compare(workspace, tree, order.environment, detail)
            limits_in_force = sandbox.limits_in_force
        (order.folder / "patch.diff").write_bytes(patch)
        return Work(
            patch=patch,
            cause=_cause(result, session.end, is_empty=not patch),
            detail="; ".join(filter(None, (CONTEXT_EXCEEDED * session.overflowed, detail))),
            exit_code=result.exit_code,
            usage=session.usage,
            agent_s=result.duration_s,
            total_s=time.monotonic() - started,
            limits_in_force=limits_in_force,
            divergence=session.divergence,
        )

    def _spec(self, order: RolloutOrder, name: str, agent: Path | None) -> SandboxSpec:
        return SandboxSpec(
            name,
            order.run,
            order.limits,
            agent,
            wants_model=True,
            packages=self.packages,
            environment=order.environment,
        )

    def _rehearse(self, order: RolloutOrder) -> None:
        """Go through a rollout without the agent. Raises: MachineError."""
        spec = self._spec(order, f"{order.id}-control", None)
        workspace = self.workspaces.of(order.workspace)
        files = pack(workspace.source, git_folder=workspace.given_git_folder)
        with self.sandboxes.open(spec) as sandbox:
            sandbox.put(files, sandbox.paths.workspace)
            result = sandbox.exec(
                ["true"], cwd=sandbox.paths.workspace, env={}, timeout_s=_CONTROL_TIMEOUT_S
            )
        if result.exit_code != 0:
            raise SandboxError("a sandbox without an agent could not even run `true`")

    def run_own_tests(
        self, agent: AgentCode, name: str, run: str, limits: SandboxLimits
    ) -> ExecResult:
        """Run the agent's own tests, without a model. Raises: MachineError."""
        spec = SandboxSpec(name, run, limits, agent.folder, packages=self.packages)
        with self.sandboxes.open(spec) as sandbox:
            return sandbox.exec(
                agent.manifest.tests,
                cwd=sandbox.paths.agent,
                env={},
                timeout_s=_SELF_TEST_TIMEOUT_S,
            )


def _start(sandbox: Sandbox, session: Session, order: RolloutOrder) -> ExecResult:
    task = {
        "contract": 1,
        "problem": order.statement,
        "workspace": sandbox.paths.workspace,
        "agent": sandbox.paths.agent,
        "model": "default",
        "limits": {"seconds": order.timeout_s},
    }
    sandbox.put_control("task.json", json.dumps(task).encode())
    if sandbox.model_socket is not None:
        session.listen(sandbox.model_socket)
    return sandbox.exec(
        order.agent.manifest.command,
        cwd=sandbox.paths.agent,
        env=environment(sandbox),
        timeout_s=order.timeout_s,
    )


def _check(session: Session) -> None:
    """Raise what ends more than this rollout."""
    if session.end is SessionEnd.RUN_OVER_BUDGET and session.refusal is not None:
        raise OverBudgetError(session.refusal.account, str(session.refusal))
    if session.end is SessionEnd.MODEL_UNUSABLE:
        raise ModelUnusableError(session.trouble)


def environment(sandbox: Sandbox) -> Mapping[str, str]:
    """The variables of the agent contract. Nothing of the host's own environment is in it."""
    base = f"http://127.0.0.1:{sandbox.model_port}"
    return {
        "DGM_TASK": f"{sandbox.paths.control}/task.json",
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_KEY": DUMMY_KEY,
        "OPENAI_BASE_URL": f"{base}/v1",
        "OPENAI_API_KEY": DUMMY_KEY,
    }


def _collect(
    sandbox: Sandbox, result: ExecResult, tree: Path, limits: SandboxLimits
) -> tuple[str, bytes | None]:
    """Bring the workspace out; what breaks the rules of transfer counts as an empty patch."""
    try:
        collected: Collected = sandbox.collect(
            sandbox.paths.workspace, tree, max_bytes=limits.workspace_mb << 20, max_files=_MAX_FILES
        )
    except UnsafeArchiveError as error:
        return f"the workspace was refused: {error}", b""
    except SandboxError as error:
        if not result.out_of_memory:
            raise
        return f"the sandbox did not survive its lack of memory: {error}", b""
    left = [path for path in collected.skipped if ".git" not in path.split("/")]
    return (f"left behind: {', '.join(left[:5])}" if left else ""), None


def _compare(
    workspace: Workspace, tree: Path, environment: Environment, detail: str
) -> tuple[str, bytes]:
    """Make the patch; one beyond all measure counts as empty."""
    try:
        return detail, workspace.diff(tree, environment.noise)
    except PatchRefusedError as refusal:
        return f"the workspace was refused: {refusal}", b""


def _cause(result: ExecResult, end: SessionEnd, *, is_empty: bool) -> Outcome:
    if end is SessionEnd.PROVIDER_FAILED:
        return Outcome.INFRASTRUCTURE
    if result.out_of_memory:
        return Outcome.OUT_OF_MEMORY
    if result.timed_out:
        return Outcome.TIMEOUT
    if end is SessionEnd.OVER_BUDGET:
        return Outcome.OVER_BUDGET
    if result.exit_code != 0:
        return Outcome.AGENT_ERROR
    return Outcome.EMPTY_PATCH if is_empty else Outcome.FAILED
