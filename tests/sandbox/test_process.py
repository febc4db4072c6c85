"""The weak sandbox: what it holds in its own way, and that it tells the truth about the rest."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dgm.errors import SandboxError
from dgm.records import SandboxLimits
from dgm.sandbox import slots, survivors
from dgm.sandbox.ground import Ground, territory
from dgm.sandbox.landlock import abi_version
from dgm.sandbox.process import Process
from dgm.sandbox.protocol import SandboxPaths

ROOT = Path(__file__).parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"
STRONGEST = Ground(True, 7, (Path("filter"),), ("memory:cgroup", "processes:cgroup"))
WEAKEST = Ground(False, 0, (), ())

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root for a user of its own")
needs_landlock = pytest.mark.skipif(abi_version() < 6, reason="needs Landlock 6")


@pytest.fixture(scope="module")
def process():
    with Process() as driver:
        yield driver


@pytest.fixture
def box(process, enter, spec):
    with process.open(spec()) as sandbox:
        yield enter(sandbox)


class TestHolds:
    @needs_root
    def test_commands_run_as_a_user_nobody_else_has(self, process, spec, enter, box):
        with process.open(spec()) as other:
            uids = {int(each.run("id", "-u").stdout) for each in (box, enter(other))}
        assert len(uids) == 2
        assert min(uids) >= slots.FIRST_UID

    @needs_landlock
    def test_files_that_everybody_may_read_are_refused(self, box, tmp_path_factory):
        folder = tmp_path_factory.mktemp("open")
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o755)
        (folder / "secret").write_text("hidden")
        anybody = {"user": 65534, "group": 65534, "extra_groups": ()} if not os.getuid() else {}
        read = ["cat", str(folder / "secret")]
        assert subprocess.run(read, capture_output=True, **anybody).stdout == b"hidden"
        assert b"Permission denied" in box.run(*read).stderr

    @needs_landlock
    def test_files_of_the_project_are_refused(self, box):
        for file in (ROOT / "pyproject.toml", ROOT / "dgm" / "sandbox" / "process.py"):
            assert b"Permission denied" in box.run("cat", str(file)).stderr

    @needs_landlock
    def test_another_sandbox_can_be_neither_seen_nor_touched(self, process, spec, enter, box):
        with process.open(spec()) as sandbox:
            other = enter(sandbox)
            other.sh("echo mine > mark; chmod -R 777 .")
            mark = sandbox.paths.workspace + "/mark"
            assert b"denied" in box.run("cat", mark).stderr
            assert b"denied" in box.sh(f"echo theirs > {mark}").stderr
            assert other.run("cat", "mark").stdout == b"mine\n"

    @needs_landlock
    def test_only_its_own_folders_can_be_written(self, box):
        code = """
import os, sys
for folder, folders, files in os.walk("/"):
    try:
        os.close(os.open(folder + "/.probe", os.O_CREAT | os.O_WRONLY))
        print(folder)
    except OSError:
        pass
for folder in sys.argv[1:]:
    open(folder + "/.probe", "w")
"""
        paths = box.sandbox.paths
        own = (paths.workspace, paths.tmp, paths.logs)
        result = box.run("python3", "-I", "-S", "-c", code, *own, "/tmp", timeout_s=60)
        assert result.stdout == b""
        assert b"PermissionError: [Errno 13] Permission denied: '/tmp/.probe'" in result.stderr

    @needs_landlock
    @pytest.mark.parametrize(
        "attempt",
        [
            "socket.create_connection(('127.0.0.1', port), 2)",
            "socket.create_server(('127.0.0.1', 0))",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)",
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        ],
    )
    def test_network_works_outside_and_not_inside(self, box, attempt):
        with socket.create_server(("127.0.0.1", 0)) as server:
            code = f"import socket; port = {server.getsockname()[1]}; {attempt}"
            assert b"PermissionError" in box.python(code).stderr
            outside = subprocess.run([sys.executable, "-c", code], capture_output=True)
            assert b"PermissionError" not in outside.stderr

    @needs_landlock
    def test_processes_of_the_host_can_be_neither_seen_nor_signalled(self, box):
        mine = os.getpid()
        assert b"denied" in box.run("cat", f"/proc/{mine}/cmdline").stderr
        result = box.python(f"import os; os.kill({mine}, 0)")
        assert b"PermissionError" in result.stderr

    def test_what_a_command_made_unreadable_is_removed_with_the_sandbox(self, process, spec, enter):
        with process.open(spec()) as sandbox:
            enter(sandbox).sh("mkdir -p a/b; echo > a/b/c; chmod 0 a/b a")
            folder = Path(sandbox.paths.workspace).parent
            assert folder.exists()
        assert not folder.exists()

    def test_ports_of_sandboxes_differ(self, process, spec):
        wants = {"wants_model": True}
        with process.open(spec(**wants)) as one, process.open(spec(**wants)) as other:
            assert one.model_port != other.model_port

    def test_command_that_kills_its_sandbox_loses_it_and_leaves_nobody(self, process, spec, enter):
        code = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
    os._exit(0)
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(60)
"""
        with process.open(spec()) as sandbox:
            uid = int(enter(sandbox).run("id", "-u").stdout)
            with pytest.raises(SandboxError):
                enter(sandbox).python(code)
        if os.getuid() == 0:
            assert survivors.users_with_processes(range(uid, uid + 1)) == set()


class TestTruth:
    def test_it_never_claims_to_be_strong(self, process):
        assert not process.is_strong
        assert process.what_does_not_hold()

    def test_the_record_of_limits_follows_the_ground(self):
        assert set(WEAKEST.limits_in_force(None)) == {
            "open_files:rlimit",
            "file_size:rlimit",
            "memory:rlimit-per-process",
        }
        assert {"user:own", "files:landlock", "network:ports"} <= set(
            STRONGEST.limits_in_force(None)
        )

    def test_the_warning_is_longer_on_weaker_ground(self):
        strong, weak = STRONGEST.what_does_not_hold(), WEAKEST.what_does_not_hold()
        assert len(strong) < len(weak)
        assert any(line.startswith("disk:") for line in strong)
        for beginning in ("network: everything", "files: all", "user:", "kernel:", "memory:"):
            assert not any(line.startswith(beginning) for line in strong)
            assert any(line.startswith(beginning) for line in weak)

    def test_processes_are_counted_only_where_the_user_is_its_own(self):
        limits = SandboxLimits(processes=9)
        assert STRONGEST.resource_limits(limits, None)["NPROC"] == 9
        assert "NPROC" not in WEAKEST.resource_limits(limits, None)

    def test_a_sandbox_without_a_model_has_no_port(self):
        bounds = territory(STRONGEST, SandboxPaths(), ROOT, [], None)
        assert (bounds.connect_ports, bounds.bind_ports) == ((), ())


class TestSurvivors:
    @needs_root
    def test_reap_kills_what_a_dead_maker_left_and_spares_the_living(self, process, box):
        with slots.lease() as orphaned:
            command = ["sh", "-c", "sleep 60 & exec sleep 60"]
            orphan = subprocess.Popen(command, user=orphaned, group=orphaned, extra_groups=())
            process.reap("no-such-run")
            assert orphan.poll() is None  # its slot is still held
        process.reap("no-such-run")
        assert orphan.wait(5) == -signal.SIGKILL
        assert survivors.users_with_processes(range(orphaned, orphaned + 1)) == set()
        assert box.run("echo", "alive").stdout == b"alive\n"

    def test_descendants_are_killed_and_the_ancestor_is_not(self):
        code = "import subprocess, time; subprocess.Popen(['sleep', '60']); print(1, flush=True)"
        command = [sys.executable, "-c", code + "; time.sleep(60)"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as ancestor:
            ancestor.stdout.readline()
            survivors.kill_descendants(ancestor.pid)
            assert ancestor.poll() is None
            children = Path(f"/proc/{ancestor.pid}/task/{ancestor.pid}/children").read_text()
            assert all(_state(int(pid)) == "Z" for pid in children.split())
            ancestor.kill()


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


UNPRIVILEGED = """
import os, sys, time
from pathlib import Path
from dgm.sandbox.process import Process
from dgm.sandbox.protocol import SandboxSpec

assert os.getuid() == 65534
with Process() as driver:
    assert any(line.startswith("user:") for line in driver.what_does_not_hold())
    with driver.open(SandboxSpec("unprivileged", "tests")) as sandbox:
        def sh(script, timeout_s=10):
            folder = sandbox.paths.workspace
            return sandbox.exec(["sh", "-c", script], cwd=folder, env={}, timeout_s=timeout_s)
        assert sh("echo hi").stdout == b"hi\\n"
        assert sh("(setsid sh -c 'sleep 1; touch late' &) ; echo").exit_code == 0
        assert sh("trap '' TERM; sleep 60", timeout_s=0.3).timed_out
        time.sleep(1.2)
        assert sh("ls").stdout == b""
        assert sh(f"kill -9 {os.getpid()}").exit_code != 0
        assert sh(f"cat {sys.argv[1]}").exit_code != 0
        assert sh("mkdir shut && chmod 0 shut").exit_code == 0
        folder = Path(sandbox.paths.workspace)
    assert not folder.exists()
print("fine")
"""


@needs_root
@needs_landlock
@pytest.mark.skipif(shutil.which(SYSTEM_PYTHON) is None, reason="needs a Python for everybody")
def test_without_root_there_is_still_a_sandbox(tmp_path):
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    shutil.copytree(ROOT / "dgm", tmp_path / "dgm", ignore=shutil.ignore_patterns("quick"))
    shutil.copytree(ROOT / "sandbox", tmp_path / "sandbox")
    started = time.monotonic()
    run = subprocess.run(
        [SYSTEM_PYTHON, "-B", "-c", UNPRIVILEGED, __file__],
        capture_output=True,
        user=65534,
        group=65534,
        extra_groups=(),
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        cwd="/",
        timeout=60,
    )
    assert (run.returncode, run.stdout) == (0, b"fine\n"), run.stderr.decode()
    assert time.monotonic() - started < 30
