"""`agents.git`: the code of every agent, one branch `agents/<id>` each.

Objects are written and refs are moved in this process; the git program only ever sees this bare
repository, which the host owns, in an environment of its own.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING

from dgm.archive.disk import writing_to
from dgm.archive.layout import RunFolder
from dgm.archive.manifest import read_manifest
from dgm.archive.snapshot import Snapshot, encode_object, hash_object, write_tree
from dgm.errors import ArchiveError
from dgm.hostgit import SAFE_ENVIRONMENT, require_git
from dgm.records import AgentCode

if TYPE_CHECKING:
    import git

_AUTHOR = "dgm <dgm@localhost>"
_PREFIX = "refs/heads/agents/"
_NEEDED = frozenset({"PATH", "LD_LIBRARY_PATH", "TMPDIR"})
_FILE_MODES = {0o100644: 0o644, 0o100755: 0o755}
_DIFF_OPTIONS = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")


@dataclass(frozen=True, slots=True)
class Branch:
    """One agent's branch as git has it."""

    agent_id: str
    commit: str
    tree_hash: str
    parent_commit: str | None


class AgentRepository:
    """The run's repository. May be shared by threads; leave it through its `with` block."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._guard = RLock()  # reading goes through one long-lived `git cat-file`

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty bare repository whose default branch is the seed's."""
        for folder in ("objects/info", "objects/pack", "refs/heads/agents", "refs/tags"):
            (path / folder).mkdir(parents=True)
        (path / "HEAD").write_text(f"ref: {_PREFIX}a0000\n")
        (path / "config").write_text(
            "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
            "\thooksPath = /dev/null\n\tfsmonitor = false\n[gc]\n\tauto = 0\n"
            # An agent may have attributes that git finds odd; here they are mere files.
            "[fsck]\n\tgitattributesLineLength = ignore\n\tgitattributesLarge = ignore\n"
        )

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[AgentRepository]:
        """Open a repository made by `create`.

        Raises: ArchiveError if there is none.
        """
        if not (path / "HEAD").is_file():
            remedy = RunFolder(path.parent).remedy
            raise ArchiveError(f"{path} is missing or no git repository; {remedy}")
        repository = cls(path)
        try:
            yield repository
        finally:
            if "_repo" in vars(repository):
                repository._repo.close()

    @cached_property
    def _repo(self) -> git.Repo:
        library = _gitpython()
        repo: git.Repo = library.Repo(self._path, expand_vars=False)
        # GitPython hands the host's whole environment on, keys and all: what git needs not is
        # blotted out.
        inherited = (name for name in os.environ if name not in _NEEDED)
        unneeded = {name: "" for name in inherited if not name.startswith("GIT_")}
        repo.git.update_environment(**{**unneeded, **git_environment(self._path)})
        return repo

    def commit(
        self,
        snapshot: Snapshot,
        *,
        agent_id: str,
        parent: str | None,
        message: str,
        at: float,
        replace: bool = False,
    ) -> None:
        """Commit files to the agent's branch.

        `at` (epoch seconds) is the commit's time, so that equal input gives equal hashes. The
        same tree again is harmless.

        Raises: ArchiveError if the branch has another tree and `replace` is false, or the parent
            has no branch.
        """
        with self._guard, writing_to(self._path):
            present = self.branch(agent_id)
            if present and present.tree_hash != snapshot.tree_hash and not replace:
                raise ArchiveError(f"branch agents/{agent_id} already holds other code")
            if not present or present.tree_hash != snapshot.tree_hash:
                tree = write_tree(snapshot.files, self._put).hex()
                commit = self._put_commit(tree, parent, message or agent_id, int(at))
                self._point(agent_id, commit)

    def branch(self, agent_id: str) -> Branch | None:
        """Return the agent's branch, None if it has none."""
        found = self._list(f"{_PREFIX}{agent_id}")
        return found[0] if found else None

    def branches(self) -> tuple[Branch, ...]:
        """List all branches by agent id."""
        return self._list(_PREFIX)

    def checkout(self, tree_hash: str, into: Path) -> AgentCode:
        """Lay an agent's tree out in a new folder, all of it or nothing.

        If `into` exists already it is taken to hold that tree.

        Raises: ArchiveError if there is no such tree.
        """
        if not into.exists():
            into.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=f".{into.name[:40]}.", dir=into.parent))
            try:
                with self._guard:
                    _write_tree_to(self._tree(tree_hash), part)
                part.chmod(0o755)
                _rename_unless_there(part, into)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        return AgentCode(tree_hash, into, read_manifest(into))

    def export(self, tree_hash: str, to: Path) -> None:
        """Lay an agent's tree out in a folder of the user's.

        Raises: ArchiveError if that exists and is not an empty folder.
        """
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise ArchiveError(f"{to} is not empty; name a new folder")
        if to.exists():
            to.rmdir()
        self.checkout(tree_hash, to)

    def diff(self, tree_a: str, tree_b: str) -> str:
        """Return the changes from one tree to another as a patch; empty if there are none."""
        return self._git("diff", *_DIFF_OPTIONS, tree_a, tree_b, "--").decode("utf-8", "replace")

    def changed_files(self, tree_a: str, tree_b: str) -> tuple[str, ...]:
        """Return the paths that differ between two trees, sorted."""
        names = self._git("diff", *_DIFF_OPTIONS, "--name-only", "-z", tree_a, tree_b, "--")
        return tuple(names.decode("utf-8", "replace").split("\0")[:-1])

    def blobs(self, tree_hash: str) -> frozenset[str]:
        """Return the hashes of all files in a tree."""
        listed = self._git("ls-tree", "-r", "-z", tree_hash).decode("utf-8", "replace")
        return frozenset(line.split(maxsplit=3)[2] for line in listed.split("\0")[:-1])

    def file(self, tree_hash: str, path: str) -> bytes:
        """Return the content of one file of a tree. Raises: ArchiveError if it has none."""
        return self._git("cat-file", "blob", f"{tree_hash}:{path}")

    def problems(self) -> tuple[str, ...]:
        """Return what `git fsck` finds wrong."""
        try:
            self._git("fsck", "--full", "--no-dangling", "--no-progress", "--no-reflogs")
        except ArchiveError as error:
            return (str(error),)
        return ()

    def _git(self, command: str, *words: str) -> bytes:
        library = _gitpython()
        try:
            output = self._repo.git.execute(
                ["git", command, *words], stdout_as_string=False, strip_newline_in_stdout=False
            )
        except library.GitCommandError as error:
            said = " ".join(str(error.stderr).split())[:500]
            raise ArchiveError(f"git {command} failed in {self._path}: {said}") from error
        if not isinstance(output, bytes):
            raise TypeError(f"git {command} gave no bytes")
        return output

    def _list(self, pattern: str) -> tuple[Branch, ...]:
        form = "--format=%(refname) %(objectname) %(tree) %(parent)"
        lines = self._git("for-each-ref", form, pattern).decode().splitlines()
        fields = (line.removeprefix(_PREFIX).split(" ") for line in lines)
        return tuple(Branch(name, commit, tree, up or None) for name, commit, tree, up in fields)

    def _tree(self, tree_hash: str) -> git.Tree:
        library = _gitpython()
        try:
            binary = bytes.fromhex(tree_hash)
            self._repo.odb.info(binary)  # asks git, so that packed objects are found as well
        except ValueError as error:
            raise ArchiveError(f"there is no tree {tree_hash} in the archive") from error
        tree: git.Tree = library.Tree(self._repo, binary, path="")
        return tree

    def _put(self, kind: str, data: bytes) -> bytes:
        digest = hash_object(kind, data)
        name = digest.hex()
        path = self._path / "objects" / name[:2] / name[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            self._write(path, zlib.compress(encode_object(kind, data), 1))
        return digest

    def _put_commit(self, tree: str, parent: str | None, message: str, at: int) -> str:
        lines = [f"tree {tree}"]
        if parent is not None:
            if (up := self.branch(parent)) is None:
                remedy = RunFolder(self._path.parent).remedy
                raise ArchiveError(f"agent {parent} has no branch to build on; {remedy}")
            lines.append(f"parent {up.commit}")
        lines += [f"author {_AUTHOR} {at} +0000", f"committer {_AUTHOR} {at} +0000"]
        text = "\n".join(lines) + "\n\n" + message.replace("\0", "").strip() + "\n"
        return self._put("commit", text.encode("utf-8", "replace")).hex()

    def _point(self, agent_id: str, commit: str) -> None:
        self._write(self._path / _PREFIX / agent_id, f"{commit}\n".encode())

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all; what a kill leaves is garbage that git expects."""
        handle, part = tempfile.mkstemp(prefix="tmp_obj_", dir=self._path / "objects")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(part).chmod(0o444)
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)


def _gitpython() -> ModuleType:
    """Import GitPython: 0.1 s that only commands that look at code should pay.

    The import runs `git version` with the host's whole environment, keys and all. Told of a program
    that is not there, it runs nothing; every command here names git itself.

    Raises: MachineError where there is no git.
    """
    require_git()
    if "git" not in sys.modules:
        told = {"GIT_PYTHON_REFRESH": "quiet", "GIT_PYTHON_GIT_EXECUTABLE": "/nonexistent/git"}
        before = {name: os.environ.get(name) for name in told}
        os.environ.update(told)
        try:
            importlib.import_module("git")
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
    return sys.modules["git"]


def git_environment(repository: Path) -> dict[str, str]:
    """What every git program gets, so that no setting of the user or of an agent can act."""
    return {
        **SAFE_ENVIRONMENT,
        "GIT_DIR": str(repository),
        "GIT_OBJECT_DIRECTORY": str(repository / "objects"),
        "GIT_CONFIG_COUNT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def _write_tree_to(tree: git.Tree, folder: Path) -> None:
    for blob in tree.blobs:
        if blob.mode not in _FILE_MODES:
            raise ArchiveError(f"{blob.path} in tree {tree.hexsha} is no regular file")
        path = folder / blob.name
        path.write_bytes(blob.data_stream.read())
        path.chmod(_FILE_MODES[blob.mode])
    for below in tree.trees:
        (folder / below.name).mkdir()
        _write_tree_to(below, folder / below.name)


def _rename_unless_there(part: Path, into: Path) -> None:
    try:
        part.rename(into)
    except OSError as error:
        if not into.is_dir():  # somebody else was first, with the same tree
            raise ArchiveError(f"{into} cannot be written: {error.strerror}") from error
