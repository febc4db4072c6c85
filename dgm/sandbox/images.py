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
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.errors import ConfigError, SandboxError, SandboxUnavailableError
from dgm.resources import data_folder
from dgm.sandbox import builds, debian
from dgm.sandbox.builds import check_registry, is_there
from dgm.sandbox.engine import explained
from dgm.sandbox.progress import Say

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image as DockerImage

REPOSITORY = "dgm-sandbox"
BASE_LABEL = "dgm.base"


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
        return cls(base, runtime_context(folder))

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
    current = [_standing(recipe, builds.find(client, recipe.tag)) for recipe in recipes]
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


def build(client: DockerClient, recipe: Recipe, say: Say) -> str:
    """Build an image unless it is there; return its name. The Debian base must be there.

    Raises: SandboxUnavailableError if no registry answers, SandboxError if the build fails.
    """
    if is_there(client, recipe.tag):
        return recipe.tag
    if not is_there(client, recipe.base_image):
        if recipe.base is Base.DEBIAN:
            raise SandboxError(f"{debian.IMAGE} is not there; make images BASE=debian")
        remedy = "to build from Debian packages alone: make images BASE=debian"
        check_registry(client, recipe.base_image, remedy)
    say(f"building {recipe.tag} on {recipe.base_image}")
    builds.run(
        client,
        builds.Build(
            recipe.tag,
            recipe.context,
            labels={BASE_LABEL: recipe.base_image},
            arguments={"BASE_IMAGE": recipe.base_image},
        ),
        say,
    )
    return recipe.tag


def runtime_context(folder: Path | None = None) -> bytes:
    """Return what the engine is sent: the Dockerfile and the certificates, and nothing else.

    Raises: ConfigError if a certificate holds a private key.
    """
    folder = folder or data_folder("sandbox")
    contents = {"Dockerfile": (folder / "Dockerfile").read_bytes(), **certificates(folder)}
    return builds.packed(contents, folders=("certs",))


def certificates(folder: Path | None = None) -> Mapping[str, bytes]:
    """Return the certificates of the network's own beside `folder`, by the path in a context.

    Raises: ConfigError if one holds a private key.
    """
    contents = {}
    folder = folder or data_folder("sandbox")
    for path in sorted((folder.parent / "certs").glob("*.crt")):
        contents[f"certs/{path.name}"] = data = path.read_bytes()
        if b"PRIVATE KEY" in data:
            raise ConfigError(
                f"{path} holds a private key; put certificates alone into {path.parent}"
            )
    return contents


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
