"""Preparing: what it makes, what it finds again, and what stands in its way."""

import json
import shutil
from pathlib import Path

import pytest

from dgm.benchmarks.polyglot import SUITE, Polyglot, source
from dgm.benchmarks.polyglot import benchmark as polyglot
from dgm.benchmarks.preparing import Choice, Means, Wishes
from dgm.errors import BenchmarkError, ConfigError, SandboxUnavailableError
from dgm.records import Split
from dgm.sandbox.packages import Packages
from dgm.wiring import open_benchmark
from dgm.workspaces import Workspaces

EXERCISES = Path(__file__).with_name("exercises")


@pytest.fixture
def means(tmp_path):
    """What there is without an engine; the packages lie there already."""
    packages = Packages(tmp_path / "site", ("pytest==8.3.5",))
    said: list[str] = []
    return Means(tmp_path / "home", said.append, lambda _: packages, trouble="no engine"), said


@pytest.fixture
def workspaces(tmp_path):
    return Workspaces(tmp_path / "workspaces")


def test_without_an_engine_python_alone_is_prepared_and_says_so(means, workspaces):
    parts, said = means
    SUITE.prepare(Wishes(source=EXERCISES), parts)
    assert any("Python alone" in line and "no engine" in line for line in said)
    benchmark = SUITE.open(parts.cache, workspaces)
    assert {task.id for task in benchmark.tasks()} == {
        "python-running-total",
        "python-traffic-light",
    }
    assert len(benchmark.left_out) == 10
    assert benchmark.left_out["go-traffic-light"].startswith("it is not prepared")
    assert benchmark.environment(benchmark.tasks()[0]).image == ""


def test_language_that_needs_an_image_is_refused_without_an_engine(means):
    parts, _ = means
    with pytest.raises(SandboxUnavailableError, match="no engine"):
        SUITE.prepare(Wishes(source=EXERCISES, languages=("go",)), parts)


def test_unknown_language_is_one_line(means):
    parts, _ = means
    with pytest.raises(BenchmarkError, match="no language 'cobol'; choose of cpp, go, java"):
        SUITE.prepare(Wishes(source=EXERCISES, languages=("cobol",)), parts)


def test_preparing_again_changes_nothing(means):
    parts, _ = means
    SUITE.prepare(Wishes(source=EXERCISES), parts)
    workspaces = parts.cache / "workspaces"
    before = {path: path.stat().st_ino for path in workspaces.rglob("*")}
    SUITE.prepare(Wishes(), parts)
    assert {path: path.stat().st_ino for path in workspaces.rglob("*")} == before


def test_exercise_that_changed_is_another_task(means, workspaces, tmp_path):
    parts, _ = means
    copy = tmp_path / "copy"
    shutil.copytree(EXERCISES, copy)
    digests = []
    for text in ("", "\n# more\n"):
        stub = copy / "python/exercises/practice/traffic-light/traffic_light.py"
        stub.write_text(stub.read_text() + text)
        SUITE.prepare(Wishes(source=copy), parts)
        benchmark = SUITE.open(parts.cache, workspaces)
        task = next(each for each in benchmark.tasks() if each.id == "python-traffic-light")
        digests.append(task.digest)
        assert (benchmark.workspace(task) / "traffic_light.py").read_text().endswith(text)
    assert digests[0] != digests[1]


def test_exercise_is_the_same_task_wherever_the_caches_lie_and_whoever_grades(
    means, workspaces, tmp_path, monkeypatch
):
    parts, _ = means

    def digest(benchmark):
        return next(each.digest for each in benchmark.tasks() if each.id == "python-traffic-light")

    SUITE.prepare(Wishes(source=EXERCISES), parts)
    here = digest(SUITE.open(parts.cache, workspaces))
    moved = tmp_path / "elsewhere" / "home"
    shutil.copytree(parts.cache, moved, symlinks=True)
    kept = json.loads((moved / "prepared.json").read_text())
    site = Path(kept["packages"])
    kept["packages"] = str(tmp_path / "elsewhere" / site.parent.name / site.name)
    (moved / "prepared.json").write_text(json.dumps(kept))
    assert digest(SUITE.open(moved, workspaces)) == here

    monkeypatch.setattr(polyglot, "GRADER_VERSION", "later")
    assert digest(SUITE.open(moved, workspaces)) == here
    monkeypatch.setattr(polyglot, "GRADING_TIMEOUT_S", 1.0)
    assert digest(SUITE.open(moved, workspaces)) != here


def test_broken_exercise_is_left_out_and_the_others_are_unharmed(means, workspaces, tmp_path):
    parts, _ = means
    copy = tmp_path / "copy"
    shutil.copytree(EXERCISES, copy)
    (copy / "python/exercises/practice/traffic-light/.meta/config.json").write_text("{")
    SUITE.prepare(Wishes(source=copy), parts)
    benchmark = SUITE.open(parts.cache, workspaces)
    assert [task.id for task in benchmark.tasks()] == ["python-running-total"]
    assert "cannot be read" in benchmark.left_out["python-traffic-light"]


def test_clone_that_cannot_be_had_is_one_line_with_the_remedy(means, monkeypatch):
    parts, _ = means
    monkeypatch.setattr(source, "REPOSITORY", "https://localhost:1/polyglot")
    with pytest.raises(BenchmarkError, match="dgm bench prepare polyglot --from DIR") as caught:
        SUITE.prepare(Wishes(languages=("python",)), parts)
    assert "\n" not in str(caught.value)
    assert not (parts.cache / "source").exists()


def test_nothing_prepared_and_damaged_notes_are_one_line(means, workspaces):
    parts, _ = means
    with pytest.raises(BenchmarkError, match="polyglot is not prepared; dgm bench prepare"):
        SUITE.open(parts.cache, workspaces)
    parts.cache.mkdir(parents=True)
    (parts.cache / "prepared.json").write_text("{")
    with pytest.raises(BenchmarkError, match="delete it, and dgm bench prepare polyglot"):
        SUITE.open(parts.cache, workspaces)


def test_choice_narrows_the_tasks_and_not_the_splits(means, workspaces):
    parts, _ = means
    SUITE.prepare(Wishes(source=EXERCISES), parts)
    whole = SUITE.open(parts.cache, workspaces)
    assert isinstance(whole, Polyglot)
    narrowed = whole.narrowed(Choice("all", ("python",)))
    for split in Split:
        assert list(narrowed.tasks(split)) == list(whole.tasks(split))
    with pytest.raises(BenchmarkError, match="no subset 'tiny'"):
        whole.narrowed(Choice("tiny")).tasks()
    with pytest.raises(BenchmarkError, match="no language 'cobol'"):
        whole.narrowed(Choice("all", ("cobol",))).tasks()


def test_benchmark_without_subsets_refuses_a_choice(workspaces):
    with pytest.raises(ConfigError, match="say nothing of 'quick'"):
        open_benchmark("quick", workspaces, Choice("small"))
