"""The host's own git, deaf to everybody's configuration.

It is only ever pointed at git folders the host made itself: no set of options makes it safe to run
in a repository that an agent could write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dgm import processes

SAFE_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "dgm",
    "GIT_AUTHOR_EMAIL": "dgm@localhost",
    "GIT_AUTHOR_DATE": "2000-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "dgm",
    "GIT_COMMITTER_EMAIL": "dgm@localhost",
    "GIT_COMMITTER_DATE": "2000-01-01T00:00:00Z",
}
_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"),  # just names, on this host
)
_TIMEOUT_S = 120.0


def git(arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b"") -> bytes:
    """Run git and return what it printed. Raises: ProcessFailedError if it fails."""
    return attempt_git(arguments, environment, stdin).check(f"git {arguments[0]}").stdout


def attempt_git(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b""
) -> processes.Finished:
    """Run git where failure is an answer. `environment` is laid over the safe one."""
    return processes.run(
        ("git", *_OPTIONS, *arguments),
        env=SAFE_ENVIRONMENT | dict(environment),
        input=stdin,
        timeout_s=_TIMEOUT_S,
    )
