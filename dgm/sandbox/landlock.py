"""Landlock: rules for files, ports and signals that a process lays on itself, without any right.

*Covered* where the kernel has it: files outside the named folders (version 1), truncating them
(3), TCP ports (4), ioctl on devices (5), abstract sockets and signals to outside (6).
*Not covered:* UDP and every protocol but TCP, sockets that have a path, stat() of any file.

The host makes the rule set and adds the rules; the started process only has to lay it on itself.

Source: Linux, `Documentation/userspace-api/landlock`, `include/uapi/linux/landlock.h`.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from dgm.errors import SandboxError

_CREATE_RULESET, _ADD_RULE = 444, 445  # the same numbers on every machine
_ASK_VERSION = 1
_RULE_PATH, _RULE_PORT = 1, 2
_BIND, _CONNECT = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6


class Access(IntFlag):
    """What a rule can permit on files below a folder; in the kernel's order."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    CHANGE_FOLDERS = 0x1FF0  # remove and make entries of every kind: bits 4 to 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15

    READ = EXECUTE | READ_FILE | READ_DIR
    ALL = READ | WRITE_FILE | CHANGE_FOLDERS | REFER | TRUNCATE | IOCTL_DEV
    ON_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV


@dataclass(frozen=True, slots=True)
class Territory:
    """What stays permitted; all else is refused.

    `readable` and `writable` hold with all below, `listable` shows names only; a path that does
    not exist is left out. `connect_ports` are TCP ports on any address.
    """

    readable: Sequence[Path] = ()
    writable: Sequence[Path] = ()
    listable: Sequence[Path] = ()
    connect_ports: Sequence[int] = ()
    bind_ports: Sequence[int] = ()


def abi_version() -> int:
    """Return the version of Landlock this kernel has, 0 if none or switched off."""
    return max(0, _syscall(_CREATE_RULESET, None, 0, _ASK_VERSION))


@contextmanager
def ruleset(territory: Territory, abi: int | None = None) -> Iterator[int]:
    """Make a rule set, as strict as version `abi` allows; lend its descriptor.

    The rules bind nobody until a process calls `landlock_restrict_self` on the descriptor.
    Raises: SandboxError if the kernel refuses.
    """
    abi = abi_version() if abi is None else abi
    handled = _handled(abi)
    network = _BIND | _CONNECT if abi >= _NETWORK_SINCE else 0
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= _SCOPES_SINCE else 0
    attributes = struct.pack("=QQQ", handled, network, scopes)[: _attribute_size(abi)]
    fd = _checked(_CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for path, access in _path_rules(territory):
            _permit_path(fd, path, access & handled)
        if network:
            _permit_ports(fd, territory.bind_ports, _BIND)
            _permit_ports(fd, territory.connect_ports, _CONNECT)
        yield fd
    finally:
        os.close(fd)


def without(folder: Path, hidden: Path) -> tuple[list[Path], list[Path]]:
    """Cut `hidden` out of `folder`: the paths to make readable, and those only listable.

    Rules can only add, so everything beside the way to `hidden` is named instead.
    """
    folder, hidden = folder.resolve(), hidden.resolve()
    if not hidden.is_relative_to(folder):
        return [folder], []
    way = [p for p in (hidden, *hidden.parents) if p.is_relative_to(folder)]
    parents = way[1:]
    return [entry for p in parents for entry in p.iterdir() if entry not in way], parents


def _handled(abi: int) -> Access:
    """Return the rights that version `abi` knows."""
    newer = {2: Access.REFER, 3: Access.TRUNCATE, 5: Access.IOCTL_DEV}
    known = Access.READ | Access.WRITE_FILE | Access.CHANGE_FOLDERS
    for since, access in newer.items():
        known |= access if abi >= since else Access(0)
    return known


def _attribute_size(abi: int) -> int:
    return 24 if abi >= _SCOPES_SINCE else 16 if abi >= _NETWORK_SINCE else 8


def _path_rules(territory: Territory) -> Iterable[tuple[Path, Access]]:
    yield from ((path, Access.READ) for path in territory.readable)
    yield from ((path, Access.ALL) for path in territory.writable)
    yield from ((path, Access.READ_DIR) for path in territory.listable)


def _permit_path(fd: int, path: Path, access: Access) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            access &= Access.ON_A_FILE
        _checked(_ADD_RULE, fd, _RULE_PATH, struct.pack("=Qi", access, folder), 0)
    finally:
        os.close(folder)


def _permit_ports(fd: int, ports: Sequence[int], access: int) -> None:
    for port in ports:
        _checked(_ADD_RULE, fd, _RULE_PORT, struct.pack("=QQ", access, port), 0)


def _checked(number: int, *arguments: int | bytes | None) -> int:
    result = _syscall(number, *arguments)
    if result < 0:
        reason = os.strerror(ctypes.get_errno())
        raise SandboxError(f"Landlock rules cannot be made: {reason}")
    return result


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)
    return int(libc.syscall(ctypes.c_long(number), *words))
