"""What is known of an exercise's tests: how many the reference solution passes, and a false one.

It is measured in the sandboxes that grade, when it is first needed, which is when preparing ends
with verifying; then it is kept, under a key of all that decides it. Measuring twice is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dgm.benchmarks.kept import write_json
from dgm.benchmarks.polyglot import layout
from dgm.benchmarks.polyglot.exercises import Exercise
from dgm.benchmarks.polyglot.falsehoods import Falsehood, falsehoods
from dgm.benchmarks.polyglot.trial import Bench, Trial


@dataclass(frozen=True, slots=True)
class Known:
    """`passed` tests are passed by the reference solution, which fails with the test made `false`.

    `seconds` is how long its tests took; `problem` says why nothing can be graded, if so. `fresh`
    is the run of the reference solution, if it was measured just now.
    """

    passed: int = 0
    false: Falsehood | None = None
    seconds: float = 0.0
    problem: str = ""
    fresh: Trial | None = None


Solution = Callable[[], Mapping[str, bytes]]
"""Makes an exercise with its reference solution: all files by path."""


def known_of(folder: Path, key: str, bench: Bench, reference: Solution) -> Known:
    """Return what is kept below `folder`, or measure and keep it. Raises: MachineError.

    A problem is not kept: it may be one of this machine, and nobody waits for it twice.
    """
    path = folder / f"{bench.exercise.id}.json"
    kept, fresh = _kept(path, key), None
    if kept is None:
        fresh, found = _measured(bench, reference())
        kept = {"key": key, **found}
        if not kept["problem"]:
            write_json(path, kept)
    false = _numbered(kept["false"], bench.exercise)
    seconds, problem = float(kept["seconds"]), str(kept["problem"])
    return Known(int(kept["passed"]), false, seconds, problem, fresh)


def false_test_of(folder: Path, key: str, exercise: Exercise) -> Falsehood | None:
    """Return the false test that is kept below `folder`; None if nothing was measured yet."""
    kept = _kept(folder / f"{exercise.id}.json", key)
    return None if kept is None else _numbered(kept["false"], exercise)


def _numbered(number: object, exercise: Exercise) -> Falsehood | None:
    return next((each for n, each in enumerate(_falsehoods(exercise)) if n == number), None)


def _kept(path: Path, key: str) -> dict[str, Any] | None:
    """Return what is kept under a key; None if there is nothing, or it is torn."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    fields = {"key", "passed", "false", "seconds", "problem"}
    return kept if isinstance(kept, dict) and fields <= kept.keys() and kept["key"] == key else None


def _measured(bench: Bench, reference: Mapping[str, bytes]) -> tuple[Trial, dict[str, object]]:
    """Run the reference solution, then with false tests until it fails with one as it must."""
    trial = bench.run("-r", reference)
    return trial, _found(bench, reference, trial)


def _found(bench: Bench, reference: Mapping[str, bytes], trial: Trial) -> dict[str, object]:
    counts = trial.counts
    found: dict[str, object] = {
        "passed": counts.passed if counts else 0,
        "false": None,
        "seconds": round(trial.result.duration_s, 1),
        "problem": "",
    }
    if counts is None or counts.failed or trial.result.exit_code != 0:
        words = " | ".join(trial.log.strip().splitlines()[-3:])[-200:]
        return {**found, "problem": f"its reference solution does not pass: {words}"}
    if not counts.passed:
        return {**found, "problem": "it has no tests"}
    for number, false in enumerate(_falsehoods(bench.exercise)):
        if bench.run(f"-f{number}", reference, false).is_failed_by_tests():
            return {**found, "false": number}
    return found


def _falsehoods(exercise: Exercise) -> list[Falsehood]:
    return list(falsehoods(exercise.language.name, layout.test_files(exercise), exercise.id))
