"""`dgm images`: what there is, what is built, and one line where that cannot be."""

import io
import json
import re
import signal
import subprocess
import threading
from contextlib import ExitStack

import pytest

from dgm.cli.progress import Progress
from dgm.sandbox.images import Base, Recipe
from tests.cli.conftest import CHECKOUT, Place, complaint
from tests.sandbox.engines import HANGS, engine_that_answers

LINE = re.compile(r" *[0-9]+\.[0-9] s  .*")
IMAGE = {
    "Id": "sha256:1",
    "Size": 270_000_000,
    "Created": "2026-01-02T03:04:05.678Z",
}
OLD = "dgm-sandbox:000000000000"
OUTDATED = {
    "RepoTags": [OLD],
    "Size": 260_000_000,
    "Created": 1_700_000_000,
    "Labels": {"dgm.base": "dgm-debian:bookworm"},
}
DEBIAN = Recipe.of(Base.DEBIAN).tag
NO_REGISTRY = {"/distribution/": (500, {"message": "no such host"})}


@pytest.fixture
def with_engine(tmp_path):
    """Return a place where the engine gives such answers."""
    with ExitStack() as stack:

        def place(answers):
            host = stack.enter_context(engine_that_answers(tmp_path / "engine.sock", answers))
            temporary = tmp_path / "temporary"
            temporary.mkdir()
            home = str(tmp_path / "cache")
            return Place(
                tmp_path, {"DOCKER_HOST": host, "TMPDIR": str(temporary), "XDG_CACHE_HOME": home}
            )

        yield place


def test_list_tells_what_is_there_what_is_missing_and_what_is_outdated(with_engine):
    place = with_engine(
        {
            "/images/json": (200, [OUTDATED]),
            f"/images/{DEBIAN}/json": (200, IMAGE),
        }
    )
    lines = place.dgm("images").stdout.splitlines()
    assert "not built; dgm images build --base registry" in lines[0]
    assert lines[1] == f"{DEBIAN}  dgm-debian:bookworm         270 MB, 2026-01-02T03:04:05Z"
    assert lines[2] == (
        f"{OLD}  dgm-debian:bookworm         260 MB, 2023-11-14T22:13:20Z; outdated, remove it "
        f"with: docker rmi {OLD}"
    )

    listed = json.loads(place.dgm("images", "--json").stdout)
    assert [image["tag"] for image in listed][1:] == [DEBIAN, OLD]
    assert listed[0]["made"] is None
    assert listed[1] == {
        "tag": DEBIAN,
        "base": "debian",
        "base_image": "dgm-debian:bookworm",
        "size_mb": 270,
        "made": "2026-01-02T03:04:05Z",
    }


def test_image_that_is_there_is_not_built_again(with_engine):
    place = with_engine({f"/images/{DEBIAN}/json": (200, IMAGE), "/images/json": (200, [])})
    done = place.dgm("images", "build", "--base", "debian")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.endswith(f"{DEBIAN} is there already, on dgm-debian:bookworm")


@pytest.mark.parametrize(
    ("words", "host", "expected"),
    [
        (["images"], "unix:///nowhere", "no Docker engine: there is no /nowhere; install one"),
        (["images", "build"], "tcp://10.0.0.1:1", "names an engine behind tcp://"),
    ],
)
def test_no_engine_is_one_line(place, words, host, expected):
    place = Place(place.path, {"DOCKER_HOST": host})
    assert expected in complaint(place.dgm(*words), 1)


@pytest.mark.parametrize("words", [["rebuild"], ["build", "--base", "alpine"]])
def test_wrong_words_are_one_line(place, words):
    assert "see: dgm images --help" in complaint(place.dgm("images", *words))


def test_no_registry_is_one_line_and_names_the_way_without(with_engine):
    told = complaint(with_engine(NO_REGISTRY).dgm("images", "build"), 1)
    assert told.endswith("to build from Debian packages alone: make images BASE=debian")


@pytest.mark.parametrize(("setting", "base"), [("BASE=debian", "debian"), ("X=", "registry")])
def test_make_images_calls_it(setting, base):
    told = subprocess.run(
        ["make", "-n", "-C", CHECKOUT, "images", setting], capture_output=True, text=True
    )
    assert f"dgm images build --base {base}\n" in told.stdout


def test_log_goes_beside_json(with_engine):
    place = with_engine({f"/images/{DEBIAN}/json": (200, IMAGE), "/images/json": (200, [])})
    done = place.dgm("images", "build", "--base", "debian", "--json")
    assert len(json.loads(done.stdout)) == 2
    assert "is there already" in done.stderr


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_build_that_is_told_to_stop_stops_and_leaves_no_files(with_engine, name, code):
    is_asked = threading.Event()
    place = with_engine({"/distribution/": (200, {}), "/build": (HANGS, is_asked)})
    with place.start("images", "build") as building:
        line = building.stdout.readline()
        assert is_asked.wait(60)  # sooner, the SDK can lose a socket that it is about to connect
        building.send_signal(signal.Signals[name])
        said, complaints = building.communicate(timeout=60)
    assert LINE.fullmatch(line.rstrip("\n"))
    assert "building dgm-sandbox:" in line
    assert building.returncode == code, (said, complaints)
    assert "Traceback" not in complaints
    assert list((place.path / "temporary").iterdir()) == []


def test_long_silence_is_broken():
    class Told(io.StringIO):
        """Says when a third line has been written."""

        def flush(self):
            if self.getvalue().count("\n") >= 3:
                heard.set()

    heard, told = threading.Event(), Told()
    with Progress(told, silence_s=0.01) as tell:
        tell("a step")
        assert heard.wait(30)
    lines = told.getvalue().splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert [line.split("s  ", 1)[1] for line in lines[:3]] == ["a step", "  ...", "  ..."]
