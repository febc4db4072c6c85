"""The profile as the kernel sees it, and every instruction of it as an interpreter sees it."""

import errno
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dgm.errors import SandboxUnavailableError
from dgm.resources import data_folder
from dgm.sandbox.seccomp import compile_filter
from dgm.sandbox.syscalls import SYSCALLS

PROFILE = data_folder("sandbox") / "seccomp.json"
SHARED = data_folder("sandbox") / "seccomp-shared.json"
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW = 0x7FFF0000
READ, FORK, MMAP_X86 = 0, 57, 9

needs_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")


def verdict(program: bytes, number: int, *args: int, arch: int = AUDIT_ARCH["x86_64"]) -> int:
    """Interpret a filter on one call: the seccomp return value."""
    data = struct.pack("=iIQ6Q", number, arch, 0, *(args + (0,) * 6)[:6])
    ops = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        code, yes, no, value = ops[at]
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            accumulator &= value
        else:
            jumps = {
                0x15: accumulator == value,
                0x25: accumulator > value,
                0x35: accumulator >= value,
            }
            at += yes if jumps[code] else no


def refusal(number: int) -> int:
    return 0x00050000 | number


def profile_with(tmp_path: Path, *entries: dict, default: str = "SCMP_ACT_ALLOW") -> Path:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps({"defaultAction": default, "syscalls": list(entries)}))
    return path


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_name_without_conditions_is_refused_on_every_machine(machine):
    program = compile_filter(PROFILE, machine)
    column = list(AUDIT_ARCH).index(machine)
    for entry in json.loads(PROFILE.read_text())["syscalls"]:
        for name in entry["names"]:
            number = SYSCALLS[name][column]
            if number is not None and "args" not in entry:
                seen = verdict(program, number, arch=AUDIT_ARCH[machine])
                assert seen == refusal(entry["errnoRet"]), name


def test_ordinary_calls_are_allowed():
    program = compile_filter(PROFILE, "x86_64")
    for number in (READ, FORK, MMAP_X86, 231, 257, 318, 469):
        assert verdict(program, number) == ALLOW


def test_foreign_system_call_tables_are_refused():
    program = compile_filter(PROFILE, "x86_64")
    assert verdict(program, READ, arch=0x40000003) == refusal(errno.EPERM)
    assert verdict(program, 0x40000000 | READ) == refusal(errno.EPERM)


def test_calls_newer_than_the_table_do_not_exist():
    assert verdict(compile_filter(PROFILE, "x86_64"), 470) == refusal(errno.ENOSYS)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_locks_of_processes_and_ordinary_reads_are_left(machine):
    program, column = compile_filter(PROFILE, machine), list(AUDIT_ARCH).index(machine)
    fcntl, preadv2, madvise = (SYSCALLS[name][column] for name in ("fcntl", "preadv2", "madvise"))
    refused = [
        c for c in range(2000) if verdict(program, fcntl, 3, c, arch=AUDIT_ARCH[machine]) != ALLOW
    ]
    assert refused == [36, 37, 38, 1026]
    assert verdict(program, preadv2, 3, 0, 1, 0, 0, 0, arch=AUDIT_ARCH[machine]) == ALLOW
    advice = [
        a
        for a in range(64)
        if verdict(program, madvise, 0, 1, a, arch=AUDIT_ARCH[machine]) != ALLOW
    ]
    assert advice == [21]


def test_profiles_laid_on_top_add_their_rules():
    inotify = SYSCALLS["inotify_add_watch"][0]
    assert verdict(compile_filter(PROFILE, "x86_64"), inotify) == ALLOW
    both = compile_filter(PROFILE, "x86_64", also=[SHARED])
    assert verdict(both, inotify) == refusal(errno.ENOSYS)
    assert verdict(both, SYSCALLS["ptrace"][0]) == refusal(errno.EPERM)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_only_unix_and_internet_sockets_are_allowed(machine):
    program = compile_filter(PROFILE, machine)
    arch = AUDIT_ARCH[machine]
    for name in ("socket", "socketpair"):
        number = SYSCALLS[name][list(AUDIT_ARCH).index(machine)]
        families = [f for f in range(64) if verdict(program, number, f, arch=arch) == ALLOW]
        assert families == [0, 1, 2, 10]
        assert verdict(program, number, (1 << 32) | 1, arch=arch) == refusal(errno.EPERM)


@pytest.mark.parametrize(
    "flag", [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
)
def test_clone_may_not_make_a_namespace(flag):
    program, clone = compile_filter(PROFILE, "x86_64"), SYSCALLS["clone"][0]
    assert verdict(program, clone, flag | 0x11) == refusal(errno.EPERM)
    assert verdict(program, clone, 0x3D0F00) == ALLOW  # what pthread_create asks for


def test_upper_bits_do_not_smuggle_a_terminal_ioctl_past_the_filter():
    program, ioctl = compile_filter(PROFILE, "x86_64"), SYSCALLS["ioctl"][0]
    for request in (0x5412, 0x1_0000_5412, 0x541C):
        assert verdict(program, ioctl, 0, request) == refusal(errno.EPERM)
    assert verdict(program, ioctl, 0, 0x5401) == ALLOW


@pytest.mark.parametrize(
    ("op", "value", "value_two", "matching", "other"),
    [
        ("SCMP_CMP_EQ", 1 << 40, 0, [1 << 40], [0, 1, (1 << 40) + 1]),
        ("SCMP_CMP_NE", 5, 0, [4, (1 << 32) | 5], [5]),
        ("SCMP_CMP_GE", 1 << 32, 0, [1 << 32, 1 << 33, (1 << 33) - 1], [(1 << 32) - 1, 0]),
        ("SCMP_CMP_MASKED_EQ", 0xF0, 0x50, [0x5F, 0x150], [0x60, 0]),
    ],
)
def test_comparisons_see_all_64_bits(tmp_path, op, value, value_two, matching, other):
    arg = {"index": 2, "op": op, "value": value, "valueTwo": value_two}
    profile = profile_with(
        tmp_path,
        {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7, "args": [arg]},
    )
    program = compile_filter(profile, "x86_64")
    assert [verdict(program, 16, 0, 0, v) for v in matching] == [refusal(7)] * len(matching)
    assert [verdict(program, 16, 0, 0, v) for v in other] == [ALLOW] * len(other)


def test_all_conditions_of_an_entry_must_hold(tmp_path):
    args = [{"index": i, "op": "SCMP_CMP_EQ", "value": i} for i in (1, 2)]
    profile = profile_with(tmp_path, {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "args": args})
    program = compile_filter(profile, "x86_64")
    assert verdict(program, 16, 0, 1, 2) == refusal(errno.EPERM)
    assert verdict(program, 16, 0, 1, 3) == ALLOW


def test_a_deny_by_default_profile_allows_what_it_names(tmp_path):
    profile = profile_with(
        tmp_path, {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW"}, default="SCMP_ACT_ERRNO"
    )
    program = compile_filter(profile, "x86_64")
    assert verdict(program, 16) == ALLOW
    assert verdict(program, READ) == refusal(errno.EPERM)


@pytest.mark.parametrize(
    "entry",
    [
        {"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["ioctl"], "action": "SCMP_ACT_TRACE"},
        {
            "names": ["ioctl"],
            "action": "SCMP_ACT_ERRNO",
            "args": [{"index": 0, "op": "SCMP_CMP_LT", "value": 1}],
        },
    ],
)
def test_a_profile_that_cannot_be_translated_whole_is_refused(tmp_path, entry):
    with pytest.raises(ValueError, match="seccomp profile"):
        compile_filter(profile_with(tmp_path, entry), "x86_64")


def test_an_unknown_machine_is_named():
    with pytest.raises(SandboxUnavailableError, match="mips"):
        compile_filter(PROFILE, "mips")


# From here on the kernel itself answers. The attacker holds every capability of its own user
# namespace, so that without the filter no call is refused for want of a right.

CALLS = {
    "ptrace": ("ptrace", 16, 99999999, 0, 0),
    "process_vm_readv": ("process_vm_readv", "PID", 0, 0, 0, 0, 0),
    "kcmp": ("kcmp", "PID", "PID", 2, 0, 0),
    "io_uring_setup": ("io_uring_setup", 1, 0),
    "userfaultfd": ("userfaultfd", 1),
    "keyctl": ("keyctl", 0, -3, 0),
    "add_key": ("add_key", 0, 0, 0, 0, -3),
    "mount": ("mount", 0, 0, 0, 0, 0),
    "umount2": ("umount2", 0, 0),
    "pivot_root": ("pivot_root", 0, 0),
    "chroot": ("chroot", 0),
    "fsopen": ("fsopen", 0, 0),
    "move_mount": ("move_mount", -1, 0, -1, 0, 0),
    "open_tree": ("open_tree", -1, 0, 0),
    "unshare": ("unshare", 0),
    "setns": ("setns", -1, 0),
    "clone into a user namespace": ("clone", 0x10000000 | 17, 0, 0, 0, 0),
    "name_to_handle_at": ("name_to_handle_at", -100, 0, 0, 0, 0),
    "sethostname": ("sethostname", 0, -1),
    "personality": ("personality", 0x0040000),
    "AF_NETLINK": ("socket", 16, 3, 0),
    "AF_PACKET": ("socket", 17, 3, 0),
    "AF_VSOCK": ("socket", 40, 1, 0),
    "AF_ALG": ("socket", 38, 5, 0),
    "TIOCSTI": ("ioctl", 0, 0x5412, 0),
    "TIOCSTI with upper bits": ("ioctl", 0, 0x1_0000_5412, 0),
}

# Refused as if the kernel had no such thing; behind them, what it says without the filter.
UNKNOWN_CALLS = {
    "io_setup": (("io_setup", 0, 0), errno.ENOSYS, errno.EFAULT),
    "io_submit": (("io_submit", 0, -1, 0), errno.ENOSYS, errno.EINVAL),
    "fadvise64": (("fadvise64", -1, 0, 0, 4), 0, errno.EBADF),
    "readahead": (("readahead", -1, 0, 1), 0, errno.EBADF),
    "MADV_PAGEOUT": (("madvise", 1, 4096, 21), 0, errno.EINVAL),
    "RWF_NOWAIT": (("preadv2", -1, 0, 0, 0, 0, 8), errno.EOPNOTSUPP, errno.EBADF),
    "F_OFD_GETLK": (("fcntl", -1, 36, 0), errno.EINVAL, errno.EBADF),
    "F_OFD_SETLK": (("fcntl", -1, 37, 0), errno.EINVAL, errno.EBADF),
    "F_OFD_SETLK with upper bits": (("fcntl", -1, 0x1_0000_0025, 0), errno.EINVAL, errno.EBADF),
    "F_OFD_SETLKW": (("fcntl", -1, 38, 0), errno.EINVAL, errno.EBADF),
    "F_NOTIFY": (("fcntl", -1, 1026, 0), errno.EINVAL, errno.EBADF),
    "inotify_add_watch": (("inotify_add_watch", -1, 0, 0), errno.ENOSYS, errno.EINVAL),
    "clone3": (("clone3", 0, 0), errno.ENOSYS, errno.EINVAL),
}

# The environment may lie below /tmp, which the sandbox covers.
PYTHON = os.path.realpath(sys.executable)

ATTACK = """
import ctypes, json, os, sys
libc, me, errors = ctypes.CDLL(None, use_errno=True), os.getpid(), {}
for name, (number, *args) in json.load(sys.stdin).items():
    ctypes.set_errno(0)
    words = [ctypes.c_long(me if a == "PID" else a) for a in args]
    libc.syscall(ctypes.c_long(number), *words)
    if os.getpid() != me:
        os._exit(0)  # a child that clone made
    errors[name] = ctypes.get_errno()
print(json.dumps(errors))
"""


def bubblewrap(*command, filtered, stdin=""):
    """Run a command in a plain bubblewrap with all capabilities, with or without the filter."""
    arguments = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    arguments += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    arguments += ["--cap-add", "ALL", "--die-with-parent", "--setenv", "HOME", "/tmp"]
    with tempfile.TemporaryFile() as program:
        program.write(compile_filter(PROFILE, also=[SHARED]))
        program.seek(0)
        arguments += ["--seccomp", str(program.fileno())] if filtered else []
        return subprocess.run(
            [*arguments, *command],
            input=stdin,
            text=True,
            capture_output=True,
            timeout=60,
            pass_fds=[program.fileno()],
        )


def errors_of_calls(*, filtered):
    column = 0 if platform.machine() == "x86_64" else 1
    both = CALLS | {key: call for key, (call, _, _) in UNKNOWN_CALLS.items()}
    calls = {key: (SYSCALLS[name][column], *args) for key, (name, *args) in both.items()}
    run = bubblewrap(
        PYTHON,
        "-I",
        "-S",
        "-c",
        ATTACK,
        filtered=filtered,
        stdin=json.dumps(calls),
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@needs_bubblewrap
def test_each_dangerous_call_fails_under_the_filter():
    errors = errors_of_calls(filtered=True)
    for name, (_, refused, _) in UNKNOWN_CALLS.items():
        assert errors.pop(name) == refused, name
    assert {name: e for name, e in errors.items() if e != errno.EPERM} == {}


@needs_bubblewrap
def test_each_dangerous_call_is_let_through_without_the_filter():
    errors = errors_of_calls(filtered=False)
    for name, (_, _, let_through) in UNKNOWN_CALLS.items():
        assert errors.pop(name) == let_through, name
    assert {name: e for name, e in errors.items() if e == errno.EPERM} == {}


ORDINARY_PYTHON = """
import concurrent.futures, fcntl, multiprocessing, os, socket, sqlite3
import subprocess, tempfile, threading
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    assert list(pool.map(abs, range(-4, 0))) == [4, 3, 2, 1]
assert subprocess.run(["true"]).returncode == 0
assert multiprocessing.get_context("fork").Pool(2).map(abs, [-1]) == [1]
assert socket.getaddrinfo("127.0.0.1", 80)
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
left, right = socket.socketpair()
with tempfile.TemporaryFile() as file:  # locks of every kind programs use, advice, no flags
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    assert os.preadv(file.fileno(), [bytearray(1)], 0) == 0
with tempfile.NamedTemporaryFile(suffix=".db") as file:
    sqlite3.connect(file.name).execute("create table t (x)")
print("fine")
"""

ORDINARY_SHELL = """
set -e
git init -q r && cd r
echo one > a && git add a
git -c user.name=n -c user.email=e@x commit -qm m
(sleep 0 & wait)
seq 1000 | sort -rn | head -1 | tar -cf - -T /dev/null | cat >/dev/null
cp a b && sort a b | uniq > c
timeout 1 tail -n 0 -f a || true
find . -name a | xargs cat
"""


@needs_bubblewrap
def test_ordinary_python_works_under_the_filter():
    run = bubblewrap(PYTHON, "-c", ORDINARY_PYTHON, filtered=True)
    assert (run.returncode, run.stdout) == (0, "fine\n"), run.stderr


@needs_bubblewrap
def test_ordinary_shell_and_git_work_under_the_filter():
    run = bubblewrap("bash", "-c", "cd /tmp;" + ORDINARY_SHELL, filtered=True)
    assert (run.returncode, run.stdout) == (0, "one\n"), run.stderr
