"""SWE-bench on the command line: what is asked for is prepared, and what cannot be is said."""

import json
import os
import pickle

import pytest

from dgm.benchmarks.preparing import Means, Wishes
from dgm.benchmarks.swebench import package
from dgm.benchmarks.swebench.suite import suite
from dgm.errors import BenchmarkError, SandboxUnavailableError
from dgm.sandbox import images
from dgm.workspaces import Workspaces

CLOSED = {"HF_HUB_OFFLINE": "1"}


def no_packages(requirements):
    raise AssertionError(f"nobody asks for {requirements} this way")


@pytest.fixture
def said():
    return []


@pytest.fixture
def means(tmp_path, client, said):
    return Means(tmp_path / "cache", said.append, no_packages, client, images.find(client) or "")


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes(), "name one: --rows FILE.jsonl or --dataset"),
        (Wishes(dataset="verified", rows=os.devnull), "name one: --rows FILE.jsonl or --dataset"),
        (Wishes(dataset="gold"), "--dataset 'gold' is unknown; choose verified, lite, full"),
    ],
)
def test_wish_that_cannot_be_met_is_refused_in_one_line(means, wishes, words):
    with pytest.raises(BenchmarkError) as refusal:
        suite({}).prepare(wishes, means)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_without_an_engine_the_reason_is_said(tmp_path, said):
    means = Means(tmp_path, said.append, no_packages, trouble="no engine today")
    with pytest.raises(SandboxUnavailableError, match="no engine today"):
        suite({}).prepare(Wishes(), means)


@pytest.mark.slow
def test_data_set_that_cannot_be_fetched_costs_one_line_that_names_the_remedy(means):
    with pytest.raises(BenchmarkError) as refusal:
        suite(CLOSED).prepare(Wishes(dataset="verified"), means)
    assert "SWE-bench/SWE-bench_Verified cannot be fetched" in str(refusal.value)
    assert "bring its rows as a file: --rows" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_package_is_said_with_the_remedy(means, monkeypatch, tmp_path):
    def missing(name):
        raise package.PackageNotFoundError(name)

    monkeypatch.setattr(package, "version", missing)
    with pytest.raises(BenchmarkError, match=r"pip install 'dgm\[swebench\]'"):
        suite({}).prepare(Wishes(), means)
    with pytest.raises(BenchmarkError, match=r"pip install 'dgm\[swebench\]'"):
        suite({}).open(means.cache, Workspaces(tmp_path))


@pytest.mark.slow
def test_rows_of_a_file_become_tasks_and_a_second_time_nothing_is_done(means, said, row, tmp_path):
    rows = tmp_path / "rows.jsonl"
    bad = {**row.as_json(), "instance_id": "bad__bad-1", "patch": None}
    rows.write_text(f"{json.dumps(row.as_json())}\n{json.dumps(bad)}\n")
    suite({}).prepare(Wishes(rows=rows, only=(row.instance_id,)), means)
    benchmark = suite({}).open(means.cache, Workspaces(tmp_path / "w"))
    assert [task.id for task in benchmark.tasks()] == [row.instance_id]
    assert benchmark.left_out == {}
    del said[:]
    suite({}).prepare(Wishes(rows=rows, only=(row.instance_id,)), means)
    assert said == ["swebench: 1 task prepared already"]
    suite({}).prepare(Wishes(rows=rows), means)
    benchmark = suite({}).open(means.cache, Workspaces(tmp_path / "w"))
    assert benchmark.left_out == {"bad__bad-1": "the row has no patch"}
    again = pickle.loads(pickle.dumps(benchmark))
    assert list(again.tasks()) == list(benchmark.tasks())


def test_what_was_never_prepared_says_how(tmp_path):
    with pytest.raises(BenchmarkError, match="dgm bench prepare swebench --rows"):
        suite({}).open(tmp_path, Workspaces(tmp_path / "w"))
