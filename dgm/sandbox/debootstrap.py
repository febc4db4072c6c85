"""Debian laid out in a folder by `debootstrap`, which mounts and changes root, and may be stopped.

Covered: it runs in mount and process namespaces of its own, which end with this process, however
that ends; packages are taken only with Debian's signature. Needs root. Source: debootstrap(8).
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.sandbox.engine import FULL
from dgm.sandbox.progress import Say

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAMESPACES = (
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--"),
)
_PROGRAMS = {"debootstrap": "debootstrap", "setpriv": "util-linux", "unshare": "util-linux"}
_LAST_WORDS = 3
_LITTLE = 1 << 20
_REMOVAL_TRIES, _REMOVAL_PAUSE_S = 100, 0.1


def debootstrap(
    suite: str,
    root: Path,
    packages: Sequence[str],
    *,
    proxies: Mapping[str, str],
    say: Say,
) -> None:
    """Lay a minimal Debian with these packages out in `root`; each line of the log goes to `say`.

    Raises: SandboxUnavailableError without root or the programs, OSError(ENOSPC) when the disk
        is full, SandboxError for any other failure. Then nothing of `root` is left.
    """
    _check_means()
    command = (
        *_NAMESPACES,
        *("debootstrap", "--variant=minbase", "--force-check-gpg"),
        *(f"--include={','.join(packages)}", suite, str(root)),
    )
    with _removed_unless_finished(root):
        last = deque[str](maxlen=_LAST_WORDS)
        with _started(command, {**proxies, "PATH": _PATH, "LANG": "C.UTF-8"}) as process:
            for line in process.stdout or ():
                last.append(line.strip())
                say(line.strip())
            code = process.wait()
        if code != 0:
            raise _failure(root, list(last))


@contextmanager
def _removed_unless_finished(root: Path) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(_remove, root)
        yield
        stack.pop_all()


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Start a program that is killed, with all it started, if its block is left too early."""
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _check_means() -> None:
    if os.geteuid() != 0:
        raise SandboxUnavailableError(
            "the Debian base can be made by root alone (debootstrap mounts and changes root); "
            "sudo make images BASE=debian"
        )
    for program, package in _PROGRAMS.items():
        if shutil.which(program, path=_PATH) is None:
            raise SandboxUnavailableError(f"{program} is not installed; apt install {package}")


def _failure(root: Path, last: list[str]) -> OSError | SandboxError:
    """Say why debootstrap gave up: by its last words, those in its own log, and the disk."""
    with suppress(OSError):
        log = (root / "debootstrap" / "debootstrap.log").read_text(errors="replace")
        last = [*log.splitlines()[-_LAST_WORDS:], *last]
    words = "; ".join(line for line in last if line) or "no reason given"
    if FULL in words.lower() or shutil.disk_usage(root.parent).free < _LITTLE:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root.parent))
    return SandboxError(
        f"debootstrap failed: {words}; behind a proxy set http_proxy, and without a network "
        "copy the cached base from another machine"
    )


def _remove(root: Path) -> None:
    """Remove a folder in which killed processes may still be at their last write."""
    for _ in range(_REMOVAL_TRIES):
        shutil.rmtree(root, ignore_errors=True)
        if not root.exists():
            return
        time.sleep(_REMOVAL_PAUSE_S)
