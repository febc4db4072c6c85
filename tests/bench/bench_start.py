"""Measure how long the command takes to say something: `dgm --help`, and `dgm tree` on a run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.archive.store import Store
from dgm.config import Config, config_as_toml
from tests.bench.figures import print_head, print_times, repeat
from tests.machine import write_learner

DGM = (sys.executable, "-m", "dgm")
TIMES = 10


def run_quietly(*command: str) -> None:
    """Run a program of which only the time is wanted."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def write_run(place: Path) -> None:
    """Write a run with a seed and five children that wait for their diagnosis."""
    with Store.create(place / "archive" / "small", config_as_toml(Config())) as store:
        seed = store.archive(store.add_seed(write_learner(place / "learner")).id)
        for _ in range(5):
            store.start_child(seed.id)


def main() -> None:
    """Measure each command from its start to its end."""
    with tempfile.TemporaryDirectory() as scratch:
        write_run(Path(scratch))
        where = ("--archive", f"{scratch}/archive")
        commands = {
            "python, doing nothing": (sys.executable, "-c", ""),
            "dgm --help": (*DGM, "--help"),
            "dgm tree": (*DGM, "tree", *where),
            "dgm tree --json": (*DGM, "tree", "--json", *where),
        }
        print_head("command")
        for name, command in commands.items():
            print_times(name, repeat(TIMES, partial(run_quietly, *command)))


if __name__ == "__main__":
    main()
