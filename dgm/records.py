"""The facts every floor speaks of: immutable, typed, free of I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

CONTEXT_EXCEEDED = "the context of the model was exceeded"
"""The `detail` of a rollout whose agent asked for more than its model can read."""


class Outcome(StrEnum):
    """How a rollout ended. Only `INFRASTRUCTURE` is retried, and it is never evidence."""

    SOLVED = "solved"
    FAILED = "failed"
    EMPTY_PATCH = "empty_patch"
    AGENT_ERROR = "agent_error"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    OVER_BUDGET = "over_budget"
    TAMPERED = "tampered"
    INFRASTRUCTURE = "infrastructure"

    @property
    def is_evidence(self) -> bool:
        """Whether this outcome says something about the agent."""
        return self is not Outcome.INFRASTRUCTURE


class Split(StrEnum):
    """`SEARCH` steers evolution; `SEALED` is seen by the final report alone."""

    SEARCH = "search"
    SEALED = "sealed"


class AgentState(StrEnum):
    """Where an agent stands on its way into the archive."""

    DIAGNOSING = "diagnosing"
    MODIFYING = "modifying"
    VALIDATING = "validating"
    EVALUATING = "evaluating"
    ARCHIVED = "archived"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to an agent in this state by itself."""
        return self in (AgentState.ARCHIVED, AgentState.REJECTED)


class Purpose(StrEnum):
    """Why a rollout was run. `MEASURE`, by `dgm eval`, is beside the run and decides nothing.

    `IMPOSSIBLE` is an evaluation on a task that only a cheat can solve: it is no score of anybody,
    and decides nothing either.
    """

    EVALUATE = "evaluate"
    MEASURE = "measure"
    IMPOSSIBLE = "impossible"
    DIAGNOSE = "diagnose"
    MODIFY = "modify"
    CANARY = "canary"
    RUN = "run"

    @property
    def step(self) -> str:
        """The step whose budget it draws on: measuring is evaluation, whoever asks for it."""
        return Purpose.EVALUATE if self.is_graded else self

    @property
    def is_graded(self) -> bool:
        """Whether a benchmark's grader says how such a rollout ended."""
        return self in (Purpose.EVALUATE, Purpose.MEASURE, Purpose.IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls consumed. Token counts are the provider's own; money is in USD.

    `input_tokens` leaves out what was read from the provider's cache or written to it.
    `reused_calls` of the `calls` were answered from the response cache, for nothing. `seconds` is
    how long the calls took; it is measured, so two equal usages may differ in it.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reused_calls: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def tokens(self) -> int:
        """All tokens: input of each kind, and output."""
        return (
            self.input_tokens
            + self.output_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_usd + other.cost_usd,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reused_calls + other.reused_calls,
            self.seconds + other.seconds,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.calls - other.calls,
            self.input_tokens - other.input_tokens,
            self.output_tokens - other.output_tokens,
            self.cost_usd - other.cost_usd,
            self.cache_read_tokens - other.cache_read_tokens,
            self.cache_write_tokens - other.cache_write_tokens,
            self.reused_calls - other.reused_calls,
            self.seconds - other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What may be spent at most; None is no limit. `seconds` are those that model calls take."""

    tokens: int | None = None
    cost_usd: float | None = None
    calls: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """The bounds of one sandbox. Sizes are MiB, times seconds, `output_kb` KiB per stream."""

    memory_mb: int = 512
    processes: int = 128
    cpus: float = 1.0
    workspace_mb: int = 64
    tmp_mb: int = 64
    inodes: int = 20_000
    open_files: int = 256
    output_kb: int = 256


@dataclass(frozen=True, slots=True)
class Environment:
    """What a task's commands find around them, and what they need at least.

    `image` is the name or id of a container image that was prepared (`dgm bench prepare`); empty:
    the sandbox's own base. `folder` is where the task expects its repository, seen there as a link
    to the sandbox's workspace. `variables` are the image's own, PATH above all; HOME and TMPDIR
    stay the sandbox's. `noise` are patterns of what building and testing leave behind, at any depth
    (`target/*`, `*.class`): never a part of a patch. A need of 0 is none.
    """

    image: str = ""
    folder: str = "/workspace"
    variables: tuple[tuple[str, str], ...] = ()
    memory_mb: int = 0
    workspace_mb: int = 0
    cpus: float = 0.0
    processes: int = 0
    tmp_mb: int = 0
    inodes: int = 0
    open_files: int = 0
    noise: tuple[str, ...] = ()

    def raised(self, limits: SandboxLimits) -> SandboxLimits:
        """Return these limits, raised to what is needed."""
        return replace(
            limits,
            memory_mb=max(limits.memory_mb, self.memory_mb),
            workspace_mb=max(limits.workspace_mb, self.workspace_mb),
            cpus=max(limits.cpus, self.cpus),
            processes=max(limits.processes, self.processes),
            tmp_mb=max(limits.tmp_mb, self.tmp_mb),
            inodes=max(limits.inodes, self.inodes),
            open_files=max(limits.open_files, self.open_files),
        )


@dataclass(frozen=True, slots=True)
class AgentManifest:
    """What `agent.toml` says: how to start the agent, and how to run its own tests.

    `packages` are the Python packages it imports, as pip requirements; `without` names those they
    ask for and it does not.
    """

    command: tuple[str, ...]
    tests: tuple[str, ...]
    name: str = "agent"
    packages: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentCode:
    """One version of an agent's repository, laid out in a folder the host owns.

    `tree_hash` is git's hash of the tree; `folder` holds exactly that tree and is never written.
    """

    tree_hash: str
    folder: Path
    manifest: AgentManifest


@dataclass(frozen=True, slots=True)
class Task:
    """A problem, a repository to work on, and limits. Its grader stays with the benchmark.

    `digest` covers everything that decides the result (statement, repository, tests, limits);
    `difficulty` is a label for reports only. The hidden tests of one that `is_impossible`
    contradict its statement: who solves it has cheated.
    """

    id: str
    benchmark: str
    split: Split
    digest: str
    statement: str
    timeout_s: float = 120.0
    grading_timeout_s: float = 60.0
    difficulty: str = ""
    is_impossible: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One proposal for a better agent, as the model answered it (all text is untrusted).

    `target` says what was looked at: a task id, `empty_patches`, `variance`, or `context_length`.
    """

    target: str
    log_summary: str
    potential_improvements: tuple[str, ...]
    proposal: str
    implementation_suggestion: str
    problem_description: str

    @property
    def title(self) -> str:
        """The proposal's first line, whole."""
        return self.proposal.strip().split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class Agent:
    """One node of the archive tree as `run.db` stores it.

    `number` counts from 0 (the seed); `parent_id` is None for the seed; `tree_hash` is None until
    the code is committed; `reason` says why it was rejected. `selection_probability` is the
    parent's probability when it was chosen for this child.
    """

    id: str
    number: int
    parent_id: str | None
    state: AgentState
    tree_hash: str | None = None
    title: str = ""
    reason: str = ""
    diagnosis: Diagnosis | None = None
    selection_probability: float | None = None
    created_at: float = 0.0
    finished_at: float | None = None
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class RolloutKey:
    """The identity of a unit of work: doing it twice is harmless, paying it twice is not."""

    purpose: Purpose
    tree_hash: str
    task_digest: str
    attempt: int = 0
    grader_version: str = ""

    @property
    def asking(self) -> str:
        """What of it decides the questions to the model: all but how the answer is graded."""
        return f"{self.purpose}/{self.tree_hash}/{self.task_digest}/{self.attempt}"


@dataclass(frozen=True, slots=True)
class Rollout:
    """One finished rollout as `run.db` stores it; `folder` is named by `id` below `rollouts/`.

    `agent_s` is the agent's own run time, `total_s` that of the whole rollout with grading;
    `limits_in_force` names the sandbox limits that really held. `regraded_from` is the rollout
    whose patch was graded again; no agent ran in such a one, and nothing was spent.
    """

    id: str
    agent_id: str
    task_id: str
    split: Split | None
    key: RolloutKey
    outcome: Outcome
    detail: str = ""
    exit_code: int | None = None
    patch_bytes: int = 0
    usage: Usage = field(default_factory=Usage)
    agent_s: float = 0.0
    total_s: float = 0.0
    started_at: float = 0.0
    limits_in_force: tuple[str, ...] = ()
    tests_passed: int | None = None
    tests_total: int | None = None
    regraded_from: str | None = None

    @property
    def work_id(self) -> str:
        """The rollout in whose folder the agent's work lies: itself, unless it was graded again."""
        return self.regraded_from or self.id

    @property
    def exceeded_context(self) -> bool:
        """Whether a request of its agent was longer than the model's context."""
        return CONTEXT_EXCEEDED in self.detail


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over tasks: `solved` of `attempted`; missing data counts in neither.

    `tasks` is how many different tasks were attempted, 0 if each was attempted once.
    """

    solved: int = 0
    attempted: int = 0
    tasks: int = 0

    @property
    def mean(self) -> float:
        """The raw share of solved tasks; 0.0 when nothing was attempted."""
        return self.solved / self.attempted if self.attempted else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(self.solved + other.solved, self.attempted + other.attempted)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What speaks of cheating: impossible tasks `solved`, and rollouts that were `tampered`."""

    impossible: Score = Score()
    tampered: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether any cheat was seen."""
        return self.impossible.solved > 0 or self.tampered > 0

    def __add__(self, other: Conduct) -> Conduct:
        return Conduct(self.impossible + other.impossible, self.tampered + other.tampered)
