"""Row 3: keys of the host. A whole run is made beside them, and everything it made is searched.

The canary has no shape that would be blotted out on its way into a file: it must never get there.
"""

from __future__ import annotations

import glob
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from docker import DockerClient
from docker.errors import NotFound

from dgm.sandbox import images
from tests.machine import LEARNER, write_agent, write_benchmark
from tests.sandbox.conftest import DRIVERS, engine, no_docker
from tests.sweep import sweep

DGM = (sys.executable, "-c", "import sys; from dgm.cli import main; sys.exit(main())")
NAMES = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MY_OWN")
FILES = (
    ".config/dgm/keys.toml",
    ".anthropic/key",
    ".aws/credentials",
    ".netrc",
    ".git-credentials",
)

# Says all it can learn of processes, variables and homes, to the host and to the model.
LOOK = """
import glob
def read(path):
    try:
        return open(path, "rb").read(20000).decode(errors="replace")
    except OSError as error:
        return str(error)
seen = [f"{name}={value}" for name, value in os.environ.items()]
seen += [read(path) for name in ("environ", "cmdline") for path in glob.glob(f"/proc/*/{name}")]
home = "HOME-OF-HOST"
seen += [read(os.path.join(home, name)) for name in FILES]
print("looked", seen)
ask(" ".join(seen)[:4000])
"""


def words_of(pid: int) -> bytes:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def matching(pattern: str) -> Iterator[Path]:
    """The paths there now; `Path.glob` raises where a folder goes while it is listed."""
    return map(Path, glob.iglob(pattern))  # noqa: PTH207


def descendants(pid: int) -> Iterator[int]:
    """The processes that one started, and those that these did."""
    for listed in matching(f"/proc/{pid}/task/*/children"):
        with suppress(OSError):
            for child in map(int, listed.read_text().split()):
                yield child
                yield from descendants(child)


def files_below(folder: Path) -> Iterator[Path]:
    """The files there now, while others come and go."""
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in names)


def was_told(path: Path, secret: bytes) -> bool:
    """Whether a file holds it; what is none, a socket or a pipe, is not waited for."""
    return path.is_file() and secret in path.read_bytes()


class Watch(threading.Thread):
    """Looks at command lines, at the files of sandboxes and at what an engine says, for a while.

    And at the environments of all that `keeper` started, the process that was given the keys.
    """

    def __init__(self, canary: str, has_engine: bool) -> None:
        super().__init__()
        self.canary, self.has_engine = canary, has_engine
        self.keeper, self.children = 0, set[int]()
        self.given = set[str]()  # the folders of sandboxes in which files were looked into
        self.hits: set[str] = set()
        self.looks, self.engine_looks = 0, 0
        self.is_over = threading.Event()
        # An engine takes its time, in which processes come and go.
        self.beside = threading.Thread(target=self._watch_engine)

    def run(self) -> None:
        while not self.is_over.wait(0.05):
            self.hits |= set(self._files())
            self.looks += 1

    def _watch_engine(self) -> None:
        while self.has_engine and not self.is_over.wait(0.05):
            self.hits |= set(self._containers())
            self.engine_looks += 1

    def _files(self) -> Iterator[str]:
        paths = list(matching("/proc/[0-9]*/cmdline"))
        paths += self._environments()
        # What sandboxes are given to read, while they are there.
        for folder in matching(f"/tmp/dgm-{os.getuid()}-*/b*/*"):
            for path in files_below(folder):
                self.given.add(folder.name)
                paths.append(path)
        for path in paths:
            with suppress(OSError):
                if was_told(path, self.canary.encode()):
                    words = words_of(int(path.parts[2])) if path.parts[1] == "proc" else b""
                    yield f"{path} {words!r}"

    def _environments(self) -> Iterator[Path]:
        """Those of the keeper's descendants that have become programs of their own."""
        for pid in descendants(self.keeper):
            with suppress(OSError):
                if words_of(pid) != words_of(self.keeper):
                    self.children.add(pid)
                    yield Path(f"/proc/{pid}/environ")

    def _containers(self) -> Iterator[str]:
        with closing(engine()) as client:
            for container in client.containers.list(all=True, ignore_removed=True):
                if self.canary in json.dumps(container.attrs):
                    yield container.name
            with suppress(NotFound):  # somebody removes one: the next look sees the rest
                for image in client.images.list():
                    if self.canary in json.dumps([image.attrs, image.history()]):
                        yield str(image.tags)

    def __enter__(self) -> Watch:
        self.start()
        self.beside.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.is_over.set()
        self.join()
        self.beside.join()


@pytest.fixture
def canary():
    return f"canary-{secrets.token_hex(8)}"


@pytest.mark.slow
def test_run_beside_keys_leaves_none_of_them_anywhere(driver, tmp_path, canary):
    home, place = tmp_path / "home", tmp_path / "place"
    for name in FILES:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"key = {canary}\n")
    (place / "tmp").mkdir(parents=True)
    look = LOOK.replace("HOME-OF-HOST", str(home)).replace("FILES", repr(FILES))
    seed = write_agent(place / "agent", LEARNER + look, files={"skill.txt": "1\n"})
    write_benchmark(place / "benchmark", (1, 2))
    words = [*DGM, "evolve", "--children", "1", "--workers", "1", "--name", "keys"]
    words += ["--benchmark", str(place / "benchmark"), "--seed-agent", str(seed)]
    words += ["--set", "benchmark.stages=[2]", "--sandbox", driver.name]
    environment = {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}
    environment |= {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(place / "tmp")}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2])} | dict.fromkeys(NAMES, canary)
    with Watch(canary, driver.name == "docker") as watch:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, cwd=place, env=environment, **pipes) as running:
            watch.keeper = running.pid
            stdout, stderr = running.communicate(timeout=300)
    assert running.returncode == 0, stderr
    outputs = list((place / "archive" / "keys").rglob("output.txt"))
    assert any(b"looked" in path.read_bytes() for path in outputs), "no agent looked for keys"
    assert watch.looks > 10
    assert watch.engine_looks > 2 or driver.name != "docker"
    assert watch.children, "nothing that it started was seen"
    assert watch.given >= {"agent", "control", "runner"}, "nothing a sandbox is given was seen"
    assert watch.hits == set()
    assert canary.encode() not in stdout + stderr
    assert sweep(place, canary.encode()) == []


def test_watch_sees_a_key_on_a_command_line(canary):
    with Watch(canary, has_engine=False) as watch:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)", canary], check=True)
    assert watch.hits


def test_watch_goes_on_while_folders_and_processes_come_and_go(canary):
    with Watch(canary, has_engine=False) as watch:
        watch.keeper = os.getpid()
        give_up_at = time.monotonic() + 1.5
        while time.monotonic() < give_up_at:
            folder = Path(f"/tmp/dgm-{os.getuid()}-{canary}")
            (folder / "b1" / "agent").mkdir(parents=True)
            subprocess.run(["true"], check=True)
            shutil.rmtree(folder)
        before = watch.looks
        awaited(lambda: watch.looks > before)
    assert watch.children


def test_watch_sees_a_key_in_the_environment_of_a_child(canary):
    start = "import subprocess; subprocess.run(['sleep', '0.5'])"
    words, environment = [sys.executable, "-c", start], {**os.environ, "MY_OWN": canary}
    with (
        Watch(canary, has_engine=False) as watch,
        subprocess.Popen(words, env=environment) as keeper,
    ):
        watch.keeper = keeper.pid
    assert any("environ" in hit and "sleep" in hit for hit in watch.hits)


@pytest.mark.parametrize("where", ["agent", "control"])
def test_watch_sees_a_key_in_what_a_sandbox_is_given(driver, spec, tmp_path, canary, where):
    agent = tmp_path / "agent"
    (agent / "folder").mkdir(parents=True)
    (agent / "folder" / "config.py").write_text(f"KEY = {canary if where == 'agent' else ''!r}\n")
    with driver.open(spec(agent=agent)) as sandbox, Watch(canary, has_engine=False) as watch:
        if where == "control":
            sandbox.put_control("task.json", canary.encode())
        awaited(lambda: watch.hits)
    assert all(f"/{where}/" in hit for hit in watch.hits)


def awaited(condition: Callable[[], object]) -> None:
    """Wait for it, some seconds at most. Raises: AssertionError."""
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at, "nothing was seen"
        time.sleep(0.05)


@pytest.fixture
def client() -> Iterator[DockerClient]:
    """The engine of this machine, with an image."""
    if reason := no_docker():
        pytest.skip(reason)
    with closing(engine()) as connected:
        yield connected


def test_watch_sees_a_key_in_the_settings_of_a_container(client, canary):
    """As `docker create -e KEY=canary` makes one; it need not run."""
    image = images.find(client)
    container = client.containers.create(image, ["true"], environment={"KEY": canary})
    try:
        with Watch(canary, has_engine=True) as watch:
            awaited(lambda: watch.hits)
    finally:
        container.remove(force=True)
    assert watch.hits == {container.name}


def test_watch_sees_a_key_in_an_image(client, canary):
    container = client.containers.create(images.find(client), ["true"])
    name = f"dgm-test-{canary}"
    try:
        container.commit(name, changes=f"ENV KEY={canary}")
        with Watch(canary, has_engine=True) as watch:
            awaited(lambda: watch.hits)
    finally:
        container.remove(force=True)
        client.images.remove(name, force=True)
    assert watch.hits == {f"['{name}:latest']"}


def test_key_in_the_environment_of_a_command_is_seen_inside(inside, canary):
    """What the agent of the run above looked for would have been there to see."""
    look = "cat /proc/[0-9]*/environ | tr '\\0' '\\n'; env"
    assert canary.encode() in inside.sh(look, env={"MY_OWN": canary}).stdout
    assert canary.encode() not in inside.sh(look).stdout


def test_containers_are_told_nothing_by_their_environment(driver, spec, enter, canary, monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, canary)
    make, _ = DRIVERS[driver.name]
    with make() as beside_keys, beside_keys.open(spec(wants_model=True)) as sandbox:
        said = enter(sandbox).sh(
            "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'; env"
        )
        assert b"PATH" in said.stdout
        assert canary.encode() not in said.stdout
