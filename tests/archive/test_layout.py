import os

import pytest

from dgm.archive.layout import find_run, runs_below
from dgm.archive.store import Store
from dgm.errors import ArchiveError


def make_run(path, age_s):
    with Store.create(path, ""):
        pass
    os.utime(path / "run.toml", (1e9 - age_s, 1e9 - age_s))


def test_newest_run_is_found_when_none_is_named(tmp_path):
    for name, age_s in (("b", 20), ("c", 10), ("a", 30)):
        make_run(tmp_path / name, age_s)
    make_run(tmp_path / "lost-its-settings", 0)
    (tmp_path / "lost-its-settings" / "run.toml").unlink()
    (tmp_path / "no-run").mkdir()
    found = [run.name for run in runs_below(tmp_path)]
    assert found == ["c", "b", "a", "lost-its-settings"]
    assert find_run(tmp_path).name == "c"


def test_run_is_found_by_name_or_path(tmp_path):
    make_run(tmp_path / "one", 0)
    assert find_run(tmp_path, "one").path == tmp_path / "one"
    assert find_run(tmp_path / "elsewhere", str(tmp_path / "one")).name == "one"


def test_missing_run_is_one_clear_line(tmp_path):
    with pytest.raises(ArchiveError, match=r"no run in .* yet"):
        find_run(tmp_path)
    make_run(tmp_path / "one", 0)
    with pytest.raises(ArchiveError, match=r"no run 'two' .*newest runs: one"):
        find_run(tmp_path, "two")
