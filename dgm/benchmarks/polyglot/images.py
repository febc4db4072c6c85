"""The image of each language: its Dockerfile on Debian, with the sandboxes' runtime on top.

On a base of a registry (`debian:trixie-slim`), or, where the sandboxes' own image is made of Debian
packages alone, on one made of such.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.benchmarks.polyglot.languages import Language
from dgm.records import Environment
from dgm.resources import data_folder
from dgm.sandbox import builds, debian, images, taskimages
from dgm.sandbox.progress import Say

if TYPE_CHECKING:
    from docker import DockerClient

_REGISTRY_IMAGE = "debian:trixie-slim"
_BUILD_S = 3600


@dataclass(frozen=True, slots=True)
class Builder:
    """What images are built with: `base` is the image of the sandboxes without a task.

    `cache` keeps what debootstrap has fetched, `proxies` (`http_proxy`, ...) serve it alone.
    """

    client: DockerClient
    base: str
    cache: Path
    proxies: Mapping[str, str]
    say: Say

    def build(self, language: Language) -> Environment:
        """Build a language's image unless it is there. Raises: SandboxError."""
        files = {**_own_files(language), **images.certificates()}
        context = builds.packed(files, folders=("certs",))
        arguments = {"BASE_IMAGE": self._base_image()}
        built = taskimages.built(self.client, context, self.say, arguments, _BUILD_S)
        whole = taskimages.with_runtime(self.client, built, self.say)
        image = taskimages.look(self.client, whole)
        return language.needs(Environment(image=image.id, variables=image.variables))

    def _base_image(self) -> str:
        """Return the image that all are built on, which is there or comes from a registry."""
        about = taskimages.labels_on(self.client, self.base)
        if about.get(images.BASE_LABEL) == debian.BOOKWORM.image:
            debian.ensure(self.client, self.cache, self.proxies, self.say, debian.TRIXIE)
            return debian.TRIXIE.image
        if not builds.is_there(self.client, _REGISTRY_IMAGE):
            remedy = "to build from Debian packages alone: make images BASE=debian, then again"
            builds.check_registry(self.client, _REGISTRY_IMAGE, remedy)
        return _REGISTRY_IMAGE


def recipe_of(language: Language) -> str:
    """Return a digest of what we decide about a language's image, whatever it is built on."""
    return hashlib.sha256(repr(sorted(_own_files(language).items())).encode()).hexdigest()


def _own_files(language: Language) -> Mapping[str, bytes]:
    folder = data_folder("sandbox") / "polyglot" / language.name
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
