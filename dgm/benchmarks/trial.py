"""Hidden tests run once: a fresh sandbox without a model, the workspace, the tests, `test.sh`."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dgm.benchmarks.harbor import HarborTask
from dgm.benchmarks.mutation import Mutation
from dgm.records import Outcome, SandboxLimits
from dgm.resources import data_folder
from dgm.sandbox.protocol import ExecResult, Sandbox, SandboxDriver, SandboxSpec
from dgm.sandbox.transfer import pack

_REPORT_KB = 256  # a full report fits into the tail of as much output
_REWARDS_BYTES = 1 << 16
_NOTHING = bytes(1024)  # a tar without entries
_OFFLINE = ".dgm-offline"
_STOOD_IN = "apt-get apt curl wget pip pip3 uv uvx"


@dataclass(frozen=True, slots=True)
class Trial:
    """How `test.sh` ended; `reward` is what it wrote, read when everything had stopped.

    None if it wrote none, or nothing that is a reward.
    """

    result: ExecResult
    reward: float | None

    @property
    def is_rewarded(self) -> bool:
        """Whether the reward is that of a solved task."""
        return self.reward is not None and self.reward >= 1.0

    @property
    def log(self) -> str:
        """What was printed."""
        return (self.result.stdout + self.result.stderr).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trial says. `detail` names no hidden test, since agents may come to read it.

    `passed` are the tests reported as passed; `is_reported` tells whether there was a report.
    `reward` is what the tests gave, from 0 to 1, where they are judged by that.
    """

    outcome: Outcome
    detail: str = ""
    log: str = ""
    passed: frozenset[str] = frozenset()
    is_reported: bool = False
    reward: float | None = None

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
            packages=self.harbor.packages,
            environment=self.harbor.grading_environment,
        )
        with self.sandboxes.open(spec) as sandbox:
            paths = sandbox.paths
            sandbox.put(workspace, paths.workspace)
            sandbox.put(tests, paths.tests)
            sandbox.put(_NOTHING, f"{paths.logs}/verifier")
            result = sandbox.exec(
                self._command(sandbox),
                cwd=paths.workspace,
                env={
                    "DGM_WORKSPACE": paths.workspace,
                    "DGM_TESTS": paths.tests,
                    "DGM_LOGS": paths.logs,
                },
                timeout_s=self.harbor.task.grading_timeout_s,
                stdin=stdin,
            )
            reward = None if result.timed_out else read_reward(sandbox)
        return Trial(result, reward)

    def _command(self, sandbox: Sandbox) -> tuple[str, ...]:
        """Start `test.sh`; what it would fetch stands ready, if anything was prepared for it."""
        script = f"{sandbox.paths.tests}/test.sh"
        if self.harbor.offered is None:
            return ("bash", script)
        place = f"{sandbox.paths.tmp}/{_OFFLINE}"
        sandbox.put(pack(data_folder("sandbox/grader/offline")), place)
        offered = "\n".join(self.harbor.offered)
        start = (
            f"chmod +x {place}/offline.py; "
            f"for name in {_STOOD_IN}; do ln -s offline.py {place}/$name; done; "
            f'PATH="{place}:$PATH" DGM_OFFERED="$0" exec bash "$1"'
        )
        return ("bash", "-c", start, offered, script)

    def is_base_rewarded(self) -> bool:
        """Run the tests on the untouched workspace: a reward for that says nothing."""
        base, tests = pack(self.harbor.workspace), pack(self.harbor.tests)
        return self.run("-b", base, tests).is_rewarded


def read_reward(sandbox: Sandbox) -> float | None:
    """Read what `test.sh` wrote: `reward.txt`, else `reward.json`, from 0 to 1; None for no such.

    Of several rewards in `reward.json`, that named `reward` counts, else the least.
    """
    folder = f"{sandbox.paths.logs}/verifier"
    text = sandbox.read_file(f"{folder}/reward.txt", max_bytes=64)
    if text is not None:
        return _as_reward(text.decode(errors="replace").strip())
    told = sandbox.read_file(f"{folder}/reward.json", max_bytes=_REWARDS_BYTES)
    try:
        rewards = json.loads(told or b"null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(rewards, dict):
        return _as_reward(rewards)
    if "reward" in rewards:
        return _as_reward(rewards["reward"])
    each = [_as_reward(value) for value in rewards.values()]
    found = [value for value in each if value is not None]
    return min(found) if found and len(found) == len(each) else None


def _as_reward(value: object) -> float | None:
    """Return a finite number, brought between 0 and 1; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return min(1.0, max(0.0, number)) if math.isfinite(number) else None


def by_reward(trial: Trial) -> Finding:
    """Judge by the reward alone, where tests report in no known form."""
    if trial.result.timed_out:
        return Finding(Outcome.FAILED, "the hidden tests did not end in time", trial.log)
    if trial.is_rewarded:
        return Finding(Outcome.SOLVED, log=trial.log, reward=trial.reward)
    detail = "the hidden tests ran out of memory" if trial.result.out_of_memory else ""
    if trial.reward:
        detail = "; ".join(filter(None, (detail, f"a reward of {trial.reward:g}")))
    return Finding(Outcome.FAILED, detail, trial.log, reward=trial.reward)


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
