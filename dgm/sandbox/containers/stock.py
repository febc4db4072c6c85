"""Which image a sandbox starts from: the driver's own base, or that of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from dgm.errors import SandboxUnavailableError
from dgm.records import Environment
from dgm.sandbox import taskimages
from dgm.sandbox.progress import Say
from dgm.sandbox.runner import ENVIRONMENT
from dgm.sandbox.surroundings import link_of, with_variables

if TYPE_CHECKING:
    from docker import DockerClient

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Stocked:
    """An image to start, and the variables that every command in it gets."""

    image: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stock:
    """The images of one driver; each is looked at once. Thread-safe. `base` is the driver's own."""

    client: DockerClient
    base: str
    say: Say
    _found: dict[tuple[str, str], str] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, environment: Environment) -> Stocked:
        """Return what a task's sandbox starts from; a missing link to the workspace is made.

        Raises: SandboxUnavailableError if the image is missing, was not prepared or declares
            volumes.
        """
        with self._lock:
            place = (environment.image, link_of(environment) or "")
            if place not in self._found:
                self._found[place] = self._image(*place)
            image = self._found[place]
            if image not in self._paths:
                found = dict(taskimages.look(self.client, image).variables)
                self._paths[image] = found.get("PATH") or _PATH
            base = {**ENVIRONMENT, "PATH": self._paths[image]}
        return Stocked(image, with_variables(base, environment))

    def _image(self, own: str, link: str) -> str:
        if not own:
            return self._linked(self.base, link) if link else self.base
        labels = taskimages.labels_on(self.client, own)
        if taskimages.RUNTIME_LABEL not in labels:
            raise SandboxUnavailableError(
                f"the image {own} was not prepared for sandboxes; dgm bench prepare"
            )
        is_linked = not link or labels.get(taskimages.FOLDER_LABEL) == link
        return own if is_linked else self._linked(own, link)

    def _linked(self, image: str, link: str) -> str:
        return taskimages.with_link(self.client, image, link, self.say)
