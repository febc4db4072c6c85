"""Where the parts of a run lie: `archive/<run>/{run.toml, agents.git, run.db, rollouts/<id>/}`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dgm.errors import ArchiveError


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The names inside one run's folder; nothing here looks at the disk."""

    path: Path

    @property
    def name(self) -> str:
        """The run's name."""
        return self.path.resolve().name

    @property
    def settings(self) -> Path:
        """What the run was started with, as TOML."""
        return self.path / "run.toml"

    @property
    def agents(self) -> Path:
        """The bare git repository with one branch per agent."""
        return self.path / "agents.git"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "run.db"

    @property
    def lock(self) -> Path:
        """The file the one writer holds."""
        return self.path / "writer.lock"

    @property
    def rollouts(self) -> Path:
        """The folder of all rollouts."""
        return self.path / "rollouts"

    @property
    def remedy(self) -> str:
        """What to do when a part of the run is lost or damaged: nothing here can make it again."""
        return (
            f"put {self.path} back from a copy, or begin anew: dgm evolve; as far as they are "
            f"whole, the agents' code is in {self.agents.name} (git) and the facts are in "
            f"{self.database.name} (SQLite)"
        )

    def rollout(self, rollout_id: str) -> Path:
        """The folder of one rollout (transcript, patch, logs)."""
        return self.rollouts / rollout_id


def runs_below(archive: Path) -> tuple[RunFolder, ...]:
    """List the runs in an archive folder, newest first (by when they were started)."""
    found = [RunFolder(database.parent) for database in archive.glob("[!.]*/run.db")]
    return tuple(sorted(found, key=lambda run: (-_started_at(run), run.name)))


def find_run(archive: Path, name: str | None = None) -> RunFolder:
    """Return the run of that name (or path), or the newest.

    Raises: ArchiveError if there is none.
    """
    if name is not None:
        for run in (RunFolder(archive / name), RunFolder(Path(name))):
            if run.database.is_file():
                return run
            if run.agents.is_dir() or run.settings.is_file():
                raise ArchiveError(
                    f"{run.path} is not a complete run: it has no {run.database.name}; {run.remedy}"
                )
        known = ", ".join(run.name for run in runs_below(archive)[:5]) or "none yet"
        raise ArchiveError(f"there is no run {name!r} in {archive} (newest runs: {known})")
    if not (runs := runs_below(archive)):
        raise ArchiveError(f"there is no run in {archive} yet; start one with: dgm evolve")
    return runs[0]


def _started_at(run: RunFolder) -> float:
    """Settings are written once; a run that lost them counts as the oldest."""
    return run.settings.stat().st_mtime if run.settings.is_file() else 0.0
