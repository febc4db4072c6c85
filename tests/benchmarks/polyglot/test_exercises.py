"""Exercises read from their folders: what is shown, what is hidden, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from dgm.benchmarks.polyglot import layout
from dgm.benchmarks.polyglot.exercises import folders, read_exercise
from dgm.benchmarks.polyglot.languages import LANGUAGES
from dgm.benchmarks.polyglot.statement import statement_of
from dgm.errors import BenchmarkError

EXERCISES = Path(__file__).with_name("exercises")


def exercise(language: str, name: str):
    folder = EXERCISES / language / "exercises" / "practice" / name
    return read_exercise(LANGUAGES[language], folder)


@pytest.mark.parametrize(
    ("language", "name", "shown", "tests", "reference"),
    [
        (
            "cpp",
            "traffic-light",
            {"CMakeLists.txt", "traffic_light.cpp", "traffic_light.h"},
            {"traffic_light_test.cpp"},
            {"traffic_light.h"},
        ),
        (
            "go",
            "running-total",
            {"go.mod", "running_total.go"},
            {"cases_test.go", "running_total_test.go"},
            {"running_total.go"},
        ),
        (
            "java",
            "running-total",
            {"build.gradle", "src/main/java/RunningTotal.java"},
            {"src/test/java/RunningTotalTest.java"},
            {"src/main/java/RunningTotal.java", "src/main/java/Sum.java"},
        ),
        (
            "javascript",
            "traffic-light",
            {"babel.config.js", "package.json", "traffic-light.js"},
            {"traffic-light.spec.js"},
            {"traffic-light.js"},
        ),
        (
            "python",
            "traffic-light",
            {"traffic_light.py"},
            {"traffic_light_test.py"},
            {"traffic_light.py"},
        ),
        (
            "rust",
            "running-total",
            {"Cargo.toml", "src/lib.rs"},
            {"tests/running-total.rs"},
            {"Cargo.toml", "src/lib.rs"},
        ),
    ],
)
def test_files_are_shown_or_laid_over_or_the_solution(language, name, shown, tests, reference):
    found = exercise(language, name)
    assert set(layout.shown_files(found)) == shown
    assert set(layout.test_files(found)) == tests
    assert set(layout.reference_files(found)) == reference


def test_cmake_knows_the_exercise_in_whatever_folder():
    lists = layout.shown_files(exercise("cpp", "running-total"))["CMakeLists.txt"].decode()
    assert "set(exercise running-total)" in lists
    assert "get_filename_component" not in lists


def test_skips_are_lifted_in_what_is_laid_over():
    java = layout.test_files(exercise("java", "traffic-light"))
    assert b"@Disabled" not in b"".join(java.values())
    spec = layout.test_files(exercise("javascript", "running-total"))["running-total.spec.js"]
    assert b"xtest" not in spec
    assert b"test.skip" in spec


def test_reference_in_rust_takes_the_crates_there_are():
    manifest = layout.reference_files(exercise("rust", "running-total"))["Cargo.toml"]
    assert b'itertools = "*"' in manifest


def test_tests_that_compute_for_long_are_optimized_as_their_track_does(tmp_path):
    folder = tmp_path / "traffic-light"
    shutil.copytree(EXERCISES / "rust" / "exercises" / "practice" / "traffic-light", folder)
    assert "--release" not in read_exercise(LANGUAGES["rust"], folder).command
    config = json.loads((folder / ".meta/config.json").read_text())
    config["custom"] = {"test-in-release-mode": True}
    (folder / ".meta/config.json").write_text(json.dumps(config))
    assert "cargo test --release --offline" in read_exercise(LANGUAGES["rust"], folder).command


@pytest.mark.parametrize("language", LANGUAGES)
def test_statement_holds_the_instructions_and_no_test(language):
    found = exercise(language, "traffic-light")
    statement = statement_of(found)
    assert statement.startswith("# Instructions\n\nSay which colour a traffic light shows next")
    assert f"`{found.solution[0]}`" in statement
    assert "{" not in statement
    assert "blue" not in statement


def test_digest_covers_tests_solution_and_stub(tmp_path):
    source = EXERCISES / "go" / "exercises" / "practice" / "traffic-light"
    digests = set()
    for name in (".meta/example.go", "traffic_light_test.go", "traffic_light.go", "go.mod", ""):
        folder = tmp_path / name.replace("/", "-") / "traffic-light"
        shutil.copytree(source, folder)
        if name:
            with (folder / name).open("a") as file:
                file.write("\n")
        digests.add(read_exercise(LANGUAGES["go"], folder).digest())
    assert len(digests) == 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (".meta/config.json", None, "config.json cannot be read"),
        (".meta/config.json", "[]", "config.json cannot be read"),
        (".meta/config.json", json.dumps({"files": {}}), "names no solution file"),
        (
            ".meta/config.json",
            json.dumps({"files": {"solution": ["../../x"], "test": [], "example": []}}),
            "lies elsewhere",
        ),
        (".docs/instructions.md", "half a \udcff", ".docs cannot be read"),
        ("traffic_light.go", None, "its solution file traffic_light.go is missing"),
        ("traffic_light_test.go", None, "its test file traffic_light_test.go is missing"),
        ("traffic_light_test.go", "", "its test file is empty"),
        (".meta/example.go", None, "its example file .meta/example.go is missing"),
    ],
)
def test_broken_exercise_is_one_line_that_names_it(tmp_path, name, text, message):
    folder = tmp_path / "traffic-light"
    shutil.copytree(EXERCISES / "go" / "exercises" / "practice" / "traffic-light", folder)
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, errors="surrogateescape")
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_exercise(LANGUAGES["go"], folder)
    assert "traffic-light" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_folder_without_exercises_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match="no exercises below"):
        folders(tmp_path)
