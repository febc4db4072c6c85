"""One prepared task for all tests: the image is built and prepared once a session."""

import os

import pytest

from dgm.benchmarks.swebench.benchmark import SweBench
from dgm.benchmarks.swebench.prepare import Workshop
from dgm.benchmarks.swebench.rows import Rows
from dgm.sandbox import images
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.engine import connect
from dgm.sandbox.packages import Shelf
from dgm.workspaces import Workspaces
from tests.benchmarks.swebench.rows import build_image, row_of, write_repository
from tests.sandbox.engines import engine_of_this_machine

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="session")
def client():
    with engine_of_this_machine() as client:
        yield client


@pytest.fixture(scope="session")
def dockered(client):
    """A Docker driver over the project's own image."""
    if images.find(client) is None:
        pytest.skip("no image; build it: dgm images build")
    with Docker(connect(os.environ.get("DOCKER_HOST", "")), images.there(client)) as driver:
        yield driver


@pytest.fixture(scope="session")
def told(tmp_path_factory):
    """The repository of the tests' own, on the host."""
    return write_repository(tmp_path_factory.mktemp("told") / "shop")


@pytest.fixture(scope="session")
def image(client, told):
    """The image of the row. It stays, to be found again."""
    tag = f"dgm-test-shop:{told.base[:12]}"
    build_image(client, told, images.there(client), tag)
    return tag


@pytest.fixture(scope="session")
def row(told, image):
    return row_of(told, image)


@pytest.fixture(scope="session")
def workshop(client, dockered, tmp_path_factory):
    said = []
    cache = tmp_path_factory.mktemp("cache")
    return Workshop(client, dockered, Shelf(cache, OFFLINE, said.append), cache / "swebench")


@pytest.fixture(scope="session")
def benchmark(workshop, row, tmp_path_factory):
    """The benchmark with the one task in it."""
    assert workshop.prepare(Rows((row,), ())) == {}
    return SweBench(workshop.home, Workspaces(tmp_path_factory.mktemp("work")))


@pytest.fixture(scope="session")
def task(benchmark):
    (task,) = benchmark.tasks()
    return task
