"""The embedded benchmark: small Python programs with believable bugs, in the Harbor format.

`splits.toml` says which tasks steer the search and which are sealed, in the order they are met.
"""

import tomllib
from pathlib import Path

from dgm.benchmarks.directory import DirectoryBenchmark
from dgm.records import Split
from dgm.workspaces import Workspaces

FOLDER = Path(__file__).resolve().parent


def quick(workspaces: Workspaces) -> DirectoryBenchmark:
    """Return the benchmark `quick`."""
    listed = tomllib.loads((FOLDER / "splits.toml").read_text(encoding="utf-8"))
    splits = {split: tuple(listed[split.value]) for split in Split}
    return DirectoryBenchmark("quick", FOLDER / "tasks", workspaces, splits)
