"""Base images made of Debian packages alone, for networks that reach no image registry.

Debian is laid out in a folder, the folder becomes a tar in a cache, the tar becomes an image:
`dgm-debian:bookworm` for sandboxes, `dgm-debian:trixie` for tasks that want newer compilers. The
name of the cached file carries its recipe and its checksum, so that a torn or an outdated one is
never taken for the base.

Not covered: how old the cached packages are; delete the file, and they are fetched again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dgm.errors import SandboxError
from dgm.sandbox.debootstrap import debootstrap
from dgm.sandbox.engine import check_line, explained
from dgm.sandbox.progress import Say, seldom
from dgm.scratch import scratch_folder

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "dgm-debian"
RECIPE_LABEL = "dgm.recipe"
_PACKAGES = (
    *("ca-certificates", "git", "patch", "procps", "ripgrep"),
    *("python-is-python3", "python3", "python3-venv"),
)
_LEFT_OUT = (  # caches, and what debootstrap takes over from this machine
    *("debootstrap/", "dev/", "proc/", "run/", "sys/", "tmp/", "var/tmp/", "var/log/"),
    *("var/cache/apt/", "var/cache/debconf/", "var/lib/apt/lists/"),
    *("etc/hostname", "etc/machine-id", "etc/resolv.conf"),
)
_NEEDED_MB = 900
_REFUSALS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}


@dataclass(frozen=True, slots=True)
class Suite:
    """A release of Debian, by its name."""

    name: str

    @property
    def image(self) -> str:
        """The name of its image."""
        return f"{REPOSITORY}:{self.name}"

    @property
    def recipe(self) -> str:
        """A digest of all that we decide about it."""
        return hashlib.sha256(repr((self.name, _PACKAGES, _LEFT_OUT)).encode()).hexdigest()[:12]

    @property
    def prefix(self) -> str:
        """How the names of its cached files begin."""
        return f"debian-{self.name}-"


BOOKWORM, TRIXIE = Suite("bookworm"), Suite("trixie")
IMAGE, RECIPE = BOOKWORM.image, BOOKWORM.recipe


def ensure(
    client: DockerClient,
    cache: Path,
    proxies: Mapping[str, str],
    say: Say,
    suite: Suite = BOOKWORM,
) -> None:
    """See to it that the engine has the image of a suite, made by this recipe.

    `proxies` (`http_proxy`, ...) serve debootstrap alone; nothing of them comes into the image.

    Raises: SandboxUnavailableError if it cannot be made here, SandboxError if that failed.
    """
    if recipe_of(client, suite) != suite.recipe:
        with _explained_disk(cache):
            tar = find_tar(cache, suite) or make_tar(cache, proxies, say, suite)
            import_tar(client, tar, say, suite)


def recipe_of(client: DockerClient, suite: Suite = BOOKWORM) -> str | None:
    """Return the recipe by which the engine's base was made, None if it has no base."""
    from docker.errors import ImageNotFound

    with explained(f"looking for {suite.image}"), suppress(ImageNotFound):
        return str(client.images.get(suite.image).labels.get(RECIPE_LABEL, ""))
    return None


def find_tar(cache: Path, suite: Suite = BOOKWORM) -> Path | None:
    """Return the cached base if it is whole and made by this recipe; others are removed."""
    for path in sorted(cache.glob(f"{suite.prefix}*.tar")):
        if path.name == _tar_name(path, suite):
            return path
        path.unlink()
    return None


def make_tar(cache: Path, proxies: Mapping[str, str], say: Say, suite: Suite = BOOKWORM) -> Path:
    """Fetch Debian's packages and lay them down as a tar in `cache`; return its path.

    Raises: SandboxUnavailableError, SandboxError, OSError if the cache cannot be written.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with scratch_folder(cache) as folder:
        root, draft = folder / "root", folder / "base.tar"
        say(f"fetching Debian {suite.name}")
        debootstrap(suite.name, root, _PACKAGES, proxies=proxies, say=seldom(say))
        say(f"packing Debian into {cache}")
        pack(root, draft)
        path = cache / _tar_name(draft, suite)
        draft.rename(path)
    return path


def pack(root: Path, into: Path) -> None:
    """Write a root folder as a tar, without caches and without traces of this machine."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if entry.name.startswith(_LEFT_OUT) else entry

    with into.open("xb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for path in sorted(root.iterdir()):
                tar.add(path, path.name, filter=kept)
        file.flush()
        os.fsync(file.fileno())


def import_tar(client: DockerClient, path: Path, say: Say, suite: Suite = BOOKWORM) -> None:
    """Make the base image of a tar; the one it replaces goes, if nothing is built on it."""
    from docker.errors import APIError, ImageNotFound

    doing = f"importing {suite.image}"
    say(f"{doing} from {path} ({path.stat().st_size / 1e6:.0f} MB)")
    with explained(doing):
        replaced = None
        with suppress(ImageNotFound):
            replaced = client.images.get(suite.image).id
        answer = client.api.import_image_from_file(
            str(path), REPOSITORY, suite.name, changes=[f"LABEL {RECIPE_LABEL}={suite.recipe}"]
        )
        for line in answer.splitlines():
            check_line(json.loads(line), doing)
        if replaced:
            with suppress(APIError):
                client.images.remove(replaced)


def _tar_name(path: Path, suite: Suite) -> str:
    """Return the name under which a base with these contents is cached."""
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return f"{suite.prefix}{suite.recipe}-{checksum}.tar"


@contextmanager
def _explained_disk(cache: Path) -> Iterator[None]:
    """Say in one line that the cache is full, or cannot be written to."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk below {cache} is full; make room ({_NEEDED_MB} MB are needed)"
        elif error.errno in _REFUSALS:
            reason = f"{cache} cannot be written to ({error.strerror})"
        else:
            raise
        raise SandboxError(f"{reason}, or name another place in XDG_CACHE_HOME") from error
