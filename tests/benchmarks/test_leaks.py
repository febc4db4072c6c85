"""A task that gives its answer away is refused; each way to do so is planted here, beside a twin.

The search looks at two folders of a test's own (and at all of a sandbox in `test_quick.py` and
`tests/security`): what it reads is the same code everywhere.
"""

import os
import subprocess
from contextlib import contextmanager

import pytest

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.benchmarks.hidden import names_of_tests, needles_of, shown_answers
from dgm.benchmarks.leaks import Suspect, find_leaks
from dgm.benchmarks.projects import project_of
from dgm.records import Environment
from dgm.sandbox import builds, images, taskimages
from dgm.sandbox.containers.driver import Docker
from dgm.workspaces import Workspaces
from tests.machine import write_files, write_task
from tests.sandbox.conftest import engine, no_docker

SOLUTION = """
def parsed_duration(text):
    hours, _, minutes = text.partition(":")
    if not hours.isdigit() or not minutes.isdigit():
        raise ValueError(f"no duration: {text!r}")
    return int(hours) * 3600 + int(minutes) * 60
"""
HIDDEN = """
from answer import parsed_duration


def test_duration_with_hours_alone():
    assert parsed_duration("12:00") == 43200


def test_duration_with_minutes_past_the_hour():
    assert parsed_duration("01:61") == 7260
"""
PACKAGE = '[project]\nname = "duration-parser"\nversion = "1.2"\n'


@pytest.fixture
def folder(tmp_path):
    """One task with an answer worth stealing."""
    files = {
        "environment/repo/answer.py": "def parsed_duration(text):\n    return 0\n",
        "environment/repo/pyproject.toml": PACKAGE,
        "solution/answer.py": SOLUTION,
        "tests/test_hidden.py": HIDDEN,
    }
    write_task(tmp_path / "tasks", "duration", files=files)
    return tmp_path / "tasks"


@pytest.fixture
def repo(folder):
    """What the task's agents see."""
    return folder / "duration" / "environment" / "repo"


@pytest.fixture
def search(folder, tmp_path, bubblewrapped):
    """Search for leaks in the agents' workspaces."""

    def find():
        workspaces = Workspaces(tmp_path / "cache")
        benchmark = DirectoryBenchmark("tiny", folder, workspaces)
        (task,) = benchmark.tasks()
        suspects = [Suspect(task, benchmark.solution(task, bubblewrapped, "solution"))]
        roots = (bubblewrapped_workspace, "/tmp")
        return find_leaks(benchmark, suspects, bubblewrapped, workspaces, roots).get("duration", ())

    bubblewrapped_workspace = "/workspace"
    return find


def test_honest_task_leaks_nothing(search):
    assert search() == ()


LEAKS = {
    "a hidden test left by set-up": ("old/notes.py", HIDDEN, "test_hidden.py can be read as"),
    "a reference solution in .meta": (".meta/example.py", SOLUTION, "answer.py can be read as"),
    "most of the solution": (
        *("doc/ideas.txt", SOLUTION.replace("def parsed_duration", "# def p")),
        "lines of its solution",
    ),
    "half of the tests": ("t.py", HIDDEN.replace("43200", "1"), "lines of its hidden file"),
    "names of tests in what a tool left": (
        "old/nodeids.json",
        '["t.py::test_duration_with_hours_alone", "t.py::test_duration_with_minutes_past_the_hour"]',  # noqa: E501
        "names of its hidden tests",
    ),
    "a cache of pytest": (".pytest_cache/README.md", "a cache\n", "a cache lies in its workspace"),
    "a compiled file": ("answer.cpython-311.pyc", "\0\0", "a cache lies in its workspace"),
    "names in build output": (
        *(
            "build/tests.o",
            "\0test_duration_with_hours_alone\0test_duration_with_minutes_past_the_hour\0",
        ),
        "names of its hidden tests",
    ),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_leak_in_the_workspace_is_found(leak, repo, search):
    path, text, complaint = LEAKS[leak]
    write_files(repo, {path: text})
    assert any(complaint in found for found in search()), search()


def test_task_that_leaks_everywhere_is_one_that_leaks(repo, search):
    write_files(repo, {f"m{number}.pyc": "x" for number in range(400)})
    assert 0 < len(search()) < 100


def git(folder, *words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": "/nonexistent"}
    identity = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    command = ["git", *identity, "-C", str(folder), *words]
    subprocess.run(command, check=True, env=environment, capture_output=True)


def with_history(folder, trick):
    """Make a repository that knows the answer in one of the ways reference code leaked it."""
    write_files(folder, {"answer.py": "def parsed_duration(text):\n    return 0\n"})
    git(folder, "init", "-q", "-b", "main", ".")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "task")
    write_files(folder, {"answer.py": SOLUTION})
    git(folder, "commit", "-qam", "the answer")
    if trick == "later commit":
        git(folder, "branch", "later")
    git(folder, "reset", "-q", "--hard", "HEAD~1")
    if trick in ("dangling object", "packed object"):
        git(folder, "update-ref", "-d", "ORIG_HEAD")
        git(folder, "reflog", "expire", "--expire=now", "--all")
    if trick == "packed object":
        git(folder, "update-ref", "refs/keep", "HEAD")
        git(folder, "repack", "-qadk")


TRICKS = ["later commit", "reflog", "ORIG_HEAD", "dangling object", "packed object"]


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("place", ["vendor/lib", "."])
def test_history_never_comes_into_a_workspace_or_is_found(trick, place, repo, search):
    with_history(repo / place, trick)
    if place == ".":  # its top: an agent gets a fresh repository in its place
        (repo / "answer.py").write_text("def parsed_duration(text):\n    return 0\n")
        assert search() == ()
        return
    found = search()
    assert any("a repository inside the workspace" in each for each in found)
    assert any("lines of its solution can be read in the objects of" in each for each in found)


def test_repository_under_another_name_is_found(repo, search):
    with_history(repo / "vendor", "dangling object")
    (repo / "vendor" / ".git").rename(repo / "vendor" / "history")
    assert any("the objects of" in each for each in search())


class TestNetwork:
    def test_way_out_is_found_where_there_is_one(self, folder, tmp_path, bubblewrapped):
        workspaces = Workspaces(tmp_path / "cache")
        benchmark = DirectoryBenchmark("tiny", folder, workspaces)
        (task,) = benchmark.tasks()
        found = find_leaks(
            benchmark, [Suspect(task, b"")], _Unheld(bubblewrapped), workspaces, ("/nonexistent",)
        )
        assert any("has a way out: a route to" in each for each in found["duration"])


class _Unheld:
    """A driver whose commands run on the host, with its network: the control."""

    is_strong, name = True, "unheld"

    def __init__(self, real):
        self.real = real

    @contextmanager
    def open(self, spec):
        with self.real.open(spec) as sandbox:
            yield _OnHost(sandbox)


class _OnHost:
    def __init__(self, sandbox):
        self.paths, self.put = sandbox.paths, sandbox.put

    def exec(self, command, *, cwd, env, timeout_s, stdin=b""):
        del cwd, env
        ended = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout_s)
        return _Ended(ended.returncode, ended.stdout, ended.stderr)


class _Ended:
    dropped = 0

    def __init__(self, exit_code, stdout, stderr):
        self.exit_code, self.stdout, self.stderr = exit_code, stdout, stderr


SITE = "/usr/lib/python3/dist-packages"
LIBRARY = "/usr/lib/go/src/strings"
INFO = f"{SITE}/duration_parser-{{0}}.dist-info"


def installed(version, *more):
    info = INFO.format(version)
    return (
        f"RUN mkdir -p {info} && printf 'Name: duration_parser\\nVersion: {version}\\n' "
        f"> {info}/METADATA && echo duration_parser.py,, > {info}/RECORD && "
        f"echo pass > {SITE}/duration_parser.py",
        *more,
    )


def part_of_tests(lines, folder):
    return (
        f"COPY hidden.txt {folder}/\n"
        f"RUN cd {folder} && head -n {lines} hidden.txt > part.txt && rm hidden.txt"
    )


IMAGES = {
    "newer release": (installed("2.0"), "its own package lies in"),
    "wheel of a newer release": (
        ("RUN mkdir /opt/w && touch /opt/w/duration_parser-2.0-py3-none-any.whl",),
        "its own package lies in",
    ),
    "solution beside the tools": (
        ("COPY answer.py /opt/tools/answer.py",),
        "answer.py can be read as /opt/tools",
    ),
    "hidden tests in a home": (
        ("COPY hidden.txt /root/",),
        "test_hidden.py can be read as /root",
    ),
    "half of the hidden tests": (
        (part_of_tests(6, "/opt/tools"),),
        "lines of its hidden file test_hidden.py can be read in /opt/tools",
    ),
    "half of the hidden tests at the end of megabytes": (
        (
            part_of_tests(6, "/opt/tools"),
            "RUN cd /opt/tools && yes a line like any other | head -n 250000 > log.txt && "
            "cat part.txt >> log.txt && rm part.txt",
        ),
        "lines of its hidden file test_hidden.py can be read in /opt/tools/log.txt",
    ),
    "nearly all hidden tests in a library": (
        (part_of_tests(9, LIBRARY),),
        f"lines of its hidden file test_hidden.py can be read in {LIBRARY}",
    ),
    "history elsewhere": (
        (
            "COPY answer.py /opt/clone/answer.py",
            "RUN cd /opt/clone && git init -q . && git add -A && "
            "git -c user.name=x -c user.email=x commit -qm x && rm answer.py && "
            "git -c user.name=x -c user.email=x commit -qam y",
        ),
        "the objects of /opt/clone/.git",
    ),
}
HONEST = {
    "library from which the tests borrow": (part_of_tests(6, LIBRARY),),
    "same release": installed("1.2"),
    "older release": installed("1.0"),
    "link to the workspace": (
        *installed("9.9")[:1],
        f"RUN rm {SITE}/duration_parser.py",
        f"RUN echo __editable__.py,, > {INFO.format('9.9')}/RECORD",
    ),
    "another package": (installed("2.0")[0].replace("duration", "other"),),
    "history of something else": (
        "RUN mkdir /opt/x && cd /opt/x && git init -q . && echo hello > a && git add -A && "
        "git -c user.name=x -c user.email=x commit -qm x",
    ),
}


@pytest.fixture
def in_image(folder, tmp_path):
    """Search for leaks in an image of some Dockerfile lines on the sandboxes' base."""
    if reason := no_docker():
        pytest.skip(reason)

    def find(lines):
        client = engine()
        base = images.find(client)
        dockerfile = "\n".join((f"FROM {base}", "USER root", *lines, "")).encode()
        files = {
            "Dockerfile": dockerfile,
            "answer.py": SOLUTION.encode(),
            "hidden.txt": HIDDEN.encode(),
        }
        tag = taskimages.built(client, builds.packed(files), print)
        ready = taskimages.with_runtime(client, tag, print)
        workspaces = Workspaces(tmp_path / "cache")
        benchmark = DirectoryBenchmark("tiny", folder, workspaces)
        (task,) = benchmark.tasks()
        benchmark.environment = lambda _: Environment(image=ready)
        patch = b"".join(b"+" + line + b"\n" for line in SOLUTION.encode().splitlines())
        with Docker(client, base) as docker:
            roots = ("/opt", "/root", SITE, LIBRARY)
            found = find_leaks(benchmark, [Suspect(task, patch)], docker, workspaces, roots)
        return found.get("duration", ())

    return find


@pytest.mark.slow
@pytest.mark.parametrize("leak", IMAGES)
def test_leak_in_the_image_is_found(leak, in_image):
    lines, complaint = IMAGES[leak]
    found = in_image(lines)
    assert any(complaint in each for each in found), found


@pytest.mark.slow
@pytest.mark.parametrize("twin", HONEST)
def test_honest_image_leaks_nothing(twin, in_image):
    assert in_image(HONEST[twin]) == ()


class TestNeedles:
    def test_what_the_workspace_shows_is_no_secret_elsewhere(self, folder, repo):
        (repo / "seen.py").write_text(SOLUTION + HIDDEN)
        hidden = [folder / "duration" / "tests" / "test_hidden.py"]
        patch = b"".join(b"+" + line + b"\n" for line in SOLUTION.encode().splitlines())
        needles = needles_of(repo, hidden, patch)
        assert needles.lines == ()
        assert needles.names == ()

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("def test_adds_two_numbers():", "test_adds_two_numbers"),
            ("func TestAddsTwoNumbers(t *testing.T) {", "TestAddsTwoNumbers"),
            ("fn test_adds_two_numbers() {", "test_adds_two_numbers"),
            ("test('adds two numbers', () => {", "adds two numbers"),
            ("void testAddsTwoNumbers() {", "testAddsTwoNumbers"),
        ],
    )
    def test_names_of_tests_in_the_usual_languages(self, text, name):
        assert list(names_of_tests(text)) == [name]


GIVEN = (
    "import collections\n\n\nclass Tree:\n"
    "    def inorder(self):\n        return list(self.left)\n\n"
    "    def preorder(self):\n        return list(self.right)\n"
)
STUB = "struct Solution {\n    std::string drinksWater;\n    std::string ownsZebra;\n};\n"


class TestShownAnswers:
    """Reference solutions that lie beside the hidden tests, as in the folders of Exercism."""

    def found(self, tmp_path, workspace, hidden, added):
        write_files(tmp_path / "repo", workspace)
        folder = write_files(tmp_path / "hidden", hidden)
        patch = "".join(f"+{line}\n" for line in added.splitlines())
        paths = [folder / name for name in hidden]
        return list(shown_answers(tmp_path / "repo", paths, patch.encode()))

    def test_file_that_the_solution_leaves_as_it_is_is_no_secret(self, tmp_path):
        added = "import collections\ndef satellite(orders):\n    return Tree(orders)\n"
        hidden = {"reference/tree.py": GIVEN}
        assert self.found(tmp_path, {"src/tree.py": GIVEN}, hidden, added) == []

    def test_stub_that_the_solution_makes_into_the_hidden_file_is_no_secret(self, tmp_path):
        full = STUB + "Solution solve_puzzle();\n"
        hidden = {"example.h": full + "#endif\n"}
        added = "Solution solve_puzzle();\nint houses = count_of_houses();\n"
        assert self.found(tmp_path, {"zebra.h": STUB + "#endif  // ZEBRA\n"}, hidden, added) == []
        assert self.found(tmp_path / "control", {"zebra.h": full}, hidden, added)

    def test_part_of_the_solution_is_found_under_another_name(self, tmp_path):
        added = GIVEN + SOLUTION
        (found,) = self.found(tmp_path, {"old.py": GIVEN}, {"tree.py": GIVEN}, added)
        assert found == "tree.py can be read as old.py"

    def test_tests_are_no_stub_of_themselves(self, tmp_path):
        part = HIDDEN.replace("7260", "7261")
        found = self.found(tmp_path, {"old.py": part}, {"test_x.py": HIDDEN}, HIDDEN)
        assert any("hidden" in each for each in found)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ({"pyproject.toml": PACKAGE}, "1.2"),
        ({"pyproject.toml": '[tool.poetry]\nname = "Duration_Parser"\nversion = "1.2"\n'}, "1.2"),
        ({"setup.cfg": "[metadata]\nname = duration.parser\nversion = 1.2\n"}, "1.2"),
        ({"setup.py": "from setuptools import setup\nsetup(name='duration-parser')\n"}, None),
        (
            {
                "setup.py": "setup(name='duration-parser')\n",
                "src/duration_parser/__init__.py": '__version__ = "3.1"\n',
            },
            "3.1",
        ),
    ],
)
def test_package_of_a_workspace_is_read_and_never_run(tmp_path, files, version):
    found = project_of(write_files(tmp_path / "w", files))
    assert (found.name, found.version) == ("duration-parser", version)


def test_workspace_that_is_no_package_has_none(tmp_path):
    assert project_of(write_files(tmp_path / "w", {"setup.py": "def f(:\n"})) is None
    assert project_of(tmp_path / "nothing") is None
