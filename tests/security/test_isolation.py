"""Row 4: sockets of the host, its folders, its devices, and privileges over it.

What a container's settings are is checked where they are made; here is what a sandbox really has.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dgm.records import SandboxLimits
from dgm.resources import package_folder
from dgm.sandbox import bwrap, view
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.protocol import SandboxPaths

# What a process has and sees: privileges, mounts, sockets, devices.
LOOK = """
import json, os, stat
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines()
              if ":\\t" in line)
mounts = []
for line in open("/proc/self/mountinfo"):
    left, right = line.rstrip().split(" - ")
    words = left.split(" ")
    kind, source, options = right.split(" ", 2)
    mounts.append({"at": words[4], "options": words[5].split(","), "kind": kind,
                   "is_writable": os.access(words[4], os.W_OK)})
sockets, devices, privileged = [], [], []
for folder, below, files in os.walk("/"):
    below[:] = [n for n in below if os.path.join(folder, n) not in ("/proc", "/sys/devices")]
    for name in files:
        path = os.path.join(folder, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode):
            sockets.append(path)
        elif stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
            devices.append(path)
print(json.dumps({"status": status, "mounts": mounts, "sockets": sockets, "devices": devices,
                  "uid": os.getuid(), "groups": os.getgroups()}))
"""
NO_CAPABILITY = "0" * 16
HARMLESS_DEVICES = {"console", "full", "null", "ptmx", "random", "tty", "urandom", "zero"}
SHARED_NAMES = {"/dev/mqueue", "/dev/console", "/dev/pts"}
OWN_KINDS = {"tmpfs", "proc", "devpts", "mqueue", "overlay", "sysfs"}


def seen_inside(inside):
    said = inside.python(LOOK, timeout_s=60)
    assert said.exit_code == 0, said.stderr
    return json.loads(said.stdout)


@pytest.fixture
def seen(driver, spec, enter, tmp_path):
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "main.py").touch()
    (tmp_path / "packages").mkdir()
    places = {name: tmp_path / name for name in ("agent", "packages")}
    with driver.open(spec(**places, wants_model=True)) as sandbox:
        yield seen_inside(enter(sandbox))


def test_no_capability_no_new_privilege_and_not_root(seen):
    status = seen["status"]
    capabilities = {name: value for name, value in status.items() if name.startswith("Cap")}
    assert set(capabilities.values()) == {NO_CAPABILITY}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert seen["uid"] != 0
    assert 0 not in seen["groups"]


def test_no_socket_and_no_device_of_the_host_is_there(seen):
    assert [path for path in seen["sockets"] if path != "/run/dgm/model.sock"] == []
    devices = {Path(path).name for path in seen["devices"] if "/pts/" not in path}
    assert devices <= HARMLESS_DEVICES


def test_nothing_of_the_host_can_be_written(seen):
    """Every mount of the host's is read-only; what can be written is the sandbox's own."""
    shown = [mount for mount in seen["mounts"] if mount["kind"] not in OWN_KINDS]
    writable = [mount["at"] for mount in shown if "ro" not in mount["options"]]
    assert {Path(at).name for at in writable} <= HARMLESS_DEVICES
    own = {mount["at"]: mount for mount in seen["mounts"] if mount["kind"] in OWN_KINDS}
    places = {"/workspace", "/tmp", "/logs", "/tests", "/solution", "/dev/shm"}
    others = {at for at, mount in own.items() if mount["is_writable"]} - places
    masks = {at for at in others if at.startswith("/proc/")}  # /dev/null over what is hidden
    assert others - masks <= SHARED_NAMES
    for at in places:
        assert {"rw", "nosuid", "nodev"} <= set(own[at]["options"]), at
        assert own[at]["kind"] == "tmpfs"


def test_nothing_is_shown_but_programs_agent_packages_and_control_folder(seen):
    roots = {f"/{name}" for name in view._OF_HOST}
    roots |= {"/etc", "/agent", "/packages", "/run/dgm", "/sys", "/proc/locks"}
    for mount in seen["mounts"]:
        if mount["kind"] not in OWN_KINDS:
            at = mount["at"]
            assert at == "/" or at.startswith((*roots, "/dev/", sys.base_prefix)), mount


def test_same_look_on_the_host_finds_what_a_sandbox_must_not_have():
    said = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, check=True, timeout=120
    )
    host = json.loads(said.stdout)
    assert host["status"]["NoNewPrivs"] == "0"
    assert host["status"]["Seccomp"] == "0"
    if os.getuid() == 0:
        assert host["status"]["CapEff"] != NO_CAPABILITY
    assert [mount for mount in host["mounts"] if mount["kind"] not in OWN_KINDS
            and "rw" in mount["options"]]  # fmt: skip
    assert {Path(path).name for path in host["devices"]} - HARMLESS_DEVICES


# Watches the folder of programs, and says what it saw once there is more to read on its input.
WATCH = """
import ctypes, os, select, sys
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init()
if fd < 0 or libc.inotify_add_watch(fd, b"/usr/bin", 0x20) < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print("watching", flush=True)
sys.stdin.read(1)
print(b"shred" in os.read(fd, 65536))
"""


def test_programs_the_host_runs_are_seen_where_nothing_holds_it():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WATCH], **pipes) as watcher:
        assert watcher.stdout.readline() == b"watching\n"
        subprocess.run(["/usr/bin/shred", "--version"], check=True, stdout=subprocess.DEVNULL)
        watcher.stdin.close()
        assert watcher.stdout.readline() == b"True\n"


def test_programs_the_host_runs_cannot_be_watched(spec, enter):
    """In a container the programs are the image's; in bubblewrap they are the host's own."""
    with Bubblewrap() as driver, driver.open(spec()) as sandbox:
        said = enter(sandbox).run("python3", "-c", WATCH)
    assert (said.exit_code, said.stdout, said.stderr) == (1, b"", b"Function not implemented\n")


def test_settings_of_bubblewrap_bind_nothing_writable_whatever_is_asked_for(tmp_path):
    sizes = (1, 64, 100_000)
    agents = (None, tmp_path / "agent", Path("/"))
    some_packages = (None, tmp_path / "packages")
    hidden = ((), (package_folder(),), (Path("/usr/share"), Path("/home")))
    etc, control, runner = (tmp_path / name for name in ("etc", "control", "runner"))
    orders = itertools.product(sizes, agents, some_packages, hidden)
    for size, agent, packages, covered in orders:
        limits = SandboxLimits(memory_mb=size, workspace_mb=size, tmp_mb=size)
        root = view.root_arguments(None, etc, "/usr/bin/python3", covered)
        words = bwrap.enclosed(
            limits, root, control=control, runner=runner, agent=agent, packages=packages
        )
        assert {"--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent",
                "--new-session", "--clearenv", "--seccomp"} <= set(words)  # fmt: skip
        assert words[words.index("--cap-drop") + 1] == "ALL"
        assert not {word for word in words if word.startswith(("--bind", "--dev-bind", "--share"))}
        assert not {"--cap-add", "--setenv", "--overlay"} & set(words)
        sources = {words[at + 1] for at, word in enumerate(words) if word == "--ro-bind"}
        shown = {f"/{name}" for name in view._OF_HOST} | set(
            map(str, (etc, control, runner, agent, packages, "/dev/null"))
        )
        assert sources <= shown
        assert words.count("--tmpfs") == words.count("--size")
        assert words[-5:-3] == ("--remount-ro", "/")
        assert words[words.index("--dev") :].count("--remount-ro") >= 2
        assert SandboxPaths().workspace in words
