"""Lay restrictions on this very process, for good, and become the command.

For the `process` sandbox, where no other program can do it: no new privileges, then Landlock
rules (a descriptor the host prepared), then system call filters (files of BPF instructions).
Standard library only, Python >= 3.8.
"""

import ctypes
import os
import sys

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LANDLOCK_RESTRICT_SELF = 446
_INSTRUCTION = 8


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _checked(result, what):
    if result != 0:
        sys.exit("%s failed: %s" % (what, os.strerror(ctypes.get_errno())))


def main(landlock, filters, *command):
    """Restrict and exec; `landlock` is a descriptor or empty, `filters` are joined by colons."""
    libc = ctypes.CDLL(None, use_errno=True)
    programs = [_read(path) for path in filters.split(":") if path]
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    if landlock:
        _checked(libc.syscall(_LANDLOCK_RESTRICT_SELF, int(landlock), 0), "landlock_restrict_self")
        os.close(int(landlock))
    for code in programs:
        program = _Program(len(code) // _INSTRUCTION, code)
        pointer = ctypes.byref(program)
        _checked(libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, pointer, 0, 0), "PR_SET_SECCOMP")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
