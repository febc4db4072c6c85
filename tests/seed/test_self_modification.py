"""The seed agent rewriting itself with the built-in improver as its model."""

from __future__ import annotations

import filecmp
import json
import shutil

import pytest


def _texts(folder):
    found = sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def _changed(laboratory, child):
    before, after = _texts(laboratory.seed_agent), _texts(child)
    return {path for path in before | after if before.get(path) != after.get(path)}


def test_the_seed_changes_its_own_repository(laboratory):
    child, work = laboratory.improve("1")
    assert work.exit_code == 0, work.stdout
    assert "[stopped: finished]" in work.stdout
    assert _changed(laboratory, child)


def test_the_same_seed_makes_the_same_child(laboratory, tmp_path):
    child, _ = laboratory.improve("7")
    first = _texts(child)
    child.rename(tmp_path / "first")
    again, _ = laboratory.improve("7")
    assert _texts(again) == first


@pytest.mark.slow
def test_different_seeds_make_different_children(laboratory):
    # Without a marked suggestion the improver heeds all words, even those of this folder's path.
    marked = "## Suggested change\nMake it better.\n"
    children = [laboratory.improve(str(seed), marked)[0] for seed in range(4)]
    assert len({json.dumps(_texts(child)) for child in children}) == 4


def test_the_improver_runs_the_agents_own_tests(laboratory):
    _, work = laboratory.improve("3")
    last = work.requests[-1].messages[-1].content[-1]
    assert last.text.rstrip().endswith("]")
    assert "[exit code " in last.text


@pytest.mark.slow
def test_a_file_the_viewer_clips_is_never_overwritten(laboratory, tmp_path):
    long_agent = tmp_path / "agent"
    laboratory.improve("1", agent=laboratory.seed_agent)[0].rename(long_agent)
    loop = long_agent / "loop.py"
    loop.write_text(loop.read_text() + "\n# more\n" * 40)
    for seed in range(2):
        child, _ = laboratory.improve(str(seed), agent=long_agent)
        assert filecmp.cmp(child / "loop.py", loop, shallow=False)


def test_a_child_that_deletes_a_tool_of_its_own_is_found_out(laboratory, tmp_path):
    robbed = tmp_path / "robbed"
    laboratory.improve("1")[0].rename(robbed)
    (robbed / "tools" / "files.py").unlink()
    assert not laboratory.can_edit_a_file(robbed)
    assert not laboratory.own_tests_pass(robbed)


def test_a_child_without_its_folder_of_tools_is_found_out(laboratory, tmp_path):
    robbed = tmp_path / "robbed"
    laboratory.improve("1")[0].rename(robbed)
    shutil.rmtree(robbed / "tools")
    assert not laboratory.can_edit_a_file(robbed)
    assert not laboratory.own_tests_pass(robbed)


def test_a_healthy_child_still_works_and_a_broken_one_is_found_out(laboratory, tmp_path):
    assert laboratory.can_edit_a_file(laboratory.seed_agent)
    broken = tmp_path / "broken"
    laboratory.improve("1")[0].rename(broken)
    (broken / "tools" / "files.py").write_text("SPEC = {}\n")
    assert not laboratory.can_edit_a_file(broken)
    assert not laboratory.own_tests_pass(broken)
