"""The words that start a sandbox with bubblewrap, and what bwrap's complaints mean.

Source: bubblewrap(1), version 0.8.0 or later; setpriv(1).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.records import SandboxLimits
from dgm.sandbox import view
from dgm.sandbox.cgroups import Cgroup
from dgm.sandbox.protocol import SandboxPaths, SandboxSpec
from dgm.sandbox.runner import FOLDER, bounds_of, words

PROGRAM = "bwrap"
FILTER_FD = "<filter>"  # stands for the number of a descriptor, known only when bwrap is started
_INSIDE_UID = "1000"
_SIGNS_OF_REFUSAL = ("namespace", "uid map", "ermission denied", "not permitted")
_JOIN_AND_RUN = 'set -e; while [ "$1" != -- ]; do echo 0 > "$1"; shift; done; shift; exec "$@"'
_ISOLATION = (
    *("--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--as-pid-1", "--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"),
    *("--uid", _INSIDE_UID, "--gid", _INSIDE_UID),
)


def joined(cgroup: Cgroup | None) -> tuple[str, ...]:
    """Enter the cgroup before anything else, so that nothing is ever outside."""
    if cgroup is None:
        return ()
    return ("sh", "-c", _JOIN_AND_RUN, "sh", *map(str, cgroup.procs_files), "--")


def as_user(uid: int | None) -> tuple[str, ...]:
    """Leave root for good: inside a user namespace alone, root would still be root to the host."""
    if uid is None:
        return ()
    ids = ("--reuid", str(uid), "--regid", str(uid))
    return ("setpriv", *ids, "--clear-groups", "--no-new-privs")


def linked(path: str | None) -> tuple[str, ...]:
    """Show a link to the workspace at a path, if there is to be one."""
    return ("--symlink", SandboxPaths().workspace, path) if path else ()


def enclosed(
    limits: SandboxLimits,
    root: Sequence[str],
    *,
    control: Path,
    runner: Path,
    agent: Path | None,
    packages: Path | None,
) -> tuple[str, ...]:
    """Start what follows in namespaces of its own, seeing `root`, and four folders read-only."""
    paths = SandboxPaths()
    return (
        *(PROGRAM, *_ISOLATION, "--seccomp", FILTER_FD),
        *root,
        *view.writable_arguments(limits, paths),
        *(("--ro-bind", str(agent), paths.agent) if agent else ()),
        *(("--ro-bind", str(packages), paths.packages) if packages else ()),
        *("--ro-bind", str(control), paths.control),
        *("--ro-bind", str(runner), FOLDER),
        *("--remount-ro", "/", "--chdir", "/", "--"),
    )


def runner_words(spec: SandboxSpec, python: str, cgroup: Cgroup | None) -> tuple[str, ...]:
    """Start the runner; what no cgroup bounds, resource limits do."""
    bounds = {**bounds_of(spec.limits), "NPROC": spec.limits.processes}
    if not cgroup or "memory:cgroup" not in cgroup.limits_in_force:
        bounds["DATA"] = spec.limits.memory_mb << 20
    return words(python, bounds, wants_model=spec.wants_model)


def missing_program() -> str | None:
    """Say which program is not installed, and the remedy; None if all are there."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed; apt install bubblewrap (0.8.0 or later)"
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        return "setpriv is not installed; apt install util-linux"
    return None


def explained(complaint: str) -> SandboxError:
    """Say in one line why bwrap did not start, and what to do."""
    reason = complaint.splitlines()[-1] if complaint else "no reason given"
    if "Unknown option" in reason:
        return SandboxUnavailableError(f"bubblewrap is too old ({reason}); 0.8.0 is needed")
    if "source path" in reason:
        return SandboxUnavailableError(
            f"a folder cannot be reached by sandboxes ({reason}); chmod a+rx it and its parents"
        )
    if reason.startswith("bwrap: ") and any(sign in reason for sign in _SIGNS_OF_REFUSAL):
        return SandboxUnavailableError(
            f"no user namespaces here ({reason}), as in an ordinary container: run on the host,"
            " or allow them (kernel.unprivileged_userns_clone=1,"
            " kernel.apparmor_restrict_unprivileged_userns=0), or use another sandbox"
        )
    return SandboxError(f"the sandbox did not start: {reason}")
