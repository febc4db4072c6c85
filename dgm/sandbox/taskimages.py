"""Images that tasks bring: built of their Dockerfile, given the sandboxes' runtime, emptied.

An image is named by everything that decides it (`dgm-task:...`), so that what was built once is
found again. What lies in a task's folder is taken out, for the host to make workspaces of, and a
link to the workspace takes its place.

Covered: names, links, sizes and number of what is taken out, and that no link leads out of it; the
folder's content is in no container of the emptied image, nor are a `.git`, the user's caches, and
what Python and pytest leave beside sources. Not covered: what else an image holds (`leaks.py` looks
at that); what a Dockerfile does while it is built, with the network the engine gives it.
"""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from dgm.errors import SandboxError, SandboxUnavailableError, UnsafeArchiveError
from dgm.sandbox import builds
from dgm.sandbox.builds import Build
from dgm.sandbox.containers import labels
from dgm.sandbox.engine import explained
from dgm.sandbox.images import runtime_context
from dgm.sandbox.imagetar import unpack_image
from dgm.sandbox.progress import Say
from dgm.sandbox.protocol import Collected, SandboxPaths
from dgm.sandbox.surroundings import folder_problem

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "dgm-task"
KIND_LABEL = "dgm.image"
RUNTIME_LABEL = "dgm.runtime"
FOLDER_LABEL = "dgm.folder"
_WORKSPACE = SandboxPaths().workspace
_LOOK_S = 3600
_LAYER_S = 1800
_MAX_BYTES, _MAX_FILES = 2 << 30, 200_000


@dataclass(frozen=True, slots=True)
class TaskImage:
    """An image the engine has: its id, its working folder, its variables."""

    id: str
    folder: str
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """What is built on `below`, the id of an image or a word, and all that decides it."""

    below: str
    context: bytes
    arguments: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int = _LAYER_S

    @property
    def tag(self) -> str:
        decisive = repr((self.below, sorted(self.arguments.items()))).encode() + self.context
        return f"{REPOSITORY}:{hashlib.sha256(decisive).hexdigest()[:12]}"


def built(
    client: DockerClient,
    context: bytes,
    say: Say,
    arguments: Mapping[str, str] | None = None,
    timeout_s: int = 600,
) -> str:
    """Build a Dockerfile's image unless it is there; return its name.

    Raises: SandboxError if the build fails, with the last words of what failed.
    """
    layer = _Layer("dockerfile", context, arguments or {}, timeout_s=timeout_s)
    return _made(client, layer, say)


def with_runtime(client: DockerClient, image: str, say: Say, folder: Path | None = None) -> str:
    """Add what every sandbox needs (Python, git, patch, a user) where an image has it not.

    `folder` holds the Dockerfile. Raises: SandboxError if it cannot be added.
    """
    found = _config(client, image)
    context = runtime_context(folder)
    about = {RUNTIME_LABEL: hashlib.sha256(context).hexdigest()[:12]}
    arguments = {"BASE_IMAGE": _name_of(found, image)}
    return _made(client, _Layer(found["Id"], context, arguments, about), say)


def with_link(client: DockerClient, image: str, folder: str, say: Say) -> str:
    """Have a path of an image lead to the workspace, in place of what lies there; return the name.

    Raises: SandboxUnavailableError for a path that cannot, SandboxError if the build fails.
    """
    if (problem := folder_problem(folder)) is not None:
        raise SandboxUnavailableError(problem)
    found, place = _config(client, image), shlex.quote(folder)
    ending = (
        f"mkdir {place}"
        if folder == _WORKSPACE
        else f"mkdir -p {shlex.quote(str(PurePosixPath(folder).parent))} && "
        f"ln -s {_WORKSPACE} {place}"
    )
    dockerfile = (
        f'FROM {_name_of(found, image)}\nUSER root\nWORKDIR /\nSHELL ["/bin/sh", "-c"]\n'
        f"RUN rm -rf {place} && {ending}\n"
        "USER 1000:1000\n"
    )
    context = builds.packed({"Dockerfile": dockerfile.encode()})
    return _made(client, _Layer(found["Id"], context, about={FOLDER_LABEL: folder}), say)


def look(client: DockerClient, image: str) -> TaskImage:
    """Say what an image is. Raises: SandboxUnavailableError if there is none, or it has volumes."""
    found = _config(client, image)
    config = found["Config"]
    if config.get("Volumes"):
        raise SandboxUnavailableError(
            f"the image {image} declares volumes ({', '.join(config['Volumes'])}), which no limit "
            "bounds; build it without VOLUME"
        )
    pairs = (word.partition("=") for word in config.get("Env") or ())
    variables = tuple((name, value) for name, _, value in pairs)
    return TaskImage(str(found["Id"]), str(config.get("WorkingDir") or "/"), variables)


def labels_on(client: DockerClient, image: str) -> Mapping[str, str]:
    """Return the labels of an image. Raises: SandboxUnavailableError if there is none."""
    return dict(_config(client, image)["Config"].get("Labels") or {})


def take_out(client: DockerClient, image: str, folder: str, into: Path) -> Collected:
    """Copy what lies in a folder of an image into an empty folder of the host.

    Nothing of the image is run. Files, folders, and links that stay inside; git's own folders and
    caches stay behind. An image without that folder gives nothing.

    Raises: UnsafeArchiveError beyond the caps or for a forbidden path, SandboxError.
    """
    from docker.errors import NotFound

    with _not_started(client, image) as container, explained(f"taking {folder} out of {image}"):
        try:
            stream, status = client.api.get_archive(container, folder)
        except NotFound:
            return Collected(0, 0)
        if not int(status["mode"]) >> 31:  # Go's bit for a folder
            raise UnsafeArchiveError(f"{folder} is no folder in {image}")
        return unpack_image(stream, into, max_bytes=_MAX_BYTES, max_files=_MAX_FILES)


def find_all(client: DockerClient) -> tuple[Mapping[str, Any], ...]:
    """List the images of tasks: `Id`, `RepoTags`, `Size`, `Labels` of each."""
    with explained("listing images"):
        return tuple(client.api.images(filters={"label": f"{KIND_LABEL}=task"}))


def remove_all(client: DockerClient) -> int:
    """Remove every image of a task that no container uses; return how many names went."""
    from docker.errors import APIError

    removed = 0
    for image in find_all(client):
        for tag in image["RepoTags"] or ():
            try:
                with explained(f"removing {tag}"):
                    client.api.remove_image(tag)
                removed += 1
            except SandboxError as error:
                if not isinstance(error.__cause__, APIError):
                    raise  # the engine is lost; else it is in use
    return removed


def _made(client: DockerClient, layer: _Layer, say: Say) -> str:
    """Build an image unless it is there; return its name."""
    if not builds.is_there(client, layer.tag):
        about = {labels.PROJECT: labels.OURS, KIND_LABEL: "task", **layer.about}
        order = Build(layer.tag, layer.context, about, layer.arguments, layer.timeout_s)
        builds.run(client, order, say)
    return layer.tag


def _name_of(found: Mapping[str, Any], image: str) -> str:
    """Return what a Dockerfile can name an image by: not every builder takes an id."""
    names = found.get("RepoTags") or ()
    return str(names[0]) if image.startswith("sha256:") and names else image


def _config(client: DockerClient, image: str) -> Mapping[str, Any]:
    found = builds.find(client, image)
    if found is None:
        raise SandboxUnavailableError(
            f"the engine has no image {image}; dgm images build makes the sandboxes' own, "
            "dgm bench prepare those of tasks"
        )
    attrs: Mapping[str, Any] = found.attrs
    return attrs


@contextmanager
def _not_started(client: DockerClient, image: str) -> Iterator[str]:
    """Make a container that is never started; what a killed process leaves goes by its expiry."""
    about = {labels.PROJECT: labels.OURS, labels.RUN: "prepare"}
    about[labels.EXPIRES] = str(int(time.time() + _LOOK_S))
    with explained(f"looking into {image}"):
        made = client.api.create_container(
            image, ["true"], entrypoint=["true"], labels=about, network_disabled=True,
            use_config_proxy=False,
        )  # fmt: skip
    try:
        yield str(made["Id"])
    finally:
        labels.remove(client, made["Id"])
