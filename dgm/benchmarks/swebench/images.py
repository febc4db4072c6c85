"""The image a row names: here already, or from a registry where one can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgm.errors import BenchmarkError
from dgm.sandbox import builds
from dgm.sandbox.engine import explained
from dgm.sandbox.progress import Say

if TYPE_CHECKING:
    from docker import DockerClient


def provide(client: DockerClient, image: str, say: Say) -> None:
    """Have the engine hold an image. Raises: BenchmarkError if it cannot be had, SandboxError."""
    from docker.errors import APIError, NotFound

    if builds.is_there(client, image):
        return
    if reason := builds.registry_trouble(client, image):
        raise BenchmarkError(
            f"its image {image} is not here, and no registry answers ({reason}); build it, or "
            f"bring it: docker save {image} there, docker load here"
        )
    say(f"swebench: pulling {image}")
    with explained(f"pulling {image}"):
        try:
            client.images.pull(image)
        except (NotFound, APIError) as error:
            raise BenchmarkError(
                f"its image {image} is not here, and the registry does not give it "
                f"({error.explanation})"
            ) from error
