"""The package `swebench` as this project uses it: questions to a process that imports it.

Whatever goes wrong there is a fault of the machine, never of an agent.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dgm.benchmarks.swebench.rows import Row
from dgm.errors import BenchmarkError, ProcessFailedError
from dgm.processes import run

_TIMEOUT_S = 180.0
_FETCHING_S = 1800.0
_PASSED = ("PASSED", "XFAIL")
DATASETS = {
    "verified": "SWE-bench/SWE-bench_Verified",
    "lite": "SWE-bench/SWE-bench_Lite",
    "full": "SWE-bench/SWE-bench",
}
_PASSED_ON = re.compile(
    r"(?i:https?_proxy|all_proxy|no_proxy|HF_.*)|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE"
    r"|CURL_CA_BUNDLE"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the package says of a log.

    `is_complete`: there was a run of tests to read. `passed` are the expected tests that passed,
    `statuses` what was read of every test, expected or not.
    """

    is_complete: bool
    is_resolved: bool
    passed: tuple[str, ...]
    statuses: Mapping[str, str]

    def has_passed(self, test: str) -> bool:
        """Whether a test was reported as passed."""
        return self.statuses.get(test) in _PASSED


def version_of_package() -> str:
    """Return the version that is installed. Raises: BenchmarkError if there is none to use."""
    try:
        found = version("swebench")
    except PackageNotFoundError:
        found = ""
    if found.partition(".")[0] != "5":
        there = f"swebench {found} is installed" if found else "the package is not installed"
        raise BenchmarkError(
            f"SWE-bench needs the package swebench 5, and {there}; pip install 'dgm[swebench]'"
        )
    return found


def specify(rows: Sequence[Row]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the script of each row by id, and by id what is wrong with the others.

    Raises: ProcessFailedError, BenchmarkError if the package is missing.
    """
    answer = _ask({"call": "specify", "rows": [row.as_json() for row in rows]})
    return answer["scripts"], answer["refused"]


def report_on(row: Row, log: str) -> Report:
    """Have a log read. Raises: ProcessFailedError, BenchmarkError if the package is missing."""
    answer = _ask({"call": "report", "row": row.as_json(), "log": log})
    return Report(
        answer["is_complete"],
        answer["is_resolved"],
        tuple(answer["passed"]),
        answer["statuses"],
    )


def fetch(dataset: str, into: Path, environment: Mapping[str, str]) -> None:
    """Write the rows of a public data set into a file, unless it is there.

    Of `environment` go proxies, certificates, and the settings of the library that fetches.
    Raises: BenchmarkError, one line, if it cannot be had.
    """
    if into.is_file():
        return
    draft = into.with_suffix(".draft")
    passed_on = {name: text for name, text in environment.items() if _PASSED_ON.fullmatch(name)}
    request = {"call": "fetch", "dataset": DATASETS[dataset], "into": str(draft)}
    try:
        _ask(request, passed_on, _FETCHING_S)
    except ProcessFailedError as error:
        reason = str(error).strip().splitlines()[-1][-300:]
        raise BenchmarkError(
            f"the data set {DATASETS[dataset]} cannot be fetched ({reason}); bring its rows as a "
            "file: --rows FILE.jsonl or FILE.parquet"
        ) from error
    draft.rename(into)


def _ask(
    request: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> dict[str, Any]:
    version_of_package()
    program = Path(__file__).with_name("reporter.py")
    with tempfile.TemporaryDirectory(prefix="dgm-home-") as home:
        finished = run(
            (sys.executable, "-I", str(program)),
            env={"HOME": home, **({"HF_HUB_OFFLINE": "1"} if environment is None else environment)},
            timeout_s=timeout_s,
            input=json.dumps(request).encode(),
        )
    answer = finished.check(f"asking the package swebench to {request['call']}").stdout
    try:
        found = json.loads(answer)
    except ValueError as error:
        raise ProcessFailedError("the package swebench gave no answer that can be read") from error
    return dict(found)
