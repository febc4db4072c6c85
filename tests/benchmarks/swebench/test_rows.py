"""Rows as data sets bring them: each bad one is named in a line and costs no other anything."""

import json

import pytest

from dgm.benchmarks.swebench.rows import parse_row, read_rows
from dgm.benchmarks.swebench.subsets import SUBSETS, in_order, spelled_out, split_of, subset
from dgm.errors import BenchmarkError
from dgm.records import Split

OLD = {
    "instance_id": "a__b-1",
    "repo": "a/b",
    "version": "1.0",
    "base_commit": "0123456789" * 4,
    "problem_statement": "It is wrong.",
    "hints_text": "It is line 7.",
    "patch": "diff --git a/x b/x\n",
    "test_patch": "diff --git a/t b/t\n",
    "FAIL_TO_PASS": '["t.py::test_a"]',
    "PASS_TO_PASS": ["t.py::test_b"],
}
NEW = {
    **OLD,
    "image": "sweb/a:latest",
    "log_parser": "parse_log_pytest",
    "eval_type": "pass_and_fail",
    "eval_script": "true\n",
}


def written(tmp_path, *records):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def test_row_is_read_with_lists_in_either_form():
    row = parse_row(NEW)
    assert row.expected == ("t.py::test_a", "t.py::test_b")
    assert not row.is_old
    assert parse_row(OLD).is_old
    assert parse_row(row.as_json()) == row


def test_hints_are_kept_nowhere():
    assert "line 7" not in str(parse_row(NEW).as_json())


def test_each_kind_of_file_is_read_the_same(tmp_path):
    from pyarrow import Table
    from pyarrow.parquet import write_table

    lines = written(tmp_path, NEW)
    (tmp_path / "rows.json").write_text(json.dumps([NEW]))
    write_table(Table.from_pylist([NEW]), tmp_path / "rows.parquet")
    rows = read_rows(lines).rows
    assert len(rows) == 1
    assert read_rows(tmp_path / "rows.json").rows == rows
    assert read_rows(tmp_path / "rows.parquet").rows == rows


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ({**NEW, "instance_id": "z", "patch": None}, "z: the row has no patch"),
        ({**NEW, "instance_id": "z", "image": None}, "z: the row has no image"),
        ({**NEW, "instance_id": "../z"}, "../z: instance_id = '../z' is no plain name"),
        ({**NEW, "instance_id": "z", "base_commit": "main"}, "z: base_commit = 'main' is no"),
        ({**NEW, "instance_id": "z", "FAIL_TO_PASS": "[]"}, "z: FAIL_TO_PASS names no test"),
        ({**NEW, "instance_id": "z", "PASS_TO_PASS": "["}, "z: PASS_TO_PASS = '[' must be a list"),
        ({**NEW, "instance_id": "z", "repo": 3}, "z: repo = '3' must be text"),
        (
            {**NEW, "instance_id": "z", "problem_statement": "\ud800"},
            "z: problem_statement holds half",
        ),
        ({**NEW, "instance_id": "z", "PASS_TO_PASS": ["\ud800"]}, "z: PASS_TO_PASS = "),
        ({**NEW, "instance_id": "\ud800"}, "line 2: instance_id holds half a"),
        ([1], "line 2: a row is an object with fields"),
    ],
)
def test_bad_row_costs_one_line_and_no_other_row(tmp_path, bad, line):
    found = read_rows(written(tmp_path, NEW, bad))
    assert [row.instance_id for row in found.rows] == ["a__b-1"]
    assert len(found.refused) == 1
    assert found.refused[0].startswith(line)


def test_line_that_is_no_json_is_named_by_its_number(tmp_path):
    path = written(tmp_path, NEW)
    path.write_text(path.read_text() + "{half\n")
    assert read_rows(path).refused == ("line 2: a row is an object with fields, not '{half'",)


def test_two_rows_with_one_id_are_both_left_out(tmp_path):
    other = {**NEW, "instance_id": "other"}
    found = read_rows(written(tmp_path, NEW, other, {**NEW, "patch": "another"}))
    assert [row.instance_id for row in found.rows] == ["other"]
    assert found.refused == ("a__b-1: 2 rows have this id; keep one",)


def test_rows_can_be_chosen_and_a_missing_one_is_named(tmp_path):
    found = read_rows(written(tmp_path, NEW, {**NEW, "instance_id": "other"}), ["other", "none"])
    assert [row.instance_id for row in found.rows] == ["other"]
    assert len(found.refused) == 1
    assert found.refused[0].startswith("none: no such row in ")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", "rows come as .json, .jsonl or .parquet"),
        ("rows.json", b"{", "is no JSON"),
        ("rows.json", b"{}", "must hold a list of rows"),
        ("rows.jsonl", b"\xff\xfe", "is not UTF-8 text"),
        ("rows.parquet", b"text", "is no parquet file"),
    ],
)
def test_file_that_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BenchmarkError, match=words) as refusal:
        read_rows(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_missing_file_is_refused_in_one_line(tmp_path):
    with pytest.raises(BenchmarkError, match="No such file"):
        read_rows(tmp_path / "rows.json")


class TestSubsets:
    def test_sizes_are_those_of_the_paper_and_none_shares_a_task(self):
        sizes = [len(subset(name)) for name in SUBSETS]
        assert sizes == [10, 50, 140]
        assert len({task for name in SUBSETS for task in subset(name)}) == 200

    def test_names_of_subsets_stand_for_their_ids(self):
        assert spelled_out(["small", "a__b-1"]) == (*subset("small"), "a__b-1")

    def test_the_papers_tasks_steer_and_the_others_are_split_by_their_ids(self):
        assert all(split_of(task) is Split.SEARCH for name in SUBSETS for task in subset(name))
        others = [split_of(f"a__b-{number}") for number in range(200)]
        assert 60 < others.count(Split.SEALED) < 140

    def test_small_comes_first_and_the_rest_does_not_follow_its_names(self):
        others = [f"a__b-{number}" for number in range(10, 40)]
        ordered = in_order([*others, subset("big")[0], subset("small")[0]])
        assert ordered[:2] == [subset("small")[0], subset("big")[0]]
        assert sorted(ordered[2:]) == others != ordered[2:]
