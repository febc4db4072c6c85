"""The hidden tests of an exercise run once on some files, in a fresh sandbox without a model."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.benchmarks.polyglot import layout
from dgm.benchmarks.polyglot.exercises import Exercise
from dgm.benchmarks.polyglot.falsehoods import Falsehood
from dgm.benchmarks.polyglot.reports import Counts
from dgm.sandbox.protocol import ExecResult, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack

_OUTPUT_KB = 1024  # the summary is at the end, the verdicts of Go are everywhere


@dataclass(frozen=True, slots=True)
class Trial:
    """How a run of the tests ended; `counts` is None if their runner gave no summary."""

    result: ExecResult
    counts: Counts | None

    @property
    def log(self) -> str:
        """What was printed."""
        return (self.result.stdout + self.result.stderr).decode(errors="replace")

    def is_passed(self, expected: int) -> bool:
        """Whether all ended well, with as many passed tests as are expected and no other."""
        return self.result.exit_code == 0 and self.counts == Counts(expected, 0)

    def is_failed_by_tests(self) -> bool:
        """Whether the tests could be run, and some failed."""
        failed = self.counts.failed if self.counts else 0
        return self.result.exit_code not in (0, None) and failed > 0


@dataclass(frozen=True, slots=True)
class Bench:
    """Where trials of one exercise take place; `name` begins the names of their sandboxes."""

    exercise: Exercise
    sandboxes: SandboxDriver
    spec: SandboxSpec
    timeout_s: float

    def run(
        self, step: str, solution: Mapping[str, bytes], false: Falsehood | None = None
    ) -> Trial:
        """Lay the tests over a solution, all its files by path, and run them. MachineError."""
        tests = dict(layout.test_files(self.exercise))
        if false is not None:
            tests[false.file] = false.text.encode()
        limits = replace(self.spec.limits, output_kb=max(self.spec.limits.output_kb, _OUTPUT_KB))
        spec = replace(
            self.spec, name=self.spec.name + step, limits=self.spec.environment.raised(limits)
        )
        with self.sandboxes.open(spec) as sandbox:
            sandbox.put(_packed({**solution, **tests}), sandbox.paths.workspace)
            result = sandbox.exec(
                ["bash", "-c", self.exercise.command],
                cwd=sandbox.paths.workspace,
                env={},
                timeout_s=self.timeout_s,
            )
        output = (result.stdout + result.stderr).decode(errors="replace")
        return Trial(result, self.exercise.language.count(output))


def _packed(files: Mapping[str, bytes]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dgm-tests-") as folder:
        layout.write(files, Path(folder))
        return pack(Path(folder))
