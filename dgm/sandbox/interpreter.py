"""The Python inside sandboxes: what decides which wheels fit it, and the bytecode it writes."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dgm.errors import SandboxError
from dgm.records import SandboxLimits
from dgm.sandbox.protocol import SandboxDriver, SandboxSpec

_ASK = """
import os, platform, sys
from importlib.util import MAGIC_NUMBER
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except (OSError, ValueError):
    libc = ""
print(platform.python_version(), platform.machine(), MAGIC_NUMBER.hex(), libc)
"""
_ANSWER = re.compile(r"(\d+\.\d+\.\d+)\S* (\w+) ([0-9a-f]+) (?:glibc 2\.(\d+)\S*)?\s*")
_ASK_TIMEOUT_S = 20.0
_COMPILE_TIMEOUT_S = 900.0
_COMPILED_MB, _COMPILED_FILES = 1024, 200_000
_COMPILE_LIMITS = SandboxLimits(
    memory_mb=_COMPILED_MB + 1024, workspace_mb=_COMPILED_MB, inodes=_COMPILED_FILES
)
_OLDEST_MANYLINUX = 5  # glibc 2.5, that of manylinux1
_MANYLINUX = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython: version (`3.11.2`), machine, kind of bytecode, minor version of glibc 2 if any."""

    version: str
    machine: str
    magic: str
    glibc: int | None

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of wheels that fit, the best first (PEP 600)."""
        tags = []
        for minor in range(self.glibc or 0, _OLDEST_MANYLINUX - 1, -1):
            names = (f"manylinux_2_{minor}", _MANYLINUX.get(minor))
            tags += [f"{name}_{self.machine}" for name in names if name]
        return (*tags, f"linux_{self.machine}")


def find_interpreter(sandboxes: SandboxDriver) -> Interpreter:
    """Ask a sandbox for the Python that agents find in it. Raises: SandboxError."""
    with sandboxes.open(SandboxSpec("interpreter", "packages")) as sandbox:
        words = ("python3", "-I", "-S", "-c", _ASK)
        said = sandbox.exec(words, cwd="/", env={}, timeout_s=_ASK_TIMEOUT_S)
    answer = _ANSWER.fullmatch(said.stdout.decode(errors="replace"))
    if answer is None:
        raise SandboxError(f"sandboxes have no Python that answers: {said.stderr[-200:]!r}")
    version, machine, magic, glibc = answer.groups()
    return Interpreter(version, machine, magic, int(glibc) if glibc else None)


def add_bytecode(sandboxes: SandboxDriver, packages: Path) -> None:
    """Have a sandbox compile a folder of packages, and lay the result beside the sources.

    Agents cannot keep what they compile; without this, each start would compile everything again.
    Sources that do not compile are passed over. Raises: MachineError.
    """
    spec = SandboxSpec("bytecode", "packages", _COMPILE_LIMITS, packages=packages)
    with tempfile.TemporaryDirectory(prefix="dgm-bytecode-") as scratch:
        with sandboxes.open(spec) as sandbox:
            prefix, sources = sandbox.paths.workspace, sandbox.paths.packages
            compiled = f"{prefix}{sources}"
            compiling = (
                *("python3", "-I", "-S", "-X", f"pycache_prefix={prefix}", "-m", "compileall"),
                *("-q", "--invalidation-mode", "unchecked-hash", sources),
            )
            for words in (("mkdir", "-p", compiled), compiling):
                done = sandbox.exec(words, cwd="/", env={}, timeout_s=_COMPILE_TIMEOUT_S)
            if done.timed_out or done.out_of_memory:
                raise SandboxError(
                    f"compiling the packages took more than {_COMPILE_TIMEOUT_S:g} s or "
                    f"{_COMPILE_LIMITS.memory_mb} MiB; name fewer in sandbox.packages"
                )
            sandbox.collect(
                compiled, Path(scratch), max_bytes=_COMPILED_MB << 20, max_files=_COMPILED_FILES
            )
        for path in Path(scratch).rglob("*.pyc"):
            place = packages / path.relative_to(scratch).parent / "__pycache__"
            place.mkdir(exist_ok=True)
            (place / path.name).write_bytes(path.read_bytes())
