"""What runs in a sandbox with `swebench` 4.1.0: four fields for rows of older data sets.

Rows come in as JSON on standard input; out goes, by id, what to add or why it cannot be had. The
requirements that the package would fetch for building images are not asked for, so no network is
needed. Standard library and the package only.
"""

import json
import platform
import sys

from swebench.harness.constants import (
    FAIL_ONLY_REPOS,
    MAP_REPO_VERSION_TO_SPECS,
    USE_X86,
    EvalType,
)
from swebench.harness.log_parsers import MAP_REPO_TO_PARSER
from swebench.harness.test_spec.create_scripts import make_eval_script_list
from swebench.harness.test_spec.test_spec import TestSpec


def _image(row: dict[str, str]) -> str:
    is_arm = platform.machine() in ("aarch64", "arm64") and row["instance_id"] not in USE_X86
    spec = TestSpec(
        row["instance_id"], row["repo"], row["version"], [], [], [],
        "arm64" if is_arm else "x86_64", [], [], "py", {}, "swebench",
    )  # fmt: skip
    return str(spec.instance_image_key)


def _added(row: dict[str, str]) -> dict[str, str]:
    versions = MAP_REPO_VERSION_TO_SPECS.get(row["repo"], {})
    if row["version"] not in versions:
        what = f"version {row['version']!r} of {row['repo']}"
        return {"refused": f"swebench 4.1.0 does not know {what}, so the row must say it all"}
    lines = make_eval_script_list(
        row, versions[row["version"]], "testbed", "/testbed", row["base_commit"], row["test_patch"]
    )
    kind = EvalType.FAIL_ONLY if row["repo"] in FAIL_ONLY_REPOS else EvalType.PASS_AND_FAIL
    return {
        "image": _image(row),
        "log_parser": MAP_REPO_TO_PARSER[row["repo"]].__name__,
        "eval_type": str(kind.value),
        "eval_script": "\n".join(["#!/bin/bash", "set -uxo pipefail", *lines]) + "\n",
    }


if __name__ == "__main__":
    json.dump({row["instance_id"]: _added(row) for row in json.load(sys.stdin)}, sys.stdout)
