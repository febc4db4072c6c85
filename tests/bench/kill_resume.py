"""Kill a run on the embedded benchmark at random moments, resume it each time, and compare.

    python tests/bench/kill_resume.py [--kills 20] [--children 4] [--seed 1] [--sandbox bubblewrap]

An uninterrupted run with one worker gives the facts to compare with. Prints one line a check and
ends with 1 if any fails.
"""

import argparse
import os
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
from dgm.sandbox import rundir
from tests.machine import facts

DGM = (sys.executable, "-c", "import sys; from dgm.cli import main; sys.exit(main())")


def start(place: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(place / "tmp")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    (place / "tmp").mkdir(parents=True, exist_ok=True)
    return subprocess.Popen([*DGM, *words], cwd=place, env=environment, stdout=subprocess.DEVNULL)


def evolve(place: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    fixed = ("evolve", "--workers", "1", "--name", "run", "--sandbox", options.sandbox)
    return start(place, *fixed, "--seed", str(options.seed), "--children", str(options.children))


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
    parser.add_argument("--sandbox", default="bubblewrap")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-resume-") as folder:
        whole, killed = Path(folder, "whole"), Path(folder, "killed")
        before = left_by_sandboxes()
        began = time.monotonic()
        evolve(whole, options).wait()
        duration = time.monotonic() - began
        began = time.monotonic()
        kills = kill_often(killed, options, duration)
        print(f"uninterrupted {duration:.0f} s, {kills} kills {time.monotonic() - began:.0f} s")
        left = left_by_sandboxes() - before
        more = {
            f"the run was killed {options.kills} times": kills == options.kills,
            f"no sandbox, socket or control group is left{told(left)}": not left,
        }
        return report(whole, killed, more)


def left_by_sandboxes() -> set[str]:
    """Name what sandboxes have on this machine and nobody owns: folders with sockets, groups."""
    folders = {path.name: path for path in rundir.BASE.glob(f"dgm-{os.getuid()}-*")}
    groups = [path for path in Path("/sys/fs/cgroup").rglob("dgm/*") if path.is_dir()]
    owned = {name for name, path in folders.items() if rundir.is_owned(path)}
    left = {str(path) for name, path in folders.items() if name not in owned}
    return left | {str(path) for path in groups if not any(name in path.name for name in owned)}


def told(left: set[str]) -> str:
    return f": {', '.join(sorted(left))}" if left else ""


def report(whole: Path, killed: Path, more: dict[str, bool]) -> int:
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
        **more,
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
