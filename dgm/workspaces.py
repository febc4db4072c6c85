"""The repository an agent works on, as git objects that the host owns.

A workspace goes into a sandbox as a fresh repository of one commit; what comes back is compared
with the same base by the host's own git, in a git folder no agent has ever touched.

Covered: hooks, filters, attributes, ignore rules and configuration an agent leaves in its files
have no effect here; a patch that reaches outside its tree is refused, because patches are applied
to an index, never to files; so is one that makes links or submodules, or is beyond all measure.
Not covered: submodules of the base (dropped with every `.git` on the way out).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

from dgm.errors import PatchRefusedError, TooMuchOutputError
from dgm.hostgit import attempt_git, git, make_git_folder

# Two files of this size can be made such that comparing them line by line takes four seconds, and
# twice the size four times as long; larger ones are compared as wholes.
_BIG_FILE = ("-c", "core.bigFileThreshold=512k")
_DIFF = (
    *_BIG_FILE,
    *("diff", "--binary", "--full-index", "--no-color"),
    *("--no-renames", "--no-ext-diff", "--no-textconv"),
)
# What Python compiles by the way is no change of anybody's.
_CONTENT = (".", ":(exclude,glob)**/__pycache__/**")
_NAMES = ("diff", "--cached", "--name-status", "-z", "--no-renames")
_FILE_MODES = frozenset({b"100644", b"100755", b"000000"})
MAX_PATCH_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Workspace:
    """A base tree: the files in `source`, and two git folders that hold them as one commit.

    `git_folder` is the host's and what it compares with; `given_git_folder` is what an agent gets
    a copy of. `noise` is a list of paths (see `noise_list`) or None.
    """

    source: Path
    git_folder: Path
    given_git_folder: Path
    noise: Path | None = None

    def diff(self, folder: Path, noise: Sequence[str] = ()) -> bytes:
        """Return the binary patch from the base to the files in `folder`; empty if none.

        `noise` are patterns (`build/*`, `*.class`) of files that are no part of it, at any depth.
        No link ever comes out of a sandbox: those of the base are taken to be untouched where
        nothing else has taken their place.

        Raises: PatchRefusedError if it is larger than `MAX_PATCH_BYTES`.
        """
        try:
            return self._diff(folder, noise)
        except TooMuchOutputError as error:
            most = MAX_PATCH_BYTES >> 20
            raise PatchRefusedError(f"the change is larger than {most} MiB as a patch") from error

    def _diff(self, folder: Path, noise: Sequence[str]) -> bytes:
        links = list(self._links())
        with self._scratch() as scratch:
            scratch["GIT_WORK_TREE"] = str(folder)
            if not links and not self.noise and not self._has_new_files(folder):
                return git([*_DIFF, "HEAD"], scratch, max_output=MAX_PATCH_BYTES)  # half the work
            git(["add", "-A", "-f", *_CONTENT, *map(_without, noise)], scratch)
            untouched = [os.fsencode(link) for link in links if _is_free(folder, link)]
            _give_back(scratch, [*untouched, *self._noise_in(scratch)])
            return git([*_DIFF, "--cached", "HEAD"], scratch, max_output=MAX_PATCH_BYTES)

    def apply(self, patch: bytes, into: Path, *, leave_out: Sequence[str] = ()) -> None:
        """Lay the base with `patch` applied into the empty host folder `into`.

        `leave_out` are git path patterns whose parts of the patch are skipped.

        Raises: PatchRefusedError if the patch does not apply, or makes links or submodules.
        """
        with self._scratch() as scratch:
            if patch.strip():
                exclusions = [f"--exclude={pattern}" for pattern in leave_out]
                arguments = ["apply", "--cached", "--whitespace=nowarn", *exclusions, "-"]
                finished = attempt_git(arguments, scratch, patch)
                if finished.code != 0:
                    message = finished.stderr.decode(errors="replace").strip()
                    raise PatchRefusedError(f"the patch does not apply: {message[-300:]}")
                _settle(scratch, leave_out)
            git(["checkout-index", "-a", "-f", f"--prefix={into}/"], scratch)

    def _noise_in(self, scratch: Mapping[str, str]) -> Sequence[bytes]:
        """Return the changed paths of an index whose changes are nobody's."""
        if self.noise is None:
            return ()
        named = frozenset(self.noise.read_bytes().split(b"\0"))
        raw = git([*_NAMES, "HEAD"], scratch).split(b"\0")
        new = [name for kind, name in zip(raw[::2], raw[1::2], strict=False) if kind == b"A"]
        by_base = {**scratch, "GIT_WORK_TREE": str(self.source)}
        stdin = b"".join(name + b"\0" for name in new)
        asked = attempt_git(["check-ignore", "--no-index", "-z", "--stdin"], by_base, stdin)
        return [*named.intersection(raw[1::2]), *filter(None, asked.stdout.split(b"\0"))]

    def _links(self) -> Iterator[Path]:
        for path in self.source.rglob("*"):
            if path.is_symlink():
                yield path.relative_to(self.source)

    def _has_new_files(self, folder: Path) -> bool:
        """Whether a file lies in `folder` where the base has none, which git has to be told."""
        return any(
            path.is_file() and not (self.source / path.relative_to(folder)).is_file()
            for path in folder.rglob("*")
        )

    def _scratch(self) -> _Scratch:
        return _Scratch(self.git_folder)


def _settle(scratch: Mapping[str, str], leave_out: Sequence[str]) -> None:
    """Refuse what is no regular file in an index, and give back what had to be left out.

    Git leaves out by the new name alone: a protected file could be renamed away.
    """
    raw = git(["diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD"], scratch)
    words = raw.split(b"\0")
    before = b""
    for head, name in zip(words[::2], words[1::2], strict=False):
        old_mode, mode, digest, *_ = head.lstrip(b":").split()
        path = os.fsdecode(name)
        if mode not in _FILE_MODES:
            raise PatchRefusedError(f"the patch makes what is no regular file: {path}")
        if any(fnmatch(path, pattern) for pattern in leave_out):
            before += b"%b %b\t%b\0" % (old_mode, digest, name)
    if before:
        git(["update-index", "-z", "--index-info"], scratch, before)


def _give_back(scratch: Mapping[str, str], paths: Sequence[bytes]) -> None:
    """Have an index hold what the base has at some paths."""
    if paths:
        options = ("--pathspec-from-file=-", "--pathspec-file-nul")
        stdin = b"".join(path + b"\0" for path in paths)
        git(["--literal-pathspecs", "reset", "-q", *options, "HEAD"], scratch, stdin)


def _is_free(folder: Path, link: Path) -> bool:
    """Whether a link fits in a folder without pushing anything aside."""
    place = folder / link
    above = (folder / parent for parent in link.parents)
    return not os.path.lexists(place) and not any(parent.is_file() for parent in above)


def touched_files(patch: bytes) -> tuple[str, ...]:
    """Return the paths a patch changes, in its order; then those it moves or copies files from.

    Raises: PatchRefusedError if it is none.
    """
    if not patch.strip():
        return ()
    names = _named(patch)
    if b"rename from " in patch or b"copy from " in patch:
        names += _named(patch, "-R")
    return tuple(dict.fromkeys(names))


def _named(patch: bytes, *options: str) -> list[str]:
    nowhere = {"GIT_DIR": "/nonexistent"}
    finished = attempt_git(["apply", *options, "--numstat", "-z", "-"], nowhere, patch)
    if finished.code != 0:
        raise PatchRefusedError("this is no patch that git can read")
    records = finished.stdout.decode(errors="surrogateescape").split("\0")
    return [record.split("\t", 2)[2] for record in records if record.count("\t") >= 2]


def _without(pattern: str) -> str:
    """Return the pathspec that leaves out what meets a pattern, in whatever folder."""
    below = f"{pattern.removesuffix('/*')}/**" if pattern.endswith("/*") else pattern
    return f":(exclude,glob)**/{below}"


class _Scratch:
    """A private index and object folder over a base, gone at the end of the `with` block."""

    def __init__(self, git_folder: Path) -> None:
        self._git_folder = git_folder
        self._folder = tempfile.TemporaryDirectory(prefix="dgm-index-")

    def __enter__(self) -> dict[str, str]:
        folder = Path(self._folder.name)
        shutil.copyfile(self._git_folder / "index", folder / "index")
        (folder / "objects").mkdir()
        return {
            "GIT_DIR": str(self._git_folder),
            "GIT_INDEX_FILE": str(folder / "index"),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self._git_folder / "objects"),
        }

    def __exit__(self, *exc: object) -> None:
        self._folder.cleanup()


class Workspaces:
    """Makes each base tree once and keeps it for the life of the process. Thread-safe."""

    def __init__(self, cache: Path) -> None:
        """`cache` is a private folder, made if missing; processes may share it."""
        self._cache = cache
        self._lock = threading.Lock()
        self._made: dict[Path, Workspace] = {}

    def of(self, source: Path) -> Workspace:
        """Return the workspace made of the files in `source`, a folder that never changes.

        Its noise is left out of every patch, if there is a `noise_list` of it.
        """
        with self._lock:
            if source not in self._made:
                self._cache.mkdir(parents=True, exist_ok=True)
                folder = Path(tempfile.mkdtemp(prefix="w", dir=self._cache))
                self._made[source] = _make(source, folder)
            return self._made[source]

    def __reduce__(self) -> tuple[type[Workspaces], tuple[Path]]:
        """Travel to another process without what was made: it makes its own."""
        return Workspaces, (self._cache,)


def noise_list(source: Path) -> Path:
    """Return where it may be said which changes to a base are nobody's, as by running its tests.

    The file holds paths, each followed by a NUL; where it is, new files that the base's own ignore
    rules name are nobody's either.
    """
    return source.with_name(f"{source.name}.noise")


def _make(source: Path, folder: Path) -> Workspace:
    own, given = folder / "own.git", folder / "given.git"
    where = {"GIT_DIR": str(own), "GIT_WORK_TREE": str(source)}
    make_git_folder(own)
    git(["add", "-A", "-f", *_CONTENT], where)
    git(["commit", "-q", "--allow-empty", "--no-verify", "-m", "The repository"], where)
    (own / "COMMIT_EDITMSG").unlink(missing_ok=True)
    shutil.copytree(own, given, ignore=shutil.ignore_patterns("info"))
    noise = noise_list(source)
    return Workspace(source, own, given, noise if noise.is_file() else None)
