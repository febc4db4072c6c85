"""Row 2: system calls. Whatever `sandbox/seccomp.json` lists is called in a real sandbox.

That the filter and not the lack of a right refuses them is shown in
`tests/sandbox/test_seccomp.py`, where the attacker holds every capability; here the control is a
user without any, on the host.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import subprocess
import sys

import pytest

from dgm.resources import data_folder
from dgm.sandbox.syscalls import SYSCALLS

PROFILE = json.loads((data_folder("sandbox") / "seccomp.json").read_text())["syscalls"]
COLUMN = ("x86_64", "aarch64").index(platform.machine())

# What an ordinary user may do on an ordinary host, and code in a sandbox may not.
OPEN_TO_ALL = {
    "ptrace": (0, 0, 0, 0),  # PTRACE_TRACEME
    "process_vm_readv": (0, 0, 0, 0, 0, 0),
    "add_key": (0, 0, 0, 0, -3),
    "keyctl": (0, -3, 0),
    "name_to_handle_at": (-100, 0, 0, 0, 0),
    "pidfd_getfd": (-1, 0, 0),
}

# Arguments that meet the conditions of an entry, in the order of the profile; most give EPERM.
CONDITIONAL = {
    "clone": [(flag | 17, 0, 0, 0, 0) for flag in
              (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)],
    "socket": [(family, 1, 0) for family in (3, 4, 5, 6, 7, 8, 9, *range(11, 46))],
    "socketpair": [(family, 1, 0, 0) for family in (3, 4, 7, 9, 16, 17, 38, 40)],
    "ioctl": [(0, 0x5412, 0), (0, 0x1_0000_5412, 0), (0, 0x541C, 0)],
    "personality": [(0x0040000,), (0,)],
    "fcntl": [(-1, command, 0) for command in (36, 37, 38, 0x1_0000_0025, 1026)],
    "madvise": [(1, 4096, 21), (1, 4096, 0x1_0000_0015)],  # at an odd address
    "prlimit64": [(1, 7, 0, 0), (0x1_0000_0000, 7, 0, 0), (-1, 7, 0, 0)],
    "preadv2": [(-1, 0, 0, 0, 0, flag) for flag in (1, 8, 0x80, 1 << 31)],
}  # fmt: skip
OTHER_ERRORS = {"fcntl": errno.EINVAL, "madvise": 0, "preadv2": errno.EOPNOTSUPP}

CALL = """
import ctypes, json, os, sys
libc, me, errors = ctypes.CDLL(None, use_errno=True), os.getpid(), []
for number, *words in json.load(sys.stdin):
    ctypes.set_errno(0)
    libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, words))
    if os.getpid() != me:
        os._exit(0)  # a child that clone made
    errors.append(ctypes.get_errno())
print(json.dumps(errors))
"""


def listed() -> list[tuple[str, tuple[int, ...], int]]:
    """Every call of the profile this machine has: name, arguments, the error it must give.

    Arguments are invalid, so that a call let through would not end the test with it.
    """
    found = [
        (name, (-1, -1, -1, -1, -1, -1), entry["errnoRet"])
        for entry in PROFILE
        if "args" not in entry
        for name in entry["names"]
        if SYSCALLS[name][COLUMN] is not None
    ]
    conditional = {name for entry in PROFILE if "args" in entry for name in entry["names"]}
    for name in sorted(conditional):
        error = OTHER_ERRORS.get(name, errno.EPERM)
        found += [(name, words, error) for words in CONDITIONAL[name]]
    return found


def numbers(calls) -> bytes:
    return json.dumps([(SYSCALLS[name][COLUMN], *words) for name, words in calls]).encode()


# An engine leaves out names its own libseccomp does not know. Without a capability, or a file it
# might write to, these come to nothing; the errors are what the kernel says to invalid arguments.
NEWER_THAN_AN_ENGINE = {"docker": {"open_tree_attr": errno.EINVAL, "cachestat": errno.EBADF}}


def test_every_listed_call_is_refused(driver, inside):
    calls = listed()
    assert len(calls) > 100
    said = inside.python(CALL, stdin=numbers([(name, words) for name, words, _ in calls]))
    assert said.exit_code == 0, said.stderr
    seen = json.loads(said.stdout)
    wrong = [
        f"{name}{words}: {errno.errorcode.get(error, error)}"
        for (name, words, wanted), error in zip(calls, seen, strict=True)
        if error != wanted and error != NEWER_THAN_AN_ENGINE.get(driver.name, {}).get(name)
    ]
    assert wrong == []


def test_calls_open_to_everybody_are_let_through_where_nothing_holds_them():
    said = as_nobody(CALL, numbers(OPEN_TO_ALL.items()))
    refused = [name for name, error in zip(OPEN_TO_ALL, said, strict=True) if error == errno.EPERM]
    assert refused == []


def test_calls_open_to_everybody_are_refused_inside(inside):
    said = inside.python(CALL, stdin=numbers(OPEN_TO_ALL.items()))
    assert json.loads(said.stdout) == [errno.EPERM] * len(OPEN_TO_ALL)


# Holds contexts of asynchronous I/O, which are counted for the whole machine.
CONTEXTS = """
import ctypes, sys
libc, context = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong(0)
print(libc.syscall(ctypes.c_long(int(sys.argv[1])), 8, ctypes.byref(context)), ctypes.get_errno())
"""


def test_contexts_of_asynchronous_io_are_had_where_nothing_holds_it():
    words = [sys.executable, "-c", CONTEXTS, str(SYSCALLS["io_setup"][COLUMN])]
    said = subprocess.run(words, capture_output=True, check=True, text=True)
    assert said.stdout == "0 0\n"


def test_contexts_of_asynchronous_io_are_not_had_inside(inside):
    said = inside.run("python3", "-c", CONTEXTS, str(SYSCALLS["io_setup"][COLUMN]))
    assert said.stdout.decode() == f"-1 {errno.ENOSYS}\n"


# Leaves root, if it was that, once everything is loaded.
AS_NOBODY = """
import ctypes, json, os, sys
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""


def as_nobody(code: str, data: bytes) -> list[int]:
    """Run code on the host as a user without any right, and return the JSON it prints."""
    words = [sys.executable, "-I", "-S", "-c", AS_NOBODY + code]
    said = subprocess.run(words, input=data, capture_output=True, check=True, timeout=20)
    return json.loads(said.stdout)


# A debugger that takes a secret out of another process of the same user.
PEEK = """
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype, libc.ptrace.argtypes = ctypes.c_long, [ctypes.c_long] * 4
secret = ctypes.create_string_buffer(b"secret" + bytes(10))
victim = os.fork()
if victim == 0:
    libc.ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(0)
os.waitpid(victim, os.WUNTRACED)
word = libc.ptrace(2, victim, ctypes.addressof(secret), 0)
os.kill(victim, 9)
print(ctypes.c_ulong(word).value.to_bytes(8, "little")[:6])
"""


def test_debugger_reads_another_process_where_nothing_holds_it():
    said = subprocess.run([sys.executable, "-c", PEEK], capture_output=True, check=False)
    assert said.stdout == b"b'secret'\n", said.stderr


def test_debugger_reads_nothing_inside(inside):
    said = inside.python(PEEK)
    assert said.exit_code == 0, said.stderr
    assert b"secret" not in said.stdout


LISTEN = """
import socket, sys, time
with socket.socket(socket.AF_UNIX) as server:
    server.bind("\\0" + sys.argv[1])
    server.listen()
    print("listening", flush=True)
    time.sleep(60)
"""
CONNECT = """
import socket, sys
socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[1])
print("connected")
"""


def test_abstract_socket_reaches_neither_host_nor_neighbour(driver, spec, enter):
    """A name without a file is seen by everybody in one network namespace, and by nobody else."""
    name = f"dgm-test-{os.getpid()}"
    words = [sys.executable, "-c"]
    with subprocess.Popen([*words, LISTEN, name], stdout=subprocess.PIPE) as listener:
        try:
            assert listener.stdout.readline() == b"listening\n"
            control = subprocess.run([*words, CONNECT, name], capture_output=True, check=False)
            assert control.stdout == b"connected\n"
            with driver.open(spec()) as sandbox:
                said = enter(sandbox).run("python3", "-c", CONNECT, name)
            assert b"ConnectionRefusedError" in said.stderr
        finally:
            listener.kill()


@pytest.mark.parametrize("family", [1, 2, 10])
def test_ordinary_sockets_are_made(inside, family):
    """The refusals above are not for want of any socket."""
    assert inside.python(f"import socket; socket.socket({family})").exit_code == 0
