"""Harbor folders by any hand: what is read, what is built, what stands in, what is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.dockerfile import Dockerfile, with_base
from dgm.benchmarks.harborprepare import PREPARED, prepare_folder
from dgm.benchmarks.preparing import Means, Wishes
from dgm.benchmarks.shellwords import fetching_words, wanted_by
from dgm.benchmarks.verify import verify
from dgm.errors import BenchmarkError, SandboxUnavailableError
from dgm.records import Outcome
from dgm.sandbox import images
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.packages import Shelf
from dgm.workspaces import Workspaces
from tests.machine import write_files, write_task
from tests.sandbox.conftest import engine, no_docker

NOTHING_MORE = Wishes()


class TestDockerfile:
    def test_plain_one_is_read_whole(self):
        found = Dockerfile.read(
            "# a comment\nARG BASE=python:3.12-slim\nFROM ${BASE}\nENV A=1 B='two words'\n"
            "ENV PATH=/tool/bin:$PATH\nWORKDIR /app\nWORKDIR src\n"
            "RUN apt-get update && \\\n  apt-get install -y git && rm -rf /var/lib/apt/lists/*\n"
            'COPY --chown=x repo/ /app/src/\nCOPY ["a b", "more/"]\nCMD ["bash"]\n'
        )
        assert (found.problem, found.folder) == ("", "/app/src")
        assert found.images == ["python:3.12-slim"]
        assert found.variables["B"] == "two words"
        assert found.variables["PATH"].startswith("/tool/bin:/usr/local/sbin:")
        assert [copy.target for copy in found.copies] == ["/app/src/", "/app/src/more/"]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("FROM golang:1.22\n", "FROM golang:1.22"),
            ("FROM debian\nRUN make\n", "RUN make"),
            ("FROM debian\nRUN apt-get install -y gcc\n", "RUN apt-get install -y gcc"),
            ("FROM debian AS a\nFROM debian\nCOPY --from=a /x /y\n", "several stages"),
            ("FROM debian\nADD http://x /y\n", "ADD http://x /y"),
            ("FROM debian\nVOLUME /data\n", "VOLUME /data"),
            ("FROM debian\nUSER nobody\n", "USER nobody"),
            ("WORKDIR /app\n", "no FROM"),
        ],
    )
    def test_what_asks_for_a_build_is_told(self, text, why):
        assert why in Dockerfile.read(text).problem

    def test_python_packages_are_told_apart(self):
        found = Dockerfile.read(
            "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /usr/bin/uv\n"
            "RUN uv pip install --system pytest==8.4.1 -i http://x extra\n"
        )
        assert (found.problem, found.requirements) == ("", ["pytest==8.4.1", "extra"])

    def test_base_takes_the_place_of_an_image(self):
        text = with_base("FROM python:3.12 AS x\nRUN y\n", "python:3.12", "dgm-sandbox:1")
        assert text == "FROM dgm-sandbox:1 AS x\nUSER root\nRUN y\n"


class TestScript:
    def test_what_is_fetched_is_found(self):
        wanted = wanted_by(
            "apt-get update\nsudo apt-get install -y --no-install-recommends curl jq\n"
            "curl -LsSf https://astral.sh/uv/0.9/install.sh | sh\n"
            "if uvx -p 3.13 -w pytest==8.4.1 \\\n  --with=ctrf pytest /tests; then\n  echo\nfi\n"
            "python3 -m pip install -q requests==2 > /dev/null\n"
        )
        assert wanted.apt == ["curl", "jq"]
        assert wanted.requirements == ["pytest==8.4.1", "ctrf", "requests==2"]
        assert (wanted.wants_uv, wanted.python) == (True, "3.13")

    def test_tool_of_uvx_is_a_package_unless_it_is_named(self):
        assert wanted_by("uvx ruff check\n").requirements == ["ruff"]
        assert wanted_by("uvx --from black==24 blackd\n").requirements == ["black==24"]

    def test_honest_script_wants_nothing(self):
        script = 'cd /app && pytest -q "/tests/t.py" && echo 1 > /logs/verifier/reward.txt\n'
        assert wanted_by(script).is_nothing
        assert fetching_words(script) == ()

    def test_words_that_reach_for_a_network_are_told(self):
        assert fetching_words("npm ci\ncurl http://localhost/x\ncurl -O https://x.org/y\n") == (
            *("npm ci", "curl -O https://x.org/y"),
        )


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def docker():
    if reason := no_docker():
        pytest.skip(reason)
    client = engine()
    with Docker(client, images.find(client)) as driver:
        yield driver


@pytest.fixture
def prepare(home, bubblewrapped):
    """Prepare a folder and open it; `said` of the function holds what was said."""

    def run(folder, wishes=NOTHING_MORE, sandboxes=None):
        run.said = []
        shelf = Shelf(home, os.environ, run.said.append)

        def fetch(requirements):
            return shelf.provide(requirements, sandboxes or bubblewrapped)

        with closing(engine()) as client:
            base = images.find(client)
            means = Means(home / "bench", run.said.append, fetch, client, base)
            prepare_folder(folder, wishes, means)
        cache = Workspaces(home / "w")
        return DirectoryBenchmark("mine", folder, cache, prepared=home / "bench" / PREPARED)

    return run


def write_built(folder, name, *lines, base, number=1, files=None):
    """Write a task whose Dockerfile asks for a build."""
    dockerfile = "\n".join((f"FROM {base}", "USER root", *lines, "WORKDIR /app", ""))
    more = {
        "environment/Dockerfile": dockerfile + "COPY repo/ /app/\n",
        "solution/solve.sh": f"echo VALUE = {number} > /app/answer.py\n",
        **(files or {}),
    }
    return write_task(folder, name, number, files=more)


@pytest.fixture
def base():
    if reason := no_docker():
        pytest.skip(reason)
    with closing(engine()) as client:
        return images.find(client)


@pytest.mark.slow
class TestImages:
    def test_task_with_a_build_goes_the_whole_way_and_leaves_its_files_to_agents(
        self, prepare, docker, tmp_path, base, home
    ):
        folder = tmp_path / "tasks"
        lines = ("ENV TOOL=/opt/tool", "RUN mkdir /opt/tool && echo of the image > /opt/tool/x")
        write_built(folder, "built", *lines, base=base)
        write_task(folder, "plain", 2)
        benchmark = prepare(folder)
        built, plain = sorted(benchmark.tasks(), key=lambda task: task.id)
        environment = benchmark.environment(built)
        assert environment.image.startswith("sha256:")
        assert environment.folder == "/app"
        assert dict(environment.variables)["TOOL"] == "/opt/tool"
        assert benchmark.environment(plain).image == ""
        seen = benchmark.workspace(built)
        assert [path.name for path in seen.iterdir()] == ["answer.py"]
        workspaces = Workspaces(home / "v")
        found = list(verify(benchmark, benchmark.tasks(), docker, workspaces))
        assert [each.problems for each in found] == [(), ()]

        again = prepare(folder)  # nothing is done twice
        assert prepare.said == []
        assert list(again.tasks()) == list(benchmark.tasks())

    def test_task_says_more_than_its_folder_in_its_digest(self, prepare, tmp_path, base):
        folder = tmp_path / "tasks"
        write_built(folder, "built", base=base)
        write_task(folder, "plain", 2)
        built = next(task for task in prepare(folder).tasks() if task.id == "built")
        plan_alone = DirectoryBenchmark("mine", folder, Workspaces(tmp_path / "w"))
        assert "built" in plan_alone.left_out
        assert "dgm bench prepare" in plan_alone.left_out["built"]
        (folder / "built" / "environment" / "repo" / "more.py").write_text("")
        changed = next(task for task in prepare(folder).tasks() if task.id == "built")
        assert changed.digest != built.digest

    @pytest.mark.parametrize(
        ("name", "text", "complaint"),
        [
            (
                "environment/Dockerfile",
                "FROM {base}\nRUN echo it is broken; exit 9\n",
                "it is broken",
            ),
            (
                "environment/Dockerfile",
                "FROM {base}\nRUN true; echo x\n",
                "no working folder of its",
            ),
            (
                "environment/Dockerfile",
                "FROM none.invalid/no:1\nWORKDIR /app\n",
                "no image registry",
            ),
            ("environment/Dockerfile", "FROM {base}\nWORKDIR /app\nRUN ls\nVOLUME /x\n", "VOLUME"),
            (
                "task.toml",
                "[environment]\ndocker_image = 'none.invalid/no:1'\n",
                "docker_image none",
            ),
            ("tests/test.sh", "uvx -w no-such-package-anywhere==9 x\n", "no-such-package-anywhere"),
            (
                "environment/Dockerfile",
                "FROM scratch\nWORKDIR /app\nCOPY a b /app/\n",
                "there is no such file",
            ),
            (
                "environment/Dockerfile",
                "FROM scratch\nWORKDIR /app\nCOPY ../tests /app/x/\n",
                "(leads out of|no such file)",
            ),
        ],
    )
    def test_what_cannot_be_prepared_is_one_line_and_harms_no_other(
        self, prepare, tmp_path, base, name, text, complaint
    ):
        folder = tmp_path / "tasks"
        write_task(folder, "bad", 1, files={name: text.replace("{base}", base)})
        write_task(folder, "good", 2)
        benchmark = prepare(folder)
        assert [task.id for task in benchmark.tasks()] == ["good"]
        (reason,) = benchmark.left_out.values()
        assert "\n" not in reason
        assert re.search(complaint, reason), reason

    def test_build_without_a_network_says_what_it_reached_for(self, prepare, tmp_path, base):
        lines = ("RUN python3 -c 'import urllib.request as u; u.urlopen(\"http://none.invalid\")'",)
        folder = tmp_path / "tasks"
        write_built(folder, "bad", *lines, base=base)
        write_task(folder, "good", 2)
        benchmark = prepare(folder)
        assert "Name or service not known" in benchmark.left_out["bad"] or (
            "resolution" in benchmark.left_out["bad"]
        )

    def test_image_for_every_task_when_that_is_asked_for(self, prepare, tmp_path, base, docker):
        folder = tmp_path / "tasks"
        files = {"environment/Dockerfile": f"FROM {base}\nWORKDIR /w\nCOPY repo/ /w/\n"}
        write_task(folder, "one", 1, files=files)
        benchmark = prepare(folder, Wishes(images=True))
        (task,) = benchmark.tasks()
        assert benchmark.environment(task).image
        patch = benchmark.solution(task, docker, "s")
        assert benchmark.grade(task, patch, docker, "g").outcome is Outcome.SOLVED


class TestRewards:
    @pytest.mark.parametrize(
        ("name", "text", "reward", "outcome"),
        [
            ("reward.txt", "1", 1.0, Outcome.SOLVED),
            ("reward.txt", "0.25", 0.25, Outcome.FAILED),
            ("reward.txt", "nan", None, Outcome.FAILED),
            ("reward.txt", "lots", None, Outcome.FAILED),
            ("reward.txt", "17", 1.0, Outcome.SOLVED),
            ("reward.json", '{{"reward": 1, "speed": 0.1}}', 1.0, Outcome.SOLVED),
            ("reward.json", '{{"a": 1.0, "b": 0.5}}', 0.5, Outcome.FAILED),
            ("reward.json", '{{"a": true}}', None, Outcome.FAILED),
            ("reward.json", '{{"a": NaN}}', None, Outcome.FAILED),
            ("reward.json", "[[[", None, Outcome.FAILED),
        ],
    )
    def test_reward_is_kept_and_one_is_solved(
        self, tmp_path, bubblewrapped, name, text, reward, outcome
    ):
        folder = write_task(tmp_path / "tasks", "t")
        shutil.rmtree(folder / "tests")
        said = text.replace("{{", "{").replace("}}", "}")
        script = f"[ -f solved ] || exit 1\ncat > /logs/verifier/{name} <<'E'\n{said}\nE\n"
        write_files(folder, {"tests/test.sh": script})
        benchmark = DirectoryBenchmark("mine", tmp_path / "tasks", Workspaces(tmp_path / "w"))
        (task,) = benchmark.tasks()
        patch = b"diff --git a/solved b/solved\nnew file mode 100644\n--- /dev/null\n+++ b/solved\n"
        grade = benchmark.grade(task, patch + b"@@ -0,0 +1 @@\n+x\n", bubblewrapped, "g")
        assert (grade.outcome, grade.reward) == (outcome, reward)
        assert ("a reward of 0." in grade.detail) == (reward not in (None, 1.0))


class TestSettings:
    def test_needs_and_variables_reach_the_sandboxes(self, tmp_path):
        settings = (
            'schema_version = "1.4"\n[environment]\ncpus = 2\nmemory = "2G"\nstorage = "10G"\n'
            'allow_internet = true\n[environment.env]\nA = "1"\n[verifier.env]\nB = "2"\n'
        )
        write_task(tmp_path, "t", files={"task.toml": settings})
        benchmark = DirectoryBenchmark("mine", tmp_path, Workspaces(tmp_path / "w"))
        (task,) = benchmark.tasks()
        environment = benchmark.environment(task)
        assert (environment.cpus, environment.memory_mb) == (2.0, 2048)
        assert dict(environment.variables) == {"A": "1"}

    def test_two_tasks_with_one_name_are_told_apart_or_one_is_left_out(self, tmp_path):
        for name in ("a", "b", "c"):
            files = {"task.toml": f'[task]\nname = "org/{name if name == "c" else "same"}"\n'}
            write_task(tmp_path, name, ord(name), files=files)
        benchmark = DirectoryBenchmark("mine", tmp_path, Workspaces(tmp_path / "w"))
        assert [task.id for task in benchmark.tasks()] == ["a", "c"]
        assert "org/same is the name of a" in benchmark.left_out["b"]


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The folder of `harbor init`'s template, out of its wheel; nothing of it is kept."""
    place = tmp_path_factory.mktemp("harbor")
    words = ("download", "-q", "--no-deps", "--only-binary", ":all:", "--python-version", "3.13")
    pip = [sys.executable, "-m", "pip", *words, "-d", str(place), "harbor==0.25.0"]
    subprocess.run(pip, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    return place / "harbor" / "cli" / "template-task"


def initialized(template: Path, folder: Path, name: str, mode: str) -> Path:
    """Do what `harbor init` does with its template, and what an author then writes."""
    task = folder / name
    is_shared = mode == "shared"
    for part in ("environment", "solution"):
        shutil.copytree(template / part, task / part)
    ignored = shutil.ignore_patterns("Dockerfile") if is_shared else None
    shutil.copytree(template / "pytest-tests", task / "tests", ignore=ignored)
    if is_shared:
        shutil.copyfile(template / "shared-pytest-tests" / "test.sh", task / "tests" / "test.sh")
    settings = (template / "task.toml").read_text()
    verifier = f'[verifier]\nenvironment_mode = "{mode}"'
    (task / "task.toml").write_text(settings.replace("[verifier]", verifier))
    (task / "instruction.md").write_text(f"Write {name} into /app/greeting.txt\n")
    with (task / "solution" / "solve.sh").open("a") as script:
        script.write(f"\necho {name} > /app/greeting.txt\n")
    (task / "tests" / "test_outputs.py").write_text(
        "from pathlib import Path\n\n\ndef test_outputs():\n"
        f'    assert Path("/app/greeting.txt").read_text() == "{name}\\n"\n'
    )
    return task


@pytest.mark.slow
@pytest.mark.parametrize("driver", ["bubblewrap", "docker"])
def test_folder_of_somebody_elses_tool_runs_unchanged(
    driver, template, prepare, bubblewrapped, docker, tmp_path, home
):
    folder = tmp_path / "tasks"
    for mode in ("shared", "separate"):
        initialized(template, folder, mode, mode)
    sandboxes = bubblewrapped if driver == "bubblewrap" else docker
    benchmark = prepare(folder, sandboxes=sandboxes)
    assert benchmark.left_out == {}
    for task in benchmark.tasks():
        patch = benchmark.solution(task, sandboxes, "s")
        solved = benchmark.grade(task, patch, sandboxes, f"g-{task.id}")
        assert solved.outcome is Outcome.SOLVED, solved.log
        assert "1 passed" in solved.log
        untouched = benchmark.grade(task, b"", sandboxes, f"u-{task.id}")
        assert (untouched.outcome, untouched.reward) == (Outcome.FAILED, 0.0)


def test_preparing_without_an_engine_is_refused_with_the_reason():
    means = Means(Path(), print, lambda _: None, trouble="no Docker engine: start it")
    with pytest.raises(SandboxUnavailableError, match="start it"):
        means.needed_engine()


def test_unprepared_folder_with_nothing_plain_names_the_remedy(tmp_path):
    write_built(tmp_path, "built", "RUN make", base="debian")
    with pytest.raises(BenchmarkError, match="dgm bench prepare"):
        DirectoryBenchmark("mine", tmp_path, Workspaces(tmp_path / "w")).tasks()
