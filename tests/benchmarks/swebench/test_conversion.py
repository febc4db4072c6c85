"""Rows of older data sets are made whole by the package's older version, in a sandbox.

The wheel is the tests' own: a package with the names that 4.1.0 has, so that no network is needed.
"""

import os
from dataclasses import replace

import pytest

from dgm.benchmarks.swebench.conversion import converted
from dgm.benchmarks.swebench.rows import Rows
from dgm.sandbox.packages import Shelf
from tests.benchmarks.swebench.rows import row_of, write_repository
from tests.sandbox.wheels import write_wheel

pytestmark = pytest.mark.slow

_CONSTANTS = """
from enum import Enum
class EvalType(Enum):
    PASS_AND_FAIL = "pass_and_fail"
    FAIL_ONLY = "fail_only"
FAIL_ONLY_REPOS = {"shop/silent"}
USE_X86 = set()
MAP_REPO_VERSION_TO_SPECS = {name: {"0.1": {"test_cmd": "pytest"}} for name in (
    "shop/shop", "shop/silent")}
"""
_PARSERS = """
def parse_log_shop(log, spec):
    return {}
MAP_REPO_TO_PARSER = {"shop/shop": parse_log_shop, "shop/silent": parse_log_shop}
"""
_SCRIPTS = """
import socket
def make_eval_script_list(row, specs, name, folder, commit, test_patch):
    try:
        socket.create_connection(("127.0.0.1", 9), 1)
    except OSError as error:
        said = type(error).__name__
    return [f"cd {folder}", f"git checkout {commit}", test_patch, specs["test_cmd"], said]
"""
_SPEC = """
from dataclasses import dataclass
@dataclass
class TestSpec:
    instance_id: str
    repo: str
    version: str
    repo_script_list: list
    eval_script_list: list
    env_script_list: list
    arch: str
    FAIL_TO_PASS: list
    PASS_TO_PASS: list
    language: str
    docker_specs: dict
    namespace: str
    instance_image_tag: str = "latest"
    @property
    def instance_image_key(self):
        return f"{self.namespace}/sweb.eval.{self.arch}.{self.instance_id}:latest"
"""
_MODULES = {
    "harness/__init__.py": "",
    "harness/constants.py": _CONSTANTS,
    "harness/log_parsers.py": _PARSERS,
    "harness/test_spec/__init__.py": "",
    "harness/test_spec/create_scripts.py": _SCRIPTS,
    "harness/test_spec/test_spec.py": _SPEC,
}


@pytest.fixture
def said():
    return []


@pytest.fixture
def shelf(tmp_path, said):
    files = {f"swebench/{name}": text for name, text in _MODULES.items()}
    write_wheel(tmp_path / "wheels", "swebench", "4.1.0", more=files)
    settings = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    settings["PIP_FIND_LINKS"] = str(tmp_path / "wheels")
    return Shelf(tmp_path / "cache", settings, said.append)


@pytest.fixture
def old(tmp_path):
    row = row_of(write_repository(tmp_path / "shop"), "")
    return replace(row, log_parser="", eval_type="", eval_script="")


def test_old_row_gets_what_it_lacks_and_keeps_the_rest(old, shelf, bubblewrapped):
    (row,) = converted(Rows((old,), ()), shelf, bubblewrapped).rows
    assert not row.is_old
    assert row.image.startswith("swebench/sweb.eval.")
    assert (row.log_parser, row.eval_type) == ("parse_log_shop", "pass_and_fail")
    assert row.eval_script.startswith("#!/bin/bash\nset -uxo pipefail\ncd /testbed\n")
    assert old.test_patch in row.eval_script
    assert replace(row, image="", log_parser="", eval_type="", eval_script="") == old


def test_row_of_a_version_the_package_does_not_know_costs_a_line(old, shelf, bubblewrapped):
    alien = replace(old, instance_id="alien", version="9")
    silent = replace(old, instance_id="silent", repo="shop/silent")
    found = converted(Rows((alien, silent), ("before: x",)), shelf, bubblewrapped)
    assert [(row.instance_id, row.eval_type) for row in found.rows] == [("silent", "fail_only")]
    assert found.refused[0] == "before: x"
    assert found.refused[1].startswith("alien: swebench 4.1.0 does not know version '9' of shop")


def test_whole_rows_cost_nothing(tmp_path, said, bubblewrapped):
    row = row_of(write_repository(tmp_path / "shop"), "image")
    shelf = Shelf(tmp_path / "none", {"PIP_NO_INDEX": "1"}, said.append)
    rows = Rows((row,), ())
    assert converted(rows, shelf, bubblewrapped) == rows
    assert said == []
