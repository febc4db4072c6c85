"""The words that start the runner (`sandbox/runtime`), the first process in a sandbox.

A runner finds the connection to its host as standard input. One that cannot inherit it, in a
container, first calls the host at a Unix socket.
"""

from __future__ import annotations

from collections.abc import Mapping

from dgm.records import SandboxLimits

MODEL_PORT = 8377
FOLDER = "/run/dgm-runner"
ENVIRONMENT: Mapping[str, str] = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_CALL_HOST = (
    "import _socket, os; link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM); "
    "link.connect({socket!r}); os.dup2(link.detach(), 0); "
)
_START = "import sys; sys.path.insert(0, {folder!r}); import runner; runner.main(*sys.argv[1:])"


def with_packages(environment: Mapping[str, str], packages: str) -> Mapping[str, str]:
    """Let commands import from a folder of packages, and start the scripts in its `bin`."""
    return {**environment, "PYTHONPATH": packages, "PATH": f"{packages}/bin:{environment['PATH']}"}


def bounds_of(limits: SandboxLimits) -> dict[str, int]:
    """The resource limits of every command that hold without a control group as well."""
    return {
        "NOFILE": limits.open_files,
        "CORE": 0,
        "FSIZE": max(limits.workspace_mb, limits.tmp_mb) << 20,
    }


def words(
    python: str, bounds: Mapping[str, int], *, wants_model: bool, host: str = ""
) -> tuple[str, ...]:
    """Start the runner; it lays `bounds` on commands. `host` is the socket to call, if any."""
    call = _CALL_HOST.format(socket=host) if host else ""
    return (
        *(python, "-I", "-S", "-E", "-c", call + _START.format(folder=FOLDER), "namespace"),
        *((str(MODEL_PORT), "/run/dgm/model.sock") if wants_model else ("", "")),
        *(f"{name}={value}" for name, value in bounds.items()),
    )
