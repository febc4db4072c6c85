"""What bubblewrap promises beyond every driver: real isolation on the host, and no remains."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.sandbox import bubblewrap, bwrap, rundir, view
from dgm.sandbox.bubblewrap import Bubblewrap, check
from dgm.sandbox.protocol import SandboxSpec

pytestmark = pytest.mark.skipif(check() is not None, reason=str(check()))
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can change its user")


@pytest.fixture(scope="module")
def driver():
    with Bubblewrap() as opened:
        yield opened


def mounts() -> list[str]:
    """All mounts of the machine but those of containers, which come and go with other tests."""
    lines = Path("/proc/mounts").read_text().splitlines()
    return [line for line in lines if "/docker/" not in line]


def folders() -> set[Path]:
    return set(rundir.BASE.glob("dgm-*"))


def namespace_of(sandbox) -> str:
    result = sandbox.exec(["readlink", "/proc/self/ns/pid"], cwd="/", env={}, timeout_s=10)
    return result.stdout.decode().strip()


def in_namespace(name: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/ns/pid"):
        try:
            if str(path.readlink()) == name:
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


def cgroup_folders(pid: int) -> set[str]:
    """Names of a process's groups in all hierarchies."""
    listed = subprocess.run(
        ["find", "/sys/fs/cgroup", "-name", f"{pid}.*"], capture_output=True, check=False
    )
    return set(listed.stdout.decode().split())


STRANGERS = {
    "owner": {"owner": b"me"},
    "owner and labels": {"owner": b"", "labels/mine": b"held", "precious": b"data"},
    "marker alone": {"owner": rundir._MARKER, "precious": b"data"},
    "unfinished, with contents": {".owner": b"", "labels/precious": b"data"},
    "unfinished, of others": {".owner": b"me"},
}
KILLED_MAKER = """
import fcntl, os, pathlib, signal, sys
from dgm.sandbox import rundir
rundir.BASE = pathlib.Path(sys.argv[1])

def kill(*words, **options):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "flock":
    fcntl.flock = kill
elif sys.argv[2] == "write":
    os.write = kill
else:
    setattr(pathlib.Path, sys.argv[2], kill)
rundir.RunDir()
"""


class TestRemains:
    @pytest.fixture(autouse=True)
    def _own_base(self, monkeypatch):
        """Keep away from the sandboxes of other processes on this machine."""
        with tempfile.TemporaryDirectory(prefix="dgm-tests-", dir=rundir.BASE) as base:
            Path(base).chmod(0o711)
            monkeypatch.setattr(rundir, "BASE", Path(base))
            yield

    @pytest.fixture
    def driver(self):
        with Bubblewrap() as opened:
            yield opened

    def test_nothing_survives_close(self, spec):
        mounts_before = mounts()
        folders_before = folders()
        groups_before = cgroup_folders(os.getpid())
        with Bubblewrap() as driver:
            with driver.open(spec(wants_model=True)) as sandbox:
                name = namespace_of(sandbox)
                assert in_namespace(name)
                assert not (os.getuid() == 0 and cgroup_folders(os.getpid()) == groups_before)
                assert folders() > folders_before
                assert mounts() == mounts_before
            assert not in_namespace(name)
        assert folders() == folders_before
        assert cgroup_folders(os.getpid()) == groups_before

    def test_sandbox_killed_from_outside_is_a_sandbox_error(self, driver, spec):
        with driver.open(spec()) as sandbox:
            for pid in in_namespace(namespace_of(sandbox)):
                os.kill(pid, signal.SIGKILL)
            with pytest.raises(SandboxError):
                sandbox.exec(["true"], cwd="/", env={}, timeout_s=5)

    def test_kill_of_the_host_process_leaves_no_sandbox_and_reap_the_rest(self):
        before = folders()
        holder = _holder()
        name = holder.stdout.readline().decode().strip()
        (folder,) = folders() - before
        assert in_namespace(name)
        holder.kill()
        holder.wait()
        holder.stdout.close()
        deadline = time.monotonic() + 5
        while in_namespace(name) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not in_namespace(name)
        assert folder.is_dir()
        with Bubblewrap() as driver:
            assert driver.reap("another-run") == 0
            assert folder.is_dir()
            assert driver.reap("held") == 1
        assert not folder.exists()
        assert not cgroup_folders(holder.pid)

    def test_reap_removes_a_tree_of_any_depth(self, driver):
        dead = rundir.BASE / f"dgm-{os.getuid()}-deep"
        dead.mkdir()
        (dead / "owner").write_bytes(rundir._MARKER)
        (dead / "labels").mkdir()
        deep = "import os\nfor _ in range(1100): os.mkdir('d' * 100); os.chdir('d' * 100)"
        subprocess.run([sys.executable, "-c", deep], cwd=dead, check=True)
        driver.reap()
        assert not dead.exists()

    def test_reap_spares_the_living(self, driver, spec):
        with driver.open(spec()) as sandbox:
            before = folders()
            driver.reap()
            assert folders() == before
            assert sandbox.exec(["true"], cwd="/", env={}, timeout_s=5).exit_code == 0

    @pytest.mark.parametrize("entries", STRANGERS.values(), ids=STRANGERS)
    def test_reap_spares_folders_of_others(self, driver, entries):
        stranger = rundir.BASE / f"dgm-{os.getuid()}-not-ours"
        stranger.mkdir()
        for name, content in entries.items():
            (stranger / name).parent.mkdir(exist_ok=True)
            (stranger / name).write_bytes(content)
        os.utime(stranger, (1, 1))
        driver.reap()
        assert {name: (stranger / name).read_bytes() for name in entries} == entries

    @pytest.mark.parametrize("call", ["mkdir", "write", "flock", "rename"])
    def test_folder_whose_maker_was_killed_over_it_is_reaped_in_time(self, driver, call):
        before = folders()
        killed = subprocess.run([sys.executable, "-c", KILLED_MAKER, str(rundir.BASE), call])
        (folder,) = folders() - before
        assert killed.returncode == -signal.SIGKILL
        driver.reap()
        assert folder.exists()  # its maker could still be at it
        os.utime(folder, (1, 1))
        driver.reap()
        assert not folder.exists()


HOLDER = """
import pathlib, sys
from dgm.sandbox import rundir
rundir.BASE = pathlib.Path(sys.argv[1])
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.protocol import SandboxSpec
with Bubblewrap() as driver, driver.open(SandboxSpec("held", "held")) as sandbox:
    name = sandbox.exec(["readlink", "/proc/self/ns/pid"], cwd="/", env={}, timeout_s=10).stdout
    sandbox.put_control("x", b"")
    print(name.decode().strip(), flush=True)
    sandbox.exec(["sleep", "60"], cwd="/", env={}, timeout_s=60)
"""


def _holder():
    words = [sys.executable, "-c", HOLDER, str(rundir.BASE)]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


@needs_root
class TestUser:
    def test_commands_run_as_nobody_else_on_the_host(self, driver, spec):
        with driver.open(spec()) as one, driver.open(spec()) as other:
            users = set()
            for sandbox in (one, other):
                pids = in_namespace(namespace_of(sandbox))
                users |= {Path(f"/proc/{pid}").stat().st_uid for pid in pids} - {0}
                for pid in pids:
                    status = Path(f"/proc/{pid}/status").read_text().split()
                    ids = status[status.index("Uid:") + 1 :][:4]
                    assert len(set(ids)) == 1
                    users.add(int(ids[0]))
            assert len(users) == 2
            assert min(users) >= 700_000


class TestHiding:
    @pytest.mark.parametrize("path", ["/etc/shadow", "/etc/hostname", "/var", "/root", "/home"])
    def test_places_that_hold_no_programs_are_absent(self, driver, spec, path):
        assert Path(path).exists()
        with driver.open(spec()) as sandbox:
            assert sandbox.exec(["ls", path], cwd="/", env={}, timeout_s=10).exit_code != 0

    def test_hidden_folder_is_empty_where_it_would_be_seen(self, driver, spec):
        look = {"command": ["ls", "/usr/share/doc"], "cwd": "/", "env": {}, "timeout_s": 10}
        with driver.open(spec()) as sandbox:
            assert sandbox.exec(**look).stdout
        with (
            Bubblewrap(hidden=[Path("/usr/share/doc")]) as wary,
            wary.open(spec()) as sandbox,
        ):
            assert sandbox.exec(**look).stdout == b""

    def test_package_installed_for_everybody_is_hidden(self, spec, monkeypatch):
        monkeypatch.setattr(view, "package_folder", lambda: Path("/usr/lib/python3/dist-packages"))
        assert list(Path("/usr/lib/python3/dist-packages").iterdir())
        with Bubblewrap() as wary, wary.open(spec()) as sandbox:
            result = sandbox.exec(
                ["ls"], cwd="/usr/lib/python3/dist-packages", env={}, timeout_s=10
            )
            assert (result.exit_code, result.stdout) == (0, b"")


CALLS = {
    "io_uring_setup": (425, "0, 0"),
    "ptrace": (101, "0, 0, 0, 0"),
    "keyctl": (250, "0, 0"),
    "bpf": (321, "0, 0, 0"),
    "perf_event_open": (298, "0, 0, -1, -1, 0"),
    "mount": (165, "b'none', b'/tmp', b'tmpfs', 0, 0"),
    "unshare user": (272, "0x10000000"),
    "userfaultfd": (323, "0"),
    "setns": (308, "0, 0"),
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize("name", list(CALLS))
def test_dangerous_system_call_is_refused(driver, spec, name):
    number, arguments = CALLS[name]
    code = f"""
import ctypes
call = ctypes.CDLL(None, use_errno=True).syscall
print(call({number}, {arguments}), ctypes.get_errno())
"""
    with driver.open(spec()) as sandbox:
        result = sandbox.exec(["python3", "-c", code], cwd="/", env={}, timeout_s=10)
    assert result.stdout in (b"-1 1\n", b"-1 38\n")


class TestRunner:
    def test_memory_of_the_runner_cannot_be_opened_by_a_command(self, driver, spec):
        with driver.open(spec()) as sandbox:
            code = """
import os, subprocess
other = subprocess.Popen(["sleep", "9"])
open(f"/proc/{other.pid}/mem", "rb+").close()
print("another of one's own: open")
open("/proc/1/mem", "rb+")
"""
            result = sandbox.exec(["python3", "-c", code], cwd="/", env={}, timeout_s=10)
        assert result.stdout == b"another of one's own: open\n"
        assert b"PermissionError" in result.stderr

    def test_capabilities_are_gone(self, driver, spec):
        with driver.open(spec()) as sandbox:
            result = sandbox.exec(
                ["grep", "-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"],
                cwd="/",
                env={},
                timeout_s=10,
            )
        values = dict(line.split(":\t") for line in result.stdout.decode().splitlines())
        assert values.pop("NoNewPrivs") == "1"
        assert values.pop("Seccomp") == "2"
        assert set(values.values()) == {"0" * 16}


class TestUnavailable:
    def test_missing_program_is_named_with_its_remedy(self, monkeypatch):
        monkeypatch.setenv("PATH", "/nonexistent")
        assert "apt install bubblewrap" in check()
        with pytest.raises(SandboxUnavailableError), Bubblewrap():
            pass

    def test_host_without_user_namespaces_is_told_what_to_do(self, monkeypatch):
        complaint = "bwrap: Creating new namespace failed: Operation not permitted"
        with tempfile.TemporaryDirectory(dir=rundir.BASE) as folder:
            refusing = Path(folder, "bwrap")
            refusing.write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n")
            for path in (refusing.parent, refusing):
                path.chmod(0o755)
            monkeypatch.setattr(bwrap, "PROGRAM", str(refusing))
            assert "ordinary container" in check()
            assert complaint in check()

    def test_driver_that_was_not_entered_refuses(self, spec):
        with pytest.raises(SandboxError):
            Bubblewrap().open(spec())


@pytest.fixture
def root():
    """A small system of its own: a shell, a few programs, Python."""
    with tempfile.TemporaryDirectory(prefix="dgm-tests-", dir=rundir.BASE) as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name in ("bin", "lib", "lib64"):
            (root / name).symlink_to(f"usr/{name}")
        (root / "etc").mkdir()
        (root / "etc" / "release").write_text("another system\n")
        programs = [Path("/usr/bin", name).resolve() for name in ("python3", "dash", "cat", "ls")]
        extensions = Path("/usr/lib", programs[0].name, "lib-dynload").glob("_ctypes.*")
        for program in (*programs, *extensions):
            for needed in (program, *_libraries(program)):
                copy = root / needed.relative_to("/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(needed, copy)
        (root / "usr/bin/python3").symlink_to(programs[0].name)
        unneeded = shutil.ignore_patterns("test", "__pycache__", "config-*", "idlelib", "lib2to3")
        standard = Path("usr/lib", programs[0].name)
        shutil.copytree("/" / standard, root / standard, ignore=unneeded, dirs_exist_ok=True)
        yield root


def _libraries(program: Path) -> list[Path]:
    listed = subprocess.run(["ldd", str(program)], capture_output=True, check=True).stdout.decode()
    found = [Path(word) for word in listed.split() if word.startswith("/")]
    return [
        Path("/usr", path.relative_to("/")) if path.parts[1] != "usr" else path for path in found
    ]


class TestRoot:
    def test_root_folder_serves_in_place_of_the_host(self, root, spec):
        with Bubblewrap(root) as driver, driver.open(spec()) as sandbox:
            result = sandbox.exec(
                ["dash", "-c", "cat /etc/release; ls / /usr/bin"], cwd="/", env={}, timeout_s=10
            )
        assert result.stdout.startswith(b"another system\n/:\n")
        assert b"setpriv" not in result.stdout

    def test_root_folder_without_python_is_refused(self, tmp_path):
        with pytest.raises(SandboxUnavailableError, match="no Python"), Bubblewrap(tmp_path):
            pass


AS_SOMEBODY = """
from pathlib import Path
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.protocol import SandboxSpec
with Bubblewrap() as driver, driver.open(SandboxSpec("s", "s", agent=Path("docs"))) as sandbox:
    result = sandbox.exec(["sh", "-c", "ls /agent; id -u"], cwd="/", env={}, timeout_s=10)
    print(result.stdout.decode(), sandbox.limits_in_force)
"""


@needs_root
@pytest.mark.skipif(shutil.which("python3", path="/usr/bin") is None, reason="no python3")
def test_user_without_privileges_has_sandboxes_too():
    checkout = Path(__file__).parents[2]
    if checkout.stat().st_mode & 0o005 != 0o005:
        pytest.skip("the checkout is private")
    words = ("setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups")
    result = subprocess.run(
        [*words, "/usr/bin/python3", "-B", "-c", AS_SOMEBODY],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert b"agent-contract.md\n" in result.stdout, result.stderr
    assert b"\n1000\n" in result.stdout
    assert b"processes:rlimit" in result.stdout


def test_flood_of_empty_files_is_held_by_the_memory_limit(driver):
    limits = SandboxLimits(memory_mb=64)
    flood = "for n in range(10**6): open(f'/workspace/{n}', 'x').close()"
    with driver.open(SandboxSpec("inodes", "tests", limits)) as sandbox:
        if "inodes:memory" not in sandbox.limits_in_force:
            pytest.skip("nothing bounds inodes here, and the record says so")
        result = sandbox.exec(["python3", "-c", flood], cwd="/", env={}, timeout_s=60)
    assert result.out_of_memory


def test_limits_without_cgroups_are_resource_limits(monkeypatch, spec):
    monkeypatch.setattr(bubblewrap.Cgroup, "create", lambda *_: None)
    limits = SandboxLimits(memory_mb=128, processes=20)
    with Bubblewrap() as driver, driver.open(SandboxSpec("r", "r", limits)) as sandbox:
        assert "memory:rlimit-per-process" in sandbox.limits_in_force
        run = {"cwd": "/", "env": {}, "timeout_s": 20}
        bomb = "held = []\nwhile True: held.append(bytearray(b'1' * 10**7))"
        assert b"MemoryError" in sandbox.exec(["python3", "-c", bomb], **run).stderr
        forks = "import os, time\nfor _ in range(99):\n  if os.fork() == 0: time.sleep(60)"
        assert b"BlockingIOError" in sandbox.exec(["python3", "-c", forks], **run).stderr
