"""What runs with the package `swebench` imported: a program of its own, `python -I reporter.py`.

One request comes in as JSON on standard input, one answer goes out as JSON on standard output. A
process of its own, because what tests print is hostile: the package's parsers meet it here, where
time and memory are bounded and nothing else is at stake. It executes nothing of a log. Versions:
5.x.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

_MEMORY_BYTES = 4 << 30


def specify(request: dict[str, Any]) -> dict[str, Any]:
    """Return each row's script as the package would run it, or what is wrong with the row."""
    from swebench.harness.constants import END_TEST_OUTPUT, START_TEST_OUTPUT, EvalType
    from swebench.harness.log_parsers import PARSER_REGISTRY
    from swebench.harness.utils import make_test_spec

    scripts, refused = {}, {}
    kinds = [kind.value for kind in EvalType]
    for row in request["rows"]:
        name = row["instance_id"]
        script = make_test_spec(row).eval_script
        if row["log_parser"] not in PARSER_REGISTRY:
            refused[name] = f"log_parser = {row['log_parser']!r} is none of the package's"
        elif row["eval_type"] not in kinds:
            refused[name] = f"eval_type = {row['eval_type']!r}; choose {' or '.join(kinds)}"
        elif any(script.count(mark) != 1 for mark in (START_TEST_OUTPUT, END_TEST_OUTPUT)):
            refused[name] = f"eval_script must hold {START_TEST_OUTPUT!r} and its end once each"
        else:
            scripts[name] = script
    return {"scripts": scripts, "refused": refused}


def report(request: dict[str, Any]) -> dict[str, Any]:
    """Return the package's report on a log, and what it read there of every test."""
    _enter_harness()
    from swebench.harness.grading import get_eval_report, get_logs_eval
    from swebench.types import TestSpec

    names = ("instance_id", "image", "repo", "version", "log_parser", "eval_type")
    lists = ("FAIL_TO_PASS", "PASS_TO_PASS")
    row = request["row"]
    spec = TestSpec(eval_script_list=[], **{name: row[name] for name in (*names, *lists)})
    prediction = {"instance_id": spec.instance_id, "model_patch": "", "model_name_or_path": ""}
    with tempfile.TemporaryDirectory(prefix="dgm-swebench-") as folder:
        log = Path(folder, "test_output.txt")
        log.write_text(request["log"], encoding="utf-8")
        statuses, is_complete = get_logs_eval(spec, str(log))
        found = get_eval_report(spec, prediction, str(log), include_tests_status=True)
    about = found[spec.instance_id]
    groups = about.get("tests_status", {})
    passed = [
        name
        for group in ("FAIL_TO_PASS", "PASS_TO_PASS")
        for name in groups.get(group, {}).get("success", ())
    ]
    return {
        "is_complete": is_complete,
        "is_resolved": about["resolved"],
        "passed": passed,
        "statuses": statuses,
    }


def _enter_harness() -> None:
    """Have modules of `swebench.harness` found without what its `__init__` imports.

    That is engines and libraries of data sets, 1.5 s of processor time; reading a log takes 0.1 s.
    """
    import swebench

    harness = types.ModuleType("swebench.harness")
    harness.__path__ = [str(Path(swebench.__file__).with_name("harness"))]
    sys.modules[harness.__name__] = harness


def fetch(request: dict[str, Any]) -> dict[str, Any]:
    """Write the rows of a public data set into a file, one in a line; return how many."""
    from swebench.harness.utils import load_swebench_dataset

    rows = load_swebench_dataset(request["dataset"], "test")
    with Path(request["into"]).open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, default=str)}\n" for row in rows)
    return {"rows": len(rows)}


def main() -> None:
    """Answer one request."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever the package prints is no answer
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    answer = {"specify": specify, "report": report, "fetch": fetch}[request["call"]](request)
    with open(answers, "w", encoding="utf-8") as out:  # noqa: PTH123 - a descriptor
        json.dump(answer, out)


if __name__ == "__main__":
    main()
