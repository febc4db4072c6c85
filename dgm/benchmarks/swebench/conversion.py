"""Rows of older data sets made whole: the package's version 4.1.0 knows what they leave out.

It is laid out once, as wheels, below the cache, and works in a sandbox without a network, so it
meets neither this process nor the version that grades.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dgm.benchmarks.swebench.rows import Row, Rows, parse_row
from dgm.errors import BenchmarkError, MachineError
from dgm.records import SandboxLimits
from dgm.sandbox.packages import Shelf
from dgm.sandbox.protocol import SandboxDriver, SandboxSpec

REQUIREMENTS = ("swebench==4.1.0",)
_BATCH = 20
_TIMEOUT_S = 180.0
_LIMITS = SandboxLimits(memory_mb=2048, open_files=1024, output_kb=32 * 1024)


def converted(rows: Rows, shelf: Shelf, sandboxes: SandboxDriver) -> Rows:
    """Return the rows with none of the old kind among them.

    Raises: ConfigError if the old package cannot be had, MachineError.
    """
    old = [row for row in rows.rows if row.is_old]
    if not old:
        return rows
    shelf.say(f"swebench: {len(old)} rows are of the old kind; swebench 4.1.0 completes them")
    packages = shelf.provide(REQUIREMENTS, sandboxes).folder
    added: dict[str, Mapping[str, str]] = {}
    for batch in _batches(old):
        added |= _ask(batch, packages, sandboxes)
    whole, refused = [], []
    for row in rows.rows:
        try:
            whole.append(_completed(row, added[row.instance_id]) if row.is_old else row)
        except BenchmarkError as error:
            refused.append(f"{row.instance_id}: {error}")
    return Rows(tuple(whole), (*rows.refused, *refused))


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


def _ask(
    rows: Sequence[Row], packages: Path, sandboxes: SandboxDriver
) -> Mapping[str, Mapping[str, str]]:
    program = Path(__file__).with_name("old_rows.py").read_text(encoding="utf-8")
    spec = SandboxSpec(name="swebench-rows", run="prepare", limits=_LIMITS, packages=packages)
    with sandboxes.open(spec) as sandbox:
        result = sandbox.exec(
            ["python3", "-c", program],
            cwd=sandbox.paths.workspace,
            env={"HF_HUB_OFFLINE": "1"},
            timeout_s=_TIMEOUT_S,
            stdin=json.dumps([row.as_json() for row in rows]).encode(),
        )
    if result.exit_code != 0 or result.dropped:
        last = result.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise MachineError(f"swebench 4.1.0 could not complete old rows: {' '.join(last)[:300]}")
    answer: Mapping[str, Mapping[str, str]] = json.loads(result.stdout)
    return answer


def _completed(row: Row, added: Mapping[str, str]) -> Row:
    if "refused" in added:
        raise BenchmarkError(added["refused"])
    return parse_row(row.as_json() | dict(added))
