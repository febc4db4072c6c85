"""Parts that fail on purpose: each wraps a real one and spoils what its rule names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from threading import Event

from dgm.benchmarks.around import Around
from dgm.benchmarks.protocol import Benchmark, Grade
from dgm.errors import DgmError, MachineError, ProviderError, SandboxError
from dgm.gateway.protocol import CallContext, Provider
from dgm.gateway.wire import Reply, Request, Text
from dgm.records import Outcome, SandboxLimits, Split, Task
from dgm.sandbox.protocol import ExecResult, Probe, Sandbox, SandboxDriver, SandboxSpec

FRAGILE = b"now the sandbox breaks"


def first(times: int) -> Callable[[str], bool]:
    """A rule that spoils the first few, whatever they are."""
    left = iter(range(times))
    return lambda _: next(left, None) is not None


def never(_: str) -> bool:
    """A rule that spoils nothing."""
    return False


def always(_: str) -> bool:
    """A rule that spoils everything."""
    return True


@dataclass
class FaultyDriver:
    """Cannot start the sandboxes its rule names; the others are real."""

    real: SandboxDriver
    spoils: Callable[[str], bool]
    opened: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.real.name

    @property
    def is_strong(self) -> bool:
        return self.real.is_strong

    def open(self, spec: SandboxSpec) -> AbstractContextManager[Sandbox]:
        self.opened.append(spec.name)
        if self.spoils(spec.name):
            raise SandboxError("the machine gave up this sandbox")
        return self.real.open(spec)

    def probe(self) -> tuple[Probe, ...]:
        return self.real.probe()

    def reap(self, run: str | None = None) -> int:
        return self.real.reap(run)

    def __enter__(self) -> FaultyDriver:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


@dataclass
class FragileDriver(FaultyDriver):
    """Loses every sandbox in which a program prints `FRAGILE`, besides what its rule names."""

    @contextmanager
    def open(self, spec: SandboxSpec) -> Iterator[Sandbox]:
        with super().open(spec) as sandbox:
            yield _FragileSandbox(sandbox)  # type: ignore[misc]


@dataclass
class _FragileSandbox:
    real: Sandbox

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def exec(self, *words: object, **options: object) -> ExecResult:
        result = self.real.exec(*words, **options)  # type: ignore[arg-type]
        if FRAGILE in result.stdout:
            raise SandboxError("the sandbox was lost")
        return result


@dataclass
class HangingProvider:
    """Keeps the call whose seed its rule names waiting until it is released."""

    real: Provider
    hangs: Callable[[str], bool]
    name: str = "builtin"
    waits: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    def complete(self, request: Request, context: CallContext) -> Reply:
        if not self.released.is_set() and self.hangs(context.seed):
            self.waits.set()
            self.released.wait()
        return self.real.complete(request, context)


@dataclass
class FaultyProvider:
    """Fails the calls whose seed (`1/evaluate/...`) its rule names."""

    real: Provider
    spoils: Callable[[str], bool]
    name: str = "builtin"
    asked: list[str] = field(default_factory=list)
    error: DgmError = field(default_factory=lambda: ProviderError("the model is out of reach"))

    def complete(self, request: Request, context: CallContext) -> Reply:
        self.asked.append(context.seed)
        if self.spoils(context.seed):
            raise self.error
        return self.real.complete(request, context)


@dataclass
class Mumbler:
    """Answers every call with words that are no JSON."""

    real: Provider
    name: str = "builtin"

    def complete(self, request: Request, context: CallContext) -> Reply:
        return replace(self.real.complete(request, context), content=(Text("It depends."),))


class Only(Around):
    """A benchmark with one of its tasks alone, which steers the search."""

    def __init__(self, real: Benchmark, task: Task) -> None:
        super().__init__(real)
        self.task = task

    def tasks(self, split: Split | None = None) -> Sequence[Task]:
        return [self.task] if split in (None, Split.SEARCH) else []


class FaultyGrader(Around):
    """A benchmark whose grader breaks down on the tasks its rule names."""

    def __init__(self, real: Benchmark, spoils: Callable[[str], bool] = never) -> None:
        super().__init__(real)
        self.spoils = spoils

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        if self.spoils(task.id):
            raise MachineError("the grader broke down")
        return super().grade(task, patch, sandboxes, name, limits)


class NewerGrader(FaultyGrader):
    """A benchmark whose grader has another version, and other verdicts on some tasks."""

    def __init__(
        self,
        real: Benchmark,
        spoils: Callable[[str], bool] = never,
        version: str = "newer",
        verdicts: Mapping[str, Outcome] | None = None,
    ) -> None:
        super().__init__(real, spoils)
        self.version, self.verdicts = version, dict(verdicts or {})
        self.graded: list[str] = []

    @property
    def grader_version(self) -> str:
        return self.version

    def grade(
        self,
        task: Task,
        patch: bytes,
        sandboxes: SandboxDriver,
        name: str,
        limits: SandboxLimits | None = None,
    ) -> Grade:
        self.graded.append(name)
        grade = super().grade(task, patch, sandboxes, name, limits)
        return replace(grade, outcome=self.verdicts.get(task.id, grade.outcome))
