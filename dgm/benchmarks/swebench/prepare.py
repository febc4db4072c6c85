"""Prepare SWE-bench tasks: rows made whole, images with the sandboxes' runtime, workspaces.

What is there already, made of the same row and with its image still in the engine, is left alone,
so an interrupted preparation goes on where it stopped. A row that cannot be prepared costs a line,
and no other row anything.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dgm.benchmarks.swebench import images, prepared
from dgm.benchmarks.swebench.conversion import converted
from dgm.benchmarks.swebench.package import specify, version_of_package
from dgm.benchmarks.swebench.prepared import facts_in, folder_of, record, source_of
from dgm.benchmarks.swebench.rows import Row, Rows
from dgm.benchmarks.swebench.sources import Repository, missing_files, sorted_out
from dgm.errors import BenchmarkError, MachineError, PatchRefusedError
from dgm.sandbox import builds, taskimages
from dgm.sandbox.packages import Shelf
from dgm.sandbox.protocol import SandboxDriver
from dgm.scratch import scratch_folder
from dgm.workspaces import Workspaces, noise_list, touched_files

if TYPE_CHECKING:
    from docker import DockerClient

_Apply = Callable[[bytes, Path], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What preparing takes: an engine and its sandboxes, old packages, and where tasks are put."""

    client: DockerClient
    sandboxes: SandboxDriver
    shelf: Shelf
    home: Path

    def prepare(self, rows: Rows) -> Mapping[str, str]:
        """Prepare rows; return, by row, why it could not be done.

        Raises: BenchmarkError if the package is missing, ConfigError if that for old rows cannot
            be had, MachineError.
        """
        version_of_package()
        given = {row.instance_id: source_of(row) for row in rows.rows}
        whole = converted(rows, self.shelf, self.sandboxes)
        troubles = dict(line.split(": ", 1) for line in whole.refused)
        for row, script in self._specified(whole.rows, troubles):
            self.shelf.say(f"swebench: preparing {row.instance_id}")
            try:
                self._make(row, script, given[row.instance_id])
            except (BenchmarkError, MachineError, PatchRefusedError) as error:
                troubles[row.instance_id] = " ".join(str(error).split())
                self.shelf.say(f"swebench: left out {row.instance_id}: {troubles[row.instance_id]}")
        record(self.home, troubles)
        return troubles

    def _specified(
        self, rows: Sequence[Row], troubles: dict[str, str]
    ) -> Iterator[tuple[Row, str]]:
        scripts, refused = specify(rows) if rows else ({}, {})
        troubles |= refused
        yield from ((row, scripts[row.instance_id]) for row in rows if row.instance_id in scripts)

    def _make(self, row: Row, script: str, source: str) -> None:
        """Prepare one row. Raises: BenchmarkError, MachineError, PatchRefusedError."""
        folder, say = folder_of(script), self.shelf.say
        images.provide(self.client, row.image, say)
        runtime = taskimages.with_runtime(self.client, row.image, say)
        drafts = self.home / ".drafts"
        drafts.mkdir(parents=True, exist_ok=True)
        with scratch_folder(drafts) as scratch:
            draft = scratch / row.instance_id
            workspace = draft / "workspace"
            workspace.mkdir(parents=True)
            repository = Repository(self.sandboxes, runtime, folder)
            tracked = repository.tracked(row.base_commit)
            taskimages.take_out(self.client, row.image, folder, workspace)
            found = sorted_out(workspace, tracked)
            repository.check_none_is_known(found.suspects)
            if lost := missing_files(workspace, tracked):
                raise BenchmarkError(
                    f"{len(lost)} files of the base commit are not in its image: {lost[0]}"
                )
            noise_list(workspace).write_bytes(
                b"".join(os.fsencode(name) + b"\0" for name in found.noise)
            )
            _lay_out_tests(row, workspace, draft / "hidden" / "tests", scratch)
            linked = taskimages.with_link(self.client, runtime, folder, say)
            image = taskimages.look(self.client, linked)
            facts: dict[str, Any] = {
                "source": source,
                "image": image.id,
                "folder": folder,
                "variables": image.variables,
                "setup": found.setup,
            }
            prepared.write(draft, row, script, facts)
            prepared.move(draft, self.home / row.instance_id)


def still_missing(client: DockerClient, home: Path, rows: Rows) -> Rows:
    """Return what of some rows is not prepared, or without its image. Raises: SandboxError."""

    def is_there(row: Row) -> bool:
        facts = facts_in(home / row.instance_id)
        is_same = facts is not None and facts.source == source_of(row)
        return facts is not None and is_same and builds.is_there(client, facts.image)

    return Rows(tuple(row for row in rows.rows if not is_there(row)), rows.refused)


def _lay_out_tests(row: Row, source: Path, tests: Path, scratch: Path) -> None:
    """Lay out the files the test patch changes, as it leaves them; the solution must apply too.

    Raises: PatchRefusedError.
    """
    workspace = Workspaces(scratch / "git").of(source)
    tree, solved = scratch / "tests", scratch / "solved"
    tree.mkdir()
    solved.mkdir()
    _applied("test_patch", row.test_patch, workspace.apply, tree)
    _applied("patch", row.patch, workspace.apply, solved)
    for name in touched_files(row.test_patch.encode()):
        if (tree / name).is_file():
            (tests / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / name, tests / name)


def _applied(what: str, patch: str, apply: _Apply, into: Path) -> None:
    if not patch.strip():
        raise PatchRefusedError(f"its {what} is empty")
    try:
        apply(patch.encode(), into)
    except PatchRefusedError as error:
        raise PatchRefusedError(f"its {what} does not fit what its image holds: {error}") from error
