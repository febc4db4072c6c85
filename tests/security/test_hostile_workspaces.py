"""Row 11 through real sandboxes: whatever an agent leaves in its workspace, the host stays whole,
and what comes of it is an outcome of the agent's, never a fault of the machine's.
"""

from __future__ import annotations

import random
import socket
import stat
import threading

import pytest

from dgm.errors import SandboxError, UnsafeArchiveError
from dgm.records import Outcome, SandboxLimits, Split
from dgm.sandbox.channel import Channel
from dgm.sandbox.transfer import unpack
from dgm.steps.evaluate import Evaluate
from dgm.workspaces import Workspaces
from tests.machine import code_of, write_agent
from tests.sandbox.conftest import tree
from tests.security.tars import END, entry, header

MAX_BYTES, MAX_FILES = 8 << 20, 2000
PRELUDE = "import os, socket, stat\n"
GOOD = "open('good.txt', 'w').write('good')\n"

# What an agent leaves behind, and what the host says when it refuses all of it.
REFUSED = {
    "newline": ("open('a\\nb', 'w')", "control characters"),
    "escape": ("open('\\x1b[2J', 'w')", "control characters"),
    "eight-bit control": ("open('a\\x9bb', 'w')", "control characters"),
    "no text": ("open(b'\\xff\\xfe', 'w')", "not UTF-8"),
    "ten thousand deep": (
        "for n in range(10_000): os.mkdir('d'); os.chdir('d')",
        "too long or too deep",
    ),
    "deep with long names": (
        "for n in range(60): os.mkdir('n' * 250); os.chdir('n' * 250)",
        "a path of",
    ),
    "a file too large": ("os.truncate(os.open('big', os.O_CREAT | os.O_RDWR), 9 << 20)", "bytes"),
    "files together too large": (
        "for n in range(9): open(str(n), 'wb').write(bytes(1 << 20))",
        "bytes",
    ),
    "too many files": ("for n in range(2001): open(str(n), 'w')", "more than 2000 files"),
    "too many folders": ("for n in range(5000): os.mkdir(str(n))", "more than 2000 files"),
    "too many links": ("for n in range(5000): os.symlink('/', str(n))", "more than 2000 files"),
}

# What stays behind and is named, while the rest comes out.
LEFT = {
    "link": ("os.symlink('/etc/passwd', 'link')", ["link"]),
    "link in a circle": ("os.symlink('.', 'link')", ["link"]),
    "folder that is a link": ("os.symlink('/', 'link'); os.mkdir('sub')", ["link"]),
    "hard link": ("os.link('good.txt', 'twin')", ["twin"]),
    "pipe": ("os.mkfifo('pipe')", ["pipe"]),
    "socket": ("socket.socket(socket.AF_UNIX).bind('socket')", ["socket"]),
    "git folder": ("os.makedirs('.git/hooks'); open('.git/hooks/x', 'w')", [".git"]),
    "git below": ("os.makedirs('a/.Git/hooks'); open('a/.Git/x', 'w')", ["a/.Git"]),
    "git file": ("open('.GIT', 'w').write('gitdir: /elsewhere')", [".GIT"]),
    "no rights": ("os.mkdir('shut'); open('shut/f', 'w'); os.chmod('shut', 0)", []),
    "unreadable file": ("open('f', 'w').write('x'); os.chmod('f', 0)", []),
    "set-user-id": ("open('f', 'w').write('x'); os.chmod('f', 0o6777)", []),
    "device": (
        "try: os.mknod('null', stat.S_IFCHR | 0o666, os.makedev(1, 3))\nexcept OSError: pass",
        [],
    ),
}


def leave(inside, code):
    """Let an agent write into its workspace."""
    done = inside.python(PRELUDE + GOOD + code)
    assert done.exit_code == 0, done.stderr


def collected(sandbox, out):
    return sandbox.collect(sandbox.paths.workspace, out, max_bytes=MAX_BYTES, max_files=MAX_FILES)


def is_plain(out):
    """Whether nothing but files and folders lies below, none of it with odd rights."""
    found = [path.lstat().st_mode for path in out.rglob("*")]
    return all(
        stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and mode & 0o7777 in (0o644, 0o755))
        for mode in found
    )


@pytest.mark.parametrize("name", REFUSED)
def test_workspace_is_refused_and_nothing_lies_outside(sandbox, inside, out, name):
    code, reason = REFUSED[name]
    leave(inside, code)
    with pytest.raises(UnsafeArchiveError, match=reason):
        collected(sandbox, out)
    assert is_plain(out)
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("name", LEFT)
def test_rest_comes_out_and_what_stays_is_named(sandbox, inside, out, name):
    code, left = LEFT[name]
    leave(inside, code)
    assert list(collected(sandbox, out).skipped) == left
    assert (out / "good.txt").read_text() == "good"
    assert is_plain(out)
    assert list(out.parent.iterdir()) == [out]


def test_answer_of_the_runner_cannot_be_given_by_an_agent(sandbox, inside, out):
    lie = (header(b"lie") + END).hex()
    leave(
        inside,
        f"""
frame = b"d\\0\\0\\6\\0" + bytes.fromhex("{lie}") + b"k\\0\\0\\0\\0"
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    for fd in range(20):
        try:
            with open(f"/proc/{{pid}}/fd/{{fd}}", "wb", buffering=0) as stream:
                stream.write(frame)
        except OSError:
            pass
for fd in range(3, 1000):
    try: os.write(fd, frame)
    except OSError: pass
""",
    )
    collected(sandbox, out)
    assert tree(out) == {"good.txt": b"good"}


@pytest.mark.slow
@pytest.mark.parametrize("count", [240_000, 247_000, 250_000, 254_000, 260_000])
def test_memory_full_of_files_is_no_fault_of_the_machine(driver, spec, enter, out, count):
    """An agent that leaves the runner no memory to pack could else have its miss forgotten."""
    limits = SandboxLimits(memory_mb=256, workspace_mb=64, tmp_mb=16)
    with driver.open(spec(limits=limits)) as sandbox:
        code = f"for n in range({count}):\n    os.close(os.open(f'f{{n:07}}', os.O_CREAT))"
        done = enter(sandbox).python(PRELUDE + code, timeout_s=120)
        try:
            collected(sandbox, out)
        except UnsafeArchiveError:
            assert is_plain(out)
        except SandboxError:
            assert done.out_of_memory, "the machine is blamed for what the agent did"


SCRIPTED = {
    "endless headers": (entry(b"h", b"5 a=\n" * 12_000, b"x"), UnsafeArchiveError),
    "endless folders": (b"".join(header(b"d%d" % n, b"5") for n in range(100)), UnsafeArchiveError),
    "endless zeros": (END * 60, UnsafeArchiveError),
}


@pytest.mark.parametrize("name", SCRIPTED)
def test_runner_that_was_taken_over_cannot_keep_the_host_busy(out, name):
    """Its stream never ends; the host has its own bounds."""
    piece, error = SCRIPTED[name]
    ours, theirs = socket.socketpair()
    frame = b"d" + len(piece).to_bytes(4, "big") + piece

    def send_for_ever():
        try:
            while True:
                theirs.sendall(frame)
        except OSError:
            return

    sender = threading.Thread(target=send_for_ever)
    sender.start()
    try:
        stream = Channel(ours).stream(b"C", (), timeout_s=60)
        with pytest.raises(error):
            unpack(stream, out, max_bytes=MAX_BYTES, max_files=MAX_FILES)
    finally:
        ours.close()
        sender.join()
        theirs.close()


@pytest.mark.parametrize(
    "words", [b"d\xff\xff\xff\xff", b"k\xff\xff\xff\xff", b"Z\0\0\0\0", b"d\0"]
)
def test_runner_that_talks_nonsense_is_a_lost_sandbox(out, words):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(words)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(SandboxError):
            unpack(
                Channel(ours).stream(b"C", (), timeout_s=10),
                out, max_bytes=MAX_BYTES, max_files=MAX_FILES,
            )  # fmt: skip
    assert not list(out.iterdir())


# What an agent may do so that its miss is blamed on the machine and forgotten.
EVASIONS = {
    "random bytes": '(workspace / "junk").write_bytes(os.urandom(60 << 20))',
    "short lines": '(workspace / "junk").write_bytes(b"\\n" * (60 << 20))',
    "odd name": '(workspace / "a\\nb").write_text("x")',
    "too deep": "os.chdir(workspace)\nfor n in range(3000): os.mkdir('d'); os.chdir('d')",
    "too many files": '[(workspace / f"{n}").touch() for n in range(30_000)]',
    "no rights": "(workspace / 'answer.py').chmod(0); workspace.chmod(0)",
    "nothing left": "import shutil; [p.unlink() for p in workspace.iterdir() if p.is_file()]",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EVASIONS)
def test_miss_is_evidence_whatever_an_agent_leaves(machine, tmp_path, name):
    agent = code_of(write_agent(tmp_path / "evader", EVASIONS[name]))
    with machine.laboratory() as lab:
        task = lab.benchmark.tasks(Split.SEARCH)[0]
        rollout = Evaluate("r000001", "a0000", agent, task, 0, "1").perform(lab)
    assert rollout.outcome.is_evidence
    assert rollout.outcome is not Outcome.SOLVED
    assert rollout.detail.isprintable()


@pytest.mark.slow
def test_files_made_to_be_slow_to_compare_are_compared_in_time(tmp_path):
    """Line by line, time grows with the square of the size, and a time-out is the machine's."""
    source, edited = tmp_path / "source", tmp_path / "edited"
    chance = random.Random(1)
    for folder, letters, count in ((source, "abc", 600_000), (edited, "abcd", 700_000)):
        folder.mkdir()
        lines = "\n".join(chance.choices(letters, k=count))
        (folder / "data.txt").write_text(lines)
    workspace = Workspaces(tmp_path / "cache").of(source)
    patch = workspace.diff(edited)
    (tmp_path / "applied").mkdir()
    workspace.apply(patch, tmp_path / "applied")
    assert (tmp_path / "applied" / "data.txt").read_bytes() == (edited / "data.txt").read_bytes()
