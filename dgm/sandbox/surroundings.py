"""What a task brings along: its image, its variables, and the name it knows its repository by.

Covered: the places of the sandbox itself, of its system and of its user are nobody's repository;
where a sandbox keeps its user's files and how Python behaves in it is not the image's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from dgm.errors import SandboxUnavailableError
from dgm.records import Environment
from dgm.sandbox.protocol import SandboxPaths

_KEPT = ("HOME", "TMPDIR", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE")
_SYSTEM = (
    *("bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin"),
    *("sys", "usr", "var"),
)
_HOMES = ("home", "opt", "srv", "mnt", "media")
_PATHS = SandboxPaths()
_OURS = (
    *(_PATHS.agent, _PATHS.packages, _PATHS.control, _PATHS.tmp, _PATHS.logs),
    *(_PATHS.tests, _PATHS.solution),
)


def link_of(environment: Environment) -> str | None:
    """Return the path that must lead to the workspace, None if that is where it is anyway.

    Raises: SandboxUnavailableError for a path that can never be one.
    """
    if (problem := folder_problem(environment.folder)) is not None:
        raise SandboxUnavailableError(problem)
    return None if environment.folder == _PATHS.workspace else environment.folder


def folder_problem(folder: str) -> str | None:
    """Say why a repository cannot be expected at a path, None if it can."""
    path = PurePosixPath(folder)
    if not path.is_absolute() or ".." in path.parts or str(path) != folder or "\n" in folder:
        return f"a task's folder is an absolute path, as in /app; got {folder!r}"
    if len(path.parts) == 1 or (len(path.parts) == 2 and path.name in (*_SYSTEM, *_HOMES)):
        return f"{folder!r} cannot be a task's folder: name one of its own, as in WORKDIR /app"
    is_inside = path != PurePosixPath(_PATHS.workspace) and path.is_relative_to(_PATHS.workspace)
    is_below_ours = is_inside or any(path.is_relative_to(place) for place in _OURS)
    if path.parts[1] in _SYSTEM or is_below_ours:
        return f"{folder!r} cannot be a task's folder: that place is the sandbox's own"
    return None


def refuse_image(environment: Environment, driver: str) -> None:
    """Raise SandboxUnavailableError where a driver is asked to start an image and starts none."""
    if environment.image:
        raise SandboxUnavailableError(
            f"this task runs in the image {environment.image}, which the {driver} sandbox cannot "
            "start; --sandbox docker"
        )


def with_variables(base: Mapping[str, str], environment: Environment) -> Mapping[str, str]:
    """Lay a task's variables over those that every command gets, but for what is the sandbox's."""
    kept = {name: base[name] for name in _KEPT if name in base}
    return {**base, **dict(environment.variables), **kept}
