"""The images Docker sandboxes start from: one Dockerfile, on a base of a registry or of Debian.

An image is named by everything that decides it, so that a changed Dockerfile never meets an old
image, and a name never changes its meaning under a run. Sources: `sandbox/Dockerfile`, and the
certificates in `certs/` beside that folder, if there are any.

Covered: an image appears under its name when it is whole, or not at all; no key, proxy or
environment of this machine comes into it. Not covered: that the base's name in a registry, and the
packages behind Debian's mirror, mean the same next month.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.errors import ConfigError, SandboxError, SandboxUnavailableError
from dgm.resources import data_folder
from dgm.sandbox import debian
from dgm.sandbox.engine import FULL, check_line, explained
from dgm.sandbox.progress import Say, seldom

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image as DockerImage

REPOSITORY = "dgm-sandbox"
BASE_LABEL = "dgm.base"
_REGISTRY_S = 5
_LINES_KEPT, _LAST_WORDS = 20, 3
_STEP = "Step "
_FAILED_COMMAND = "The command "  # goes on with all of it, and nothing on why
_REMARKS = ("--->", "Removing intermediate container", "Successfully ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_WIDTH = 100


class Base(StrEnum):
    """Where the base image comes from."""

    REGISTRY = "registry"
    DEBIAN = "debian"


_BASE_IMAGES = {Base.REGISTRY: "python:3.12-slim-bookworm", Base.DEBIAN: debian.IMAGE}


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides an image. `context` is a tar; `folder` holds the Dockerfile."""

    base: Base
    context: bytes

    @classmethod
    def of(cls, base: Base, folder: Path | None = None) -> Recipe:
        """Read the sources. Raises: ConfigError if a certificate holds a private key."""
        return cls(base, _context(folder or data_folder("sandbox")))

    @property
    def base_image(self) -> str:
        """The name of the image it is built on."""
        return _BASE_IMAGES[self.base]

    @property
    def tag(self) -> str:
        """The image's name."""
        decisive = (self.base_image, debian.RECIPE if self.base is Base.DEBIAN else "")
        digest = hashlib.sha256(repr(decisive).encode() + self.context)
        return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an image is there; `size_mb` and `made` (ISO 8601, UTC) if it is.

    `base` is "" for an image of an older Dockerfile.
    """

    tag: str
    base: str
    base_image: str
    size_mb: int | None = None
    made: str | None = None


def find(client: DockerClient, folder: Path | None = None) -> str | None:
    """Return the name of the current image, one on a registry's base first; None without one."""
    recipes = (Recipe.of(base, folder) for base in Base)
    return next((recipe.tag for recipe in recipes if is_there(client, recipe.tag)), None)


def there(client: DockerClient) -> str:
    """Return the name of the current image. Raises: SandboxUnavailableError if there is none."""
    image = find(client)
    if image is None:
        raise SandboxUnavailableError(
            "the engine has no image for sandboxes; make images, or make images BASE=debian where "
            "no registry can be reached"
        )
    return image


def ensure(client: DockerClient, say: Say, folder: Path | None = None) -> str:
    """Return the name of the current image, built on a registry's base if there is none.

    That goes to the network, and is said before. Raises: SandboxUnavailableError if no registry
    answers within seconds, SandboxError if the build fails.
    """
    image = find(client, folder)
    if image is not None:
        return image
    recipe = Recipe.of(Base.REGISTRY, folder)
    say(f"no image for sandboxes yet; building one, if a registry has {recipe.base_image}")
    return build(client, recipe, say)


def survey(client: DockerClient, folder: Path | None = None) -> tuple[Standing, ...]:
    """Return the current image on each base, there or not, and then those that are outdated."""
    recipes = [Recipe.of(base, folder) for base in Base]
    current = [_standing(recipe, _get(client, recipe.tag)) for recipe in recipes]
    with explained("listing images"):
        found = client.api.images(name=REPOSITORY)
    known = {recipe.tag for recipe in recipes}
    outdated = [
        _outdated(tag, image)
        for image in found
        for tag in image["RepoTags"] or ()
        if tag.startswith(f"{REPOSITORY}:") and tag not in known
    ]
    return (*current, *sorted(outdated, key=lambda standing: standing.tag))


def is_there(client: DockerClient, name: str) -> bool:
    """Tell whether the engine has an image of this name."""
    return _get(client, name) is not None


def build(client: DockerClient, recipe: Recipe, say: Say) -> str:
    """Build an image unless it is there; return its name. The Debian base must be there.

    Raises: SandboxUnavailableError if no registry answers, SandboxError if the build fails.
    """
    if is_there(client, recipe.tag):
        return recipe.tag
    if not is_there(client, recipe.base_image):
        _check_registry(client, recipe.base_image)
    say(f"building {recipe.tag} on {recipe.base_image}")
    doing = f"building {recipe.tag}"
    with explained(doing):
        log = client.api.build(
            fileobj=io.BytesIO(recipe.context),
            custom_context=True,
            tag=recipe.tag,
            buildargs={"BASE_IMAGE": recipe.base_image},
            labels={BASE_LABEL: recipe.base_image},
            rm=True,
            forcerm=True,
            decode=True,
        )
        with closing(log):  # when it is left too early, the engine stops building
            _follow(log, doing, say)
    return recipe.tag


def _context(folder: Path) -> bytes:
    """Return what the engine is sent: the Dockerfile and the certificates, and nothing else."""
    certificates = sorted((folder.parent / "certs").glob("*.crt"))
    contents = {"Dockerfile": (folder / "Dockerfile").read_bytes()}
    for path in certificates:
        contents[f"certs/{path.name}"] = data = path.read_bytes()
        if b"PRIVATE KEY" in data:
            raise ConfigError(
                f"{path} holds a private key; put certificates alone into {path.parent}"
            )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        place = tarfile.TarInfo("certs")
        place.type, place.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(place)
        for name, data in contents.items():
            entry = tarfile.TarInfo(name)  # no time and no owner: the same sources, the same tar
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _get(client: DockerClient, name: str) -> DockerImage | None:
    from docker.errors import ImageNotFound

    with explained(f"looking for {name}"), suppress(ImageNotFound):
        return client.images.get(name)
    return None


def _standing(recipe: Recipe, image: DockerImage | None) -> Standing:
    if image is None:
        return Standing(recipe.tag, recipe.base, recipe.base_image)
    made = f"{image.attrs['Created'][:19]}Z"
    return Standing(recipe.tag, recipe.base, recipe.base_image, _mb(image.attrs["Size"]), made)


def _outdated(tag: str, image: Mapping[str, Any]) -> Standing:
    base_image = (image["Labels"] or {}).get(BASE_LABEL, "")
    made = datetime.fromtimestamp(image["Created"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Standing(tag, "", base_image, _mb(image["Size"]), made)


def _mb(size_bytes: int) -> int:
    return round(size_bytes / 1e6)


def _check_registry(client: DockerClient, image: str) -> None:
    """Ask through the engine whether a registry answers, before waiting for a download."""
    from requests import RequestException

    if image == debian.IMAGE:
        raise SandboxError(f"{image} is not there; make images BASE=debian")
    api = client.api
    try:
        answer = api.get(
            f"{api.base_url}/v{api.api_version}/distribution/{image}/json", timeout=_REGISTRY_S
        )
        reason = str(answer.json().get("message")) if answer.status_code >= 500 else None
    except (RequestException, ValueError) as error:
        reason = str(error)
    if reason:
        raise SandboxUnavailableError(
            f"no image registry answers for {image} ({reason}); to build from Debian packages "
            "alone: make images BASE=debian"
        )


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
