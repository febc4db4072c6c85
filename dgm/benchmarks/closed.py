"""Hidden tests judged by a process that never meets the patch: what goes in, and what comes out.

The tests run in `collector.py`; the patch runs in a process of its own, which sees what it is
called with and nothing else. So two things suffice for a pass: the report is signed with this
trial's key, and it holds every expected test as passed and no other.
"""

from __future__ import annotations

import ast
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from dgm import syntax
from dgm.benchmarks.protection import Modules
from dgm.benchmarks.trial import Finding, Trial, by_reward, sources_of, staged
from dgm.records import Outcome
from dgm.resources import data_folder

_HARNESS_FUNCTIONS = frozenset({"run", "stop", "tests_of"})
_JUDGE_FILES = (
    *("dgm_values.py", "dgm_pipes.py", "dgm_wire.py", "dgm_clock.py", "dgm_judge.py"),
    "dgm_patch.py",
)


@dataclass(frozen=True, slots=True)
class ClosedTests:
    """Hidden tests made ready for one trial; a test's id is `file::function`."""

    archive: bytes
    expected: frozenset[str]
    key: bytes
    modules: Modules

    @property
    def stdin(self) -> bytes:
        """What the judge is told, and nobody after it."""
        own, added = (" ".join(sorted(n)) for n in (self.modules.own, self.modules.added))
        return "\n".join((self.key.hex(), own, added)).encode()


@dataclass(frozen=True, slots=True)
class _Report:
    """A signed report: (kind, text) of every line, and what the patch's process printed."""

    told: tuple[tuple[str, str], ...]
    output: str

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(text for kind, text in self.told if kind == "pass")

    def of(self, kind: str) -> str:
        return "".join(text for found, text in self.told if found == kind)


def is_closed(tests: Path) -> bool:
    """Whether a task brings the runner that the collector can take the place of."""
    try:
        module = syntax.parse((tests / "check.py").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False
    return {n.name for n in module.body if isinstance(n, ast.FunctionDef)} >= _HARNESS_FUNCTIONS


def runner_files(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the files the runner takes tests from."""
    return {name: sources[name] for name in sorted(sources) if _is_test_file(name)}


def prepare(tests: Path, modules: Modules) -> ClosedTests:
    """Lay the judge among the tests of a task; these modules are what tests import of the patch."""
    texts = runner_files(sources_of(tests))
    expected = frozenset(f"{name}::{test}" for name in texts for test in _functions(texts[name]))
    folder = data_folder("sandbox/grader")
    files = {name: folder.joinpath(name).read_text("utf-8") for name in _JUDGE_FILES}
    files["check.py"] = folder.joinpath("collector.py").read_text("utf-8")
    return ClosedTests(staged(tests, files), expected, secrets.token_bytes(32), modules)


def judge(trial: Trial, tests: ClosedTests) -> Finding:
    """Say what a trial shows. What the tests' process printed or rewarded itself is no proof.

    `SOLVED` says that exactly the expected tests passed, and that `test.sh` rewards it.
    """
    stopped = by_reward(replace(trial, reward=None))
    if stopped.detail:
        return stopped
    body = _signed(b"dgm-report", trial.result.stdout, tests.key)
    if body is None:
        return _without_report(trial, tests)
    report = _read(body)
    finding = Finding(
        Outcome.FAILED, log=_log(trial, report), passed=report.passed, is_reported=True
    )
    if trick := report.of("broken"):
        return finding.tampered(f"the patch's process broke the protocol of the judge: {trick}")
    if finding.passed != tests.expected:
        return finding
    if not trial.is_rewarded:
        return replace(finding, detail="all hidden tests passed, but test.sh gave no reward")
    return replace(finding, outcome=Outcome.SOLVED)


def _without_report(trial: Trial, tests: ClosedTests) -> Finding:
    """Judge a trial whose collector said nothing at its end.

    It greets before any code of the patch runs, and nothing honest ends it: the patch's process is
    a session of its own, and lack of memory and time are known.
    """
    finding = Finding(Outcome.FAILED, log=trial.log)
    if _signed(b"dgm-hello", trial.result.stdout, tests.key) is None:
        return replace(finding, detail="test.sh did not run the hidden tests with its check.py")
    if trial.result.dropped:
        return replace(finding, detail="the report was lost in too much output")
    return finding.tampered("the process that collects the verdicts was ended from inside")


def _signed(head: bytes, stdout: bytes, key: bytes) -> bytes | None:
    """Return the body of the line with this head whose signature is right."""
    for line in stdout.splitlines():
        words = line.split(b" ", 2)
        if len(words) == 3 and words[0] == head:
            right = blake2b(head + words[2], key=key, digest_size=32).hexdigest().encode()
            if hmac.compare_digest(right, words[1]):
                return words[2]
    return None


def _read(body: bytes) -> _Report:
    """Decode what the judge signed."""
    told, output = (
        binascii.a2b_base64(field).decode(errors="replace") for field in body.split(b" ")
    )
    lines = (line.partition(" ") for line in told.split("\n"))
    return _Report(tuple((kind, text) for kind, _, text in lines), output)


def _log(trial: Trial, report: _Report) -> str:
    """Write what people read: what was printed, then the verdicts, then their count."""
    heads = ("dgm-hello ", "dgm-report ")
    said = [line for line in trial.log.splitlines() if line and not line.startswith(heads)]
    lines = [*said, *report.output.splitlines()]
    failed = 0
    for kind, text in report.told:
        name, _, why = text.partition(" ")
        if kind == "pass":
            lines.append(f"ok   {name.rpartition('::')[2]}")
        elif kind == "fail":
            failed += 1
            lines.append(f"FAIL {name.rpartition('::')[2]}: {_unescaped(why)}")
        elif kind == "stop":
            lines.append("stopped here: a test did not end, so the rest counts as failed")
    return "\n".join([*lines, f"{len(report.passed)} passed, {failed} failed", ""])


def _unescaped(why: str) -> str:
    """Read text as the judge escapes it."""
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), why)


def _functions(source: str) -> list[str]:
    return [
        node.name
        for node in syntax.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def _is_test_file(name: str) -> bool:
    return "/" not in name and name.startswith("test_")
