"""Row 24: what a child may not bring into the archive, with the reason; its honest twin may."""

from __future__ import annotations

import os
import shutil

import pytest

from dgm.archive.store import Store
from dgm.errors import ChildRefusedError
from dgm.records import AgentState
from tests.machine import LEARNER, write_agent, write_learner
from tests.security.poison import git

KEPT = "print('the same')\n"


def many(folder, count):
    for number in range(count):
        (folder / f"{number:04d}.txt").touch()


def deep(folder, depth):
    below = folder.joinpath(*(["d"] * depth))
    below.mkdir(parents=True)
    (below / "file.txt").write_text("x\n")


def bytes_of(folder, size, name="large.txt"):
    (folder / name).write_bytes(b"x" * size)


def nested(folder, name):
    (folder / "vendor" / name).mkdir(parents=True)
    (folder / "vendor" / name / "HEAD").write_text("ref: refs/heads/main\n")


def declare(folder, line):
    with (folder / "agent.toml").open("a") as manifest:
        manifest.write(f"\n{line}\n")


def program(folder):
    (folder / "tool").write_bytes(b"\x7fELF\2\1\1" + bytes(100))


# What the child does to its parent's files, and the reason it is refused for.
REFUSED = {
    "100 MB": (lambda folder: bytes_of(folder, 100 << 20), "exceed 8 MiB"),
    "a byte too many": (lambda folder: bytes_of(folder, (8 << 20) + 1), "exceed 8 MiB"),
    "many large files": (
        lambda folder: [bytes_of(folder, 1 << 20, f"{n}.txt") for n in range(9)],
        "exceed 8 MiB",
    ),
    "too many files": (lambda folder: many(folder, 2001), "more than 2000 files"),
    "too deep": (lambda folder: deep(folder, 32), "nested deeper than 32"),
    "path too long": (
        lambda folder: (
            (folder / "/".join(["p" * 200] * 5)).mkdir(parents=True)
            or (folder / "/".join([*["p" * 200] * 5, "f" * 200])).touch()
        ),
        "longer than 1024 bytes",
    ),
    "nested repository": (lambda folder: nested(folder, ".git"), "nested repository"),
    "nested repository in capitals": (lambda folder: nested(folder, ".GIT"), "nested repository"),
    "short name of git": (lambda folder: nested(folder, "git~1"), "nested repository"),
    "git with a dot": (lambda folder: nested(folder, ".git. ."), "nested repository"),
    "git with a stream": (
        lambda folder: nested(folder, ".git::$INDEX_ALLOCATION"),
        "nested repository",
    ),
    "git with a letter nobody sees": (lambda folder: nested(folder, ".g\u200cit"), "unusable name"),
    "pointer to a repository": (
        lambda folder: (folder / ".git").write_text("gitdir: /elsewhere\n"),
        "nested repository",
    ),
    "submodules": (
        lambda folder: (folder / ".gitmodules").write_text('[submodule "x"]\n'),
        "nested repository",
    ),
    "program": (program, "adds a binary file: tool"),
    "NUL far inside": (
        lambda folder: (folder / "a.txt").write_bytes(b"x" * 100_000 + b"\0"),
        "adds a binary file: a.txt",
    ),
    "link": (lambda folder: (folder / "link").symlink_to("/etc/passwd"), "a link: link"),
    "link to a folder": (lambda folder: (folder / "link").symlink_to("/etc"), "a link: link"),
    "pipe": (lambda folder: os.mkfifo(folder / "pipe"), "neither file nor folder"),
    "newline in a name": (lambda folder: (folder / "a\nb").touch(), "unusable name"),
    "escape in a name": (lambda folder: (folder / "\x1b[2J").touch(), "unusable name"),
    "turned direction in a name": (lambda folder: (folder / "a\u202eb").touch(), "unusable name"),
    "name that is no text": (
        lambda folder: (folder / os.fsdecode(b"\xff")).touch(),
        "unusable name",
    ),
    "manifest of a megabyte": (
        lambda folder: (folder / "agent.toml").write_bytes(b"#" * (1 << 20)),
        "larger than 64 KiB",
    ),
    "number without end": (
        lambda folder: declare(folder, "x = " + "9" * 5000),
        "not valid TOML",
    ),
    "lists without end": (
        lambda folder: declare(folder, "x = " + "[" * 5000),
        "not valid TOML",
    ),
}
# What plain git does not take either: it leaves them out without a word, or refuses the whole tree.
NOT_FOR_GIT = {
    *("nested repository", "pointer to a repository", "pipe"),
    *("nested repository in capitals", "short name of git", "git with a dot", "git with a stream"),
}
TAKEN = {
    "bytes enough": lambda folder: bytes_of(folder, 7 << 20),
    "files enough": lambda folder: many(folder, 1990),
    "deep enough": lambda folder: deep(folder, 31),
    "names like git's": lambda folder: [
        (folder / name).write_text("x\n") for name in (".gitignore", ".github", "git", "x.git")
    ],
    "binary file of the parent": lambda folder: (folder / "logo.png").rename(folder / "sign.png"),
    "letters of any language": lambda folder: (folder / "größe 世界.py").write_text("é = 1\n"),
}


@pytest.fixture
def store(tmp_path):
    """A run whose seed is archived; it has one binary file."""
    seed = write_learner(tmp_path / "seed")
    (seed / "logo.png").write_bytes(b"\x89PNG\0\0")
    with Store.create(tmp_path / "archive" / "run", "") as opened:
        opened.archive(opened.add_seed(seed).id)
        yield opened


@pytest.fixture
def child(store, tmp_path):
    """A child of the seed: its folder differs from the seed's by a line."""
    folder = tmp_path / "child"
    shutil.copytree(tmp_path / "seed", folder)
    with (folder / "main.py").open("a") as script:
        script.write(KEPT)
    return store.start_child("a0000").id, folder


@pytest.mark.parametrize("name", REFUSED)
def test_child_is_refused_with_the_reason_and_harms_nothing(store, child, name):
    agent_id, folder = child
    spoil, reason = REFUSED[name]
    spoil(folder)
    before = {path: path.stat().st_size for path in store.run.agents.rglob("*")}
    with pytest.raises(ChildRefusedError) as refusal:
        store.commit_child(agent_id, folder)
    assert reason in refusal.value.reason
    assert refusal.value.reason.isprintable()
    assert store.reject(agent_id, refusal.value.reason).reason == refusal.value.reason
    assert {path: path.stat().st_size for path in store.run.agents.rglob("*")} == before
    assert store.repository.problems() == ()


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in NOT_FOR_GIT])
def test_plain_git_takes_the_tree_of_a_refused_child(child, tmp_path, name):
    """The control: all that lies there is committed by one who checks nothing."""
    _, folder = child
    REFUSED[name][0](folder)
    there = sum(len(files) for _, _, files in os.walk(folder))
    there += sum(path.is_symlink() and path.is_dir() for path in folder.iterdir())
    repository = (f"--git-dir={tmp_path / 'git'}", "--work-tree=.")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "child")):
        git(folder, *repository, *words)
    committed = git(folder, *repository, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert len(committed) == there
    assert git(folder, *repository, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", TAKEN)
def test_honest_twin_is_taken(store, child, name):
    agent_id, folder = child
    TAKEN[name](folder)
    assert store.commit_child(agent_id, folder).tree_hash
    assert store.repository.problems() == ()


# What an agent that improves itself does to its own repository, and why the child is rejected.
SPOILERS = {
    "100 MB": ('(workspace / "junk").write_bytes(os.urandom(60 << 20))', "larger than 32 MiB"),
    "many files": (
        'for n in range(3000): (workspace / f"junk{n}").write_text("x")',
        "more than 2000 files",
    ),
    "a million files": (
        '(workspace / "j").mkdir()\nfor n in range(60_000): (workspace / "j" / f"{n}").touch()',
        "more than 20000 files",
    ),
    "deep": (
        "os.chdir(workspace)\nfor n in range(3000): os.mkdir('d'); os.chdir('d')",
        "too deep",
    ),
    "program": ('(workspace / "tool").write_bytes(bytes(100))', "adds a binary file"),
    "odd name": ('(workspace / "a\\nb").write_text("x")', "control characters"),
    "number without end": (
        '(workspace / "agent.toml").open("a").write("\\nx = " + "9" * 5000)',
        "not valid TOML",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPOILERS)
def test_child_made_in_a_sandbox_is_rejected_and_the_run_goes_on(machine, tmp_path, name):
    spoil, reason = SPOILERS[name]
    script = LEARNER.replace(
        "elif (workspace",
        "    if (pathlib.Path(task['agent']) / 'evil').exists(): spoil()\nelif (workspace",
        1,
    )
    lines = "".join(f"    {line}\n" for line in spoil.split("\n"))
    seed = write_agent(
        tmp_path / "learner",
        f"def spoil():\n{lines}{script}",
        files={"skill.txt": "1\n", "evil": "yes\n"},
    )
    room = "sandbox.limits.inodes=100000"  # else Docker's own bound leaves fewer files to refuse
    with (
        machine.new_run(seed, "run", room) as store,
        machine.evolution(store, machine.config(room)) as evolution,
    ):
        assert evolution.run()
        seed_agent, rejected = store.agents()
        assert seed_agent.state is AgentState.ARCHIVED
        assert rejected.state is AgentState.REJECTED
        assert reason in rejected.reason
        assert [branch.agent_id for branch in store.repository.branches()] == ["a0000"]
        assert store.repository.problems() == ()
