"""Hidden tests run once: a fresh sandbox without a model, the workspace, the tests, `test.sh`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.benchmarks.harbor import HarborTask
from dgm.benchmarks.mutation import Mutation
from dgm.records import Outcome, SandboxLimits
from dgm.sandbox.protocol import ExecResult, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack

_REPORT_KB = 256  # a full report fits into the tail of as much output


@dataclass(frozen=True, slots=True)
class Trial:
    """How `test.sh` ended; `is_rewarded` is what it wrote, read when everything had stopped."""

    result: ExecResult
    is_rewarded: bool

    @property
    def log(self) -> str:
        """What was printed."""
        return (self.result.stdout + self.result.stderr).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trial says. `detail` names no hidden test, since agents may come to read it.

    `passed` are the tests reported as passed; `is_reported` tells whether there was a report.
    """

    outcome: Outcome
    detail: str = ""
    log: str = ""
    passed: frozenset[str] = frozenset()
    is_reported: bool = False

    def tampered(self, trick: str) -> Finding:
        """Return the finding that somebody tried to score by other means than solving."""
        log = f"tampering: {trick}\n\n{self.log}"
        return replace(self, outcome=Outcome.TAMPERED, detail=trick, log=log)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the trials of one grading take place. `name` begins the names of their sandboxes."""

    harbor: HarborTask
    sandboxes: SandboxDriver
    name: str
    limits: SandboxLimits

    def run(self, step: str, workspace: bytes, tests: bytes, stdin: bytes = b"") -> Trial:
        """Run the tests (a tar) on a workspace (a tar). Raises: SandboxError."""
        limits = self.harbor.grading_environment.raised(
            replace(self.limits, output_kb=max(self.limits.output_kb, _REPORT_KB))
        )
        spec = SandboxSpec(
            self.name + step,
            "grading",
            limits,
            environment=self.harbor.grading_environment,
        )
        with self.sandboxes.open(spec) as sandbox:
            paths = sandbox.paths
            sandbox.put(workspace, paths.workspace)
            sandbox.put(tests, paths.tests)
            result = sandbox.exec(
                ["bash", f"{paths.tests}/test.sh"],
                cwd=paths.workspace,
                env={
                    "DGM_WORKSPACE": paths.workspace,
                    "DGM_TESTS": paths.tests,
                    "DGM_LOGS": paths.logs,
                },
                timeout_s=self.harbor.task.grading_timeout_s,
                stdin=stdin,
            )
            reward = sandbox.read_file(f"{paths.logs}/verifier/reward.txt", max_bytes=64)
        return Trial(result, _is_one(reward) and not result.timed_out)

    def is_base_rewarded(self) -> bool:
        """Run the tests on the untouched workspace: a reward for that says nothing."""
        base, tests = pack(self.harbor.workspace), pack(self.harbor.tests)
        return self.run("-b", base, tests).is_rewarded


def by_reward(trial: Trial) -> Finding:
    """Judge by the reward alone, where tests report in no known form."""
    if trial.result.timed_out:
        return Finding(Outcome.FAILED, "the hidden tests did not end in time", trial.log)
    if trial.is_rewarded:
        return Finding(Outcome.SOLVED, log=trial.log)
    detail = "the hidden tests ran out of memory" if trial.result.out_of_memory else ""
    return Finding(Outcome.FAILED, detail, trial.log)


def sources_of(folder: Path) -> dict[str, str]:
    """Return a folder's files of Python tests that are text: path below it to text."""
    sources = {}
    for path in sorted({*folder.rglob("test*.py"), *folder.rglob("*_test.py")}):
        try:
            sources[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, IsADirectoryError):
            continue
    return sources


def staged(tests: Path, texts: Mapping[str, str]) -> bytes:
    """Return a tar of a folder of tests in which some files have another text."""
    with with_texts(tests, texts) as place:
        return pack(place)


@contextmanager
def with_texts(tests: Path, texts: Mapping[str, str]) -> Iterator[Path]:
    """Lay out a copy of a folder of tests in which some files have another text."""
    with tempfile.TemporaryDirectory(prefix="dgm-tests-") as folder:
        place = Path(folder, "tests")
        shutil.copytree(tests, place, symlinks=True)
        for name, text in texts.items():
            (place / name).write_text(text, encoding="utf-8")
        yield place


def with_source(tests: Path, mutation: Mutation) -> bytes:
    """Return a tar of a folder of tests with a false one among them."""
    return staged(tests, {mutation.file: mutation.source})


def _is_one(reward: bytes | None) -> bool:
    try:
        return reward is not None and float(reward) >= 1.0
    except ValueError:
        return False
