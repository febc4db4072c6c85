"""Control groups: real ones where the kernel lets us, plain folders for the other version."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dgm.errors import SandboxError
from dgm.records import SandboxLimits
from dgm.sandbox.cgroups import Cgroup, remove_leftovers
from dgm.sandbox.hierarchies import VersionOne, VersionTwo, find_hierarchies

LIMITS = SandboxLimits(memory_mb=64, processes=16, cpus=0.5)
OURS = tuple(h for h in find_hierarchies() if [*h.settings(LIMITS)])

needs_cgroups = pytest.mark.skipif(not OURS, reason="may not make control groups")


@pytest.fixture
def group():
    cgroup = Cgroup.create("test-group", LIMITS)
    assert cgroup is not None
    yield cgroup
    cgroup.close()


def python(code, cgroup=None):
    """Run Python code, from its first instruction on a member of the group."""
    join = "import os\n" + "".join(
        f"open({str(file)!r}, 'w').write('0')\n" for file in (cgroup.procs_files if cgroup else ())
    )
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", join + code], stdout=subprocess.PIPE, text=True
    )


def finish(process):
    with process:
        output, _ = process.communicate(timeout=30)
    return process.returncode, output.strip()


MEMORY_BOMB = "b = bytearray(200 << 20); print(len(b))"
FORKS = """
import time
made = 0
try:
    for _ in range(40):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except BlockingIOError:
    pass
print(made, flush=True)
time.sleep(60)
"""


@needs_cgroups
def test_memory_beyond_the_limit_kills(group):
    assert finish(python(MEMORY_BOMB)) == (0, str(200 << 20))  # the bomb works elsewhere
    assert not group.oom_killed()
    assert finish(python(MEMORY_BOMB, group))[0] == -9
    assert group.oom_killed()
    assert group.oom_kills() == 1


@needs_cgroups
def test_memory_on_a_tmpfs_counts(group, tmp_path):
    shm = Path("/dev/shm") / f"dgm-test-{os.getpid()}"
    fill = f"open({str(shm)!r}, 'wb').write(bytes(1 << 20) * 100)"
    try:
        assert finish(python(fill, group))[0] == -9
    finally:
        shm.unlink(missing_ok=True)


@needs_cgroups
def test_forks_fail_at_the_limit_and_all_die_together(group):
    bomb = python(FORKS, group)
    with bomb:
        made = int(bomb.stdout.readline())
        assert 10 <= made < LIMITS.processes
        group.kill_all()
        assert group.processes() == ()


@needs_cgroups
def test_process_that_left_its_session_is_killed_with_the_group(group):
    escape = """
import time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
os._exit(0)
"""
    with python(escape, group) as process:
        survivor = int(process.stdout.readline())
        assert survivor in group.processes()
        group.kill_all()
    assert not Path(f"/proc/{survivor}").exists() or is_zombie(survivor)


def is_zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@needs_cgroups
def test_process_that_spins_is_held_back():
    group = Cgroup.create("test-spin", SandboxLimits(cpus=0.1))
    give_up_at = time.monotonic() + 20
    try:
        with python("print(1, flush=True)\nwhile True: pass", group) as spinning:
            spinning.stdout.readline()
            while not (held_back := times_held_back(group)) and time.monotonic() < give_up_at:
                time.sleep(0.1)
            spinning.kill()
    finally:
        group.close()
    assert held_back > 0


def times_held_back(group):
    stats = [folder / "cpu.stat" for folder in group.folders if (folder / "cpu.stat").exists()]
    lines = [line.split() for stat in stats for line in stat.read_text().splitlines()]
    return max(int(count) for key, count in lines if key == "nr_throttled")


@needs_cgroups
def test_group_says_what_it_holds_and_what_it_used(group):
    assert set(group.limits_in_force) == {"memory:cgroup", "processes:cgroup", "cpus:cgroup"}
    finish(python("b = bytearray(20 << 20)", group))
    assert 20 << 20 < group.peak_memory() <= LIMITS.memory_mb << 20


@needs_cgroups
def test_closing_leaves_no_folder_and_can_be_repeated(group):
    with python("import time; print(1, flush=True); time.sleep(60)", group) as process:
        process.stdout.readline()
        group.close()
    assert not any(folder.exists() for folder in group.folders)
    group.close()


@needs_cgroups
def test_groups_of_the_dead_are_removed_and_those_of_the_living_are_not(group):
    make = (
        "from dgm.records import SandboxLimits; from dgm.sandbox.cgroups import Cgroup;"
        "group = Cgroup.create('test-left', SandboxLimits()); print(*group.folders, sep='\\n')"
    )
    root = Path(__file__).parents[2]
    left = subprocess.run(
        [sys.executable, "-c", make], cwd=root, capture_output=True, text=True, check=True
    )
    folders = [Path(line) for line in left.stdout.split()]
    assert folders
    assert all(folder.exists() for folder in folders)
    assert remove_leftovers("another-run") == 0
    assert remove_leftovers("test-") == 1
    assert not any(folder.exists() for folder in folders)
    assert all(folder.exists() for folder in group.folders)


def left_group(parent):
    """A folder that stands for a group whose maker is dead."""
    folder = parent / "999999999.1.test-left"
    folder.mkdir()
    return folder


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_groups_of_other_users_stay(tmp_path):
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for parent in (theirs, ours):
        parent.mkdir()
    kept, removed = left_group(theirs), left_group(ours)
    os.chown(kept, 1001, 1001)
    trees = [VersionOne("pids", theirs), VersionOne("pids", ours)]
    assert remove_leftovers(hierarchies=trees) == 1
    assert (kept.exists(), removed.exists()) == (True, False)


REAP_AS_ANOTHER_USER = """
import os, sys
from pathlib import Path
import dgm.sandbox.cgroups, dgm.sandbox.hierarchies
os.setgroups([])
os.setgid(1001)
os.setuid(1001)
print(dgm.sandbox.cgroups.remove_leftovers("test-left"))
for hierarchy in dgm.sandbox.hierarchies.find_hierarchies():
    for folder in hierarchy.parent.glob("*.test-left"):
        try:
            (folder / "cgroup.procs").write_text("0")
        except PermissionError:
            print("closed to us")
"""


@needs_cgroups
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_other_user_is_not_stopped_by_what_root_left():
    folders = [left_group(hierarchy.parent) for hierarchy in OURS]
    reap = [sys.executable, "-c", REAP_AS_ANOTHER_USER]
    try:
        done = subprocess.run(
            reap, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
        )
        assert done.stdout.splitlines() == ["0", *["closed to us"] * len(folders)], done.stderr
        assert all(folder.exists() for folder in folders)
    finally:
        for folder in folders:
            folder.rmdir()


@needs_cgroups
def test_a_name_is_taken_once(group):
    with pytest.raises(SandboxError, match="already"):
        Cgroup.create("test-group", LIMITS)
    assert all(folder.exists() for folder in group.folders)


def test_where_no_group_may_be_made_there_is_none(tmp_path):
    assert Cgroup.create("test", LIMITS, [VersionOne("pids", tmp_path / "missing")]) is None
    assert Cgroup.create("test", LIMITS, []) is None


# Version 2, on plain folders that stand for its files.


@pytest.fixture
def unified(tmp_path):
    """A mount with a group `user/session` in it; the session cannot hand controllers down."""
    mount = tmp_path / "mount"
    session = mount / "user" / "session"
    session.mkdir(parents=True)
    for folder in (mount, session.parent, session):
        (folder / "cgroup.controllers").write_text("cpuset cpu io memory pids")
    (session / "cgroup.subtree_control").mkdir()  # writing to it fails, as in a busy group
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "mountinfo").write_text(
        f"30 23 0:26 / {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
        "22 1 8:1 / / rw - ext4 /dev/vda rw\n"
    )
    (proc / "cgroup").write_text("0::/user/session\n")
    return proc, mount


def test_version_two_goes_to_the_nearest_ancestor_that_hands_controllers_down(unified):
    proc, mount = unified
    (hierarchy,) = find_hierarchies(proc)
    assert hierarchy == VersionTwo(("memory", "pids", "cpu"), mount / "user" / "dgm")
    assert not (mount / "user" / "session" / "dgm").exists()
    for folder in (mount / "user", mount / "user" / "dgm"):
        assert (folder / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_version_two_bounds_all_in_one_folder(tmp_path):
    parent = tmp_path / "dgm"
    parent.mkdir()
    group = Cgroup.create("test", LIMITS, [VersionTwo(("memory", "pids", "cpu"), parent)])
    assert group is not None
    assert group.limits_in_force == ("memory:cgroup", "processes:cgroup", "cpus:cgroup")
    (folder,) = group.folders
    assert {file.name: file.read_text() for file in folder.iterdir()} == {
        "memory.max": str(64 << 20),
        "memory.swap.max": "0",
        "pids.max": "16",
        "cpu.max": "50000 100000",
    }


def test_version_two_counts_kills_and_peak(tmp_path):
    group = Cgroup((tmp_path,), ())
    (tmp_path / "memory.events").write_text("low 0\nmax 12\noom 2\noom_kill 2\noom_group_kill 0\n")
    (tmp_path / "memory.peak").write_text("4096\n")
    assert (group.oom_kills(), group.oom_killed(), group.peak_memory()) == (2, True, 4096)


def test_process_of_a_foreign_pid_namespace_is_not_mistaken_for_ourselves(tmp_path):
    (tmp_path / "cgroup.procs").write_text("0\n")
    assert Cgroup((tmp_path,), ()).processes() == ()


@pytest.mark.skipif(
    not any(isinstance(h, VersionTwo) for h in find_hierarchies()), reason="needs cgroup v2"
)
def test_version_two_kills_without_any_controller():
    trees = [h for h in find_hierarchies() if isinstance(h, VersionTwo)]
    folder = trees[0].parent / f"{os.getpid()}.0.test-kill"
    folder.mkdir()
    group = Cgroup((folder,), ())
    with python("import time; print(1, flush=True); time.sleep(60)", group) as process:
        process.stdout.readline()
        group.close()
        assert process.wait(5) == -9
    assert not folder.exists()


def test_creating_and_closing_is_quick():
    started = time.monotonic()
    group = Cgroup.create("test-quick", LIMITS)
    if group is not None:
        group.close()
    assert time.monotonic() - started < 0.5
