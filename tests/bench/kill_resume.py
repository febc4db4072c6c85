"""Kill a run on the embedded benchmark at random moments, resume it each time, and compare.

    python tests/bench/kill_resume.py [--kills 20] [--children 4] [--seed 1]

An uninterrupted run with one worker gives the facts to compare with. Prints one line a check and
ends with 1 if any fails.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dgm.archive.fsck import Severity, check
from dgm.archive.reader import RunReader
from dgm.events import EventKind
from dgm.records import Outcome
from tests.machine import facts

DGM = (sys.executable, "-c", "import sys; from dgm.cli import main; sys.exit(main())")


def start(place: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(place / "tmp")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    (place / "tmp").mkdir(parents=True, exist_ok=True)
    return subprocess.Popen([*DGM, *words], cwd=place, env=environment, stdout=subprocess.DEVNULL)


def evolve(place: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    fixed = ("evolve", "--workers", "1", "--name", "run", "--seed", str(options.seed))
    return start(place, *fixed, "--children", str(options.children))


def kill_often(place: Path, options: argparse.Namespace, duration: float) -> int:
    """Evolve with kills; return how many there were."""
    rng, kills = random.Random(options.seed), 0
    process = evolve(place, options)
    while not (place / "archive" / "run" / "run.db").exists():
        time.sleep(0.05)
    while kills < options.kills and process.poll() is None:
        try:
            process.wait(rng.uniform(0.2, 2.2) * duration / options.kills)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            process = start(place, "resume", "run")
    process.wait()
    return kills


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-resume-") as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        began = time.monotonic()
        evolve(whole, options).wait()
        duration = time.monotonic() - began
        began = time.monotonic()
        kills = kill_often(killed, options, duration)
        print(f"uninterrupted {duration:.0f} s, {kills} kills {time.monotonic() - began:.0f} s")
        return report(whole, killed)


def report(whole: Path, killed: Path) -> int:
    run = killed / "archive" / "run"
    with RunReader.open(whole / "archive" / "run") as reader:
        expected = facts(reader)
    with RunReader.open(run) as reader:
        found, last = (
            facts(reader),
            reader.last_event(EventKind.RUN_STARTED, EventKind.RUN_FINISHED),
        )
        keys = Counter(r.key for r in reader.rollouts() if r.outcome is not Outcome.INFRASTRUCTURE)
    checks = {
        "the run ended": last is not None and last.kind == "run_finished",
        "tree and outcomes equal those of the uninterrupted run": found == expected,
        "no finished rollout was paid twice": set(keys.values()) == {1},
        "fsck finds no error": not [f for f in check(run) if f.severity is Severity.ERROR],
        "no temporary file is left": not list((killed / "tmp").iterdir()),
    }
    for part in expected:
        for line in _differences(expected[part], found[part]):
            print(f"     {line}")
    for name, holds in checks.items():
        print(f"{'ok  ' if holds else 'FAIL'} {name}")
    return 0 if all(checks.values()) else 1


def _differences(expected: dict | list, found: dict | list) -> list[str]:
    """Name what one side has and the other has not, or has otherwise."""
    one, other = (
        side if isinstance(side, dict) else dict(enumerate(side)) for side in (expected, found)
    )
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return [f"{name}: {one.get(name)} expected, {other.get(name)} found" for name in names]


if __name__ == "__main__":
    sys.exit(main())
