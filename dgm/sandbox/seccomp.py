"""Compile a Docker seccomp profile to the classic BPF program that `bwrap --seccomp` loads.

One profile, `sandbox/seccomp.json`, serves every driver: Docker reads the JSON, the others load
what this module makes of it, without libseccomp, with a profile of their own on top where the
programs inside are the host's. The program is plain: one block per system call,
tried from top to bottom, the first that matches decides.

Beyond what the profile names it refuses foreign system call tables (32-bit and x32 calls would
walk around the numbers) with EPERM, and answers calls newer than its table with ENOSYS, as an
older kernel would.

Source: Linux, `Documentation/userspace-api/seccomp_filter`, `include/uapi/linux/seccomp.h`.
"""

from __future__ import annotations

import errno
import json
import platform
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dgm.errors import SandboxUnavailableError
from dgm.sandbox.syscalls import AARCH64, NEWEST_SYSCALL, SYSCALLS, X86_64

_COLUMNS = {X86_64: 0, AARCH64: 1}
_AUDIT_ARCHES = {X86_64: 0xC000003E, AARCH64: 0xC00000B7}
_X32_BIT = 0x4000_0000
_LOW_32 = 0xFFFF_FFFF

_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000
_NUMBER, _ARCH = 0, 4  # offsets in struct seccomp_data; the arguments begin at 16
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP_EQ, _JUMP_GT, _JUMP_GE = 0x15, 0x25, 0x35

_Label = Literal["next", "pass", "fail"]


@dataclass(frozen=True, slots=True)
class _Op:
    """One BPF instruction; `yes` and `no` say where a jump goes, by name."""

    code: int
    value: int
    yes: _Label = "next"
    no: _Label = "next"


@dataclass(frozen=True, slots=True)
class _Check:
    """A condition on one argument of a system call, all 64 bits of it."""

    index: int
    op: str
    value: int
    value_two: int = 0

    def ops(self) -> tuple[_Op, ...]:
        """The condition on the argument's high word, then on its low word."""
        high, low = 20 + 8 * self.index, 16 + 8 * self.index
        value_high, value_low = self.value >> 32, self.value & _LOW_32
        if self.op == "SCMP_CMP_EQ":
            return (
                _Op(_LOAD, high),
                _Op(_JUMP_EQ, value_high, "next", "fail"),
                _Op(_LOAD, low),
                _Op(_JUMP_EQ, value_low, "pass", "fail"),
            )
        if self.op == "SCMP_CMP_NE":
            return (
                _Op(_LOAD, high),
                _Op(_JUMP_EQ, value_high, "next", "pass"),
                _Op(_LOAD, low),
                _Op(_JUMP_EQ, value_low, "fail", "pass"),
            )
        if self.op == "SCMP_CMP_GE":
            return (
                _Op(_LOAD, high),
                _Op(_JUMP_GT, value_high, "pass", "next"),
                _Op(_JUMP_EQ, value_high, "next", "fail"),
                _Op(_LOAD, low),
                _Op(_JUMP_GE, value_low, "pass", "fail"),
            )
        if self.op == "SCMP_CMP_MASKED_EQ":
            return (
                _Op(_LOAD, high),
                _Op(_AND, value_high),
                _Op(_JUMP_EQ, self.value_two >> 32, "next", "fail"),
                _Op(_LOAD, low),
                _Op(_AND, value_low),
                _Op(_JUMP_EQ, self.value_two & _LOW_32, "pass", "fail"),
            )
        raise ValueError(f"seccomp profile: comparison {self.op!r} is not supported")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What happens to one system call when all `checks` are true."""

    number: int
    verdict: int
    checks: tuple[_Check, ...]


def compile_filter(
    profile: Path, machine: str | None = None, *, also: Sequence[Path] = ()
) -> bytes:
    """Return the profile as an array of `struct sock_filter` for `machine` (default: this one).

    The rules of the profiles `also` come after its own; its default action is that of all.
    Raises: SandboxUnavailableError for a machine without a table; ValueError when the profile
        says something that cannot be translated, so that nothing is silently left open.
    """
    machine = machine or platform.machine()
    if machine not in _COLUMNS:
        known = ", ".join(sorted(_COLUMNS))
        raise SandboxUnavailableError(f"no seccomp filter for {machine!r} machines (only {known})")
    document = json.loads(profile.read_text())
    ops = [*_refuse_foreign_calls(machine)]
    for rules in (document, *(json.loads(path.read_text()) for path in also)):
        for rule in _rules(rules, machine):
            ops += _assemble(rule)
    ops.append(_pack(_RETURN, _verdict(document["defaultAction"], document.get("defaultErrnoRet"))))
    return b"".join(ops)


def _refuse_foreign_calls(machine: str) -> Iterator[bytes]:
    yield _pack(_LOAD, _ARCH)
    yield _pack(_JUMP_EQ, _AUDIT_ARCHES[machine], yes=1)
    yield _pack(_RETURN, _ERRNO | errno.EPERM)
    yield _pack(_LOAD, _NUMBER)
    yield _pack(_JUMP_GE, _X32_BIT, no=1)
    yield _pack(_RETURN, _ERRNO | errno.EPERM)
    yield _pack(_JUMP_GT, NEWEST_SYSCALL, no=1)
    yield _pack(_RETURN, _ERRNO | errno.ENOSYS)


def _rules(document: Mapping[str, Any], machine: str) -> Iterator[_Rule]:
    for entry in document["syscalls"]:
        verdict = _verdict(entry["action"], entry.get("errnoRet"))
        checks = tuple(
            _Check(arg["index"], arg["op"], arg["value"], arg.get("valueTwo", 0))
            for arg in entry.get("args") or ()
        )
        for name in entry["names"]:
            if name not in SYSCALLS:
                raise ValueError(f"seccomp profile: no number is known for the call {name!r}")
            number = SYSCALLS[name][_COLUMNS[machine]]
            if number is not None:
                yield _Rule(number, verdict, checks)


def _verdict(action: str, errno_ret: int | None) -> int:
    if action == "SCMP_ACT_ALLOW":
        return _ALLOW
    if action == "SCMP_ACT_ERRNO":
        return _ERRNO | (errno.EPERM if errno_ret is None else errno_ret)
    raise ValueError(f"seccomp profile: action {action!r} is not supported")


def _assemble(rule: _Rule) -> Iterator[bytes]:
    """Lay out `if number matches and every check passes: return verdict`, else fall through."""
    parts: list[Sequence[_Op]] = [
        (_Op(_LOAD, _NUMBER), _Op(_JUMP_EQ, rule.number, "pass", "fail")),
        *(check.ops() for check in rule.checks),
    ]
    verdict_at = sum(map(len, parts))
    here = 0
    for part in parts:
        targets = {"pass": here + len(part), "fail": verdict_at + 1}
        for op in part:
            here += 1
            yes, no = (0 if to == "next" else targets[to] - here for to in (op.yes, op.no))
            yield _pack(op.code, op.value, yes, no)
    yield _pack(_RETURN, rule.verdict)


def _pack(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
