"""One image built by the engine's own builder, and its log told to the end.

Covered: an image appears under its name when it is whole, or not at all; no key, proxy or
environment of this machine comes into it. Not covered: what the instructions of a Dockerfile do.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dgm.errors import SandboxUnavailableError
from dgm.sandbox.engine import FULL, check_line, explained
from dgm.sandbox.progress import Say, seldom

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image as DockerImage

_REGISTRY_S = 5
_LINES_KEPT, _LAST_WORDS = 20, 3
_STEP = "Step "
_FAILED_COMMAND = "The command "  # goes on with all of it, and nothing on why
_REMARKS = ("--->", "Removing intermediate container", "Successfully ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Build:
    """What to build: the tar `context` holds the Dockerfile."""

    tag: str
    context: bytes
    labels: Mapping[str, str]
    arguments: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int | None = None


def find(client: DockerClient, name: str) -> DockerImage | None:
    """Return the engine's image of this name or id, None if there is none."""
    from docker.errors import ImageNotFound

    with explained(f"looking for {name}"), suppress(ImageNotFound):
        return client.images.get(name)
    return None


def is_there(client: DockerClient, name: str) -> bool:
    """Tell whether the engine has an image of this name."""
    return find(client, name) is not None


def packed(files: Mapping[str, bytes], folders: Iterable[str] = ()) -> bytes:
    """Return a build's context; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in folders:
            place = tarfile.TarInfo(name)
            place.type, place.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(place)
        for name, data in files.items():
            entry = tarfile.TarInfo(name)  # no time and no owner: the same sources, the same tar
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def run(client: DockerClient, build: Build, say: Say) -> None:
    """Build an image, and tell of each step. Raises: SandboxError naming what failed."""
    doing = f"building {build.tag}"
    with explained(doing):
        log = client.api.build(
            fileobj=io.BytesIO(build.context),
            custom_context=True,
            tag=build.tag,
            buildargs=dict(build.arguments),
            labels=dict(build.labels),
            rm=True,
            forcerm=True,
            decode=True,
            timeout=build.timeout_s,
        )
        with closing(log):  # when it is left too early, the engine stops building
            _follow(log, doing, say)


def registry_trouble(client: DockerClient, image: str) -> str | None:
    """Ask through the engine whether a registry answers for an image; say why not, or None."""
    from requests import RequestException

    api = client.api
    try:
        answer = api.get(
            f"{api.base_url}/v{api.api_version}/distribution/{image}/json", timeout=_REGISTRY_S
        )
        return str(answer.json().get("message")) if answer.status_code >= 500 else None
    except (RequestException, ValueError) as error:
        return str(error)


def check_registry(client: DockerClient, image: str, remedy: str) -> None:
    """Ask for a registry before waiting for a download. Raises: SandboxUnavailableError."""
    if reason := registry_trouble(client, image):
        raise SandboxUnavailableError(f"no image registry answers for {image} ({reason}); {remedy}")


def _follow(log: Iterable[Mapping[str, Any]], doing: str, say: Say) -> None:
    """Tell a build's log to its end. Raises: SandboxError naming what failed."""
    detail, step, last = seldom(say), "", deque[str](maxlen=_LINES_KEPT)
    for entry in log:
        if str(entry.get("error", "")).startswith(_FAILED_COMMAND) and last:
            words = [line for line in last if FULL in line.lower()] or list(last)[-_LAST_WORDS:]
            check_line({"error": f"{'; '.join(words)} ({step})"}, doing)
        check_line(entry, doing)
        for line in _words(entry):
            if line.startswith(_STEP):
                step = " ".join(line.split())[:_WIDTH]
                last.clear()
                say(step)
            else:
                last.append(line)
                detail(line[:_WIDTH])


def _words(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of an entry in a build's log but for the builder's own remarks."""
    text = _COLOURS.sub("", str(entry.get("stream") or entry.get("status") or ""))
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith(_REMARKS):
            yield line
