"""Row 17: what one task leaves in its sandbox, the next does not find."""

from __future__ import annotations

import json

import pytest

# Leaves a mark wherever it can: files, names, memory and queues shared by all, and looks for it.
MARKS = """
import ctypes, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
PROC = "/proc"

def folders():
    for folder, below, _ in os.walk("/"):
        below[:] = [name for name in below if os.path.join(folder, name) != PROC]
        yield folder

def leave():
    left = []
    for folder in folders():
        for name in (".mark", "mark"):
            try:
                with open(os.path.join(folder, name), "x") as file:
                    file.write("mark")
                left.append(os.path.join(folder, name))
            except OSError:
                continue
    segment = libc.shmget(0x64676D, 4096, 0o1666)
    if segment >= 0:
        left.append("shared memory")
    if libc.msgget(0x64676D, 0o1666) >= 0:
        left.append("message queue")
    if libc.semget(0x64676D, 1, 0o1666) >= 0:
        left.append("semaphore")
    return left

def find():
    found = []
    for folder in folders():
        for name in (".mark", "mark"):
            if os.path.exists(os.path.join(folder, name)):
                found.append(os.path.join(folder, name))
    if libc.shmget(0x64676D, 4096, 0) >= 0:
        found.append("shared memory")
    if libc.msgget(0x64676D, 0) >= 0:
        found.append("message queue")
    if libc.semget(0x64676D, 1, 0) >= 0:
        found.append("semaphore")
    return found

print(json.dumps({"leave": leave, "find": find}[sys.argv[1]]()))
"""


def marks(inside, what):
    said = inside.run("python3", "-I", "-S", "-c", MARKS, what, timeout_s=60)
    assert said.exit_code == 0, said.stderr
    return set(json.loads(said.stdout))


@pytest.mark.slow
def test_mark_left_everywhere_is_found_in_the_same_sandbox_and_in_no_other(driver, spec, enter):
    with driver.open(spec()) as sandbox, driver.open(spec()) as neighbour:
        inside = enter(sandbox)
        left = marks(inside, "leave")
        assert left >= {"/tmp/mark", "/workspace/mark", "/logs/mark", "/dev/shm/mark"}
        assert left >= {"shared memory", "message queue", "semaphore"}
        assert marks(inside, "find") == left
        assert marks(enter(neighbour), "find") == set()
    for _ in range(3):
        with driver.open(spec()) as sandbox:
            assert marks(enter(sandbox), "find") == set()


def test_agent_shared_by_many_sandboxes_is_the_same_for_all(driver, spec, enter, tmp_path):
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "main.py").write_text("original")
    spoil = "echo spoilt > main.py; echo > new; mkdir __pycache__; ls -A; cat main.py"
    for _ in range(2):
        with driver.open(spec(agent=tmp_path / "agent")) as sandbox:
            said = enter(sandbox).sh(spoil, cwd=sandbox.paths.agent)
            assert said.stdout == b"main.py\noriginal"
