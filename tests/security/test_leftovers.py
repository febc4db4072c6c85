"""Row 17: what one task leaves in its sandbox, the next does not find, nor a neighbour."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading

import pytest

from dgm.sandbox import runner
from dgm.sandbox.bubblewrap import Bubblewrap

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


# Locks every file it is given, in both ways there are, or says which of them somebody has locked.
LOCKS = """
import errno, fcntl, json, os, socket, struct, sys
what, *places = sys.argv[1:]

def entries():
    for place in places:
        for folder, _, files in os.walk(place):
            yield folder
            yield from (os.path.join(folder, name) for name in files)

def is_locked(path):
    link = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(link, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(link)
    if os.path.isdir(path):
        return False
    link = os.open(path, os.O_RDONLY)
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    said = fcntl.fcntl(link, fcntl.F_GETLK, asked)
    os.close(link)
    return struct.unpack("hhqqi4x", said)[0] != fcntl.F_UNLCK

def locked():
    return [path for path in entries() if is_locked(path)]

if what == "look":
    print(json.dumps(locked()))
    sys.exit()
held = []
for path in entries():
    held.append(os.open(path, os.O_RDONLY))
    fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
    if not os.path.isdir(path):
        held.append(os.open(path, os.O_RDONLY))
        fcntl.lockf(held[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
if os.fork() == 0:  # the control: another process on the same files does see it
    print(json.dumps(locked()), flush=True)
    os._exit(0)
os.wait()
with socket.socket(socket.AF_UNIX) as host:
    host.connect(what)
    host.recv(1)
"""


class Holding(threading.Thread):
    """Locks all files of some places in a sandbox, as long as its block runs."""

    def __init__(self, inside, places):
        super().__init__()
        self.inside, self.places = inside, places

    def run(self):
        meeting = f"{self.inside.sandbox.paths.control}/model.sock"
        words = ("python3", "-I", "-S", "-c", LOCKS, meeting, *self.places)
        self.said = self.inside.run(*words, timeout_s=120)

    def __enter__(self):
        path = self.inside.sandbox.model_socket
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o666)
            listener.listen()
            listener.settimeout(30)
            self.start()
            self.holder, _ = listener.accept()

    def __exit__(self, *exc):
        self.holder.close()
        self.join()


@pytest.fixture
def agent(tmp_path):
    """An agent of two files, one of them in a folder."""
    (tmp_path / "agent" / "tools").mkdir(parents=True)
    (tmp_path / "agent" / "main.py").write_text("original")
    (tmp_path / "agent" / "tools" / "one.py").write_text("original")
    return tmp_path / "agent"


def test_lock_on_runner_or_agent_is_seen_in_no_other_sandbox(driver, spec, enter, agent):
    with (
        driver.open(spec(agent=agent, wants_model=True)) as sandbox,
        driver.open(spec(agent=agent)) as neighbour,
    ):
        places = (runner.FOLDER, sandbox.paths.agent)
        holding = Holding(enter(sandbox), places)
        with holding:
            look = ("python3", "-I", "-S", "-c", LOCKS, "look", *places)
            seen = enter(neighbour).run(*look)
        assert (seen.exit_code, json.loads(seen.stdout)) == (0, []), seen.stderr
        within = json.loads(holding.said.stdout)
        assert {f"{runner.FOLDER}/runner.py", "/agent/main.py", "/agent/tools/one.py"} <= {*within}
        assert {*places} <= {*within}


# Notes in the kernel's cache of files that all can read: pages put there are ones, pages dropped
# are zeros, and whether a page is there can be asked.
CACHE = """
import glob, json, os, sys
what, *bits = sys.argv[1:]
paths = sorted(path for path in glob.glob(os.path.dirname(os.__file__) + "/*.py")
               if os.path.isfile(path) and os.path.getsize(path) > 4096)[-8:]
found = []
for path, bit in zip(paths, bits or "x" * 8):
    fd = os.open(path, os.O_RDONLY)
    try:
        if what == "read":
            os.preadv(fd, [bytearray(1)], 4096, os.RWF_NOWAIT)
            found.append("1")
        else:
            os.pread(fd, 1, 4096)
            if bit == "0":
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    except BlockingIOError:
        found.append("0")
    except OSError as error:
        found.append(error.strerror)
    os.close(fd)
print(json.dumps(found))
"""
NOTE = ("1", "0", "0", "1", "0", "1", "1", "0")


def test_note_in_the_cache_is_read_where_nothing_holds_it():
    words = [sys.executable, "-I", "-S", "-c", CACHE]
    subprocess.run([*words, "write", *NOTE], check=True)
    said = subprocess.run([*words, "read"], check=True, capture_output=True)
    assert tuple(json.loads(said.stdout)) == NOTE


def test_cache_of_shared_files_can_be_neither_asked_nor_emptied(driver, spec, enter):
    program = ("python3", "-I", "-S", "-c", CACHE)
    with driver.open(spec()) as sandbox:
        assert enter(sandbox).run(*program, "write", *NOTE).exit_code == 0
    with driver.open(spec()) as sandbox:
        said = enter(sandbox).run(*program, "read")
    assert json.loads(said.stdout) == ["Operation not supported"] * 8, said.stderr


def test_page_that_a_sandbox_drops_stays_in_the_cache(spec, enter):
    """On files the host can look at too: its programs, which bubblewrap shows."""
    look = ["/usr/bin/python3", "-I", "-S", "-c", CACHE]
    with Bubblewrap() as driver, driver.open(spec()) as sandbox:
        assert enter(sandbox).run(*look, "write", *"00000000").exit_code == 0
    kept = subprocess.run([*look, "read"], check=True, capture_output=True)
    assert json.loads(kept.stdout) == ["1"] * 8
    subprocess.run([*look, "write", *"00000000"], check=True)
    dropped = subprocess.run([*look, "read"], check=True, capture_output=True)
    assert json.loads(dropped.stdout) == ["0"] * 8


# A lock of an open file on a file of one's own, whose place is the note; or the list of locks.
OPEN_FILE_LOCKS = """
import fcntl, os, socket, struct, sys, tempfile
what, note = sys.argv[1], 7 * 10**15 + 64
if what == "look":
    try:
        print(str(note) in open("/proc/locks").read())
    except PermissionError:
        print("closed")
    sys.exit()
file = tempfile.TemporaryFile()
try:
    fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, note, 1, 0))
except OSError as error:
    print(error.strerror, flush=True)
else:
    print("locked", flush=True)
sys.stdin.read(1)
"""


def test_note_in_a_lock_is_read_where_nothing_holds_it():
    words = [sys.executable, "-I", "-S", "-c", OPEN_FILE_LOCKS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*words, "lock"], **pipes) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert subprocess.run([*words, "look"], capture_output=True).stdout == b"True\n"


def test_lock_of_an_open_file_is_neither_taken_nor_listed(inside):
    """Also one of the host's, on a file that no sandbox sees, is not in the list inside."""
    words = ("python3", "-I", "-S", "-c", OPEN_FILE_LOCKS)
    assert inside.run(*words, "lock").stdout == b"Invalid argument\n"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    host = [sys.executable, *words[1:], "lock"]
    with subprocess.Popen(host, **pipes) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert inside.run(*words, "look").stdout in (b"False\n", b"closed\n")


# What a sandbox can read about itself.
SELF = """
cd /proc/self
cut -d ' ' -f 4- mountinfo | sort
cat cgroup uid_map gid_map limits /proc/1/cmdline /proc/sys/kernel/hostname
env | sort; id; ls -A /agent /run/dgm /tmp /
"""
CHANCE = re.compile(rb"[0-9a-f]{16,64}|\b7[0-9]{5}\b")  # names made by chance, and user ids
OF_THE_KERNEL = re.compile(rb"(master|shared):\d+|/overlay2/\S*")


def test_nothing_inside_counts_the_sandboxes(driver, spec, enter, agent):
    """But for the numbers the kernel gives to mounts and devices; names made by chance differ."""
    said = []
    for _ in range(4):
        with driver.open(spec(agent=agent, wants_model=True)) as sandbox:
            said.append(enter(sandbox).sh(SELF).stdout)
    assert len({tuple(CHANCE.findall(each)) for each in said}) == len(said), "none were opened"
    told = [OF_THE_KERNEL.sub(b"?", CHANCE.sub(b"*", each)) for each in said]
    assert set(told) == {told[0]}
