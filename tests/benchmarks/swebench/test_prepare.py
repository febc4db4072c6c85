"""Preparing is done once, goes on where it stopped, and a bad row costs a line."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from dgm.benchmarks.swebench.benchmark import SweBench
from dgm.benchmarks.swebench.prepare import still_missing
from dgm.benchmarks.swebench.rows import Rows
from dgm.benchmarks.swebench.sources import Tracked, sorted_out
from dgm.workspaces import Workspaces
from tests.benchmarks.swebench.rows import build_image

pytestmark = pytest.mark.slow


def prepared(workshop, *rows):
    return workshop.prepare(Rows(rows, ()))


def test_what_is_prepared_is_not_prepared_again(workshop, benchmark, row, tmp_path):
    rows = Rows((row,), ())
    assert still_missing(workshop.client, workshop.home, rows).rows == ()
    assert still_missing(workshop.client, tmp_path, rows).rows == (row,)
    changed = Rows((replace(row, problem_statement="Something else."),), ())
    assert still_missing(workshop.client, workshop.home, changed).rows == changed.rows


def test_task_whose_image_is_gone_is_prepared_again(workshop, benchmark, row, tmp_path):
    shutil.copytree(workshop.home, tmp_path / "home")
    facts = tmp_path / "home" / row.instance_id / "prepared.json"
    facts.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", facts.read_text()))
    assert still_missing(workshop.client, tmp_path / "home", Rows((row,), ())).rows == (row,)


def test_half_a_preparation_is_none_and_is_made_again(workshop, row, tmp_path):
    elsewhere = replace(workshop, home=tmp_path / "home")
    half = elsewhere.home / row.instance_id / "workspace"
    half.mkdir(parents=True)
    (half / "left.py").write_text("x = 1\n")
    assert list(SweBench(elsewhere.home, Workspaces(tmp_path / "w")).left_out) == [row.instance_id]
    assert prepared(elsewhere, row) == {}
    found = SweBench(elsewhere.home, Workspaces(tmp_path / "w"))
    assert [task.id for task in found.tasks()] == [row.instance_id]
    assert not (half / "left.py").exists()


def test_changed_row_has_another_digest(workshop, benchmark, task, row, tmp_path):
    elsewhere = replace(workshop, home=tmp_path / "home")
    assert prepared(elsewhere, replace(row, problem_statement="Something else.")) == {}
    (other,) = SweBench(elsewhere.home, Workspaces(tmp_path / "w")).tasks()
    assert other.digest != task.digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image": "dgm-test-none:1"}, "its image dgm-test-none:1 is not here"),
        ({"log_parser": "parse_log_cobol"}, "log_parser = 'parse_log_cobol' is none of"),
        ({"eval_type": "maybe"}, "eval_type = 'maybe'; choose pass_and_fail or fail_only"),
        ({"eval_script": "true\n"}, "eval_script must hold '>>>>> Start Test Output'"),
        ({"base_commit": "0" * 40}, "is no repository with commit 000000000000"),
        (
            {"patch": "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"},
            "its patch does",
        ),
        ({"test_patch": ""}, "its test_patch is empty"),
    ],
)
def test_bad_row_costs_one_line_and_no_other_row(workshop, row, tmp_path, changes, words):
    elsewhere = replace(workshop, home=tmp_path / "home")
    bad = replace(row, instance_id="bad__bad-1", **changes)
    troubles = prepared(elsewhere, bad, row)
    assert list(troubles) == ["bad__bad-1"]
    assert words in troubles["bad__bad-1"]
    assert "\n" not in troubles["bad__bad-1"]
    tasks = SweBench(elsewhere.home, Workspaces(tmp_path / "w")).tasks()
    assert [task.id for task in tasks] == [row.instance_id]


def test_image_at_a_later_commit_is_refused(workshop, client, told, row, image, tmp_path):
    elsewhere = replace(workshop, home=tmp_path / "home")
    later = replace(row, base_commit=_first_commit(told))
    troubles = prepared(elsewhere, later)
    assert "is at commit" in troubles[row.instance_id]
    assert "in place of" in troubles[row.instance_id]


def test_image_with_files_of_a_later_commit_is_refused(workshop, client, told, row, tmp_path):
    """The commit is right and the files are not: somebody checked the fix out over it."""
    _git(told, "checkout", "-q", told.fix, "--", "shop/total.py")
    _git(told, "reset", "-q", told.base)
    tag = f"dgm-test-later:{told.base[:12]}"
    try:
        build_image(client, told, workshop.sandboxes._image, tag)
        elsewhere = replace(workshop, home=tmp_path / "home")
        troubles = prepared(elsewhere, replace(row, image=tag))
        assert (
            "1 files in /testbed of its image come from another commit: shop/total.py"
            in (troubles[row.instance_id])
        )
    finally:
        _git(told, "reset", "-q", "--hard", told.base)
        client.images.remove(tag, force=True)


def test_files_are_told_apart_by_who_made_them(tmp_path):
    built = "so" * 40
    files = {"a.py": "a", "b.py": "changed", "built.so": built, "build/a.py": "a", "few.txt": "x"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    blobs = {"a.py": _blob("a"), "b.py": _blob("b")}
    found = sorted_out(tmp_path, Tracked(blobs, {**blobs, "b.py": _blob("changed")}))
    assert found.setup == ("b.py",)
    assert found.noise == ("build/a.py", "built.so", "few.txt")
    assert list(found.suspects) == ["built.so"]


def _blob(text):
    words = ["git", "hash-object", "--stdin"]
    return subprocess.run(words, input=text, check=True, capture_output=True, text=True).stdout[:-1]


def _first_commit(told):
    return _git(told, "rev-list", "--max-parents=0", "HEAD").strip()


def _git(told, *words):
    command = ["git", "-C", str(told.folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
