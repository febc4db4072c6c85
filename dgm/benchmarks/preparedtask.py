"""What was prepared of one task, kept in a file: its images, workspace and packages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dgm.benchmarks.kept import environment_from, write_json
from dgm.records import Environment

VERSION = "2"


@dataclass(frozen=True, slots=True)
class PreparedTask:
    """What was made of a task folder with this digest; `problem` says why it cannot be used.

    `workspace` is what lay in its working folder; `packages` is what graders import, `pins` their
    exact versions; `offered` are the requirements that stand ready for `test.sh`, None where it
    asks for nothing. `notes` are what was done otherwise than the task says.
    """

    digest: str
    workspace: Path = Path()
    environment: Environment = field(default_factory=Environment)
    grading_environment: Environment = field(default_factory=Environment)
    packages: Path | None = None
    pins: tuple[str, ...] = ()
    offered: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def images(self) -> tuple[str, ...]:
        """The ids of the images it needs."""
        both = (self.environment.image, self.grading_environment.image)
        return tuple(dict.fromkeys(image for image in both if image))

    @property
    def decisive(self) -> list[object]:
        """What of it can change a result, besides the folder itself."""
        return [*self.images, *self.pins]

    def write(self, path: Path) -> None:
        """Write it whole or not at all. Raises: OSError."""
        write_json(path, {**asdict(self), "version": VERSION})


def read_prepared(path: Path, digest: str) -> PreparedTask | None:
    """Return what was prepared of the folder with this digest, None if nothing was."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree.pop("version") != VERSION or tree["digest"] != digest:
            return None
        return _from(tree)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _from(tree: dict[str, Any]) -> PreparedTask:
    offered = tree["offered"]
    made = PreparedTask(
        digest=tree["digest"],
        workspace=Path(tree["workspace"]),
        packages=Path(tree["packages"]) if tree["packages"] else None,
        pins=tuple(tree["pins"]),
        offered=None if offered is None else tuple(offered),
        notes=tuple(tree["notes"]),
        problem=tree["problem"],
    )
    return replace(
        made,
        environment=environment_from(tree["environment"]),
        grading_environment=environment_from(tree["grading_environment"]),
    )
