"""What an image holds of a repository: the base commit's files, its makers' changes, and noise.

The image's own git is asked in a sandbox, for lists alone; the files are taken out by the engine
without running anything, and compared here.

Covered: another commit than the base, or files of one, are refused; only a commit that the makers
of SWE-bench's images sign may lie on top. Not covered: what they wrote into tracked files,
and files of a few words.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dgm.errors import BenchmarkError
from dgm.records import Environment, SandboxLimits
from dgm.sandbox.protocol import ExecResult, SandboxDriver, SandboxSpec

_TIMEOUT_S = 120.0
_LIMITS = SandboxLimits(memory_mb=2048, output_kb=32 * 1024)
_TRUST = "git config --global --add safe.directory '*' && "
_LISTS = (
    _TRUST + 'cd "$0" && git log -1 --format="%H %P %ae" HEAD && git ls-tree -r -z "$1" && '
    "printf '\\0' && git ls-tree -r -z HEAD"
)
_KNOWN = _TRUST + 'cd "$0" && git cat-file --batch-check'
_MAKERS = "setup@swebench.config"  # who commits what setting an image up changes
_TELLING_BYTES = 80  # `top_level.txt` and its like are the same in many commits
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tracked:
    """What an image's repository says it holds: path to blob, at the base and in its HEAD."""

    base: Mapping[str, str]
    head: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The files of a workspace that are not as the base commit has them, as relative paths.

    `setup` are tracked, `noise` are not; `suspects` is path to blob of what might come from
    another commit.
    """

    setup: tuple[str, ...]
    noise: tuple[str, ...]
    suspects: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository in a folder of an image that has the sandboxes' runtime."""

    sandboxes: SandboxDriver
    image: str
    folder: str

    def tracked(self, base_commit: str) -> Tracked:
        """List the files of the base and of HEAD. Raises: BenchmarkError, MachineError."""
        result = self._ask(_LISTS, base_commit)
        if result.exit_code != 0:
            said = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise BenchmarkError(
                f"{self.folder} in its image is no repository with commit {base_commit[:12]}: "
                f"{' '.join(said)[:200]}"
            )
        about, _, lists = result.stdout.partition(b"\n")
        head, *parents, author = about.decode(errors="replace").split()
        is_set_up = parents == [base_commit] and author == _MAKERS
        if head != base_commit and not is_set_up:
            raise BenchmarkError(
                f"{self.folder} in its image is at commit {head[:12]} in place of "
                f"{base_commit[:12]}; take an image made for this row"
            )
        base, _, now = lists.partition(b"\0\0")
        return Tracked(_listed(base), _listed(now))

    def check_none_is_known(self, suspects: Mapping[str, str]) -> None:
        """Refuse files whose content is in the image's history elsewhere. Raises: BenchmarkError.

        Nothing that was built can be in there; what is comes from another commit.
        """
        if not suspects:
            return
        stdin = "".join(f"{blob}\n" for blob in suspects.values()).encode()
        result = self._ask(_KNOWN, stdin=stdin)
        answers = result.stdout.decode(errors="replace").splitlines()
        known = {line.split()[0] for line in answers if line.split()[1:2] == ["blob"]}
        foreign = [path for path, blob in suspects.items() if blob in known]
        if foreign:
            raise BenchmarkError(
                f"{len(foreign)} files in {self.folder} of its image come from another commit: "
                f"{', '.join(foreign[:_SHOWN])}"
            )

    def _ask(self, script: str, *words: str, stdin: bytes = b"") -> ExecResult:
        spec = SandboxSpec(
            "swebench-sources", "prepare", _LIMITS, environment=Environment(self.image)
        )
        with self.sandboxes.open(spec) as sandbox:
            return sandbox.exec(
                ["sh", "-c", script, self.folder, *words],
                cwd=sandbox.paths.tmp,
                env={},
                timeout_s=_TIMEOUT_S,
                stdin=stdin,
            )


def sorted_out(workspace: Path, tracked: Tracked) -> Sorted:
    """Compare a workspace with what is tracked. Links are left to their words."""
    setup: list[str] = []
    noise: list[str] = []
    suspects: dict[str, str] = {}
    accounted = {*tracked.base.values(), *tracked.head.values()}
    for path in _files(workspace):
        name = path.relative_to(workspace).as_posix()
        blob = _blob(path)
        if tracked.base.get(name) == blob:
            continue
        is_tracked = name in tracked.base or name in tracked.head
        (setup if is_tracked else noise).append(name)
        if blob not in accounted and path.stat().st_size >= _TELLING_BYTES:
            suspects[name] = blob
    return Sorted(tuple(setup), tuple(noise), suspects)


def missing_files(workspace: Path, tracked: Tracked) -> Sequence[str]:
    """Return what the base has and the image's makers did not remove, and yet is not there."""
    names = tracked.base.keys() & tracked.head.keys()
    return sorted(name for name in names if not os.path.lexists(workspace / name))


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _blob(path: Path) -> str:
    data = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _listed(answer: bytes) -> Mapping[str, str]:
    """Read `git ls-tree -r -z`, but for links and submodules."""
    found = {}
    for line in filter(None, answer.split(b"\0")):
        about, _, name = line.partition(b"\t")
        mode, kind, blob = about.decode().split()
        if kind == "blob" and mode != "120000":
            found[os.fsdecode(name)] = blob
    return found
