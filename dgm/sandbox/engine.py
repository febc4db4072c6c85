"""The Docker engine: how to reach it, and what its failures mean.

An engine is taken as it is or refused in one line; nothing is left out of a sandbox because an
engine cannot do it. Source: Docker Engine API 1.41.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.errors import SandboxError, SandboxUnavailableError
from dgm.sandbox.enginefacts import EngineFacts, facts_from

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.errors import APIError

MIN_API = "1.41"
MIN_VERSION = "20.10"
_SOCKET = "/var/run/docker.sock"
_UNIX = "unix://"
_CONTACT_S = 10
_ANSWER_S = 60
_CONNECTIONS = 64  # held open at most; each command that runs in a container takes one
FULL = "no space left on device"
_NOT_THERE = "bind source path does not exist"


def connect(host: str = "") -> DockerClient:
    """Return a client of the engine at `host` (as in DOCKER_HOST; "" for the usual socket).

    The caller closes it. Containers must be made with `use_config_proxy=False`: else the proxies
    of the user's Docker configuration, with their passwords, stand in the container's environment.

    Raises: SandboxUnavailableError if there is no engine, it may not be used, or is too old.
    """
    import docker
    from docker.errors import DockerException

    path = _socket_path(host)
    _knock(path)
    url = f"{_UNIX}{path}"
    try:
        api_version = _negotiate(docker.DockerClient(url, version=MIN_API, timeout=_CONTACT_S))
        client = docker.DockerClient(
            url, version=api_version, timeout=_ANSWER_S, max_pool_size=_CONNECTIONS
        )
    except (DockerException, OSError, ValueError, KeyError) as error:
        raise SandboxUnavailableError(
            f"what listens at {path} does not answer like a Docker engine ({_reason(error)}); "
            "start it again: systemctl restart docker"
        ) from error
    # A socket needs no proxy: looking for one reads the environment, which others may be changing.
    client.api.trust_env = False
    return client


def facts_of(client: DockerClient) -> EngineFacts:
    """Ask the engine for its facts. Raises: SandboxError if it is lost."""
    with explained("asking the Docker engine what it can do"):
        return facts_from(client.info(), client.api.api_version)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Raise what the SDK raises as this project's errors, in one line that begins with `doing`.

    Raises: SandboxError for what may work the next time (engine lost, busy or full, container
    gone), SandboxUnavailableError for what never will (image missing, settings refused).
    """
    from docker.errors import APIError, DockerException
    from requests import RequestException, Timeout
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise _of_answer(doing, error) from error
    except (Timeout, TimeoutError) as error:
        raise SandboxError(
            f"{doing}: the Docker engine did not answer in time ({_reason(error)}); "
            "look at its log: journalctl -u docker"
        ) from error
    except (DockerException, RequestException, HTTPError, HTTPException, ConnectionError) as error:
        raise SandboxError(
            f"{doing}: the Docker engine was lost ({_reason(error)}); "
            "start it (systemctl start docker) and look at its log (journalctl -u docker)"
        ) from error


def check_line(line: Mapping[str, Any], doing: str) -> None:
    """Raise SandboxError if a line of the log of a build or an import tells of a failure."""
    if not (said := " ".join(str(line.get("error", "")).split())):
        return
    raise _full(doing) if FULL in said.lower() else SandboxError(f"{doing} failed: {said}")


def _full(doing: str) -> SandboxError:
    return SandboxError(
        f"{doing}: the disk of the Docker engine is full; make room: docker system prune"
    )


def _socket_path(host: str) -> str:
    """Return the path of the socket that DOCKER_HOST names."""
    words = host.strip()
    if words in ("", _UNIX):
        return _SOCKET
    scheme, separator, rest = words.partition("://")
    if scheme in ("tcp", "ssh", "http", "https"):  # an address may hold a password: not shown
        raise SandboxUnavailableError(
            f"DOCKER_HOST names an engine behind {scheme}://, which cannot share folders with dgm; "
            f"unset it, or name a socket of this machine (DOCKER_HOST={_UNIX}{_SOCKET})"
        )
    if scheme != "unix" or not separator or not rest.startswith("/"):
        raise SandboxUnavailableError(
            f"DOCKER_HOST={words[:80]!r} names no socket; "
            f"unset it, or write DOCKER_HOST={_UNIX}{_SOCKET}"
        )
    return rest


def _knock(path: str) -> None:
    """See whether anybody listens who lets this user in."""
    try:
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.settimeout(_CONTACT_S)
            visitor.connect(path)
    except OSError as error:
        raise SandboxUnavailableError(_why_closed(path, error)) from error


def _why_closed(path: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return (
            f"no Docker engine: there is no {path}; install one (apt install docker.io), start it "
            "(systemctl start docker), or name its socket in DOCKER_HOST"
        )
    if isinstance(error, PermissionError):
        return (
            f"permission denied on {path}: only root and the {_group(path)} group may use Docker; "
            f"sudo usermod -aG {_group(path)} $USER, then log in again"
        )
    if isinstance(error, ConnectionRefusedError):
        return f"no Docker engine listens at {path}; start it: systemctl start docker"
    return f"no Docker engine can be reached at {path} ({_reason(error)}); see DOCKER_HOST"


def _group(path: str) -> str:
    """Return the group that may use the socket, as far as it can be seen."""
    try:
        name = Path(path).group()
    except (OSError, KeyError):
        return "docker"
    return "docker" if name == "root" else name


def _negotiate(client: DockerClient) -> str:
    """Return the engine's version of the API."""
    try:
        answer = client.api.version(api_version=False)
        found, version = str(answer["ApiVersion"]), str(answer.get("Version", "unknown"))
        is_too_old = _number(found) < _number(MIN_API)
    finally:
        client.close()
    if is_too_old:
        raise SandboxUnavailableError(
            f"the Docker engine is too old: API {MIN_API} is needed, version {version} answers "
            f"with API {found}; install Docker {MIN_VERSION} or later"
        )
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _of_answer(doing: str, error: APIError) -> SandboxError:
    """Say what an answer of the engine that is no success means."""
    said = " ".join(str(error.explanation or error.__cause__ or "no reason given").split())
    status = error.status_code or 0
    if FULL in said.lower():
        return _full(doing)
    if _NOT_THERE in said:
        return SandboxUnavailableError(
            f"{doing}: the Docker engine sees other folders than dgm ({said}); run dgm on the "
            "engine's machine, and not in a container of it"
        )
    if is_missing_image(error):
        return SandboxUnavailableError(f"{doing}: {said}; build the images: dgm images build")
    if status in (400, 403, 405, 501):
        return SandboxUnavailableError(f"{doing}: the Docker engine refuses it: {said}")
    return SandboxError(f"{doing}: the Docker engine failed ({status}): {said}")


def is_missing_image(error: APIError) -> bool:
    """Tell a missing image from a missing container."""
    from docker.errors import ImageNotFound

    said = str(error.explanation or "").lower()
    return isinstance(error, ImageNotFound) or "no such image" in said


def _reason(error: BaseException) -> str:
    """Return the innermost cause in words: the SDK wraps it several times."""
    inner = next((item for item in error.args if isinstance(item, BaseException)), None)
    if inner is not None:
        return _reason(inner)
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())
